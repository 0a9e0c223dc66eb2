"""Replays in a process beside this one, on PyTorch and on an engine: how far apart are they?"""

from __future__ import annotations

import importlib
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from reference.parity.case import Array
from reference.parity.divergence import program, sides
from reference.parity.divergence.reproduce import Replay, function
from reference.parity.ulp import rounding_steps


class Replayer:
    """A process with PyTorch and the engine, as they come. Each answer has `time_limit` seconds."""

    def __init__(self, engine: str, time_limit: float) -> None:
        context, self.time_limit = sides.context(), time_limit
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_answer, args=(engine, theirs))
        self.process.start()
        theirs.close()

    def run(self, replay: Replay, on: str) -> dict[str, Array] | str:
        """What it returns on "torch" or on the "engine", or how it failed, in words."""
        try:
            self.pipe.send((on, replay.body, replay.data))
            if not self.pipe.poll(self.time_limit):
                return f"no answer within {self.time_limit:g} s"
            found: dict[str, Array] | str = self.pipe.recv()
        except (EOFError, OSError):
            return "the process died"
        return found

    def end(self) -> None:
        self.process.kill()
        self.process.join()
        self.pipe.close()


def _answer(engine: str, pipe: Connection) -> None:
    sides.quiet()
    importlib.import_module("reference.pins")
    modules = {"torch": importlib.import_module("torch"), "engine": program.torch_like(engine)}
    while True:
        try:
            on, body, data = pipe.recv()
        except EOFError:
            return
        try:
            names: dict[str, Any] = {"data": data}
            exec(function(body), names)  # the text that the script will have
            found = names["run"](modules[on])
            answer: Any = {
                k: np.array(v.detach().numpy()) for k, v in found.items() if v is not None
            }
        except Exception as error:  # noqa: BLE001 - an engine may fail in any way
            answer = f"{type(error).__name__}: {error}"
        pipe.send(answer)


def apart(replayer: Replayer, replay: Replay, name: str) -> float:
    """How far the engine's answer is from PyTorch's, in rounding steps; -1 if one has none."""
    expected, actual = replayer.run(replay, "torch"), replayer.run(replay, "engine")
    if isinstance(expected, str) or name not in expected:
        return -1.0
    if isinstance(actual, str) or name not in actual or expected[name].shape != actual[name].shape:
        return np.inf
    return distance(expected[name], actual[name])


def distance(expected: Array, actual: Array) -> float:
    """The largest, in rounding steps of the largest value; of integers, 0 or infinity.

    >>> distance(np.float32([1, 2]), np.float32([1, 2 + 2**-22]))
    2.0
    >>> distance(np.array([1, 2]), np.array([1, 3]))
    inf
    """
    if expected.size == 0 or np.array_equal(expected, actual):
        return 0.0
    if expected.dtype.kind != "f":
        return np.inf
    return float(rounding_steps(expected, actual).max())


def shrink(replayer: Replayer, replay: Replay, name: str, limit: float) -> Replay:
    """The fewest rows of the batch that are still further apart than `limit`.

    First the row of the worst element alone, then halves for as long as one of them will do.
    """
    if not replay.sliced:
        return replay
    size = len(replay.data[replay.sliced[0]])
    row = _worst_row(replayer.run(replay, "torch"), replayer.run(replay, "engine"), name)
    if row < size and apart(replayer, alone := replay.rows([row]), name) > limit:
        return alone
    rows = list(range(size))
    while len(rows) > 1:
        half = len(rows) // 2
        for part in (rows[:half], rows[half:]):
            if apart(replayer, replay.rows(part), name) > limit:
                rows = part
                break
        else:
            break
    return replay.rows(rows) if len(rows) < size else replay


def _worst_row(expected: dict[str, Array] | str, actual: dict[str, Array] | str, name: str) -> int:
    """Of the first axis; 0 where there is none, or no number to compare."""
    if isinstance(expected, str) or isinstance(actual, str) or name not in actual:
        return 0
    one, other = expected[name], actual[name]
    if one.shape != other.shape or one.ndim == 0 or one.dtype.kind != "f":
        return 0
    return int(np.unravel_index(rounding_steps(one, other).argmax(), one.shape)[0])
