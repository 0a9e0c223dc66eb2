"""Engines that hang, die, leave or answer nonsense: each costs the case that it did it in."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from textwrap import dedent

import pytest

from reference.parity.engines import EngineError
from reference.parity.oracle import OracleError
from reference.parity.result import Verdict
from reference.parity.running import pool as pool_module
from reference.parity.running.pool import Pool
from reference.parity.running.selection import select

ROOT = Path(__file__).parents[2]

# An engine that knows what the oracle knows: as good as PyTorch, and there in a second.
FAITHFUL = dedent("""
    import ctypes, gc, os, sys, time
    from pathlib import Path
    from reference.parity.engines import Engine
    from reference.parity.frozen import FrozenOracle

    class Faithful(Engine):
        name, version = "faithful", "1"
        oracle = next(o for o in gc.get_objects() if isinstance(o, FrozenOracle))

        def run(self, case, dtype, variant):
            if case.name in WRONG:
                WRONG[case.name]()
            return self.oracle.outcome(case, dtype, variant)

    WRONG = {}
    engine = Faithful()
""")

HANGS_AND_DIES = FAITHFUL + dedent("""
    def hang():
        print("a word before I hang", flush=True)
        while True:
            pass

    WRONG["relu"] = hang
    WRONG["selu"] = lambda: os._exit(3)
    WRONG["elu"] = lambda: ctypes.string_at(0)
    WRONG["tanh"] = lambda: (sys.stdout.close(), os.close(1), os.system("echo to number 1 >&1"))
""")


@pytest.fixture
def write(tmp_path: Path):
    def write(text: str) -> str:
        path = tmp_path / "engine.py"
        path.write_text(text)
        return str(path)

    return write


def test_a_hang_and_a_death_cost_their_case(write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "LIVES_OF_A_CASE", 2)
    names = ["activation/relu", "activation/elu", "activation/relu6", "pointwise/tanh"]
    runs = select(globs=names, dtypes=["float32"], variants=["plain"])
    runs += select(globs=["activation/selu"], dtypes=["float32"])
    runs += select(globs=["activation/softplus"], dtypes=["float32"])
    unknown = ("activation/relu6", "float32", "upside down")
    pool = Pool(write(HANGS_AND_DIES), "frozen", time_limit=2, workers=1)
    found = dict(pool.reports([*runs, unknown]))
    assert found.keys() == {*runs, unknown}
    assert found.pop(unknown) is None
    assert "not in the vectors" in pool.unanswered[unknown]
    reports = {report.key: report for report in found.values()}
    assert list(reports) == ["|".join(run) for run in found]

    bad = {key: report for key, report in reports.items() if report.verdict is Verdict.FAILS}
    assert {report.case.partition("/")[2] for report in bad.values()} == {"relu", "selu", "elu"}
    assert all(r.verdict is Verdict.BIT_EQUAL for k, r in reports.items() if k not in bad)
    hung = reports["activation/relu|float32|plain"].reason
    assert hung.startswith("time limit of 2 s, in hang (engine.py, line ")
    dead = reports["activation/elu|float32|plain"].reason
    assert dead.startswith("the process died: SIGSEGV, in string_at")
    left = [report.reason for report in bad.values() if report.case == "activation/selu"]
    ended = "the process ended with exit code 3"
    assert sum(reason.startswith(ended) for reason in left) == 2
    not_run = f"not run: 2 runs of this case were lost before it: {ended}"
    assert left.count(not_run) == len(left) - 2 >= 4


def test_an_engine_that_always_dies_is_given_up(write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "LIVES_OF_A_POOL", 1)
    monkeypatch.setattr(pool_module, "BATCH", 2)
    text = FAITHFUL + "Faithful.run = lambda *_: os.abort()\n"
    runs = select(families=["activation"], dtypes=["float32"], variants=["plain"])
    found = dict(Pool(write(text), "frozen", time_limit=20, workers=1).reports(runs))
    assert found.keys() == set(runs)
    reasons = [report.reason for report in found.values()]
    assert sum(reason.startswith("the process died: SIGABRT") for reason in reasons) == 1
    assert reasons.count("not run: 1 processes were lost before it") == len(runs) - 1


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("import time\ntime.sleep(1000)", "time limit of 1.5 s, in <module> (engine.py, line 2)"),
        ("import os\nos._exit(4)", "the process ended with exit code 4"),
        ("raise KeyboardInterrupt", "cannot import .*engine.py: KeyboardInterrupt"),
    ],
)
def test_an_engine_that_cannot_be_imported(write, text: str, why: str) -> None:
    pool = Pool(write(text), "frozen", time_limit=0.5, workers=1)
    with pytest.raises(EngineError, match=why.replace("(", r"\(").replace(")", r"\)")):
        list(pool.reports([("activation/relu", "float32", "plain")]))


def test_an_oracle_that_cannot_be_had_is_not_the_engines_fault(
    write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "torch.py").write_text("raise ImportError('not today')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    pool = Pool("torch", "live", time_limit=20, workers=1)
    with pytest.raises(OracleError, match="PyTorch cannot be imported: not today"):
        list(pool.reports([("activation/relu", "float32", "plain")]))


STOPS_AT_TANH = FAITHFUL + dedent("""
    def hang():
        Path(__file__).with_name("pid").write_text(str(os.getpid()))
        time.sleep(1000)

    WRONG["tanh"] = hang
""")


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL])
def test_no_worker_outlives_its_parent(write, tmp_path: Path, sent: signal.Signals) -> None:
    cases = ["--case=activation/elu", "--case=activation/celu", "--case=pointwise/tanh"]
    only = ["--dtype=float32", "--variant=plain", "--oracle=frozen", "--no-floor"]
    report = tmp_path / "report.json"
    command = [sys.executable, "-m", "reference.parity", "run", "--engine", write(STOPS_AT_TANH)]
    with subprocess.Popen(
        [*command, *cases, *only, f"--json={report}"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_hears_ctrl_c,  # noqa: PLW1509 - it takes no lock
    ) as parent:
        first = parent.stderr.readline()
        assert "activation: 2 runs, 0 fail" in first
        pid = int(_appears(tmp_path / "pid"))
        parent.send_signal(sent)
        _, errors = parent.communicate(timeout=30)
    for _ in range(100):
        if not _runs(pid):
            break
        time.sleep(0.1)
    assert not _runs(pid)
    if sent is signal.SIGINT:
        assert parent.returncode == 130
        assert "Traceback" not in errors
        suite = json.loads(report.read_text())["suites"][0]
        assert "Stopped with Ctrl-C after 2 of 3 runs." in suite["notes"]
        assert [r["case"] for r in suite["reports"]] == ["activation/elu", "activation/celu"]


def _hears_ctrl_c() -> None:
    """A shell without job control has what it starts in the background ignore SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _appears(path: Path) -> str:
    for _ in range(600):
        if path.exists() and (text := path.read_text()):
            return text
        time.sleep(0.05)
    raise AssertionError(f"{path} never came")


def _runs(pid: int) -> bool:
    """A process that has ended and that nobody has waited for is a zombie: it does not run."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
