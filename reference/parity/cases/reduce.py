"""Many values in, one out: sums, means, extrema, norms, cumulative sums, sorting.

PyTorch adds in SIMD lanes and cascades, NumPy pairwise; the last bits of PyTorch's own sums change
with the number of threads. So a sum is held to eight rounding steps of the sum of absolute values,
and sums that are exact in any order ("whole" inputs) to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reference.parity.case import OpCase

NAN, INF = float("nan"), float("inf")
CUBE = ((3, 4, 5),)
DIMS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("", {}),
    (" dim 0", {"dim": 0}),
    (" dim -1", {"dim": -1}),
    (" dim 1 keepdim", {"dim": 1, "keepdim": True}),
)
DIM_PAIRS: tuple[tuple[str, dict[str, Any]], ...] = (
    (" dims", {"dim": (0, 2)}),
    (" dims keepdim", {"dim": (1, -1), "keepdim": True}),
)
EQUALS = {"special": "T37: which of equal values comes first is not specified"}
LANES = "which of 0.0 and -0.0 is the larger depends, in PyTorch, on the SIMD lane it falls into"
ORDER = "PyTorch adds up in another order"


def _added(
    name: str, fn: Callable[..., Any], magnitude: Callable[..., Any], **options: Any
) -> OpCase:
    return OpCase(name, fn, CUBE, forward_steps=8, magnitude=magnitude, why=ORDER, **options)


def _spread(name: str, kw: dict[str, Any], t: Any, x: Any) -> Any:
    return getattr(t, name)(x, **kw)


_SUMS = (
    *(
        _added(
            f"sum{tag}",
            lambda t, x, kw=kw: t.sum(x, **kw),
            lambda t, x, kw=kw: t.sum(x.abs(), **kw),
        )
        for tag, kw in DIMS + DIM_PAIRS
    ),
    *(
        _added(
            f"mean{tag}",
            lambda t, x, kw=kw: t.mean(x, **kw),
            lambda t, x, kw=kw: t.mean(x.abs(), **kw),
        )
        for tag, kw in DIMS + DIM_PAIRS
    ),
    *(
        OpCase(
            f"{name}{tag}",
            lambda t, x, name=name, kw=kw: _spread(name, kw, t, x),
            CUBE,
            forward_ulp=8,
            backward_ulp=8,
            backward_steps=16,
            why=ORDER + "; the gradient is proportional to x - mean, which cancels",
        )
        for name in ("var", "std")
        for tag, kw in DIMS + DIM_PAIRS
    ),
    OpCase(
        "sum of whole numbers",
        lambda t, x: [x.sum(), x.sum(0), x.sum(dim=(0, 2)), x.sum(-1, keepdim=True)],
        CUBE,
        draw="whole",
    ),
    OpCase(
        "sum dtype",
        lambda t, x: [x.sum(dtype=t.float64), t.mean(x, 0, dtype=t.float64)],
        CUBE,
        draw="whole",
    ),
    OpCase(
        "sum to integers",
        lambda t, x: x.detach().sum(1, dtype=t.int64),
        CUBE,
        draw="whole",
        gradient=False,
    ),
    OpCase(
        "T88 sums of integers",
        lambda t, x: [x.sum(), x.sum(1), x.prod(), x.prod(1), x.cumsum(0)],
        ((3, 4),),
        dtypes=("int64", "int32", "uint8"),
    ),
    OpCase(
        "T88 sums of bools",
        lambda t, x: [x.sum(), x.sum(1), x.prod(), x.cumsum(0)],
        ((3, 4),),
        draw="bool",
    ),
    OpCase(
        "long sum",
        lambda t, x: x.sum(),
        ((4099,),),
        forward_steps=8,
        magnitude=lambda t, x: x.abs().sum(),
        why=ORDER,
    ),
    OpCase(
        "long mean",
        lambda t, x: x.mean(),
        ((64, 65),),
        forward_steps=8,
        magnitude=lambda t, x: x.abs().mean(),
        why=ORDER,
    ),
    OpCase(
        "var biased",
        lambda t, x: [t.var(x, dim=1, unbiased=False), x.std(1, unbiased=False)],
        ((4, 6),),
        forward_ulp=8,
        backward_ulp=8,
        backward_steps=16,
        why=ORDER,
    ),
    OpCase(
        "var correction",
        lambda t, x: [x.var(dim=0, correction=0), x.std(dim=0, correction=2)],
        ((4, 6),),
        forward_ulp=8,
        backward_ulp=8,
        backward_steps=16,
        why=ORDER,
    ),
    OpCase("T32 std of a constant", lambda t, x: (x.std(), x.var()), values=([2.0, 2.0, 2.0],)),
    OpCase(
        "T32 std of one element",
        lambda t, x: (x.std(), x.var()),
        values=([2.0],),
        skip={"second order": "zeros and nans mix there by how the formula is written"},
    ),
    OpCase(
        "T42 std and var are unbiased", lambda t, x: (x.std(), x.var()), values=([1.0, 2.0, 3.0],)
    ),
    OpCase(
        "T43 empty",
        lambda t: [
            t.zeros(0).sum(),
            t.zeros(0).prod(),
            t.zeros(0).mean(),
            t.zeros(2, 0).sum(1),
            t.zeros(0, 3).mean(0),
        ],
    ),
    OpCase(
        "prod",
        lambda t, x: t.prod(x),
        ((7,),),
        draw="nonzero",
        forward_ulp=4,
        backward_ulp=6,
        why="the order of the product",
    ),
    OpCase(
        "prod dim",
        lambda t, x: (x.prod(0), x.prod(1, keepdim=True)),
        ((3, 4),),
        draw="nonzero",
        forward_ulp=4,
        backward_ulp=6,
        backward_steps=8,
        why="the order of the product",
    ),
    OpCase("T34 prod with a zero", lambda t, x: t.prod(x), values=([0.0, 2.0, 3.0],)),
    OpCase("T34 prod with two zeros", lambda t, x: t.prod(x), values=([0.0, 2.0, 0.0],)),
    OpCase(
        "T34 prod dim with zeros",
        lambda t, x: t.prod(x, 1),
        values=([[0.0, 2.0, 3.0], [0.0, 0.0, 3.0], [1.0, 2.0, 3.0]],),
    ),
    OpCase(
        "cumsum",
        lambda t, x: t.cumsum(x, 1),
        ((3, 7),),
        forward_steps=8,
        backward_steps=8,
        magnitude=lambda t, x: x.abs().cumsum(1),
        why=ORDER,
    ),
    OpCase(
        "cumsum dim 0 whole",
        lambda t, x: x.cumsum(0),
        ((5, 3),),
        draw="whole",
        backward_steps=8,
        why=ORDER,
    ),
    OpCase(
        "logsumexp",
        lambda t, x: t.logsumexp(x, 1),
        ((5, 7),),
        forward_steps=8,
        backward_ulp=8,
        backward_steps=8,
        why="exp differs by 2 ulp; " + ORDER,
    ),
    OpCase(
        "logsumexp dims",
        lambda t, x: x.logsumexp(dim=(0, 2), keepdim=True),
        CUBE,
        forward_steps=8,
        backward_ulp=8,
        backward_steps=8,
        why="exp differs by 2 ulp; " + ORDER,
    ),
    OpCase(
        "T38 logsumexp of infinities",
        lambda t, x: t.logsumexp(x, 1),
        forward_ulp=1,
        backward_ulp=2,
        why="exp differs by 2 ulp",
        values=(
            [[-INF, -INF], [INF, 0.0], [INF, INF], [-INF, 0.0], [NAN, 0.0], [-1000.0, -1000.0]],
        ),
        skip={"second order": "nan against 0 inside infinities follows how the formula is written"},
    ),
)

_EXTREMA = (
    *(
        OpCase(
            f"{name}{tag}",
            lambda t, x, name=name, kw=kw: getattr(t, name)(x, **kw),
            CUBE,
            draw="distinct",
            signed_zero=False,
            why=LANES,
        )
        for name in ("amax", "amin")
        for tag, kw in DIMS + DIM_PAIRS
    ),
    *(
        OpCase(
            f"{name}{tag}",
            lambda t, x, name=name, kw=kw: getattr(t, name)(x, **kw),
            CUBE,
            draw="distinct",
        )
        for name in ("max", "min")
        for tag, kw in DIMS
    ),
    *(
        OpCase(
            f"{name}{tag}",
            lambda t, x, name=name, kw=kw: getattr(t, name)(x, **kw),
            CUBE,
            gradient=False,
            dtypes=("float32", "float64", "int64"),
        )
        for name in ("argmax", "argmin")
        for tag, kw in DIMS
    ),
    OpCase(
        "max fields",
        lambda t, x: (x.max(1).values, x.min(0).values, x.max(dim=1).indices),
        ((3, 4),),
        draw="distinct",
    ),
    OpCase(
        "max of two tensors", lambda t, x, y: (t.max(x, y), t.min(x, y), x.max(y)), ((3, 4), (4,))
    ),
    OpCase("T22 max() ties", lambda t, x: t.max(x), values=([1.0, 3.0, 3.0, 2.0],)),
    OpCase("T22 min() ties", lambda t, x: t.min(x), values=([[1.0, 3.0], [1.0, 1.0]],)),
    OpCase(
        "T23 max(dim) ties",
        lambda t, x: t.max(x, 1),
        values=([[3.0, 3.0], [1.0, 2.0], [-0.0, 0.0]],),
    ),
    OpCase("T23 min(dim) ties", lambda t, x: t.min(x, 0), values=([[3.0, 3.0], [3.0, 2.0]],)),
    OpCase(
        "T24 amax ties", lambda t, x: t.amax(x, 1), values=([[3.0, 3.0, 3.0], [1.0, 2.0, 2.0]],)
    ),
    OpCase(
        "T24 amin ties",
        lambda t, x: t.amin(x, (0, 1)),
        values=([[3.0, 1.0, 3.0], [1.0, 2.0, 1.0]],),
    ),
    OpCase(
        "T36 argmax ties",
        lambda t, x: [x.argmax(), x.argmin(), x.argmax(1), x.argmin(1)],
        gradient=False,
        values=([[3.0, 3.0, 1.0], [1.0, 1.0, 3.0]],),
    ),
    OpCase(
        "T36 argmax nan",
        lambda t, x: [x.argmax(), x.argmin(), x.argmax(1), x.argmin(1)],
        gradient=False,
        values=([[3.0, NAN, NAN], [1.0, 1.0, INF]],),
    ),
    OpCase(
        "max with nan",
        lambda t, x: [x.max(), x.min(), x.max(1), x.min(1), x.amax(1), x.amin(0)],
        values=([[3.0, NAN, NAN], [1.0, 1.0, INF]],),
    ),
    OpCase(
        "max of integers",
        lambda t, x: [x.max(), x.min(), x.max(1), x.amin(0), x.argmax(1)],
        ((3, 4),),
        dtypes=("int64", "int32", "uint8"),
    ),
    OpCase(
        "all any",
        lambda t, x: [
            x.all(),
            x.any(),
            x.all(1),
            x.any(0),
            t.all(x, 1, keepdim=True),
            t.any(x, dim=-1),
        ],
        ((3, 4),),
        draw="whole",
        gradient=False,
        dtypes=("float32", "int64", "bool", "uint8"),
    ),
    OpCase("sort", lambda t, x: t.sort(x), ((3, 7),), draw="distinct"),
    OpCase(
        "sort dim descending",
        lambda t, x: (x.sort(0, descending=True), x.sort(dim=1, descending=True)),
        ((3, 7),),
        draw="distinct",
    ),
    OpCase(
        "T37 stable sort on ties",
        lambda t, x: (t.sort(x, stable=True), t.sort(x, stable=True, descending=True)),
        ((24,),),
        draw="whole",
    ),
    OpCase(
        "sort with nan",
        lambda t, x: (t.sort(x), t.sort(x, descending=True)),
        values=([3.0, NAN, -INF, INF, 1.0],),
    ),
    OpCase(
        "argsort",
        lambda t, x: (t.argsort(x), x.argsort(0, descending=True)),
        ((3, 7),),
        draw="distinct",
        gradient=False,
    ),
    OpCase("topk", lambda t, x: t.topk(x, 3), ((4, 7),), draw="distinct", skip=EQUALS),
    OpCase(
        "topk smallest",
        lambda t, x: x.topk(2, dim=0, largest=False),
        ((4, 7),),
        draw="distinct",
        skip=EQUALS,
    ),
)

_NORMS = (
    OpCase("norm", lambda t, x: t.norm(x), ((3, 4),), forward_ulp=4, backward_ulp=6, why=ORDER),
    OpCase(
        "norm dim", lambda t, x: x.norm(dim=1), ((3, 4),), forward_ulp=4, backward_ulp=6, why=ORDER
    ),
    OpCase("norm 1", lambda t, x: x.norm(1), ((3, 4),), forward_ulp=4, why=ORDER),
    OpCase(
        "norm 1 dim keepdim",
        lambda t, x: x.norm(p=1, dim=0, keepdim=True),
        ((3, 4),),
        forward_ulp=4,
        why=ORDER,
    ),
    OpCase("norm inf", lambda t, x: x.norm(INF), ((3, 4),), draw="distinct"),
    OpCase(
        "norm 3",
        lambda t, x: x.norm(3, dim=1),
        ((3, 4),),
        forward_ulp=8,
        backward_ulp=12,
        why=ORDER + "; cubes and cube roots",
        skip={"special": "how a cube of inf meets a power of inf follows the formula"},
    ),
    OpCase(
        "T31 norm of zeros",
        lambda t, x: t.norm(x),
        values=([0.0, 0.0],),
        skip={"second order": "PyTorch's second derivative there is what masking left over"},
    ),
)

CASES = (
    *_SUMS,
    *_EXTREMA,
    *_NORMS,
    OpCase(
        "allclose and equal",
        lambda t: [
            t.allclose(t.tensor([1.0]), t.tensor([1.0 + 1e-6])),
            t.allclose(t.tensor([1.0]), t.tensor([1.0001])),
            t.equal(t.tensor([1, 2]), t.tensor([1, 2])),
            t.equal(t.tensor([1, 2]), t.tensor([1, 3])),
            t.equal(t.zeros(2), t.zeros(3)),
            t.tensor([1.0]).allclose(t.tensor([1.1]), rtol=0.2),
            t.tensor([1]).equal(t.tensor([1])),
        ],
    ),
    OpCase(
        "T106 allclose",
        lambda t: [
            t.allclose(t.tensor([NAN]), t.tensor([NAN])),
            t.allclose(t.tensor([NAN]), t.tensor([NAN]), equal_nan=True),
            t.allclose(t.tensor([1.0]), t.tensor([0.9]), rtol=0.105, atol=0),
            t.allclose(t.tensor([0.9]), t.tensor([1.0]), rtol=0.105, atol=0),
            t.allclose(t.tensor([INF]), t.tensor([INF])),
            t.allclose(t.tensor([INF]), t.tensor([-INF])),
        ],
    ),
    OpCase("isclose", lambda t, x, y: t.isclose(x, y, rtol=0.5), ((8,), (8,)), gradient=False),
)
