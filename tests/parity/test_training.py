"""Curve over curve: what counts as near, and a wrong gradient that is too far."""

from __future__ import annotations

import json
import math
import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result

from minitorch_clf.vision.datasets.idx import write_idx
from reference.experiments.noise_floor import DISTURBANCES
from reference.parity.commands import cli
from reference.parity.commands.train import Seeds
from reference.parity.training import calls
from reference.parity.training.calls import Failure, in_processes
from reference.parity.training.curves import Comparison, Verdict
from reference.parity.training.picture import draw, save
from reference.parity.training.runs import Job, compare, train_once

OURS = "minitorch_clf"
PLANT = """
from minitorch_clf import *
from minitorch_clf.ops.activation import Sigmoid

right = Sigmoid.backward
Sigmoid.backward = staticmethod(lambda ctx, grad_output: right(ctx, grad_output) * 1.001)
"""


def train(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["train", *arguments])


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """No process is started: what a run does is looked at elsewhere."""

    def one_by_one(
        function: Callable[..., Any], calls: Sequence[tuple[Any, ...]], *_: Any
    ) -> Iterator[tuple[int, Any]]:
        for k, call in enumerate(calls):
            yield k, function(*call)

    monkeypatch.setattr(calls, "in_processes", one_by_one)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> str:
    """192 random training images in MNIST's layout."""
    root = tmp_path_factory.mktemp("made-up")
    raw = root / "MNIST" / "raw"
    raw.mkdir(parents=True)
    generator = np.random.default_rng(0)
    for name, count in (("train", 192), ("t10k", 1)):
        images = generator.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        write_idx(raw / f"{name}-images-idx3-ubyte", images)
        write_idx(raw / f"{name}-labels-idx1-ubyte", (np.arange(count) % 10).astype(np.uint8))
    return str(root)


# ------------------------------------------------------------------------------------ what is near


def made_up(engine: list[float], dtype: str = "float32") -> Comparison:
    base = [1.0, 0.5, 0.25, 0.125]
    return Comparison(0, dtype, 2, base, engine, {"one ulp": [1.0, 0.51, 0.25, 0.135]})


@pytest.mark.parametrize(
    ("engine", "verdict", "beyond"),
    [
        ([1.0, 0.51, 0.25, 0.125], Verdict.WITHIN_BAND, None),
        ([1.0, 0.54, 0.25, 0.125], Verdict.WITHIN_FIVE, None),
        ([1.0, 0.54, 0.31, 0.125], Verdict.BEYOND, (3, 2, 1)),
        ([1.0, 0.54, 0.25, math.nan], Verdict.BEYOND, (4, 2, 2)),
        ([math.inf, 0.54, 0.25, 9.0], Verdict.BEYOND, (1, 1, 1)),
    ],
)
def test_float32_is_measured_by_the_band(
    engine: list[float], verdict: Verdict, beyond: tuple[int, int, int] | None
) -> None:
    comparison = made_up(engine)

    assert comparison.verdict is verdict
    step = comparison.first_beyond
    assert (step and (step.step, step.epoch, step.batch)) == beyond


def test_float64_is_measured_by_a_number() -> None:
    assert made_up([1.0, 0.5 + 9e-10, 0.25, 0.125], "float64").verdict is Verdict.WITHIN_TOLERANCE
    assert made_up([1.0, 0.5 + 2e-9, 0.25, 0.125], "float64").verdict is Verdict.BEYOND


def test_a_run_that_failed_or_ended_early_is_named() -> None:
    job = Job("logistic", OURS, 2)
    answers = {side: [1.0, 0.5] for side in job.sides}

    died = compare(job, 0, "float32", {**answers, "engine": Failure("its process died: SIGSEGV")})
    short = compare(job, 0, "float32", {**answers, "engine": [1.0]})

    assert died.verdict is short.verdict is Verdict.FAILED
    assert died.to_dict()["failures"] == {"engine": "its process died: SIGSEGV"}
    assert short.failures == {"engine": "1 losses, where PyTorch has 2"}


@pytest.mark.parametrize(
    ("text", "seeds"), [("3", (3,)), ("1,5,7", (1, 5, 7)), ("0..2,9", (0, 1, 2, 9))]
)
def test_seeds(text: str, seeds: tuple[int, ...]) -> None:
    assert Seeds().convert(text, None, None) == seeds


@pytest.mark.parametrize(
    "text", ["", "x", "-1", "1.5", "4..0", "0..", "1,,2", "1,1", "0..1,1", "0..9999999999", "²"]
)
def test_nonsense_is_no_seed(text: str) -> None:
    with pytest.raises(click.UsageError, match=re.escape(repr(text))):
        Seeds().convert(text, None, None)


def test_the_band_is_no_narrower_than_the_last_bit_of_a_loss() -> None:
    base, off, same = [2.25, 2.5], [2.25, 2.5 + 2**-22], {"one ulp": [2.25, 2.5]}
    single = Comparison(0, "float32", 1, base, off, same)
    assert single.floor == [2**-22]
    assert single.verdict.ok
    assert Comparison(0, "float64", 1, base, off, same).floor == [0.0]
    far = [2.25, 2.5 + 6 * 2**-22]
    assert not Comparison(0, "float32", 1, base, far, same).verdict.ok


# ---------------------------------------------------------------------------------------- the runs


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_mnist_on_both_sides(data_dir: str, dtype: str) -> None:
    job = Job("mnist", OURS, epochs=2, data_dir=data_dir, limit=150)
    answers = {side: train_once(job, 7, dtype, side) for side in job.sides}

    comparison = compare(job, 7, dtype, answers)

    assert len(comparison.engine) == 2 * 3  # 150 images are three batches
    assert comparison.verdict.ok, comparison.first_beyond
    assert 0 < max(comparison.floor) < 1e-4
    assert any(comparison.pytorch != answers[how] for how in DISTURBANCES)


def test_another_seed_is_another_run(data_dir: str) -> None:
    job = Job("mnist", OURS, epochs=1, data_dir=data_dir, limit=64)
    runs = [train_once(job, seed, "float64", "engine") for seed in (0, 1)]
    selu = Job("mnist", OURS, epochs=1, data_dir=data_dir, limit=64, activation="selu")

    assert runs[0] != runs[1] != train_once(selu, 1, "float64", "engine")


def test_logistic_regression_in_its_dtype() -> None:
    job = Job("logistic", OURS, epochs=20)
    for dtype in ("float32", "float64"):
        answers = {side: train_once(job, 0, dtype, side) for side in job.sides}
        comparison = compare(job, 0, dtype, answers)
        assert comparison.verdict.ok
        assert len(comparison.drift) == job.parts == 10
        single = [float(np.float32(loss)) == loss for loss in comparison.pytorch]
        assert all(single) == (dtype == "float32")
    assert torch.get_default_dtype() is torch.float32


def test_a_process_that_dies_or_hangs_costs_its_call() -> None:
    dies = list(in_processes(os._exit, [(3,), (0,)], workers=1, time_limit=60))
    late = list(in_processes(time.sleep, [(30,), (0,)], workers=2, time_limit=3))
    said = list(in_processes(int, [("x",), ("7",)], workers=1, time_limit=60))

    assert dies == [(k, Failure(f"its process died: exit code {c}")) for k, c in ((0, 3), (1, 0))]
    assert late == [(1, None), (0, Failure("time limit of 3 s"))]
    assert said[1] == (1, 7)
    assert said[0][1].text.startswith("ValueError: invalid literal")


# ------------------------------------------------------------------------------------- the command


def test_a_wrong_gradient_is_beyond_and_the_first_batch_is_named(tmp_path: Path) -> None:
    """0.1 % in the backward of sigmoid; the whole way, in processes."""
    engine = tmp_path / "planted.py"
    engine.write_text(PLANT)
    options = ["--seeds", "3", "--epochs", "40", "--engine", str(engine), "--workers", "1"]

    done = train("logistic", *options, "--out", str(tmp_path))

    assert done.exit_code == 1, done.output
    assert re.search(r"^ +3 +planted .* beyond", done.stdout, re.MULTILINE)  # in 80 characters
    assert "float64, seed 3: first beyond at step 2, " in done.stdout
    assert "0 of 2 curves lie on PyTorch's." in done.stdout
    assert "14/14  float64  seed 3  engine: loss " in done.stderr
    numbers = json.loads((tmp_path / "training-logistic.json").read_text())
    assert [c["verdict"] for c in numbers["comparisons"]] == ["beyond", "beyond"]
    assert numbers["comparisons"][1]["first_beyond"]["step"] == 2
    assert (tmp_path / "training-logistic.svg").read_text().count("<svg") == 1


@pytest.mark.usefixtures("in_this_process")
def test_a_right_engine_is_told_so(tmp_path: Path, data_dir: str) -> None:
    done = train(
        *("mnist", "--seeds", "0..1", "--epochs", "6", "--limit", "64", "--dtype", "float64"),
        *("--data-dir", data_dir, "--out", str(tmp_path / "new")),
    )

    assert done.exit_code == 0, done.output
    assert f"{OURS} 0.1.0 beside PyTorch {torch.__version__}: mnist, relu, 6 epochs" in done.stdout
    assert "1-2" in done.stdout  # six epochs in three columns
    assert done.stdout.count("within 1e-09") == 2
    assert max(map(len, done.stdout.splitlines())) <= 80
    numbers = json.loads((tmp_path / "new" / "training-mnist.json").read_text())
    assert numbers["ok"] is True
    assert numbers["job"]["limit"] == 64
    parts = numbers["comparisons"][0]["parts"]
    assert [part["last_step"] for part in parts] == [1, 2, 3, 4, 5, 6]
    assert parts[0]["pytorch"]["last_loss"] == pytest.approx(2.3, abs=0.2)
    assert set(parts[0]["disturbed"]) == set(DISTURBANCES)


@pytest.mark.usefixtures("in_this_process")
@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["mnist", "--data-dir", "nowhere"], 1, "no MNIST in nowhere: name the folder"),
        (["logistic", "--engine", "no_such_engine"], 1, "no module 'no_such_engine'"),
        (["mnist", "--seeds", "4..0"], 2, "'4..0'"),
        (["logistic", "--limit", "3"], 2, "--limit has no meaning for logistic"),
        (["logistic", "--device", "cpu"], 2, "--device has no meaning for logistic"),
        (["logistic", "--out", "file/folder"], 1, "file/folder cannot be made"),
        (["mnist", "--epochs", "0"], 2, "0 is not in the range"),
    ],
)
def test_a_users_mistake_is_said_in_a_sentence(
    arguments: list[str],
    code: int,
    text: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").touch()

    done = train(*arguments)

    assert done.exit_code == code, done.output
    assert text in done.stderr.replace("\n", " ")
    assert isinstance(done.exception, SystemExit)


@pytest.mark.usefixtures("in_this_process")
def test_no_gpu_is_said_plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)

    done = train("mnist", "--device", "cuda")

    assert done.exit_code == 1
    assert done.stderr == "Error: --device cuda: there is no GPU here; run with --device cpu.\n"


# ------------------------------------------------------------------------------------- the picture


def test_the_picture_is_the_same_bytes(tmp_path: Path) -> None:
    """In both formats, also of curves that hold what a log scale cannot show."""
    strange = made_up([1.0, 0.51, math.inf, 0.0])
    written = []
    for name, comparison in (
        ("one", strange),
        ("two", strange),
        ("other", made_up([1.0, 0.5, math.nan, 0.125], "float64")),
    ):
        figure = draw([comparison], "a_name of $5 and $7", "an_engine", "epoch")
        written.append([path.read_bytes() for path in save(figure, tmp_path, name)])

    one, two, other = written
    assert one == two
    assert one[0].startswith(b"\x89PNG")
    assert one[0] != other[0]
    assert one[1] != other[1]
