"""`minitorch-clf train`: run one of the experiments, watch it, keep what came of it."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from minitorch_clf.cli.types import PositiveFloat, Seed, Sizes

if TYPE_CHECKING:
    from minitorch_clf.cli.jobs import Job
    from minitorch_clf.cli.run_folder import RunFolder

INTERRUPTED = 130  # a shell's word for a program that Ctrl-C ended: 128 + SIGINT

# What a dataset has no use for. Given all the same it is an error, never ignored.
UNUSED: dict[str, tuple[str, ...]] = {
    "mnist": (),
    "digits": ("data_dir",),
    "logistic": ("batch_size", "optimizer", "activation", "hidden", "data_dir"),
}
DIGITS_EPOCHS = 40  # they are few and small: a second
SGD_LR = 0.1  # plain SGD takes a hundred times Adam's 0.001 for the same way


@click.command()
@click.argument("dataset", required=False, type=click.Choice(list(UNUSED)))
@click.option(
    "--epochs",
    type=click.IntRange(min=1),
    help=f"Passes over the data.  [5; digits {DIGITS_EPOCHS}; logistic 10000]",
)
@click.option("--batch-size", type=click.IntRange(min=1), help="Images a step.  [64]")
@click.option("--lr", type=PositiveFloat(), help=f"Learning rate.  [0.001; sgd {SGD_LR}]")
@click.option("--optimizer", type=click.Choice(["adam", "adamw", "sgd"]), help="[adam]")
@click.option(
    "--activation",
    type=click.Choice(["relu", "leaky_relu", "softplus", "selu"]),
    help="What follows each hidden layer.  [relu]",
)
@click.option("--hidden", type=Sizes(), help="Units of each hidden layer.  [128]")
@click.option(
    "--seed",
    type=Seed(),
    help="Decides the first weights and the order of the images.",
)
@click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default="data",
    envvar="MINITORCH_CLF_DATA",
    show_envvar=True,
    show_default=True,
    help="The folder that holds MNIST/raw, or is to hold it.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="The run's folder, new or empty.  [runs/DATASET-TIME]",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
@click.pass_context
def train(
    ctx: click.Context,
    /,
    dataset: str | None,
    data_dir: Path,
    out: Path | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Train a classifier and keep what came of it in a folder.

    \b
    mnist     60,000 images of 28x28 pixels, from the data folder or downloaded into it
    digits    1,437 images of 8x8 pixels, which come with this package
    logistic  logistic regression on three points

    With none named it is mnist where that can be had, else digits.

    \b
    The folder holds
    config.json          what was asked for
    metrics.jsonl        one JSON object a line, one line an epoch
    weights.safetensors  the model's state_dict
    summary.json         how it ended

    Ctrl-C ends a run early, leaves the same four files, and gives exit code 130.
    """
    options = {name: value for name, value in options.items() if value is not None}
    by_hand = ctx.get_parameter_source("data_dir") is ParameterSource.COMMANDLINE
    for name in UNUSED[dataset or "mnist"]:
        if name in options or (name == "data_dir" and by_hand):
            flag = "--" + name.replace("_", "-")
            raise click.UsageError(f"{flag} has no meaning for {dataset}.", ctx)
    out = _check_out(out)

    try:
        dataset, reason, job = _prepare(dataset, data_dir, options)
        click.echo(f"{dataset}: {reason}", err=True)
        lines, summary = _run(job, _open_folder(out, dataset, reason, job))
    except OSError as error:
        raise click.ClickException(f"The run's folder cannot be written: {error}") from error
    except MemoryError as error:
        raise click.ClickException(f"Out of memory: {error}") from error
    if as_json:
        from minitorch_clf.cli.run_folder import to_json

        click.echo(to_json({"dataset": dataset, "reason": reason, **summary}), nl=False)
    else:
        click.echo("\n".join(lines))
    if summary["status"] == "failed":
        raise click.ClickException(f"The run failed: {summary['error']}")
    if summary["status"] == "interrupted":
        ctx.exit(INTERRUPTED)


def _check_out(out: Path | None) -> Path | None:
    """Say before any work is done that a folder holds something already."""
    if out is not None and out.is_dir() and any(out.iterdir()):
        raise click.UsageError(f"--out: {out} is not empty, and a run overwrites nothing.")
    return out


def _prepare(
    dataset: str | None, data_dir: Path, options: Mapping[str, Any]
) -> tuple[str, str, Job]:
    """Return the dataset's name, why it is this one, and the job, its data in memory."""
    from minitorch_clf.cli import jobs

    if dataset == "logistic":
        return dataset, "three points", jobs.LogisticJob(options)
    if options.get("optimizer") == "sgd":
        options = {"lr": SGD_LR, **options}
    if dataset == "digits":
        reason = "they come with this package"
    else:
        try:
            sets, reason = _get_mnist(data_dir)
            return "mnist", reason, jobs.ImageJob(options, *sets)
        except _Unavailable as error:
            if dataset == "mnist":
                raise click.ClickException(
                    f"{error}\nPut its four files into {data_dir / 'MNIST' / 'raw'}, or name the "
                    "folder that holds MNIST/raw with --data-dir or MINITORCH_CLF_DATA.\n"
                    "`minitorch-clf train digits` needs no download."
                ) from error
            cause = str(error).splitlines()[0].removesuffix(":")
            reason = f"they come with this package. {cause}"
    return (
        "digits",
        reason,
        jobs.ImageJob({"epochs": DIGITS_EPOCHS, **options}, *jobs.load_digits()),
    )


class _Unavailable(Exception):
    """MNIST is not on disk and could not be downloaded; the text says why."""


def _get_mnist(data_dir: Path) -> tuple[tuple[Any, Any], str]:
    """Return MNIST's two sets, from disk or else from a mirror, and which of them it was."""
    from minitorch_clf.cli import jobs

    try:
        return jobs.load_mnist(data_dir, download=False), f"found in {data_dir}"
    except RuntimeError:
        click.echo(f"MNIST is not in {data_dir}: downloading it", err=True)
    except (ValueError, TypeError, OSError) as error:
        raise click.ClickException(f"{error}\nRemove the file to have it fetched again.") from error
    try:
        return jobs.load_mnist(data_dir, download=True), f"downloaded into {data_dir}"
    except (RuntimeError, ImportError, OSError) as error:
        said = str(error).strip()
        raise _Unavailable(f"MNIST is not in {data_dir} and cannot be fetched: {said}") from error


def _open_folder(out: Path | None, dataset: str, reason: str, job: Job) -> RunFolder:
    from minitorch_clf.cli.run_folder import RunFolder

    now = datetime.now(UTC)
    path = out or Path("runs") / f"{dataset}-{now:%Y%m%d-%H%M%S-%f}"
    config = {
        "dataset": dataset,
        "reason": reason,
        **dataclasses.asdict(job.config),
        "started": now.isoformat(timespec="seconds"),
        "versions": {name: version(name) for name in ("minitorch_clf", "numpy", "numba")},
    }
    return RunFolder(path, config)


def _run(job: Job, folder: RunFolder) -> tuple[list[str], dict[str, Any]]:
    """Train to the end, to an error or to Ctrl-C; return lines for a person, and the summary."""
    from minitorch_clf.cli.display import Display

    epochs = job.config.epochs
    started = epoch_started = time.perf_counter()
    summary: dict[str, Any] = {"status": "finished", "epochs": 0, "loss": None}

    with Display(job.steps) as display:

        def on_step(epoch: int, loss: float) -> None:
            display.step(f"epoch {epoch}/{epochs}", loss)

        def on_epoch(epoch: int, loss: float, metrics: Mapping[str, float]) -> None:
            nonlocal epoch_started
            seconds = time.perf_counter() - epoch_started
            folder.add_epoch({"epoch": epoch, "loss": loss, **metrics, "seconds": seconds})
            summary.update(epochs=epoch, loss=loss)
            # Those of `logistic` are thousands: every fifth part of the way will do.
            if epochs < 1000 or epoch % (epochs // 5) == 0:
                further = "".join(f"  {k.replace('_', ' ')} {v:.2%}" for k, v in metrics.items())
                display.line(f"epoch {epoch}/{epochs}  loss {loss:.6f}{further}")
            epoch_started = time.perf_counter()

        try:
            job.run(on_step, on_epoch)
        except KeyboardInterrupt:
            summary["status"] = "interrupted"
        except (RuntimeError, ValueError) as error:  # it diverged: BCELoss refuses nan, say
            summary.update(status="failed", error=str(error))

    lines, values = job.result()
    summary.update(values, seconds=time.perf_counter() - started, out=str(folder.path))
    folder.save_weights(job.model.state_dict())
    folder.finish(summary)
    if summary["status"] != "finished":
        lines.insert(0, f"{summary['status']} after {summary['epochs']} of {epochs} epochs")
    return [*lines, f"run folder {folder.path}"], summary
