"""Azure AI model inference: OpenAI's models behind content filters, and others as their own servers answer.

Mirascope doesn't ask for a stream's usage. OpenAI's models then send none, so such a call has no cost; vLLM, which
serves Phi-4-mini, sends it unasked, on every event. An app may ask by itself, through `model_extras`.
Prices, USD per million tokens: gpt-4o-mini 0.15 in, 0.075 cached, 0.60 out; gpt-4.1-mini 0.40, 0.10, 1.60;
Phi-4-mini-instruct 0.075, 0.30.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from replay.scenarios.base import BOOK, BOOK_TOOL, MILLION, WEATHER_TOOL, D, Scenario, Truth, body, pieces, spaced, sse
from replay.scenarios.chat import text_deltas, tool_call, tool_deltas, usage

_PHI = "Phi-4-mini-instruct"
_SAFE = {"filtered": False, "severity": "safe"}
_FILTERED = {"hate": _SAFE, "self_harm": _SAFE, "sexual": _SAFE, "violence": _SAFE}
_PROMPT = [
    {"prompt_index": 0, "content_filter_results": {**_FILTERED, "jailbreak": {"detected": False, "filtered": False}}}
]


@dataclass(frozen=True, slots=True)
class _OpenAI:
    """One answer of an OpenAI model, streamed or not."""

    id: str
    model: str = "gpt-4o-mini-2024-07-18"
    created: int = 1763800800

    def stream(self, deltas: Sequence[Mapping[str, Any]], finish: str) -> list[dict[str, Any]]:
        """First what the filters made of the prompt, in a chunk without choices, id or model; the SDK drops it."""
        judged = {"choices": [], "created": 0, "id": "", "model": "", "object": "", "prompt_filter_results": _PROMPT}
        first, *rest = deltas
        return [judged, self._chunk(first, {}), *map(self._chunk, rest), self._chunk({}, {}, finish)]

    def asked(
        self, deltas: Sequence[Mapping[str, Any]], finish: str, usage_object: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        """The same for a client that asked for usage: null in each chunk, and in one more without choices."""
        judged, *chunks = self.stream(deltas, finish)
        last = self._envelope([], "chat.completion.chunk")
        return [judged, *({**chunk, "usage": None} for chunk in chunks), {**last, "usage": dict(usage_object)}]

    def completion(self, message: Mapping[str, Any], finish: str, usage_object: Mapping[str, Any]) -> dict[str, Any]:
        full: dict[str, Any] = {"annotations": [], "content": None, "refusal": None, "role": "assistant", **message}
        choice = {"content_filter_results": _FILTERED, "finish_reason": finish, "index": 0, "logprobs": None}
        answer = self._envelope([{**choice, "message": full}], "chat.completion")
        return {**answer, "prompt_filter_results": _PROMPT, "usage": dict(usage_object)}

    def _chunk(
        self, delta: Mapping[str, Any], filtered: Mapping[str, Any] = _FILTERED, finish: str | None = None
    ) -> dict[str, Any]:
        choice = {"content_filter_results": dict(filtered), "delta": dict(delta), "finish_reason": finish}
        return self._envelope([{**choice, "index": 0, "logprobs": None}], "chat.completion.chunk")

    def _envelope(self, choices: list[dict[str, Any]], kind: str) -> dict[str, Any]:
        named = {"created": self.created, "id": self.id, "model": self.model, "object": kind}
        return {"choices": choices, **named, "system_fingerprint": "fp_b6f445fc1c"}


def _phi(response_id: str, deltas: Sequence[Mapping[str, Any]], finish: str, *, prompt: int) -> list[dict[str, Any]]:
    """A stream of Phi-4-mini's, a token a delta: usage on every event, cumulative; the last has no choice."""
    choices: list[dict[str, Any]] = [
        {"index": 0, "delta": dict(delta), "logprobs": None, "finish_reason": None}
        for delta in ({"role": "assistant"}, *deltas)
    ]
    choices[-1] |= {"finish_reason": finish, "stop_reason": 200020}
    named = {"id": response_id, "object": "chat.completion.chunk", "created": 1763800801, "model": _PHI}

    def event(choices: list[dict[str, Any]], completion: int) -> dict[str, Any]:
        counts = {"prompt_tokens": prompt, "total_tokens": prompt + completion, "completion_tokens": completion}
        return {**named, "choices": choices, "usage": counts}

    return [*(event([choice], at) for at, choice in enumerate(choices)), event([], len(deltas))]


def _phi_call(call_id: str, name: str, arguments: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The name, then the arguments in pieces."""
    head = {"id": call_id, "type": "function", "index": 0, "function": {"name": name}}
    rest = ({"index": 0, "function": {"arguments": piece}} for piece in pieces(spaced(arguments), 6))
    return [{"tool_calls": [call]} for call in (head, *rest)]


_PLAIN_CALL = _OpenAI("chatcmpl-CmAzurePlainCall002")
_BOOK = _OpenAI("chatcmpl-CmAzureBookStream03")
_BOOK_CALL = _OpenAI("chatcmpl-CmAzureBookCall0004")
_TOOLS_CALL = _OpenAI("chatcmpl-CmAzureToolsCall006")
_SILENT = _OpenAI("chatcmpl-CmAzureSilentStream")
_ASKED = _OpenAI("chatcmpl-CmAzureAskedStream8", model="gpt-4.1-mini-2025-04-14")

_scenario = partial(Scenario, service="azure", model="gpt-4o-mini")
_truth = partial(
    Truth,
    provider="azure.ai.inference",
    response_model="gpt-4o-mini-2024-07-18",
    cached_tokens=0,
    reasoning_tokens=0,
    input_audio_tokens=0,
    output_audio_tokens=0,
)
_phi_truth = partial(Truth, provider="azure.ai.inference", response_model=_PHI)
_silent_truth = partial(
    Truth,
    provider="azure.ai.inference",
    response_model="gpt-4o-mini-2024-07-18",
    input_tokens=None,
    output_tokens=None,
    total_tokens=None,
    cost=None,
)

SCENARIOS: tuple[Scenario, ...] = (
    _scenario(
        id="azure-plain-stream",
        model=_PHI,
        stream=True,
        kind="plain",
        demo=True,
        events=sse(
            _phi(
                "chat-c4a2000000010001azureplainstream",
                [{"content": piece} for piece in pieces("Monsaraz looks down on the lake.", 6)],
                "stop",
                prompt=17,
            )
        ),
        truth=_phi_truth(
            raw_finish_reasons=("stop",),
            finish_reasons=("stop",),
            response_id="chat-c4a2000000010001azureplainstream",
            input_tokens=17,
            output_tokens=6,
            total_tokens=23,
            cost=(17 * D("0.075") + 6 * D("0.30")) / MILLION,
            events_on_wire=8,
        ),
    ),
    _scenario(
        id="azure-plain-call",
        stream=False,
        kind="plain",
        demo=True,
        events=body(_PLAIN_CALL.completion({"content": "Marvão is on a rock."}, "stop", usage(1290, 9, cached=1152))),
        truth=_truth(
            raw_finish_reasons=("stop",),
            finish_reasons=("stop",),
            response_id="chatcmpl-CmAzurePlainCall002",
            input_tokens=1290,
            cached_tokens=1152,
            output_tokens=9,
            total_tokens=1299,
            cost=((1290 - 1152) * D("0.15") + 1152 * D("0.075") + 9 * D("0.60")) / MILLION,
        ),
    ),
    _scenario(
        id="azure-structured-stream",
        stream=True,
        kind="structured",
        tool=BOOK_TOOL,
        events=sse(_BOOK.stream(tool_deltas("call_cmAzBook1", BOOK_TOOL, BOOK), "tool_calls")),
        truth=_silent_truth(
            raw_finish_reasons=("tool_calls",),
            finish_reasons=("tool_call",),
            response_id="chatcmpl-CmAzureBookStream03",
            events_on_wire=13,
            unseen=1,
        ),
    ),
    _scenario(
        id="azure-structured-call",
        stream=False,
        kind="structured",
        tool=BOOK_TOOL,
        events=body(
            _BOOK_CALL.completion(
                {"tool_calls": [tool_call("call_cmAzBook2", BOOK_TOOL, BOOK)]}, "tool_calls", usage(68, 22)
            )
        ),
        truth=_truth(
            raw_finish_reasons=("tool_calls",),
            finish_reasons=("tool_call",),
            response_id="chatcmpl-CmAzureBookCall0004",
            input_tokens=68,
            output_tokens=22,
            total_tokens=90,
            cost=(68 * D("0.15") + 22 * D("0.60")) / MILLION,
        ),
    ),
    _scenario(
        # Its last event, which has no choice, is too much for Mirascope's async streams with tools.
        id="azure-tools-stream",
        model=_PHI,
        stream=True,
        kind="tools",
        tool=WEATHER_TOOL,
        events=sse(
            _phi(
                "chat-c4a2000000010005azuretoolsstream",
                _phi_call("chatcmpl-tool-c4a2000000010005", WEATHER_TOOL, {"city": "Faro"}),
                "tool_calls",
                prompt=148,
            )
        ),
        truth=_phi_truth(
            raw_finish_reasons=("tool_calls",),
            finish_reasons=("tool_call",),
            response_id="chat-c4a2000000010005azuretoolsstream",
            input_tokens=148,
            output_tokens=4,
            total_tokens=152,
            cost=(148 * D("0.075") + 4 * D("0.30")) / MILLION,
            events_on_wire=6,
        ),
    ),
    _scenario(
        id="azure-tools-call",
        stream=False,
        kind="tools",
        tool=WEATHER_TOOL,
        events=body(
            _TOOLS_CALL.completion(
                {"tool_calls": [tool_call("call_cmAzWeather2", WEATHER_TOOL, {"city": "Faro"})]},
                "tool_calls",
                usage(61, 14),
            )
        ),
        truth=_truth(
            raw_finish_reasons=("tool_calls",),
            finish_reasons=("tool_call",),
            response_id="chatcmpl-CmAzureToolsCall006",
            input_tokens=61,
            output_tokens=14,
            total_tokens=75,
            cost=(61 * D("0.15") + 14 * D("0.60")) / MILLION,
        ),
    ),
    _scenario(
        id="azure-silent-stream",
        stream=True,
        kind="plain",
        demo=True,
        events=sse(_SILENT.stream(text_deltas("Mértola was a port."), "stop")),
        truth=_silent_truth(
            raw_finish_reasons=("stop",),
            finish_reasons=("stop",),
            response_id="chatcmpl-CmAzureSilentStream",
            events_on_wire=6,
            unseen=1,
        ),
    ),
    _scenario(
        id="azure-asked-stream",
        model="gpt-4.1-mini",
        stream=True,
        kind="plain",
        demo=True,
        events=sse(_ASKED.asked(text_deltas("Beja is flat."), "stop", usage(34, 5))),
        truth=_truth(
            response_model="gpt-4.1-mini-2025-04-14",
            raw_finish_reasons=("stop",),
            finish_reasons=("stop",),
            response_id="chatcmpl-CmAzureAskedStream8",
            input_tokens=34,
            output_tokens=5,
            total_tokens=39,
            cost=(34 * D("0.40") + 5 * D("1.60")) / MILLION,
            events_on_wire=6,
            unseen=1,
        ),
    ),
)
