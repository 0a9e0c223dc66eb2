"""Row 6: a wide network, where matrix products are nearly all of it."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks import models
from benchmarks.row import Race, Row, Target
from benchmarks.rows.step import cost

WIDTHS, BATCH = (784, 2048, 2048, 10), 1024


def build() -> Iterator[Race]:
    import torch

    sides = {
        **models.engines(WIDTHS, BATCH),
        "torch fused": models.training_step(torch, WIDTHS, BATCH, fused=True),
    }
    models.agree(sides, "torch", steps=2)
    yield Race("", sides, floor=cost(WIDTHS, BATCH), budget=25)


ROW = Row(
    "wide",
    "a wide MLP: 784-2048-2048-10, batch 1,024, Adam",
    "step",
    build,
    (Target("torch", 1), Target("torch", 1, "replay")),
    threads=0,
)
