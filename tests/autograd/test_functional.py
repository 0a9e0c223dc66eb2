"""autograd.functional on both engines: values, structure, dtypes, requires_grad, every refusal.

Inputs are small multiples of 1/4, so that sums and products of them are exact and polynomials must
have the same bits. Where exp, log or tanh comes in, results may be a few rounding steps of the
largest value apart: as many as the function itself, times the terms of the sums behind it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import minitorch_clf
from tests.autograd.nests import named
from tests.nn.twin import attempt, same


def quarters(rng: np.random.Generator, shape: Any) -> Any:
    """1/2 to 2 in steps of 1/4."""
    return rng.integers(2, 9, tuple(shape)) / 4


WEIGHT = quarters(np.random.default_rng(0), (3, 4)) - 1


@dataclass(frozen=True)
class Problem:
    """A function of Tensors, and what it is differentiated at.

    steps   how far apart the engines may be
    """

    fn: Callable[..., Any]
    shapes: tuple[tuple[int, ...], ...]
    several: bool = True
    steps: float = 0

    def inputs(self, t: Any, requires_grad: bool) -> Any:
        rng = np.random.default_rng(1)
        tensors = tuple(
            t.tensor(quarters(rng, shape), requires_grad=requires_grad) for shape in self.shapes
        )
        return tensors if self.several else tensors[0]


ONE = {"several": False}
PROBLEMS: dict[str, Problem] = {
    "cube": Problem(lambda t, x: x**3, ((3,),), **ONE),
    "cube, in a tuple": Problem(lambda t, x: x**3, ((3,),)),
    "scaled by its sum": Problem(lambda t, x: x * x.sum(), ((2, 3),), **ONE),
    "0-dim": Problem(lambda t, x: x * x, ((),), **ONE),
    "one element": Problem(lambda t, x: x * x, ((1, 1),), **ONE),
    "identity": Problem(lambda t, x: x, ((2,),), **ONE),
    "linear": Problem(lambda t, x: 3 * x, ((2, 2),), **ONE),
    "view": Problem(lambda t, x: x.reshape(3, 2).t(), ((2, 3),), **ONE),
    "tuple of one": Problem(lambda t, x: (x * x,), ((2,),), **ONE),
    "two outputs": Problem(lambda t, x: (x * x, x.sum()), ((2,),), **ONE),
    "two inputs": Problem(lambda t, x, y: x * y, ((2, 1), (3,))),
    "two of each": Problem(lambda t, x, y: (x * y, (y * x).sum(0)), ((2, 1), (3,))),
    "second unused": Problem(lambda t, x, y: x * x, ((2,), (3,))),
    "second for second": Problem(lambda t, x, y: (x * x, y * y), ((2,), (3,))),
    "second linear": Problem(lambda t, x, y: (x * x).sum() + y.sum(), ((2,), (3,))),
    "constant": Problem(lambda t, x: t.ones(2, dtype=t.float64), ((2,),), **ONE),
    "constant second": Problem(lambda t, x: (x, t.ones(1, dtype=t.float64)), ((2,),), **ONE),
    "detached": Problem(lambda t, x: x.detach() * x, ((2,),), **ONE),
    "no output elements": Problem(lambda t, x: x[:0], ((2,),), **ONE),
    "no input elements": Problem(lambda t, x: x * 2, ((0,),), **ONE),
    "exp": Problem(lambda t, x: x.exp() * x, ((2, 2),), **ONE, steps=4),
    "layer": Problem(lambda t, x: (x @ t.tensor(WEIGHT)).tanh(), ((2, 3),), **ONE, steps=16),
    "list": Problem(lambda t, x: [x], ((2,),), **ONE),
    "number": Problem(lambda t, x: 3.0, ((2,),), **ONE),
    "number second": Problem(lambda t, x: (x, 3.0), ((2,),), **ONE),
    "whole numbers": Problem(lambda t, x: x.long(), ((2,),), **ONE),
}
SCALAR: dict[str, Problem] = {
    "cubes": Problem(lambda t, x: (x**3).sum(), ((3,),), **ONE),
    "cubes, in a tuple": Problem(lambda t, x: (x**3).sum(), ((3,),)),
    "0-dim": Problem(lambda t, x: x * x * x, ((),), **ONE),
    "one element": Problem(lambda t, x: x * x * x, ((1, 1),), **ONE),
    "two inputs": Problem(lambda t, x, y: (x * x * y).sum(), ((2, 1), (3,))),
    "second unused": Problem(lambda t, x, y: (x**3).sum(), ((2,), (3,))),
    "second linear": Problem(lambda t, x, y: (x**3).sum() + y.sum(), ((2,), (3,))),
    "linear": Problem(lambda t, x: x.sum(), ((2,),), **ONE),
    "square": Problem(lambda t, x: (x * x).sum(), ((2,),), **ONE),
    "constant": Problem(lambda t, x: t.ones((), dtype=t.float64), ((2,),), **ONE),
    "not scalar": Problem(lambda t, x: x * x, ((2,),), **ONE),
    "not single": Problem(lambda t, x: (x.sum(), x.sum()), ((2,),), **ONE),
    "tuple of one": Problem(lambda t, x: ((x * x).sum(),), ((2,),), **ONE),
    "number": Problem(lambda t, x: 3.0, ((2,),), **ONE),
    "entropy": Problem(lambda t, x: (x * x.log()).sum(), ((2, 2),), **ONE, steps=4),
    "loss": Problem(
        lambda t, x: t.nn.functional.cross_entropy(x, t.tensor([1, 0])), ((2, 3),), **ONE, steps=4
    ),
}
MATRICES = {"jacobian": PROBLEMS, "hessian": SCALAR}
PRODUCTS = {"vjp": PROBLEMS, "jvp": PROBLEMS, "vhp": SCALAR, "hvp": SCALAR}

FLAGS = list(product((False, True), repeat=3))


def differentiated(result: Any, inputs: Any) -> Any:
    """The result, and the gradients of the sum of its squares where it is on a graph."""
    tensors = [x for x in flat(result) if x.requires_grad]
    if tensors:
        sum((x * x).sum() for x in tensors).backward()
    return named([result, [x.grad for x in flat(inputs)]])


def flat(value: Any) -> list[Any]:
    return [x for v in value for x in flat(v)] if isinstance(value, tuple | list) else [value]


@pytest.mark.parametrize(("create_graph", "strict", "requires_grad"), FLAGS)
@pytest.mark.parametrize(
    ("name", "problem"), [(name, key) for name, table in MATRICES.items() for key in table]
)
def test_matrices(
    name: str, problem: str, create_graph: bool, strict: bool, requires_grad: bool
) -> None:
    case = MATRICES[name][problem]

    def program(t: Any) -> Any:
        inputs = case.inputs(t, requires_grad)
        derive = getattr(t.autograd.functional, name)
        result = derive(
            lambda *xs: case.fn(t, *xs), inputs, create_graph=create_graph, strict=strict
        )
        return differentiated(result, inputs)

    same(program, steps=case.steps)


@pytest.mark.parametrize(("create_graph", "strict", "requires_grad"), FLAGS)
@pytest.mark.parametrize(
    ("name", "problem"), [(name, key) for name, table in PRODUCTS.items() for key in table]
)
def test_products(
    name: str, problem: str, create_graph: bool, strict: bool, requires_grad: bool
) -> None:
    case = PRODUCTS[name][problem]

    def program(t: Any) -> Any:
        inputs = case.inputs(t, requires_grad)

        def fn(*xs: Any) -> Any:
            return case.fn(t, *xs)

        target = fn(*flat(inputs)) if name == "vjp" else inputs
        if not all(isinstance(x, t.Tensor) for x in flat(target)):
            target = t.ones(2)  # fn is to be refused
        v = vector(t, target, requires_grad)
        derive = getattr(t.autograd.functional, name)
        result = derive(fn, inputs, v, create_graph=create_graph, strict=strict)
        return differentiated(result, flat(inputs) + flat(v))

    same(program, steps=case.steps)


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize(
    ("name", "problem"), [(name, key) for name, table in PRODUCTS.items() for key in table]
)
def test_products_without_a_vector(name: str, problem: str, create_graph: bool) -> None:
    case = PRODUCTS[name][problem]

    def program(t: Any) -> Any:
        inputs = case.inputs(t, requires_grad=True)
        derive = getattr(t.autograd.functional, name)
        result = derive(lambda *xs: case.fn(t, *xs), inputs, create_graph=create_graph)
        return differentiated(result, inputs)

    same(program, steps=case.steps)


def vector(t: Any, target: Any, requires_grad: bool) -> Any:
    """Something shaped like the target, a tuple if that is one."""
    rng = np.random.default_rng(2)
    vs = tuple(t.tensor(quarters(rng, x.shape), requires_grad=requires_grad) for x in flat(target))
    return vs if isinstance(target, tuple) else vs[0]


@pytest.mark.parametrize("name", [*MATRICES, *PRODUCTS])
def test_dtypes_are_those_of_the_inputs(name: str) -> None:
    def program(t: Any) -> Any:
        x = t.tensor([1.0, 2.0])
        y = t.tensor([3.0, 4.0], dtype=t.float64)
        derive = getattr(t.autograd.functional, name)
        vs = () if name in MATRICES else (y.sum() if name == "vjp" else (x, y),)
        return named(derive(lambda x, y: (x * x * y * y).sum(), (x, y), *vs))

    same(program)


@pytest.mark.parametrize("name", [*MATRICES, *PRODUCTS])
def test_grad_mode_outside_does_not_matter(name: str) -> None:
    def program(t: Any) -> Any:
        x = t.tensor([2.0], requires_grad=True)
        derive = getattr(t.autograd.functional, name)
        with t.no_grad():
            results = [derive(lambda x: x * x * x, x, create_graph=flag) for flag in (False, True)]
        return named(results), t.is_grad_enabled()

    same(program)


@pytest.mark.parametrize("name", [*MATRICES, *PRODUCTS])
def test_what_func_reads_from_outside_is_a_constant(name: str) -> None:
    def program(t: Any) -> Any:
        x = t.tensor([2.0], requires_grad=True)
        derive = getattr(t.autograd.functional, name)
        return named(derive(lambda y: x * y * y, x, create_graph=True)), x.grad

    same(program)


@pytest.mark.parametrize("name", [*MATRICES, *PRODUCTS])
def test_strict_mode_is_not_fooled_by_a_graph_that_leads_elsewhere(name: str) -> None:
    """The outputs, or the gradient, require a gradient, but not because of the input."""

    def program(t: Any) -> Any:
        x = t.tensor([2.0])
        w = t.tensor([3.0], requires_grad=True)
        derive = getattr(t.autograd.functional, name)
        outputs = [lambda x: w * 2, lambda x: w * x, lambda x: (w * x).sum()]
        return [attempt(lambda fn=fn: named(derive(fn, x, strict=True))) for fn in outputs]

    same(program)


VECTORS: dict[str, Callable[[Any], Any]] = {
    "too long": lambda t: t.ones(3),
    "a column": lambda t: t.ones(2, 1),
    "two for one": lambda t: (t.ones(2), t.ones(2)),
    "in a tuple": lambda t: (t.ones(2),),
    "number": lambda t: 3.0,
    "number in a tuple": lambda t: (3.0,),
    "list": lambda t: [t.ones(2)],
    "0-dim": lambda t: t.tensor(1.0),
}


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("v", VECTORS)
@pytest.mark.parametrize("name", PRODUCTS)
def test_vectors_of_wrong_shape(name: str, v: str, several: bool) -> None:
    def program(t: Any) -> Any:
        x = t.tensor([1.0, 2.0])
        inputs = (x, x + 1) if several else x

        def fn(*xs: Any) -> Any:
            if name in ("vhp", "hvp"):
                return sum((x * x).sum() for x in xs)
            return xs if several else xs[0]

        return named(getattr(t.autograd.functional, name)(fn, inputs, VECTORS[v](t)))

    same(program)


INPUTS: dict[str, Callable[[Any], Any]] = {
    "number": lambda t: 3.0,
    "list": lambda t: [t.ones(2)],
    "number in a tuple": lambda t: (t.ones(2), 3.0),
    "whole numbers": lambda t: t.tensor([1, 2]),
}


@pytest.mark.parametrize("inputs", INPUTS)
@pytest.mark.parametrize("name", [*MATRICES, *PRODUCTS])
def test_inputs_that_cannot_be_differentiated_by(name: str, inputs: str) -> None:
    def program(t: Any) -> Any:
        derive = getattr(t.autograd.functional, name)
        return named(derive(lambda *xs: sum(x.sum() for x in xs), INPUTS[inputs](t)))

    same(program)


STRATEGIES: list[dict[str, Any]] = [
    {"strategy": "sideways"},
    {"strategy": "forward-mode"},
    {"strategy": "forward-mode", "create_graph": True},
    {"strategy": "forward-mode", "strict": True},
    {"strategy": "forward-mode", "strict": True, "vectorize": True},
    {"strict": True, "vectorize": True},
]


@pytest.mark.parametrize("options", STRATEGIES, ids=str)
@pytest.mark.parametrize("name", MATRICES)
def test_strategies_that_pytorch_refuses(name: str, options: dict[str, Any]) -> None:
    def program(t: Any) -> Any:
        strategy = "strategy" if name == "jacobian" else "outer_jacobian_strategy"
        given = {strategy if key == "strategy" else key: v for key, v in options.items()}
        derive = getattr(t.autograd.functional, name)
        return derive(lambda x: (x**3).sum(), t.tensor([1.0]), **given)

    same(program)


@pytest.mark.parametrize("strategy", ["forward-mode", "reverse-mode"])
def test_vectorize_is_refused_by_name(strategy: str) -> None:
    functional = minitorch_clf.autograd.functional
    x = minitorch_clf.ones(2)
    with pytest.raises(NotImplementedError, match=r"vectorize=True.*" + strategy):
        functional.jacobian(lambda x: x, x, vectorize=True, strategy=strategy)
    with pytest.raises(NotImplementedError, match=r"vectorize=True.*" + strategy):
        functional.hessian(lambda x: x.sum(), x, vectorize=True, outer_jacobian_strategy=strategy)


@pytest.mark.parametrize("name", [*MATRICES, *PRODUCTS])
def test_signatures(name: str) -> None:
    ours, theirs = (
        [(p.name, p.default, p.kind) for p in inspect.signature(f).parameters.values()]
        for f in (
            getattr(minitorch_clf.autograd.functional, name),
            getattr(torch.autograd.functional, name),
        )
    )
    assert ours == theirs


# --- drawn ----------------------------------------------------------------------------------------

#: Exact in both engines whatever the shapes: products and sums of small whole numbers.
TERMS: dict[str, Callable[[Any, Any], Any]] = {
    "product": lambda x, y: x * y,
    "square": lambda x, y: x * x + y,
    "cube": lambda x, y: y * y * y - x,
    "total": lambda x, y: x.sum() * y,
    "first only": lambda x, y: x * x,
}
SHAPES = st.sampled_from([((), ()), ((2,), ()), ((2, 1), (3,)), ((0,), (0,)), ((1, 2), (2, 2))])


@given(
    shapes=SHAPES,
    terms=st.lists(st.sampled_from(sorted(TERMS)), min_size=1, max_size=3),
    name=st.sampled_from(sorted([*MATRICES, *PRODUCTS])),
    flags=st.tuples(st.booleans(), st.booleans(), st.booleans(), st.booleans()),
    dtype=st.sampled_from(["float32", "float64"]),
    seed=st.integers(0, 99),
)
def test_polynomials_have_the_same_bits(
    shapes: Any, terms: list[str], name: str, flags: tuple[bool, ...], dtype: str, seed: int
) -> None:
    several, create_graph, strict, requires_grad = flags

    def program(t: Any) -> Any:
        rng = np.random.default_rng(seed)

        def whole(shape: Any) -> Any:
            values = rng.integers(-3, 4, tuple(shape)).astype(dtype)
            return t.tensor(values, requires_grad=requires_grad)

        def fn(x: Any, y: Any) -> Any:
            outputs = tuple(TERMS[term](x, y) for term in terms)
            if name in ("hessian", "vhp", "hvp"):
                return sum(out.sum() for out in outputs)
            return outputs if several else outputs[0]

        inputs = tuple(whole(shape) for shape in shapes)
        v: tuple[Any, ...] = ()
        if name in PRODUCTS:
            target = fn(*inputs) if name == "vjp" else inputs
            vs = tuple(whole(x.shape) for x in flat(target))
            v = (vs if isinstance(target, tuple) else vs[0],)
        derive = getattr(t.autograd.functional, name)
        result = derive(fn, inputs, *v, create_graph=create_graph, strict=strict)
        return differentiated(result, inputs)

    same(program)


# --- training -------------------------------------------------------------------------------------


def data(t: Any) -> tuple[Any, Any]:
    rng = np.random.default_rng(5)
    return t.tensor(rng.standard_normal((8, 3))), t.tensor(rng.integers(0, 2, 8))


def network(t: Any) -> Any:
    rng = np.random.default_rng(6)
    model = t.nn.Sequential(t.nn.Linear(3, 5), t.nn.Tanh(), t.nn.Linear(5, 2)).double()
    with t.no_grad():
        for p in model.parameters():
            p.copy_(t.tensor(rng.standard_normal(tuple(p.shape)) / 2))
    return model


def train(t: Any, penalty: Callable[[Any, Any, Any, Any], Any]) -> list[Any]:
    """Five steps of SGD on cross-entropy and a penalty; the losses and the weights."""
    x, target = data(t)
    model = network(t)
    optimizer = t.optim.SGD(model.parameters(), lr=0.1)
    losses = []
    for _ in range(5):
        optimizer.zero_grad()
        loss = t.nn.functional.cross_entropy(model(x), target) + penalty(t, model, x, target)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return [losses, *[p.detach().numpy() for p in model.parameters()]]


def gradient_penalty(t: Any, model: Any, x: Any, target: Any) -> Any:
    """(|d score / dx| - 1)^2, as in WGAN-GP."""
    x = x.clone().requires_grad_()
    (slope,) = t.autograd.grad(model(x)[:, 0].sum(), x, create_graph=True)
    return ((slope.norm(dim=1) - 1) ** 2).mean()


def jacobian_penalty(t: Any, model: Any, x: Any, target: Any) -> Any:
    """The squared Jacobian of the scores of the first two rows."""
    return (t.autograd.functional.jacobian(model, x[:2], create_graph=True) ** 2).sum() / 10


def curvature_penalty(t: Any, model: Any, x: Any, target: Any) -> Any:
    """(v H v)^2 with H the Hessian of the loss by the inputs."""

    def loss(x: Any) -> Any:
        return t.nn.functional.cross_entropy(model(x), target)

    products = [
        derive(loss, x, x, create_graph=True)[1]
        for derive in (t.autograd.functional.hvp, t.autograd.functional.vhp)
    ]
    return sum(((x * product).sum()) ** 2 for product in products)


@pytest.mark.parametrize("penalty", [gradient_penalty, jacobian_penalty, curvature_penalty])
def test_training_with_derivatives_in_the_loss(penalty: Any) -> None:
    """Within 1e-12: tanh, and sums of eight terms, each off by a few 1e-16, five times over."""
    for ours, theirs in zip(train(minitorch_clf, penalty), train(torch, penalty), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)


def test_training_by_newtons_method() -> None:
    """Newton steps on logistic regression, the Hessian whole, reach the same optimum."""

    def program(t: Any) -> Any:
        x, target = data(t)
        w = t.zeros(3, dtype=t.float64)

        def loss(w: Any) -> Any:
            sign = 2 * target.double() - 1
            return t.nn.functional.softplus(-sign * (x @ w)).mean() + 0.05 * (w * w).sum()

        for _ in range(6):
            hessian = t.autograd.functional.hessian(loss, w)
            gradient = t.autograd.functional.jacobian(loss, w)
            w = w - t.tensor(np.linalg.solve(hessian.numpy(), gradient.numpy()))
        return w.numpy(), t.autograd.functional.jacobian(loss, w).numpy()

    (ours, slope), (theirs, _) = program(minitorch_clf), program(torch)
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)
    assert np.abs(slope).max() < 1e-12
