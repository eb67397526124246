"""Streams of every wire's events, out of order and with fields that no service should send."""

from __future__ import annotations

import enum
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from types import SimpleNamespace
from typing import Any, Literal, cast

from hypothesis import strategies as st

from chunkmeter.readers import WIRES
from replay.scenarios import ALL, Scenario
from support.streams import events_of
from support.wire_samples import SAMPLES

__all__ = ["EVENTS", "LONGEST", "Events", "edited", "events", "events_of"]

LONGEST = 4000
"""Events of a stream, before some are repeated."""
MOST_AT_ONCE = 4
MOST_TIMES = 15
"""Changes are made so many times, so many at once."""
_WIRE_OF = {
    "anthropic": "anthropic_messages",
    "cohere": "cohere",
    "google": "google_generate_content",
    "gemini": "google_generate_content",
    "responses": "openai_responses",
    "vertex": "google_generate_content",
}


def wire_of(scenario: Scenario) -> str:
    return scenario.wire or _WIRE_OF.get(scenario.service, "openai_chat")


def _by_wire() -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {wire: [] for wire in WIRES}
    for sample in SAMPLES:
        found[sample.wire] += sample.events
    for scenario in ALL:
        if scenario.stream and scenario.service != "bedrock":
            found[wire_of(scenario)] += events_of(scenario)
    return found


EVENTS = _by_wire()
"""What each wire's streams are made of."""


# --- what no service should send ------------------------------------------------------------------------------------


class Word(enum.Enum):
    STOP = "stop"


class Number(enum.IntEnum):
    STOP = 1


class Deep(list[Any]):
    """Lists in lists, so many that whoever goes through them by recursion fails."""

    def __repr__(self) -> str:
        return "Deep()"

    def depth(self) -> int:
        """How many lists these are, the outermost one included."""
        lists, inner = 1, self
        while inner:
            lists, inner = lists + 1, inner[0]
        return lists


def _deep() -> Deep:
    inner = Deep()
    for _ in range(1500):
        inner = Deep([inner])
    return inner


_ODD: list[Any] = [
    None, True, False, "", "7", "\ud800", b"7", [], {}, [None], [7], {"tokens": 7}, {"x": [{}]}, object,
    Word.STOP, Number.STOP, _deep(),
]  # fmt: skip
_NUMBERS: list[Any] = [
    0, 1, 7, 7.0, 7.5, -1, -(10**30), 2**53 - 1, 2**53 - 1, 2**53, 2**63, 10**18, 10**400, 1e15, 1e300,
    float("nan"), float("inf"), -float("inf"),
]  # fmt: skip

Path = tuple[str | int, ...]


def paths(event: Any, at: Path = ()) -> Iterator[Path]:
    """Where something stands in an event, the whole of it first; not so deep that nothing reads it there."""
    yield at
    if len(at) == 6:
        return
    inside: Any = ()
    if isinstance(event, dict):
        inside = cast("dict[str, Any]", event).items()
    elif isinstance(event, list) and not isinstance(event, Deep):
        inside = enumerate(cast("list[Any]", event))
    for name, inner in inside:
        yield from paths(inner, (*at, name))


_NAMES = sorted({str(path[-1]) for events in EVENTS.values() for event in events for path in paths(event) if path})


@dataclass(frozen=True, slots=True)
class Edit:
    """The event at one place of the stream is changed, there and each `every`th time that it comes again."""

    at: int
    every: int
    path: int
    act: Literal["set", "drop", "add"]
    name: str
    value: Any


@dataclass(frozen=True, slots=True)
class Move:
    """The events from one place up to another are repeated, turned round, dropped, or changed with one another."""

    act: Literal["repeat", "reverse", "drop", "swap"]
    at: int
    to: int


def changes(number: int) -> list[Edit | Move]:
    """Some of very many: hypothesis draws which, since drawing all their parts costs more than pushing the stream."""
    chance = random.Random(number)
    return [_change(chance) for _ in range(1 + number % MOST_AT_ONCE)]


def _change(chance: random.Random) -> Edit | Move:
    at = chance.randrange(LONGEST)
    if chance.random() < 0.1:
        return Move(chance.choice(["repeat", "reverse", "drop", "swap", "swap"]), at, at + chance.randrange(-20, 20))
    return Edit(
        at=at,
        every=chance.choice([1, 2, 5, LONGEST]),
        path=chance.randrange(10**6),
        act=chance.choice(["set", "set", "set", "drop", "add"]),
        name=chance.choice(_NAMES),
        value=chance.choice([chance.choice(_NUMBERS), chance.choice(_ODD), chance.randrange(200)]),
    )


def edited(value: Any, path: Path, edit: Edit) -> Any:
    """`value` with what stands at `path` changed, itself as it was."""
    if path:
        made: Any = dict(value) if isinstance(value, dict) else list(value)
        if edit.act == "drop" and len(path) == 1:
            del made[path[0]]
        else:
            made[path[0]] = edited(made[path[0]], path[1:], edit)
        return made
    if edit.act == "add" and isinstance(value, dict):
        return value | {edit.name: edit.value}
    if edit.act == "add" and isinstance(value, list):
        return [*value, edit.value, *value[:1]]
    return None if edit.act == "drop" else edit.value


@dataclass(frozen=True, slots=True)
class Events:
    """One stream: `length` events of a wire, from the `first` on and over again, changed in all these ways."""

    wire: str
    first: int
    length: int
    changes: list[list[Edit | Move]]

    def made(self) -> list[Any]:
        """The events in their order, each of which may stand in several places."""
        own = EVENTS[self.wire]
        stream = [own[(self.first + at) % len(own)] for at in range(self.length)]
        for change in chain(*self.changes):
            if isinstance(change, Edit):
                _edit(stream, change)
            else:
                _move(stream, change)
        return stream


def _edit(stream: list[Any], edit: Edit) -> None:
    at = edit.at % len(stream)
    before = stream[at]
    ways = list(paths(before))
    after = edited(before, ways[edit.path % len(ways)], edit)
    same = [place for place in range(at, len(stream)) if stream[place] is before]
    for place in same[:: edit.every]:
        stream[place] = after


def _move(stream: list[Any], move: Move) -> None:
    at, to = sorted((move.at % len(stream), move.to % len(stream)))
    match move.act:
        case "repeat":
            stream[to:to] = stream[at:to]
        case "reverse":
            stream[at:to] = stream[at:to][::-1]
        case "drop":
            del stream[at:to]  # never the last
        case "swap":
            stream[at], stream[to] = stream[to], stream[at]


def as_objects(value: Any, wire: str) -> Any:
    """An event as the SDKs have it, with attributes; Google's in snake case."""
    if isinstance(value, dict):
        named = cast("dict[str, Any]", value).items()
        snake = wire == "google_generate_content"
        return SimpleNamespace(**{_snake(name) if snake else name: as_objects(said, wire) for name, said in named})
    if isinstance(value, list) and not isinstance(value, Deep):
        return [as_objects(said, wire) for said in cast("list[Any]", value)]
    return value


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def events(wires: tuple[str, ...] = WIRES, longest: int = LONGEST) -> st.SearchStrategy[Events]:
    """Streams of these wires, of up to so many events, or more where some are repeated."""
    some = st.integers(0, 2**32).map(changes)
    return st.builds(
        Events,
        wire=st.sampled_from(wires),
        first=st.integers(0, 300),
        length=st.integers(0, 2**32).map(lambda number: 1 + number % longest),  # all of them alike
        changes=st.integers(0, MOST_TIMES).flatmap(lambda many: st.lists(some, min_size=many, max_size=many)),
    )
