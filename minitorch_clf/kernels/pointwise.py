"""Pointwise loops that NumPy cannot spell."""

from __future__ import annotations

from typing import Any

from minitorch_clf.kernels.jit import fma, kernel


@kernel
def scaled_sum(x: Any, y: Any, alpha: Any, out: Any) -> None:
    """out = x + alpha * y, rounded once.   x, y, out: (n,); alpha a scalar of their dtype"""
    for i in range(out.size):
        out[i] = fma(alpha, y[i], x[i])
