"""Hooks on tensors, nodes, leaves, several gradients, and on what is saved for backward."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from typing import Any

import pytest

import minitorch_clf
from tests.nn.twin import attempt, same

Hook = Callable[..., Any]


def leaf(t: Any) -> Any:
    return t.tensor([1.0, 2.0], requires_grad=True)


# --- on gradients, nodes and leaves ---------------------------------------------------------------


def test_order_and_what_each_hook_sees() -> None:
    def program(t: Any) -> Any:
        log: list[Any] = []
        x = leaf(t)
        y = x * 2
        y.retain_grad()
        y.grad_fn.register_hook(lambda gi, go: log.append(("node", gi[0], go)))
        y.grad_fn.register_prehook(lambda go: log.append(("pre", go)))
        y.register_hook(lambda g: (log.append(("tensor", g)), g * 2)[1])
        x.register_hook(lambda g: (log.append(("leaf", g)), g * 3)[1])
        x.register_post_accumulate_grad_hook(lambda p: log.append(("post", p.grad, p is x)))
        accumulate = y.grad_fn.next_functions[0][0]
        accumulate.register_hook(lambda gi, go: log.append(("accumulated", gi, go)))
        accumulate.register_prehook(lambda go: log.append(("accumulating", go)))
        y.sum().backward()
        return log, y.grad, x.grad

    same(program)


def test_hooks_under_create_graph_are_differentiated() -> None:
    def program(t: Any) -> Any:
        x = leaf(t)
        y = x * x
        y.register_hook(lambda g: g * x)
        y.grad_fn.register_prehook(lambda go: (go[0] * 2,))
        y.grad_fn.register_hook(lambda gi, go: tuple(g * 3 for g in gi))
        (g,) = t.autograd.grad(y.sum(), x, create_graph=True)
        return g, t.autograd.grad(g.sum(), x)

    same(program)


@pytest.mark.parametrize(
    "result",
    [
        lambda g, t: (g[0] * 2, None),
        lambda g, t: g[0] * 2,
        lambda g, t: (g[0],),
        lambda g, t: "a",
        lambda g, t: [g[0], None],
        lambda g, t: (3, None),
        lambda g, t: (g[0].sum(), None),
        lambda g, t: (g[0].double(), None),
        lambda g, t: (g[0], t.ones(2)),
        lambda g, t: None,
    ],
)
def test_what_a_hook_on_a_node_may_return(result: Hook) -> None:
    def program(t: Any) -> Any:
        x = leaf(t)
        y = x * t.ones(2)
        y.grad_fn.register_hook(lambda gi, go: result(gi, t))
        return attempt(y.sum().backward), x.grad

    same(program)


@pytest.mark.parametrize(
    "result",
    [
        lambda g: (g[0] * 2,),
        lambda g: g[0] * 2,
        lambda g: (g[0], g[0]),
        lambda g: (None,),
        lambda g: None,
    ],
)
def test_what_a_prehook_may_return(result: Hook) -> None:
    def program(t: Any) -> Any:
        x = leaf(t)
        y = x * t.ones(2)
        y.grad_fn.register_prehook(result)
        return attempt(y.sum().backward), x.grad

    same(program)


@pytest.mark.parametrize(
    "result",
    [
        lambda g: g * 2,
        lambda g: g.sum(),
        lambda g: g.double(),
        lambda g: 3,
        lambda g: (g,),
        lambda g: None,
    ],
)
def test_what_a_hook_on_a_tensor_may_return(result: Hook) -> None:
    def program(t: Any) -> Any:
        x = leaf(t)
        y = x * t.ones(2)
        y.register_hook(result)
        return attempt(y.sum().backward), x.grad

    same(program)


def test_where_hooks_may_be_and_how_they_go() -> None:
    def program(t: Any) -> Any:
        x = leaf(t)
        log: list[Any] = []
        handles = [
            x.register_hook(lambda g: log.append("leaf")),
            x.register_post_accumulate_grad_hook(lambda p: log.append("post")),
        ]
        y = x * 2
        handles += [
            y.register_hook(lambda g: log.append("tensor")),
            y.grad_fn.register_hook(lambda gi, go: log.append("node")),
            y.grad_fn.register_prehook(lambda go: log.append("pre")),
        ]
        y.sum().backward(retain_graph=True)
        first = list(log)
        for handle in handles:
            handle.remove()
            handle.remove()
        y.sum().backward()
        returning = leaf(t)
        returning.register_post_accumulate_grad_hook(lambda p: 3)
        errors = [
            attempt(lambda: (x * 2).register_post_accumulate_grad_hook(print)),
            attempt(lambda: t.ones(2).register_post_accumulate_grad_hook(print)),
            attempt(lambda: t.ones(2).register_hook(print)),
            attempt((returning * 2).sum().backward),
        ]
        return first, log, errors

    same(program)


def test_only_what_leads_to_the_inputs_has_its_hooks_run() -> None:
    def program(t: Any) -> Any:
        x, w = leaf(t), leaf(t)
        log: list[str] = []
        for name, leaf_ in (("x", x), ("w", w)):
            leaf_.register_hook(lambda g, name=name: log.append(name))
            leaf_.register_post_accumulate_grad_hook(lambda p: log.append("post"))
        y = x * w
        z = y.sum()
        z.register_hook(lambda g: log.append("z"))
        z.grad_fn.register_prehook(lambda go: log.append("before z"))
        y.register_hook(lambda g: log.append("y"))
        t.autograd.grad(z, x, retain_graph=True)
        log.append("backward")
        z.backward(inputs=[x])
        return log, x.grad, w.grad

    same(program)


def test_the_gradient_of_an_inner_tensor_is_taken_between_its_hooks() -> None:
    def program(t: Any) -> Any:
        x = leaf(t)
        log: list[str] = []
        y = x * 2
        y.grad_fn.register_prehook(lambda go: (log.append("pre"), (go[0] * 10,))[1])
        y.register_hook(lambda g: (log.append("tensor"), g * 7)[1])
        return t.autograd.grad((y * y).sum(), y), log

    same(program)


def test_a_hook_keeps_no_graph_alive() -> None:
    t = minitorch_clf
    x = leaf(t)
    y = x * 2
    y.register_hook(lambda g: g)
    y.retain_grad()
    node = weakref.ref(y.grad_fn)
    gc.disable()
    try:
        del y
        assert node() is None
    finally:
        gc.enable()


# --- on several gradients -------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["all", "any", "some"])
@pytest.mark.parametrize("used", [(0, 1), (0,)])
def test_multi_grad_hooks(mode: str, used: tuple[int, ...]) -> None:
    def program(t: Any) -> Any:
        log: list[Any] = []
        leaves = leaf(t), leaf(t)
        handle = t.autograd.graph.register_multi_grad_hook(leaves, log.append, mode=mode)
        sum(leaves[k] * (k + 2) for k in used).sum().backward()
        (leaves[0] * 2 + leaves[1]).sum().backward()
        (leaves[0] * leaves[1]).sum().backward(inputs=[leaves[0]])
        handle.remove()
        (leaves[0] * 2 + leaves[1]).sum().backward()
        return log

    same(program)


def test_multi_grad_hooks_want_gradients() -> None:
    def program(t: Any) -> Any:
        register = t.autograd.graph.register_multi_grad_hook
        return attempt(lambda: register((leaf(t), t.ones(2)), print)), bool(register((), print))

    same(program)


# --- on what is saved for backward ----------------------------------------------------------------


def test_what_is_packed_and_unpacked() -> None:
    def program(t: Any) -> Any:
        log: list[Any] = []
        x = leaf(t)

        def pack(tensor: Any) -> Any:
            log.append(("pack", tensor, tensor is x, tensor.requires_grad))
            return tensor

        def unpack(tensor: Any) -> Any:
            log.append(("unpack", tensor))
            return tensor

        with t.autograd.graph.saved_tensors_hooks(pack, unpack):
            z = (x * x).sqrt()
        z.sum().backward()
        return log, x.grad

    same(program)


@pytest.mark.parametrize(
    ("pack", "unpack"),
    [
        (lambda x: "a", lambda x: x),
        (lambda x: x, lambda x: "a"),
        (lambda x: None, lambda x: x),
        (lambda x: x.add_(1), lambda x: x),
        (lambda x: 1 / 0, lambda x: x),
        (lambda x: x * 2, lambda x: x + 1),
        (lambda x: x, lambda x: x.double()),
        (lambda x: x.numpy(), None),
    ],
)
def test_what_hooks_may_do(pack: Hook, unpack: Hook | None) -> None:
    def program(t: Any) -> Any:
        def run() -> Any:
            x = leaf(t)
            with t.autograd.graph.saved_tensors_hooks(pack, unpack or t.from_numpy):
                y = x.sqrt()
            y.sum().backward()
            return x.grad

        return attempt(run)

    same(program)


def test_hooks_nest_and_can_be_forbidden() -> None:
    def program(t: Any) -> Any:
        graph = t.autograd.graph
        log: list[str] = []

        def hooks(name: str) -> Any:
            return graph.saved_tensors_hooks(lambda x: (log.append(name), x)[1], lambda x: x)

        x = leaf(t)
        with hooks("outer"):
            with hooks("inner"):
                y = x.exp()
            y.exp()

        def forbidden() -> None:
            with graph.disable_saved_tensors_hooks("no"), hooks("none"):
                pass

        def too_late() -> None:
            with hooks("none"), graph.disable_saved_tensors_hooks("no"):
                pass

        decorated = graph.disable_saved_tensors_hooks("not here")(hooks("none").__enter__)
        with graph.save_on_cpu():
            z = x * x
        z.sum().backward()
        return log, attempt(forbidden), attempt(too_late), attempt(decorated), x.grad

    same(program)


def test_packed_values_have_second_derivatives_and_no_version() -> None:
    def program(t: Any) -> Any:
        x = leaf(t)
        with t.autograd.graph.saved_tensors_hooks(lambda v: v * 1, lambda v: v):
            y = x * x
        (g,) = t.autograd.grad(y.sum(), x, create_graph=True)
        a = x * 1
        with t.autograd.graph.saved_tensors_hooks(lambda v: v.clone(), lambda v: v):
            b = a * a
            c = x * 1
            c.mul_(x)
        a.add_(1)
        return t.autograd.grad(g.sum(), x), t.autograd.grad((b + c).sum(), x)

    same(program)


def test_a_users_function_packs_too() -> None:
    def program(t: Any) -> Any:
        class Double(t.autograd.Function):  # type: ignore[misc]
            @staticmethod
            def forward(ctx: Any, x: Any) -> Any:
                out = x * 2
                ctx.save_for_backward(x, out)
                return out

            @staticmethod
            def backward(ctx: Any, g: Any) -> Any:
                x, out = ctx.saved_tensors
                return g * x * out

        log: list[Any] = []
        x = leaf(t)

        def pack(tensor: Any) -> Any:
            log.append((tensor, tensor.requires_grad))
            return tensor

        with t.autograd.graph.saved_tensors_hooks(pack, lambda v: (log.append("unpack"), v)[1]):
            y = Double.apply(x)
        (g,) = t.autograd.grad(y.sum(), x, create_graph=True)
        return g, t.autograd.grad(g.sum(), x), log

    same(program)


def test_options_of_a_gpu_are_refused_by_name() -> None:
    with pytest.raises(NotImplementedError, match="pin_memory"):
        minitorch_clf.autograd.graph.save_on_cpu(pin_memory=True)
    hooks = minitorch_clf.autograd.graph.saved_tensors_hooks(3, 4)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="must be callable, but got int and int"):
        hooks.__enter__()
