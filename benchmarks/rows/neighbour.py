"""The step of row 2 with threads left as they come, while another program keeps one core busy."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

from benchmarks import models
from benchmarks.row import Race, Row, Target
from benchmarks.rows.step import BATCH, WIDTHS

BUSY = "import os; os.sched_setaffinity(0, [{core}])\nwhile True: pass"


def build() -> Iterator[Race]:
    sides = models.engines(WIDTHS, BATCH)
    models.agree(sides, "torch")
    yield Race("alone", sides, budget=8)
    core = min(os.sched_getaffinity(0))
    busy = subprocess.Popen([sys.executable, "-c", BUSY.format(core=core)])
    try:
        yield Race("one core busy", sides, budget=12)
    finally:
        busy.kill()
        busy.wait()


ROW = Row(
    "neighbour",
    "the step of row 2 with all cores allowed, alone and beside a busy neighbour",
    "step",
    build,
    (Target("torch", 3),),
    threads=-1,
)
