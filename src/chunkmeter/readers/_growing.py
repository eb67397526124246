"""Texts that come in pieces: kept until they are whole, and followed as JSON without reading them twice."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

__all__ = ["BRACES", "Json", "Nesting", "Parts"]

BRACES = re.compile(r'[{}"]')
_BRACKETS, _IN_STRING = re.compile(r'[{}\[\]"]'), re.compile(r'["\\]')
_LONGEST = 2**24
"""A text that is not whole after so many characters is given up, so that no body can fill the memory.

One piece may be longer, as its sender has it in memory anyway."""


class Nesting:
    """Follows the brackets of JSON through the pieces of a text.

    Args:
        brackets: what finds the brackets that count, or the quote that begins a string.
    """

    def __init__(self, brackets: re.Pattern[str]) -> None:
        self._outside = brackets
        self.depth = 0
        self._in_string = self._escaped = False

    def turns(self, piece: str) -> Iterator[int]:
        """Where in this piece an outermost value begins (its `depth` is 1 then), and where it has ended (0)."""
        at = int(self._escaped and bool(piece))
        self._escaped = self._escaped and not piece
        while found := (_IN_STRING if self._in_string else self._outside).search(piece, at):
            at = found.end()
            match found[0]:
                case "\\":
                    self._escaped = at == len(piece)
                    at += 1
                case '"':
                    self._in_string = not self._in_string
                case "{" | "[":
                    self.depth += 1
                    if self.depth == 1:
                        yield found.start()
                case _ if self.depth:
                    self.depth -= 1
                    if not self.depth:
                        yield at


class Parts:
    """A text that still grows. Its parts are joined only when it is asked for."""

    def __init__(self) -> None:
        self._begin_anew()

    def add(self, part: str) -> None:
        """Add a part. It takes the place of those before it if all would be too long together."""
        if self._length + len(part) > _LONGEST:
            self.clear()
        if not self._length:
            self.begin = part[:1]
        self._length += self._text.write(part)

    def whole(self) -> str:
        """The text so far."""
        return self._text.getvalue()

    def take(self, last: str) -> str:
        """The whole text with `last` at its end. What is added from then on is a new text."""
        whole = self.whole() + last if self._length else last
        self.clear()
        return whole

    def clear(self) -> None:
        """Forget the text: what is added from then on is a new one."""
        if self._length:
            self._begin_anew()

    def _begin_anew(self) -> None:
        self._text = io.StringIO(newline="")  # a list would hold an object for each part, however small
        self._length = 0
        self.begin = ""
        """Its first character."""


class Json(Parts):
    """A text that still grows, and that may be an object or a list in JSON.

    It is one only where its first bracket is closed and nothing but spaces follows, so it need be parsed only there.

    Args:
        prefix: what stands before the JSON.
    """

    def __init__(self, prefix: str = "") -> None:
        self._prefix = prefix
        super().__init__()

    def grow(self, part: str) -> bool:
        """Add a part; whether the text may be whole JSON now. That is so once at most."""
        self.add(part)
        before, part = part[: len(self._missing)], part[len(self._missing) :]
        self._spoilt = self._spoilt or not self._missing.startswith(before)
        self._missing = self._missing[len(before) :]
        if not self._spoilt and not self._nesting.depth:
            self._spoilt = part.lstrip()[:1] not in ("", "{", "[")
        if self._spoilt:
            return False
        for at in self._nesting.turns(part):
            if not self._nesting.depth:
                self._spoilt = True
                return not part[at:].strip()
        return False

    def _begin_anew(self) -> None:
        super()._begin_anew()
        self._missing = self._prefix
        self._nesting = Nesting(_BRACKETS)
        self._spoilt = False
        """Whether nothing that is added can make it JSON any more."""
