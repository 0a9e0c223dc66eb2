"""Many values in, fewer out: sums, extremes, spreads.

`axis` is None (all), or a tuple of non-negative axes; `keepdims` as in NumPy. `restore` gives an
output or its gradient the axes back, so that it broadcasts against the input.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from minitorch_clf.ops.elementary import Sign
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
        return np.sum(x, axis=axis, keepdims=keepdims, dtype=dtype)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        grad = restore(grad_output, ctx.shape, ctx.axis, ctx.keepdims)
        return np.broadcast_to(grad, ctx.shape)


class SumDim(Sum):
    """out = sum(x) over some axes: the name that PyTorch prints for it."""

    name = "SumBackward1"


class Mean(Function):
    """out = sum(x) / n.   grad_x = g / n everywhere."""

    @staticmethod
    def forward(ctx: Context, x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
        ctx.shape, ctx.axis, ctx.keepdims = x.shape, axis, keepdims
        return np.sum(x, axis=axis, keepdims=keepdims) / x.dtype.type(count(x.shape, axis))

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        grad = restore(grad_output, ctx.shape, ctx.axis, ctx.keepdims)
        return np.broadcast_to(grad, ctx.shape) / count(ctx.shape, ctx.axis)


class MeanDim(Mean):
    """out = sum(x) / n over some axes: the name that PyTorch prints for it."""

    name = "MeanBackward1"


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


class Logsumexp(Function):
    """out = log(sum(exp(x))) along axes, without overflow.   grad_x = g * exp(x - out)."""

    @staticmethod
    def forward(ctx: Context, x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
        ctx.axis, ctx.keepdims = axis, keepdims
        if x.size == 0:
            out = np.log(np.sum(np.exp(x), axis=axis, keepdims=keepdims))
        else:
            largest = np.max(x, axis=axis, keepdims=True)
            largest = np.where(np.isinf(largest), x.dtype.type(0), largest)
            total = np.sum(np.exp(x - largest), axis=axis, keepdims=True)
            out = np.log(total) + largest
            out = out if keepdims else out.reshape(np.sum(x, axis=axis).shape)
        ctx.save_for_backward(x, np.asarray(out))
        return ctx.to_save[1]

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        x, out = ctx.saved_tensors
        grad = restore(grad_output, x.shape, ctx.axis, ctx.keepdims)
        return grad * np.exp(x - restore(out, x.shape, ctx.axis, ctx.keepdims))


class Norm(Function):
    """out = (sum |x|^p)^(1/p), with the limits p = 0, inf, -inf.   Its gradient at x = 0 is 0.

    p = 2:    grad_x = g * x / out
    p = 1:    grad_x = g * sign(x)
    p = inf:  g * sign(x), shared evenly among the places where |x| = out
    other p:  grad_x = g * sign(x) * (|x| / out) ** (p - 1)
    """

    name = "LinalgVectorNormBackward0"

    @staticmethod
    def forward(
        ctx: Context, x: Array, *, p: float = 2, axis: Axis = None, keepdims: bool = False
    ) -> Array:
        ctx.p, ctx.axis, ctx.keepdims = p, axis, keepdims
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
            out = np.power(np.sum(np.power(size, p), **how), x.dtype.type(1 / p))
        ctx.save_for_backward(x, np.asarray(out))
        return ctx.to_save[1]

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        x, out = ctx.saved_tensors
        grad = restore(grad_output, x.shape, ctx.axis, ctx.keepdims)
        norm = restore(out, x.shape, ctx.axis, ctx.keepdims)
        if ctx.p == 0:
            return np.zeros_like(x)
        if ctx.p == 1:
            return grad * Sign.call(x)
        if ctx.p == 2:
            return grad * np.where(norm == 0, 0.0, x / norm)
        if abs(ctx.p) == np.inf:
            largest = (np.abs(x) == norm) | ((x != x) & (norm != norm))
            return Sign.call(x) * share_evenly(grad, largest, ctx.axis)
        relative = np.where((norm == 0) | (x == 0), 0.0, (np.abs(x) / norm) ** (ctx.p - 1))
        return grad * Sign.call(x) * relative
