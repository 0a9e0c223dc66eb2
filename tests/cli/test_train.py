"""`minitorch-clf train`: what it runs, what it says, what it leaves behind."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from minitorch_clf.cli.jobs import load_digits
from minitorch_clf.experiments import logistic, mnist
from minitorch_clf.utils.data import DataLoader
from tests.cli.conftest import CommandLine

FILES = {"config.json", "metrics.jsonl", "weights.safetensors", "summary.json"}


def read_metrics(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_a_run_is_the_experiment_and_leaves_its_record(command: CommandLine) -> None:
    result = command("train", "digits", "--epochs", "2", "--hidden", "32,16", "--out", "run")

    assert result.exit_code == 0, result.stderr
    folder = Path("run")
    assert {path.name for path in folder.iterdir()} == FILES
    config = json.loads((folder / "config.json").read_text())
    assert config["dataset"] == "digits"
    assert config["hidden"] == [32, 16]

    expected = mnist.Config(epochs=2, hidden=(32, 16))
    train_set, test_set = load_digits()
    model = mnist.build(expected, inputs=64)
    losses = mnist.train(expected, model, DataLoader(train_set, batch_size=64, shuffle=True))
    accuracy = mnist.accuracy(expected, model, DataLoader(test_set, batch_size=1000))
    metrics = read_metrics(folder)
    assert [line["loss"] for line in metrics] == losses
    assert [line["epoch"] for line in metrics] == [1, 2]
    assert metrics[-1]["test_accuracy"] == accuracy
    assert result.stdout == f"test accuracy {accuracy:.2%}\nrun folder run\n"
    weights = load_file(folder / "weights.safetensors")
    assert list(weights) == sorted(model.state_dict())
    for name, tensor in model.state_dict().items():
        np.testing.assert_array_equal(weights[name], tensor.numpy())


def test_the_weights_load_into_pytorch(command: CommandLine) -> None:
    from safetensors.torch import load_file as load_torch

    import reference.experiments.mnist as pytorch

    assert command("train", "digits", "--epochs", "1", "--out", "run").exit_code == 0

    model = pytorch.build(pytorch.Config(), inputs=64)
    model.load_state_dict(load_torch("run/weights.safetensors"))  # strict: every name, every shape


def test_elsewhere_than_on_a_terminal_there_is_one_plain_line_an_epoch(
    command: CommandLine,
) -> None:
    result = command("train", "digits", "--epochs", "3", "--out", "run")

    lines = result.stderr.splitlines()
    assert [line[:9] for line in lines[1:]] == ["epoch 1/3", "epoch 2/3", "epoch 3/3"]
    assert "\x1b" not in result.stderr


def test_json_is_one_object_on_stdout(command: CommandLine) -> None:
    result = command("train", "logistic", "--epochs", "50", "--lr", "0.1", "--json")

    values = json.loads(result.stdout)
    model = logistic.build(logistic.Config())
    losses = logistic.train(logistic.Config(epochs=50, lr=0.1), model)
    assert values["status"] == "finished"
    assert values["loss"] == losses[-1]
    assert values["parameters"] == {n: p.item() for n, p in model.named_parameters()}
    assert [p["x"] for p in values["predictions"]] == [1.0, 2.0, 3.0, 4.0]
    assert {path.name for path in Path(values["out"]).iterdir()} == FILES
    assert len(read_metrics(Path(values["out"]))) == 50


@pytest.mark.parametrize("seed", ["-1", "4294967301"])
def test_the_seed_decides(command: CommandLine, seed: str) -> None:
    runs = [
        command("train", "logistic", "--epochs", "5", "--json", "--seed", s).stdout
        for s in (seed, seed, "7")
    ]

    first, again, other = (json.loads(run)["parameters"] for run in runs)
    assert first == again
    assert first != other


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "softplus", "selu"])
def test_every_optimizer_and_activation_learns(
    command: CommandLine, optimizer: str, activation: str
) -> None:
    result = command(
        "train",
        "digits",
        "--optimizer",
        optimizer,
        "--activation",
        activation,
        "--epochs",
        "5",
        "--batch-size",
        "32",
        "--json",
    )

    values = json.loads(result.stdout)
    assert values["test_accuracy"] > 0.7, result.stderr


# ------------------------------------------------------------------------------- which dataset


def test_named_by_none_mnist_on_disk_is_taken(command: CommandLine, made_up_mnist: Path) -> None:
    result = command("train", "--data-dir", str(made_up_mnist), "--epochs", "1", "--json")

    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["dataset"] == "mnist"
    assert f"mnist: found in {made_up_mnist}" in result.stderr


def test_the_environment_names_the_data_folder(
    command: CommandLine, made_up_mnist: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINITORCH_CLF_DATA", str(made_up_mnist))

    assert f"found in {made_up_mnist}" in command("train", "mnist", "--epochs", "1").stderr
    assert command("train", "logistic", "--epochs", "1").exit_code == 0  # no option was given


def test_named_by_none_the_digits_are_taken_and_it_is_said_why(command: CommandLine) -> None:
    result = command("train", "--epochs", "1", "--json")

    values = json.loads(result.stdout)
    assert result.exit_code == 0, result.stderr
    assert values["dataset"] == "digits"
    why = (
        "they come with this package. MNIST is not in data and cannot be fetched: Error downloading"
    )
    assert values["reason"].startswith(why)
    assert f"digits: {why}" in result.stderr


def test_mnist_named_and_not_to_be_had_is_an_error_with_the_way_out(command: CommandLine) -> None:
    result = command("train", "mnist")

    assert result.exit_code == 1
    assert result.stdout == ""
    for hint in (
        "MNIST is not in data",
        "127.0.0.1",
        "--data-dir",
        "MINITORCH_CLF_DATA",
        "train digits",
    ):
        assert hint in result.stderr
    assert not Path("runs").exists()


def test_a_damaged_file_is_named(command: CommandLine, made_up_mnist: Path) -> None:
    file = made_up_mnist / "MNIST" / "raw" / "train-images-idx3-ubyte.gz"
    file.write_bytes(file.read_bytes()[:1000])

    result = command("train", "mnist", "--data-dir", str(made_up_mnist))

    assert result.exit_code == 1
    assert str(file) in result.stderr


# ----------------------------------------------------------------------------- a user's mistakes


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["digits", "--epochs", "0"], "--epochs"),
        (["digits", "--batch-size", "-1"], "--batch-size"),
        (["digits", "--lr", "0"], "'0' is not a finite number above 0"),
        (["digits", "--lr", "nan"], "'nan' is not a finite number above 0"),
        (["digits", "--lr", "fast"], "--lr"),
        (["digits", "--hidden", "128,,"], "'128,,' is not a size"),
        (["digits", "--hidden", "0"], "'0' is not a size"),
        (["digits", "--optimizer", "lion"], "'lion' is not one of"),
        (["digits", "--activation", "tanh"], "'tanh' is not one of"),
        (["digits", "--seed", str(2**64)], "does not fit into 64 bits"),
        (["digits", "--data-dir", "x"], "--data-dir has no meaning for digits"),
        (["logistic", "--hidden", "8"], "--hidden has no meaning for logistic"),
        (["logistic", "--optimizer", "sgd"], "--optimizer has no meaning for logistic"),
        (["logistic", "--batch-size", "3"], "--batch-size has no meaning for logistic"),
        (["cifar"], "'cifar' is not one of"),
        (["digits", "more"], "unexpected extra argument"),
    ],
)
def test_wrong_usage_is_exit_code_2(command: CommandLine, arguments: list[str], said: str) -> None:
    result = command("train", *arguments)

    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""
    assert not list(Path().iterdir())


def test_a_folder_that_holds_something_is_left_alone(command: CommandLine) -> None:
    Path("run").mkdir()
    Path("run/notes.txt").write_text("mine")

    result = command("train", "logistic", "--out", "run")

    assert result.exit_code == 2
    assert "run is not empty" in result.stderr
    assert [path.name for path in Path("run").iterdir()] == ["notes.txt"]


def test_an_empty_folder_is_filled(command: CommandLine) -> None:
    Path("run").mkdir()

    assert command("train", "logistic", "--epochs", "1", "--out", "run").exit_code == 0


def test_a_folder_that_cannot_be_made_is_said_plainly(command: CommandLine) -> None:
    Path("file").write_text("")

    result = command("train", "logistic", "--out", "file/run")

    assert result.exit_code == 1
    assert "The run's folder cannot be written" in result.stderr


def test_a_run_that_diverges_fails_and_leaves_its_record(command: CommandLine) -> None:
    """The loss needs p in [0, 1]; after a step of 1e38 and more the weights are nan."""
    result = command("train", "logistic", "--lr", "1e308", "--epochs", "20", "--out", "run")

    assert result.exit_code == 1
    assert "The run failed:" in result.stderr
    assert "Traceback" not in result.stderr
    summary = json.loads(Path("run/summary.json").read_text())
    assert summary["status"] == "failed"
    assert {path.name for path in Path("run").iterdir()} == FILES


# -------------------------------------------------------------------- a real process, a terminal


def start(folder: Path, *arguments: str, **streams: Any) -> subprocess.Popen[bytes]:
    environment = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "CI", "TERM")}
    return subprocess.Popen(
        [sys.executable, "-m", "minitorch_clf", "train", *arguments],
        cwd=folder,
        env={**environment, "TERM": "xterm", "COLUMNS": "120"},
        **streams,
    )


def test_ctrl_c_leaves_a_readable_run_folder(tmp_path: Path) -> None:
    process = start(
        tmp_path,
        "digits",
        "--epochs",
        "1000000",
        "--out",
        "run",
        "--json",
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    metrics = tmp_path / "run" / "metrics.jsonl"
    deadline = time.monotonic() + 60
    while not (metrics.exists() and metrics.read_text().count("\n") >= 3):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)

    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)

    assert process.returncode == 130, stderr
    assert b"Traceback" not in stderr
    epochs = len(read_metrics(tmp_path / "run"))
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary["status"] == "interrupted"
    assert summary["epochs"] == epochs
    assert json.loads(stdout)["status"] == "interrupted"
    weights = load_file(tmp_path / "run" / "weights.safetensors")
    assert weights["1.weight"].shape == (128, 64)
    assert np.isfinite(weights["1.weight"]).all()


def test_a_terminal_shows_a_live_bar(tmp_path: Path) -> None:
    parent, child = pty.openpty()
    process = start(
        tmp_path, "digits", "--epochs", "30", "--out", "run", stdout=subprocess.PIPE, stderr=child
    )
    os.close(child)
    shown = b""
    while True:
        try:
            chunk = os.read(parent, 65536)
        except OSError:  # how Linux says that the other side is closed
            break
        if not chunk:
            break
        shown += chunk
    stdout, _ = process.communicate(timeout=60)
    os.close(parent)

    assert process.returncode == 0
    assert stdout.startswith(b"test accuracy ")
    assert "━".encode() in shown
    assert b"\x1b[" in shown
    assert b"epoch 30/30  loss " in shown
