"""Arrangements in new memory: joins, repeats, turns, triangles."""

from __future__ import annotations

import itertools

import numpy as np

from minitorch_clf.tape import Array, Context, Function


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


class Roll(Function):
    """out = x shifted along axes, what falls off coming in again.   grad_x = g shifted back."""

    @staticmethod
    def forward(
        ctx: Context, x: Array, *, shifts: tuple[int, ...], axes: tuple[int, ...] | None
    ) -> Array:
        ctx.back, ctx.axes = tuple(-n for n in shifts), axes
        return np.roll(x, shifts if axes is not None else shifts[0], axes)

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        return Roll.call(grad_output, shifts=ctx.back, axes=ctx.axes)


class Rot90(Function):
    """out = x turned by k quarters, from axis a to axis b.   grad_x = g turned back."""

    @staticmethod
    def forward(ctx: Context, x: Array, *, k: int, axes: tuple[int, int]) -> Array:
        ctx.k, ctx.axes = k, axes
        return np.ascontiguousarray(np.rot90(x, k, axes))

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Array:
        return Rot90.call(grad_output, k=-ctx.k, axes=ctx.axes)


class BlockDiag(Function):
    """out = the matrices on the diagonal, zeros elsewhere.   Each gets its block of g."""

    @staticmethod
    def forward(ctx: Context, *xs: Array) -> Array:
        ctx.corners = list(itertools.accumulate([x.shape for x in xs], _add, initial=(0, 0)))
        out = np.zeros(ctx.corners[-1], np.result_type(*xs))
        for x, (row, column) in zip(xs, ctx.corners, strict=False):
            out[row : row + x.shape[0], column : column + x.shape[1]] = x
        return out

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> tuple[Array, ...]:
        pairs = itertools.pairwise(ctx.corners)
        return tuple([grad_output[a:c, b:d] for (a, b), (c, d) in pairs])


def _add(corner: tuple[int, int], shape: tuple[int, int]) -> tuple[int, int]:
    return corner[0] + shape[0], corner[1] + shape[1]
