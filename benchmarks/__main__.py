"""The command line: which rows, how long, and where the results go."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from benchmarks.row import Row


@click.command()
@click.argument("names", nargs=-1, metavar="[ROW]...")
@click.option("--list", "only_list", is_flag=True, help="Name the rows and their targets.")
@click.option("--processes", type=click.IntRange(1), help="Fresh processes per row [3].")
@click.option("--scale", type=click.FloatRange(0.01), default=1.0, help="Of the time spent [1].")
@click.option("--data-dir", envvar="MINITORCH_CLF_DATA", help="The folder that holds MNIST/raw.")
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write all numbers.")
@click.option("--chart", type=click.Path(path_type=Path), help="Draw bars: a .png or .svg file.")
@click.option("--scaling", is_flag=True, help="How cost grows with batch and width, instead.")
@click.option("--anatomy", is_flag=True, help="Where the time of a step goes, instead.")
def main(
    names: tuple[str, ...],
    only_list: bool,
    processes: int | None,
    scale: float,
    data_dir: str | None,
    json_path: Path | None,
    chart: Path | None,
    scaling: bool,
    anatomy: bool,
) -> None:
    """Race minitorch_clf against PyTorch and others; every ROW with its target, pass or MISS.

    Exit code 0: every target was met; 1: one was missed; 2: wrong usage.
    """
    from benchmarks import machine, report, result
    from benchmarks.rows import ROWS

    unknown = [name for name in names if name not in ROWS]
    if unknown:
        raise click.UsageError(f"no row {unknown[0]!r}; there are {', '.join(ROWS)}")
    console = Console(width=None if sys.stdout.isatty() else 120)
    chosen = [ROWS[name] for name in names] or list(ROWS.values())
    if only_list:
        for row in chosen:
            console.print(f"{row.name:12} {row.title}: {', '.join(map(str, row.targets))}")
        return
    facts = machine.facts()
    for key, value in facts.items():
        console.print(f"{key:12} {value}", highlight=False)
    if data_dir:
        os.environ["MINITORCH_CLF_DATA"] = str(Path(data_dir).resolve())
    if scaling or anatomy:
        from benchmarks.anatomy import show_anatomy
        from benchmarks.scaling import show_scaling

        shown = show_scaling(console, scale) if scaling else show_anatomy(console, scale)
        if json_path:
            name = "scaling" if scaling else "anatomy"
            json_path.write_text(json.dumps({"machine": facts, name: shown}, indent=1))
        return

    found: list[result.Line] = []
    missed = targets = 0
    for row in chosen:
        if row.needs_mnist and "MINITORCH_CLF_DATA" not in os.environ:
            console.print(f"{row.name}: skipped, no MNIST; name its folder with --data-dir")
            continue
        made = result.lines(row, list(_measured(row, processes, scale, console)))
        report.show(row, made, console)
        found += made
        verdicts = [met for line in made for _, _, met in line.targets(row)]
        missed += verdicts.count(False)
        targets += len(verdicts)
    if json_path:
        content = {"machine": facts, "rows": [result.to_dict(line) for line in found]}
        json_path.write_text(json.dumps(content, indent=1))
    if chart:
        report.chart(found, chart)
    console.print(f"{targets - missed} of {targets} targets met", highlight=False)
    sys.exit(1 if missed else 0)


def _measured(
    row: Row, processes: int | None, scale: float, console: Console
) -> Iterator[list[dict[str, Any]]]:
    """What each fresh interpreter measures of one row."""
    for k in range(processes or row.processes):
        with console.status(f"{row.name}: process {k + 1}"):
            yield _in_a_process(row, scale)


def _in_a_process(row: Row, scale: float) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "measured.json")
        command = [sys.executable, "-m", "benchmarks.worker", row.name, str(path), str(scale)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise click.ClickException(f"{row.name} failed:\n{done.stderr[-3000:]}")
        measured: list[dict[str, Any]] = json.loads(path.read_text())
        return measured


if __name__ == "__main__":
    main(prog_name="python -m benchmarks")
