"""Row 2: one step of Adam on a batch of 64, data in memory, 784-128-10."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from benchmarks import machine, models
from benchmarks.row import Race, Row, Target

WIDTHS, BATCH = (784, 128, 10), 64


def cost(widths: tuple[int, ...], batch: int) -> float:
    """Seconds that a step takes at least.

    Each product is done three times, but for the first layer's gradient of its input. Adam reads
    p, g, m, v and writes p, m, v.
    """
    pairs = list(itertools.pairwise(widths))
    products = [2 * batch * a * b * (2 if k == 0 else 3) for k, (a, b) in enumerate(pairs)]
    parameters = sum(a * b + b for a, b in pairs)
    return machine.floor(sum(products), 7 * 4 * parameters)


def build() -> Iterator[Race]:
    import torch

    sides = {
        **models.engines(WIDTHS, BATCH),
        "torch fused": models.training_step(torch, WIDTHS, BATCH, fused=True),
        "torch.compile": models.torch_compiled(torch, WIDTHS, BATCH),
    }
    jax, missing = models.optional(lambda: models.jax_step(torch, WIDTHS, BATCH), "jax.jit", "jax")
    if jax is not None:
        sides["jax.jit"] = jax
    models.agree(sides, "torch")
    skipped = {"jax.jit": missing} if missing else {}
    yield Race("", sides, floor=cost(WIDTHS, BATCH), skipped=skipped, budget=20)


ROW = Row(
    "step",
    "a training step, data in memory: 784-128-10, batch 64, Adam",
    "step",
    build,
    (
        Target("torch", 3),
        Target("torch fused", 2.5),
        Target("torch.compile", 2.5),
        Target("jax.jit", 1.3),
        Target("torch", 3, "replay"),
        Target("torch fused", 2.5, "replay"),
        Target("torch.compile", 2.5, "replay"),
        Target("jax.jit", 1.3, "replay"),
        Target("floor", 1.6, "replay"),
    ),
)
