"""One value in, one value out, and their broadcasts: arithmetic, powers, logarithms, rounding.

Where a budget is not zero, the number was measured over two million values: NumPy's function
against torch's, which are both within an ULP or two of the true value and round differently.
"""

from __future__ import annotations

import numpy as np

from reference.parity.case import OpCase

NAN, INF = float("nan"), float("inf")
ONE = ((5, 7),)
TWO = ((3, 4), (4,))
MKL = "MKL's and SLEEF's functions against NumPy's, measured"
MKL_GRAD = MKL + "; the gradient multiplies by the saved result"
CANCELS = (
    MKL + "; 1 - out**2 (or 1 - out) cancels where out is near 1, so counted at the largest value"
)

BROADCAST = "the gradient of a broadcast is a sum, and PyTorch adds up in another order"

LANES = "which of 0.0 and -0.0 is the larger depends, in PyTorch, on the SIMD lane it falls into"

_UNARY = (
    OpCase("abs", lambda t, x: t.abs(x), ONE),
    OpCase("neg", lambda t, x: t.neg(x), ONE),
    OpCase("neg operator", lambda t, x: -x, ONE),
    OpCase("pos operator", lambda t, x: +x, ONE),
    OpCase("exp", lambda t, x: t.exp(x), ((33, 7),), forward_ulp=2, backward_ulp=3, why=MKL_GRAD),
    OpCase("log", lambda t, x: t.log(x), ((33, 7),), draw="positive", forward_ulp=3, why=MKL),
    OpCase("log1p", lambda t, x: t.log1p(x), ((33, 7),), draw="positive", forward_ulp=1, why=MKL),
    OpCase(
        "expm1",
        lambda t, x: t.expm1(x),
        ((33, 7),),
        forward_ulp=1,
        backward_ulp=2,
        backward_steps=1,
        why=MKL_GRAD + ", which cancels near -1",
    ),
    OpCase("log2", lambda t, x: t.log2(x), ((33, 7),), draw="positive", forward_ulp=1, why=MKL),
    OpCase("log10", lambda t, x: t.log10(x), ((33, 7),), draw="positive", forward_ulp=2, why=MKL),
    OpCase(
        "sqrt",
        lambda t, x: t.sqrt(x),
        ((33, 7),),
        draw="positive",
    ),
    OpCase("rsqrt", lambda t, x: t.rsqrt(x), ((33, 7),), draw="positive"),
    OpCase("square", lambda t, x: t.square(x), ONE),
    OpCase("sin", lambda t, x: t.sin(x), ((33, 7),), forward_ulp=1, backward_ulp=2, why=MKL),
    OpCase("cos", lambda t, x: t.cos(x), ((33, 7),), forward_ulp=1, backward_ulp=2, why=MKL),
    OpCase(
        "tanh",
        lambda t, x: t.tanh(x),
        ((33, 7),),
        forward_ulp=1,
        backward_ulp=2,
        backward_steps=4,
        why=CANCELS,
    ),
    OpCase(
        "sigmoid",
        lambda t, x: t.sigmoid(x),
        ((33, 7),),
        forward_ulp=4,
        backward_ulp=4,
        backward_steps=8,
        why=CANCELS,
    ),
    OpCase("reciprocal", lambda t, x: t.reciprocal(x), ONE, draw="nonzero"),
    OpCase("sign", lambda t, x: t.sign(x), ONE),
    OpCase("floor", lambda t, x: t.floor(x), ONE, draw="wide"),
    OpCase("ceil", lambda t, x: t.ceil(x), ONE, draw="wide"),
    OpCase("trunc", lambda t, x: t.trunc(x), ONE, draw="wide"),
    OpCase("round", lambda t, x: t.round(x), ONE, draw="wide"),
    OpCase(
        "T92 round half to even",
        lambda t, x: t.round(x),
        values=([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 0.4999999],),
    ),
    OpCase("round decimals", lambda t, x: t.round(x, decimals=2), ONE),
    OpCase(
        "T29 abs and sign at 0",
        lambda t, x: (t.abs(x), t.sign(x)),
        values=([-0.0, 0.0, -1.0, NAN],),
    ),
    OpCase("T30 sqrt at 0", lambda t, x: t.sqrt(x), values=([0.0, -0.0, 4.0, -1.0],)),
    OpCase("T30 power one half at 0", lambda t, x: x**0.5, values=([0.0, 4.0],)),
    OpCase(
        "T17 sigmoid far left",
        lambda t, x: t.sigmoid(x),
        values=([-89.0, -745.0, 89.0, -INF, INF],),
        dtypes=("float32",),
    ),
    OpCase(
        "T18 sigmoid gradient from the output",
        lambda t, x: t.sigmoid(x),
        values=([17.0, -17.0, 0.0],),
        forward_ulp=4,
        backward_ulp=4,
        why=MKL,
    ),
    OpCase(
        "abs of integers",
        lambda t, x: (t.abs(x), -x, x.sign(), x.square()),
        ONE,
        dtypes=("int32", "int64"),
    ),
    OpCase(
        "integers become float32",
        lambda t, x: [
            t.exp(x),
            t.log1p(x.abs()),
            t.sqrt(x.abs()),
            t.tanh(x),
            t.sin(x),
            t.reciprocal(x),
            t.sigmoid(x),
        ],
        ONE,
        dtypes=("int32", "int64"),
        forward_ulp=4,
        why=MKL,
        gradient=False,
    ),
    OpCase(
        "rounding of integers",
        lambda t, x: (x.floor(), x.ceil(), x.trunc(), x.round()),
        ONE,
        dtypes=("int32", "int64"),
    ),
    OpCase(
        "methods of one tensor",
        lambda t, x: [
            x.abs(),
            x.neg(),
            x.exp(),
            x.log(),
            x.log1p(),
            x.expm1(),
            x.log2(),
            x.log10(),
            x.sqrt(),
            x.rsqrt(),
            x.square(),
            x.sin(),
            x.cos(),
            x.tanh(),
            x.sigmoid(),
            x.reciprocal(),
            x.sign(),
            x.floor(),
            x.ceil(),
            x.round(),
            x.trunc(),
            x.isnan(),
            x.isinf(),
            x.isfinite(),
            x.logical_not(),
        ],
        ((4, 3),),
        draw="positive",
        forward_ulp=4,
        backward_ulp=8,
        why=MKL + "; the gradient adds up 21 terms",
        skip={"second order": "each of them has a case of its own"},
    ),
)

_BINARY = (
    OpCase("add", lambda t, x, y: t.add(x, y), TWO),
    OpCase("add alpha", lambda t, x, y: t.add(x, y, alpha=0.3), TWO),
    OpCase("sub", lambda t, x, y: t.sub(x, y), TWO),
    OpCase("sub alpha", lambda t, x, y: t.sub(x, y, alpha=2), TWO),
    OpCase("mul", lambda t, x, y: t.mul(x, y), TWO),
    OpCase("div", lambda t, x, y: t.div(x, y), TWO, draw="nonzero"),
    OpCase("div trunc", lambda t, x, y: t.div(x, y, rounding_mode="trunc"), TWO, draw="nonzero"),
    OpCase("div floor", lambda t, x, y: t.div(x, y, rounding_mode="floor"), TWO, draw="nonzero"),
    OpCase(
        "floor_divide", lambda t, x, y: t.floor_divide(x, y), TWO, draw="nonzero", gradient=False
    ),
    OpCase("remainder", lambda t, x, y: t.remainder(x, y), TWO, draw="nonzero"),
    OpCase("fmod", lambda t, x, y: t.fmod(x, y), TWO, draw="nonzero"),
    OpCase("add outer broadcast", lambda t, x, y: x + y, ((3, 1), (1, 4))),
    OpCase("mul rank broadcast", lambda t, x, y: x * y, ((2, 1, 4), (3, 1))),
    OpCase("sub 0-dim", lambda t, x, y: x - y, ((3, 4), ()), backward_steps=8, why=BROADCAST),
    OpCase("div broadcast left", lambda t, x, y: x / y, ((4,), (3, 4)), draw="nonzero"),
    OpCase(
        "operators",
        lambda t, x, y: [x + y, x - y, x * y, x / y, x % y],
        TWO,
        draw="nonzero",
        skip={"second order": "each of them has a case of its own"},
    ),
    OpCase("operators with a number", lambda t, x: [x + 2, x - 2.5, x * 3, x / 3, x % 0.7], ONE),
    OpCase(
        "operators after a number", lambda t, x: [2 + x, 2.5 - x, 3 * x, 3 / x], ONE, draw="nonzero"
    ),
    OpCase(
        "floor division",
        lambda t, x, y: [x // y, x // 0.7, 0.7 // x, 0.7 % x, x.floor_divide(y)],
        TWO,
        draw="nonzero",
        gradient=False,
    ),
    OpCase(
        "T95 number rounded to the dtype first",
        lambda t, x: [x * 0.1, x + 0.1, x / 0.1, x - 0.1],
        ((64,),),
    ),
    OpCase("same tensor twice", lambda t, x: x * x + x / x, ONE, draw="nonzero"),
    OpCase("maximum", lambda t, x, y: t.maximum(x, y), TWO, signed_zero=False, why=LANES),
    OpCase("minimum", lambda t, x, y: t.minimum(x, y), TWO, signed_zero=False, why=LANES),
    OpCase(
        "T25 maximum tie",
        lambda t, x, y: (t.maximum(x, y), t.minimum(x, y)),
        values=([1.0, 2.0, -1.0], [1.0, 3.0, -1.0]),
    ),
    OpCase(
        "T26 maximum with nan",
        lambda t, x, y: (t.maximum(x, y), t.minimum(x, y)),
        values=([NAN, 1.0, NAN], [1.0, NAN, NAN]),
    ),
    OpCase(
        "methods of two tensors",
        lambda t, x, y: [
            x.add(y),
            x.sub(y),
            x.mul(y),
            x.div(y),
            x.remainder(y),
            x.fmod(y),
            x.maximum(y),
            x.minimum(y),
        ],
        TWO,
        draw="nonzero",
        skip={"second order": "each of them has a case of its own"},
    ),
    OpCase(
        "integer arithmetic",
        lambda t, x, y: [x + y, x - y, x * y, x / y, x**2, x.maximum(y), x.minimum(y)],
        TWO,
        dtypes=("int32", "int64", "uint8"),
    ),
    OpCase(
        "T91 floor and remainder of integers",
        lambda t: [
            (
                a // b,
                a % b,
                t.fmod(a, b),
                t.div(a, b, rounding_mode="trunc"),
                t.div(a, b, rounding_mode="floor"),
            )
            for a, b in ((t.tensor([7, -7, 7, -7]), t.tensor([2, 2, -2, -2])),)
        ],
    ),
    OpCase(
        "T91 floor and remainder of floats",
        lambda t, x, y: [x // y, x % y, t.fmod(x, y)],
        gradient=False,
        values=(
            [7.0, -7.0, 7.0, -7.0, 1.0, -1.0, 0.0, 0.3, INF],
            [2.0, 2.0, -2.0, -2.0, 0.0, 0.0, 0.0, 0.1, 2.0],
        ),
    ),
)

_POWERS = (
    *(
        OpCase(
            f"pow {e}",
            lambda t, x, e=e: t.pow(x, e),
            ONE,
            draw="nonzero",
            why="correctly rounded products against libm's pow",
            forward_ulp=1,
            backward_ulp=3,
        )
        if e not in (0, 1, 2, 3, -1)
        else OpCase(f"pow {e}", lambda t, x, e=e: t.pow(x, e), ONE, draw="nonzero")
        for e in (0, 1, 2, 3, 4, 5, -1, -2, -3)
    ),
    *(
        OpCase(
            f"pow {e}",
            lambda t, x, e=e: x**e,
            ONE,
            draw="positive",
            forward_ulp=2,
            backward_ulp=4,
            why=MKL + "; one number alone takes another loop than eight: 5.0 ** 1.7 is 2 ulp off",
        )
        for e in (0.5, -0.5, 1.7, -1.3, 2.0, 3.0)
    ),
    OpCase(
        "pow tensor",
        lambda t, x, y: x**y,
        TWO,
        draw=("positive", "normal"),
        forward_ulp=1,
        backward_ulp=6,
        backward_steps=4,
        why=MKL + "; the exponent's gradient multiplies a power by a logarithm",
    ),
    OpCase("pow of a number", lambda t, x: 2.0**x, ONE, forward_ulp=1, backward_ulp=3, why=MKL),
    OpCase(
        "T33 pow corners of the base",
        lambda t, x: [x**0, x**0.0, x**1, x**2, x ** (1 / 3)],
        values=([0.0, -8.0, 2.0],),
        forward_ulp=1,
        backward_ulp=2,
        why=MKL,
    ),
    OpCase(
        "T33 pow corners of the exponent",
        lambda t, x, y: x**y,
        forward_ulp=1,
        backward_ulp=2,
        why=MKL,
        values=([0.0, 2.0, 0.0, -8.0, 0.0], [2.0, 0.0, 0.0, 1 / 3, -1.0]),
    ),
    OpCase("T33 pow of number 0", lambda t, x: 0.0**x, values=([0.0, 1.0, 2.0, -1.0],)),
    OpCase(
        "T90 integer powers",
        lambda t, x: [x**0, x**1, x**2, x**3, x ** t.tensor(2), x ** t.tensor([-1, 0, 3])],
        values=(np.array([-2, 1, 3]),),
    ),
    OpCase(
        "integer to a float power",
        lambda t, x: [x**0.5, x**2.0],
        values=(np.array([1, 4, 9]),),
        forward_ulp=1,
        why=MKL,
    ),
)

CASES = (*_UNARY, *_BINARY, *_POWERS)
