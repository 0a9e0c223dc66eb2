"""Less common activations, in NumPy's vocabulary: pieces of lines, and gates.

Where x is nan, PyTorch's vector loops and scalar loops give different gradients; these are those of
the scalar ones.
"""

from __future__ import annotations

import numpy as np

from minitorch_clf.ops import libm
from minitorch_clf.ops.activation import Sigmoid
from minitorch_clf.ops.broadcast import sum_to_size
from minitorch_clf.tape import Array, Context, Function

# --- pieces of lines ------------------------------------------------------------------------------


class Threshold(Function):
    """out = x where x > threshold, else value.   grad_x = g or 0, by the same test."""

    @staticmethod
    def forward(ctx: Context, x: Array, *, threshold: float, value: float) -> Array:
        ctx.threshold = threshold
        ctx.save_for_backward(x)
        return np.where(x <= threshold, value, x).astype(x.dtype)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        (x,) = ctx.saved_tensors
        return np.where(x <= ctx.threshold, 0.0, grad_output)


class ThresholdInplace(Threshold):
    """The same, for a tensor that becomes its own result: what is out where out > threshold is x.

    Where value > threshold the two cannot be told apart, and the gradient passes everywhere: as in
    PyTorch.
    """

    name = "ThresholdBackward1"

    @staticmethod
    def forward(ctx: Context, x: Array, *, threshold: float, value: float) -> Array:
        out = Threshold.forward(ctx, x, threshold=threshold, value=value)
        ctx.save_for_backward(out)
        return out


class Hardshrink(Function):
    """out = x where abs(x) > lambd, else 0.   grad_x = g or 0, by the same test."""

    @staticmethod
    def forward(ctx: Context, x: Array, *, lambd: float) -> Array:
        ctx.lambd = lambd
        ctx.save_for_backward(x)
        return np.where(np.abs(x) <= lambd, x.dtype.type(0), x)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        (x,) = ctx.saved_tensors
        return np.where(np.abs(x) <= ctx.lambd, 0.0, grad_output)


class Softshrink(Function):
    """out = x - lambd where x > lambd, x + lambd where x < -lambd, else 0.   grad_x = g or 0."""

    @staticmethod
    def forward(ctx: Context, x: Array, *, lambd: float) -> Array:
        ctx.lambd = lambd
        ctx.save_for_backward(x)
        near = np.where(x == x, x.dtype.type(0), x)  # nan stays
        return np.where(x > lambd, x - lambd, np.where(x < -lambd, x + lambd, near))

    backward = Hardshrink.backward


SIXTH = float(np.float32(1 / 6))  # PyTorch's constant, for float64 too: 3e-8 off


class Hardsigmoid(Function):
    """out = (x + 3) / 6 kept within [0, 1].   grad_x = g / 6 strictly inside, else 0."""

    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        ctx.save_for_backward(x)
        return np.minimum(np.maximum(x + 3, 0), 6) / 6

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        (x,) = ctx.saved_tensors
        return np.where((x > -3) & (x < 3), grad_output * SIXTH, 0.0)


class Hardswish(Function):
    """out = x * hardsigmoid(x).   grad_x = g * (x / 3 + 1 / 2) where -3 < x < 3; else 0 or g."""

    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        ctx.save_for_backward(x)
        return x * np.minimum(np.maximum(x + 3, 0), 6) / 6

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        (x,) = ctx.saved_tensors
        slope = np.where(np.abs(x) < 3, x / 3 + 0.5, 1.0)
        return np.where(x <= -3, 0.0, grad_output * slope)


class PreluKernel(Function):
    """out = x where x > 0, else w * x; w broadcasts.   grad_x = g or w * g, grad_w = 0 or x * g."""

    @staticmethod
    def forward(ctx: Context, x: Array, w: Array) -> Array:
        ctx.save_for_backward(x, w)
        return np.where(x > 0, x, w * x)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array | None, ...]:
        x, w = ctx.saved_tensors
        grad_x = np.where(x > 0, grad_output, w * grad_output)
        if not ctx.needs_input_grad[1]:
            return grad_x, None
        return grad_x, sum_to_size(np.where(x > 0, 0.0, x * grad_output), w.shape)


# --- gates ----------------------------------------------------------------------------------------


class Mish(Function):
    """out = x * t, t = tanh(log(1 + exp(x))).   With s = sigmoid(x),

    grad_x = g * (t + x * s * (1 - t * t)).
    """

    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        ctx.save_for_backward(x)
        return x * np.tanh(libm.log1p(libm.exp(x)))

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        (x,) = ctx.saved_tensors
        return MishBackward.call(grad_output, x)


class MishBackward(Function):
    """grad_x of Mish.   Its own grad_x = h * g * s * (1 - t * t) * (2 + x * (1 - s - 2 t s))."""

    @staticmethod
    def forward(ctx: Context, grad: Array, x: Array) -> Array:
        ctx.save_for_backward(grad, x)
        s, t = 1 / (1 + libm.exp(-x)), np.tanh(libm.log1p(libm.exp(x)))
        return grad * (t + x * s * (1 - t * t))

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array, Array]:
        grad, x = ctx.saved_tensors
        s = Sigmoid.call(x)
        t = np.tanh(libm.log1p(libm.exp(x)))
        curvature = s * (1 - t * t) * (2 + x * (1 - s - 2 * t * s))
        return MishBackward.call(grad_output, x), grad_output * grad * curvature


class Glu(Function):
    """out = a * s, s = sigmoid(b), for the halves a and b of x along an axis.

    grad_a = g * s, grad_b = g * a * s * (1 - s).
    """

    @staticmethod
    def forward(ctx: Context, x: Array, *, axis: int) -> Array:
        ctx.axis = axis
        ctx.save_for_backward(x)
        a, b = halves(x, axis)
        return a * Sigmoid.call(b)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        (x,) = ctx.saved_tensors
        a, b = halves(x, ctx.axis)
        s = Sigmoid.call(b)
        parts = [s * grad_output, (1 - s) * s * grad_output * a]
        return np.concatenate(parts, axis=ctx.axis)


def halves(x: Array, axis: int) -> tuple[Array, Array]:
    """The first and the second half of x along an axis."""
    before, middle = (slice(None),) * axis, x.shape[axis] // 2
    return x[(*before, slice(middle))], x[(*before, slice(middle, None))]
