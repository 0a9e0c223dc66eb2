"""NumPy's functions on Tensors: the tables that let one backward run on arrays and on Tensors.

`np.exp(tensor)` asks the Tensor (`__array_ufunc__`, `__array_function__`, NEP 13 and 18), and the
Tensor looks here for its own operation of that meaning. Only names that backward formulas use, and
a few that users try, are here; others raise NumPy's TypeError.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from minitorch_clf.methods.activation import ActivationMethods
from minitorch_clf.methods.base import Methods
from minitorch_clf.methods.choice import ChoiceMethods, where
from minitorch_clf.methods.elementary import ElementaryMethods
from minitorch_clf.methods.pointwise import PointwiseMethods
from minitorch_clf.ops.arrange import Cat, Stack

E, P, C = ElementaryMethods, PointwiseMethods, ChoiceMethods


def _either(method: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """A symmetric method as a function in which either operand may be the number."""

    def function(x: Any, y: Any) -> Any:
        tensor, other = (x, y) if isinstance(x, Methods) else (y, x)
        if not isinstance(other, Methods):
            other = tensor._wrap(np.asarray(other, tensor.array.dtype))
        return method(tensor, other)

    return function


UFUNCS: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "true_divide": operator.truediv,
    "floor_divide": operator.floordiv,
    "remainder": operator.mod,
    "power": operator.pow,
    "matmul": operator.matmul,
    "equal": operator.eq,
    "not_equal": operator.ne,
    "less": operator.lt,
    "less_equal": operator.le,
    "greater": operator.gt,
    "greater_equal": operator.ge,
    "bitwise_and": operator.and_,
    "bitwise_or": operator.or_,
    "bitwise_xor": operator.xor,
    "invert": operator.invert,
    "negative": operator.neg,
    "absolute": operator.abs,
    "square": P.square,
    "sqrt": P.sqrt,
    "reciprocal": P.reciprocal,
    "exp": E.exp,
    "expm1": E.expm1,
    "log": E.log,
    "log1p": E.log1p,
    "log2": E.log2,
    "log10": E.log10,
    "sin": E.sin,
    "cos": E.cos,
    "tan": E.tan,
    "arcsin": E.asin,
    "arccos": E.acos,
    "arctan": E.atan,
    "sinh": E.sinh,
    "cosh": E.cosh,
    "arcsinh": E.asinh,
    "arccosh": E.acosh,
    "arctanh": E.atanh,
    "exp2": E.exp2,
    "deg2rad": E.deg2rad,
    "rad2deg": E.rad2deg,
    "signbit": E.signbit,
    "tanh": ActivationMethods.tanh,
    "sign": E.sign,
    "floor": E.floor,
    "ceil": E.ceil,
    "trunc": E.trunc,
    "isnan": C.isnan,
    "isinf": C.isinf,
    "isfinite": C.isfinite,
    "maximum": _either(C.maximum),
    "minimum": _either(C.minimum),
}


def _where(condition: Any, x: Any, y: Any) -> Any:
    tensor = next(t for t in (condition, x, y) if isinstance(t, Methods))
    arrays = (np.ndarray, np.generic)  # a 0-d comparison gives a NumPy scalar
    parts = [tensor._wrap(np.asarray(t)) if isinstance(t, arrays) else t for t in (condition, x, y)]
    return where(*parts)


def _transpose(x: Any, axes: tuple[int, ...] | None = None) -> Any:
    return x.permute(*(reversed(range(x.ndim)) if axes is None else axes))


def _full_like(value: int) -> Callable[[Any], Any]:
    return lambda x: x._wrap(np.full_like(x.array, value))


def _concatenate(xs: Any, axis: int = 0) -> Any:
    tensors = _tensors(xs)
    return tensors[0]._apply(Cat, *tensors, axis=axis)


def _stack(xs: Any, axis: int = 0) -> Any:
    tensors = _tensors(xs)
    return tensors[0]._apply(Stack, *tensors, axis=axis)


def _tensors(xs: Any) -> list[Any]:
    wrap = next(x for x in xs if isinstance(x, Methods))._wrap
    return [x if isinstance(x, Methods) else wrap(np.asarray(x)) for x in xs]


ARRAY_FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    np.where: _where,
    np.sum: lambda x, axis=None, keepdims=False: x.sum(axis=axis, keepdims=keepdims),
    np.mean: lambda x, axis=None, keepdims=False: x.mean(axis=axis, keepdims=keepdims),
    np.prod: lambda x, axis=None, keepdims=False: _prod(x, axis, keepdims),
    np.broadcast_to: lambda x, shape: x.expand(shape),
    np.zeros_like: _full_like(0),
    np.ones_like: _full_like(1),
    np.copy: lambda x: x.clone(),
    np.reshape: lambda x, shape: x.reshape(shape),
    np.transpose: _transpose,
    np.swapaxes: lambda x, a, b: x.transpose(a, b),
    np.concatenate: _concatenate,
    np.stack: _stack,
    np.flip: lambda x, axis=None: x.flip(range(x.ndim) if axis is None else axis),
    np.tril: lambda x, k=0: x.tril(k),
    np.triu: lambda x, k=0: x.triu(k),
    np.shape: lambda x: x.shape,
    np.ndim: lambda x: x.ndim,
}


def _prod(x: Any, axis: Any, keepdims: bool) -> Any:
    """Over several axes one after the other: Tensor.prod knows one."""
    if axis is None:
        out = x.prod()
        return out.reshape((1,) * x.ndim) if keepdims else out
    for a in sorted((axis,) if isinstance(axis, int) else axis, reverse=True):
        x = x.prod(a, keepdim=keepdims)
    return x
