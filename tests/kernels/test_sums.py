"""Sums and losses as loops: NumPy's bits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minitorch_clf.kernels import loss as loops
from minitorch_clf.kernels import pointwise
from minitorch_clf.kernels.sums import pairwise_sum, row_sums
from minitorch_clf.ops.broadcast import everywhere, negated
from minitorch_clf.ops.sums import sum_over

DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def numbers(shape, dtype, seed=0):
    """Of many sizes, so that the order of additions shows."""
    rng = np.random.default_rng(seed)
    return (rng.standard_normal(shape) * 10.0 ** rng.integers(-3, 3, shape)).astype(dtype)


@DTYPES
@settings(max_examples=60, deadline=None)
@given(n=st.integers(0, 3000), seed=st.integers(0, 100))
def test_sums_are_numpys(dtype, n, seed):
    x = numbers(n, dtype, seed)
    assert dtype(pairwise_sum(x)).tobytes() == np.sum(x).tobytes()


@DTYPES
@settings(max_examples=40, deadline=None)
@given(n=st.integers(1, 9), m=st.integers(1, 400), seed=st.integers(0, 100))
def test_sums_of_rows_are_numpys(dtype, n, m, seed):
    x, out = numbers((n, m), dtype, seed), np.empty(n, dtype)
    row_sums(x, out)
    assert out.tobytes() == x.sum(axis=1).tobytes()


@DTYPES
def test_minus_zeros_add_up_to_zero(dtype):
    for n in (1, 7, 8, 20, 300):
        assert not np.signbit(pairwise_sum(np.full(n, -0.0, dtype)))


@DTYPES
@pytest.mark.parametrize("axis", [None, (0,), (1,), (2,), (0, 2), (1, 2)])
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("shape", [(5, 6, 11), (3, 0, 4), (2, 5, 300)])
def test_sum_over(dtype, axis, keepdims, shape):
    x = numbers(shape, dtype)
    for like in (x, np.asfortranarray(x), x[:, ::-1]):
        ours, numpys = sum_over(like, axis, keepdims), np.sum(like, axis=axis, keepdims=keepdims)
        assert (type(ours), ours.dtype, ours.shape) == (type(numpys), numpys.dtype, numpys.shape)
        assert ours.tobytes() == numpys.tobytes()


def test_integers_are_summed_as_numpy_does():
    x = np.arange(300, dtype=np.int32)
    assert sum_over(x) == np.sum(x)
    assert sum_over(x).dtype == np.sum(x).dtype


def test_one_number_everywhere():
    g = np.array(2.0, np.float32)
    wide = everywhere(g, (3, 4))
    assert (wide.shape, wide.strides, wide.flags.writeable) == ((3, 4), (0, 0), False)
    minus = negated(wide)
    assert (minus.shape, minus.strides, minus.dtype) == ((3, 4), (0, 0), g.dtype)
    assert np.all(minus == -2)
    x = numbers((3, 4), np.float32)
    assert negated(x).tobytes() == (-x).tobytes()


SPECIAL = [0.0, -0.0, np.nan, np.inf, -np.inf, 1e-30, 1.0]


@DTYPES
@pytest.mark.parametrize("one_grad", [True, False])
def test_losses_are_their_formulas(dtype, one_grad):
    """Written with NumPy, in the same order of operations."""
    values = np.array(SPECIAL, dtype)
    x, y = (a.ravel().astype(dtype) for a in np.meshgrid(values, values))
    p, q = np.clip(np.nan_to_num(x), 0, 1), np.clip(np.nan_to_num(y), 0, 1)
    g = numbers(1 if one_grad else x.size, dtype)
    n, out = dtype(7), np.empty_like(x)
    loops.squared(x, y, out)
    with np.errstate(all="ignore"):
        assert np.array_equal(out, (x - y) * (x - y), equal_nan=True)
        loops.squared_backward(g, x, y, n, out)
        assert np.array_equal(out, n * (x - y) * g, equal_nan=True)
        loops.binary_cross_entropy_backward(g, p, q, n, out)
        spread = np.maximum((1 - p) * p, loops.EPS)
        assert np.array_equal(out, g * (p - q) / spread / n, equal_nan=True)
        out[:] = np.log(y)
        loops.xlogy(x, y, out)
        expected = np.where((x == 0) & ~np.isnan(y), 0, x * np.log(y))
        assert np.array_equal(out, expected, equal_nan=True)
        pointwise.abs_backward(g, x, out)
        assert np.array_equal(out, np.nan_to_num(np.sign(x), nan=0.0) * g, equal_nan=True)
