"""Shows LLM calls as their telemetry arrives.

    chunkmeter tail [--port 4317] [--http-port 4318] [--by model,tenant] [--tree] [--json] [--save FILE] [--forward URL]

Each call is one line, from its span. At the end come the totals from the metrics and those from the spans, which agree,
or a line says why not.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from . import picture
from .call import Call
from .options import add_shared, listening
from .output import Lines, failed, say, take_any_text
from .receiver import Receiver
from .screen import Screen, needs_rich
from .waiting import Waiting, Woken

__all__ = ["SUMMARY", "add_arguments", "main", "run"]

SUMMARY = "Shows LLM calls as they arrive over OTLP, what they cost, and what is wrong with them."
_HINT = """No call yet. Have an app send its telemetry here:
    export OTEL_EXPORTER_OTLP_ENDPOINT=http://{0.host}:{0.port}
    opentelemetry-instrument python app.py"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address (default: %(default)s)")
    parser.add_argument("--port", type=_port, default=4317, help="port for gRPC; 0 takes a free one (default: 4317)")
    parser.add_argument(
        "--http-port", type=_port, help="port for HTTP; 0 takes a free one (default: 4318, or 0 if --port is 0)"
    )
    parser.add_argument("--record", type=Path, metavar="DIR", help="keep the bytes of each export in DIR")
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--json", action="store_true", help="print a line of JSON for each call, and nothing else")
    way.add_argument("--tree", action="store_true", help="print each trace as a tree once its root has ended")
    add_shared(parser)


def run(options: argparse.Namespace) -> int:
    """Receive until a SIGINT or SIGTERM, and return the exit code: 0 then, 2 where nothing can be received.

    Where the output's reader goes first, it is that of a program that SIGPIPE ends.
    """
    if not options.json and needs_rich():
        say("The table needs rich: pip install 'chunkmeter[cli]' (or use --json).")
        return 2
    take_any_text()
    with Waiting(sys.stdout) as waiting:
        return _receive(options, waiting)


def _receive(options: argparse.Namespace, waiting: Waiting) -> int:
    lines = Lines(waiting.give_up)

    def print_call(call: Call) -> None:
        lines.write(call.as_json())

    http_port = options.http_port
    if http_port is None:
        http_port = 0 if options.port == 0 else 4318
    receiver = listening(
        options,
        host=options.host,
        port=options.port,
        http_port=http_port,
        record=options.record,
        trees=options.tree,
        on_call=print_call if options.json else None,
        on_export=None if options.json else waiting.wake,
    )
    if receiver is None:
        return 2
    waiting.listen(signal.SIGINT, signal.SIGTERM)
    follow = _lines if options.json else _trees if options.tree else _table
    try:
        woken = follow(receiver, waiting)
    except OSError as error:
        return failed(error)
    return failed(lines.error) if woken is Woken.UNREAD else 0


def _lines(receiver: Receiver, waiting: Waiting) -> Woken:
    """Let the lines be printed until the end, then the totals on stderr."""
    with receiver:
        _announce(receiver)
        woken = waiting.wait()
    if woken is not Woken.UNREAD:
        for row in receiver.book.totals():
            say("\t".join(row))
        for text in (*receiver.book.notes(), *receiver.book.warnings()):
            say(text)
    return woken


def _trees(receiver: Receiver, waiting: Waiting) -> Woken:
    """Print each trace that is over, at the end the others, and what all come to."""
    screen, book = Screen(), receiver.book
    with receiver:
        _announce(receiver)
        while (woken := waiting.wait()) is Woken.CHANGED:
            screen.show(picture.trees(book, screen.style))
    if woken is not Woken.UNREAD:
        screen.show(picture.trees(book, screen.style, unfinished=True))
        screen.show(picture.summary(book, screen.style)[1:])
    return woken


def _table(receiver: Receiver, waiting: Waiting) -> Woken:
    """Show the live table until the end, then what was kept and the totals."""
    screen, book = Screen(), receiver.book
    with receiver:
        _announce(receiver)
        if screen.live:
            drawn = partial(picture.live, book, hint=_HINT.format(receiver))
            woken = screen.draw(drawn, waiting)
        else:
            while (woken := waiting.wait()) is Woken.CHANGED:
                pass
    if woken is not Woken.UNREAD:
        calls = picture.every_call(book, screen.style)
        totals = picture.summary(book, screen.style)
        screen.show([*calls, *totals] if calls else totals[1:])
    return woken


def _announce(receiver: Receiver) -> None:
    http = f"{receiver.host}:{receiver.http_port}"
    say(f"Receiving OTLP over HTTP on {http}, over gRPC on {receiver.host}:{receiver.port}")


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"{text!r} is no port: write a number from 1 to 65535, or 0 for a free one")
    return int(text)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `chunkmeter tail` alone, and return its exit code."""
    parser = argparse.ArgumentParser(prog="chunkmeter tail", description=SUMMARY)
    add_arguments(parser)
    return run(parser.parse_args(arguments))


if __name__ == "__main__":
    sys.exit(main())
