"""Makes one HTML page of files that keep OTLP/JSON.

    chunkmeter report FILE... [-o report.html]

The files are what `chunkmeter tail --save` or the Collector's file exporter has kept: one export a line, plain or
compressed by gzip.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from ...shown import plain
from ..otlp import clean
from ..output import failed, say
from .figures import Figures
from .files import Files
from .page import page
from .traces import dearest, traces_of

__all__ = ["SUMMARY", "add_arguments", "made", "main", "run"]

SUMMARY = "Makes one HTML page of what `tail --save` or a Collector's file exporter has kept."
_MOST_TRACES = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help="OTLP/JSON, an export a line; .gz too")
    parser.add_argument(
        "-o", "--output", type=Path, default=Path("report.html"), help="the page; - is stdout (default: %(default)s)"
    )


def run(options: argparse.Namespace) -> int:
    """Write the page, and return the exit code: 0; 1 where it can't be written; 2 where the files tell of no call."""
    began = time.monotonic()
    files = Files(options.files, say)
    if any(options.output.exists() and path.exists() and options.output.samefile(path) for path in options.files):
        say(f"{plain(options.output)} is one of the files to read: name another one with -o.")
        return 2
    try:
        text, figures = made(files)
    except OSError as error:
        say(f"Cannot read {plain(error.filename or 'the files')}: {error.strerror or error}")
        return 2
    if not figures.whole.calls:
        say(f"No call in {files.lines:,} lines, {figures.spans:,} spans: no page was written.")
        return 2
    try:
        if str(options.output) == "-":
            sys.stdout.buffer.write(text)
            sys.stdout.flush()
        else:
            options.output.write_bytes(text)
    except OSError as error:
        if str(options.output) == "-":
            return failed(error)
        say(f"Cannot write {plain(options.output)}: {error.strerror or error}")
        return 1
    took = time.monotonic() - began
    say(f"{plain(options.output)}: {figures.whole.calls:,} calls, {len(text) / 1000:,.0f} kB, in {took:.1f} s")
    return 0


def made(files: Files) -> tuple[bytes, Figures]:
    """The page of some files, and its figures.

    Raises:
        OSError: a file can't be read.
    """
    figures = Figures()
    for export in files.exports():
        figures.take(export)
    ids = dearest(figures, _MOST_TRACES)
    exports = files.exports_with([trace.hex().encode() for trace in ids]) if ids else ()
    traces = traces_of(ids, exports, figures)
    names = [clean(path.name) for path in files.paths]
    return page(figures, traces, names, files.lines, files.told).encode(), figures


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `chunkmeter report` alone, and return its exit code."""
    parser = argparse.ArgumentParser(prog="chunkmeter report", description=SUMMARY)
    add_arguments(parser)
    return run(parser.parse_args(arguments))
