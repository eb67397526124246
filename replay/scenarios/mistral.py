"""Mistral, as api.mistral.ai sends it: usage unasked, on the finish chunk; every chunk padded with a `p`.

A reasoning model's `delta.content` is a list of thinking and text parts, and a whole tool call comes in one chunk.
Prices, USD per million tokens: mistral-small-2603 0.15 in, 0.015 cached, 0.60 out; magistral-small-2509 0.50 in,
1.50 out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from string import ascii_lowercase
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
    pieces,
    spaced,
    sse,
)


@dataclass(frozen=True, slots=True)
class _Mistral:
    """Writes one answer, streamed or not."""

    id: str
    model: str = "mistral-small-2603"
    created: int = 1763800700

    def stream(
        self, deltas: Sequence[Mapping[str, Any]], finish: str, usage: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        *first, last = ({"role": "assistant", "content": ""}, *deltas)
        return [
            *(self._chunk(delta, None, at) for at, delta in enumerate(first)),
            {**self._chunk(last, finish, len(first)), "usage": dict(usage)},
        ]

    def completion(self, message: Mapping[str, Any], finish: str, usage: Mapping[str, Any]) -> dict[str, Any]:
        full = {"role": "assistant", "tool_calls": None, "content": "", **message}
        return {
            "id": self.id,
            "created": self.created,
            "model": self.model,
            "usage": dict(usage),
            "object": "chat.completion",
            "choices": [{"index": 0, "finish_reason": finish, "message": full}],
        }

    def _chunk(self, delta: Mapping[str, Any], finish: str | None, at: int) -> dict[str, Any]:
        chunk = {
            "id": self.id,
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": self.model,
            "choices": [{"index": 0, "delta": dict(delta), "finish_reason": finish}],
        }
        return {**chunk, "p": ascii_lowercase[: 1 + 7 * at % 26]} if at else chunk


def _usage(prompt: int, completion: int, *, cached: int = 0) -> dict[str, Any]:
    return {
        "prompt_tokens": prompt,
        "total_tokens": prompt + completion,
        "completion_tokens": completion,
        "prompt_tokens_details": {"cached_tokens": cached},
    }


def _text(text: str) -> list[dict[str, Any]]:
    """The finish chunk, the last one, has an empty text."""
    return [*({"content": piece} for piece in pieces(text, 9)), {"content": ""}]


def _call(call_id: str, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    function = {"name": name, "arguments": spaced(arguments)}
    return {"tool_calls": [{"id": call_id, "type": "function", "function": function, "index": 0}]}


def _thinking(text: str) -> dict[str, Any]:
    return {"type": "thinking", "thinking": [{"type": "text", "text": text}], "closed": True}


_PLAIN = _Mistral("c4a27b00d1e84a5e9f3c6b2a00000001")
_PLAIN_CALL = _Mistral("c4a27b00d1e84a5e9f3c6b2a00000002")
_BOOK = _Mistral("c4a27b00d1e84a5e9f3c6b2a00000003")
_BOOK_CALL = _Mistral("c4a27b00d1e84a5e9f3c6b2a00000004")
_TOOLS = _Mistral("c4a27b00d1e84a5e9f3c6b2a00000005")
_TOOLS_CALL = _Mistral("c4a27b00d1e84a5e9f3c6b2a00000006")
_THINKS = _Mistral("c4a27b00d1e84a5e9f3c6b2a00000007", model="magistral-small-2509")

_scenario = partial(Scenario, service="mistral", model="mistral-small-2603")
_truth = partial(Truth, provider="mistral_ai", response_model="mistral-small-2603", cached_tokens=0)

SCENARIOS: tuple[Scenario, ...] = (
    _scenario(
        id="mistral-plain-stream",
        stream=True,
        kind="plain",
        demo=True,
        events=sse(_PLAIN.stream(_text("Évora keeps a Roman temple."), "stop", _usage(352, 9, cached=320))),
        truth=_truth(
            raw_finish_reasons=("stop",),
            finish_reasons=("stop",),
            response_id="c4a27b00d1e84a5e9f3c6b2a00000001",
            input_tokens=352,
            cached_tokens=320,
            output_tokens=9,
            total_tokens=361,
            cost=((352 - 320) * D("0.15") + 320 * D("0.015") + 9 * D("0.60")) / MILLION,
            events_on_wire=5,
        ),
    ),
    _scenario(
        id="mistral-plain-call",
        stream=False,
        kind="plain",
        demo=True,
        events=body(_PLAIN_CALL.completion({"content": "Elvas has the aqueduct."}, "stop", _usage(21, 8))),
        truth=_truth(
            raw_finish_reasons=("stop",),
            finish_reasons=("stop",),
            response_id="c4a27b00d1e84a5e9f3c6b2a00000002",
            input_tokens=21,
            output_tokens=8,
            total_tokens=29,
            cost=(21 * D("0.15") + 8 * D("0.60")) / MILLION,
        ),
    ),
    _scenario(
        id="mistral-structured-stream",
        stream=True,
        kind="structured",
        tool=BOOK_TOOL,
        events=sse(_BOOK.stream([_call("cmBk1t4m2", BOOK_TOOL, BOOK)], "tool_calls", _usage(131, 34))),
        truth=_truth(
            raw_finish_reasons=("tool_calls",),
            finish_reasons=("tool_call",),
            response_id="c4a27b00d1e84a5e9f3c6b2a00000003",
            input_tokens=131,
            output_tokens=34,
            total_tokens=165,
            cost=(131 * D("0.15") + 34 * D("0.60")) / MILLION,
            events_on_wire=2,
        ),
    ),
    _scenario(
        id="mistral-structured-call",
        stream=False,
        kind="structured",
        tool=BOOK_TOOL,
        events=body(_BOOK_CALL.completion(_call("cmBk2t4m2", BOOK_TOOL, BOOK), "tool_calls", _usage(131, 33))),
        truth=_truth(
            raw_finish_reasons=("tool_calls",),
            finish_reasons=("tool_call",),
            response_id="c4a27b00d1e84a5e9f3c6b2a00000004",
            input_tokens=131,
            output_tokens=33,
            total_tokens=164,
            cost=(131 * D("0.15") + 33 * D("0.60")) / MILLION,
        ),
    ),
    _scenario(
        id="mistral-tools-stream",
        stream=True,
        kind="tools",
        tool=WEATHER_TOOL,
        events=sse(
            _TOOLS.stream(
                [_call("cmWt1k9q7", WEATHER_TOOL, {"city": "Évora"})], "tool_calls", _usage(159, 19, cached=128)
            )
        ),
        truth=_truth(
            raw_finish_reasons=("tool_calls",),
            finish_reasons=("tool_call",),
            response_id="c4a27b00d1e84a5e9f3c6b2a00000005",
            input_tokens=159,
            cached_tokens=128,
            output_tokens=19,
            total_tokens=178,
            cost=((159 - 128) * D("0.15") + 128 * D("0.015") + 19 * D("0.60")) / MILLION,
            events_on_wire=2,
        ),
    ),
    _scenario(
        id="mistral-tools-call",
        stream=False,
        kind="tools",
        tool=WEATHER_TOOL,
        demo=True,
        events=body(
            _TOOLS_CALL.completion(_call("cmWt2k9q7", WEATHER_TOOL, {"city": "Évora"}), "tool_calls", _usage(159, 18))
        ),
        truth=_truth(
            raw_finish_reasons=("tool_calls",),
            finish_reasons=("tool_call",),
            response_id="c4a27b00d1e84a5e9f3c6b2a00000006",
            input_tokens=159,
            output_tokens=18,
            total_tokens=177,
            cost=(159 * D("0.15") + 18 * D("0.60")) / MILLION,
        ),
    ),
    _scenario(
        id="mistral-thinking-stream",
        model="magistral-small-2509",
        stream=True,
        kind="plain",
        events=sse(
            _THINKS.stream(
                [
                    {"content": [_thinking("Two arches")]},
                    {"content": [_thinking(" and a tower.")]},
                    {"content": [_thinking("")], "tool_calls": None},
                    {"content": [{"type": "text", "text": "Three"}]},
                    {"content": "."},
                ],
                "stop",
                _usage(31, 66),
            )
        ),
        truth=_truth(
            raw_finish_reasons=("stop",),
            finish_reasons=("stop",),
            response_model="magistral-small-2509",
            response_id="c4a27b00d1e84a5e9f3c6b2a00000007",
            input_tokens=31,
            output_tokens=66,
            total_tokens=97,
            cost=(31 * D("0.50") + 66 * D("1.50")) / MILLION,
            events_on_wire=6,
        ),
    ),
)
