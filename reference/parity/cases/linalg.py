"""Products of matrices, in every combination of ranks.

PyTorch calls MKL, NumPy calls OpenBLAS: they add up the K products of each entry in different
orders, and a row of a large product is not even the bits of that row alone. The defensible gate,
measured, is sqrt(K) rounding steps of the sum of |x * w|; products of whole numbers are exact and
held to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reference.parity.case import OpCase, Shape

ORDER = (
    "MKL and OpenBLAS add up in different orders; one starts from 0.0, where -0.0 loses its sign"
)

_MATMULS: tuple[tuple[str, Shape, Shape], ...] = (
    ("vector vector", (5,), (5,)),
    ("matrix vector", (3, 5), (5,)),
    ("vector matrix", (5,), (5, 4)),
    ("matrix matrix", (3, 5), (5, 4)),
    ("batch matrix", (2, 3, 5), (5, 4)),
    ("matrix batch", (3, 5), (2, 5, 4)),
    ("batch vector", (2, 3, 5), (5,)),
    ("vector batch", (5,), (2, 5, 4)),
    ("batch batch", (2, 3, 5), (2, 5, 4)),
    ("broadcast batches", (2, 1, 3, 5), (6, 5, 4)),
    ("broadcast one", (1, 3, 5), (2, 5, 4)),
    ("inner size 1", (3, 1), (1, 4)),
    ("wide", (2, 300), (300, 3)),
    ("layer", (64, 130), (130, 10)),
)


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


CASES = (
    *(
        _product(
            f"matmul {name}",
            lambda t, x, y: t.matmul(x, y),
            (x, y),
            8 if x[-1] < 100 else x[-1] ** 0.5,
        )
        for name, x, y in _MATMULS
    ),
    *(
        OpCase(
            f"matmul {name} whole",
            lambda t, x, y: x @ y,
            (x, y),
            draw="whole",
            signed_zero=False,
            backward_steps=20,
            why=ORDER,
            skip={"special": "the drawn case has it"},
        )
        for name, x, y in _MATMULS
    ),
    OpCase(
        "matmul methods",
        lambda t, x, y: (x.matmul(y), x.mm(y), x @ y),
        ((3, 4), (4, 2)),
        draw="whole",
        backward_steps=20,
        why=ORDER,
    ),
    _product("mm", lambda t, x, y: t.mm(x, y), ((3, 4), (4, 2))),
    _product(
        "mv",
        lambda t, x, y: t.mv(x, y),
        ((3, 4), (4,)),
        skip={"0-d": "which of two mistakes is reported"},
    ),
    _product("bmm", lambda t, x, y: t.bmm(x, y), ((2, 3, 4), (2, 4, 5))),
    _product("dot", lambda t, x, y: t.dot(x, y), ((7,), (7,))),
    OpCase(
        "outer",
        lambda t, x, y: (t.outer(x, y), x.outer(y)),
        ((3,), (4,)),
        backward_steps=8,
        why=ORDER,
    ),
    _product("addmm", lambda t, b, x, y: t.addmm(b, x, y), ((4,), (3, 5), (5, 4))),
    _product(
        "addmm beta alpha",
        lambda t, b, x, y: t.addmm(b, x, y, beta=0.5, alpha=2),
        ((3, 4), (3, 5), (5, 4)),
    ),
    _product("transposed product", lambda t, x, y: x @ y.t(), ((3, 5), (4, 5))),
    _product("product of itself", lambda t, x: x @ x.mT, ((3, 5),)),
    _product(
        "einsum matrix product", lambda t, x, y: t.einsum("ij,jk->ik", x, y), ((3, 4), (4, 2))
    ),
    _product(
        "einsum batch", lambda t, x, y: t.einsum("bij,bjk->bik", x, y), ((2, 3, 4), (2, 4, 2))
    ),
    _product("einsum implicit", lambda t, x, y: t.einsum("ij,jk", x, y), ((3, 4), (4, 2))),
    _product("einsum sum", lambda t, x: t.einsum("ij->j", x), ((3, 4),)),
    _product("einsum to a number", lambda t, x, y: t.einsum("ij,ij->", x, y), ((3, 4), (3, 4))),
    _product("einsum outer", lambda t, x, y: t.einsum("i,j->ij", x, y), ((3,), (4,))),
    _product(
        "einsum three",
        lambda t, x, y, z: t.einsum("ij,jk,kl->il", x, y, z),
        ((3, 4), (4, 2), (2, 5)),
        steps=16,
    ),
    OpCase("einsum transpose", lambda t, x: t.einsum("ij->ji", x), ((3, 4),)),
    OpCase(
        "integer products",
        lambda t, x, y: [x @ y, t.mm(x, y), x @ y[:, 0], t.dot(x[0], y[:, 0])],
        ((3, 4), (4, 2)),
        dtypes=("int64", "int32"),
        skip={"0-d": "y[:, 0] does not fit"},
    ),
    OpCase(
        "products of nothing",
        lambda t: [
            t.zeros(2, 0) @ t.zeros(0, 3),
            t.zeros(0, 2) @ t.zeros(2, 3),
            t.zeros(0) @ t.zeros(0),
        ],
    ),
)
