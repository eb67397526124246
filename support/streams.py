"""Streams without an SDK: a scenario's events, and generators of them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

from replay.scenarios import Scenario, by_id

__all__ = ["agenerated", "events_of", "generated"]


def events_of(scenario: Scenario | str) -> list[Any]:
    """The JSON events of a streamed answer whose body is text; a scenario may be named by its id."""
    played = by_id[scenario] if isinstance(scenario, str) else scenario
    lines = b"".join(played.events).decode().splitlines()
    said = (line.removeprefix("data: ") for line in lines)
    return [json.loads(line) for line in said if line.startswith("{")]


def generated(events: list[Any], error: BaseException | None = None) -> Iterator[Any]:
    """A generator of the user's, which raises `error` at its end if there is one."""
    yield from events
    if error is not None:
        raise error


async def agenerated(events: list[Any], error: BaseException | None = None) -> AsyncIterator[Any]:
    """The same for `async for`."""
    for event in generated(events, error):
        yield event
