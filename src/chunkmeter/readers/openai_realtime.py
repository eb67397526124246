"""OpenAI Realtime: each response of a session says what it alone used, so here they are added up.

https://platform.openai.com/docs/api-reference/realtime-server-events/response/done. What transcribing the user took is
charged at the price of the model that does it, by the token or by the second; the session says which model that is.
What is said again of the same response replaces what was said before.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ..facts.tally import Inner, Tally, Tokens, quantity
from ._usage import Table, add, counts, find
from ._view import View

WIRE = "openai_realtime"
OPERATION = "chat"

COUNTS = Table(
    {
        "input_tokens": ("input_tokens",),
        "cached_tokens": ("input_token_details.cached_tokens",),
        "cached_audio_tokens": ("input_token_details.cached_tokens_details.audio_tokens",),
        "cached_image_tokens": ("input_token_details.cached_tokens_details.image_tokens",),
        "output_tokens": ("output_tokens",),
        "total_tokens": ("total_tokens",),
        "input_audio_tokens": ("input_token_details.audio_tokens",),
        "output_audio_tokens": ("output_token_details.audio_tokens",),
        "input_image_tokens": ("input_token_details.image_tokens",),
    }
)
TRANSCRIBER = ("audio.input.transcription.model", "input_audio_transcription.model")
TRANSCRIBED = "conversation.item.input_audio_transcription.completed"


@dataclass
class Session:
    """What a session said so far.

    Attributes:
        responses: what each response used.
        transcriptions: what each transcription used, where it is charged by the token.
        heard: how many seconds each transcription heard, where it is charged by those.
        model: the model that answers, None in a session that only transcribes.
        transcriber: the model that transcribes.
    """

    responses: dict[str | None, Tokens] = field(default_factory=dict[str | None, Tokens])
    transcriptions: dict[str | None, Tokens] = field(default_factory=dict[str | None, Tokens])
    heard: dict[str | None, float] = field(default_factory=dict[str | None, float])
    model: str | None = None
    transcriber: str | None = None


def read(tally: Tally, event: Any) -> None:
    """Fold one event that the server sent into `tally`."""
    said = View(event)
    kind = said.text("type")
    if kind == "response.created":
        tally.reasons[0] = None
    elif kind == "response.done":
        response = said.object("response")
        tally.response_id = response.text("id") or tally.response_id
        tally.reasons[0] = response.object("status_details").text("reason") or response.text("status")
        used = counts(response.object("usage"), COUNTS)
        if used:
            session = _session(tally)
            session.responses[response.text("id")] = used
            _settle(tally, session)
    elif kind == TRANSCRIBED:
        tally.ended = True
        _transcribed(tally, said.text("item_id"), said.object("usage"))
    elif kind is not None and kind.partition(".")[0] in ("session", "transcription_session"):
        session, said = _session(tally), said.object("session")
        named = (find(said, path) for path in TRANSCRIBER)
        session.model = said.text("model") or session.model
        session.transcriber = next((name for name in named if name and isinstance(name, str)), session.transcriber)
        tally.response_model = session.model or session.transcriber or tally.response_model
        _settle(tally, session)


def _session(tally: Tally) -> Session:
    if not isinstance(tally.usage, Session):
        tally.usage, tally.count_tokens = Session(), tokens
    return tally.usage


def _transcribed(tally: Tally, item: str | None, usage: View) -> None:
    session, used, seconds = _session(tally), counts(usage, COUNTS), quantity(usage.get("seconds"))
    if used:
        session.transcriptions[item] = used
    elif seconds is not None:
        session.heard[item] = seconds
    _settle(tally, session)


def _settle(tally: Tally, session: Session) -> None:
    """Say which model is charged for what."""
    # A session that only transcribes is a call of the model that does it, and so is one whose models nobody named.
    alone = not session.responses and session.model is None
    seconds = sum(session.heard.values())
    tally.use("audio_second" if alone else f"model:{session.transcriber or 'transcription'}", seconds)
    if session.transcriptions and not alone:
        tally.several_models = session.transcriber is None
        answered = [Inner(_sum(session.responses.values()))] if session.responses else []
        heard = _sum(session.transcriptions.values())
        tally.inner = [] if session.transcriber is None else [*answered, Inner(heard, session.transcriber)]


def _sum(parts: Iterable[Tokens]) -> Tokens:
    total = Tokens()
    for part in parts:
        total = add(total, part)
    return total


def tokens(usage: Session) -> Tokens:
    """The sum over all that the session did."""
    return _sum((*usage.responses.values(), *usage.transcriptions.values()))
