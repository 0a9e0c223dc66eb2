"""The threads that take parts of long loops: see kernels/together.py for how they are told."""

from __future__ import annotations

import functools
import os
import struct
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from minitorch_clf.kernels.jit import Kernel, c_address
from minitorch_clf.kernels.together import LINE, RESULT, WORDS, serve, together

TURNS = 1000
"""How often a worker looks for a call before it falls asleep: for a quarter of a millisecond."""


class Crew:
    """Workers for one loop at a time; each has a row for its call and a line for its state.

    bells     a lock for each worker that was started; to release it is to wake it
    sleeping  the numbers of those that sleep, or are about to
    """

    def __init__(self, size: int) -> None:
        self.rows = np.zeros((size + 1, WORDS), np.int64)
        self.states = np.zeros((size, LINE), np.int64)
        self.bells: list[Any] = []
        self.sleeping: list[int] = []
        self.busy = threading.Lock()

    def run(self, address: int, arrays: tuple[Any, ...], scalars: Any, step: int) -> list[int]:
        """What the loop at `address` returned for each part of the arrays."""
        helpers = -(-arrays[-1].shape[0] // step) - 1
        while len(self.bells) < helpers:
            self._start(len(self.bells))
        while self.sleeping:
            self.bells[self.sleeping.pop()].release()
        rows = self.rows[: helpers + 1]
        together(address, arrays, scalars, step, rows, self.states[:helpers])
        results: list[int] = rows[:, RESULT].tolist()
        return results

    def _start(self, k: int) -> None:
        bell = threading.Lock()
        bell.acquire()
        self.bells.append(bell)
        name = f"minitorch_clf worker {k}"
        threading.Thread(target=self._work, args=(k, bell), name=name, daemon=True).start()

    def _work(self, k: int, bell: Any) -> None:
        row, state = self.rows[k + 1], self.states[k]
        while True:
            serve(row, state, TURNS)
            self.sleeping.append(k)
            bell.acquire()


_crew = Crew(os.cpu_count() or 1)


def share(
    loop: Any, arrays: tuple[Any, ...], scalars: Sequence[Any], step: int
) -> list[int] | None:
    """loop(*arrays[:-1], *scalars, arrays[-1]) in parts, one for each thread.

    arrays    each (n,) or (n, m), or (1,) for all parts; the last is written to
    step      how much of n is one part
    returns   what it returned for each part; None if it was not run: not such a loop, or such
              arrays, or another thread has the workers
    """
    out = arrays[-1]
    dtype = out.dtype
    address = _address(loop, len(arrays), out.ndim, len(scalars), dtype)
    if not address or -(-out.shape[0] // step) > len(_crew.rows):
        return None
    for array in arrays:
        if array.dtype != dtype or not array.flags.carray:
            return None
    if not _crew.busy.acquire(blocking=False):
        return None
    try:
        return _crew.run(address, arrays, _bits(scalars, dtype) if scalars else NONE, step)
    finally:
        _crew.busy.release()


NONE = np.zeros(0, np.int64)
NONE.flags.writeable = False  # as what _bits returns: to Numba that is another type


def _bits(scalars: Sequence[Any], dtype: Any) -> Any:
    """The bits of the scalars, each in an int64."""
    pattern = ("f4x" if dtype.itemsize == 4 else "d") * len(scalars)
    return np.frombuffer(struct.pack(f"={pattern}", *scalars), np.int64)


@functools.cache
def _address(loop: Any, arrays: int, ndim: int, scalars: int, dtype: Any) -> int:
    return c_address(loop, arrays, ndim, scalars, dtype) if isinstance(loop, Kernel) else 0


def _forget() -> None:
    """In a forked child: it has none of its parent's threads."""
    global _crew  # noqa: PLW0603 (what another thread was about to do with the old one is lost)
    _crew = Crew(os.cpu_count() or 1)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
