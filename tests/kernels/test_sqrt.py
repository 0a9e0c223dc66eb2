"""The square root is MKL's, as PyTorch calls it, to the last bit, on this processor."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest
import torch

from minitorch_clf.kernels.jit import kernel
from minitorch_clf.kernels.sqrt import BLOCK, mkl_estimates, sqrt_block

AS_PYTHON = os.environ.get("NUMBA_DISABLE_JIT", "0") != "0"
CORNERS = [0.0, -0.0, 1.0, 4.0, -1.0, np.inf, -np.inf, np.nan]


@kernel
def roots(x: Any, as_mkl: Any, out: Any) -> None:
    """out = sqrt(x).   x, out: (a multiple of BLOCK,)"""
    estimates = np.empty(BLOCK, np.float32)
    for start in range(0, x.size, BLOCK):
        block = x[start : start + BLOCK].copy()
        sqrt_block(block, estimates, as_mkl)
        out[start : start + BLOCK] = block


def check(x: np.ndarray[Any, Any]) -> None:
    x = np.resize(x, -(-x.size // BLOCK) * BLOCK)
    out = np.empty_like(x)
    roots(x, mkl_estimates(x.dtype), out)
    if AS_PYTHON:  # no instruction for the estimate: correctly rounded instead
        with np.errstate(invalid="ignore"):
            expected = np.sqrt(x)
    else:
        expected = torch.from_numpy(x).sqrt().numpy()
    np.testing.assert_array_equal(out, expected)
    assert np.array_equal(np.signbit(out), np.signbit(expected)) or np.isnan(x).any()


def test_float32_of_two_binades() -> None:
    """rsqrtps is the same for x and 4 x, so these are all there are, up to a power of 2."""
    first, last = np.array([1, 4], np.float32).view(np.uint32)
    check(np.arange(first, last, 1 if not AS_PYTHON else 4096, dtype=np.uint32).view(np.float32))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_corners(dtype: str) -> None:
    check(np.array(CORNERS, dtype))


@pytest.mark.parametrize(
    ("dtype", "mantissa", "top"), [("float32", 23, 0xFF), ("float64", 52, 0x7FF)]
)
def test_all_magnitudes(dtype: str, mantissa: int, top: int) -> None:
    """Random bits: of all exponents, of the subnormals and their neighbours, of the largest."""
    rng = np.random.default_rng(0)
    unsigned = {"float32": np.uint32, "float64": np.uint64}[dtype]
    for low, high in ((0, top), (0, 2), (top - 3, top)):
        bits = rng.integers(low << mantissa, high << mantissa, 2**17, dtype=unsigned)
        check(bits.view(dtype))
