"""The report as one HTML file: no network, no script, no font but the reader's own.

The parts are functions from suites to Markup; page.css is the style, svg.py has the pictures, and
details.py the long lists.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from reference.parity.report import details, svg
from reference.parity.report.markup import Markup, joined, row, table, tag
from reference.parity.report.summary import (
    ORDER,
    Tally,
    Trap,
    by_family,
    farthest,
    histogram,
    number,
    traps,
)
from reference.parity.result import Report, Suite, Verdict

SIGNS = {
    Verdict.BIT_EQUAL: "=",
    Verdict.WITHIN_FLOOR: "≈",
    Verdict.WITHIN_BUDGET: "≤",
    Verdict.FAILS: "≠",
    Verdict.NOT_OFFERED: "–",
}

MEANINGS = {
    Verdict.BIT_EQUAL: "Every element of the result and of all gradients has PyTorch's bits; where "
    "PyTorch raises, the engine raises the same.",
    Verdict.WITHIN_FLOOR: "Other bits, but as near as PyTorch is to itself when it uses another "
    "number of threads or other instructions of the same processor.",
    Verdict.WITHIN_BUDGET: "Farther than that, within what the case allows; a case that allows "
    "anything says why.",
    Verdict.FAILS: "Farther than the case allows, another dtype, shape or error, or no answer: the "
    "process died or ran into the time limit.",
    Verdict.NOT_OFFERED: "The engine has no such operation, or not with these arguments. It counts "
    "neither for nor against it.",
}

WORDS = {
    "Run": "A case in one dtype and one variant: plain; transposed or strided in memory; empty; "
    "without dimensions; with inf, nan and -0.0 (special); with the gradient of the gradient "
    "(second order).",
    "Share": "Bit-equal runs among those that the engine offers.",
    "ULP": "Units in the last place: how many floats lie from one value to the other. 0 is the "
    "same bits, 1 the next float. It suits what is rounded once; where terms cancel it can be "
    "large though nobody is wrong.",
    "Rounding steps": "The distance in roundings of the largest value of the tensor, or of the sum "
    "of |terms|: half an epsilon of it. It suits sums, whose small results carry the roundings of "
    "large terms.",
    "Median ULP": "Half of the tensor's elements are no farther than this. A large maximum with "
    "a median of 0 is one element near 0; a large median is a wrong formula.",
    "Floor": "The measured distance of PyTorch from itself at the same tensor: one thread beside "
    "two, the processor's best instructions beside AVX. Nobody can be asked to be nearer.",
    "Trap": "A place where engines often do otherwise than PyTorch. The sentence says what PyTorch "
    "does; the verdict is the worst among the runs that the engine offers.",
}

_SECTIONS = {
    "engines": "Engines",
    "families": "Verdicts by family",
    "traps": "Traps",
    "distances": "Distances",
    "failing": "What fails",
    "farthest": "Farthest, and why",
    "missing": "Not offered",
    "words": "Words",
    "environment": "Environment",
}


def write(suites: Sequence[Suite], path: Path) -> None:
    """Write the page."""
    path.write_text(document(suites), encoding="utf-8")


def document(suites: Sequence[Suite]) -> str:
    """The whole page."""
    contents = {
        "engines": _engines(suites),
        "families": joined(_families(suite) for suite in suites),
        "traps": _traps(suites),
        "distances": _distances(suites),
        "failing": joined(_of(suite, details.failures(suite)) for suite in suites),
        "farthest": joined(_of(suite, details.farthest_cases(suite)) for suite in suites),
        "missing": joined(_of(suite, details.missing(suite)) for suite in suites),
        "words": _definitions(WORDS),
        "environment": _environment(suites),
    }
    sections = [
        tag("section", tag("h2", title, id=f"{key}-title"), contents[key], id=key,
            aria_labelledby=f"{key}-title")
        for key, title in _SECTIONS.items()
    ]  # fmt: skip
    links = [tag("li", tag("a", title, href=f"#{key}")) for key, title in _SECTIONS.items()]
    nav = tag("nav", tag("ul", *links), aria_label="Sections")
    head = tag("header", tag("h1", "Parity with PyTorch"), _lead(suites), nav)
    style = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return "<!doctype html>\n" + tag(
        "html",
        tag(
            "head",
            tag("meta", charset="utf-8"),
            tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
            tag("meta", http_equiv="Content-Security-Policy", content=policy),
            tag("meta", name="color-scheme", content="light dark"),
            tag("title", f"Parity with PyTorch: {', '.join(s.engine for s in suites)}"),
            tag("style", Markup(style)),
        ),
        tag("body", head, tag("main", *sections)),
        lang="en",
    )


def badge(verdict: Verdict, words: str = "") -> Markup:
    """The sign of a verdict on its colour, and the word: no colour stands alone."""
    sign = tag("b", SIGNS[verdict], class_=svg.CLASSES[verdict], aria_hidden="true")
    return tag("span", sign, f" {words or verdict}", class_="verdict")


def _of(suite: Suite, content: Markup) -> Markup:
    return joined([tag("h3", suite.engine), content])


def _lead(suites: Sequence[Suite]) -> Markup:
    """What was compared with what, in two sentences."""
    reports = [report for suite in suites for report in suite.reports]
    runs = len({report.key for report in reports})
    cases, families = len({r.case for r in reports}), len({r.family for r in reports})
    oracle = next((suite.oracle for suite in suites if suite.oracle), {})
    engines = _enumerated([suite.engine for suite in suites])
    return tag(
        "p",
        f"How far {engines} {'is' if len(suites) == 1 else 'are'} from PyTorch "
        f"{oracle.get('torch', '')} in {cases} cases of {families} families, {runs} runs in all: "
        "values, gradients, second derivatives, dtypes and error texts.",
        class_="lead",
    )


def _enumerated(names: Sequence[str]) -> str:
    """The names in a sentence.

    >>> _enumerated(["a"]), _enumerated(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _verdict_heads(verdicts: Sequence[Verdict] = ORDER) -> list[Markup]:
    return [badge(verdict) for verdict in verdicts]


def _counts(tally: Tally, verdicts: Sequence[Verdict] = ORDER) -> list[str]:
    return [str(tally[verdict] or "·") for verdict in verdicts]


def _engines(suites: Sequence[Suite]) -> Markup:
    """Engines x verdicts; what each verdict means; what the reader must know of an engine."""
    rows = []
    for suite in suites:
        tally = Tally.of(suite.reports)
        name = _named(tag("span", suite.engine, " ", tag("small", suite.version)), tally)
        cells = [tag("strong", tally.share), str(tally.offered), *_counts(tally)]
        rows.append(row(name, [*cells, f"{suite.seconds:.0f} s"]))
    heads = ["engine", "share bit-equal", "runs offered", *_verdict_heads(), "time"]
    notes = [tag("li", f"{suite.engine}: {note}") for suite in suites for note in suite.notes]
    meanings = [
        tag("div", tag("dt", badge(verdict)), tag("dd", meaning))
        for verdict, meaning in MEANINGS.items()
    ]
    return joined(
        [
            table(heads, rows, "Engines and their verdicts", "families"),
            tag("ul", *notes, class_="notes") if notes else "",
            tag("dl", *meanings, class_="legend"),
        ]
    )


def _families(suite: Suite) -> Markup:
    """Families x verdicts, the bar beside the numbers, and the farthest tensor of each."""
    families = by_family(suite.reports)
    if not families:
        return joined([tag("h3", suite.engine), tag("p", "No case was run.")])
    rows = [_family_row(family, reports) for family, reports in families.items()]
    rows.append(_family_row("all", suite.reports, "total"))
    heads = ["family", "runs", "share", *_verdict_heads(), "max ULP", "its median", "floor there",
             "max steps", "floor there"]  # fmt: skip
    return joined(
        [tag("h3", suite.engine), table(heads, rows, f"Families of {suite.engine}", "families")]
    )


def _family_row(family: str, reports: Sequence[Report], class_: str = "") -> Markup:
    tally = Tally.of(reports)
    ulp, steps = farthest(reports, "ulp"), farthest(reports, "steps")
    distances = ["·"] * 5
    if ulp and steps:
        distances = [
            number(ulp.distance.ulp),
            number(ulp.distance.median_ulp),
            number(ulp.distance.floor_ulp),
            number(steps.distance.steps),
            number(steps.distance.floor_steps),
        ]
    name = _named(tag("span", family), tally)
    cells = [str(tally.runs), tag("strong", tally.share), *_counts(tally), *distances]
    return row(name, cells, class_)


def _named(name: Markup, tally: Tally) -> Markup:
    """A name with its bar: beside it, or below where there is no room."""
    return tag("div", name, svg.bar(tally), class_="name")


def _traps(suites: Sequence[Suite]) -> Markup:
    """All rows of rows.py, a column for each engine; a box to tick hides what all have alike."""
    engines = [suite.engine for suite in suites]
    rows = [_trap_row(trap, engines) for trap in traps(suites)]
    tick = tag(
        "label",
        tag("input", type="checkbox", id="only-differing"),
        " Show only those where an engine has other bits than PyTorch",
        class_="tick",
    )
    heads = ["Trap", "What PyTorch does", *engines]
    return joined([tick, table(heads, rows, "Traps", "traps", roles=True)])


def _trap_row(trap: Trap, engines: Sequence[str]) -> Markup:
    """The number, the sentence, and every engine's verdict in words, or why there is none."""
    name = tag("th", f"T{trap.number}", scope="row", role="rowheader", id=f"T{trap.number}")
    sentence = tag("td", trap.sentence, class_="sentence", role="cell")
    if trap.absent:
        cells = [tag("td", trap.absent, colspan=len(engines), class_="absent", role="cell")]
    else:
        cells = [
            tag("td", _trap_verdict(tally), role="cell", data_engine=engine)
            for engine, tally in zip(engines, trap.engines, strict=True)
        ]
    return tag(
        "tr", name, sentence, *cells, role="row", class_="differs" if trap.differs else "alike"
    )


def _trap_verdict(tally: Tally) -> Markup:
    worst = tally.worst
    if worst in (Verdict.BIT_EQUAL, Verdict.NOT_OFFERED):
        return badge(worst)
    return joined([badge(worst), " ", tag("small", f"{tally[worst]} of {tally.offered} runs")])


def _distances(suites: Sequence[Suite]) -> Markup:
    """A histogram of all elements for each engine, side by side; then small ones by family."""
    compared = [suite for suite in suites if any(histogram(suite.reports))]
    if not compared:
        return tag("p", "No tensor was compared.")
    wholes = [
        tag("figure", tag("figcaption", suite.engine),
            svg.histogram(histogram(suite.reports), suite.engine), class_="whole")
        for suite in compared
    ]  # fmt: skip
    return joined([tag("div", *wholes, class_="wholes"), *map(_multiples, compared)])


def _multiples(suite: Suite) -> Markup:
    figures = [
        tag("figure", svg.histogram(counts, f"{suite.engine}, {family}", small=True),
            tag("figcaption", family))
        for family, reports in by_family(suite.reports).items()
        if any(counts := histogram(reports))
    ]  # fmt: skip
    heading = tag("h3", f"{suite.engine}, by family")
    return joined([heading, tag("div", *figures, class_="multiples")])


def _definitions(facts: Mapping[str, str]) -> Markup:
    pairs = [joined([tag("dt", name), tag("dd", str(value))]) for name, value in facts.items()]
    return tag("dl", *pairs, class_="facts")


def _environment(suites: Sequence[Suite]) -> Markup:
    """Oracle and machine; those that several engines share stand there once."""
    groups: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for suite in suites:
        facts = {f"oracle: {name}": value for name, value in suite.oracle.items()}
        both = {**facts, **suite.environment}
        groups.setdefault(tuple(both.items()), []).append(f"{suite.engine} {suite.version}".strip())
    return joined(
        joined([tag("h3", _enumerated(engines)), _definitions(dict(facts))])
        for facts, engines in groups.items()
    )
