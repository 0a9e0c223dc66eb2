"""The exponential linear family: ELU, SELU and CELU, and what in-place calls of them record."""

from __future__ import annotations

import numpy as np

from minitorch_clf.kernels import activation as loops
from minitorch_clf.ops.activation import CALL_THE_OTHER, fill
from minitorch_clf.tape import Array, Context, Function


class Elu(Function):
    """out = scale * x where x > 0, else scale * alpha * (exp(input_scale * x) - 1): ELU and SELU.

    grad_x = g * scale where x > 0, else g * input_scale * scale * alpha * exp(input_scale * x).
    """

    @staticmethod
    def forward(
        ctx: Context, x: Array, *, alpha: float, scale: float = 1.0, input_scale: float = 1.0
    ) -> Array:
        ctx.coefficients = (alpha, scale, input_scale)
        ctx.save_for_backward(x)
        negative = x.dtype.type(alpha) * x.dtype.type(scale)
        return fill(loops.elu, x, negative=negative, scale=scale, input_scale=input_scale)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        (x,) = ctx.saved_tensors
        alpha, scale, input_scale = ctx.coefficients
        return EluBackward.call(grad_output, x, alpha=alpha, scale=scale, input_scale=input_scale)


class Celu(Elu):
    """out = x where x > 0, else alpha * (exp(x / alpha) - 1): Elu with input_scale = 1 / alpha.

    Backward takes 1 / alpha from a float32 alpha, because PyTorch's does.
    """

    @staticmethod
    def forward(
        ctx: Context, x: Array, *, alpha: float, scale: float = 1.0, input_scale: float = 1.0
    ) -> Array:
        out = Elu.forward(ctx, x, alpha=alpha, scale=scale, input_scale=input_scale)
        ctx.coefficients = (alpha, scale, 1 / float(np.float32(alpha)))
        return out


class EluBackward(Function):
    """grad_x of Elu.   Its own grad_x: once more times input_scale where x < 0, else 0."""

    @staticmethod
    def forward(
        ctx: Context, grad: Array, x: Array, *, alpha: float, scale: float, input_scale: float
    ) -> Array:
        ctx.coefficients = {"alpha": alpha, "scale": scale, "input_scale": input_scale}
        ctx.save_for_backward(grad, x)
        negative = x.dtype.type(alpha) * x.dtype.type(scale)
        return fill(
            loops.elu_backward, grad, x, negative=negative, scale=scale, input_scale=input_scale
        )

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array, Array]:
        grad, x = ctx.saved_tensors
        bend = grad_output * grad * ctx.coefficients["input_scale"]
        curved = EluBackward.call(bend, x, **ctx.coefficients) * (x < 0)
        return EluBackward.call(grad_output, x, **ctx.coefficients), curved


class EluInplace(Elu):
    """The same, for a tensor that becomes its own result.

    Where out <= 0, out + scale * alpha is scale * alpha * exp(input_scale * x), so out will do:
    grad_x = g * scale where out > 0, else g * input_scale * (out + scale * alpha).

    RuntimeError  in backward, where alpha is negative and the sign of out does not tell that of x
    """

    name = "EluBackward1"

    @staticmethod
    def forward(
        ctx: Context, x: Array, *, alpha: float, scale: float = 1.0, input_scale: float = 1.0
    ) -> Array:
        out = Elu.forward(ctx, x, alpha=alpha, scale=scale, input_scale=input_scale)
        ctx.negative = x.dtype.type(alpha) * x.dtype.type(scale)
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        (out,) = ctx.saved_tensors
        alpha, scale, input_scale = ctx.coefficients
        if alpha < 0:
            raise RuntimeError(
                "In-place elu backward calculation is triggered with a negative slope which is not "
                f"supported. {CALL_THE_OTHER}"
            )
        curve = grad_output * input_scale * (out + float(ctx.negative))
        return np.where(out > 0, grad_output * scale, curve)


class CeluInplace(EluInplace):
    """Celu of a tensor that becomes its own result."""

    name = "CeluBackward1"

    @staticmethod
    def forward(
        ctx: Context, x: Array, *, alpha: float, scale: float = 1.0, input_scale: float = 1.0
    ) -> Array:
        out = EluInplace.forward(ctx, x, alpha=alpha, scale=scale, input_scale=input_scale)
        ctx.coefficients = (alpha, scale, 1 / float(np.float32(alpha)))
        return out
