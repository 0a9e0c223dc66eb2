"""A process that runs cases. It loads the oracle and the engine once and answers run by run.

    python -m reference.parity.running.worker       started by pool.py, not by hand

Orders come in on stdin, answers go out on what was stdout, one JSON value a line:

    order     {"engine": "mygrad", "oracle": "live"}                       once, at first
              [["activation/relu", "float32", "plain", {floor}], ...]      runs, as often as needed
    answer    {"loaded": "oracle"}, then {"loaded": "engine", "facts": {...}}
              {"refused": "why the engine cannot be had"}              and it ends
              {"asked": true}                  the oracle has answered, it is the engine's turn
              {"report": {...}}                one for each run, in order
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

from reference.parity.case import OpCase
from reference.parity.cases import all_cases, all_errors
from reference.parity.compare import compare, compare_error
from reference.parity.engines import Engine, EngineError, NotOffered, load_engine
from reference.parity.oracle import Floor, NoAnswerError, Oracle, OracleError
from reference.parity.outcome import told
from reference.parity.result import Report, Verdict
from reference.parity.running.selection import Run


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
        judge = Judge(load_oracle(setup["oracle"]))
    except OracleError as error:
        answer(unknown=str(error))
        return
    answer(loaded="oracle")
    try:
        engine = load_engine(setup["engine"])
    except BaseException as error:  # noqa: BLE001 - an import may raise KeyboardInterrupt too
        why = f"cannot import {setup['engine']}: {told(error)}"
        answer(refused=str(error) if isinstance(error, EngineError) else why)
        return
    answer(loaded="engine", facts=judge.facts(engine))
    while True:
        for *names, floor in todo.get():
            run: Run = (names[0], names[1], names[2])
            try:
                ask = judge.question(engine, run, floor)
            except NoAnswerError as error:
                answer(no_answer=str(error))
            else:
                answer(asked=True)
                answer(report=reported(run, ask).to_dict())


def load_oracle(kind: str) -> Oracle:
    """The oracle called "live" or "frozen"; OracleError if it cannot be had."""
    if kind == "frozen":
        from reference.parity.frozen import FrozenOracle

        return FrozenOracle()
    try:
        from reference.parity.live import LiveOracle
    except ImportError as error:
        raise OracleError(
            f"PyTorch cannot be imported: {error}. Install it, or take --oracle frozen"
        ) from error
    oracle = LiveOracle()
    # PyTorch's first gradient imports sympy: a second or more, of which no case should be accused.
    oracle.outcome(OpCase("warm up", lambda t, x: t.exp(x), shapes=((1,),)))
    return oracle


class Judge:
    """Runs cases on an engine and compares it with the oracle."""

    def __init__(self, oracle: Oracle) -> None:
        self._oracle = oracle
        self._cases, self._errors = all_cases(), all_errors()

    def facts(self, engine: Engine) -> dict[str, Any]:
        return {
            "engine": engine.name,
            "version": engine.version,
            "oracle": self._oracle.facts(),
            "notes": self._oracle.notes(),
        }

    def question(self, engine: Engine, run: Run, floor: Floor) -> Callable[[], Report]:
        """Ask the oracle, and return what asks the engine and compares.

        NoAnswerError  the oracle knows nothing of this run
        """
        name, dtype, variant = run
        if name in self._errors:
            mistake = self._errors[name]
            text = self._oracle.error(mistake)
            return lambda: compare_error(mistake, text, engine.run_error(mistake))
        case = self._cases[name]
        expected = self._oracle.outcome(case, dtype, variant)
        return lambda: compare(
            case, dtype, variant, expected, engine.run(case, dtype, variant), floor
        )


def reported(run: Run, ask: Callable[[], Report]) -> Report:
    """What `ask()` returns; whatever an engine raises instead of an answer costs this run only."""
    started = time.perf_counter()
    try:
        report = ask()
    except NotOffered as missing:
        report = Report(*run, verdict=Verdict.NOT_OFFERED, reason=str(missing))
    except BaseException as error:  # noqa: BLE001 - sys.exit in an op is the op's answer
        sentence = f"{type(error).__name__} in place of an answer: {error}"
        report = Report(*run, verdict=Verdict.FAILS, failures=[sentence])
    report.seconds = time.perf_counter() - started
    return report


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
