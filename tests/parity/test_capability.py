"""The oracle is PyTorch with its AVX2 loops, also where it would take others."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from reference.parity.frozen import FrozenOracle

CAPABILITY = """
import reference.parity, torch
print(torch.backends.cpu.get_cpu_capability())
"""


@pytest.mark.skipif(
    torch.backends.cpu.get_cpu_capability() == "DEFAULT", reason="the processor has no AVX2"
)
def test_it_is_that_of_the_vectors() -> None:
    assert torch.backends.cpu.get_cpu_capability() == FrozenOracle().facts()["capability"] == "AVX2"


@pytest.mark.parametrize("asked", ["", "default"])
def test_who_asks_for_another_is_not_overruled(asked: str) -> None:
    others = {k: v for k, v in os.environ.items() if k != "ATEN_CPU_CAPABILITY"}
    run = subprocess.run(
        [sys.executable, "-c", CAPABILITY],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
        env=others | ({"ATEN_CPU_CAPABILITY": asked} if asked else {}),
    )
    expected = asked.upper() or torch.backends.cpu.get_cpu_capability()
    assert run.stdout.strip() == expected
