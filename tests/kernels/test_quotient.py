"""Division by one number without dividing: the same bits as dividing."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest

from minitorch_clf.kernels.jit import kernel
from minitorch_clf.kernels.optim import quotient

AS_PYTHON = os.environ.get("NUMBA_DISABLE_JIT", "0") != "0"
rng = np.random.default_rng(0)


@kernel
def quotients(a: Any, b: Any, inverse: Any, out: Any) -> None:
    for i in range(a.size):
        out[i] = quotient(a[i], b, inverse)


def divided(a: Any, b: Any) -> Any:
    out = np.empty_like(a)
    quotients(a, b, a.dtype.type(1) / b, out)
    return out


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_quotient_is_that_of_a_division(dtype: Any) -> None:
    """For what Adam divides by in its first thousands of steps, and the numbers beside 1."""
    steps = rng.integers(1, 20_000, 5 if AS_PYTHON else 200)
    divisors = [dtype(np.sqrt(1 - 0.999 ** int(t))) for t in steps]
    divisors += [np.nextafter(dtype(1), dtype(k)) for k in (0, 1, 2)]
    for b in divisors:
        a = rng.uniform(1, 2, 50 if AS_PYTHON else 20_000).astype(dtype)
        a = np.ldexp(a, rng.integers(-60, 60, a.size)).astype(dtype)
        np.testing.assert_array_equal(divided(a, b), a / b)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_is_no_number_stays_as_it_is(dtype: Any) -> None:
    a = np.array([0, np.inf, np.nan], dtype)
    np.testing.assert_array_equal(divided(a, dtype(0.3)), a)
