"""How many threads a matrix product may use; nothing else in this engine has more than one.

NumPy leaves matrix products to a BLAS library with threads of its own, and their number can change
the last bits of a result. threadpoolctl speaks to whichever library that is.
"""

from __future__ import annotations

import threadpoolctl


def get_num_threads() -> int:
    """How many threads a matrix product may use."""
    return max((pool["num_threads"] for pool in _blas().info()), default=1)


def set_num_threads(num: int) -> None:
    """Let a matrix product use `num` threads, 1 or more, from now on.

    RuntimeError  "set_num_threads expects a positive integer" (PyTorch's words), or "an int"

    >>> set_num_threads(1)
    >>> get_num_threads()
    1
    """
    if not isinstance(num, int):
        raise RuntimeError(f"set_num_threads expects an int, but got {type(num).__name__}")
    if num < 1:
        raise RuntimeError("set_num_threads expects a positive integer")
    _blas().limit(limits=num)


def _blas() -> threadpoolctl.ThreadpoolController:
    """threadpoolctl's controller of the BLAS libraries in this process."""
    return threadpoolctl.ThreadpoolController().select(user_api="blas")
