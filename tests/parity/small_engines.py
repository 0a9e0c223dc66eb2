"""Two small engines with names of their own, for the tests of adapters.

Tiny has a tape, in NumPy. Functional differentiates functions: it is torch.func behind the facade,
so nothing may be lost on the way.
"""

from __future__ import annotations

import numpy as np
import torch

from reference.parity.adapter import Adapter, along, one, two


class Node:
    """An array and how it came about: `parents` has (node, gradient -> its part)."""

    def __init__(self, array, parents=()):
        self.array, self.grad, self.parents = array, None, parents

    def take(self, grad):
        self.grad = grad if self.grad is None else self.grad + grad
        for node, part in self.parents:
            node.take(part(grad))


def lifted(x):
    return x if isinstance(x, Node) else Node(np.asarray(x))


def fitted(grad, like):
    """Summed over what was broadcast."""
    return grad if grad.shape == like.shape else grad.sum(0)


def add(a, b):
    a, b = lifted(a), lifted(b)
    parts = ((a, lambda g: fitted(g, a.array)), (b, lambda g: fitted(g, b.array)))
    return Node(a.array + b.array, parts)


def mul(a, b):
    a, b = lifted(a), lifted(b)
    return Node(
        a.array * b.array,
        (
            (a, lambda g: fitted(g * b.array, a.array)),
            (b, lambda g: fitted(g * a.array, b.array)),
        ),
    )


def exp(x):
    y = np.exp(x.array)
    return Node(y, ((x, lambda g: g * y),))


def relu(x):
    return Node(np.maximum(x.array, 0), ((x, lambda g: g * (x.array > 0)),))


def total(x, axis, keepdims):
    def part(g):
        return np.broadcast_to(g if keepdims or axis is None else np.expand_dims(g, axis), shape)

    shape = x.array.shape
    return Node(x.array.sum(axis, keepdims=keepdims), ((x, part),))


def unboxed(index):
    if isinstance(index, tuple):
        return tuple(map(unboxed, index))
    return index.array if isinstance(index, Node) else index


TINY = {
    "add": two(add),
    "mul": two(mul),
    "exp": one(exp),
    "relu": one(relu),
    "sum": along(total),
    "getitem": lambda input, index: Node(input.array[unboxed(index)]),
    "gt": lambda input, other: Node(input.array > lifted(other).array),
    "max": lambda input, dim: (Node(input.array.max(dim)), Node(input.array.argmax(dim))),
    "split": lambda input: [Node(half) for half in np.split(input.array, 2)],
    "reshape": lambda input, shape: Node(input.array.reshape(shape)),
    "to": lambda input, dtype: Node(input.array.astype(dtype)),
}


class Tiny(Adapter):
    """An engine with a tape."""

    name, version = "tiny", "1"
    ops = TINY

    def tensor(self, array, requires_grad):
        return Node(array)

    def numpy(self, x):
        return x.array

    def shape(self, x):
        return x.array.shape

    def dtype(self, x):
        return x.array.dtype

    def backward(self, outputs, grads):
        for out, grad in zip(outputs, grads, strict=True):
            out.take(grad)

    def gradient(self, x):
        return x.grad


FUNCTIONS = {
    "exp": one(torch.exp),
    "mul": two(torch.mul),
    "sum": lambda input, dim=None: input.sum(dim),
    "detach": one(torch.Tensor.detach),
    "argmax": one(torch.argmax),
    "pow": lambda input, exponent: input**exponent,
}


class Functional(Adapter):
    """torch.func."""

    name = "torch.func"
    tensor_types = (torch.Tensor,)
    ops = FUNCTIONS

    def tensor(self, array, requires_grad):
        return torch.tensor(array)

    def numpy(self, x):
        return x.numpy()

    def dtype(self, x):
        return str(x.dtype).removeprefix("torch.")

    def vjp(self, fn, arrays):
        return torch.func.vjp(fn, *arrays)
