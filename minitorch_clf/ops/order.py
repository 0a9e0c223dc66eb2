"""Values in order: sorting, the k-th, the middle one, the most frequent, and the places they held.

Such a value is one of the inputs, so its gradient goes to the place it was picked from.
"""

from __future__ import annotations

import numpy as np

from minitorch_clf.ops.index import ScatterAdd
from minitorch_clf.ops.reduce import Max
from minitorch_clf.tape import Array, Context, Function


class Picked(Function):
    """outs = (values, indices) that a rule picks along one axis.   g goes where `indices` point."""

    @staticmethod
    def backward(ctx: Context, grad_values: Array, grad_indices: Array) -> Array:
        (indices,) = ctx.saved_tensors
        shape, axis = ctx.shape, ctx.axis
        if not shape:
            return grad_values
        if not ctx.keepdims:
            grad_values = grad_values.reshape(indices.shape)
        return ScatterAdd.call(grad_values, shape=shape, axis=axis, index=indices)


def pick(ctx: Context, x: Array, axis: int, keepdims: bool, indices: Array) -> tuple[Array, Array]:
    """`indices` keep the axis."""
    ctx.shape, ctx.axis, ctx.keepdims = x.shape, axis, keepdims
    ctx.save_for_backward(indices)
    if not x.ndim:
        return x.copy(), np.zeros((), np.int64)
    values = np.take_along_axis(x, indices, axis)
    return (values, indices) if keepdims else (values.squeeze(axis), indices.squeeze(axis))


class MaxDim(Picked):
    """The largest value along an axis and its first place; nan is larger than all."""

    name = "MaxBackward0"

    @staticmethod
    def forward(ctx: Context, x: Array, *, axis: int, keepdims: bool) -> tuple[Array, Array]:
        indices = np.argmax(x, axis, keepdims=True) if x.ndim else np.zeros((), np.int64)
        return pick(ctx, x, axis, keepdims, indices)


class MinDim(Picked):
    """The smallest value along an axis and its first place; nan is smaller than all."""

    name = "MinBackward0"

    @staticmethod
    def forward(ctx: Context, x: Array, *, axis: int, keepdims: bool) -> tuple[Array, Array]:
        indices = np.argmin(x, axis, keepdims=True) if x.ndim else np.zeros((), np.int64)
        return pick(ctx, x, axis, keepdims, indices)


class Sort(Picked):
    """The values along an axis in order, equal ones in their old order, and where they stood.

    nan is larger than all: last in ascending order, first in descending order.
    """

    @staticmethod
    def forward(ctx: Context, x: Array, *, axis: int, descending: bool) -> tuple[Array, Array]:
        if not x.ndim:
            return pick(ctx, x, axis, True, np.zeros((), np.int64))
        if descending:  # stable from the other end: reverse, sort, reverse
            indices = np.flip(np.argsort(np.flip(x, axis), axis, kind="stable"), axis)
            indices = x.shape[axis] - 1 - indices
        else:
            indices = np.argsort(x, axis, kind="stable")
        return pick(ctx, x, axis, True, indices)


class Topk(Picked):
    """The k largest (or smallest) values along an axis, in order, and where they stood."""

    @staticmethod
    def forward(ctx: Context, x: Array, *, k: int, axis: int, largest: bool) -> tuple[Array, Array]:
        _, indices = Sort.forward(Context(), x, axis=axis, descending=largest)
        if x.ndim:
            indices = indices[(slice(None),) * axis + (slice(k),)]
        return pick(ctx, x, axis, True, indices)


# --- one in the order -----------------------------------------------------------------------------


def _at(order: Array, place: Array | int, axis: int) -> Array:
    """order[place] along an axis, which stays.   place: a number, or one for each row"""
    if isinstance(place, int):
        return order[(slice(None),) * axis + (slice(place, place + 1),)]
    return np.take_along_axis(order, place, axis)


class Kthvalue(Picked):
    """The k-th smallest value along an axis, and where it stood; nan is larger than all."""

    @staticmethod
    def forward(
        ctx: Context, x: Array, *, k: int, axis: int, keepdims: bool
    ) -> tuple[Array, Array]:
        indices = _at(np.argsort(x, axis, kind="stable"), k - 1, axis) if x.ndim else x
        return pick(ctx, x, axis, keepdims, indices)


class MedianDim(Picked):
    """The middle value along an axis, the lower of two, and where it stood; nan if there is one."""

    name = "MedianBackward1"

    @staticmethod
    def forward(ctx: Context, x: Array, *, axis: int, keepdims: bool) -> tuple[Array, Array]:
        if not x.ndim:
            return pick(ctx, x, axis, keepdims, x)
        indices = _at(np.argsort(x, axis, kind="stable"), (x.shape[axis] - 1) // 2, axis)
        lost = x != x
        first_lost = np.argmax(lost, axis, keepdims=True)
        indices = np.where(lost.any(axis, keepdims=True), first_lost, indices)
        return pick(ctx, x, axis, keepdims, indices)


class NanmedianDim(Picked):
    """The middle one of the values that are not nan along an axis, and where it stood."""

    name = "NanmedianBackward1"

    @staticmethod
    def forward(ctx: Context, x: Array, *, axis: int, keepdims: bool) -> tuple[Array, Array]:
        if not x.ndim:
            return pick(ctx, x, axis, keepdims, x)
        middle = np.maximum((x == x).sum(axis, keepdims=True) - 1, 0) // 2
        indices = _at(np.argsort(x, axis, kind="stable"), middle, axis)  # nan comes last
        return pick(ctx, x, axis, keepdims, indices)


class Median(Max):
    """The middle value, the lower of two; nan if there is one.   g is shared among equals."""

    name = "MedianBackward0"

    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        order = np.sort(x, axis=None)
        middle = order[-1] if x.size and order[-1] != order[-1] else None
        out = _middle(order) if middle is None else np.asarray(middle)
        ctx.save_for_backward(x, out)
        return out


class Nanmedian(Max):
    """The middle one of the values that are not nan.   g is shared among equals."""

    name = "NanmedianBackward0"

    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        out = _middle(np.sort(x[x == x], axis=None))
        ctx.save_for_backward(x, out)
        return out


def _middle(order: Array) -> Array:
    """The middle one of sorted values, the lower of two; nan, or the least integer, of none."""
    if order.size:
        return np.asarray(order[(order.size - 1) // 2])
    return np.asarray(np.nan if order.dtype.kind == "f" else np.iinfo(order.dtype).min, order.dtype)


class Mode(Picked):
    """The most frequent value along an axis, the smallest of several, and its last place."""

    @staticmethod
    def forward(ctx: Context, x: Array, *, axis: int, keepdims: bool) -> tuple[Array, Array]:
        if not x.ndim:
            return pick(ctx, x, axis, keepdims, x)
        rows = np.moveaxis(x, axis, -1)
        places = np.empty(rows.shape[:-1], np.int64)
        for place in np.ndindex(places.shape):
            row = rows[place]
            found, counts = np.unique(row, return_counts=True)
            places[place] = np.flatnonzero(row == found[np.argmax(counts)])[-1]
        return pick(ctx, x, axis, keepdims, np.expand_dims(places, axis))
