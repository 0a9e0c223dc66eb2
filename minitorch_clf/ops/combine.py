"""Two or three values into one: angles and lengths, sums of exponentials, blends, products added.

PyTorch's AVX loops round `a * b + c` once in lerp and addcmul (fused multiply-add), and so do we.
"""

from __future__ import annotations

import numpy as np

from minitorch_clf.kernels import pointwise as loops
from minitorch_clf.ops import libm
from minitorch_clf.ops.broadcast import shape_of, spread, undo
from minitorch_clf.tape import Array, Context, Function


def multiply_add(x: Array, y: Array, z: Array) -> Array:
    """x * y + z, broadcast; floats are rounded once."""
    dtype = np.result_type(x, y, z)
    if dtype.kind != "f":
        return np.add(np.multiply(x, y), z)
    x, y, z = spread(*[np.asarray(a, dtype) for a in (x, y, z)])
    out = np.empty(x.shape, dtype)
    loops.multiply_add(x.reshape(-1), y.reshape(-1), z.reshape(-1), out.reshape(-1))
    return out


# --- angles and lengths ---------------------------------------------------------------------------


class Atan2(Function):
    """out = the angle of the point (y, x).   grad_x = g * y / r, grad_y = -g * x / r.

    x is the first argument, the ordinate; r = x ** 2 + y ** 2, and both are 0 where r is.
    """

    @staticmethod
    def forward(ctx: Context, x: Array, y: Array) -> Array:
        ctx.shapes = shape_of(x), shape_of(y)
        ctx.save_for_backward(x, y)
        return libm.atan2(x, y)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array | None, ...]:
        x, y = ctx.saved_tensors
        square = x * x + y * y
        inverse = np.where(square == 0, 0.0, 1 / square)
        return undo(ctx, grad_output * (y * inverse), grad_output * (-x * inverse))


class Hypot(Function):
    """out = sqrt(x ** 2 + y ** 2).   grad_x = g * x / out, grad_y = g * y / out."""

    @staticmethod
    def forward(ctx: Context, x: Array, y: Array) -> Array:
        ctx.shapes = shape_of(x), shape_of(y)
        out = np.hypot(x, y)
        ctx.save_for_backward(x, y, out)
        return out

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array | None, ...]:
        x, y, out = ctx.saved_tensors
        return undo(ctx, grad_output * x / out, grad_output * y / out)


class Copysign(Function):
    """out = |x| with the sign of y.   grad_x = g * out / x, 0 at 0; grad_y = 0."""

    @staticmethod
    def forward(ctx: Context, x: Array, y: Array) -> Array:
        ctx.shapes = shape_of(x), shape_of(y)
        out = np.copysign(x, y)
        ctx.save_for_backward(x, out)
        return out

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array | None, ...]:
        x, out = ctx.saved_tensors
        grad_x = grad_output * np.where(x == 0, 0.0, out / x)
        return undo(ctx, grad_x, np.zeros_like(grad_output))


class CopysignScalar(Copysign):
    """Copysign with a number: the name that PyTorch prints for it."""

    name = "CopysignBackward1"


# --- exponentials and logarithms ------------------------------------------------------------------


class Logaddexp(Function):
    """out = log(exp(x) + exp(y)).   grad_x = g / (1 + exp(y - x)), grad_y likewise."""

    @staticmethod
    def forward(ctx: Context, x: Array, y: Array) -> Array:
        ctx.shapes = shape_of(x), shape_of(y)
        ctx.save_for_backward(x, y)
        return np.logaddexp(x, y)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array | None, ...]:
        x, y = ctx.saved_tensors
        return undo(ctx, grad_output / (1 + libm.exp(y - x)), grad_output / (1 + libm.exp(x - y)))


class Logaddexp2(Function):
    """out = log2(2 ** x + 2 ** y).   grad_x = g / (1 + 2 ** (y - x)), grad_y likewise."""

    @staticmethod
    def forward(ctx: Context, x: Array, y: Array) -> Array:
        ctx.shapes = shape_of(x), shape_of(y)
        ctx.save_for_backward(x, y)
        return np.logaddexp2(x, y)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array | None, ...]:
        x, y = ctx.saved_tensors
        return undo(ctx, grad_output / (1 + libm.exp2(y - x)), grad_output / (1 + libm.exp2(x - y)))


class Xlogy(Function):
    """out = x * log(y), 0 where x = 0, nan where y is.   grad_x = g * log(y), grad_y = g * x / y.

    grad_x is 0 where x = 0 and y <= 0.
    """

    @staticmethod
    def forward(ctx: Context, x: Array, y: Array) -> Array:
        ctx.shapes = shape_of(x), shape_of(y)
        ctx.save_for_backward(x, y)
        dtype = np.result_type(x, y)  # NumPy's log of a number is a float64
        out = x * libm.log(np.asarray(y, dtype))
        zero = np.equal(x, 0) & ~np.isnan(y)
        return np.where(zero, np.zeros_like(out), out)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array | None, ...]:
        x, y = ctx.saved_tensors
        grad_x, grad_y = grad_output, grad_output
        if ctx.needs_input_grad[0]:
            grad_x = np.where((x == 0) & (y <= 0), 0.0, Xlogy.call(grad_output, y))
        if ctx.needs_input_grad[1]:
            grad_y = grad_output * x / y
        return undo(ctx, grad_x, grad_y)


class XlogyOfNumber(Xlogy):
    """number * log(y): the name that PyTorch prints for it."""

    name = "XlogyBackward1"


class XlogyWithNumber(Xlogy):
    """x * log(number): the name that PyTorch prints for it."""

    name = "XlogyBackward2"


# --- blends and products added --------------------------------------------------------------------


def blend(x: Array, y: Array, weight: Array) -> Array:
    """x + weight * (y - x), from the nearer end: exactly y at weight 1."""
    gap = np.subtract(y, x)
    near_x = np.abs(weight) < 0.5
    shift = np.where(near_x, weight, -(1 - weight)).astype(gap.dtype)  # -0.0 at weight 1
    return multiply_add(shift, gap, np.where(near_x, x, y))


class Lerp(Function):
    """out = x + weight * (y - x), a number.   grad_x = g * (1 - weight), grad_y = g * weight."""

    @staticmethod
    def forward(ctx: Context, x: Array, y: Array, *, weight: float) -> Array:
        ctx.shapes, ctx.weight = (x.shape, y.shape), weight
        return blend(x, y, x.dtype.type(weight))

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array | None, ...]:
        return undo(ctx, grad_output * (1 - ctx.weight), grad_output * ctx.weight)


class LerpTensor(Function):
    """out = x + weight * (y - x), an array.   grad_weight = g * (y - x), the others as in Lerp."""

    name = "LerpBackward1"

    @staticmethod
    def forward(ctx: Context, x: Array, y: Array, weight: Array) -> Array:
        ctx.shapes = x.shape, y.shape, weight.shape
        ctx.save_for_backward(x, y, weight)
        return blend(x, y, weight)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array | None, ...]:
        x, y, weight = ctx.saved_tensors
        return undo(ctx, grad_output * (1 - weight), grad_output * weight, grad_output * (y - x))


class Addcmul(Function):
    """out = x + value * y * z.   grad_y = g * z * value, grad_z = g * y * value."""

    @staticmethod
    def forward(ctx: Context, x: Array, y: Array, z: Array, *, value: float) -> Array:
        ctx.shapes, ctx.value = (x.shape, y.shape, z.shape), value
        ctx.save_for_backward(y, z)
        return multiply_add(y if value == 1 else y.dtype.type(value) * y, z, x)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array | None, ...]:
        y, z = ctx.saved_tensors
        grad_y, grad_z = grad_output * (z * ctx.value), grad_output * (y * ctx.value)
        return undo(ctx, grad_output, grad_y, grad_z)


class Addcdiv(Function):
    """out = x + value * y / z.   grad_y = g * value / z, grad_z = -g * value * y / z ** 2."""

    @staticmethod
    def forward(ctx: Context, x: Array, y: Array, z: Array, *, value: float) -> Array:
        ctx.shapes, ctx.value = (x.shape, y.shape, z.shape), value
        ctx.save_for_backward(y, z)
        return x + y.dtype.type(value) * y / z

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array | None, ...]:
        y, z = ctx.saved_tensors
        grad_z = -grad_output * (ctx.value * y / (z * z))
        return undo(ctx, grad_output, grad_output * (ctx.value / z), grad_z)


class Heaviside(Function):
    """out = 0 where x < 0, 1 where x > 0, `values` at 0.   PyTorch gives it no derivative."""

    name = "NotImplemented"

    @staticmethod
    def forward(ctx: Context, x: Array, values: Array) -> Array:
        # PyTorch compares; NumPy would hand on a nan
        return np.where(x == 0, values, np.where(np.greater(x, 0), 1, 0)).astype(x.dtype)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        raise RuntimeError("derivative for aten::heaviside is not implemented")
