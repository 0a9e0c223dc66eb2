"""How many threads an operation may use: large matrix products, and large elementwise loops.

NumPy leaves matrix products to a BLAS library with threads of its own, and their number can change
the last bits of a result. threadpoolctl speaks to whichever library that is.

A small product on two threads gains little, and loses much where another program, or a container's
quota, takes one of the two cores away: the library's threads then spin and wait for each other. So
`product` takes one thread for it and gives back what it found.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import threadpoolctl

from minitorch_clf.workers import share

TINY, TINY_VECTOR = 64**3, 96**2
"""N * K * M up to which OpenBLAS takes one thread by itself; the second for a vector's product."""
LARGE = 512**3
"""N * K * M from which on all threads are worth it: 3 ms of one core."""

MANY, MANY_DEAR = 200_000, 60_000
"""Elements from which on a loop is shared out; the second for a loop with an exp or log in it.

To hand over a part takes 5 us, as long as a sigmoid of 15,000. In light loops more counts against
it: what one thread has written lies in the cache of its core, and NumPy reads it from another.
"""
GRAIN = 16
"""What parts are multiples of: a loop's vectors, so that each element is computed as in one go."""

_lock = threading.Lock()


def get_num_threads() -> int:
    """How many threads a large matrix product may use."""
    counts = [library.get_num_threads() for library in _blas()]
    return max(counts) if counts else 1


def set_num_threads(num: int) -> None:
    """Let a large matrix product use `num` threads, 1 or more, from now on.

    RuntimeError  "set_num_threads expects a positive integer" (PyTorch's words), or "an int"

    >>> set_num_threads(1)
    >>> get_num_threads()
    1
    """
    if not isinstance(num, int):
        raise RuntimeError(f"set_num_threads expects an int, but got {type(num).__name__}")
    if num < 1:
        raise RuntimeError("set_num_threads expects a positive integer")
    _set_all(num)


def product(x: Any, y: Any, out: Any = None) -> Any:
    """x @ y; of arrays, on one thread unless it is large.   x: (.., N, K), y: (.., K, M), or (K,)

    Products of several Python threads take turns, as they would within the library.
    """
    if type(x) is not np.ndarray or type(y) is not np.ndarray:
        return x @ y
    if is_tiny(x, y):
        return np.matmul(x, y, out)
    with _lock:
        threads = get_num_threads()
        if threads == 1 or x.size * (y.shape[-1] if y.ndim > 1 else 1) >= LARGE:
            return np.matmul(x, y, out)
        _set_all(1)
        try:
            return np.matmul(x, y, out)
        finally:
            _set_all(threads)


def is_tiny(x: Any, y: Any) -> bool:
    """Whether BLAS takes one thread for the product of these arrays by itself."""
    if x.ndim > 1 and y.ndim > 1:
        return bool(x.size * y.shape[-1] <= TINY)
    return bool(max(x.size, y.size) <= TINY_VECTOR)


def in_parts(
    loop: Callable[..., Any], vectors: Sequence[Any], scalars: Sequence[Any], out: Any
) -> list[Any]:
    """loop(*vectors, *scalars, out); a long one on all threads, in parts, to the same bits.

    vectors   arrays of out's shape, (n,) or (n, m); those of one element go to every part
    returns   [(start of the part, what loop returned for it), ...]
    """
    if out.size >= (MANY_DEAR if getattr(loop, "is_dear", False) else MANY):
        n, threads = out.shape[0], get_num_threads()
        grain = GRAIN if out.ndim == 1 else 1
        step = -(-n // (threads * grain)) * grain
        if step < n:
            results = share(loop, (*vectors, out), scalars, step)
            if results is not None:
                return list(zip(range(0, n, step), results, strict=True))
    return [(0, loop(*vectors, *scalars, out))]


def _set_all(threads: int) -> None:
    for library in _blas():
        library.set_num_threads(threads)


@functools.cache
def _blas() -> tuple[Any, ...]:
    """threadpoolctl's controllers of the BLAS libraries in this process."""
    return tuple(threadpoolctl.ThreadpoolController().select(user_api="blas").lib_controllers)
