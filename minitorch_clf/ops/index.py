"""Values at places that an integer or boolean array names.

Reading a place twice means its gradient arrives twice: every backward here adds up (np.add.at),
it never overwrites.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch_clf.ops.broadcast import shape_of, sum_to_size
from minitorch_clf.tape import Array, Context, Function


class Index(Function):
    """out = x[index], index a tuple with integer or boolean arrays.   grad_x[index] += g."""

    @staticmethod
    def forward(ctx: Context, x: Array, *, index: tuple[Any, ...]) -> Array:
        ctx.index, ctx.shape = index, x.shape
        return x[index]

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        return IndexAdd.call(grad_output, shape=ctx.shape, index=ctx.index)


class MaskedSelect(Index):
    """out = the elements of x under a mask.   grad_x = g under the mask."""


class IndexAdd(Function):
    """out = zeros of `shape`, out[index] += x, twice where named twice.   grad_x = g[index]."""

    name = "IndexPutBackward0"

    @staticmethod
    def forward(ctx: Context, x: Array, *, shape: tuple[int, ...], index: tuple[Any, ...]) -> Array:
        ctx.index = index
        out = np.zeros(shape, x.dtype)
        np.add.at(out, index, x)
        return out

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        return Index.call(grad_output, index=ctx.index)


class IndexPut(Function):
    """out = x with out[index] = values.   grad_x = g, 0 at index; grad_values = g[index]."""

    @staticmethod
    def forward(
        ctx: Context, x: Array, values: Array, *, index: tuple[Any, ...], accumulate: bool = False
    ) -> Array:
        ctx.index, ctx.accumulate = index, accumulate
        ctx.shape, ctx.values_shape = x.shape, shape_of(values)
        out = x.copy()
        if accumulate:
            np.add.at(out, index, values)
        else:
            out[index] = values
        return out

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array | None, ...]:
        grad_x, grad_values = grad_output, None
        if not ctx.accumulate:
            kept = np.ones(ctx.shape, bool)
            kept[ctx.index] = False
            grad_x = np.where(kept, grad_output, 0.0)
        if ctx.needs_input_grad[1]:
            grad_values = sum_to_size(Index.call(grad_output, index=ctx.index), ctx.values_shape)
        return grad_x, grad_values


class Gather(Function):
    """out[.., i, ..] = x[.., index[.., i, ..], ..] along an axis.   grad_x: g added there."""

    @staticmethod
    def forward(ctx: Context, x: Array, *, axis: int, index: Array) -> Array:
        ctx.axis, ctx.index, ctx.shape = axis, index, x.shape
        return x[along(index, axis)] if x.ndim else x.copy()

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        return ScatterAdd.call(grad_output, shape=ctx.shape, axis=ctx.axis, index=ctx.index)


class ScatterAdd(Function):
    """out = zeros of `shape`, out[.., index[.., i, ..], ..] += x[.., i, ..].   grad_x: gather."""

    @staticmethod
    def forward(
        ctx: Context, x: Array, *, shape: tuple[int, ...], axis: int, index: Array
    ) -> Array:
        ctx.axis, ctx.index = axis, index
        out = np.zeros(shape, x.dtype)
        if out.ndim:
            np.add.at(out, along(index, axis), x)
            return out
        return out + x

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        return Gather.call(grad_output, axis=ctx.axis, index=ctx.index)


class IndexSelect(Function):
    """out = the slices of x that the 1-d `index` names along an axis.   grad_x: g added there."""

    @staticmethod
    def forward(ctx: Context, x: Array, *, axis: int, index: Array) -> Array:
        ctx.shape = x.shape
        ctx.index = (slice(None),) * axis + (index,)
        return x[ctx.index] if x.ndim else x.copy()

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        if not ctx.shape:
            return grad_output
        return IndexAdd.call(grad_output, shape=ctx.shape, index=ctx.index)


def along(index: Array, axis: int) -> tuple[Array, ...]:
    """The index tuple that reads `index` along `axis`, and its own place along the other axes."""
    places = list(np.ogrid[tuple(slice(n) for n in index.shape)])
    places[axis] = index
    return tuple(places)
