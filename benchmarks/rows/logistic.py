"""Row 3: the logistic program, 10,000 steps on three points."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from benchmarks import models
from benchmarks.row import Race, Row, Target

STEPS = 100


def program(t: Any, replay: bool = False) -> Callable[[], Any]:
    """A hundred steps of SGD on BCE: Linear(1, 1), sigmoid, x = 1, 2, 3 -> y = 0, 0, 1."""
    t.manual_seed(0)
    x, y = t.tensor([[1.0], [2.0], [3.0]]), t.tensor([[0.0], [0.0], [1.0]])
    linear, criterion = t.nn.Linear(1, 1), t.nn.BCELoss()
    optimizer = t.optim.SGD(linear.parameters(), lr=0.01)

    def step(x: Any, y: Any) -> Any:
        loss = criterion(t.sigmoid(linear(x)), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    if replay:
        step = t.compile(step)

    def steps() -> Any:
        for _ in range(STEPS):
            loss = step(x, y)
        return loss

    return steps


def build() -> Iterator[Race]:
    import torch

    import minitorch_clf

    sides = {
        "ours": program(minitorch_clf),
        "replay": program(minitorch_clf, replay=True),
        "torch": program(torch),
    }
    models.agree(sides, "torch", rtol=1e-6)
    yield Race("", sides, per=STEPS, budget=10)


ROW = Row(
    "logistic",
    "the logistic program: Linear(1, 1), sigmoid, BCE, SGD, three points",
    "step",
    build,
    (Target("torch", 4), Target("torch", 20, "replay")),
)
