"""Raw events as the objects that the SDKs make of them, and what a reader makes of either."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import anthropic.types
import openai.types.chat
from google.genai import types as google

from chunkmeter.facts.tally import Tally
from chunkmeter.readers import for_event, for_wire

__all__ = ["Json", "anthropic_sdk", "fold", "fold_told", "google_sdk", "openai_sdk"]

Json = dict[str, Any]
_ANTHROPIC: dict[str, Any] = {
    "message_start": anthropic.types.RawMessageStartEvent,
    "content_block_delta": anthropic.types.RawContentBlockDeltaEvent,
    "message_delta": anthropic.types.RawMessageDeltaEvent,
    "message_stop": anthropic.types.RawMessageStopEvent,
    "message": anthropic.types.Message,
}


def openai_sdk(event: Json) -> Any:
    return openai.types.chat.ChatCompletionChunk.construct(None, **copy.deepcopy(event))


def google_sdk(event: Json) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the SDK's own, of words it doesn't know
        return google.GenerateContentResponse.model_validate(event)


def anthropic_sdk(event: Json) -> Any:
    kind = _ANTHROPIC.get(event["type"])
    return event if kind is None else kind.construct(None, **event)


def fold(wire: str, *events: Any) -> Tally:
    """What a wire's reader makes of its events."""
    tally, reader = Tally(wire), for_wire(wire)
    for event in events:
        reader.read(tally, event)
    return tally


def fold_told(*events: Any, wire: str | None = None) -> Tally:
    """The same, by the reader that the first event tells where no wire is named."""
    return fold(wire or for_event(events[0]).wire, *events)
