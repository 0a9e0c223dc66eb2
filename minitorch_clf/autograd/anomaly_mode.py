"""Turning anomaly mode on and off, under PyTorch's names."""

from __future__ import annotations

import warnings

from minitorch_clf import anomaly

__all__ = ["detect_anomaly", "set_detect_anomaly"]


class set_detect_anomaly:
    """Look for nan in backward, or not, from here on; as a context manager, for the block.

    check_nan   False: only tell where in forward a failing backward was built

    Beyond PyTorch, a backward that starts from nan is an error, and errors name the first value in
    forward and in backward that was not finite, the range it came from, and the line.

    RuntimeError  "Function 'LogBackward0' returned nan values in its 0th output."
    """

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self.previous = anomaly.mode.enabled, anomaly.mode.check_nan
        anomaly.mode.enabled, anomaly.mode.check_nan = mode, check_nan

    def __enter__(self) -> None: ...

    def __exit__(self, *exception: object) -> None:
        anomaly.mode.enabled, anomaly.mode.check_nan = self.previous


class detect_anomaly:
    """Inside, look for nan in backward: see set_detect_anomaly."""

    def __init__(self, check_nan: bool = True) -> None:
        self.check_nan = check_nan
        warnings.warn(
            "Anomaly Detection has been enabled. This mode will increase the runtime and should "
            "only be enabled for debugging.",
            stacklevel=2,
        )

    def __enter__(self) -> None:
        self.previous = anomaly.mode.enabled, anomaly.mode.check_nan
        anomaly.mode.enabled, anomaly.mode.check_nan = True, self.check_nan

    def __exit__(self, *exception: object) -> None:
        anomaly.mode.enabled, anomaly.mode.check_nan = self.previous


def is_anomaly_enabled() -> bool:
    """Whether anomaly mode is on."""
    return anomaly.mode.enabled


def is_anomaly_check_nan_enabled() -> bool:
    """Whether anomaly mode, when on, looks for nan."""
    return anomaly.mode.check_nan
