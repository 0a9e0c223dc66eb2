"""autograd, by HIPS: NumPy's functions, differentiated as functions of functions.

It has NumPy's own promotion and reductions. What it raises NotImplementedError for ("VJP of fmod
not defined") is not offered. It has no activations and no losses, so there are none here.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any

import autograd.numpy as anp
import autograd.scipy.special as special
import numpy as np
from autograd import make_vjp
from autograd.builtins import tuple as traced_tuple
from autograd.tracer import Box, isbox

from reference.parity.adapter import Adapter, Op, along, one, two
from reference.parity.case import Array
from reference.parity.numpy_operations import numpy_operations
from reference.parity.outcome import NotOffered

_ONE = {
    **{name: getattr(anp, name) for name in (
        "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "square", "reciprocal",
        "sin", "cos", "tan", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan", "arcsinh",
        "arccosh", "arctanh", "sinc", "deg2rad", "rad2deg", "sign", "floor", "ceil", "trunc",
        "isnan", "isinf", "isfinite", "isneginf", "isposinf", "isreal", "signbit", "logical_not",
        "bitwise_not", "nan_to_num", "absolute", "negative", "positive", "fix",
        "fliplr", "flipud", "ravel", "argwhere",
    )},
    "abs": anp.abs, "neg": anp.negative, "sgn": anp.sign,
    "asin": anp.arcsin, "acos": anp.arccos, "atan": anp.arctan,
    "asinh": anp.arcsinh, "acosh": anp.arccosh, "atanh": anp.arctanh,
    "erf": special.erf, "erfc": special.erfc, "erfinv": special.erfinv, "logit": special.logit,
    "sigmoid": special.expit, "lgamma": special.gammaln, "digamma": special.digamma,
    "t": anp.transpose, "T": anp.transpose, "trace": anp.trace,
    "max": anp.max, "min": anp.min, "msort": lambda x: anp.sort(x, axis=0),
}  # fmt: skip

_TWO = {
    **{name: getattr(anp, name) for name in (
        "maximum", "minimum", "fmax", "fmin", "fmod", "remainder", "floor_divide", "hypot",
        "logaddexp", "logaddexp2", "copysign", "heaviside", "ldexp", "gcd", "lcm", "float_power",
        "logical_and", "logical_or", "logical_xor", "bitwise_and", "bitwise_or", "bitwise_xor",
        "bitwise_left_shift", "bitwise_right_shift", "matmul", "dot", "vdot", "inner", "outer",
        "kron",
    )},
    "add": anp.add, "sub": anp.subtract, "mul": anp.multiply, "div": anp.divide,
    "multiply": anp.multiply, "subtract": anp.subtract, "divide": anp.divide,
    "atan2": anp.arctan2, "ger": anp.outer, "mm": anp.matmul, "mv": anp.matmul, "bmm": anp.matmul,
    "eq": anp.equal, "ne": anp.not_equal, "lt": anp.less, "le": anp.less_equal, "gt": anp.greater,
    "ge": anp.greater_equal, "equal": anp.array_equal,
    "getitem": operator.getitem, "setitem": operator.setitem,
}  # fmt: skip


def _norm(input: Any, p: Any = 2, dim: Any = None) -> Any:
    if dim is None and p != 2:
        raise NotOffered(f"norm() with p={p} of all elements")
    return anp.linalg.norm(input) if dim is None else anp.linalg.norm(input, p, dim)


def _rot90(input: Any, k: int = 1, dims: Sequence[int] = (0, 1)) -> Any:
    """It differentiates turns of the first two axes only."""
    if tuple(dims) != (0, 1):
        raise NotOffered(f"rot90() with dims={dims}")
    return anp.rot90(input, k)


_OPS: dict[str, Op] = {
    **numpy_operations(anp),
    **{name: one(fn) for name, fn in _ONE.items()},
    **{name: two(fn) for name, fn in _TWO.items()},
    # reductions
    **{
        name: along(getattr(anp, name))
        for name in ("sum", "mean", "amax", "amin", "prod", "nansum")
    },
    **{name: along(getattr(anp, name)) for name in ("nanmean", "all", "any", "argmax", "argmin")},
    "logsumexp": lambda input, dim, keepdim=False: special.logsumexp(
        input, axis=dim, keepdims=keepdim
    ),
    "norm": _norm,
    "diff": lambda input, n=1, dim=-1: anp.diff(input, n, dim),
    "argsort": lambda input, dim=-1, *, stable=False: anp.argsort(
        input, dim, kind="stable" if stable else None
    ),
    # shapes
    "rot90": _rot90,
    # dtypes and constants
    "to": lambda input, dtype: input.astype(dtype),
    "eye": lambda n, m=None, dtype=float: anp.eye(n, m, dtype=dtype),
}


class Autograd(Adapter):
    name, version = "autograd", version("autograd")
    ops = _OPS
    tensor_types = (np.ndarray, np.generic, Box)

    def tensor(self, array: Array, requires_grad: bool) -> Any:  # noqa: ARG002 - vjp says which
        return array

    def numpy(self, x: Any) -> Array:
        if isbox(x):
            raise TypeError("autograd does not tell the values of what it traces")
        return np.asarray(x)

    def vjp(
        self, fn: Callable[..., tuple[Any, ...]], arrays: Sequence[Any]
    ) -> tuple[Sequence[Any], Callable[[Sequence[Any]], Sequence[Any]]]:
        def traced(*given: Any) -> Any:
            return traced_tuple(fn(*given))

        pullback, outputs = make_vjp(traced, argnum=tuple(range(len(arrays))))(*arrays)
        return outputs, lambda grads: pullback(traced_tuple(grads))


engine = Autograd()
