"""A gradient that nobody else holds becomes `grad` itself; one that somebody holds is copied."""

from __future__ import annotations

import numpy as np

import minitorch_clf as torch


def test_the_old_grad_survives_the_next_step() -> None:
    layer, x = torch.nn.Linear(5, 3), torch.ones(2, 5)
    layer(x).sum().backward()
    old = layer.weight.grad
    assert old is not None
    before = old.numpy().copy()
    layer.zero_grad()
    layer(x * 3).sum().backward()

    assert np.array_equal(old.numpy(), before)
    assert np.array_equal(layer.weight.grad.numpy(), before * 3)


def test_two_leaves_never_share_a_gradient() -> None:
    a, b = torch.ones(3, requires_grad=True), torch.ones(3, requires_grad=True)
    ((a + b) * 2.0).sum().backward()
    assert a.grad is not None
    assert b.grad is not None
    a.grad.zero_()

    assert b.grad.tolist() == [2.0, 2.0, 2.0]


def test_what_a_hook_saw_and_kept_is_not_grad() -> None:
    x, seen = torch.ones(3, requires_grad=True), []
    x.register_hook(lambda grad: seen.append(grad.numpy()))
    (x * 2.0).sum().backward()
    assert x.grad is not None
    x.grad.zero_()

    assert seen[0].tolist() == [2.0, 2.0, 2.0]


def test_the_gradient_given_to_backward_stays_the_callers() -> None:
    x, given = torch.ones(3, requires_grad=True), torch.ones(3)
    x.view(3).backward(given)
    assert x.grad is not None
    x.grad.zero_()

    assert given.tolist() == [1.0, 1.0, 1.0]


def test_a_gradient_of_broadcast_memory_is_written_out() -> None:
    x = torch.ones(2, 3, requires_grad=True)
    x.sum().backward()
    assert x.grad is not None
    x.grad[0, 0] = 5.0

    assert x.grad.tolist() == [[5.0, 1.0, 1.0], [1.0, 1.0, 1.0]]


def test_a_fresh_gradient_of_a_weight_is_not_copied() -> None:
    layer = torch.nn.Linear(5, 3)
    layer(torch.ones(2, 5)).sum().backward()
    assert layer.weight.grad is not None

    assert layer.weight.grad.array.base is not None  # the transpose of the product: a copy has none
    assert layer.weight.grad.array.strides == layer.weight.array.strides
