"""Amazon Bedrock's converse: binary frames, `messageStop` says why, `metadata` after it says how much.

Neither model nor id is in the answer; the request's id is a header of it. `inputTokens` leave the cache out: the truth
here adds cache reads and writes.
Prices, USD per million tokens: us.anthropic.claude-haiku-4-5 1.10 in, 5.50 out; us.anthropic.claude-sonnet-4-5 3.30 in,
0.33 cache read, 4.125 cache write, 16.50 out; amazon.nova-lite 0.06 in, 0.24 out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from string import ascii_letters
from typing import Any

from replay.scenarios.base import BOOK, BOOK_TOOL, MILLION, WEATHER_TOOL, D, Scenario, Truth, body, pieces, spaced
from replay.scenarios.eventstream import event

_HAIKU = "us.anthropic.claude-haiku-4-5-20251001-v1:0"


def _stream(blocks: Iterable[Iterable[Mapping[str, Any]]], stop: str, usage: Mapping[str, Any]) -> tuple[bytes, ...]:
    """Every event is padded, as Bedrock does, so that its length does not give the token away."""
    events: list[tuple[str, dict[str, Any]]] = [("messageStart", {"role": "assistant"})]
    for index, block in enumerate(blocks):
        for part in block:
            kind = "contentBlockStart" if "start" in part else "contentBlockDelta"
            events.append((kind, {"contentBlockIndex": index, **part}))
        events.append(("contentBlockStop", {"contentBlockIndex": index}))
    events.append(("messageStop", {"stopReason": stop}))
    events.append(("metadata", {"metrics": {"latencyMs": 529}, "usage": dict(usage)}))
    return tuple(
        event(kind, {**said, "p": ascii_letters[: 2 + 11 * at % 47]}) for at, (kind, said) in enumerate(events)
    )


def _call(content: Iterable[Mapping[str, Any]], stop: str, usage: Mapping[str, Any]) -> tuple[bytes, ...]:
    message = {"content": [dict(block) for block in content], "role": "assistant"}
    said = {"metrics": {"latencyMs": 611}, "output": {"message": message}, "stopReason": stop}
    return body({**said, "usage": dict(usage)})


def _usage(fresh: int, output: int, *, read: int | None = None, written: int | None = None) -> dict[str, int]:
    """Counts of cached tokens are there only where there is a cache; each stands there twice."""
    usage = {"inputTokens": fresh, "outputTokens": output, "totalTokens": fresh + (read or 0) + (written or 0) + output}
    if read is None or written is None:
        return usage
    counts = {"cacheReadInputTokens": read, "cacheWriteInputTokens": written}
    return {**counts, "cacheReadInputTokenCount": read, "cacheWriteInputTokenCount": written, **usage}


def _text(text: str) -> list[dict[str, Any]]:
    return [{"delta": {"text": piece}} for piece in pieces(text, 10)]


def _used(use_id: str, name: str, arguments: Mapping[str, Any]) -> list[dict[str, Any]]:
    inputs = ["", *pieces(spaced(arguments), 9)]
    return [
        {"start": {"toolUse": {"name": name, "toolUseId": use_id}}},
        *({"delta": {"toolUse": {"input": piece}}} for piece in inputs),
    ]


def _use(use_id: str, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {"toolUse": {"input": dict(arguments), "name": name, "toolUseId": use_id}}


def _request(number: int) -> dict[str, str]:
    return {"x-amzn-requestid": f"c4a2be00-0000-4aaa-8bbb-{number:012}"}


_scenario = partial(Scenario, service="bedrock", model=_HAIKU)
_truth = partial(Truth, provider="aws.bedrock", response_model=None, response_id=None)

SCENARIOS: tuple[Scenario, ...] = (
    _scenario(
        id="bedrock-plain-stream",
        stream=True,
        kind="plain",
        demo=True,
        headers=_request(1),
        events=_stream([_text("Almeida is a star of twelve points.")], "end_turn", _usage(23, 13)),
        truth=_truth(
            raw_finish_reasons=("end_turn",),
            finish_reasons=("stop",),
            input_tokens=23,
            output_tokens=13,
            total_tokens=36,
            cost=(23 * D("1.10") + 13 * D("5.50")) / MILLION,
            events_on_wire=8,
        ),
    ),
    _scenario(
        id="bedrock-plain-call",
        stream=False,
        kind="plain",
        demo=True,
        headers=_request(2),
        events=_call([{"text": "Sortelha sleeps."}], "end_turn", _usage(18, 9)),
        truth=_truth(
            raw_finish_reasons=("end_turn",),
            finish_reasons=("stop",),
            input_tokens=18,
            output_tokens=9,
            total_tokens=27,
            cost=(18 * D("1.10") + 9 * D("5.50")) / MILLION,
        ),
    ),
    _scenario(
        id="bedrock-structured-stream",
        stream=True,
        kind="structured",
        tool=BOOK_TOOL,
        headers=_request(3),
        events=_stream([_used("tooluse_cmBook1", BOOK_TOOL, BOOK)], "tool_use", _usage(612, 58)),
        truth=_truth(
            raw_finish_reasons=("tool_use",),
            finish_reasons=("tool_call",),
            input_tokens=612,
            output_tokens=58,
            total_tokens=670,
            cost=(612 * D("1.10") + 58 * D("5.50")) / MILLION,
            events_on_wire=14,
        ),
    ),
    _scenario(
        id="bedrock-structured-call",
        stream=False,
        kind="structured",
        tool=BOOK_TOOL,
        headers=_request(4),
        events=_call([_use("tooluse_cmBook2", BOOK_TOOL, BOOK)], "tool_use", _usage(612, 57)),
        truth=_truth(
            raw_finish_reasons=("tool_use",),
            finish_reasons=("tool_call",),
            input_tokens=612,
            output_tokens=57,
            total_tokens=669,
            cost=(612 * D("1.10") + 57 * D("5.50")) / MILLION,
        ),
    ),
    _scenario(
        id="bedrock-tools-stream",
        stream=True,
        kind="tools",
        tool=WEATHER_TOOL,
        demo=True,
        headers=_request(5),
        events=_stream(
            [_text("Let me look."), _used("tooluse_cmWeather1", WEATHER_TOOL, {"city": "Guarda"})],
            "tool_use",
            _usage(446, 55),
        ),
        truth=_truth(
            raw_finish_reasons=("tool_use",),
            finish_reasons=("tool_call",),
            input_tokens=446,
            output_tokens=55,
            total_tokens=501,
            cost=(446 * D("1.10") + 55 * D("5.50")) / MILLION,
            events_on_wire=11,
        ),
    ),
    _scenario(
        id="bedrock-tools-call",
        stream=False,
        kind="tools",
        tool=WEATHER_TOOL,
        headers=_request(6),
        events=_call(
            [{"text": "Let me look."}, _use("tooluse_cmWeather2", WEATHER_TOOL, {"city": "Guarda"})],
            "tool_use",
            _usage(446, 54),
        ),
        truth=_truth(
            raw_finish_reasons=("tool_use",),
            finish_reasons=("tool_call",),
            input_tokens=446,
            output_tokens=54,
            total_tokens=500,
            cost=(446 * D("1.10") + 54 * D("5.50")) / MILLION,
        ),
    ),
    _scenario(
        # Mirascope's boto3 knows no prompt caching: it can't ask for it, nor would it hand these counts on.
        id="bedrock-cached-stream",
        model="us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        stream=True,
        kind="plain",
        headers=_request(7),
        events=_stream([_text("Belmonte.")], "end_turn", _usage(12, 6, read=2048, written=600)),
        truth=_truth(
            raw_finish_reasons=("end_turn",),
            finish_reasons=("stop",),
            input_tokens=2660,  # 12 + 2048 + 600
            cached_tokens=2048,
            cache_write_tokens=600,
            output_tokens=6,
            total_tokens=2666,
            cost=(12 * D("3.30") + 2048 * D("0.33") + 600 * D("4.125") + 6 * D("16.50")) / MILLION,
            events_on_wire=5,
        ),
    ),
    _scenario(
        id="bedrock-guarded-stream",
        model="us.amazon.nova-lite-v1:0",
        stream=True,
        kind="plain",
        headers=_request(8),
        events=_stream([_text("Not that.")], "guardrail_intervened", _usage(54, 18)),
        truth=_truth(
            raw_finish_reasons=("guardrail_intervened",),
            finish_reasons=("content_filter",),
            input_tokens=54,
            output_tokens=18,
            total_tokens=72,
            cost=(54 * D("0.06") + 18 * D("0.24")) / MILLION,
            events_on_wire=5,
        ),
    ),
)
