"""Values as a set: which there are, how often, and where among sorted ones. No gradients here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch_clf.dtypes import int32
from minitorch_clf.methods.base import SCALARS, Methods, wrap_dim
from minitorch_clf.tape import Array, quietly

if TYPE_CHECKING:
    from minitorch_clf.tensor import Tensor


class SetMethods(Methods):
    """Which values there are, and how often."""

    __slots__ = ()

    def unique(
        self,
        sorted: bool = True,  # noqa: ARG002 - they always are
        return_inverse: bool = False,
        return_counts: bool = False,
        dim: int | None = None,
    ) -> Any:
        """The different elements, or slices of `dim`, in order.

        return_inverse   also where in the result each element is
        return_counts    also how often each occurs
        """
        axis = None if dim is None else wrap_dim(dim, self.array.ndim)
        found, inverse, counts = np.unique(
            self.array, return_inverse=True, return_counts=True, axis=axis, equal_nan=False
        )
        shape = self.array.shape if axis is None else (-1,)
        return self._answers(found, inverse.reshape(shape), counts, return_inverse, return_counts)

    def unique_consecutive(
        self, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
    ) -> Any:
        """The elements, or slices of `dim`, without those that equal the one before."""
        axis = None if dim is None else wrap_dim(dim, self.array.ndim)
        flat = axis is None
        rows = self.array.reshape(-1) if flat else np.moveaxis(self.array, axis or 0, 0)
        new = np.ones(len(rows), bool)
        if len(rows):
            new[1:] = (rows[1:] != rows[:-1]).reshape(len(rows) - 1, -1).any(1)
        starts = np.flatnonzero(new)
        counts = np.diff(starts, append=len(rows))
        inverse = np.cumsum(new) - 1
        found = rows[new] if flat else np.moveaxis(rows[new], 0, axis or 0)
        shape = self.array.shape if flat else (-1,)
        return self._answers(found, inverse.reshape(shape), counts, return_inverse, return_counts)

    def _answers(
        self, found: Array, inverse: Array, counts: Array, wants_inverse: bool, wants_counts: bool
    ) -> Any:
        out = [self._wrap(np.ascontiguousarray(found))]
        if wants_inverse:
            out.append(self._wrap(inverse))
        if wants_counts:
            out.append(self._wrap(counts))
        return tuple(out) if len(out) > 1 else out[0]

    def bincount(self, weights: Tensor | None = None, minlength: int = 0) -> Tensor:
        """How often 0, 1, 2, ... occur in a vector of whole numbers, or the sums of `weights`."""
        x = self.array
        if x.dtype.kind not in "iu":
            raise NotImplementedError(f"\"bincount_cpu\" not implemented for '{self.dtype.legacy}'")
        if minlength < 0:
            raise RuntimeError("minlength should be >= 0")
        if x.ndim != 1 or (x.size and x.min() < 0):
            raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
        if weights is None or not x.size:
            return self._wrap(np.bincount(x, minlength=minlength))
        w = weights.array
        if w.shape != x.shape:
            raise RuntimeError("weights should be 1-d and have the same length as input")
        # PyTorch adds float32 weights in float32, everything else in float64
        out = np.zeros(max(minlength, int(x.max()) + 1), _sum_dtype(w))
        np.add.at(out, x, w.astype(out.dtype))
        return self._wrap(out)

    def histc(self, bins: int = 100, min: float = 0, max: float = 0) -> Tensor:
        """How many elements lie in each of `bins` equal parts of [min, max]; others do not count.

        Two equal bounds stand for the smallest and the largest element.
        """
        x = self.array
        if x.dtype.kind != "f":
            raise NotImplementedError(
                f"\"histogram_cpu\" not implemented for '{self.dtype.legacy}'"
            )
        if bins <= 0:
            raise RuntimeError(
                f"torch.histogram(): bins must be > 0, but got {bins} for dimension 0"
            )
        if max < min:
            raise RuntimeError("torch.histc: max must be larger than min")
        low, high = float(min), float(max)
        if low == high and x.size:
            low, high = float(x.min()), float(x.max())
        if not np.isfinite([low, high]).all():
            raise RuntimeError(f"torch.histc: range of [{low}, {high}] is not finite")
        if low == high:
            low, high = low - 1, high + 1
        inside = x[(x >= low) & (x <= high)].astype(np.float64)
        places = np.minimum(((inside - low) * bins / (high - low)).astype(np.int64), bins - 1)
        return self._wrap(np.bincount(places, minlength=bins).astype(x.dtype))


def _sum_dtype(w: Array) -> Any:
    return np.float32 if w.dtype == np.float32 else np.float64


def isin(
    elements: Any,
    test_elements: Any,
    *,
    assume_unique: bool = False,  # noqa: ARG001 - a hint that changes no value
    invert: bool = False,
) -> Tensor:
    """Whether each of `elements` is among `test_elements`; one of the two may be a number."""
    both = (elements, test_elements)
    like = next((t for t in both if isinstance(t, Methods)), None)
    if like is None:
        raise TypeError("isin(): one of the arguments must be a Tensor")
    x, y = (t.array if isinstance(t, Methods) else np.asarray(t) for t in both)
    return like._wrap(np.asarray(np.isin(x, y, invert=invert)))


def searchsorted(
    sorted_sequence: Any,
    input: Any,
    *,
    out_int32: bool = False,
    right: bool = False,
    side: str | None = None,
    sorter: Any = None,
) -> Tensor:
    """Where in a sorted sequence each value would be inserted: before its equals, or after.

    sorted_sequence   (n,), or (.., n) with one sequence for each row of input
    right             after its equals, which side="right" says too
    """
    if side not in (None, "left", "right"):
        raise RuntimeError(
            f"torch.searchsorted(): side can only be 'left' or 'right' but got {side}"
        )
    if side == "left" and right:
        raise RuntimeError(
            "torch.searchsorted(): side and right can't be set to opposites, got side of left "
            "while right was True"
        )
    where: Any = "right" if right or side == "right" else "left"
    keys = sorted_sequence.array
    if sorter is not None:
        keys = np.take_along_axis(keys, sorter.array, -1)
    x = np.asarray(input) if isinstance(input, SCALARS) else input.array
    if keys.ndim == 1:
        out = np.asarray(quietly(np.searchsorted, keys, x, where))
    else:
        if keys.shape[:-1] != x.shape[:-1]:
            raise RuntimeError(
                "torch.searchsorted(): boundaries tensor should be 1 dimension or the first N-1 "
                "dimensions of boundaries tensor and input value tensor must match, but we got "
                f"boundaries tensor {list(keys.shape)} and input value tensor {list(x.shape)}"
            )
        out = np.empty(x.shape, np.int64)
        for row in np.ndindex(*keys.shape[:-1]):
            out[row] = np.searchsorted(keys[row], x[row], where)
    found: Tensor = sorted_sequence._wrap(out)
    return found._cast(int32) if out_int32 else found


def bucketize(
    input: Any, boundaries: Any, *, out_int32: bool = False, right: bool = False
) -> Tensor:
    """The number of the bucket between `boundaries` that each value falls into.

    boundaries[i - 1] < input <= boundaries[i]     ( <= and < where `right`)
    """
    if boundaries.array.ndim != 1:
        raise RuntimeError(
            f"boundaries tensor must be 1 dimension, but got dim({boundaries.array.ndim})"
        )
    return searchsorted(boundaries, input, out_int32=out_int32, right=right)
