"""The command line: one file for each command in `plasmonbench.commands`."""

from __future__ import annotations

import os
import signal
import sys
from typing import NoReturn

import click
from rich.console import Console

from plasmonbench.commands.calibrate import calibrate_command
from plasmonbench.commands.check import check_command
from plasmonbench.commands.compare import compare_command
from plasmonbench.commands.crossvalidate import crossvalidate_command
from plasmonbench.commands.explore import explore_command
from plasmonbench.commands.hardness import hardness_command
from plasmonbench.commands.landscape import landscape_command
from plasmonbench.commands.leaderboard import leaderboard_command
from plasmonbench.commands.list import list_command
from plasmonbench.commands.pool import pool_command
from plasmonbench.commands.report import report_command
from plasmonbench.commands.run import run_command
from plasmonbench.commands.sensitivity import sensitivity_command
from plasmonbench.commands.validate import validate_command
from plasmonbench.errors import PlasmonbenchError

notes = Console(stderr=True, soft_wrap=True, highlight=False)


def main() -> NoReturn:
    """Run the command line; bad input ends with one clear line and exit code 2."""
    # A stranger's module:Class is looked for in the current folder too; last, so that no file
    # there stands in for a library.
    if os.getcwd() not in sys.path:  # noqa: PTH109 - sys.path holds strings
        sys.path.append(os.getcwd())  # noqa: PTH109
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        cli.main(prog_name="plasmonbench", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
    except click.ClickException as error:
        _fail(error.format_message())
    except PlasmonbenchError as error:
        _fail(str(error))
    except (KeyboardInterrupt, click.Abort):
        notes.print("stopped")
        sys.exit(130)
    sys.exit(0)


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def _fail(message: str) -> NoReturn:
    notes.print("error: " + " ".join(message.split()), markup=False)
    sys.exit(2)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="plasmonbench")
def cli() -> None:
    """Benchmark experiment planners on simulated nanoparticle laboratories."""


cli.add_command(calibrate_command)
cli.add_command(check_command)
cli.add_command(compare_command)
cli.add_command(crossvalidate_command)
cli.add_command(explore_command)
cli.add_command(hardness_command)
cli.add_command(landscape_command)
cli.add_command(leaderboard_command)
cli.add_command(list_command)
cli.add_command(pool_command)
cli.add_command(report_command)
cli.add_command(run_command)
cli.add_command(sensitivity_command)
cli.add_command(validate_command)


if __name__ == "__main__":
    main()
