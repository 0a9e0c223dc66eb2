"""nn.utils: clipping gradients and parameters as one vector, as PyTorch does it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minitorch_clf
from tests.nn.twin import attempt, same

#: PyTorch sums squares in float32, we in float64: half a rounding step for each of a few dozen.
ULP = 32


def with_grads(t: Any, dtype: str = "float32", scale: float = 1.0) -> list[Any]:
    """Three parameters, of which the second has no gradient."""
    params = [t.nn.Parameter(t.zeros(s, dtype=getattr(t, dtype))) for s in [(3, 4), (2,), (5,)]]
    for param in (params[0], params[2]):
        grad = t.arange(-4, param.numel() - 4, dtype=param.dtype) * (0.3 * scale)
        param.grad = grad.reshape(param.shape)
    return params


@given(
    st.sampled_from(["float32", "float64"]),
    st.sampled_from([0.001, 1.0, 1e6]),  # whose powers PyTorch can hold in float32
    st.sampled_from([0.1, 1.0, 100.0]),
    st.sampled_from([1, 2, 2.0, 3.5, 0, math.inf, -math.inf]),
)
def test_clip_grad_norm(dtype: str, scale: float, max_norm: float, norm_type: float) -> None:
    def program(t: Any) -> Any:
        params = with_grads(t, dtype, scale)
        total = t.nn.utils.clip_grad_norm_(params, max_norm, norm_type)
        return total, [p.grad for p in params]

    same(program, ulp=ULP)


@pytest.mark.parametrize("make", [lambda p: p[0], iter, lambda p: (q for q in p), tuple])
def test_clip_takes_what_pytorch_takes(make: Any) -> None:
    def program(t: Any) -> Any:
        params = with_grads(t)
        total = t.nn.utils.clip_grad_norm_(make(params), 1.0)
        t.nn.utils.clip_grad_value_(make(params), 0.125)
        return total, [p.grad for p in params]

    same(program, ulp=ULP)


def test_clip_of_nothing() -> None:
    def program(t: Any) -> Any:
        clip = t.nn.utils.clip_grad_norm_
        return clip([], 1.0), clip((p for p in []), 1.0), clip(t.nn.Linear(1, 1).parameters(), 1.0)

    same(program)


@pytest.mark.parametrize("bad", [math.inf, math.nan])
def test_not_finite(bad: float) -> None:
    def program(t: Any) -> Any:
        param = t.nn.Parameter(t.zeros(2))
        param.grad = t.tensor([bad, 1.0])
        error = attempt(lambda: t.nn.utils.clip_grad_norm_(param, 1.0, error_if_nonfinite=True))
        return error, param.grad.clone(), t.nn.utils.clip_grad_norm_(param, 1.0), param.grad

    same(program, ulp=1)  # nan has no sign that means anything


@given(st.sampled_from(["float32", "float64"]), st.floats(2**-20, 3))
def test_clip_grad_value(dtype: str, limit: float) -> None:
    def program(t: Any) -> Any:
        params = with_grads(t, dtype)
        return t.nn.utils.clip_grad_value_(params, limit), [p.grad for p in params]

    same(program)


def test_tiny_gradients_have_a_norm() -> None:
    """PyTorch's squares underflow in float32, and the norm is 0."""
    total = minitorch_clf.nn.utils.get_total_norm(minitorch_clf.full((4,), 1e-30))
    assert total.item() == np.float32(2e-30)


def test_the_two_halves_of_clip_grad_norm() -> None:
    def program(t: Any) -> Any:
        params = with_grads(t)
        total = t.nn.utils.get_total_norm([p.grad for p in params if p.grad is not None])
        t.nn.utils.clip_grads_with_norm_(params, 0.5, total)
        return total, t.nn.utils.get_total_norm(t.ones(4)), [p.grad for p in params]

    same(program, ulp=ULP)


def test_foreach_is_refused_by_name() -> None:
    with pytest.raises(NotImplementedError, match="foreach"):
        minitorch_clf.nn.utils.clip_grad_norm_([], 1.0, foreach=True)


def test_parameters_as_a_vector() -> None:
    def program(t: Any) -> Any:
        layer = t.nn.Linear(3, 2)
        vector = t.nn.utils.parameters_to_vector(layer.parameters())
        weight = layer.weight
        values = t.arange(8, dtype=t.float32)
        t.nn.utils.vector_to_parameters(values, layer.parameters())
        values[0] = 100.0
        vector.sum().backward()
        return vector, layer.weight is weight, layer.state_dict(), layer.bias.grad

    same(program)


def test_a_vector_must_be_a_tensor() -> None:
    same(lambda t: t.nn.utils.vector_to_parameters(np.zeros(3), []))
