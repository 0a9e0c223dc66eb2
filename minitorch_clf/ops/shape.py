"""The same values in another arrangement: views, copies into new places, joins and cuts."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from minitorch_clf.ops.broadcast import sum_to_size
from minitorch_clf.tape import Array, Context, Function

# --- views: the output shares the input's memory -------------------------------------------------


class View(Function):
    """out = x read in another shape.   grad_x = g in x's shape."""

    is_view = True

    @staticmethod
    def forward(ctx: Context, x: Array, *, shape: tuple[int, ...]) -> Array:
        ctx.shape = x.shape
        return x.reshape(shape)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        return grad_output.reshape(ctx.shape)


class ReshapeAlias(View):
    """View of a value with gaps: the name that PyTorch prints for it."""


class UnsafeView(View):
    """View of a value nobody else holds: not tracked as a view."""

    is_view = False


class Alias(Function):
    """out = x, another name for the same memory.   grad_x = g."""

    is_view = True

    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        return x[...]

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        return grad_output


class Permute(Function):
    """out[i, j, ..] = x with its axes in the order `axes`.   grad_x = g in the inverse order."""

    is_view = True

    @staticmethod
    def forward(ctx: Context, x: Array, *, axes: tuple[int, ...]) -> Array:
        ctx.inverse = tuple(sorted(range(len(axes)), key=axes.__getitem__))
        return np.transpose(x, axes)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        return np.transpose(grad_output, ctx.inverse)


class Transpose(Function):
    """out = x with two axes exchanged.   grad_x = g with them exchanged back."""

    is_view = True

    @staticmethod
    def forward(ctx: Context, x: Array, *, a: int, b: int) -> Array:
        ctx.a, ctx.b = a, b
        return x.swapaxes(a, b)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        return grad_output.swapaxes(ctx.a, ctx.b)


class T(Function):
    """out[j, i] = x[i, j].   grad_x[i, j] = g[j, i]."""

    is_view = True

    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        return x.T

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        return np.transpose(grad_output)


class Expand(Function):
    """out = x, read again and again along new or stretched axes.   grad_x = the sum over them."""

    is_view = True

    @staticmethod
    def forward(ctx: Context, x: Array, *, shape: tuple[int, ...]) -> Array:
        ctx.shape = x.shape
        strides = np.broadcast_to(x, shape).strides
        return np.lib.stride_tricks.as_strided(x, shape, strides, writeable=x.flags.writeable)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        return sum_to_size(grad_output, ctx.shape)


class Squeeze(View):
    """out = x without all its axes of size 1."""


class SqueezeDim(View):
    """out = x without one axis of size 1."""

    name = "SqueezeBackward1"


class SqueezeDims(View):
    """out = x without some axes of size 1."""

    name = "SqueezeBackward2"


class SqueezeProduct(View):
    """out = x without the axis that a vector was given to be multiplied as a matrix."""

    name = "SqueezeBackward4"


class Unsqueeze(View):
    """out = x with one more axis, of size 1."""


class Select(Function):
    """out = x at one place of an axis, without that axis.   grad_x = g there, 0 elsewhere."""

    is_view = True

    @staticmethod
    def forward(ctx: Context, x: Array, *, axis: int, index: int) -> Array:
        ctx.shape = x.shape
        ctx.index = (slice(None),) * axis + (index, ...)  # the Ellipsis makes NumPy return a view
        return x[ctx.index]

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        return Embed.call(grad_output, shape=ctx.shape, index=ctx.index)


class Slice(Function):
    """out = x[start:stop:step] along an axis.   grad_x = g there, 0 elsewhere."""

    is_view = True

    @staticmethod
    def forward(ctx: Context, x: Array, *, axis: int, start: int, stop: int, step: int) -> Array:
        ctx.shape = x.shape
        ctx.index = (slice(None),) * axis + (slice(start, stop, step),)
        return x[ctx.index]

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        return Embed.call(grad_output, shape=ctx.shape, index=ctx.index)


class Embed(Function):
    """out = zeros of `shape` with out[index] = x, for a basic index.   grad_x = g[index]."""

    @staticmethod
    def forward(ctx: Context, x: Array, *, shape: tuple[int, ...], index: Any) -> Array:
        ctx.index = index
        out = np.zeros(shape, x.dtype)
        out[index] = x
        return out

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        return grad_output[ctx.index]


class Diagonal(Function):
    """out[.., k] = x[.., k, k + offset] for two axes of x.   grad_x = g there, 0 elsewhere."""

    is_view = True

    @staticmethod
    def forward(ctx: Context, x: Array, *, offset: int, a: int, b: int) -> Array:
        ctx.shape, ctx.offset, ctx.a, ctx.b = x.shape, offset, a, b
        out = np.diagonal(x, offset, a, b)
        return np.lib.stride_tricks.as_strided(out, writeable=x.flags.writeable)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        return EmbedDiagonal.call(grad_output, shape=ctx.shape, offset=ctx.offset, a=ctx.a, b=ctx.b)


class EmbedDiagonal(Function):
    """out = zeros of `shape` with x on a diagonal.   grad_x = that diagonal of g."""

    @staticmethod
    def forward(
        ctx: Context, x: Array, *, shape: tuple[int, ...], offset: int, a: int, b: int
    ) -> Array:
        ctx.offset, ctx.a, ctx.b = offset, a, b
        out = np.zeros(shape, x.dtype)
        diagonal = np.diagonal(out, offset, a, b)
        diagonal.flags.writeable = True
        diagonal[...] = x
        return out

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        return Diagonal.call(grad_output, offset=ctx.offset, a=ctx.a, b=ctx.b)


class Split(Function):
    """outs = x cut into pieces of the given sizes along an axis.   grad_x = their g joined."""

    is_view = True

    @staticmethod
    def forward(ctx: Context, x: Array, *, sizes: tuple[int, ...], axis: int) -> tuple[Array, ...]:
        ctx.axis = axis
        ends = list(itertools.accumulate(sizes))
        lead = (slice(None),) * axis
        return tuple(x[(*lead, slice(e - n, e))] for n, e in zip(sizes, ends, strict=True))

    @staticmethod
    def backward(ctx: Context, *grad_outputs: Array) -> Array:
        return np.concatenate(grad_outputs, ctx.axis)


class SplitWithSizes(Split):
    """outs = x cut into pieces of listed sizes: the name that PyTorch prints for it."""


class Unbind(Function):
    """outs = x at each place of an axis.   grad_x = the g stacked."""

    is_view = True

    @staticmethod
    def forward(ctx: Context, x: Array, *, axis: int) -> tuple[Array, ...]:
        ctx.axis = axis
        lead = (slice(None),) * axis
        return tuple(x[(*lead, k, ...)] for k in range(x.shape[axis]))

    @staticmethod
    def backward(ctx: Context, *grad_outputs: Array) -> Array:
        return np.stack(grad_outputs, ctx.axis)


# --- copies ---------------------------------------------------------------------------------------


class Cat(Function):
    """out = the inputs one after the other along an axis.   Each gets its part of g."""

    @staticmethod
    def forward(ctx: Context, *xs: Array, axis: int) -> Array:
        ctx.axis = axis
        ctx.ends = list(itertools.accumulate(x.shape[axis] for x in xs))
        return np.ascontiguousarray(np.concatenate(xs, axis))

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array, ...]:
        lead = (slice(None),) * ctx.axis
        starts = [0, *ctx.ends[:-1]]
        return tuple(
            grad_output[(*lead, slice(a, b))] for a, b in zip(starts, ctx.ends, strict=True)
        )


class Stack(Function):
    """out = the inputs side by side along a new axis.   Each gets its place of g."""

    @staticmethod
    def forward(ctx: Context, *xs: Array, axis: int) -> Array:
        ctx.axis, ctx.n = axis, len(xs)
        return np.ascontiguousarray(np.stack(xs, axis))

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array, ...]:
        lead = (slice(None),) * ctx.axis
        return tuple(grad_output[(*lead, k)] for k in range(ctx.n))


class Repeat(Function):
    """out = x laid `repeats[k]` times along axis k.   grad_x = the sum over the copies."""

    @staticmethod
    def forward(ctx: Context, x: Array, *, repeats: tuple[int, ...]) -> Array:
        ctx.shape = x.shape
        padded = (1,) * (len(repeats) - x.ndim) + x.shape
        # each axis n of the result seen as (repeats, n): summing over the repeats undoes it
        ctx.unfolded = tuple(itertools.chain.from_iterable(zip(repeats, padded, strict=True)))
        ctx.copies = tuple(range(0, 2 * len(repeats), 2))
        return np.tile(x, repeats)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        return grad_output.reshape(ctx.unfolded).sum(axis=ctx.copies).reshape(ctx.shape)


class Flip(Function):
    """out = x with some axes reversed.   grad_x = g with them reversed."""

    @staticmethod
    def forward(ctx: Context, x: Array, *, axes: tuple[int, ...]) -> Array:
        ctx.axes = axes
        return np.array(np.flip(x, axes), order="K")

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        return np.flip(grad_output, ctx.axes)


class Tril(Function):
    """out = x on and below diagonal k, 0 above.   grad_x = g there."""

    @staticmethod
    def forward(ctx: Context, x: Array, *, k: int) -> Array:
        ctx.k = k
        return np.tril(x, k)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        return np.tril(grad_output, ctx.k)


class Triu(Function):
    """out = x on and above diagonal k, 0 below.   grad_x = g there."""

    @staticmethod
    def forward(ctx: Context, x: Array, *, k: int) -> Array:
        ctx.k = k
        return np.triu(x, k)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        return np.triu(grad_output, ctx.k)
