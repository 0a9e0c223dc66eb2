"""The report for a person at a terminal, at 80 columns, or reading a log without colours.

No colour says what a word does not say as well, and no engine's text is taken for rich's markup.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from reference.parity.report.summary import (
    Farthest,
    Tally,
    Trap,
    by_family,
    clean,
    explained,
    failing,
    farthest,
    not_offered,
    number,
    run_name,
    said,
    traps,
)
from reference.parity.result import Report, Suite, Verdict

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

STYLES = {
    Verdict.BIT_EQUAL: "green",
    Verdict.WITHIN_FLOOR: "cyan",
    Verdict.WITHIN_BUDGET: "yellow",
    Verdict.FAILS: "bold red",
    Verdict.NOT_OFFERED: "dim",
}
HEADS = ("bit-equal", "floor", "budget", "fails", "not offered")  # in the order of STYLES

LEGEND = """\
share   bit-equal runs among those that the engine offers
ULP     how many floats lie between two values
steps   roundings of the largest value, where terms cancel and ULP says little
floor   how far PyTorch is from itself, on other threads or instructions
budget  how far a case may be, for a reason that stands in it"""

#: A stranger may fail by the hundred. What is left out here is counted, and in --json and --html.
CASES_SHOWN = 20
LINES_SHOWN = 12
REASONS_SHOWN = 12


def show(suites: Sequence[Suite], console: Console) -> None:
    """Print everything: verdicts, distances, failures, traps; several engines also side by side."""
    for suite in suites:
        for part in _suite(suite):
            console.print(_printable(part, console))
    if len(suites) > 1:
        console.print(_title("Side by side"))
        console.print(_comparison(suites))
    if any(suite.reports for suite in suites):
        console.print()
        console.print(Text(LEGEND, style="dim"))
        for part in _traps(suites):
            console.print(_printable(part, console))


def _printable(part: RenderableType, console: Console) -> RenderableType:
    """The same in what the console's encoding has: a log may be ASCII, an engine's words not."""
    if isinstance(part, Padding):
        part.renderable = _printable(part.renderable, console)
    if isinstance(part, Text) and not console.encoding.startswith("utf"):
        plain = part.plain.encode(console.encoding, "backslashreplace").decode(console.encoding)
        return Text(plain, style=part.style)
    return part


def _suite(suite: Suite) -> Iterator[RenderableType]:
    tally = Tally.of(suite.reports)
    yield _title(f"{suite.engine} {suite.version}".strip())
    for label, facts in (("against", suite.oracle), ("on", suite.environment)):
        if facts:
            said_of = ", ".join(f"{name} {value}" for name, value in facts.items())
            yield Text(clean(f"{label} {said_of}"), style="dim")
    for note in suite.notes:
        yield Text(clean(f"note: {note}"), style="yellow")
    if suite.reports:
        yield _verdicts(suite)
        yield _distances(suite)
    yield from _failures(suite)
    yield from _missing(suite)
    fails = tally[Verdict.FAILS]
    yield Text.assemble(
        (f"{tally.share} bit-equal", "bold"),
        f" ({tally[Verdict.BIT_EQUAL]} of {tally.offered} runs offered), ",
        (f"{fails} fail", STYLES[Verdict.FAILS] if fails else ""),
        f", {suite.seconds:.0f} s",
    )


def _title(text: str) -> RenderableType:
    return Padding(Text(clean(text), style="bold underline"), (1, 0, 0, 0))


def _table(first: str, heads: Sequence[str], gap: int = 2) -> Table:
    table = Table(box=None, padding=(0, gap, 0, 0), pad_edge=False, header_style="bold")
    table.add_column(first, overflow="fold")
    for head in heads:
        table.add_column(head, justify="right", overflow="fold")
    return table


def _counts(tally: Tally) -> list[Text]:
    """A number per verdict; a dash where there is none, so that what is there stands out."""
    return [
        Text(str(tally[verdict]), style=style) if tally[verdict] else Text("-", style="dim")
        for verdict, style in STYLES.items()
    ]


def _verdicts(suite: Suite) -> RenderableType:
    """Families x verdicts, and the share of bit-equal runs."""
    table = _table("family", ["runs", *HEADS, "share"])
    families = by_family(suite.reports)
    for family, reports in families.items():
        tally = Tally.of(reports)
        table.add_row(clean(family), str(tally.runs), *_counts(tally), tally.share)
    total = Tally.of(suite.reports)
    table.add_section()
    table.add_row("all", str(total.runs), *_counts(total), total.share, style="bold")
    return Padding(table, (1, 0))


def _distances(suite: Suite) -> RenderableType:
    """Families x the farthest tensor by each measure, beside PyTorch's own floor at that tensor."""
    heads = ["max ULP", "its median", "floor", "max steps", "floor"]
    table = _table("farthest", heads, gap=3)
    families = by_family(suite.reports)
    for family, reports in [*families.items(), ("all", suite.reports)]:
        ulp, steps = farthest(reports, "ulp"), farthest(reports, "steps")
        if ulp and steps:
            style = "bold" if reports is suite.reports else ""
            table.add_row(clean(family), *_ulp(ulp), *_steps(steps), style=style)
    return Padding(table, (0, 0, 1, 0))


def _ulp(far: Farthest) -> list[str]:
    return [number(x) for x in (far.distance.ulp, far.distance.median_ulp, far.distance.floor_ulp)]


def _steps(far: Farthest) -> list[str]:
    return [number(far.distance.steps), number(far.distance.floor_steps)]


def _failures(suite: Suite) -> Iterator[RenderableType]:
    """One run of each failing case in full, and what it is a trap of."""
    cases = failing(suite)
    for case, reports in list(cases.items())[:CASES_SHOWN]:
        runs = ", ".join(map(run_name, reports[:4])) + (", ..." if len(reports) > 4 else "")
        yield Text.assemble(("fails ", STYLES[Verdict.FAILS]), (clean(case), "bold"), f"  {runs}")
        lines = [_shortened(said(reports[0])), *_worst_element(reports[0]), *explained(reports[0])]
        yield _indented("\n".join(lines))
    if left_out := list(cases.values())[CASES_SHOWN:]:
        families = by_family(reports[0] for reports in left_out)
        where = ", ".join(f"{family} {len(reports)}" for family, reports in families.items())
        yield Text(f"and {len(left_out)} more cases fail: {clean(where)}")
        yield _indented("--json and --html show them all")


def _indented(text: str, by: int = 2, style: str = "") -> RenderableType:
    return Padding(Text(text, style=style), (0, 0, 0, by))


def _shortened(text: str) -> str:
    lines = text.splitlines()
    left_out = [f"... {len(lines) - LINES_SHOWN} more lines"] if len(lines) > LINES_SHOWN else []
    return "\n".join(lines[:LINES_SHOWN] + left_out)


def _worst_element(report: Report) -> Iterator[str]:
    """The worst element with both bit patterns, unless the failure showed it; and the floor."""
    far = farthest([report], "ulp")
    if far is None or not far.distance.ulp:
        return
    worst = far.distance
    if worst.actual not in said(report):
        yield f"worst element: {worst.where}{list(worst.worst)}"
        yield f"      expected {clean(worst.expected)}"
        yield f"           got {clean(worst.actual)}"
        yield f"      {number(worst.ulp)} ulp, {number(worst.steps)} steps apart"
    yield (
        f"floor of {worst.where}: PyTorch is {number(worst.floor_ulp)} ulp, "
        f"{number(worst.floor_steps)} steps from itself"
    )


def _missing(suite: Suite) -> Iterator[RenderableType]:
    """What the engine does not offer, most frequent first."""
    reasons = not_offered(suite)
    if not reasons:
        return
    lines = [f"{why.splitlines()[0]} ({len(runs)})" for why, runs in reasons.items()]
    shown = lines[:REASONS_SHOWN]
    if len(lines) > REASONS_SHOWN:
        shown.append(f"and for {len(lines) - REASONS_SHOWN} other reasons")
    yield Text(f"not offered, {sum(map(len, reasons.values()))} runs, by reason:")
    yield _indented("; ".join(shown), style="dim")


def _comparison(suites: Sequence[Suite]) -> RenderableType:
    """Engines x verdicts."""
    table = _table("engine", ["runs", "offered", *HEADS[:-1], "share"])
    for suite in suites:
        tally = Tally.of(suite.reports)
        counts = _counts(tally)[:-1]
        name = Text(clean(suite.engine))
        table.add_row(name, str(tally.runs), str(tally.offered), *counts, tally.share)
    return Padding(table, (1, 0, 0, 0))


def _traps(suites: Sequence[Suite]) -> Iterator[RenderableType]:
    """Every trap where an engine has other bits than PyTorch, and the sentence about it."""
    rows = traps(suites)
    shown = [trap for trap in rows if trap.runs]
    differing = [trap for trap in shown if trap.differs]
    yield _title("Traps: where engines go wrong, and what PyTorch does")
    yield Text(
        f"{len(shown)} of {len(rows)} are in this run; "
        + (f"in {len(differing)} an engine differs:" if differing else "all are bit-equal")
    )
    for trap in differing:
        yield _hanging(f"T{trap.number}", f"{trap.sentence}\n{_who(trap, suites)}")


def _hanging(label: str, text: str) -> RenderableType:
    """The label, and beside it the text with a margin of its own."""
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(min_width=4, no_wrap=True)
    table.add_column()
    table.add_row(Text(label, style="bold"), Text(text))
    return table


def _who(trap: Trap, suites: Sequence[Suite]) -> str:
    """Which engines differ there, how far, and in how many of the runs they offer."""
    parts = []
    for suite, tally in zip(suites, trap.engines, strict=True):
        if tally.worst not in (Verdict.BIT_EQUAL, Verdict.NOT_OFFERED):
            count = f"{tally[tally.worst]} of {tally.offered} runs"
            parts.append(f"{clean(suite.engine)}: {tally.worst} ({count})")
    return "; ".join(parts)
