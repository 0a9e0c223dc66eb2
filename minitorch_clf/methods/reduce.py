"""Sums, extremes, spreads: many values in, fewer out."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from minitorch_clf.dtypes import dtype as dtype_
from minitorch_clf.dtypes import int64
from minitorch_clf.methods.base import Methods, floating, wrap_dim, wrap_dims
from minitorch_clf.methods.results import MaxResult, MinMax, MinResult, ValuesAndIndices
from minitorch_clf.ops import order, reduce
from minitorch_clf.ops.choice import Maximum, Minimum
from minitorch_clf.tape import Function

if TYPE_CHECKING:
    from minitorch_clf.tensor import Tensor

Dims: TypeAlias = "int | Sequence[int] | None"


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

    def nansum(
        self, dim: Dims = None, keepdim: bool = False, *, dtype: dtype_ | None = None
    ) -> Tensor:
        """The sum of the elements that are not nan."""
        x = self if dtype is None else self._cast(dtype)
        if x.array.dtype.kind != "f":
            return x.sum(dim, keepdim)
        return self._apply(reduce.Nansum, x, axis=wrap_dims(dim, x.ndim), keepdims=keepdim)

    def nanmean(
        self, dim: Dims = None, keepdim: bool = False, *, dtype: dtype_ | None = None
    ) -> Tensor:
        """The mean of the elements that are not nan; nan for none."""
        x: Any = self if dtype is None else self._cast(dtype)
        if x.array.dtype.kind != "f":
            raise RuntimeError(
                "nanmean(): expected input to have floating point or complex dtype but got "
                f"{x.dtype.c_name.capitalize() if x.array.dtype == bool else x.dtype.legacy}"
            )
        counted = self._wrap(np.asarray(x.array == x.array)).sum(dim, keepdim)
        return x.nansum(dim, keepdim) / counted  # type: ignore[no-any-return]

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
        return self._extreme("max", reduce.Max, order.MaxDim, MaxResult, dim, keepdim)

    def min(self, dim: Any = None, keepdim: bool = False) -> Any:
        """The smallest element, as max() is the largest."""
        return self._extreme("min", reduce.Min, order.MinDim, MinResult, dim, keepdim)

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

    def aminmax(self, *, dim: int | None = None, keepdim: bool = False) -> MinMax:
        """(min, max) of all elements, or along `dim`; ties share the gradient."""
        if dim is None and self.array.size == 0:
            raise RuntimeError(
                "aminmax(): cannot compute aminmax over an empty dimension as the operation has no "
                "identity."
            )
        axes = wrap_dims(dim, self.array.ndim)
        for axis in axes or ():
            if not self.array.shape[axis]:
                raise IndexError(f"aminmax: Expected reduction dim {axis} to have non-zero size.")
        outputs: Any = self._apply(reduce.Aminmax, self, axis=axes, keepdims=keepdim)
        return MinMax(*outputs)

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
            names = name if "_" in name else "std and var"
            raise RuntimeError(f"{names} only support floating point and complex dtypes")
        axes = wrap_dims(dim, self.array.ndim)
        each = reduce.count(self.array.shape, axes) if self.array.size else 0
        if each <= correction:
            warnings.warn(
                f"{name}(): degrees of freedom is <= 0. Correction should be strictly less than "
                "the reduction factor (input numel divided by output numel).",
                stacklevel=3,
            )
        return self._apply(op, self, axis=axes, keepdims=keepdim, correction=correction)

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


def var_mean(
    input: Any,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> tuple[Tensor, Tensor]:
    """(input.var(..), input.mean(..)) in one go."""
    pair: Any = input._spread("var_mean", reduce.VarMean, dim, unbiased, keepdim, correction)
    return tuple(pair)


def std_mean(
    input: Any,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> tuple[Tensor, Tensor]:
    """(input.std(..), input.mean(..)) in one go."""
    pair: Any = input._spread("std_mean", reduce.StdMean, dim, unbiased, keepdim, correction)
    return tuple(pair)
