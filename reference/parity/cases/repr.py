"""What is printed: every digit, bracket, blank and suffix as PyTorch prints it."""

from __future__ import annotations

from typing import Any

import numpy as np

from reference.parity.case import OpCase

NAN, INF = float("nan"), float("inf")
DTYPES = ("bool", "uint8", "int32", "int64", "float32", "float64")

_FLOATS: dict[str, list[float]] = {
    "whole": [1.0, 2.0, -3.0],
    "whole and large": [1.0, 20000.0, -3.0],
    "whole, nine digits": [123456789.0, 1.0],
    "fractions": [0.5, -1.25, 3.14159265],
    "one": [0.1],
    "hundreds": [100.123, 20.5, 3.0],
    "thousands": [1234.5678, 1.0],
    "scientific large": [1e10, 1.0],
    "scientific small": [1e-10, 1.0],
    "scientific ratio": [0.001, 2000.0],
    "ratio just below": [0.01, 9.0],
    "small alone": [1e-5, 2e-5],
    "1e-4": [1e-4, 2e-4],
    "0.00011": [0.00011],
    "1e8": [1e8, 1.5],
    "1e8 whole": [1e8, 1.0],
    "99999999": [99999999.0, 0.5],
    "nan": [NAN, 1.5],
    "nan whole": [NAN, 1.0],
    "infinities": [INF, -INF, 1.0],
    "nothing finite": [NAN, INF, -INF],
    "nan and scientific": [NAN, 1e-10, 1e5],
    "negative zero": [-0.0, 0.0],
    "zeros": [0.0, 0.0],
    "rounds up": [0.99999, 0.5],
    "rounds to even": [0.00005, 0.12345, 0.12355],
    "subnormal": [1e-42, 1.0],
    "largest": [3.4028234e38, -3.4028234e38],
    "thirds": [1 / 3, 2 / 3, 100 / 3],
    "negative widest": [-100.5, 2.25],
}


def _reprs(t: Any, values: Any) -> list[str]:
    """repr, str and f-string, flat and nested, in both float dtypes."""
    out = []
    for dtype in (t.float32, t.float64):
        x = t.tensor(values, dtype=dtype)
        out += [
            repr(x),
            str(x),
            repr(x[0]),
            repr(x[None]),
            repr(t.stack((x, -x))),
            f"{x}",
            f"{x[0]}",
        ]
    return out


def _normal(*shape: int) -> Any:
    return np.random.default_rng(sum(shape)).normal(size=shape).astype(np.float32)


def _hidden_large_value(t: Any) -> str:
    x = t.ones(2000)
    x[1000] = 1e10
    return repr(x)


def _grad(t: Any) -> list[str]:
    w = t.tensor([1.0, -2.5], requires_grad=True)
    (w * w).sum().backward()
    return [
        repr(w),
        repr(w.grad),
        repr(w.detach()),
        repr(w.sum()),
        str(w * 2),
        f"{(w * w).mean():.3f}",
    ]


def _options(t: Any) -> list[str]:
    x = t.tensor([3.14159265, 100.0, 1e-3])
    out = []
    for options in (
        {"precision": 2},
        {"threshold": 2, "edgeitems": 1},
        {"sci_mode": True},
        {"sci_mode": False},
        {"linewidth": 20},
    ):
        t.set_printoptions(**options)
        out += [repr(x), repr(t.arange(12.0))]
        t.set_printoptions(profile="default", sci_mode=None)
    return out


_SHAPES = (
    (),
    (1,),
    (3,),
    (40,),
    (1, 1),
    (2, 3),
    (3, 40),
    (40, 2),
    (2, 2, 2),
    (2, 3, 4),
    (1, 2, 1, 3),
    (2, 1, 2, 2, 2),
)

CASES = (
    *(
        OpCase(f"floats {name}", lambda t, values=values: _reprs(t, values))
        for name, values in _FLOATS.items()
    ),
    *(
        OpCase(
            f"shape {list(shape)}",
            lambda t, shape=shape: [
                repr(t.tensor(_normal(*shape))),
                repr(t.tensor(_normal(*shape) * 1e6)),
                repr(t.zeros(shape)),
                repr(t.zeros(shape, dtype=t.int64)),
                repr(t.ones(shape, dtype=t.bool)),
                repr(t.tensor(_normal(*shape).astype(np.float64))),
                repr(t.tensor((_normal(*shape) * 1000).astype(np.int32))),
            ],
        )
        for shape in _SHAPES
    ),
    *(
        OpCase(
            f"empty {list(shape)}",
            lambda t, shape=shape: [repr(t.zeros(shape, dtype=getattr(t, d))) for d in DTYPES],
        )
        for shape in ((0,), (2, 0), (0, 3), (0, 0), (2, 0, 3))
    ),
    OpCase(
        "integers",
        lambda t: [
            repr(t.tensor([1, 2, 3])),
            repr(t.tensor([1, -20, 300])),
            repr(t.tensor(7)),
            repr(t.tensor([[1], [100]])),
            repr(t.tensor([2**40, 1])),
            repr(t.tensor([1, 2], dtype=t.int32)),
            repr(t.tensor(200, dtype=t.uint8)),
            repr(t.tensor([-(2**63)])),
            repr(t.arange(30)),
            repr(t.arange(100).view(4, 25)),
        ],
    ),
    OpCase(
        "bools",
        lambda t: [
            repr(t.tensor([True, False])),
            repr(t.tensor(True)),
            repr(t.tensor([[True], [True]])),
            str(t.tensor([False])),
        ],
    ),
    OpCase(
        "summarised",
        lambda t: [
            repr(t.arange(1000)),
            repr(t.arange(1001)),
            repr(t.arange(2000).view(2, 1000)),
            repr(t.arange(2000).view(1000, 2)),
            repr(t.zeros(30, 40)),
            repr(t.arange(1200.0).view(10, 12, 10)),
            repr(t.tensor(_normal(1001))),
            repr(t.tensor(_normal(50, 60))),
            repr(t.ones(2000, dtype=t.bool)),
            repr(t.arange(10000).view(10, 10, 10, 10)),
            repr(t.zeros(7, 7, 30)),
            repr(t.zeros(6, 200)),
        ],
    ),
    OpCase("summary looks only at what it shows", _hidden_large_value),
    OpCase(
        "requires_grad",
        lambda t: [
            repr(t.ones(2, requires_grad=True)),
            repr(t.tensor(1.5, requires_grad=True)),
            repr(t.zeros(0, requires_grad=True)),
            repr(t.ones(2, dtype=t.float64, requires_grad=True)),
            repr(t.zeros(40, requires_grad=True)),
            repr(t.zeros(2, 3, requires_grad=True)),
        ],
    ),
    OpCase(
        "grad_fn",
        lambda t, x: [repr(y) for y in _history(t, x)],
        values=([1.0, 2.0, 3.0],),
        gradient=False,
    ),
    OpCase(
        "grad_fn of matrices",
        lambda t, x, y: [
            repr(z)
            for z in (
                x @ y,
                x[0] @ y,
                x @ y[:, 0],
                x[0] @ y[:, 0],
                t.mm(x, y),
                t.addmm(y[0], x, y),
                x[None] @ y[None],
                t.outer(x[0], x[1]),
                t.bmm(x[None], y[None]),
                x.transpose(0, 1),
                x.t(),
                x.T,
                x.mT,
                x.permute(1, 0),
                x[None].permute(2, 0, 1),
            )
        ],
        values=([[1.0, 2.0], [3.0, 4.0]], [[1.0, 0.0], [0.0, 1.0]]),
        gradient=False,
    ),
    OpCase(
        "grad_fn names",
        lambda t, x: [y.grad_fn and y.grad_fn.name() for y in _history(t, x)],
        values=([1.0, 2.0, 3.0],),
        gradient=False,
    ),
    OpCase("dtype suffix", lambda t: [repr(t.ones(2, dtype=getattr(t, d))) for d in DTYPES]),
    OpCase("grad", _grad),
    OpCase(
        "views and slices",
        lambda t, x: [repr(x), repr(x[0]), repr(x[:, 1]), repr(x.t()), repr(x[..., ::2])],
        ((3, 4),),
        gradient=False,
    ),
    OpCase("set_printoptions", _options),
    OpCase(
        "format of a 0-dim",
        lambda t: [
            f"{t.tensor(0.123456):.4f}",
            f"{t.tensor(3):d}",
            f"{t.tensor(1e-7)}",
            f"{t.tensor(12345.678):10.2f}",
            f"{t.tensor(True)}",
        ],
    ),
)


def _history(t: Any, x: Any) -> list[Any]:
    return [
        x + 1,
        x - x,
        x * 2,
        x / 2,
        -x,
        x.exp(),
        x.log(),
        x.sqrt(),
        x**2,
        x**x,
        2**x,
        x.abs(),
        x.sum(),
        x.sum(0),
        x.mean(),
        x.mean(0),
        x.max(),
        x.max(0).values,
        x.min(),
        x.amax(0),
        x.var(),
        x.std(),
        x.prod(),
        x.norm(),
        x.cumsum(0),
        x.logsumexp(0),
        x[0],
        x[1:],
        x[t.tensor([0, 2])],
        x[x > 1],
        x.reshape(3, 1),
        x.view(1, 3),
        x.unsqueeze(0),
        x[None].squeeze(0),
        x.expand(2, 3),
        x.clone(),
        x.clamp(1, 2),
        x.clamp(min=1),
        t.maximum(x, x),
        t.minimum(x, x),
        t.where(x > 1, x, 0.0),
        t.cat((x, x)),
        t.stack((x, x)),
        x.tanh(),
        x.sigmoid(),
        x.relu(),
        x.double(),
        x.repeat(2),
        x.flip(0),
        x[None].tril(),
        x[None].triu(),
        x.sort().values,
        x.topk(2).values,
        x.gather(0, t.tensor([0])),
        x.index_select(0, t.tensor([1])),
        x.masked_fill(x > 1, 0.0),
        x.masked_select(x > 1),
        x.split(2)[0],
        x.unbind()[0],
        x.square(),
        x.reciprocal(),
        x.rsqrt(),
        x.log1p(),
        x.expm1(),
        x.log2(),
        x.log10(),
        x.sin(),
        x.cos(),
        x.sign(),
        x.floor(),
        x.round(),
        x.remainder(2),
        x.fmod(2),
        1 - x,
        1 / x,
        x.flatten(),
        x[None].flatten(),
        x[None].flatten(1),
        x.t(),
        x.narrow(0, 0, 2),
        x.softmax(0),
        x.log_softmax(0),
    ]
