"""Where a training step's time goes: by phase for both engines, by node of backward for ours.

The step of row 2 (784-128-10, batch 64, Adam), on one thread. Times are medians over many steps;
each carries its share of the clock's own 0.1 us. Beside them stands what the machine needs for the
bare work of a phase: its matrix products and its loop over the parameters, called by themselves.
"""

from __future__ import annotations

import itertools
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks import models
from benchmarks.rows.step import BATCH, WIDTHS
from benchmarks.worker import limit_threads

PHASES = ("zero_grad", "first layer", "relu", "second layer", "loss", "backward", "optimizer")
Seconds = dict[str, float]


def phases(t: Any, steps: int, **adam: Any) -> Seconds:
    """Median seconds of each phase of a step."""
    images, labels = models.digits(BATCH)
    x, y = t.tensor(images), t.tensor(labels)
    model, criterion = models.mlp(t, WIDTHS), t.nn.CrossEntropyLoss()
    optimizer = t.optim.Adam(model.parameters(), lr=0.001, **adam)
    first, relu, second = model
    clock, taken = time.perf_counter, []
    for _ in range(steps):
        times = [clock()]
        optimizer.zero_grad()
        times.append(clock())
        h = first(x)
        times.append(clock())
        h = relu(h)
        times.append(clock())
        h = second(h)
        times.append(clock())
        loss = criterion(h, y)
        times.append(clock())
        loss.backward()
        times.append(clock())
        optimizer.step()
        times.append(clock())
        taken.append(np.diff(times))
    medians = np.median(taken[steps // 10 :], axis=0)
    return dict(zip(PHASES, medians.tolist(), strict=True))


def nodes(steps: int) -> Seconds:
    """Median seconds of each node of our backward, checks and hooks included."""
    import minitorch_clf
    from minitorch_clf import walk

    step = models.training_step(minitorch_clf, WIDTHS, BATCH)
    taken: dict[str, list[float]] = defaultdict(list)
    run = walk._run

    def timed(node: Any, buffer: Any, recorder: Any) -> Any:
        start = time.perf_counter()
        result = run(node, buffer, recorder)
        shape = tuple(node.outputs[0].shape)
        taken[f"{node.name().rpartition(':')[2]} {shape}"].append(time.perf_counter() - start)
        return result

    walk._run = timed
    try:
        for _ in range(steps):
            step()
    finally:
        walk._run = run
    return {name: float(np.median(times[len(times) // 10 :])) for name, times in taken.items()}


def bare(steps: int) -> Seconds:
    """Median seconds of the work alone: products as NumPy calls, Adam's loop as a kernel call."""
    from minitorch_clf.kernels import optim
    from minitorch_clf.kernels.sqrt import mkl_estimates

    images, _ = models.digits(BATCH)
    rng = np.random.default_rng(0)
    inputs, hidden, classes = WIDTHS
    w1, w2, h, g1, g2 = (
        rng.standard_normal(shape, np.float32)
        for shape in (
            (hidden, inputs),
            (classes, hidden),
            (BATCH, hidden),
            (BATCH, hidden),
            (BATCH, classes),
        )
    )
    size = sum(a * b + b for a, b in itertools.pairwise(WIDTHS))
    p, g, m, v = (rng.random(size, np.float32) for _ in range(4))
    scalars = (0.001, 0.9, 0.999, 0.5, 1e-8, 0.0, 1.0, False, False, mkl_estimates(p.dtype))
    calls: dict[str, Callable[[], Any]] = {
        "first layer": lambda: w1 @ images.T,
        "second layer": lambda: h @ w2.T,
        "backward": lambda: (g2.T @ h, g2 @ w2, g1.T @ images),
        "optimizer": lambda: optim.adam(p, g, m, v, v, *scalars),
    }
    found = {}
    for name, call in calls.items():
        taken = []
        for _ in range(steps):
            start = time.perf_counter()
            call()
            taken.append(time.perf_counter() - start)
        found[name] = float(np.median(taken[steps // 10 :]))
    return found


def show_anatomy(console: Console, scale: float) -> dict[str, Seconds]:
    """Measure in this process, and print both tables."""
    import torch

    import minitorch_clf

    limit_threads(1)
    steps = max(50, int(2000 * scale))
    found = {
        "ours": phases(minitorch_clf, steps),
        "work alone": bare(steps),
        "torch": phases(torch, steps),
        "torch fused": phases(torch, steps, fused=True),
    }
    table = Table(title="a step by phase, µs", title_justify="left")
    for heading in ("", *found):
        table.add_column(heading, justify="right" if heading else "left")
    for phase in PHASES:
        table.add_row(phase, *[_us(side.get(phase)) for side in found.values()])
    table.add_row("all", *[_us(sum(side.values())) for side in found.values()])
    console.print(table)
    found["nodes"] = nodes(steps)
    table = Table(title="our backward by node, µs", title_justify="left")
    table.add_column("")
    table.add_column("µs", justify="right")
    for name, seconds in found["nodes"].items():
        table.add_row(name, _us(seconds))
    console.print(table)
    return found


def _us(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds * 1e6:.1f}"
