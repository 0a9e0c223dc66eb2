"""The four reports of a run say the same, and survive whatever an engine says."""

from __future__ import annotations

import io
import json
import math
import re
import subprocess
import sys
from collections import Counter
from dataclasses import MISSING, fields
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import numpy as np
import pytest
from rich.console import Console

import minitorch_clf
import reference.parity.report as reports_package
from reference.parity.cases import all_cases, all_errors
from reference.parity.check import check, check_error
from reference.parity.compare import Budget, measure
from reference.parity.report import jsonfile, junit, page, summary, terminal
from reference.parity.result import ULP_BINS, Distance, Report, Suite, Verdict
from reference.parity.rows import NOT_TESTED, ROWS

HEAD = b'{"format": "parity-report", "version": 1'
FOLDER = Path(reports_package.__file__).parent
SCHEMA = json.loads((FOLDER / "schema.json").read_text())
#: What an engine may say to spoil a report: HTML, markup of rich, escapes, what XML cannot hold.
NASTY = "</pre><script>alert(1)</script> [bold]&amp; \x1b[31mred\x00\ud800\ufffe ]]> ≠"


def compared(ulp: int, floor: float = 0.0) -> Distance:
    """A real distance: one element of three moved by `ulp` floats."""
    x = np.float32([1.0, 2.0, 0.5])
    y = (x.view(np.int32) + np.int32([0, ulp, 0])).view(np.float32)
    return measure("result", x, y, Budget(floor_ulp=floor, floor_steps=floor))[1]


def many_verdicts(engine: str = "stranger") -> Suite:
    """An engine with every verdict, both kinds of failure, an infinite distance and nasty words."""
    far = measure("result", np.float32([1.0]), np.float32([np.nan]))[1]
    assert far.ulp == math.inf
    return Suite(
        engine,
        "1.2",
        {"kind": "live", "torch": "2.13.0"},
        {"python": "3.11", "cpu": NASTY},
        [
            Report("order/sort", "float32", "plain", distances=[compared(0)], seconds=0.5),
            Report("order/T25 maximum tie", "float32", "plain", distances=[compared(0)]),
            Report(
                "order/T25 maximum tie",
                "float64",
                "plain",
                Verdict.FAILS,
                [compared(9, floor=2.0)],
                ["result: 1 of 3 elements over the budget of 0 ulp"],
            ),
            Report("loss/T44 bce", "float32", "plain", Verdict.WITHIN_FLOOR, [compared(1, 2.0)]),
            Report(
                "loss/T45 bce",
                "float32",
                "second order",
                Verdict.WITHIN_BUDGET,
                [compared(3)],
                why="another log",
            ),
            Report("loss/nll", "float32", "plain", Verdict.FAILS, [far], [f"result: {NASTY}"]),
            Report("loss/hinge", "float32", "plain", Verdict.FAILS, reason="time limit of 20 s"),
            Report("linalg/det", "float32", "plain", Verdict.NOT_OFFERED, reason="no op 'det'"),
            Report("errors/T48 range", "", "error", raised="ValueError: no"),
        ],
        seconds=12.5,
        notes=[f"mind {NASTY}"],
    )


@pytest.fixture(scope="module")
def real() -> list[Suite]:
    """A family through the engine, and one that gets every tenth run wrong."""
    chosen = [case for key, case in all_cases().items() if key.startswith("combine/")]
    own = Suite("minitorch_clf", "0.1.0", {"kind": "live"}, {"python": "3"}, seconds=1.0)
    for case in chosen:
        runs = [(dtype, variant) for dtype, variant in case.runs() if dtype == "float32"]
        own.reports += [check(case, minitorch_clf, *run) for run in runs]
    own.reports += [check_error(case, minitorch_clf) for case in list(all_errors().values())[:20]]
    other = Suite("other", reports=[Report.from_dict(r.to_dict()) for r in own.reports])
    for report in other.reports[::10]:
        report.verdict, report.failures = Verdict.FAILS, ["off by 0.1 %"]
    return [own, other]


# ----------------------------------------------------------------------------------------- counting


def test_a_trap_has_the_worst_verdict_of_what_is_offered() -> None:
    suites = [many_verdicts(), Suite("none", reports=[])]
    row = {trap.number: trap for trap in summary.traps(suites)}
    assert list(row) == list(ROWS)
    assert [tally.worst for tally in row[25].engines] == [Verdict.FAILS, Verdict.NOT_OFFERED]
    assert (row[25].runs, row[25].differs, row[48].differs) == (2, True, False)
    assert row[123].absent == NOT_TESTED[123]
    assert row[1].absent
    assert not row[25].absent


def test_farthest_takes_its_own_measure() -> None:
    near, far = Distance("result", ulp=5.0, steps=90.0), Distance("result[1]", ulp=7.0, steps=1.0)
    reports = [Report("a/x"), Report("a/y", distances=[near, far])]
    by_ulp, by_steps = summary.farthest(reports, "ulp"), summary.farthest(reports, "steps")
    assert by_ulp is not None
    assert by_steps is not None
    assert (by_ulp.distance, by_steps.distance) == (far, near)
    assert summary.farthest(reports[:1], "ulp") is None


# --------------------------------------------------------------------------------------------- JSON


def written(suites: list[Suite], path: Path) -> dict:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    jsonfile.write(suites, path)
    return json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)


def test_json_has_the_documented_schema_and_comes_back(real: list[Suite], tmp_path: Path) -> None:
    validator = jsonschema.Draft202012Validator(SCHEMA)
    validator.check_schema(SCHEMA)
    suites = [*real, many_verdicts(), Suite("absent")]
    content = written(suites, tmp_path / "parity.json")
    validator.validate(content)
    assert jsonfile.read(tmp_path / "parity.json") == suites
    assert content == jsonfile.to_dict(suites)
    own = content["suites"][0]["summary"]
    assert own["runs"] == len(real[0].reports) == sum(own["verdicts"].values()) > 50
    assert own["bit_equal_share"] == real[0].bit_equal_share
    assert [suite["summary"]["ok"] for suite in content["suites"]] == [True, False, False, True]
    lines = (tmp_path / "parity.json").read_text(encoding="utf-8").splitlines()
    assert sum('"case"' in line for line in lines) == sum(len(suite.reports) for suite in suites)


@pytest.mark.parametrize(
    ("where", "value"),
    [
        ((), {"format": "parity-report", "version": 2, "suites": []}),
        (("suites", 0, "unknown"), 1),
        (("suites", 0, "summary", "verdicts", "fails"), -1),
        (("suites", 0, "reports", 0, "verdict"), "perfect"),
        (("suites", 0, "reports", 0, "case"), 3),
        (("suites", 0, "reports", 0, "distances", 0, "ulp"), "nan"),
        (("suites", 0, "reports", 0, "distances", 0, "steps"), -1.0),
        (("suites", 0, "reports", 0, "distances", 0, "histogram"), [1, 2]),
        (("suites", 0, "environment", "cores"), 2),
    ],
)
def test_the_schema_refuses(where: tuple, value: object) -> None:
    content = jsonfile.to_dict([many_verdicts()])
    place = content
    for key in where[:-1]:
        place = place[key]
    if where:
        place[where[-1]] = value
    else:
        content = value
    assert not jsonschema.Draft202012Validator(SCHEMA).is_valid(content)


def test_the_schema_names_every_field_with_its_default() -> None:
    for kind, name in ((Distance, "distance"), (Report, "report"), (Suite, "suite")):
        known = SCHEMA["$defs"][name]["properties"]
        for field in fields(kind):
            key = "engine_version" if (kind, field.name) == (Suite, "version") else field.name
            reference = known[key].get("$ref", "").rpartition("/")[2]
            default = {**SCHEMA["$defs"].get(reference, {}), **known[key]}.get("default")
            if field.default is not MISSING:
                assert default == field.default or default == list(field.default), key
            elif field.default_factory is not MISSING and key != "reports":
                assert default == field.default_factory(), key
    verdicts = SCHEMA["$defs"]["report"]["properties"]["verdict"]["enum"]
    assert verdicts == list(SCHEMA["$defs"]["summary"]["properties"]["verdicts"]["properties"])
    assert verdicts == [verdict.value for verdict in Verdict]
    sizes = SCHEMA["$defs"]["distance"]["properties"]["histogram"]["oneOf"][1]
    assert sizes == {"minItems": len(ULP_BINS), "maxItems": len(ULP_BINS)}


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[]", "list, not an object"),
        (b'{"format": "other"}', "'other'"),
        (b'{"format": "parity-report", "version": 9, "suites": []}', "9"),
        (HEAD + b"}", "damaged"),
        (HEAD + b', "suites": [7]}', "damaged"),
        (HEAD + b', "suites": [{"reports": []}]}', "damaged"),
        (
            HEAD + b', "suites": [{"engine": "e", "reports": [{"case": "a", "verdict": "good"}]}]}',
            "good",
        ),
    ],
)
def test_a_file_that_is_no_report_is_named(content: bytes, complaint: str, tmp_path: Path) -> None:
    path = tmp_path / "parity.json"
    path.write_bytes(content)
    with pytest.raises(jsonfile.JsonReportError, match=re.escape(complaint)) as caught:
        jsonfile.read(path)
    assert str(path) in str(caught.value)


# -------------------------------------------------------------------------------------------- JUnit

#: Children and attributes of each element in the de facto schema, junit-10.xsd of Jenkins' xunit
#: plugin, as far as this report could use them.
JUNIT = {
    "testsuites": ({"testsuite"}, {"name", "time", "tests", "failures", "errors"}),
    "testsuite": (
        {"properties", "testcase"},
        {"name", "time", "tests", "failures", "errors", "skipped", "timestamp", "hostname"},
    ),
    "properties": ({"property"}, set()),
    "property": (set(), {"name", "value"}),
    "testcase": ({"skipped", "error", "failure"}, {"name", "time", "classname"}),
    "skipped": (set(), {"message", "type"}),
    "error": (set(), {"message", "type"}),
    "failure": (set(), {"message", "type"}),
}


def test_junit_is_what_ci_servers_read(real: list[Suite], tmp_path: Path) -> None:
    suites = [*real, many_verdicts()]
    junit.write(suites, tmp_path / "junit.xml")
    root = ET.parse(tmp_path / "junit.xml").getroot()
    for element in root.iter():
        children, attributes = JUNIT[element.tag]
        assert {child.tag for child in element} <= children
        assert set(element.attrib) <= attributes
        assert element.tag not in ("testsuite", "testcase") or element.get("name")
        assert re.fullmatch(r"\d+\.\d{1,3}", element.get("time", "0.0"))
    assert int(root.get("tests")) == sum(len(suite.reports) for suite in suites)
    stranger = {s.get("name"): s for s in root if s.get("name").startswith("stranger.")}
    assert list(stranger) == [f"stranger.{f}" for f in ("order", "loss", "linalg", "errors")]
    loss = stranger["stranger.loss"]
    counts = [loss.get(name) for name in ("tests", "failures", "errors", "skipped")]
    assert counts == ["4", "1", "1", "0"]
    assert stranger["stranger.linalg"].get("skipped") == "1"
    assert float(stranger["stranger.order"].get("time")) == 0.5
    names = Counter((c.get("classname"), c.get("name")) for c in root.iter("testcase"))
    assert max(names.values()) == 1


def test_junit_says_what_is_wrong(tmp_path: Path) -> None:
    junit.write([many_verdicts()], tmp_path / "junit.xml")
    cases = {c.get("name"): c for c in ET.parse(tmp_path / "junit.xml").getroot().iter("testcase")}
    failure = cases["T25 maximum tie float64 plain"].find("failure")
    assert failure.get("message") == "result: 1 of 3 elements over the budget of 0 ulp"
    assert f"T25: {ROWS[25]}" in failure.text
    assert cases["hinge float32 plain"].find("error").get("message") == "time limit of 20 s"
    assert cases["det float32 plain"].find("skipped").get("message") == "not offered: no op 'det'"
    nasty = cases["nll float32 plain"].find("failure").text
    assert r"<script>alert(1)</script> [bold]&amp; \x1b[31mred\x00\ud800\ufffe ]]> ≠" in nasty
    assert len(cases["T25 maximum tie float32 plain"]) == 0


# --------------------------------------------------------------------------------------------- page


class Page(HTMLParser):
    """Reads a page, in which every tag must be closed, in order; keeps tags, cells and text."""

    def __init__(self, content: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.cells: list[list[str]] = []
        self.text = ""
        self.feed(content)
        self.close()
        assert self.open == []

    def handle_starttag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((name, dict(attributes)))
        assert len(dict(attributes)) == len(attributes)
        if name not in ("meta", "input", "br"):
            self.open.append(name)
        if name == "tr":
            self.cells.append([])
        if name in ("td", "th"):
            self.cells[-1].append("")

    def handle_endtag(self, name: str) -> None:
        assert self.open.pop() == name

    def handle_data(self, text: str) -> None:
        if "style" not in self.open:
            self.text += text
            if {"td", "th"} & set(self.open):
                self.cells[-1][-1] += text

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for found, attributes in self.tags if found == name]


def test_the_page_is_one_file_without_network_or_script(real: list[Suite], tmp_path: Path) -> None:
    page.write([*real, many_verdicts()], tmp_path / "parity.html")
    content = (tmp_path / "parity.html").read_text(encoding="utf-8")
    read = Page(content)
    names = {name for name, _ in read.tags}
    assert not names & {"script", "link", "img", "iframe", "object", "embed", "base", "form"}
    for _, attributes in read.tags:
        assert not {"src", "srcset", "action", "style"} & set(attributes)
        assert not [key for key in attributes if key.startswith("on")]
        assert (attributes.get("href") or "#").startswith("#")
    assert not re.search(r"url\(|@import|https?:", content)
    policy = next(m for m in read.all("meta") if m.get("http-equiv") == "Content-Security-Policy")
    assert policy["content"] == "default-src 'none'; style-src 'unsafe-inline'"
    assert content.startswith("<!doctype html>")
    assert read.all("html") == [{"lang": "en"}]


def test_the_page_can_be_read_aloud(real: list[Suite]) -> None:
    read = Page(page.document([*real, many_verdicts()]))
    assert all(th.get("scope") in ("row", "col") for th in read.all("th"))
    assert all(svg.get("role") == "img" and svg.get("aria-label") for svg in read.all("svg"))
    assert all(r.get("aria-label") for r in read.all("div") if r.get("role") == "region")
    identities = [a["id"] for _, a in read.tags if "id" in a]
    assert len(identities) == len(set(identities))
    targets = [a["href"][1:] for a in read.all("a")]
    targets += [section["aria-labelledby"] for section in read.all("section")]
    assert targets
    assert set(targets) <= set(identities)
    levels = [int(name[1]) for name, _ in read.tags if re.fullmatch(r"h\d", name)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))


def test_the_page_holds_every_family_and_every_trap(real: list[Suite]) -> None:
    suites = [*real, many_verdicts()]
    read = Page(page.document(suites))
    rows = {cells[0]: cells for cells in read.cells if re.fullmatch(r"T\d+", cells[0])}
    assert list(rows) == [f"T{number}" for number in ROWS]
    assert all(rows[f"T{number}"][1] == sentence for number, sentence in ROWS.items())
    assert rows["T25"][2:] == ["– not offered", "– not offered", "≠ fails 1 of 2 runs"]
    assert rows["T48"][4] == "= bit-equal"
    assert rows["T123"][2:] == [NOT_TESTED[123]]
    for suite in suites:
        for family, counts in suite.counts().items():
            numbers = [str(counts[verdict] or "·") for verdict in Verdict]
            assert any(c[0] == family and c[3:8] == numbers for c in read.cells), family
    assert len(read.all("figure")) == sum(
        1 + sum(any(r.distances for r in runs) for runs in summary.by_family(s.reports).values())
        for s in suites
    )


def test_the_page_escapes_what_engines_say_and_shows_what_fails() -> None:
    content = page.document([many_verdicts("<b>me</b>")])
    read = Page(content)
    assert "<script>" not in content
    assert "<b>me" not in content
    assert r"</pre><script>alert(1)</script> [bold]&amp; \x1b[31mred\x00\ud800\ufffe" in read.text
    assert "time limit of 20 s" in read.text
    assert "no op 'det'" in read.text
    for pattern in (compared(9).expected, compared(9).actual, "another log"):
        assert pattern in read.text
    assert "12" in next(cells for cells in read.cells if cells[0].startswith("<b>me"))[-1]


def test_a_page_of_nothing_is_a_page() -> None:
    for suites in ([Suite("absent")], [Suite("absent"), many_verdicts()]):
        assert "absent" in Page(page.document(suites)).text


def test_the_bar_and_the_histogram_are_to_scale() -> None:
    suite = Suite("e", reports=[Report("a/x")] * 3 + [Report("a/x", verdict=Verdict.FAILS)])
    read = Page(page.svg.bar(summary.Tally.of(suite.reports)))
    assert [(r["class"], r["width"]) for r in read.all("rect")] == [
        ("equal", "75.00"),
        ("fails", "25.00"),
    ]
    read = Page(page.svg.histogram([1000, 100, 10, 1, 0, 0, 0, 0, 0, 0], "e"))
    heights = [float(r["height"]) for r in read.all("rect")]
    steps = -np.diff(heights)
    assert len(heights) == 4
    assert steps == pytest.approx(steps[0], abs=0.11)
    assert heights[-1] > 0
    assert (
        "0 ULP: 90.0 %, 1 ULP: 9.0 %, 2 ULP: 0.9 %, up to 4 ULP: 0.1 %"
        in read.tags[0][1]["aria-label"]
    )


def test_colours_have_contrast_in_light_and_dark() -> None:
    """WCAG: 4.5 for text on its ground."""

    def luminance(colour: str) -> float:
        colour = colour if len(colour) == 7 else "#" + "".join(2 * c for c in colour[1:])
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return float(np.dot([0.2126, 0.7152, 0.0722], linear))

    themes = re.findall(r":root \{(.*?)\}", (FOLDER / "page.css").read_text(), re.DOTALL)
    light, dark, paper = (dict(re.findall(r"--([\w-]+): (#\w+);", theme)) for theme in themes)
    for theme in (light, dark, {**light, **paper}):
        assert len(theme) == len(light)
        pairs = [(theme[name], theme["paper"]) for name in ("ink", "soft", "link")]
        pairs += [(theme["ink"], theme["panel"])]
        pairs += [(theme[f"{v}-ink"], theme[v]) for v in page.svg.CLASSES.values()]
        for text, ground in pairs:
            bright, dim = sorted((luminance(text), luminance(ground)), reverse=True)
            assert (bright + 0.05) / (dim + 0.05) >= 4.5, (text, ground)


# ----------------------------------------------------------------------------------------- terminal


def shown(suites: list[Suite], encoding: str = "utf-8") -> str:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding, errors="strict", newline="")
    terminal.show(suites, Console(file=file, width=80))
    file.flush()
    return raw.getvalue().decode(encoding)


def test_the_terminal_at_80_columns_without_colour(real: list[Suite]) -> None:
    text = shown([*real, many_verdicts()])
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 80
    words = re.sub(r"\s+", " ", text)
    for suite in [*real, many_verdicts()]:
        tally = summary.Tally.of(suite.reports)
        numbers = [tally[verdict] or "-" for verdict in Verdict]
        assert f" all {tally.runs} {' '.join(map(str, numbers))} {tally.share} " in words
        side = [suite.engine, tally.runs, tally.offered, *numbers[:-1], tally.share]
        assert " ".join(map(str, side)) in words
    assert f"T25 {ROWS[25]} stranger: fails (1 of 2 runs)" in words
    assert f"T45 {ROWS[45]} stranger: within budget (1 of 1 runs)" in words
    assert ROWS[48] not in words
    assert "fails order/T25 maximum tie float64 plain" in words
    worst = compared(9)
    assert f"expected {worst.expected} got {worst.actual} 9 ulp, 18 steps apart" in words
    assert "floor of result: PyTorch is 2 ulp, 2 steps from itself" in words
    assert "time limit of 20 s" in words
    assert "no op 'det' (1)" in words
    assert r"<script>alert(1)</script> [bold]&amp; \x1b[31mred\x00\ud800\ufffe ]]> ≠" in words


def test_distances_stand_beside_their_floor() -> None:
    lines = [re.sub(r"\s+", " ", line).strip() for line in shown([many_verdicts()]).splitlines()]
    assert "order 9 0 2 18 2" in lines
    assert "loss inf inf 0 inf 0" in lines


def test_a_log_in_ascii_loses_no_line() -> None:
    assert r"\u2260" in shown([many_verdicts()], "ascii")


def test_a_stranger_that_fails_by_the_hundred_is_counted() -> None:
    failing = [Report(f"loss/{k}", verdict=Verdict.FAILS, failures=["no"]) for k in range(300)]
    text = shown([Suite("e", reports=failing)])
    assert text.count("fails loss/") == terminal.CASES_SHOWN
    assert "and 280 more cases fail: loss 280" in text


def test_reports_need_neither_torch_nor_matplotlib() -> None:
    program = (
        "import sys; from reference.parity.report import jsonfile, junit, page, terminal\n"
        "print({'torch', 'matplotlib', 'numba', 'hypothesis', 'minitorch_clf'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "set()"
