"""Functions of one value that statistics brings: the error function, logit, sinc, and units."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from minitorch_clf.kernels import pointwise as loops
from minitorch_clf.ops import libm
from minitorch_clf.tape import Array, Context, Function


def fill(loop: Callable[[Array, Array], None], x: Array) -> Array:
    """The `out` of loop(x, out), of x's shape and dtype."""
    out = np.empty(x.shape, x.dtype)
    loop(x.ravel(), out.reshape(-1))
    return out


class Exp2(Function):
    """out = 2 ** x.   grad_x = g * out * log(2)."""

    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        out = libm.exp2(x)
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        (out,) = ctx.saved_tensors
        return grad_output * out * math.log(2)


class Erf(Function):
    """out = 2 / sqrt(pi) * the integral of exp(-t * t) from 0 to x.

    grad_x = g * 2 / sqrt(pi) * exp(-x * x).
    """

    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        ctx.save_for_backward(x)
        return fill(loops.erf, x)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        (x,) = ctx.saved_tensors
        return 2 / math.sqrt(math.pi) * libm.exp(-(x * x)) * grad_output


class Erfc(Function):
    """out = 1 - erf(x).   grad_x = -g * 2 / sqrt(pi) * exp(-x * x)."""

    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        ctx.save_for_backward(x)
        return fill(loops.erfc, x)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        (x,) = ctx.saved_tensors
        return -2 / math.sqrt(math.pi) * libm.exp(-(x * x)) * grad_output


class Logit(Function):
    """out = log(z / (1 - z)), z = x kept within [eps, 1 - eps].   grad_x = g / (x * (1 - x)).

    0 outside those bounds; without eps, nan outside [0, 1].
    """

    @staticmethod
    def forward(ctx: Context, x: Array, *, eps: float | None = None) -> Array:
        ctx.eps = eps
        ctx.save_for_backward(x)
        low = x.dtype.type(0 if eps is None else eps)
        z = x if eps is None else np.minimum(np.maximum(x, low), 1 - low)
        return libm.log(z / (1 - z))

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        (x,) = ctx.saved_tensors
        low, outside = (0.0, math.nan) if ctx.eps is None else (ctx.eps, 0.0)
        inside = (x >= low) & (x <= 1 - low)
        return np.where(inside, grad_output / (x * (1 - x)), outside)


class Sinc(Function):
    """out = sin(pi x) / (pi x), 1 at 0.   grad_x = g * (cos(pi x) - out) / x, 0 at 0."""

    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        ctx.save_for_backward(x)
        return np.sinc(x)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        (x,) = ctx.saved_tensors
        z = x * math.pi
        square = x * x * math.pi
        slope = (z * np.cos(z) - np.sin(z)) / square
        return np.where(square == 0, 0.0, grad_output * slope)


class Frac(Function):
    """out = x - trunc(x).   grad_x = g."""

    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        return x - np.trunc(x)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        return grad_output


class Deg2rad(Function):
    """out = x * pi / 180.   grad_x = g * pi / 180."""

    name = "Deg2RadBackward0"

    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        return x * (math.pi / 180)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        return grad_output * (math.pi / 180)


class Rad2deg(Function):
    """out = x * 180 / pi.   grad_x = g * 180 / pi."""

    name = "Rad2DegBackward0"

    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        return x * (180 / math.pi)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        return grad_output * (180 / math.pi)


class NanToNum(Function):
    """out = x with nan, inf and -inf replaced by numbers.   grad_x = g, 0 where replaced."""

    @staticmethod
    def forward(
        ctx: Context, x: Array, *, nan: float, posinf: float | None, neginf: float | None
    ) -> Array:
        ctx.save_for_backward(np.isfinite(x))
        return np.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        (kept,) = ctx.saved_tensors
        return grad_output * kept
