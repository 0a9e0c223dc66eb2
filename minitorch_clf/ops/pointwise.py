"""One value in, one value out, at every place: arithmetic, powers, exponentials, clamping.

Inputs broadcast; `sum_to_size` undoes that in backward. An input may be a Python scalar: it has a
shape too, (), and asks for no gradient.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minitorch_clf.kernels.pointwise import scaled_sum
from minitorch_clf.ops.broadcast import sum_to_size
from minitorch_clf.tape import Array, Context, Function

# --- arithmetic -----------------------------------------------------------------------------------


def add_scaled(x: Array, y: Array, alpha: float) -> Array:
    """x + alpha * y; floats are rounded once, as PyTorch's AVX kernel does."""
    dtype = np.result_type(x, y)
    if dtype.kind != "f":
        return np.add(x, np.multiply(y, alpha))
    x, y = np.broadcast_arrays(np.asarray(x, dtype), np.asarray(y, dtype))
    out = np.empty(x.shape, dtype)
    scaled_sum(
        np.ascontiguousarray(x).reshape(-1),
        np.ascontiguousarray(y).reshape(-1),
        dtype.type(alpha),
        out.reshape(-1),
    )
    return out


class Add(Function):
    """out = x + alpha * y.   grad_x = g, grad_y = alpha * g.

    With alpha PyTorch's AVX kernel rounds once (fused multiply-add), and so do we.
    """

    @staticmethod
    def forward(ctx: Context, x: Array, y: Array, *, alpha: float = 1) -> Array:
        ctx.x_shape, ctx.y_shape, ctx.alpha = np.shape(x), np.shape(y), alpha
        return np.add(x, y) if alpha == 1 else add_scaled(x, y, alpha)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array | None, ...]:
        grad_x, grad_y = None, None
        if ctx.needs_input_grad[0]:
            grad_x = sum_to_size(grad_output, ctx.x_shape)
        if ctx.needs_input_grad[1]:
            scaled = grad_output if ctx.alpha == 1 else grad_output * ctx.alpha
            grad_y = sum_to_size(scaled, ctx.y_shape)
        return grad_x, grad_y


class Sub(Function):
    """out = x - alpha * y.   grad_x = g, grad_y = -alpha * g."""

    @staticmethod
    def forward(ctx: Context, x: Array, y: Array, *, alpha: float = 1) -> Array:
        ctx.x_shape, ctx.y_shape, ctx.alpha = np.shape(x), np.shape(y), alpha
        return np.subtract(x, y) if alpha == 1 else add_scaled(x, y, -alpha)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array | None, ...]:
        grad_x, grad_y = None, None
        if ctx.needs_input_grad[0]:
            grad_x = sum_to_size(grad_output, ctx.x_shape)
        if ctx.needs_input_grad[1]:
            scaled = -grad_output if ctx.alpha == 1 else -grad_output * ctx.alpha
            grad_y = sum_to_size(scaled, ctx.y_shape)
        return grad_x, grad_y


class Rsub(Function):
    """out = y - x.   grad_x = -g, grad_y = g.   What `2 - tensor` records."""

    name = "RsubBackward1"

    @staticmethod
    def forward(ctx: Context, x: Array, y: Array) -> Array:
        ctx.x_shape, ctx.y_shape = np.shape(x), np.shape(y)
        return np.subtract(y, x)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array | None, ...]:
        grad_x, grad_y = None, None
        if ctx.needs_input_grad[0]:
            grad_x = sum_to_size(-grad_output, ctx.x_shape)
        if ctx.needs_input_grad[1]:
            grad_y = sum_to_size(grad_output, ctx.y_shape)
        return grad_x, grad_y


class Mul(Function):
    """out = x * y.   grad_x = g * y, grad_y = g * x: each needs the other, saved only if asked."""

    @staticmethod
    def forward(ctx: Context, x: Array, y: Array) -> Array:
        ctx.x_shape, ctx.y_shape = np.shape(x), np.shape(y)
        needs_x, needs_y = ctx.needs_input_grad
        ctx.save_for_backward(x if needs_y else None, y if needs_x else None)
        return np.multiply(x, y)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array | None, ...]:
        x, y = ctx.saved_tensors
        grad_x, grad_y = None, None
        if ctx.needs_input_grad[0]:
            grad_x = sum_to_size(grad_output * y, ctx.x_shape)
        if ctx.needs_input_grad[1]:
            grad_y = sum_to_size(grad_output * x, ctx.y_shape)
        return grad_x, grad_y


class Div(Function):
    """out = x / y.   grad_x = g / y, grad_y = -g * ((x / y) / y)   (PyTorch's order of divisions).

    With a rounding mode the quotient is a step function, and both gradients are zero.
    """

    @staticmethod
    def forward(ctx: Context, x: Array, y: Array, *, rounding_mode: str | None = None) -> Array:
        ctx.x_shape, ctx.y_shape, ctx.rounded = np.shape(x), np.shape(y), rounding_mode is not None
        needs_y = ctx.needs_input_grad[1]
        ctx.save_for_backward(x if needs_y else None, y)
        if rounding_mode == "floor":
            return np.floor_divide(x, y)
        out = np.divide(x, y)
        return np.trunc(out) if rounding_mode == "trunc" else out

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array | None, ...]:
        x, y = ctx.saved_tensors
        grad_x, grad_y = None, None
        if ctx.needs_input_grad[0]:
            grad = np.zeros_like(grad_output) if ctx.rounded else grad_output / y
            grad_x = sum_to_size(grad, ctx.x_shape)
        if ctx.needs_input_grad[1]:
            grad = np.zeros_like(grad_output) if ctx.rounded else -grad_output * ((x / y) / y)
            grad_y = sum_to_size(grad, ctx.y_shape)
        return grad_x, grad_y


class FloorDivide(Function):
    """out = floor(x / y).   PyTorch gives it no derivative, not even 0."""

    name = "NotImplemented"

    @staticmethod
    def forward(ctx: Context, x: Array, y: Array) -> Array:
        return np.floor_divide(x, y)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        raise RuntimeError("derivative for aten::floor_divide is not implemented")


class Remainder(Function):
    """out = x - floor(x / y) * y: the sign of y.   grad_x = g, grad_y = -g * floor(x / y)."""

    @staticmethod
    def forward(ctx: Context, x: Array, y: Array) -> Array:
        ctx.x_shape, ctx.y_shape = np.shape(x), np.shape(y)
        ctx.save_for_backward(x, y)
        out = np.fmod(x, y)
        return np.where((out != 0) & ((np.less(y, 0)) != (out < 0)), np.add(out, y), out)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array | None, ...]:
        x, y = ctx.saved_tensors
        grad_x, grad_y = None, None
        if ctx.needs_input_grad[0]:
            grad_x = sum_to_size(grad_output, ctx.x_shape)
        if ctx.needs_input_grad[1]:
            quotient = Div.call(x, y, rounding_mode="floor")
            grad_y = sum_to_size(-grad_output * quotient, ctx.y_shape)
        return grad_x, grad_y


class Fmod(Function):
    """out = x - trunc(x / y) * y: the sign of x.   grad_x = g, grad_y = -g * trunc(x / y)."""

    @staticmethod
    def forward(ctx: Context, x: Array, y: Array) -> Array:
        ctx.x_shape, ctx.y_shape = np.shape(x), np.shape(y)
        ctx.save_for_backward(x, y)
        return np.fmod(x, y)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array | None, ...]:
        x, y = ctx.saved_tensors
        grad_x, grad_y = None, None
        if ctx.needs_input_grad[0]:
            grad_x = sum_to_size(grad_output, ctx.x_shape)
        if ctx.needs_input_grad[1]:
            grad_y = sum_to_size(-grad_output * np.trunc(x / y), ctx.y_shape)
        return grad_x, grad_y


class Neg(Function):
    """out = -x.   grad_x = -g."""

    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        return np.negative(x)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        return -grad_output


class Abs(Function):
    """out = |x|.   grad_x = g * sign(x), so 0 at 0 (and at nan)."""

    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        ctx.save_for_backward(x)
        return np.abs(x)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        (x,) = ctx.saved_tensors
        return grad_output * Sign.call(x)


class Reciprocal(Function):
    """out = 1 / x.   grad_x = -g * out * out."""

    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        out = np.true_divide(1, x)
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        (out,) = ctx.saved_tensors
        return -grad_output * (out * out)


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
    return np.power(x, exponent)


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
        ctx.x_shape, ctx.y_shape = np.shape(x), np.shape(y)
        out = np.power(x, y) if np.asarray(x).dtype.kind == "f" else integer_power(x, y)
        ctx.save_for_backward(x, y, out)
        return out

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array | None, ...]:
        x, y, out = ctx.saved_tensors
        grad_x, grad_y = None, None
        if ctx.needs_input_grad[0]:
            slope = np.where(y == 0, 0.0, grad_output * (y * x ** (y - 1)))
            grad_x = sum_to_size(slope, ctx.x_shape)
        if ctx.needs_input_grad[1]:
            flat = (x == 0) & (y >= 0)
            slope = grad_output * np.where(flat, 0.0, out * np.log(x))
            grad_y = sum_to_size(slope, ctx.y_shape)
        return grad_x, grad_y


class PowOfNumber(PowTensor):
    """out = number ** y: the name that PyTorch prints for it."""

    name = "PowBackward2"


class Sqrt(Function):
    """out = sqrt(x).   grad_x = g / (2 * out), so inf at 0."""

    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        out = np.sqrt(x)
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


# --- exponentials, logarithms, circles ------------------------------------------------------------


class Exp(Function):
    """out = exp(x).   grad_x = g * out, so only `out` is saved."""

    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        out = np.exp(x)
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
        out = np.expm1(x)
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
        return np.log(x)

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
        return np.log1p(x)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        (x,) = ctx.saved_tensors
        return grad_output / (x + 1)


class Log2(Function):
    """out = log(x) / log(2).   grad_x = g / (x * log(2))."""

    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        ctx.save_for_backward(x)
        return np.log2(x)

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
        return np.log10(x)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        (x,) = ctx.saved_tensors
        return grad_output / (x * LN10)


class Sin(Function):
    """out = sin(x).   grad_x = g * cos(x)."""

    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        ctx.save_for_backward(x)
        return np.sin(x)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        (x,) = ctx.saved_tensors
        return grad_output * np.cos(x)


class Cos(Function):
    """out = cos(x).   grad_x = -g * sin(x)."""

    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        ctx.save_for_backward(x)
        return np.cos(x)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        (x,) = ctx.saved_tensors
        return grad_output * -np.sin(x)


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


# --- choosing -------------------------------------------------------------------------------------


class Maximum(Function):
    """out = max(x, y); nan if either is.   Each gets g where it is not the smaller; half in a tie.

    A comparison with nan is false, so both get the full gradient there.
    """

    @staticmethod
    def forward(ctx: Context, x: Array, y: Array) -> Array:
        ctx.save_for_backward(x, y)
        return np.maximum(x, y)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array | None, ...]:
        x, y = ctx.saved_tensors
        return _shared(ctx, grad_output, x, y, x < y, x > y)


class Minimum(Function):
    """out = min(x, y); nan if either is.   g goes where it is not the larger; half in a tie."""

    @staticmethod
    def forward(ctx: Context, x: Array, y: Array) -> Array:
        ctx.save_for_backward(x, y)
        return np.minimum(x, y)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array | None, ...]:
        x, y = ctx.saved_tensors
        return _shared(ctx, grad_output, x, y, x > y, x < y)


def _shared(
    ctx: Context, g: Array, x: Array, y: Array, x_loses: Array, y_loses: Array
) -> tuple[Array | None, ...]:
    halved = np.where(x == y, g / 2, g)
    grad_x, grad_y = None, None
    if ctx.needs_input_grad[0]:
        grad_x = sum_to_size(np.where(x_loses, 0.0, halved), x.shape)
    if ctx.needs_input_grad[1]:
        grad_y = sum_to_size(np.where(y_loses, 0.0, halved), y.shape)
    return grad_x, grad_y


class Clamp(Function):
    """out = min(max(x, lower), upper), the bounds Python numbers or None.

    grad_x = g where lower <= x <= upper, also on the bounds; 0 elsewhere and at nan.
    """

    name = "ClampBackward1"

    @staticmethod
    def forward(ctx: Context, x: Array, *, lower: float | None, upper: float | None) -> Array:
        ctx.lower, ctx.upper = lower, upper
        ctx.save_for_backward(x)
        out = x if lower is None else np.where(x < lower, x.dtype.type(lower), x)  # -0.0 stays
        out = out if upper is None else np.where(out > upper, x.dtype.type(upper), out)
        return out if out is not x else x.copy()

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        (x,) = ctx.saved_tensors
        above = x == x if ctx.lower is None else x >= ctx.lower
        below = x == x if ctx.upper is None else x <= ctx.upper
        return np.where(above & below, grad_output, 0.0)


class ClampTensor(Function):
    """out = min(max(x, lower), upper), the bounds arrays or None.

    g goes to x on and within the bounds, to `lower` where x < lower < upper, to `upper` where
    x > upper or lower > upper.
    """

    name = "ClampBackward0"

    @staticmethod
    def forward(ctx: Context, x: Array, lower: Array | None, upper: Array | None) -> Array:
        ctx.save_for_backward(x, lower, upper)
        out = x if lower is None else np.maximum(x, lower)
        return out if upper is None else np.minimum(out, upper)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array | None, ...]:
        x, lower, upper = ctx.saved_tensors
        inside, too_low, too_high = x == x, None, None  # nan is not inside
        if lower is not None:
            inside, too_low = inside & (x >= lower), x < lower
        if upper is not None:
            inside, too_high = inside & (x <= upper), x > upper
        if lower is not None and upper is not None:
            too_low, too_high = too_low & (lower < upper), too_high | (upper < lower)
        grad_x = sum_to_size(np.where(inside, grad_output, 0.0), x.shape)
        grad_lower, grad_upper = None, None
        if ctx.needs_input_grad[1]:
            grad_lower = sum_to_size(np.where(too_low, grad_output, 0.0), lower.shape)
        if ctx.needs_input_grad[2]:
            grad_upper = sum_to_size(np.where(too_high, grad_output, 0.0), upper.shape)
        return grad_x, grad_lower, grad_upper


class Where(Function):
    """out = x where condition, else y.   Each gets g where it was chosen, 0 elsewhere."""

    @staticmethod
    def forward(ctx: Context, condition: Array, x: Array, y: Array) -> Array:
        ctx.x_shape, ctx.y_shape = np.shape(x), np.shape(y)
        ctx.save_for_backward(condition)
        return np.where(condition, x, y)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array | None, ...]:
        (condition,) = ctx.saved_tensors
        grad_x, grad_y = None, None
        if ctx.needs_input_grad[1]:
            grad_x = sum_to_size(np.where(condition, grad_output, 0.0), ctx.x_shape)
        if ctx.needs_input_grad[2]:
            grad_y = sum_to_size(np.where(condition, 0.0, grad_output), ctx.y_shape)
        return None, grad_x, grad_y


# --- copies ---------------------------------------------------------------------------------------


class Clone(Function):
    """out = a copy of x, in x's layout.   grad_x = g."""

    @staticmethod
    def forward(ctx: Context, x: Array, *, order: Any = "K") -> Array:
        return np.array(x, order=order, copy=True)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        return grad_output


class ToCopy(Function):
    """out = x in another dtype.   grad_x = g, which the tape casts back."""

    @staticmethod
    def forward(ctx: Context, x: Array, *, dtype: np.dtype[Any]) -> Array:
        return x.astype(dtype)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        return grad_output


class Copy(Function):
    """out = y, broadcast to x's shape and dtype: what `x.copy_(y)` writes.   grad_x = 0."""

    name = "CopyBackwards"

    @staticmethod
    def forward(ctx: Context, x: Array, y: Array) -> Array:
        ctx.y_shape = np.shape(y)
        return np.broadcast_to(np.asarray(y).astype(x.dtype, copy=False), x.shape)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array | None, ...]:
        grad_y = sum_to_size(grad_output, ctx.y_shape) if ctx.needs_input_grad[1] else None
        return np.zeros_like(grad_output), grad_y


class Fill(Function):
    """out = the number `value` everywhere.   grad_x = 0."""

    @staticmethod
    def forward(ctx: Context, x: Array, *, value: float) -> Array:
        return np.full_like(x, value)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        return np.zeros_like(grad_output)


class Zero(Fill):
    """out = 0 everywhere.   grad_x = 0."""


class MaskedFill(Function):
    """out = value where mask, else x.   grad_x = 0 under it, grad_value = the sum under it."""

    @staticmethod
    def forward(ctx: Context, x: Array, value: Array, *, mask: Array) -> Array:
        ctx.x_shape, ctx.value_shape = np.shape(x), np.shape(value)
        ctx.save_for_backward(mask)
        return np.where(mask, np.asarray(value).astype(x.dtype), x)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array | None, ...]:
        (mask,) = ctx.saved_tensors
        grad_x, grad_value = None, None
        if ctx.needs_input_grad[0]:
            grad_x = sum_to_size(np.where(mask, 0.0, grad_output), ctx.x_shape)
        if ctx.needs_input_grad[1]:
            grad_value = sum_to_size(np.where(mask, grad_output, 0.0), ctx.value_shape)
        return grad_x, grad_value
