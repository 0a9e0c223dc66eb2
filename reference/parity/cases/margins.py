"""Losses with margins, likelihoods, distances."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from reference.parity.case import Array, ErrorCase, OpCase, Shape, indices

SUM = "PyTorch adds up in SIMD lanes; exp, log and sqrt are SLEEF's and MKL's there, NumPy's here"
REDUCTIONS = ("none", "mean", "sum")
TWO = ((6, 5), (6, 5))
NO_CLASSES = {"0-d": "a 0-dim input has no classes", "empty": "every target is out of range"}
NO_SECOND = {**NO_CLASSES, "second order": "PyTorch has none for this loss"}
EXTREME = {"special": "nan or inf from inf - inf and 0 * inf in another order"}


def F(t: Any) -> Any:
    return t.nn.functional


def signs(rng: np.random.Generator, shape: Shape) -> Array:
    """Draws 1 and -1."""
    return rng.choice((-1, 1), shape)


def _case(name: str, function: str, shapes: Any, draw: Any = "normal", **rest: Any) -> OpCase:
    options = rest.pop("options", {})
    budget = {"forward_ulp": 8, "forward_steps": 8, "backward_ulp": 16, "backward_steps": 16}
    label = " ".join([function, name, *(f"{k}={v}" for k, v in options.items())])
    return OpCase(
        label,
        lambda t, *xs: getattr(F(t), function)(*xs, **options),
        shapes=shapes,
        draw=draw,
        **{**budget, "why": SUM, **rest},
    )


def _each(function: str, shapes: Any, draw: Any = "normal", **choices: Any) -> list[OpCase]:
    """Every combination of the choices, for every reduction."""
    rest = choices.pop("rest", {})
    choices = {"reduction": REDUCTIONS, **choices}
    return [
        _case("", function, shapes, draw, options=dict(zip(choices, picked, strict=True)), **rest)
        for picked in itertools.product(*choices.values())
    ]


CASES = (
    *_each(
        "poisson_nll_loss",
        TWO,
        ("positive", "positive"),
        log_input=(True, False),
        full=(False, True),
        rest={"skip": EXTREME},
    ),
    *_each(
        "gaussian_nll_loss",
        (*TWO, (6, 5)),
        ("normal", "normal", "positive"),
        full=(False, True),
        rest={"skip": EXTREME},
    ),
    *(
        _case(
            f"var {shape}",
            "gaussian_nll_loss",
            (*TWO, shape),
            ("normal", "normal", "positive"),
            skip={**EXTREME, "empty": "the sizes of var no longer differ as they did"},
        )
        for shape in ((6,), (6, 1))
    ),
    *_each("hinge_embedding_loss", TWO, ("positive", signs), margin=(1.0, 0.3)),
    *_each("soft_margin_loss", TWO, ("normal", signs), rest={"skip": EXTREME}),
    *_each(
        "margin_ranking_loss",
        (*TWO, (6, 5)),
        ("normal", "normal", signs),
        margin=(0, 0.5),
        rest={"backward_steps": 256, "why": SUM + "; second derivatives are sums that cancel"},
    ),
    *_each(
        "multi_margin_loss",
        ((6, 5), (6,)),
        ("normal", indices(5)),
        p=(1, 2),
        margin=(1.0, 0.3),
        rest={"skip": {**NO_SECOND, **EXTREME}},
    ),
    OpCase(
        "multi_margin_loss weight",
        lambda t, x, y, w: F(t).multi_margin_loss(x, y, weight=w.detach()),
        shapes=((6, 5), (6,), (5,)),
        draw=("normal", indices(5), "positive"),
        forward_steps=8,
        backward_steps=16,
        why=SUM,
        skip={**NO_SECOND, **EXTREME},
    ),
    OpCase(
        "multi_margin_loss of one sample",
        lambda t, x: [
            F(t).multi_margin_loss(x, t.tensor(1)),
            F(t).multi_margin_loss(x, t.tensor([1]), reduction="none"),
        ],
        shapes=((5,),),
        forward_steps=8,
        backward_steps=16,
        why=SUM,
        skip={**NO_SECOND, **EXTREME},
    ),
    *_each("multilabel_soft_margin_loss", TWO, ("normal", "unit"), rest={"skip": EXTREME}),
    _case("weight", "multilabel_soft_margin_loss", (*TWO, (5,)), "positive", skip=EXTREME),
    *_each(
        "cosine_embedding_loss",
        (*TWO, (6,)),
        ("normal", "normal", signs),
        margin=(0, 0.2),
        rest={"skip": {**EXTREME, "0-d": "PyTorch refuses: see the errors"}},
    ),
    *(
        _case("", "pairwise_distance", ((6, 5), (5,)), options={"p": p, "keepdim": keepdim})
        for p, keepdim in ((2.0, False), (1.0, True), (3.0, False), (float("inf"), True))
    ),
    *_each(
        "triplet_margin_loss",
        (*TWO, (6, 5)),
        swap=(False, True),
        margin=(1.0, 0.5),
        rest={"skip": EXTREME},
    ),
    OpCase(
        "nodes",
        lambda t, x, y: [
            F(t).soft_margin_loss(x, y).grad_fn.name(),
            F(t).multi_margin_loss(x, y[:, 0].clamp(0)).grad_fn.name(),
        ],
        shapes=TWO,
        draw=("normal", signs),
        gradient=False,
        skip=NO_CLASSES,
    ),
)


def _mistake(name: str, function: str, *args: Any, **options: Any) -> ErrorCase:
    def run(t: Any) -> Any:
        given = [a(t) if callable(a) else a for a in args]
        named = {k: a(t) if callable(a) else a for k, a in options.items()}
        return getattr(F(t), function)(*given, **named)

    return ErrorCase(f"{function} {name}", run)


def _ones(*shape: int, **options: Any) -> Any:
    return lambda t: t.ones(*shape, **options)


def _classes(*values: int) -> Any:
    return lambda t: t.tensor(list(values))


_X = _ones(2, 3)

ERRORS = (
    *(
        _mistake("reduction", name, *[_X] * inputs, reduction="other")
        for name, inputs in (
            ("poisson_nll_loss", 2),
            ("gaussian_nll_loss", 3),
            ("hinge_embedding_loss", 2),
            ("soft_margin_loss", 2),
            ("margin_ranking_loss", 3),
            ("multilabel_soft_margin_loss", 2),
            ("triplet_margin_loss", 3),
            ("cosine_embedding_loss", 3),
        )
    ),
    _mistake("negative var", "gaussian_nll_loss", _X, _X, lambda t: -t.ones(2, 3)),
    _mistake("negative number", "gaussian_nll_loss", _X, _X, -1.0),
    _mistake("size", "gaussian_nll_loss", _X, _X, _ones(4)),
    _mistake("size of a matrix", "gaussian_nll_loss", _X, _X, _ones(2, 2)),
    _mistake("integers", "soft_margin_loss", lambda t: t.ones(2).long(), _ones(2)),
    _mistake("target wants a gradient", "soft_margin_loss", _X, _ones(2, 3, requires_grad=True)),
    _mistake("dims", "margin_ranking_loss", _X, _X, _ones(3)),
    _mistake("p", "multi_margin_loss", _X, _classes(0, 1), 3),
    _mistake("class", "multi_margin_loss", _X, _classes(0, 3)),
    _mistake("negative class", "multi_margin_loss", _X, _classes(0, -1)),
    _mistake("weight", "multi_margin_loss", _X, _classes(0, 1), weight=_ones(2)),
    _mistake("weights", "multi_margin_loss", _X, _classes(0, 1), weight=_ones(3, 1)),
    _mistake("targets", "multi_margin_loss", _X, _classes(0, 1, 2)),
    _mistake("float target", "multi_margin_loss", _X, _ones(2)),
    _mistake("integers", "multi_margin_loss", lambda t: t.ones(2, 3).long(), _classes(0, 1)),
    _mistake("targets", "cosine_embedding_loss", _X, _X, _ones(2, 1)),
    _mistake("vectors", "cosine_embedding_loss", _ones(3), _ones(3), _ones(1)),
    _mistake("margin", "triplet_margin_loss", _X, _X, _X, 0),
    _mistake("dims", "triplet_margin_loss", _X, _X, _ones(3)),
    ErrorCase("MultiMarginLoss p", lambda t: t.nn.MultiMarginLoss(p=3)),
    ErrorCase("MultiMarginLoss weight", lambda t: t.nn.MultiMarginLoss(weight=t.ones(2, 2))),
    ErrorCase("TripletMarginLoss margin", lambda t: t.nn.TripletMarginLoss(margin=-1)),
)
