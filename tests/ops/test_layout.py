"""Products the other way round, which are sooner done."""

from __future__ import annotations

import numpy as np
import pytest

import minitorch_clf as torch
from minitorch_clf.ops.matmul import is_faster_turned
from minitorch_clf.threads import product

rng = np.random.default_rng(0)


def is_turned(n: int, k: int, m: int) -> bool:
    """Of a Linear from k to m, for a batch of n."""
    return is_faster_turned(np.empty((n, k), np.float32), np.empty((m, k), np.float32).T)


def test_a_small_batch_is_turned_and_a_tiny_or_a_large_one_is_not() -> None:
    assert is_turned(64, 784, 128)
    assert not is_turned(8, 784, 32)
    assert not is_turned(128, 784, 128)
    x, y = np.empty((64, 784), np.float32), np.empty((784, 128), np.float32)
    assert not is_faster_turned(x, y)  # not a weight's transpose
    assert not is_faster_turned(
        np.empty((784, 64), np.float32).T, np.empty((128, 784), np.float32).T
    )
    assert not is_faster_turned(np.empty((64, 784)), np.empty((128, 784)).T)


@pytest.mark.parametrize("n", [16, 33, 64, 127])
def test_a_turned_product_is_the_product(n: int) -> None:
    x, w, b = (rng.standard_normal(s, np.float32) for s in ((n, 784), (128, 784), 128))
    assert is_faster_turned(x, w.T)
    out = torch.nn.functional.linear(*map(torch.from_numpy, (x, w, b)))
    assert out.is_contiguous()
    np.testing.assert_array_equal(out.numpy(), product(w, x.T).T + b)
    # The last bits may be others: BLAS has several loops. So much is a sum of 784 products off.
    tolerance = 784 * np.finfo(np.float32).eps
    np.testing.assert_allclose(out.numpy(), x.astype(float) @ w.T.astype(float) + b, atol=tolerance)
