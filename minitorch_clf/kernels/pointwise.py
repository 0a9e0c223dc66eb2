"""Pointwise loops that NumPy cannot spell."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minitorch_clf.kernels.jit import fma, kernel
from minitorch_clf.kernels.sqrt import BLOCK, sqrt_block


@kernel
def scaled_sum(x: Any, y: Any, alpha: Any, out: Any) -> None:
    """out = x + alpha * y, rounded once.   x, y, out: (n,); alpha a scalar of their dtype"""
    for i in range(out.size):
        out[i] = fma(alpha, y[i], x[i])


@kernel
def multiply_add(x: Any, y: Any, z: Any, out: Any) -> None:
    """out = x * y + z, rounded once.   all: (n,)"""
    for i in range(out.size):
        out[i] = fma(x[i], y[i], z[i])


@kernel
def sign(x: Any, out: Any) -> None:
    """out = -1, 0 or 1; 0 where x is nan.   x, out: (n,)"""
    zero, one = x.dtype.type(0), x.dtype.type(1)
    for i in range(out.size):
        up = one if x[i] > zero else zero
        out[i] = -one if x[i] < zero else up


@kernel
def abs_backward(grad: Any, x: Any, out: Any) -> None:
    """out = grad * sign(x).   x, out: (n,), grad: (n,), or (1,) for all"""
    sign(x, out)
    if grad.size == 1:
        g = grad[0]
        for i in range(out.size):
            out[i] *= g
    else:
        for i in range(out.size):
            out[i] *= grad[i]


@kernel
def erf(x: Any, out: Any) -> None:
    """out = 2 / sqrt(pi) * the integral of exp(-t * t) from 0 to x.   x, out: (n,)"""
    for i in range(out.size):
        out[i] = math.erf(x[i])


@kernel
def erfc(x: Any, out: Any) -> None:
    """out = 1 - erf(x), exact where that is small.   x, out: (n,)"""
    for i in range(out.size):
        out[i] = math.erfc(x[i])


@kernel
def sqrt(x: Any, as_mkl: Any, out: Any) -> None:
    """out = sqrt(x) with PyTorch's bits.   x, out: (n,); as_mkl: mkl_estimates(x.dtype)"""
    root = np.ones(min(BLOCK, -(-x.size // 4) * 4), x.dtype)
    estimates = np.empty(root.size, np.float32)
    for start in range(0, x.size, BLOCK):
        n = min(BLOCK, x.size - start)
        root[:n] = x[start : start + n]
        sqrt_block(root, estimates, as_mkl)
        out[start : start + n] = root[:n]
