"""The processes that run one program side by side, and what their parent hears of them."""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing
import os
import signal
import traceback
from collections.abc import Iterator
from multiprocessing.connection import Connection
from typing import Any

from reference.parity.case import Array
from reference.parity.divergence import program, wrapping
from reference.parity.divergence.events import Ended, Event, Given, Gone, Job, Op, Update
from reference.parity.divergence.trace import Tracer
from reference.parity.engines import EngineError


def context() -> Any:
    """How processes are started: copies of one that has imported PyTorch already, if possible.

    The first optimizer of a process has PyTorch import its compiler: seconds that are saved, too.
    """
    methods = multiprocessing.get_all_start_methods()
    found = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
    if "forkserver" in methods:
        found.set_forkserver_preload(["torch", "torch._dynamo", __name__])
    return found


# ---------------------------------------------------------------------------- in the process itself


def tell(job: Job, pipe: Connection, place: Any) -> None:
    """Run the program and send its events, then how it ended.

    place    shared memory, for the name of what is being called
    """
    quiet(job.capability)
    send: Any = pipe.send

    def enter(name: str) -> None:
        place.value = name.encode()[: len(place) - 1]

    tracer = None
    try:
        engine = program.torch_like(job.engine)
        if engine.__name__ == "torch":
            importlib.import_module("reference.pins")  # before the number of threads, not after
        if hasattr(engine, "set_num_threads"):
            engine.set_num_threads(job.threads)
        with program.standing_in(engine):
            tracer = Tracer(engine, send, enter, writes=job.writes, nudged=job.nudged)
            if job.follows:
                tracer.follow = pipe.recv
            wrapping.wrap(tracer)
            program.run(job, engine)
        end = Ended()
    except EngineError as error:
        end = Ended(str(error), refused=True)
    except SystemExit as error:  # a script may end so; with a text or a number, it complains
        end = Ended() if error.code in (None, 0) else Ended(f"SystemExit: {error.code}")
    except BaseException as error:  # noqa: BLE001 - whatever the program or the engine raises
        end = Ended(f"{type(error).__name__}: {error}", _where(error, tracer))
    with contextlib.suppress(OSError):  # the parent has seen enough
        if tracer is not None:
            tracer.flush()
        send([end])


def quiet(capability: str = "") -> None:
    """Prepare the process: what a program prints, four of them would print."""
    if capability:
        os.environ["ATEN_CPU_CAPABILITY"] = capability
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends this one
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nowhere, stream)


def _where(error: BaseException, tracer: Tracer | None) -> str:
    """The last line of the program's own that led to the error."""
    if isinstance(error, SyntaxError):
        return f"{error.filename} line {error.lineno}"
    lines = [
        f"{frame.f_code.co_filename} line {line}, in {frame.f_code.co_name}"
        for frame, line in traceback.walk_tb(error.__traceback__)
        if tracer is not None and not tracer.inside(frame) and "importlib" not in str(frame)
    ]
    return lines[-1] if lines else ""


# ------------------------------------------------------------------------------------ in the parent


class SideDied(Exception):
    """A process ended without a word, or says none any more; the text says how."""


class Side:
    """One process that runs the program, and what is known of its tensors.

    arrays    number -> value of the tensors that are alive
    left      number of a parameter -> it, and the optimizer's state, as its last step left them
    """

    def __init__(self, job: Job, name: str, time_limit: float) -> None:
        self.job, self.name, self.time_limit = job, name, time_limit
        self.arrays: dict[int, Array | None] = {}
        self.left: dict[int, tuple[Array | None, dict[str, Any]]] = {}
        self.place = context().RawArray("c", 100)
        self.pipe, theirs = context().Pipe()
        self.process = context().Process(target=tell, args=(job, theirs, self.place))
        self.process.start()
        theirs.close()
        self._events = self._receive()

    def next(self) -> Event:
        return next(self._events)

    def _receive(self) -> Iterator[Event]:
        while True:
            if not self.pipe.poll(self.time_limit):
                raise SideDied(f"nothing came for {self.time_limit:g} s{self._place()}")
            try:
                events = self.pipe.recv()
            except (EOFError, OSError):
                self.process.join(5)
                raise SideDied(f"{_cause(self.process)}{self._place()}: the process died") from None
            for event in events:
                if isinstance(event, Gone):
                    for number in event.numbers:
                        self.arrays.pop(number, None)
                    continue
                yield event
                self._note(event)

    def _place(self) -> str:
        return f" in {name}" if (name := self.place.value.decode(errors="ignore")) else ""

    def _note(self, event: Event) -> None:
        """Remember values, once the event has been looked at."""
        if isinstance(event, Given):
            self.arrays[event.number] = event.array
        elif isinstance(event, Op):
            self.arrays.update(event.outputs)
        elif isinstance(event, Update):
            for row in event.rows:
                self.left[row.parameter] = row.after, row.state
                self.arrays[row.parameter] = row.after

    def end(self) -> None:
        self.process.kill()
        self.process.join()
        self.pipe.close()


def _cause(process: Any) -> str:
    code = process.exitcode
    return signal.Signals(-code).name if code and code < 0 else f"exit code {code}"
