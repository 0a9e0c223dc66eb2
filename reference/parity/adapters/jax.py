"""JAX on a CPU, without jit, with float64: jax.numpy, jax.nn, jax.lax, jax.scipy.special.

Its arrays have no layout and are never written into. Gradients come from jax.vjp, second ones from
a vjp of it. jax.nn has activations, but losses are in other packages, so there are none here.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax, nn
from jax.scipy import special

from reference.parity.adapter import Adapter, Op, along, one, two, unlisted
from reference.parity.case import Array, OpCase
from reference.parity.numpy_operations import numpy_operations
from reference.parity.outcome import NotOffered, Outcome

jax.config.update("jax_platforms", "cpu")
jax.config.update("jax_enable_x64", True)

_ONE = {
    **{name: getattr(jnp, name) for name in (
        "abs", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "square",
        "reciprocal", "sin", "cos", "tan", "sinh", "cosh", "tanh", "asin", "acos", "atan", "asinh",
        "acosh", "atanh", "arcsin", "arccos", "arctan", "arcsinh", "arccosh", "arctanh", "sinc",
        "deg2rad", "rad2deg", "sign", "floor", "ceil", "trunc", "isnan", "isinf", "isfinite",
        "isneginf", "isposinf", "isreal", "signbit", "logical_not", "bitwise_not", "absolute",
        "negative", "positive", "fliplr", "flipud", "ravel", "argwhere", "max", "min", "trace",
    )},
    "neg": jnp.negative, "sgn": jnp.sign, "rsqrt": lax.rsqrt, "detach": lax.stop_gradient,
    "t": jnp.transpose, "T": jnp.transpose, "mT": jnp.matrix_transpose, "clone": jnp.copy,
    **{name: getattr(special, name) for name in ("erf", "erfc", "erfinv", "logit", "digamma")},
    "lgamma": special.gammaln,
    **{name: getattr(nn, name) for name in (
        "relu", "relu6", "sigmoid", "silu", "mish", "selu", "softplus",
    )},
    "logsigmoid": nn.log_sigmoid, "hardsigmoid": nn.hard_sigmoid, "hardswish": nn.hard_swish,
    "hardtanh": nn.hard_tanh, "softsign": nn.soft_sign,
}  # fmt: skip

_TWO = {
    **{name: getattr(jnp, name) for name in (
        "maximum", "minimum", "fmax", "fmin", "fmod", "remainder", "floor_divide", "hypot",
        "logaddexp", "logaddexp2", "copysign", "heaviside", "ldexp", "gcd", "lcm", "float_power",
        "logical_and", "logical_or", "logical_xor", "bitwise_and", "bitwise_or", "bitwise_xor",
        "bitwise_left_shift", "bitwise_right_shift", "matmul", "dot", "vdot", "inner", "outer",
        "kron", "subtract", "multiply", "divide",
    )},
    "add": jnp.add, "sub": jnp.subtract, "mul": jnp.multiply, "div": jnp.divide,
    "atan2": jnp.atan2, "xlogy": special.xlogy, "ger": jnp.outer,
    "mm": jnp.matmul, "mv": jnp.matmul, "bmm": jnp.matmul,
    "eq": jnp.equal, "ne": jnp.not_equal, "lt": jnp.less, "le": jnp.less_equal, "gt": jnp.greater,
    "ge": jnp.greater_equal, "equal": jnp.array_equal,
    "getitem": operator.getitem, "contains": operator.contains,
}  # fmt: skip


def _norm(input: Any, p: Any = 2, dim: Any = None, keepdim: bool = False) -> Any:
    return jnp.linalg.vector_norm(input, ord=p, axis=dim, keepdims=keepdim)


def _sort(input: Any, dim: int = -1, descending: bool = False, *, stable: bool = False) -> Any:
    if descending:
        raise NotOffered("sort() with descending=True")
    places = lax.broadcasted_iota(np.int64, input.shape, dim % max(input.ndim, 1))
    return lax.sort_key_val(input, places, dimension=dim, is_stable=stable)


def _topk(input: Any, k: int, dim: int = -1) -> Any:
    if dim not in (-1, input.ndim - 1):
        raise NotOffered("topk() along another dim than the last")
    return lax.top_k(input, k)


def _layer_norm(input: Any, normalized_shape: Sequence[int], *, eps: float = 1e-5) -> Any:
    """jax.nn.standardize, which has neither weight nor bias."""
    return nn.standardize(input, axis=tuple(range(-len(normalized_shape), 0)), epsilon=eps)


def _unique(input: Any, *, return_inverse: bool = False, return_counts: bool = False) -> Any:
    return jnp.unique(input, return_inverse=return_inverse, return_counts=return_counts)


def _quantile(fn: Op) -> Op:
    def op(
        input: Any,
        q: Any,
        dim: int | None = None,
        keepdim: bool = False,
        *,
        interpolation: str = "linear",
    ) -> Any:
        return fn(input, q, axis=dim, keepdims=keepdim, method=interpolation)

    return op


def _scan(fn: Op) -> Op:
    """A cumulative op of lax, which counts its axes from 0."""
    return lambda input, dim: fn(input, dim % max(input.ndim, 1))


_OPS: dict[str, Op] = {
    **numpy_operations(jnp),
    **{name: one(fn) for name, fn in _ONE.items()},
    **{name: two(fn) for name, fn in _TWO.items()},
    "nan_to_num": lambda input, nan=0.0, posinf=None, neginf=None: jnp.nan_to_num(
        input, nan=nan, posinf=posinf, neginf=neginf
    ),
    # jax.nn
    "leaky_relu": lambda input, negative_slope=0.01: nn.leaky_relu(input, negative_slope),
    "elu": lambda input, alpha=1.0: nn.elu(input, alpha),
    "celu": lambda input, alpha=1.0: nn.celu(input, alpha),
    "gelu": lambda input, *, approximate="none": nn.gelu(input, approximate == "tanh"),
    "glu": lambda input, dim=-1: nn.glu(input, dim),
    "softmax": lambda input, dim: nn.softmax(input, dim),
    "log_softmax": lambda input, dim: nn.log_softmax(input, dim),
    "one_hot": lambda input, num_classes: nn.one_hot(input, num_classes, dtype=np.int64),
    "layer_norm": _layer_norm,
    # reductions
    **{
        name: along(getattr(jnp, name))
        for name in (
            "mean",
            "amax",
            "amin",
            "nanmean",
            "all",
            "any",
            "argmax",
            "argmin",
            "median",
            "nanmedian",
            "nansum",
        )
    },
    "sum": lambda input, dim=None, keepdim=False, *, dtype=None: jnp.sum(
        input, dim, dtype, keepdims=keepdim
    ),
    "prod": lambda input, dim=None, keepdim=False, *, dtype=None: jnp.prod(
        input, dim, dtype, keepdims=keepdim
    ),
    "logsumexp": along(nn.logsumexp),
    "norm": _norm,
    "linalg.vector_norm": lambda x, ord=2, dim=None, keepdim=False: _norm(x, ord, dim, keepdim),
    "linalg.matrix_norm": lambda A, ord="fro": jnp.linalg.matrix_norm(A, ord=ord),
    "linalg.norm": lambda A, ord=None, dim=None, keepdim=False: jnp.linalg.norm(
        A, ord, dim, keepdim
    ),
    "quantile": _quantile(jnp.quantile),
    "nanquantile": _quantile(jnp.nanquantile),
    # along an axis
    "logcumsumexp": _scan(lax.cumlogsumexp),
    "diff": lambda input, n=1, dim=-1, prepend=None, append=None: jnp.diff(
        input, n, dim, prepend, append
    ),
    "sort": _sort,
    "topk": _topk,
    "argsort": lambda input, dim=-1, descending=False, *, stable=False: jnp.argsort(
        input, dim, stable=stable, descending=descending
    ),
    "msort": lambda input: jnp.sort(input, axis=0),
    "unique": _unique,
    "bincount": lambda input, weights=None, minlength=0: jnp.bincount(
        input, weights, minlength=minlength
    ),
    "isin": lambda elements, test_elements, *, invert=False: jnp.isin(
        elements, test_elements, invert=invert
    ),
    # shapes
    "unbind": lambda input, dim=0: jnp.unstack(input, axis=dim),
    "concat": lambda tensors, dim=0: jnp.concat(tensors, axis=dim),
    "meshgrid": lambda *tensors, indexing: jnp.meshgrid(*unlisted(tensors), indexing=indexing),
    "atleast_1d": lambda *tensors: jnp.atleast_1d(*unlisted(tensors)),
    "atleast_2d": lambda *tensors: jnp.atleast_2d(*unlisted(tensors)),
    "atleast_3d": lambda *tensors: jnp.atleast_3d(*unlisted(tensors)),
    "rot90": lambda input, k=1, dims=(0, 1): jnp.rot90(input, k, tuple(dims)),
    "diagflat": lambda input, offset=0: jnp.diagflat(input, offset),
    # products
    "linalg.multi_dot": lambda tensors: jnp.linalg.multi_dot(tensors),
    "matrix_power": lambda input, n: jnp.linalg.matrix_power(input, n),
    "cross": lambda input, other, dim=-1: jnp.cross(input, other, axis=dim),
    "linalg.cross": lambda input, other, *, dim=-1: jnp.linalg.cross(input, other, axis=dim),
    # dtypes and constants
    "to": lambda input, dtype: input.astype(dtype),
    "full_like": lambda input, fill_value, dtype=None: jnp.full_like(input, fill_value, dtype),
    "eye": lambda n, m=None, dtype=None: jnp.eye(n, m, dtype=dtype),
}


class Jax(Adapter):
    name, version = "jax", jax.__version__
    ops = _OPS
    tensor_types = (jax.Array,)

    def __init__(self) -> None:
        self._runs = 0

    def run(self, case: OpCase, dtype: str = "float32", variant: str = "plain") -> Outcome:
        """Every op is compiled for every shape, 4 MB a run, and kept: so they are let go of."""
        self._runs += 1
        if self._runs % 100 == 0:
            jax.clear_caches()
        return super().run(case, dtype, variant)

    def tensor(self, array: Array, requires_grad: bool) -> Any:  # noqa: ARG002 - vjp says which
        return jnp.asarray(array)

    def numpy(self, x: Any) -> Array:
        return np.asarray(x)

    def vjp(
        self, fn: Callable[..., tuple[Any, ...]], arrays: Sequence[Any]
    ) -> tuple[Sequence[Any], Callable[[Sequence[Any]], Sequence[Any]]]:
        outputs, pullback = jax.vjp(fn, *arrays)
        return outputs, lambda grads: pullback(tuple(grads))


engine = Jax()
