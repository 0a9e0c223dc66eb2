"""Activations: a bend at every place.

Forward runs a loop of kernels/activation.py, and so does backward, through a Function of its own;
those have a backward too, in NumPy's vocabulary. Which value is saved, input or output, is
PyTorch's choice: it decides which in-place programs are legal, and what the gradient is where
rounding has lost x.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from minitorch_clf.kernels import activation as loops
from minitorch_clf.tape import Array, Context, Function
from minitorch_clf.threads import MANY_DEAR, in_parts


def fill(loop: Callable[..., None], *arrays: Array, **parameters: float) -> Array:
    """The `out` of loop(*arrays, *parameters, out).   arrays: of one shape and dtype"""
    x = arrays[-1]
    out = np.empty(x.shape, x.dtype)
    flat = [a.reshape(-1) for a in arrays]
    number = x.dtype.type
    scalars = [number(p) for p in parameters.values()] if parameters else ()
    if out.size < MANY_DEAR:
        loop(*flat, *scalars, out.reshape(-1))
    else:
        in_parts(loop, flat, scalars, out.reshape(-1))
    return out


def plain(x: Array, y: Array) -> bool:
    """Whether both are contiguous arrays of one shape and dtype: what a loop over them needs.

    Others go by NumPy, which lays results out as it finds its operands, and sums in that order.
    """
    return (
        isinstance(x, np.ndarray)
        and x.shape == y.shape
        and x.dtype == y.dtype
        and x.flags.c_contiguous
        and y.flags.c_contiguous
    )


# --- piecewise linear -----------------------------------------------------------------------------


class Relu(Function):
    """out = max(x, 0).   grad_x = g where out > 0, else 0; g also where x is nan."""

    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        out = fill(loops.relu, x)
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        (out,) = ctx.saved_tensors
        return ThresholdBackward.call(grad_output, out)


class ThresholdBackward(Function):
    """grad_x of Relu.   Linear in g, and flat in y."""

    @staticmethod
    def forward(ctx: Context, grad: Array, y: Array) -> Array:
        ctx.save_for_backward(y)
        return fill(loops.relu_backward, grad, y)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array, Array]:
        (y,) = ctx.saved_tensors
        return ThresholdBackward.call(grad_output, y), np.zeros_like(grad_output)


class LeakyRelu(Function):
    """out = x where x > 0, else slope * x.   grad_x = g or slope * g, by the same test."""

    @staticmethod
    def forward(ctx: Context, x: Array, *, slope: float) -> Array:
        ctx.slope = slope
        ctx.save_for_backward(x)
        return fill(loops.leaky_relu, x, slope=slope)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        (x,) = ctx.saved_tensors
        return LeakyReluBackward.call(grad_output, x, slope=ctx.slope)


class LeakyReluInplace(LeakyRelu):
    """The same, for a tensor that becomes its own result: the sign of out tells that of x.

    RuntimeError  in backward, where the slope is negative and the sign tells nothing
    """

    name = "LeakyReluBackward1"

    @staticmethod
    def forward(ctx: Context, x: Array, *, slope: float) -> Array:
        out = LeakyRelu.forward(ctx, x, slope=slope)
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        if ctx.slope < 0:
            raise RuntimeError(
                "In-place leakyReLu backward calculation is triggered with a negative slope which "
                f"is not supported. {CALL_THE_OTHER} File an issue at "
                "https://github.com/pytorch/pytorch if you do require supporting in-place "
                "leakRelu backward calculation with negative slope"
            )
        return LeakyRelu.backward(ctx, grad_output)


CALL_THE_OTHER = (
    "This is caused by calling in-place forward function with a negative slope, please call "
    "out-of-place version instead."
)


class LeakyReluBackward(Function):
    """grad_x of LeakyRelu.   Linear in g, and flat in x."""

    @staticmethod
    def forward(ctx: Context, grad: Array, x: Array, *, slope: float) -> Array:
        ctx.slope = slope
        ctx.save_for_backward(x)
        return fill(loops.leaky_relu_backward, grad, x, slope=slope)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array, Array]:
        (x,) = ctx.saved_tensors
        again = LeakyReluBackward.call(grad_output, x, slope=ctx.slope)
        return again, np.zeros_like(grad_output)


class Hardtanh(Function):
    """out = x kept within [low, high].   grad_x = g strictly inside, else 0: at the bounds too."""

    @staticmethod
    def forward(ctx: Context, x: Array, *, low: float, high: float) -> Array:
        ctx.low, ctx.high = low, high
        ctx.save_for_backward(x)
        return fill(loops.hardtanh, x, low=low, high=high)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        (x,) = ctx.saved_tensors
        return HardtanhBackward.call(grad_output, x, low=ctx.low, high=ctx.high)


class HardtanhBackward(Function):
    """grad_x of Hardtanh.   Linear in g, and flat in x."""

    @staticmethod
    def forward(ctx: Context, grad: Array, x: Array, *, low: float, high: float) -> Array:
        ctx.low, ctx.high = low, high
        ctx.save_for_backward(x)
        return fill(loops.hardtanh_backward, grad, x, low=low, high=high)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array, Array]:
        (x,) = ctx.saved_tensors
        again = HardtanhBackward.call(grad_output, x, low=ctx.low, high=ctx.high)
        return again, np.zeros_like(grad_output)


# --- sigmoid and its kin --------------------------------------------------------------------------


class Sigmoid(Function):
    """out = 1 / (1 + exp(-x)).   grad_x = g * (1 - out) * out, so only `out` is saved.

    Where out has rounded to 1 (x > 17 in float32) the gradient is 0; at -17 it is not.
    """

    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        out = fill(loops.sigmoid, x)
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        (out,) = ctx.saved_tensors
        return SigmoidBackward.call(grad_output, out)


class SigmoidBackward(Function):
    """out = g * (1 - y) * y.   grad_g = h * (1 - y) * y, grad_y = h * g * (1 - 2 * y)."""

    @staticmethod
    def forward(ctx: Context, grad: Array, y: Array) -> Array:
        ctx.save_for_backward(grad, y)
        return fill(loops.sigmoid_backward, grad, y)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array, Array]:
        grad, y = ctx.saved_tensors
        return SigmoidBackward.call(grad_output, y), grad_output * grad * (1 - 2 * y)


class Tanh(Function):
    """out = tanh(x).   grad_x = g * (1 - out * out), so only `out` is saved."""

    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        out = np.tanh(x)
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        (out,) = ctx.saved_tensors
        return TanhBackward.call(grad_output, out)


class TanhBackward(Function):
    """out = g * (1 - y * y).   grad_g = h * (1 - y * y), grad_y = h * g * -2 * y."""

    @staticmethod
    def forward(ctx: Context, grad: Array, y: Array) -> Array:
        ctx.save_for_backward(grad, y)
        return fill(loops.tanh_backward, grad, y)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array, Array]:
        grad, y = ctx.saved_tensors
        return TanhBackward.call(grad_output, y), grad_output * grad * (-2 * y)


class LogSigmoid(Function):
    """out = log(sigmoid(x)), for any x.   grad_x = g * sigmoid(-x)."""

    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        ctx.save_for_backward(x)
        return fill(loops.log_sigmoid, x)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        (x,) = ctx.saved_tensors
        return LogSigmoidBackward.call(grad_output, x)


class LogSigmoidBackward(Function):
    """out = g * sigmoid(-x).   grad_g = h * sigmoid(-x), grad_x = h * g * (s - 1) * s.

    s = sigmoid(x)
    """

    @staticmethod
    def forward(ctx: Context, grad: Array, x: Array) -> Array:
        ctx.save_for_backward(grad, x)
        return fill(loops.log_sigmoid_backward, grad, x)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array, Array]:
        grad, x = ctx.saved_tensors
        s = Sigmoid.call(x)
        return LogSigmoidBackward.call(grad_output, x), grad_output * grad * ((s - 1) * s)


class Silu(Function):
    """out = x * sigmoid(x).   grad_x = g * s * (1 + x * (1 - s)) with s = sigmoid(x)."""

    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        ctx.save_for_backward(x)
        return fill(loops.silu, x)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        (x,) = ctx.saved_tensors
        return SiluBackward.call(grad_output, x)


class SiluBackward(Function):
    """grad_x of Silu.   Its own grad_x = h * g * s * (1 - s) * (2 + x * (1 - 2 * s))."""

    @staticmethod
    def forward(ctx: Context, grad: Array, x: Array) -> Array:
        ctx.save_for_backward(grad, x)
        return fill(loops.silu_backward, grad, x)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array, Array]:
        grad, x = ctx.saved_tensors
        s = Sigmoid.call(x)
        curvature = s * (1 - s) * (2 + x * (1 - 2 * s))
        return SiluBackward.call(grad_output, x), grad_output * grad * curvature


# --- softplus -------------------------------------------------------------------------------------


class Softplus(Function):
    """out = log(1 + exp(x * beta)) / beta, and x itself where x * beta > threshold.

    grad_x = g * e / (e + 1) with e = exp(x * beta), and g itself beyond the threshold.
    """

    @staticmethod
    def forward(ctx: Context, x: Array, *, beta: float, threshold: float) -> Array:
        ctx.beta, ctx.threshold = beta, threshold
        ctx.save_for_backward(x)
        return fill(loops.softplus, x, beta=beta, threshold=threshold)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        (x,) = ctx.saved_tensors
        return SoftplusBackward.call(grad_output, x, beta=ctx.beta, threshold=ctx.threshold)


class SoftplusBackward(Function):
    """grad_x of Softplus.   Its own grad_x = h * g * beta * s * (1 - s), 0 from the threshold."""

    @staticmethod
    def forward(ctx: Context, grad: Array, x: Array, *, beta: float, threshold: float) -> Array:
        ctx.beta, ctx.threshold = beta, threshold
        ctx.save_for_backward(grad, x)
        return fill(loops.softplus_backward, grad, x, beta=beta, threshold=threshold)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array, Array]:
        grad, x = ctx.saved_tensors
        again = SoftplusBackward.call(grad_output, x, beta=ctx.beta, threshold=ctx.threshold)
        z = x * ctx.beta
        s = Sigmoid.call(z)
        curvature = (1 - s) * s * ctx.beta * (z < ctx.threshold)
        return again, grad_output * grad * curvature
