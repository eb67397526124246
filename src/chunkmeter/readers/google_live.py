"""Gemini Live: each turn says what it alone used, so turns are added up; within one, the last usage counts.

https://ai.google.dev/api/live#usagemetadata. A turn's prompt is the session so far, which is charged anew each time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..facts.tally import Tally, Tokens
from . import google_generate_content
from ._grounding import used
from ._usage import add
from ._view import View

WIRE = "google_live"
OPERATION = "generate_content"
REASONS = False

ANSWERING = ("model_turn", "output_transcription")


@dataclass(slots=True)
class Session:
    """What the turns of a session used, in tokens and in items: those before the last, and the last."""

    before: Tokens = field(default_factory=Tokens)
    turn: Tokens = field(default_factory=Tokens)
    items_before: dict[str, float] = field(default_factory=dict[str, float])
    items: dict[str, float] = field(default_factory=dict[str, float])

    def next(self) -> Session:
        """The session as its next turn begins."""
        return Session(add(self.before, self.turn), items_before=self.all_items())

    def all_items(self) -> dict[str, float]:
        """The items of all turns."""
        names = self.items_before.keys() | self.items.keys()
        return {name: self.items_before.get(name, 0) + self.items.get(name, 0) for name in names}


def read(tally: Tally, event: Any) -> None:
    """Fold one message of the server into `tally`."""
    said = View(event)
    content = said.object("server_content")
    answers = said.tool_call is not None or any(content.get(name) is not None for name in ANSWERING)
    # The usage of a turn may come after it: the next one begins with the next answer.
    session = tally.usage if isinstance(tally.usage, Session) else Session()
    if answers and tally.ended:
        tally.ended = False
        session = session.next()
    if content.turn_complete is True:
        tally.ended = True
    metadata = content.get("grounding_metadata")
    if isinstance(metadata, View):
        session.items |= used(tally, [metadata], known=session.items)
        for item, number in session.all_items().items():
            tally.use(item, number)
    said_usage = said.object("usage_metadata")
    tally.service_tier = google_generate_content.tier_of(said_usage) or tally.service_tier
    session.turn = google_generate_content.tokens(said_usage) or session.turn
    if session.turn or session.before or session.all_items():
        tally.usage, tally.count_tokens = session, tokens


def tokens(usage: Session) -> Tokens:
    """The sum over all turns."""
    return add(usage.before, usage.turn)
