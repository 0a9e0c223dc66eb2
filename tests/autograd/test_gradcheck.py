"""What gradcheck says of the worst element: the step, the slopes on its sides, and a kink."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import minitorch_clf as torch
from minitorch_clf.autograd import Function, GradcheckError, gradcheck


class WrongCube(Function):
    """x^3 with a gradient 1 % too large."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx: Any, grad_output: torch.Tensor) -> torch.Tensor:
        (x,) = ctx.saved_tensors
        return grad_output * 3.03 * x * x


def report(function: Callable[..., Any], *values: float) -> str:
    x = torch.tensor(values, dtype=torch.float64, requires_grad=True)
    with pytest.raises(GradcheckError) as raised:
        gradcheck(function, x)
    assert x.tolist() == list(values)  # the steps are taken back
    return str(raised.value)


def test_a_wrong_gradient_is_no_kink() -> None:
    text = report(WrongCube.apply, 1.0, 2.0)
    assert "d output[1] / d input[1]" in text
    assert "numerical:  12.0000000" in text
    assert "analytical: 12.12" in text
    assert "distance:   0.12, allowed 0.012" in text
    assert text.endswith("slope 12 to the left, 12 to the right: no kink lies within it\n")


@pytest.mark.parametrize("x", [0.0, 2e-7, -3e-7, 3.3e-7, 9e-7])
def test_a_kink_is_named_wherever_in_the_step_it_lies(x: float) -> None:
    text = report(torch.relu, 1.0, x)
    assert "d output[1] / d input[1]" in text
    assert "step:       1e-06; slope " in text
    assert text.endswith("a kink lies within it, where no derivative can agree\n")


def test_a_jump_is_a_kink() -> None:
    text = report(lambda x: torch.nn.functional.softplus(x, beta=10, threshold=0.4), 0.04)
    assert text.endswith("a kink lies within it, where no derivative can agree\n")


def test_a_strong_curve_is_not() -> None:
    text = report(lambda x: 1e5 * WrongCube.apply(x), 1e-3)
    assert text.endswith("no kink, but a strong curve, lies within it\n")
