"""NumPy's warnings: none from the engine, as PyTorch gives none; users' own code keeps them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minitorch_clf as torch

ZERO = np.zeros(1)


def overflow() -> Any:
    """A loss whose forward and backward overflow, and divide 0 by 0."""
    x = torch.tensor([1e38, 0.0], requires_grad=True)
    return x, (x * 1e38 + x / x).sum()


def test_an_operation_and_its_backward_give_inf_and_nan_without_a_warning() -> None:
    x, loss = overflow()  # warnings are errors here
    loss.backward()
    assert not torch.isfinite(loss)
    assert torch.isnan(x.grad[1])


def divide(*_: Any) -> None:
    ZERO / ZERO


class Divides(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return x.clone()

    @staticmethod
    def backward(ctx: Any, grad: Any) -> Any:
        divide()
        return grad


def on_tensor(x: Any) -> Any:
    x.register_hook(divide)
    return x * 2


def on_leaf(x: Any) -> Any:
    x.register_post_accumulate_grad_hook(divide)
    return x * 2


def before_node(x: Any) -> Any:
    y = x * 2
    y.grad_fn.register_prehook(divide)
    return y


def after_node(x: Any) -> Any:
    y = x * 2
    y.grad_fn.register_hook(divide)
    return y


@pytest.mark.parametrize("build", [on_tensor, on_leaf, before_node, after_node, Divides.apply])
def test_code_of_users_that_backward_runs_keeps_its_warnings(build: Callable[[Any], Any]) -> None:
    y = build(torch.ones(1, requires_grad=True))
    with pytest.warns(RuntimeWarning, match="invalid value"):
        y.sum().backward()
    with np.errstate(all="ignore"):
        build(torch.ones(1, requires_grad=True)).sum().backward()


def test_the_state_of_numpy_is_as_it_was_after_an_error() -> None:
    before = np.geterr()
    with pytest.raises(RuntimeError, match="must match the size"):
        torch.ones(2) * torch.ones(3)
    y = torch.ones(1, requires_grad=True) * 2
    y.register_hook(lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        y.backward()
    assert np.geterr() == before
