"""The command line: `minitorch-clf COMMAND`, one module a command.

Results go to stdout, all else to stderr. Exit codes: 0 done, 1 it failed, 2 wrong usage, 130
stopped with Ctrl-C.
"""

from __future__ import annotations

import importlib
import sys
from typing import NoReturn

import click

COMMANDS = ("train",)  # minitorch_clf.cli.train holds the click command `train`, and so on


class LazyGroup(click.Group):
    """A group that imports a command's module when that command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"minitorch_clf.cli.{cmd_name}")
        command: click.Command = getattr(module, cmd_name)
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="minitorch_clf")
def cli() -> None:
    """Train classifiers on a from-scratch engine that prints PyTorch's numbers."""


def main() -> NoReturn:
    """Run the command line and leave with its exit code."""
    try:
        status = cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        status = error.exit_code
    except click.Abort:
        click.echo("Stopped.", err=True)
        status = 130
    sys.exit(status)
