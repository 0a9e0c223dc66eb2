"""What the reports count and say alike: verdicts, farthest tensors, traps, groups of failures."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from reference.parity.result import ULP_BINS, Distance, Report, Suite, Verdict
from reference.parity.rows import NOT_TESTED, ROWS

ORDER = tuple(Verdict)  # best to worst, then not offered

#: What XML may not contain, and what a terminal would obey: control characters but for tab and
#: newline, halves of surrogate pairs, and the code points that are no characters.
_UNPRINTABLE = re.compile(
    r"[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0010fffd]"
)


def clean(text: str) -> str:
    r"""An engine's text, with what is not printable spelled out.

    >>> print(clean("\x1b[31mred\x00 \ud800"))
    \x1b[31mred\x00 \ud800
    """
    return _UNPRINTABLE.sub(lambda found: ascii(found.group())[1:-1], text)


def number(x: float) -> str:
    """A distance as people read it.

    >>> [number(x) for x in (0.0, 410.0, 0.123456, 8388608.0, math.inf)]
    ['0', '410', '0.123', '8.39e+06', 'inf']
    """
    return f"{x:.0f}" if x < 1e5 and x == int(x) else f"{x:.3g}"


def percent(part: float, whole: float) -> str:
    """A share; 100 % only if it is all of them, 0 % only if it is none.

    >>> percent(2, 3), percent(9999, 10000), percent(3, 3), percent(1, 10**6), percent(0, 0)
    ('66.7 %', '>99.9 %', '100 %', '<0.1 %', '-')
    """
    if not whole:
        return "-"
    if part in (0, whole):
        return f"{100 * part / whole:.0f} %"
    share = 100 * part / whole
    return "<0.1 %" if share < 0.05 else ">99.9 %" if share >= 99.95 else f"{share:.1f} %"


@dataclass(frozen=True)
class Tally:
    """Runs by verdict."""

    counts: dict[Verdict, int]

    @classmethod
    def of(cls, reports: Iterable[Report]) -> Tally:
        counts = dict.fromkeys(ORDER, 0)
        for report in reports:
            counts[report.verdict] += 1
        return cls(counts)

    def __getitem__(self, verdict: Verdict) -> int:
        return self.counts[verdict]

    @property
    def runs(self) -> int:
        return sum(self.counts.values())

    @property
    def offered(self) -> int:
        return self.runs - self.counts[Verdict.NOT_OFFERED]

    @property
    def share(self) -> str:
        """How many of the runs that the engine offers are bit-equal."""
        return percent(self.counts[Verdict.BIT_EQUAL], self.offered)

    @property
    def worst(self) -> Verdict:
        """The worst verdict among what is offered.

        >>> Tally.of([Report("a/x", verdict=Verdict.NOT_OFFERED), Report("a/y")]).worst
        <Verdict.BIT_EQUAL: 'bit-equal'>
        """
        found = [v for v in ORDER[:-1] if self.counts[v]]
        return found[-1] if found else Verdict.NOT_OFFERED


def by_family(reports: Iterable[Report]) -> dict[str, list[Report]]:
    """The runs of every family, in the order of the table."""
    families: dict[str, list[Report]] = {}
    for report in reports:
        families.setdefault(report.family, []).append(report)
    return families


def by_case(reports: Iterable[Report]) -> dict[str, list[Report]]:
    cases: dict[str, list[Report]] = {}
    for report in reports:
        cases.setdefault(report.case, []).append(report)
    return cases


def run_name(report: Report) -> str:
    """Which run of its case this is: "float32 strided"."""
    return " ".join(filter(None, (report.dtype, report.variant)))


@dataclass(frozen=True)
class Farthest:
    """The tensor that is farthest from the oracle's, and the run that it comes from."""

    report: Report
    distance: Distance


def farthest(reports: Iterable[Report], measure: Literal["ulp", "steps"]) -> Farthest | None:
    """The first of the farthest; None if no tensor was compared."""
    tensors = ((d, r) for r in reports for d in r.distances)
    found = max(tensors, key=lambda pair: float(getattr(pair[0], measure)), default=None)
    return found and Farthest(found[1], found[0])


def histogram(reports: Iterable[Report]) -> list[int]:
    """Elements of all tensors by their distance in ULP, in the bins of result.ULP_BINS."""
    total = [0] * len(ULP_BINS)
    for report in reports:
        for distance in report.distances:
            for k, count in enumerate(distance.histogram):
                total[k] += count
    return total


def bin_names() -> list[str]:
    """The bins by their upper bounds, short enough for an axis.

    >>> bin_names()
    ['0', '1', '2', '4', '8', '16', '64', '1024', '2^20', 'more']
    """
    short = [f"{b:.0f}" if b < 10_000 else f"2^{math.log2(b):.0f}" for b in ULP_BINS[:-1]]
    return [*short, "more"]


@dataclass(frozen=True)
class Trap:
    """A row of rows.py, and how every engine did in the cases that prove it.

    engines    one Tally for each suite, of the runs of these cases
    """

    number: int
    engines: tuple[Tally, ...]

    @property
    def sentence(self) -> str:
        return ROWS[self.number]

    @property
    def runs(self) -> int:
        return max((tally.runs for tally in self.engines), default=0)

    @property
    def absent(self) -> str:
        """Why no run shows it, if none does."""
        if self.runs:
            return ""
        return NOT_TESTED.get(self.number, "No case of this run shows it.")

    @property
    def differs(self) -> bool:
        """Some engine offers it, and has other bits than PyTorch."""
        return any(t.worst not in (Verdict.BIT_EQUAL, Verdict.NOT_OFFERED) for t in self.engines)


def traps(suites: Sequence[Suite]) -> list[Trap]:
    """Every row of rows.py, T1 first."""
    found: list[dict[int, list[Report]]] = []
    for suite in suites:
        rows: dict[int, list[Report]] = {}
        for report in suite.reports:
            for row in dict.fromkeys(report.traps):
                rows.setdefault(row, []).append(report)
        found.append(rows)
    return [Trap(row, tuple(Tally.of(rows.get(row, ())) for rows in found)) for row in ROWS]


def failing(suite: Suite) -> dict[str, list[Report]]:
    """The runs that fail, by case."""
    return by_case(r for r in suite.reports if r.verdict is Verdict.FAILS)


def not_offered(suite: Suite) -> dict[str, list[Report]]:
    """The runs that are not offered, by the engine's reason; the most frequent reason first."""
    reasons: dict[str, list[Report]] = {}
    for report in suite.reports:
        if report.verdict is Verdict.NOT_OFFERED:
            reasons.setdefault(clean(report.reason) or "no reason given", []).append(report)
    return dict(sorted(reasons.items(), key=lambda item: -len(item[1])))


def said(report: Report) -> str:
    """All that a failing run has to say: what became of its process, and a sentence per failure."""
    return clean("\n".join([*filter(None, [report.reason]), *report.failures]))


def explained(report: Report) -> list[str]:
    """The sentence of every trap that the case is named after: "T25: maximum and minimum ..."."""
    return [f"T{row}: {ROWS[row]}" for row in dict.fromkeys(report.traps) if row in ROWS]
