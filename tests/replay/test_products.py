"""What multiplies in a replay: whatever is fastest among what gives np.matmul's bits."""

from __future__ import annotations

import itertools

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


def clock(monkeypatch, straight, turned):
    """Let the two ways take these times."""
    times = itertools.cycle([[straight], [turned]])
    monkeypatch.setattr(products.timeit, "repeat", lambda *_, **__: next(times))


@pytest.mark.parametrize("turned", [0.5, 2.0])
def test_a_layer_by_the_copy_of_its_turned_input(monkeypatch, turned):
    """Whether it is faster, the clock says; the bits are eager mode's either way."""
    clock(monkeypatch, 1.0, turned)
    answers = []
    asked = products.turning_pays
    monkeypatch.setattr(
        products, "turning_pays", lambda x, y: answers.append(asked(x, y)) or answers[-1]
    )

    def layers():
        return [nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 3)]

    text = assert_replays(
        lambda: trained(layers, F.cross_entropy, lambda p: torch.optim.Adam(p, lr=0.01)),
        batches(5, 16, 784, 3),
    ).explain()
    assert ("numpy.copyto" in text) is any(answers)
    assert answers == [False, False] or turned < 1


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (ones(16, 784).astype(np.float64), ones(784, 128, turned=True).astype(np.float64)),
        (ones(200, 784), ones(784, 128, turned=True)),
        (ones(16, 784), ones(784, 128)),
        (ones(16, 784, turned=True), ones(784, 128, turned=True)),
        (ones(512, 512), ones(512, 512, turned=True)),
    ],
)
def test_where_the_clock_is_not_asked(monkeypatch, x, y):
    monkeypatch.delattr(products.timeit, "repeat")
    assert not products.turning_pays(x, y)


@pytest.mark.parametrize("off", [0.0, 1e-3])
def test_a_faster_way_with_other_bits_is_not_taken(monkeypatch, off):
    clock(monkeypatch, 1.0, 0.5)

    def multiply(x, y, out):
        out[...] = x.astype(np.float64) @ y.astype(np.float64)
        out += np.float32(off if out.shape == (128, 16) else 0)

    monkeypatch.setattr(products, "product", multiply)
    assert products.turning_pays(ones(16, 784), ones(784, 128, turned=True)) is (off == 0)
