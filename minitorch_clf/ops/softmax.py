"""softmax and log_softmax along one axis.

The kernels work on rows; another axis is swapped with the last first.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from minitorch_clf.kernels import softmax as loops
from minitorch_clf.ops import libm
from minitorch_clf.tape import Array, Context, Function
from minitorch_clf.threads import in_parts


def fill_rows(loop: Callable[..., None], *arrays: Array, axis: int) -> Array:
    """The `out` of loop(*arrays, out), rows along `axis`.   arrays: of one shape and dtype"""
    shape, dtype = arrays[0].shape, arrays[0].dtype
    if not shape:
        return fill_rows(loop, *[a.reshape(1) for a in arrays], axis=0).reshape(())
    moved = [a.swapaxes(axis, -1) for a in arrays]
    out = np.empty(moved[0].shape, dtype)
    if out.size:
        C = shape[axis]
        rows = [np.ascontiguousarray(a).reshape(-1, C) for a in moved]
        in_parts(loop, rows, (), out.reshape(-1, C))
    return np.ascontiguousarray(out.swapaxes(axis, -1))


class Softmax(Function):
    """out = exp(x - max(x)) / sum(exp(x - max(x))) along an axis.

    grad_x = (g - sum(g * out)) * out, so only `out` is saved.
    """

    @staticmethod
    def forward(ctx: Context, x: Array, *, axis: int) -> Array:
        ctx.axis = axis
        out = fill_rows(loops.softmax_rows, x, axis=axis)
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        (out,) = ctx.saved_tensors
        return SoftmaxBackwardData.call(grad_output, out, axis=ctx.axis)


class SoftmaxBackwardData(Function):
    """out = (g - sum(g * y)) * y.

    grad_g is the same of h; grad_y = g * h - sum(g * y) * h - g * sum(h * y).
    """

    @staticmethod
    def forward(ctx: Context, grad: Array, y: Array, *, axis: int) -> Array:
        ctx.axis = axis
        ctx.save_for_backward(grad, y)
        return fill_rows(loops.softmax_rows_backward, grad, y, axis=axis)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array, Array]:
        grad, y = ctx.saved_tensors
        axis = ctx.axis if y.ndim else None
        mean_grad = (grad * y).sum(axis=axis, keepdims=True)
        mean_output = (grad_output * y).sum(axis=axis, keepdims=True)
        grad_y = grad * grad_output - mean_grad * grad_output - grad * mean_output
        return SoftmaxBackwardData.call(grad_output, y, axis=ctx.axis), grad_y


class LogSoftmax(Function):
    """out = x - max(x) - log(sum(exp(x - max(x)))) along an axis.

    grad_x = g - softmax(x) * sum(g).   softmax(x) = exp(out), so only `out` is saved.
    """

    @staticmethod
    def forward(ctx: Context, x: Array, *, axis: int) -> Array:
        ctx.axis = axis
        out = fill_rows(loops.log_softmax_rows, x, axis=axis)
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        (out,) = ctx.saved_tensors
        return LogSoftmaxBackwardData.call(grad_output, out, axis=ctx.axis)


class LogSoftmaxBackwardData(Function):
    """out = g - exp(y) * sum(g).

    grad_g = h - sum(h * exp(y)), grad_y = -h * exp(y) * sum(g).
    """

    @staticmethod
    def forward(ctx: Context, grad: Array, y: Array, *, axis: int) -> Array:
        ctx.axis = axis
        ctx.save_for_backward(grad, y)
        return fill_rows(loops.log_softmax_rows_backward, grad, y, axis=axis)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array, Array]:
        grad, y = ctx.saved_tensors
        axis = ctx.axis if y.ndim else None
        p = libm.exp(y)
        pulled = grad_output * p
        grad_grad = grad_output - pulled.sum(axis=axis, keepdims=True)
        return grad_grad, -pulled * grad.sum(axis=axis, keepdims=True)
