"""Powers and roots, exponentials and logarithms, and the steps of rounding."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minitorch_clf.kernels.pointwise import sqrt as sqrt_as_mkl
from minitorch_clf.kernels.sqrt import mkl_estimates
from minitorch_clf.ops import libm
from minitorch_clf.ops.broadcast import shape_of, sum_to_size
from minitorch_clf.tape import Array, Context, Function

# --- powers ---------------------------------------------------------------------------------------


def power(x: Array, exponent: Any) -> Array:
    """x ** exponent with PyTorch's short cuts: small exponents are products and roots."""
    if exponent == 2:
        return x * x
    if exponent == 3:
        return x * x * x
    if isinstance(exponent, float) or x.dtype.kind == "f":
        if exponent == 0.5:
            return np.sqrt(x)
        if exponent == -0.5:
            return 1 / np.sqrt(x)
        if exponent == -1:
            return 1 / x
        if exponent == -2:
            return 1 / (x * x)
    return libm.power(x, exponent)


class Pow(Function):
    """out = x ** exponent, a Python number.   grad_x = g * (exponent * x ** (exponent - 1)).

    0 for exponent 0, also at x = 0.
    """

    @staticmethod
    def forward(ctx: Context, x: Array, *, exponent: float) -> Array:
        ctx.exponent = exponent
        ctx.save_for_backward(x)
        return power(x, exponent)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        (x,) = ctx.saved_tensors
        if ctx.exponent == 0:
            return np.zeros_like(grad_output)
        return grad_output * (ctx.exponent * Pow.call(x, exponent=ctx.exponent - 1))


def integer_power(x: Array, y: Array) -> Array:
    """x ** y; below 0 that is the reciprocal, cut to an integer: 0, unless x is 1 or -1."""
    y = np.asarray(y)
    negative = y < 0
    if not negative.any():
        return np.power(x, y)
    unit = np.where(np.abs(x) == 1, np.power(x, -y * negative), 0)
    return np.where(negative, unit, np.power(x, y * ~negative)).astype(np.asarray(x).dtype)


class PowTensor(Function):
    """out = x ** y, both may want a gradient.

    grad_x = g * y * x ** (y - 1), 0 where y = 0;
    grad_y = g * out * log(x), 0 where x = 0 and y >= 0 (not 0 * -inf).
    """

    name = "PowBackward1"

    @staticmethod
    def forward(ctx: Context, x: Array, y: Array) -> Array:
        ctx.x_shape, ctx.y_shape = shape_of(x), shape_of(y)
        out = libm.power(x, y) if np.asarray(x).dtype.kind == "f" else integer_power(x, y)
        ctx.save_for_backward(x, y, out)
        return out

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array | None, ...]:
        x, y, out = ctx.saved_tensors
        grad_x, grad_y = None, None
        if ctx.needs_input_grad[0]:
            slope = np.where(y == 0, 0.0, grad_output * (y * libm.power(x, y - 1)))
            grad_x = sum_to_size(slope, ctx.x_shape)
        if ctx.needs_input_grad[1]:
            flat = (x == 0) & (y >= 0)
            slope = grad_output * np.where(flat, 0.0, out * libm.log(x))
            grad_y = sum_to_size(slope, ctx.y_shape)
        return grad_x, grad_y


class PowOfNumber(PowTensor):
    """out = number ** y: the name that PyTorch prints for it."""

    name = "PowBackward2"


def root(x: Array) -> Array:
    """sqrt(x) with PyTorch's bits, which on many machines are not NumPy's (kernels/sqrt.py)."""
    if not mkl_estimates(x.dtype):
        return np.sqrt(x)
    out = np.empty(x.shape, x.dtype)
    sqrt_as_mkl(x.ravel(), True, out.reshape(-1))
    return out


class Sqrt(Function):
    """out = sqrt(x).   grad_x = g / (2 * out), so inf at 0."""

    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        out = root(x)
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        (out,) = ctx.saved_tensors
        return grad_output / (2 * out)


class Rsqrt(Function):
    """out = 1 / sqrt(x).   grad_x = -g / 2 * out ** 3."""

    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        out = 1 / np.sqrt(x)
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        (out,) = ctx.saved_tensors
        return -0.5 * grad_output * (out * out * out)


# --- exponentials and logarithms ------------------------------------------------------------------


class Exp(Function):
    """out = exp(x).   grad_x = g * out, so only `out` is saved."""

    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        out = libm.exp(x)
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        (out,) = ctx.saved_tensors
        return grad_output * out


class Expm1(Function):
    """out = exp(x) - 1, exact near 0.   grad_x = g * (out + 1)."""

    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        out = libm.expm1(x)
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        (out,) = ctx.saved_tensors
        return grad_output * (out + 1)


class Log(Function):
    """out = log(x).   grad_x = g / x."""

    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        ctx.save_for_backward(x)
        return libm.log(x)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        (x,) = ctx.saved_tensors
        return grad_output / x


class Log1p(Function):
    """out = log(1 + x), exact near 0.   grad_x = g / (x + 1)."""

    name = "Log1PBackward0"

    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        ctx.save_for_backward(x)
        return libm.log1p(x)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        (x,) = ctx.saved_tensors
        return grad_output / (x + 1)


class Log2(Function):
    """out = log(x) / log(2).   grad_x = g / (x * log(2))."""

    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        ctx.save_for_backward(x)
        return libm.log2(x)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        (x,) = ctx.saved_tensors
        return grad_output / (x * math.log(2))


LN10 = 2.3025850929940456  # log(10), written with its last digit as in PyTorch's derivatives.yaml


class Log10(Function):
    """out = log(x) / log(10).   grad_x = g / (x * log(10))."""

    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        ctx.save_for_backward(x)
        return libm.log10(x)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        (x,) = ctx.saved_tensors
        return grad_output / (x * LN10)


# --- steps: gradient zero -------------------------------------------------------------------------


class _Step(Function):
    """A step function: its gradient is 0 wherever it has one, and PyTorch says 0 at the steps."""

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        return np.zeros_like(grad_output)


class Floor(_Step):
    """The largest integer that is not larger than x."""

    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        return np.floor(x)


class Ceil(_Step):
    """The smallest integer that is not smaller than x."""

    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        return np.ceil(x)


class Trunc(_Step):
    """x without its fraction."""

    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        return np.trunc(x)


class Round(_Step):
    """The nearest integer, the even one where two are as near."""

    @staticmethod
    def forward(ctx: Context, x: Array, *, decimals: int = 0) -> Array:
        return np.round(x, decimals)


class Sign(_Step):
    """-1, 0 or 1; 0 at nan, as in PyTorch (NumPy says nan)."""

    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        return np.nan_to_num(np.sign(x), nan=0.0) if x.dtype.kind == "f" else np.sign(x)


class Sgn(Sign):
    """Sign, under the name that PyTorch prints for `sgn`."""
