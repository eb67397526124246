"""The command `chunkmeter`, with the sub-commands `run`, `tail`, `report`, `price`, `prices` and `doctor`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from chunkmeter import __version__

__all__ = ["main", "parser"]


def parser() -> argparse.ArgumentParser:
    """What reads the arguments, of every sub-command."""
    from . import doctor, price, prices, report, run, tail

    made = argparse.ArgumentParser(prog="chunkmeter", description="Meters LLM streams as OpenTelemetry.")
    made.add_argument("--version", action="version", version=f"chunkmeter {__version__}")
    commands = made.add_subparsers(metavar="COMMAND", required=True)
    command = commands.add_parser("run", help=run.SUMMARY, description=run.SUMMARY)
    run.add_arguments(command)
    command.set_defaults(run=run.run)
    command = commands.add_parser("tail", help=tail.SUMMARY, description=tail.SUMMARY)
    tail.add_arguments(command)
    command.set_defaults(run=tail.run)
    command = commands.add_parser("report", help=report.SUMMARY, description=report.SUMMARY)
    report.add_arguments(command)
    command.set_defaults(run=report.run)
    command = commands.add_parser("price", help=price.SUMMARY, description=price.SUMMARY)
    price.add_arguments(command)
    command.set_defaults(run=price.run)
    prices.add_arguments(commands.add_parser("prices", help=prices.SUMMARY, description=prices.SUMMARY))
    command = commands.add_parser("doctor", help=doctor.SUMMARY, description=doctor.SUMMARY)
    doctor.add_arguments(command)
    command.set_defaults(run=doctor.run)
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the sub-command that the arguments name, and return its exit code."""
    options = parser().parse_args(arguments)
    return options.run(options)
