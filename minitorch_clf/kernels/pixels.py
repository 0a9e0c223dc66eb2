"""From grey levels to numbers."""

from __future__ import annotations

from typing import Any

from minitorch_clf.kernels.jit import kernel


@kernel
def unit_interval(pixels: Any, out: Any) -> None:
    """out = pixels / 255, divided in out's dtype.   pixels, out: (n,), uint8 and float"""
    number = out.dtype.type
    for i in range(out.size):
        out[i] = number(pixels[i]) / number(255)
