"""Finds the events in a raw body: server-sent events or JSON, which comes in lines or in pieces of any size.

https://html.spec.whatwg.org/multipage/server-sent-events.html. An event is given out as soon as its data is whole JSON.
The blank line after it may never come, since some line iterators leave it out and some bodies end early.

Whatever comes, in whatever pieces, each character is looked at a fixed number of times: brackets are counted as they
come, and a text is joined and parsed only where its brackets are closed for the first time.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any, cast

from ._growing import BRACES, Json, Nesting, Parts
from ._view import attributes_of_model

__all__ = ["Framing", "is_event", "is_raw"]

_BOM = "\ufeff"
_DONE = "[DONE]"
_LINE_END = re.compile(r"\r\n|\n|\r")
_BLANK = f"{_BOM} \t\r\n"
# The beginning of a body, or of its first field where no more has come yet.
_BEGIN = re.compile(r"[{\[:]|(?:data|event|id|retry):|(?:d|da|dat|data|e|ev|eve|even|event|i|id|r|re|ret|retr|retry)\Z")
_LONGEST_FIELD = len("event:")


def is_raw(item: Any) -> bool:
    """Whether an item of a stream is a piece of a body, or a server-sent event as a client library hands it out."""
    return isinstance(item, str | bytes | bytearray | memoryview) or isinstance(getattr(item, "data", None), str)


def is_event(item: Any) -> bool:
    """Whether an item is neither raw nor a pair, which of an SDK's object is quickly told by the names that it has."""
    attributes = attributes_of_model(type(item))
    if attributes is None or "data" in attributes or "data" in item.__dict__ or isinstance(item, tuple):
        return False
    extra = getattr(item, "__pydantic_extra__", None)
    return not extra or "data" not in extra


class Framing:
    """Finds the events in one body. An event is a parsed JSON object, or the text of data that is no JSON."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._format: _Lines | _Objects | None = None
        self._head = ""

    @property
    def is_text(self) -> bool:
        """Whether it has begun as no body does: neither by JSON nor by a field or a comment of an event."""
        return bool(self._head) and not _BEGIN.match(self._head)

    @property
    def at_rest(self) -> bool:
        """Whether nothing is under way, so that an event in the next piece stands in it alone."""
        return isinstance(self._format, _Lines) and self._format.at_rest

    def passed_over(self) -> None:
        """A piece that is one whole event was left out, while nothing was under way."""
        if isinstance(self._format, _Lines):
            self._format.passed_over()

    def feed(self, item: Any) -> list[Any]:
        """The events that `item` completes. It is a line without its end, a piece of a body, or a server-sent event."""
        if not item and self.at_rest:
            return []
        if isinstance(item, bytes | bytearray | memoryview):
            text = self._decoder.decode(bytes(cast("bytes", item)))
            if item and not text:
                return []  # a part of one character
        elif isinstance(item, str):
            text = item
        else:
            data = getattr(item, "data", None)
            return _data(data) if isinstance(data, str) else []
        if len(self._head) < _LONGEST_FIELD:
            self._head = (self._head + text[:_LONGEST_FIELD]).lstrip(_BLANK)[:_LONGEST_FIELD]
        if self._format is None:
            text = text.removeprefix(_BOM)
            begin = text.lstrip()[:1]
            if not begin:
                return []
            self._format = _Objects() if begin in "{[" else _Lines()
        return list(self._format.feed(text))


class _Lines:
    """Finds the events in a body of server-sent events."""

    def __init__(self) -> None:
        self._in_pieces = False
        """Whether a line end has been seen. Until then each item may be a line without its end; afterwards none is."""
        self._rest = Json("data:")
        self._spent = False
        """Whether the line that is not whole yet has already given its event."""
        self._cut_at_cr = False
        self._data = Json()
        self._blank = False
        """Whether a blank line has come in the middle of it."""
        self._again = Json()
        """What came after that, from where another event may have begun."""

    @property
    def at_rest(self) -> bool:
        begun = self._rest.begin or self._spent or self._cut_at_cr if self._in_pieces else ""
        return not (begun or self._data.begin or self._again.begin)

    def passed_over(self) -> None:
        self._rest.clear()  # a line before it that had no event

    def feed(self, text: str) -> Iterator[Any]:
        if not self._in_pieces:
            if not _LINE_END.search(text):
                events = self._line(text)
                # The text may also be the beginning of a line.
                if events or not text:
                    self._rest.clear()
                else:
                    self._rest.grow(text)
                yield from events
                return
            self._in_pieces = True
            self._clear()
        if self._cut_at_cr:
            text = text.removeprefix("\n")
        self._cut_at_cr = text.endswith("\r")
        *lines, rest = _LINE_END.split(text)
        for line in lines:
            line = self._rest.take(line)
            if not self._spent:
                yield from self._line(line)
            self._spent = False
        if self._rest.grow(rest) and not self._spent:
            events = _objects(self._rest.whole().partition(":")[2])
            self._spent = bool(events)
            yield from events

    def _line(self, line: str) -> list[Any]:
        name, _, value = line.partition(":")
        if not self._in_pieces and self._data.begin in ("{", "["):
            return self._cut_line(line, name, value)
        if not line:
            return _data(self._data.take("").removesuffix("\n"))
        if name != "data":
            return []
        return self._whole(value) or self._add(value.removeprefix(" ") + "\n")

    def _cut_line(self, line: str, name: str, value: str) -> list[Any]:
        """A line while JSON is unfinished: the rest of one that was cut in two, or the begin of another event.

        `str.splitlines`, by which httpx cuts lines, also cuts at U+0085, U+2028 and U+2029, which JSON may hold as they
        are. A blank line may be one of these, or the end of an event that was never finished.
        """
        self._blank = self._blank or not line
        if name != "data":
            return self._add(line)
        events = _objects(value)
        if events:
            self._clear()
            return events
        if not self._blank:
            return self._add(value.removeprefix(" ") + "\n")
        begins = value.lstrip()[:1] in ("{", "[")
        if begins:
            self._again.clear()
            self._again.grow(value + "\n")
        return self._add(line, again=not begins)

    def _whole(self, value: str) -> list[Any]:
        """The events that a line of data has by itself."""
        events = _objects(value)
        if events or value.strip() == _DONE:
            self._clear()
        return events

    def _add(self, text: str, *, again: bool = True) -> list[Any]:
        """More of the data under way, and its events if they are whole now."""
        under_way = (self._again, self._data) if again and self._blank else (self._data,)
        for data in [each for each in under_way if each.grow(text)]:
            if events := _objects(data.whole()):
                self._clear()
                return events
        return []

    def _clear(self) -> None:
        self._data.clear()
        self._again.clear()
        self._blank = False


class _Objects:
    """Finds the events in a body of JSON: lines, an array of objects, or objects one after the other."""

    def __init__(self) -> None:
        self._under_way = Parts()
        self._nesting = Nesting(BRACES)

    def feed(self, text: str) -> Iterator[Any]:
        start = 0
        for at in self._nesting.turns(text):
            if self._nesting.depth:
                start = at
            else:
                yield from _objects(self._under_way.take(text[start:at]))
        if self._nesting.depth:
            self._under_way.add(text[start:])


def _data(text: str) -> list[Any]:
    """The events in the data of one server-sent event."""
    return _objects(text) or ([text] if text and text != _DONE else [])


def _may_end(text: str) -> bool:
    """Whether a JSON text that has objects can end as `text` does."""
    return text.rstrip()[-1:] in ("}", "]")


def _objects(text: str) -> list[Any]:
    """The objects in a JSON text that is an object or a list of them; none where the text is anything else."""
    if not _may_end(text):
        return []
    try:
        value = json.loads(text.strip(), strict=False)  # a line end may stand where a line was cut
    except (ValueError, RecursionError):  # no JSON, or brackets nested too deep
        return []
    values = cast("list[Any]", value if isinstance(value, list) else [value])
    return [item for item in values if isinstance(item, dict)]
