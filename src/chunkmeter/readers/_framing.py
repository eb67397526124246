"""The events in a raw body, server-sent events or JSON, given in lines or in pieces of any size.

https://html.spec.whatwg.org/multipage/server-sent-events.html. An event is given out as soon as its data is whole JSON,
since the blank line after it may never come: line iterators are filtered, and bodies end early.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any, cast

__all__ = ["Framing", "is_raw"]

_BOM = "\ufeff"
_DONE = "[DONE]"
_LINE_END = re.compile(r"\r\n|\n|\r")
_OUTSIDE, _IN_STRING = re.compile(r'[{}"]'), re.compile(r'["\\]')
_LONGEST = 2**24
"""Characters; what has no end by then is given up, so that no body can fill the memory."""


def is_raw(item: Any) -> bool:
    """Whether an item of a stream is a piece of a body, or a server-sent event as its client library gives it."""
    return isinstance(item, str | bytes | bytearray | memoryview) or isinstance(getattr(item, "data", None), str)


class Framing:
    """Makes events out of one body: parsed JSON objects, and the text of data that is no JSON."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._format: _Lines | _Objects | None = None

    def feed(self, item: Any) -> list[Any]:
        """The events that are whole with `item`: a line without its end, a piece of the body, or an event."""
        if isinstance(item, bytes | bytearray | memoryview):
            text = self._decoder.decode(bytes(cast("bytes", item)))
            if item and not text:
                return []  # half a character
        elif isinstance(item, str):
            text = item
        else:
            data = getattr(item, "data", None)
            return _data(data) if isinstance(data, str) else []
        if self._format is None:
            text = text.removeprefix(_BOM)
            begin = text.lstrip()[:1]
            if not begin:
                return []
            self._format = _Objects() if begin in "{[" else _Lines()
        return list(self._format.feed(text))


class _Lines:
    """Server-sent events."""

    def __init__(self) -> None:
        self._in_pieces = False
        """Whether a line end has been seen: then items are pieces of text, until then they may be lines without."""
        self._rest = _Parts()
        self._spent = False
        """Whether the line under way has given its event."""
        self._cut_at_cr = False
        self._data = _Parts()

    def feed(self, text: str) -> Iterator[Any]:
        if not self._in_pieces:
            if not _LINE_END.search(text):
                events = self._line(text)
                # It may have been the beginning of a line all the same.
                if events or not text:
                    self._rest.clear()
                else:
                    self._rest.add(text)
                yield from events
                return
            self._in_pieces = True
            self._data.clear()
        if self._cut_at_cr:
            text = text.removeprefix("\n")
        self._cut_at_cr = text.endswith("\r")
        *lines, rest = _LINE_END.split(text)
        for line in lines:
            line = self._rest.take(line)
            if not self._spent:
                yield from self._line(line)
            self._spent = False
        self._rest.add(rest)
        if rest.endswith("}") and not self._spent:
            name, _, value = self._rest.whole().partition(":")
            events = _objects(value) if name == "data" else []
            self._spent = bool(events)
            yield from events

    def _line(self, line: str) -> list[Any]:
        if not line:
            return _data(self._data.take("").removesuffix("\n"))
        name, _, value = line.partition(":")
        if name != "data":
            return []
        self._data.add(value.removeprefix(" ") + "\n")
        events = _objects(value)
        if not events and _may_end(value):  # else every line of a text would join all those before it
            events = _objects(self._data.whole())
        if events or value.strip() == _DONE:
            self._data.clear()
        return events


class _Objects:
    """JSON lines, an array of objects, or objects one after the other."""

    def __init__(self) -> None:
        self._under_way = _Parts()
        self._depth = 0
        self._in_string = self._escaped = False

    def feed(self, text: str) -> Iterator[Any]:
        start, at = 0, int(self._escaped and bool(text))
        self._escaped = self._escaped and not text
        while found := (_IN_STRING if self._in_string else _OUTSIDE).search(text, at):
            at = found.end()
            match found[0]:
                case "\\":
                    self._escaped = at == len(text)
                    at += 1
                case '"':
                    self._in_string = not self._in_string
                case "{":
                    start = start if self._depth else found.start()
                    self._depth += 1
                case _:
                    self._depth = max(0, self._depth - 1)
                    if not self._depth:
                        yield from _objects(self._under_way.take(text[start:at]))
                        start = at
        if self._depth:
            self._under_way.add(text[start:])


class _Parts:
    """Text that is still growing, joined only when it is asked for."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0

    def add(self, part: str) -> None:
        self._length += len(part)
        if self._length > _LONGEST:
            self.clear()
        self._parts.append(part)

    def whole(self) -> str:
        return "".join(self._parts)

    def take(self, last: str) -> str:
        """All of it with its last part, and begin anew."""
        whole = self.whole() + last if self._parts else last
        self.clear()
        return whole

    def clear(self) -> None:
        self._parts.clear()
        self._length = 0


def _data(text: str) -> list[Any]:
    """What the data of one server-sent event is."""
    return _objects(text) or ([text] if text and text != _DONE else [])


def _may_end(text: str) -> bool:
    """Whether JSON that has objects can end so."""
    return text.rstrip()[-1:] in ("}", "]")


def _objects(text: str) -> list[Any]:
    """The objects in a JSON text, itself one or a list of them; none where it is something else."""
    if not _may_end(text):
        return []
    try:
        value = json.loads(text.strip())
    except (ValueError, RecursionError):  # no JSON, or more brackets than anyone means
        return []
    values = cast("list[Any]", value if isinstance(value, list) else [value])
    return [item for item in values if isinstance(item, dict)]
