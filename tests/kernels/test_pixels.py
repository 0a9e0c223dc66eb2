"""Grey levels become the floats that one division gives."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_clf.kernels.pixels import unit_interval


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_grey_level(dtype: type[np.floating]) -> None:
    levels = np.arange(256, dtype=np.uint8)
    out = np.full(256, np.nan, dtype)
    unit_interval(levels, out)
    assert out.tobytes() == np.divide(levels, 255, dtype=dtype).tobytes()
