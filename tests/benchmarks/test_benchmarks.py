"""The arithmetic of the benchmark: ratios, intervals, targets; unequal sides are never timed."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from rich.console import Console

import minitorch_clf
from benchmarks import anatomy, machine, models, report, result
from benchmarks.__main__ import main
from benchmarks.paired import bootstrap, calls_per_block, interleave, ratio
from benchmarks.row import Row, Target
from benchmarks.rows import ROWS


def _nap(seconds: float) -> Any:
    return lambda: time.sleep(seconds)


def test_a_ratio_is_theirs_over_ours() -> None:
    times = interleave({"ours": _nap(0.002), "torch": _nap(0.006)}, budget=0.3, rounds=5)
    assert times["ours"].size == times["torch"].size >= 3
    assert 1.5 < np.median(ratio(times["torch"], times["ours"])) < 6


def test_sides_take_turns_in_going_first() -> None:
    order: list[str] = []

    def side(name: str) -> Any:
        def call() -> None:
            order.append(name)
            time.sleep(0.03)

        return call

    interleave({"a": side("a"), "b": side("b")}, rounds=3)
    assert order[-6:] == ["a", "b", "b", "a", "a", "b"]


def test_a_slow_first_call_does_not_size_the_blocks() -> None:
    pauses = iter([0.05])
    assert calls_per_block(lambda: time.sleep(next(pauses, 0.001))) > 5


def test_the_interval_holds_what_differs_between_processes() -> None:
    alike = bootstrap([np.full(9, 2.0), np.full(9, 2.0), np.full(9, 2.0)])
    apart = bootstrap([np.full(9, 1.0), np.full(9, 2.0), np.full(9, 3.0)])
    assert alike == (2.0, 2.0, 2.0)
    assert apart[0] == 2.0
    assert apart[1] == 1.0
    assert apart[2] == 3.0


def _processes(ours: float, torch: float, floor: float) -> list[list[dict[str, Any]]]:
    race = {
        "label": "",
        "seconds": {"ours": [ours] * 5, "replay": [ours / 2] * 5, "torch": [torch] * 5},
        "floor": floor,
        "skipped": {"jax.jit": "jax is not installed ('.[bench]')"},
    }
    return [[race], [race]]


TARGETS = (Target("torch", 3), Target("torch", 3, "replay"), Target("floor", 1.6, "replay"))


def test_targets_are_met_or_missed() -> None:
    row = Row("step", "a step", "step", lambda: iter(()), (*TARGETS, Target("jax.jit", 1.3)))
    (line,) = result.lines(row, _processes(ours=0.5, torch=1.0, floor=0.2))
    judged = {str(target): met for target, _, met in line.targets(row)}
    assert judged == {
        "3x torch": False,
        "3x torch (replay)": True,
        "at most 1.6x floor (replay)": True,
    }


def test_the_table_says_pass_miss_and_what_was_skipped() -> None:
    row = Row("step", "a step", "step", lambda: iter(()), TARGETS)
    console = Console(width=120, record=True)
    report.show(row, result.lines(row, _processes(0.5, 1.0, 0.2)), console)
    text = console.export_text()
    assert "MISS  3x torch: 2.00x" in text
    assert "pass  3x torch (replay): 4.00x" in text
    assert "pass  at most 1.6x floor (replay): 1.25x" in text
    assert "jax is not installed ('.[bench]')" in text


def test_a_target_below_the_floor_is_called_out_of_reach() -> None:
    row = Row("step", "a step", "step", lambda: iter(()), (Target("torch", 6), Target("torch", 4)))
    console = Console(width=120, record=True)
    report.show(row, result.lines(row, _processes(0.5, 1.0, 0.2)), console)
    text = console.export_text()
    assert "MISS  6x torch: 2.00x; out of reach here: the floor is at 5.00x" in text
    assert "MISS  4x torch: 2.00x\n" in text


def test_the_anatomy_of_a_step_accounts_for_it() -> None:
    phases, nodes = anatomy.phases(minitorch_clf, 60), anatomy.nodes(60)
    assert tuple(phases) == anatomy.PHASES
    assert phases["backward"] > sum(nodes.values()) / 2
    assert next(iter(nodes)) == "NllLossBackward0 ()"
    assert max(nodes, key=nodes.__getitem__) == "AddmmBackward0 (64, 128)"
    assert set(anatomy.bare(60)) < set(anatomy.PHASES)


def test_the_chart_is_a_picture(tmp_path: Path) -> None:
    row = Row("step", "a step", "step", lambda: iter(()), TARGETS)
    path = tmp_path / "chart.svg"
    report.chart(result.lines(row, _processes(0.5, 1.0, 0.2)), path)
    text = path.read_text()
    assert text.startswith("<?xml")
    assert text.count('id="patch_') >= 3  # two bars and their background


def test_sides_that_compute_different_things_are_not_timed() -> None:
    with pytest.raises(AssertionError, match="ours computes"):
        models.agree({"ours": lambda: 1.0, "torch": lambda: 1.01}, "torch")


def test_the_floor_is_what_the_machine_was_seen_to_do() -> None:
    assert machine.floor(machine.flops(), 0) == pytest.approx(1.0)
    assert machine.floor(0, machine.bandwidth()) == pytest.approx(1.0)
    assert machine.cached_bandwidth() > machine.bandwidth()


def test_every_row_names_a_target_and_lists_it() -> None:
    listed = CliRunner().invoke(main, ["--list"])
    assert listed.exit_code == 0
    for name, row in ROWS.items():
        assert row.targets
        assert name in listed.output


def test_an_unknown_row_is_wrong_usage() -> None:
    refused = CliRunner().invoke(main, ["stepp"])
    assert refused.exit_code == 2
    assert "no row 'stepp'" in refused.output


def test_a_row_runs_in_a_process_of_its_own(tmp_path: Path) -> None:
    """The logistic program: ours, replay and PyTorch, equal and then timed, if briefly."""
    path = tmp_path / "measured.json"
    command = [sys.executable, "-m", "benchmarks.worker", "logistic", str(path), "0.01"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (race,) = json.loads(path.read_text())
    assert set(race["seconds"]) == {"ours", "replay", "torch"}
    assert all(0 < min(times) < 0.1 for times in race["seconds"].values())
