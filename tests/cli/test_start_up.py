"""The command line answers at once: it loads what a command needs, when it needs it."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("numba", "llvmlite", "torch", "torchvision", "rich", "pooch", "safetensors")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python with its bytecode kept, as users have it."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=environment,
    )


@pytest.mark.parametrize("arguments", [["--help"], ["train", "--help"], ["--version"]])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    program = (
        "import sys; from minitorch_clf.cli import cli\n"
        f"cli({arguments!r}, standalone_mode=False)\n"
        f"print('LOADED', [name for name in {HEAVY!r} if name in sys.modules])\n"
    )

    result = run("-c", program)

    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-1] == "LOADED []"


def seconds(*arguments: str) -> float:
    """Return the least processor time of five runs, so that a busy machine does not count."""
    times = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert run(*arguments).returncode == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(times)


def test_help_takes_less_than_300_ms() -> None:
    """On a machine where `import numpy` takes 100: three times that, whatever the machine."""
    assert seconds("-m", "minitorch_clf", "--help") < 3 * seconds("-c", "import numpy")


def test_module_and_script_are_one_program() -> None:
    as_module = run("-m", "minitorch_clf", "train", "--help")
    script = Path(sys.executable).with_name("minitorch-clf")

    as_script = subprocess.run(
        [script, "train", "--help"], capture_output=True, text=True, check=True
    )

    assert as_module.returncode == 0
    assert "mnist|digits|logistic" in as_module.stdout
    assert as_script.stdout.splitlines()[2:] == as_module.stdout.splitlines()[2:]


def test_wrong_usage_is_exit_code_2_without_a_traceback() -> None:
    result = run("-m", "minitorch_clf", "train", "cifar")

    assert result.returncode == 2
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert "'cifar' is not one of 'mnist', 'digits', 'logistic'" in result.stderr
