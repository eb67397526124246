"""Cohere's v1 chat, which Mirascope 1.x calls: one JSON object a line, the whole answer again in the last.

The wire names no model and no total, and counts twice: `tokens` is what went through the model, Cohere's own preamble
included, and `billed_units` what is paid for. Usage is the former, cost comes from the latter.
Prices, USD per million billed units: command-r-08-2024 0.15 in, 0.60 out; command-r7b-12-2024 0.0375, 0.15.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from replay.scenarios.base import BOOK, BOOK_TOOL, MILLION, WEATHER_TOOL, D, Scenario, Truth, body, compact, pieces


@dataclass(frozen=True, slots=True)
class _Cohere:
    """Writes one answer, streamed or not."""

    id: str
    """Of the generation, which the stream begins with."""
    response: str
    """Of the response, which only the whole answer has."""

    def stream(
        self,
        events: Sequence[Mapping[str, Any]],
        meta: Mapping[str, Any],
        *,
        text: str = "",
        calls: Sequence[Mapping[str, Any]] = (),
        finish: str = "COMPLETE",
    ) -> tuple[bytes, ...]:
        whole = {"response_id": self.response, **self._answer(text, calls, finish, meta)}
        written: list[dict[str, Any]] = [
            {"is_finished": False, "event_type": "stream-start", "generation_id": self.id},
            *({"is_finished": False, **event} for event in events),
            {"is_finished": True, "event_type": "stream-end", "response": whole, "finish_reason": finish},
        ]
        return tuple(f"{compact(event)}\n".encode() for event in written)

    def call(
        self, meta: Mapping[str, Any], *, text: str = "", calls: Sequence[Mapping[str, Any]] = ()
    ) -> tuple[bytes, ...]:
        return body({"response_id": self.response, **self._answer(text, calls, "COMPLETE", meta)})

    def _answer(
        self, text: str, calls: Sequence[Mapping[str, Any]], finish: str, meta: Mapping[str, Any]
    ) -> dict[str, Any]:
        said = {"text": text, "generation_id": self.id}
        history: list[dict[str, Any]] = [{"role": "USER", "message": "?"}, {"role": "CHATBOT", "message": text}]
        ending = {"finish_reason": finish, "meta": dict(meta)}
        return {**said, "chat_history": history, **({"tool_calls": [*calls]} if calls else {}), **ending}


def _meta(billed: tuple[int, int], tokens: tuple[int, int], *, cached: int | None = None) -> dict[str, Any]:
    """Both counts, input and output."""
    meta: dict[str, Any] = {
        "api_version": {"version": "1"},
        "billed_units": {"input_tokens": billed[0], "output_tokens": billed[1]},
        "tokens": {"input_tokens": tokens[0], "output_tokens": tokens[1]},
    }
    return meta if cached is None else {**meta, "cached_tokens": cached}


def _text(text: str) -> list[dict[str, Any]]:
    return [{"event_type": "text-generation", "text": piece} for piece in pieces(text, 9)]


def _called(call: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The name, the arguments in pieces, then the whole call once more."""
    deltas: list[dict[str, Any]] = [
        {"index": 0, "name": call["name"]},
        *({"index": 0, "parameters": piece} for piece in pieces(compact(call["parameters"]), 12)),
    ]
    return [
        *({"event_type": "tool-calls-chunk", "tool_call_delta": delta} for delta in deltas),
        {"event_type": "tool-calls-generation", "tool_calls": [dict(call)]},
    ]


def _call(name: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "parameters": dict(parameters)}


_PLAIN = _Cohere("c4a20000-0001-4aaa-8bbb-00000000c0e1", "c4a20000-0001-4aaa-8bbb-00000000a001")
_PLAIN_CALL = _Cohere("c4a20000-0002-4aaa-8bbb-00000000c0e2", "c4a20000-0002-4aaa-8bbb-00000000a002")
_BOOK = _Cohere("c4a20000-0003-4aaa-8bbb-00000000c0e3", "c4a20000-0003-4aaa-8bbb-00000000a003")
_BOOK_CALL = _Cohere("c4a20000-0004-4aaa-8bbb-00000000c0e4", "c4a20000-0004-4aaa-8bbb-00000000a004")
_TOOLS = _Cohere("c4a20000-0005-4aaa-8bbb-00000000c0e5", "c4a20000-0005-4aaa-8bbb-00000000a005")
_TOOLS_CALL = _Cohere("c4a20000-0006-4aaa-8bbb-00000000c0e6", "c4a20000-0006-4aaa-8bbb-00000000a006")
_LENGTH = _Cohere("c4a20000-0007-4aaa-8bbb-00000000c0e7", "c4a20000-0007-4aaa-8bbb-00000000a007")

_BOOK_CALLED = _call(BOOK_TOOL, BOOK)
_WEATHER_CALLED = _call(WEATHER_TOOL, {"city": "Lagos"})
_GROTTOES = "Lagos hides its beaches between grottoes."

_scenario = partial(Scenario, service="cohere", model="command-r-08-2024")
_truth = partial(
    Truth,
    provider="cohere",
    response_model=None,
    raw_finish_reasons=("COMPLETE",),
    finish_reasons=("stop",),
    total_tokens=None,
)

SCENARIOS: tuple[Scenario, ...] = (
    _scenario(
        id="cohere-plain-stream",
        stream=True,
        kind="plain",
        demo=True,
        events=_PLAIN.stream(_text(_GROTTOES), _meta((7, 10), (502, 12), cached=448), text=_GROTTOES),
        truth=_truth(
            response_id="c4a20000-0001-4aaa-8bbb-00000000c0e1",
            input_tokens=502,
            cached_tokens=448,
            output_tokens=12,
            cost=(7 * D("0.15") + 10 * D("0.60")) / MILLION,
            events_on_wire=7,
        ),
    ),
    _scenario(
        id="cohere-plain-call",
        stream=False,
        kind="plain",
        demo=True,
        events=_PLAIN_CALL.call(_meta((9, 5), (210, 6)), text="Silves is red."),
        truth=_truth(
            response_id="c4a20000-0002-4aaa-8bbb-00000000c0e2",
            input_tokens=210,
            output_tokens=6,
            cost=(9 * D("0.15") + 5 * D("0.60")) / MILLION,
        ),
    ),
    _scenario(
        id="cohere-structured-stream",
        stream=True,
        kind="structured",
        tool=BOOK_TOOL,
        events=_BOOK.stream(_called(_BOOK_CALLED), _meta((41, 29), (968, 61)), calls=[_BOOK_CALLED]),
        truth=_truth(
            response_id="c4a20000-0003-4aaa-8bbb-00000000c0e3",
            input_tokens=968,
            output_tokens=61,
            cost=(41 * D("0.15") + 29 * D("0.60")) / MILLION,
            events_on_wire=10,
        ),
    ),
    _scenario(
        id="cohere-structured-call",
        stream=False,
        kind="structured",
        tool=BOOK_TOOL,
        events=_BOOK_CALL.call(_meta((41, 28), (968, 60)), calls=[_BOOK_CALLED]),
        truth=_truth(
            response_id="c4a20000-0004-4aaa-8bbb-00000000c0e4",
            input_tokens=968,
            output_tokens=60,
            cost=(41 * D("0.15") + 28 * D("0.60")) / MILLION,
        ),
    ),
    _scenario(
        id="cohere-tools-stream",
        stream=True,
        kind="tools",
        tool=WEATHER_TOOL,
        events=_TOOLS.stream(_called(_WEATHER_CALLED), _meta((35, 14), (906, 47)), calls=[_WEATHER_CALLED]),
        truth=_truth(
            response_id="c4a20000-0005-4aaa-8bbb-00000000c0e5",
            input_tokens=906,
            output_tokens=47,
            cost=(35 * D("0.15") + 14 * D("0.60")) / MILLION,
            events_on_wire=6,
        ),
    ),
    _scenario(
        id="cohere-tools-call",
        stream=False,
        kind="tools",
        tool=WEATHER_TOOL,
        demo=True,
        events=_TOOLS_CALL.call(_meta((35, 13), (906, 46)), calls=[_WEATHER_CALLED]),
        truth=_truth(
            response_id="c4a20000-0006-4aaa-8bbb-00000000c0e6",
            input_tokens=906,
            output_tokens=46,
            cost=(35 * D("0.15") + 13 * D("0.60")) / MILLION,
        ),
    ),
    _scenario(
        id="cohere-length-stream",
        model="command-r7b-12-2024",
        stream=True,
        kind="plain",
        events=_LENGTH.stream(
            _text("Sagres is where"), _meta((6, 4), (198, 4)), text="Sagres is where", finish="MAX_TOKENS"
        ),
        truth=_truth(
            raw_finish_reasons=("MAX_TOKENS",),
            finish_reasons=("length",),
            response_id="c4a20000-0007-4aaa-8bbb-00000000c0e7",
            input_tokens=198,
            output_tokens=4,
            cost=(6 * D("0.0375") + 4 * D("0.15")) / MILLION,
            events_on_wire=4,
        ),
    ),
)
