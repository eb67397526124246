"""What one run of a framework or a library is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from checks.matrix.ways import Ask
from replay.scenarios import Scenario, by_id

__all__ = ["ASKED", "Ask", "Items", "Run", "run_of"]

ASKED = "What of Faro?"
Items = list[Any]


@dataclass(frozen=True, slots=True)
class Run:
    """One run.

    Attributes:
        name: what it is called.
        is_async: whether it is async.
        answers: the scenarios that answer it, request by request.
        bind: makes the client for a server, and gives what asks.
        hands_on: whether each raw event is handed to the user, however many the library makes of those on the wire.
    """

    name: str
    is_async: bool
    answers: tuple[Scenario, ...]
    bind: Callable[[str], Ask]
    hands_on: bool = False


def run_of(
    name: str,
    answers: str | tuple[Scenario, ...],
    make: Callable[[str], Any],
    ask: Callable[[Any, Items], Any],
    *,
    is_async: bool = False,
) -> Run:
    """A run of what `make` makes for the server's address.

    Args:
        name: what it is called.
        answers: the scenarios that answer it, by name or as they are.
        make: makes the client.
        ask: asks with it, and appends what comes of it.
        is_async: whether that is async.
    """

    def bind(server: str) -> Ask:
        made = make(server)

        async def asking(items: Items) -> None:
            given = ask(made, items)
            if is_async:
                await given

        return asking

    told = tuple(by_id[each] for each in answers.split()) if isinstance(answers, str) else answers
    return Run(name, is_async, told, bind)
