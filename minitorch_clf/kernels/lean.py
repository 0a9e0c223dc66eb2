"""Numba without what it loads and compiles for nothing when all kernels are on disk already.

    coverage    for NUMBA_JIT_COVERAGE=1, which is off          70 ms    5 MB
    SciPy       for np.dot and its like in a kernel            190 ms   15 MB

Where they are installed, that is. Whoever compiles a kernel that needs SciPy has it loaded then.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any


def import_numba() -> Any:
    """Numba, ready to compile, or to load what it has compiled before."""
    with hidden("coverage", unless=bool(os.environ.get("NUMBA_JIT_COVERAGE"))):
        numba = importlib.import_module("numba")  # 0.2 s: only for those who run a kernel
    if not numba.config.DISABLE_JIT:
        with suppress(ImportError, AttributeError):  # a Numba with other names inside
            _prepare()
    return numba


def _prepare() -> None:
    """What Numba does before the first function is compiled or loaded, but for loading SciPy.

    Under the lock of its compiler, so that no other thread compiles with what is put in here.
    """
    from numba.core.compiler_lock import global_compiler_lock  # noqa: PLC0415
    from numba.core.registry import cpu_target  # noqa: PLC0415
    from numba.np import linalg  # noqa: PLC0415

    # numba.np.arraymath asks for BLAS on import
    with global_compiler_lock, replaced(linalg, "ensure_blas", _find_scipy):
        cpu_target.target_context.refresh()


def _find_scipy() -> None:
    if importlib.util.find_spec("scipy") is None:
        raise ImportError("SciPy is not installed")


@contextmanager
def hidden(name: str, unless: bool = False) -> Iterator[None]:
    """Meanwhile nobody can import this module, if it is not loaded yet.

    >>> with hidden("wave"):
    ...     import wave
    Traceback (most recent call last):
    ModuleNotFoundError: import of wave halted; None in sys.modules
    >>> import wave
    """
    if unless or name in sys.modules:
        yield
        return
    modules: dict[str, Any] = sys.modules
    modules[name] = None
    try:
        yield
    finally:
        del modules[name]


@contextmanager
def replaced(owner: Any, name: str, value: Any) -> Iterator[None]:
    """Meanwhile `owner` has this value under that name."""
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)
