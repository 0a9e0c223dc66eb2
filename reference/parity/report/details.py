"""The long lists of the page: what fails, what is farthest and why, what is not offered."""

from __future__ import annotations

from collections.abc import Sequence

from reference.parity.report.markup import Markup, joined, row, table, tag
from reference.parity.report.summary import (
    Farthest,
    by_case,
    by_family,
    explained,
    failing,
    farthest,
    not_offered,
    number,
    run_name,
    said,
)
from reference.parity.result import Distance, Report, Suite, Verdict

#: Of a case that fails in many runs, so many different failures are shown in full.
SHOWN_IN_FULL = 3
FARTHEST_SHOWN = 15
_HEADS = ("max ULP", "median", "floor", "max steps", "floor", "worst element")
#: Up to so many are unfolded, and so also on paper.
UNFOLDED = 8


def failures(suite: Suite) -> Markup:
    """Every failing case; few of them unfolded, many folded, by family."""
    cases = failing(suite)
    if not cases:
        return tag("p", "No case fails.")
    families: dict[str, list[list[Report]]] = {}
    for reports in cases.values():
        families.setdefault(reports[0].family, []).append(reports)
    if len(cases) <= UNFOLDED:
        return joined(_case(reports, unfolded=True) for reports in cases.values())
    return joined(
        tag(
            "details",
            tag("summary", tag("strong", family), f" {_plural(len(group), 'case')}"),
            *(_case(reports) for reports in group),
            class_="family",
        )
        for family, group in families.items()
    )


def _case(reports: Sequence[Report], unfolded: bool = False) -> Markup:
    """A failing case: its different failures once each, then the runs that have them."""
    texts: dict[str, list[Report]] = {}
    for report in reports:
        texts.setdefault(said(report), []).append(report)
    parts = [tag("p", sentence, class_="sentence") for sentence in explained(reports[0])]
    for content, runs in list(texts.items())[:SHOWN_IN_FULL]:
        parts.append(tag("p", ", ".join(map(run_name, runs)), class_="runs"))
        parts.append(tag("pre", content))
        parts.append(_distances(runs[0]))
    left_out = [r for runs in list(texts.values())[SHOWN_IN_FULL:] for r in runs]
    if left_out:
        parts.append(tag("p", "Also ", ", ".join(map(run_name, left_out)), class_="runs"))
    first_line = next(iter(texts)).partition("\n")[0]
    head = tag(
        "summary", tag("code", reports[0].case), f" {_plural(len(reports), 'run')}: {first_line}"
    )
    return tag("details", head, *parts, class_="case", open=unfolded)


def _distances(report: Report) -> Markup:
    """The tensors of a run that differ, each beside PyTorch's floor."""
    apart = [distance for distance in report.distances if distance.ulp]
    if not apart:
        return Markup()
    rows = [row(distance.where, _cells(distance)) for distance in apart]
    return table(["tensor", *_HEADS], rows, f"Distances of {report.key}")


def _cells(distance: Distance) -> list[str]:
    """Numbers of a tensor, and its worst element with both bit patterns: below _HEADS."""
    numbers = (distance.ulp, distance.median_ulp, distance.floor_ulp,
               distance.steps, distance.floor_steps)  # fmt: skip
    worst = [
        tag("span", "expected "),
        tag("code", distance.expected),
        tag("br"),
        tag("span", "got "),
        tag("code", distance.actual),
    ]
    return [*map(number, numbers), tag("div", *worst, class_="worst")]


def farthest_cases(suite: Suite) -> Markup:
    """The cases that are farthest of all that pass without PyTorch's bits, and their reasons."""
    passing = (Verdict.WITHIN_FLOOR, Verdict.WITHIN_BUDGET)
    cases = by_case(report for report in suite.reports if report.verdict in passing)
    found = [far for reports in cases.values() if (far := farthest(reports, "steps"))]
    if not found:
        return tag("p", "Nothing: what passes is bit-equal.")
    found.sort(key=lambda far: -far.distance.steps)
    rows = [_farthest_row(far) for far in found[:FARTHEST_SHOWN]]
    left_out = len(found) - len(rows)
    parts = [table(["case", *_HEADS], rows, f"Farthest cases of {suite.engine}", "cases")]
    if left_out:
        parts.append(tag("p", f"And {_plural(left_out, 'case')} nearer than these."))
    return joined(parts)


def _farthest_row(far: Farthest) -> Markup:
    report = far.report
    what = joined(
        [
            tag("code", report.case),
            tag("small", f"{run_name(report)}, {far.distance.where}"),
            tag("small", report.why, class_="why"),
        ],
        between=" ",
    )
    return row(what, _cells(far.distance))


def missing(suite: Suite) -> Markup:
    """What the engine does not offer, by its reason, with the cases folded."""
    reasons = not_offered(suite)
    if not reasons:
        return tag("p", "It offers every case.")
    items = []
    for reason, reports in reasons.items():
        families = by_family(reports)
        cases = [
            f"{family}: " + ", ".join(dict.fromkeys(r.name for r in runs))
            for family, runs in families.items()
        ]
        head = tag("summary", f"{reason} ", tag("small", _plural(len(reports), "run")))
        items.append(tag("details", head, *(tag("p", line) for line in cases), class_="case"))
    count = sum(map(len, reasons.values()))
    told = f"{_plural(count, 'run')} for {_plural(len(reasons), 'reason')}"
    if len(items) > UNFOLDED:
        return tag("details", tag("summary", told), *items, class_="family")
    return joined([tag("p", f"{told}:"), *items])


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")
