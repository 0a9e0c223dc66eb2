"""Losses that ask for a margin between right and wrong."""

from __future__ import annotations

import math

import numpy as np

from minitorch_clf.ops import libm
from minitorch_clf.ops.loss import reduced, share
from minitorch_clf.tape import Array, Context, Function


class SoftMarginLoss(Function):
    """loss = log(1 + exp(-y * x)).   grad_x = -g * y * z / (1 + z), z = exp(-y * x)."""

    @staticmethod
    def forward(ctx: Context, x: Array, y: Array, *, reduction: str) -> Array:
        ctx.reduction = reduction
        ctx.save_for_backward(x, y)
        return reduced(libm.log(libm.exp(-y * x) + 1), reduction)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array, None]:
        x, y = ctx.saved_tensors
        z = libm.exp(-y * x)
        scale = share(ctx.reduction, math.prod(x.shape))
        return -scale * y * z / (z + 1) * grad_output, None


class MultiMarginLoss(Function):
    """loss = sum over c != y of w[y] * max(margin - x[y] + x[c], 0)**p / C.   x: (N, C), p: 1 or 2

    grad_x[c] = g * w[y] * (1 if p = 1, else 2 z) / C where z = margin - x[y] + x[c] > 0, else 0;
    grad_x[y] is minus their sum.
    """

    @staticmethod
    def forward(
        ctx: Context,
        x: Array,
        y: Array,
        weight: Array | None,
        *,
        p: int,
        margin: float,
        reduction: str,
    ) -> Array:
        ctx.p, ctx.margin, ctx.reduction = p, margin, reduction
        ctx.save_for_backward(x, y, weight)
        z = np.maximum(slack(x, y, margin), 0)
        losses = np.where(wrong(x, y), z if p == 1 else z * z, x.dtype.type(0))
        if weight is not None:
            losses = losses * weight[y].reshape((-1, 1))
        return reduced(losses.sum(axis=1) / x.dtype.type(x.shape[1]), reduction)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array, None, None]:
        x, y, weight = ctx.saved_tensors
        N, C = x.shape
        z, others = slack(x, y, ctx.margin), wrong(x, y)
        slope = np.where(others & (z > 0), np.ones_like(z) if ctx.p == 1 else 2 * z, 0.0)
        if weight is not None:
            slope = slope * weight[y].reshape((-1, 1))
        pulled = np.where(others, slope, -slope.sum(axis=1, keepdims=True))
        grad = grad_output.reshape((-1, 1)) * (share(ctx.reduction, N) / C)
        return pulled * grad, None, None


def slack(x: Array, y: Array, margin: float) -> Array:
    """How far each x[n, c] is from lying `margin` below x[n, y[n]]."""
    return margin - x[(np.arange(x.shape[0]), y)].reshape((-1, 1)) + x


def wrong(x: Array, y: Array) -> Array:
    """True where c is not the class of row n."""
    return np.arange(x.shape[1]) != y.reshape((-1, 1))
