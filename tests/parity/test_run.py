"""The command line of the parity suite: what it runs, refuses, writes, and its exit code."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result

from reference.parity.commands import cli
from reference.parity.draws import process as drawn_process
from reference.parity.engines import EngineError
from reference.parity.frozen import FrozenOracle
from reference.parity.oracle import OracleError
from reference.parity.result import Report, Suite, Verdict
from reference.parity.running import runner
from reference.parity.running.files import replacing
from reference.parity.running.runner import noise_of
from reference.parity.running.selection import Run, all_runs, select

ROOT = Path(__file__).parents[2]

# PyTorch with PyTorch's names is as like PyTorch as can be; and then a few ops go wrong.
TORCH_BUT = dedent("""
    import sys
    import torch
    from torch import *
    from torch import Tensor, autograd, nn, special

    def cos(x):
        if not sys.stdout.closed:
            print("a word that nobody asked for", flush=True)
            sys.stdout.close()
        return torch.cos(x)

    def sqrt(x): return None
    def sin(x): return torch.sin(x).detach().numpy()
    def exp(x): return 1.5
    def log(x): sys.exit("enough")
    def tanh(x): raise KeyboardInterrupt
    def floor(x): return torch.floor(x).double()
    def abs(x): return torch.abs(x) + 0.001 * (x - x.detach())  # a gradient that is off by 0.1 %
    del erf
""")


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["run", *map(str, arguments)])


def suites(path: Path) -> list[Suite]:
    file = json.loads(path.read_text())
    head = {"format": file["format"], "version": file["version"]}
    return [
        Suite.from_dict({**head, **{k: v for k, v in suite.items() if k != "summary"}})
        for suite in file["suites"]
    ]


def test_help_needs_nothing_heavy() -> None:
    program = """
        import sys
        from click.testing import CliRunner
        from reference.parity.commands import cli
        for name in ([], *([command] for command in cli.list_commands(None))):
            result = CliRunner().invoke(cli, [*name, "--help"])
            assert result.exit_code == 0 and "Usage:" in result.output, result.output
        heavy = {"torch", "numba", "hypothesis", "matplotlib", "numpy"} & sys.modules.keys()
        sys.exit(f"imported: {heavy}" if heavy else 0)
    """
    subprocess.run([sys.executable, "-c", dedent(program)], check=True, cwd=ROOT)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--family", "activations"], "there is no family 'activations'; near: activation"),
        (["--case", "relo6"], "no case is called 'relo6'; near: activation/relu6"),
        (["--case", "activation/rleu*"], "near: activation/relu"),
        (["--dtype", "float23"], "there is no dtype 'float23'; near: float32"),
        (["--variant", "zzz"], "there is no variant 'zzz'; there are: plain, "),
        (["--family", "loss", "--dtype", "bool"], "no run fits all of these"),
        (["--time-limit", "nan"], "nan is not a time"),
        (["--time-limit", "0"], "0 is not a time"),
        (["--time-limit", "soon"], "'soon' is not a number of seconds"),
        (["--workers", "0"], "0 is not in the range"),
        (["--oracle", "delphi"], "'delphi' is not one of"),
        (["--seed", "1"], "--seed is for what --drawn draws"),
        (["--engine", "torch", "--engine", "torch"], "one of them is given twice"),
        (["--json", "no/such/folder/x.json"], "there is no folder no/such/folder"),
        (["--html", "/dev/null"], "/dev/null is no file that a report could replace"),
        (["--json", "x.out", "--junit", "./x.out"], "two of them are one file"),
        (["relu"], "unexpected extra argument"),
    ],
)
def test_wrong_usage(arguments: list[str], said: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())
    assert not result.stdout


def test_list() -> None:
    result = run("--list", "--case", "*T25 maximum*", "--dtype", "float64", "--variant", "plain")
    assert result.stdout == "pointwise/T25 maximum tie | float64 | plain\n"
    everything = run("--list").stdout.splitlines()
    assert len(everything) == len(all_runs()) == len(set(all_runs()))
    assert "errors/view wrong size | error" in everything


def test_a_name_with_brackets_is_itself_and_no_glob() -> None:
    name = next(run[0] for run in all_runs() if "[" in run[0])
    assert {run[0] for run in select(globs=[name])} == {name}


def test_every_wrong_answer_costs_its_case_alone(tmp_path: Path) -> None:
    engine, report, junit, page = (tmp_path / n for n in ("engine.py", "r.json", "r.xml", "r.html"))
    engine.write_text(TORCH_BUT)
    names = ("cos", "sqrt", "sin", "exp", "log", "tanh", "floor", "abs", "neg", "square")
    cases = [f"--case=pointwise/{name}" for name in names]
    cases += ["--case=elementary/erf", "--case=errors/view wrong size"]
    # The error has a run without dtype, so the other dtype is left out by variant instead.
    only = ["--variant=plain", "--variant=error", "--oracle=live"]
    files = [f"--json={report}", f"--junit={junit}", f"--html={page}", "--no-floor"]
    result = run("--engine", engine, *cases, *only, *files)

    assert result.exit_code == 1
    assert "pointwise: " in result.stderr  # a line for each family, where there is no terminal
    (mine,) = suites(report)
    said = {r.name: "\n".join([r.reason, *r.failures]) for r in mine.reports if r.failures}
    assert set(said) == {"sqrt", "sin", "exp", "log", "tanh", "floor", "abs", "erf"}
    others = {r.name: r.verdict for r in mine.reports if r.name not in said}
    fine = ("cos", "neg", "square", "view wrong size")
    assert others == dict.fromkeys(fine, Verdict.BIT_EQUAL)
    assert "got None" in said["sqrt"]
    assert "got an array float" in said["sin"]
    assert "got 1.5" in said["exp"]
    assert "SystemExit in place of an answer: enough" in said["log"]
    assert "KeyboardInterrupt in place of an answer" in said["tanh"]
    assert "result: dtype float64, expected float32" in said["floor"]
    assert "gradient of input 0" in said["abs"]
    assert "has no attribute 'erf'" in said["erf"]
    root = ET.parse(junit).getroot()
    failing = sum(r.verdict is Verdict.FAILS for r in mine.reports)
    assert (root.get("failures"), root.get("errors")) == (str(failing), "0")
    assert page.read_text().startswith("<!doctype html>")
    assert {"r.json", "r.xml", "r.html", "engine.py"} >= {p.name for p in tmp_path.glob("*.*")}
    facts = mine.environment | mine.oracle
    assert {"python", "numpy", "torch", "cpu", "capability", "cores", "platform", "threads"} <= set(
        facts
    )


def test_an_engine_that_cannot_be_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def reports(pool: runner.Pool, runs: list[Run], _: object) -> Iterator[tuple[Run, Report]]:
        if pool._setup["engine"] == "gone":
            raise EngineError("there is no module 'gone'")
        yield from ((run_, Report(*run_)) for run_ in runs)

    monkeypatch.setattr(runner.Pool, "reports", reports)
    path, only = tmp_path / "r.json", ["--case=activation/relu", "--oracle=live", "--no-floor"]
    alone = run("--engine=gone", f"--json={path}", *only)
    assert alone.exit_code == 1
    assert alone.stderr.splitlines()[-1] == "Error: there is no module 'gone'"
    assert not alone.stdout
    assert [(r.case, r.verdict) for suite in suites(path) for r in suite.reports] == [
        ("engine/import", Verdict.FAILS)
    ]
    both = run("--engine=gone", "--engine=there", f"--json={path}", *only)
    assert both.exit_code == 1
    assert both.stderr.splitlines()[-1] == "Error: there is no module 'gone'"
    assert "there" in both.stdout
    assert [(suite.engine, suite.ok, len(suite.reports)) for suite in suites(path)] == [
        ("gone", False, 1),
        ("there", True, len(select(globs=["activation/relu"]))),
    ]
    assert run("--engine=there", *only).exit_code == 0


@pytest.mark.parametrize(("installed", "kind"), [(True, "live"), (False, "frozen")])
def test_the_oracle_is_what_there_is(
    monkeypatch: pytest.MonkeyPatch, installed: bool, kind: str
) -> None:
    asked = []
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: installed or None)
    monkeypatch.setattr(runner, "fill", lambda suite, runs, options, noise: asked.append(options))
    result = run("--case=activation/relu", "--no-floor")
    assert f"oracle: {kind}, as PyTorch is" in result.stderr
    assert [options.oracle for options in asked] == [kind]
    assert result.exit_code == 0


def test_an_oracle_that_cannot_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> None:
        raise OracleError("there are no vectors")

    monkeypatch.setattr(runner, "FrozenOracle", none)
    result = run("--oracle=frozen", "--case=activation/relu")
    assert (result.exit_code, result.stderr) == (1, "Error: there are no vectors.\n")


def test_what_is_drawn_is_part_of_the_suite(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def draws(engine: str, examples: int, seed: int | None, *, time_limit: float):
        asked.append((engine, examples, seed, time_limit))
        for run_ in runner._properties():
            yield Report(*run_, verdict=Verdict.FAILS, failures=["a script"])

    monkeypatch.setattr(drawn_process, "reports", draws)
    monkeypatch.setattr(runner.Pool, "reports", lambda *_: iter(()))
    result = run("--engine=torch", "--no-floor", "--drawn=7", "--seed=5", "--time-limit=9")
    assert asked == [("torch", 7, 5, 9.0)]
    assert "a script" in result.stdout
    assert f"drawn: {len(runner._properties())} runs" in result.stderr
    assert result.exit_code == 1


def test_the_vectors_know_the_noise_of_their_own_pytorch(monkeypatch: pytest.MonkeyPatch) -> None:
    from reference.parity import floor, live

    runs = select(families=["normalization", "errors"])
    vectors = FrozenOracle()
    monkeypatch.setattr(runner, "FrozenOracle", lambda: vectors)
    monkeypatch.setattr(
        floor, "measure_floor", lambda keys: {key: {"result": (3, 4)} for key in keys}
    )
    frozen = noise_of(runs, "frozen")
    assert frozen.source == f"The noise floor is that of the vectors of {vectors.facts()['date']}."
    assert frozen.floors
    assert not any(found == {"result": (3, 4)} for found in frozen.floors.values())

    here = vectors.facts()
    new = next("|".join(run_) for run_ in runs if run_[1])
    monkeypatch.setattr(vectors, "missing", lambda: [new, "another/case|float32|plain"])
    monkeypatch.setattr(live.LiveOracle, "facts", lambda _: here)
    same = runner._live_noise(runs)
    assert same.source == frozen.source
    assert same.floors == {**frozen.floors, new: {"result": (3, 4)}}

    monkeypatch.setattr(live.LiveOracle, "facts", lambda _: {**here, "capability": "another"})
    other = runner._live_noise(runs)
    assert other.source == "The noise floor was measured for this report."
    assert set(other.floors) == {"|".join(run_) for run_ in runs if run_[1]}


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path, link = tmp_path / "report", tmp_path / "link"
    path.write_text("before")
    link.symlink_to(path)
    with pytest.raises(TypeError), replacing(path) as draft:
        draft.write_text(b"half")
    assert path.read_text() == "before"
    with replacing(link) as draft:
        draft.write_text("after")
    assert path.read_text() == "after"
    assert link.is_symlink()
    assert {p.name for p in tmp_path.iterdir()} == {"report", "link"}
