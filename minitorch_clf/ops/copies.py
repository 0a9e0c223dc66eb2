"""The same values in new memory: copies, casts, and the values that in-place writes bring."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch_clf.ops.broadcast import shape_of, sum_to_size
from minitorch_clf.tape import Array, Context, Function


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
        ctx.y_shape = shape_of(y)
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
