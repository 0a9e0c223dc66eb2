"""How far apart two floating-point results are: in ULP, or in rounding steps of a given magnitude.

ULP suits results that are rounded once from well-conditioned values (exp, a product): the distance
is the number of representable numbers between the two. It does not suit a sum whose terms cancel,
where both engines are off by a rounding of the *terms*, which may be a million ULP of the small
result. There we count rounding steps:

    steps = |actual - expected| / (2**-24 * magnitude)        2**-53 for float64

with `magnitude` the size of what was rounded: the largest value of the tensor, or the sum of
|terms|.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_INTEGERS = {np.dtype(f"float{n}"): np.dtype(f"int{n}") for n in (16, 32, 64)}


def ordered(x: NDArray[Any]) -> NDArray[np.int64]:
    """The bits of x as integers in the order of the floats; -0.0 and 0.0 are both 0."""
    integer = _INTEGERS[x.dtype]
    raw = np.ascontiguousarray(x).view(integer).reshape(x.shape)
    return np.where(raw < 0, np.iinfo(integer).min - raw.astype(np.int64), raw)


def ulp_distance(expected: NDArray[Any], actual: NDArray[Any]) -> NDArray[np.float64]:
    """The number of floats from one to the other, elementwise.

    Zero between two NaNs and between equal infinities; infinite between a finite number and
    anything that is not finite.

    >>> x = np.float32([1, 0.0, np.nan, np.inf])
    >>> ulp_distance(x, np.float32([1 + 2**-23, -0.0, np.nan, 1])).tolist()
    [1.0, 0.0, 0.0, inf]
    """
    same = (expected == actual) | (np.isnan(expected) & np.isnan(actual))
    finite = np.isfinite(expected) & np.isfinite(actual)
    apart = np.abs(ordered(expected).astype(np.float64) - ordered(actual).astype(np.float64))
    near = np.abs(ordered(expected) - ordered(actual)).astype(
        np.float64
    )  # exact, but wraps around when far
    distance = np.where(apart < 2.0**52, near, apart)
    return np.where(same, 0.0, np.where(finite, distance, np.inf))


def rounding_steps(
    expected: NDArray[Any], actual: NDArray[Any], magnitude: NDArray[Any] | float | None = None
) -> NDArray[np.float64]:
    """|actual - expected| in units of half an epsilon of `magnitude`.

    magnitude   by default the largest finite |expected|

    >>> rounding_steps(np.float32([1024, 0]), np.float32([1024, 2**-14])).tolist()
    [0.0, 1.0]
    """
    if magnitude is None:
        finite = np.abs(expected[np.isfinite(expected)])
        magnitude = float(finite.max()) if finite.size else 0.0
    same = (expected == actual) | (np.isnan(expected) & np.isnan(actual))
    step = np.finfo(expected.dtype).eps / 2 * np.asarray(magnitude, np.float64)
    with np.errstate(all="ignore"):
        steps = np.abs(actual.astype(np.float64) - expected.astype(np.float64)) / step
    return np.where(same, 0.0, np.where(np.isfinite(steps), steps, np.inf))


def bits(value: Any) -> str:
    """The value with its bit pattern, as a failure message shows it.

    >>> bits(np.float32(-0.0))
    '-0.0 (0x80000000)'
    """
    value = np.asarray(value)
    pattern = int.from_bytes(value.astype(value.dtype.newbyteorder(">")).tobytes(), "big")
    return f"{value.item()!r} (0x{pattern:0{2 * value.dtype.itemsize}x})"
