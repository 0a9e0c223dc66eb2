"""Sums, extremes, spreads: many values in, fewer out."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from minitorch_clf.dtypes import dtype as dtype_
from minitorch_clf.dtypes import int64
from minitorch_clf.methods.base import Methods, floating, wrap_dim, wrap_dims
from minitorch_clf.ops import index, reduce
from minitorch_clf.ops.choice import Maximum, Minimum
from minitorch_clf.tape import Function

if TYPE_CHECKING:
    from minitorch_clf.tensor import Tensor

Dims: TypeAlias = "int | Sequence[int] | None"


class ValuesAndIndices(NamedTuple):
    """What `max(dim)` returns: the values, and where along `dim` they stood."""

    values: Any
    indices: Any


class MaxResult(ValuesAndIndices):
    """`torch.return_types.max`."""

    def __repr__(self) -> str:
        return _repr("max", self)


class MinResult(ValuesAndIndices):
    """`torch.return_types.min`."""

    def __repr__(self) -> str:
        return _repr("min", self)


class SortResult(ValuesAndIndices):
    """`torch.return_types.sort`."""

    def __repr__(self) -> str:
        return _repr("sort", self)


class TopkResult(ValuesAndIndices):
    """`torch.return_types.topk`."""

    def __repr__(self) -> str:
        return _repr("topk", self)


class MedianResult(ValuesAndIndices):
    """`torch.return_types.median`."""

    def __repr__(self) -> str:
        return _repr("median", self)


def _repr(name: str, pair: ValuesAndIndices) -> str:
    return f"torch.return_types.{name}(\nvalues={pair.values!r},\nindices={pair.indices!r})"


class ReduceMethods(Methods):
    """Many values in, fewer out. `axis` and `keepdims` are other words for `dim` and `keepdim`."""

    __slots__ = ()

    def sum(
        self,
        dim: Dims = None,
        keepdim: bool = False,
        *,
        dtype: dtype_ | None = None,
        axis: Dims = None,
        keepdims: bool = False,
    ) -> Tensor:
        """The sum over all elements, or over `dim`; integers and bools are summed as int64.

        >>> import minitorch_clf as torch
        >>> torch.ones(2, 3).sum(dim=1)
        tensor([3., 3.])
        """
        dim = axis if dim is None else dim
        x = self if dtype is None else self._cast(dtype)
        if x.array.dtype.kind != "f" and dtype is None:
            x = x._cast(int64)
        axes = wrap_dims(dim, x.ndim)
        op = reduce.Sum if dim is None and not keepdims else reduce.SumDim
        return self._apply(op, x, axis=axes, keepdims=keepdim or keepdims)

    def mean(
        self,
        dim: Dims = None,
        keepdim: bool = False,
        *,
        dtype: dtype_ | None = None,
        axis: Dims = None,
        keepdims: bool = False,
    ) -> Tensor:
        """The sum divided by how many there are; nan for none.

        RuntimeError  integers: they have no mean in their own dtype
        """
        dim = axis if dim is None else dim
        x = self if dtype is None else self._cast(dtype)
        if x.array.dtype.kind != "f":
            raise RuntimeError(
                "mean(): could not infer output dtype. Input dtype must be either a floating point "
                f"or complex dtype. Got: {x.dtype.legacy}"
            )
        op = reduce.Mean if dim is None else reduce.MeanDim
        axes = wrap_dims(dim, x.ndim)
        return self._apply(op, x, axis=axes, keepdims=keepdim or keepdims)

    def prod(
        self, dim: int | None = None, keepdim: bool = False, *, dtype: dtype_ | None = None
    ) -> Tensor:
        """The product over all elements, or over `dim`; 1 for none."""
        x = self if dtype is None else self._cast(dtype)
        if x.array.dtype.kind != "f" and dtype is None:
            x = x._cast(int64)
        if dim is None:
            return self._apply(reduce.Prod, x)
        return self._apply(reduce.ProdDim, x, axis=wrap_dims(dim, x.ndim), keepdims=keepdim)

    def cumsum(self, dim: int, *, dtype: dtype_ | None = None) -> Tensor:
        """The running sum along `dim`."""
        x = self if dtype is None else self._cast(dtype)
        if x.array.dtype.kind != "f" and dtype is None:
            x = x._cast(int64)
        return self._apply(reduce.Cumsum, x, axis=wrap_dim(dim, x.ndim))

    def logsumexp(self, dim: Dims, keepdim: bool = False) -> Tensor:
        """log(sum(exp(self))) over `dim`, without overflow."""
        x = floating(self)
        return self._apply(reduce.Logsumexp, x, axis=wrap_dims(dim, x.ndim), keepdims=keepdim)

    # --- extremes ---

    def max(self, dim: Any = None, keepdim: bool = False) -> Any:
        """The largest element; with `dim`, (values, indices) along it; with a Tensor, maximum().

        nan is larger than everything; without `dim` ties share the gradient, with it the first
        takes all.
        """
        return self._extreme("max", reduce.Max, index.MaxDim, MaxResult, dim, keepdim)

    def min(self, dim: Any = None, keepdim: bool = False) -> Any:
        """The smallest element, as max() is the largest."""
        return self._extreme("min", reduce.Min, index.MinDim, MinResult, dim, keepdim)

    def _extreme(
        self,
        name: str,
        whole: type[Function],
        along: type[Function],
        result: type[ValuesAndIndices],
        dim: Any,
        keepdim: bool,
    ) -> Any:
        if dim is None:
            if self.array.size == 0:
                raise RuntimeError(
                    f"{name}(): Expected reduction dim to be specified for input.numel() == 0. "
                    "Specify the reduction dim with the 'dim' argument."
                )
            return self._apply(whole, self)
        if isinstance(dim, Methods):
            op = Maximum if name == "max" else Minimum
            return self._apply(op, self, dim)
        axis = self._nonempty_dim(name, dim)
        outputs: Any = self._apply(along, self, axis=axis, keepdims=keepdim)
        return result(*outputs)

    def _nonempty_dim(self, name: str, dim: int) -> int:
        axis = wrap_dim(dim, self.array.ndim)
        if self.array.ndim and self.array.shape[axis] == 0:
            raise IndexError(f"{name}(): Expected reduction dim {axis} to have non-zero size.")
        return axis

    def amax(self, dim: Dims = (), keepdim: bool = False) -> Tensor:
        """The largest element over `dim`; ties share the gradient."""
        axes = self._nonempty_dims("amax", dim)
        return self._apply(reduce.Amax, self, axis=axes, keepdims=keepdim)

    def amin(self, dim: Dims = (), keepdim: bool = False) -> Tensor:
        """The smallest element over `dim`; ties share the gradient."""
        axes = self._nonempty_dims("amin", dim)
        return self._apply(reduce.Amin, self, axis=axes, keepdims=keepdim)

    def _nonempty_dims(self, name: str, dim: Dims) -> tuple[int, ...] | None:
        axes = wrap_dims(dim, self.array.ndim)
        if axes is None and self.array.size == 0:
            raise RuntimeError(
                f"{name}(): Expected reduction dim to be specified for input.numel() == 0. "
                "Specify the reduction dim with the 'dim' argument."
            )
        for axis in axes or ():
            self._nonempty_dim(name, axis)
        return axes

    def argmax(self, dim: int | None = None, keepdim: bool = False) -> Tensor:
        """The first place of the largest element, in the flattened tensor or along `dim`."""
        return self._arg("argmax", np.argmax, dim, keepdim)

    def argmin(self, dim: int | None = None, keepdim: bool = False) -> Tensor:
        """The first place of the smallest element, in the flattened tensor or along `dim`."""
        return self._arg("argmin", np.argmin, dim, keepdim)

    def _arg(self, name: str, find: Any, dim: int | None, keepdim: bool) -> Tensor:
        if self.array.dtype == bool:
            raise RuntimeError(f"{name}(): does not support bool input")
        if dim is None:
            if self.array.size == 0:
                raise IndexError(
                    f"{name}(): Expected reduction dim to be specified for input.numel() == 0."
                )
            return self._wrap(np.asarray(find(self.array, keepdims=keepdim)))
        axis = self._nonempty_dim(name, dim)
        if not self.array.ndim:
            return self._wrap(np.zeros((), np.int64))
        return self._wrap(np.asarray(find(self.array, axis, keepdims=keepdim)))

    def sort(
        self,
        dim: int = -1,
        descending: bool = False,
        stable: bool = False,  # noqa: ARG002 - it always is
    ) -> Any:
        """(values, indices) in order along `dim`. Equal values always keep their order here."""
        axis = wrap_dim(dim, self.array.ndim)
        outputs: Any = self._apply(index.Sort, self, axis=axis, descending=descending)
        return SortResult(*outputs)

    def argsort(self, dim: int = -1, descending: bool = False, stable: bool = False) -> Tensor:
        """Where the values of sort() stood."""
        indices: Tensor = self.sort(dim, descending, stable).indices
        return indices

    def topk(
        self,
        k: int,
        dim: int = -1,
        largest: bool = True,
        sorted: bool = True,  # noqa: ARG002 - they always are
    ) -> Any:
        """(values, indices) of the k largest (or smallest) along `dim`, in order.

        RuntimeError  "selected index k out of range"
        """
        axis = wrap_dim(dim, self.array.ndim)
        if not 0 <= k <= (self.array.shape[axis] if self.array.ndim else 1):
            raise RuntimeError("selected index k out of range")
        outputs: Any = self._apply(index.Topk, self, k=k, axis=axis, largest=largest)
        return TopkResult(*outputs)

    # --- spreads ---

    def var(
        self,
        dim: Any = None,
        unbiased: bool | None = None,
        keepdim: bool = False,
        *,
        correction: float | None = None,
    ) -> Tensor:
        """sum((self - mean)^2) / (n - correction): the unbiased estimate by default."""
        return self._spread("var", reduce.Var, dim, unbiased, keepdim, correction)

    def std(
        self,
        dim: Any = None,
        unbiased: bool | None = None,
        keepdim: bool = False,
        *,
        correction: float | None = None,
    ) -> Tensor:
        """The square root of var()."""
        return self._spread("std", reduce.Std, dim, unbiased, keepdim, correction)

    def _spread(
        self,
        name: str,
        op: type[Function],
        dim: Any,
        unbiased: bool | None,
        keepdim: bool,
        correction: float | None,
    ) -> Tensor:
        if isinstance(dim, bool):  # var(False): PyTorch's other signature
            dim, unbiased = None, dim
        if correction is None:
            correction = 1 if unbiased is None or unbiased else 0
        if self.array.dtype.kind != "f":
            raise RuntimeError("std and var only support floating point and complex dtypes")
        axes = wrap_dims(dim, self.array.ndim)
        each = reduce.count(self.array.shape, axes) if self.array.size else 0
        if each <= correction:
            warnings.warn(
                f"{name}(): degrees of freedom is <= 0. Correction should be strictly less than "
                "the reduction factor (input numel divided by output numel).",
                stacklevel=3,
            )
        return self._apply(op, self, axis=axes, keepdims=keepdim, correction=correction)

    def norm(
        self, p: Any = "fro", dim: Dims = None, keepdim: bool = False, dtype: dtype_ | None = None
    ) -> Tensor:
        """(sum |self|^p)^(1/p) over `dim`; "fro" is p = 2.   Its gradient at 0 is 0."""
        if p == "nuc" or (isinstance(p, str) and p != "fro"):
            raise NotImplementedError(f"norm: p={p!r} is not supported, use a number or 'fro'")
        x = self if dtype is None else self._cast(dtype)
        if x.array.dtype.kind != "f":
            raise RuntimeError(
                "linalg.vector_norm: Expected a floating point or complex tensor as input. Got "
                f"{x.dtype.legacy}"
            )
        power = 2.0 if p in ("fro", None) else float(p)
        axes = wrap_dims(dim, x.ndim)
        if power in (math.inf, -math.inf) and reduce.count(x.shape, axes) == 0:
            where = (
                "an empty tensor because the"
                if dim is None
                else f"the dimension {(axes or (0,))[0]}because this dimension is empty and the"
            )
            raise RuntimeError(
                f"linalg.vector_norm cannot compute the {power} norm on {where} operation does not "
                "have an identity"
            )
        return self._apply(reduce.Norm, x, p=power, axis=axes, keepdims=keepdim)

    # --- questions ---

    def all(self, dim: Dims = None, keepdim: bool = False) -> Tensor:
        """Whether none is 0."""
        return self._question(np.all, dim, keepdim)

    def any(self, dim: Dims = None, keepdim: bool = False) -> Tensor:
        """Whether one is not 0."""
        return self._question(np.any, dim, keepdim)

    def _question(self, ask: Any, dim: Dims, keepdim: bool) -> Tensor:
        """A bool; of uint8, which was PyTorch's bool before it had one, a uint8."""
        out = ask(self.array, axis=wrap_dims(dim, self.array.ndim), keepdims=keepdim)
        uint8 = self.array.dtype == np.uint8
        return self._wrap(np.asarray(out, np.uint8 if uint8 else None))

    def count_nonzero(self, dim: Dims = None) -> Tensor:
        """How many are not 0."""
        axes = wrap_dims(dim, self.array.ndim)
        return self._wrap(np.asarray(np.count_nonzero(self.array, axis=axes)))

    def equal(self, other: Tensor) -> bool:
        """Whether two tensors have the same shape and elements."""
        return bool(np.array_equal(self.array, other.array))

    def isclose(
        self, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
    ) -> Tensor:
        """|self - other| <= atol + rtol * |other|, or equal."""
        if self.array.dtype != other.array.dtype:
            raise RuntimeError(f"{self.dtype.legacy} did not match {other.dtype.legacy}")
        return self._wrap(np.isclose(self.array, other.array, rtol, atol, equal_nan))

    def allclose(
        self, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
    ) -> bool:
        """Whether isclose() holds everywhere."""
        return bool(self.isclose(other, rtol, atol, equal_nan).array.all())
