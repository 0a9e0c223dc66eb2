"""Kernels of a replay: the bits of the operations that they stand for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minitorch_clf as torch
from minitorch_clf.kernels import fused
from minitorch_clf.kernels.loss import FINE
from minitorch_clf.nn import functional as F

DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def numbers(shape, dtype, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def eager(function, z, b, *others):
    """The loss of function(z + b, ...), its gradients of z + b and of b."""
    z, b = torch.from_numpy(z.copy()), torch.from_numpy(b.copy()).requires_grad_()
    total = (z + b).detach().requires_grad_()
    loss = function(total, *others)
    loss.backward()
    return loss.detach().array, total.grad.array, total.grad.array.sum(axis=0, keepdims=True)[0]


@DTYPES
@settings(max_examples=40, deadline=None)
@given(n=st.integers(1, 700), m=st.integers(1, 20), seed=st.integers(0, 100))
def test_sums_are_numpys(dtype, n, m, seed):
    rng = np.random.default_rng(seed)
    g = rng.standard_normal((min(n, 40), m)).astype(dtype)
    g[rng.random(g.shape) < 0.5] = -0.0
    out = np.empty(m, dtype)
    fused.column_sums(g, out)
    assert out.tobytes() == g.sum(axis=0, keepdims=True).reshape(m).tobytes()


@DTYPES
def test_relu(dtype):
    z, b, g = numbers((5, 7), dtype), numbers(7, dtype, 1), numbers((5, 7), dtype, 2)
    out, expected = np.empty_like(z), np.maximum(z + b, 0)
    fused.bias_relu(z, b, out)
    assert np.array_equal(out, expected)
    grad, sums = np.empty_like(z), np.empty_like(b)
    fused.relu_backward_sums(g, out, grad, sums)
    assert np.array_equal(grad, np.where(expected > 0, g, 0))
    assert np.array_equal(sums, grad.sum(axis=0))


@DTYPES
@pytest.mark.parametrize("mean", [True, False])
def test_cross_entropy(dtype, mean):
    z, b = numbers((6, 10), dtype), numbers(10, dtype, 1)
    target = np.arange(6)
    target[2] = -100
    reduction = "mean" if mean else "sum"
    loss, grad, sums = eager(
        lambda z, t: F.cross_entropy(z, t, reduction=reduction), z, b, torch.from_numpy(target)
    )
    log_p, grad_log_p, grad_z = (np.empty_like(z) for _ in range(3))
    out, totals, column = np.empty((), dtype), np.empty(2, dtype), np.empty_like(b)
    one = np.ones((), dtype)
    buffers = (one, log_p, totals, out, grad_log_p, grad_z, column)
    assert fused.cross_entropy(z, b, target, -100, mean, *buffers) == FINE
    assert (out, grad_z.tobytes()) == (loss, grad.tobytes())
    assert np.array_equal(column, sums)
    target[4] = 10
    assert fused.cross_entropy(z, b, target, -100, mean, *buffers) == 4


@DTYPES
@pytest.mark.parametrize("shape", [(3, 1), (1, 5), (4, 6)])
def test_products_of_one_column_and_one_row(dtype, shape):
    x, y = numbers((shape[0], 1), dtype), numbers((1, shape[1]), dtype, 1)
    x[0], y[0, -1] = -0.0, np.inf
    with np.errstate(invalid="ignore"):
        out, expected = np.empty(shape, dtype), x * y + dtype(0)
    fused.outer(x, y, out)
    assert np.array_equal(out, expected, equal_nan=True)
    assert np.array_equal(np.signbit(out[0, :-1]), np.zeros(shape[1] - 1, bool))


@DTYPES
@pytest.mark.parametrize("mean", [True, False])
@pytest.mark.parametrize("shape", [(3, 1), (20, 4), (150, 2)])
@pytest.mark.parametrize("name", ["logits_bce", "linear_mse"])
def test_a_layer_and_its_loss(dtype, mean, shape, name):
    z, b = numbers(shape, dtype), numbers(shape[1], dtype, 1)
    y = np.random.default_rng(2).random(shape).astype(dtype)
    of_logits = name == "logits_bce"
    function = F.binary_cross_entropy_with_logits if of_logits else F.mse_loss
    loss, grad, sums = eager(
        lambda z, y: function(z, y, reduction="mean" if mean else "sum"), z, b, torch.from_numpy(y)
    )
    losses, grad_z, found = np.empty_like(z), np.empty_like(z), np.empty_like(b)
    out, one = np.empty((), dtype), np.ones((), dtype)
    scale = () if of_logits else (dtype(2 / z.size if mean else 2.0),)
    getattr(fused, name)(z, b, y, mean, one, *scale, losses, out, grad_z, found)
    assert (out, grad_z.tobytes()) == (loss, grad.tobytes())
    assert found.tobytes() == sums.tobytes()


@DTYPES
@pytest.mark.parametrize("mean", [True, False])
@pytest.mark.parametrize("shape", [(3, 1), (20, 4)])
def test_sigmoid_bce(dtype, mean, shape):
    z, b = numbers(shape, dtype), numbers(shape[1], dtype, 1)
    y = np.random.default_rng(2).random(shape).astype(dtype)
    reduction = "mean" if mean else "sum"
    loss, grad, _ = eager(
        lambda z, y: F.binary_cross_entropy(torch.sigmoid(z), y, reduction=reduction),
        z,
        b,
        torch.from_numpy(y),
    )
    p, losses, grad_p, grad_z = (np.empty_like(z) for _ in range(4))
    out, sums, one = np.empty((), dtype), np.empty_like(b), np.ones((), dtype)
    buffers = (one, p, losses, out, grad_p, grad_z, sums)
    assert fused.sigmoid_bce(z, b, y, mean, *buffers) == FINE
    assert (out, grad_z.tobytes()) == (loss, grad.tobytes())
    assert np.array_equal(sums, grad.sum(axis=0, keepdims=True)[0])
    y[1, 0] = 2
    assert fused.sigmoid_bce(z, b, y, mean, *buffers) == shape[1]


@DTYPES
@pytest.mark.parametrize("mean", [True, False])
def test_mse(dtype, mean):
    x, y = numbers(300, dtype), numbers(300, dtype, 1)
    loss, grad, _ = eager(
        lambda x, y: F.mse_loss(x, y, reduction="mean" if mean else "sum"),
        x[:, None],
        np.zeros(1, dtype),
        torch.from_numpy(y[:, None]),
    )
    losses, out, g = np.empty_like(x), np.empty((), dtype), np.empty_like(x)
    fused.mse_reduced(x, y, mean, losses, out)
    fused.mse_backward(np.ones((), dtype), x, y, dtype(2 / 300 if mean else 2.0), g)
    assert (out, g.tobytes()) == (loss, grad.tobytes())
