"""A worker process as its parent sees it: what it has been given, and how it ended."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import deque
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import IO, Any, TypeAlias

from reference.parity.running.selection import Run

Letter: TypeAlias = "tuple[WorkerProcess, float, bytes]"  # from, when it came, the line

OVERHEARD = 8000  # bytes of its own words that are kept: a stack, or the end of what it printed
LAST_WORDS = 0.2  # seconds for them to arrive


class WorkerProcess:
    """A process that runs worker.py, and two threads that listen to it.

    inbox       where its messages arrive; an empty line is its end
    runs        what it has been given and not answered; the first is running
    asked       whether the engine is at it; else the oracle
    loaded      "nothing", "oracle", "engine": how far it has come
    deadline    when it will have taken too long, on the clock of time.monotonic
    """

    def __init__(self, inbox: SimpleQueue[Letter], seconds: float) -> None:
        self.runs: deque[Run] = deque()
        self.asked = False
        self.loaded = "nothing"
        self.deadline = time.monotonic() + seconds
        self._overheard = b""
        self._inbox = inbox
        self._process = subprocess.Popen(
            [sys.executable, "-m", "reference.parity.running.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_environment(),
            start_new_session=True,  # Ctrl-C in a terminal is for the parent alone
        )
        self._threads = [Thread(target=f, daemon=True) for f in (self._listen, self._overhear)]
        for thread in self._threads:
            thread.start()

    def send(self, message: Any) -> None:
        with contextlib.suppress(OSError):  # it is gone, and _listen says so
            pipe = _pipe(self._process.stdin)
            pipe.write(json.dumps(message).encode() + b"\n")
            pipe.flush()

    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def _listen(self) -> None:
        with _pipe(self._process.stdout) as pipe:
            for line in pipe:
                self._inbox.put((self, time.monotonic(), line))
        self._inbox.put((self, time.monotonic(), b""))

    def _overhear(self) -> None:
        with _pipe(self._process.stderr) as pipe:
            while chunk := os.read(pipe.fileno(), 1 << 16):
                self._overheard = (self._overheard + chunk)[-OVERHEARD:]

    def ask_where(self) -> None:
        """Have it write where it is: worker.py lets SIGUSR1 do that. `words` repeats it."""
        if hasattr(signal, "SIGUSR1") and self.loaded != "nothing" and not self.has_ended():
            self._process.send_signal(signal.SIGUSR1)
            time.sleep(LAST_WORDS)

    def how_it_ended(self) -> str:
        """In words; one that has only closed its pipe is killed."""
        try:
            code = self._process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            return "the process closed the pipe to its parent"
        if code >= 0:
            return f"the process ended with exit code {code}"
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = f"signal {-code}"
        hint = ", for lack of memory perhaps" if name == "SIGKILL" else ""
        return f"the process died: {name}{hint}"

    def kill(self) -> None:
        """End it and what it has started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()
        self._process.wait()
        with contextlib.suppress(OSError):
            _pipe(self._process.stdin).close()
        for thread in self._threads:
            thread.join(LAST_WORDS)

    def words(self) -> str:
        """Where it was, if it said so, else the end of what it ever printed; "" for nothing."""
        text = self._overheard.decode(errors="replace").strip()
        _, found, stack = text.rpartition("(most recent call first):")
        frames = re.findall(
            r'File "([^<].*)", line (\d+) in (.+)', stack
        )  # no "<frozen importlib>"
        if found and frames:
            places = [f"{name} ({Path(file).name}, line {line})" for file, line, name in frames]
            return ", in " + ", called from ".join(places[:3])
        last = "\n  ".join(text.splitlines()[-3:])
        return f"; the last it printed:\n  {last}" if last else ""


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise ValueError("the process was started without pipes")
    return pipe


def _environment() -> dict[str, str]:
    """Ours, in which the worker finds this package from any current folder."""
    root = str(Path(__file__).parents[3])
    path = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{path}" if path else root}
