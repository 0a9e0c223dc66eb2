"""What a person watches while cases run: a live bar on a terminal, a line per family elsewhere."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from reference.parity.result import Report, Verdict
from reference.parity.running.selection import Run, family


class Display:
    """A context in which `done` counts a run. All of it on stderr.

    engine   the engine's name
    runs     what is going to be run
    """

    def __init__(self, engine: str, runs: Sequence[Run]) -> None:
        console = Console(stderr=True, highlight=False)
        self._engine = engine
        self._left = Counter(family(run) for run in runs)
        self._runs = Counter(self._left)
        self._fail: Counter[str] = Counter()
        self._started = time.monotonic()
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task(engine, total=len(runs))

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

    def done(self, run: Run, report: Report | None) -> None:
        """Count one run, and say so if it was the last of its family.   report   None: no answer"""
        name = family(run)
        self._left[name] -= 1
        self._fail[name] += report is not None and report.verdict is Verdict.FAILS
        failing = self._fail.total()
        self._progress.update(
            self._task,
            advance=1,
            description=f"{self._engine}  {name}" + (f"  {failing} fail" if failing else ""),
        )
        if self._progress.disable and not self._left[name]:
            seconds = time.monotonic() - self._started
            self.line(
                f"{self._engine}  {name}: {self._runs[name]} runs, {self._fail[name]} fail"
                f"  ({seconds:.0f} s)"
            )

    def line(self, text: str) -> None:
        self._progress.console.print(text, markup=False, soft_wrap=True)
