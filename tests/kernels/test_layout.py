"""Loops that lay values out anew."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_clf.kernels.layout import turn_and_add

rng = np.random.default_rng(0)


@pytest.mark.parametrize(("n", "m"), [(1, 1), (8, 16), (13, 17), (7, 40), (64, 128)])
def test_turning_reads_every_element_once(n: int, m: int) -> None:
    source, bias = rng.standard_normal((m, n)), rng.standard_normal(m)
    out = np.full((n, m), np.nan)
    turn_and_add(source, bias, out)
    np.testing.assert_array_equal(out, source.T + bias)
