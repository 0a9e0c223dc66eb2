"""Which dtype comes out: the promotion table.

Computed for every pair of dtypes, each side once as a tensor with dimensions, once 0-dim, once as a
Python number. A pair that PyTorch refuses is compared by its error text.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from reference.parity.case import OpCase
from reference.parity.outcome import attempt

NAN, INF = float("nan"), float("inf")
DTYPES = ("bool", "uint8", "int32", "int64", "float32", "float64")
NUMBERS = {"bool": True, "int": 3, "float": 1.5}
OPERATORS: dict[str, Callable[..., Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
    "==": operator.eq,
    "<": operator.lt,
    ">=": operator.ge,
    "&": operator.and_,
    "|": operator.or_,
}


def _values(t: Any, dtype: str, zero_dim: bool = False) -> Any:
    values = [0, 1, 1] if dtype == "bool" else [1, 2, 5]
    return t.tensor(values[-1] if zero_dim else values, dtype=getattr(t, dtype))


def _tensor_tensor(symbol: str, zero_left: bool, zero_right: bool) -> Callable[[Any], Any]:
    """Every pair of dtypes. No integer is divided by 0, which is an error of its own."""

    def fn(t: Any) -> Any:
        def right(dtype: str) -> Any:
            y = _values(t, dtype, zero_right)
            return y | t.ones_like(y) if dtype == "bool" and symbol in ("/", "//", "%") else y

        return {
            f"{a} {symbol} {b}": attempt(
                lambda a=a, b=b: OPERATORS[symbol](_values(t, a, zero_left), right(b))
            )
            for a in DTYPES
            for b in DTYPES
        }

    return fn


def _tensor_number(symbol: str, zero_dim: bool, reverse: bool) -> Callable[[Any], Any]:
    def fn(t: Any) -> Any:
        op = OPERATORS[symbol]
        return {
            f"{a} {symbol} {name}": attempt(
                lambda a=a, n=n: (
                    op(n, _values(t, a, True) if zero_dim else t.ones(3, dtype=getattr(t, a)))
                    if reverse
                    else op(_values(t, a, zero_dim), n)
                )
            )
            for a in DTYPES
            for name, n in NUMBERS.items()
        }

    return fn


CASES = (
    *(
        OpCase(
            f"promotion tensor {s} tensor", _tensor_tensor(s, False, False), gradient=False, **kw
        )
        for s, kw in (
            (s, {"forward_ulp": 1, "why": "libm's pow against NumPy's"} if s == "**" else {})
            for s in OPERATORS
        )
    ),
    *(
        OpCase(
            f"T85 promotion tensor {s} 0-dim", _tensor_tensor(s, False, True), gradient=False, **kw
        )
        for s, kw in (
            (s, {"forward_ulp": 1, "why": "libm's pow against NumPy's"} if s == "**" else {})
            for s in OPERATORS
        )
    ),
    *(
        OpCase(
            f"T85 promotion 0-dim {s} tensor", _tensor_tensor(s, True, False), gradient=False, **kw
        )
        for s, kw in (
            (s, {"forward_ulp": 1, "why": "libm's pow against NumPy's"} if s == "**" else {})
            for s in OPERATORS
        )
    ),
    *(
        OpCase(f"promotion 0-dim {s} 0-dim", _tensor_tensor(s, True, True), gradient=False, **kw)
        for s, kw in (
            (s, {"forward_ulp": 1, "why": "libm's pow against NumPy's"} if s == "**" else {})
            for s in OPERATORS
        )
    ),
    *(
        OpCase(
            f"T86 promotion {'0-dim' if zero else 'tensor'} {s} number",
            _tensor_number(s, zero, False),
            gradient=False,
            forward_ulp=1 if s == "**" else 0,
            why="libm's pow against NumPy's" if s == "**" else "",
        )
        for s in OPERATORS
        for zero in (False, True)
    ),
    *(
        OpCase(
            f"T86 promotion number {s} {'0-dim' if zero else 'tensor'}",
            _tensor_number(s, zero, True),
            gradient=False,
            forward_ulp=1 if s == "**" else 0,
            why="libm's pow against NumPy's" if s == "**" else "",
        )
        for s in OPERATORS
        for zero in (False, True)
    ),
    OpCase(
        "T84 integer division is float32",
        lambda t: [
            t.tensor([1]) / 2,
            t.tensor([1]) / t.tensor([3]),
            1 / t.tensor([3]),
            t.tensor(1) / 3,
        ],
    ),
    OpCase(
        "T86 np.float64 is weak",
        lambda t: [
            t.ones(2) + np.float64(2.0),
            t.ones(2) * np.float32(2),
            t.ones(2, dtype=t.int64) + np.int64(2),
        ],
    ),
    OpCase(
        "result_type",
        lambda t: {
            f"{a}{'' if d else ' 0-dim'} {b}": t.result_type(_values(t, a, not d), _values(t, b))
            for a in DTYPES
            for b in DTYPES
            for d in (0, 1)
        },
    ),
    OpCase(
        "result_type of numbers",
        lambda t: [t.result_type(_values(t, a), n) for a in DTYPES for n in NUMBERS.values()],
    ),
    OpCase(
        "promote_types",
        lambda t: [t.promote_types(getattr(t, a), getattr(t, b)) for a in DTYPES for b in DTYPES],
    ),
    *(
        OpCase(
            f"promotion of {name}",
            lambda t, fn=fn: {
                f"{a} {b}": attempt(lambda a=a, b=b: fn(t, _values(t, a), _values(t, b)))
                for a in DTYPES
                for b in DTYPES
            },
            gradient=False,
        )
        for name, fn in {
            "maximum": lambda t, x, y: t.maximum(x, y),
            "fmod": lambda t, x, y: t.fmod(x, y | 1 if y.dtype is t.bool else y),
            "where": lambda t, x, y: t.where(t.tensor([True, False, True]), x, y),
            "cat": lambda t, x, y: t.cat((x, y)),
            "stack": lambda t, x, y: t.stack((x, y)),
            "outer": lambda t, x, y: t.outer(x, y),
            "logical_and": lambda t, x, y: t.logical_and(x, y),
            "T89 matmul": lambda t, x, y: x @ y,
            "clamp": lambda t, x, y: x.clamp(min=y),
            "T93 add_": lambda t, x, y: x.add_(y),
            "T93 copy_": lambda t, x, y: x.copy_(y),
            "T93 mul_": lambda t, x, y: x.mul_(y),
            "equal": lambda t, x, y: t.equal(x, y),
            "setitem": lambda t, x, y: _set(x, y),
        }.items()
    ),
    *(
        OpCase(
            f"dtype of {name}",
            lambda t, fn=fn: {a: attempt(lambda a=a: fn(t, _values(t, a))) for a in DTYPES},
            gradient=False,
        )
        for name, fn in {
            "sum": lambda t, x: x.sum(),
            "T88 mean": lambda t, x: x.mean(),
            "prod": lambda t, x: x.prod(),
            "cumsum": lambda t, x: x.cumsum(0),
            "max": lambda t, x: x.max(),
            "argmax": lambda t, x: x.argmax(),
            "var": lambda t, x: x.var(),
            "norm": lambda t, x: x.norm(),
            "all": lambda t, x: x.all(),
            "any": lambda t, x: x.any(),
            "logsumexp": lambda t, x: t.logsumexp(x, 0),
            "T90 neg": lambda t, x: -x,
            "abs": lambda t, x: x.abs(),
            "square": lambda t, x: x.square(),
            "sign": lambda t, x: x.sign(),
            "floor": lambda t, x: x.floor(),
            "invert": lambda t, x: ~x,
            "sort": lambda t, x: x.sort(),
            "clamp": lambda t, x: x.clamp(0, 1),
            "isnan": lambda t, x: x.isnan(),
            "amax": lambda t, x: x.amax(0),
            "reciprocal": lambda t, x: x.reciprocal() * 0,
            "rsqrt": lambda t, x: x.rsqrt() * 0,
            "clamp float bound": lambda t, x: x.clamp(min=0.5),
            "pow float": lambda t, x: x**2.0,
            "bernoulli mask": lambda t, x: x > 0,
            "requires_grad_": lambda t, x: x.requires_grad_().requires_grad,
        }.items()
    ),
)


def _set(x: Any, y: Any) -> Any:
    x[:] = y
    return x
