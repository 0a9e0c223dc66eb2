"""gradcheck and gradgradcheck on every differentiable case of the table, in float64."""

from __future__ import annotations

import math

import pytest

import minitorch_clf
from minitorch_clf.autograd import gradcheck, gradgradcheck
from minitorch_clf.tensor import Tensor
from reference.parity.cases import all_cases
from reference.parity.check import leaves
from tests.ops.comparing import RTOL

#: At a kink, a tie, a nan or an infinity the difference quotient is not the derivative, and PyTorch
#: fails its own gradcheck there. Cases with given values sit on such points on purpose, and whole
#: numbers tie; the rest of the table draws its inputs where the functions are smooth. Wide inputs
#: are there for the order of sums; the same formula is checked on a narrow one.
WIDEST = 300
CASES = {
    name: case
    for name, case in all_cases().items()
    if case.gradient
    and case.shapes
    and "float64" in case.dtypes
    and case.draw != "whole"
    and sum(math.prod(shape) for shape in case.shapes) <= WIDEST
}


def _differentiable(name: str) -> tuple[object, list[Tensor]]:
    """The case as a function of tensors alone, and inputs for it: those outputs that are floats."""
    case = CASES[name]
    inputs = leaves(minitorch_clf, case.inputs("float64"))

    def fn(*xs: Tensor) -> tuple[Tensor, ...]:
        return tuple(_floats(case.fn(minitorch_clf, *xs)))

    return fn, inputs


def _floats(result: object) -> list[Tensor]:
    if isinstance(result, Tensor):
        return [result] if result.requires_grad else []
    if isinstance(result, tuple | list):
        return [x for part in result for x in _floats(part)]
    return []


@pytest.mark.parametrize("name", CASES)
def test_gradcheck(name: str) -> None:
    fn, inputs = _differentiable(name)
    assert gradcheck(fn, inputs, atol=1e-6, rtol=RTOL)


@pytest.mark.parametrize("name", CASES)
def test_gradgradcheck(name: str) -> None:
    fn, inputs = _differentiable(name)
    assert gradgradcheck(fn, inputs, atol=1e-6, rtol=RTOL)
