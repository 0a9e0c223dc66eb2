"""How drawn inputs are made and compared with PyTorch; tests/test_the_tests.py holds it to it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import minitorch_clf
from reference.parity.case import OpCase
from reference.parity.check import check

#: gradcheck's default of 1e-3 lets a gradient pass that is 0.1 % off; the difference quotients of
#: our cases are good to about 1e-8.
ATOL, RTOL = 1e-6, 1e-5

SPECIAL = (0.0, -0.0, 1.0, -1.0, 0.5, 2.0, float("inf"), float("-inf"), float("nan"), 1e-45, -1e-40)
LAYOUTS = st.sampled_from(("plain", "transposed", "strided"))
FLOATS = st.sampled_from(("float32", "float64"))


def elements(dtype: str, largest: float = 1e3) -> st.SearchStrategy[float]:
    """Floats of every size up to `largest`, and often a value where functions have a corner."""
    width = 32 if dtype == "float32" else 64
    drawn = st.floats(-largest, largest, width=width, allow_subnormal=True)
    return st.one_of(st.sampled_from(SPECIAL), drawn)


def arrays(dtype: str, shape: Any, **kw: Any) -> st.SearchStrategy[Any]:
    if dtype == "bool":
        return hnp.arrays(dtype, shape)
    if not dtype.startswith("float"):
        return hnp.arrays(dtype, shape, elements=st.integers(0 if dtype == "uint8" else -9, 9))
    return hnp.arrays(dtype, shape, elements=elements(dtype, **kw))


def agrees(case: OpCase, inputs: list[Any], dtype: str, layout: str = "plain") -> None:
    """The case with these inputs, on both engines, forward and backward."""
    check(
        replace(case, shapes=(), values=tuple(inputs), draw="normal"), minitorch_clf, dtype, layout
    ).raise_if_failed()
