"""The graph as tools see it, and how it behaves: deep, wide, freed; errors in PyTorch's words."""

from __future__ import annotations

import gc
import subprocess
import sys
import time
import tracemalloc
import weakref
from collections.abc import Callable
from typing import Any

import pytest
import torch

import minitorch_clf
from tests.nn.twin import attempt, same

Build = Callable[[Any, Any, Any], Any]


def leaf(t: Any) -> Any:
    return t.tensor([1.0, 2.0], requires_grad=True)


# --- access ---------------------------------------------------------------------------------------


def walk(root: Any) -> list[Any]:
    """What a tool that draws graphs collects: names, edges, leaves' shapes, what was saved."""
    stack, seen, found = [root], set(), []
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        shape = tuple(node.variable.shape) if hasattr(node, "variable") else None
        saved = sorted(a for a in dir(node) if a.startswith("_saved_"))
        edges = [(type(n).__name__, k) for n, k in node.next_functions if n is not None]
        found.append((type(node).__name__, node.name(), shape, saved, edges, dict(node.metadata)))
        stack += [n for n, _ in node.next_functions if n is not None]
    return found


def test_a_tool_that_draws_graphs_sees_the_same() -> None:
    def program(t: Any) -> Any:
        t.manual_seed(0)
        x, target = t.rand(3, 4), t.tensor([0, 1, 2])
        w, b = t.rand(5, 4, requires_grad=True), t.rand(5, requires_grad=True)
        h = t.nn.functional.linear(x, w, b).relu()
        loss = t.nn.functional.log_softmax(h * h, 1).exp().mean(1).sum() + (w * w).sum().sqrt()
        picked = h.sigmoid().gather(1, target.view(3, 1)).sum()
        return walk((loss - picked).grad_fn)

    def without_known_differences(found: Any) -> Any:
        """PyTorch saves sizes and strides of matrices, and element counts, which are not needed."""
        unneeded = ("_sym_strides", "_sym_numel", "mat1_sym_sizes", "mat2_sym_sizes", "sparse_grad")
        return [
            (name, full, shape, [s for s in saved if not s.endswith(unneeded)], edges, notes)
            for name, full, shape, saved, edges, notes in found
        ]

    ours, theirs = program(minitorch_clf), program(torch)
    gather = next(k for k, node in enumerate(theirs) if node[0] == "GatherBackward0")
    theirs[gather][3].remove("_saved_self")  # of which PyTorch needs the shape only
    assert without_known_differences(ours) == without_known_differences(theirs)


@pytest.mark.parametrize(
    "build",
    [
        lambda t, x, y: x + y,
        lambda t, x, y: x * y,
        lambda t, x, y: x / y,
        lambda t, x, y: x**y,
        lambda t, x, y: x**2.5,
        lambda t, x, y: x.sqrt(),
        lambda t, x, y: x.log(),
        lambda t, x, y: x.clamp(0.2, 0.5),
        lambda t, x, y: t.where(x > 1, x, y),
        lambda t, x, y: t.maximum(x, y),
        lambda t, x, y: x.sum(),
        lambda t, x, y: x.sum(0, keepdim=True),
        lambda t, x, y: x.mean(0),
        lambda t, x, y: x.amax(0),
        lambda t, x, y: x.max(),
        lambda t, x, y: x.prod(),
        lambda t, x, y: x @ y,
        lambda t, x, y: x.view(1, 2).transpose(0, 1),
        lambda t, x, y: x.view(2, 1),
        lambda t, x, y: x.expand(3, 2),
        lambda t, x, y: x.masked_fill(x > 1, 0.0),
        lambda t, x, y: x.sort(0).values,
        lambda t, x, y: t.cat([x, y]),
        lambda t, x, y: x.cumsum(0),
        lambda t, x, y: x.relu(),
        lambda t, x, y: t.nn.functional.leaky_relu(x),
        lambda t, x, y: t.nn.functional.mse_loss(x, y),
    ],
)
def test_saved_values_under_their_names(build: Build) -> None:
    """Each that we have is PyTorch's; so is its history."""

    def program(t: Any) -> Any:
        node = build(t, leaf(t), t.tensor([1.5, 0.5], requires_grad=True) * 1).grad_fn
        ours = build(minitorch_clf, leaf(minitorch_clf), leaf(minitorch_clf) * 1).grad_fn
        names = sorted(a for a in dir(ours) if a.startswith("_saved_"))
        values = [getattr(node, name) for name in names]
        history = [v.grad_fn and type(v.grad_fn).__name__ for v in values if hasattr(v, "grad_fn")]
        return names, values, history, repr(node).partition(" object")[0]

    same(program)


def test_saved_values_after_backward_and_after_a_write() -> None:
    def program(t: Any) -> Any:
        x = leaf(t)
        y = x * 1
        z = y.sin()
        w = x.exp()
        identical = (x * x).grad_fn._saved_self is x
        w.sum().backward()
        y.add_(1)
        read = attempt(lambda: w.grad_fn._saved_result), attempt(lambda: z.grad_fn._saved_self)
        return identical, read

    same(program)


def test_edges_stand_for_tensors() -> None:
    def program(t: Any) -> Any:
        edge = t.autograd.graph.get_gradient_edge
        x = leaf(t)
        y = x * 2
        named = edge(x).node.name(), edge(y).node.name(), edge(y).output_nr
        inner = t.autograd.grad(y.sum(), [edge(y), edge(x)], retain_graph=True)
        outer = t.autograd.grad(edge(y), x, t.ones(2), retain_graph=True)
        t.autograd.backward([edge(y)], [t.ones(2)], retain_graph=True)
        t.autograd.backward([y.sum()], inputs=[edge(x)], retain_graph=True)
        errors = [
            attempt(lambda: edge(t.ones(2))),
            attempt(lambda: t.autograd.backward([edge(y)])),
        ]
        kinds = isinstance(y.grad_fn, t.autograd.graph.Node), isinstance(3, t.autograd.graph.Node)
        return named, inner, outer, x.grad, errors, kinds

    same(program)


# --- what backward and grad accept, and say -------------------------------------------------------


def test_backward_into_inner_tensors() -> None:
    def program(t: Any) -> Any:
        x = leaf(t)
        y = x * 2
        z = (y * y).sum()
        z.backward(inputs=[y], retain_graph=True)
        first = y.grad.clone(), x.grad, y.retains_grad
        z.backward(inputs=[y, x], retain_graph=True)
        z.backward(inputs=z)
        return first, y.grad, x.grad, z.grad

    same(program)


def test_what_did_not_run_is_not_freed() -> None:
    def program(t: Any) -> Any:
        a, b = leaf(t), leaf(t)
        z = ((a * a) + (b * b)).sum()
        return t.autograd.grad(z, a), t.autograd.grad(z, b), attempt(lambda: t.autograd.grad(z, a))

    same(program)


CALLS: list[Callable[[Any, Any, Any], Any]] = [
    lambda t, x, y: t.autograd.grad(t.ones(2), x),
    lambda t, x, y: t.autograd.grad(y, x),
    lambda t, x, y: t.autograd.grad(y.sum(), leaf(t)),
    lambda t, x, y: t.autograd.grad(y.sum(), leaf(t), allow_unused=True),
    lambda t, x, y: t.autograd.grad(y.sum(), leaf(t), materialize_grads=True),
    lambda t, x, y: t.autograd.grad(y.sum(), leaf(t), materialize_grads=True, allow_unused=False),
    lambda t, x, y: t.autograd.grad(y.sum(), t.ones(2)),
    lambda t, x, y: t.autograd.grad(y, x, t.ones(3)),
    lambda t, x, y: t.autograd.grad([y, y], x, [t.ones(2)]),
    lambda t, x, y: t.autograd.grad(y, x, [t.ones(2), t.ones(2)]),
    lambda t, x, y: t.autograd.grad([], x),
    lambda t, x, y: t.autograd.grad(y.sum(), []),
    lambda t, x, y: t.autograd.grad(y.sum(), 3),
    lambda t, x, y: t.autograd.grad(y.sum(), x, only_inputs=False),
    lambda t, x, y: t.autograd.grad(y.sum(), [x, x]),
    lambda t, x, y: t.autograd.grad([y.sum(), y.sum()], [x]),
    lambda t, x, y: t.autograd.grad(x, x, t.ones(2)),
    lambda t, x, y: y.backward(t.ones(3)),
    lambda t, x, y: y.backward("a"),
    lambda t, x, y: y.backward(t.ones(2).double()),
    lambda t, x, y: y.backward(t.ones(2).long()),
    lambda t, x, y: y.sum().backward(t.ones(1)),
    lambda t, x, y: t.ones(2).backward(),
    lambda t, x, y: y.sum().backward(inputs=[t.ones(2)]),
    lambda t, x, y: y.sum().backward(inputs=[leaf(t)]),
    lambda t, x, y: y.sum().backward(inputs=[]),
    lambda t, x, y: y.sum().backward(inputs="ab"),
    lambda t, x, y: t.autograd.backward([y.sum(), t.ones(())]),
    lambda t, x, y: t.autograd.backward([y.sum(), y.sum()], [None]),
    lambda t, x, y: t.autograd.backward([]),
    lambda t, x, y: t.autograd.backward(3),
    lambda t, x, y: t.autograd.backward(y.sum(), grad_variables=t.ones(())),
    lambda t, x, y: t.autograd.backward(y.sum(), t.ones(()), grad_variables=t.ones(())),
]


@pytest.mark.parametrize("call", CALLS)
def test_arguments_and_errors(call: Callable[[Any, Any, Any], Any]) -> None:
    def program(t: Any) -> Any:
        x = leaf(t)
        return attempt(lambda: call(t, x, x * 2)), x.grad

    same(program)


# --- size -----------------------------------------------------------------------------------------

DEEP = """
import gc, minitorch_clf as torch
{setup}
x = torch.ones(1, requires_grad=True)
y = x
for _ in range(200_000):
    y = {step}
{use}
del y
gc.collect()
print("done", x.grad.item() if x.grad is not None else None)
"""

SAME = """
class Same(torch.autograd.Function):
    forward = staticmethod(lambda ctx, x: (ctx.save_for_backward(x), x * 1)[1])
    backward = staticmethod(lambda ctx, g: g)
"""


@pytest.mark.parametrize(
    ("setup", "step", "use", "says"),
    [
        ("", "y + 0", "y.backward()", "done 1.0"),
        ("", "y + 0", "", "done None"),
        ("gc.disable()", "y.view(1)", "y.backward()", "done 1.0"),
        (SAME, "Same.apply(y)", "", "done None"),
    ],
)
def test_a_chain_of_200_000_nodes_is_built_walked_and_freed(
    setup: str, step: str, use: str, says: str
) -> None:
    program = DEEP.format(setup=setup, step=step, use=use)
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.returncode) == (says, 0), done.stderr[-2000:]


def test_second_derivative_of_a_deep_chain() -> None:
    t = minitorch_clf
    x = t.tensor([1.0], dtype=t.float64, requires_grad=True)
    y = x
    for _ in range(3000):
        y = y * 1.0
    (first,) = t.autograd.grad(y * y, x, create_graph=True)
    (second,) = t.autograd.grad(first, x)
    assert (first.item(), second.item()) == (2.0, 2.0)


def test_doubling_60_times_takes_60_steps() -> None:
    def program(t: Any) -> Any:
        x = t.ones(1, requires_grad=True)
        y = x
        for _ in range(60):
            y = y + y
        y.backward()
        return x.grad

    same(program)


def test_time_is_linear_in_the_number_of_nodes() -> None:
    t = minitorch_clf

    def seconds(n: int) -> float:
        best = float("inf")
        for _ in range(3):
            y = t.ones(1, requires_grad=True)
            for _ in range(n):
                y = y + 1.0
            start = time.perf_counter()
            y.backward()
            best = min(best, time.perf_counter() - start)
        return best

    small, large = seconds(2_000), seconds(20_000)
    assert large < 40 * small  # ten times the nodes; quadratic would be a hundred


def test_no_cycle_keeps_a_graph() -> None:
    t = minitorch_clf
    gc.collect()
    gc.disable()
    try:
        x = t.ones(3, requires_grad=True)
        w = t.ones(3, requires_grad=True)
        h = (x * w).sin()
        h[0] = 2.0
        loss = (h.view(3, 1) @ h.view(1, 3)).sum()
        found = [weakref.ref(node) for node in nodes(loss.grad_fn)]
        loss.backward()
        del loss, h
        assert [node() for node in found if node() is not None] == []
    finally:
        gc.enable()


def nodes(root: Any) -> list[Any]:
    stack, seen = [root], [root]
    while stack:
        for node, _ in stack.pop().next_functions:
            if node is not None and node not in seen:
                seen.append(node)
                stack.append(node)
    return seen


def test_backward_frees_what_was_saved_and_training_does_not_grow() -> None:
    t = minitorch_clf
    w = t.ones(1000, requires_grad=True)
    loss = (w * w).exp().sum()
    saved = loss.grad_fn.next_functions[0][0].ctx.saved
    array = weakref.ref(saved[0])
    del saved
    loss.backward()
    assert array() is None

    def step() -> None:
        ((w * w).sin() * w).sum().backward()
        w.grad = None

    step()
    gc.collect()
    tracemalloc.start()
    try:
        step()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(50):
            step()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < 50_000  # the steps made 50 * 4 arrays of 4000 bytes
