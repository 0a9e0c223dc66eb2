"""Anomaly mode: PyTorch's words, then the cause: the operation, out of what, in which line."""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import torch

import minitorch_clf as t
from tests.nn.twin import attempt, same

LINE = re.compile(r'  File "(.*)", line (\d+), in (\w+)')


@pytest.fixture
def anomaly() -> Iterator[None]:
    with pytest.warns(UserWarning, match="Anomaly Detection has been enabled"):
        mode = t.autograd.detect_anomaly()
    with mode:
        yield


def test_switching_it_on_and_off() -> None:
    def program(t: Any) -> Any:
        def state() -> Any:
            return t.is_anomaly_enabled(), t.is_anomaly_check_nan_enabled()

        states = [state()]
        with t.autograd.detect_anomaly(check_nan=False):
            states.append(state())
        states.append(state())
        with t.autograd.set_detect_anomaly(True):
            states.append(state())
            t.autograd.set_detect_anomaly(True, False)
            states.append(state())
        states.append(state())
        t.autograd.set_detect_anomaly(True)
        states.append(state())
        t.autograd.set_detect_anomaly(False)
        return states, state()

    same(program)


def sqrt_of_zero(t: Any, check_nan: bool = True, forward: bool = True) -> Any:
    x = t.zeros(1, requires_grad=True)
    with t.autograd.detect_anomaly(check_nan=check_nan):
        if forward:
            y = x.sqrt()
    if not forward:
        y = x.sqrt()
    with t.autograd.set_detect_anomaly(True, check_nan):
        (y * 0).sum().backward()
    return x.grad


def warnings_and_error(engine: Any, *args: Any) -> tuple[str, list[str]]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = attempt(lambda: sqrt_of_zero(engine, *args))
    texts = [re.sub(r" *\(Triggered internally.*\)", "", str(w.message)) for w in caught]
    return str(result), [re.sub(LINE, "FRAME", text) for text in texts]


@pytest.mark.parametrize("args", [(True, True), (True, False), (False, True)])
def test_errors_and_warnings_begin_as_in_pytorch(args: tuple[bool, bool]) -> None:
    (ours, our_warnings), (theirs, their_warnings) = (
        warnings_and_error(engine, *args) for engine in (t, torch)
    )
    assert ours.startswith(theirs)
    assert [w.rstrip() for w in our_warnings] == [w.rstrip() for w in their_warnings]


@pytest.mark.usefixtures("anomaly")
def test_the_first_nan_in_backward_with_range_and_line() -> None:
    x = t.tensor([0.0, 4.0], requires_grad=True)
    y = x.sqrt()  # this line
    with (
        pytest.warns(UserWarning, match="Error detected in SqrtBackward0"),
        pytest.raises(RuntimeError) as caught,
    ):
        (y * t.tensor([0.0, 1.0])).sum().backward()
    text = str(caught.value)
    assert text.startswith("Function 'SqrtBackward0' returned nan values in its 0th output.")
    assert "([2], 0.25 to 0.25, 1 nan)" in text
    assert "upstream gradients ([2], 0 to 1)" in text
    assert "inputs in forward: ([2], 0 to 4)" in text
    assert text.endswith("y = x.sqrt()  # this line")


@pytest.mark.usefixtures("anomaly")
def test_an_infinity_that_becomes_nan_later_is_named_as_the_cause() -> None:
    x = t.tensor([0.0], requires_grad=True)
    y = (x * 0).log1p()
    z = (y + 1e-30).sqrt() * 1e30  # its gradient overflows
    with (
        pytest.warns(UserWarning, match="Error detected in MulBackward0"),
        pytest.raises(RuntimeError) as caught,
    ):
        (z * 1e30).sum().backward()
    text = str(caught.value)
    assert "Function 'MulBackward0' returned nan" in text
    assert "first value in this backward that is not finite" in text
    assert "# its gradient overflows" in text


@pytest.mark.usefixtures("anomaly")
def test_a_nan_loss_never_passes() -> None:
    x = t.tensor([0.0], requires_grad=True)
    y = x.log()  # makes -inf
    loss = (y - y).sum()
    with pytest.raises(RuntimeError) as caught:
        loss.backward()
    text = str(caught.value)
    assert text.startswith("element 0 of tensors holds nan ([], 1 nan)")
    assert "output 0 of 'LogBackward0' ([1], 1 inf), from ([1], 0 to 0)" in text
    assert text.endswith("y = x.log()  # makes -inf")
    assert x.grad is None


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.usefixtures("anomaly")
def test_bad_data_is_told_from_bad_operations(value: float) -> None:
    x = t.tensor([1.0], requires_grad=True)
    loss = (x * t.tensor([value]) * 0).sum()
    with pytest.raises(RuntimeError, match="An input was not finite already"):
        t.autograd.grad(loss, x)


def test_a_nan_loss_built_before_is_seen_too() -> None:
    x = t.tensor([0.0], requires_grad=True)
    loss = (x.log() * 0).sum()
    with (
        t.autograd.set_detect_anomaly(True),
        pytest.raises(RuntimeError, match=r"^element 0 of tensors holds nan \(\[\], 1 nan\)"),
    ):
        loss.backward()


@pytest.mark.usefixtures("anomaly")
def test_users_functions() -> None:
    class Bad(t.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * math.nan

    x = t.tensor([1.0], requires_grad=True)
    y = Bad.apply(x)  # built here
    with (
        pytest.warns(UserWarning, match="Error detected in BadBackward"),
        pytest.raises(RuntimeError, match=r"'BadBackward' returned nan[\S\s]*# built here"),
    ):
        y.sum().backward()


@pytest.mark.usefixtures("anomaly")
@pytest.mark.filterwarnings("ignore:Error detected")
def test_second_derivatives_name_both_forward_calls() -> None:
    x = t.tensor([0.0], requires_grad=True)
    (g,) = t.autograd.grad(x.pow(1.5).sum(), x, create_graph=True)
    with (
        pytest.warns(UserWarning, match="Previous calculation was induced by PowBackward0"),
        pytest.raises(RuntimeError, match="returned nan"),
    ):
        (g * 0).sum().backward()


def test_nothing_is_kept_while_it_is_off() -> None:
    y = t.tensor([0.0], requires_grad=True).sqrt()
    assert y.grad_fn is not None
    assert y.grad_fn._metadata is None
    (y * 0).sum().backward()
