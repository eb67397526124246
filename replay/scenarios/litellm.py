"""LiteLLM's OpenAI route: OpenAI's own wire, handed on in LiteLLM's classes.

A stream reaches the user under the model that was asked for (`gpt-4o-mini`), not the one that the wire names:
LiteLLM rewrites it. It also holds a chunk back now and then, and its usage chunk has a choice.
Prices, USD per million tokens: gpt-4o-mini 0.15 in, 0.075 cached, 0.60 out.
"""

from __future__ import annotations

from functools import partial

from replay.scenarios.base import BOOK, BOOK_TOOL, MILLION, WEATHER_TOOL, D, Scenario, Truth, body, sse
from replay.scenarios.chat import Chat, text_deltas, tool_call, tool_deltas, usage

_MODEL = "gpt-4o-mini-2024-07-18"
_PLAIN = Chat("chatcmpl-CmLitePlainStream1", _MODEL, 1763800301)
_PLAIN_CALL = Chat("chatcmpl-CmLitePlainCall002", _MODEL, 1763800302)
_BOOK = Chat("chatcmpl-CmLiteBookStream03", _MODEL, 1763800303)
_BOOK_CALL = Chat("chatcmpl-CmLiteBookCall0004", _MODEL, 1763800304)
_TOOLS = Chat("chatcmpl-CmLiteToolsStream5", _MODEL, 1763800305)
_TOOLS_CALL = Chat("chatcmpl-CmLiteToolsCall006", _MODEL, 1763800306)

_scenario = partial(Scenario, service="litellm", model="gpt-4o-mini")
_truth = partial(
    Truth,
    provider="litellm",
    reasoning_tokens=0,
    input_audio_tokens=0,
    output_audio_tokens=0,
    service_tier="default",
)

SCENARIOS: tuple[Scenario, ...] = (
    _scenario(
        id="litellm-plain-stream",
        stream=True,
        kind="plain",
        demo=True,
        events=sse(_PLAIN.stream(text_deltas("Coimbra studies, Porto works."), "stop", usage(1310, 12, cached=1152))),
        truth=_truth(
            raw_finish_reasons=("stop",),
            finish_reasons=("stop",),
            response_model="gpt-4o-mini",
            response_id="chatcmpl-CmLitePlainStream1",
            input_tokens=1310,
            cached_tokens=1152,
            output_tokens=12,
            total_tokens=1322,
            cost=((1310 - 1152) * D("0.15") + 1152 * D("0.075") + 12 * D("0.60")) / MILLION,
            events_on_wire=7,
            unseen=1,
        ),
    ),
    _scenario(
        id="litellm-plain-call",
        stream=False,
        kind="plain",
        demo=True,
        events=body(_PLAIN_CALL.completion({"content": "Aveiro floats."}, "stop", usage(33, 5))),
        truth=_truth(
            raw_finish_reasons=("stop",),
            finish_reasons=("stop",),
            response_model="gpt-4o-mini-2024-07-18",
            response_id="chatcmpl-CmLitePlainCall002",
            input_tokens=33,
            cached_tokens=0,
            output_tokens=5,
            total_tokens=38,
            cost=(33 * D("0.15") + 5 * D("0.60")) / MILLION,
            provider_cost=(33 * D("0.15") + 5 * D("0.60")) / MILLION,  # LiteLLM computes it, from its own list
        ),
    ),
    _scenario(
        id="litellm-structured-stream",
        stream=True,
        kind="structured",
        tool=BOOK_TOOL,
        events=sse(_BOOK.stream(tool_deltas("call_LtBk1", BOOK_TOOL, BOOK), "tool_calls", usage(97, 26))),
        truth=_truth(
            raw_finish_reasons=("tool_calls",),
            finish_reasons=("tool_call",),
            response_model="gpt-4o-mini",
            response_id="chatcmpl-CmLiteBookStream03",
            input_tokens=97,
            cached_tokens=0,
            output_tokens=26,
            total_tokens=123,
            cost=(97 * D("0.15") + 26 * D("0.60")) / MILLION,
            events_on_wire=13,
        ),
    ),
    _scenario(
        id="litellm-structured-call",
        stream=False,
        kind="structured",
        tool=BOOK_TOOL,
        events=body(
            _BOOK_CALL.completion(
                {"tool_calls": [tool_call("call_LtBk2", BOOK_TOOL, BOOK)]}, "tool_calls", usage(97, 24)
            )
        ),
        truth=_truth(
            raw_finish_reasons=("tool_calls",),
            finish_reasons=("tool_call",),
            response_model="gpt-4o-mini-2024-07-18",
            response_id="chatcmpl-CmLiteBookCall0004",
            input_tokens=97,
            cached_tokens=0,
            output_tokens=24,
            total_tokens=121,
            cost=(97 * D("0.15") + 24 * D("0.60")) / MILLION,
            provider_cost=(97 * D("0.15") + 24 * D("0.60")) / MILLION,  # LiteLLM computes it, from its own list
        ),
    ),
    _scenario(
        id="litellm-tools-stream",
        stream=True,
        kind="tools",
        tool=WEATHER_TOOL,
        events=sse(
            _TOOLS.stream(tool_deltas("call_LtWt1", WEATHER_TOOL, {"city": "Coimbra"}), "tool_calls", usage(85, 17))
        ),
        truth=_truth(
            raw_finish_reasons=("tool_calls",),
            finish_reasons=("tool_call",),
            response_model="gpt-4o-mini",
            response_id="chatcmpl-CmLiteToolsStream5",
            input_tokens=85,
            cached_tokens=0,
            output_tokens=17,
            total_tokens=102,
            cost=(85 * D("0.15") + 17 * D("0.60")) / MILLION,
            events_on_wire=6,
        ),
    ),
    _scenario(
        id="litellm-tools-call",
        stream=False,
        kind="tools",
        tool=WEATHER_TOOL,
        events=body(
            _TOOLS_CALL.completion(
                {"tool_calls": [tool_call("call_LtWt2", WEATHER_TOOL, {"city": "Coimbra"})]},
                "tool_calls",
                usage(85, 16),
            )
        ),
        truth=_truth(
            raw_finish_reasons=("tool_calls",),
            finish_reasons=("tool_call",),
            response_model="gpt-4o-mini-2024-07-18",
            response_id="chatcmpl-CmLiteToolsCall006",
            input_tokens=85,
            cached_tokens=0,
            output_tokens=16,
            total_tokens=101,
            cost=(85 * D("0.15") + 16 * D("0.60")) / MILLION,
            provider_cost=(85 * D("0.15") + 16 * D("0.60")) / MILLION,  # LiteLLM computes it, from its own list
        ),
    ),
)
