"""The Gaussian error linear unit, exact and by way of tanh."""

from __future__ import annotations

import math

from minitorch_clf.kernels import activation as loops
from minitorch_clf.ops import libm
from minitorch_clf.ops.activation import Sigmoid, fill
from minitorch_clf.tape import Array, Context, Function


class Gelu(Function):
    """out = x * P(x), P the normal distribution function.   grad_x = g * (P(x) + x * p(x)).

    PyTorch's float32 kernel approximates P to 1e-7; so does ours, but not to the same bits.
    """

    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        ctx.save_for_backward(x)
        return fill(loops.gelu, x)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        (x,) = ctx.saved_tensors
        return GeluBackward.call(grad_output, x)


class GeluBackward(Function):
    """grad_x of Gelu.   Its own grad_x = h * g * p(x) * (2 - x * x)."""

    @staticmethod
    def forward(ctx: Context, grad: Array, x: Array) -> Array:
        ctx.save_for_backward(grad, x)
        return fill(loops.gelu_backward, grad, x)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array, Array]:
        grad, x = ctx.saved_tensors
        density = libm.exp(-0.5 * x * x) * (1 / math.sqrt(2 * math.pi))
        curvature = density * (2 - x * x)
        return GeluBackward.call(grad_output, x), grad_output * grad * curvature


class GeluTanh(Function):
    """out = x / 2 * (1 + tanh(u)) with u = sqrt(2 / pi) * (x + 0.044715 * x**3): close to Gelu.

    Computed as x * s with s = sigmoid(2 * u), which rounds less.
    grad_x = g * (s + x * s * (1 - s) * 2u').
    """

    name = "GeluBackward0"

    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        ctx.save_for_backward(x)
        return fill(loops.gelu_tanh, x)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        (x,) = ctx.saved_tensors
        return GeluTanhBackward.call(grad_output, x)


class GeluTanhBackward(Function):
    """grad_x of GeluTanh.

    Its own grad_x = h * g * s * (1 - s) * (2v + x * v * v * (1 - 2 * s) + x * v'), v = 2u'.
    """

    name = "GeluBackwardBackward0"

    @staticmethod
    def forward(ctx: Context, grad: Array, x: Array) -> Array:
        ctx.save_for_backward(grad, x)
        return fill(loops.gelu_tanh_backward, grad, x)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array, Array]:
        grad, x = ctx.saved_tensors
        s = Sigmoid.call(2 * loops.BETA * (x + loops.KAPPA * x * x * x))
        v = 2 * loops.BETA * (1 + 3 * loops.KAPPA * x * x)
        v_slope = 12 * loops.BETA * loops.KAPPA * x
        curvature = s * (1 - s) * (2 * v + x * v * v * (1 - 2 * s) + x * v_slope)
        return GeluTanhBackward.call(grad_output, x), grad_output * grad * curvature
