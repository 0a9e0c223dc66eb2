"""Many values in, fewer out: sums, extremes, spreads.

`axis` is None (all), or a tuple of non-negative axes; `keepdims` as in NumPy. `restore` gives an
output or its gradient the axes back, so that it broadcasts against the input.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from minitorch_clf.ops import libm
from minitorch_clf.ops.broadcast import everywhere
from minitorch_clf.ops.sums import sum_over
from minitorch_clf.tape import Array, Context, Function

Axis: TypeAlias = tuple[int, ...] | None


def restore(y: Array, shape: tuple[int, ...], axis: Axis, keepdims: bool) -> Array:
    """`y`, a reduction of something of `shape` over `axis`, with those axes as ones."""
    if keepdims or axis is None:
        return y
    return y.reshape(tuple([1 if k in axis else n for k, n in enumerate(shape)]))


def count(shape: tuple[int, ...], axis: Axis) -> int:
    """How many values a reduction of `shape` over `axis` puts into one."""
    n = 1
    for k, size in enumerate(shape):
        if axis is None or k in axis:
            n *= size
    return n


# --- sums -----------------------------------------------------------------------------------------


class Sum(Function):
    """out = sum(x).   grad_x = g everywhere."""

    @staticmethod
    def forward(
        ctx: Context, x: Array, *, axis: Axis = None, keepdims: bool = False, dtype: Any = None
    ) -> Array:
        ctx.shape, ctx.axis, ctx.keepdims = x.shape, axis, keepdims
        if dtype is None:
            return sum_over(x, axis, keepdims)
        return np.sum(x, axis=axis, keepdims=keepdims, dtype=dtype)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        grad = restore(grad_output, ctx.shape, ctx.axis, ctx.keepdims)
        return everywhere(grad, ctx.shape)


class SumDim(Sum):
    """out = sum(x) over some axes: the name that PyTorch prints for it."""

    name = "SumBackward1"


class Mean(Function):
    """out = sum(x) / n.   grad_x = g / n everywhere."""

    @staticmethod
    def forward(ctx: Context, x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
        ctx.shape, ctx.axis, ctx.keepdims = x.shape, axis, keepdims
        return sum_over(x, axis, keepdims) / x.dtype.type(count(x.shape, axis))

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        grad = restore(grad_output, ctx.shape, ctx.axis, ctx.keepdims)
        if type(grad) is np.ndarray and grad.size == 1:
            out = np.empty(ctx.shape, grad.dtype)
            out[...] = grad / count(ctx.shape, ctx.axis)
            return out
        return np.broadcast_to(grad, ctx.shape) / count(ctx.shape, ctx.axis)


class MeanDim(Mean):
    """out = sum(x) / n over some axes: the name that PyTorch prints for it."""

    name = "MeanBackward1"


class Nansum(Function):
    """out = the sum of what is not nan.   grad_x = g, 0 where x is nan."""

    @staticmethod
    def forward(ctx: Context, x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
        ctx.axis, ctx.keepdims = axis, keepdims
        kept = x == x
        ctx.save_for_backward(kept)
        return np.sum(np.where(kept, x, x.dtype.type(0)), axis=axis, keepdims=keepdims)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        (kept,) = ctx.saved_tensors
        return restore(grad_output, kept.shape, ctx.axis, ctx.keepdims) * kept


class Prod(Function):
    """out = product of x.   grad_x[i] = g * product of the others, exact also where x has zeros.

    Without zeros the product of the others is out / x. With zeros it is multiplied out; but over
    all elements two zeros are a plain 0, unless the gradient is recorded (so also in PyTorch).
    """

    @staticmethod
    def forward(ctx: Context, x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
        ctx.axis, ctx.keepdims = axis, keepdims
        ctx.has_zero = bool((x == 0).any())
        out = np.prod(x, axis=axis, keepdims=keepdims, dtype=x.dtype)
        ctx.save_for_backward(x, np.asarray(out))
        return ctx.to_save[1]

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        x, out = ctx.saved_tensors
        grad = restore(grad_output, x.shape, ctx.axis, ctx.keepdims)
        if not ctx.has_zero:
            return grad * restore(out, x.shape, ctx.axis, ctx.keepdims) / x
        if ctx.axis is not None:
            return grad * products_of_others(x, ctx.axis[0])
        if isinstance(x, np.ndarray) and (x == 0).sum() > 1:
            return np.zeros_like(x)
        return grad * products_of_others(x.reshape((-1,)), 0).reshape(x.shape)


def products_of_others(x: Array, axis: int) -> Array:
    """out[i] = product of x[k], k != i, along an axis: what lies before i times what lies after."""
    parts = [x[(slice(None),) * axis + (k,)] for k in range(x.shape[axis])]
    before = [np.ones_like(parts[0])]
    after = [before[0]]
    for k in range(len(parts) - 1):
        before.append(before[-1] * parts[k])
        after.append(after[-1] * parts[-1 - k])
    return np.stack([b * a for b, a in zip(before, reversed(after), strict=True)], axis=axis)


class ProdDim(Prod):
    """out = product of x over one axis: the name that PyTorch prints for it."""

    name = "ProdBackward1"


# --- extremes -------------------------------------------------------------------------------------


def share_evenly(grad: Array, chosen: Array, axis: Axis) -> Array:
    """`grad` divided among the places that reached the extreme; nan if none did (it was nan)."""
    return grad / chosen.sum(axis=axis, keepdims=True) * chosen


class Max(Function):
    """out = the largest value, nan if there is one.   g is shared evenly among ties."""

    name = "MaxBackward1"

    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        out = np.asarray(np.max(x))
        ctx.save_for_backward(x, out)
        return out

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        x, out = ctx.saved_tensors
        chosen = (x == out) | ((x != x) & (out != out))
        return np.where(chosen, grad_output / chosen.sum(), 0.0)


class Min(Function):
    """out = the smallest value, nan if there is one.   g is shared evenly among ties."""

    name = "MinBackward1"

    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        out = np.asarray(np.min(x))
        ctx.save_for_backward(x, out)
        return out

    backward = Max.backward


class Amax(Function):
    """out = the largest value along axes.   g is shared evenly among ties."""

    @staticmethod
    def forward(ctx: Context, x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
        ctx.axis, ctx.keepdims = axis, keepdims
        out = np.asarray(np.max(x, axis=axis, keepdims=keepdims))
        ctx.save_for_backward(x, out)
        return out

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        x, out = ctx.saved_tensors
        extreme = restore(out, x.shape, ctx.axis, ctx.keepdims)
        grad = restore(grad_output, x.shape, ctx.axis, ctx.keepdims)
        return share_evenly(grad, x == extreme, ctx.axis)


class Amin(Function):
    """out = the smallest value along axes.   g is shared evenly among ties."""

    @staticmethod
    def forward(ctx: Context, x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
        ctx.axis, ctx.keepdims = axis, keepdims
        out = np.asarray(np.min(x, axis=axis, keepdims=keepdims))
        ctx.save_for_backward(x, out)
        return out

    backward = Amax.backward


class Aminmax(Function):
    """outs = the smallest and the largest value, along one axis or of all, as Amin and Amax."""

    @staticmethod
    def forward(
        ctx: Context, x: Array, *, axis: Axis = None, keepdims: bool = False
    ) -> tuple[Array, Array]:
        ctx.axis, ctx.keepdims = axis, keepdims
        how: dict[str, Any] = {"axis": axis, "keepdims": keepdims}
        low, high = np.asarray(np.min(x, **how)), np.asarray(np.max(x, **how))
        ctx.save_for_backward(x, low, high)
        return low, high

    @staticmethod
    def backward(ctx: Context, grad_low: Array, grad_high: Array) -> Array:
        x, low, high = ctx.saved_tensors
        how = (x.shape, ctx.axis, ctx.keepdims)
        from_low = share_evenly(restore(grad_low, *how), x == restore(low, *how), ctx.axis)
        return from_low + share_evenly(restore(grad_high, *how), x == restore(high, *how), ctx.axis)


# --- spreads --------------------------------------------------------------------------------------


class Var(Function):
    """out = sum((x - mean)^2) / f, f = n - correction.   grad_x = g * 2 / f * (x - mean)."""

    @staticmethod
    def forward(
        ctx: Context, x: Array, *, axis: Axis = None, keepdims: bool = False, correction: float = 1
    ) -> Array:
        ctx.axis, ctx.keepdims = axis, keepdims
        ctx.freedom = max(count(x.shape, axis) - correction, 0)
        ctx.save_for_backward(x)
        return _variance(x, axis, keepdims, ctx.freedom)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        (x,) = ctx.saved_tensors
        grad = restore(grad_output, x.shape, ctx.axis, ctx.keepdims)
        mean = x.sum(axis=ctx.axis, keepdims=True) / count(x.shape, ctx.axis)
        return grad * (np.float64(2) / ctx.freedom).item() * (x - mean)


class Std(Function):
    """out = sqrt(var).   grad_x = g / (2 out) * d var, and 0 where out is 0."""

    @staticmethod
    def forward(
        ctx: Context, x: Array, *, axis: Axis = None, keepdims: bool = False, correction: float = 1
    ) -> Array:
        ctx.axis, ctx.keepdims = axis, keepdims
        ctx.freedom = max(count(x.shape, axis) - correction, 0)
        out = np.asarray(np.sqrt(_variance(x, axis, keepdims, ctx.freedom)))
        ctx.save_for_backward(x, out)
        return out

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        x, out = ctx.saved_tensors
        grad_var = np.where(out == 0, 0.0, grad_output / (out * 2))
        grad = restore(grad_var, x.shape, ctx.axis, ctx.keepdims)
        mean = x.sum(axis=ctx.axis, keepdims=True) / count(x.shape, ctx.axis)
        return grad * (np.float64(2) / ctx.freedom).item() * (x - mean)


def _variance(x: Array, axis: Axis, keepdims: bool, freedom: float) -> Array:
    """The variance, with the long sums in float64, as PyTorch's Welford loop has them."""
    wide = x.astype(np.float64, copy=False)
    off = wide - np.sum(wide, axis=axis, keepdims=True) / count(x.shape, axis)
    squares = np.sum(off * off, axis=axis, keepdims=keepdims)
    return np.asarray(squares / np.float64(freedom)).astype(x.dtype)


class VarMean(Function):
    """outs = var and mean.   grad_x = g_var * 2 / f * (x - mean) + g_mean / n, f as in Var."""

    @staticmethod
    def forward(
        ctx: Context, x: Array, *, axis: Axis = None, keepdims: bool = False, correction: float = 1
    ) -> tuple[Array, Array]:
        var = Var.forward(ctx, x, axis=axis, keepdims=keepdims, correction=correction)
        return var, _mean(x, axis, keepdims)

    @staticmethod
    def backward(ctx: Context, grad_var: Array, grad_mean: Array) -> Array:
        (x,) = ctx.saved_tensors
        grad = restore(grad_mean, x.shape, ctx.axis, ctx.keepdims)
        spread = np.broadcast_to(grad, x.shape) / count(x.shape, ctx.axis)
        return Var.backward(ctx, grad_var) + spread


class StdMean(Function):
    """outs = std and mean.   grad_x as those of Std and Mean together."""

    @staticmethod
    def forward(
        ctx: Context, x: Array, *, axis: Axis = None, keepdims: bool = False, correction: float = 1
    ) -> tuple[Array, Array]:
        std = Std.forward(ctx, x, axis=axis, keepdims=keepdims, correction=correction)
        return std, _mean(x, axis, keepdims)

    @staticmethod
    def backward(ctx: Context, grad_std: Array, grad_mean: Array) -> Array:
        x, _ = ctx.saved_tensors
        grad = restore(grad_mean, x.shape, ctx.axis, ctx.keepdims)
        spread = np.broadcast_to(grad, x.shape) / count(x.shape, ctx.axis)
        return Std.backward(ctx, grad_std) + spread


def _mean(x: Array, axis: Axis, keepdims: bool) -> Array:
    """The mean, summed in float64, as the loop that computes the variance has it."""
    total = np.sum(x, axis=axis, keepdims=keepdims, dtype=np.float64)
    return np.asarray(total / np.float64(count(x.shape, axis))).astype(x.dtype)


class Logsumexp(Function):
    """out = log(sum(exp(x))) along axes, without overflow.   grad_x = g * exp(x - out)."""

    @staticmethod
    def forward(ctx: Context, x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
        ctx.axis, ctx.keepdims = axis, keepdims
        if x.size == 0:
            out = libm.log(np.sum(libm.exp(x), axis=axis, keepdims=keepdims))
        else:
            largest = np.max(x, axis=axis, keepdims=True)
            largest = np.where(np.isinf(largest), x.dtype.type(0), largest)
            total = np.sum(libm.exp(x - largest), axis=axis, keepdims=True)
            out = libm.log(total) + largest
            out = out if keepdims else out.reshape(np.sum(x, axis=axis).shape)
        ctx.save_for_backward(x, np.asarray(out))
        return ctx.to_save[1]

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        x, out = ctx.saved_tensors
        grad = restore(grad_output, x.shape, ctx.axis, ctx.keepdims)
        return grad * libm.exp(x - restore(out, x.shape, ctx.axis, ctx.keepdims))
