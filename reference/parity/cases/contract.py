"""Products summed over dimensions: addmv and its kin, tensordot, einsum, kron, norms, distances."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reference.parity.case import ErrorCase, OpCase, Shape

NAN, INF = float("nan"), float("inf")
ORDER = (
    "MKL and OpenBLAS add up in different orders; one starts from 0.0, where -0.0 loses its sign"
)
ADDED = "PyTorch adds up in another order"


def _product(
    name: str, fn: Callable[..., Any], shapes: tuple[Shape, ...], steps: float = 8, **options: Any
) -> OpCase:
    """A product whose budget is in rounding steps of the same product of absolute values."""

    def magnitude(t: Any, *tensors: Any) -> Any:
        return fn(t, *(x.abs() for x in tensors))

    return OpCase(
        name,
        fn,
        shapes,
        forward_steps=steps,
        backward_steps=steps,
        magnitude=magnitude,
        forward_ulp=2,
        signed_zero=False,
        why=ORDER,
        **options,
    )


SIZES = {"0-d": "which of two mistakes is reported"}

CDIST = {
    "second order": "PyTorch has none: the derivative for '_cdist_backward' is not implemented",
    "special": "what of nan and inf is the largest, or a distance, follows PyTorch's loops",
}

_ADDED = (
    _product("addmv", lambda t, b, x, y: t.addmv(b, x, y), ((3,), (3, 5), (5,)), skip=SIZES),
    _product(
        "addmv beta alpha",
        lambda t, b, x, y: b.addmv(x, y, beta=0.5, alpha=2),
        ((1,), (3, 5), (5,)),
        skip=SIZES | {"empty": "PyTorch takes the sizes of an empty matrix for others"},
    ),
    _product(
        "baddbmm",
        lambda t, b, x, y: t.baddbmm(b, x, y),
        ((3, 4), (2, 3, 5), (2, 5, 4)),
        skip=SIZES,
    ),
    _product(
        "baddbmm beta alpha",
        lambda t, b, x, y: b.baddbmm(x, y, beta=0.5, alpha=2),
        ((2, 3, 4), (2, 3, 5), (2, 5, 4)),
        skip=SIZES,
    ),
    _product(
        "addbmm", lambda t, b, x, y: t.addbmm(b, x, y), ((3, 4), (2, 3, 5), (2, 5, 4)), skip=SIZES
    ),
    _product(
        "addbmm beta alpha",
        lambda t, b, x, y: b.addbmm(x, y, beta=2, alpha=0.5),
        ((4,), (2, 3, 5), (2, 5, 4)),
        skip=SIZES,
    ),
    _product("addr", lambda t, b, x, y: t.addr(b, x, y), ((3, 4), (3,), (4,))),
    _product(
        "addr beta alpha",
        lambda t, b, x, y: b.addr(x, y, beta=0.5, alpha=2),
        ((4,), (3,), (4,)),
        skip=SIZES,
    ),
    _product("vdot", lambda t, x, y: t.vdot(x, y), ((7,), (7,))),
    _product("inner of vectors", lambda t, x, y: t.inner(x, y), ((5,), (5,))),
    _product("inner", lambda t, x, y: t.inner(x, y), ((2, 3, 5), (4, 5))),
    OpCase("inner with a number", lambda t, x: t.inner(x, t.tensor(2.0)), ((2, 3),)),
    OpCase(
        "ger",
        lambda t, x, y: t.ger(x, y),
        ((3,), (4,)),
        backward_steps=8,
        why=ORDER,
    ),
)

_TENSORDOT = (
    _product("tensordot", lambda t, x, y: t.tensordot(x, y), ((2, 3, 4), (3, 4, 5)), skip=SIZES),
    _product("tensordot 1", lambda t, x, y: t.tensordot(x, y, 1), ((2, 3), (3, 4)), skip=SIZES),
    _product("tensordot 0", lambda t, x, y: t.tensordot(x, y, dims=0), ((2,), (3,))),
    _product(
        "tensordot lists",
        lambda t, x, y: t.tensordot(x, y, ([1, 0], [0, 2])),
        ((2, 3, 4), (3, 5, 2)),
        skip=SIZES,
    ),
    _product(
        "tensordot of all",
        lambda t, x, y: t.tensordot(x, y, dims=([0, 1], [0, 1])),
        ((3, 4), (3, 4)),
        skip=SIZES,
    ),
    OpCase(
        "kron",
        lambda t, x, y: (t.kron(x, y), y.kron(x)),
        ((2, 3), (4, 2)),
        backward_steps=8,
        why=ADDED,
    ),
    OpCase(
        "kron of a vector",
        lambda t, x, y: t.kron(x, y),
        ((2, 3), (2,)),
        backward_steps=8,
        why=ADDED,
        skip={"transposed": "PyTorch calls view inside, and raises"},
    ),
    OpCase("trace", lambda t, x: t.trace(x), ((3, 4),), forward_steps=4, why=ADDED),
    OpCase("trace of integers", lambda t, x: x.trace(), ((3, 3),), dtypes=("int64", "int32")),
    *(
        _product(
            f"matrix_power {n}", lambda t, x, n=n: t.matrix_power(x, n), ((3, 3),), 32, skip=SIZES
        )
        for n in (0, 1, 2, 3, 5)
    ),
    _product(
        "multi_dot",
        lambda t, x, y, z: t.linalg.multi_dot((x, y, z)),
        ((3, 5), (5, 2), (2, 4)),
        16,
        skip=SIZES,
    ),
    _product(
        "multi_dot of vectors",
        lambda t, x, y, z: t.linalg.multi_dot((x, y, z)),
        ((5,), (5, 2), (2,)),
        16,
        skip=SIZES,
    ),
    OpCase(
        "chain_matmul",  # whole numbers are exact in any order
        lambda t, x, y: t.chain_matmul(x, y),
        ((3, 5), (5, 2)),
        draw="whole",
        signed_zero=False,
        backward_steps=20,
        why=ORDER,
        skip=SIZES | {"special": "which of nan and inf comes out follows the order"},
    ),
    _product("cross", lambda t, x, y: t.cross(x, y, dim=1), ((4, 3), (4, 3)), skip=SIZES),
    _product("linalg.cross", lambda t, x, y: t.linalg.cross(x, y), ((4, 3), (1, 3)), skip=SIZES),
)

_EINSUM = (
    *(
        _product(
            f"einsum {equation}", lambda t, *xs, e=equation: t.einsum(e, *xs), shapes, skip=SIZES
        )
        for equation, shapes in (
            ("ii->i", ((3, 3),)),
            ("ii", ((3, 3),)),
            ("iji->j", ((3, 4, 3),)),
            ("...ij->...ji", ((2, 3, 4),)),
            ("...ij,...jk->...ik", ((2, 3, 4), (4, 5))),
            ("b...,b...->b", ((2, 3, 4), (2, 3, 4))),
            ("...,i->...i", ((2, 3), (4,))),
            ("i...->...", ((2, 3),)),
            ("i...", ((2, 3),)),
            ("ij,ij->ij", ((3, 4), (1, 4))),
            ("ij,j", ((3, 4), (1,))),
            ("bhqd,bhkd->bhqk", ((2, 2, 3, 4), (2, 2, 5, 4))),
            ("a,b,c->abc", ((2,), (3,), (4,))),
            ("iA,Aj->ij", ((2, 3), (3, 4))),
        )
    ),
    _product(
        "einsum of a list", lambda t, x, y: t.einsum("ij,jk", [x, y]), ((2, 3), (3, 4)), skip=SIZES
    ),
)

_NORMS = (
    *(
        OpCase(
            f"linalg.vector_norm {p}",
            lambda t, x, p=p: (
                t.linalg.vector_norm(x, p),
                t.linalg.vector_norm(x, p, dim=1),
                t.linalg.vector_norm(x, p, dim=(0, 1), keepdim=True),
            ),
            ((3, 4),),
            draw="distinct",
            forward_ulp=4,
            backward_ulp=8,
            backward_steps=8,
            why=ADDED,
            skip={"empty": "which of two mistakes is reported"},
        )
        for p in (2, 1, INF, -INF)
    ),
    OpCase(
        "linalg.vector_norm 0 counts",
        lambda t, x: (t.linalg.vector_norm(x, 0), t.linalg.vector_norm(x, 0, dim=1)),
        values=([[0.0, 2.0], [NAN, -0.0], [INF, 3.0]],),
    ),
    *(
        OpCase(
            f"linalg.matrix_norm {p}",
            lambda t, x, p=p: (t.linalg.matrix_norm(x, p), t.linalg.norm(x[0], p)),
            ((2, 3, 4),),
            draw="distinct",
            forward_ulp=4,
            backward_ulp=8,
            backward_steps=8,
            why=ADDED,
            skip={"0-d": "x[0] has nothing to read", "empty": "which of two mistakes is reported"},
        )
        for p in ("fro", 1, -1, INF, -INF)
    ),
    OpCase(
        "linalg.norm",
        lambda t, x: (t.linalg.norm(x), t.linalg.norm(x, dim=1), t.linalg.norm(x, 1, dim=0)),
        ((3, 4),),
        forward_ulp=4,
        backward_ulp=8,
        backward_steps=8,
        why=ADDED,
    ),
    *(
        OpCase(
            f"dist {p}",
            lambda t, x, y, p=p: t.dist(x, y, p),
            ((3, 4), (4,)),
            draw="normal",
            forward_ulp=4,
            backward_ulp=8,
            backward_steps=8,
            signed_zero=False,
            why=ADDED,
        )
        for p in (2, 1, INF)
    ),
    OpCase(
        "dist of equals",
        lambda t, x, y: t.dist(x, y),
        values=([1.0, 2.0], [1.0, 2.0]),
        skip={"second order": "PyTorch's second derivative there is what masking left over"},
    ),
    *(
        OpCase(
            f"cdist {p}",
            lambda t, x, y, p=p: t.cdist(x, y, p=p),
            ((3, 4), (5, 4)),
            forward_ulp=4,
            backward_ulp=8,
            backward_steps=8,
            signed_zero=False,
            why=ADDED,
            skip=CDIST,
        )
        for p in (2.0, 1.0, INF)
    ),
    OpCase(
        "cdist batches",
        lambda t, x, y: t.cdist(x, y),
        ((2, 3, 4), (2, 5, 4)),
        forward_ulp=4,
        backward_ulp=8,
        backward_steps=8,
        why=ADDED,
        skip=CDIST,
    ),
)

CASES = (*_ADDED, *_TENSORDOT, *_EINSUM, *_NORMS)

ERRORS = (
    ErrorCase("addmv size", lambda t: t.addmv(t.ones(2), t.ones(2, 3), t.ones(2))),
    ErrorCase("addmv input", lambda t: t.addmv(t.ones(3), t.ones(2, 3), t.ones(3))),
    ErrorCase("addmv rank", lambda t: t.addmv(t.ones(2), t.ones(3), t.ones(3))),
    ErrorCase("baddbmm sizes", lambda t: t.baddbmm(t.ones(1), t.ones(2, 3, 4), t.ones(2, 3, 4))),
    ErrorCase("baddbmm input", lambda t: t.baddbmm(t.ones(7), t.ones(2, 3, 4), t.ones(2, 4, 5))),
    ErrorCase("addr input", lambda t: t.addr(t.ones(2, 3), t.ones(2), t.ones(2))),
    ErrorCase("addr vec1", lambda t: t.addr(t.ones(2, 3), t.ones(2, 3), t.ones(2))),
    ErrorCase("inner sizes", lambda t: t.inner(t.ones(2, 3), t.ones(2))),
    ErrorCase("vdot of matrices", lambda t: t.vdot(t.ones(2, 3), t.ones(2, 3))),
    ErrorCase("tensordot sizes", lambda t: t.tensordot(t.ones(2, 3), t.ones(2, 3), 1)),
    ErrorCase("tensordot lists", lambda t: t.tensordot(t.ones(2, 3), t.ones(2, 3), ([0], [1]))),
    ErrorCase("tensordot lengths", lambda t: t.tensordot(t.ones(2), t.ones(2), ([0], []))),
    ErrorCase("tensordot many", lambda t: t.tensordot(t.ones(2, 3), t.ones(2, 3), 3)),
    ErrorCase("trace of a vector", lambda t: t.ones(3).trace()),
    ErrorCase("trace of bools", lambda t: (t.ones(2, 2) > 0).trace()),
    ErrorCase("matrix_power of a rectangle", lambda t: t.ones(2, 3).matrix_power(2)),
    ErrorCase("multi_dot of one", lambda t: t.linalg.multi_dot([t.ones(2, 2)])),
    ErrorCase("multi_dot sizes", lambda t: t.linalg.multi_dot([t.ones(2, 3), t.ones(2, 3)])),
    ErrorCase("chain_matmul of nothing", lambda t: t.chain_matmul()),
    ErrorCase("cross without a 3", lambda t: t.cross(t.ones(2, 2), t.ones(2, 2))),
    ErrorCase("vector_norm of integers", lambda t: t.linalg.vector_norm(t.tensor([1]))),
    ErrorCase("matrix_norm of a vector", lambda t: t.linalg.matrix_norm(t.ones(2))),
    ErrorCase("matrix_norm word", lambda t: t.linalg.matrix_norm(t.ones(2, 2), "x")),
    ErrorCase("matrix_norm order", lambda t: t.linalg.norm(t.ones(2, 2), 3)),
    ErrorCase("norm of a cube", lambda t: t.linalg.norm(t.ones(2, 2, 2), 2)),
    ErrorCase("norm fro of a dim", lambda t: t.linalg.norm(t.ones(2, 3), "fro", dim=0)),
    ErrorCase("dist of integers", lambda t: t.dist(t.tensor([1]), t.tensor([1]))),
    ErrorCase("cdist columns", lambda t: t.cdist(t.ones(2, 3), t.ones(2, 4))),
    ErrorCase("cdist of a vector", lambda t: t.cdist(t.ones(2), t.ones(2, 2))),
    ErrorCase("einsum unknown letter", lambda t: t.einsum("ij->ik", t.ones(2, 2))),
    ErrorCase("einsum letter twice in the result", lambda t: t.einsum("ij->ii", t.ones(2, 2))),
    ErrorCase("einsum sign", lambda t: t.einsum("i?->i", t.ones(2, 2))),
    ErrorCase("einsum few letters", lambda t: t.einsum("i->i", t.ones(2, 2))),
    ErrorCase("einsum many letters", lambda t: t.einsum("...ijk->i", t.ones(2, 2))),
    ErrorCase("einsum sizes", lambda t: t.einsum("ij,jk", t.ones(2, 3), t.ones(2, 3))),
    ErrorCase("einsum few operands", lambda t: t.einsum("ij,jk", t.ones(2, 3))),
)
