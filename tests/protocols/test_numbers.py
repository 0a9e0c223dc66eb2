"""Tensors where Python and NumPy expect a number, an index, a sequence, a key."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tests.nn.twin import attempt, same


def assign(t: Any) -> Any:
    x = t.zeros(3)
    x[np.int64(1)] = np.float64(2.5)
    return x


def unpack(first: Any, second: Any) -> Any:
    return second, first


def remove(t: Any) -> None:
    x = t.ones(2)
    del x[0]


def identity(t: Any) -> Any:
    x, y = t.ones(2), t.ones(2)
    only_x = {x}
    return hash(x) == id(x), {x: 1, y: 2}[y], x in only_x, y in only_x


PROGRAMS: dict[str, Any] = {
    # NumPy scalars are weak, as Python's numbers are
    "float64 * t": lambda t: np.float64(2) * t.tensor([1.0, 2.0]),
    "t * float64": lambda t: t.tensor([1.0, 2.0]) * np.float64(2),
    "float32 * t": lambda t: np.float32(2) * t.tensor([1.0], dtype=t.float64),
    "float16 * t": lambda t: np.float16(2) * t.tensor([1.0]),
    "int64 * t": lambda t: np.int64(2) * t.tensor([1.5]),
    "bool * t": lambda t: np.bool_(True) * t.tensor([1.5]),
    "float64 + int t": lambda t: np.float64(2.5) + t.tensor([1, 2]),
    "float64 - 0-d": lambda t: np.float64(2) - t.tensor(3.0),
    "float64 / t": lambda t: np.float64(2) / t.tensor([1.0, 4.0]),
    "float64 // t": lambda t: np.float64(7) // t.tensor([2.0, 4.0]),
    "float64 % t": lambda t: np.float64(7) % t.tensor([2.0, 4.0]),
    "float64 ** t": lambda t: np.float64(2) ** t.tensor([1.0, 4.0]),
    "float64 < t": lambda t: np.float64(2) < t.tensor([1.0, 4.0]),
    "float64 == t": lambda t: np.float64(1) == t.tensor([1.0, 4.0]),
    "int64 & t": lambda t: np.int64(3) & t.tensor([1, 6]),
    "recorded": lambda t: (np.float64(2) * t.ones(2, requires_grad=True)).grad_fn.name(),
    "tensor(float64)": lambda t: t.tensor(np.float64(1)),
    "tensor(float32)": lambda t: t.tensor(np.float32(1)),
    "full(float64)": lambda t: t.full((2,), np.float64(1)),
    "full(int64)": lambda t: t.full((2,), np.int64(1)),
    "fill_": lambda t: t.zeros(2).fill_(np.float64(1.5)),
    "index": lambda t: t.arange(3.0)[np.int64(1)],
    "assign": assign,
    "size": lambda t: t.zeros(np.int64(2), np.int32(3)).reshape(np.int64(3), -1).shape,
    "dim": lambda t: t.ones(2, 3).sum(np.int64(1)),
    # numbers of Python
    "int": lambda t: int(t.tensor(-3.7)),
    "int of nan": lambda t: int(t.tensor(float("nan"))),
    "int of inf": lambda t: int(t.tensor(float("inf"))),
    "int of several": lambda t: int(t.ones(2)),
    "float": lambda t: float(t.tensor([3])),
    "float of several": lambda t: float(t.ones(2)),
    "complex": lambda t: str(complex(t.tensor(3.0))),
    "bool": lambda t: (bool(t.tensor(0.0)), bool(t.tensor([[2]]))),
    "bool of none": lambda t: bool(t.tensor([])),
    "bool of several": lambda t: bool(t.ones(2)),
    "round": lambda t: round(t.tensor(2.567)),
    "trunc": lambda t: math.trunc(t.tensor(2.5)),
    "floor": lambda t: math.floor(t.tensor(2.5)),
    "sqrt": lambda t: math.sqrt(t.tensor(4.0)),
    # indices
    "list[t]": lambda t: [10, 20, 30][t.tensor(2)],
    "list[1-d]": lambda t: [10, 20, 30][t.tensor([2])],
    "list[bool]": lambda t: [10, 20, 30][t.tensor(True)],
    "list[float]": lambda t: [10, 20, 30][t.tensor(2.0)],
    "list[several]": lambda t: [10, 20, 30][t.tensor([0, 1])],
    "range": lambda t: list(range(t.tensor(3))),
    # texts
    "format": lambda t: f"{t.tensor(3.14159):.2f} {t.tensor(7):03d} {t.tensor(True)}",
    "format of a row": lambda t: f"{t.tensor([1.0, 2.0])}",
    "format of a row with a spec": lambda t: f"{t.tensor([1.0, 2.0]):.2f}",
    "format of a loss": lambda t: f"{(t.ones(2, requires_grad=True) * 2).sum():.3f}",
    # sequences
    "len": lambda t: (len(t.ones(2, 3)), len(t.ones(0))),
    "len of 0-d": lambda t: len(t.tensor(1.0)),
    "iter": lambda t: list(t.arange(4.0).reshape(2, 2)),
    "iter of 0-d": lambda t: list(t.tensor(1.0)),
    "unpack": lambda t: unpack(*t.tensor([1, 2])),
    "recorded iter": lambda t: [x.grad_fn.name() for x in t.ones(2, requires_grad=True)],
    "reversed": lambda t: list(reversed(t.arange(3.0))),
    "sorted": lambda t: sorted(t.tensor([3.0, 1.0, 2.0])),
    "sum": lambda t: sum(t.tensor([3.0, 1.0, 2.0])),
    "max": lambda t: max(t.tensor([3.0, 1.0])),
    "in": lambda t: (2.0 in t.arange(3.0), 5 in t.arange(3), t.tensor(2) in t.arange(3)),
    "in, a text": lambda t: "a" in t.ones(2),
    "in, a list": lambda t: [1.0] in t.ones(2),
    "del": remove,
    "call": lambda t: t.ones(2)(),
    "bytes": lambda t: list(bytes(t.tensor([1, 2]))),
    # keys
    "hash": identity,
    "== None": lambda t: t.ones(2) == None,  # noqa: E711 - that is the question
    "== text": lambda t: (t.ones(2) == "a", t.ones(2) != "a"),
    "== list": lambda t: t.ones(2) == [1.0, 1.0],
    "== number": lambda t: t.arange(2.0) == 1,
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_same_as_pytorch(name: str) -> None:
    same(lambda t: attempt(lambda: PROGRAMS[name](t)))
