"""A process that runs cases. It loads the oracle and the engine once and answers run by run.

    python -m reference.parity.worker       started by pool.py, not by hand

Orders come in on stdin, answers go out on what was stdout, one JSON value a line:

    order     {"engine": "mygrad", "oracle": "live", "floor": true}    once, at first
              [["activation/relu", "float32", "plain"], ...]           runs, as often as needed
    answer    {"loaded": "oracle"}, then {"loaded": "engine", "facts": {...}}
              {"refused": "why the engine cannot be had"}              and it ends
              {"report": {...}}                                        one for each run, in order
              {"no_answer": "why the oracle knows nothing of it"}      or this
              {"unknown": "why the oracle cannot be had"}              and it ends

An engine may print, read and close what it likes: before it is loaded the two pipes move to
numbers that nobody else knows, stdin becomes empty, and stdout becomes stderr, of which the parent
keeps the end to explain a death with.
"""

from __future__ import annotations

import faulthandler
import json
import os
import signal
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TextIO

from reference.parity.cases import all_cases, all_errors
from reference.parity.compare import compare, compare_error
from reference.parity.engines import Engine, EngineError, NotOffered, load_engine
from reference.parity.oracle import NoAnswerError, Oracle, OracleError
from reference.parity.outcome import told
from reference.parity.result import Report, Verdict


def main() -> None:
    """Load, say so, and answer until stdin ends."""
    orders, answers = _take_over_streams()
    _explain_deaths()
    todo: SimpleQueue[Any] = SimpleQueue()
    threading.Thread(target=_read, args=(orders, todo), daemon=True).start()

    def answer(**message: Any) -> None:
        answers.write(json.dumps(message) + "\n")
        answers.flush()

    setup = todo.get()
    try:
        judge = Judge(load_oracle(setup["oracle"]), setup["floor"])
    except OracleError as error:
        answer(unknown=str(error))
        return
    answer(loaded="oracle")
    try:
        engine = load_engine(setup["engine"])
    except BaseException as error:  # noqa: BLE001 - an import may raise KeyboardInterrupt too
        text = str(error) if isinstance(error, EngineError) else told(error)
        answer(refused=text)
        return
    answer(loaded="engine", facts=judge.facts(engine))
    while True:
        for run in todo.get():
            try:
                answer(report=judge.report(engine, *run).to_dict())
            except NoAnswerError as error:
                answer(no_answer=str(error))


def load_oracle(kind: str) -> Oracle:
    """The oracle called "live" or "frozen"; OracleError if it cannot be had."""
    if kind == "frozen":
        from reference.parity.frozen import FrozenOracle

        return FrozenOracle.load()
    try:
        from reference.parity.live import LiveOracle
    except ImportError as error:
        raise OracleError(
            f"PyTorch cannot be imported: {error}. Install it, or take --oracle frozen"
        ) from error
    return LiveOracle()


class Judge:
    """Runs cases on an engine and compares it with the oracle.   floor   whether to ask for it"""

    def __init__(self, oracle: Oracle, floor: bool) -> None:
        self._oracle = oracle
        self._floor = floor
        self._cases, self._errors = all_cases(), all_errors()

    def facts(self, engine: Engine) -> dict[str, Any]:
        return {
            "engine": engine.name,
            "version": engine.version,
            "oracle": self._oracle.facts(),
            "notes": self._oracle.notes(),
        }

    def report(self, engine: Engine, name: str, dtype: str, variant: str) -> Report:
        """The report of one run. NoAnswerError: the oracle knows nothing of it."""
        ask = self._mistake(engine, name) or self._case(engine, name, dtype, variant)
        started = time.perf_counter()
        try:
            report = ask()
        except NotOffered as missing:
            report = Report(name, dtype, variant, Verdict.NOT_OFFERED, reason=str(missing))
        except BaseException as error:  # noqa: BLE001 - sys.exit in an op is the op's answer
            sentence = f"{type(error).__name__} in place of an answer: {error}"
            report = Report(name, dtype, variant, Verdict.FAILS, failures=[sentence])
        report.seconds = time.perf_counter() - started
        return report

    def _case(self, engine: Engine, name: str, dtype: str, variant: str) -> Callable[[], Report]:
        case = self._cases[name]
        expected = self._oracle.outcome(case, dtype, variant)
        floor = self._oracle.floor(case, dtype, variant) if self._floor else None
        return lambda: compare(
            case, dtype, variant, expected, engine.run(case, dtype, variant), floor
        )

    def _mistake(self, engine: Engine, name: str) -> Callable[[], Report] | None:
        case = self._errors.get(name)
        if case is None:
            return None
        expected = self._oracle.error(case)
        return lambda: compare_error(case, expected, engine.run_error(case))


def _take_over_streams() -> tuple[TextIO, TextIO]:
    """Return the pipes from and to the parent; leave the engine an empty stdin, and stderr twice.

    It is done with file numbers, as a library in C writes to number 1 and knows no sys.stdout. The
    copies that os.dup makes are not inherited by processes that the engine may start.
    """
    orders = os.fdopen(os.dup(0), "r", encoding="utf-8")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return orders, answers


def _explain_deaths() -> None:
    """A crash writes to stderr where it happened; so does SIGUSR1, which asks what takes so long.

    Both copy stderr's number, or an engine that closes stderr would silence them.
    """
    stderr = os.dup(2)
    faulthandler.enable(file=stderr, all_threads=False)
    if hasattr(signal, "SIGUSR1"):  # not on Windows
        faulthandler.register(signal.SIGUSR1, file=stderr, all_threads=False)


def _read(orders: TextIO, todo: SimpleQueue[Any]) -> None:
    """Queue the orders. Their end is the parent's: then leave at once, whatever the engine does."""
    for line in orders:
        todo.put(json.loads(line))
    os._exit(0)


if __name__ == "__main__":
    main()
