"""Circles and their inverses, statistics' special functions, and all of them in place.

Where a budget is not zero, the number was measured over 200,000 values: NumPy's function against
torch's, which are both within an ULP or two of the true value and round differently.
"""

from __future__ import annotations

from typing import Any

from reference.parity.case import OpCase

NAN, INF = float("nan"), float("inf")
ONE = ((33, 7),)
MKL = "MKL's and SLEEF's functions against NumPy's, measured"
MKL_GRAD = MKL + "; the gradient multiplies by another of them"
CANCELS = MKL + "; the gradient subtracts near equals, so counted at the largest value"
BROADCAST = "the gradient of a broadcast is a sum, and PyTorch adds up in another order"
SLOPE_AT_0 = {"special": "the sign of the slope at -0.0 depends, in PyTorch, on the SIMD lane"}

_ONE = (
    OpCase("tan", lambda t, x: t.tan(x), ONE, forward_ulp=1, backward_ulp=4, why=MKL_GRAD),
    OpCase(
        "asin",
        lambda t, x: t.asin(x),
        ONE,
        draw="unit",
        forward_ulp=1,
        backward_ulp=2,
        why=MKL_GRAD,
    ),
    OpCase(
        "acos",
        lambda t, x: t.acos(x),
        ONE,
        draw="unit",
        forward_ulp=1,
        backward_ulp=2,
        why=MKL_GRAD,
    ),
    OpCase("atan", lambda t, x: t.atan(x), ONE, forward_ulp=1, backward_ulp=2, why=MKL_GRAD),
    OpCase("sinh", lambda t, x: t.sinh(x), ONE, forward_ulp=2, backward_ulp=2, why=MKL_GRAD),
    OpCase("cosh", lambda t, x: t.cosh(x), ONE, forward_ulp=1, backward_ulp=3, why=MKL_GRAD),
    OpCase("asinh", lambda t, x: t.asinh(x), ONE, backward_ulp=4, backward_steps=4, why=CANCELS),
    OpCase(
        "acosh",
        lambda t, x: t.acosh(x + 1),
        ONE,
        draw="positive",
        backward_ulp=4,
        backward_steps=4,
        why=CANCELS,
    ),
    OpCase(
        "atanh",
        lambda t, x: t.atanh(x),
        ONE,
        draw="unit",
        forward_ulp=2,
        backward_ulp=4,
        backward_steps=4,
        why=CANCELS,
    ),
    OpCase("exp2", lambda t, x: t.exp2(x), ONE, forward_ulp=1, backward_ulp=2, why=MKL_GRAD),
    OpCase("erf", lambda t, x: t.erf(x), ONE, forward_ulp=1, backward_ulp=3, why=MKL_GRAD),
    OpCase("erfc", lambda t, x: t.erfc(x), ONE, forward_ulp=4, backward_ulp=3, why=MKL_GRAD),
    OpCase(
        "sinc",
        lambda t, x: t.sinc(x),
        ONE,
        draw="away from 0",
        forward_ulp=2,
        backward_ulp=4,
        backward_steps=8,
        why=CANCELS,
    ),
    OpCase(
        "logit",
        lambda t, x: t.logit(x),
        ONE,
        draw="unit",
        forward_ulp=3,
        backward_ulp=4,
        backward_steps=4,
        why=CANCELS,
        skip=SLOPE_AT_0,
    ),
    OpCase(
        "logit eps",
        lambda t, x: t.logit(x, 0.3),
        ONE,
        draw="unit",
        forward_ulp=3,
        backward_ulp=4,
        backward_steps=4,
        why=CANCELS,
        skip=SLOPE_AT_0,
    ),
    OpCase("frac", lambda t, x: t.frac(x), ONE, draw="wide"),
    OpCase("sgn", lambda t, x: t.sgn(x), ONE),
    OpCase("positive", lambda t, x: t.positive(x * 2), ONE),
    OpCase("deg2rad rad2deg", lambda t, x: (t.deg2rad(x), t.rad2deg(x)), ONE),
    OpCase("nan_to_num", lambda t, x: t.nan_to_num(x), ONE),
    OpCase(
        "nan_to_num values",
        lambda t, x: (x.nan_to_num(1.0, 2.0, -2.0), x.nan_to_num(nan=3.0, neginf=0.0)),
        ((9,),),
    ),
    OpCase("signbit", lambda t, x: t.signbit(x), ONE, gradient=False),
    OpCase(
        "isposinf isneginf isreal",
        lambda t, x: [t.isposinf(x), t.isneginf(x), t.isreal(x)],
        ONE,
        gradient=False,
    ),
    OpCase(
        "outside of the domain",
        lambda t, x: [t.asin(x), t.acos(x), t.atanh(x), t.acosh(x), t.logit(x)],
        values=([-2.0, 2.0, NAN, INF, -INF],),
    ),
    OpCase(
        "at the edge of the domain",
        lambda t, x: [t.asin(x), t.acos(x), t.atanh(x), t.logit(x.abs())],
        values=([1.0, -1.0, 0.0, -0.0],),
    ),
    OpCase("sinc at 0", lambda t, x: t.sinc(x), values=([0.0, -0.0, 1.0, 2.0],)),
    OpCase(
        "circles of integers",
        lambda t, x: [
            t.tan(x),
            t.atan(x),
            t.sinh(x),
            t.cosh(x),
            t.asinh(x),
            t.exp2(x),
            t.erf(x),
            t.erfc(x),
            t.sinc(x),
            t.deg2rad(x),
            t.signbit(x),
            t.sgn(x),
            t.nan_to_num(x),
        ],
        ((5,),),
        dtypes=("int64", "int32", "uint8"),
        gradient=False,
        forward_ulp=2,
        why=MKL,
    ),
    OpCase(
        "other names",
        lambda t, x: [
            t.arcsin(x),
            t.arccos(x),
            t.arctan(x),
            t.arcsinh(x),
            t.arctanh(x),
            t.arccosh(x + 1),
            x.arcsin(),
            x.arctan(),
            t.fix(x),
            x.absolute(),
            x.negative(),
        ],
        ((5,),),
        draw="unit",
    ),
)


def _written(name: str, write: Any, draw: str = "unit", **options: Any) -> OpCase:
    """`write` in place into a copy of x, so that the history goes through it."""

    def fn(_t: Any, x: Any, y: Any) -> Any:
        out = x.clone()
        same = write(out, y)
        return out, same is out, out._version

    return OpCase(
        f"{name}_",
        fn,
        ((5, 4), (4,)),
        draw=draw,
        forward_ulp=4,
        backward_ulp=4,
        backward_steps=8,
        why=MKL + "; " + BROADCAST,
        **options,
    )


def _functions(out: Any, _y: Any) -> Any:
    out.sin_().cos_().clamp_min_(0.1)
    return out


_IN_PLACE = (
    *(
        _written(name, lambda out, _y, name=name: getattr(out, f"{name}_")())
        for name in (
            *("tan", "asin", "acos", "atan", "sinh", "cosh", "exp2", "expm1"),
            *("log1p", "log2", "log10", "sin", "cos", "erf", "erfc", "sinc", "frac"),
            *("deg2rad", "rad2deg", "nan_to_num", "sgn", "arctan", "absolute", "negative"),
        )
    ),
    *(
        _written(name, lambda out, y, name=name: getattr(out, f"{name}_")(y))
        for name in (*("atan2", "hypot", "copysign", "xlogy", "multiply", "subtract", "divide"),)
    ),
    _written("logit", lambda out, _y: out.logit_(), skip=SLOPE_AT_0),
    _written("lerp", lambda out, y: out.lerp_(y, 0.3)),
    _written("addcmul", lambda out, y: out.addcmul_(y, y, value=0.5)),
    _written("addcdiv", lambda out, y: out.addcdiv_(y, y + 1)),
    _written("functions", _functions),
    OpCase(
        "bits and logic in place",
        lambda t, x, y: [
            x.clone().bitwise_and_(y),
            x.clone().bitwise_or_(y),
            x.clone().bitwise_xor_(y),
            x.clone().bitwise_not_(),
            x.clone().logical_and_(y),
            x.clone().logical_or_(y),
            x.clone().logical_not_(),
            x.clone().gcd_(y),
            x.clone().lcm_(y),
        ],
        ((6,), (6,)),
        dtypes=("int64", "int32"),
    ),
)


CASES = (*_ONE, *_IN_PLACE)
