"""Runs one case on an engine and on PyTorch, and measures how far apart the answers are.

    report = check(case, engine, dtype="float32", variant="strided")
    print(report)     # one line when all is well, else the worst element with both bit patterns
    report.raise_if_failed()

These are for tests that have an engine's module at hand; the command line asks worker processes.
outcome.py runs a case, compare.py compares, live.py is PyTorch.
"""

from __future__ import annotations

from typing import Any

from reference.parity.case import ErrorCase, OpCase
from reference.parity.compare import compare, compare_error
from reference.parity.engines import Engine, TorchLike
from reference.parity.live import LiveOracle
from reference.parity.outcome import attempt, leaves
from reference.parity.result import Report

__all__ = ["Report", "attempt", "check", "check_error", "leaves"]


def check(case: OpCase, engine: Any, dtype: str = "float32", variant: str = "plain") -> Report:
    """Compare `engine` (a module with PyTorch's names, or an Engine) with torch on one case."""
    asked = engine if isinstance(engine, Engine) else TorchLike(engine)
    expected = LiveOracle().outcome(case, dtype, variant)
    return compare(case, dtype, variant, expected, asked.run(case, dtype, variant))


def check_error(case: ErrorCase, engine: Any) -> Report:
    """Compare the error that `engine` raises with torch's: same class, same text."""
    return compare_error(case, LiveOracle().error(case), TorchLike(engine).run_error(case))
