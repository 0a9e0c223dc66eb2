"""Functions that users write: torch's own examples, and what torch says of wrong ones."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

import minitorch_clf
from tests.nn.twin import attempt, same

Make = Callable[..., Any]


def custom(t: Any, forward: Make, backward: Make, name: str = "F", **more: Make) -> Any:
    """A Function of engine `t`."""
    parts = {"forward": forward, "backward": backward, **more}
    members = {key: staticmethod(value) for key, value in parts.items() if value is not None}
    return type(name, (t.autograd.Function,), members)


def leaf(t: Any, *values: float) -> Any:
    return t.tensor(values or (1.0, 2.0), requires_grad=True)


def double(ctx: Any, x: Any) -> Any:
    return x * 2


# --- the examples of torch's documentation --------------------------------------------------------


def exp(t: Any) -> Any:
    class Exp(t.autograd.Function):  # type: ignore[misc]
        @staticmethod
        def forward(ctx: Any, i: Any) -> Any:
            result = i.exp()
            ctx.save_for_backward(result)
            return result

        @staticmethod
        def backward(ctx: Any, grad_output: Any) -> Any:
            (result,) = ctx.saved_tensors
            return grad_output * result

    x = leaf(t)
    y = Exp.apply(x)
    (first,) = t.autograd.grad(y.sum(), x, create_graph=True)
    second = t.autograd.grad(first.sum(), x)
    saved = attempt(lambda: y.grad_fn.saved_tensors)
    names = y.grad_fn.name(), type(y.grad_fn).__name__, str(y), y.grad_fn.needs_input_grad
    return first, second, saved, names


def grad_coeff(t: Any) -> Any:
    class GradCoeff(t.autograd.Function):  # type: ignore[misc]
        @staticmethod
        def forward(ctx: Any, x: Any, coeff: float) -> Any:
            ctx.coeff = coeff
            return x.view_as(x)

        @staticmethod
        def backward(ctx: Any, grad_output: Any) -> Any:
            return ctx.coeff * grad_output, None

    x = leaf(t)
    y = GradCoeff.apply(x, -2.5)
    y.sum().backward()
    return y, y._is_view(), x.grad, attempt(lambda: GradCoeff.apply(x * 1, 3).add_(1))


def legendre(t: Any) -> Any:
    class LegendrePolynomial3(t.autograd.Function):  # type: ignore[misc]
        @staticmethod
        def forward(ctx: Any, input: Any) -> Any:
            ctx.save_for_backward(input)
            return 0.5 * (5 * input**3 - 3 * input)

        @staticmethod
        def backward(ctx: Any, grad_output: Any) -> Any:
            (input,) = ctx.saved_tensors
            return grad_output * 1.5 * (5 * input**2 - 1)

    x = t.linspace(-math.pi, math.pi, 200, dtype=t.float64)
    weights = [
        t.full((), value, dtype=t.float64, requires_grad=True) for value in (0.0, -1.0, 0.0, 0.3)
    ]
    a, b, c, d = weights
    losses = []
    for _ in range(20):
        loss = (a + b * LegendrePolynomial3.apply(c + d * x)).sub(x).pow(2).sum()
        losses.append(loss.detach())
        loss.backward()
        with t.no_grad():
            for w in weights:
                w -= 5e-6 * w.grad
                w.grad = None
    return losses


def linear(t: Any) -> Any:
    class LinearFunction(t.autograd.Function):  # type: ignore[misc]
        @staticmethod
        def forward(input: Any, weight: Any, bias: Any) -> Any:
            output = input.mm(weight.t())
            if bias is not None:
                output += bias.unsqueeze(0).expand_as(output)
            return output

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            ctx.save_for_backward(*inputs)

        @staticmethod
        def backward(ctx: Any, grad_output: Any) -> Any:
            input, weight, bias = ctx.saved_tensors
            grad_input = grad_weight = grad_bias = None
            if ctx.needs_input_grad[0]:
                grad_input = grad_output.mm(weight)
            if ctx.needs_input_grad[1]:
                grad_weight = grad_output.t().mm(input)
            if bias is not None and ctx.needs_input_grad[2]:
                grad_bias = grad_output.sum(0)
            return grad_input, grad_weight, grad_bias

    x, w, b = t.rand(2, 3), t.rand(4, 3, requires_grad=True), t.rand(4, requires_grad=True)
    LinearFunction.apply(x, w, b).sum().backward()
    LinearFunction.apply(x, w, None).sum().backward()
    keywords = LinearFunction.apply(x, bias=b, weight=w)
    return w.grad, b.grad, keywords


def cube_with_saved_output(t: Any) -> Any:
    class MyCube(t.autograd.Function):  # type: ignore[misc]
        @staticmethod
        def forward(x: Any) -> Any:
            return x**3, 3 * x**2

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            (x,) = inputs
            _, dx = output
            ctx.save_for_backward(x, dx)

        @staticmethod
        def backward(ctx: Any, grad_output: Any, grad_dx: Any) -> Any:
            x, dx = ctx.saved_tensors
            return grad_output * dx + grad_dx * 6 * x

    x = t.tensor([1.5, -2.0], dtype=t.float64, requires_grad=True)
    y, _ = MyCube.apply(x)
    (first,) = t.autograd.grad(y.sum(), x, create_graph=True)
    checked = t.autograd.gradgradcheck(lambda x: MyCube.apply(x)[0], x)
    return first, t.autograd.grad(first.sum(), x), checked


def sorting(t: Any) -> Any:
    class SortingWithIndices(t.autograd.Function):  # type: ignore[misc]
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.set_materialize_grads(False)
            values, index = t.sort(x)
            ctx.mark_non_differentiable(index)
            ctx.save_for_backward(index)
            return values, index

        @staticmethod
        def backward(ctx: Any, g1: Any, g2: Any) -> Any:
            (index,) = ctx.saved_tensors
            ctx.seen = g2
            return t.zeros_like(g1).index_add_(0, index, g1) if hasattr(g1, "index_add_") else None

    x = leaf(t, 3.0, 1.0, 2.0)
    values, index = SortingWithIndices.apply(x)
    return values, index, values.grad_fn.next_functions[0][0].name()


@pytest.mark.parametrize(
    ("program", "steps"),
    [
        (exp, 2),  # the last bits of exp, twice
        (grad_coeff, 0),
        (legendre, 8),  # sums over 200 points, in another order
        (linear, 2),  # the order of sums in a matrix product
        (cube_with_saved_output, 0),
        (sorting, 0),
    ],
)
def test_examples_of_torchs_documentation(program: Make, steps: float) -> None:
    same(program, steps=steps)


# --- what backward gets and may return ------------------------------------------------------------


@pytest.mark.parametrize(
    "backward",
    [
        lambda ctx, g: (g, g),
        lambda ctx, g: (g, None, None),
        lambda ctx, g: g.reshape(1, 2),
        lambda ctx, g: g.reshape(1, 2).repeat(3, 1),
        lambda ctx, g: g[:1].repeat(3),
        lambda ctx, g: g.double(),
        lambda ctx, g: g.long(),
        lambda ctx, g: 3,
        lambda ctx, g: [g],
        lambda ctx, g: None,
        lambda ctx, g: 1 / 0,
        None,
    ],
)
def test_one_gradient(backward: Make) -> None:
    def program(t: Any) -> Any:
        x = leaf(t)
        return attempt(lambda: custom(t, double, backward).apply(x).sum().backward()), x.grad

    same(program)


@pytest.mark.parametrize(
    ("others", "backward"),
    [
        ((3,), lambda ctx, g: (g, g)),
        ((3,), lambda ctx, g: (g, None)),
        ((3,), lambda ctx, g: g),
        (("tensor",), lambda ctx, g: (g, g)),
        (("tensor", "a"), lambda ctx, g: (g, g, None)),
        ((None, "leaf"), lambda ctx, g: (g, None, g * 3)),
    ],
)
def test_one_gradient_per_argument(others: Any, backward: Make) -> None:
    def program(t: Any) -> Any:
        x = leaf(t)
        kinds = {"tensor": t.ones(2), "leaf": leaf(t)}
        given = [kinds.get(o, o) for o in others]
        y = custom(t, lambda ctx, x, *others: x * 2, backward).apply(x, *given)
        edges = [node and node.name() for node, _ in y.grad_fn.next_functions]
        error = attempt(lambda: y.sum().backward())
        return error, x.grad, kinds["leaf"].grad, edges, y.grad_fn.needs_input_grad

    same(program)


def test_several_outputs_and_what_is_no_tensor() -> None:
    def program(t: Any) -> Any:
        log: list[Any] = []

        def backward(ctx: Any, *grads: Any) -> Any:
            log.append(grads)
            return grads[0]

        def quiet(ctx: Any, x: Any) -> Any:
            ctx.set_materialize_grads(False)
            return x * 2, x * 3

        def sort(ctx: Any, x: Any) -> Any:
            s, i = x.sort()
            ctx.mark_non_differentiable(i)
            return s, i

        def constant(ctx: Any, x: Any) -> Any:
            a, b = x * 2, x * 3
            ctx.mark_non_differentiable(b)
            return a, b

        shown = []
        for forward in (
            lambda ctx, x: (x * 2, x * 3),
            lambda ctx, x: (x * 2, None, 3, "a"),
            lambda ctx, x: (x * 2,),
            lambda ctx, x: (x * 2, x.argsort()),
            quiet,
            sort,
            constant,
        ):
            x = leaf(t)
            outputs = custom(t, forward, backward).apply(x)
            outputs[0].sum().backward()
            shown.append((outputs, x.grad))
        odd = [
            custom(t, lambda ctx, x, out=out: out, backward).apply(leaf(t))
            for out in (None, 3, [1])
        ]
        return shown, log, odd

    same(program)


def test_nothing_flows_in() -> None:
    def program(t: Any) -> Any:
        log: list[Any] = []

        def backward(ctx: Any, g: Any) -> Any:
            log.append(g)
            return g

        def quiet(ctx: Any, x: Any) -> Any:
            ctx.set_materialize_grads(False)
            return x * 2

        nothing = custom(t, double, lambda ctx, g: None)
        results = []
        for inner in (
            custom(t, double, backward).apply,
            custom(t, quiet, backward).apply,
            lambda x: x * 3,
            lambda x: x,
        ):
            x = leaf(t)
            nothing.apply(inner(x)).sum().backward()
            results.append(x.grad)
        return results, log

    same(program)


# --- saved values ---------------------------------------------------------------------------------


def saving(*what: Any) -> Make:
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(*[x if w == "x" else w for w in what])
        return x * 2

    return forward


@pytest.mark.parametrize("what", [("x", 3), ("x", None), ((),), ()])
def test_what_may_be_saved(what: Any) -> None:
    def program(t: Any) -> Any:
        y = custom(t, saving(*what), lambda ctx, g: g).apply(leaf(t))
        before = y.grad_fn.saved_tensors
        y.sum().backward()
        return before, attempt(lambda: y.grad_fn.saved_tensors), attempt(y.sum().backward)

    same(program)


def test_saved_tensors_are_the_tensors_themselves_and_must_not_change() -> None:
    def program(t: Any) -> Any:
        function = custom(t, saving("x"), lambda ctx, g: (ctx.saved_tensors, g)[1])
        x = leaf(t)
        z = x * 1
        y = function.apply(z)
        identical = y.grad_fn.saved_tensors[0] is z
        z.add_(1)
        return identical, attempt(y.sum().backward), attempt(lambda: y.grad_fn.nope)

    same(program)


def test_context_during_forward() -> None:
    def program(t: Any) -> Any:
        seen = []

        def setup(ctx: Any, inputs: Any, output: Any) -> None:
            seen.append((inputs, output, ctx.needs_input_grad, t.is_grad_enabled()))
            ctx.save_for_backward(output)

        function = custom(
            t, lambda x, k=2: x * k, lambda ctx, g: (g * ctx.saved_tensors[0], None), "S",
            setup_context=setup,
        )  # fmt: skip
        x = leaf(t)
        y = function.apply(x)
        y.sum().backward()
        with t.no_grad():
            seen.append(function.apply(x))
        return y, x.grad, seen

    same(program)


# --- writes in place, and views -------------------------------------------------------------------


def dirty(ctx: Any, x: Any) -> Any:
    x.mul_(2)
    ctx.mark_dirty(x)
    return x


def test_mark_dirty() -> None:
    def program(t: Any) -> Any:
        function = custom(t, dirty, lambda ctx, g: g * 2, "D")
        x = leaf(t)
        z = x * 1
        out = function.apply(z)
        whole = out is z, z.grad_fn.name(), z._version, z.output_nr, z.is_leaf
        z.sum().backward()
        y = x * 1
        part = y[:1]
        function.apply(part)
        y.sum().backward()
        names = y.grad_fn.name(), part.grad_fn.next_functions[0][0].name(), y._version
        return whole, names, x.grad, y, attempt(lambda: function.apply(leaf(t)))

    same(program)


@pytest.mark.parametrize(
    "forward",
    [
        lambda ctx, x: (x.mul_(2), ctx.mark_dirty(x), x * 1)[2],
        lambda ctx, x: (ctx.mark_dirty(3), x * 1)[1],
        lambda ctx, x: (ctx.mark_non_differentiable(3), x * 1)[1],
    ],
)
def test_wrong_marks(forward: Make) -> None:
    same(lambda t: custom(t, forward, lambda ctx, g: g).apply(leaf(t) * 1))


def test_outputs_that_are_inputs_or_views() -> None:
    def program(t: Any) -> Any:
        shown = []
        for forward in (
            lambda ctx, x: x,
            lambda ctx, x: x.view(2, 1),
            lambda ctx, x: (x.view(2, 1), x[:1]),
        ):
            function = custom(t, forward, lambda ctx, g, *h: g.reshape(2))
            x = leaf(t) * 1
            out = function.apply(x)
            first = out[0] if isinstance(out, tuple) else out
            first.sum().backward()
            shown.append((out, first is x, first._base is x, attempt(lambda: first.add_(1))))  # noqa: B023
        return shown

    same(program)


# --- and the rest ---------------------------------------------------------------------------------


def test_once_differentiable() -> None:
    def program(t: Any) -> Any:
        seen = []
        once = __import__(f"{t.__name__}.autograd.function", fromlist=["x"]).once_differentiable

        @once
        def backward(ctx: Any, g: Any) -> Any:
            seen.append((t.is_grad_enabled(), g.requires_grad))
            return g * ctx.saved_tensors[0]

        function = custom(t, saving("x"), backward)
        x = leaf(t)
        function.apply(x).sum().backward()
        (g,) = t.autograd.grad(function.apply(x).pow(2).sum(), x, create_graph=True)
        (constant,) = t.autograd.grad(function.apply(x).sum(), x, create_graph=True)
        return x.grad, g, g.grad_fn.name(), attempt(g.sum().backward), constant, seen

    same(program)


def test_vjp_is_another_name_for_backward() -> None:
    def program(t: Any) -> Any:
        x = leaf(t)
        custom(t, double, None, vjp=lambda ctx, g: g * 5).apply(x).sum().backward()
        both = custom(t, double, lambda ctx, g: g, vjp=lambda ctx, g: g)
        return x.grad, attempt(both.apply(x).sum().backward)

    same(program)


@pytest.mark.parametrize(
    "misuse",
    [
        lambda f, x: f(),
        lambda f, x: f()(x),
        lambda f, x: f.apply(),
        lambda f, x: f.apply(x, x),
        lambda f, x: f.forward(None, x),
        lambda f, x: f.__bases__[0].apply(x),
        lambda f, x: f.__bases__[0].forward(x),
        lambda f, x: f.__bases__[0].backward(x),
        lambda f, x: f.__bases__[0].setup_context(x, x, x),
    ],
)
def test_misuse(misuse: Make) -> None:
    def program(t: Any) -> Any:
        result = attempt(lambda: misuse(custom(t, saving("x"), lambda ctx, g: g), leaf(t)))
        return result if isinstance(result, str) else type(result).__name__

    same(program)


def test_backward_inside_backward() -> None:
    """Checkpointing: forward runs again, recorded, within backward."""

    def program(t: Any) -> Any:
        def backward(ctx: Any, g: Any) -> Any:
            (x,) = ctx.saved_tensors
            with t.enable_grad():
                inner = x.detach().requires_grad_()
                inner.sin().mul(2).backward(g)
            return inner.grad

        x = leaf(t)
        custom(t, saving("x"), backward).apply(x).exp().sum().backward()
        return x.grad

    same(program, steps=4)  # not the last bits of torch's vectorised sin and exp


def test_gradcheck_sees_a_wrong_backward() -> None:
    t = minitorch_clf
    wrong = custom(t, saving("x"), lambda ctx, g: g * 2.01)
    x = t.tensor([1.0, 2.0], dtype=t.float64, requires_grad=True)
    with pytest.raises(RuntimeError, match="Jacobian mismatch"):
        t.autograd.gradcheck(wrong.apply, x)
