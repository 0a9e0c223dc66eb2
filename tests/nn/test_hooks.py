"""Hooks run when PyTorch's run, with what PyTorch's get, and change what PyTorch's change."""

from __future__ import annotations

from typing import Any

import pytest

import minitorch_clf
from tests.nn.twin import attempt, same


def make_pair(t: Any) -> Any:
    """Two inputs, a keyword, and outputs of which one is no tensor."""

    class Pair(t.nn.Module):
        def forward(self, x: Any, y: Any, scale: float = 1.0) -> Any:
            return x * 2, x * y * scale, "text"

    return Pair()


def test_forward_hooks_in_order() -> None:
    def program(t: Any) -> Any:
        log, layer = [], t.nn.ReLU()
        note = lambda name: lambda *args: log.append((name, len(args)))  # noqa: E731
        layer.register_forward_hook(note("first"))
        layer.register_forward_hook(note("second"), with_kwargs=True)
        layer.register_forward_hook(note("front"), prepend=True)
        layer.register_forward_pre_hook(note("pre"))
        layer.register_forward_pre_hook(note("pre front"), prepend=True, with_kwargs=True)
        layer(t.ones(1))
        return log

    same(program)


def test_forward_hooks_replace() -> None:
    def program(t: Any) -> Any:
        pair = make_pair(t)
        pair.register_forward_pre_hook(lambda m, args: (args[0] + 1, args[1]))
        pair.register_forward_pre_hook(
            lambda m, args, kwargs: (args, {"scale": 10.0}), with_kwargs=True
        )
        pair.register_forward_hook(lambda m, args, out: (*out, args))
        pair.register_forward_hook(
            lambda m, args, kwargs, out: (*out, kwargs["scale"]), with_kwargs=True
        )
        one = t.nn.ReLU()
        one.register_forward_pre_hook(lambda m, args: args[0] * 2)
        return pair(t.ones(2), t.ones(2)), one(t.ones(2))

    same(program)


def test_removed_hooks_do_not_run() -> None:
    def program(t: Any) -> Any:
        layer = t.nn.ReLU()
        first = layer.register_forward_hook(lambda m, args, out: out + 1)
        with layer.register_forward_hook(lambda m, args, out: out + 10, with_kwargs=False):
            inside = layer(t.zeros(1))
        outside = layer(t.zeros(1))
        first.remove()
        first.remove()
        return inside, outside, layer(t.zeros(1)), first.id + 1 < 0, len(layer._forward_hooks)

    same(program)


def test_always_called_hooks() -> None:
    def program(t: Any) -> Any:
        log, layer = [], t.nn.Linear(2, 1)
        layer.register_forward_hook(lambda m, args, out: log.append(("sometimes", out)))
        layer.register_forward_hook(
            lambda m, args, out: log.append(("always", out)), always_call=True
        )
        layer.register_forward_hook(
            lambda m, args, kwargs, out: log.append(("kwargs", kwargs, out)),
            always_call=True,
            with_kwargs=True,
        )
        layer.register_forward_hook(lambda m, args, out: 1 / 0, always_call=True)
        try:
            layer(t.ones(3, 3))
        except RuntimeError:
            log.append("forward failed")
        log.append(attempt(lambda: layer(t.ones(1, 2))))
        return log

    same(program)


def test_bad_pre_hook() -> None:
    def program(t: Any) -> Any:
        layer = t.nn.ReLU()
        layer.register_forward_pre_hook(lambda m, args, kwargs: 3, with_kwargs=True)
        return layer(t.ones(1))

    same(program)


def backward_log(t: Any, module: Any, log: list[Any], name: str = "") -> None:
    def pre(m: Any, grad_output: Any) -> None:
        log.append((name + "pre", type(m).__name__, grad_output))

    def post(m: Any, grad_input: Any, grad_output: Any) -> None:
        log.append((name + "post", type(m).__name__, grad_input, grad_output))

    module.register_full_backward_pre_hook(pre)
    module.register_full_backward_hook(post)


@pytest.mark.parametrize("used", [(0,), (1,), (0, 1)])
@pytest.mark.parametrize("wanted", [(True, False), (False, True), (True, True), (False, False)])
def test_backward_hooks_see_the_gradients(used: Any, wanted: Any) -> None:
    def program(t: Any) -> Any:
        log: list[Any] = []
        pair = make_pair(t)
        backward_log(t, pair, log)
        x = t.tensor([1.0, 2.0], requires_grad=wanted[0])
        y = t.tensor([3.0, 4.0], requires_grad=wanted[1])
        outputs = pair(x, y, scale=2.0)
        flags = [out.requires_grad for out in outputs[:2]]
        loss = sum(outputs[k].sum() * (k + 2) for k in used)
        if loss.requires_grad:
            loss.backward()
        return log, flags, x.grad, y.grad

    same(program)


def test_backward_hooks_of_nested_modules_in_order() -> None:
    def program(t: Any) -> Any:
        log: list[Any] = []
        net = t.nn.Sequential(t.nn.Linear(2, 2), t.nn.ReLU(), t.nn.Linear(2, 1))
        for name, module in net.named_modules():
            backward_log(t, module, log, name)
        x = t.tensor([[1.0, 2.0]], requires_grad=True)
        net(x).sum().backward()
        return [(entry[0], entry[1]) for entry in log], [p.grad for p in net.parameters()], x.grad

    same(program)


def test_backward_hooks_replace_gradients() -> None:
    def program(t: Any) -> Any:
        layer = t.nn.Linear(2, 1)
        layer.register_full_backward_pre_hook(lambda m, g: (g[0] * 3,))
        layer.register_full_backward_hook(lambda m, gi, go: (gi[0] * 10,))
        layer.register_full_backward_hook(lambda m, gi, go: (gi[0] + 1,), prepend=True)
        layer.register_full_backward_pre_hook(lambda m, g: (g[0] + 1,), prepend=True)
        x = t.tensor([[1.0, 2.0]], requires_grad=True)
        layer(x).sum().backward()
        return x.grad, layer.weight.grad, layer.bias.grad

    same(program)


def test_backward_hooks_without_inputs_that_need_gradients() -> None:
    """PyTorch's warning goes on with the address of its documentation; ours ends before."""

    def program(t: Any) -> Any:
        log: list[Any] = []
        layer = t.nn.Linear(2, 1)
        backward_log(t, layer, log)
        with pytest.warns(UserWarning, match="no inputs require gradients"):
            layer(t.ones(1, 2)).sum().backward()
        layer.register_full_backward_hook(lambda m, gi, go: (t.ones(1),))
        with pytest.warns(UserWarning, match="no inputs require gradients"):
            log.append(attempt(lambda: layer(t.ones(1, 2)).sum().backward()))
        return log, layer.weight.grad

    same(program)


def test_backward_hooks_with_wrong_number_of_gradients() -> None:
    def program(t: Any) -> Any:
        x = t.ones(1, 2, requires_grad=True)
        pre, post = t.nn.Linear(2, 1), t.nn.Linear(2, 1)
        pre.register_full_backward_pre_hook(lambda m, g: (g[0], g[0]))
        post.register_full_backward_hook(lambda m, gi, go: ())
        return (
            attempt(lambda: pre(x).sum().backward()),
            attempt(lambda: post(x).sum().backward()),
        )

    same(program)


def test_backward_hooks_leave_other_outputs_alone() -> None:
    def program(t: Any) -> Any:
        class Named(t.nn.Module):
            def forward(self, x: Any) -> Any:
                return {"out": x * 2}

        log: list[Any] = []
        module = Named()
        backward_log(t, module, log)
        x = t.ones(2, requires_grad=True)
        module(x)["out"].sum().backward()
        with t.no_grad():
            quiet = module(x)
        return log, x.grad, quiet["out"].requires_grad

    same(program)


def test_backward_hooks_under_create_graph() -> None:
    def program(t: Any) -> Any:
        log: list[Any] = []

        class Cube(t.nn.Module):
            def forward(self, x: Any) -> Any:
                return x * x * x

        cube = Cube()
        backward_log(t, cube, log)
        x = t.tensor([2.0, 3.0], requires_grad=True)
        (grad,) = t.autograd.grad(cube(x).sum(), x, create_graph=True)
        (second,) = t.autograd.grad(grad.sum(), x)
        return grad.detach(), second, [entry[0] for entry in log]

    same(program)


def test_backward_twice_through_hooks() -> None:
    def program(t: Any) -> Any:
        log: list[Any] = []
        layer = t.nn.ReLU()
        backward_log(t, layer, log)
        x = t.tensor([1.0, -2.0], requires_grad=True)
        loss = layer(x).sum()
        loss.backward(retain_graph=True)
        loss.backward()
        return log, x.grad

    same(program)


def test_inplace_inside_backward_hooks() -> None:
    """PyTorch forbids it, as the write would go past the hooks; here they hold copies."""
    t = minitorch_clf
    outer, inner = t.nn.ReLU(), t.nn.ReLU(inplace=True)
    log: list[Any] = []
    backward_log(t, inner, log)
    backward_log(t, outer, log)
    x = t.tensor([1.0, -1.0], requires_grad=True)
    outer(inner(x * 3)).mul_(2).sum().backward()
    assert x.grad.tolist() == [6.0, 0.0]
    assert [(entry[0], entry[-1][0].tolist()) for entry in log] == [
        ("pre", [2.0, 2.0]),
        ("post", [2.0, 2.0]),
        ("pre", [2.0, 0.0]),
        ("post", [2.0, 0.0]),
    ]
