"""The command `chunkmeter`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from chunkmeter import __version__

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the sub-command that the arguments name; its exit code."""
    from . import tail

    parser = argparse.ArgumentParser(prog="chunkmeter", description="Meters LLM streams as OpenTelemetry.")
    parser.add_argument("--version", action="version", version=f"chunkmeter {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    command = commands.add_parser("tail", help=tail.SUMMARY, description=tail.SUMMARY)
    tail.add_arguments(command)
    command.set_defaults(run=tail.run)
    options = parser.parse_args(arguments)
    return options.run(options)
