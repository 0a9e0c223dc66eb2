"""Draws in a process of its own, so that an engine that hangs or dies costs one property.

    for report in reports("my/engine.py", examples=60, seed=None, time_limit=20): ...

The child says which example it is about to run. If it then ends, or takes longer than the limit,
that example is the one: its property fails with it as a script, and a new child goes on with the
next. It is not shrunk, for every try would cost the process again.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

from reference.parity.case import OpCase
from reference.parity.draws.draws import FAMILY, judge
from reference.parity.draws.script import adapter_script, import_line, plain_script
from reference.parity.draws.strategies import PROPERTIES, Example, like
from reference.parity.engines import EngineError, TorchLike, load_engine
from reference.parity.result import Report, Verdict
from reference.parity.running.worker import load_oracle

#: Seconds to import Hypothesis, PyTorch and the engine.
START = 300.0


def reports(
    engine: str,
    examples: int,
    seed: int | None = None,
    only: Sequence[str] = (),
    time_limit: float = 20.0,
) -> Iterator[Report]:
    """A report for each property, or for those in `only`, as they are made.

    EngineError  the engine cannot be had
    """
    waiting = list(only or PROPERTIES)
    while waiting:
        child = _Child(engine, waiting, examples, seed)
        try:
            for report in child.reports(time_limit):
                waiting.pop(0)
                yield report
        finally:
            child.end()


class _Child:
    """One process with the properties it has still to judge."""

    def __init__(self, engine: str, names: list[str], examples: int, seed: int | None) -> None:
        self._engine, self._names = engine, list(names)
        self._like_torch = True
        context = get_context("spawn")
        self._letters, theirs = context.Pipe(duplex=False)
        self._process = context.Process(
            target=_work, args=(theirs, engine, self._names, examples, seed), daemon=True
        )
        self._process.start()
        theirs.close()

    def reports(self, time_limit: float) -> Iterator[Report]:
        """Until all are judged, or the process is lost: then the last one says how."""
        example: Example | None = None
        limit: float | None = START
        names = iter(self._names)
        for name in names:
            while True:
                try:
                    if not self._letters.poll(limit):
                        yield self._lost(name, example, f"time limit of {limit:g} s")
                        return
                    kind, what = self._letters.recv()
                except EOFError:
                    self._process.join()
                    yield self._lost(name, example, _death(self._process.exitcode))
                    return
                limit = None if math.isinf(time_limit) else time_limit
                if kind == "refused":
                    raise EngineError(what)
                if kind == "loaded":
                    self._like_torch = what
                if kind == "example":
                    example = _unpacked(what)
                if kind == "report":
                    yield what
                    break

    def _lost(self, name: str, example: Example | None, how: str) -> Report:
        report = Report(f"{FAMILY}/{name}", variant=FAMILY, verdict=Verdict.FAILS, reason=how)
        if example is not None:
            if self._like_torch:
                text = plain_script(example, import_line(self._engine))
            else:
                text = adapter_script(example, self._engine)
            report.failures.append(f"in this draw, which is not shrunk:\n\n{text}\n")
        return report

    def end(self) -> None:
        self._process.kill()
        self._process.join()
        self._letters.close()


def _death(code: int | None) -> str:
    return f"the process ended with exit code {code}" if code else "the process left"


def _work(
    letters: Connection, engine: str, names: list[str], examples: int, seed: int | None
) -> None:
    """What the child does. An engine may print: its stdout becomes stderr."""
    os.dup2(2, 1)
    try:
        load_oracle("live")  # and its first gradient, which no example should be blamed for
        loaded = load_engine(engine)
    except EngineError as error:
        letters.send(("refused", str(error)))
        return
    letters.send(("loaded", isinstance(loaded, TorchLike)))

    def announce(example: Example) -> None:
        letters.send(("example", _packed(example)))

    for name in names:
        letters.send(("report", judge(loaded, name, examples, seed, engine, announce)))


def _packed(example: Example) -> tuple[Any, ...]:
    """An example without its function, which cannot cross."""
    return example.case.name, example.case.values, example.body, example.dtype, example.layout


def _unpacked(packed: tuple[Any, ...]) -> Example:
    name, values, body, dtype, layout = packed
    return like(OpCase(name, print), body, list(values), dtype, layout)
