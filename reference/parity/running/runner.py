"""Fills a Suite: one engine through a selection of runs, beside PyTorch's own noise."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from reference.parity.cases import all_cases
from reference.parity.engines import EngineError
from reference.parity.frozen import FrozenOracle
from reference.parity.oracle import Floor, OracleError
from reference.parity.result import Report, Suite, Verdict
from reference.parity.running.display import Display
from reference.parity.running.environment import environment
from reference.parity.running.pool import Pool
from reference.parity.running.selection import Run
from reference.parity.training.calls import in_processes

ABSENT = "engine/import"  # the one case of an engine that cannot be had
FLOOR_SECONDS = 3600.0  # for PyTorch alone: only a machine that has come to a halt takes longer


@dataclass(frozen=True)
class Options:
    """How to run, as Pool takes it, and what else to draw.

    drawn   examples for each property, 0 for none
    seed    of what is drawn; None: the same ones every time
    """

    oracle: str = "live"
    time_limit: float = 20.0
    workers: int = 2
    drawn: int = 0
    seed: int | None = None


@dataclass(frozen=True)
class Noise:
    """How far PyTorch is from itself.

    floors   by the key of a run, where it is not zero
    source   a sentence that says whence they are
    """

    floors: Mapping[str, Floor]
    source: str


def fill(suite: Suite, runs: Sequence[Run], options: Options, noise: Noise | None = None) -> None:
    """Run them on the engine that `suite.engine` names, and put all that comes of it into `suite`.

    An engine that cannot be had is a failing report of its own, so that every reader of the suite
    sees it. After KeyboardInterrupt, which is passed on, the suite holds what was done.
    """
    started = time.perf_counter()
    pool = Pool(suite.engine, options.oracle, options.time_limit, options.workers)
    drawn = _properties() if options.drawn else []
    try:
        with Display(suite.engine, [*runs, *drawn]) as display:
            for run, report in pool.reports(runs, noise.floors if noise else {}):
                suite.reports += [report] if report else []
                display.done(run, report)
            if drawn:
                for run, report in zip(drawn, _draw(suite.engine, options), strict=True):
                    suite.reports.append(report)
                    display.done(run, report)
    except EngineError as error:
        suite.reports.append(Report(ABSENT, "", "import", Verdict.FAILS, reason=str(error)))
    except KeyboardInterrupt:
        total = len(runs) + len(drawn)
        suite.notes.append(f"Stopped with Ctrl-C after {len(suite.reports)} of {total} runs.")
        raise
    finally:
        place = {run: k for k, run in enumerate(runs)}
        suite.reports.sort(key=lambda r: place.get((r.case, r.dtype, r.variant), len(place)))
        suite.seconds = time.perf_counter() - started
        suite.version = pool.facts.get("version", "")
        suite.oracle = pool.facts.get("oracle", {})
        suite.environment = environment() | {"workers": str(options.workers)}
        suite.notes += pool.facts.get("notes", [])
        suite.notes += [noise.source] if noise else []
        for why, count in Counter(pool.unanswered.values()).items():
            suite.notes.append(f"{count} runs have no answer to compare with: {why}.")


def absence(suite: Suite) -> str:
    """Why the engine cannot be had; "" if it can."""
    return next((report.reason for report in suite.reports if report.case == ABSENT), "")


def noise_of(runs: Sequence[Run], oracle: str) -> Noise:
    """PyTorch's own noise in these runs. Whoever compares with live answers gets live noise.

    The vectors know it for the PyTorch and the kind of processor that they were made on; on others
    it is measured, which takes as long as three runs of PyTorch. OracleError: it cannot be.
    """
    if oracle == "frozen":
        vectors = FrozenOracle()
        return Noise(_known(vectors, runs), _source(vectors))
    noise = None
    for _, noise in in_processes(_live_noise, [(runs,)], workers=1, time_limit=FLOOR_SECONDS):
        if isinstance(noise, Noise):
            return noise
    raise OracleError(f"PyTorch's own noise cannot be measured: {noise}. --no-floor does without")


def _live_noise(runs: Sequence[Run]) -> Noise:
    """In a process of its own, so that the parent need not hold PyTorch."""
    from reference.parity.floor import measure_floor
    from reference.parity.live import LiveOracle

    keys = ["|".join(run) for run in runs if run[1]]  # mistakes have none
    try:
        vectors = FrozenOracle()
        here, there = LiveOracle().facts(), vectors.facts()
        fits = all(here[name] == there[name] for name in ("torch", "capability"))
    except OracleError:
        fits = False
    if not fits:
        sys.stderr.write("measuring PyTorch's own noise: no vectors know it here\n")
        return Noise(measure_floor(keys), "The noise floor was measured for this report.")
    unknown = set(vectors.missing()).intersection(keys)
    measured = measure_floor(unknown) if unknown else {}
    return Noise({**_known(vectors, runs), **measured}, _source(vectors))


def _known(vectors: FrozenOracle, runs: Sequence[Run]) -> dict[str, Floor]:
    """What the vectors know of these runs, where it is not zero."""
    table = all_cases()
    found = {run: vectors.floor(table[run[0]], *run[1:]) for run in runs if run[0] in table}
    return {"|".join(run): floor for run, floor in found.items() if floor}


def _source(vectors: FrozenOracle) -> str:
    return f"The noise floor is that of the vectors of {vectors.facts()['date']}."


def _properties() -> list[Run]:
    from reference.parity.draws.draws import FAMILY
    from reference.parity.draws.strategies import PROPERTIES

    return [(f"{FAMILY}/{name}", "", FAMILY) for name in PROPERTIES]


def _draw(engine: str, options: Options) -> Iterator[Report]:
    from reference.parity.draws.process import reports

    return reports(engine, options.drawn, options.seed, time_limit=options.time_limit)
