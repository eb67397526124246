"""The options that `chunkmeter tail` and `chunkmeter run` share, and the receiver that they ask for."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from ..shown import plain
from .call import Call
from .forward import Forward, Target, targets
from .output import say
from .receiver import PortError, Receiver
from .spending import by_of

__all__ = ["add_shared", "listening"]

BY = (("model",),)
"""What spend is grouped by where nobody says."""


def add_shared(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what is kept, passed on and grouped."""
    parser.add_argument(
        "--by",
        type=_by,
        action="append",
        metavar="NAME[,NAME...]",
        help="spend by model, provider, service or a label, together; again for another table (default: model)",
    )
    parser.add_argument("--save", type=Path, metavar="FILE", help="add each export to FILE, a line of OTLP/JSON")
    parser.add_argument(
        "--forward", type=_targets, metavar="URL", help="pass each export on to this OTLP endpoint, by gRPC or HTTP"
    )


def listening(
    options: argparse.Namespace,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    http_port: int = 0,
    speaks_grpc: bool = True,
    record: Path | None = None,
    goals: Mapping[str, Target] | None = None,
    trees: bool = False,
    on_call: Callable[[Call], None] | None = None,
    on_export: Callable[[], None] | None = None,
) -> Receiver | None:
    """A receiver that listens by these options; None where it can't, which has been said with the cure then.

    Args:
        options: those of `add_shared`.
        host: a loopback address.
        port: the port for gRPC; 0 takes a free one.
        http_port: the port for HTTP; 0 takes a free one.
        speaks_grpc: whether it receives by gRPC; else by HTTP alone.
        record: the folder for the bytes of each export.
        goals: where exports are passed on to where `--forward` does not say.
        trees: whether traces are kept, to be shown as trees.
        on_call: called with each call.
        on_export: called after each export.
    """
    if logging.lastResort is not None:  # which prints warnings, as no log is configured here
        logging.lastResort.addFilter(_said_below)
    goals = options.forward or goals
    forward = Forward(goals) if goals else None
    try:
        receiver = Receiver(
            host=host, port=port, http_port=http_port, speaks_grpc=speaks_grpc, record=record, save=options.save,
            forward=forward, by=options.by or BY, trees=trees, on_call=on_call, on_export=on_export,
        )  # fmt: skip
        receiver.start()
        if not _goes_round(goals or {}, receiver):
            return receiver
        receiver.stop()
        say("--forward names this receiver's own address: name the endpoint behind it.")
        return None
    except (ValueError, RuntimeError) as error:
        say(f"Cannot receive on {plain(host)}: {error}")
    except PortError as error:
        say(
            f"Cannot receive on {error.filename}: {error.strerror}. Stop what listens there, or name another port: "
            f"{error.option} 0 takes a free one."
        )
    except OSError as error:
        say(f"Cannot write to {plain(error.filename)}: {error.strerror}.")
    if forward is not None:
        forward.close()
    return None


def _goes_round(goals: Mapping[str, Target], receiver: Receiver) -> bool:
    """Whether exports would be passed on to the one who passes them on."""
    ports, hosts = {receiver.port, receiver.http_port}, {"localhost", receiver.host.strip("[]")}
    found = [urlsplit(target.url) for target in goals.values()]
    return any(parts.hostname in hosts and parts.port in ports for parts in found)


def _said_below(record: logging.LogRecord) -> bool:
    """Whether a log line is not one of pricing: what it says stands below the calls, counted."""
    return record.module != "assess"


def _by(text: str) -> tuple[str, ...]:
    try:
        return by_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _targets(text: str) -> dict[str, Target]:
    try:
        return targets(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
