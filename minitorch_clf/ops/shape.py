"""Views: the same memory in another shape, order or part; and what takes their gradients back."""

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
        like = np.diagonal(x, offset, a, b)  # NumPy does not let one write into this one
        start = [slice(None)] * x.ndim
        start[a], start[b] = slice(max(-offset, 0), None), slice(max(offset, 0), None)
        writeable = x.flags.writeable
        return np.lib.stride_tricks.as_strided(
            x[tuple(start)], like.shape, like.strides, writeable=writeable
        )

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


class DiagonalCopy(Diagonal):
    """The diagonal in new memory: what `diag` of a matrix gives."""

    name = "DiagonalBackward0_copy"
    is_view = False

    @staticmethod
    def forward(ctx: Context, x: Array, *, offset: int, a: int, b: int) -> Array:
        return Diagonal.forward(ctx, x, offset=offset, a=a, b=b).copy()


class DiagEmbed(EmbedDiagonal):
    """EmbedDiagonal, under the name of PyTorch's `diag_embed`."""


class Unfold(Function):
    """out[.., k, .., i] = x[.., k * step + i, ..]: windows of an axis, as a new last one.

    grad_x[j] = the sum of g over the windows that j lies in.
    """

    is_view = True

    @staticmethod
    def forward(ctx: Context, x: Array, *, axis: int, size: int, step: int) -> Array:
        ctx.shape, ctx.axis, ctx.size, ctx.step = x.shape, axis, size, step
        windows = np.lib.stride_tricks.sliding_window_view(x, size, axis, writeable=True)
        return windows[(*(slice(None),) * axis, slice(None, None, step))]

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        return Fold.call(grad_output, shape=ctx.shape, axis=ctx.axis, size=ctx.size, step=ctx.step)


class Fold(Function):
    """out = zeros of `shape` with the windows of an axis added back.   grad_x = windows of g."""

    name = "UnfoldBackwardBackward0"

    @staticmethod
    def forward(
        ctx: Context, x: Array, *, shape: tuple[int, ...], axis: int, size: int, step: int
    ) -> Array:
        ctx.axis, ctx.size, ctx.step = axis, size, step
        out = np.zeros(shape, x.dtype)
        count = x.shape[axis]
        for i in range(size):
            window = slice(i, i + (count - 1) * step + 1, step)
            out[(*(slice(None),) * axis, window)] += x[..., i]
        return out

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        return Unfold.call(grad_output, axis=ctx.axis, size=ctx.size, step=ctx.step)


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
