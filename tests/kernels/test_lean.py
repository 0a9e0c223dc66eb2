"""What a kernel on disk does not need of Numba is not loaded or compiled before it is needed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(
    os.environ.get("NUMBA_DISABLE_JIT", "0") != "0", reason="nothing is compiled"
)

KERNEL = """
import sys
import numpy as np
from minitorch_clf.kernels.jit import kernel

@kernel
def doubled(x):
    return x + np.ones(x.size) * x

print(doubled(np.full(2, 3.0)))
"""
LOADED = """
print([name for name in ("coverage", "scipy.linalg") if name in sys.modules])
"""
OTHERS = """
import coverage
import numba
print(numba.njit(lambda x: np.convolve(x, x))(np.ones(2)), "scipy.linalg" in sys.modules)
"""


def run(program: str, folder: Path) -> list[str]:
    """The lines that it prints, run from the same file each time, so that its kernel is kept."""
    file = folder / "program.py"
    if not file.exists():
        file.write_text(program)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("NUMBA_")}
    environment["PYTHONPATH"] = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, file], capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_scipy_and_coverage(tmp_path: Path) -> None:
    """Somebody's kernel that needs SciPy has it, and who wants coverage can import it."""
    pytest.importorskip("scipy")
    pytest.importorskip("coverage")
    lines = run(KERNEL + LOADED + OTHERS, tmp_path)
    assert lines == ["[6. 6.]", "[]", "[1. 2. 1.] True"]
