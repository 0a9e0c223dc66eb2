"""How cost grows: a training step over batch and width, ours and PyTorch's, with the crossover.

784-W-W-10 with Adam. In each cell the median ratio, torch over ours, over three processes. Where it
falls below 1 PyTorch is faster, and it is printed all the same. It takes a quarter of an hour: a
step of the largest is 4e11 operations, four seconds.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks import models
from benchmarks.paired import interleave
from benchmarks.worker import limit_threads

BATCHES = (1, 8, 64, 512, 4096)
WIDTHS = (32, 128, 512, 2048, 4096)


def measure(scale: float) -> list[dict[str, Any]]:
    """In this process, every cell: seconds of ours, of replay, and of torch."""
    limit_threads(1)
    cells = []
    for batch in BATCHES:
        for width in WIDTHS:
            widths = (784, width, width, 10)
            sides = models.engines(widths, batch)
            models.agree(sides, "torch", steps=2, rtol=1e-3)
            times = interleave(sides, budget=1.5 * scale, rounds=30)
            cells.append(
                {"batch": batch, "width": width} | {n: t.tolist() for n, t in times.items()}
            )
    return cells


def show_scaling(console: Console, scale: float, processes: int = 3) -> list[dict[str, Any]]:
    """Measure in fresh processes and print one table for eager, one for replay."""
    runs = []
    for k in range(processes):
        with console.status(f"scaling: process {k + 1} of {processes}"):
            runs.append(_in_a_process(scale))
    cells = []
    for same in zip(*runs, strict=True):
        cell = {key: same[0][key] for key in ("batch", "width")}
        for side in ("ours", "replay", "torch"):
            cell[side] = float(np.median(np.concatenate([run[side] for run in same])))
        for side in ("ours", "replay"):
            ratios = [np.median(np.array(run["torch"]) / np.array(run[side])) for run in same]
            cell[f"torch / {side}"] = float(np.median(ratios))
        cells.append(cell)
    for side in ("ours", "replay"):
        console.print(grid(cells, side))
    return cells


def grid(cells: list[dict[str, Any]], side: str) -> Table:
    """Rows: batch, columns: width; a star where PyTorch is faster, which is the crossover."""
    table = Table(
        title=f"torch / {side}, one thread; * where PyTorch is faster", title_justify="left"
    )
    table.add_column("batch", justify="right")
    for width in WIDTHS:
        table.add_column(f"width {width:,}", justify="right")
    found = {(cell["batch"], cell["width"]): cell[f"torch / {side}"] for cell in cells}
    for batch in BATCHES:
        values = [found[batch, width] for width in WIDTHS]
        table.add_row(f"{batch:,}", *[f"{v:.2f}{'*' if v < 1 else ''}" for v in values])
    return table


def _in_a_process(scale: float) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "cells.json")
        command = [sys.executable, "-m", "benchmarks.scaling", str(path), str(scale)]
        subprocess.run(command, check=True)
        cells: list[dict[str, Any]] = json.loads(path.read_text())
        return cells


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(measure(float(sys.argv[2]))))
