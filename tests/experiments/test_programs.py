"""Each program prints, on this engine, what it prints on PyTorch."""

from __future__ import annotations

import importlib
import sys

import pytest


def printed(package: str, program: str, capsys: pytest.CaptureFixture[str]) -> str:
    module = importlib.import_module(f"{package}.experiments.{program}")
    capsys.readouterr()
    module.main()
    return capsys.readouterr().out


@pytest.mark.parametrize(
    "program", ["logistic", "activations", "cross_entropy_vs_mse", "multiclass"]
)
def test_same_seed_same_printed_digits(
    program: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", [program])

    ours = printed("minitorch_clf", program, capsys)
    pytorch = printed("reference", program, capsys)

    assert ours == pytorch
    assert ours.count("\n") >= 8


def test_the_printed_logistic_run_is_the_known_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Separable points: the loss falls, the weight grows, and the border lies between 2 and 3."""
    monkeypatch.setattr(sys, "argv", ["logistic"])

    lines = printed("minitorch_clf", "logistic", capsys).splitlines()

    losses = [float(line.split()[-1]) for line in lines[:5]]
    assert losses == sorted(losses, reverse=True)
    assert 0.17 < losses[-1] < 0.19
    assert [line.split()[-1] for line in lines[-4:]] == ["0", "0", "1", "1"]
