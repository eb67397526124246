"""Shows LLM calls as their telemetry arrives.

    chunkmeter tail [--port 4317] [--record DIR] [--json]

Each call is one line, from its span. At the end come the totals from the metrics and those from the spans, which must
agree.
"""

from __future__ import annotations

import argparse
import importlib.util
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from .call import Call
from .output import Lines, failed, say, take_any_text
from .receiver import Receiver
from .waiting import Waiting, Woken

__all__ = ["SUMMARY", "add_arguments", "main", "run"]

SUMMARY = "Shows LLM calls as they arrive over OTLP/gRPC, and their totals at the end."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address (default: %(default)s)")
    parser.add_argument("--port", type=_port, default=4317, help="0 takes a free one (default: %(default)s)")
    parser.add_argument("--record", type=Path, metavar="DIR", help="keep the bytes of each export in DIR")
    parser.add_argument("--json", action="store_true", help="one JSON object a line a call, and nothing else")


def run(options: argparse.Namespace) -> int:
    """Receive until a SIGINT or SIGTERM, and return the exit code: 0 then, 2 where nothing can be received.

    Where the output's reader goes first, it is that of a program that SIGPIPE ends.
    """
    if not options.json and importlib.util.find_spec("rich") is None:
        say("The table needs rich: pip install 'chunkmeter[cli]' (or use --json).")
        return 2
    take_any_text()
    with Waiting(sys.stdout) as waiting:
        return _receive(options, waiting)


def _receive(options: argparse.Namespace, waiting: Waiting) -> int:
    lines = Lines(waiting.give_up)

    def on_call(call: Call) -> None:
        if options.json:
            lines.write(call.as_json())
        else:
            waiting.wake()

    try:
        receiver = Receiver(host=options.host, port=options.port, record=options.record, on_call=on_call)
        receiver.start()
    except (ValueError, RuntimeError, OSError) as error:
        why = error.strerror if isinstance(error, OSError) and error.filename is None else None
        say(f"Cannot receive on {options.host}:{options.port}: {why or error}")
        return 2
    waiting.listen(signal.SIGINT, signal.SIGTERM)
    follow = _lines if options.json else _table
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
        if left_out := receiver.book.left_out():
            say(left_out)
    return woken


def _table(receiver: Receiver, waiting: Waiting) -> Woken:
    """Show the live table until the end, then what was kept and the totals."""
    from .table import Screen

    screen = Screen(receiver.book)
    with receiver:
        _announce(receiver)
        woken = screen.follow(waiting)
    if woken is not Woken.UNREAD:
        screen.finish()
    return woken


def _announce(receiver: Receiver) -> None:
    say(f"Receiving OTLP/gRPC on {receiver.host}:{receiver.port}")


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
