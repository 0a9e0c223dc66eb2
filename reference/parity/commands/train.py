"""`python -m reference.parity train`: the same seed on both engines, curve over curve."""

from __future__ import annotations

import json
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from reference.parity.commands.run import DEFAULT_ENGINE, Seconds

if TYPE_CHECKING:
    from reference.parity.training.curves import Comparison
    from reference.parity.training.runs import Job

EPOCHS = {"mnist": 5, "logistic": 10_000}
MNIST_ONLY = ("activation", "limit", "data_dir", "device")
MANY = 1000  # seeds; each takes eight runs


class Seeds(click.ParamType[tuple[int, ...]]):
    """Seeds, one by one or as ranges.

    >>> Seeds().convert("0..2,7", None, None)
    (0, 1, 2, 7)
    """

    name = "seeds"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        seeds: list[int] = []
        for item in value.split(","):
            first, dots, last = item.partition("..")
            ends = (first, last) if dots else (first, first)
            if not all(end.strip().isdecimal() and end.isascii() for end in ends):
                self.fail(f"{value!r}: seeds are like 3, 1,5,7 or 0..4.", param, ctx)
            a, b = map(int, ends)
            if b < a or b >= 2**64:
                self.fail(f"{item!r} in {value!r} is no range of seeds of 64 bits.", param, ctx)
            if b - a >= MANY:
                self.fail(f"{value!r} are more than {MANY} seeds.", param, ctx)
            seeds += range(a, b + 1)
        if len(set(seeds)) < len(seeds):
            self.fail(f"{value!r} has a seed twice.", param, ctx)
        return tuple(seeds)


@click.command()
@click.argument("program", type=click.Choice(list(EPOCHS)))
@click.option(
    "--seeds", type=Seeds(), default="0..4", show_default=True, help="Like 3, 1,5,7 or 0..4."
)
@click.option(
    "--engine",
    default=DEFAULT_ENGINE,
    show_default=True,
    metavar="SPEC",
    help="A module with PyTorch's names (my.engine), or a file (my/engine.py).",
)
@click.option(
    "--dtype",
    "dtypes",
    type=click.Choice(["float32", "float64"]),
    multiple=True,
    default=("float32", "float64"),
    help="Again for the other.  [both]",
)
@click.option(
    "--epochs", type=click.IntRange(min=1), help="Passes over the data.  [5; logistic 10000]"
)
@click.option(
    "--activation",
    type=click.Choice(["relu", "leaky_relu", "softplus", "selu"]),
    default="relu",
    show_default=True,
)
@click.option("--limit", type=click.IntRange(min=1), help="Train on the first LIMIT images only.")
@click.option(
    "--device",
    type=click.Choice(["cpu", "cuda"]),
    default="cpu",
    show_default=True,
    help="Where PyTorch computes; the engine stays where it is.",
)
@click.option(
    "--data-dir",
    type=click.Path(file_okay=False),
    default="data",
    envvar="MINITORCH_CLF_DATA",
    show_envvar=True,
    show_default=True,
    help="The folder that holds MNIST/raw.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="A folder for training-PROGRAM.json, .png and .svg; those that lie there are replaced.",
)
@click.option(
    "--workers", type=click.IntRange(min=1), help="Processes, each with one run.  [one a core]"
)
@click.option(
    "--time-limit",
    type=Seconds(),
    default=3600,
    show_default=True,
    help="Seconds that a run may take.",
)
@click.pass_context
def command(
    ctx: click.Context,
    /,
    program: str,
    seeds: tuple[int, ...],
    engine: str,
    dtypes: tuple[str, ...],
    epochs: int | None,
    activation: str,
    limit: int | None,
    device: str,
    data_dir: str,
    out: Path | None,
    workers: int | None,
    time_limit: float,
) -> None:
    """Train a program from the same seeds on PyTorch and on an engine, and lay curve on curve.

    How far the curves may be apart is measured: PyTorch trains again with the initial weights
    moved by one ulp, and again on two threads (on a GPU: on the CPU instead).

    \b
    within 1e-09       float64: so near is every batch's loss
    within the band    float32: no farther than PyTorch is from itself
    within five times  that
    beyond             farther; the first batch is named

    Exit codes: 0 nothing is beyond and nothing failed, 1 something is or did, 2 wrong usage, 130
    stopped with Ctrl-C.
    """
    by_hand = (n for n in MNIST_ONLY if ctx.get_parameter_source(n) is ParameterSource.COMMANDLINE)
    if program != "mnist" and (given := next(by_hand, "")):
        flag = "--" + given.replace("_", "-")
        raise click.UsageError(f"{flag} has no meaning for {program}.", ctx)
    if out is not None:
        _prepare(out)

    from reference.parity.running.environment import available_cores
    from reference.parity.training.runs import Job

    job = Job(
        program,
        engine,
        epochs or EPOCHS[program],
        data_dir=data_dir,
        activation=activation,
        limit=limit,
        device=device,
    )
    who = _versions(job, time_limit)
    cores = workers or available_cores()
    comparisons = _run(job, seeds, tuple(dict.fromkeys(dtypes)), cores, time_limit)
    _print(job, comparisons, who)
    if out is not None:
        for path in _write(out, job, comparisons, who):
            click.echo(f"written: {path}", err=True)
    if not all(c.verdict.ok for c in comparisons):
        ctx.exit(1)


def _prepare(out: Path) -> None:
    """Find out before the work what would be in its way after it."""
    if find_spec("matplotlib") is None:
        raise click.ClickException(
            "--out draws a picture, and matplotlib is not installed: pip install matplotlib. "
            "Without --out there is the table alone."
        )
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise click.ClickException(f"--out: {out} cannot be made: {error.strerror}") from error


def _versions(job: Job, time_limit: float) -> dict[str, str]:
    """Who takes part, asked in a process of its own: what an engine does there harms nobody."""
    from reference.parity.training.calls import Failure, in_processes
    from reference.parity.training.runs import versions

    ((_, answer),) = in_processes(versions, [(job,)], 1, time_limit)
    if isinstance(answer, Failure):
        raise click.ClickException(answer.text)
    who: dict[str, str] = answer
    return who


def _run(
    job: Job, seeds: tuple[int, ...], dtypes: tuple[str, ...], workers: int, time_limit: float
) -> list[Comparison]:
    """Train everything; say so run by run."""
    from rich.console import Console
    from rich.progress import track

    from reference.parity.training.calls import Failure, in_processes
    from reference.parity.training.runs import compare, train_once

    console = Console(stderr=True, highlight=False)
    runs = [(seed, dtype, side) for dtype in dtypes for seed in seeds for side in job.sides]
    answers: dict[tuple[int, str, str], list[float] | Failure] = {}
    started = time.monotonic()
    ends = in_processes(train_once, [(job, *run) for run in runs], workers, time_limit)
    for k, answer in track(
        ends,
        description=f"{job.program}: {len(runs)} runs",
        total=len(runs),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ):
        seed, dtype, side = runs[k]
        answers[runs[k]] = answer
        if not console.is_terminal:
            loss = answer.text if isinstance(answer, Failure) else f"loss {answer[-1]:.6g}"
            click.echo(
                f"{len(answers)}/{len(runs)}  {dtype}  seed {seed}  {side}: {loss}"
                f"  ({time.monotonic() - started:.0f} s)",
                err=True,
            )
    return [
        compare(job, seed, dtype, {side: answers[seed, dtype, side] for side in job.sides})
        for dtype in dtypes
        for seed in seeds
    ]


def _print(job: Job, comparisons: list[Comparison], who: dict[str, str]) -> None:
    from rich.console import Console

    from reference.parity.training.table import remarks, table

    console = Console(highlight=False)
    console.print(_title(job, who), markup=False)
    for dtype in dict.fromkeys(c.dtype for c in comparisons):
        console.print(table(comparisons, dtype, who["engine"], job.unit))
    for remark in remarks(comparisons):
        console.print(remark, markup=False, soft_wrap=True)
    good = sum(c.verdict.ok for c in comparisons)
    console.print(f"{good} of {len(comparisons)} curves lie on PyTorch's.", markup=False)


def _title(job: Job, who: dict[str, str]) -> str:
    what = [job.program]
    if job.program == "mnist":
        what += [job.activation, f"{job.epochs} epoch" + "s" * (job.epochs > 1)]
        what += [f"{job.limit} images"] if job.limit is not None else []
    else:
        what += [f"{job.epochs} steps"]
    where = "" if job.device == "cpu" else f" on {job.device}"
    engine = f"{who['engine']} {who['engine_version']}".strip()
    return f"{engine} beside PyTorch {who['torch']}{where}: {', '.join(what)}"


def _write(out: Path, job: Job, comparisons: list[Comparison], who: dict[str, str]) -> list[Path]:
    """Write the numbers and, of what came to an end, the picture."""
    from dataclasses import asdict

    from reference.parity.training.picture import draw, save

    name = f"training-{job.program}"
    numbers = {
        "format": "training-parity",
        "version": 1,
        **who,
        "job": asdict(job),
        "ok": all(c.verdict.ok for c in comparisons),
        "comparisons": [c.to_dict() for c in comparisons],
    }
    finished = [c for c in comparisons if not c.failures]
    paths = [out / f"{name}.json"]
    try:
        text = json.dumps(numbers, indent=1, allow_nan=False, ensure_ascii=False) + "\n"
        paths[0].write_text(text, encoding="utf-8")
        if finished:
            figure = draw(finished, _title(job, who), who["engine"], job.unit)
            paths += save(figure, out, name)
    except OSError as error:
        raise click.ClickException(f"--out: {error}") from error
    return paths
