"""Together, as api.together.xyz sends it: the usage rides on the finish chunk, and each choice has its text twice.

Prices, USD per million tokens: Llama 3.3 70B Turbo 0.88 in, 0.88 out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from replay.scenarios.base import BOOK, BOOK_TOOL, MILLION, WEATHER_TOOL, D, Scenario, Truth, body, pieces, sse
from replay.scenarios.chat import tool_call

MODEL = "meta-llama/Llama-3.3-70B-Instruct-Turbo"


@dataclass(frozen=True, slots=True)
class _Together:
    """Writes one answer, streamed or not."""

    id: str
    created: int = 1763800200

    def stream(
        self, deltas: Sequence[Mapping[str, Any]], finish: str, usage: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        return [
            *(self._chunk(delta) for delta in deltas),
            self._chunk({"content": ""}, finish) | {"usage": dict(usage)},
        ]

    def completion(self, message: Mapping[str, Any], finish: str, usage: Mapping[str, Any]) -> dict[str, Any]:
        full = {"role": "assistant", "content": "", "tool_calls": [], **message}
        return {
            "id": self.id,
            "object": "chat.completion",
            "created": self.created,
            "model": MODEL,
            "prompt": [],
            "choices": [{"index": 0, "seed": 7241, "logprobs": None, "finish_reason": finish, "message": full}],
            "usage": dict(usage),
        }

    def _chunk(self, delta: Mapping[str, Any], finish: str | None = None) -> dict[str, Any]:
        choice = {
            "index": 0,
            "text": delta.get("content") or "",
            "logprobs": None,
            "finish_reason": finish,
            "seed": 7241 if finish else None,
            "delta": {"token_id": None, "role": "assistant", "content": "", "tool_calls": None, **delta},
        }
        return {
            "id": self.id,
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": MODEL,
            "choices": [choice],
            "usage": None,
        }


def _usage(prompt: int, completion: int) -> dict[str, int]:
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "cached_tokens": 0,
    }


def _text(text: str) -> list[dict[str, Any]]:
    return [{"content": piece} for piece in pieces(text, 8)]


def _called(call: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"tool_calls": [{**call, "index": 0}]}]


_PLAIN = _Together("oCm0001-plain-stream")
_PLAIN_CALL = _Together("oCm0002-plain-call")
_BOOK = _Together("oCm0003-book-stream")
_BOOK_CALL = _Together("oCm0004-book-call")
_TOOLS = _Together("oCm0005-tools-stream")
_TOOLS_CALL = _Together("oCm0006-tools-call")

_scenario = partial(Scenario, service="together", model=MODEL)
_truth = partial(Truth, provider="together", response_model=MODEL, cached_tokens=0)

SCENARIOS: tuple[Scenario, ...] = (
    _scenario(
        id="together-plain-stream",
        stream=True,
        kind="plain",
        events=sse(_PLAIN.stream(_text("Tomar hid its knights well."), "stop", _usage(47, 9))),
        truth=_truth(
            raw_finish_reasons=("stop",),
            finish_reasons=("stop",),
            response_id="oCm0001-plain-stream",
            input_tokens=47,
            output_tokens=9,
            total_tokens=56,
            cost=(47 + 9) * D("0.88") / MILLION,
            events_on_wire=5,
        ),
    ),
    _scenario(
        id="together-plain-call",
        stream=False,
        kind="plain",
        events=body(_PLAIN_CALL.completion({"content": "Leiria writes."}, "stop", _usage(36, 6))),
        truth=_truth(
            raw_finish_reasons=("stop",),
            finish_reasons=("stop",),
            response_id="oCm0002-plain-call",
            input_tokens=36,
            output_tokens=6,
            total_tokens=42,
            cost=(36 + 6) * D("0.88") / MILLION,
        ),
    ),
    _scenario(
        id="together-structured-stream",
        stream=True,
        kind="structured",
        tool=BOOK_TOOL,
        events=sse(_BOOK.stream(_called(tool_call("call_cmbk1", BOOK_TOOL, BOOK)), "tool_calls", _usage(251, 32))),
        truth=_truth(
            raw_finish_reasons=("tool_calls",),
            finish_reasons=("tool_call",),
            response_id="oCm0003-book-stream",
            input_tokens=251,
            output_tokens=32,
            total_tokens=283,
            cost=(251 + 32) * D("0.88") / MILLION,
            events_on_wire=2,
        ),
    ),
    _scenario(
        id="together-structured-call",
        stream=False,
        kind="structured",
        tool=BOOK_TOOL,
        events=body(
            _BOOK_CALL.completion(
                {"tool_calls": [tool_call("call_cmbk2", BOOK_TOOL, BOOK)]}, "tool_calls", _usage(251, 30)
            )
        ),
        truth=_truth(
            raw_finish_reasons=("tool_calls",),
            finish_reasons=("tool_call",),
            response_id="oCm0004-book-call",
            input_tokens=251,
            output_tokens=30,
            total_tokens=281,
            cost=(251 + 30) * D("0.88") / MILLION,
        ),
    ),
    _scenario(
        id="together-tools-stream",
        stream=True,
        kind="tools",
        tool=WEATHER_TOOL,
        events=sse(
            _TOOLS.stream(
                _called(tool_call("call_cmwt1", WEATHER_TOOL, {"city": "Tomar"})), "tool_calls", _usage(219, 18)
            )
        ),
        truth=_truth(
            raw_finish_reasons=("tool_calls",),
            finish_reasons=("tool_call",),
            response_id="oCm0005-tools-stream",
            input_tokens=219,
            output_tokens=18,
            total_tokens=237,
            cost=(219 + 18) * D("0.88") / MILLION,
            events_on_wire=2,
        ),
    ),
    _scenario(
        id="together-tools-call",
        stream=False,
        kind="tools",
        tool=WEATHER_TOOL,
        events=body(
            _TOOLS_CALL.completion(
                {"tool_calls": [tool_call("call_cmwt2", WEATHER_TOOL, {"city": "Tomar"})]},
                "tool_calls",
                _usage(219, 17),
            )
        ),
        truth=_truth(
            raw_finish_reasons=("tool_calls",),
            finish_reasons=("tool_call",),
            response_id="oCm0006-tools-call",
            input_tokens=219,
            output_tokens=17,
            total_tokens=236,
            cost=(219 + 17) * D("0.88") / MILLION,
        ),
    ),
)
