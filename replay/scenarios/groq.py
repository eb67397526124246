"""Groq, as api.groq.com sends it to Mirascope, which does not ask for usage: it comes in `x_groq` only.

The usage rides on the finish chunk, and no chunk is without choices.
Prices, USD per million tokens: llama-3.3-70b 0.59 in, 0.79 out; gpt-oss-20b 0.075 in, 0.0375 cached,
0.30 out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    sse,
)


@dataclass(frozen=True, slots=True)
class _Groq:
    """Writes one answer, streamed or not."""

    id: str
    request: str
    model: str = "llama-3.3-70b-versatile"
    created: int = 1763800100
    fingerprint: str = "fp_4cfc2deea6"

    def stream(
        self, deltas: Sequence[Mapping[str, Any]], finish: str, usage: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        first, *rest = deltas
        return [
            {**self._chunk(first), "x_groq": {"id": self.request, "seed": 1204667012}},
            *(self._chunk(delta) for delta in rest),
            {**self._chunk({}, finish), "x_groq": {"id": self.request, "usage": dict(usage)}},
        ]

    def completion(self, message: Mapping[str, Any], finish: str, usage: Mapping[str, Any]) -> dict[str, Any]:
        full = {"role": "assistant", **message}
        return {
            "id": self.id,
            "object": "chat.completion",
            "created": self.created,
            "model": self.model,
            "choices": [{"index": 0, "message": full, "logprobs": None, "finish_reason": finish}],
            "usage": dict(usage),
            "usage_breakdown": None,
            "system_fingerprint": self.fingerprint,
            "x_groq": {"id": self.request, "seed": 1204667012},
            "service_tier": "on_demand",
        }

    def _chunk(self, delta: Mapping[str, Any], finish: str | None = None) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": self.model,
            "system_fingerprint": self.fingerprint,
            "choices": [{"index": 0, "delta": dict(delta), "logprobs": None, "finish_reason": finish}],
        }


def _usage(prompt: int, completion: int, **details: Mapping[str, int]) -> dict[str, Any]:
    return {
        "queue_time": 0.041520249,
        "prompt_tokens": prompt,
        "prompt_time": 0.010407901,
        "completion_tokens": completion,
        "completion_time": 0.046601227,
        "total_tokens": prompt + completion,
        "total_time": 0.057009128,
        **details,
    }


def _text(text: str) -> list[dict[str, Any]]:
    return [{"role": "assistant", "content": ""}, *({"content": piece} for piece in pieces(text, 8))]


def _call(call_id: str, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": compact(arguments)}}


def _called(call: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Groq streams a call in one piece."""
    return [{"role": "assistant", "content": None}, {"tool_calls": [{**call, "index": 0}]}]


_PLAIN = _Groq("chatcmpl-0b1f6a52-9d0e-4c53-8a51-c4a200000001", "req_01kcm0000000000000000001")
_PLAIN_CALL = _Groq("chatcmpl-0b1f6a52-9d0e-4c53-8a51-c4a200000002", "req_01kcm0000000000000000002")
_BOOK = _Groq("chatcmpl-0b1f6a52-9d0e-4c53-8a51-c4a200000003", "req_01kcm0000000000000000003")
_BOOK_CALL = _Groq("chatcmpl-0b1f6a52-9d0e-4c53-8a51-c4a200000004", "req_01kcm0000000000000000004")
_TOOLS = _Groq("chatcmpl-0b1f6a52-9d0e-4c53-8a51-c4a200000005", "req_01kcm0000000000000000005")
_TOOLS_CALL = _Groq("chatcmpl-0b1f6a52-9d0e-4c53-8a51-c4a200000006", "req_01kcm0000000000000000006")
_REASONS = _Groq(
    "chatcmpl-0b1f6a52-9d0e-4c53-8a51-c4a200000007",
    "req_01kcm0000000000000000007",
    model="openai/gpt-oss-20b",
    fingerprint="fp_3d587a02fb",
)

_scenario = partial(Scenario, service="groq", model="llama-3.3-70b-versatile")
_truth = partial(Truth, provider="groq", response_model="llama-3.3-70b-versatile")

SCENARIOS: tuple[Scenario, ...] = (
    _scenario(
        id="groq-plain-stream",
        stream=True,
        kind="plain",
        demo=True,
        events=sse(_PLAIN.stream(_text("Faro has more storks than streets."), "stop", _usage(43, 11))),
        truth=_truth(
            raw_finish_reasons=("stop",),
            finish_reasons=("stop",),
            response_id="chatcmpl-0b1f6a52-9d0e-4c53-8a51-c4a200000001",
            input_tokens=43,
            output_tokens=11,
            total_tokens=54,
            cost=(43 * D("0.59") + 11 * D("0.79")) / MILLION,
            events_on_wire=7,
        ),
    ),
    _scenario(
        id="groq-plain-call",
        stream=False,
        kind="plain",
        demo=True,
        events=body(_PLAIN_CALL.completion({"content": "Braga rings."}, "stop", _usage(39, 5))),
        truth=_truth(
            raw_finish_reasons=("stop",),
            finish_reasons=("stop",),
            response_id="chatcmpl-0b1f6a52-9d0e-4c53-8a51-c4a200000002",
            input_tokens=39,
            output_tokens=5,
            total_tokens=44,
            service_tier="on_demand",
            cost=(39 * D("0.59") + 5 * D("0.79")) / MILLION,
        ),
    ),
    _scenario(
        id="groq-structured-stream",
        stream=True,
        kind="structured",
        tool=BOOK_TOOL,
        events=sse(_BOOK.stream(_called(_call("cmbk1t4m2", BOOK_TOOL, BOOK)), "tool_calls", _usage(268, 29))),
        truth=_truth(
            raw_finish_reasons=("tool_calls",),
            finish_reasons=("tool_call",),
            response_id="chatcmpl-0b1f6a52-9d0e-4c53-8a51-c4a200000003",
            input_tokens=268,
            output_tokens=29,
            total_tokens=297,
            cost=(268 * D("0.59") + 29 * D("0.79")) / MILLION,
            events_on_wire=3,
        ),
    ),
    _scenario(
        id="groq-structured-call",
        stream=False,
        kind="structured",
        tool=BOOK_TOOL,
        events=body(
            _BOOK_CALL.completion({"tool_calls": [_call("cmbk2t4m2", BOOK_TOOL, BOOK)]}, "tool_calls", _usage(268, 27))
        ),
        truth=_truth(
            raw_finish_reasons=("tool_calls",),
            finish_reasons=("tool_call",),
            response_id="chatcmpl-0b1f6a52-9d0e-4c53-8a51-c4a200000004",
            input_tokens=268,
            output_tokens=27,
            total_tokens=295,
            service_tier="on_demand",
            cost=(268 * D("0.59") + 27 * D("0.79")) / MILLION,
        ),
    ),
    _scenario(
        id="groq-tools-stream",
        stream=True,
        kind="tools",
        tool=WEATHER_TOOL,
        demo=True,
        events=sse(
            _TOOLS.stream(_called(_call("cmwt1k9q7", WEATHER_TOOL, {"city": "Faro"})), "tool_calls", _usage(231, 17))
        ),
        truth=_truth(
            raw_finish_reasons=("tool_calls",),
            finish_reasons=("tool_call",),
            response_id="chatcmpl-0b1f6a52-9d0e-4c53-8a51-c4a200000005",
            input_tokens=231,
            output_tokens=17,
            total_tokens=248,
            cost=(231 * D("0.59") + 17 * D("0.79")) / MILLION,
            events_on_wire=3,
        ),
    ),
    _scenario(
        id="groq-tools-call",
        stream=False,
        kind="tools",
        tool=WEATHER_TOOL,
        events=body(
            _TOOLS_CALL.completion(
                {"tool_calls": [_call("cmwt2k9q7", WEATHER_TOOL, {"city": "Faro"})]},
                "tool_calls",
                _usage(231, 15),
            )
        ),
        truth=_truth(
            raw_finish_reasons=("tool_calls",),
            finish_reasons=("tool_call",),
            response_id="chatcmpl-0b1f6a52-9d0e-4c53-8a51-c4a200000006",
            input_tokens=231,
            output_tokens=15,
            total_tokens=246,
            service_tier="on_demand",
            cost=(231 * D("0.59") + 15 * D("0.79")) / MILLION,
        ),
    ),
    _scenario(
        id="groq-reasoning-stream",
        model="openai/gpt-oss-20b",
        stream=True,
        kind="plain",
        events=sse(
            _REASONS.stream(
                [
                    {"role": "assistant", "content": ""},
                    {"channel": "analysis", "reasoning": "Two cities, one river. "},
                    {"channel": "analysis", "reasoning": "Answer: the Douro."},
                    {"content": "The Douro."},
                ],
                "stop",
                _usage(
                    640,
                    38,
                    prompt_tokens_details={"cached_tokens": 512},
                    completion_tokens_details={"reasoning_tokens": 23},
                ),
            )
        ),
        truth=_truth(
            raw_finish_reasons=("stop",),
            finish_reasons=("stop",),
            response_model="openai/gpt-oss-20b",
            response_id="chatcmpl-0b1f6a52-9d0e-4c53-8a51-c4a200000007",
            input_tokens=640,
            cached_tokens=512,
            output_tokens=38,
            total_tokens=678,
            reasoning_tokens=23,
            cost=((640 - 512) * D("0.075") + 512 * D("0.0375") + 38 * D("0.30")) / MILLION,
            events_on_wire=5,
        ),
    ),
)
