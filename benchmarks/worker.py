"""Runs one row in a process of its own, and writes what it measured to a file, as JSON.

python -m benchmarks.worker ROW FILE [BUDGET]
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from benchmarks.paired import interleave
from benchmarks.row import Row


def limit_threads(wanted: int) -> None:
    """As many threads for every side (see Row.threads); on one thread, all sides share one core."""
    import threadpoolctl
    import torch

    if wanted < 0:
        return
    cores = sorted(os.sched_getaffinity(0))
    threads = wanted or len(cores)
    if threads == 1:
        os.sched_setaffinity(0, cores[-1:])
    torch.set_num_threads(threads)
    threadpoolctl.threadpool_limits(threads)


def measure(row: Row, scale: float = 1.0) -> list[dict[str, Any]]:
    """Every race of the row: seconds per unit by round and side, floor, and what was skipped."""
    limit_threads(row.threads)
    measured = []
    for race in row.build():
        times = interleave(
            race.sides, race.budget * scale, race.rounds, returns_value=race.returns_value
        )
        measured.append(
            {
                "label": race.label,
                "seconds": {name: (t / race.per).tolist() for name, t in times.items()},
                "floor": None if race.floor is None else race.floor / race.per,
                "skipped": race.skipped,
            }
        )
    return measured


def main() -> None:
    from benchmarks.rows import ROWS

    name, path, *scale = sys.argv[1:]
    Path(path).write_text(json.dumps(measure(ROWS[name], *map(float, scale))))


if __name__ == "__main__":
    main()
