"""Cases that nobody chose: drawn by Hypothesis, compared with PyTorch, shrunk where they differ.

    for report in run("minitorch_clf", examples=60):
        print(report)             # a property, and on failure the script that shows it

A property (strategies.py) is a kind of operation. Its report has the worst verdict of its examples
and the largest distance; a failing one ends with the smallest example that Hypothesis found, as a
script (script.py). Draws whose op an engine does not offer are passed over.

PyTorch must be installed: no file of vectors knows what will be drawn. So must Hypothesis.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import hypothesis
from hypothesis import HealthCheck, Verbosity, given
from hypothesis.errors import Flaky

from reference.parity.compare import compare
from reference.parity.draws.script import adapter_script, import_line, script
from reference.parity.draws.strategies import PROPERTIES, Example
from reference.parity.engines import Engine, TorchLike, load_engine
from reference.parity.live import LiveOracle
from reference.parity.outcome import Outcome, told
from reference.parity.result import Distance, Report, Verdict

FAMILY = "drawn"

#: Examples for each property. CI draws the same ones every time, a night new ones.
PROFILES = {"ci": 60, "night": 5000}


@dataclass
class _Seen:
    """What the examples of a property showed."""

    examples: int = 0
    verdict: Verdict = Verdict.NOT_OFFERED
    worst: Distance | None = None
    why: list[str] = field(default_factory=list)
    missing: str = ""

    def add(self, report: Report) -> None:
        self.examples += 1
        if report.verdict is Verdict.NOT_OFFERED:
            self.missing = report.reason
            return
        if self.verdict is Verdict.NOT_OFFERED or _worse(report.verdict, self.verdict):
            self.verdict = report.verdict
        for distance in report.distances:
            if self.worst is None or distance.ulp > self.worst.ulp:
                self.worst = replace(distance, where=f"{distance.where} of {report.name}")
        if report.verdict is Verdict.WITHIN_BUDGET and report.why not in self.why:
            self.why.append(report.why)


def _worse(one: Verdict, other: Verdict) -> bool:
    order = list(Verdict)
    return order.index(one) > order.index(other)


class _Differs(Exception):
    """An example on which the engine fails; Hypothesis shrinks until this is the smallest."""

    def __init__(self, example: Example, report: Report, expected: Outcome, actual: Outcome):
        super().__init__(str(report))
        self.example, self.report = example, report
        self.expected, self.actual = expected, actual


def run(
    engine: str | Engine,
    examples: int = PROFILES["ci"],
    seed: int | None = None,
    only: Sequence[str] = (),
) -> list[Report]:
    """A report for each property, or for those in `only`.

    examples   how many to draw for each property
    seed       None: the same in every process. Another number, other examples
    EngineError  the engine cannot be had

    >>> [str(report) for report in run("torch", examples=5, only=["products"])]
    ['drawn/products drawn: 0 ulp']
    """
    return [judge(engine, name, examples, seed) for name in only or PROPERTIES]


def judge(
    engine: str | Engine,
    name: str,
    examples: int = PROFILES["ci"],
    seed: int | None = None,
    spec: str = "",
    announce: Callable[[Example], None] | None = None,
) -> Report:
    """The report on one property.

    spec       how load_engine finds the engine, for the script; its name, if not given
    announce   is told each example before it runs: whoever runs this in a process that may die
               of one learns from it which
    """
    asked = load_engine(engine) if isinstance(engine, str) else engine
    spec = spec or (engine if isinstance(engine, str) else engine.name)
    oracle, seen, started = LiveOracle(), _Seen(), time.perf_counter()

    @hypothesis.settings(
        max_examples=examples,
        deadline=None,  # the first example of a kernel compiles it
        derandomize=seed is None,
        database=None,
        verbosity=Verbosity.quiet,
        report_multiple_bugs=False,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(PROPERTIES[name]())
    def agrees(example: Example) -> None:
        if announce is not None:
            announce(example)
        run_of = (example.case, example.dtype, example.layout)
        expected, actual = oracle.outcome(*run_of), _answer(asked, example)
        report = compare(*run_of, expected, actual)
        seen.add(report)
        if report.verdict is Verdict.FAILS:
            raise _Differs(example, report, expected, actual)

    if seed is not None:
        agrees = hypothesis.seed(seed)(agrees)
    report = Report(f"{FAMILY}/{name}", variant=FAMILY)
    try:
        agrees()
    except _Differs as found:
        report.verdict = Verdict.FAILS
        report.distances = found.report.distances
        report.why = found.report.why
        report.failures = [*found.report.failures, _as_script(found, spec, asked)]
    except Flaky as error:
        report.verdict = Verdict.FAILS
        report.failures = [f"the same draw has two answers: {error}"]
    else:
        report.verdict = seen.verdict
        report.distances = [seen.worst] if seen.worst else []
        report.why = "; ".join(seen.why)
        report.reason = seen.missing if seen.verdict is Verdict.NOT_OFFERED else ""
    report.seconds = time.perf_counter() - started
    return report


def _answer(engine: Engine, example: Example) -> Outcome:
    try:
        return engine.run(example.case, example.dtype, example.layout)
    except SystemExit as error:  # an op that leaves the process is an answer to compare
        return Outcome(error=told(error))


def _as_script(found: _Differs, spec: str, engine: Engine) -> str:
    """The smallest example as a script, under a line that says so."""
    if isinstance(engine, TorchLike):
        where = found.report.failures[0].partition(": ")[0]
        text = script(found.example, where, found.expected, found.actual, import_line(spec))
    else:
        text = adapter_script(found.example, spec)
    return f"the smallest draw that shows it, as a script:\n\n{text}\n"
