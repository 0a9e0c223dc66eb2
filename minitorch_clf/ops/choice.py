"""One of several values at every place: the larger, the nearer, the one that a mask names."""

from __future__ import annotations

import numpy as np

from minitorch_clf.ops.broadcast import shape_of, sum_to_size, undo
from minitorch_clf.tape import Array, Context, Function


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


class Fmax(Function):
    """out = max(x, y), the other one where one is nan.   g goes to the one that was taken.

    A tie is x's.
    """

    @staticmethod
    def forward(ctx: Context, x: Array, y: Array) -> Array:
        ctx.shapes = x.shape, y.shape
        ctx.save_for_backward((x >= y) | np.isnan(y))
        return np.fmax(x, y)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array | None, ...]:
        (x_taken,) = ctx.saved_tensors
        return undo(ctx, np.where(x_taken, grad_output, 0.0), np.where(x_taken, 0.0, grad_output))


class Fmin(Fmax):
    """out = min(x, y), the other one where one is nan.   g goes to the one that was taken."""

    @staticmethod
    def forward(ctx: Context, x: Array, y: Array) -> Array:
        ctx.shapes = x.shape, y.shape
        ctx.save_for_backward((x <= y) | np.isnan(y))
        return np.fmin(x, y)


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


class ClampMin(Clamp):
    """out = max(x, lower), a number: the name that PyTorch prints for clamp_min."""

    name = "ClampMinBackward0"


class ClampMax(Clamp):
    """out = min(x, upper), a number: the name that PyTorch prints for clamp_max."""

    name = "ClampMaxBackward0"


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
        inside: Array = x == x  # nan is not inside
        too_low: Array = None
        too_high: Array = None
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


class ClampMinTensor(ClampTensor):
    """out = max(x, lower), an array: the name that PyTorch prints for clamp_min."""

    name = "ClampMinBackward1"


class ClampMaxTensor(ClampTensor):
    """out = min(x, upper), an array: the name that PyTorch prints for clamp_max."""

    name = "ClampMaxBackward1"


class Where(Function):
    """out = x where condition, else y.   Each gets g where it was chosen, 0 elsewhere."""

    @staticmethod
    def forward(ctx: Context, condition: Array, x: Array, y: Array) -> Array:
        ctx.x_shape, ctx.y_shape = shape_of(x), shape_of(y)
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


class MaskedFill(Function):
    """out = value where mask, else x.   grad_x = 0 under it, grad_value = the sum under it."""

    @staticmethod
    def forward(ctx: Context, x: Array, value: Array, *, mask: Array) -> Array:
        ctx.x_shape, ctx.value_shape = shape_of(x), shape_of(value)
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
