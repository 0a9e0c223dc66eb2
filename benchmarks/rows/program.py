"""Row 1: the MNIST program as people write it, one epoch, DataLoader and all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from benchmarks.row import Race, Row, Target


def build() -> Iterator[Race]:
    from torch.utils.data import DataLoader

    from minitorch_clf.experiments import mnist as ours
    from minitorch_clf.utils.data import DataLoader as OurLoader
    from reference.experiments import mnist as theirs

    root = os.environ["MINITORCH_CLF_DATA"]
    losses: dict[str, float] = {}

    def epoch(name: str, program: Any, loader: Any) -> Any:
        dataset = program.load(root, train=True)

        def run() -> None:
            config = program.Config(epochs=1)
            model = program.build(config)
            batches = loader(dataset, batch_size=config.batch_size, shuffle=True)
            losses[name] = program.train(config, model, batches)[-1]

        return run

    sides = {"ours": epoch("ours", ours, OurLoader), "torch": epoch("torch", theirs, DataLoader)}
    for run in sides.values():
        run()
    if abs(losses["ours"] - losses["torch"]) > 1e-3:
        raise AssertionError(f"after one epoch the losses are {losses}")
    yield Race("", sides, budget=40, rounds=5)


ROW = Row(
    "program",
    "the MNIST program as people write it, one epoch",
    "epoch",
    build,
    (Target("torch", 15),),
    needs_mnist=True,
)
