"""Losses: two arrays in, one number out, or one per element.

reduction  "mean", "sum" or "none"
"""

from __future__ import annotations

import math

import numpy as np

from minitorch_clf.kernels import activation
from minitorch_clf.kernels import loss as loops
from minitorch_clf.ops import libm
from minitorch_clf.ops.activation import LogSigmoid, Sigmoid, fill, plain
from minitorch_clf.ops.pointwise import Div
from minitorch_clf.ops.sums import sum_over
from minitorch_clf.tape import Array, Context, Function
from minitorch_clf.threads import in_parts


def reduced(loss: Array, reduction: str) -> Array:
    """The mean or the sum of `loss`, or itself."""
    if reduction == "none":
        return loss
    total = sum_over(loss)
    return total / loss.dtype.type(loss.size) if reduction == "mean" else total


def share(reduction: str, size: int) -> float:
    """What one element counts in the reduction."""
    return 1 / size if reduction == "mean" and size else 1.0


# --- distances ------------------------------------------------------------------------------------


class MseLoss(Function):
    """loss = (x - y)**2.   grad_x = 2 * (x - y) * g, grad_y = -grad_x.

    For the mean, both are divided by the size.
    """

    @staticmethod
    def forward(ctx: Context, x: Array, y: Array, *, reduction: str) -> Array:
        ctx.reduction = reduction
        ctx.save_for_backward(x, y)
        if plain(x, y):
            return reduced(fill(loops.squared, x, y), reduction)
        difference = x - y
        return reduced(difference * difference, reduction)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array | None, ...]:
        x, y = ctx.saved_tensors
        scale = 2 * share(ctx.reduction, math.prod(x.shape))
        if plain(x, y):
            return either_side(ctx, fill(loops.squared_backward, grad_output, x, y, scale=scale))
        return either_side(ctx, scale * (x - y) * grad_output)


class SmoothL1Loss(Function):
    """loss = z - beta / 2 with z = abs(x - y); z * z / (2 * beta) where z < beta.

    grad_x = g * sign(x - y), and g * (x - y) / beta where abs(x - y) < beta; grad_y = -grad_x.
    """

    name = "SmoothL1LossBackward0"

    @staticmethod
    def forward(ctx: Context, x: Array, y: Array, *, reduction: str, beta: float) -> Array:
        ctx.reduction, ctx.beta = reduction, beta
        ctx.save_for_backward(x, y)
        return reduced(fill(loops.bent, x, y, bound=beta, divisor=beta, factor=1), reduction)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array | None, ...]:
        x, y = ctx.saved_tensors
        scale, beta = share(ctx.reduction, math.prod(x.shape)), ctx.beta
        if isinstance(x, np.ndarray):
            bends = {"bound": beta, "divisor": beta, "factor": 1}
            grad = fill(loops.bent_backward, grad_output, x, y, scale=scale, **bends)
            return either_side(ctx, grad)
        z = x - y
        inside = scale * z * grad_output / beta
        outside = np.where(z > 0, scale * grad_output, -scale * grad_output)
        return either_side(ctx, np.where(np.abs(z) >= beta, outside, inside))


class HuberLoss(Function):
    """loss = delta * (z - delta / 2) with z = abs(x - y); z * z / 2 where z < delta.

    grad_x = g * delta * sign(x - y), and g * (x - y) where abs(x - y) < delta; grad_y = -grad_x.
    """

    @staticmethod
    def forward(ctx: Context, x: Array, y: Array, *, reduction: str, delta: float) -> Array:
        ctx.reduction, ctx.delta = reduction, delta
        ctx.save_for_backward(x, y)
        return reduced(fill(loops.bent, x, y, bound=delta, divisor=1, factor=delta), reduction)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array | None, ...]:
        x, y = ctx.saved_tensors
        scale, delta = share(ctx.reduction, math.prod(x.shape)), ctx.delta
        if isinstance(x, np.ndarray):
            bends = {"bound": delta, "divisor": 1, "factor": delta}
            grad = fill(loops.bent_backward, grad_output, x, y, scale=scale, **bends)
            return either_side(ctx, grad)
        z = x - y
        inside = scale * z * grad_output
        edge = scale * grad_output * delta
        outside = np.where(z > 0, edge, -edge)
        return either_side(ctx, np.where(np.abs(z) >= delta, outside, inside))


def either_side(ctx: Context, grad: Array) -> tuple[Array | None, ...]:
    """The gradients of x and y, where the loss depends on x - y only."""
    wants_x, wants_y = ctx.needs_input_grad
    return grad if wants_x else None, -grad if wants_y else None


class Xlogy(Function):
    """out = x * log(y), and 0 where x = 0, whatever y (unless nan): what KL divergence needs.

    grad_x = g * log(y), 0 where x = 0 and y <= 0; grad_y = g * x / y.
    """

    @staticmethod
    def forward(ctx: Context, x: Array, y: Array) -> Array:
        ctx.save_for_backward(x, y)
        log_y = np.asarray(libm.log(y))
        if plain(x, y):
            in_parts(loops.xlogy, [x.reshape(-1), y.reshape(-1)], (), log_y.reshape(-1))
            return log_y
        return np.where((x == 0) & ~np.isnan(y), 0.0, x * log_y).astype(x.dtype, copy=False)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array | None, ...]:
        x, y = ctx.saved_tensors
        grad_x, grad_y = None, None
        if ctx.needs_input_grad[0]:
            grad_x = grad_output * np.where((x == 0) & (y <= 0), 0.0, libm.log(y))
        if ctx.needs_input_grad[1]:
            grad_y = grad_output * (x / y)
        return grad_x, grad_y


# --- yes or no ------------------------------------------------------------------------------------


class BinaryCrossEntropy(Function):
    """loss = -w * (y * log(x) + (1 - y) * log(1 - x)), each log at least -100.   0 <= x, y <= 1

    grad_x = g * w * (x - y) / max((1 - x) * x, 1e-12): not the derivative of the clamped loss,
    which would be 0 at the ends. grad_y = g * w * (log(1 - x) - log(x)), without a clamp. Both as
    in PyTorch.

    RuntimeError  "all elements of input should be between 0 and 1", and so for target
    """

    @staticmethod
    def forward(ctx: Context, x: Array, y: Array, weight: Array | None, *, reduction: str) -> Array:
        ctx.reduction = reduction
        ctx.save_for_backward(x, y, weight)
        loss = np.empty(x.shape, x.dtype)
        flat = x.ravel(), y.ravel()
        found = in_parts(loops.binary_cross_entropy, flat, (), loss.reshape(-1))
        bad = next((start + k for start, k in found if k != loops.FINE), loops.FINE)
        if bad != loops.FINE:
            culprit = "input" if not 0 <= x.flat[bad] <= 1 else "target"
            raise RuntimeError(f"all elements of {culprit} should be between 0 and 1")
        return reduced(loss if weight is None else loss * weight, reduction)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array | None, ...]:
        x, y, weight = ctx.saved_tensors
        grad_x, grad_y = None, None
        if ctx.needs_input_grad[0] and weight is None and plain(x, y):
            n = divisor(x, ctx.reduction)
            loop = loops.binary_cross_entropy_backward
            grad_x = fill(loop, grad_output, x, y, divisor=n)
        elif ctx.needs_input_grad[0]:
            slope = BinaryCrossEntropyBackward.call(np.broadcast_to(grad_output, x.shape), x, y)
            grad_x = averaged(weighted(slope, weight), ctx.reduction)
        if ctx.needs_input_grad[1]:
            slope = grad_output * (libm.log1p(-x) - libm.log(x))
            grad_y = averaged(weighted(slope, weight), ctx.reduction)
        return grad_x, grad_y, None


class BinaryCrossEntropyBackward(Function):
    """out = g * (x - y) / max((1 - x) * x, eps), eps = 1e-12.

    Its own derivatives are guarded in PyTorch's ways: with v = (x + eps) * (1 - x + eps),
    grad_g = h * (x - y) / v, grad_x = h * g * (x * x - 2 * x * y + y) / v**2, and
    grad_y = -h * g / max((1 - x) * x, eps).
    """

    @staticmethod
    def forward(ctx: Context, grad: Array, x: Array, y: Array) -> Array:
        ctx.save_for_backward(grad, x, y)
        return grad * (x - y) / np.maximum((1 - x) * x, loops.EPS)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array, ...]:
        grad, x, y = ctx.saved_tensors
        spread = (x + 1e-12) * (1 - x + 1e-12)
        both = grad_output * grad
        grad_x = both * (x * x - 2 * x * y + y) / (spread * spread)
        return grad_output * (x - y) / spread, grad_x, -both / np.maximum((1 - x) * x, 1e-12)


class BinaryCrossEntropyWithLogits(Function):
    """loss = w * ((1 - y) * x - l * log(sigmoid(x))), l = 1 + (pos_weight - 1) * y.

    grad_x = g * w * (sigmoid(x) - y), with pos_weight g * w * (sigmoid(x) * (p + 1 - y) - p) where
    p = pos_weight * y; grad_y = g * w * -x, with pos_weight g * w * (log(sigmoid(-x)) -
    pos_weight * log(sigmoid(x))).
    """

    @staticmethod
    def forward(
        ctx: Context,
        x: Array,
        y: Array,
        weight: Array | None,
        pos_weight: Array | None,
        *,
        reduction: str,
    ) -> Array:
        ctx.reduction = reduction
        ctx.save_for_backward(x, y, weight, pos_weight)
        if weight is None and pos_weight is None and plain(x, y):
            return reduced(fill(loops.with_logits, x, y), reduction)
        log_sigmoid = fill(activation.log_sigmoid, x)
        if pos_weight is not None:
            log_sigmoid = ((pos_weight - 1) * y + 1) * log_sigmoid
        return reduced(weighted((1 - y) * x - log_sigmoid, weight), reduction)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array | None, ...]:
        x, y, weight, pos_weight = ctx.saved_tensors
        grad_x, grad_y = None, None
        if ctx.needs_input_grad[0] and weight is None and pos_weight is None and plain(x, y):
            n = divisor(x, ctx.reduction)
            grad_x = fill(loops.with_logits_backward, grad_output, x, y, divisor=n)
        elif ctx.needs_input_grad[0]:
            slope = Sigmoid.call(x)
            if pos_weight is None:
                slope = slope - y
            else:
                p = pos_weight * y
                slope = (p + 1 - y) * slope - p
            grad_x = averaged(weighted(slope * grad_output, weight), ctx.reduction)
        if ctx.needs_input_grad[1]:
            slope = -x
            if pos_weight is not None:
                slope = LogSigmoid.call(-x) - LogSigmoid.call(x) * pos_weight
            grad_y = averaged(weighted(slope * grad_output, weight), ctx.reduction)
        return grad_x, grad_y, None, None


def weighted(x: Array, weight: Array | None) -> Array:
    """x * weight, if there is one."""
    return x if weight is None else x * weight


def averaged(grad: Array, reduction: str) -> Array:
    """The gradient of the mean, from that of the sum."""
    return grad / math.prod(grad.shape) if reduction == "mean" else grad


def divisor(x: Array, reduction: str) -> int:
    """What `averaged` divides by."""
    return x.size if reduction == "mean" else 1


# --- one of C -------------------------------------------------------------------------------------


class NllLoss(Function):
    """loss = -w[t] * x[t] for each target t.

    x (C,) or (N, C), target () or (N,), weight (C,) or None

    The mean divides by the sum of the targets' weights. A target that is ignore_index counts for
    nothing, also not in that sum. grad_x = -g * w[t] at t, divided likewise; 0 elsewhere.

    IndexError  "Target 7 is out of bounds."
    """

    @staticmethod
    def forward(
        ctx: Context,
        x: Array,
        target: Array,
        weight: Array | None,
        *,
        reduction: str,
        ignore_index: int,
    ) -> Array:
        ctx.reduction, ctx.ignore_index, ctx.total_weight = reduction, ignore_index, None
        ctx.save_for_backward(x, target, weight)
        scores, targets = by_class(x, target)
        if reduction == "none" and x.ndim > 1:
            out = np.empty(targets.shape, x.dtype)
            bad = loops.nll(scores, targets, weight, ignore_index, out)
            out = out.reshape(target.shape)
        else:
            totals = np.zeros(2, x.dtype)
            bad = loops.nll_total(scores, targets, weight, ignore_index, totals)
            out, ctx.total_weight = totals[0], totals[1]
            if reduction == "mean":
                out = out / ctx.total_weight
        if bad != loops.FINE:
            raise IndexError(f"Target {targets.flat[bad]} is out of bounds.")
        return out

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array | None, ...]:
        x, target, weight = ctx.saved_tensors
        options = {"reduction": ctx.reduction, "ignore_index": ctx.ignore_index}
        total = ctx.total_weight
        grad = NllLossBackward.call(grad_output, x, target, weight, total=total, **options)
        return grad, None, None


class NllLoss2d(NllLoss):
    """The same for x (N, C, H, W) and target (N, H, W)."""

    name = "NllLoss2DBackward0"


class DivScalar(Div):
    """out = x / y, by the name that PyTorch gives a division inside a loss."""

    name = "DivBackward1"


class NllLossBackward(Function):
    """grad_x of NllLoss.   Linear in g: grad_g is NllLoss of h; x gives its shape only."""

    @staticmethod
    def forward(
        ctx: Context,
        grad: Array,
        x: Array,
        target: Array,
        weight: Array | None,
        *,
        total: float | None,
        reduction: str,
        ignore_index: int,
    ) -> Array:
        ctx.options = {"reduction": reduction, "ignore_index": ignore_index}
        ctx.save_for_backward(target, weight)
        out = np.zeros(x.shape, x.dtype)
        scores, targets = by_class(out, target)
        each = grad / total if reduction == "mean" else grad
        loops.nll_backward(np.asarray(each).reshape(-1), targets, weight, ignore_index, scores)
        return out

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array | None, ...]:
        target, weight = ctx.saved_tensors
        grad_grad = NllLoss.call(grad_output, target, weight, **ctx.options)
        return grad_grad, np.zeros_like(grad_output), None, None


def by_class(x: Array, target: Array) -> tuple[Array, Array]:
    """x as (N, C, M) and target as (N, M), whatever dimensions follow the class."""
    if x.ndim == 2 and x.flags.c_contiguous and target.flags.c_contiguous:  # nearly always
        return x.reshape(*x.shape, 1), target.reshape(-1, 1)
    N, C = (1, x.shape[0]) if x.ndim == 1 else x.shape[:2]
    M = math.prod(x.shape[2:])
    return np.ascontiguousarray(x).reshape(N, C, M), np.ascontiguousarray(target).reshape(N, M)
