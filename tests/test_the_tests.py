"""Who tests the tests: wrong gradients are planted in copies of ops; every checker must see them.

A plant is an op of our engine whose forward is right and whose backward is wrong in one way. The
checkers are the parity suite (`check`), gradcheck, gradgradcheck and the Hypothesis comparison. A
kink is beyond gradcheck, which looks at both sides of it, and a wrong second derivative shows only
to those who take one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import minitorch_clf
from minitorch_clf.autograd import gradcheck, gradgradcheck
from minitorch_clf.ops.broadcast import sum_to_size
from minitorch_clf.tape import Array, Context, Function
from minitorch_clf.tensor import apply
from reference.parity.case import ErrorCase, OpCase
from reference.parity.check import Report, check, check_error
from reference.parity.draws.strategies import arrays
from tests.ops.comparing import RTOL


class _Multiply(Function):
    """out = x * y; the right one, which the plants below spoil."""

    @staticmethod
    def forward(ctx: Context, x: Array, y: Array) -> Array:
        ctx.save_for_backward(x, y)
        return x * y

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Any:
        x, y = ctx.saved_tensors
        return sum_to_size(grad_output * y, x.shape), sum_to_size(grad_output * x, y.shape)


class _OffByOneInAThousand(_Multiply):
    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Any:
        grad_x, grad_y = _Multiply.backward(ctx, grad_output)
        return grad_x * 1.001, grad_y


class _WrongSign(_Multiply):
    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Any:
        grad_x, grad_y = _Multiply.backward(ctx, grad_output)
        return grad_x, -grad_y


class _Swapped(_Multiply):
    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Any:
        grad_x, grad_y = _Multiply.backward(ctx, grad_output)
        return grad_y, grad_x


class _Missing(_Multiply):
    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Any:
        return _Multiply.backward(ctx, grad_output)[0], None


class _IgnoresUpstream(_Multiply):
    """Right for an upstream gradient of ones, which is why ours is random."""

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Any:
        return _Multiply.backward(ctx, np.ones_like(grad_output))


class _OneElementWrong(_Multiply):
    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Any:
        grad_x, grad_y = _Multiply.backward(ctx, grad_output)
        spoiled = np.ones(grad_x.shape)
        spoiled.reshape(-1)[-1:] = 1.5
        return grad_x * spoiled, grad_y


class _BroadcastNotSummed(_Multiply):
    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Any:
        x, y = ctx.saved_tensors
        return grad_output * y, grad_output * x


class _BroadcastAveraged(_Multiply):
    """The right shape: the mean over the broadcast axis instead of the sum."""

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Any:
        x, y = ctx.saved_tensors
        grad_y = sum_to_size(grad_output * x, y.shape) * (y.size / max(grad_output.size, 1))
        return sum_to_size(grad_output * y, x.shape), grad_y


class _MatmulTransposed(Function):
    """out = x @ y with square matrices, and x where x.T belongs."""

    @staticmethod
    def forward(ctx: Context, x: Array, y: Array) -> Array:
        ctx.save_for_backward(x, y)
        return x @ y

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Any:
        x, y = ctx.saved_tensors
        return grad_output @ y.mT, x @ grad_output


class _ReluOneAtZero(Function):
    """The gradient at the kink is 1 instead of 0."""

    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        out = np.where(x > 0, x, 0.0)
        ctx.save_for_backward(x)
        return out

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Any:
        (x,) = ctx.saved_tensors
        return np.where(x >= 0, grad_output, 0.0)


class _SquareOfAConstant(Function):
    """out = x * x; the first derivative is right, but x enters it as a constant."""

    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        ctx.save_for_backward(x * 2)  # derived from x: to the second derivative, a constant
        return x * x

    @staticmethod
    def backward(ctx: Context, grad_output: Array) -> Any:
        (twice,) = ctx.saved_tensors
        return grad_output * twice


@dataclass(frozen=True)
class Plant:
    """A wrong op under the name of a right one, and the case that must show it."""

    name: str
    op: type[Function]
    fn: Callable[..., Any]
    case: OpCase

    @property
    def engine(self) -> Any:
        """Our engine with this op planted in it; a copy, so that nothing else sees it."""
        planted = SimpleNamespace(**vars(minitorch_clf))
        setattr(planted, self.name, lambda *xs: apply(self.op, *xs))
        return planted


def _mul(t: Any, x: Any, y: Any) -> Any:
    return t.mul(x, y)


_SAME = OpCase("planted", _mul, ((3, 4), (3, 4)))
_ROWS = OpCase("planted", _mul, ((3, 4), (4,)))
FIRST_ORDER = {
    "0.1 % off": Plant("mul", _OffByOneInAThousand, _mul, _SAME),
    "wrong sign": Plant("mul", _WrongSign, _mul, _SAME),
    "swapped": Plant("mul", _Swapped, _mul, _SAME),
    "missing": Plant("mul", _Missing, _mul, _SAME),
    "ignores upstream": Plant("mul", _IgnoresUpstream, _mul, _SAME),
    "one element": Plant("mul", _OneElementWrong, _mul, _SAME),
    "broadcast not summed": Plant("mul", _BroadcastNotSummed, _mul, _ROWS),
    "broadcast averaged": Plant("mul", _BroadcastAveraged, _mul, _ROWS),
    "transposed": Plant(
        "matmul",
        _MatmulTransposed,
        lambda t, x, y: t.matmul(x, y),
        OpCase("planted", lambda t, x, y: t.matmul(x, y), ((3, 3), (3, 3)), draw="whole"),
    ),
}
KINK = Plant(
    "relu",
    _ReluOneAtZero,
    lambda t, x: t.relu(x),
    OpCase("planted", lambda t, x: t.relu(x), values=([-1.0, 0.0, 2.0],)),
)
SECOND_ORDER = Plant(
    "square",
    _SquareOfAConstant,
    lambda t, x: t.square(x),
    OpCase("planted", lambda t, x: t.square(x), ((3,),)),
)


def _float64_inputs(plant: Plant) -> list[Any]:
    return [
        minitorch_clf.tensor(x, requires_grad=True) for x in plant.case.inputs("float64", "plain")
    ]


# --- the parity suite -----------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", FIRST_ORDER)
def test_check_sees(name: str, dtype: str) -> None:
    plant = FIRST_ORDER[name]
    assert not check(plant.case, plant.engine, dtype).ok


def test_check_sees_a_kink() -> None:
    report = check(KINK.case, KINK.engine)
    assert "gradient of input 0: 1 of 3 elements" in str(report)


def test_check_sees_a_wrong_second_derivative() -> None:
    assert check(SECOND_ORDER.case, SECOND_ORDER.engine, "float64").ok
    assert not check(SECOND_ORDER.case, SECOND_ORDER.engine, "float64", "second order").ok


def test_check_passes_what_is_right() -> None:
    for case in (_SAME, _ROWS):
        planted = SimpleNamespace(**vars(minitorch_clf))
        planted.mul = lambda x, y: apply(_Multiply, x, y)
        for dtype, variant in case.runs():
            check(case, planted, dtype, variant).raise_if_failed()


WRONG_VALUES: dict[str, tuple[OpCase, Callable[..., Any], str]] = {
    "one ulp": (
        OpCase("w", lambda t, x: t.exp(x), values=([0.0],)),
        lambda x: x * 0 + 1.0000001,
        "1 ulp",
    ),
    "dtype": (OpCase("w", lambda t, x: t.exp(x), ((3,),)), lambda x: x.double().exp(), "dtype"),
    "shape": (OpCase("w", lambda t, x: t.exp(x), ((3,),)), lambda x: x.exp()[None], "expected"),
    "no gradient": (
        OpCase("w", lambda t, x: t.exp(x), values=([0.0],)),
        lambda x: x.detach().exp(),
        "requires_grad",
    ),
    "sign of zero": (
        OpCase("w", lambda t, x: t.exp(x), values=([float("-inf")],)),
        lambda x: -x.exp(),
        "0 ulp",
    ),
    "nan for inf": (
        OpCase("w", lambda t, x: t.exp(x), values=([float("inf")],)),
        lambda x: x - x,
        "nan",
    ),
    "a number": (OpCase("w", lambda t, x: t.exp(x), values=([0.0],)), lambda x: 1.0, "1.0"),
    "a list": (OpCase("w", lambda t, x: t.exp(x), values=([0.0],)), lambda x: [x.exp()], "got ["),
}


@pytest.mark.parametrize("name", WRONG_VALUES)
def test_check_sees_a_wrong(name: str) -> None:
    case, wrong, text = WRONG_VALUES[name]
    planted = SimpleNamespace(**vars(minitorch_clf))
    planted.exp = wrong
    report = check(case, planted)
    assert not report.ok
    assert text in str(report)


def test_check_sees_an_input_written_into() -> None:
    def spoil(x: Any) -> Any:
        out = x.exp()
        x.data.mul_(2)
        return out

    planted = SimpleNamespace(**vars(minitorch_clf))
    planted.exp = spoil
    assert "input 0 was written into" in str(
        check(OpCase("w", lambda t, x: t.exp(x), ((3,),)), planted)
    )


def test_check_sees_who_ignores_strides() -> None:
    def ignores(x: Any) -> Any:
        base = x.array if x.array.base is None else x.array.base
        return minitorch_clf.tensor(np.exp(base.reshape(-1)[: x.numel()].reshape(x.shape)))

    case = OpCase("w", lambda t, x: t.exp(x.detach()), ((3, 4),), forward_ulp=4, why="exp")
    planted = SimpleNamespace(**vars(minitorch_clf))
    planted.exp = ignores
    assert check(case, planted).ok
    assert not check(case, planted, variant="transposed").ok
    assert not check(case, planted, variant="strided").ok


def test_check_sees_an_error_that_is_missing_or_other() -> None:
    case = ErrorCase("w", lambda t: t.zeros(2, 3).view(4))
    planted = SimpleNamespace(**vars(minitorch_clf))
    assert check_error(case, planted).ok
    planted.zeros = lambda *shape: SimpleNamespace(view=lambda n: n)
    assert "no error" in str(check_error(case, planted))
    right = ErrorCase(
        "w", lambda t: t.zeros(2).view(4) if t is minitorch_clf else t.zeros(3).view(4)
    )
    assert not check_error(right, minitorch_clf).ok
    assert not check_error(ErrorCase("w", lambda t: t.zeros(2)), minitorch_clf).ok


def test_a_budget_needs_a_reason() -> None:
    with pytest.raises(ValueError, match="needs a reason"):
        OpCase("w", _mul, ((3,), (3,)), forward_ulp=1)
    with pytest.raises(ValueError, match="needs a reason"):
        OpCase("w", _mul, ((3,), (3,)), signed_zero=False)
    with pytest.raises(ValueError, match="cannot skip"):
        OpCase("w", _mul, ((3,), (3,)), skip={"special": " "})
    with pytest.raises(ValueError, match="cannot skip"):
        OpCase("w", _mul, ((3,), (3,)), skip={"plain": "because"})


def test_a_budget_is_not_exceeded_by_one() -> None:
    case = OpCase("w", lambda t, x: t.exp(x), values=([0.0],), forward_ulp=2, why="planted")
    planted = SimpleNamespace(**vars(minitorch_clf))
    for ulps, ok in ((0, True), (2, True), (3, False)):
        off = float(np.float32(1) + np.float32(ulps * 2.0**-23))
        planted.exp = lambda x, off=off: x + off
        assert check(case, planted).ok == ok


# --- gradcheck ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FIRST_ORDER)
def test_gradcheck_sees(name: str) -> None:
    plant = FIRST_ORDER[name]
    with pytest.raises(RuntimeError, match=r"Jacobian mismatch|invalid gradient|not multiplied"):
        gradcheck(lambda *xs: plant.fn(plant.engine, *xs), _float64_inputs(plant), rtol=RTOL)


def test_gradcheck_names_the_worst_element() -> None:
    plant = FIRST_ORDER["one element"]
    with pytest.raises(RuntimeError, match=r"d output\[2, 3\] / d input\[2, 3\]"):
        gradcheck(lambda *xs: plant.fn(plant.engine, *xs), _float64_inputs(plant))


def test_t107_gradcheck_fails_at_a_kink_and_across_a_threshold() -> None:
    """By design: the difference looks at both sides. So our cases keep away from kinks."""
    functional = minitorch_clf.nn.functional
    at_zero = minitorch_clf.zeros(1, dtype=minitorch_clf.float64, requires_grad=True)
    assert not gradcheck(functional.relu, at_zero, raise_exception=False)
    at_two = minitorch_clf.tensor([2.0], dtype=minitorch_clf.float64, requires_grad=True)
    jump = lambda x: functional.softplus(x, threshold=2.0)  # noqa: E731
    assert not gradcheck(jump, at_two, raise_exception=False)


def test_gradcheck_returns_false_if_asked() -> None:
    plant = FIRST_ORDER["wrong sign"]
    fn = lambda *xs: plant.fn(plant.engine, *xs)  # noqa: E731
    assert not gradcheck(fn, _float64_inputs(plant), raise_exception=False)


def test_gradcheck_sees_a_missing_graph() -> None:
    x = minitorch_clf.ones(2, dtype=minitorch_clf.float64, requires_grad=True)
    with pytest.raises(RuntimeError, match="expected to be zero"):
        gradcheck(lambda x: x.detach() * 2, x)


def test_gradcheck_sees_a_backward_that_changes() -> None:
    calls = iter(range(10**6))

    class Unsteady(_Multiply):
        @staticmethod
        def backward(ctx: Context, grad_output: Array) -> Any:
            grad_x, grad_y = _Multiply.backward(ctx, grad_output)
            return grad_x * (1 + 1e-9 * next(calls)), grad_y

    inputs = _float64_inputs(FIRST_ORDER["swapped"])
    with pytest.raises(RuntimeError, match="not reentrant"):
        gradcheck(lambda x, y: apply(Unsteady, x, y), inputs)
    assert gradcheck(lambda x, y: apply(Unsteady, x, y), inputs, nondet_tol=1e-3)


def test_gradgradcheck_sees_a_wrong_second_derivative() -> None:
    inputs = _float64_inputs(SECOND_ORDER)
    fn = lambda x: SECOND_ORDER.fn(SECOND_ORDER.engine, x)  # noqa: E731
    assert gradcheck(fn, inputs)
    with pytest.raises(RuntimeError, match="Jacobian mismatch"):
        gradgradcheck(fn, inputs, rtol=RTOL)


@pytest.mark.parametrize("option", ["check_batched_grad", "check_forward_ad", "fast_mode"])
def test_gradcheck_refuses_by_name(option: str) -> None:
    x = minitorch_clf.ones(2, dtype=minitorch_clf.float64, requires_grad=True)
    with pytest.raises(NotImplementedError, match=option):
        gradcheck(minitorch_clf.exp, x, **{option: True})


# --- Hypothesis -----------------------------------------------------------------------------------


def _drawn_reports(plant: Plant) -> list[Report]:
    """What the Hypothesis comparison finds for this plant over the examples of the profile."""
    reports = []

    @settings(
        max_examples=40, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(st.tuples(*(arrays("float64", s) for s in plant.case.shapes or ((3,),))))
    def run(inputs: tuple[np.ndarray, ...]) -> None:
        case = replace(plant.case, shapes=(), values=inputs, draw="normal")
        reports.append(check(case, plant.engine, "float64"))

    run()
    return reports


@pytest.mark.parametrize("name", FIRST_ORDER)
def test_hypothesis_sees(name: str) -> None:
    assert any(not report.ok for report in _drawn_reports(FIRST_ORDER[name]))


def test_hypothesis_sees_a_kink() -> None:
    assert any(not report.ok for report in _drawn_reports(KINK))
