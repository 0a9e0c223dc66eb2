"""Runs cases in worker processes: an engine that hangs or dies costs the case that it does it in.

    pool = Pool("minitorch_clf", oracle="live", time_limit=20, workers=2)
    for run, report in pool.reports([("activation/relu", "float32", "plain"), ...]):
        ...

A worker (worker.py) that takes longer than the limit for one run, or ends, is replaced by a new
one, which goes on with the next run.
"""

from __future__ import annotations

import json
import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from queue import Empty, SimpleQueue
from typing import Any, TypeAlias

from reference.parity.engines import EngineError
from reference.parity.oracle import Floor, OracleError
from reference.parity.result import Report, Verdict
from reference.parity.running.selection import Run
from reference.parity.running.worker_process import Letter, WorkerProcess

BATCH = 40  # runs a worker gets at a time: few enough to share them out evenly
TABLE_SECONDS = 300.0  # to import the table and the oracle, which are not the engine's doing
IMPORT_LIMITS = 3  # the engine's import may take three times as long as a run
LIVES_OF_A_CASE = 3  # its other runs would likely end as these did, each after the whole limit
LIVES_OF_A_POOL = 60  # an engine that dies of whatever it is asked is not asked 16,000 times
TICK = 0.1  # seconds between looks at the deadlines

Result: TypeAlias = tuple[Run, Report | None]


class Pool:
    """Worker processes for one engine.

    engine       as load_engine takes it
    oracle       "live" or "frozen"
    time_limit   seconds that the engine may take for one run, and the oracle before it
    workers      processes at a time
    facts        what the first worker says of the engine and the oracle once both are loaded
    unanswered   runs of which the oracle knows nothing, and why
    """

    def __init__(self, engine: str, oracle: str, time_limit: float, workers: int) -> None:
        self.facts: dict[str, Any] = {}
        self.unanswered: dict[Run, str] = {}
        self._setup = {"engine": engine, "oracle": oracle}
        self._time_limit = time_limit
        self._size = workers
        self._floors: Mapping[str, Floor] = {}
        self._workers: list[WorkerProcess] = []
        self._waiting: deque[deque[Run]] = deque()
        self._inbox: SimpleQueue[Letter] = SimpleQueue()
        self._lost = 0
        self._lost_in: Counter[str] = Counter()  # by case; "" is the import

    def reports(
        self, runs: Sequence[Run], floors: Mapping[str, Floor] | None = None
    ) -> Iterator[Result]:
        """Run them all. Reports come as they are made, not quite in order; None for no answer.

        floors       how far PyTorch is from itself, by the keys of runs where it is not zero
        EngineError  the engine cannot be had; the text says why. Nothing has been yielded then
        OracleError  the table or the oracle cannot be had: no engine has been asked anything
        """
        self._floors = floors or {}
        self._waiting = deque(
            deque(runs[start : start + BATCH]) for start in range(0, len(runs), BATCH)
        )
        try:
            while self._waiting or any(worker.runs for worker in self._workers):
                self._hire()
                for letter in self._letters():
                    yield from self._take_in(*letter)
                now = time.monotonic()
                for worker in list(self._workers):
                    if now > worker.deadline and (worker.runs or worker.loaded != "engine"):
                        yield from self._lose(worker, late=True)
        finally:
            for worker in self._workers:
                worker.kill()
            self._workers.clear()

    def _hire(self) -> None:
        """Start the workers that are missing, and give work to those who have none."""
        busy = sum(1 for worker in self._workers if worker.runs)
        while len(self._workers) < min(self._size, busy + len(self._waiting)):
            worker = WorkerProcess(self._inbox, TABLE_SECONDS)
            worker.send(self._setup)
            self._workers.append(worker)
        for worker in self._workers:
            if worker.loaded == "engine" and not worker.runs and self._waiting:
                worker.runs = self._waiting.popleft()
                worker.deadline = time.monotonic() + self._time_limit
                worker.send([(*run, self._floors.get("|".join(run), {})) for run in worker.runs])

    def _letters(self) -> Iterator[Letter]:
        """All that have arrived, after a short wait for the first."""
        try:
            yield self._inbox.get(timeout=TICK)
            for _ in range(self._inbox.qsize()):
                yield self._inbox.get_nowait()
        except Empty:  # but a process that its own children outlive leaves its pipe open
            yield from [(w, 0.0, b"") for w in self._workers if w.has_ended()]

    def _take_in(self, worker: WorkerProcess, arrived: float, line: bytes) -> Iterator[Result]:
        """Believe one message; an empty one, or half a one, means that its worker is gone."""
        if worker not in self._workers:
            return
        message = json.loads(line) if line.endswith(b"\n") else {}
        if "report" in message or "no_answer" in message:
            run = worker.runs.popleft()
            worker.asked = False
            worker.deadline = arrived + self._time_limit
            if "report" in message:
                yield run, Report.from_dict(message["report"])
            else:
                self.unanswered[run] = message["no_answer"]
                yield run, None
        elif "asked" in message:
            worker.asked = True
            worker.deadline = arrived + self._time_limit
        elif "loaded" in message:
            worker.loaded = message["loaded"]
            worker.deadline = arrived + IMPORT_LIMITS * self._time_limit
            self.facts = self.facts or message.get("facts", {})
        elif "unknown" in message:
            raise OracleError(message["unknown"])
        elif "refused" in message and not self.facts:
            raise EngineError(message["refused"])
        else:
            yield from self._lose(worker, late=False)

    def _lose(self, worker: WorkerProcess, late: bool) -> Iterator[Result]:
        """Do without this worker: report the run it was in, and have the rest done by others."""
        if late:
            worker.ask_where()
            limit = self._time_limit * (1 if worker.runs else IMPORT_LIMITS)
            reason = f"time limit of {limit:g} s"
        else:
            reason = worker.how_it_ended()
        worker.kill()
        self._workers.remove(worker)
        if worker.loaded == "nothing":
            raise OracleError(f"the cases or the oracle cannot be loaded: {reason}{worker.words()}")
        if not self.facts:
            raise EngineError(f"cannot import {self._setup['engine']}: {reason}{worker.words()}")
        self._lost += 1
        if not worker.runs and worker.loaded == "engine":  # it was waiting for work
            return
        case = worker.runs[0][0] if worker.runs else ""
        self._lost_in[case] += 1
        if worker.runs:
            culprit = "" if worker.asked else "the oracle, before the engine was asked: "
            yield lost(worker.runs.popleft(), culprit + reason + worker.words())
            if worker.runs:
                self._waiting.appendleft(worker.runs)
        if self._lost >= LIVES_OF_A_POOL:
            yield from self._give_up(f"not run: {self._lost} processes were lost before it")
        elif self._lost_in[case] >= LIVES_OF_A_CASE:
            what = "runs of this case" if case else "imports of the engine"
            yield from self._give_up(
                f"not run: {self._lost_in[case]} {what} were lost before it: {reason}",
                case,
            )

    def _give_up(self, reason: str, only: str = "") -> Iterator[Result]:
        """Report runs that wait as failed: those of one case, or all."""
        waiting, self._waiting = self._waiting, deque()
        for batch in waiting:
            rest = deque(run for run in batch if only and run[0] != only)
            if rest:
                self._waiting.append(rest)
            yield from (lost(run, reason) for run in batch if run not in rest)


def lost(run: Run, reason: str) -> Result:
    """What there is to say of a run that did not come to an end."""
    return run, Report(*run, verdict=Verdict.FAILS, reason=reason)
