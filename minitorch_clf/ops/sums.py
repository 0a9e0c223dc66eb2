"""Sums of arrays, to NumPy's bits: by a loop where that is faster."""

from __future__ import annotations

import numpy as np

from minitorch_clf.kernels.sums import pairwise_sum, row_sums
from minitorch_clf.tape import Array

FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


def sum_over(x: Array, axis: tuple[int, ...] | None = None, keepdims: bool = False) -> Array:
    """np.sum(x, axis, keepdims=keepdims).

    Over all elements, or along the last axis, of a contiguous array in a half or a tenth of the
    time: NumPy takes 20 ns to begin a row.
    """
    if type(x) is not np.ndarray or x.dtype not in FLOATS or not x.flags.c_contiguous:
        return np.sum(x, axis=axis, keepdims=keepdims)
    if axis is None and not keepdims:
        return x.dtype.type(pairwise_sum(x.reshape(-1)))
    if axis == (x.ndim - 1,) and x.ndim > 1 and x.size:
        out = np.empty((*x.shape[:-1], 1) if keepdims else x.shape[:-1], x.dtype)
        row_sums(x.reshape(-1, x.shape[-1]), out.reshape(-1))
        return out
    return np.sum(x, axis=axis, keepdims=keepdims)
