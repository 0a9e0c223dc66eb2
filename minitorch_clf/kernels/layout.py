"""Loops that lay values out anew."""

from __future__ import annotations

from typing import Any

from minitorch_clf.kernels.jit import kernel

ROWS, COLUMNS = 8, 16
"""A tile of `out`: its rows are a cache line each, and so are the columns that it is read from."""


@kernel
def turn_and_add(source: Any, bias: Any, out: Any) -> None:
    """out[n, m] = source[m, n] + bias[m].            source: (M, N), bias: (M,), out: (N, M)"""
    N, M = out.shape
    for n0 in range(0, N, ROWS):
        for m0 in range(0, M, COLUMNS):
            for n in range(n0, min(n0 + ROWS, N)):
                for m in range(m0, min(m0 + COLUMNS, M)):
                    out[n, m] = source[m, n] + bias[m]
