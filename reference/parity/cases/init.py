"""Initial weights after a seed: the same bits, and the stream left in the same place."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from reference.parity.case import ErrorCase, OpCase

_Fill = Callable[[Any, Any], Any]
DTYPES = ("float32", "float64")
#: Shapes of weights: a column, fewer and more than 16 values, a kernel of a convolution.
SHAPES = ((5, 1), (3, 4), (7, 5), (4, 3, 2))


def _filled(fill: _Fill, shapes: tuple[tuple[int, ...], ...] = SHAPES) -> Callable[[Any], Any]:
    """Each shape in each dtype filled from seed 7, and what the stream gives next."""

    def fn(t: Any) -> Any:
        t.manual_seed(7)
        weights = [
            fill(t.nn.init, t.nn.Parameter(t.empty(shape, dtype=getattr(t, dtype))))
            for dtype in DTYPES
            for shape in shapes
        ]
        return [weights, t.rand(1)]

    return fn


def _own_stream(t: Any) -> Any:
    """A generator of one's own: the global stream stays where it was."""
    t.manual_seed(1)
    generator = t.Generator().manual_seed(2)
    fills = (t.nn.init.uniform_, t.nn.init.normal_, t.nn.init.kaiming_uniform_)
    weights = [fill(t.empty(4, 5), generator=generator) for fill in fills]
    return [weights, t.rand(1, generator=generator), t.rand(1)]


def _layers(make: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A module's weights after seed 0 by their names, and what the stream gives next."""

    def fn(t: Any) -> Any:
        t.manual_seed(0)
        return [dict(make(t.nn).state_dict()), t.rand(1)]

    return fn


def _reset(t: Any) -> Any:
    """reset_parameters draws again, as if the layer were new."""
    layer = t.nn.Linear(5, 3)
    t.manual_seed(3)
    layer.reset_parameters()
    drawn = dict(layer.state_dict())
    t.manual_seed(3)
    return [drawn, dict(t.nn.Linear(5, 3).state_dict())]


FILLS: dict[str, _Fill] = {
    "uniform_": lambda i, w: i.uniform_(w, -0.3, 1.7),
    "normal_": lambda i, w: i.normal_(w, 1.0, 0.02),
    "T112 trunc_normal_": lambda i, w: i.trunc_normal_(w, 0.5, 1.0, -1.0, 1.25),
    "trunc_normal_ far from the mean": lambda i, w: i.trunc_normal_(w, 5.0, 1.0, -2.0, 2.0),
    "xavier_uniform_": lambda i, w: i.xavier_uniform_(w),
    "xavier_uniform_ gain": lambda i, w: i.xavier_uniform_(w, i.calculate_gain("tanh")),
    "xavier_normal_": lambda i, w: i.xavier_normal_(w, 0.5),
    "T122 kaiming_uniform_": lambda i, w: i.kaiming_uniform_(w),
    "T121 kaiming_uniform_ of Linear": lambda i, w: i.kaiming_uniform_(w, math.sqrt(5)),
    "T122 kaiming_normal_": lambda i, w: i.kaiming_normal_(w),
    "T122 kaiming_normal_ for selu": lambda i, w: i.kaiming_normal_(w, nonlinearity="selu"),
    "kaiming_normal_ by fan_out": lambda i, w: i.kaiming_normal_(w, 0.2, mode="fan_out"),
    "constant_": lambda i, w: i.constant_(w, 0.3),
    "zeros_ and ones_": lambda i, w: (i.zeros_(w).detach().clone(), i.ones_(w)),
}
MATRICES: dict[str, _Fill] = {
    "eye_": lambda i, w: i.eye_(w),
    "sparse_": lambda i, w: i.sparse_(w, 0.4, 0.1),
}
LAYERS: dict[str, Callable[[Any], Any]] = {
    "T121 Linear": lambda nn: nn.Linear(13, 4),
    "Linear without bias": lambda nn: nn.Linear(13, 4, bias=False),
    "the network of the MNIST example": lambda nn: nn.Sequential(
        nn.Linear(20, 16), nn.ReLU(), nn.Linear(16, 10)
    ),
    "Embedding": lambda nn: nn.Embedding(6, 5, padding_idx=2),
    "PReLU": lambda nn: nn.PReLU(3),
    "LayerNorm": lambda nn: nn.LayerNorm((2, 3)),
    "BatchNorm1d": lambda nn: nn.BatchNorm1d(4),
}

CASES = (
    *(OpCase(name, _filled(fill), gradient=False) for name, fill in FILLS.items()),
    *(
        OpCase(name, _filled(fill, ((3, 3), (2, 5), (9, 4))), gradient=False)
        for name, fill in MATRICES.items()
    ),
    OpCase(
        "orthogonal_",
        _filled(lambda i, w: i.orthogonal_(w, 2.0), ((4, 4), (3, 8), (8, 3), (1, 1))),
        gradient=False,
        forward_steps=200,
        why="Householder reflections, in another library; every row or column has length 2",
    ),
    OpCase("a generator of ones own", _own_stream, gradient=False),
    *(OpCase(name, _layers(make), gradient=False) for name, make in LAYERS.items()),
    OpCase("reset_parameters", _reset, gradient=False),
    OpCase(
        "T122 calculate_gain",
        lambda t: {
            name: [t.nn.init.calculate_gain(name), t.nn.init.calculate_gain(name, 0.2)]
            for name in ("linear", "conv2d", "sigmoid", "tanh", "relu", "leaky_relu", "selu")
        },
        gradient=False,
    ),
)

_MISTAKES: dict[str, Callable[[Any, Any], Any]] = {
    "xavier_uniform_ of a vector": lambda t, i: i.xavier_uniform_(t.empty(3)),
    "kaiming_normal_ of a number": lambda t, i: i.kaiming_normal_(t.empty(())),
    "kaiming_normal_ mode": lambda t, i: i.kaiming_normal_(t.empty(3, 2), mode="fan"),
    "kaiming_uniform_ nonlinearity": lambda t, i: i.kaiming_uniform_(
        t.empty(3, 2), nonlinearity="gelu"
    ),
    "uniform_ bounds": lambda t, i: i.uniform_(t.empty(3), 2.0, 1.0),
    "normal_ std": lambda t, i: i.normal_(t.empty(3), 0.0, -1.0),
    "eye_ of a vector": lambda t, i: i.eye_(t.empty(3)),
    "sparse_ of a vector": lambda t, i: i.sparse_(t.empty(3), 0.5),
    "orthogonal_ of a vector": lambda t, i: i.orthogonal_(t.empty(3)),
    "calculate_gain": lambda t, i: i.calculate_gain("gelu"),
}

ERRORS = tuple(
    ErrorCase(name, lambda t, make=make: make(t, t.nn.init)) for name, make in _MISTAKES.items()
)
