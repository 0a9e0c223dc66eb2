"""PyTorch's answers in a file, for where it is not installed.

    python -m reference.parity freeze        asks PyTorch and writes the file; about two minutes
    FrozenOracle().outcome(case, "float32", "plain")

vectors.py describes the file. It knows the runs of the table as it was then. A run that has come
since, or one whose inputs this NumPy draws otherwise, is not answered, and the reason is told.
"""

from __future__ import annotations

import datetime as dt
import platform
import re
import zlib
from pathlib import Path

import numpy as np

from reference.parity.case import ErrorCase, OpCase
from reference.parity.cases import all_cases, all_errors
from reference.parity.oracle import Floor, NoAnswerError, Oracle
from reference.parity.outcome import Outcome, upstream
from reference.parity.vectors import Reader, Writer

FOLDER = Path(__file__).with_name("vectors")

AGAIN = "make the vectors anew with: python -m reference.parity freeze"


class FrozenOracle(Oracle):
    """What PyTorch answered when the vectors were made; OracleError if there are none.

    path   by default the file of the newest PyTorch in vectors/
    """

    def __init__(self, path: Path | None = None) -> None:
        self._file = Reader(path or newest(FOLDER))

    def outcome(self, case: OpCase, dtype: str = "float32", variant: str = "plain") -> Outcome:
        key = case.run_key(dtype, variant)
        if key not in self._file.runs:
            raise NoAnswerError(f"not in the vectors, which are older than this case; {AGAIN}")
        if self._file.runs[key]["inputs"] != checksum(case, dtype, variant):
            raise NoAnswerError(
                f"its inputs are not those of the vectors: either the case has changed since, or "
                f"NumPy {np.__version__} draws other numbers than NumPy "
                f"{self._file.facts['numpy']} did; {AGAIN}"
            )
        return self._file.outcome(key)

    def error(self, case: ErrorCase) -> str:
        if case.key not in self._file.errors:
            raise NoAnswerError(f"not in the vectors, which are older than this case; {AGAIN}")
        return self._file.errors[case.key]

    def floor(self, case: OpCase, dtype: str, variant: str) -> Floor:
        run = self._file.runs.get(case.run_key(dtype, variant), {})
        return {where: (ulp, steps) for where, (ulp, steps) in run.get("floor", {}).items()}

    def facts(self) -> dict[str, str]:
        return {"kind": "frozen", **self._file.facts}

    def notes(self) -> list[str]:
        if not (missing := self.missing()):
            return []
        cases = sorted({key.partition("|")[0] for key in missing})
        few = ", ".join(cases[:3]) + (", ..." if len(cases) > 3 else "")
        date = self._file.facts["date"]
        return [f"{len(missing)} runs are newer than the vectors of {date} ({few}); {AGAIN}"]

    def missing(self) -> list[str]:
        """The keys of the runs and errors of today's table that the vectors do not have."""
        keys = [key for key in table_keys() if key not in self._file.runs]
        return keys + [f"{key}||error" for key in all_errors() if key not in self._file.errors]


def newest(folder: Path) -> Path:
    """The file of the newest PyTorch: torch-2.13.0.zip, not torch-2.9.1.zip."""
    files = folder.glob("torch-*.zip")
    release = lambda path: [int(part) for part in re.findall(r"\d+", path.stem)]  # noqa: E731
    return max(files, key=release, default=folder / "torch-*.zip")


def freeze(path: Path | None = None, keys: list[str] | None = None) -> Path:
    """Ask PyTorch for every run of the table and write the vectors, noise floor and all.

    path   by default vectors/torch-2.13.0.zip, by PyTorch's version
    keys   of the runs to ask for, instead of all
    """
    from reference.parity.floor import measure  # they need PyTorch
    from reference.parity.live import LiveOracle

    oracle, table, keys = LiveOracle(), all_cases(), keys or table_keys()
    answers, floors = measure(keys)
    writer = Writer()
    for key in sorted(keys, key=lambda key: "|float64|" not in key):  # those first, as bases
        name, dtype, variant = key.rsplit("|", 2)
        bases = [answers[base] for base in resembled(name, dtype, variant) if base in writer.runs]
        writer.add(key, answers[key], checksum(table[name], dtype, variant), bases)
        if floors[key]:
            writer.runs[key]["floor"] = floors[key]
    writer.runs = {key: writer.runs[key] for key in keys}
    writer.errors = {key: oracle.error(case) for key, case in all_errors().items()}
    now = dt.datetime.now(dt.UTC)
    facts = {**oracle.facts(), "python": platform.python_version(), "machine": platform.machine()}
    del facts["kind"]
    path = path or FOLDER / f"torch-{facts['torch'].partition('+')[0]}.zip"
    writer.write(path, {**facts, "date": f"{now:%Y-%m-%d}"})
    return path


def table_keys() -> list[str]:
    """The key of every run of the table."""
    return [
        case.run_key(dtype, variant)
        for case in all_cases().values()
        for dtype, variant in case.runs()
    ]


def resembled(name: str, dtype: str, variant: str) -> list[str]:
    """The runs whose numbers are near those of this one."""
    layouts = ("transposed", "strided", "second order")  # of the same inputs
    near = [f"{name}|{dtype}|plain"] if variant in layouts else []
    return [*near, f"{name}|float64|{variant}"]


def checksum(case: OpCase, dtype: str, variant: str) -> int:
    """Of what is drawn for a run: its inputs, and the beginning of its upstream gradients."""
    crc = zlib.crc32(upstream(case)((4,), "float64").tobytes())
    for array in case.inputs(dtype, variant):
        crc = zlib.crc32(f"{array.dtype}{array.shape}".encode(), crc)
        crc = zlib.crc32(array.tobytes(), crc)
    return crc
