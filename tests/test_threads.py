"""torch.set_num_threads: what it sets, and what it refuses in PyTorch's words."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch as pytorch

import minitorch_clf as torch


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
