"""Who runs which backward of the engine, and how one is made wrong by 0.1 %."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import minitorch_clf
from minitorch_clf import ops
from minitorch_clf.tape import Function
from minitorch_clf.tensor import Tensor
from reference.parity.cases import all_cases
from reference.parity.compare import compare
from reference.parity.engines import TorchLike
from reference.parity.live import LiveOracle
from reference.parity.outcome import Outcome
from reference.parity.result import Report

ENGINE = TorchLike(minitorch_clf)
ORACLE = LiveOracle()
CASES = all_cases()
TOO_LARGE = 1.001

#: case, dtype, variant
Run = tuple[str, str, str]


def functions() -> dict[str, type[Function]]:
    """Every Function of the engine that has a backward of its own, by module and name."""
    for module in pkgutil.iter_modules(ops.__path__):
        importlib.import_module(f"{ops.__name__}.{module.name}")

    def below(cls: type[Function]) -> Iterator[type[Function]]:
        for sub in cls.__subclasses__():
            yield sub
            yield from below(sub)

    return {
        f"{op.__module__.rpartition('.')[2]}.{op.__name__}": op
        for op in below(Function)
        if op.__module__.startswith("minitorch_clf") and "backward" in vars(op)
    }


@contextmanager
def backward_of(op: type[Function], backward: Callable[..., Any]) -> Iterator[None]:
    """The Function with another backward, for a while."""
    own = vars(op)["backward"]
    op.backward = staticmethod(backward)  # type: ignore[method-assign]
    try:
        yield
    finally:
        op.backward = own  # type: ignore[method-assign]


def too_large(op: type[Function]) -> Callable[..., Any]:
    """The backward of the Function with every gradient 0.1 % too large."""
    right = op.backward

    def backward(ctx: Any, *grads: Any) -> Any:
        return scaled(right(ctx, *grads))

    return backward


def scaled(grads: Any) -> Any:
    if isinstance(grads, tuple | list):
        return tuple(scaled(grad) for grad in grads)
    return None if grads is None else grads * TOO_LARGE


def tells(grads: Any) -> bool:
    """Whether any gradient has a value that 0.1 % changes: finite, and not zero."""
    if isinstance(grads, tuple | list):
        return any(map(tells, grads))
    values = np.asarray(grads.array if isinstance(grads, Tensor) else grads)
    return values.dtype.kind == "f" and bool((np.isfinite(values) & (values != 0)).any())


@dataclass
class Record:
    """What runs of the table do when nothing is planted.

    outcomes   the engine's answers
    users      Function -> the runs in which its backward returned something that tells
    ran        the Functions whose backward ran at all
    """

    outcomes: dict[Run, Outcome] = field(default_factory=dict)
    users: dict[str, list[Run]] = field(default_factory=dict)
    ran: set[str] = field(default_factory=set)
    _expected: dict[Run, Outcome] = field(default_factory=dict)

    def add(self, runs: list[Run]) -> Record:
        """Run them on the engine, with an ear at every backward."""
        heard: set[str] = set()

        def listening(name: str, right: Callable[..., Any]) -> Callable[..., Any]:
            def backward(ctx: Any, *grads: Any) -> Any:
                out = right(ctx, *grads)
                self.ran.add(name)
                if tells(out):
                    heard.add(name)
                return out

            return backward

        table = functions()
        own = {name: vars(op)["backward"] for name, op in table.items()}
        for name, op in table.items():
            op.backward = staticmethod(listening(name, op.backward))  # type: ignore[method-assign]
        try:
            for run in runs:
                heard.clear()
                self.outcomes[run] = answer(run)
                for name in heard:
                    self.users.setdefault(name, []).append(run)
        finally:
            for name, op in table.items():
                op.backward = own[name]  # type: ignore[method-assign]
        return self

    def report(self, run: Run, actual: Outcome) -> Report:
        """What the suite says of an answer."""
        if run not in self._expected:
            self._expected[run] = ORACLE.outcome(CASES[run[0]], *run[1:])
        return compare(CASES[run[0]], *run[1:], self._expected[run], actual)


def answer(run: Run) -> Outcome:
    return ENGINE.run(CASES[run[0]], *run[1:])


def first_runs() -> list[Run]:
    """Each case in its first dtype, float32 but for few."""
    return [(name, *next(case.runs())) for name, case in CASES.items()]


def second_order_runs() -> list[Run]:
    return [
        (name, dtype, "second order")
        for name, case in CASES.items()
        for dtype in case.dtypes[:1]
        if "second order" in case.variants(dtype) and (case.shapes or case.values)
    ]


def _largest(x: np.ndarray[Any, Any]) -> float:
    return float(np.max(np.abs(x), where=np.isfinite(x), initial=0))


def changed(before: Outcome, after: Outcome) -> bool:
    """Whether a gradient is another by half of the plant or more, measured at its largest value."""
    for (_, was), (_, now) in zip(before.gradients, after.gradients, strict=True):
        if was is not None and now is not None:
            with np.errstate(invalid="ignore"):  # inf - inf
                apart, largest = _largest(now - was), _largest(was)
            if apart > (TOO_LARGE - 1) / 2 * largest:
                return True
    return False
