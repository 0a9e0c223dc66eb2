"""Frozen vectors: the file says what PyTorch says, and says so when it cannot."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from reference.parity import frozen
from reference.parity.case import ErrorCase, OpCase
from reference.parity.cases import all_cases, all_errors
from reference.parity.compare import compare
from reference.parity.floor import outcomes
from reference.parity.frozen import FrozenOracle, freeze, newest, table_keys
from reference.parity.live import LiveOracle
from reference.parity.oracle import NoAnswerError, OracleError
from reference.parity.outcome import Outcome, Value
from reference.parity.result import Verdict
from reference.parity.vectors import VERSION, Reader, Writer

CASES = all_cases()
RELU = CASES["activation/relu"]

#: Products of matrices come from a library that chooses its code by the processor's make.
BY_MAKE = ("linalg/", "contract/")


@pytest.fixture(scope="module")
def oracle() -> FrozenOracle:
    """The vectors in the repository."""
    return FrozenOracle()


def test_the_vectors_know_every_run_of_the_table(oracle: FrozenOracle) -> None:
    """If this fails: python -m reference.parity freeze."""
    assert oracle.missing() == []
    assert oracle.notes() == []


def test_a_sample_made_anew_is_what_is_in_the_repository(
    oracle: FrozenOracle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a case, PyTorch or NumPy has changed: python -m reference.parity freeze."""
    keys = table_keys()[::97]
    noise: dict[str, Any] = {key: {} for key in keys} | {keys[1]: {"result": (2.0, 3.0)}}
    # test_floor.py measures it in earnest, in another process.
    monkeypatch.setattr("reference.parity.floor.measure", lambda keys: (outcomes(keys), noise))
    again = FrozenOracle(freeze(tmp_path / "again.zip", keys))
    same_machine = again.facts()["capability"] == oracle.facts()["capability"]
    for key in keys:
        name, dtype, variant = key.rsplit("|", 2)
        run = CASES[name], dtype, variant
        floor = oracle.floor(*run)
        report = compare(*run, oracle.outcome(*run), again.outcome(*run), floor)
        assert report.ok, str(report)
        if same_machine and not name.startswith(BY_MAKE):
            assert report.verdict is Verdict.BIT_EQUAL, key
        assert again.floor(*run) == noise[key]
    for case in all_errors().values():
        assert again.error(case) == oracle.error(case)


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    """Bit for bit: nan, infinities, zeros of two signs, empty, every dtype, layouts, errors."""
    names = ("repr/", "conversion/", "dtype/", "order/", "stream/", "reduce/T43")
    keys = [key for key in table_keys() if key.startswith(names)][::23]
    keys += [RELU.run_key(*run) for run in RELU.runs()]
    long = "reduce/long sum"
    keys += [CASES[long].run_key(*run) for run in CASES[long].runs()]  # it has a magnitude
    live, writer, expected = LiveOracle(), Writer(), {}
    for key in keys:
        name, dtype, variant = key.rsplit("|", 2)
        expected[key] = live.outcome(CASES[name], dtype, variant)
        near = [expected[k] for k in frozen.resembled(name, dtype, variant) if k in writer.runs]
        writer.add(key, expected[key], 0, near)
    writer.write(tmp_path / "v.zip", {"torch": "0"})
    reader = Reader(tmp_path / "v.zip")
    assert any(outcome.magnitude is not None for outcome in expected.values())
    assert any(outcome.error for outcome in expected.values())
    for key in keys:
        assert bits(reader.outcome(key)) == bits(expected[key]), key


def bits(part: Any) -> Any:
    """Anything in an outcome, so that == compares bits, types and shapes."""
    if isinstance(part, Outcome):
        return [bits(value) for value in vars(part).values()]
    if isinstance(part, Value):
        return (bits(part.array), part.dtype, part.requires_grad)
    if isinstance(part, np.ndarray):
        return (str(part.dtype), part.shape, part.tobytes())
    if isinstance(part, dict):
        return [(key, bits(value)) for key, value in part.items()]
    if isinstance(part, list | tuple):
        return [type(part).__name__, *map(bits, part)]
    return (type(part).__name__, repr(part))


def test_numbers_that_json_lacks_and_bits_that_rounding_would_lose(tmp_path: Path) -> None:
    nan = np.uint32([0x7FC00000, 0xFFC12345, 0x80000000, 0x7F800000, 1]).view(np.float32)
    result = [
        float("nan"),
        float("-inf"),
        -0.0,
        0.1,
        2**70,
        1j,
        (),
        {},
        {(1, None): [Value(nan, "float32")]},
    ]
    wide = np.float64([1e300, -1e300, 0, np.nan, 1])  # beyond float32, as a base of one that is
    outcome = Outcome(result, [("gradient of input 0", None), ("gradient of input 1", nan)])
    writer = Writer()
    writer.add("base", Outcome(wide, [("gradient of input 1", wide)]), 0)
    writer.add("key", outcome, 0, [Outcome(None, [("gradient of input 1", wide)])])
    writer.write(tmp_path / "v.zip", {})
    assert bits(Reader(tmp_path / "v.zip").outcome("key")) == bits(outcome)


def test_an_array_is_there_once(tmp_path: Path) -> None:
    array = np.random.default_rng(0).normal(size=1000)
    sizes = []
    for runs in (1, 20):
        writer = Writer()
        for k in range(runs):
            writer.add(str(k), Outcome(array.copy()), 0)
        writer.write(tmp_path / "v.zip", {})
        sizes.append((tmp_path / "v.zip").stat().st_size)
    assert sizes[1] < sizes[0] + 500


def test_equal_answers_make_equal_files(tmp_path: Path) -> None:
    for name in ("a", "b"):
        writer = Writer()
        writer.add("k", Outcome(np.arange(3.0)), 7)
        writer.write(tmp_path / name, {"torch": "0"})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    with zipfile.ZipFile(tmp_path / "a") as file:  # whenever they are made
        assert {member.date_time[0] for member in file.infolist()} == {1980}


def test_the_file_in_the_repository_is_small_and_says_whence_it_is(oracle: FrozenOracle) -> None:
    assert newest(frozen.FOLDER).stat().st_size < 3e6
    facts = oracle.facts()
    assert facts["kind"] == "frozen"
    assert facts["torch"].startswith("2.13.0")
    for name in ("capability", "numpy", "date", "threads", "machine", "python"):
        assert facts[name]


def test_a_case_newer_than_the_vectors_is_told(
    oracle: FrozenOracle, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = replace(RELU, name="relu of tomorrow")
    with pytest.raises(NoAnswerError, match="not in the vectors, which are older than this case"):
        oracle.outcome(new, "float32", "plain")
    with pytest.raises(NoAnswerError, match="not in the vectors"):
        oracle.error(ErrorCase("of tomorrow", lambda t: None, family="errors"))
    cases = {**CASES, new.key: new}
    monkeypatch.setattr(frozen, "all_cases", lambda: cases)
    assert len(oracle.missing()) == len(list(new.runs()))
    (note,) = oracle.notes()
    assert note.startswith(f"{len(list(new.runs()))} runs are newer than the vectors of 20")
    assert "activation/relu of tomorrow" in note


def test_other_inputs_are_told_and_not_taken_for_a_wrong_engine(oracle: FrozenOracle) -> None:
    other = replace(RELU, draw="positive")
    with pytest.raises(NoAnswerError, match=r"either the case has changed since, or NumPy \d"):
        oracle.outcome(other, "float32", "plain")


def test_a_checksum_depends_on_values_shapes_dtypes_and_upstream_gradients() -> None:
    cases = [
        OpCase("a", lambda t, x: x, values=(np.zeros((2, 3), np.int64),)),
        OpCase("a", lambda t, x: x, values=(np.zeros((3, 2), np.int64),)),
        OpCase("a", lambda t, x: x, values=(np.zeros((2, 3), np.float64),)),
        OpCase("a", lambda t, x: x, values=(np.ones((2, 3), np.int64),)),
        OpCase("b", lambda t, x: x, values=(np.zeros((2, 3), np.int64),)),
    ]
    assert len({frozen.checksum(case, "float32", "plain") for case in cases}) == len(cases)


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        (
            {"format": "parity-vectors", "version": VERSION + 1},
            f"version {VERSION + 1}, not parity",
        ),
        ({"format": "other"}, "holds other, version None"),
    ],
)
def test_another_format_is_refused(tmp_path: Path, facts: dict[str, Any], text: str) -> None:
    path = tmp_path / "v.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("facts.json", json.dumps(facts))
    with pytest.raises(OracleError, match=text):
        FrozenOracle(path)


def test_a_file_that_is_missing_or_broken_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OracleError, match="there are no vectors at "):
        FrozenOracle(newest(tmp_path))
    path = tmp_path / "torch-1.zip"
    path.write_bytes(b"not a zip")
    with pytest.raises(OracleError, match="cannot be read as frozen vectors"):
        FrozenOracle(path)
    data = newest(frozen.FOLDER).read_bytes()
    path.write_bytes(data[:1000] + b"spoiled" + data[1007:])
    with pytest.raises(OracleError, match="cannot be read as frozen vectors"):
        FrozenOracle(path)


def test_the_newest_file_is_by_version_not_by_letters(tmp_path: Path) -> None:
    for version in ("2.9.1", "2.13.0", "2.2.0"):
        (tmp_path / f"torch-{version}.zip").touch()
    assert newest(tmp_path).name == "torch-2.13.0.zip"


WITHOUT_TORCH = """
import sys
sys.modules["torch"] = None  # an import of it is an ImportError
from reference.parity import engines, floor
from reference.parity.cases import all_cases, all_errors
from reference.parity.compare import compare, compare_error
from reference.parity.floor import outcomes
from reference.parity.frozen import FrozenOracle

oracle, ours, cases = FrozenOracle(), engines.load_engine("minitorch_clf"), all_cases()
runs = [(case, *run) for case in cases.values() for run in case.runs()][::{every}]
for case, dtype, variant in runs:
    report = compare(
        case, dtype, variant, oracle.outcome(case, dtype, variant), ours.run(case, dtype, variant)
    )
    report.raise_if_failed()
for case in list(all_errors().values())[::9]:
    compare_error(case, oracle.error(case), ours.run_error(case)).raise_if_failed()
wrong = cases["activation/relu"]
answer = ours.run(wrong)
answer.gradients[0][1].reshape(-1)[:] *= 1.001
assert not compare(wrong, "float32", "plain", oracle.outcome(wrong), answer).ok
print(len(runs))
"""


def test_our_engine_beside_the_vectors_where_pytorch_is_not_installed() -> None:
    every = 211
    run = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH.format(every=every)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) == len(table_keys()[::every])


def test_the_live_oracle_says_whence_it_is() -> None:
    facts = LiveOracle().facts()
    assert facts["kind"] == "live"
    assert facts["torch"] == torch.__version__
    assert facts["threads"] == "1"
