"""Undoing a broadcast: the derivative of copying a value along an axis is a sum along it."""

from __future__ import annotations

from minitorch_clf.tape import Array

__all__ = ["sum_to_size"]


def sum_to_size(g: Array, shape: tuple[int, ...]) -> Array:
    """Sum `g` over the axes along which an array of `shape` was broadcast to g's shape.

        x: (3, 1) -> (2, 3, 4) = g.shape:   sum over axes 0 and 2, then back to (3, 1)

    `shape` itself costs nothing, which is the common case.
    """
    if g.shape == shape:
        return g
    lead = g.ndim - len(shape)
    stretched = [lead + k for k, size in enumerate(shape) if size == 1 != g.shape[lead + k]]
    axes = (*range(lead), *stretched)
    return g.sum(axis=axes, keepdims=True).reshape(shape)
