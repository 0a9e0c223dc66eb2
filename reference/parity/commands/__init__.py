"""The command line: `python -m reference.parity COMMAND`, one module of this folder a command.

Results go to stdout, all else to stderr. Exit codes: 0 nothing fails, 1 something does, 2 wrong
usage, 130 stopped with Ctrl-C.
"""

from __future__ import annotations

import pkgutil
import sys
from importlib import import_module
from typing import NoReturn

import click

INTERRUPTED = 130  # a shell's word for a program that Ctrl-C ended: 128 + SIGINT


class LazyGroup(click.Group):
    """A group that imports a command's module, and takes its `command`, when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return sorted(module.name for module in pkgutil.iter_modules(__path__))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = import_module(f"{__name__}.{cmd_name}").command
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Does an engine compute what PyTorch computes? Measured case by case, in ulp."""


def main() -> NoReturn:
    """Run the command line and leave with its exit code."""
    try:
        status = cli.main(prog_name="python -m reference.parity", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        status = error.exit_code
    except click.Abort:
        click.echo("Stopped.", err=True)
        status = INTERRUPTED
    sys.exit(status)
