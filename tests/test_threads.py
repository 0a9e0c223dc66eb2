"""torch.set_num_threads: what it sets, and what it refuses in PyTorch's words."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch as pytorch

import minitorch_clf as torch
from minitorch_clf import threads


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_set_and_get() -> None:
    torch.set_num_threads(1)
    assert torch.get_num_threads() == 1
    product = torch.ones(64, 64) @ torch.ones(64, 64)
    assert np.all(product.numpy() == 64)


@pytest.mark.parametrize("num", [0, -1, 1.5, "1"])
def test_errors_are_pytorchs(num: object) -> None:
    with pytest.raises(RuntimeError) as theirs:
        pytorch.set_num_threads(num)
    with pytest.raises(RuntimeError) as ours:
        torch.set_num_threads(num)

    assert str(ours.value) == str(theirs.value)


SMALL, LARGE = (64, 784, 128), (600, 600, 600)


@pytest.mark.parametrize(("shape", "alone"), [(SMALL, True), (LARGE, False)])
def test_only_a_large_product_takes_every_thread(
    shape: tuple[int, int, int], alone: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.set_num_threads(2)
    taken: list[int] = []
    monkeypatch.setattr(threads, "_set_all", taken.append)
    n, k, m = shape
    x, y = np.ones((n, k), np.float32), np.ones((k, m), np.float32)

    assert np.all(threads.product(x, y) == k)
    assert taken == ([1, 2] if alone else [])


def test_the_number_of_threads_is_given_back_after_an_error() -> None:
    torch.set_num_threads(2)
    with pytest.raises(ValueError, match="mismatch"):
        threads.product(np.ones((100, 90)), np.ones((100, 90)))

    assert torch.get_num_threads() == 2


@pytest.mark.parametrize("size", [threads.MANY, threads.MANY + 5, 3 * threads.MANY + 17])
@pytest.mark.parametrize("name", ["relu", "sigmoid", "softplus", "smooth_l1_loss", "mse_loss"])
def test_a_long_loop_in_parts_has_the_bits_of_one_thread(name: str, size: int) -> None:
    values = np.random.default_rng(0).standard_normal(size, np.float32)
    results = []
    for number in (1, 2):
        torch.set_num_threads(number)
        x = torch.tensor(values, requires_grad=True)
        function = getattr(torch.nn.functional, name)
        out = function(x, torch.zeros(size)) if "loss" in name else function(x).sum()
        out.backward()
        assert x.grad is not None
        results.append((out.item(), x.grad.numpy().tobytes()))

    assert results[0] == results[1]


def test_a_bad_value_in_a_later_part_is_found() -> None:
    torch.set_num_threads(2)
    x = torch.full((threads.MANY,), 0.5)
    x[-3] = 2.0
    with pytest.raises(RuntimeError, match="all elements of input should be between 0 and 1"):
        torch.nn.functional.binary_cross_entropy(x, torch.zeros(threads.MANY))
