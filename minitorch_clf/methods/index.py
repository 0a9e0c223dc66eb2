"""Reading and writing places: x[...], gather, index_select, masks.

A basic index is taken apart as PyTorch takes it apart, one view per integer, slice or None, so the
graph shows SelectBackward0, SliceBackward0, UnsqueezeBackward0. What arrays of integers or bools
remain are read at once (IndexBackward0).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch_clf.methods.arrange import ArrangeMethods
from minitorch_clf.methods.base import SCALARS, Methods, type_name, wrap_dim
from minitorch_clf.methods.history import HistoryMethods
from minitorch_clf.methods.pieces import PieceMethods
from minitorch_clf.methods.shape import ShapeMethods
from minitorch_clf.ops import index as ops
from minitorch_clf.ops.copies import Copy, Fill
from minitorch_clf.ops.shape import Alias, Slice, Unsqueeze

if TYPE_CHECKING:
    from minitorch_clf.tensor import Tensor


class IndexMethods(ShapeMethods, PieceMethods, ArrangeMethods, HistoryMethods):
    """x[...] and its relatives."""

    __slots__ = ()

    def __getitem__(self, index: Any) -> Tensor:
        view, arrays = _basic_part(self, index)
        if arrays is not None:
            return self._apply(ops.Index, view, index=arrays)
        return self._apply(Alias, self) if view is self else view  # type: ignore[no-any-return]

    def __setitem__(self, index: Any, value: Any) -> None:
        view, arrays = _basic_part(self, index)
        if not isinstance(value, Methods):
            if not isinstance(value, (*SCALARS, np.ndarray)):
                raise TypeError(f"can't assign a {type(value).__name__} to a {type_name(self)}")
            value = self._wrap(np.asarray(value).astype(self.array.dtype))
        if arrays is not None:
            if value.array.dtype != self.array.dtype:
                raise RuntimeError(
                    "Index put requires the source and destination dtypes match, got "
                    f"{self.dtype.legacy} for the destination and {value.dtype.legacy} for the "
                    "source."
                )
            check_put(view.array[arrays].shape, value.array.shape)
            view._become(self._apply(ops.IndexPut, view, value, index=arrays))
        elif value.array.ndim == 0 and not value.requires_grad:
            view._become(self._apply(Fill, view, value=value.array.item()))
        else:
            while value.array.ndim > view.array.ndim and value.array.shape[0] == 1:
                value = value[0]
            _check_expand(view.array.shape, value.array.shape)
            view._become(self._apply(Copy, view, value))

    def __len__(self) -> int:
        if not self.array.ndim:
            raise TypeError("len() of a 0-d tensor")
        return len(self.array)

    def __iter__(self) -> Any:
        if not self.array.ndim:
            raise TypeError("iteration over a 0-d tensor")
        return iter(self.unbind(0))

    def __contains__(self, element: Any) -> bool:
        if isinstance(element, Methods):
            element = element.array
        elif not isinstance(element, SCALARS):
            raise RuntimeError(
                "Tensor.__contains__ only supports Tensor or scalar, but you passed in a "
                f"{type(element)}."
            )
        return bool((self.array == element).any())

    def gather(self, dim: int, index: Tensor) -> Tensor:
        """out[i][j] = self[index[i][j]][j] for dim = 0; index: int64, of the result's shape."""
        axis = wrap_dim(dim, self.array.ndim)
        if index.array.dtype != np.int64:
            raise RuntimeError("gather(): Expected dtype int32/int64 for index")
        if index.array.ndim != self.array.ndim and index.array.size:
            raise RuntimeError(
                "Index tensor must have the same number of dimensions as input tensor"
            )
        for k, (have, want) in enumerate(zip(self.array.shape, index.array.shape, strict=False)):
            if k != axis and want > have:
                raise RuntimeError(
                    f"Size does not match at dimension {k} expected index "
                    f"{list(index.array.shape)} to be no larger than self "
                    f"{list(self.array.shape)} apart from dimension {axis}"
                )
        check_range(index.array, self.array.shape[axis] if self.array.ndim else 1, axis)
        return self._apply(ops.Gather, self, axis=axis, index=index.array)

    def index_select(self, dim: int, index: Tensor) -> Tensor:
        """The slices of `dim` that the 1-d `index` names."""
        axis = wrap_dim(dim, self.array.ndim)
        if index.array.ndim > 1:
            raise IndexError("index_select(): Index is supposed to be a vector")
        places = np.atleast_1d(index.array)
        _check_select(places, self.array.shape[axis] if self.array.ndim else 1)
        return self._apply(ops.IndexSelect, self, axis=axis, index=places)

    def masked_select(self, mask: Tensor) -> Tensor:
        """The elements where `mask` is True, in one dimension."""
        x, m = np.broadcast_arrays(self.array, mask.array)
        if m.dtype != bool:
            raise RuntimeError("masked_select: expected BoolTensor for mask")
        whole: Any = self if x.shape == self.array.shape else self.expand(x.shape)
        return self._apply(ops.MaskedSelect, whole, index=(m,))

    def take_along_dim(self, indices: Tensor, dim: int | None = None) -> Tensor:
        """gather() with broadcasting; without `dim`, of the flattened tensor."""
        if dim is None:
            flat: Any = self._apply(ops.Index, self, index=(...,))
            return flat.reshape(-1).gather(0, indices.reshape(-1))  # type: ignore[no-any-return]
        axis = wrap_dim(dim, self.array.ndim)
        shape, wanted = list(self.array.shape), list(indices.array.shape)
        shape[axis] = wanted[axis] = 1
        common = list(np.broadcast_shapes(tuple(shape), tuple(wanted)))
        common[axis] = self.array.shape[axis]
        x = self.expand(common)
        common[axis] = indices.array.shape[axis]
        return x.gather(axis, indices.expand(common))

    def nonzero(self, *, as_tuple: bool = False) -> Any:
        """The places of the elements that are not 0: (n, ndim), or one index vector per dim."""
        places = np.nonzero(self.array) if self.array.ndim else (np.nonzero(self.array[None])[0],)
        if as_tuple:
            return tuple(self._wrap(p) for p in places)
        if not self.array.ndim:
            return self._wrap(np.zeros((int(self.array != 0), 0), np.int64))
        return self._wrap(np.argwhere(self.array))

    def argwhere(self) -> Tensor:
        """The places of the elements that are not 0.   (n, ndim)"""
        places: Tensor = self.nonzero()
        return places

    def is_nonzero(self) -> bool:
        """Whether the one element is not 0."""
        return bool(self)

    def tril_(self, diagonal: int = 0) -> Tensor:
        return self._become(self.tril(diagonal))

    def triu_(self, diagonal: int = 0) -> Tensor:
        return self._become(self.triu(diagonal))


def index_arrays(x: Any, index: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arrays of an index tuple of Tensors (None: a whole dimension), checked against x."""
    whole = tuple(slice(None) if i is None else i for i in index)
    _, arrays = _basic_part(x, whole)
    return arrays or ()


def _basic_part(x: Any, index: Any) -> tuple[Any, tuple[Any, ...] | None]:
    """x with every integer, slice and None of `index` applied, and what arrays are left to read.

    The second value is None where there are no arrays.
    """
    items = index if isinstance(index, tuple) else (index,)
    items = tuple(_item(i) for i in items)
    used = sum(
        i.ndim
        if isinstance(i, np.ndarray) and i.dtype == bool
        else 0
        if i is None or i is Ellipsis or isinstance(i, bool)
        else 1
        for i in items
    )
    if used > x.array.ndim:
        raise IndexError(
            f"too many indices for tensor of dimension {x.array.ndim}"
            if x.array.ndim
            else "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or "
            "`tensor.item<T>()` in C++ to convert a 0-dim tensor to a number"
        )
    if sum(i is Ellipsis for i in items) > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    axis, arrays, view = 0, {}, x
    for position, item in enumerate(items):
        if item is Ellipsis:
            axis += x.array.ndim - used
        elif item is None:
            view = _unsqueeze(view, axis)
            axis += 1
        elif isinstance(item, bool):
            view = _unsqueeze(view, axis)
            arrays[axis] = np.zeros(int(item), np.int64)
            axis += 1
        elif isinstance(item, int):
            view = _select(view, axis, item, position)
        elif isinstance(item, slice):
            view = _slice(view, axis, item)
            axis += 1
        else:
            axis = _record_array(arrays, view, axis, item)
    if not arrays:
        return view, None
    try:
        np.broadcast_shapes(*[a.shape for a in arrays.values()])
    except ValueError:
        shapes = ", ".join(str(list(a.shape)) for a in arrays.values())
        raise IndexError(
            f"shape mismatch: indexing tensors could not be broadcast together with shapes {shapes}"
        ) from None
    return view, tuple(arrays.get(k, slice(None)) for k in range(max(arrays) + 1))


def _item(i: Any) -> Any:
    """One index as an int, bool, slice, None, Ellipsis or array."""
    if isinstance(i, Methods):
        i = i.array
    if isinstance(i, (list, tuple, range)):
        i = np.asarray(i) if len(i) else np.zeros(0, np.int64)
    if isinstance(i, (bool, int, slice)) or i is None or i is Ellipsis:
        return i
    if isinstance(i, (np.bool_, np.integer)):
        return i.item()
    if not isinstance(i, np.ndarray) or i.dtype.kind not in "iub":
        kind = getattr(i, "dtype", type(i).__name__)
        raise IndexError(
            "tensors used as indices must be long, int, byte or bool tensors"
            if isinstance(i, np.ndarray)
            else "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables "
            f"are valid indices (got {kind})"
        )
    if i.ndim == 0:
        return i.item()
    return i


def _select(x: Any, axis: int, index: int, position: int) -> Any:
    """`position` in the index tuple is what PyTorch calls the dimension in its complaint."""
    size = x.array.shape[axis]
    if not -size <= index < size:
        raise IndexError(
            f"index {index} is out of bounds for dimension {position} with size {size}"
        )
    return x.select(axis, index)


def _bound(b: Any) -> Any:
    return b.array.item() if isinstance(b, Methods) else b


def _slice(x: Any, axis: int, item: slice) -> Any:
    bounds = [_bound(b) for b in (item.start, item.stop, item.step)]
    step = 1 if bounds[2] is None else bounds[2]
    if step == 0:
        raise ValueError("slice step cannot be zero")
    if step < 0:
        raise ValueError("step must be greater than zero")
    size = x.array.shape[axis]
    start, stop, _ = slice(bounds[0], bounds[1], step).indices(size)
    if (start, stop, step) == (0, size, 1):
        return x
    return x._apply(Slice, x, axis=axis, start=start, stop=stop, step=step)


def _unsqueeze(x: Any, axis: int) -> Any:
    shape = x.array.shape
    return x._apply(Unsqueeze, x, shape=(*shape[:axis], 1, *shape[axis:]))


def _record_array(arrays: dict[int, Any], x: Any, axis: int, item: Any) -> int:
    """Note `item` as the index of dimension `axis`; a bool array as its places. The next axis."""
    if item.dtype == bool:
        for k, n in enumerate(item.shape):
            if x.array.shape[axis + k] != n:
                raise IndexError(
                    f"The shape of the mask {list(item.shape)} at index {k} does not match the "
                    f"shape of the indexed tensor {list(x.array.shape)} at index {axis + k}"
                )
        for k, places in enumerate(np.nonzero(item)):
            arrays[axis + k] = places
        return axis + int(item.ndim)
    size = x.array.shape[axis]
    wrong = item[(item < -size) | (item >= size)]
    if wrong.size:
        raise IndexError(
            f"index {wrong.flat[0]} is out of bounds for dimension {len(arrays)} with size {size}"
        )
    arrays[axis] = item.astype(np.int64, copy=False)
    return axis + 1


def check_range(index: Any, size: int, axis: int) -> None:
    """Complain of an index that is not in [0, size)."""
    wrong = index[(index < 0) | (index >= size)]
    if wrong.size:
        raise RuntimeError(
            f"index {wrong.flat[0]} is out of bounds for dimension {axis} with size {size}"
        )


def _check_select(index: Any, size: int) -> None:
    if ((index < 0) | (index >= size)).any():
        raise IndexError("index out of range in self")


def check_put(target: tuple[int, ...], values: tuple[int, ...]) -> None:
    """Complain of values that do not broadcast to what an index names."""
    try:
        fits = np.broadcast_shapes(target, values) == target
    except ValueError:
        fits = False
    if not fits:
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {list(values)} cannot be broadcast to indexing "
            f"result of shape {list(target)}"
        )


def _check_expand(target: tuple[int, ...], values: tuple[int, ...]) -> None:
    lead = len(target) - len(values)
    for k, have in enumerate(values):
        if lead < 0:
            raise RuntimeError(
                f"expand(torch.FloatTensor{{{list(values)}}}, size={list(target)}): the number of "
                f"sizes provided ({len(target)}) must be greater or equal to the number of "
                f"dimensions in the tensor ({len(values)})"
            )
        if have not in (1, target[lead + k]):
            raise RuntimeError(
                f"The expanded size of the tensor ({target[lead + k]}) must match the existing "
                f"size ({have}) at non-singleton dimension {lead + k}.  Target sizes: "
                f"{list(target)}.  Tensor sizes: {list(values)}"
            )
