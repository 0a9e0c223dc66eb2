"""Choosing among values (clamp, where, masks), comparing them, and writing in place."""

from __future__ import annotations

from reference.parity.case import OpCase, indices

NAN = float("nan")
ONE = ((5, 7),)
LANES = "which of 0.0 and -0.0 is the larger depends, in PyTorch, on the SIMD lane it falls into"
TWO = ((3, 4), (4,))

_CHOICE = (
    OpCase("clamp", lambda t, x: t.clamp(x, -0.5, 0.7), ONE),
    OpCase("clamp min", lambda t, x: x.clamp(min=0.1), ONE),
    OpCase("clamp max", lambda t, x: x.clamp(max=0.1), ONE),
    OpCase(
        "clamp tensors",
        lambda t, x, y, z: t.clamp(x, y, z),
        ((3, 4), (4,), (3, 1)),
        signed_zero=False,
        why=LANES,
    ),
    OpCase(
        "clamp min tensor", lambda t, x, y: t.clamp(x, min=y), TWO, signed_zero=False, why=LANES
    ),
    OpCase(
        "T27 clamp at its bounds",
        lambda t, x: x.clamp(-1, 1),
        values=([-1.0, 1.0, 2.0, -2.0, NAN],),
    ),
    OpCase("T4 clamp at 0", lambda t, x: x.clamp(min=0), values=([0.0, -0.0, 1.0, -1.0],)),
    OpCase(
        "T27 clamp tie with a tensor",
        lambda t, x, y: t.clamp(x, min=y),
        values=([1.0, 2.0], [1.0, 3.0]),
    ),
    OpCase("T28 clamp min above max", lambda t, x: t.clamp(x, 2.0, 1.0), ((5,),)),
    OpCase(
        "clamp integers",
        lambda t, x: [x.clamp(-1, 2), x.clamp(min=1)],
        ONE,
        dtypes=("int32", "int64"),
    ),
    OpCase(
        "where",
        lambda t, c, x, y: t.where(c, x, y),
        ((3, 4), (4,), (3, 1)),
        draw=("bool", "normal", "normal"),
    ),
    OpCase(
        "where number",
        lambda t, c, x: (t.where(c, x, 0.0), t.where(c, 2, x)),
        ((3, 4), (4,)),
        draw=("bool", "normal"),
    ),
    OpCase("where method", lambda t, x, y: x.where(x > y, y), TWO),
    OpCase(
        "T35 where leaks nan",
        lambda t, x: t.where(x > 0, t.sqrt(x), t.zeros_like(x)),
        values=([0.0, 4.0, 1.0],),
    ),
    OpCase(
        "masked_fill",
        lambda t, x, m: x.masked_fill(m, -7.0),
        ((3, 4), (4,)),
        draw=("normal", "bool"),
    ),
    OpCase(
        "isnan isinf isfinite",
        lambda t, x: [t.isnan(x), t.isinf(x), t.isfinite(x)],
        ONE,
        gradient=False,
    ),
    OpCase(
        "isnan of integers",
        lambda t, x: [x.isnan(), x.isinf(), x.isfinite()],
        ONE,
        dtypes=("int64", "uint8"),
    ),
    OpCase(
        "comparisons",
        lambda t, x, y: [x == y, x != y, x < y, x <= y, x > y, x >= y],
        TWO,
        draw="whole",
        gradient=False,
        dtypes=("float32", "float64", "int64", "int32", "uint8"),
    ),
    OpCase(
        "comparison functions",
        lambda t, x, y: [t.eq(x, y), t.ne(x, y), t.lt(x, y), t.le(x, y), t.gt(x, y), t.ge(x, y)],
        TWO,
        draw="whole",
        gradient=False,
    ),
    OpCase(
        "comparison methods",
        lambda t, x, y: [x.eq(y), x.ne(y), x.lt(y), x.le(y), x.gt(y), x.ge(y)],
        TWO,
        draw="whole",
        gradient=False,
    ),
    OpCase(
        "comparison with a number",
        lambda t, x: [x == 1, x != 1.5, x < 0, 0 < x, x >= -1, 2 >= x],  # noqa: SIM300
        ONE,
        draw="whole",
        gradient=False,
        dtypes=("float32", "float64", "int64", "uint8"),
    ),
    OpCase("comparison with None", lambda t, x: [x == None, x != None], ((3,),), gradient=False),  # noqa: E711
    OpCase(
        "logical",
        lambda t, x, y: [
            t.logical_and(x, y),
            t.logical_or(x, y),
            t.logical_xor(x, y),
            t.logical_not(x),
        ],
        TWO,
        draw="whole",
        gradient=False,
        dtypes=("float32", "int64", "bool"),
    ),
    OpCase(
        "bool operators",
        lambda t, x, y: [x & y, x | y, x ^ y, ~x],
        TWO,
        draw="bool",
        gradient=False,
    ),
    OpCase(
        "integer bit operators",
        lambda t, x, y: [x & y, x | y, x ^ y, ~x],
        TWO,
        draw=(indices(9), indices(9)),
        gradient=False,
    ),
)


def _in_place(name, write, draw="normal", **options):  # type: ignore[no-untyped-def]
    """A case that writes into a copy of x, so that the history goes through the write."""

    def fn(_t, x, y):  # type: ignore[no-untyped-def]
        out = x.clone()
        same = write(out, y)
        return out, same is out, out._version

    return OpCase(name, fn, TWO, draw=draw, **options)


_IN_PLACE = (
    _in_place("add_", lambda out, y: out.add_(y)),
    _in_place(
        "add_ alpha",
        lambda out, y: out.add_(y, alpha=-0.3),
        forward_ulp=1,
        why="where layouts differ PyTorch leaves its fused loop",
    ),
    _in_place("sub_", lambda out, y: out.sub_(y)),
    _in_place("mul_", lambda out, y: out.mul_(y)),
    _in_place("div_", lambda out, y: out.div_(y), draw="nonzero"),
    _in_place("add_ number", lambda out, y: out.add_(2)),
    _in_place("mul_ number", lambda out, y: out.mul_(0.1)),
    _in_place("zero_", lambda out, y: out.zero_()),
    _in_place("fill_", lambda out, y: out.fill_(3)),
    _in_place("copy_", lambda out, y: out.copy_(y)),
    _in_place("clamp_", lambda out, y: out.clamp_(-0.5, 0.5)),
    _in_place("neg_", lambda out, y: out.neg_()),
    _in_place(
        "exp_",
        lambda out, y: out.exp_(),
        forward_ulp=2,
        backward_ulp=3,
        why="the exponential, and a product with it",
    ),
    _in_place("masked_fill_", lambda out, y: out.masked_fill_(y > 0, 1.5)),
    OpCase("augmented operators", lambda t, x, y: _augmented(x, y), TWO, draw="nonzero"),
    OpCase(
        "T93 in-place keeps the dtype",
        lambda t: [
            t.zeros(2).add_(t.ones(2, dtype=t.float64)),
            t.zeros(2, dtype=t.int64).add_(2),
            t.tensor([1.5]).mul_(t.tensor([3])),
        ],
    ),
)


def _augmented(x, y):  # type: ignore[no-untyped-def]
    out = x * 1
    out += y
    out -= 0.5
    out *= y
    out /= 3
    return out


CASES = (*_CHOICE, *_IN_PLACE)
