"""What a person watches while a model trains: a live bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

UPDATES_PER_SECOND = 20


class Display:
    """A context in which `step` moves the bar and `line` prints above it. All of it on stderr.

    steps    how many calls of `step` make the whole run
    """

    def __init__(self, steps: int) -> None:
        console = Console(stderr=True, highlight=False)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[loss]}"),
            TimeRemainingColumn(),
            console=console,
            refresh_per_second=UPDATES_PER_SECOND,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task("", total=steps, loss="")
        self._done = 0
        self._next_update = 0.0

    def __enter__(self) -> Display:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def step(self, description: str, loss: float) -> None:
        """Count one step; redraw only as often as an eye can follow."""
        self._done += 1
        now = time.monotonic()
        if now >= self._next_update and not self._progress.disable:
            self._next_update = now + 1 / UPDATES_PER_SECOND
            self._progress.update(
                self._task, completed=self._done, description=description, loss=f"loss {loss:.4f}"
            )

    def line(self, text: str) -> None:
        self._progress.console.print(text, markup=False, soft_wrap=True)
