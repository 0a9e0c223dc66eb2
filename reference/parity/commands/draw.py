"""`python -m reference.parity draw`: operations and inputs that nobody chose."""

from __future__ import annotations

import importlib.util
import secrets

import click

DEFAULT_ENGINE = "minitorch_clf"


@click.command()
@click.option(
    "--engine",
    default=DEFAULT_ENGINE,
    show_default=True,
    metavar="SPEC",
    help="As for `run`: a module, a file, an adapter, or module:attribute.",
)
@click.option(
    "--profile",
    type=click.Choice(["ci", "night"]),
    default="ci",
    show_default=True,
    help="ci draws the same 60 examples of each property every time; night 5,000 new ones.",
)
@click.option("--examples", type=click.IntRange(min=1), help="Another number of them.")
@click.option("--seed", type=click.IntRange(min=0), help="Draw these again; night prints its seed.")
@click.option("--only", multiple=True, metavar="NAME", help="Only this property: 'reductions'.")
@click.option(
    "--time-limit",
    type=click.FloatRange(min=0, min_open=True),
    default=20,
    show_default=True,
    help="Seconds that one example may take.",
)
@click.pass_context
def command(
    ctx: click.Context,
    engine: str,
    profile: str,
    examples: int | None,
    seed: int | None,
    only: tuple[str, ...],
    time_limit: float,
) -> None:
    """Draw operations, shapes, dtypes, layouts and values, and compare an engine with PyTorch.

    A draw on which the engine fails is made as small as possible and printed as a script of a few
    lines that needs nothing but the engine and PyTorch.

    Exit codes: 0 nothing fails, 1 something does or the engine cannot be had, 2 wrong usage.
    """
    for package, name in (("hypothesis", "Hypothesis"), ("torch", "PyTorch")):
        if importlib.util.find_spec(package) is None:
            raise click.ClickException(
                f"{name} is not installed, and nothing can be drawn without it. "
                f"Try: pip install {package}"
            )
    from reference.parity.draws.draws import PROFILES
    from reference.parity.draws.process import reports
    from reference.parity.draws.strategies import PROPERTIES
    from reference.parity.engines import EngineError
    from reference.parity.result import Verdict

    for name in only:
        if name not in PROPERTIES:
            raise click.UsageError(
                f"--only: there is no {name!r}. There are: {', '.join(PROPERTIES)}.", ctx
            )
    if seed is None and profile == "night":
        seed = secrets.randbelow(2**32)
        click.echo(f"--seed {seed}", err=True)
    failed = 0
    try:
        for report in reports(engine, examples or PROFILES[profile], seed, only, time_limit):
            failed += report.verdict is Verdict.FAILS
            click.echo(f"{report.name}: {report.verdict}" if report.ok else str(report))
    except EngineError as error:
        raise click.ClickException(f"{engine}: {error}.") from error
    ctx.exit(1 if failed else 0)
