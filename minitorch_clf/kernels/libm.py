"""Functions of libm, the C library of mathematics, called element by element.

NumPy calls libm for most of them too, but not everywhere: on a processor with AVX-512 its loops
are Intel's SVML, up to 3 ulp from libm (tan of a float32). PyTorch's loops that take one element
at a time (std::asinh, std::acosh, and the end of every array) call libm on every processor. So the
engine calls it itself, and gives the same bits on all machines with one C library.

Numba compiles `np.tan(x[i])` to a call of tanf or tan, 5 to 20 ns an element, as NumPy's own loops
take without AVX-512. As plain Python (NUMBA_DISABLE_JIT=1) it is NumPy's function, which, unlike
math.asin, does not raise outside of the domain.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch_clf.kernels.jit import kernel


@kernel
def tan(x: Any, out: Any) -> None:
    """out = tan(x).   here and below x, y, out: (n,) of one dtype"""
    for i in range(out.size):
        out[i] = np.tan(x[i])


@kernel
def asin(x: Any, out: Any) -> None:
    """out = the angle in [-pi/2, pi/2] with sine x; nan outside of [-1, 1]."""
    for i in range(out.size):
        out[i] = np.arcsin(x[i])


@kernel
def acos(x: Any, out: Any) -> None:
    """out = the angle in [0, pi] with cosine x; nan outside of [-1, 1]."""
    for i in range(out.size):
        out[i] = np.arccos(x[i])


@kernel
def atan(x: Any, out: Any) -> None:
    """out = the angle in [-pi/2, pi/2] with tangent x."""
    for i in range(out.size):
        out[i] = np.arctan(x[i])


@kernel
def atan2(x: Any, y: Any, out: Any) -> None:
    """out = the angle of the point (y, x), x being the ordinate."""
    for i in range(out.size):
        out[i] = np.arctan2(x[i], y[i])


@kernel
def sinh(x: Any, out: Any) -> None:
    """out = (exp(x) - exp(-x)) / 2."""
    for i in range(out.size):
        out[i] = np.sinh(x[i])


@kernel
def cosh(x: Any, out: Any) -> None:
    """out = (exp(x) + exp(-x)) / 2."""
    for i in range(out.size):
        out[i] = np.cosh(x[i])


@kernel
def asinh(x: Any, out: Any) -> None:
    """out = log(x + sqrt(x ** 2 + 1))."""
    for i in range(out.size):
        out[i] = np.arcsinh(x[i])


@kernel
def acosh(x: Any, out: Any) -> None:
    """out = log(x + sqrt(x ** 2 - 1)); nan below 1."""
    for i in range(out.size):
        out[i] = np.arccosh(x[i])


@kernel
def atanh(x: Any, out: Any) -> None:
    """out = log((1 + x) / (1 - x)) / 2; nan outside of [-1, 1]."""
    for i in range(out.size):
        out[i] = np.arctanh(x[i])


@kernel
def exp(x: Any, out: Any) -> None:
    """out = e ** x."""
    for i in range(out.size):
        out[i] = np.exp(x[i])


@kernel
def exp2(x: Any, out: Any) -> None:
    """out = 2 ** x."""
    for i in range(out.size):
        out[i] = np.exp2(x[i])


@kernel
def expm1(x: Any, out: Any) -> None:
    """out = e ** x - 1, exact near 0."""
    for i in range(out.size):
        out[i] = np.expm1(x[i])


@kernel
def log(x: Any, out: Any) -> None:
    """out = log(x)."""
    for i in range(out.size):
        out[i] = np.log(x[i])


@kernel
def log1p(x: Any, out: Any) -> None:
    """out = log(1 + x), exact near 0."""
    for i in range(out.size):
        out[i] = np.log1p(x[i])


@kernel
def log2(x: Any, out: Any) -> None:
    """out = log(x) / log(2)."""
    for i in range(out.size):
        out[i] = np.log2(x[i])


@kernel
def log10(x: Any, out: Any) -> None:
    """out = log(x) / log(10)."""
    for i in range(out.size):
        out[i] = np.log10(x[i])


@kernel
def power(x: Any, y: Any, out: Any) -> None:
    """out = x ** y."""
    for i in range(out.size):
        out[i] = np.power(x[i], y[i])
