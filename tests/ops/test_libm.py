"""ops/libm.py gives what NumPy's functions would give, but for the last bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from minitorch_clf.ops import libm

BLOCK = np.random.default_rng(0).uniform(0.1, 2, (8, 9, 6)).astype(np.float32)
TURNED = BLOCK.transpose(2, 0, 1)
ONE = {
    "contiguous": BLOCK,
    "turned": TURNED,
    "every other": BLOCK[::2, ::3, ::2],
    "turned in part": BLOCK[:, ::2].T,
    "broadcast": np.broadcast_to(BLOCK[0], BLOCK.shape),
    "empty": TURNED[:0],
    "0-d": np.asarray(BLOCK[0, 0, 0]),
    "a scalar": BLOCK[0, 0, 0],
    "integers": np.arange(6).reshape(2, 3),
}
TWO: dict[str, tuple[Any, Any]] = {
    "one layout": (TURNED, TURNED),
    "two layouts": (TURNED, TURNED.copy("C")),
    "a row": (TURNED, TURNED[0]),
    "a column": (TURNED[:, :, :1], TURNED),
    "a number": (TURNED, 3.5),
    "of a number": (2.5, TURNED),
    "two dtypes": (TURNED, BLOCK[0, 0, 0].astype(np.float64).reshape(1)),
    "integers and floats": (np.arange(6), BLOCK[0, 0]),
}


def check(actual: Any, expected: Any) -> None:
    expected = np.asarray(expected)
    assert (actual.shape, actual.dtype) == (expected.shape, expected.dtype)
    assert np.asarray(actual).strides == expected.strides
    np.testing.assert_allclose(actual, expected, rtol=1e-6)


@pytest.mark.parametrize("layout", ONE)
def test_layout_of_one(layout: str) -> None:
    """In memory as well: sums of what comes out add up in that order."""
    check(libm.tan(ONE[layout]), np.tan(ONE[layout]))


@pytest.mark.parametrize("layout", TWO)
def test_layout_of_two(layout: str) -> None:
    x, y = TWO[layout]
    check(libm.power(x, y), np.power(x, y))
    check(libm.atan2(x, y), np.arctan2(x, y))


@pytest.mark.parametrize("exponent", [2, 0.5, -1, np.float32(2), np.array([0.5], np.float32)])
def test_one_exponent_for_all_is_a_short_cut(exponent: Any) -> None:
    short = {2: BLOCK * BLOCK, 0.5: np.sqrt(BLOCK), -1: 1 / BLOCK}
    np.testing.assert_array_equal(libm.power(BLOCK, exponent), short[np.asarray(exponent).item()])


def test_powers_of_integers_stay_integers() -> None:
    powers = libm.power(np.arange(4), np.array([2, 3, 4, 5]))
    assert powers.tolist() == [0, 1, 16, 243]
    assert powers.dtype == np.int64
