"""Lengths, and distances as the lengths of differences. Their gradient at length 0 is 0."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch_clf.ops import libm
from minitorch_clf.ops.broadcast import undo
from minitorch_clf.ops.elementary import Sign
from minitorch_clf.ops.reduce import Axis, restore, share_evenly
from minitorch_clf.tape import Array, Context, Function


def length(x: Array, p: float, axis: Axis, keepdims: bool) -> Array:
    """(sum |x|^p)^(1/p) over axes, with the limits p = 0, inf, -inf."""
    how: dict[str, Any] = {"axis": axis, "keepdims": keepdims}
    size = np.abs(x)
    if p == 0:
        out = np.sum(x != 0, **how).astype(x.dtype)
    elif p == 1:
        out = np.sum(size, **how)
    elif p == 2:
        out = np.sqrt(np.sum(x * x, **how))
    elif p == np.inf:
        out = np.max(size, initial=0, **how)
    elif p == -np.inf:
        out = np.min(size, **how)
    else:
        out = libm.power(np.sum(libm.power(size, p), **how), x.dtype.type(1 / p))
    return np.asarray(out)


def length_backward(grad: Array, x: Array, norm: Array, p: float, axis: Axis) -> Array:
    """grad_x of length.   grad, norm: with the axes restored

    p = 2:    grad * x / norm
    p = 1:    grad * sign(x)
    p = inf:  grad * sign(x), shared evenly among the places where |x| = norm
    other p:  grad * sign(x) * (|x| / norm) ** (p - 1)
    """
    if p == 0:
        return np.zeros_like(x)
    if p == 1:
        return grad * Sign.call(x)
    if p == 2:
        return grad * np.where(norm == 0, 0.0, x / norm)
    if abs(p) == np.inf:
        largest = (np.abs(x) == norm) | ((x != x) & (norm != norm))
        return Sign.call(x) * share_evenly(grad, largest, axis)
    relative = np.where((norm == 0) | (x == 0), 0.0, libm.power(np.abs(x) / norm, p - 1))
    return grad * Sign.call(x) * relative


class Norm(Function):
    """out = length(x).   grad_x = length_backward(g, x, out)."""

    name = "LinalgVectorNormBackward0"

    @staticmethod
    def forward(
        ctx: Context, x: Array, *, p: float = 2, axis: Axis = None, keepdims: bool = False
    ) -> Array:
        ctx.p, ctx.axis, ctx.keepdims = p, axis, keepdims
        out = length(x, p, axis, keepdims)
        ctx.save_for_backward(x, out)
        return out

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array | None:
        if ctx.p == 0:
            return None
        x, out = ctx.saved_tensors
        grad = restore(grad_output, x.shape, ctx.axis, ctx.keepdims)
        norm = restore(out, x.shape, ctx.axis, ctx.keepdims)
        return length_backward(grad, x, norm, ctx.p, ctx.axis)


class Dist(Function):
    """out = length(x - y), of all elements.   grad_x = length_backward(g, x - y), grad_y = -that.

    x and y broadcast.
    """

    @staticmethod
    def forward(ctx: Context, x: Array, y: Array, *, p: float = 2) -> Array:
        ctx.p, ctx.shapes = p, (x.shape, y.shape)
        out = length(x - y, p, None, False)
        ctx.save_for_backward(x, y, out)
        return out

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array | None, ...]:
        x, y, out = ctx.saved_tensors
        grad = length_backward(grad_output, x - y, out, ctx.p, None)
        return undo(ctx, grad, -grad)


class Cdist(Function):
    """out[.., n, m] = length(x[.., n, :] - y[.., m, :]).   x: (.., N, K), y: (.., M, K)"""

    @staticmethod
    def forward(ctx: Context, x: Array, y: Array, *, p: float = 2) -> Array:
        ctx.p, ctx.shapes = p, (x.shape, y.shape)
        apart = x[..., :, None, :] - y[..., None, :, :]
        out = length(apart, p, (apart.ndim - 1,), False)
        ctx.save_for_backward(x, y, out)
        return out

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array | None, ...]:
        x, y, out = ctx.saved_tensors
        apart = x[..., :, None, :] - y[..., None, :, :]
        last = apart.ndim - 1
        grad = length_backward(grad_output[..., None], apart, out[..., None], ctx.p, (last,))
        return undo(ctx, grad.sum(axis=last - 1), -grad.sum(axis=last - 2))
