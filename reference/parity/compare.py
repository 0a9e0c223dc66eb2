"""Two outcomes of one run side by side: distances, failures, and the verdict.

    report = compare(case, "float32", "strided", expected, actual)

What is compared, in this order: the error, if either engine raises; warnings, and whether inputs
were written into; types, dtypes and shapes; values; whether the result requires a gradient; the
gradients, again dtype and shape first. NaNs must be at the same places and zeros have the same
sign.

Each tensor has a verdict of its own, and the run has the worst of them:

    bit-equal          every element has the same bits (one nan is as good as another)
    within the floor   as near as PyTorch is to itself, in ULP and in rounding steps
    within budget      farther, but the case has a reason why
    fails              farther than that
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reference.parity.case import Array, ErrorCase, OpCase
from reference.parity.oracle import Floor
from reference.parity.outcome import Outcome, Value
from reference.parity.result import ULP_BINS, Distance, Report, Verdict
from reference.parity.ulp import bits, rounding_steps, ulp_distance

#: PyTorch's second derivatives are formulas written by hand; differentiating the first derivative
#: rounds the same terms in another order. Counted in rounding steps of the largest value.
SECOND_ORDER_STEPS = 64.0

_VERDICTS = list(Verdict)  # best to worst


@dataclass(frozen=True)
class Budget:
    """How far a tensor may be: `ulp` or `steps`, whichever allows more; or both floors at once.

    zero_fails    a zero of the other sign is too far
    zero_counts   or at least it is not the same
    """

    ulp: float = 0.0
    steps: float = 0.0
    zero_fails: bool = True
    zero_counts: bool = True
    floor_ulp: float = 0.0
    floor_steps: float = 0.0

    def beside(self, distance: Distance) -> Distance:
        """The distance, with the floor written beside it."""
        return replace(distance, floor_ulp=self.floor_ulp, floor_steps=self.floor_steps)

    def __str__(self) -> str:
        return f"{self.ulp:g} ulp" + (f" or {self.steps:g} rounding steps" if self.steps else "")


def compare(
    case: OpCase,
    dtype: str,
    variant: str,
    expected: Outcome,
    actual: Outcome,
    floor: Floor | None = None,
) -> Report:
    """The report on `actual`, an engine's outcome, beside `expected`, the oracle's.

    floor   how far PyTorch is from itself at the tensors of this run (see floor.py)
    """
    report = Report(case.key, dtype, variant, why=case.why)
    if actual.missing:
        report.verdict, report.reason = Verdict.NOT_OFFERED, actual.missing
    elif expected.error and variant == "plain":
        _fail(report, f"PyTorch itself raises, so the case shows nothing: {expected.error}")
    elif expected.error or actual.error:
        _compare_errors(report, expected.error, actual.error, actual.own_words)
    else:
        _Comparison(report, case, floor or {}, expected, actual).run()
    return report


def compare_error(case: ErrorCase, expected: str, actual: str, own_words: bool = False) -> Report:
    """The report on a mistake: both engines must raise the same class with the same text."""
    report = Report(case.key, variant="error")
    if not expected:
        _fail(report, "PyTorch raises nothing here: the case is wrong")
    else:
        _compare_errors(report, expected, actual, own_words)
    return report


def _compare_errors(report: Report, expected: str, actual: str, own_words: bool) -> None:
    if expected == actual or (own_words and expected and actual):
        report.raised = expected if expected == actual else f"{expected} (here: {actual})"
    else:
        _fail(report, f"expected {expected or 'no error'}\n       got {actual or 'no error'}")


def _fail(report: Report, sentence: str) -> None:
    report.verdict = Verdict.FAILS
    report.failures.append(sentence)


@dataclass
class _Comparison:
    """One run where neither raises."""

    report: Report
    case: OpCase
    floor: Floor
    expected: Outcome
    actual: Outcome

    def run(self) -> None:
        expected, actual = self.expected, self.actual
        if actual.warned is not None and expected.warned != actual.warned:
            _fail(self.report, f"warnings: expected {expected.warned}, got {actual.warned}")
        for k in actual.written:
            _fail(self.report, f"input {k} was written into")
        for where, want, got in pairs(expected.result, actual.result, "result"):
            self._compare(where, want, got, self._budget(where))
        if self.report.failures:  # then the two lists of gradients may not belong together
            return
        gradients, found = dict(expected.gradients), dict(actual.gradients)
        if actual.own_words:  # which outputs and inputs have none at all is not for all to say
            gradients = {where: gradients.get(where) for where in [*gradients, *found]}
            found = {where: found.get(where) for where in gradients}
        if [*gradients] != [*found]:
            _fail(self.report, f"gradients: expected {[*gradients]}, got {[*found]}")
            return
        for where, want in gradients.items():
            got = found[where]
            if actual.own_words:
                want, got = _zeros_for_none(want, got)
            self._compare(where, want, got, self._budget(where))

    def _budget(self, where: str) -> Budget:
        case = self.case
        ulp, steps, zero_fails = case.forward_ulp, case.forward_steps, case.signed_zero
        if not where.startswith("result"):
            second = SECOND_ORDER_STEPS if where.startswith("second") else 0.0
            ulp, steps = case.backward_ulp, max(case.backward_steps, second)
            zero_fails = case.signed_zero and not steps
        floor = self.floor.get(where, (0.0, 0.0))
        return Budget(ulp, steps, zero_fails, case.signed_zero, *floor)

    def _compare(self, where: str, expected: Any, actual: Any, budget: Budget) -> None:
        """Add the distance of one leaf to the report, and a failure if it is too far."""
        if isinstance(expected, Value) and isinstance(actual, Value):
            if expected.dtype != actual.dtype:
                _fail(self.report, f"{where}: dtype {actual.dtype}, expected {expected.dtype}")
                return
            if actual.requires_grad not in (None, expected.requires_grad):
                _fail(self.report, f"{where}: requires_grad {actual.requires_grad}, not as PyTorch")
            expected, actual = expected.array, actual.array
        if not (isinstance(expected, np.ndarray) and isinstance(actual, np.ndarray)):
            both_raise = self.actual.own_words and _is_error(expected) and _is_error(actual)
            if not (both_raise or _same(expected, actual)):
                _fail(
                    self.report,
                    f"{where}: expected {_shown(expected)}\n"
                    f"    {' ' * len(where)}   got {_shown(actual)}",
                )
            return
        if expected.shape != actual.shape or expected.dtype != actual.dtype:
            _fail(
                self.report,
                f"{where}: {actual.dtype}{list(actual.shape)}, "
                f"expected {expected.dtype}{list(expected.shape)}",
            )
            return
        if expected.size == 0:
            return
        magnitude = self.expected.magnitude if where.startswith("result") else None
        verdict, distance, failure = measure(where, expected, actual, budget, magnitude)
        self.report.distances.append(distance)
        self.report.verdict = max(self.report.verdict, verdict, key=_VERDICTS.index)
        if failure:
            self.report.failures.append(failure)


def measure(
    where: str,
    expected: Array,
    actual: Array,
    budget: Budget | None = None,
    magnitude: Array | None = None,
) -> tuple[Verdict, Distance, str]:
    """How far two arrays of one shape and dtype are apart, and a sentence if it is too far."""
    budget = budget or Budget()
    if expected.tobytes() == actual.tobytes():
        zeros = (0,) * (len(ULP_BINS) - 1)
        distance = Distance(where, elements=expected.size, histogram=(expected.size, *zeros))
        return Verdict.BIT_EQUAL, budget.beside(distance), ""
    ulp, steps, sign = apart(expected, actual, magnitude)
    wrong = (ulp > budget.ulp) & (steps > budget.steps)
    in_floor = 0 < ulp.max() <= budget.floor_ulp and steps.max() <= budget.floor_steps
    if in_floor:
        wrong = np.zeros_like(wrong)
    if budget.zero_fails:
        wrong = wrong | sign
    worst = _index(np.where(wrong, ulp + 1, 0) if wrong.any() else ulp)
    distance = budget.beside(
        Distance(
            where,
            float(ulp.max()),
            float(steps.max()),
            float(np.median(ulp)),
            expected.size,
            worst,
            bits(expected[worst]),
            bits(actual[worst]),
            _histogram(ulp),
        )
    )
    if wrong.any():
        failure = (
            f"{where}: {int(wrong.sum())} of {wrong.size} elements over the budget of {budget}; "
            f"the worst is at {list(worst)}:\n"
            f"      expected {distance.expected}\n"
            f"           got {distance.actual}\n"
            f"      {ulp[worst]:g} ulp, {steps[worst]:.3g} steps apart"
        )
        return Verdict.FAILS, distance, failure
    if not ulp.any() and not (budget.zero_counts and sign.any()):
        return Verdict.BIT_EQUAL, distance, ""
    return Verdict.WITHIN_FLOOR if in_floor else Verdict.WITHIN_BUDGET, distance, ""


def apart(
    expected: Array, actual: Array, magnitude: Array | None
) -> tuple[Array, Array, NDArray[np.bool_]]:
    """By element: ULP, rounding steps, and whether they are zeros of two signs."""
    if expected.dtype.kind != "f":  # equal or not
        ulp = np.where(expected != actual, np.inf, 0.0)
        return ulp, ulp, np.zeros(expected.shape, np.bool_)
    zeros = (expected == 0) & (actual == 0)
    sign = np.asarray(zeros & (np.signbit(expected) != np.signbit(actual)))
    return ulp_distance(expected, actual), rounding_steps(expected, actual, magnitude), sign


def _histogram(ulp: Array) -> tuple[int, ...]:
    """Elements in each of ULP_BINS."""
    bins = np.searchsorted(ULP_BINS, ulp.ravel())
    return tuple(np.bincount(bins, minlength=len(ULP_BINS)).tolist())


def _index(values: Array) -> tuple[int, ...]:
    """Where the largest is."""
    return tuple(int(k) for k in np.unravel_index(np.argmax(values), values.shape))


def pairs(expected: Any, actual: Any, where: str) -> Iterator[tuple[str, Any, Any]]:
    """The two nests side by side, leaf by leaf; whole where their structure differs."""
    if isinstance(expected, dict) and isinstance(actual, dict) and expected.keys() == actual.keys():
        for key in expected:
            yield from pairs(expected[key], actual[key], f"{where}[{key!r}]")
    elif type(expected) is type(actual) in (tuple, list) and len(expected) == len(actual):
        for k, (want, got) in enumerate(zip(expected, actual, strict=True)):
            yield from pairs(want, got, f"{where}[{k}]")
    else:
        yield where, expected, actual


def _is_error(value: Any) -> bool:
    """Whether this is what `attempt` makes of an error, "ErrorClass: text"."""
    return isinstance(value, str) and re.match(r"\w*(Error|Exception): ", value) is not None


def _same(expected: Any, actual: Any) -> bool:
    """Equal in type and value, of what is no array; NaN equals NaN, and the sign of zero counts."""
    if type(expected) is not type(actual) or isinstance(expected, tuple | list | dict | Value):
        return False  # the nests that are alike have been taken apart
    if isinstance(expected, float):
        return repr(expected) == repr(actual)
    return bool(expected == actual)


def _shown(value: Any) -> str:
    """A part of a result as a failure shows it."""
    if isinstance(value, Value):
        return f"a tensor {value.dtype}{list(value.array.shape)}"
    if isinstance(value, np.ndarray):
        return f"an array {value.dtype}{list(value.shape)}"
    if isinstance(value, tuple | list):
        left, right = "()" if isinstance(value, tuple) else "[]"
        return left + ", ".join(map(_shown, value)) + right
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k!r}: {_shown(v)}" for k, v in value.items()) + "}"
    return repr(value)


def _zeros_for_none(expected: Any, actual: Any) -> tuple[Any, Any]:
    """For an engine with ways of its own, zeros are as good as no gradient, and the reverse."""
    for one, other in ((expected, actual), (actual, expected)):
        if one is None and isinstance(other, np.ndarray) and not other.any():
            return None, None
    return expected, actual
