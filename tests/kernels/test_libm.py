"""The functions of ops/libm.py are the C library's, bit for bit, whatever NumPy's are here."""

from __future__ import annotations

import ctypes
import ctypes.util
import os
from typing import Any, TypeAlias

import numpy as np
import pytest

from minitorch_clf.kernels import libm as loops
from minitorch_clf.kernels.jit import Kernel
from minitorch_clf.ops import libm

AS_PYTHON = os.environ.get("NUMBA_DISABLE_JIT", "0") != "0"
NAMES = [name for name, loop in vars(loops).items() if isinstance(loop, Kernel)]
NUMPY = {"asin": "arcsin", "acos": "arccos", "atan": "arctan", "atan2": "arctan2"}
NUMPY |= {"asinh": "arcsinh", "acosh": "arccosh", "atanh": "arctanh"}
UNSIGNED = {"float32": np.uint32, "float64": np.uint64}

Array: TypeAlias = "np.ndarray[Any, Any]"


def of_numpy(name: str, *inputs: Array) -> Array:
    return np.asarray(getattr(np, NUMPY.get(name, name))(*inputs))


def of_c(name: str, *inputs: Array) -> Array:
    """The C library's function, number by number: tanf of float32, tan of float64."""
    path = ctypes.util.find_library("m")
    if path is None:
        pytest.skip("C's library of mathematics has no name of its own here")
    dtype = inputs[0].dtype
    single = dtype == np.float32
    function = getattr(ctypes.CDLL(path), {"power": "pow"}.get(name, name) + "f" * single)
    number = ctypes.c_float if single else ctypes.c_double
    function.restype, function.argtypes = number, [number] * len(inputs)
    return np.array(
        [function(*xs) for xs in zip(*[x.tolist() for x in inputs], strict=True)], dtype
    )


def drawn(dtype: str, seed: int) -> Array:
    """Moderate numbers, numbers within [-1, 1], and random bits: huge, tiny, inf and nan."""
    rng, n = np.random.default_rng(seed), 3000
    bits = rng.integers(0, np.iinfo(UNSIGNED[dtype]).max, n, UNSIGNED[dtype], endpoint=True)
    special = [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan]
    numbers = [rng.normal(0, 5, n), rng.uniform(-1, 1, n), special]
    return rng.permutation(
        np.concatenate([*(np.asarray(x, dtype) for x in numbers), bits.view(dtype)])
    )


@pytest.mark.parametrize("dtype", UNSIGNED)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # overflow and invalid values are meant
def test_bits(name: str, dtype: str) -> None:
    """Where NumPy's loop is SVML's, from 3 (log2 of float64) to 3,000 of these would differ."""
    inputs = [drawn(dtype, seed) for seed in range(2 if name in ("atan2", "power") else 1)]
    own = AS_PYTHON or (name in ("exp", "log") and dtype == "float32")  # see ops/libm.py
    expected = (of_numpy if own else of_c)(name, *inputs)
    actual = getattr(libm, name)(*inputs)
    assert actual.dtype == dtype
    np.testing.assert_array_equal(actual, expected)
    number = ~np.isnan(expected)
    assert np.array_equal(np.signbit(actual)[number], np.signbit(expected)[number])
