"""Tensors out of nothing, out of Python and out of NumPy. Random ones: with the generator."""

from __future__ import annotations

from typing import Any

import numpy as np

from reference.parity.case import OpCase
from reference.parity.outcome import attempt

DTYPES = ("bool", "uint8", "int32", "int64", "float32", "float64")


def _copies(t: Any) -> list[Any]:
    array = np.zeros(2, np.float32)
    x = t.tensor(array)
    array[0] = 1
    return [x]


CASES = (
    OpCase(
        "T94 dtype of constructors",
        lambda t: [
            t.tensor([1.0]),
            t.tensor(np.array(1.5)),
            t.arange(3),
            t.arange(3.0),
            t.full((2,), 1),
            t.Tensor(2).shape,
            t.tensor([1]),
            t.tensor(True),
            t.tensor([1, 2.5]),
            t.tensor([True, 2]),
            t.tensor([]),
            t.full((2,), 1.5),
            t.full((2,), True),
            t.tensor(np.int32(3)),
            t.tensor(np.float32(3)),
        ],
    ),
    OpCase(
        "tensor of nests",
        lambda t: [
            t.tensor([[1, 2], [3, 4]]),
            t.tensor(((1.0,), (2.0,))),
            attempt(lambda: t.tensor([np.array([1, 2]), np.array([3, 4])])),  # PyTorch warns
            attempt(lambda: t.tensor([t.tensor(1), t.tensor(2)])),
            t.tensor(range(3)),
            t.tensor([[], []]),
            t.tensor([[True], [False]]),
            attempt(lambda: t.tensor([t.tensor(1.5), 2])),
        ],
    ),
    OpCase(
        "tensor with a dtype",
        lambda t: {d: t.tensor([0, 1, 2], dtype=getattr(t, d)) for d in DTYPES},
    ),
    OpCase(
        "tensor of NumPy keeps the dtype",
        lambda t: {d: (t.tensor(np.ones(2, d)), t.from_numpy(np.ones(2, d))) for d in DTYPES},
    ),
    OpCase("tensor copies", _copies),
    OpCase(
        "Tensor",
        lambda t: [
            t.Tensor(2, 3).shape,
            t.Tensor([1, 2]),
            t.Tensor().shape,
            t.Tensor([[1.5]]).dtype,
        ],
    ),
    OpCase(
        "zeros and ones",
        lambda t: [
            t.zeros(2, 3),
            t.ones((2, 3)),
            t.zeros([2]),
            t.ones(()),
            t.zeros(2, dtype=t.int64),
            t.ones(0, 3),
            t.zeros(2, dtype=t.bool),
            t.ones(t.Size([2])),
        ],
    ),
    OpCase(
        "empty",
        lambda t: [t.empty(2, 3).shape, t.empty((2,), dtype=t.int64).dtype, t.empty(0).shape],
    ),
    OpCase(
        "like",
        lambda t, x: [
            t.zeros_like(x),
            t.ones_like(x),
            t.full_like(x, 3),
            t.empty_like(x).shape,
            t.zeros_like(x, dtype=t.int64),
            x.new_zeros(2, 3),
            x.new_ones((2,)),
            x.new_tensor([1, 2]),
            x.new_full((2,), 7),
            x.new_empty(3).shape,
        ],
        ((2, 3),),
        gradient=False,
        dtypes=DTYPES,
    ),
    OpCase(
        "random like",
        lambda t, x: [t.rand_like(x).dtype, t.randn_like(x).shape],
        ((2, 3),),
        gradient=False,
    ),
    OpCase(
        "full",
        lambda t: [
            t.full((2, 3), 1.5),
            t.full((), 7),
            t.full((2,), 3, dtype=t.float64),
            t.full([1], -2),
        ],
    ),
    OpCase("eye", lambda t: [t.eye(3), t.eye(2, 4), t.eye(3, dtype=t.int64), t.eye(0)]),
    OpCase(
        "T96 arange",
        lambda t: [
            t.arange(5),
            t.arange(2, 7),
            t.arange(1, 10, 3),
            t.arange(5, 0, -2),
            t.arange(0, 1, 0.1),
            t.arange(0.5, 3),
            t.arange(0),
            t.arange(3, dtype=t.float32),
            t.arange(1, 2, 0.3, dtype=t.float64),
            t.arange(0, 1, 0.05).shape,
            t.arange(10**9, 10**9 + 3),
        ],
    ),
    OpCase(
        "T96 linspace",
        lambda t: [
            t.linspace(0, 1, 5),
            t.linspace(-1, 1, 100),
            t.linspace(3, 3, 3),
            t.linspace(0, 1, 1),
            t.linspace(1, 0, 7),
            t.linspace(0, 10, 0),
            t.linspace(-3, 4, 57, dtype=t.float64),
        ],
    ),
    OpCase(
        "as_tensor",
        lambda t: [
            t.as_tensor([1, 2]),
            t.as_tensor(np.ones(2)),
            _is_shared(t),
            t.as_tensor(3.5),
            t.as_tensor([1], dtype=t.float64),
        ],
    ),
    OpCase(
        "requires_grad",
        lambda t: [
            t.tensor([1.0], requires_grad=True),
            t.zeros(2, requires_grad=True).is_leaf,
            t.ones(1, requires_grad=True).requires_grad,
            attempt(lambda: t.tensor([1], requires_grad=True)),
            attempt(lambda: t.zeros(2, dtype=t.int64, requires_grad=True)),
        ],
        gradient=False,
    ),
    OpCase(
        "Size",
        lambda t: [
            t.Size([2, 3]),
            repr(t.Size([2, 3])),
            t.Size([2, 3]) == (2, 3),
            t.Size([2, 3]).numel(),
            t.Size([2, 3])[1:],
            t.Size([]),
            str(t.Size([1])),
            repr(t.Size([2]) + t.Size([3])),
            len(t.Size([1, 2])),
            hash(t.Size([1])) == hash((1,)),
            t.zeros(2, 3).shape == t.Size([2, 3]),
        ],
    ),
)


def _is_shared(t: Any) -> list[Any]:
    array, x = np.zeros(2, np.float32), t.ones(2)
    shared = t.as_tensor(array)
    array[0] = 5
    return [shared, t.as_tensor(x) is x, t.as_tensor(x, dtype=t.float64) is x]
