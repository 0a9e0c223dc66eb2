"""What multiplies in a replay: whatever is fastest among what gives eager mode's bits."""

from __future__ import annotations

import numpy as np
import pytest

import minitorch_clf as torch
from minitorch_clf import nn
from minitorch_clf.kernels import fused
from minitorch_clf.replay import products
from minitorch_clf.threads import product
from tests.replay.programs import F, assert_replays, batches, trained


def ones(rows, columns, turned=False):
    x = np.ones((columns, rows) if turned else (rows, columns), np.float32)
    return x.T if turned else x


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        (ones(1, 784), ones(784, 128, turned=True), np.ndarray.dot),
        (ones(5, 4), ones(4, 3), np.ndarray.dot),
        (ones(3, 1), ones(1, 1), fused.outer),
        (ones(3, 1), ones(1, 4, turned=True), fused.outer),
        (ones(9, 4)[::2], ones(4, 3), np.matmul),
        (ones(200, 300), ones(300, 200), product),
    ],
)
def test_what_multiplies(x, y, expected):
    assert products.multiplier(x, y) is expected


def test_what_gives_other_bits_does_not_multiply(monkeypatch):
    """dot() scales where an operand has one element: 0 * inf is 0 there, and nan in np.matmul."""
    assert not products.multiplies_alike(np.ndarray.dot, ones(64, 1), ones(1, 1))

    def off_by_a_sign_of_zero(x, y, out):
        np.matmul(x, y, out)
        out[out == 0] = -0.0

    assert not products.multiplies_alike(off_by_a_sign_of_zero, ones(4, 1), ones(1, 3))
    monkeypatch.setattr(fused, "outer", off_by_a_sign_of_zero)
    assert products.multiplier(ones(4, 1), ones(1, 3)) is np.matmul


@pytest.mark.parametrize("batch", [16, 200])
def test_a_layer_of_a_small_batch_is_turned_as_in_eager_mode(batch):
    def layers():
        return [nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 3)]

    text = assert_replays(
        lambda: trained(layers, F.cross_entropy, lambda p: torch.optim.Adam(p, lr=0.01)),
        batches(5, batch, 784, 3),
    ).explain()
    assert ("turn_and_add" in text) is (batch == 16)
