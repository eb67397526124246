"""OpenAI's responses, as api.openai.com sends them: named and numbered events, the last of which has the whole answer.

Prices, USD per million tokens: gpt-5-nano 0.05 in, 0.005 cached, 0.40 out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from replay.scenarios.base import (
    BOOK,
    BOOK_TOOL,
    MILLION,
    WEATHER_TOOL,
    D,
    Scenario,
    Truth,
    body,
    compact,
    pieces,
    spaced,
)

_MODEL = "gpt-5-nano-2025-08-07"
_Item = tuple[Mapping[str, Any], str]
"""An item of the output, whole, and the text of it that comes in pieces."""


@dataclass(frozen=True, slots=True)
class _Responses:
    """Writes one answer, streamed or not."""

    id: str
    created: int = 1763800300

    def stream(self, item: _Item, usage: Mapping[str, Any]) -> tuple[bytes, ...]:
        begun = self.response([], "in_progress", None)
        events: list[dict[str, Any]] = [
            {"type": "response.created", "response": begun},
            {"type": "response.in_progress", "response": begun},
            *_events(*item),
            {"type": "response.completed", "response": self.response([item[0]], "completed", usage)},
        ]
        numbered = ({**event, "sequence_number": number} for number, event in enumerate(events))
        return tuple(f"event: {event['type']}\ndata: {compact(event)}\n\n".encode() for event in numbered)

    def response(
        self, output: Sequence[Mapping[str, Any]], status: str, usage: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": "response",
            "created_at": self.created,
            "status": status,
            "background": False,
            "error": None,
            "incomplete_details": None,
            "instructions": None,
            "max_output_tokens": None,
            "model": _MODEL,
            "output": list(output),
            "parallel_tool_calls": True,
            "previous_response_id": None,
            "reasoning": {"effort": "medium", "summary": None},
            "service_tier": "auto" if usage is None else "default",
            "store": True,
            "temperature": 1.0,
            "text": {"format": {"type": "text"}, "verbosity": "medium"},
            "tool_choice": "auto",
            "tools": [],
            "top_p": 1.0,
            "truncation": "disabled",
            "usage": usage,
            "user": None,
            "metadata": {},
        }


def _message(number: int, text: str) -> _Item:
    part = {"type": "output_text", "annotations": [], "logprobs": [], "text": text}
    item = {
        "id": f"msg_cm{number:04}", "type": "message", "status": "completed", "content": [part], "role": "assistant",
    }  # fmt: skip
    return item, text


def _call(number: int, name: str, arguments: str) -> _Item:
    item = {
        "id": f"fc_cm{number:04}", "type": "function_call", "status": "completed", "arguments": arguments,
        "call_id": f"call_cm{number:04}", "name": name,
    }  # fmt: skip
    return item, arguments


def _events(item: Mapping[str, Any], text: str) -> Iterator[dict[str, Any]]:
    """What comes between the events about the whole answer."""
    whole: dict[str, Any] = {"item_id": item["id"], "output_index": 0}
    is_call = item["type"] == "function_call"
    begun = {**item, "status": "in_progress", **({"arguments": ""} if is_call else {"content": []})}
    yield {"type": "response.output_item.added", "output_index": 0, "item": begun}
    if is_call:
        for piece in pieces(text, 12):
            yield {"type": "response.function_call_arguments.delta", **whole, "delta": piece}
        yield {"type": "response.function_call_arguments.done", **whole, "arguments": text, "name": item["name"]}
    else:
        at, (part,) = {**whole, "content_index": 0}, item["content"]
        yield {"type": "response.content_part.added", **at, "part": {**part, "text": ""}}
        for piece in pieces(text, 12):
            yield {"type": "response.output_text.delta", **at, "delta": piece, "logprobs": []}
        yield {"type": "response.output_text.done", **at, "text": text, "logprobs": []}
        yield {"type": "response.content_part.done", **at, "part": part}
    yield {"type": "response.output_item.done", "output_index": 0, "item": item}


def _usage(put_in: int, put_out: int, *, cached: int = 0, reasoning: int = 0) -> dict[str, Any]:
    return {
        "input_tokens": put_in,
        "input_tokens_details": {"cached_tokens": cached, "cache_write_tokens": 0},
        "output_tokens": put_out,
        "output_tokens_details": {"reasoning_tokens": reasoning},
        "total_tokens": put_in + put_out,
    }


_PLAIN = "resp_cm00000000000000000000000001"
_PLAIN_CALL = "resp_cm00000000000000000000000002"
_BOOK = "resp_cm00000000000000000000000003"
_BOOK_CALL = "resp_cm00000000000000000000000004"
_TOOLS = "resp_cm00000000000000000000000005"
_TOOLS_CALL = "resp_cm00000000000000000000000006"

_scenario = partial(Scenario, service="responses", model="gpt-5-nano")
_truth = partial(
    Truth,
    provider="openai",
    response_model=_MODEL,
    raw_finish_reasons=("completed",),
    finish_reasons=("stop",),
    cache_write_tokens=0,
    service_tier="default",
)

SCENARIOS: tuple[Scenario, ...] = (
    _scenario(
        id="responses-plain-stream",
        stream=True,
        kind="plain",
        events=_Responses(_PLAIN).stream(
            _message(1, "Beja sees far over the wheat."), _usage(1500, 210, cached=1280, reasoning=192)
        ),
        truth=_truth(
            response_id=_PLAIN,
            input_tokens=1500,
            cached_tokens=1280,
            output_tokens=210,
            reasoning_tokens=192,
            total_tokens=1710,
            cost=((1500 - 1280) * D("0.05") + 1280 * D("0.005") + 210 * D("0.40")) / MILLION,
            events_on_wire=11,
        ),
    ),
    _scenario(
        id="responses-plain-call",
        stream=False,
        kind="plain",
        events=body(
            _Responses(_PLAIN_CALL).response(
                [_message(2, "Moura glows.")[0]], "completed", _usage(25, 71, reasoning=64)
            )
        ),
        truth=_truth(
            response_id=_PLAIN_CALL,
            input_tokens=25,
            cached_tokens=0,
            output_tokens=71,
            reasoning_tokens=64,
            total_tokens=96,
            cost=(25 * D("0.05") + 71 * D("0.40")) / MILLION,
        ),
    ),
    _scenario(
        id="responses-structured-stream",
        stream=True,
        kind="structured",
        tool=BOOK_TOOL,
        events=_Responses(_BOOK).stream(_message(3, spaced(BOOK)), _usage(88, 150, reasoning=128)),
        truth=_truth(
            response_id=_BOOK,
            input_tokens=88,
            cached_tokens=0,
            output_tokens=150,
            reasoning_tokens=128,
            total_tokens=238,
            cost=(88 * D("0.05") + 150 * D("0.40")) / MILLION,
            events_on_wire=14,
        ),
    ),
    _scenario(
        id="responses-structured-call",
        stream=False,
        kind="structured",
        tool=BOOK_TOOL,
        events=body(
            _Responses(_BOOK_CALL).response([_message(4, spaced(BOOK))[0]], "completed", _usage(88, 149, reasoning=128))
        ),
        truth=_truth(
            response_id=_BOOK_CALL,
            input_tokens=88,
            cached_tokens=0,
            output_tokens=149,
            reasoning_tokens=128,
            total_tokens=237,
            cost=(88 * D("0.05") + 149 * D("0.40")) / MILLION,
        ),
    ),
    _scenario(
        id="responses-tools-stream",
        stream=True,
        kind="tools",
        tool=WEATHER_TOOL,
        events=_Responses(_TOOLS).stream(
            _call(5, WEATHER_TOOL, compact({"city": "Beja"})), _usage(66, 87, reasoning=64)
        ),
        truth=_truth(
            response_id=_TOOLS,
            input_tokens=66,
            cached_tokens=0,
            output_tokens=87,
            reasoning_tokens=64,
            total_tokens=153,
            cost=(66 * D("0.05") + 87 * D("0.40")) / MILLION,
            events_on_wire=8,
        ),
    ),
    _scenario(
        id="responses-tools-call",
        stream=False,
        kind="tools",
        tool=WEATHER_TOOL,
        events=body(
            _Responses(_TOOLS_CALL).response(
                [_call(6, WEATHER_TOOL, compact({"city": "Beja"}))[0]], "completed", _usage(66, 86, reasoning=64)
            )
        ),
        truth=_truth(
            response_id=_TOOLS_CALL,
            input_tokens=66,
            cached_tokens=0,
            output_tokens=86,
            reasoning_tokens=64,
            total_tokens=152,
            cost=(66 * D("0.05") + 86 * D("0.40")) / MILLION,
        ),
    ),
)
