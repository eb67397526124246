"""Collects the text that a raw event adds to the answer, to estimate its tokens where the provider counts none.

Text is all that is charged for as output and can be seen: text, reasoning, refusals, names and arguments of tool calls.
Left out are repetitions of earlier events, and what is no text: audio, images, signatures.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, cast

from . import _wires, bedrock_invoke
from ._message import Message, message_of
from ._view import View

__all__ = ["TABLE", "as_json", "texts"]

Paths = tuple[str, ...]
"""Dotted paths, which go through lists by themselves. Of names with a `|` between them the first that has a value is
taken: some services say the same under two names, or send the whole text so far beside a delta."""


def _under(place: str, *paths: str) -> Paths:
    return tuple(f"{place}.{path}" for path in paths)


# A path ends at a text. Under these names, which are those of a tool call's arguments, it may end at an object.
_OBJECTS = frozenset({"args", "arguments", "input", "parameters"})
_FUNCTION = ("function.name", "function.arguments")
_DELTA = "choices.delta|message"
_BLOCK = ("text", "thinking", "name")

ANY, OTHER, DELTAS = "*", "", ".delta"
# Where the text is, by wire and by kind of event. An event's kind is its `type`, else the first kind here that it has
# a field of. ANY stands for all events of a wire, DELTAS for all kinds that end with it, OTHER for whole answers.
TABLE: dict[str, dict[str, Paths]] = {
    "anthropic_complete": {ANY: ("completion",)},
    "anthropic_messages": {
        "message_start": _under("message.content", *_BLOCK, "input"),
        "content_block_start": _under("content_block", *_BLOCK),
        "content_block_delta": _under("delta", "text", "thinking", "partial_json", "content"),
        "message": _under("content", *_BLOCK, "input"),
    },
    "bedrock_converse": {
        ANY: (
            "contentBlockStart.start.toolUse.name",
            *_under("contentBlockDelta.delta", "text", "toolUse.input", "reasoningContent.text"),
            *_under("output.message.content", "text", "toolUse.name", "toolUse.input"),
            "output.message.content.reasoningContent.reasoningText.text",
        )
    },
    # Models whose chunks have no wire of their own: Titan, Claude 2, Llama, Mistral and Cohere's older ones.
    "bedrock_invoke": {
        ANY: ("outputText|completion|generation|text", "results.outputText", "generations.text", "outputs.text")
    },
    "cohere": {
        "content-start": _under("delta.message.content", "text", "thinking"),
        "content-delta": _under("delta.message.content", "text", "thinking"),
        "tool-plan-delta": ("delta.message.tool_plan",),
        "tool-call-start": _under("delta.message.tool_calls", *_FUNCTION),
        "tool-call-delta": _under("delta.message.tool_calls", *_FUNCTION),
        "text-generation": ("text",),
        "tool-calls-chunk": ("text", *_under("tool_call_delta", "text", "name", "parameters")),
        OTHER: (
            *("text", "tool_calls.name", "tool_calls.parameters"),
            *_under("message", "content.text", "content.thinking", "tool_plan", *_under("tool_calls", *_FUNCTION)),
        ),
    },
    "google_generate_content": {
        ANY: _under(
            "candidates.content.parts", "text", "executable_code.code", "function_call.name", "function_call.args"
        )
    },
    "google_interactions": {
        DELTAS: _under("delta", "text", "content.text", "name", "arguments"),
        "step.start": ("step.name",),
        OTHER: (
            *_under("outputs", "text", "summary.text", "name", "arguments"),
            *_under("steps", "content.text", "summary.text", "name", "arguments"),
        ),
    },
    "google_live": {
        ANY: (*_under("server_content.model_turn.parts", "text"), *_under("tool_call.function_calls", "name", "args"))
    },
    "mistral_conversations": {
        "message.output.delta": ("content", "content.text"),
        "function.call.delta": ("name", "arguments"),
        OTHER: _under("outputs", "content", "content.text", "name", "arguments"),
    },
    "mlx": {ANY: ("text",)},
    "ollama": {
        ANY: (*_under("message", "thinking", "content", *_under("tool_calls", *_FUNCTION)), "thinking", "response")
    },
    "openai_assistants": {
        ANY: (
            *_under("delta.content", "text.value", "refusal"),
            *_under("delta.step_details.tool_calls", *_FUNCTION, "code_interpreter.input"),
        )
    },
    "openai_chat": {
        ANY: (
            f"{_DELTA}|text",  # DeepSeek on Bedrock has `text` alone, Together has it beside the delta
            *_under(_DELTA, "content", "content.text", "content.thinking.text"),  # Mistral's content has parts
            *_under(_DELTA, "reasoning_content|reasoning", "refusal", *_under("tool_calls", *_FUNCTION)),
            *_under(_DELTA, "function_call.name", "function_call.arguments"),
        )
    },
    "openai_completions": {ANY: ("choices.text", "choices.delta.content")},  # Hugging Face has the second
    "cohere_rerank": {ANY: ()},
    "native_embeddings": {ANY: ()},
    "openai_embeddings": {ANY: ()},
    "openai_images": {OTHER: ()},
    "openai_realtime": {
        "response.text.delta": ("delta",),
        "response.output_text.delta": ("delta",),
        "response.function_call_arguments.delta": ("delta",),
        "response.output_item.added": ("item.name",),
        "conversation.item.input_audio_transcription.completed": ("transcript",),
    },
    "openai_responses": {
        DELTAS: ("delta",),
        "response.audio.delta": (),
        "response.output_item.added": ("item.name",),
        OTHER: _under("output", "content.text", "content.refusal", "summary.text", "name", "arguments", "input"),
    },
    "openai_transcription": {
        "transcript.text.delta": ("delta",),
        "transcription.text.delta": ("text",),
        "transcription.language": (),
        "transcription.segment": (),
        "speech.audio.delta": (),
        "speech.audio.done": (),
        OTHER: ("text",),
    },
    "tgi": {"token": ("token.text",), OTHER: ("generated_text",)},
    "watsonx": {ANY: ("results.generated_text",)},
    "xai_sdk": {ANY: ("outputs.delta.content", "outputs.delta.reasoning_content", "outputs.message.content")},
}
# Wires where an SDK's event may hold that of the wire as `data`.
_HELD = frozenset({"mistral_conversations", "openai_assistants", "openai_chat"})


class _Step(NamedTuple):
    """A step that several paths share: its possible names, whether a path ends there, and the steps that follow."""

    names: tuple[str, ...]
    ends: bool
    inside: tuple[_Step, ...]


def _steps(paths: Iterable[str]) -> tuple[_Step, ...]:
    rests: dict[str, list[str]] = {}
    for path in paths:
        first, _, rest = path.partition(".")
        rests.setdefault(first, []).append(rest)
    return tuple(
        _Step(tuple(first.split("|")), "" in rest, _steps(path for path in rest if path))
        for first, rest in rests.items()
    )


_MESSAGES = frozenset({"google_generate_content", "xai_sdk"})
"""Wires whose events may be messages of protocol buffers."""
_STEPS = {wire: {kind: _steps(paths) for kind, paths in kinds.items()} for wire, kinds in TABLE.items()}


def texts(wire: str, event: Any) -> list[str]:
    """The pieces of text that one raw event adds to the answer.

    Args:
        wire: the name of the event's wire.
        event: the SDK's event object, or its JSON as a dict.
    """
    if wire == "bedrock_invoke":
        event = bedrock_invoke.body_of(event, first=True)
        own = _wires.of(event) if event is not None else None
        wire = own if own in bedrock_invoke.MODELS else wire
    said = (message_of(event) if wire in _MESSAGES else None) or View(event)
    if wire in _HELD and said.choices is None:
        said = said.object("data", said)
    found: list[str] = []
    _add(found, said, _steps_for(said, _STEPS[wire]))
    return found


def _steps_for(said: View, kinds: Mapping[str, tuple[_Step, ...]]) -> tuple[_Step, ...]:
    if ANY in kinds:
        return kinds[ANY]
    kind = said.text("type", "event_type")
    if kind is None:
        kind = next((name for name in kinds if said.get(name) is not None), OTHER)
    elif kind not in kinds and kind.endswith(DELTAS):
        kind = DELTAS
    return kinds.get(kind, ())


def _add(found: list[str], said: View, steps: tuple[_Step, ...]) -> None:
    for names, ends, inside in steps:
        name, value = "", None
        for name in names:
            value = said.get(name)
            if value is not None and value != "":
                break
        if isinstance(value, str):
            if value and ends:
                found.append(value)
        elif isinstance(value, View):
            if ends and name in _OBJECTS and (text := as_json(value)):
                found.append(text)
            _add(found, value, inside)
        elif isinstance(value, list) and inside:
            for item in cast("list[Any]", value):
                if isinstance(item, View):
                    _add(found, item, inside)


def as_json(said: View) -> str | None:
    """An object as JSON; None where it can't be written as such."""
    raw = said.raw
    try:
        if isinstance(said, Message):
            from google.protobuf.json_format import MessageToDict  # installed, since the message is of that package

            raw = MessageToDict(raw)
        elif hasattr(raw, "model_dump"):
            raw = raw.model_dump(mode="json", exclude_none=True)
        return json.dumps(raw, ensure_ascii=False, default=str) if isinstance(raw, dict) else None
    except (TypeError, ValueError, RecursionError):
        return None
