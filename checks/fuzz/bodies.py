"""The items that an HTTP client gives of a body, lines or pieces cut anywhere, and what doesn't belong there."""

from __future__ import annotations

import base64
import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle
from types import SimpleNamespace
from typing import Any, cast

from hypothesis import strategies as st

from checks.fuzz.events import Deep

__all__ = ["BODIES", "Body", "chunks_of_bedrock"]

_MOST = 2000
"""Items of one body; what comes after is cut off."""
_ENDS = re.compile(r"(\r\n|\n|\r)")
_JUNK = [
    b"\xff\xfe",
    b"\x00",
    b"\xef\xbb\xbf",
    b"\r",
    b"\n\n",
    b"{",
    b"}]",
    b'"',
    b"\\",
    b"data: ",
    b": x\n",
    b"data: [DONE]\n\n",
]
_JUNK += [b"\n\ndata: " + b"[" * 20_000 + b"]" * 20_000 + b"\n\n"]
_STRANGE: list[Any] = [
    None,
    7,
    {},
    [],
    (),
    (None,),
    "",
    b"",
    object(),
    SimpleNamespace(data=None),
    (b"",),
    {"usage": 7},
]


@dataclass(frozen=True, slots=True)
class Body:
    """How a body is written, damaged, cut and handed out."""

    framing: str
    ends: list[str]
    mark: str
    items: str
    sizes: list[int]
    junk: list[tuple[int, bytes]]
    strange: list[tuple[int, int]]

    @property
    def intact(self) -> bool:
        """Whether all numbers in it are those of the events."""
        return not self.junk

    def made(self, events: list[Any]) -> list[Any]:
        """The items of a body that has these events."""
        if self.items == "client events":
            items: list[Any] = [SimpleNamespace(event="message", data=said) for said in _all_json(events)]
        else:
            items = _ITEMS[self.items](self._written(events), self.sizes)
        for at, which in self.strange:
            items.insert(at % (len(items) + 1), _STRANGE[which])
        return items

    def _written(self, events: list[Any]) -> bytes:
        said, ends = _all_json(events), cycle(self.ends)
        match self.framing:
            case "server-sent events":
                text = "".join(f"data: {event}{next(ends)}{next(ends)}" for event in said)
            case "lines":
                text = "".join(f"{event}{next(ends)}" for event in said)
            case "array":
                text = f"[{(',' + self.ends[0]).join(said)}]"
            case _:
                text = "".join(said)
        body = bytearray((self.mark + text).encode())
        for at, junk in self.junk:
            at %= len(body) + 1
            body[at:at] = junk
        return bytes(body)


def _all_json(events: list[Any]) -> list[str]:
    distinct = {id(event): event for event in events}
    written = {key: _json(event) for key, event in distinct.items()}
    return [written[id(event)] for event in events]


def _json(event: Any) -> str:
    """As `json.dumps` writes it, which fails of lists as deep as a `Deep` has them on Python 3.12."""
    deep = dict[str, str]()

    def marked(value: Any) -> Any:
        if isinstance(value, Deep):
            depth = value.depth()
            mark = f"\0{depth} lists"
            deep[json.dumps(mark)] = "[" * depth + "]" * depth
            return mark
        if isinstance(value, dict):
            return {name: marked(inner) for name, inner in cast("dict[str, Any]", value).items()}
        if isinstance(value, list):
            return [marked(inner) for inner in cast("list[Any]", value)]
        return value

    text = json.dumps(marked(event), default=repr)
    for mark, lists in deep.items():
        text = text.replace(mark, lists)
    return text


def _pieces(body: bytes, sizes: list[int]) -> list[bytes]:
    made, at = list[bytes](), 0
    for size in cycle(sizes):
        if at >= len(body) or len(made) == _MOST:
            return made
        made.append(body[at : at + size])
        at += size
    return made


def _text(body: bytes, sizes: list[int]) -> list[str]:
    return [piece.decode("latin-1") for piece in _pieces(body, sizes)]


def _lines(body: bytes, _: list[int]) -> list[str]:
    return _ENDS.split(body.decode(errors="replace"))[: 2 * _MOST : 2]


def _lines_with_ends(body: bytes, _: list[int]) -> list[bytes]:
    return body.splitlines(keepends=True)[:_MOST]


_ITEMS: dict[str, Callable[[bytes, list[int]], list[Any]]] = {
    "bytes": _pieces,
    "bytearrays": lambda body, sizes: [bytearray(piece) for piece in _pieces(body, sizes)],
    "views": lambda body, sizes: [memoryview(piece) for piece in _pieces(body, sizes)],
    "pairs": lambda body, sizes: [(piece, True) for piece in _pieces(body, sizes)],
    "text": _text,
    "lines": _lines,
    "lines without blank ones": lambda body, sizes: [line for line in _lines(body, sizes) if line],
    "lines of bytes": lambda body, sizes: [line.encode() for line in _lines(body, sizes)],
    "lines with ends": _lines_with_ends,
}


def body(number: int) -> Body:
    """One of very many, see `fuzz_events.changes`."""
    chance = random.Random(number)

    def some(draw: Callable[[], Any], most: int, least: int = 0) -> list[Any]:
        return [draw() for _ in range(chance.randint(least, most))]

    def junk() -> tuple[int, bytes]:
        return chance.randrange(100_000), chance.choice([chance.choice(_JUNK), chance.randbytes(4)])

    return Body(
        framing=chance.choice(["server-sent events", "lines", "array", "one after the other"]),
        ends=some(lambda: chance.choice(["\n", "\r\n", "\r"]), 3, 1),
        mark=chance.choice(["", "\ufeff"]),
        items=chance.choice([*_ITEMS, "client events"]),
        sizes=some(lambda: chance.randint(1, chance.choice([10, 100, 400])), 4, 1),
        junk=some(junk, 6) if chance.random() < 0.5 else [],
        strange=some(lambda: (chance.randrange(_MOST), chance.randrange(len(_STRANGE))), 2),
    )


BODIES = st.integers(0, 2**32).map(body)


def chunks_of_bedrock(events: list[Any], damage: list[tuple[int, bytes]]) -> list[Any]:
    """The events as Bedrock's SDK hands them out, each JSON in a chunk: bytes, or as they stand on the wire."""
    written = [said.encode() for said in _all_json(events)]
    made: list[Any] = [body if at % 5 else base64.b64encode(body).decode() for at, body in enumerate(written)]
    for at, junk in damage:
        at %= len(made) or 1
        made[at : at + 1] = [
            junk + said if isinstance(said, bytes) else junk.decode("latin-1") + said for said in made[at : at + 1]
        ]
    return [{"chunk": {"bytes": said}} for said in made]
