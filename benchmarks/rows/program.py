"""Row 1: the MNIST program as people write it, one epoch, DataLoader and all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from benchmarks import models
from benchmarks.row import Race, Row, Target
from benchmarks.rows.step import BATCH, WIDTHS, cost


def train_replayed(config: Any, model: Any, batches: Any) -> list[float]:
    """experiments.mnist.train for one epoch, its step behind minitorch_clf.compile."""
    import minitorch_clf as torch

    optimizer = torch.optim.Adam(model.parameters(), lr=config.lr)
    step = torch.compile(models.step_of(model, torch.nn.CrossEntropyLoss(), optimizer))
    model.train()
    for images, labels in batches:
        loss = step(images, labels)
    return [loss.item()]


def build() -> Iterator[Race]:
    from torch.utils.data import DataLoader

    from minitorch_clf.experiments import mnist as ours
    from minitorch_clf.utils.data import DataLoader as OurLoader
    from reference.experiments import mnist as theirs

    root = os.environ["MINITORCH_CLF_DATA"]
    losses: dict[str, float] = {}

    steps = 0

    def epoch(name: str, program: Any, loader: Any, train: Any) -> Any:
        nonlocal steps
        dataset = program.load(root, train=True)
        steps = -(-len(dataset) // BATCH)

        def run() -> None:
            config = program.Config(epochs=1)
            model = program.build(config)
            batches = loader(dataset, batch_size=config.batch_size, shuffle=True)
            losses[name] = train(config, model, batches)[-1]

        return run

    sides = {
        "ours": epoch("ours", ours, OurLoader, ours.train),
        "replay": epoch("replay", ours, OurLoader, train_replayed),
        "torch": epoch("torch", theirs, DataLoader, theirs.train),
    }
    for run in sides.values():
        run()
    if losses["replay"] != losses["ours"] or abs(losses["ours"] - losses["torch"]) > 1e-3:
        raise AssertionError(f"after one epoch the losses are {losses}")
    yield Race("", sides, floor=steps * cost(WIDTHS, BATCH), budget=40, rounds=5)


ROW = Row(
    "program",
    "the MNIST program as people write it, one epoch",
    "epoch",
    build,
    (Target("torch", 15), Target("torch", 15, "replay")),
    needs_mnist=True,
)
