"""Fills a Suite: one engine through a selection of runs."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from reference.parity.display import Display
from reference.parity.engines import EngineError
from reference.parity.environment import environment
from reference.parity.pool import Pool
from reference.parity.result import Report, Suite, Verdict
from reference.parity.selection import Run


@dataclass(frozen=True)
class Options:
    """How to run, as Pool takes it, and how many examples to draw, from which seed."""

    oracle: str = "live"
    floor: bool = True
    time_limit: float = 20.0
    workers: int = 2
    drawn: int = 0
    seed: int = 0


def fill(suite: Suite, runs: Sequence[Run], options: Options) -> None:
    """Run them on the engine that `suite.engine` names, and put all that comes of it into `suite`.

    An engine that cannot be had is a failing report of its own, so that every reader of the suite
    sees it. After KeyboardInterrupt, which is passed on, the suite holds what was done.
    """
    started = time.perf_counter()
    pool = Pool(suite.engine, options.oracle, options.floor, options.time_limit, options.workers)
    try:
        with Display(suite.engine, runs) as display:
            for run, report in pool.reports(runs):
                suite.reports += [report] if report else []
                display.done(run, report)
    except EngineError as error:
        suite.reports.append(absent(str(error)))
    except KeyboardInterrupt:
        suite.notes.append(f"Stopped with Ctrl-C after {len(suite.reports)} of {len(runs)} runs.")
        raise
    finally:
        place = {run: k for k, run in enumerate(runs)}
        suite.reports.sort(key=lambda r: place.get((r.case, r.dtype, r.variant), -1))
        suite.seconds = time.perf_counter() - started
        suite.version = pool.facts.get("version", "")
        suite.oracle = pool.facts.get("oracle", {})
        suite.environment = environment() | {"workers": str(options.workers)}
        suite.notes += pool.facts.get("notes", [])
        for why, count in Counter(pool.unanswered.values()).items():
            suite.notes.append(f"{count} runs have no answer to compare with: {why}")


def absent(why: str) -> Report:
    """The one report on an engine that cannot be had."""
    return Report("engine/import", "", "import", Verdict.FAILS, reason=why)
