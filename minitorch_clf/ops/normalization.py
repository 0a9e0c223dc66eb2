"""Values moved and scaled to mean 0 and variance 1: along their features, or along the batch.

The means and what measures the spread are outputs too, beside the normalized values, so `backward`
may save them: as outputs they are on the graph, and the second derivative goes through them.

Means and sums of squares accumulate in float64; PyTorch's accumulate in float32 lanes.
"""

from __future__ import annotations

import numpy as np

from minitorch_clf.kernels.normalization import scale_and_shift
from minitorch_clf.ops.broadcast import sum_to_size
from minitorch_clf.ops.reduce import count
from minitorch_clf.tape import Array, Context, Function


def moments(x: Array, axes: tuple[int, ...]) -> tuple[Array, Array, Array]:
    """(x - mean, mean, sum of (x - mean)^2) over the axes, which stay as ones.   In float64."""
    mean = np.sum(x, axis=axes, dtype=np.float64, keepdims=True) / count(x.shape, axes)
    off = x - mean
    return off, mean, np.sum(off * off, axis=axes, keepdims=True)


class NativeLayerNorm(Function):
    """out = (x - mean) * rstd * weight + bias, rstd = 1 / sqrt(var + eps), over the last axes.

    outs: (out, mean, rstd).   With n values in a row, off = x - mean and h = g * weight,

        pull_mean = grad_mean - rstd * sum(h)
        pull_rstd = grad_rstd + sum(h * off)
        grad_x = rstd * h + (pull_mean - off * rstd^3 * pull_rstd) / n

    grad_weight = sum(g * off * rstd), grad_bias = sum(g), over the rows.
    """

    @staticmethod
    def forward(
        ctx: Context,
        x: Array,
        weight: Array | None,
        bias: Array | None,
        *,
        axes: tuple[int, ...],
        eps: float,
    ) -> tuple[Array, Array, Array]:
        ctx.axes = axes
        ctx.set_materialize_grads(False)
        off, mean, squares = moments(x, axes)
        rstd = 1 / np.sqrt(squares / count(x.shape, axes) + eps)
        out = (off * rstd).astype(x.dtype)
        if weight is not None:
            out = out * weight + 0.0  # PyTorch adds a bias of 0, which makes 0.0 of -0.0
        if bias is not None:
            out = out + bias
        mean, rstd = mean.astype(x.dtype), rstd.astype(x.dtype)
        ctx.save_for_backward(x, weight, mean, rstd)
        return out, mean, rstd

    @staticmethod
    def backward(
        ctx: Context, grad: Array | None, grad_mean: Array | None, grad_rstd: Array | None
    ) -> tuple[Array | None, ...]:
        x, weight, mean, rstd = ctx.saved_tensors
        shape = x.shape[x.ndim - len(ctx.axes) :]
        if grad is None:
            grad = np.zeros_like(x)
        off = x - mean
        pulled = grad if weight is None else grad * weight
        pull_mean = -rstd * pulled.sum(axis=ctx.axes, keepdims=True)
        pull_rstd = (pulled * off).sum(axis=ctx.axes, keepdims=True)
        if grad_mean is not None:
            pull_mean = pull_mean + grad_mean
        if grad_rstd is not None:
            pull_rstd = pull_rstd + grad_rstd
        n = count(x.shape, ctx.axes)
        grad_x = pulled * rstd + (pull_mean - off * (rstd * rstd * rstd * pull_rstd)) / n
        grad_weight = sum_to_size(grad * off * rstd, shape) if ctx.needs_input_grad[1] else None
        grad_bias = sum_to_size(grad, shape) if ctx.needs_input_grad[2] else None
        return grad_x, grad_weight, grad_bias


class NativeBatchNorm(Function):
    """out = (x - mean) * scale + bias, scale = weight / sqrt(var + eps), for each channel (axis 1).

    training  mean and var = squares / n are those of the batch: n values in a channel, squares the
              sum of (x - mean)^2. Otherwise they are running_mean and running_var, constants.

    outs: (out, mean, squares), the last two empty outside training.   With off = x - mean and
    rstd = 1 / sqrt(var + eps),

        pull_mean = grad_mean - scale * sum(g)
        pull_squares = grad_squares - weight * rstd^3 * sum(g * off) / (2 n)
        grad_x = scale * g + pull_mean / n + 2 * off * pull_squares;   scale * g if not training

    grad_weight = sum(g * off * rstd), grad_bias = sum(g).
    """

    @staticmethod
    def forward(
        ctx: Context,
        x: Array,
        weight: Array | None,
        bias: Array | None,
        running_mean: Array,
        running_var: Array,
        *,
        training: bool,
        eps: float,
    ) -> tuple[Array, Array, Array]:
        ctx.training, ctx.eps = training, eps
        ctx.set_materialize_grads(False)
        axes = batch_axes(x)
        mean, squares = np.empty(0, x.dtype), np.empty(0, x.dtype)
        if training:
            _, mean, squares = (m.ravel() for m in moments(x, axes))
            rstd = (1 / np.sqrt(squares / count(x.shape, axes) + eps)).astype(x.dtype)
            mean, squares = mean.astype(x.dtype), squares.astype(x.dtype)
        else:
            rstd = 1 / np.sqrt(running_var + x.dtype.type(eps))
        scale = rstd if weight is None else rstd * weight
        shift = np.zeros_like(rstd) if bias is None else bias
        places = count(x.shape[2:], None)
        center, scale, shift = (
            np.repeat(v, places) for v in (mean if training else running_mean, scale, shift)
        )
        rows = np.ascontiguousarray(x).reshape(x.shape[0], -1)
        out = np.empty(x.shape, x.dtype)
        scale_and_shift(rows, center, scale, shift, out.reshape(rows.shape))
        ctx.save_for_backward(x, weight, running_mean, running_var, mean, squares)
        return out, mean, squares

    @staticmethod
    def backward(
        ctx: Context, grad: Array | None, grad_mean: Array | None, grad_squares: Array | None
    ) -> tuple[Array | None, ...]:
        x, weight, running_mean, running_var, mean, squares = ctx.saved_tensors
        axes = batch_axes(x)
        n = count(x.shape, axes)
        per_channel = (1, -1, *[1] * (x.ndim - 2))
        if grad is None:
            grad = np.zeros_like(x)
        off = x - (mean if ctx.training else running_mean).reshape(per_channel)
        rstd = 1 / np.sqrt((squares / n if ctx.training else running_var) + ctx.eps)
        scale = rstd if weight is None else rstd * weight
        total, tilt = grad.sum(axis=axes), (grad * off).sum(axis=axes)
        grad_x = grad * scale.reshape(per_channel)
        if ctx.training:
            pull_mean = -scale * total
            pull_squares = scale * rstd * rstd * tilt / (-2 * n)
            if grad_mean is not None:
                pull_mean = pull_mean + grad_mean
            if grad_squares is not None:
                pull_squares = pull_squares + grad_squares
            bend = off * (2 * pull_squares).reshape(per_channel)
            grad_x = grad_x + (pull_mean / n).reshape(per_channel) + bend
        grad_weight = tilt * rstd if ctx.needs_input_grad[1] else None
        return grad_x, grad_weight, total if ctx.needs_input_grad[2] else None, None, None


def batch_axes(x: Array) -> tuple[int, ...]:
    """All axes but that of the channels."""
    return (0, *range(2, x.ndim))
