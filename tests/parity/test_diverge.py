"""`diverge` finds what is planted, by name, and nothing where nothing is.

A plant is a file that is our engine with one thing wrong by 0.1 %. Processes that run PyTorch are
copies of one that has imported it, so that a comparison costs seconds, not a minute.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reference.parity.commands.diverge import command
from reference.parity.divergence import program

MNIST = os.environ.get("MINITORCH_CLF_DATA")

ENGINE = """
import minitorch_clf
from minitorch_clf import *
from minitorch_clf.ops import activation, loss, matmul


def off(op, which):
    right = op.backward

    def wrong(ctx, grad_output):
        grads = right(ctx, grad_output)
        if not isinstance(grads, tuple):
            return grads * 1.001
        return tuple(g * 1.001 if k == which else g for k, g in enumerate(grads))

    op.backward = staticmethod(wrong)

"""

ADAM = """
right = optim.Adam._step_group
optim.Adam._step_group = lambda self, group, *rest: right(
    self, {**group, "lr": group["lr"] * 1.001}, *rest
)
"""

DIGITS = """
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

x, y = torch.rand(96, 64), torch.randint(0, 10, (96,))
model = nn.Sequential(nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 10))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
criterion = nn.CrossEntropyLoss()
for epoch in range(10):
    for images, labels in DataLoader(TensorDataset(x, y), batch_size=32, shuffle=True):
        optimizer.zero_grad()
        loss = criterion(model(images), labels)
        loss.backward()
        optimizer.step()
print("done")
"""


def diverge(folder: Path, name: str, *options: str) -> Result:
    """Run the command on a program, or on the file of that name."""
    files = {"digits": DIGITS}
    if name in files:
        (folder / f"{name}.py").write_text(files[name])
        name = str(folder / f"{name}.py")
    return CliRunner().invoke(command, [name, "--out", str(folder / "out"), *options])


def plant(folder: Path, lines: str) -> str:
    path = folder / "planted.py"
    path.write_text(ENGINE + lines)
    return str(path)


def test_our_engine_does_not_diverge(tmp_path: Path) -> None:
    result = diverge(tmp_path, "digits")
    assert result.exit_code == 0, result.output
    assert re.match(
        r"No divergence: minitorch_clf and PyTorch agree on \d{3,} tensors in 30", result.output
    )
    assert "done" not in result.output  # four of them would say it
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "lines", "tensor", "op"),
    [
        ("digits", "off(activation.Relu, 0)", "the gradient of the output of Linear", "ReLU"),
        ("digits", "off(matmul.Addmm, 2)", "the gradient of parameter '2.weight'", "Linear"),
        ("digits", "off(loss.NllLoss, 0)", "the gradient of the output of Lin", "CrossEntropyLoss"),
        ("logistic", "off(activation.Sigmoid, 0)", "the gradient of the output of Lin", "sigmoid"),
        ("digits", ADAM, "parameter '0.weight' after Adam.step", "Adam.step"),
    ],
)
def test_a_planted_error_is_found_in_the_first_step_with_the_op_that_made_it(
    tmp_path: Path, name: str, lines: str, tensor: str, op: str
) -> None:
    result = diverge(tmp_path, name, "--engine", plant(tmp_path, lines))
    assert result.exit_code == 1
    assert result.output.startswith(f"Step 1: {tensor}"), result.output
    assert re.search(rf"comes from +{re.escape(op)}\b", result.output), result.output
    script = tmp_path / "out" / "repro.py"
    if op == "ReLU":  # importing PyTorch again takes a while
        told = subprocess.run(
            [sys.executable, script], capture_output=True, text=True, cwd=tmp_path, check=True
        ).stdout
        shown, alone = (
            re.search(r"([\d.e+]+) rounding steps apart", t) for t in (told, result.output)
        )
        assert shown is not None
        assert alone is not None
        assert shown[1] == alone[1]
        assert float(shown[1]) > 1000
    else:
        compile(script.read_text(), "repro.py", "exec")


def test_where_gradients_meet_the_right_one_of_two_ops_is_named(tmp_path: Path) -> None:
    residual = """
import torch

x = torch.randn(5, 4, generator=torch.Generator().manual_seed(1))
w = torch.full((4, 4), 0.3, requires_grad=True)
h = x @ w
loss = (h + torch.sigmoid(h)).sum()
loss.backward()
"""
    (tmp_path / "residual.py").write_text(residual)
    engine = plant(tmp_path, "off(activation.Sigmoid, 0)")
    result = diverge(tmp_path, str(tmp_path / "residual.py"), "--engine", engine)
    assert "the gradient of the output of operator @" in result.output
    assert re.search(r"comes from +sigmoid", result.output), result.output


def test_an_op_that_the_engine_lacks_is_named_with_the_line(tmp_path: Path) -> None:
    (tmp_path / "special.py").write_text("import torch\ntorch.special.bessel_j0(torch.ones(3))\n")
    result = diverge(tmp_path, str(tmp_path / "special.py"))
    assert result.exit_code == 1
    assert "In step 1, minitorch_clf raises" in result.output
    assert "has no attribute 'special'" in result.output
    assert "special.py line 2" in result.output
    assert "Traceback" not in result.output


def test_a_program_that_fails_on_pytorch_is_not_the_engines_fault(tmp_path: Path) -> None:
    (tmp_path / "wrong.py").write_text("import torch\ntorch.ones(3) @ torch.ones(4)\n")
    result = diverge(tmp_path, str(tmp_path / "wrong.py"))
    assert result.exit_code == 1
    assert "fails with PyTorch, too" in result.output
    assert "wrong.py line 2" in result.output
    assert "Traceback" not in result.output


def test_an_engine_that_dies_is_named_with_the_call(tmp_path: Path) -> None:
    engine = plant(
        tmp_path, "import os\nactivation.Relu.forward = staticmethod(lambda ctx, x: os.abort())"
    )
    result = diverge(tmp_path, "digits", "--engine", engine)
    assert result.exit_code == 1
    assert "In step 1, planted: SIGABRT in ReLU" in result.output


def test_bad_usage(tmp_path: Path) -> None:
    for arguments, text in [
        (["no/such.py"], "there is no file 'no/such.py'"),
        (["mnist", "--data-dir", str(tmp_path)], "no MNIST in"),
        (["logistic", "again"], "logistic takes no arguments, got again"),
        (["logistic", "--steps", "0"], "0 is not in the range"),
    ]:
        result = CliRunner().invoke(command, arguments)
        assert result.exit_code == 2
        assert text in result.output


def test_an_engine_that_is_not_there(tmp_path: Path) -> None:
    result = diverge(tmp_path, "logistic", "--engine", "no_such_engine")
    assert result.exit_code == 1
    assert "there is no module 'no_such_engine'" in result.output


def test_a_module_that_the_engine_lacks_is_not_pytorchs(tmp_path: Path) -> None:
    path = tmp_path / "transform.py"
    path.write_text("import torch.fft\n")
    with pytest.raises(ModuleNotFoundError, match=r"minitorch_clf has no module 'torch.fft'"):
        program.load_program(path, "minitorch_clf")


@pytest.mark.slow
@pytest.mark.skipif(MNIST is None, reason="MINITORCH_CLF_DATA names no folder with MNIST")
def test_mnist(tmp_path: Path) -> None:
    result = diverge(tmp_path, "mnist", "--steps", "20")
    assert result.exit_code == 0, result.output
    engine = plant(tmp_path, "off(activation.Relu, 0)")
    result = diverge(tmp_path, "mnist", "--engine", engine, "--steps", "1")
    assert re.search(r"comes from +ReLU \(layer '2', mnist.py line \d+\)", result.output)
