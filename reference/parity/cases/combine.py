"""Two or three values into one: angles, lengths, bounds, blends, products added."""

from __future__ import annotations

from reference.parity.case import OpCase

NAN, INF = float("nan"), float("inf")
ONE = ((33, 7),)
TWO = ((5, 4), (4,))
MKL = "MKL's and SLEEF's functions against NumPy's, measured over 200,000 values"
CANCELS = MKL + "; the gradient subtracts near equals, so counted at the largest value"
BROADCAST = "the gradient of a broadcast is a sum, and PyTorch adds up in another order"
LANES = "which of 0.0 and -0.0 is the larger depends, in PyTorch, on the SIMD lane it falls into"

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

CASES = (*_TWO, *_THREE)
