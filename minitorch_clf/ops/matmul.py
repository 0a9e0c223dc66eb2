"""Products of matrices and vectors.

Each gradient is again a product. Where an input came in transposed (column-major), its gradient is
computed transposed too: a Linear's weight enters as `weight.t()`, and so its gradient arrives at
the weight in the weight's own layout, with no copy. PyTorch does the same.
"""

from __future__ import annotations

import numpy as np

from minitorch_clf.kernels.layout import turn_and_add
from minitorch_clf.ops.broadcast import sum_to_size, undo
from minitorch_clf.ops.shape import EmbedDiagonal
from minitorch_clf.tape import Array, Context, Function
from minitorch_clf.threads import is_tiny, product


def is_column_major(x: Array) -> bool:
    """Whether the last axis but one is the contiguous one, and only that."""
    return bool(x.mT.flags.c_contiguous and not x.flags.c_contiguous)


def grad_left(g: Array, y: Array, column_major: bool) -> Array:
    """The gradient of x in x @ y: g @ y^T, laid out like x."""
    return product(y, g.mT).mT if column_major else product(g, y.mT)


def grad_right(x: Array, g: Array, column_major: bool) -> Array:
    """The gradient of y in x @ y: x^T @ g, laid out like y."""
    return product(g.mT, x).mT if column_major else product(x.mT, g)


def is_faster_turned(x: Array, y: Array) -> bool:
    """Whether BLAS computes (x @ y)^T sooner than x @ y: a Linear's small batch, in float32.

    Where x has fewer rows than a column-major y has columns, OpenBLAS takes up to 1.8 times as long
    with its AVX-512 loops, and 1.0 to 1.1 times with its AVX2 loops. The last bits may be others.
    """
    return bool(
        x.dtype == y.dtype == np.float32
        and x.shape[0] < y.shape[1]
        and x.flags.c_contiguous
        and y.mT.flags.c_contiguous
        and not is_tiny(x, y)
    )


class Mm(Function):
    """out = x @ y.   grad_x = g @ y^T, grad_y = x^T @ g.   x: (N, K), y: (K, M), out: (N, M)"""

    @staticmethod
    def forward(ctx: Context, x: Array, y: Array) -> Array:
        needs_x, needs_y = ctx.needs_input_grad
        ctx.x_columns, ctx.y_columns = is_column_major(x), is_column_major(y)
        ctx.save_for_backward(x if needs_y else None, y if needs_x else None)
        return product(x, y)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array | None, ...]:
        x, y = ctx.saved_tensors
        grad_x, grad_y = None, None
        if ctx.needs_input_grad[0]:
            grad_x = grad_left(grad_output, y, ctx.x_columns)
        if ctx.needs_input_grad[1]:
            grad_y = grad_right(x, grad_output, ctx.y_columns)
        return grad_x, grad_y


class Bmm(Mm):
    """out[n] = x[n] @ y[n].   x: (B, N, K), y: (B, K, M), out: (B, N, M)"""


class Addmm(Function):
    """out = beta * b + alpha * (x @ y).   b broadcasts to (N, M)

    grad_b = beta * g summed to b's shape, grad_x = alpha * g @ y^T, grad_y = alpha * x^T @ g.
    """

    @staticmethod
    def forward(
        ctx: Context, b: Array, x: Array, y: Array, *, beta: float = 1, alpha: float = 1
    ) -> Array:
        needs = ctx.needs_input_grad
        if True in needs:
            ctx.x_columns, ctx.y_columns = is_column_major(x), is_column_major(y)
            ctx.b_shape, ctx.beta, ctx.alpha = b.shape, beta, alpha
            ctx.save_for_backward(x if needs[2] else None, y if needs[1] else None)
        if alpha == beta == 1 and b.shape == y.shape[1:] and is_faster_turned(x, y):
            out = np.empty((x.shape[0], y.shape[1]), x.dtype)
            turn_and_add(product(y.mT, x.mT), np.ascontiguousarray(b), out)
            return out
        out = product(x, y)
        if alpha != 1:
            out *= alpha
        if beta != 0:
            out += b if beta == 1 else b * beta
        return out

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array | None, ...]:
        x, y = ctx.saved_tensors
        grad_b, grad_x, grad_y = None, None, None
        if ctx.needs_input_grad[0]:
            grad = grad_output if ctx.beta == 1 else grad_output * ctx.beta
            grad_b = sum_to_size(grad, ctx.b_shape)
        grad = grad_output if ctx.alpha == 1 else grad_output * ctx.alpha
        if ctx.needs_input_grad[1]:
            grad_x = grad_left(grad, y, ctx.x_columns)
        if ctx.needs_input_grad[2]:
            grad_y = grad_right(x, grad, ctx.y_columns)
        return grad_b, grad_x, grad_y


class Mv(Function):
    """out = x @ y.   grad_x[n, k] = g[n] * y[k], grad_y = x^T @ g.   x: (N, K), y: (K,)"""

    @staticmethod
    def forward(ctx: Context, x: Array, y: Array) -> Array:
        needs_x, needs_y = ctx.needs_input_grad
        ctx.save_for_backward(x if needs_y else None, y if needs_x else None)
        return product(x, y)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array | None, ...]:
        x, y = ctx.saved_tensors
        grad_x, grad_y = None, None
        if ctx.needs_input_grad[0]:
            grad_x = grad_output[:, None] * y
        if ctx.needs_input_grad[1]:
            grad_y = product(x.mT, grad_output)
        return grad_x, grad_y


class Dot(Function):
    """out = sum(x * y).   grad_x = g * y, grad_y = g * x.   x, y: (K,), out: ()"""

    @staticmethod
    def forward(ctx: Context, x: Array, y: Array) -> Array:
        needs_x, needs_y = ctx.needs_input_grad
        ctx.save_for_backward(x if needs_y else None, y if needs_x else None)
        return np.dot(x, y)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array | None, ...]:
        x, y = ctx.saved_tensors
        grad_x, grad_y = None, None
        if ctx.needs_input_grad[0]:
            grad_x = grad_output * y
        if ctx.needs_input_grad[1]:
            grad_y = grad_output * x
        return grad_x, grad_y


class Vdot(Dot):
    """Dot, under the name of PyTorch's `vdot`: there are no complex numbers here."""


# --- products added to something ------------------------------------------------------------------


class Baddbmm(Addmm):
    """out[n] = beta * b[n] + alpha * (x[n] @ y[n]).   b broadcasts to (B, N, M)"""


class Addmv(Function):
    """out = beta * b + alpha * (x @ y).   x: (N, K), y: (K,); b broadcasts to (N,)

    grad_b = beta * g summed to b's shape, grad_x[n, k] = alpha * g[n] * y[k],
    grad_y = alpha * x^T @ g.
    """

    @staticmethod
    def forward(
        ctx: Context, b: Array, x: Array, y: Array, *, beta: float = 1, alpha: float = 1
    ) -> Array:
        ctx.b_shape, ctx.beta, ctx.alpha = b.shape, beta, alpha
        ctx.save_for_backward(x, y)
        scaled = product(x, y) * alpha
        return scaled + b * beta if beta != 0 else scaled

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array | None, ...]:
        x, y = ctx.saved_tensors
        grad_b = sum_to_size(grad_output * ctx.beta, ctx.b_shape)
        grad = grad_output * ctx.alpha
        return grad_b, grad[:, None] * y, product(x.mT, grad)


class Addbmm(Function):
    """out = beta * b + alpha * sum of x[n] @ y[n].   x: (B, N, K), y: (B, K, M), b to (N, M)

    Each batch's gradients are those of Addmm.
    """

    @staticmethod
    def forward(
        ctx: Context, b: Array, x: Array, y: Array, *, beta: float = 1, alpha: float = 1
    ) -> Array:
        ctx.b_shape, ctx.beta, ctx.alpha = b.shape, beta, alpha
        ctx.save_for_backward(x, y)
        scaled = product(x, y).sum(axis=0) * alpha
        return scaled + b * beta if beta != 0 else scaled

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array | None, ...]:
        x, y = ctx.saved_tensors
        grad_b = sum_to_size(grad_output * ctx.beta, ctx.b_shape)
        grad = grad_output[None] * ctx.alpha
        return grad_b, product(grad, y.mT), product(x.mT, grad)


class Addr(Function):
    """out[n, m] = beta * b[n, m] + alpha * x[n] * y[m].   x: (N,), y: (M,); b to (N, M)

    grad_x = alpha * g @ y, grad_y = alpha * g^T @ x.
    """

    @staticmethod
    def forward(
        ctx: Context, b: Array, x: Array, y: Array, *, beta: float = 1, alpha: float = 1
    ) -> Array:
        ctx.b_shape, ctx.beta, ctx.alpha = b.shape, beta, alpha
        ctx.save_for_backward(x, y)
        scaled = x[:, None] * y * alpha
        return scaled + b * beta if beta != 0 else scaled

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array | None, ...]:
        x, y = ctx.saved_tensors
        grad_b = sum_to_size(grad_output * ctx.beta, ctx.b_shape)
        grad = grad_output * ctx.alpha
        return grad_b, product(grad, y), product(grad.mT, x)


class LinalgCross(Function):
    """out = the cross product of vectors of three along an axis.   grad_x = y x g, grad_y = g x x.

    x and y broadcast.
    """

    @staticmethod
    def forward(ctx: Context, x: Array, y: Array, *, axis: int) -> Array:
        ctx.axis, ctx.shapes = axis, (x.shape, y.shape)
        ctx.save_for_backward(x, y)
        return np.cross(x, y, axis=axis)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array | None, ...]:
        x, y = ctx.saved_tensors
        grad_x = LinalgCross.call(y, grad_output, axis=ctx.axis)
        grad_y = LinalgCross.call(grad_output, x, axis=ctx.axis)
        return undo(ctx, grad_x, grad_y)


class Trace(Function):
    """out = the sum of the diagonal of a matrix.   grad_x = g on the diagonal."""

    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        ctx.shape = x.shape
        return np.trace(x)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        diagonal = np.broadcast_to(grad_output, (min(ctx.shape),))
        return EmbedDiagonal.call(diagonal, shape=ctx.shape, offset=0, a=0, b=1)
