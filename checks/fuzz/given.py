"""The ways in which one stream of events comes to `wrap`: as an SDK's, Mirascope's, JSON or a body, sync and async."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from hypothesis import strategies as st

from checks.fuzz.bodies import BODIES, Body, chunks_of_bedrock
from checks.fuzz.events import LONGEST, Events, as_objects, events
from chunkmeter.readers import WIRES
from support.streams import agenerated, generated

__all__ = ["ASYNC", "SOURCES", "SYNC", "Given", "given_streams"]


class Iterated:
    """A stream as the SDKs have it: an object that is its own iterator."""

    def __init__(self, items: list[Any]) -> None:
        self._left = iter(items)

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return next(self._left)


class AsyncIterated:
    """The same, async."""

    def __init__(self, items: list[Any]) -> None:
        self._left = iter(items)

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        for item in self._left:
            return item
        raise StopAsyncIteration


SYNC: dict[str, Callable[[list[Any]], Any]] = {"object": Iterated, "generator": generated}
ASYNC: dict[str, Callable[[list[Any]], Any]] = {"async object": AsyncIterated, "async generator": agenerated}
SOURCES = SYNC | ASYNC
"""Makes a stream of its items."""


@dataclass(frozen=True, slots=True)
class Given:
    """One stream, and how it comes to `wrap`."""

    events: Events
    form: str
    body: Body
    source: str
    told: bool
    """Whether `wrap` is told the wire."""
    asked: tuple[str | None, str | None]
    """Provider and model."""

    @property
    def wire(self) -> str | None:
        """What `wrap` is told; what stands for an SDK's objects here has no class that could tell it."""
        return self.events.wire if self.told or self.form == "SDK" else None

    def made(self) -> tuple[list[Any], list[Any]]:
        """The events, and the items that stand for them."""
        events, wire = self.events.made(), self.events.wire
        if self.form == "body":
            return events, self.body.made(events)
        if self.form == "SDK" and wire == "bedrock_invoke":
            return events, chunks_of_bedrock(events, self.body.junk)
        if self.form == "SDK":
            distinct = {id(event): event for event in events}
            objects = {key: as_objects(event, wire) for key, event in distinct.items()}
            return events, [objects[id(event)] for event in events]
        if self.form == "Mirascope":
            return events, [(SimpleNamespace(chunk=event), None) for event in events]
        return events, events


def given_streams(
    wires: tuple[str, ...] = WIRES,
    longest: int = LONGEST,
    *,
    forms: tuple[str, ...] = ("JSON", "SDK", "Mirascope", "body"),
    sources: tuple[str, ...] = (*SYNC, *ASYNC),
) -> st.SearchStrategy[Given]:
    """Streams of these wires in these forms."""
    return st.builds(
        Given,
        events=events(wires, longest),
        form=st.sampled_from(forms),
        body=BODIES if "body" in forms or "bedrock_invoke" in wires else st.just(_NO_BODY),
        source=st.sampled_from(sources),
        told=st.booleans(),
        asked=st.sampled_from(_ASKED),
    )


_NO_BODY = Body("lines", ["\n"], "", "lines", [1], [], [])
_ASKED: list[tuple[str | None, str | None]] = [
    ("openai", "gpt-4o-mini"),
    ("openai", "gpt-4o-audio-preview"),
    ("anthropic", "claude-sonnet-4-5"),
    ("google", "gemini-2.5-flash"),
    (None, "gpt-4o"),
    ("nobody", "nothing"),
    (None, None),
]
