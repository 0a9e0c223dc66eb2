"""Rows of a table, looked up by their numbers."""

from __future__ import annotations

import numpy as np

from minitorch_clf.tape import Array, Context, Function


class Embedding(Function):
    """out = weight[index].   grad_weight[index] += g, but nothing goes to row `padding_idx`."""

    @staticmethod
    def forward(ctx: Context, weight: Array, index: Array, *, padding_idx: int) -> Array:
        ctx.padding_idx, ctx.rows = padding_idx, weight.shape[0]
        ctx.save_for_backward(index)
        return np.asarray(weight[index])

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array, None]:
        (index,) = ctx.saved_tensors
        options = {"padding_idx": ctx.padding_idx, "rows": ctx.rows}
        return EmbeddingDenseBackward.call(grad_output, index, **options), None


class EmbeddingDenseBackward(Function):
    """out = zeros, out[index] += g where index is not padding_idx.   grad_g = h[index], 0 there."""

    name = "EmbeddingDenseBackwardBackward0"

    @staticmethod
    def forward(ctx: Context, grad: Array, index: Array, *, padding_idx: int, rows: int) -> Array:
        ctx.padding_idx = padding_idx
        ctx.save_for_backward(index)
        out = np.zeros((rows, grad.shape[-1]), grad.dtype)
        used = index != padding_idx
        np.add.at(out, index[used], grad[used])
        return out

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array, None]:
        (index,) = ctx.saved_tensors
        looked_up = Embedding.call(grad_output, index, padding_idx=-1)
        return np.where((index != ctx.padding_idx)[..., None], looked_up, 0.0), None
