"""The rules of autograd. Each test runs on PyTorch too: what it says is what PyTorch does."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest
import torch

import minitorch_clf


@pytest.fixture(params=[torch, minitorch_clf], ids=["torch", "ours"])
def t(request: pytest.FixtureRequest) -> Any:
    return request.param


def leaf(t: Any, *values: float) -> Any:
    return t.tensor(values, requires_grad=True)


# --- backward twice, and into where ---------------------------------------------------------------


def test_t98_second_backward_is_fine_where_nothing_was_saved(t: Any) -> None:
    x = leaf(t, 1.0, 2.0)
    y = (x + 1).sum()
    y.backward()
    y.backward()
    assert x.grad.tolist() == [2.0, 2.0]


def test_t98_second_backward_raises_where_something_was_saved(t: Any) -> None:
    x = leaf(t, 1.0, 2.0)
    y = (x * x).sum()
    y.backward()
    with pytest.raises(RuntimeError, match="Trying to backward through the graph a second time"):
        y.backward()


def test_retain_graph(t: Any) -> None:
    x = leaf(t, 3.0)
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.tolist() == [12.0]


def test_shared_part_is_freed_by_either_backward(t: Any) -> None:
    x = leaf(t, 3.0)
    shared = x * x
    a, b = (shared * 2).sum(), (shared * 3).sum()
    a.backward()
    with pytest.raises(RuntimeError, match="a second time"):
        b.backward()


def test_t99_gradients_accumulate_in_place(t: Any) -> None:
    x = leaf(t, 1.0, 2.0)
    (x * 2).sum().backward()
    first = x.grad
    (x * 3).sum().backward()
    assert x.grad is first
    assert first.tolist() == [5.0, 5.0]


@pytest.mark.filterwarnings("ignore:Using backward.. with create_graph=True")
def test_t99_out_of_place_with_create_graph(t: Any) -> None:
    x = leaf(t, 1.0, 2.0)
    (x * x).sum().backward(create_graph=True)
    first = x.grad
    (x * x).sum().backward(create_graph=True)
    assert x.grad is not first
    assert first.tolist() == [2.0, 4.0]
    assert x.grad.tolist() == [4.0, 8.0]
    assert x.grad.requires_grad


def test_t99_grad_is_not_aliased(t: Any) -> None:
    """The upstream gradient is not the leaf's gradient: writing into one leaves the other alone."""
    x, y = leaf(t, 1.0), leaf(t, 1.0)
    upstream = t.tensor([5.0])
    (x + y).backward(upstream)
    x.grad.mul_(2)
    assert (x.grad.item(), y.grad.item(), upstream.item()) == (10.0, 5.0, 5.0)


def test_t97_gradient_has_dtype_and_shape_of_the_leaf(t: Any) -> None:
    x = t.tensor(2.0, requires_grad=True)
    (x * t.ones(3, 4, dtype=t.float64)).sum().backward()
    assert (x.grad.shape, x.grad.dtype) == ((), t.float32)
    y = t.ones(3, 1, requires_grad=True)
    (y.double() * t.ones(2, 3, 4, dtype=t.float64)).sum().backward()
    assert (tuple(y.grad.shape), y.grad.dtype) == ((3, 1), t.float32)
    assert y.grad.tolist() == [[8.0]] * 3


def test_backward_with_a_gradient(t: Any) -> None:
    x = leaf(t, 1.0, 2.0)
    (x * x).backward(t.tensor([1.0, 10.0]))
    assert x.grad.tolist() == [2.0, 40.0]


def test_one_element_needs_no_gradient_argument(t: Any) -> None:
    x = leaf(t, 3.0)
    (x * x).backward()
    assert x.grad.tolist() == [6.0]


def test_backward_inputs(t: Any) -> None:
    x, y = leaf(t, 2.0), leaf(t, 3.0)
    (x * y).sum().backward(inputs=[x])
    assert x.grad.tolist() == [3.0]
    assert y.grad is None


def test_backward_of_several_roots(t: Any) -> None:
    x = leaf(t, 2.0)
    t.autograd.backward([x * 2, x * x], [t.tensor([1.0]), t.tensor([10.0])])
    assert x.grad.tolist() == [42.0]


# --- grad -----------------------------------------------------------------------------------------


def test_grad_leaves_dot_grad_alone(t: Any) -> None:
    x = leaf(t, 2.0)
    (g,) = t.autograd.grad((x * x).sum(), x)
    assert g.tolist() == [4.0]
    assert x.grad is None
    assert not g.requires_grad


def test_grad_of_an_intermediate(t: Any) -> None:
    x = leaf(t, 2.0)
    y = x * 3
    assert t.autograd.grad((y * y).sum(), [y, x])[0].tolist() == [12.0]


def test_grad_of_an_intermediate_and_of_what_it_came_from(t: Any) -> None:
    x = leaf(t, 2.0)
    y = x * 3
    gy, gx = t.autograd.grad((y * y * x).sum(), [y, x])
    assert (gy.tolist(), gx.tolist()) == ([24.0], [108.0])


def test_allow_unused(t: Any) -> None:
    x, y = leaf(t, 2.0), leaf(t, 3.0)
    gx, gy = t.autograd.grad((x * x).sum(), [x, y], allow_unused=True)
    assert gy is None
    assert gx.tolist() == [4.0]


def test_third_derivative(t: Any) -> None:
    x = leaf(t, 2.0)
    y = x**4
    for expected in (32.0, 48.0, 48.0, 24.0):
        (y,) = t.autograd.grad(y.sum(), x, create_graph=True)
        assert y.tolist() == [expected]


def test_gradient_penalty(t: Any) -> None:
    """The gradient of a function of a gradient, through a whole layer."""

    def penalty_gradient(t: Any) -> np.ndarray:
        w = t.tensor([[0.5, -1.0], [2.0, 0.25]], dtype=t.float64, requires_grad=True)
        x = t.tensor([[1.0, 2.0]], dtype=t.float64, requires_grad=True)
        (g,) = t.autograd.grad((x @ w).tanh().sum(), x, create_graph=True)
        (g * g).sum().backward()
        return w.grad.numpy()

    # 1 - tanh**2 cancels, so the last bits of tanh count for more
    np.testing.assert_allclose(penalty_gradient(t), penalty_gradient(torch), rtol=1e-12)


# --- what requires a gradient ---------------------------------------------------------------------


def test_no_grad_and_enable_grad(t: Any) -> None:
    x = leaf(t, 1.0)
    with t.no_grad():
        assert not t.is_grad_enabled()
        assert not (x * 2).requires_grad
        with t.enable_grad():
            assert (x * 2).requires_grad
        assert not (x * 2).requires_grad
    assert (x * 2).requires_grad


def test_no_grad_as_a_decorator_and_through_an_error(t: Any) -> None:
    @t.no_grad()
    def double(x: Any) -> Any:
        return x * 2

    assert not double(leaf(t, 1.0)).requires_grad
    with pytest.raises(ZeroDivisionError), t.no_grad():
        raise ZeroDivisionError
    assert t.is_grad_enabled()


def test_set_grad_enabled(t: Any) -> None:
    x = leaf(t, 1.0)
    with t.set_grad_enabled(False):
        assert not (x * 2).requires_grad
    t.set_grad_enabled(False)
    assert not (x * 2).requires_grad
    t.set_grad_enabled(True)
    assert (x * 2).requires_grad


def test_detach(t: Any) -> None:
    x = leaf(t, 2.0)
    y = x * 3
    z = y.detach()
    assert (z.requires_grad, z.is_leaf, z.grad_fn) == (False, True, None)
    (y * z).sum().backward()
    assert x.grad.tolist() == [18.0]


def test_leaves(t: Any) -> None:
    x = leaf(t, 1.0)
    y = x * 2
    assert (x.is_leaf, y.is_leaf, t.ones(1).is_leaf) == (True, False, True)
    assert x.grad_fn is None
    assert (y.output_nr, x.output_nr) == (0, 0)


def test_integers_and_comparisons_have_no_history(t: Any) -> None:
    x = leaf(t, 1.0, 3.0)
    for y in (x > 2, x.argmax(), x.long(), x.isnan(), x.sort().indices, x == x):
        assert not y.requires_grad
        assert y.grad_fn is None


def test_next_functions_reach_the_leaf(t: Any) -> None:
    x = leaf(t, 1.0)
    y = x * 2 + 1
    assert y.grad_fn.name() == "AddBackward0"
    ((mul, _), *_) = y.grad_fn.next_functions
    assert mul.name() == "MulBackward0"
    assert mul.next_functions[0][0].variable is x
    assert mul.next_functions[1] == (None, 0)


def test_retain_grad(t: Any) -> None:
    x = leaf(t, 2.0)
    y = x * 3
    y.retain_grad()
    assert y.retains_grad
    (y * y).sum().backward()
    assert y.grad.tolist() == [12.0]
    assert x.grad.tolist() == [36.0]


def test_hooks_replace_a_gradient(t: Any) -> None:
    x = leaf(t, 2.0)
    y = x * 3
    seen = []
    handle = y.register_hook(lambda g: (seen.append(g.tolist()), g * 10)[1])
    y.sum().backward(retain_graph=True)
    assert (seen, x.grad.tolist()) == ([[1.0]], [30.0])
    handle.remove()
    y.sum().backward()
    assert (seen, x.grad.tolist()) == ([[1.0]], [33.0])


def test_t100_retain_grad_sees_what_the_hook_made(t: Any) -> None:
    x = leaf(t, 2.0)
    y = x * 3
    y.retain_grad()
    y.register_hook(lambda g: g * 10)
    y.sum().backward()
    assert y.grad.tolist() == [10.0]


def test_hook_on_a_leaf(t: Any) -> None:
    x = leaf(t, 2.0)
    x.register_hook(lambda g: g + 1)
    (x * 3).sum().backward()
    assert x.grad.tolist() == [4.0]


# --- writes ---------------------------------------------------------------------------------------


def test_in_place_on_an_intermediate(t: Any) -> None:
    x = leaf(t, 2.0)
    y = x * 3
    y.mul_(y.detach().clone())
    y.add_(1)
    y.sum().backward()
    assert x.grad.tolist() == [18.0]


def test_t102_write_through_a_view(t: Any) -> None:
    x = leaf(t, 1.0, 1.0, 1.0, 1.0)
    y = x * 1
    y[:2].mul_(3)
    y.sum().backward()
    assert x.grad.tolist() == [3.0, 3.0, 1.0, 1.0]


def test_a_view_made_before_the_write_sees_it(t: Any) -> None:
    x = leaf(t, 1.0, 2.0, 3.0)
    y = x * 1
    view = y[1:]
    y.mul_(5)
    view.sum().backward()
    assert x.grad.tolist() == [0.0, 5.0, 5.0]
    assert view.tolist() == [10.0, 15.0]


def test_leaf_under_no_grad_may_be_written(t: Any) -> None:
    x = leaf(t, 1.0)
    with t.no_grad():
        x.add_(1)
        x[0] = 7
    assert (x.tolist(), x.requires_grad, x.is_leaf) == ([7.0], True, True)


def test_data_bypasses_the_version(t: Any) -> None:
    x = leaf(t, 2.0)
    y = x * x
    x.data.mul_(10)
    y.backward()
    assert x.grad.tolist() == [40.0]


def test_setting_requires_grad_and_grad(t: Any) -> None:
    x = t.ones(2)
    assert x.requires_grad_() is x
    x.grad = t.tensor([1.0, 2.0])
    (x * 2).sum().backward()
    assert x.grad.tolist() == [3.0, 4.0]
    x.grad = None
    x.requires_grad = False
    assert not (x * 2).requires_grad


# --- the tape as a machine ------------------------------------------------------------------------


def _random_graph(t: Any, seed: int) -> list[np.ndarray]:
    """Leaf gradients of a random graph with much sharing; its operations round in one way only."""
    rng = np.random.default_rng(seed)
    leaves = [
        t.tensor(rng.normal(size=4).astype(np.float32), requires_grad=True)
        for _ in range(rng.integers(2, 5))
    ]
    nodes = list(leaves)
    for _ in range(rng.integers(5, 25)):
        x, y = (nodes[i] for i in rng.integers(len(nodes), size=2))
        scale = float(rng.normal())
        operations = (
            lambda x=x, y=y: x + y,
            lambda x=x, y=y: x - y,
            lambda x=x, y=y: x * y,
            lambda x=x, s=scale: x * s,
            lambda x=x: -x,
            lambda x=x: x * x,
            lambda x=x: x.abs(),
            lambda x=x, y=y: t.maximum(x, y),
            lambda x=x, s=scale: s - x,
            lambda x=x, y=y: t.where(x > 0, x, y),
        )
        node = operations[rng.integers(len(operations))]()
        nodes.append(node * 0.5)  # keeps the values small
    picked = rng.integers(len(nodes), size=3)
    out = nodes[-1]
    for i in picked:
        out = out + nodes[i] * nodes[-1]
    upstream = t.tensor(rng.normal(size=4).astype(np.float32))
    out.backward(upstream)
    return [np.zeros(0) if x.grad is None else x.grad.numpy() for x in leaves]


@pytest.mark.parametrize("block", range(10))
def test_order_of_accumulation_is_torchs(block: int) -> None:
    """300 random float32 graphs: every bit of every leaf's gradient."""
    for seed in range(30 * block, 30 * block + 30):
        for expected, actual in zip(
            _random_graph(torch, seed), _random_graph(minitorch_clf, seed), strict=True
        ):
            assert expected.tobytes() == actual.tobytes(), f"graph {seed}: {expected} {actual}"


def test_deep_chain_needs_no_recursion(t: Any) -> None:
    x = leaf(t, 1.0)
    y = x
    for _ in range(100_000):
        y = y + 1
    y.backward()
    assert (x.grad.tolist(), y.tolist()) == ([1.0], [100_001.0])
    del y  # and neither does letting go of it


def test_wide_fan_out(t: Any) -> None:
    x = leaf(t, 1.0)
    sum(x * float(k) for k in range(500)).backward()
    assert x.grad.tolist() == [float(sum(range(500)))]


def test_a_diamond_of_diamonds_is_walked_once(t: Any) -> None:
    """2**60 paths, 60 nodes: whoever walks paths never returns."""
    x = leaf(t, 1.0)
    y = x
    for _ in range(60):
        y = (y + y) * 0.5
    y.backward()
    assert x.grad.tolist() == [1.0]


def test_the_graph_dies_with_its_output() -> None:
    """By reference counting alone: the tape has no cycles for the collector to find."""
    gc.disable()
    try:
        x = minitorch_clf.ones(3, requires_grad=True)
        y = (x * 2).exp()
        loss = (y * y).sum()
        node, middle = weakref.ref(loss.grad_fn), weakref.ref(y.grad_fn)
        loss.backward()
        del loss, y
        assert node() is None
        assert middle() is None
        assert x.grad is not None
    finally:
        gc.enable()


def test_saved_values_are_freed_by_backward() -> None:
    x = minitorch_clf.ones(3, requires_grad=True)
    y = x.exp()
    saved = weakref.ref(y.array.base if y.array.base is not None else y.array)
    loss = y.sum()
    loss.backward()
    del y
    gc.collect()
    assert saved() is None
    assert loss.grad_fn is not None


def test_inputs_are_never_written_by_backward(t: Any) -> None:
    x, y = leaf(t, 1.0, 2.0), leaf(t, 3.0, 4.0)
    upstream = t.tensor([1.0, 1.0])
    z = x * y + x
    z.backward(upstream)
    assert (x.tolist(), y.tolist(), upstream.tolist()) == ([1.0, 2.0], [3.0, 4.0], [1.0, 1.0])
