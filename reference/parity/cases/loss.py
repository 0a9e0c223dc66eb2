"""Losses, with every option, and their gradients with respect to input and target.

In float32 and on AVX2 the losses are PyTorch's to the bit, up to the order in which a mean adds up.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from reference.parity.case import OpCase, indices

NAN, INF = float("nan"), float("inf")
SUM = "PyTorch adds up in SIMD lanes; exp and log in float64 are SLEEF's, ours libm's"
REDUCTIONS = ("none", "mean", "sum")
TWO = ((6, 5), (6, 5))
SAME_SIZE = {"0-d": "a 0-dim input has no classes"}
NOT_IN_TORCH = {"transposed": "PyTorch refuses: grad_input must be contiguous"}
NO_CLASSES = {**SAME_SIZE, "empty": "with no classes every target is out of bounds"}


def F(t: Any) -> Any:
    return t.nn.functional


def _case(name: str, fn: Any, **rest: Any) -> OpCase:
    budget = {"forward_ulp": 4, "forward_steps": 8, "backward_ulp": 8, "backward_steps": 16}
    return OpCase(name, fn, **{**budget, "why": SUM, **rest})


def _options(**choices: tuple[Any, ...]) -> list[dict[str, Any]]:
    """Every combination of the choices, as keyword arguments."""
    return [
        dict(zip(choices, picked, strict=True)) for picked in itertools.product(*choices.values())
    ]


def _label(name: str, options: dict[str, Any]) -> str:
    return " ".join([name, *(f"{k}={v}" for k, v in options.items())])


# --- distances ------------------------------------------------------------------------------------

_DISTANCES = [
    ("mse_loss", _options(reduction=REDUCTIONS)),
    ("l1_loss", _options(reduction=REDUCTIONS)),
    ("smooth_l1_loss", _options(reduction=REDUCTIONS, beta=(1.0, 0.3, 0.0))),
    ("huber_loss", _options(reduction=REDUCTIONS, delta=(1.0, 0.3))),
]


def _distance(name: str, **options: Any) -> Any:
    return lambda t, x, y, *weight: getattr(F(t), name)(
        x, y, **options, **({"weight": weight[0]} if weight else {})
    )


_distances = (
    *(
        _case(_label(name, options), _distance(name, **options), shapes=TWO)
        for name, table in _DISTANCES
        for options in table
    ),
    *(
        _case(
            _label(f"{name} kinks", options),
            _distance(name, **options),
            values=([0.0, 1.0, -1.0, 0.3, -0.3, 0.0, 2.0], [0.0, 0.0, 0.0, 0.0, 0.0, -0.0, 2.0]),
        )
        for name, table in _DISTANCES
        for options in table
    ),
    *(
        _case(
            _label(f"{name} weight", {"reduction": reduction}),
            _distance(name, reduction=reduction),
            shapes=(*TWO, (6, 5)),
            draw=("normal", "normal", "positive"),
        )
        for name in ("mse_loss", "l1_loss", "huber_loss")
        for reduction in REDUCTIONS
    ),
    *(
        _case(
            f"T66 {name} broadcasts and warns",
            _distance(name),
            shapes=((4, 3), (3,)),
            draw="positive",
            skip={"second order": "one number that cancels; seen without broadcasting"},
        )
        for name, _ in _DISTANCES
    ),
    *(
        OpCase(
            f"{name} of two dtypes",
            lambda t, name=name: getattr(F(t), name)(
                t.tensor([1.0, 2.0], dtype=t.float64), t.tensor([0.5, 0.0])
            ),
        )
        for name, _ in _DISTANCES
    ),
    *(
        _case(
            _label("kl_div", options),
            lambda t, x, y, options=options: F(t).kl_div(x, y, **options),
            shapes=TWO,
            draw=("normal", "unit"),
            backward_steps=64,
            why=SUM + "; log(target) + 1 - input cancels",
            skip={"special": "log of a negative number: nan in other places of the sum"},
        )
        for options in _options(reduction=(*REDUCTIONS, "batchmean"), log_target=(False, True))
    ),
    _case(
        "kl_div target 0",
        lambda t, x, y: F(t).kl_div(x, y, reduction="none"),
        values=([-1.0, -2.0, -INF], [0.0, 0.5, 0.0]),
    ),
)

# --- yes or no ------------------------------------------------------------------------------------


def _bce(**options: Any) -> Any:
    return lambda t, x, y, *weight: F(t).binary_cross_entropy(
        x, y, *[w.detach() for w in weight], **options
    )


def _with_logits(*names: str, **options: Any) -> Any:
    return lambda t, x, y, *constants: F(t).binary_cross_entropy_with_logits(
        x, y, **dict(zip(names, [c.detach() for c in constants], strict=True)), **options
    )


_PROBABILITIES = {"special": "values outside [0, 1] raise"}

_yes_or_no = (
    *(
        _case(
            f"binary_cross_entropy {reduction}",
            _bce(reduction=reduction),
            shapes=TWO,
            draw="unit",
            skip=_PROBABILITIES,
        )
        for reduction in REDUCTIONS
    ),
    *(
        _case(
            f"T50 binary_cross_entropy weight {shape} {reduction}",
            _bce(reduction=reduction),
            shapes=(*TWO, shape),
            draw="unit",
            skip=_PROBABILITIES,
        )
        for reduction in REDUCTIONS
        for shape in ((6, 5), (5,), (1, 5))
    ),
    _case(
        "T44 T45 T49 binary_cross_entropy at 0 and 1",
        _bce(reduction="none"),
        values=([0.0, 1.0, 1.0, 0.0, 1e-45, 0.5, 1e-13], [1.0, 0.0, 1.0, 0.0, 1.0, 0.25, 0.0]),
    ),
    _case("T67 binary_cross_entropy is -0.0", _bce(), values=([1.0], [1.0])),
    _case(
        "T46 binary_cross_entropy of a saturated sigmoid",
        lambda t, x, y: F(t).binary_cross_entropy(x.sigmoid(), y),
        values=([-50.0, 17.0], [1.0, 0.0]),
    ),
    _case(
        "T47 binary_cross_entropy log1p",
        _bce(reduction="none"),
        values=([1e-4, 3e-7, 1e-8], [0.0, 0.0, 0.0]),
    ),
    *(
        _case(
            f"binary_cross_entropy_with_logits {reduction}",
            _with_logits(reduction=reduction),
            shapes=TWO,
            draw=("wide", "unit"),
        )
        for reduction in REDUCTIONS
    ),
    *(
        _case(
            f"binary_cross_entropy_with_logits {' '.join(names)} {shape} {reduction}",
            _with_logits(*names, reduction=reduction),
            shapes=(*TWO, *[shape] * len(names)),
            draw=("wide", "unit", *["positive"] * len(names)),
        )
        for reduction in REDUCTIONS
        for names in (("weight",), ("pos_weight",), ("weight", "pos_weight"))
        for shape in ((5,), (6, 1), ())
    ),
    _case(
        "T53 pos_weight multiplies the log term only, and the mean divides by N",
        _with_logits("pos_weight"),
        values=([2.0, -2.0, 0.5, -3.0], [0.0, 0.0, 1.0, 0.5], [5.0, 5.0, 5.0, 5.0]),
    ),
    *(
        # One value each: beside 100, a budget in steps of the largest lets 1e-7 pass for 0.
        _case(
            f"T51 binary_cross_entropy_with_logits far out, {x} for {y}",
            _with_logits(reduction="none"),
            values=([x], [y]),
            forward_steps=0,
        )
        for x, y in ((-16.0, 0.0), (16.0, 1.0), (-17.5, 0.0), (100.0, 0.0), (-100.0, 1.0))
    ),
    _case(
        "T52 binary_cross_entropy_with_logits of infinities",
        _with_logits(reduction="none"),
        values=([INF, -INF, INF, -INF, NAN], [1.0, 0.0, 0.0, 1.0, 1.0]),
    ),
    _case(
        "binary_cross_entropy_with_logits two dtypes",
        lambda t: F(t).binary_cross_entropy_with_logits(
            t.tensor([0.3, -1.0]), t.tensor([1.0, 0.0], dtype=t.float64)
        ),
    ),
)

# --- one of C -------------------------------------------------------------------------------------


def _by_class(name: str, **options: Any) -> Any:
    return lambda t, x, target, *weight: getattr(F(t), name)(
        x, target, *[w.detach() for w in weight], **options
    )


_SHAPES = {
    "one row": ((5,), ()),
    "rows": ((7, 5), (7,)),
    "3-d": ((4, 5, 3), (4, 3)),
    "4-d": ((2, 5, 3, 2), (2, 3, 2)),
    "5-d": ((2, 5, 2, 1, 3), (2, 2, 1, 3)),
}
_IGNORED = ([[0.1, 2.0, -1.0], [1.0, 0.0, 3.0], [0.0, 0.5, 0.2]], np.array([1, 1, 0]))
_SOFT = ("normal", "unit", "positive")

_one_of_c = (
    *(
        _case(
            f"{name} {label} {reduction} {options}",
            _by_class(name, reduction=reduction, **options),
            shapes=shapes,
            draw=("normal", indices(5)),
            skip=NO_CLASSES | (NOT_IN_TORCH if label == "4-d" else {}),
        )
        for label, shapes in _SHAPES.items()
        for reduction in REDUCTIONS
        for name, options in (
            ("nll_loss", {}),
            ("nll_loss", {"ignore_index": 2}),
            ("cross_entropy", {}),
            ("cross_entropy", {"ignore_index": 2}),
            ("cross_entropy", {"label_smoothing": 0.1}),
            ("cross_entropy", {"label_smoothing": 0.1, "ignore_index": 2}),
        )
    ),
    *(
        _case(
            f"T54 {name} weight {label} {reduction} {options}",
            _by_class(name, reduction=reduction, **options),
            shapes=(*shapes, (5,)),
            draw=("normal", indices(5), "positive"),
            skip=NO_CLASSES | (NOT_IN_TORCH if label == "4-d" else {}),
        )
        for label, shapes in _SHAPES.items()
        for reduction in REDUCTIONS
        for name, options in (
            ("nll_loss", {"ignore_index": 2}),
            ("cross_entropy", {}),
            ("cross_entropy", {"label_smoothing": 0.1, "ignore_index": 2}),
        )
    ),
    *(
        _case(
            f"T55 T61 cross_entropy of probabilities {label} {reduction} {smoothing}",
            lambda t, x, target, *w, reduction=reduction, smoothing=smoothing: F(t).cross_entropy(
                x, target, *w, reduction=reduction, label_smoothing=smoothing
            ),
            shapes=shapes,
            draw=_SOFT[: len(shapes)],
            skip={
                **NO_CLASSES,
                "special": "inf - inf in other places of the sum",
                **({"second order": "one number that cancels"} if len(shapes[0]) == 1 else {}),
            },
        )
        for label, shapes in {
            "one row": ((5,), (5,)),
            "rows": TWO,
            "rows, weight": (*TWO, (5,)),
            "3-d": ((4, 5, 3), (4, 5, 3)),
            "3-d, weight": ((4, 5, 3), (4, 5, 3), (5,)),
        }.items()
        for reduction in REDUCTIONS
        for smoothing in (0.0, 0.2)
    ),
    *(
        _case(
            f"{label}, {reduction}", _by_class(name, reduction=reduction, **options), values=values
        )
        for reduction in REDUCTIONS
        for name in ("nll_loss", "cross_entropy")
        for label, options, values in (
            (f"T56 {name} all ignored", {"ignore_index": 1}, (_IGNORED[0], np.array([1, 1, 1]))),
            (f"T57 {name} all weights 0", {}, (*_IGNORED, [0.0, 0.0, 1.0])),
            (f"T58 {name} ignored class", {"ignore_index": 1}, _IGNORED),
            (f"{name} uint8 target", {}, (_IGNORED[0], np.array([1, 1, 0], np.uint8))),
            (f"T64 {name} empty", {}, (np.zeros((0, 3), np.float32), np.zeros(0, np.int64))),
            (
                f"T62 {name} -inf logit",
                {},
                ([[1.0, -INF, 2.0], [-INF, 1.0, 0.0]], np.array([2, 0])),
            ),
            (f"{name} nan", {}, ([[1.0, NAN, 2.0], [0.0, 1.0, 0.0]], np.array([0, 0]))),
        )
    ),
    *(
        _case(
            f"T60 cross_entropy label_smoothing {smoothing} {label}",
            _by_class("cross_entropy", label_smoothing=smoothing, **options),
            values=values,
        )
        for smoothing in (0.25, 1.0, -0.1)
        for label, options, values in (
            ("plain", {}, _IGNORED),
            ("weight", {}, (*_IGNORED, [0.5, 2.0, 1.0])),
            ("ignored", {"ignore_index": 0}, (*_IGNORED, [0.5, 2.0, 1.0])),
            ("all ignored", {"ignore_index": 1}, (_IGNORED[0], np.array([1, 1, 1]))),
            ("-inf logit", {}, ([[1.0, -INF, 2.0]], np.array([2]))),
        )
    ),
    _case(
        "T62 cross_entropy of probabilities, -inf logit",
        lambda t, x, y: F(t).cross_entropy(x, y),
        values=([[1.0, -INF, 2.0]], [[0.5, 0.0, 0.5]]),
    ),
    *(
        _case(
            f"T65 {name}, classes on axis {axis}",
            _by_class(name),
            shapes=shapes,
            draw=("normal", indices(3)),
            skip=NO_CLASSES,
        )
        for name in ("nll_loss", "cross_entropy")
        for axis, shapes in (
            (0, ((3,), ())),
            (1, ((4, 3), (4,))),
            ("1 of 3 equal ones", ((3, 3, 3), (3, 3))),
        )
    ),
    _case(
        "nll_loss of many rows",
        _by_class("nll_loss"),
        shapes=((5000, 10), (5000,)),
        draw=("normal", indices(10)),
        skip=NO_CLASSES,
    ),
)


# --- the old spelling -----------------------------------------------------------------------------

_legacy = tuple(
    _case(
        f"legacy {name} size_average={averages} reduce={reduces}",
        lambda t, x, y, name=name, averages=averages, reduces=reduces: getattr(F(t), name)(
            x, y, size_average=averages, reduce=reduces
        ),
        shapes=TWO,
        draw="unit",
        skip={"special": "seen without this option", **NO_CLASSES},
    )
    for name in (
        "mse_loss",
        "l1_loss",
        "smooth_l1_loss",
        "binary_cross_entropy",
        "binary_cross_entropy_with_logits",
        "cross_entropy",
        "kl_div",
    )
    for averages, reduces in ((True, None), (False, None), (None, False), (False, True))
)


def _nodes(t: Any, x: Any) -> list[str]:
    f, target = F(t), t.tensor([0, 2, 1, 4])
    p, y = x.sigmoid(), t.ones(4, 5)
    losses = [f.mse_loss(x, y), f.l1_loss(x, y), f.smooth_l1_loss(x, y), f.huber_loss(x, y)]
    losses += [f.binary_cross_entropy(p, y), f.binary_cross_entropy_with_logits(x, y)]
    losses += [f.nll_loss(x, target), f.cross_entropy(x, target), f.kl_div(x, y, reduction="sum")]
    losses += [f.nll_loss(x.view(1, 5, 2, 2), t.zeros(1, 2, 2, dtype=t.int64))]
    losses += [f.cross_entropy(x, y), f.cross_entropy(x, target, label_smoothing=0.1)]
    return [loss.grad_fn.name() for loss in losses]


CASES = (
    *_distances,
    *_yes_or_no,
    *_one_of_c,
    *_legacy,
    OpCase(
        "nodes",
        _nodes,
        ((4, 5),),
        dtypes=("float32",),
        gradient=False,
        skip=dict.fromkeys(
            ("0-d", "empty", "transposed", "strided", "special"), "one shape will do"
        ),
    ),
    _case(
        "reduction=elementwise_mean warns",
        lambda t, x, y: F(t).mse_loss(x, y, reduction="elementwise_mean"),
        shapes=TWO,
    ),
)
