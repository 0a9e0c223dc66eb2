"""What the machine is, and how fast it is at best: the floor that no program gets below."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

PACKAGES = ("numpy", "numba", "torch", "torchvision", "jax", "jaxlib", "onnxruntime")


def facts() -> dict[str, str]:
    """CPU, cores, versions, commit: what a number depends on."""
    found = {
        "cpu": _cpu(),
        "cores": f"{len(os.sched_getaffinity(0))} usable of {os.cpu_count()}",
        "system": f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
        "blas": _blas(),
        "commit": _commit(),
    }
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()


def _blas() -> str:
    import threadpoolctl

    pools = threadpoolctl.threadpool_info()
    return ", ".join(
        f"{pool['internal_api']} {pool['version']} {pool.get('architecture', '')}".strip()
        for pool in pools
        if pool["user_api"] == "blas"
    )


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return done.stdout.strip()


def _best(call: Callable[[], Any], seconds: float = 0.3) -> float:
    """The shortest of the calls that fit into `seconds`: the floor is what happens undisturbed."""
    best, start = np.inf, time.perf_counter()
    while time.perf_counter() - start < seconds:
        before = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - before)
    return float(best)


@cache
def flops() -> float:
    """Floating-point operations per second of float32 matrix products, with this many threads."""
    n = 1024
    x, y, out = (np.ones((n, n), np.float32) for _ in range(3))
    return 2 * n**3 / _best(lambda: np.matmul(x, y, out=out))


@cache
def bandwidth() -> float:
    """Bytes per second read and written by copying 64 MB, which no cache of ours holds."""
    source, target = (np.ones(1 << 24, np.float32) for _ in range(2))
    return 2 * source.nbytes / _best(lambda: np.copyto(target, source))


@cache
def cached_bandwidth() -> float:
    """Bytes per second read and written by copying 128 KB, which the second-level cache holds.

    Source and target lie half a page apart, modulo pages: closer, their addresses are taken for
    each other's, and the copy lasts fifteen times as long (4K aliasing).
    """
    n, half_a_page = 1 << 15, 512
    memory = np.ones(2 * n + half_a_page, np.float32)
    source, target = memory[:n], memory[n + half_a_page :]

    def copies() -> None:
        for _ in range(100):
            np.copyto(target, source)

    return 200 * source.nbytes / _best(copies)


def floor(operations: float, moved: float) -> float:
    """Seconds for so many operations of matrix products and so many bytes, one after the other.

    Up to 8 MB are counted at the bandwidth of the cache, which keeps them from step to step.
    """
    return operations / flops() + moved / (cached_bandwidth() if moved < 8e6 else bandwidth())
