"""`python -m reference.parity freeze`: PyTorch's answers to the whole table, in one small file."""

from __future__ import annotations

import importlib.util
from importlib.metadata import version
from pathlib import Path

import click


@click.command()
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file.  [reference/parity/vectors/torch-VERSION.zip, which `run` looks for]",
)
def command(out: Path | None) -> None:
    """Keep PyTorch's answers for where it is not installed.

    Every run of the table is asked for three times: on one thread, on two, and without AVX. The
    first is the answer, the others show how far PyTorch is from itself. It takes two minutes or
    so. The file holds the versions and the kind of processor that it comes from.
    """
    if importlib.util.find_spec("torch") is None:
        raise click.ClickException(
            "PyTorch is not installed, and it is what is to be frozen. Try: pip install torch"
        )
    from reference.parity.frozen import FOLDER, FrozenOracle, freeze
    from reference.parity.running.files import replacing, why_not_writable

    path = out or FOLDER / f"torch-{version('torch').partition('+')[0]}.zip"
    if out is None:
        path.parent.mkdir(exist_ok=True)
    if why := why_not_writable(path):
        raise click.UsageError(f"--out: {why}.")
    click.echo("asking PyTorch; about two minutes", err=True)
    with replacing(path) as draft:
        freeze(draft)
    facts = FrozenOracle(path).facts()
    about = ", ".join(f"{name} {value}" for name, value in facts.items())
    click.echo(f"{path}: {path.stat().st_size / 1e6:.1f} MB, {about}")
