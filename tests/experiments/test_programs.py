"""Each program prints, on this engine, what it prints on PyTorch."""

from __future__ import annotations

import contextlib
import functools
import importlib
import io
import sys

import pytest


@functools.cache
def printed(package: str, program: str) -> str:
    module = importlib.import_module(f"{package}.experiments.{program}")
    with contextlib.redirect_stdout(io.StringIO()) as stdout:
        module.main()
    return stdout.getvalue()


@pytest.fixture(autouse=True)
def no_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["program"])


@pytest.mark.parametrize(
    "program", ["logistic", "activations", "cross_entropy_vs_mse", "multiclass"]
)
def test_same_seed_same_printed_digits(program: str) -> None:
    assert printed("minitorch_clf", program) == printed("reference", program)
    assert printed("minitorch_clf", program).count("\n") >= 8


def test_the_logistic_run_is_the_known_one() -> None:
    """Separable points: the loss falls, the weight grows, and the border lies between 2 and 3."""
    lines = printed("minitorch_clf", "logistic").splitlines()

    losses = [float(line.split()[-1]) for line in lines[:5]]
    assert losses == sorted(losses, reverse=True)
    assert 0.17 < losses[-1] < 0.19
    assert [line.split()[-1] for line in lines[-4:]] == ["0", "0", "1", "1"]
