"""`python -m reference.parity diverge`: where does an engine first part from PyTorch?"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from reference.parity.divergence.lockstep import Divergence, Lockstep

STEPS = {"mnist": 200, "logistic": 2000}


@click.command()
@click.argument("program", metavar="mnist|logistic|FILE")
@click.argument("arguments", nargs=-1)
@click.option(
    "--engine",
    default="minitorch_clf",
    show_default=True,
    help="A module with PyTorch's names, or a file that is one.",
)
@click.option(
    "--steps",
    type=click.IntRange(min=1),
    help="Training steps.  [default: mnist 200, logistic 2000, a FILE all it has]",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option(
    "--dtype", type=click.Choice(["float32", "float64"]), default="float32", show_default=True
)
@click.option(
    "--data-dir",
    envvar="MINITORCH_CLF_DATA",
    default="data",
    show_default=True,
    show_envvar=True,
    help="For mnist: the folder that has MNIST/raw.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("divergence"),
    show_default=True,
    help="Where repro.py goes, which shows the difference by itself.",
)
@click.pass_context
def command(
    context: click.Context,
    program: str,
    arguments: tuple[str, ...],
    engine: str,
    steps: int | None,
    seed: int,
    dtype: str,
    data_dir: str,
    out: Path,
) -> None:
    """Run a program on PyTorch and on an engine, in lockstep, up to the first tensor that differs.

    The program is mnist or logistic of reference/experiments, or a FILE of yours that imports
    torch; ARGUMENTS are for the file, after a --. Every output of an operation, every gradient and
    every parameter is compared, beside the noise floor of PyTorch against itself. The first one
    beyond it is printed, with the operation that made it and a script that reproduces it.

    A FILE starts with --seed and --dtype in force, and may set its own.

    Exit code 0: nothing diverges; 1: something does, or the program fails; 2: wrong usage.
    """
    from reference.parity.divergence import lockstep
    from reference.parity.divergence.events import Job

    _check(program, arguments, data_dir)
    job = Job(program, engine, seed, dtype, data_dir, arguments)
    run = lockstep.Lockstep(job, steps or STEPS.get(program), _progress)
    try:
        found = run.run()
    except lockstep.ProgramFailed as error:
        raise click.ClickException(str(error)) from None
    finally:
        _progress(0)
    for note in run.notes:
        click.echo(f"note: {note}", err=True)
    if found is None:
        click.echo(_nothing(run))
        return
    click.echo(_found(found, run, out))
    context.exit(1)


def _check(program: str, arguments: tuple[str, ...], data_dir: str) -> None:
    """UsageError for what can be seen before anything runs."""
    if program in STEPS and arguments:
        raise click.UsageError(f"{program} takes no arguments, got {' '.join(arguments)}")
    if program == "mnist":
        from reference.parity.divergence.program import mnist_arrays

        try:
            mnist_arrays(data_dir)
        except (OSError, ValueError, IndexError) as error:
            raise click.UsageError(
                f"no MNIST in {data_dir!r}: {error}. --data-dir names a folder with "
                "MNIST/raw/train-images-idx3-ubyte, or .gz"
            ) from None
    elif program not in STEPS and not Path(program).is_file():
        raise click.UsageError(f"there is no file {program!r}, and no program but mnist, logistic")


def _progress(step: int) -> None:
    """On a terminal, the number of the step; 0 clears it."""
    if sys.stderr.isatty() and (step % 10 == 0 or step == 1):
        text = f"step {step} compared" if step else ""
        click.echo(
            f"\r{text:<{min(40, os.get_terminal_size(2).columns - 1)}}\r", nl=False, err=True
        )


def _nothing(run: Lockstep) -> str:
    """The summary of a run in which nothing diverged."""
    steps, tensors = run.step - 1, sum(kind.tensors for kind in run.kinds.values())
    lines = [
        f"No divergence: {run.name} and PyTorch agree on {tensors} tensors in {steps} steps.",
        "",
        f"{'':11}{'tensors':>9}{'furthest':>11}{'floor':>11}{'limit':>11}   rounding steps of",
    ]
    for kind, largest in run.kinds.items():
        numbers = f"{largest.steps:11.4g}{largest.floor:11.4g}{largest.limit:11.4g}"
        where = f"{largest.what}, step {largest.step}" if largest.steps else "bit-equal"
        lines.append(f"{kind:11}{largest.tensors:9}{numbers}   {where}")
    if run.drifts:
        drift = f"but drift: from {run.name}'s own inputs PyTorch gets the same."
        lines += ["", f"{run.drifts} tensors were beyond their limit, {drift}"]
    return "\n".join(lines)


def _found(found: Divergence, run: Lockstep, out: Path) -> str:
    """What diverged, and what is left to look at."""
    from reference.parity.divergence import reproduce

    if found.sentence:
        return f"In step {found.step}, {found.sentence}"
    verdict = found.verdict
    facts = {
        "comes from": found.op or _unexplained(found),
        "element": f"{list(found.worst)} of {list(found.shape)}",
        "PyTorch": found.expected,
        run.name: found.actual,
        "distance": f"{found.ulp:.6g} ulp, {found.steps:.4g} rounding steps",
        "floor": f"{found.floor:.4g} rounding steps, limit {found.limit:.4g}",
    }
    width = max(map(len, facts))
    lines = [f"Step {found.step}: {found.what} is beyond the floor."]
    lines += [f"  {name:{width}}  {fact}" for name, fact in facts.items()]
    if verdict.replay is None:
        lines.append("It cannot be shown alone: no operation that was seen makes it by itself.")
    else:
        title = f"{found.op}: {found.what}, step {found.step}."
        path = reproduce.write(out, verdict.replay, run.job.engine, title, verdict.name, found.what)
        lines.append(f"Alone, {verdict.steps:.4g} rounding steps apart: python {path}")
    return "\n".join(lines)


def _unexplained(found: Divergence) -> str:
    if found.what.startswith("the gradient"):
        return "the sum of gradients that meet, or what changes them; each operation alone agrees"
    return "outside of the operations: the program's data, their order, or how parameters start"
