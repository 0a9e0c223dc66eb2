"""Circles and their inverses, statistics' special functions, blends: one value at every place.

Where a budget is not zero, the number was measured over 200,000 values: NumPy's function against
torch's, which are both within an ULP or two of the true value and round differently.
"""

from __future__ import annotations

from typing import Any

from reference.parity.case import OpCase

NAN, INF = float("nan"), float("inf")
ONE = ((33, 7),)
TWO = ((5, 4), (4,))
MKL = "MKL's and SLEEF's functions against NumPy's, measured"
MKL_GRAD = MKL + "; the gradient multiplies by another of them"
CANCELS = MKL + "; the gradient subtracts near equals, so counted at the largest value"
BROADCAST = "the gradient of a broadcast is a sum, and PyTorch adds up in another order"
LANES = "which of 0.0 and -0.0 is the larger depends, in PyTorch, on the SIMD lane it falls into"
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

_TWO = (
    OpCase(
        "atan2",
        lambda t, x, y: t.atan2(x, y),
        TWO,
        forward_ulp=1,
        backward_ulp=4,
        backward_steps=4,
        why=BROADCAST,
    ),
    OpCase(
        "hypot",
        lambda t, x, y: t.hypot(x, y),
        TWO,
        forward_ulp=1,
        backward_ulp=4,
        backward_steps=4,
        why=BROADCAST,
    ),
    OpCase(
        "hypot of zeros",
        lambda t, x, y: t.hypot(x, y),
        values=([0.0, 3.0], [0.0, 4.0]),
        backward_ulp=1,
        why=MKL,
    ),
    OpCase("copysign", lambda t, x, y: t.copysign(x, y), TWO, backward_steps=8, why=BROADCAST),
    OpCase(
        "copysign number", lambda t, x: (t.copysign(x, -1), x.copysign(2.5), x.copysign(-0.0)), ONE
    ),
    OpCase("heaviside", lambda t, x, y: t.heaviside(x, y), TWO, draw="whole", gradient=False),
    OpCase(
        "logaddexp",
        lambda t, x, y: t.logaddexp(x, y),
        TWO,
        forward_ulp=8,
        forward_steps=4,
        backward_ulp=4,
        backward_steps=4,
        why=CANCELS,
    ),
    OpCase(
        "logaddexp2",
        lambda t, x, y: t.logaddexp2(x, y),
        TWO,
        forward_ulp=8,
        forward_steps=4,
        backward_ulp=4,
        backward_steps=4,
        why=CANCELS,
    ),
    OpCase(
        "logaddexp of infinities",
        lambda t, x, y: (t.logaddexp(x, y), t.logaddexp2(x, y)),
        values=([INF, -INF, INF, -INF, NAN, 1000.0], [INF, -INF, 0.0, 0.0, 0.0, 1000.0]),
    ),
    OpCase(
        "xlogy",
        lambda t, x, y: t.xlogy(x, y),
        TWO,
        draw=("normal", "positive"),
        forward_ulp=4,
        backward_ulp=4,
        backward_steps=4,
        why=MKL,
    ),
    OpCase(
        "xlogy number",
        lambda t, x: (t.xlogy(x, 2.5), t.xlogy(2.5, x)),
        ONE,
        draw="positive",
        forward_ulp=4,
        backward_ulp=4,
        why=MKL,
    ),
    OpCase(
        "xlogy at 0",
        lambda t, x, y: t.xlogy(x, y),
        values=([0.0, 0.0, 0.0, 1.0, 0.0], [0.0, NAN, -1.0, 0.0, INF]),
    ),
    OpCase(
        "fmax",
        lambda t, x, y: t.fmax(x, y),
        TWO,
        signed_zero=False,
        backward_steps=8,
        why=LANES + "; " + BROADCAST,
    ),
    OpCase(
        "fmin",
        lambda t, x, y: t.fmin(x, y),
        TWO,
        signed_zero=False,
        backward_steps=8,
        why=LANES + "; " + BROADCAST,
    ),
    OpCase(
        "fmax fmin ties and nan",
        lambda t, x, y: (t.fmax(x, y), t.fmin(x, y)),
        values=([1.0, NAN, 2.0, NAN], [1.0, 3.0, NAN, NAN]),
    ),
    OpCase(
        "float_power",
        lambda t, x, y: t.float_power(x, y),
        TWO,
        draw=("positive", "normal"),
        backward_ulp=4,
        backward_steps=4,
        why=BROADCAST,
    ),
    OpCase(
        "float_power number",
        lambda t, x: (t.float_power(x, 2), x.float_power(0.5)),
        ((5,),),
        draw="positive",
    ),
    OpCase("ldexp", lambda t, x, i: t.ldexp(x, i), ((4,), (4,)), draw=("normal", "whole")),
    OpCase(
        "rsub", lambda t, x, y: (t.rsub(x, y), t.rsub(x, 2)), TWO, backward_steps=8, why=BROADCAST
    ),
    OpCase(
        "pow of a number by name",
        lambda t, x: t.pow(2.0, x),
        ONE,
        forward_ulp=1,
        backward_ulp=3,
        why=MKL,
    ),
    OpCase("clamp_min number", lambda t, x: (t.clamp_min(x, 0.2), x.clamp_min(0)), ONE),
    OpCase("clamp_max number", lambda t, x: (t.clamp_max(x, 0.2), x.clamp_max(0)), ONE),
    OpCase(
        "clamp_min clamp_max tensors",
        lambda t, x, y: (t.clamp_min(x, y), t.clamp_max(x, y)),
        TWO,
        signed_zero=False,
        backward_steps=8,
        why=LANES + "; " + BROADCAST,
    ),
    OpCase(
        "clamp_min at its bound",
        lambda t, x, y: (x.clamp_min(1), x.clamp_max(1), x.clamp_min(y), x.clamp_max(y)),
        values=([1.0, 0.0, 2.0, NAN], [1.0, 1.0, 1.0, 1.0]),
    ),
    OpCase(
        "whole numbers",
        lambda t, x, y: [
            t.gcd(x, y),
            t.lcm(x, y),
            x << y.abs(),
            x >> y.abs(),
            t.bitwise_left_shift(x, 2),
            t.bitwise_right_shift(x, 1),
            t.copysign(x, y),
            t.fmax(x, y),
            t.heaviside(x, y),
        ],
        ((6,), (6,)),
        dtypes=("int64", "int32"),
    ),
    OpCase("atan2 of integers", lambda t, x, y: t.atan2(x, y), ((6,), (6,)), dtypes=("int64",)),
)

_THREE = (
    OpCase("lerp", lambda t, x, y: t.lerp(x, y, 0.3), TWO, backward_steps=8, why=BROADCAST),
    OpCase(
        "lerp beyond the middle",
        lambda t, x, y: x.lerp(y, 0.7),
        TWO,
        backward_steps=8,
        why=BROADCAST,
    ),
    OpCase(
        "lerp outside",
        lambda t, x, y: (x.lerp(y, -1.5), x.lerp(y, 3)),
        TWO,
        backward_steps=8,
        why=BROADCAST,
    ),
    OpCase(
        "lerp tensor",
        lambda t, x, y, w: t.lerp(x, y, w),
        ((5, 4), (4,), (5, 1)),
        backward_steps=8,
        why=BROADCAST,
    ),
    OpCase(
        "addcmul",
        lambda t, x, y, z: t.addcmul(x, y, z),
        ((5, 4), (4,), (5, 1)),
        backward_steps=8,
        why=BROADCAST,
    ),
    OpCase(
        "addcmul value",
        lambda t, x, y, z: x.addcmul(y, z, value=0.3),
        ((5, 4), (4,), (5, 1)),
        backward_steps=8,
        why=BROADCAST,
    ),
    OpCase(
        "addcdiv",
        lambda t, x, y, z: t.addcdiv(x, y, z),
        ((5, 4), (4,), (5, 1)),
        draw=("normal", "normal", "nonzero"),
        backward_steps=8,
        why=BROADCAST,
    ),
    OpCase(
        "addcdiv value",
        lambda t, x, y, z: x.addcdiv(y, z, value=-0.7),
        ((5, 4), (4,), (5, 1)),
        draw=("normal", "normal", "nonzero"),
        backward_steps=8,
        why=BROADCAST,
    ),
    OpCase(
        "addcmul of integers",
        lambda t, x, y, z: (t.addcmul(x, y, z), t.addcmul(x, y, z, value=2)),
        ((4,), (4,), (4,)),
        dtypes=("int64", "int32"),
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


CASES = (*_ONE, *_TWO, *_THREE, *_IN_PLACE)
