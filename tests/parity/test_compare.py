"""Distances and verdicts: what passes, by which rule, and what is written beside it."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from reference.parity.case import ErrorCase, OpCase
from reference.parity.compare import Budget, compare, compare_error, measure
from reference.parity.outcome import Outcome, Value
from reference.parity.result import ULP_BINS, Distance, Report, Suite, Verdict, bin_labels

CASE = OpCase("exp", lambda t, x: t.exp(x), ((4,),), family="pointwise")
ROUGH = replace(CASE, forward_ulp=8, backward_steps=16, why="another exp")
ONE = np.float32([1.0, 2.0, 3.0, 4.0])


def off(ulps: int, values: Any = ONE, where: int = 1) -> Any:
    """The values, with one of them moved by so many ULP."""
    moved = values.copy()
    moved.view(f"int{8 * values.itemsize}")[where] += ulps
    return moved


def outcome(result: Any, *gradients: Any, **kw: Any) -> Outcome:
    if isinstance(result, np.ndarray):
        result = Value(result, str(result.dtype), requires_grad=True)
    named = [(f"gradient of input {k}", g) for k, g in enumerate(gradients)]
    return Outcome(result, named, **kw)


def verdict(actual: Any, expected: Any = ONE, case: OpCase = CASE, **kw: Any) -> Report:
    wrapped = [x if isinstance(x, Outcome) else outcome(x) for x in (expected, actual)]
    return compare(case, "float32", kw.pop("variant", "plain"), *wrapped, **kw)


# --- verdicts -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ulps", "case", "floor", "expected"),
    [
        (0, CASE, None, Verdict.BIT_EQUAL),
        (1, CASE, None, Verdict.FAILS),
        (1, CASE, {"result": (1, 1)}, Verdict.WITHIN_FLOOR),
        (2, CASE, {"result": (1, 1)}, Verdict.FAILS),
        (8, ROUGH, None, Verdict.WITHIN_BUDGET),
        (9, ROUGH, None, Verdict.FAILS),
        (8, ROUGH, {"result": (16, 16)}, Verdict.WITHIN_FLOOR),
        (8, ROUGH, {"result": (4, 4)}, Verdict.WITHIN_BUDGET),
        (8, ROUGH, {"gradient of input 0": (16, 16)}, Verdict.WITHIN_BUDGET),
    ],
)
def test_the_verdict(ulps: int, case: OpCase, floor: Any, expected: Verdict) -> None:
    report = verdict(off(ulps), case=case, floor=floor)
    assert report.verdict is expected
    assert report.ok == (expected is not Verdict.FAILS)
    assert bool(report.failures) == (expected is Verdict.FAILS)


def test_a_floor_is_kept_to_in_both_measures() -> None:
    """A sum that cancels has a floor of 100 000 ULP; that must not hide an error of 0.1 %."""
    wrong = ONE * np.float32(1.001)
    assert verdict(wrong, floor={"result": (1e5, 4)}).verdict is Verdict.FAILS
    assert verdict(wrong, floor={"result": (1e5, 1e5)}).verdict is Verdict.WITHIN_FLOOR


def test_a_run_has_the_worst_verdict_of_its_tensors() -> None:
    expected, floor = outcome(ONE, ONE), {"result": (2.0, 2.0)}
    case = replace(ROUGH, backward_ulp=8)
    assert (
        verdict(outcome(off(1), ONE), expected, case, floor=floor).verdict is Verdict.WITHIN_FLOOR
    )
    assert verdict(outcome(off(1), off(1)), expected, case, floor=floor).verdict is (
        Verdict.WITHIN_BUDGET
    )


def test_the_sign_of_zero_counts_unless_the_case_says_otherwise() -> None:
    zeros, mixed = np.zeros(4, np.float32), np.float32([0, -0.0, 0, 0])
    assert verdict(mixed, zeros).verdict is Verdict.FAILS
    assert verdict(mixed, zeros, floor={"result": (9, 9)}).verdict is Verdict.FAILS
    loose = replace(CASE, signed_zero=False, why="max ties")
    assert verdict(mixed, zeros, loose).verdict is Verdict.BIT_EQUAL


def test_a_zero_of_another_sign_is_not_bit_equal_where_rounding_steps_forgive_it() -> None:
    case = replace(CASE, backward_steps=4, why="another order")
    zeros = np.zeros(4, np.float32)
    expected, actual = outcome(ONE, zeros), outcome(ONE, -zeros)
    assert verdict(actual, expected, case).verdict is Verdict.WITHIN_BUDGET


def test_one_nan_is_as_good_as_another_and_as_nothing_else() -> None:
    nan, other = np.float32([np.nan]), np.uint32([0xFFC00001]).view(np.float32)
    assert verdict(other, nan).verdict is Verdict.BIT_EQUAL
    report = verdict(np.float32([1]), nan, ROUGH, floor={"result": (1e9, 1e9)})
    assert report.verdict is Verdict.FAILS
    assert report.distances[0].ulp == math.inf


def test_second_derivatives_have_64_steps_whatever_the_case_says() -> None:
    def second(x: Any) -> Outcome:
        return Outcome(Value(ONE, "float32", True), [("second gradient of input 0", x)])

    # A step is half an ULP of the largest value, 4.
    near, far = second(off(32, where=3)), second(off(33, where=3))
    assert verdict(near, second(ONE)).verdict is Verdict.WITHIN_BUDGET
    assert verdict(far, second(ONE)).verdict is Verdict.FAILS


# --- what is not a matter of distance -------------------------------------------------------------


@pytest.mark.parametrize(
    ("actual", "text"),
    [
        (outcome(ONE.astype(np.float64)), "dtype float64, expected float32"),
        (outcome(ONE[:2]), "float32[2], expected float32[4]"),
        (Outcome(Value(ONE, "float32", False)), "requires_grad False"),
        (outcome(1.5), "expected a tensor float32[4]"),
        (outcome([Value(ONE, "float32", True)]), "got [a tensor float32[4]]"),
        (outcome(ONE, warned=["UserWarning"]), "warnings: expected [], got ['UserWarning']"),
        (outcome(ONE, written=[0]), "input 0 was written into"),
        (outcome(ONE, ONE), "gradients: expected [], got ['gradient of input 0']"),
        (Outcome(error="TypeError: no"), "expected no error\n       got TypeError: no"),
    ],
)
def test_a_failure_says_what_is_wrong(actual: Outcome, text: str) -> None:
    report = verdict(actual)
    assert report.verdict is Verdict.FAILS
    assert text in str(report)


def test_an_engine_that_does_not_say_is_not_asked() -> None:
    silent = Outcome(Value(ONE, "float32", None), warned=None)
    loud = outcome(ONE, warned=["UserWarning"])
    assert verdict(silent, loud).verdict is Verdict.BIT_EQUAL


def test_errors_agree_by_class_and_text_or_at_all_for_an_engine_with_its_own_words() -> None:
    raised = Outcome(error="RuntimeError: no")
    same = verdict(raised, raised, variant="empty")
    assert (same.verdict, same.raised) == (Verdict.BIT_EQUAL, "RuntimeError: no")
    other = Outcome(error="ValueError: nope")
    assert not verdict(other, raised, variant="empty").ok
    own = verdict(replace(other, own_words=True), raised, variant="empty")
    assert own.ok
    assert own.raised == "RuntimeError: no (here: ValueError: nope)"
    assert not verdict(outcome(ONE, own_words=True), raised, variant="empty").ok


def test_a_plain_run_that_raises_in_pytorch_shows_nothing() -> None:
    raised = Outcome(error="RuntimeError: no")
    assert "the case shows nothing" in str(verdict(raised, raised))


def test_what_is_missing_is_not_offered() -> None:
    report = verdict(Outcome(missing="no op 'exp'"))
    assert (report.verdict, report.reason) == (Verdict.NOT_OFFERED, "no op 'exp'")
    assert not report.ok
    assert str(report) == "pointwise/exp float32 plain is not offered: no op 'exp'"


def test_zeros_stand_for_no_gradient_only_in_an_engine_with_ways_of_its_own() -> None:
    zeros = np.zeros(4, np.float32)
    for want, got in ((None, zeros), (zeros, None)):
        assert not verdict(outcome(ONE, got), outcome(ONE, want)).ok
        assert verdict(outcome(ONE, got, own_words=True), outcome(ONE, want)).ok
    assert not verdict(outcome(ONE, ONE, own_words=True), outcome(ONE, None)).ok


def test_a_mistake_of_the_table_of_errors() -> None:
    case = ErrorCase("view", lambda t: t.ones(2).view(3), family="errors")
    report = compare_error(case, "RuntimeError: a", "RuntimeError: a")
    assert (report.key, report.verdict) == ("errors/view||error", Verdict.BIT_EQUAL)
    assert not compare_error(case, "RuntimeError: a", "RuntimeError: b").ok
    assert not compare_error(case, "RuntimeError: a", "").ok
    assert "the case is wrong" in str(compare_error(case, "", ""))


# --- distances ------------------------------------------------------------------------------------


def test_a_distance_has_the_worst_element_with_its_bits_the_median_and_a_histogram() -> None:
    expected = np.ones((2, 4), np.float32)
    actual = expected.copy()
    actual.reshape(-1).view(np.int32)[:4] += [1, 3, 100, 2**22]
    _, distance, failure = measure("result", expected, actual, Budget(ulp=2))
    assert (distance.ulp, distance.median_ulp, distance.elements) == (2.0**22, 0.5, 8)
    assert distance.worst == (0, 3)
    assert (distance.expected, distance.actual) == ("1.0 (0x3f800000)", "1.5 (0x3fc00000)")
    named = {k: n for k, n in zip(bin_labels(), distance.histogram, strict=True) if n}
    assert named == {"0": 4, "1": 1, "3-4": 1, "65-1024": 1, "more": 1}
    assert "3 of 8 elements over the budget of 2 ulp; the worst is at [0, 3]" in failure
    assert distance.steps == 2.0**23


def test_bit_equal_tensors_have_a_histogram_too() -> None:
    _, distance, _ = measure("result", ONE, ONE.copy(), Budget(floor_ulp=3, floor_steps=2))
    assert (distance.elements, distance.histogram[0], distance.worst) == (4, 4, ())
    assert (distance.floor_ulp, distance.floor_steps) == (3, 2)


def test_a_single_number_and_an_integer_have_distances_as_well() -> None:
    result, distance, _ = measure("r", np.array(1.0), np.array(1.0 + 2**-52), Budget(ulp=1))
    assert (result, distance.ulp, distance.worst) == (Verdict.WITHIN_BUDGET, 1.0, ())
    result, distance, _ = measure("r", np.array([1, 2]), np.array([1, 3]), Budget(ulp=1))
    assert (result, distance.ulp, distance.worst) == (Verdict.FAILS, math.inf, (1,))


def test_a_magnitude_is_what_values_are_measured_by_and_gradients_are_not() -> None:
    case = replace(CASE, forward_steps=1, backward_steps=1, why="a sum that cancels")
    tiny = np.float32([2**-20, 0, 0, 0])
    expected, actual = outcome(tiny, tiny), outcome(tiny * 2, tiny)
    expected.magnitude = np.ones(4, np.float32) * 1024
    assert verdict(actual, expected, case).ok
    actual.gradients = [("gradient of input 0", tiny * 2)]
    assert [text[:19] for text in verdict(actual, expected, case).failures] == [
        "gradient of input 0"
    ]


def test_bins_meet_and_end_at_infinity() -> None:
    assert list(ULP_BINS) == sorted(set(ULP_BINS))
    assert ULP_BINS[-1] == math.inf
    assert len(bin_labels()) == len(ULP_BINS)


# --- as data --------------------------------------------------------------------------------------


def test_a_suite_survives_json() -> None:
    distance = Distance(
        "result", math.inf, 2.5, 1.0, 3, (0, 1), "1.0", "nan", (1, 0, 2), floor_ulp=math.inf
    )
    reports = [
        Report("order/T25 maximum tie", "float32", "plain", Verdict.FAILS, [distance], ["wrong"]),
        Report("errors/view", "", "error", raised="RuntimeError: x", seconds=0.5),
        Report("order/sort", "float64", "strided", Verdict.NOT_OFFERED, reason="no op 'sort'"),
    ]
    suite = Suite("mine", "0.1", {"kind": "live"}, {"python": "3.11"}, reports, 9.5, ["a note"])
    text = json.dumps(suite.to_dict(), allow_nan=False)
    assert Suite.from_dict(json.loads(text)) == suite
    assert [report.traps for report in suite.reports] == [[25], [], []]


def test_a_suite_counts() -> None:
    suite = Suite("mine", reports=[Report("a/x"), Report("b/y", verdict=Verdict.NOT_OFFERED)])
    assert suite.ok
    assert suite.bit_equal_share == 1.0
    suite.reports.append(Report("a/z", verdict=Verdict.FAILS))
    assert not suite.ok
    assert suite.bit_equal_share == 0.5
    assert suite.counts()["a"][Verdict.FAILS] == 1
    assert Suite("nothing").bit_equal_share == 0.0


@pytest.mark.parametrize(
    "data", [{}, {"format": "other", "version": 1}, {"format": "parity-report"}]
)
def test_a_report_of_another_format_is_refused(data: Any) -> None:
    with pytest.raises(ValueError, match="not a parity report"):
        Suite.from_dict(data)
