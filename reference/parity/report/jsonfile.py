"""The report as JSON, for programs: docs/parity-report.md says what is in it, schema.json exactly.

    write(suites, Path("parity.json"))
    read(Path("parity.json")) == suites

Strict JSON: an infinite distance is the text "inf". One run a line, so that two reports can be
compared with diff.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from reference.parity.report.summary import Tally
from reference.parity.result import FORMAT, FORMAT_VERSION, Suite

_HEAD = {"format": FORMAT, "version": FORMAT_VERSION}


class JsonReportError(ValueError):
    """A file that is no parity report; the text says what is wrong with it."""


def to_dict(suites: Sequence[Suite]) -> dict[str, Any]:
    """What the file holds.

    >>> to_dict([Suite("mine")])["suites"][0]["summary"]["ok"]
    True
    """
    return {**_HEAD, "suites": [_suite(suite) for suite in suites]}


def write(suites: Sequence[Suite], path: Path) -> None:
    """Write the file; whatever JSON cannot say raises before the file is touched."""
    content = to_dict(suites)
    blocks = []
    for suite in content["suites"]:
        reports = suite.pop("reports")
        head = json.dumps(suite, allow_nan=False)[:-1]
        lines = ",\n".join(json.dumps(report, allow_nan=False) for report in reports)
        blocks.append(f'{head}, "reports": [\n{lines}\n]}}')
    head = json.dumps(_HEAD)[:-1]
    path.write_text(f'{head}, "suites": [\n' + ",\n".join(blocks) + "\n]}\n", encoding="utf-8")


def read(path: Path) -> list[Suite]:
    """The suites of a file; JsonReportError if it is no report, OSError if it cannot be read."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:  # UnicodeDecodeError is one too
        raise JsonReportError(f"{path}: not JSON: {error}") from error
    if not isinstance(content, dict):
        raise JsonReportError(
            f"{path}: not a parity report: {type(content).__name__}, not an object"
        )
    found = {key: content.get(key) for key in _HEAD}
    if found != _HEAD:
        raise JsonReportError(f"{path}: not a parity report of ours: {found}, expected {_HEAD}")
    try:
        return [Suite.from_dict({**_HEAD, **_without_summary(s)}) for s in content["suites"]]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise JsonReportError(f"{path}: a damaged parity report: {error!r}") from error


def _suite(suite: Suite) -> dict[str, Any]:
    """Its dict without the head, which the file has once, and with a summary for a quick look."""
    content = {key: value for key, value in suite.to_dict().items() if key not in _HEAD}
    tally = Tally.of(suite.reports)
    content["summary"] = {
        "ok": suite.ok,
        "runs": tally.runs,
        "offered": tally.offered,
        "bit_equal_share": suite.bit_equal_share,
        "verdicts": {verdict.value: count for verdict, count in tally.counts.items()},
    }
    content.setdefault("reports", [])
    return content


def _without_summary(content: dict[str, Any]) -> dict[str, Any]:
    """The summary says nothing that the reports do not say."""
    return {key: value for key, value in content.items() if key != "summary"}
