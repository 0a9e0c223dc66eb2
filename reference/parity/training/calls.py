"""Calls of a function in processes beside this one, so that a crash or a hang costs one call.

    for k, answer in in_processes(train_once, [(job, 0), (job, 1)], workers=2, time_limit=600):
        answer is what train_once(*calls[k]) returned, or a Failure that says why there is nothing

A process makes one call after the other and keeps what it imported and loaded; one that dies or
takes too long is replaced. pool.py does the same for the cases of the table: many thousands of
short calls with a protocol of their own; these are few and take minutes.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from threading import Thread
from typing import Any


@dataclass(frozen=True)
class Failure:
    """Why a call has no result, as one sentence: an error's text, a death, the time limit."""

    text: str


def in_processes(
    function: Callable[..., Any], calls: Sequence[tuple[Any, ...]], workers: int, time_limit: float
) -> Iterator[tuple[int, Any]]:
    """Yield (k, what function(*calls[k]) returned, or its Failure), in the order of their ends.

    function     found by its name in an importable module; so are arguments and results
    time_limit   seconds that a call may take
    """
    waiting = deque(enumerate(calls))
    crew: list[_Process] = []
    try:
        while waiting or crew:
            while waiting and len(crew) < min(workers, len(calls)):
                crew.append(_Process())
            for process in list(crew):
                if process.idle and not waiting:
                    process.end()
                    crew.remove(process)
                elif process.idle:
                    process.call(function, *waiting.popleft(), time_limit)
            if crew:
                left = min(process.deadline for process in crew) - time.monotonic()
                wait([process.pipe for process in crew], min(max(left, 0.0), 3600.0))
            for process in list(crew):
                if process.pipe.poll():
                    yield process.number, process.answer()
                elif time.monotonic() > process.deadline:
                    process.end()
                    yield process.number, Failure(f"time limit of {time_limit:g} s")
                if process.ended:
                    crew.remove(process)
    finally:
        for process in crew:
            process.end()


class _Process:
    """A process, and the call it is in.

    number     of that call
    deadline   when it will have taken too long, on the clock of time.monotonic
    """

    def __init__(self) -> None:
        # A fresh interpreter: a fork would inherit this one's threads and what they hold.
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs,))
        self._process.start()
        theirs.close()  # or the pipe would not end with the process
        self.pipe.recv()  # the time limit is the call's, not that of an interpreter that starts
        self.idle, self.ended = True, False
        self.number, self.deadline = -1, 0.0

    def call(
        self, function: Callable[..., Any], number: int, call: tuple[Any, ...], limit: float
    ) -> None:
        self.idle, self.number, self.deadline = False, number, time.monotonic() + limit
        with contextlib.suppress(OSError):  # it is gone, and `answer` will say so
            self.pipe.send((function, call))

    def answer(self) -> Any:
        """What came through the pipe: a result, a Failure, or its end."""
        try:
            answer = self.pipe.recv()
        except (EOFError, OSError):
            self._process.join()
            self.end()
            return Failure(f"its process died: {_cause(self._process.exitcode)}")
        self.idle = True
        return answer

    def end(self) -> None:
        self.ended = True
        self._process.kill()
        self._process.join()
        self.pipe.close()


def _cause(exitcode: int | None) -> str:
    """How a process ended.

    >>> _cause(-11), _cause(3)
    ('SIGSEGV', 'exit code 3')
    """
    return signal.Signals(-exitcode).name if exitcode and exitcode < 0 else f"exit code {exitcode}"


def _serve(pipe: Connection) -> None:
    """In the process: answer calls until there are no more."""
    # Threads that wait for work busily take the cores from each other where other processes want
    # them too: a run on two threads took 185 s instead of 3. OpenMP asks when it is first loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    Thread(target=_leave_with_parent, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends this one
    os.dup2(2, 1)  # results of the command are on stdout: what an engine prints goes beside them
    pipe.send("here")
    while True:
        try:
            function, call = pipe.recv()
        except EOFError:
            return
        try:
            answer = function(*call)
        except BaseException as error:  # noqa: BLE001 - a stranger's engine: also sys.exit
            answer = Failure(f"{type(error).__name__}: {error}")
        pipe.send(answer)


def _leave_with_parent() -> None:
    """A parent that is killed tells nobody; a run nobody waits for would go on for an hour."""
    if (parent := multiprocessing.parent_process()) is not None:
        parent.join()
        os._exit(1)
