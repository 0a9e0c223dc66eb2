"""`torch.cuda` on a machine where there is none: it says so."""

from __future__ import annotations

from typing import Any

__all__ = ["device_count", "is_available", "manual_seed", "manual_seed_all", "synchronize"]


def is_available() -> bool:
    """False: this engine computes on the CPU only."""
    return False


def device_count() -> int:
    """0."""
    return 0


def manual_seed(seed: int) -> None:
    """Nothing: there is no GPU to seed. PyTorch too is silent here without one."""


def manual_seed_all(seed: int) -> None:
    """Nothing: there is no GPU to seed."""


def synchronize(device: Any = None) -> None:  # noqa: ARG001 - PyTorch's signature
    """AssertionError: there is nothing to wait for."""
    raise AssertionError("Torch not compiled with CUDA enabled")
