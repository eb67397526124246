"""Google generateContent: usage on every event, cumulative; thoughts lie outside `candidatesTokenCount`.

total = prompt + candidates + thoughts, output is the latter two; no sentinel, CRLF line ends.
Prices, USD per million tokens: gemini-2.5-flash 0.30 in, 0.03 cached, 2.50 out; gemini-2.5-flash-lite
0.10, 0.01, 0.40.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from replay.scenarios.base import BOOK, BOOK_TOOL, MILLION, WEATHER_TOOL, D, Scenario, Truth, compact, pieces


@dataclass(frozen=True, slots=True)
class _Gemini:
    """Writes one answer, streamed or not."""

    id: str
    model: str = "gemini-2.5-flash"

    def stream(
        self,
        parts: Sequence[Sequence[Mapping[str, Any]]],
        finish: str,
        usages: Sequence[Mapping[str, Any]],
    ) -> tuple[bytes, ...]:
        last = len(parts) - 1
        events = (
            self.event(content, finish if at == last else None, usage)
            for at, (content, usage) in enumerate(zip(parts, usages, strict=True))
        )
        # Blanks after colons but not after commas: that is how Google streams.
        return tuple(f"data: {json.dumps(event, separators=(',', ': '))}\r\n\r\n".encode() for event in events)

    def call(self, content: Sequence[Mapping[str, Any]], finish: str, usage: Mapping[str, Any]) -> tuple[bytes, ...]:
        return (json.dumps(self.event(content, finish, usage), indent=2).encode(),)

    def event(
        self, content: Sequence[Mapping[str, Any]], finish: str | None, usage: Mapping[str, Any]
    ) -> dict[str, Any]:
        candidate: dict[str, Any] = {"content": {"parts": [dict(part) for part in content], "role": "model"}}
        if finish is not None:
            candidate["finishReason"] = finish
        return {
            "candidates": [{**candidate, "index": 0}],
            "usageMetadata": dict(usage),
            "modelVersion": self.model,
            "responseId": self.id,
        }


def _usage(prompt: int, candidates: int | None, *, thoughts: int = 0, cached: int = 0) -> dict[str, Any]:
    """Google leaves out what is zero."""
    usage: dict[str, Any] = {"promptTokenCount": prompt}
    if candidates is not None:
        usage["candidatesTokenCount"] = candidates
    usage["totalTokenCount"] = prompt + (candidates or 0) + thoughts
    if cached:
        usage["cachedContentTokenCount"] = cached
    usage["promptTokensDetails"] = [{"modality": "TEXT", "tokenCount": prompt}]
    if cached:
        usage["cacheTokensDetails"] = [{"modality": "TEXT", "tokenCount": cached}]
    return {**usage, "thoughtsTokenCount": thoughts} if thoughts else usage


def _texts(text: str, size: int) -> list[list[dict[str, Any]]]:
    return [[{"text": piece}] for piece in pieces(text, size)]


def _call(name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {"functionCall": {"name": name, "args": dict(arguments)}}


_PLAIN = _Gemini("cm1aaPlainStreamAAAAAAAAAA")
_PLAIN_CALL = _Gemini("cm2aaPlainCallAAAAAAAAAAAA")
_BOOK = _Gemini("cm3aaBookStreamAAAAAAAAAAA")
_BOOK_CALL = _Gemini("cm4aaBookCallAAAAAAAAAAAAA")
_TOOLS = _Gemini("cm5aaToolsStreamAAAAAAAAAA")
_TOOLS_CALL = _Gemini("cm6aaToolsCallAAAAAAAAAAAA")
_LENGTH_CALL = _Gemini("cm7aaLengthCallAAAAAAAAAAA", model="gemini-2.5-flash-lite")

_scenario = partial(Scenario, service="google", model="gemini-2.5-flash")
_truth = partial(Truth, provider="gcp.gemini", response_model="gemini-2.5-flash")

SCENARIOS: tuple[Scenario, ...] = (
    _scenario(
        id="google-plain-stream",
        stream=True,
        kind="plain",
        demo=True,
        events=_PLAIN.stream(
            _texts("Tomar was the seat of the Templars.", 12),
            "STOP",
            [
                _usage(2600, 4, thoughts=61, cached=2048),
                _usage(2600, 8, thoughts=61, cached=2048),
                _usage(2600, 11, thoughts=61, cached=2048),
            ],
        ),
        truth=_truth(
            raw_finish_reasons=("STOP",),
            finish_reasons=("stop",),
            response_id="cm1aaPlainStreamAAAAAAAAAA",
            input_tokens=2600,
            cached_tokens=2048,
            output_tokens=72,  # 11 + 61
            total_tokens=2672,
            reasoning_tokens=61,
            cost=((2600 - 2048) * D("0.30") + 2048 * D("0.03") + (11 + 61) * D("2.50")) / MILLION,
            events_on_wire=3,
        ),
    ),
    _scenario(
        id="google-plain-call",
        stream=False,
        kind="plain",
        demo=True,
        events=_PLAIN_CALL.call([{"text": "Nazare has the waves."}], "STOP", _usage(19, 6, thoughts=33)),
        truth=_truth(
            raw_finish_reasons=("STOP",),
            finish_reasons=("stop",),
            response_id="cm2aaPlainCallAAAAAAAAAAAA",
            input_tokens=19,
            output_tokens=39,  # 6 + 33
            total_tokens=58,
            reasoning_tokens=33,
            cost=(19 * D("0.30") + (6 + 33) * D("2.50")) / MILLION,
        ),
    ),
    _scenario(
        # In JSON mode, the only way Mirascope has here, it still offers the tool but reads the text.
        id="google-structured-stream",
        stream=True,
        kind="structured",
        tool=BOOK_TOOL,
        events=_BOOK.stream(_texts(compact(BOOK), 24), "STOP", [_usage(74, None), _usage(74, 11), _usage(74, 21)]),
        truth=_truth(
            raw_finish_reasons=("STOP",),
            finish_reasons=("stop",),
            response_id="cm3aaBookStreamAAAAAAAAAAA",
            input_tokens=74,
            output_tokens=21,
            total_tokens=95,
            cost=(74 * D("0.30") + 21 * D("2.50")) / MILLION,
            events_on_wire=3,
        ),
    ),
    _scenario(
        id="google-structured-call",
        stream=False,
        kind="structured",
        tool=BOOK_TOOL,
        events=_BOOK_CALL.call([_call(BOOK_TOOL, BOOK)], "STOP", _usage(88, 19, thoughts=47)),
        truth=_truth(
            raw_finish_reasons=("STOP",),
            finish_reasons=("stop",),
            response_id="cm4aaBookCallAAAAAAAAAAAAA",
            input_tokens=88,
            output_tokens=66,  # 19 + 47
            total_tokens=154,
            reasoning_tokens=47,
            cost=(88 * D("0.30") + (19 + 47) * D("2.50")) / MILLION,
        ),
    ),
    _scenario(
        id="google-tools-stream",
        stream=True,
        kind="tools",
        tool=WEATHER_TOOL,
        demo=True,
        # Two calls in one event: Mirascope yields that event twice, and it still counts once.
        events=_TOOLS.stream(
            [
                [{"text": "Looking at both."}],
                [_call(WEATHER_TOOL, {"city": "Tomar"}), _call(WEATHER_TOOL, {"city": "Nazare"})],
            ],
            "STOP",
            [_usage(64, 4, thoughts=52), _usage(64, 31, thoughts=52)],
        ),
        truth=_truth(
            raw_finish_reasons=("STOP",),
            finish_reasons=("stop",),
            response_id="cm5aaToolsStreamAAAAAAAAAA",
            input_tokens=64,
            output_tokens=83,  # 31 + 52
            total_tokens=147,
            reasoning_tokens=52,
            cost=(64 * D("0.30") + (31 + 52) * D("2.50")) / MILLION,
            events_on_wire=2,
        ),
    ),
    _scenario(
        id="google-tools-call",
        stream=False,
        kind="tools",
        tool=WEATHER_TOOL,
        events=_TOOLS_CALL.call([_call(WEATHER_TOOL, {"city": "Tomar"})], "STOP", _usage(64, 15, thoughts=40)),
        truth=_truth(
            raw_finish_reasons=("STOP",),
            finish_reasons=("stop",),
            response_id="cm6aaToolsCallAAAAAAAAAAAA",
            input_tokens=64,
            output_tokens=55,  # 15 + 40
            total_tokens=119,
            reasoning_tokens=40,
            cost=(64 * D("0.30") + (15 + 40) * D("2.50")) / MILLION,
        ),
    ),
    _scenario(
        id="google-length-call",
        model="gemini-2.5-flash-lite",
        stream=False,
        kind="plain",
        events=_LENGTH_CALL.call([{"text": "Sagres is where"}], "MAX_TOKENS", _usage(11, 4)),
        truth=_truth(
            raw_finish_reasons=("MAX_TOKENS",),
            finish_reasons=("length",),
            response_model="gemini-2.5-flash-lite",
            response_id="cm7aaLengthCallAAAAAAAAAAA",
            input_tokens=11,
            output_tokens=4,
            total_tokens=15,
            cost=(11 * D("0.10") + 4 * D("0.40")) / MILLION,
        ),
    ),
)
