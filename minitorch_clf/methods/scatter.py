"""Writing to places that an index names: as a new tensor, or, with an underscore, in place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch_clf.methods.base import Methods, as_scalar, wrap_dim
from minitorch_clf.methods.index import IndexMethods, check_put, check_range, index_arrays
from minitorch_clf.ops import scatter as ops
from minitorch_clf.ops.index import IndexPut

if TYPE_CHECKING:
    from minitorch_clf.tensor import Tensor

REDUCTIONS = ("sum", "prod", "mean", "amax", "amin")


class ScatterMethods(IndexMethods):
    """scatter, index_add, index_put and their relatives."""

    __slots__ = ()

    # --- one index per element ---

    def scatter(self, dim: int, index: Tensor, src: Any, *, reduce: str | None = None) -> Tensor:
        """self with out[index[i][j]][j] = src[i][j] for dim = 0; src a Tensor or a number.

        Where an index comes twice the last one stays. The option `reduce` has no gradient in
        PyTorch and is refused: use scatter_add or scatter_reduce.
        """
        if reduce is not None:
            if reduce not in ("add", "multiply"):
                raise RuntimeError("reduce argument must be either add or multiply.")
            raise NotImplementedError(
                f"scatter: reduce={reduce!r} is not supported, use scatter_add or scatter_reduce"
            )
        axis = self._check_scatter(dim, index, src)
        if isinstance(src, Methods):
            return self._apply(ops.Scatter, self, src, axis=axis, index=index.array)
        value = as_scalar(src, self.dtype)
        return self._apply(ops.ScatterNumber, self, axis=axis, index=index.array, value=value)

    def scatter_add(self, dim: int, index: Tensor, src: Tensor) -> Tensor:
        """self with out[index[i][j]][j] += src[i][j] for dim = 0, twice where named twice."""
        axis = self._check_scatter(dim, index, src)
        return self._apply(ops.ScatterAddTo, self, src, axis=axis, index=index.array)

    def scatter_reduce(
        self, dim: int, index: Tensor, src: Tensor, reduce: str, *, include_self: bool = True
    ) -> Tensor:
        """self, reduced with what src brings to each place: "sum", "mean", "amax", "amin".

        include_self   whether what was at a place counts too
        """
        if reduce not in REDUCTIONS:
            raise RuntimeError(
                f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}"
            )
        if reduce == "prod":
            raise NotImplementedError("scatter_reduce: reduce='prod' is not supported")
        axis = self._check_scatter(dim, index, src)
        return self._apply(
            ops.ScatterReduce,
            self,
            src,
            axis=axis,
            index=index.array,
            reduce=reduce,
            include_self=include_self,
        )

    def _check_scatter(self, dim: int, index: Tensor, src: Any) -> int:
        axis = wrap_dim(dim, self.array.ndim)
        if index.array.dtype.kind != "i":
            raise RuntimeError("scatter(): Expected dtype int32/int64 for index")
        if isinstance(src, Methods) and src.array.dtype != self.array.dtype:
            raise RuntimeError("scatter(): Expected self.dtype to be equal to src.dtype")
        if index.array.size == 0:
            return axis
        mine, named = self.array.shape, index.array.shape
        if len(named or (1,)) != len(mine or (1,)):
            raise RuntimeError(
                "Index tensor must have the same number of dimensions as self tensor"
            )
        theirs = src.array.shape if isinstance(src, Methods) else named
        if len(theirs or (1,)) != len(named or (1,)):
            raise RuntimeError("Index tensor must have the same number of dimensions as src tensor")
        room = [n if k == axis else m for k, (n, m) in enumerate(zip(named, mine, strict=False))]
        if _outgrows(named, room) or _outgrows(named, theirs):
            raise RuntimeError(
                f"Expected index {list(named)} to be no larger than self {list(mine)} apart from "
                f"dimension {axis} and to be no larger size than src {list(theirs)}"
            )
        check_range(index.array, mine[axis] if mine else 1, axis)
        return axis

    # --- one index per slice ---

    def index_add(self, dim: int, index: Tensor, source: Tensor, *, alpha: float = 1) -> Tensor:
        """self with the slices of `source` added to those that the 1-d `index` names."""
        axis = wrap_dim(dim, self.array.ndim)
        if index.array.ndim > 1:
            raise IndexError(
                f"index_add_(): Index is supposed to be a vector, but got dim: {index.array.ndim} "
                f"with type: {index.dtype.legacy} and size: {list(index.array.shape)}"
            )
        if index.array.dtype.kind != "i":
            raise RuntimeError(
                f"index_add_(): Expected dtype int32/int64 for index but got: {index.dtype.legacy}"
            )
        if source.array.dtype != self.array.dtype:
            raise RuntimeError(
                f"index_add_(): self ({self.dtype.legacy}) and source ({source.dtype.legacy}) must "
                "have the same scalar type"
            )
        places, mine, theirs = np.atleast_1d(index.array), self.array.shape, source.array.shape
        if theirs and places.size != theirs[axis]:
            raise RuntimeError(
                f"index_add_(): Number of indices ({places.size}) should be equal to "
                f"source.size(dim): ({theirs[axis]}), for dim: {axis}"
            )
        if _without(mine, axis) != _without(theirs, axis):
            raise RuntimeError(
                "source tensor shape must match self tensor shape, excluding the specified "
                f"dimension. Got self.shape = {list(mine)} source.shape = {list(theirs)}"
            )
        if len(mine) > 1:
            check_range(places, mine[axis], axis)
        elif ((places < 0) | (places >= self.array.size)).any():
            raise IndexError("index out of range in self")
        return self._apply(ops.IndexAddTo, self, source, axis=axis, index=places, alpha=alpha)

    def index_copy(self, dim: int, index: Tensor, source: Tensor) -> Tensor:
        """self with the slices of `source` where the 1-d `index` names them."""
        axis = wrap_dim(dim, self.array.ndim)
        if index.array.ndim > 1:
            raise IndexError(
                f"index_copy_(): Index should have dimension 1 or 0 (got {index.array.ndim})"
            )
        if index.array.dtype != np.int64:
            raise RuntimeError(
                f"index_copy_(): Expected a long tensor for index, but got {index.dtype.legacy}"
            )
        if source.array.dtype != self.array.dtype:
            raise RuntimeError(
                "index_copy_(): self and source expected to have the same dtype, but got (self) "
                f"{self.dtype.legacy} and (source) {source.dtype.legacy}"
            )
        places, mine, theirs = np.atleast_1d(index.array), self.array.shape, source.array.shape
        if _without(mine, axis) != _without(theirs, axis):
            raise RuntimeError(
                "index_copy_(): Source/destination tensor must have same slice shapes. Destination "
                f"slice shape: {_words(_without(mine, axis))} at dimension {axis} and source slice "
                f"shape: {_words(_without(theirs, axis))} at dimension 0."
            )
        if theirs and places.size != theirs[axis]:
            raise IndexError(
                f"index_copy_(): Number of indices ({places.size}) should be equal to "
                f"source.size(dim) ({theirs[axis]})"
            )
        size = mine[axis] if mine else 1
        for place in places[(places < 0) | (places >= size)]:
            raise IndexError(
                f"index_copy_(): index {place} is out of bounds for dimension {axis} with size "
                f"{size}"
            )
        return self._apply(ops.IndexCopy, self, source, axis=axis, index=places)

    def index_fill(self, dim: int, index: Tensor, value: Any) -> Tensor:
        """self with `value`, a number or 0-dim Tensor, in the slices that `index` names."""
        axis = wrap_dim(dim, self.array.ndim)
        if isinstance(value, Methods) and value.array.ndim:
            raise RuntimeError(
                "index_fill_ only supports a 0-dimensional value tensor, but got tensor with "
                f"{value.array.ndim} dimension(s)."
            )
        if index.array.dtype != np.int64:
            raise IndexError("index_fill_(): Expected dtype int64 for index.")
        if index.array.ndim > 1:
            raise RuntimeError("Index has to be a vector/scalar")
        places = np.atleast_1d(index.array)
        size = self.array.shape[axis] if self.array.ndim else 1
        for place in places[(places < -size) | (places >= size)]:
            raise IndexError(
                f"index {place} is out of bounds for dimension {axis} with size {size}"
            )
        if isinstance(value, Methods):
            return self._apply(ops.IndexFillTensor, self, value, axis=axis, index=places)
        number = as_scalar(value, self.dtype)
        return self._apply(ops.IndexFill, self, axis=axis, index=places, value=number)

    # --- a tuple of indices, a flat index, a mask ---

    def index_put(self, indices: Any, values: Tensor, accumulate: bool = False) -> Tensor:
        """self with out[indices] = values, or += with `accumulate`, twice where named twice."""
        if not isinstance(indices, (tuple, list)):
            raise TypeError(
                "index_put(): argument 'indices' (position 1) must be tuple of Tensors, not "
                f"{type(indices).__name__}"
            )
        arrays = index_arrays(self, tuple(indices))
        if values.array.dtype != self.array.dtype:
            raise RuntimeError(
                "Index put requires the source and destination dtypes match, got "
                f"{self.dtype.legacy} for the destination and {values.dtype.legacy} for the source."
            )
        check_put(self.array[arrays].shape, values.array.shape)
        return self._apply(IndexPut, self, values, index=arrays, accumulate=accumulate)

    def take(self, index: Tensor) -> Tensor:
        """The elements of the flattened tensor that `index` names, in index's shape."""
        return self._apply(ops.Take, self, index=self._flat_index("take()", index))

    def put(self, index: Tensor, source: Tensor, accumulate: bool = False) -> Tensor:
        """self, flattened out[index] = source, or += with `accumulate`."""
        places = self._flat_index("put_()", index)
        if source.array.dtype != self.array.dtype:
            raise RuntimeError(
                "put_(): self and source expected to have the same dtype, but got self.dtype = "
                f"{self.dtype.legacy} and source.dtype = {source.dtype.legacy}"
            )
        if source.array.size != places.size:
            raise IndexError(
                "put_(): Expected source and index to have the same number of elements, but got "
                f"source.numel() = {source.array.size}, index.numel() = {places.size}"
            )
        return self._apply(ops.Put, self, source, index=places, accumulate=accumulate)

    def _flat_index(self, name: str, index: Tensor) -> Any:
        if index.array.dtype != np.int64:
            raise RuntimeError(
                f"{name}: Expected a long tensor for index, but got {index.dtype.legacy}"
            )
        size = self.array.size
        for place in index.array[(index.array < -size) | (index.array >= size)].flat:
            raise IndexError(
                f"out of range: tried to access index {place} on a tensor of {size} elements."
            )
        return index.array

    def masked_scatter(self, mask: Tensor, source: Tensor) -> Tensor:
        """self with the first elements of `source` where `mask` is True, in their order."""
        if mask.array.dtype != bool:
            raise RuntimeError(
                "masked_scatter_ only supports boolean masks, but got mask with dtype "
                f"{mask.dtype.legacy}"
            )
        if source.array.dtype != self.array.dtype:
            raise RuntimeError(
                "masked_scatter: expected self and source to have same dtypes but got"
                f"{self.dtype.legacy} and {source.dtype.legacy}"
            )
        shape = np.broadcast_shapes(self.array.shape, mask.array.shape)
        x: Any = self if shape == self.array.shape else self.expand(shape)
        covered = np.broadcast_to(mask.array, shape)
        if source.array.size < np.count_nonzero(covered):
            raise RuntimeError("Number of elements of source < number of ones in mask")
        return x._apply(ops.MaskedScatter, x, source, mask=covered)  # type: ignore[no-any-return]

    # --- in place ---

    def scatter_(self, dim: int, index: Tensor, src: Any, *, reduce: str | None = None) -> Tensor:
        return self._become(self.scatter(dim, index, src, reduce=reduce))

    def scatter_add_(self, dim: int, index: Tensor, src: Tensor) -> Tensor:
        return self._become(self.scatter_add(dim, index, src))

    def scatter_reduce_(
        self, dim: int, index: Tensor, src: Tensor, reduce: str, *, include_self: bool = True
    ) -> Tensor:
        return self._become(self.scatter_reduce(dim, index, src, reduce, include_self=include_self))

    def index_add_(self, dim: int, index: Tensor, source: Tensor, *, alpha: float = 1) -> Tensor:
        return self._become(self.index_add(dim, index, source, alpha=alpha))

    def index_copy_(self, dim: int, index: Tensor, source: Tensor) -> Tensor:
        return self._become(self.index_copy(dim, index, source))

    def index_fill_(self, dim: int, index: Tensor, value: Any) -> Tensor:
        return self._become(self.index_fill(dim, index, value))

    def index_put_(self, indices: Any, values: Tensor, accumulate: bool = False) -> Tensor:
        return self._become(self.index_put(indices, values, accumulate))

    def put_(self, index: Tensor, source: Tensor, accumulate: bool = False) -> Tensor:
        return self._become(self.put(index, source, accumulate))

    def masked_scatter_(self, mask: Tensor, source: Tensor) -> Tensor:
        return self._become(self.masked_scatter(mask, source))

    def fill_diagonal_(self, fill_value: float, wrap: bool = False) -> Tensor:
        """The diagonal filled with a number; of more than two dimensions, the places i, i, i, ...

        NotImplementedError  wrap=True, which goes on below the square part of a tall matrix
        """
        shape = self.array.shape
        if len(shape) < 2:
            raise RuntimeError("dimensions must larger than 1")
        if len(shape) > 2 and len(set(shape)) > 1:
            raise RuntimeError("all dimensions of input must be of equal length")
        if wrap:
            raise NotImplementedError("fill_diagonal_: wrap=True is not supported")
        x: Any = self
        diagonal = x
        while diagonal.array.ndim > 1:
            diagonal = diagonal.diagonal(0, 0, -1)
        diagonal._become(
            diagonal._apply(
                ops.IndexFill,
                diagonal,
                axis=0,
                index=np.arange(min(shape)),
                value=as_scalar(fill_value, self.dtype),
            )
        )
        return x  # type: ignore[no-any-return]


def _without(shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    return (*shape[:axis], *shape[axis + 1 :])


def _outgrows(shape: Sequence[int], room: Sequence[int]) -> bool:
    return any(n > m for n, m in zip(shape, room, strict=False))


def _words(shape: tuple[int, ...]) -> str:
    return " ".join(map(str, shape))
