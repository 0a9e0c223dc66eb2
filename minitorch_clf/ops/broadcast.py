"""Undoing a broadcast: the derivative of copying a value along an axis is a sum along it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import zip_longest

import numpy as np

from minitorch_clf.tape import Array, Context

__all__ = ["everywhere", "mismatch", "negated", "shape_of", "spread", "sum_to_size", "undo"]


def mismatch(shapes: Iterable[tuple[int, ...]]) -> str:
    """What PyTorch says of shapes that do not broadcast; "" if they do.

    >>> mismatch([(2, 3), (4,)])
    'The size of tensor a (3) must match the size of tensor b (4) at non-singleton dimension 1'
    """
    common: tuple[int, ...] = ()
    for shape in shapes:
        dim = max(len(common), len(shape))
        sizes = []
        for a, b in zip_longest(reversed(common), reversed(shape), fillvalue=1):
            dim -= 1
            if a != b and 1 not in (a, b):
                return (
                    f"The size of tensor a ({a}) must match the size of tensor b ({b}) at "
                    f"non-singleton dimension {dim}"
                )
            sizes.append(b if a == 1 else a)
        common = tuple(reversed(sizes))
    return ""


def shape_of(x: Array) -> tuple[int, ...]:
    """np.shape(x) of an array or a number, which takes 1.3 us to tell that a float's is ()."""
    shape: tuple[int, ...] = x.shape if type(x) is np.ndarray else getattr(x, "shape", ())
    return shape


def spread(*inputs: Array) -> list[Array]:
    """The inputs, broadcast to one shape and laid out for a kernel: contiguous.

    Not np.broadcast_arrays: NumPy warns of its results when Numba asks whether they are writable.

    >>> spread(np.ones((2, 1)), np.zeros(3))
    [array([[1., 1., 1.],
           [1., 1., 1.]]), array([[0., 0., 0.],
           [0., 0., 0.]])]
    """
    shape = np.broadcast_shapes(*[x.shape for x in inputs])
    wide = [x if x.shape == shape else np.broadcast_to(x, shape).copy() for x in inputs]
    return [np.asarray(x, order="C") for x in wide]


def everywhere(value: Array, shape: tuple[int, ...]) -> Array:
    """np.broadcast_to(value, shape): of one number in half a microsecond instead of three.

    >>> everywhere(np.array(1.0), (2, 2))
    array([[1., 1.],
           [1., 1.]])
    """
    if type(value) is not np.ndarray or value.size != 1 or not value.flags.c_contiguous:
        return np.broadcast_to(value, shape)
    out: Array = np.ndarray(shape, value.dtype, value, 0, (0,) * len(shape))
    out.flags.writeable = False
    return out


def negated(g: Array) -> Array:
    """-g; of one number everywhere, that number's negative everywhere."""
    if type(g) is np.ndarray and g.size > 1 and not any(g.strides):
        return everywhere(np.asarray(-g[(0,) * g.ndim]), g.shape)
    return -g


def sum_to_size(g: Array, shape: tuple[int, ...]) -> Array:
    """Sum `g` over the axes along which an array of `shape` was broadcast to g's shape.

        x: (3, 1) -> (2, 3, 4) = g.shape:   sum over axes 0 and 2, then back to (3, 1)

    `shape` itself costs nothing, which is the common case.
    """
    if g.shape == shape:
        return g
    lead = g.ndim - len(shape)
    if type(g) is np.ndarray and shape and g.shape[lead:] == shape:  # a bias's: no axis to put back
        return np.add.reduce(g, axis=tuple(range(lead)))
    stretched = [lead + k for k, size in enumerate(shape) if size == 1 != g.shape[lead + k]]
    axes = (*range(lead), *stretched)
    return g.sum(axis=axes, keepdims=True).reshape(shape)


def undo(ctx: Context, *grads: Array) -> tuple[Array | None, ...]:
    """The gradients that are asked for, summed to the shapes of the inputs (ctx.shapes)."""
    each = zip(ctx.needs_input_grad, grads, ctx.shapes, strict=True)
    return tuple([sum_to_size(grad, shape) if need else None for need, grad, shape in each])
