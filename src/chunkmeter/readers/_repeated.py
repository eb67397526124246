"""Pieces of a body that repeat an earlier one but for the text in them: told without a look at their JSON.

Most events of a stream are the same, character by character, but for a word of the answer. Where such a text is all
that differs, and has nothing in it that JSON or the framing goes by, the piece is one whole event, as the earlier was.
"""

from __future__ import annotations

import re
from typing import Any

__all__ = ["Repeated"]

_NAMES = rb"content|reasoning_content|reasoning|text|thinking|partial_json|obfuscation"
"""Names of texts that tell no reader whether an event is quiet."""
_BYTES = re.compile(rb'"(?:%b)" ?: ?"([^"\\\r\n]*)"' % _NAMES)
_TEXT = re.compile(_BYTES.pattern.decode())
_IN_BYTES, _IN_TEXT = re.compile(rb'[^"\\\r\n]*'), re.compile(r'[^"\\\r\n]*')


class Repeated:
    """What surrounds the texts in the last quiet piece of a body."""

    __slots__ = ("_kind", "_parts", "_text")

    def __init__(self) -> None:
        self._kind: Any = None
        """Whether the piece was text or bytes; None where there has been none that has a text to differ by."""
        self._parts: list[Any] = []
        self._text: Any = _IN_TEXT

    def learn(self, piece: Any) -> None:
        """Remember a piece that was one whole event, and that event quiet."""
        self._kind = None
        if type(piece) not in (str, bytes):
            return
        parts: list[Any] = []
        at = 0
        named: Any = _TEXT if isinstance(piece, str) else _BYTES
        for found in named.finditer(piece):
            parts.append(piece[at : found.start(1)])
            at = found.end(1)
        if parts:
            self._kind, self._parts = type(piece), [*parts, piece[at:]]
            self._text = _IN_TEXT if isinstance(piece, str) else _IN_BYTES

    def fits(self, piece: Any) -> bool:
        """Whether a piece differs from the remembered one in its texts alone."""
        if type(piece) is not self._kind or not piece.startswith(self._parts[0]):
            return False
        at = len(self._parts[0])
        for part in self._parts[1:]:
            at = self._text.match(piece, at).end()
            if not piece.startswith(part, at):
                return False
            at += len(part)
        return at == len(piece)
