"""What came out: ratios with intervals, and whether the targets were met."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.paired import bootstrap, ratio
from benchmarks.row import Row, Target


@dataclass(frozen=True)
class Line:
    """One race: the median seconds of each side, and how many times as long each takes as ours.

    times     side -> median seconds per unit (bytes, for memory)
    ratios    (side of ours, peer) -> median, low, high of theirs over ours
    floor     seconds, or None;  skipped: side -> why
    rounds    of all processes together
    """

    row: str
    label: str
    times: dict[str, float]
    ratios: dict[tuple[str, str], tuple[float, float, float]]
    floor: float | None
    skipped: dict[str, str]
    rounds: int

    def targets(self, row: Row) -> Iterator[tuple[Target, float, bool]]:
        """Every target that can be judged here, the ratio, and whether it is met."""
        for target in row.targets:
            got = self.ratios.get((target.ours, target.peer))
            if got is not None:
                yield target, got[0], target.met(got[0])


OURS = ("ours", "replay", "cold")


def lines(row: Row, processes: list[list[dict[str, Any]]]) -> list[Line]:
    """One Line per race, from what the processes measured."""
    made = []
    for races in zip(*processes, strict=True):
        seconds = [
            {name: np.array(times) for name, times in race["seconds"].items()} for race in races
        ]
        floors = [race["floor"] for race in races if race["floor"] is not None]
        floor = float(np.median(floors)) if floors else None
        ratios = {}
        for us in [name for name in OURS if name in seconds[0]]:
            for peer in [name for name in seconds[0] if name not in OURS]:
                ratios[us, peer] = bootstrap([ratio(s[peer], s[us]) for s in seconds])
            if floors:
                ratios[us, "floor"] = bootstrap(
                    [f / s[us] for s, f in zip(seconds, floors, strict=True)]
                )
        made.append(
            Line(
                row.name,
                races[0]["label"],
                {n: float(np.median(np.concatenate([s[n] for s in seconds]))) for n in seconds[0]},
                ratios,
                floor,
                races[0]["skipped"],
                sum(next(iter(s.values())).size for s in seconds),
            )
        )
    return made


def to_dict(line: Line) -> dict[str, Any]:
    """For --json: ratios under "ours / peer"."""
    return {
        "row": line.row,
        "label": line.label,
        "seconds": line.times,
        "floor": line.floor,
        "ratios": {f"{us} / {peer}": list(value) for (us, peer), value in line.ratios.items()},
        "rounds": line.rounds,
        "skipped": line.skipped,
    }
