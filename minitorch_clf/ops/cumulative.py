"""Running sums, products and extremes along one axis.

out[i] depends on x[0], ..., x[i], so x[i] gets a gradient from g[i], g[i + 1], ...: every backward
runs from the end of the axis to its start. `Horner` does so for what is multiplied on the way.
"""

from __future__ import annotations

import numpy as np

from minitorch_clf.ops import libm
from minitorch_clf.ops.order import Picked, pick
from minitorch_clf.tape import Array, Context, Function


class Cumsum(Function):
    """out[i] = x[0] + ... + x[i] along an axis.   grad_x[i] = g[i] + ... + g[-1]."""

    @staticmethod
    def forward(ctx: Context, x: Array, *, axis: int) -> Array:
        ctx.axis = axis
        return np.cumsum(x, axis=axis, dtype=x.dtype) if x.ndim else x.copy()

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        if not grad_output.ndim:
            return grad_output
        flipped = np.flip(grad_output, ctx.axis)
        return np.flip(Cumsum.call(flipped, axis=ctx.axis), ctx.axis)


def at(axis: int, place: int | slice) -> tuple[int | slice, ...]:
    """The index of one place of an axis."""
    return (*(slice(None),) * axis, place)


def horner(g: Array, factor: Array, axis: int) -> Array:
    """r[i] = g[i] + factor[i] * r[i + 1] along an axis: sums of products in one run from the end.

    g: n places, factor: n - 1
    """
    n = g.shape[axis]
    if n == 0:
        return g
    rows = [g[at(axis, n - 1)]]
    for i in range(n - 2, -1, -1):
        rows.append(g[at(axis, i)] + factor[at(axis, i)] * rows[-1])
    return np.stack(rows[::-1], axis=axis)


class Cumprod(Function):
    """out[i] = x[0] * ... * x[i] along an axis.

    grad_x[i] = out[i - 1] * r[i],  r[i] = g[i] + x[i + 1] * r[i + 1]: no division, exact at zeros.
    """

    @staticmethod
    def forward(ctx: Context, x: Array, *, axis: int) -> Array:
        ctx.axis = axis
        out = np.cumprod(x, axis=axis, dtype=x.dtype) if x.ndim else x.copy()
        ctx.save_for_backward(x, out)
        return out

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        x, out = ctx.saved_tensors
        axis = ctx.axis
        if not x.ndim or not x.shape[axis]:
            return grad_output
        first = np.ones_like(x[at(axis, slice(0, 1))])
        before = np.concatenate([first, out[at(axis, slice(0, x.shape[axis] - 1))]], axis=axis)
        return before * horner(grad_output, x[at(axis, slice(1, x.shape[axis]))], axis)


class Logcumsumexp(Function):
    """out[i] = log(exp(x[0]) + ... + exp(x[i])) along an axis, without overflow.

    grad_x[i] = exp(x[i] - out[i]) * r[i],  r[i] = g[i] + exp(out[i] - out[i + 1]) * r[i + 1]:
    out never falls, so no exponential is larger than 1.
    """

    @staticmethod
    def forward(ctx: Context, x: Array, *, axis: int) -> Array:
        ctx.axis = axis
        out = np.logaddexp.accumulate(x, axis) if x.ndim and x.size else x.copy()
        ctx.save_for_backward(x, out)
        return out

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        x, out = ctx.saved_tensors
        axis = ctx.axis
        if not x.ndim or not x.shape[axis]:
            return grad_output
        n = x.shape[axis]
        fall = libm.exp(out[at(axis, slice(0, n - 1))] - out[at(axis, slice(1, n))])
        return libm.exp(x - out) * horner(grad_output, fall, axis)


class Cummax(Picked):
    """out[i] = max(x[0], ..., x[i]) along an axis, and where it stood last."""

    @staticmethod
    def forward(ctx: Context, x: Array, *, axis: int) -> tuple[Array, Array]:
        running = np.maximum.accumulate(x, axis) if x.ndim and x.size else x
        return _last_places(ctx, x, axis, running)


class Cummin(Picked):
    """out[i] = min(x[0], ..., x[i]) along an axis, and where it stood last."""

    @staticmethod
    def forward(ctx: Context, x: Array, *, axis: int) -> tuple[Array, Array]:
        running = np.minimum.accumulate(x, axis) if x.ndim and x.size else x
        return _last_places(ctx, x, axis, running)


def _last_places(ctx: Context, x: Array, axis: int, running: Array) -> tuple[Array, Array]:
    if not x.ndim or not x.size:
        return pick(ctx, x, axis, True, np.zeros(x.shape, np.int64))
    column = np.arange(x.shape[axis]).reshape([-1 if k == axis else 1 for k in range(x.ndim)])
    new = (x == running) | (x != x)
    return pick(ctx, x, axis, True, np.maximum.accumulate(np.where(new, column, 0), axis))
