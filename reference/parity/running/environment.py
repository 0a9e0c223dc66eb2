"""The machine a report was made on, as far as it can decide bits or time."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

import numpy as np


def environment() -> dict[str, str]:
    """Facts by name, all of them texts.

    >>> sorted(environment())
    ['cores', 'cpu', 'numpy', 'platform', 'python']
    """
    return {
        "python": f"{platform.python_version()} ({sys.implementation.name})",
        "numpy": np.__version__,
        "cpu": _cpu(),
        "cores": str(available_cores()),
        "platform": platform.platform(),
    }


def available_cores() -> int:
    """Those that this process may use: in a container or a job fewer than there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cpu() -> str:
    """Linux says it in a file, others through `platform`, some only as an architecture."""
    try:
        for line in Path("/proc/cpuinfo").read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
