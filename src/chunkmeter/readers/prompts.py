"""Collects the text that a request gives the model, to estimate its tokens where the provider counts none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from ._usage import find
from ._view import View, view
from .texts import as_json

__all__ = ["PARAMETERS", "Prompt", "prompt_of"]

# A request's parameters that have text, under the names of all providers. Google's `config` holds some of them. Tools
# and schemas are read as JSON, since no provider says what text it makes of them.
_MESSAGES = (
    *("system", "instructions", "system_instruction", "preamble"),
    *("chat_history", "message", "messages", "contents", "input", "inputs", "inputText", "prompt"),
)
_DEFINITIONS = ("tools", "functions", "toolConfig.tools", "response_format.json_schema", "text.format.schema")
# Parameters that only name what the model reads, and don't hold it.
_ELSEWHERE = (
    *("previous_response_id", "previous_interaction_id", "conversation", "conversation_id", "assistant_id"),
    *("thread_id", "cached_content", "documents", "connectors"),
)
PARAMETERS = frozenset(path.partition(".")[0] for path in (*_MESSAGES, *_DEFINITIONS, *_ELSEWHERE))
"""The names of all parameters that `prompt_of` looks at."""

# Fields of a message or of a part of one: those that are text or hold it, those that are an object, those that are no
# text, and those that have no tokens.
_HOLDERS = (
    *("name", "content", "parts", "text", "message", "thinking", "refusal", "summary", "reasoning_content"),
    *("reasoning_text", "tool_calls", "function", "custom", "function_call", "function_response", "tool_use"),
    *("tool_result", "tool_results", "call", "outputs", "executable_code", "code", "code_execution_result", "output"),
)
_OBJECTS = ("arguments", "args", "input", "parameters", "response", "json")
_MEDIA = (
    *("image", "image_url", "input_audio", "audio", "video", "file", "file_id", "file_data", "file_url"),
    *("inline_data", "document", "source", "uri", "file_uri", "mime_type", "media_type", "encrypted_content"),
)
_NOTHING = ("cachePoint", "cache_point")


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt: how many messages it has, and all its text."""

    messages: int
    texts: list[str]


class _UnreadableError(ValueError):
    """The prompt has something whose tokens can't be estimated."""


def prompt_of(given: Any) -> Prompt | None:
    """The text of a request's messages, instructions, tools and schemas.

    Args:
        given: the request's parameters by name, or the messages alone.

    Returns:
        The prompt; None where there is none, or where a part of it is no text here: an image, a file, a cache, a
        conversation that the provider keeps.
    """
    said = view(given if isinstance(given, Mapping) else {"messages": given})
    try:
        config = said.object("config")
        if any(place.get(name) for place in (said, config) for name in _ELSEWHERE):
            return None
        messages = [message for place in (said, config) for name in _MESSAGES for message in _listed(place.get(name))]
        texts = [text for message in messages for text in _texts(message)]
        defined = [one for place in (said, config) for path in _DEFINITIONS for one in _listed(find(place, path))]
        texts += [_json(one) for one in defined]
    except (_UnreadableError, RecursionError):
        return None
    return Prompt(len(messages), texts) if messages else None


def _listed(found: Any) -> list[Any]:
    if found is None:
        return []
    return cast("list[Any]", found) if isinstance(found, list) else [found]


def _texts(found: Any) -> Iterator[str]:
    if isinstance(found, str):
        yield found
    elif isinstance(found, list):
        for item in cast("list[Any]", found):
            yield from _texts(view(item))
    elif isinstance(found, View):
        yield from _texts_in(found)
    else:
        raise _UnreadableError


def _texts_in(said: View) -> Iterator[str]:
    if any(said.get(name) for name in _MEDIA):
        raise _UnreadableError
    held = [(name, value) for name in (*_HOLDERS, *_OBJECTS) if (value := _held(said, name)) is not None]
    if not held and not any(said.get(name) for name in _NOTHING):
        raise _UnreadableError
    role = said.text("role")
    if role is not None:
        yield role
    for name, value in held:
        yield from [_json(value)] if name in _OBJECTS else _texts(value)


def _held(said: View, name: str) -> Any:
    found = said.get(name)
    if isinstance(found, View) and callable(found.raw):
        return None  # a method of an SDK's object
    if name == "text" and said.get("parts") is not None:
        return None  # Vertex AI's objects repeat the text of their parts
    return found


def _json(found: Any) -> str:
    text = found if isinstance(found, str) else as_json(found) if isinstance(found, View) else None
    if text is None:
        raise _UnreadableError
    return text
