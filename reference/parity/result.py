"""What a run of the table showed, as plain data: Distance < Report < Suite, and the verdicts.

    report = Report("activation/relu", "float32", "plain", Verdict.BIT_EQUAL)
    suite = Suite("minitorch_clf", reports=[report])
    Suite.from_dict(json.loads(json.dumps(suite.to_dict()))) == suite

In the dicts a field that has its default is left out, and an infinite distance is the text "inf",
for JSON has no infinity.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from enum import StrEnum
from itertools import pairwise
from typing import Any

#: The bins of `Distance.histogram`: the k-th counts the elements with
#: ULP_BINS[k - 1] < ulp <= ULP_BINS[k]; the first, those with the same bits (or zeros of two
#: signs); the last, whatever is farther, infinitely far too (a nan beside a number).
ULP_BINS = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 64.0, 1024.0, 2.0**20, math.inf)

FORMAT, FORMAT_VERSION = "parity-report", 1


def bin_labels() -> list[str]:
    """What the bins of a histogram are called.

    >>> bin_labels()[:5], bin_labels()[-1]
    (['0', '1', '2', '3-4', '5-8'], 'more')
    """
    labels = ["0", "1", "2"]
    for below, bound in pairwise(ULP_BINS[2:-1]):
        labels.append(f"{below + 1:.0f}-{bound:.0f}")
    return [*labels, "more"]


class Verdict(StrEnum):
    """How a run of a case ended, from best to worst."""

    BIT_EQUAL = "bit-equal"
    WITHIN_FLOOR = "within the floor"
    WITHIN_BUDGET = "within budget"
    FAILS = "fails"
    NOT_OFFERED = "not offered"


@dataclass(frozen=True)
class Distance:
    """How far one tensor is from the oracle's.

    where        "result", "result[1]", "gradient of input 0", "second gradient of upstream 0"
    ulp, steps   the largest of its elements: in ULP, and in rounding steps of the largest value
    worst        index of the worst element; `expected` and `actual` are it, with bit patterns
    histogram    its elements by distance, see ULP_BINS
    floor_*      how far PyTorch is from itself at this tensor, see floor.py
    """

    where: str
    ulp: float = 0.0
    steps: float = 0.0
    median_ulp: float = 0.0
    elements: int = 0
    worst: tuple[int, ...] = ()
    expected: str = ""
    actual: str = ""
    histogram: tuple[int, ...] = ()
    floor_ulp: float = 0.0
    floor_steps: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        return _to_dict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Distance:
        """The distance of which `data` is the dict; numbers that JSON had to write as text too."""
        numbers = {f.name for f in fields(cls) if f.type == "float"}
        kept: dict[str, Any] = {k: float(v) if k in numbers else v for k, v in data.items()}
        for name in ("worst", "histogram"):
            kept[name] = tuple(data.get(name, ()))
        return cls(**kept)


@dataclass
class Report:
    """What one run of one case showed.

    case       its id, "activation/relu": a family and a name
    dtype      "" and variant "error" for a case of the table of errors
    failures   a sentence for each thing that is wrong
    raised     the oracle's error, where both raise it
    why        the case's own reason for its budget
    reason     why it is not offered, or what went wrong with the process, if anything did
    """

    case: str
    dtype: str = ""
    variant: str = "plain"
    verdict: Verdict = Verdict.BIT_EQUAL
    distances: list[Distance] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    raised: str = ""
    why: str = ""
    reason: str = ""
    seconds: float = 0.0

    @property
    def family(self) -> str:
        return self.case.partition("/")[0]

    @property
    def name(self) -> str:
        return self.case.partition("/")[2] or self.case

    @property
    def key(self) -> str:
        """`case|dtype|variant`, which names a run in the report and in the frozen vectors."""
        return f"{self.case}|{self.dtype}|{self.variant}"

    @property
    def traps(self) -> list[int]:
        """The rows of rows.py that the case proves.

        >>> Report("order/T25 maximum tie").traps
        [25]
        """
        return [int(number) for number in re.findall(r"\bT(\d+)\b", self.name)]

    @property
    def ok(self) -> bool:
        return self.verdict not in (Verdict.FAILS, Verdict.NOT_OFFERED)

    @property
    def ulp(self) -> float:
        """The largest distance of all results and gradients, in ULP."""
        return max((d.ulp for d in self.distances), default=0.0)

    @property
    def steps(self) -> float:
        return max((d.steps for d in self.distances), default=0.0)

    def __str__(self) -> str:
        title = " ".join(filter(None, (self.case, self.dtype, self.variant)))
        if self.ok:
            return f"{title}: {self.raised or f'{self.ulp:g} ulp'}"
        if self.verdict is Verdict.NOT_OFFERED:
            return f"{title} is not offered: {self.reason}"
        said = [*filter(None, [self.reason]), *self.failures]
        return "\n  ".join([f"{title} differs from PyTorch:", *said])

    def raise_if_failed(self) -> None:
        if not self.ok:
            raise AssertionError(str(self))

    def to_dict(self) -> dict[str, Any]:
        return _to_dict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Report:
        kept = dict(data)
        if "verdict" in kept:
            kept["verdict"] = Verdict(kept["verdict"])
        kept["distances"] = [Distance.from_dict(d) for d in kept.get("distances", [])]
        return cls(**kept)


@dataclass
class Suite:
    """One engine through the table.

    oracle        whence the answers it was compared with: the facts of an Oracle
    environment   the machine, Python, and the versions of what it ran on
    notes         sentences for the reader: what was left out, what is stale
    """

    engine: str
    version: str = ""
    oracle: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    reports: list[Report] = field(default_factory=list)
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)

    def counts(self) -> dict[str, dict[Verdict, int]]:
        """Runs by family, in the order of the table, and by verdict.

        >>> Suite("e", reports=[Report("a/x")]).counts()["a"][Verdict.BIT_EQUAL]
        1
        """
        table: dict[str, dict[Verdict, int]] = {}
        for report in self.reports:
            row = table.setdefault(report.family, dict.fromkeys(Verdict, 0))
            row[report.verdict] += 1
        return table

    def total(self, verdict: Verdict) -> int:
        return sum(report.verdict is verdict for report in self.reports)

    @property
    def bit_equal_share(self) -> float:
        """Bit-equal runs among those that the engine offers, 0 to 1; 0 if it offers none."""
        offered = len(self.reports) - self.total(Verdict.NOT_OFFERED)
        return self.total(Verdict.BIT_EQUAL) / offered if offered else 0.0

    @property
    def ok(self) -> bool:
        """Nothing fails. What an engine does not offer is no failure."""
        return not self.total(Verdict.FAILS)

    def to_dict(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "version": FORMAT_VERSION,
            **_to_dict(self, version="engine_version"),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Suite:
        """ValueError for a dict of another format, or of a version that is not ours."""
        found = (data.get("format"), data.get("version"))
        if found != (FORMAT, FORMAT_VERSION):
            raise ValueError(
                f"not a parity report: format {found[0]!r}, version {found[1]!r}; "
                f"expected {FORMAT!r}, version {FORMAT_VERSION}"
            )
        kept = {k: v for k, v in data.items() if k not in ("format", "version", "engine_version")}
        kept["version"] = data.get("engine_version", "")
        kept["reports"] = [Report.from_dict(r) for r in kept.get("reports", [])]
        return cls(**kept)


def _to_dict(instance: Any, **renamed: str) -> dict[str, Any]:
    """The fields that do not have their default, ready for JSON."""
    return {
        renamed.get(f.name, f.name): _plain(getattr(instance, f.name))
        for f in fields(instance)
        if getattr(instance, f.name) != _default(f)
    }


def _default(f: Field[Any]) -> Any:
    return f.default if f.default_factory is MISSING else f.default_factory()


def _plain(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [_plain(v) for v in value]
    if isinstance(value, float) and math.isinf(value):
        return "inf"
    return value.to_dict() if isinstance(value, Distance | Report) else value
