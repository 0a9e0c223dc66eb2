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

from reference.parity.adapter import Adapter, Op, along, one, spread, two, unlisted
from reference.parity.case import Array
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
    **{name: one(fn) for name, fn in _ONE.items()},
    **{name: two(fn) for name, fn in _TWO.items()},
    "pow": lambda input, exponent: anp.power(input, exponent),
    "round": lambda input, *, decimals=0: anp.round(input, decimals),
    # reductions
    **{
        name: along(getattr(anp, name))
        for name in ("sum", "mean", "amax", "amin", "prod", "nansum")
    },
    **{name: along(getattr(anp, name)) for name in ("nanmean", "all", "any", "argmax", "argmin")},
    "var": spread(anp.var),
    "std": spread(anp.std),
    "logsumexp": lambda input, dim, keepdim=False: special.logsumexp(
        input, axis=dim, keepdims=keepdim
    ),
    "norm": _norm,
    "cumsum": lambda input, dim: anp.cumsum(input, dim),
    "cumprod": lambda input, dim: anp.cumprod(input, dim),
    "diff": lambda input, n=1, dim=-1: anp.diff(input, n, dim),
    "argsort": lambda input, dim=-1, *, stable=False: anp.argsort(
        input, dim, kind="stable" if stable else None
    ),
    "nonzero": lambda input, *, as_tuple: anp.nonzero(input) if as_tuple else anp.argwhere(input),
    # choosing
    "where": lambda condition, input, other: anp.where(condition, input, other),
    "clamp": lambda input, min=None, max=None: anp.clip(input, min, max),
    "take": lambda input, index: anp.take(input, index),
    "index_select": lambda input, dim, index: anp.take(input, index, axis=dim),
    "take_along_dim": lambda input, indices, dim=None: anp.take_along_axis(input, indices, dim),
    "isclose": lambda input, other, rtol=1e-5, atol=1e-8, equal_nan=False: anp.isclose(
        input, other, rtol, atol, equal_nan
    ),
    "allclose": lambda input, other, rtol=1e-5, atol=1e-8, equal_nan=False: anp.allclose(
        input, other, rtol, atol, equal_nan
    ),
    # shapes
    "reshape": lambda input, shape: anp.reshape(input, shape),
    "squeeze": lambda input, dim=None: anp.squeeze(input, dim),
    "unsqueeze": lambda input, dim: anp.expand_dims(input, dim),
    "transpose": lambda input, dim0, dim1: anp.swapaxes(input, dim0, dim1),
    "swapaxes": lambda input, axis0, axis1: anp.swapaxes(input, axis0, axis1),
    "permute": lambda input, dims: anp.transpose(input, dims),
    "movedim": lambda input, source, destination: anp.moveaxis(input, source, destination),
    "moveaxis": lambda input, source, destination: anp.moveaxis(input, source, destination),
    "broadcast_to": lambda input, size: anp.broadcast_to(input, size),
    "cat": lambda tensors, dim=0: anp.concatenate(tensors, dim),
    "stack": lambda tensors, dim=0: anp.stack(tensors, dim),
    "hstack": lambda tensors: anp.hstack(tensors),
    "vstack": lambda tensors: anp.vstack(tensors),
    "dstack": lambda tensors: anp.dstack(tensors),
    "column_stack": lambda tensors: anp.column_stack(tensors),
    "tile": lambda input, dims: anp.tile(input, dims),
    "flip": lambda input, dims: anp.flip(input, dims),
    "roll": lambda input, shifts, dims=None: anp.roll(input, shifts, dims),
    "rot90": _rot90,
    "repeat_interleave": lambda input, repeats, dim=None: anp.repeat(input, repeats, dim),
    "tril": lambda input, diagonal=0: anp.tril(input, diagonal),
    "triu": lambda input, diagonal=0: anp.triu(input, diagonal),
    "diag": lambda input, diagonal=0: anp.diag(input, diagonal),
    "diagonal": lambda input, offset=0, dim1=0, dim2=1: anp.diagonal(input, offset, dim1, dim2),
    "tensor_split": lambda input, indices_or_sections, dim=0: anp.array_split(
        input, indices_or_sections, dim
    ),
    "hsplit": lambda input, indices_or_sections: anp.hsplit(input, indices_or_sections),
    "vsplit": lambda input, indices_or_sections: anp.vsplit(input, indices_or_sections),
    "dsplit": lambda input, indices_or_sections: anp.dsplit(input, indices_or_sections),
    # products
    "tensordot": lambda a, b, dims=2: anp.tensordot(a, b, dims),
    "einsum": lambda equation, *operands: anp.einsum(equation, *unlisted(operands)),
    # dtypes and constants
    "to": lambda input, dtype: input.astype(dtype),
    "zeros": lambda size, dtype=None: anp.zeros(size, dtype),
    "ones": lambda size, dtype=None: anp.ones(size, dtype),
    "zeros_like": lambda input, dtype=None: anp.zeros_like(input, dtype),
    "ones_like": lambda input, dtype=None: anp.ones_like(input, dtype),
    "full": lambda size, fill_value, dtype=None: anp.full(size, fill_value, dtype),
    "eye": lambda n, m=None, dtype=float: anp.eye(n, m, dtype=dtype),
    "arange": lambda start, end=None, step=1, *, dtype=None: anp.arange(
        start, end, step, dtype=dtype
    ),
    "linspace": lambda start, end, steps, dtype=None: anp.linspace(start, end, steps, dtype=dtype),
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
