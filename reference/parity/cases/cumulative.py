"""Running sums, products and extremes; differences of neighbours."""

from __future__ import annotations

from reference.parity.case import OpCase

NAN, INF = float("nan"), float("inf")
ORDER = "PyTorch adds up in another order"
PRODUCTS = "the order of the products; PyTorch divides by x where we multiply"
LOGS = "PyTorch's gradient goes through log(grad) and back, and loses up to ten bits"
FORMULA = {"special": "how inf and nan meet in a running product follows the formula"}

CASES = (
    OpCase(
        "cumprod",
        lambda t, x: t.cumprod(x, 1),
        ((3, 5),),
        draw="nonzero",
        skip=FORMULA,
        forward_ulp=2,
        backward_ulp=6,
        backward_steps=8,
        why=PRODUCTS,
    ),
    OpCase(
        "cumprod dim 0",
        lambda t, x: x.cumprod(0),
        ((4, 3),),
        draw="nonzero",
        skip=FORMULA,
        forward_ulp=2,
        backward_ulp=6,
        backward_steps=8,
        why=PRODUCTS,
    ),
    OpCase(
        "T34 cumprod with zeros",
        lambda t, x: x.cumprod(1),
        values=([[2.0, 0.0, 3.0, 4.0], [0.0, 2.0, 0.0, 3.0], [1.0, 2.0, 3.0, 0.0]],),
        backward_ulp=2,
        signed_zero=False,
        why=PRODUCTS,
    ),
    OpCase(
        "cumprod values of nan",
        lambda t, x: x.detach().cumprod(1),
        ((3, 4),),
        gradient=False,
        forward_ulp=2,
        why=PRODUCTS,
    ),
    OpCase("cummax", lambda t, x: t.cummax(x, 1), ((3, 5),), draw="distinct"),
    OpCase("cummin", lambda t, x: x.cummin(0), ((5, 3),), draw="distinct"),
    OpCase(
        "cummax cummin ties and nan",
        lambda t, x: (x.cummax(1), x.cummin(1)),
        values=(
            [[1.0, 1.0, 0.0, 1.0, 2.0], [1.0, NAN, 3.0, NAN, 5.0], [0.0, -0.0, 0.0, 1.0, 0.0]],
        ),
    ),
    OpCase(
        "cumulative integers",
        lambda t, x: [x.cumprod(0), x.cummax(1), x.cummin(0), x.cumsum(1)],
        ((3, 4),),
        dtypes=("int64", "int32", "uint8"),
    ),
    OpCase("cumulative bools", lambda t, x: [x.cumprod(0), x.cummax(0)], ((6,),), draw="bool"),
    OpCase(
        "cumprod dtype",
        lambda t, x: x.cumprod(0, dtype=t.float64),
        ((4,),),
        draw="nonzero",
        backward_ulp=4,
        why=PRODUCTS,
        skip={"second order": "PyTorch rounds the gradient to float32 on its way, we later"},
    ),
    OpCase(
        "logcumsumexp",
        lambda t, x: t.logcumsumexp(x, 1),
        ((3, 6),),
        skip=FORMULA,
        forward_ulp=8,
        forward_steps=4,
        backward_ulp=16,
        backward_steps=8,
        why=LOGS,
    ),
    OpCase(
        "logcumsumexp far apart",
        lambda t, x: x.logcumsumexp(0),
        values=([-1000.0, 0.0, 1000.0, 999.0],),
        backward_ulp=1024,
        why=LOGS,
        skip={"second order": "there the lost bits are all that is left"},
    ),
    OpCase(
        "logcumsumexp of infinities",
        lambda t, x: x.detach().logcumsumexp(1),
        values=([[-INF, -INF, 0.0], [INF, 0.0, INF], [0.0, NAN, 1.0], [-INF, 3.0, -INF]],),
        gradient=False,
    ),
    OpCase(
        "diff",
        lambda t, x: (t.diff(x), x.diff(dim=0), x.diff(n=2)),
        ((4, 5),),
        backward_ulp=4,
        backward_steps=4,
        why=ORDER,
    ),
    OpCase(
        "diff prepend append",
        lambda t, x, y: (t.diff(x, prepend=y), x.diff(append=y), x.diff(1, -1, y, y)),
        ((3, 5), (3, 2)),
    ),
    OpCase("diff too often", lambda t, x: (x.diff(n=0), x.diff(n=9)), ((3, 4),)),
    OpCase("diff of bools", lambda t, x: x.diff(), ((6,),), draw="bool"),
)
