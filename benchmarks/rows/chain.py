"""Row 4: a chain of 100,000 small operations, forward and backward."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from benchmarks import models
from benchmarks.row import Race, Row, Target

LENGTH = 100_000


def chain(t: Any, values: list[float]) -> Callable[[], Any]:
    """x * 1.0001 + 0.0001 ..., and back: what an operation costs when its arithmetic is nothing."""
    x = t.tensor(values, requires_grad=True)

    def run() -> Any:
        x.grad = None
        y = x
        for _ in range(LENGTH // 2):
            y = y * 0.99999 + 0.00001
        y.sum().backward()
        return x.grad.sum()

    return run


def build() -> Iterator[Race]:
    import torch

    import minitorch_clf

    for label, values in (("1 element", [0.5]), ("64 elements", [k / 64 for k in range(64)])):
        sides = {"ours": chain(minitorch_clf, values), "torch": chain(torch, values)}
        models.agree(sides, "torch", steps=1, rtol=1e-5)
        yield Race(label, sides, per=LENGTH, budget=12)


ROW = Row(
    "chain",
    "a chain of 100,000 small operations, forward and backward",
    "operation",
    build,
    (Target("torch", 1),),
)
