"""Threads that build graphs and run backward at once: the same results as one after the other."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import minitorch_clf as t

THREADS = 8


@pytest.fixture(autouse=True)
def _many_switches() -> Iterator[None]:
    """Threads take turns every few instructions, so that races show."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def at_once(job: Callable[[int], Any]) -> list[Any]:
    """The results of job(0), job(1), ..., started together."""
    barrier = threading.Barrier(THREADS)

    def run(k: int) -> Any:
        barrier.wait()
        return job(k)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


def train(k: int) -> list[Any]:
    """A few steps of a small network with data of its own."""
    generator = t.Generator().manual_seed(k)
    x = t.rand(16, 5, generator=generator)
    w = t.rand(5, 4, generator=generator).requires_grad_()
    seen = []
    for _ in range(10):
        h = x @ w
        h[:, 0] = h[:, 1] * 2
        (first,) = t.autograd.grad((h * h).mean(), w, create_graph=True)
        loss = (h.sigmoid() * h).sum() + (first * first).sum()
        loss.backward()
        with t.no_grad():
            w -= 0.01 * w.grad
        seen.append(w.grad)
        w.grad = None
    return [*seen, w.detach()]


def test_graphs_of_their_own() -> None:
    expected = [train(k) for k in range(THREADS)]
    for ours, theirs in zip(at_once(train), expected, strict=True):
        for a, b in zip(ours, theirs, strict=True):
            assert a.numpy().tobytes() == b.numpy().tobytes()


def test_gradients_meet_in_one_leaf() -> None:
    for _ in range(50):
        leaf = t.ones(100, requires_grad=True)
        at_once(lambda k: [(leaf * (k + 1)).sum().backward() for _ in range(3)])  # noqa: B023
        assert leaf.grad is not None
        np.testing.assert_array_equal(leaf.grad.numpy(), 3 * sum(range(1, THREADS + 1)))


def test_a_leaf_seen_first_by_all_at_once() -> None:
    for _ in range(20):
        leaf = t.ones(3, requires_grad=True)
        assert leaf.grad is None
        grads = at_once(lambda k: t.autograd.grad((leaf * (k + 1)).sum(), leaf)[0])  # noqa: B023
        assert [g[0].item() for g in grads] == list(range(1, THREADS + 1))


def test_one_graph_walked_by_all() -> None:
    x = t.rand(50, requires_grad=True)
    y = (x * x).exp().sum()
    (alone,) = t.autograd.grad(y, x, retain_graph=True)
    for (g,) in at_once(lambda _: t.autograd.grad(y, x, retain_graph=True)):
        assert g.numpy().tobytes() == alone.numpy().tobytes()


def test_hooks_and_handles() -> None:
    leaf = t.ones(1, requires_grad=True)
    log: list[int] = []
    handles = at_once(lambda k: [leaf.register_hook(lambda g: log.append(k)) for _ in range(50)])
    leaf.sum().backward()
    assert sorted(log) == sorted(list(range(THREADS)) * 50)
    at_once(lambda k: [handle.remove() for handle in handles[k]])
    log.clear()
    leaf.sum().backward()
    assert log == []


def test_multi_grad_hooks_keep_walks_apart() -> None:
    a, b = t.ones(1, requires_grad=True), t.ones(1, requires_grad=True)
    seen: list[tuple[float, float]] = []
    t.autograd.graph.register_multi_grad_hook(
        (a, b), lambda grads: seen.append((grads[0].item(), grads[1].item()))
    )
    at_once(lambda k: [(a * k + b * -k).backward() for _ in range(20)])
    assert sorted(seen) == sorted((float(k), float(-k)) for k in range(THREADS) for _ in range(20))


def test_modes_belong_to_threads() -> None:
    def job(k: int) -> list[bool]:
        states = []
        for _ in range(100):
            with t.set_grad_enabled(k % 2 == 0), t.inference_mode(k % 3 == 0):
                y = t.ones(1, requires_grad=True) * 2
                states.append((y.requires_grad, y.is_inference()))
        return states

    for k, states in enumerate(at_once(job)):
        inference = k % 3 == 0
        assert set(states) == {(not inference, inference)}
