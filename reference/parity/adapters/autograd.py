"""autograd, by HIPS: NumPy's functions, differentiated as functions of functions.

It has NumPy's own promotion and reductions. What it raises NotImplementedError for ("VJP of fmod
not defined") is not offered. It has no activations and no losses, so there are none here.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any

import autograd.numpy as np
import autograd.scipy.special as special
import numpy as onp
from autograd import make_vjp
from autograd.builtins import tuple as traced_tuple
from autograd.tracer import Box, isbox

from reference.parity.adapter import Adapter, Op, along, one, spread, two
from reference.parity.case import Array
from reference.parity.outcome import NotOffered

_ONE = {
    **{name: getattr(np, name) for name in (
        "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "square", "reciprocal",
        "sin", "cos", "tan", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan", "arcsinh",
        "arccosh", "arctanh", "sinc", "deg2rad", "rad2deg", "sign", "floor", "ceil", "trunc",
        "isnan", "isinf", "isfinite", "isneginf", "isposinf", "isreal", "signbit", "logical_not",
        "bitwise_not", "absolute", "negative", "positive", "fix", "fliplr", "flipud", "ravel",
        "argwhere",
    )},
    "abs": np.abs, "neg": np.negative, "sgn": np.sign,
    "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan,
    "asinh": np.arcsinh, "acosh": np.arccosh, "atanh": np.arctanh,
    "erf": special.erf, "erfc": special.erfc, "erfinv": special.erfinv, "logit": special.logit,
    "sigmoid": special.expit, "lgamma": special.gammaln, "digamma": special.digamma,
    "t": np.transpose, "T": np.transpose, "trace": np.trace,
    "max": np.max, "min": np.min, "msort": lambda x: np.sort(x, axis=0),
}  # fmt: skip

_TWO = {
    **{name: getattr(np, name) for name in (
        "maximum", "minimum", "fmax", "fmin", "fmod", "remainder", "floor_divide", "hypot",
        "logaddexp", "logaddexp2", "copysign", "heaviside", "ldexp", "gcd", "lcm", "float_power",
        "logical_and", "logical_or", "logical_xor", "bitwise_and", "bitwise_or", "bitwise_xor",
        "bitwise_left_shift", "bitwise_right_shift", "matmul", "dot", "vdot", "inner", "outer",
        "kron",
    )},
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide,
    "multiply": np.multiply, "subtract": np.subtract, "divide": np.divide,
    "atan2": np.arctan2, "ger": np.outer, "mm": np.matmul, "mv": np.matmul, "bmm": np.matmul,
    "eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal, "gt": np.greater,
    "ge": np.greater_equal, "equal": np.array_equal,
    "getitem": operator.getitem, "setitem": operator.setitem,
}  # fmt: skip


def _norm(input: Any, p: Any = 2, dim: Any = None, keepdim: bool = False) -> Any:
    if dim is None and p != 2:
        raise NotOffered(f"norm() with p={p} of all elements")
    return np.linalg.norm(input, None if dim is None else p, dim, keepdim)


def _tensordot(a: Any, b: Any, dims: Any = 2) -> Any:
    return np.tensordot(a, b, dims)


_OPS: dict[str, Op] = {
    **{name: one(fn) for name, fn in _ONE.items()},
    **{name: two(fn) for name, fn in _TWO.items()},
    "pow": lambda input, exponent: np.power(input, exponent),
    "round": lambda input, *, decimals=0: np.round(input, decimals),
    "nan_to_num": lambda input, nan=0.0, posinf=None, neginf=None: np.nan_to_num(
        input, True, nan, posinf, neginf
    ),
    # reductions
    **{
        name: along(getattr(np, name)) for name in ("sum", "mean", "amax", "amin", "prod", "nansum")
    },
    **{name: along(getattr(np, name)) for name in ("nanmean", "all", "any", "argmax", "argmin")},
    "var": spread(np.var),
    "std": spread(np.std),
    "logsumexp": lambda input, dim, keepdim=False: special.logsumexp(
        input, axis=dim, keepdims=keepdim
    ),
    "norm": _norm,
    "cumsum": lambda input, dim: np.cumsum(input, dim),
    "cumprod": lambda input, dim: np.cumprod(input, dim),
    "diff": lambda input, n=1, dim=-1: np.diff(input, n, dim),
    "argsort": lambda input, dim=-1, *, stable=False: np.argsort(
        input, dim, kind="stable" if stable else None
    ),
    "nonzero": lambda input, *, as_tuple: np.nonzero(input) if as_tuple else np.argwhere(input),
    # choosing
    "where": lambda condition, input, other: np.where(condition, input, other),
    "clamp": lambda input, min=None, max=None: np.clip(input, min, max),
    "take": lambda input, index: np.take(input, index),
    "index_select": lambda input, dim, index: np.take(input, index, axis=dim),
    "take_along_dim": lambda input, indices, dim=None: np.take_along_axis(input, indices, dim),
    "isclose": lambda input, other, rtol=1e-5, atol=1e-8, equal_nan=False: np.isclose(
        input, other, rtol, atol, equal_nan
    ),
    "allclose": lambda input, other, rtol=1e-5, atol=1e-8, equal_nan=False: np.allclose(
        input, other, rtol, atol, equal_nan
    ),
    # shapes
    "reshape": lambda input, shape: np.reshape(input, shape),
    "squeeze": lambda input, dim=None: np.squeeze(input, dim),
    "unsqueeze": lambda input, dim: np.expand_dims(input, dim),
    "transpose": lambda input, dim0, dim1: np.swapaxes(input, dim0, dim1),
    "swapaxes": lambda input, axis0, axis1: np.swapaxes(input, axis0, axis1),
    "permute": lambda input, dims: np.transpose(input, dims),
    "movedim": lambda input, source, destination: np.moveaxis(input, source, destination),
    "moveaxis": lambda input, source, destination: np.moveaxis(input, source, destination),
    "broadcast_to": lambda input, size: np.broadcast_to(input, size),
    "cat": lambda tensors, dim=0: np.concatenate(tensors, dim),
    "stack": lambda tensors, dim=0: np.stack(tensors, dim),
    "hstack": lambda tensors: np.hstack(tensors),
    "vstack": lambda tensors: np.vstack(tensors),
    "dstack": lambda tensors: np.dstack(tensors),
    "column_stack": lambda tensors: np.column_stack(tensors),
    "tile": lambda input, dims: np.tile(input, dims),
    "flip": lambda input, dims: np.flip(input, dims),
    "roll": lambda input, shifts, dims=None: np.roll(input, shifts, dims),
    "rot90": lambda input, k=1, dims=(0, 1): np.rot90(input, k, dims),
    "repeat_interleave": lambda input, repeats, dim=None: np.repeat(input, repeats, dim),
    "tril": lambda input, diagonal=0: np.tril(input, diagonal),
    "triu": lambda input, diagonal=0: np.triu(input, diagonal),
    "diag": lambda input, diagonal=0: np.diag(input, diagonal),
    "diagonal": lambda input, offset=0, dim1=0, dim2=1: np.diagonal(input, offset, dim1, dim2),
    "tensor_split": lambda input, indices_or_sections, dim=0: np.array_split(
        input, indices_or_sections, dim
    ),
    "hsplit": lambda input, indices_or_sections: np.hsplit(input, indices_or_sections),
    "vsplit": lambda input, indices_or_sections: np.vsplit(input, indices_or_sections),
    "dsplit": lambda input, indices_or_sections: np.dsplit(input, indices_or_sections),
    # products
    "tensordot": _tensordot,
    "einsum": lambda equation, *operands: np.einsum(equation, *operands),
    # dtypes and constants
    "to": lambda input, dtype: input.astype(dtype),
    "zeros": lambda size, dtype=None: np.zeros(size, dtype),
    "ones": lambda size, dtype=None: np.ones(size, dtype),
    "zeros_like": lambda input, dtype=None: np.zeros_like(input, dtype),
    "ones_like": lambda input, dtype=None: np.ones_like(input, dtype),
    "full": lambda size, fill_value, dtype=None: np.full(size, fill_value, dtype),
    "eye": lambda n, m=None, dtype=float: np.eye(n, m, dtype=dtype),
    "arange": lambda *limits, dtype=None: np.arange(*limits, dtype=dtype),
    "linspace": lambda start, end, steps, dtype=None: np.linspace(start, end, steps, dtype=dtype),
}


class Autograd(Adapter):
    name, version = "autograd", version("autograd")
    ops = _OPS
    tensor_types = (onp.ndarray, onp.generic, Box)

    def tensor(self, array: Array, requires_grad: bool) -> Any:  # noqa: ARG002 - vjp says which
        return array

    def numpy(self, x: Any) -> Array:
        if isbox(x):
            raise TypeError("autograd does not tell the values of what it traces")
        return onp.asarray(x)

    def vjp(
        self, fn: Callable[..., tuple[Any, ...]], arrays: Sequence[Any]
    ) -> tuple[Sequence[Any], Callable[[Sequence[Any]], Sequence[Any]]]:
        def traced(*given: Any) -> Any:
            return traced_tuple(fn(*given))

        pullback, outputs = make_vjp(traced, argnum=tuple(range(len(arrays))))(*arrays)
        return outputs, lambda grads: pullback(traced_tuple(grads))


engine = Autograd()
