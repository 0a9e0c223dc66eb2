"""torch.func on both engines: values, structure, requires_grad, every refusal.

PyTorch has vmap and forward mode behind jacrev, jacfwd and jvp, we have loops and two backwards.
Inputs are small multiples of 1/4, so that sums and products of them are exact and polynomials have
the same bits either way.
"""

from __future__ import annotations

import inspect
import warnings
from collections import OrderedDict, namedtuple
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import minitorch_clf
from minitorch_clf.func import functional_call, grad, jacfwd, jvp, vmap
from minitorch_clf.func.pytree import flatten
from tests.autograd.nests import named
from tests.nn.twin import same

with warnings.catch_warnings():  # PyTorch's first jacfwd compiles, and warns that it does
    warnings.simplefilter("ignore")
    torch.func.jacfwd(torch.square)(torch.ones(1))

Pair = namedtuple("Pair", ("left", "right"))
Program = Callable[[Any], Any]


def x(t: Any, requires_grad: bool = False) -> Any:
    return t.tensor([0.5, 2.0], dtype=t.float64, requires_grad=requires_grad)


def y(t: Any, requires_grad: bool = False) -> Any:
    return t.tensor([[1.5], [3.0], [-0.75]], dtype=t.float64, requires_grad=requires_grad)


def ones(t: Any, *shape: int) -> Any:
    return t.ones(*shape, dtype=t.float64)


def pulled(t: Any, result: Any, *cotangents: Any, **options: Any) -> Any:
    """What vjp returned, with the function in it replaced by what it gives for the cotangents."""
    output, vjp_fn, *aux = result
    return output, vjp_fn(*cotangents, **options), *aux


def later(t: Any, result: Any, *leaves: Any) -> Any:
    """The result, and what backward from it brings to the leaves."""
    tensors = [r for r in flatten(result)[0] if r.requires_grad]
    if tensors:
        sum((r * r).sum() for r in tensors).backward()
    return named([result, [leaf.grad for leaf in leaves]])


def check(program: Program, steps: float = 0) -> None:
    same(lambda t: named(program(t)), steps=steps)


# --- grad and grad_and_value ----------------------------------------------------------------------

GRADIENTS: dict[str, Program] = {
    "plain": lambda t: t.func.grad(lambda a: (a * a).sum())(x(t)),
    "0-dim": lambda t: t.func.grad(lambda a: a**3)(t.tensor(2.0)),
    "float32": lambda t: t.func.grad(lambda a: (a * a).sum())(t.ones(2)),
    "unused": lambda t: t.func.grad(lambda a, b: b.sum())(x(t), y(t)),
    "constant": lambda t: t.func.grad(lambda a: t.tensor(3.0))(x(t)),
    "argnums=1": lambda t: t.func.grad(lambda a, b: (a * b).sum(), argnums=1)(x(t), y(t)),
    "argnums=-1": lambda t: t.func.grad(lambda a, b: (a * b).sum(), argnums=-1)(x(t), y(t)),
    "argnums=(1,)": lambda t: t.func.grad(lambda a, b: (a * b).sum(), argnums=(1,))(x(t), y(t)),
    "argnums=(1, 0)": lambda t: t.func.grad(lambda a, b: (a * b).sum(), (1, 0))(x(t), y(t)),
    "keyword": lambda t: t.func.grad(lambda a, b: (a * b).sum())(x(t), b=y(t)),
    "other arguments": lambda t: t.func.grad(lambda a, n, s: (a * n).sum())(x(t), 3, None),
    "dict": lambda t: t.func.grad(lambda d: (d["a"] * d["b"][0]).sum())(
        {"a": x(t), "b": [x(t), x(t)]}
    ),
    "ordered dict": lambda t: t.func.grad(lambda d: d["a"].sum())(OrderedDict(a=x(t))),
    "named tuple": lambda t: t.func.grad(lambda p: (p.left * p.right).sum())(Pair(x(t), x(t))),
    "aux": lambda t: t.func.grad(lambda a: (a.sum(), {"k": (a * 2, [a])}), has_aux=True)(x(t)),
    "value": lambda t: t.func.grad_and_value(lambda a: (a * a).sum())(x(t)),
    "value and aux": lambda t: t.func.grad_and_value(lambda a: ((a * a).sum(), a), has_aux=True)(
        x(t)
    ),
    "second": lambda t: t.func.grad(t.func.grad(lambda a: a**3))(t.tensor(2.0)),
    "third": lambda t: t.func.grad(t.func.grad(t.func.grad(lambda a: a**4)))(t.tensor(2.0)),
    "of an inner gradient": lambda t: t.func.grad(
        lambda a: a * t.func.grad(lambda b: a + b)(t.tensor(2.0))
    )(t.tensor(3.0)),
    "inner argument is outer's": lambda t: t.func.grad(
        lambda a: a * t.func.grad(lambda b: a * b * b)(a)
    )(t.tensor(3.0)),
    "no_grad inside": lambda t: t.func.grad(lambda a: (a * a - t.no_grad()(t.square)(a)).sum())(
        x(t)
    ),
    "no_grad around inner": lambda t: t.func.grad(
        lambda a: (a * t.no_grad()(t.func.grad(lambda b: (b * b).sum()))(a)).sum()
    )(x(t)),
    "detach inside": lambda t: t.func.grad(lambda a: (a.detach() * a).sum())(x(t)),
    "autograd.grad inside": lambda t: t.func.grad(
        lambda a: t.autograd.grad((a**3).sum(), a, create_graph=True)[0].sum()
    )(x(t)),
    "name": lambda t: [t.func.grad(later).__name__, t.func.jacrev(later).__name__],
    # refusals
    "vector": lambda t: t.func.grad(lambda a: a)(x(t)),
    "one element": lambda t: t.func.grad(lambda a: a[:1])(x(t)),
    "number": lambda t: t.func.grad(lambda a: 3.0)(x(t)),
    "tuple": lambda t: t.func.grad(lambda a: (a.sum(),))(x(t)),
    "no aux": lambda t: t.func.grad(lambda a: a.sum(), has_aux=True)(x(t)),
    "aux not a tensor": lambda t: t.func.grad(lambda a: (a.sum(), "text"), has_aux=True)(x(t)),
    "aux None": lambda t: t.func.grad(lambda a: (a.sum(), None), has_aux=True)(x(t)),
    "of a number": lambda t: t.func.grad(lambda a: a)(3.0),
    "of whole numbers": lambda t: t.func.grad(lambda a: a.sum())(t.tensor([1])),
    "argnums=2": lambda t: t.func.grad(lambda a, b: a, argnums=2)(x(t), y(t)),
    "argnums=-3": lambda t: t.func.grad(lambda a, b: a, argnums=-3)(x(t), y(t)),
    "argnums=()": lambda t: t.func.grad(lambda a, b: a, argnums=())(x(t), y(t)),
    "argnums=(0, -2)": lambda t: t.func.grad(lambda a, b: a, argnums=(0, -2))(x(t), y(t)),
    "argnums=[0]": lambda t: t.func.grad(lambda a, b: a, argnums=[0])(x(t), y(t)),
    "argnums=(0.0,)": lambda t: t.func.grad(lambda a, b: a, argnums=(0.0,))(x(t), y(t)),
    "only keywords": lambda t: t.func.grad(lambda a: a.sum())(a=x(t)),
}


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients(name: str) -> None:
    check(GRADIENTS[name])


#: What depends on x, or on w that func reads from outside, can be differentiated by the caller.
DEPENDENT: dict[str, Callable[[Any, Any, Any], Any]] = {
    "grad": lambda t, a, w: t.func.grad(lambda b: (b**3).sum())(a),
    "grad, linear": lambda t, a, w: t.func.grad(lambda b: (3 * b).sum())(a),
    "grad, closure": lambda t, a, w: t.func.grad(lambda b: (b * b * w).sum())(a),
    "grad, argument": lambda t, a, w: t.func.grad(lambda b, c: (b * b * c).sum())(a, w),
    "grad and value": lambda t, a, w: t.func.grad_and_value(lambda b: (b * b * w).sum())(a),
    "aux": lambda t, a, w: t.func.grad(lambda b: (b.sum(), (b * w, w)), has_aux=True)(a),
    "second": lambda t, a, w: t.func.grad(
        lambda b: t.func.grad(lambda c: (c**3 * w).sum())(b).sum()
    )(a),
    "inner constant": lambda t, a, w: t.func.grad(
        lambda b: t.func.grad(lambda c: (b * c * c).sum())(t.ones(2, dtype=t.float64)).sum()
    )(a),
    "vjp": lambda t, a, w: pulled(t, t.func.vjp(lambda b: b * b * w, a), ones(t, 2)),
    "vjp, linear": lambda t, a, w: pulled(t, t.func.vjp(lambda b: b * 2, a), ones(t, 2)),
    "vjp, two": lambda t, a, w: pulled(t, t.func.vjp(lambda b, c: b * c, a, w), ones(t, 2)),
    "vjp, aux": lambda t, a, w: pulled(
        t, t.func.vjp(lambda b: (b * b, (b * w, w)), a, has_aux=True), ones(t, 2)
    ),
    "vjp, cotangent": lambda t, a, w: pulled(t, t.func.vjp(lambda b: b * b, a.detach()), w),
    "vjp, create_graph=False": lambda t, a, w: pulled(
        t, t.func.vjp(lambda b: b * b * w, a), ones(t, 2), create_graph=False
    ),
    "jacrev": lambda t, a, w: t.func.jacrev(lambda b: b * b.sum() * w)(a),
    "jacrev, linear": lambda t, a, w: t.func.jacrev(lambda b: b * 3)(a),
    "jacfwd": lambda t, a, w: t.func.jacfwd(lambda b: b * b.sum() * w)(a),
    "hessian": lambda t, a, w: t.func.hessian(lambda b: (b**3 * w).sum())(a),
    "hessian, square": lambda t, a, w: t.func.hessian(lambda b: (b**2).sum() * w.sum())(a),
    "jvp": lambda t, a, w: t.func.jvp(lambda b: b * b * w, (a,), (ones(t, 2),)),
    "jvp, tangent": lambda t, a, w: t.func.jvp(lambda b: b * b, (a.detach(),), (w,)),
}


@pytest.mark.parametrize("mode", ["grad", "no_grad"])
@pytest.mark.parametrize("requires", [(False, False), (True, False), (False, True), (True, True)])
@pytest.mark.parametrize("name", DEPENDENT)
def test_results_can_be_differentiated_by_what_they_depend_on(
    name: str, requires: tuple[bool, bool], mode: str
) -> None:
    def program(t: Any) -> Any:
        a = x(t, requires[0])
        w = t.tensor([3.0, 0.25], dtype=t.float64, requires_grad=requires[1])
        with t.set_grad_enabled(mode == "grad"):
            result = DEPENDENT[name](t, a, w)
        return later(t, result, a, w)

    same(program)


# --- vjp and jvp ----------------------------------------------------------------------------------

PULLBACKS: dict[str, Program] = {
    "two inputs": lambda t: pulled(t, t.func.vjp(t.mul, x(t), y(t)), ones(t, 3, 2)),
    "dicts": lambda t: pulled(
        t,
        t.func.vjp(lambda d: {"o": d["a"] * 2, "p": [d["b"]]}, {"a": x(t), "b": y(t)}),
        {"o": ones(t, 2), "p": [y(t)]},
    ),
    "named tuple out": lambda t: pulled(
        t, t.func.vjp(lambda a: Pair(a, a * a), x(t)), Pair(ones(t, 2), ones(t, 2))
    ),
    "unused": lambda t: pulled(t, t.func.vjp(lambda a, b: a * 2, x(t), y(t)), ones(t, 2)),
    "constant": lambda t: pulled(t, t.func.vjp(lambda a: ones(t, 2), x(t)), ones(t, 2)),
    "no primals": lambda t: pulled(t, t.func.vjp(lambda: ones(t, 2)), ones(t, 2)),
    "cotangent of another dtype": lambda t: pulled(t, t.func.vjp(t.square, t.ones(2)), x(t)),
    "twice": lambda t: [f(x(t)) for f in [t.func.vjp(lambda a: a**3, x(t))[1]] * 2],
    "twice without keeping": lambda t: [
        f(x(t), retain_graph=False, create_graph=False)
        for f in [t.func.vjp(lambda a: a**3, x(t))[1]] * 2
    ],
    # refusals
    "cotangent of another shape": lambda t: pulled(t, t.func.vjp(t.square, x(t)), ones(t, 3)),
    "cotangent in a tuple": lambda t: pulled(t, t.func.vjp(t.square, x(t)), (ones(t, 2),)),
    "cotangent not in a tuple": lambda t: pulled(
        t, t.func.vjp(lambda a: (a, {"k": [a]}), x(t)), ones(t, 2)
    ),
    "cotangents in another order": lambda t: pulled(
        t, t.func.vjp(lambda a: {"a": a, "b": a}, x(t)), {"b": ones(t, 2), "a": ones(t, 2)}
    ),
    "cotangents in another dict": lambda t: pulled(
        t, t.func.vjp(lambda a: OrderedDict(a=a), x(t)), {"a": ones(t, 2)}
    ),
    "cotangents in another tuple": lambda t: pulled(
        t, t.func.vjp(lambda a: Pair(a, a), x(t)), (ones(t, 2), ones(t, 2))
    ),
    "number": lambda t: t.func.vjp(lambda a: a, 3.0),
    "None": lambda t: t.func.vjp(lambda a, b: a, x(t), None),
    "whole numbers": lambda t: t.func.vjp(lambda a: a, t.tensor([1])),
    "whole numbers out": lambda t: t.func.vjp(lambda a: a.long(), x(t)),
    "None out": lambda t: t.func.vjp(lambda a: None, x(t)),
    "nothing out": lambda t: t.func.vjp(lambda a: (), x(t)),
    "number out": lambda t: t.func.vjp(lambda a: 3, x(t)),
    "number second out": lambda t: t.func.vjp(lambda a: (a, 3), x(t)),
    "no aux": lambda t: t.func.vjp(lambda a: a, x(t), has_aux=True),
    "aux not a tensor": lambda t: t.func.vjp(lambda a: (a, "text"), x(t), has_aux=True),
}
PUSHFORWARDS: dict[str, Program] = {
    "plain": lambda t: t.func.jvp(lambda a: a * a.sum(), (x(t),), (ones(t, 2),)),
    "two inputs": lambda t: t.func.jvp(t.mul, (x(t), y(t)), (ones(t, 2), y(t) * 2)),
    "dicts": lambda t: t.func.jvp(
        lambda d: {"o": d["a"] * d["b"], "p": (d["a"],)},
        ({"a": x(t), "b": y(t)},),
        ({"a": x(t), "b": y(t)},),
    ),
    "aux": lambda t: t.func.jvp(lambda a: (a * 2, a * 3), (x(t),), (ones(t, 2),), has_aux=True),
    "identity": lambda t: t.func.jvp(lambda a: a, (x(t),), (ones(t, 2),)),
    "constant": lambda t: t.func.jvp(lambda a: ones(t, 3), (x(t),), (ones(t, 2),)),
    "constant second": lambda t: t.func.jvp(lambda a: (a * a, y(t)), (x(t),), (ones(t, 2),)),
    "whole numbers out": lambda t: t.func.jvp(
        lambda a: (a.long(), a > 1, a * 2), (x(t),), (ones(t, 2),)
    ),
    "of a gradient": lambda t: t.func.jvp(
        t.func.grad(lambda a: (a**3).sum()), (x(t),), (ones(t, 2),)
    ),
    "within a gradient": lambda t: t.func.grad(
        lambda a: t.func.jvp(lambda b: b**3, (a,), (a,))[1].sum()
    )(x(t)),
    "float64 from float32": lambda t: t.func.jvp(
        lambda a: a.double() * 2, (t.ones(2),), (t.ones(2),)
    ),
    "detach inside": lambda t: t.func.jvp(lambda a: a.detach() * a, (x(t),), (ones(t, 2),)),
    "strict": lambda t: t.func.jvp(lambda a: a * a, (x(t),), (ones(t, 2),), strict=True),
    # refusals
    "strict, constant": lambda t: t.func.jvp(
        lambda a: ones(t, 2), (x(t),), (ones(t, 2),), strict=True
    ),
    "strict, constant second": lambda t: t.func.jvp(
        lambda a: (a, ones(t, 2)), (x(t),), (ones(t, 2),), strict=True
    ),
    "not a tuple": lambda t: t.func.jvp(t.square, x(t), (ones(t, 2),)),
    "list": lambda t: t.func.jvp(t.square, [x(t)], [ones(t, 2)]),
    "tangent not a tuple": lambda t: t.func.jvp(t.square, (x(t),), ones(t, 2)),
    "too many tangents": lambda t: t.func.jvp(t.square, (x(t),), (ones(t, 2), ones(t, 2))),
    "other nests": lambda t: t.func.jvp(
        lambda d: d, ({"a": (x(t), [x(t)]), "b": x(t)},), (Pair(x(t), x(t)),)
    ),
    "tangent of another shape": lambda t: t.func.jvp(t.square, (x(t),), (ones(t, 3),)),
    "no primals": lambda t: t.func.jvp(lambda: x(t), (), ()),
    "number": lambda t: t.func.jvp(lambda a: a, (3.0,), (1.0,)),
    "number for a tangent": lambda t: t.func.jvp(lambda a: a, (x(t),), (1.0,)),
    "whole numbers": lambda t: t.func.jvp(lambda a: a, (t.tensor([1]),), (t.tensor([1]),)),
    "None out": lambda t: t.func.jvp(lambda a: None, (x(t),), (ones(t, 2),)),
    "number out": lambda t: t.func.jvp(lambda a: (a, 3), (x(t),), (ones(t, 2),)),
    "no aux": lambda t: t.func.jvp(lambda a: a, (x(t),), (ones(t, 2),), has_aux=True),
    "aux not a tensor": lambda t: t.func.jvp(
        lambda a: (a, "text"), (x(t),), (ones(t, 2),), has_aux=True
    ),
}


@pytest.mark.parametrize("name", PULLBACKS)
def test_vjp(name: str) -> None:
    check(PULLBACKS[name])


@pytest.mark.parametrize("name", PUSHFORWARDS)
def test_jvp(name: str) -> None:
    check(PUSHFORWARDS[name])


# --- whole matrices -------------------------------------------------------------------------------

FUNCTIONS: dict[str, tuple[Callable[..., Any], Callable[[Any], tuple[Any, ...]]]] = {
    "cube": (lambda t, a: a**3, lambda t: (x(t),)),
    "scaled by its sum": (lambda t, a: a * a.sum(), lambda t: (y(t),)),
    "0-dim": (lambda t, a: a * a, lambda t: (t.tensor(3.0),)),
    "identity": (lambda t, a: a, lambda t: (x(t),)),
    "constant": (lambda t, a: ones(t, 3), lambda t: (x(t),)),
    "no output elements": (lambda t, a: a[:0], lambda t: (x(t),)),
    "no input elements": (lambda t, a: a * 2, lambda t: (x(t)[:0],)),
    "no input elements, two dtypes": (lambda t, a: a.double(), lambda t: (t.ones(0),)),
    "dicts": (
        lambda t, d: {"o": d["a"] * d["b"], "p": (d["a"] ** 2,)},
        lambda t: ({"a": x(t), "b": y(t)},),
    ),
    "two of each": (lambda t, a, b: [a * b, a.sum()], lambda t: (x(t), y(t))),
    "two dtypes": (lambda t, a, b: (a.double() * b, a * 2), lambda t: (t.ones(2), x(t))),
    "another argument": (lambda t, a, n: a * n, lambda t: (x(t), 3)),
    # refusals
    "None": (lambda t, a: None, lambda t: (x(t),)),
    "number": (lambda t, a: 3.0, lambda t: (x(t),)),
    "whole numbers": (lambda t, a: a * 2, lambda t: (t.tensor([1]),)),
    "no arguments": (lambda t: 3.0, lambda t: ()),
}
ARGNUMS = {"0": 0, "1": 1, "(0, 1)": (0, 1), "(0,)": (0,), "()": (), "[0]": [0], "2": 2}


@pytest.mark.parametrize("derive", ["jacrev", "jacfwd", "hessian"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_matrices(name: str, derive: str) -> None:
    fn, arguments = FUNCTIONS[name]
    check(lambda t: getattr(t.func, derive)(lambda *args: fn(t, *args))(*arguments(t)))


@pytest.mark.parametrize("argnums", ARGNUMS)
@pytest.mark.parametrize("derive", ["jacrev", "jacfwd", "hessian"])
def test_argnums(argnums: str, derive: str) -> None:
    fn, arguments = FUNCTIONS["two of each"]
    check(
        lambda t: getattr(t.func, derive)(lambda *args: fn(t, *args), argnums=ARGNUMS[argnums])(
            *arguments(t)
        )
    )


MATRICES: dict[str, Program] = {
    "jacrev, aux": lambda t: t.func.jacrev(lambda a: (a * a, {"k": a}), has_aux=True)(x(t)),
    "jacfwd, aux": lambda t: t.func.jacfwd(lambda a: (a * a, {"k": a}), has_aux=True)(x(t)),
    "jacrev, no aux": lambda t: t.func.jacrev(lambda a: a, has_aux=True)(x(t)),
    "jacfwd, no aux": lambda t: t.func.jacfwd(lambda a: a, has_aux=True)(x(t)),
    "jacrev, aux not a tensor": lambda t: t.func.jacrev(lambda a: (a, 3), has_aux=True)(x(t)),
    "jacfwd, aux not a tensor": lambda t: t.func.jacfwd(lambda a: (a, 3), has_aux=True)(x(t)),
    "jacfwd, argnums=None": lambda t: t.func.jacfwd(t.mul, argnums=None)(x(t), y(t)),
    "jacrev, argnums=None": lambda t: t.func.jacrev(t.mul, argnums=None)(x(t), y(t)),
    "jacrev, chunk_size=1": lambda t: t.func.jacrev(t.square, chunk_size=1)(x(t)),
    "jacrev, chunk_size=0": lambda t: t.func.jacrev(t.square, chunk_size=0),
    "jacrev, keyword": lambda t: t.func.jacrev(lambda a, b: a)(x(t), b=3),
    "jacrev of jacrev": lambda t: t.func.jacrev(t.func.jacrev(lambda a: a**3))(x(t)),
    "jacrev of jacfwd": lambda t: t.func.jacrev(t.func.jacfwd(lambda a: a**3))(x(t)),
    "jacfwd of jacfwd": lambda t: t.func.jacfwd(t.func.jacfwd(lambda a: a**3))(x(t)),
    "jacrev, infinite slope elsewhere": lambda t: t.func.jacrev(lambda a: (a * 2, a.sqrt()))(
        t.zeros(1)
    ),
    "jacfwd, infinite slope elsewhere": lambda t: t.func.jacfwd(
        lambda d: d["a"] * 2 + d["b"].sqrt()
    )({"a": t.ones(1), "b": t.zeros(1)}),
    "jacfwd, random": lambda t: t.func.jacfwd(lambda a: a * t.rand(2))(x(t)),
    "jacfwd, same": lambda t: t.func.jacfwd(lambda a: a * t.rand(2), randomness="same")(x(t)),
    "jacfwd, odd": lambda t: t.func.jacfwd(lambda a: a, randomness="odd")(x(t)),
    "hessian, dropout": lambda t: t.func.hessian(
        lambda a: t.nn.functional.dropout(a**3, 0.5).sum()
    )(x(t)),
    "jacrev, dropout": lambda t: t.func.jacrev(lambda a: t.nn.functional.dropout(a, 0.5))(
        ones(t, 8)
    ),
}


@pytest.mark.parametrize("name", MATRICES)
def test_options_of_matrices(name: str) -> None:
    check(MATRICES[name])


@given(
    shape=st.sampled_from([(), (1,), (3,), (2, 2)]),
    power=st.integers(1, 4),
    order=st.lists(st.sampled_from(["grad", "jacrev", "jacfwd", "jvp"]), min_size=1, max_size=3),
    requires_grad=st.booleans(),
    seed=st.integers(0, 99),
)
def test_transforms_of_transforms(
    shape: tuple[int, ...], power: int, order: list[str], requires_grad: bool, seed: int
) -> None:
    """Derivatives of up to third order of polynomials, by any way there: the same bits."""

    def program(t: Any) -> Any:
        values = np.random.default_rng(seed).integers(-3, 4, shape).astype("float64")
        a = t.tensor(values, requires_grad=requires_grad)

        def fn(a: Any) -> Any:
            return a**power + a * a.sum()

        for name in order:
            fn = derived(t, name, fn)
        result = fn(a)
        if not requires_grad:
            return result
        # forward mode hangs zeros on a constant, so that it requires a gradient; so do we, here
        return result.detach(), t.autograd.grad((result * result).sum() + (a * 0).sum(), a)

    same(program)


def derived(t: Any, name: str, fn: Callable[[Any], Any]) -> Callable[[Any], Any]:
    if name == "grad":
        return t.func.grad(lambda a: fn(a).sum())
    if name == "jvp":
        return lambda a: t.func.jvp(fn, (a,), (a.detach() + 1,))[1]
    return getattr(t.func, name)(fn)


# --- functional_call ------------------------------------------------------------------------------


def linear(t: Any) -> Any:
    layer = t.nn.Linear(2, 1).double()
    with t.no_grad():
        layer.weight.copy_(t.tensor([[0.5, 2.0]]))
        layer.bias.copy_(t.tensor([-1.0]))
    return layer


def tied(t: Any, in_place: bool = False) -> Any:
    class Tied(t.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a = t.nn.Parameter(t.ones(()))
            self.b = self.a
            self.register_buffer("calls", t.zeros(()))

        def forward(self, x: Any) -> Any:
            self.calls = self.calls.add_(1) if in_place else self.calls + 1
            return x * self.a + 10 * self.b

    return Tied()


def called(t: Any, module: Any, *args: Any, **kwargs: Any) -> Any:
    """What the call returns, and that the module has its own tensors back, in the old order."""
    before = dict(module.named_parameters(remove_duplicate=False))
    try:
        result = t.func.functional_call(module, *args, **kwargs)
    except Exception as error:  # noqa: BLE001 - any error is a result here
        result = f"{type(error).__name__}: {error}"
    after = dict(module.named_parameters(remove_duplicate=False))
    assert list(before) == list(after)
    assert all(before[name] is after[name] for name in before)
    return result


def gradient_of_call(t: Any, module: Any) -> Any:
    def loss(weights: Any) -> Any:
        return t.func.functional_call(module, weights, x(t)).square().sum()

    return t.func.grad(loss)(dict(module.named_parameters()))


CALLS: dict[str, Program] = {
    "some": lambda t: called(t, linear(t), {"weight": ones(t, 1, 2)}, x(t)),
    "all": lambda t: called(
        t, linear(t), {"weight": ones(t, 1, 2), "bias": ones(t, 1)}, (x(t),), strict=True
    ),
    "none": lambda t: called(t, linear(t), {}, x(t)),
    "two dicts": lambda t: called(
        t, linear(t), ({"weight": ones(t, 1, 2)}, {"bias": ones(t, 1)}), x(t)
    ),
    "keyword": lambda t: called(t, linear(t), {}, (), {"input": x(t)}),
    "only keywords": lambda t: called(t, linear(t), {}, kwargs={"input": x(t)}),
    "below": lambda t: called(
        t, t.nn.Sequential(linear(t), t.nn.ReLU()), {"0.bias": y(t)[0]}, x(t)
    ),
    "absent bias": lambda t: called(
        t, t.nn.Linear(2, 2, bias=False), {"weight": ones(t, 2, 2), "bias": ones(t, 2)}, x(t)
    ),
    "new name": lambda t: called(t, linear(t), {"height": ones(t, 1)}, x(t)),
    "new parameter": lambda t: called(t, linear(t), {"height": t.nn.Parameter(x(t))}, x(t)),
    "tied": lambda t: called(t, tied(t), {"a": t.tensor(2.0)}, t.tensor(1.0)),
    "not tied": lambda t: called(
        t, tied(t), {"a": t.tensor(2.0)}, t.tensor(1.0), tie_weights=False
    ),
    "tied, two values": lambda t: called(
        t, tied(t), {"a": t.tensor(2.0), "b": t.tensor(3.0)}, t.tensor(1.0)
    ),
    "tied, one value twice": lambda t: called(
        t, tied(t), dict.fromkeys("ab", t.tensor(2.0)), t.tensor(1.0)
    ),
    "buffer": lambda t: [
        (called(t, module, d, t.tensor(1.0)), d, module.calls)
        for module, d in [(tied(t), {"calls": t.tensor(5.0)})]
    ],
    "buffer written to": lambda t: [
        (called(t, module, d, t.tensor(1.0)), d, module.calls)
        for module, d in [(tied(t, in_place=True), {"calls": t.tensor(5.0)})]
    ],
    # refusals
    "unexpected": lambda t: called(t, linear(t), {"height": x(t)}, x(t), strict=True),
    "missing": lambda t: called(t, linear(t), {"weight": ones(t, 1, 2)}, x(t), strict=True),
    "no such part": lambda t: called(t, linear(t), {"part.weight": x(t)}, x(t)),
    "part that is none": lambda t: called(t, linear(t), {"in_features.weight": x(t)}, x(t)),
    "number": lambda t: called(t, linear(t), {"weight": 3}, x(t)),
    "number after a tensor": lambda t: called(
        t, linear(t), {"bias": ones(t, 1), "weight": 3}, x(t)
    ),
    "name of a number": lambda t: called(t, linear(t), {"in_features": x(t)}, x(t)),
    "one name in two": lambda t: called(t, linear(t), ({"bias": x(t)}, {"bias": x(t)}), x(t)),
    "not a dict second": lambda t: called(t, linear(t), ({"bias": x(t)}, 3), x(t)),
    "not a dict": lambda t: called(t, linear(t), 3, x(t)),
    "no arguments": lambda t: called(t, linear(t), {}),
    "error within": lambda t: called(t, linear(t), {"weight": ones(t, 3)}, x(t)),
    "gradient": lambda t: gradient_of_call(t, linear(t)),
}


@pytest.mark.parametrize("name", CALLS)
def test_functional_call(name: str) -> None:
    check(CALLS[name])


def test_a_part_with_two_names_gets_its_own_tensors_back() -> None:
    """PyTorch leaves the given tensor in the module here: it restores in the order of replacing."""
    layer = minitorch_clf.nn.Linear(2, 2)
    weight = layer.weight
    module = minitorch_clf.nn.Sequential(layer, layer)
    value = minitorch_clf.zeros(2, 2)
    functional_call(module, {"0.weight": value}, minitorch_clf.ones(2))
    assert layer.weight is weight


def test_training_a_module_as_a_function() -> None:
    """Gradient descent on a dict of weights: within 1e-12, as test_functional.py says."""

    def program(t: Any) -> list[Any]:
        rng = np.random.default_rng(0)
        inputs, target = t.tensor(rng.standard_normal((8, 2))), t.tensor(rng.integers(0, 2, 8))
        model = t.nn.Sequential(t.nn.Linear(2, 3), t.nn.Tanh(), t.nn.Linear(3, 2))
        weights = {
            name: t.tensor(rng.standard_normal(tuple(p.shape)))
            for name, p in model.named_parameters()
        }

        def loss(weights: Any) -> Any:
            scores = t.func.functional_call(model, weights, inputs)
            return t.nn.functional.cross_entropy(scores, target)

        losses = []
        for _ in range(5):
            gradient, value = t.func.grad_and_value(loss)(weights)
            weights = {name: w - 0.5 * gradient[name] for name, w in weights.items()}
            losses.append(value.item())
        return [losses, *[w.numpy() for w in weights.values()]]

    for ours, theirs in zip(program(minitorch_clf), program(torch), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)


# --- where we differ, and say so ------------------------------------------------------------------


def test_what_is_not_there_is_refused_by_name() -> None:
    one = minitorch_clf.ones(2)
    with pytest.raises(NotImplementedError, match="vmap"):
        vmap(minitorch_clf.sin)
    with pytest.raises(NotImplementedError, match="chunk_size=3"):
        minitorch_clf.func.jacrev(minitorch_clf.sin, chunk_size=3)
    with pytest.raises(NotImplementedError, match="randomness='different'"):
        jacfwd(minitorch_clf.sin, randomness="different")(one)
    with pytest.raises(NotImplementedError, match=r"tangent of torch\.float64"):
        jvp(minitorch_clf.sin, (one,), (one.double(),))


def test_no_grad_inside_makes_a_constant_of_a_tangent() -> None:
    """Forward mode does not notice no_grad, so in PyTorch the tangent is 2."""
    one = minitorch_clf.ones(2)
    assert jvp(minitorch_clf.no_grad()(lambda a: a * 2), (one,), (one,))[1].tolist() == [0, 0]


def test_a_transform_leaves_nothing_behind() -> None:
    """No gradient in its argument, no graph behind a result that depends on nothing outside."""
    a = minitorch_clf.ones(2, requires_grad=True)
    b = minitorch_clf.ones(2)
    result = grad(lambda c: (c * b * b).sum())(a.detach())
    assert result.grad_fn is None
    assert a.grad is None
    assert not b.requires_grad
    grad(lambda c: (c * c).sum())(a).sum().backward()
    assert a.grad is not None
    assert a.grad.tolist() == [2, 2]


@pytest.mark.parametrize(
    "name", ["grad", "grad_and_value", "vjp", "jvp", "jacfwd", "hessian", "functional_call", "vmap"]
)
def test_signatures(name: str) -> None:
    ours, theirs = (
        [(p.name, p.default, p.kind) for p in inspect.signature(f).parameters.values()]
        for f in (getattr(minitorch_clf.func, name), getattr(torch.func, name))
    )
    assert ours == theirs
