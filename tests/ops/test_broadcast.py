"""What `spread` hands to the kernels."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_clf.ops.broadcast import spread


@pytest.mark.parametrize("shapes", [((1,), (1, 1)), ((0, 3), (3,)), ((2, 1), (3,)), ((), ())])
def test_spread_gives_arrays_that_a_kernel_takes(shapes: tuple[tuple[int, ...], ...]) -> None:
    inputs = [np.ones(shape, order="F") for shape in shapes]
    for x, result in zip(inputs, spread(*inputs), strict=True):
        assert result.shape == np.broadcast_shapes(*shapes)
        assert result.flags.c_contiguous
        assert result.flags.writeable  # of np.broadcast_arrays NumPy warns here, an error in tests
        assert result.shape == x.shape or not np.shares_memory(result, x)
