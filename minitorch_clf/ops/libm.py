"""Functions of one or two arrays with libm's bits (kernels/libm.py), by their names in libm.

Each stands where NumPy's function would: it broadcasts, gives a result of that dtype and layout,
and passes on to NumPy what is no float array, such as Tensors in a backward that records itself.

Only what differs between NumPy's loops is here: of a million random numbers each, `np.tanh`,
`np.sin`, `np.cos`, `np.hypot` and the `logaddexp`s are the same with AVX-512 and without. So are
`np.exp` and `np.log` of float32, in loops of NumPy's own, several times as fast as libm's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minitorch_clf.kernels import libm as loops
from minitorch_clf.tape import Array, Recordable
from minitorch_clf.threads import in_parts

SINGLE, DOUBLE = np.dtype(np.float32), np.dtype(np.float64)


def by_libm(
    ufunc: Callable[[Any], Any], loop: Any, dtypes: tuple[Any, ...] = (SINGLE, DOUBLE)
) -> Callable[[Any], Any]:
    """A function like `ufunc` that runs `loop` for arrays of these dtypes.

    >>> out = by_libm(np.tan, loops.tan)(np.zeros((2, 3), np.float32).T)
    >>> out.shape, out.strides, out.dtype
    ((3, 2), (4, 12), dtype('float32'))
    """

    def function(x: Any) -> Any:
        if getattr(x, "dtype", None) not in dtypes:
            return ufunc(x)
        out = np.empty_like(x) if x.flags.c_contiguous else np.positive(x)  # laid out as ufunc(x)
        return _run(loop, out, x)

    return function


def by_libm_of_two(ufunc: Callable[[Any, Any], Any], loop: Any) -> Callable[[Any, Any], Any]:
    """The same of two arrays, or of one and a number."""

    def function(x: Any, y: Any) -> Any:
        if isinstance(x, Recordable) or isinstance(y, Recordable):
            return ufunc(x, y)
        out = np.asarray(np.add(x, y))  # which has the shape, dtype and layout of ufunc(x, y)
        return _run(loop, out, x, y) if out.dtype in (SINGLE, DOUBLE) else ufunc(x, y)

    return function


def _run(loop: Any, out: Array, *inputs: Any) -> Array:
    """Fill `out` by loop(*inputs, out), all of them flat, in the order in which `out` lies."""
    wide = [_spread(x, out) for x in inputs]
    if out.flags.c_contiguous:
        flat = [x.reshape(-1) for x in (*wide, out)]
    else:
        axes = sorted(range(out.ndim), key=lambda axis: -out.strides[axis])
        flat = [x.transpose(axes).reshape(-1) for x in (*wide, out)]
    in_parts(loop, flat[:-1], (), flat[-1])
    return out


def _spread(x: Any, out: Array) -> Array:
    """x in out's dtype and shape."""
    x = np.asarray(x, out.dtype)
    return x if x.shape == out.shape else np.broadcast_to(x, out.shape).copy()


tan = by_libm(np.tan, loops.tan)
asin = by_libm(np.arcsin, loops.asin)
acos = by_libm(np.arccos, loops.acos)
atan = by_libm(np.arctan, loops.atan)
atan2 = by_libm_of_two(np.arctan2, loops.atan2)
sinh = by_libm(np.sinh, loops.sinh)
cosh = by_libm(np.cosh, loops.cosh)
asinh = by_libm(np.arcsinh, loops.asinh)
acosh = by_libm(np.arccosh, loops.acosh)
atanh = by_libm(np.arctanh, loops.atanh)

exp = by_libm(np.exp, loops.exp, (DOUBLE,))
exp2 = by_libm(np.exp2, loops.exp2)
expm1 = by_libm(np.expm1, loops.expm1)
log = by_libm(np.log, loops.log, (DOUBLE,))
log1p = by_libm(np.log1p, loops.log1p)
log2 = by_libm(np.log2, loops.log2)
log10 = by_libm(np.log10, loops.log10)

_power = by_libm_of_two(lambda x, y: x**y, loops.power)


def power(x: Any, y: Any) -> Any:
    """x ** y.   One exponent 2, 0.5 or -1 for all is a product, a root, a quotient: NumPy's way."""
    alone = y.item() if isinstance(y, np.ndarray) and y.size == 1 else y
    if isinstance(alone, float | int | np.floating) and alone in (2, 0.5, -1):
        return x**y
    return _power(x, y)
