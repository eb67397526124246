"""OpenAI chat completions, as api.openai.com sends them to Mirascope (which asks for usage in streams).

Prices, USD per million tokens: gpt-4o-mini 0.15 in, 0.075 cached, 0.60 out; gpt-5-mini 0.25, 0.025, 2.00.
"""

from __future__ import annotations

from functools import partial

from replay.scenarios.base import BOOK, BOOK_TOOL, MILLION, WEATHER_TOOL, D, Scenario, Truth, body, sse
from replay.scenarios.chat import Chat, text_deltas, tool_call, tool_deltas, usage
from replay.scenarios.openai_bills import BILLS
from replay.scenarios.openai_endings import ENDINGS

_PLAIN = Chat("chatcmpl-CmPlainStream0001", "gpt-4o-mini-2024-07-18", 1763800001)
_PLAIN_CALL = Chat("chatcmpl-CmPlainCall000002", "gpt-4o-mini-2024-07-18", 1763800002)
_BOOK = Chat("chatcmpl-CmBookStream00003", "gpt-4o-mini-2024-07-18", 1763800003)
_BOOK_CALL = Chat("chatcmpl-CmBookCall0000004", "gpt-4o-mini-2024-07-18", 1763800004)
_TOOLS = Chat("chatcmpl-CmToolsStream0005", "gpt-4o-mini-2024-07-18", 1763800005)
_TOOLS_CALL = Chat("chatcmpl-CmToolsCall000006", "gpt-4o-mini-2024-07-18", 1763800006)
_REASONS = Chat("chatcmpl-CmReasonStream007", "gpt-5-mini-2025-08-07", 1763800007, None)
_REASONS_CALL = Chat("chatcmpl-CmReasonCall00008", "gpt-5-mini-2025-08-07", 1763800008, None)

_scenario = partial(Scenario, service="openai")
_truth = partial(Truth, provider="openai", service_tier="default", input_audio_tokens=0, output_audio_tokens=0)

SCENARIOS: tuple[Scenario, ...] = (
    *BILLS,
    *ENDINGS,
    _scenario(
        id="openai-plain-stream",
        model="gpt-4o-mini",
        stream=True,
        kind="plain",
        demo=True,
        events=sse(
            _PLAIN.stream(
                text_deltas("Lisbon lies on seven hills above the Tagus."),
                "stop",
                usage(1200, 45, cached=1024),
            )
        ),
        truth=_truth(
            raw_finish_reasons=("stop",),
            finish_reasons=("stop",),
            response_model="gpt-4o-mini-2024-07-18",
            response_id="chatcmpl-CmPlainStream0001",
            input_tokens=1200,
            cached_tokens=1024,
            output_tokens=45,
            total_tokens=1245,
            reasoning_tokens=0,
            cost=((1200 - 1024) * D("0.15") + 1024 * D("0.075") + 45 * D("0.60")) / MILLION,
            events_on_wire=8,
        ),
    ),
    _scenario(
        id="openai-plain-call",
        model="gpt-4o-mini",
        stream=False,
        kind="plain",
        demo=True,
        events=body(_PLAIN_CALL.completion({"content": "Porto is older than it looks."}, "stop", usage(31, 8))),
        truth=_truth(
            raw_finish_reasons=("stop",),
            finish_reasons=("stop",),
            response_model="gpt-4o-mini-2024-07-18",
            response_id="chatcmpl-CmPlainCall000002",
            input_tokens=31,
            cached_tokens=0,
            output_tokens=8,
            total_tokens=39,
            reasoning_tokens=0,
            cost=(31 * D("0.15") + 8 * D("0.60")) / MILLION,
        ),
    ),
    _scenario(
        id="openai-structured-stream",
        model="gpt-4o-mini",
        stream=True,
        kind="structured",
        tool=BOOK_TOOL,
        demo=True,
        # A call forced by its name ends with "stop", one that is "required" with "tool_calls".
        events=sse(_BOOK.stream(tool_deltas("call_Bk7Xq1", BOOK_TOOL, BOOK), "tool_calls", usage(96, 26))),
        truth=_truth(
            raw_finish_reasons=("tool_calls",),
            finish_reasons=("tool_call",),
            response_model="gpt-4o-mini-2024-07-18",
            response_id="chatcmpl-CmBookStream00003",
            input_tokens=96,
            cached_tokens=0,
            output_tokens=26,
            total_tokens=122,
            reasoning_tokens=0,
            cost=(96 * D("0.15") + 26 * D("0.60")) / MILLION,
            events_on_wire=13,
        ),
    ),
    _scenario(
        id="openai-structured-call",
        model="gpt-4o-mini",
        stream=False,
        kind="structured",
        tool=BOOK_TOOL,
        events=body(
            _BOOK_CALL.completion({"tool_calls": [tool_call("call_Bk7Xq2", BOOK_TOOL, BOOK)]}, "stop", usage(96, 24))
        ),
        truth=_truth(
            raw_finish_reasons=("stop",),
            finish_reasons=("stop",),
            response_model="gpt-4o-mini-2024-07-18",
            response_id="chatcmpl-CmBookCall0000004",
            input_tokens=96,
            cached_tokens=0,
            output_tokens=24,
            total_tokens=120,
            reasoning_tokens=0,
            cost=(96 * D("0.15") + 24 * D("0.60")) / MILLION,
        ),
    ),
    _scenario(
        id="openai-tools-stream",
        model="gpt-4o-mini",
        stream=True,
        kind="tools",
        tool=WEATHER_TOOL,
        demo=True,
        events=sse(
            _TOOLS.stream(
                [
                    *tool_deltas("call_Wt1a", WEATHER_TOOL, {"city": "Lisbon"}),
                    *tool_deltas("call_Wt1b", WEATHER_TOOL, {"city": "Porto"}, at=1),
                ],
                "tool_calls",
                usage(84, 47),
            )
        ),
        truth=_truth(
            raw_finish_reasons=("tool_calls",),
            finish_reasons=("tool_call",),
            response_model="gpt-4o-mini-2024-07-18",
            response_id="chatcmpl-CmToolsStream0005",
            input_tokens=84,
            cached_tokens=0,
            output_tokens=47,
            total_tokens=131,
            reasoning_tokens=0,
            cost=(84 * D("0.15") + 47 * D("0.60")) / MILLION,
            events_on_wire=10,
        ),
    ),
    _scenario(
        id="openai-tools-call",
        model="gpt-4o-mini",
        stream=False,
        kind="tools",
        tool=WEATHER_TOOL,
        events=body(
            _TOOLS_CALL.completion(
                {"tool_calls": [tool_call("call_Wt2a", WEATHER_TOOL, {"city": "Lisbon"})]},
                "tool_calls",
                usage(84, 16),
            )
        ),
        truth=_truth(
            raw_finish_reasons=("tool_calls",),
            finish_reasons=("tool_call",),
            response_model="gpt-4o-mini-2024-07-18",
            response_id="chatcmpl-CmToolsCall000006",
            input_tokens=84,
            cached_tokens=0,
            output_tokens=16,
            total_tokens=100,
            reasoning_tokens=0,
            cost=(84 * D("0.15") + 16 * D("0.60")) / MILLION,
        ),
    ),
    _scenario(
        id="openai-reasoning-stream",
        model="gpt-5-mini",
        stream=True,
        kind="plain",
        demo=True,
        events=sse(_REASONS.stream(text_deltas("Seventeen."), "stop", usage(2100, 461, cached=1920, reasoning=448))),
        truth=_truth(
            raw_finish_reasons=("stop",),
            finish_reasons=("stop",),
            response_model="gpt-5-mini-2025-08-07",
            response_id="chatcmpl-CmReasonStream007",
            input_tokens=2100,
            cached_tokens=1920,
            output_tokens=461,
            total_tokens=2561,
            reasoning_tokens=448,
            cost=((2100 - 1920) * D("0.25") + 1920 * D("0.025") + 461 * D("2.00")) / MILLION,
            events_on_wire=5,
        ),
    ),
    _scenario(
        id="openai-reasoning-call",
        model="gpt-5-mini",
        stream=False,
        kind="plain",
        # The whole allowance went into thinking: nothing to read, everything to pay.
        events=body(_REASONS_CALL.completion({"content": ""}, "length", usage(29, 256, reasoning=256))),
        truth=_truth(
            raw_finish_reasons=("length",),
            finish_reasons=("length",),
            response_model="gpt-5-mini-2025-08-07",
            response_id="chatcmpl-CmReasonCall00008",
            input_tokens=29,
            cached_tokens=0,
            output_tokens=256,
            total_tokens=285,
            reasoning_tokens=256,
            cost=(29 * D("0.25") + 256 * D("2.00")) / MILLION,
        ),
    ),
)
