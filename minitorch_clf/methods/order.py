"""Order among values: sorting, the k-th, the middle one, quantiles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch_clf.methods.base import Methods, refuse_bool, wrap_dim
from minitorch_clf.methods.results import (
    KthvalueResult,
    MedianResult,
    ModeResult,
    NanmedianResult,
    SortResult,
    TopkResult,
)
from minitorch_clf.ops import order as ops
from minitorch_clf.ops.shape import SqueezeProduct

if TYPE_CHECKING:
    from minitorch_clf.tensor import Tensor

INTERPOLATIONS = ("linear", "lower", "higher", "midpoint", "nearest")


class OrderMethods(Methods):
    """What sorting finds."""

    __slots__ = ()

    def sort(
        self,
        dim: int = -1,
        descending: bool = False,
        stable: bool = False,  # noqa: ARG002 - it always is
    ) -> Any:
        """(values, indices) in order along `dim`. Equal values always keep their order here."""
        axis = wrap_dim(dim, self.array.ndim)
        outputs: Any = self._apply(ops.Sort, self, axis=axis, descending=descending)
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
        outputs: Any = self._apply(ops.Topk, self, k=k, axis=axis, largest=largest)
        return TopkResult(*outputs)

    def msort(self) -> Tensor:
        """The values in order along the first dimension."""
        values: Tensor = self.sort(0).values
        return values

    # --- one in the order ---

    def kthvalue(self, k: int, dim: int = -1, keepdim: bool = False) -> Any:
        """(values, indices) of the k-th smallest along `dim`, counted from 1."""
        axis = self._filled_axis("kthvalue", dim)
        if not 1 <= k <= (self.array.shape[axis] if self.array.ndim else 1):
            raise RuntimeError(f"kthvalue(): selected number k out of range for dimension {axis}")
        outputs: Any = self._apply(ops.Kthvalue, self, k=k, axis=axis, keepdims=keepdim)
        return KthvalueResult(*outputs)

    def median(self, dim: int | None = None, keepdim: bool = False) -> Any:
        """The middle value, the lower of two; with `dim`, (values, indices). nan if there is one.

        NumPy's median of 1 and 2 is 1.5; PyTorch's, and so this one, is 1.
        """
        refuse_bool("median_cpu", self)
        if dim is None:
            return self._apply(ops.Median, self)
        axis = self._filled_axis("median", dim)
        outputs: Any = self._apply(ops.MedianDim, self, axis=axis, keepdims=keepdim)
        return MedianResult(*outputs)

    def nanmedian(self, dim: int | None = None, keepdim: bool = False) -> Any:
        """median() of the values that are not nan."""
        refuse_bool("median_cpu", self)
        if dim is None:
            return self._apply(ops.Nanmedian, self)
        axis = self._filled_axis("nanmedian", dim)
        outputs: Any = self._apply(ops.NanmedianDim, self, axis=axis, keepdims=keepdim)
        return NanmedianResult(*outputs)

    def mode(self, dim: int = -1, keepdim: bool = False) -> Any:
        """(values, indices) of the most frequent value along `dim`, the smallest of several."""
        axis = self._filled_axis("mode", dim)
        outputs: Any = self._apply(ops.Mode, self, axis=axis, keepdims=keepdim)
        return ModeResult(*outputs)

    def _filled_axis(self, name: str, dim: int) -> int:
        axis = wrap_dim(dim, self.array.ndim)
        if self.array.ndim and self.array.shape[axis] == 0:
            raise IndexError(f"{name}(): Expected reduction dim {axis} to have non-zero size.")
        return axis

    # --- between two ---

    def quantile(
        self,
        q: Any,
        dim: int | None = None,
        keepdim: bool = False,
        *,
        interpolation: str = "linear",
    ) -> Tensor:
        """The value below which a share `q` of the values lies; nan if there is one.

        q               a number in [0, 1], or a 1-d Tensor: a new first dimension of the result
        interpolation   between neighbours: "linear", "lower", "higher", "midpoint", "nearest"
        """
        return self._quantile("quantile", q, dim, keepdim, interpolation)

    def nanquantile(
        self,
        q: Any,
        dim: int | None = None,
        keepdim: bool = False,
        *,
        interpolation: str = "linear",
    ) -> Tensor:
        """quantile() of the values that are not nan."""
        return self._quantile("nanquantile", q, dim, keepdim, interpolation)

    def _quantile(
        self, name: str, q: Any, dim: int | None, keepdim: bool, interpolation: str
    ) -> Tensor:
        shares = self._shares(q, interpolation)
        x: Any = self
        axis = 0 if dim is None else wrap_dim(dim, x.ndim)
        rows = x.reshape(-1) if dim is None or not x.ndim else x.movedim(axis, -1)
        ordered = rows.sort(-1).values
        valid = (ordered.array == ordered.array).sum(-1, keepdims=True)  # nan comes last
        last = np.maximum(valid - 1, 0) if name == "nanquantile" else ordered.array.shape[-1] - 1
        place = (shares * last).astype(x.array.dtype)
        if name == "quantile":
            place = np.where(valid <= last, x.array.dtype.type(last), place)
        value = _between(ordered, place, interpolation)
        if keepdim and dim is None:
            value = value.reshape((1,) * x.ndim + (shares.size,))
        elif keepdim and x.ndim:
            value = value.unsqueeze(axis)
        if isinstance(q, Methods) and q.array.ndim:
            return value.movedim(-1, 0)  # type: ignore[no-any-return]
        return x._apply(SqueezeProduct, value, shape=value.array.shape[:-1])  # type: ignore[no-any-return]

    def _shares(self, q: Any, interpolation: str) -> Any:
        """`q` as a 1-d array, when it and the rest are as quantile() wants them."""
        if self.array.size == 0:
            raise RuntimeError("quantile() input tensor must be non-empty")
        if isinstance(q, Methods) and q.array.ndim > 1:
            raise RuntimeError("quantile() q must be a scalar or 1D tensor")
        if self.array.dtype.kind != "f":
            raise RuntimeError("quantile() input tensor must be either float or double dtype")
        if isinstance(q, Methods) and q.array.dtype != self.array.dtype:
            raise RuntimeError("quantile() q tensor must be same dtype as the input tensor")
        if interpolation not in INTERPOLATIONS:
            raise RuntimeError(
                "quantile() interpolation must be one of linear, lower, higher, midpoint or "
                f"nearest, but got {interpolation}"
            )
        if not isinstance(q, Methods) and not 0 <= q <= 1:
            raise RuntimeError(f"quantile() q must be in the range [0, 1] but got {q}")
        shares = np.atleast_1d(
            q.array if isinstance(q, Methods) else np.asarray(q, self.array.dtype)
        )
        if ((shares < 0) | (shares > 1)).any():
            raise RuntimeError("quantile() q values must be in the range [0, 1]")
        return shares


def _between(ordered: Any, place: Any, interpolation: str) -> Any:
    """The value at a broken place of the last dimension of sorted values.   place: (.., Q)"""
    place = np.broadcast_to(place, (*ordered.array.shape[:-1], place.shape[-1]))
    rounding = {"higher": np.ceil, "nearest": np.rint}.get(interpolation, np.floor)
    low = rounding(place)
    below = ordered.gather(-1, ordered._wrap(low.astype(np.int64)))
    if interpolation not in ("linear", "midpoint"):
        return below
    above = ordered.gather(-1, ordered._wrap(np.ceil(place).astype(np.int64)))
    weight = place - low if interpolation == "linear" else np.full_like(place, 0.5)
    return below.lerp(above, ordered._wrap(weight))
