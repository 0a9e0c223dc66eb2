"""Arithmetic: one value in, one value out, at every place.

Inputs broadcast; `sum_to_size` undoes that in backward. An input may be a Python scalar: it has a
shape too, (), and asks for no gradient.
"""

from __future__ import annotations

import numpy as np

from minitorch_clf.kernels.pointwise import abs_backward, scaled_sum
from minitorch_clf.ops.activation import fill, plain
from minitorch_clf.ops.broadcast import negated, shape_of, spread, sum_to_size
from minitorch_clf.ops.elementary import Sign
from minitorch_clf.tape import Array, Context, Function


def add_scaled(x: Array, y: Array, alpha: float) -> Array:
    """x + alpha * y; floats are rounded once, as PyTorch's AVX kernel does."""
    dtype = np.result_type(x, y)
    if dtype.kind != "f":
        return np.add(x, np.multiply(y, alpha))
    x, y = spread(np.asarray(x, dtype), np.asarray(y, dtype))
    out = np.empty(x.shape, dtype)
    scaled_sum(x.reshape(-1), y.reshape(-1), dtype.type(alpha), out.reshape(-1))
    return out


class Add(Function):
    """out = x + alpha * y.   grad_x = g, grad_y = alpha * g.

    With alpha PyTorch's AVX kernel rounds once (fused multiply-add), and so do we.
    """

    @staticmethod
    def forward(ctx: Context, x: Array, y: Array, *, alpha: float = 1) -> Array:
        ctx.x_shape, ctx.y_shape, ctx.alpha = shape_of(x), shape_of(y), alpha
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
        ctx.x_shape, ctx.y_shape, ctx.alpha = shape_of(x), shape_of(y), alpha
        return np.subtract(x, y) if alpha == 1 else add_scaled(x, y, -alpha)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array | None, ...]:
        grad_x, grad_y = None, None
        if ctx.needs_input_grad[0]:
            grad_x = sum_to_size(grad_output, ctx.x_shape)
        if ctx.needs_input_grad[1]:
            scaled = negated(grad_output) if ctx.alpha == 1 else -grad_output * ctx.alpha
            grad_y = sum_to_size(scaled, ctx.y_shape)
        return grad_x, grad_y


class Rsub(Function):
    """out = y - x.   grad_x = -g, grad_y = g.   What `2 - tensor` records."""

    name = "RsubBackward1"

    @staticmethod
    def forward(ctx: Context, x: Array, y: Array) -> Array:
        ctx.x_shape, ctx.y_shape = shape_of(x), shape_of(y)
        return np.subtract(y, x)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array | None, ...]:
        grad_x, grad_y = None, None
        if ctx.needs_input_grad[0]:
            grad_x = sum_to_size(negated(grad_output), ctx.x_shape)
        if ctx.needs_input_grad[1]:
            grad_y = sum_to_size(grad_output, ctx.y_shape)
        return grad_x, grad_y


class RsubTensor(Rsub):
    """out = y - x, two tensors: the name that PyTorch prints for it."""

    name = "RsubBackward0"


class Mul(Function):
    """out = x * y.   grad_x = g * y, grad_y = g * x: each needs the other, saved only if asked."""

    @staticmethod
    def forward(ctx: Context, x: Array, y: Array) -> Array:
        ctx.x_shape, ctx.y_shape = shape_of(x), shape_of(y)
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
        ctx.x_shape, ctx.y_shape, ctx.rounded = shape_of(x), shape_of(y), rounding_mode is not None
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
        ctx.x_shape, ctx.y_shape = shape_of(x), shape_of(y)
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


class RemainderTensor(Remainder):
    """Remainder by a tensor: the name that PyTorch prints for it."""

    name = "RemainderBackward1"


class Fmod(Function):
    """out = x - trunc(x / y) * y: the sign of x.   grad_x = g, grad_y = -g * trunc(x / y)."""

    @staticmethod
    def forward(ctx: Context, x: Array, y: Array) -> Array:
        ctx.x_shape, ctx.y_shape = shape_of(x), shape_of(y)
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


class FmodTensor(Fmod):
    """Fmod by a tensor: the name that PyTorch prints for it."""

    name = "FmodBackward1"


class Neg(Function):
    """out = -x.   grad_x = -g."""

    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        return np.negative(x)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        return negated(grad_output)


class Abs(Function):
    """out = |x|.   grad_x = g * sign(x), so 0 at 0 (and at nan)."""

    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        ctx.save_for_backward(x)
        return np.abs(x)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        (x,) = ctx.saved_tensors
        if plain(x, grad_output):
            return fill(abs_backward, grad_output, x)
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
