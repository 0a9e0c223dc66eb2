"""nn.init fills weights with PyTorch's bits for the same seed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import minitorch_clf
from tests.nn.twin import same

matrices = st.lists(st.integers(1, 12), min_size=2, max_size=3).map(tuple)
shapes = st.lists(st.integers(1, 12), min_size=1, max_size=3).map(tuple)
dtypes = st.sampled_from(["float32", "float64"])
seeds = st.integers(0, 2**64 - 1)

NONLINEARITIES = ["linear", "conv2d", "conv_transpose1d", "sigmoid", "tanh", "relu", "selu"]


def filled(shape: Any, dtype: str, seed: int, own: bool, fill: Any) -> Any:
    """A program that fills a parameter, from the global or its own stream, and draws once more."""

    def program(t: Any) -> Any:
        generator = t.Generator().manual_seed(seed) if own else None
        t.manual_seed(seed)
        tensor = t.nn.Parameter(t.empty(shape, dtype=getattr(t, dtype)))
        returned = fill(t.nn.init, tensor, {"generator": generator} if own else {})
        return (
            tensor,
            returned is tensor,
            tensor.is_leaf,
            t.rand(1),
            own and t.rand(1, generator=generator),
        )

    return program


@given(shapes, dtypes, seeds, st.booleans(), st.floats(-3, 3), st.floats(0, 3))
def test_uniform_and_normal(
    shape: Any, dtype: str, seed: int, own: bool, low: float, width: float
) -> None:
    same(filled(shape, dtype, seed, own, lambda i, w, o: i.uniform_(w, low, low + width, **o)))
    normal = filled(shape, dtype, seed, own, lambda i, w, o: i.normal_(w, low, width, **o))
    same(normal)


@given(matrices, dtypes, seeds, st.booleans(), st.floats(0.1, 3))
def test_xavier(shape: Any, dtype: str, seed: int, own: bool, gain: float) -> None:
    same(filled(shape, dtype, seed, own, lambda i, w, o: i.xavier_uniform_(w, gain, **o)))
    normal = filled(shape, dtype, seed, own, lambda i, w, o: i.xavier_normal_(w, gain, **o))
    same(normal)


@given(
    matrices,
    dtypes,
    seeds,
    st.booleans(),
    st.sampled_from(["fan_in", "fan_out", "FAN_IN"]),
    st.sampled_from([*NONLINEARITIES, "leaky_relu"]),
    st.sampled_from([0, 0.01, math.sqrt(5), -2]),
)
def test_kaiming(
    shape: Any, dtype: str, seed: int, own: bool, mode: str, nonlinearity: str, a: float
) -> None:
    args = {"a": a, "mode": mode, "nonlinearity": nonlinearity}
    same(filled(shape, dtype, seed, own, lambda i, w, o: i.kaiming_uniform_(w, **args, **o)))
    normal = filled(shape, dtype, seed, own, lambda i, w, o: i.kaiming_normal_(w, **args, **o))
    same(normal)


@given(st.integers(1, 900), st.integers(1, 40), st.booleans(), dtypes, seeds)
def test_linear_starts_with_pytorchs_bits(
    in_features: int, out_features: int, bias: bool, dtype: str, seed: int
) -> None:
    """T121: weight first, then bias, and nothing else is drawn."""

    def program(t: Any) -> Any:
        t.manual_seed(seed)
        layer = t.nn.Linear(in_features, out_features, bias, dtype=getattr(t, dtype))
        return layer.state_dict(), t.rand(1)

    same(program)


@pytest.mark.parametrize(
    "fill",
    [
        lambda i, w: i.constant_(w, 0.3),
        lambda i, w: i.ones_(w),
        lambda i, w: i.zeros_(w),
        lambda i, w: i.eye_(w),
    ],
)
@pytest.mark.parametrize("shape", [(3, 3), (2, 5), (5, 2), (0, 3)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_constants(fill: Any, shape: Any, dtype: str) -> None:
    same(filled(shape, dtype, 0, False, lambda i, w, o: fill(i, w)))


@given(
    shapes,
    dtypes,
    seeds,
    st.booleans(),
    st.sampled_from(
        [
            (0.0, 1.0, -2.0, 2.0),
            (0.0, 0.02, -0.04, 0.04),
            (1.0, 2.0, 0.0, 1.5),
            (0.0, 1.0, -0.1, 0.1),
            (0.0, 1.0, 1.0, 1.25),
            (5.0, 1.0, -2.0, 2.0),
        ]
    ),
)
def test_trunc_normal(shape: Any, dtype: str, seed: int, own: bool, args: Any) -> None:
    same(
        filled(shape, dtype, seed, own, lambda i, w, o: i.trunc_normal_(w, *args, **o)),
    )


@given(matrices, dtypes, seeds, st.floats(0, 1))
def test_sparse(shape: Any, dtype: str, seed: int, sparsity: float) -> None:
    program = filled(
        shape[:2], dtype, seed, False, lambda i, w, o: i.sparse_(w, sparsity, 0.1, **o)
    )
    same(program)


@pytest.mark.parametrize("shape", [(4, 4), (3, 8), (8, 3), (4, 2, 3), (1, 1)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_orthogonal(shape: Any, dtype: str) -> None:
    filled_by = []
    for t in (minitorch_clf, torch):
        t.manual_seed(3)
        filled_by.append(t.nn.init.orthogonal_(t.empty(shape, dtype=getattr(t, dtype)), gain=2.0))
    ours, theirs = (np.array(w.numpy()) for w in filled_by)
    # Both factorise with Householder reflections, in different libraries: rounding, relative to 2.
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=200 * np.finfo(dtype).eps)
    flat = ours.reshape(shape[0], -1)
    gram = flat @ flat.T if flat.shape[0] <= flat.shape[1] else flat.T @ flat
    np.testing.assert_allclose(gram, 4 * np.eye(len(gram)), rtol=0, atol=200 * np.finfo(dtype).eps)


@pytest.mark.parametrize("nonlinearity", [*NONLINEARITIES, "leaky_relu", "gelu"])
@pytest.mark.parametrize("param", [None, 0, 0.2, 1, True, "x"])
def test_gain(nonlinearity: str, param: Any) -> None:
    same(lambda t: t.nn.init.calculate_gain(nonlinearity, param))


@pytest.mark.parametrize(
    "fill",
    [
        lambda t, i: i.kaiming_uniform_(t.empty(0, 3)),
        lambda t, i: i.kaiming_normal_(t.empty(3, 0)),
        lambda t, i: i.kaiming_uniform_(t.empty(3)),
        lambda t, i: i.kaiming_normal_(t.empty(3, 2), mode="fan"),
        lambda t, i: i.xavier_uniform_(t.empty(3)),
        lambda t, i: i.xavier_normal_(t.empty(())),
        lambda t, i: i.eye_(t.empty(3)),
        lambda t, i: i.sparse_(t.empty(3), 0.5),
        lambda t, i: i.orthogonal_(t.empty(3)),
        lambda t, i: i.orthogonal_(t.empty(0, 3)),
        lambda t, i: i.kaiming_uniform_(t.empty(3, 2), nonlinearity="gelu"),
        lambda t, i: i._calculate_fan_in_and_fan_out(t.empty(2, 3, 4, 5)),
        lambda t, i: i.uniform_(t.empty(3), 2.0, 1.0),
    ],
)
def test_errors_and_warnings(fill: Any) -> None:
    same(lambda t: fill(t, t.nn.init))
