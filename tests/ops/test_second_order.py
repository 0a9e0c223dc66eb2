"""gradcheck and gradgradcheck on every differentiable case of the table, in float64."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

import minitorch_clf
from minitorch_clf.autograd import gradcheck, gradgradcheck
from reference.parity.case import OpCase
from reference.parity.cases import all_cases
from reference.parity.check import leaves
from tests.ops.comparing import ATOL, RTOL

#: Left out, for the same reasons for which PyTorch fails its own gradcheck there:
#: cases with given values sit on kinks, ties, infinities on purpose, and whole numbers tie;
#: a float32 on the way makes a difference quotient of 1e-6 meaningless.
THROUGH_FLOAT32 = {"conversion/T97 gradient through casts", "conversion/cast methods"}

#: A case that is wide for the sake of its sums is as differentiable when narrow.
WIDE, NARROW, MOST_ELEMENTS = 8, 3, 130


def _narrow(case: OpCase) -> OpCase:
    draws = case.draw if isinstance(case.draw, tuple) else (case.draw,)
    if not all(isinstance(draw, str) for draw in draws):
        return case  # indices are drawn for the sizes as they are
    return replace(
        case, shapes=tuple(tuple(n if n <= WIDE else NARROW for n in s) for s in case.shapes)
    )


def _is_smooth(name: str, case: OpCase) -> bool:
    return (
        case.gradient
        and bool(case.shapes)
        and "float64" in case.dtypes
        and case.draw != "whole"
        and name not in THROUGH_FLOAT32
        and sum(math.prod(shape) for shape in case.shapes) <= MOST_ELEMENTS
    )


NARROWED = {name: _narrow(case) for name, case in all_cases().items()}
CASES = {name: case for name, case in NARROWED.items() if _is_smooth(name, case)}


def _floats(result: Any) -> list[Any]:
    """The outputs of a case that have a gradient."""
    if isinstance(result, torch.Tensor | minitorch_clf.Tensor):
        return [result] if result.requires_grad else []
    if isinstance(result, dict):
        result = list(result.values())
    if isinstance(result, tuple | list):
        return [x for part in result for x in _floats(part)]
    return []


def _prepared(name: str) -> tuple[Callable[..., tuple[Any, ...]], list[Any]]:
    """The case as a function of tensors, and inputs for it.

    Inputs to which PyTorch gives no gradient (the class weights of a loss) are constants.
    """
    case = CASES[name]
    arrays = case.inputs("float64")
    theirs = leaves(torch, arrays)
    outputs = _floats(case.fn(torch, *theirs))
    wanted = [x for x in theirs if x.requires_grad]
    if not outputs or not wanted:
        pytest.skip("PyTorch gives no gradient")
    if not all(torch.isfinite(out).all() for out in outputs):
        pytest.skip("a nan has no difference quotient")
    ones = [torch.ones_like(out) for out in outputs]
    grads = iter(torch.autograd.grad(outputs, wanted, ones, allow_unused=True))
    used = [x.requires_grad and next(grads) is not None for x in theirs]
    inputs = [
        x if use else x.detach() for x, use in zip(leaves(minitorch_clf, arrays), used, strict=True)
    ]
    return lambda *xs: tuple(_floats(case.fn(minitorch_clf, *xs))), inputs


@pytest.mark.filterwarnings("ignore::UserWarning")  # the case table compares them
@pytest.mark.parametrize("name", CASES)
def test_gradcheck(name: str) -> None:
    fn, inputs = _prepared(name)
    assert gradcheck(fn, inputs, atol=ATOL, rtol=RTOL)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", CASES)
def test_gradgradcheck(name: str) -> None:
    fn, inputs = _prepared(name)
    assert gradgradcheck(fn, inputs, atol=ATOL, rtol=RTOL)
