"""Shows LLM calls as their telemetry arrives.

    chunkmeter tail [--port 4317] [--record DIR] [--json]

A line a call, from the spans; at the end the totals, from the metrics and from the spans, which must agree.
"""

from __future__ import annotations

import argparse
import importlib.util
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from .receiver import Call, Receiver, span_totals

__all__ = ["SUMMARY", "add_arguments", "main", "run"]

SUMMARY = "Shows LLM calls as they arrive over OTLP/gRPC, and their totals at the end."

_COLUMNS = ("provider", "model", "finish reasons", "in", "cached", "out", "cost", "first chunk", "outcome")
_NUMBERS = frozenset({"in", "cached", "out", "cost", "first chunk", "metrics", "spans"})


def _cells(call: Call) -> tuple[str, ...]:
    def count(name: str) -> str:
        return f"{call.usage[name]:,}" if name in call.usage else "-"

    wait = call.time_to_first_chunk
    return (
        call.provider or "-",
        call.model or "-",
        ", ".join(map(str, call.finish_reasons)) or "-",
        count("input_tokens"),
        count("cached_tokens"),
        count("output_tokens"),
        "-" if call.cost is None else f"{call.cost:.9f} {call.currency}",
        "-" if wait is None else f"{wait * 1000:.1f} ms",
        call.outcome or "-",
    )


def _compare(receiver: Receiver) -> list[tuple[str, str, str, str]]:
    """Rows of the totals: name, from the metrics, from the spans, whether they agree."""
    metrics = receiver.totals.read()
    spans = span_totals(receiver.calls, metrics)
    rows: list[tuple[str, str, str, str]] = []
    for name in sorted(metrics.keys() | spans.keys()):
        measured, added = metrics.get(name, 0.0), spans.get(name, 0.0)
        verdict = "agree" if abs(measured - added) <= 1e-9 else "differ"
        rows.append((name, f"{measured:.12g}", f"{added:.12g}", verdict))
    return rows


def _show(receiver: Receiver, wait: Callable[[], object]) -> None:
    """The live table, until `wait` returns; then the totals."""
    from rich.console import Console
    from rich.live import Live
    from rich.table import Table
    from rich.text import Text

    def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
        drawn = Table(title=title, title_justify="left")
        for column in columns:
            drawn.add_column(column, justify="right" if column in _NUMBERS else "left", no_wrap=True)
        for row in rows:
            drawn.add_row(*map(Text, row))  # Text, since a model's name is no markup
        return drawn

    def calls() -> Table:
        return table("LLM calls", _COLUMNS, map(_cells, tuple(receiver.calls)))

    console = Console()
    if not console.is_terminal:
        console = Console(width=160)
    with Live(get_renderable=calls, console=console, refresh_per_second=8, vertical_overflow="visible"):
        wait()
    if not console.is_terminal:
        console.line()  # which Live leaves out there
    console.print(table("Totals", ("total", "metrics", "spans", ""), _compare(receiver)))


def _print(call: Call) -> None:
    with suppress(OSError):  # whoever read our output has gone; the sender is not to suffer for it
        print(call.as_json(), flush=True)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares what `run` takes."""
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address (default: %(default)s)")
    parser.add_argument("--port", type=int, default=4317, help="0 takes a free one (default: %(default)s)")
    parser.add_argument("--record", type=Path, metavar="DIR", help="keep the bytes of each export in DIR")
    parser.add_argument("--json", action="store_true", help="one JSON object a line a call, and nothing else")


def run(options: argparse.Namespace) -> int:
    """Receives until it is interrupted or terminated; 2 if it can't."""
    if not options.json and importlib.util.find_spec("rich") is None:
        print("The table needs rich: pip install 'chunkmeter[cli]' (or use --json).", file=sys.stderr)
        return 2
    on_call = _print if options.json else None
    try:
        receiver = Receiver(host=options.host, port=options.port, record=options.record, on_call=on_call)
        receiver.start()
    except (ValueError, RuntimeError, OSError) as error:
        print(f"Cannot receive on {options.host}:{options.port}: {error}", file=sys.stderr)
        return 2
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: over.set())
    with receiver:
        print(f"Receiving OTLP/gRPC on {receiver.host}:{receiver.port}", file=sys.stderr, flush=True)
        if options.json:
            over.wait()
        else:
            _show(receiver, over.wait)
    if options.json:
        for row in _compare(receiver):
            print(*row, sep="\t", file=sys.stderr)
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """`chunkmeter tail` by itself."""
    parser = argparse.ArgumentParser(prog="chunkmeter tail", description=SUMMARY)
    add_arguments(parser)
    return run(parser.parse_args(arguments))


if __name__ == "__main__":
    sys.exit(main())
