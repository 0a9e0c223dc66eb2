"""`python -m reference.parity run`: the whole table, or a part, on one engine or more."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reference.parity.commands import INTERRUPTED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reference.parity.result import Suite
    from reference.parity.running.runner import Options
    from reference.parity.running.selection import Run

DEFAULT_ENGINE = "minitorch_clf"


class Seconds(click.ParamType[float]):
    """A time, more than none. `inf` is no limit; nan, which compares with nothing, is refused."""

    name = "seconds"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        try:
            seconds = float(value)
        except ValueError:
            self.fail(f"{value!r} is not a number of seconds.", param, ctx)
        if math.isnan(seconds) or seconds <= 0:
            self.fail(f"{value} is not a time: give more than 0 seconds.", param, ctx)
        return seconds


_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.option(
    "--engine",
    "engines",
    multiple=True,
    default=(DEFAULT_ENGINE,),
    show_default=True,
    metavar="SPEC",
    help="A module with PyTorch's names (my.engine), a file (my/engine.py), an adapter (mygrad), "
    "or module:attribute. Again for the next engine.",
)
@click.option(
    "--oracle",
    type=click.Choice(["auto", "live", "frozen"]),
    default="auto",
    show_default=True,
    help="PyTorch itself, or its answers kept in a file. auto: live where PyTorch is installed.",
)
@click.option("--family", "families", multiple=True, metavar="NAME", help="Only this family.")
@click.option(
    "--case", "globs", multiple=True, metavar="GLOB", help="Only these: 'loss/nll*' or '*T25*'."
)
@click.option("--dtype", "dtypes", multiple=True, metavar="NAME", help="Only float32, say.")
@click.option("--variant", "variants", multiple=True, metavar="NAME", help="Only strided, say.")
@click.option(
    "--floor/--no-floor",
    default=True,
    show_default=True,
    help="Whether to look at how far PyTorch is from itself.",
)
@click.option(
    "--time-limit",
    type=Seconds(),
    default=20,
    show_default=True,
    help="Seconds that a run may take. An engine's import may take three times as long.",
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    help="Processes that run the cases.  [2, or 1 on a single core]",
)
@click.option(
    "--drawn",
    type=click.IntRange(min=1),
    metavar="N",
    help="Draw N examples for each property as well, with Hypothesis.",
)
@click.option("--seed", type=click.IntRange(min=0), help="Of what is drawn.  [0]")
@click.option("--json", type=_FILE, help="Write the report as JSON.")
@click.option("--junit", type=_FILE, help="Write it as JUnit XML, for a CI server.")
@click.option("--html", type=_FILE, help="Write it as one HTML page.")
@click.option("--list", "listing", is_flag=True, help="Print the runs, one a line, and stop.")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    engines: tuple[str, ...],
    oracle: str,
    families: tuple[str, ...],
    globs: tuple[str, ...],
    dtypes: tuple[str, ...],
    variants: tuple[str, ...],
    floor: bool,
    time_limit: float,
    workers: int | None,
    drawn: int | None,
    seed: int | None,
    listing: bool,
    **files: Path | None,
) -> None:
    """Run the case table on an engine, and say how far it is from PyTorch.

    \b
    A run is a case in a dtype and a variant (strided, second order, ...). Its verdict:
    bit-equal         the same bits
    within the floor  no farther from PyTorch than PyTorch is from itself
    within budget     no farther than the case allows, and says why
    fails             farther, or another error, type, shape; or it hung, or died
    not offered       an adapter has no such op

    Exit codes: 0 nothing fails, 1 something does or an engine cannot be had, 2 wrong usage, 130
    stopped with Ctrl-C; the report then holds what was done.
    """
    from reference.parity.running.selection import SelectionError, select

    try:
        runs = select(families, globs, dtypes, variants)
    except SelectionError as error:
        raise click.UsageError(f"{error}.", ctx) from error
    if listing:
        click.echo("\n".join(" | ".join(filter(None, run)) for run in runs))
        return
    if seed is not None and drawn is None:
        raise click.UsageError("--seed is for what --drawn draws: give both.", ctx)
    if drawn is not None:
        _check_installed("torch", "hypothesis")
    if len(set(engines)) < len(engines):
        raise click.UsageError("--engine: one of them is given twice.", ctx)
    paths = {kind: path for kind, path in files.items() if path is not None}
    _check_files(ctx, paths)

    from reference.parity.running.environment import available_cores
    from reference.parity.running.runner import Options

    options = Options(
        oracle=_oracle(oracle),
        time_limit=time_limit,
        workers=workers or min(2, available_cores()),
        drawn=drawn or 0,
        seed=seed,
    )
    suites, interrupted = _judge(engines, runs, options, floor)
    _publish(suites, paths)
    if interrupted:
        ctx.exit(INTERRUPTED)
    if not all(suite.ok for suite in suites):
        ctx.exit(1)


def _check_installed(*packages: str) -> None:
    for package in packages:
        if importlib.util.find_spec(package) is None:
            raise click.ClickException(
                f"--drawn needs {package}, which is not installed. Try: pip install {package}"
            )


def _check_files(ctx: click.Context, paths: dict[str, Path]) -> None:
    """Say before any work is done that a report cannot be kept."""
    from reference.parity.running.files import why_not_writable

    for kind, path in paths.items():
        if why := why_not_writable(path):
            raise click.UsageError(f"--{kind}: {why}.", ctx)
    if len({path.resolve() for path in paths.values()}) < len(paths):
        raise click.UsageError("--json, --junit and --html: two of them are one file.", ctx)


def _oracle(asked: str) -> str:
    """The kind of oracle, and a word on stderr where it was ours to choose."""
    if asked != "auto":
        return asked
    kind = "live" if importlib.util.find_spec("torch") else "frozen"
    because = "is installed" if kind == "live" else "is not installed"
    click.echo(f"oracle: {kind}, as PyTorch {because}", err=True)
    return kind


def _judge(
    engines: Sequence[str], runs: Sequence[Run], options: Options, floor: bool
) -> tuple[list[Suite], bool]:
    """A suite for each engine, and whether Ctrl-C came before the last was through."""
    from reference.parity.oracle import OracleError
    from reference.parity.result import Suite
    from reference.parity.running.runner import fill, noise_of

    suites: list[Suite] = []
    try:
        noise = noise_of(runs, options.oracle) if floor else None
        for engine in engines:
            suites.append(Suite(engine))
            fill(suites[-1], runs, options, noise)
    except OracleError as error:
        raise click.ClickException(f"{error}.") from error
    except KeyboardInterrupt as stop:
        if not suites:
            raise click.Abort from stop
        return suites, True
    return suites, False


def _publish(suites: Sequence[Suite], paths: dict[str, Path]) -> None:
    """The table on stdout, then the files that were asked for, each whole or not at all."""
    from rich.console import Console

    from reference.parity.report import jsonfile, junit, page, terminal
    from reference.parity.running.files import replacing
    from reference.parity.running.runner import absence

    there = [suite for suite in suites if not absence(suite)]
    if there:
        terminal.show(there, Console())
    writers = {"json": jsonfile.write, "junit": junit.write, "html": page.write}
    for kind, path in paths.items():
        try:
            with replacing(path) as draft:
                writers[kind](suites, draft)
        except OSError as error:
            raise click.ClickException(f"--{kind}: {path} cannot be written: {error}") from error
        click.echo(f"{kind} report: {path}", err=True)
    for suite in suites:
        if why := absence(suite):
            click.echo(f"Error: {why}", err=True)
