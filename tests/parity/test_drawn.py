"""A wrong op is found by drawing, and the script printed for it shows the difference by itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given

from reference.parity.commands.draw import command
from reference.parity.draws.draws import judge
from reference.parity.draws.formulas import elementwise, written
from reference.parity.draws.script import literal
from reference.parity.draws.strategies import arrays, shapes
from reference.parity.engines import Engine
from reference.parity.outcome import Outcome
from reference.parity.result import Report, Verdict

#: An engine that is ours but for one op, which the body writes.
ENGINE = """
import os, time
import minitorch_clf
from minitorch_clf import *
from minitorch_clf import Tensor, autograd, dtype, nn


def relu(x):
    return minitorch_clf.relu(x)


def {op}(*args, **kwargs):
    out = minitorch_clf.{op}(*args, **kwargs)
    x = args[0]
    {body}
"""


def engine(folder: Path, op: str, body: str) -> str:
    path = folder / "planted.py"
    path.write_text(ENGINE.format(op=op, body=body))
    return str(path)


def run_script(report: Report) -> list[str]:
    """What the script of a failing report prints, in a folder without this suite."""
    text = report.failures[-1].partition("\n\n")[2]
    assert len(text.splitlines()) <= 12, text
    done = subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, check=False, cwd="/"
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


WRONG = {
    "a gradient": ("sum", "return out * 1.001", "reductions"),
    "an error": ("min", "raise ValueError('no min today')", "selections"),
}


@pytest.mark.parametrize("what", WRONG)
def test_the_script_shows_the_difference(tmp_path: Path, what: str) -> None:
    op, body, name = WRONG[what]
    report = judge(engine(tmp_path, op, body), name, 40)
    assert report.verdict is Verdict.FAILS, report
    printed = run_script(report)
    assert printed[0] != printed[-1]
    assert f"t.{op}(" in report.failures[-1]


def test_a_draw_is_shrunk(tmp_path: Path) -> None:
    """Wrong for matrices only, and in its dtype: the smallest has one element, 0."""
    body = "return out.double() if x.dim() > 1 else out"
    report = judge(engine(tmp_path, "amax", body), "reductions", 40)
    assert report.failures[0] == "result: dtype float64, expected float32"
    assert "array([[0.0]], 'float32')" in report.failures[-1]


def test_what_is_right_passes_and_says_how_far() -> None:
    report = judge("torch", "products", 20)
    assert (report.verdict, report.ulp) == (Verdict.BIT_EQUAL, 0)


def test_examples_follow_from_the_seed() -> None:
    def bodies(seed: int | None) -> list[str]:
        seen: list[str] = []
        judge("torch", "reading", 10, seed, announce=lambda example: seen.append(example.body))
        return seen

    assert bodies(None) == bodies(None)
    assert bodies(1) == bodies(1) != bodies(2)


class _Nothing(Engine):
    """An adapter that offers no op."""

    name = "nothing"

    def run(self, case: object, dtype: str = "", variant: str = "") -> Outcome:  # type: ignore[override]
        return Outcome(missing="no op 'sum'")


def test_what_is_not_offered_is_passed_over() -> None:
    report = judge(_Nothing(), "reductions", 10)
    assert (report.verdict, report.reason) == (Verdict.NOT_OFFERED, "no op 'sum'")


@given(arrays("float32", shapes(min_dims=0, min_side=0, max_side=3)))
def test_literals_keep_every_bit(x: np.ndarray) -> None:
    scope = {"array": np.array, "inf": np.inf, "nan": np.nan}
    again = eval(literal(x), scope)
    assert (again.dtype, again.shape) == (x.dtype, x.shape)
    assert np.array_equal(again, x, equal_nan=True)
    assert np.array_equal(np.signbit(again), np.signbit(x)) or np.isnan(x).any()


def test_the_elementwise_ops_of_the_table_are_drawn() -> None:
    assert len(elementwise(1)) >= 50
    assert len(elementwise(2)) >= 40
    assert written()["choice/mul_"][1].startswith("out = x.clone(); same = out.mul_(y)")


# --- the command ----------------------------------------------------------------------------------


def test_an_engine_that_dies_or_hangs_costs_one_property(tmp_path: Path) -> None:
    body = "return os._exit(3) if x.dim() > 1 else out"
    args = ["--engine", engine(tmp_path, "amin", body), "--only", "reductions", "--only", "masks"]
    result = CliRunner().invoke(command, [*args, "--examples", "60"])
    assert result.exit_code == 1
    assert "the process ended with exit code 3" in result.output
    assert "return t.amin(x" in result.output
    assert "masks: bit-equal" in result.output


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["--only", "sums"], 2, "there is no 'sums'"),
        (["--examples", "0"], 2, "--examples"),
        (["--time-limit", "0"], 2, "--time-limit"),
        (["--engine", "nosuchengine", "--only", "masks"], 1, "there is no module 'nosuchengine'"),
    ],
)
def test_mistakes(args: list[str], code: int, said: str) -> None:
    result = CliRunner().invoke(command, args)
    assert (result.exit_code, said in result.output) == (code, True), result.output


def test_without_hypothesis_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    find_spec = "reference.parity.commands.draw.importlib.util.find_spec"
    monkeypatch.setattr(find_spec, lambda name: None)
    result = CliRunner().invoke(command, [])
    assert result.exit_code == 1
    assert "pip install hypothesis" in result.output
