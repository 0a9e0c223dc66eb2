"""The timer: sides in turn, in short blocks, and the ratio of each round.

    t = interleave({"ours": f, "torch": g})
    ratio(t["torch"], t["ours"])            how many times as long torch takes, by round

What disturbs a block (a neighbour, the clock, a page cache) disturbs the whole round, so it cancels
in the ratio. The median of the rounds is robust against what does not.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

BLOCK = 0.02
"""Seconds that one block should last: long against the clock's step, short against disturbances."""


def calls_per_block(call: Callable[[], object], seconds: float = BLOCK) -> int:
    """How often `call` fits into one block; it is warm when we know.

    The first call counts only where it takes long: it may compile something, or record a step.
    """
    calls, taken = 1, 0.0
    start = time.perf_counter()
    call()
    if time.perf_counter() - start > 1:
        return 1
    while True:
        start = time.perf_counter()
        for _ in range(calls):
            call()
        taken = time.perf_counter() - start
        if taken >= seconds / 2 or calls > 1 << 20:
            return max(1, round(calls * seconds / taken))
        calls = max(calls * 2, int(calls * seconds / max(taken, 1e-9) / 2))


def interleave(
    sides: Mapping[str, Callable[[], object]],
    budget: float = 8.0,
    rounds: int = 60,
    *,
    returns_value: bool = False,
) -> dict[str, NDArray[np.float64]]:
    """Seconds per call of every side, by round.

    budget          seconds for all of it; at least 3 rounds are run, whatever they take
    rounds          at most so many
    returns_value   what a call returns is the measurement, instead of the time that it took
    """
    if returns_value:
        values = np.array([[call() for call in sides.values()] for _ in range(rounds)], np.float64)
        return dict(zip(sides, values.T, strict=True))
    repeats = {name: calls_per_block(call) for name, call in sides.items()}
    names = list(sides)
    taken: dict[str, list[float]] = {name: [] for name in names}
    start = time.perf_counter()
    was_on = gc.isenabled()
    gc.collect()
    gc.disable()  # a collection would fall on whoever is running; programs are timed with it
    try:
        for k in range(rounds):
            if k >= 3 and time.perf_counter() - start > budget:
                break
            turn = k % len(names)
            for name in (*names[turn:], *names[:turn]):
                call, n = sides[name], repeats[name]
                before = time.perf_counter()
                for _ in range(n):
                    call()
                taken[name].append((time.perf_counter() - before) / n)
    finally:
        if was_on:
            gc.enable()
    return {name: np.array(times) for name, times in taken.items()}


def ratio(theirs: NDArray[np.float64], ours: NDArray[np.float64]) -> NDArray[np.float64]:
    """How many times as long they take as we do, round by round; above 1 we are faster."""
    return theirs / ours


def bootstrap(
    processes: Sequence[NDArray[np.float64]], draws: int = 2000
) -> tuple[float, float, float]:
    """The median ratio of all rounds, and its 95 % interval over processes and rounds.

    Each draw takes as many processes as there are, with repeats, and of each its rounds, with
    repeats: the interval holds what differs between processes as well as within one.

    >>> bootstrap([np.array([2.0, 2.0]), np.array([2.0, 2.0])])
    (2.0, 2.0, 2.0)
    """
    rng = np.random.default_rng(0)
    medians = np.empty(draws)
    for k in range(draws):
        chosen = rng.integers(0, len(processes), len(processes))
        medians[k] = np.median(
            [np.median(rng.choice(processes[p], processes[p].size)) for p in chosen]
        )
    low, high = np.quantile(medians, (0.025, 0.975))
    middle = float(np.median([np.median(p) for p in processes]))
    return middle, float(low), float(high)
