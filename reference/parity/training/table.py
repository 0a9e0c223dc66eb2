"""What a training-parity run says in a terminal: how far the curves are apart, part by part."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from rich import box
from rich.table import Table

from reference.parity.training.curves import Comparison

COLUMNS = 5  # parts side by side in 80 characters


def table(comparisons: Sequence[Comparison], dtype: str, engine: str, unit: str) -> Table:
    """Two lines for each seed: the largest difference from PyTorch's loss, and the noise band.

    unit    "epoch" if that is what the parts are; else they are headed by their last step
    """
    of_dtype = [c for c in comparisons if c.dtype == dtype]
    finished = [c for c in of_dtype if not c.failures]
    heads = _heads(finished[0], unit) if finished else []
    drawn = Table(
        title=f"{dtype}: largest difference by {unit}",
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        padding=0,  # the box has a space between columns, and five parts need the room
    )
    drawn.add_column("seed", justify="right", no_wrap=True)
    drawn.add_column("", no_wrap=True)
    for head in heads:
        drawn.add_column(head, justify="right", no_wrap=True)
    drawn.add_column("verdict", no_wrap=True)
    for c in of_dtype:
        colour = "green" if c.verdict.ok else "red"
        verdict = f"[{colour}]{c.verdict}[/]"
        if c.failures:
            drawn.add_row(str(c.seed), engine, *[""] * len(heads), verdict)
            continue
        drawn.add_row(str(c.seed), engine, *_numbers(c.drift), verdict)
        times = f"[dim]{c.times:.2g} × the band[/]"
        drawn.add_row("", "PyTorch itself", *_numbers(c.floor), times)
    return drawn


def remarks(comparisons: Sequence[Comparison]) -> list[str]:
    """A sentence for whatever failed or went beyond."""
    said = []
    for c in comparisons:
        name = f"{c.dtype}, seed {c.seed}"
        said += [f"{name}: {side} failed: {text}" for side, text in c.failures.items()]
        if not c.failures and c.first_beyond is not None:
            said.append(f"{name}: first beyond at {c.first_beyond}")
    return said


def _heads(c: Comparison, unit: str) -> list[str]:
    """The columns: each part, or, where they are many, some together.

    >>> _heads(Comparison(0, "float32", 8, [1.0] * 800, [1.0] * 800, {"": [1.0] * 800}), "epoch")
    ['1-2', '3-4', '5-6', '7-8']
    """
    ends = [min(end, len(c.drift)) for end in _ends(len(c.drift))]
    if unit != "epoch":
        return [str(min(end * c.part_length, len(c.pytorch))) for end in ends]
    starts = [1, *(end + 1 for end in ends)]
    return [str(b) if a == b else f"{a}-{b}" for a, b in zip(starts, ends, strict=False)]


def _numbers(parts: Sequence[float]) -> list[str]:
    ends = [0, *_ends(len(parts))]
    return [f"{max(parts[a:b]):.1e}".replace("0.0e+00", "0") for a, b in pairwise(ends)]


def _ends(parts: int) -> list[int]:
    """Where the groups of parts end that share a column."""
    together = math.ceil(parts / COLUMNS)
    return list(range(together, parts + together, together))
