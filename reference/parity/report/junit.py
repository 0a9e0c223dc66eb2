"""The report as JUnit XML: a test suite per engine and family, a test case per run.

failure   another answer than PyTorch's
error     the run never ended by itself: its process died, or the time limit was reached
skipped   the engine does not offer it
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from reference.parity.report.summary import by_family, clean, explained, run_name, said
from reference.parity.result import Report, Suite, Verdict


def write(suites: Sequence[Suite], path: Path) -> None:
    """Write the file; `tests` and its kin count runs."""
    root = ET.Element("testsuites", name="parity with PyTorch")
    for suite in suites:
        for family, reports in by_family(suite.reports).items():
            root.append(_family(suite, family, reports))
    for count in ("tests", "failures", "errors"):  # the schema has no "skipped" up here
        root.set(count, str(sum(int(child.get(count, 0)) for child in root)))
    root.set("time", _seconds(sum(suite.seconds for suite in suites)))
    ET.indent(root)
    ET.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def _family(suite: Suite, family: str, reports: Sequence[Report]) -> ET.Element:
    element = ET.Element("testsuite", name=clean(f"{suite.engine}.{family}"))
    properties = ET.SubElement(element, "properties")
    facts = {"engine": f"{suite.engine} {suite.version}".strip()}
    facts |= {f"oracle {name}": value for name, value in suite.oracle.items()}
    for name, value in {**facts, **suite.environment}.items():
        ET.SubElement(properties, "property", name=clean(name), value=clean(str(value)))
    cases = [_case(suite, report) for report in reports]
    element.extend(cases)
    element.set("tests", str(len(cases)))
    for count, child in {"failures": "failure", "errors": "error", "skipped": "skipped"}.items():
        element.set(count, str(sum(case.find(child) is not None for case in cases)))
    element.set("time", _seconds(sum(report.seconds for report in reports)))
    return element


def _case(suite: Suite, report: Report) -> ET.Element:
    case = ET.Element(
        "testcase",
        classname=clean(f"{suite.engine}.{report.family}"),
        name=clean(f"{report.name} {run_name(report)}".strip()),
        time=_seconds(report.seconds),
    )
    if report.verdict is Verdict.NOT_OFFERED:
        ET.SubElement(case, "skipped", message=clean(f"not offered: {report.reason}"))
    elif report.verdict is Verdict.FAILS:
        # Only a process that did not end by itself has a reason; an answer has failures.
        kind, name = ("error", "process") if report.reason else ("failure", "parity")
        text = said(report)
        element = ET.SubElement(case, kind, type=name, message=text.partition("\n")[0])
        element.text = "\n".join([text, *explained(report)])
    return case


def _seconds(seconds: float) -> str:
    """The schema takes three decimals at most."""
    return f"{seconds:.3f}"
