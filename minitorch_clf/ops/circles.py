"""Sine and its kin: the functions of the circle and of the hyperbola, and their inverses."""

from __future__ import annotations

import numpy as np

from minitorch_clf.ops import libm
from minitorch_clf.tape import Array, Context, Function


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


class Tan(Function):
    """out = sin(x) / cos(x).   grad_x = g * (1 + out ** 2)."""

    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        out = libm.tan(x)
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        (out,) = ctx.saved_tensors
        return grad_output * (1 + out * out)


class Asin(Function):
    """out = the angle in [-pi/2, pi/2] with sine x.   grad_x = g / sqrt(1 - x ** 2)."""

    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        ctx.save_for_backward(x)
        return libm.asin(x)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        (x,) = ctx.saved_tensors
        return grad_output * (1 / np.sqrt(-x * x + 1))


class Acos(Function):
    """out = the angle in [0, pi] with cosine x.   grad_x = -g / sqrt(1 - x ** 2)."""

    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        ctx.save_for_backward(x)
        return libm.acos(x)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        (x,) = ctx.saved_tensors
        return grad_output * -(1 / np.sqrt(-x * x + 1))


class Atan(Function):
    """out = the angle in (-pi/2, pi/2) with tangent x.   grad_x = g / (x ** 2 + 1)."""

    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        ctx.save_for_backward(x)
        return libm.atan(x)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        (x,) = ctx.saved_tensors
        return grad_output / (x * x + 1)


class Sinh(Function):
    """out = (exp(x) - exp(-x)) / 2.   grad_x = g * cosh(x)."""

    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        ctx.save_for_backward(x)
        return libm.sinh(x)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        (x,) = ctx.saved_tensors
        return grad_output * libm.cosh(x)


class Cosh(Function):
    """out = (exp(x) + exp(-x)) / 2.   grad_x = g * sinh(x)."""

    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        ctx.save_for_backward(x)
        return libm.cosh(x)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        (x,) = ctx.saved_tensors
        return grad_output * libm.sinh(x)


class Asinh(Function):
    """out = log(x + sqrt(x ** 2 + 1)).   grad_x = g / sqrt(x ** 2 + 1)."""

    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        ctx.save_for_backward(x)
        return libm.asinh(x)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        (x,) = ctx.saved_tensors
        return grad_output * (1 / np.sqrt(x * x + 1))


class Acosh(Function):
    """out = log(x + sqrt(x ** 2 - 1)).   grad_x = g / sqrt(x ** 2 - 1)."""

    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        ctx.save_for_backward(x)
        return libm.acosh(x)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        (x,) = ctx.saved_tensors
        return grad_output * (1 / np.sqrt(x * x - 1))


class Atanh(Function):
    """out = log((1 + x) / (1 - x)) / 2.   grad_x = g / (1 - x ** 2)."""

    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        ctx.save_for_backward(x)
        return libm.atanh(x)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        (x,) = ctx.saved_tensors
        return grad_output * (1 / (1 - x * x))
