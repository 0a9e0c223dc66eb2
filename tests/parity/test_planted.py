"""A gradient that is 0.1 % too large turns exactly the cases red that use it.

Every Function of the engine gets one, each in its turn. Whether a case uses a backward is heard
while the table runs once without a plant; no other case can be affected, for a plant is a
replacement of that one attribute, so of the others a few must do as proof.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from reference.parity.result import Verdict
from tests.parity.planted import (
    Record,
    Run,
    answer,
    backward_of,
    changed,
    first_runs,
    functions,
    second_order_runs,
    too_large,
)

FUNCTIONS = functions()

#: Cases that use a backward and stay as they are, for good.
DEAF = {
    "modules/modules are their functions": "both sides of the comparison run the same backward",
    "pointwise/same tensor twice": "the two gradients of x / x cancel, whatever their size",
    "reduce/max with nan": "what comes of nan is added to it",
    "elementary/at the edge of the domain": "an infinite gradient of another op is added to it",
    "elementary/outside of the domain": "the gradient of another op, nan, is added to it",
    "loss/T60 cross_entropy label_smoothing 0.25 all ignored": "a mask multiplies it by 0",
    "loss/T60 cross_entropy label_smoothing 1.0 all ignored": "a mask multiplies it by 0",
}

#: Functions whose backward returns nothing that a factor changes, or never runs.
WITHOUT_GRADIENT = {
    "copies.Fill": "its gradient is 0: what was there before is gone",
    "elementary._Step": "its gradient is 0",
    "combine.Heaviside": "its backward raises, as in PyTorch",
    "pointwise.FloorDivide": "its backward raises, as in PyTorch",
}


@pytest.fixture(scope="module")
def record() -> Record:
    """The table run once, each case in its first dtype."""
    return Record().add(first_runs())


@pytest.fixture(scope="module")
def second(record: Record) -> Record:
    """Once more in second order, for the Functions that are only derivatives of others."""
    return Record().add(second_order_runs())


def test_every_backward_is_used(record: Record, second: Record) -> None:
    assert FUNCTIONS.keys() - record.users.keys() - second.users.keys() == WITHOUT_GRADIENT.keys()


def bystanders(record: Record, name: str) -> list[Run]:
    """Four of the cases that do not use the Function, other ones for each."""
    idle = [run for run in record.outcomes if run not in record.users[name]]
    start = sorted(FUNCTIONS).index(name)
    return idle[start :: len(idle) // 4][:4]


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name not in WITHOUT_GRADIENT])
def test_a_planted_gradient_turns_exactly_its_cases_red(
    name: str, record: Record, second: Record
) -> None:
    only_second = name not in record.users
    if only_second:
        record = second
    users = [run for run in record.users[name] if run[0] not in DEAF]
    with backward_of(FUNCTIONS[name], too_large(FUNCTIONS[name])):
        answers = {run: answer(run) for run in users}
        innocent = [run for run in bystanders(record, name) if fails(record, run)]
    if only_second:  # its gradients are summed with others, and often multiplied by 0
        users = [run for run in users if changed(record.outcomes[run], answers[run])]
    green = [run for run in users if record.report(run, answers[run]).ok]
    assert users
    assert not green
    assert not innocent


def fails(record: Record, run: Run) -> bool:
    return record.report(run, answer(run)).verdict is Verdict.FAILS


def test_nothing_fails_without_a_plant(record: Record) -> None:
    used = {run for runs in record.users.values() for run in runs}
    failing = [run for run in used if not record.report(run, record.outcomes[run]).ok]
    assert not failing


def test_the_list_of_deaf_cases_is_not_longer_than_it_must_be(record: Record) -> None:
    """Each stays green under a plant in something that it uses."""
    for case in DEAF:
        runs = {name: run for name, used in record.users.items() for run in used if run[0] == case}
        assert any(stays_green(record, name, run) for name, run in runs.items()), case


def stays_green(record: Record, name: str, run: Run) -> bool:
    with backward_of(FUNCTIONS[name], too_large(FUNCTIONS[name])):
        return not fails(record, run)


ENGINE = """
import minitorch_clf
from minitorch_clf.ops.activation import Sigmoid

right = Sigmoid.backward
Sigmoid.backward = staticmethod(lambda ctx, grad_output: right(ctx, grad_output) * 1.001)
"""
FAMILIES = ("activation", "pointwise", "modules")


def test_the_command_names_exactly_the_cases_that_use_it(tmp_path: Path, record: Record) -> None:
    engine, report = tmp_path / "planted.py", tmp_path / "report.json"
    engine.write_text(ENGINE)
    command = [sys.executable, "-m", "reference.parity", "run", "--no-floor"]
    command += ["--engine", f"{engine}:minitorch_clf", "--json", str(report)]
    command += ["--dtype", "float32", "--variant", "plain"]
    command += [word for family in FAMILIES for word in ("--family", family)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    (suite,) = json.loads(report.read_text())["suites"]
    red = {r["case"] for r in suite["reports"] if r.get("verdict") == "fails"}
    used = {case for case, dtype, _ in record.users["activation.Sigmoid"] if dtype == "float32"}
    assert red == {case for case in used - DEAF.keys() if case.startswith(FAMILIES)}
