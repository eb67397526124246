"""xAI chat completions: reasoning lies outside `completion_tokens`, so output is their sum.

Here total = prompt + completion + reasoning. The key `finish_reason` is missing until the last choice, a call
comes in one piece, and newer models say their price in ticks of 1e-10 USD.
Prices, USD per million tokens: grok-3-mini 0.30 in, 0.075 cached, 0.50 out; grok-code-fast-1 0.20, 0.02,
1.50.
"""

from __future__ import annotations

from functools import partial

from replay.scenarios.base import BOOK, BOOK_TOOL, MILLION, WEATHER_TOOL, D, Scenario, Truth, body, sse
from replay.scenarios.xai_chat import XaiChat, think, tool_call, usage_of

_PLAIN = XaiChat("c4a20000-0001-4e1b-9b57-aa40f0000001")
_PLAIN_CALL = XaiChat("c4a20000-0002-4e1b-9b57-aa40f0000002")
_BOOK = XaiChat("c4a20000-0003-4e1b-9b57-aa40f0000003")
_BOOK_CALL = XaiChat("c4a20000-0004-4e1b-9b57-aa40f0000004")
_TOOLS = XaiChat("c4a20000-0005-4e1b-9b57-aa40f0000005")
_TOOLS_CALL = XaiChat("c4a20000-0006-4e1b-9b57-aa40f0000006")
_TICKS = XaiChat("c4a20000-0007-4e1b-9b57-aa40f0000007", model="grok-code-fast-1", fingerprint="fp_99052e9f23")

_scenario = partial(Scenario, service="xai", model="grok-3-mini")
_truth = partial(Truth, provider="x_ai", response_model="grok-3-mini", input_audio_tokens=0, output_audio_tokens=0)

SCENARIOS: tuple[Scenario, ...] = (
    _scenario(
        id="xai-plain-stream",
        stream=True,
        kind="plain",
        demo=True,
        events=sse(
            _PLAIN.stream(
                [
                    *think("The user wants a haiku about Sintra."),
                    {"content": "Fog, then"},
                    {"content": " towers."},
                ],
                "stop",
                usage_of(312, 6, reasoning=198, cached=256),
            )
        ),
        truth=_truth(
            raw_finish_reasons=("stop",),
            finish_reasons=("stop",),
            response_id="c4a20000-0001-4e1b-9b57-aa40f0000001",
            input_tokens=312,
            cached_tokens=256,
            output_tokens=204,  # 6 to read and 198 of reasoning
            total_tokens=516,
            reasoning_tokens=198,
            cost=((312 - 256) * D("0.30") + 256 * D("0.075") + (6 + 198) * D("0.50")) / MILLION,
            events_on_wire=7,
        ),
    ),
    _scenario(
        id="xai-plain-call",
        stream=False,
        kind="plain",
        demo=True,
        events=body(
            _PLAIN_CALL.completion(
                {"content": "Evora.", "reasoning_content": "A walled town in Alentejo."},
                "stop",
                usage_of(27, 3, reasoning=141, cached=4),
            )
        ),
        truth=_truth(
            raw_finish_reasons=("stop",),
            finish_reasons=("stop",),
            response_id="c4a20000-0002-4e1b-9b57-aa40f0000002",
            input_tokens=27,
            cached_tokens=4,
            output_tokens=144,  # 3 + 141
            total_tokens=171,
            reasoning_tokens=141,
            cost=((27 - 4) * D("0.30") + 4 * D("0.075") + (3 + 141) * D("0.50")) / MILLION,
        ),
    ),
    _scenario(
        id="xai-structured-stream",
        stream=True,
        kind="structured",
        tool=BOOK_TOOL,
        events=sse(
            _BOOK.stream(
                [*think("Le Guin, 1969."), {"tool_calls": [tool_call("call_40000003", BOOK_TOOL, BOOK)]}],
                "tool_calls",
                usage_of(301, 33, reasoning=88, cached=290),
            )
        ),
        truth=_truth(
            raw_finish_reasons=("tool_calls",),
            finish_reasons=("tool_call",),
            response_id="c4a20000-0003-4e1b-9b57-aa40f0000003",
            input_tokens=301,
            cached_tokens=290,
            output_tokens=121,  # 33 + 88
            total_tokens=422,
            reasoning_tokens=88,
            cost=((301 - 290) * D("0.30") + 290 * D("0.075") + (33 + 88) * D("0.50")) / MILLION,
            events_on_wire=5,
        ),
    ),
    _scenario(
        id="xai-structured-call",
        stream=False,
        kind="structured",
        tool=BOOK_TOOL,
        events=body(
            _BOOK_CALL.completion(
                {
                    "reasoning_content": "Le Guin.",
                    "tool_calls": [tool_call("call_40000004", BOOK_TOOL, BOOK)],
                },
                "tool_calls",
                usage_of(301, 31, reasoning=64, cached=0),
            )
        ),
        truth=_truth(
            raw_finish_reasons=("tool_calls",),
            finish_reasons=("tool_call",),
            response_id="c4a20000-0004-4e1b-9b57-aa40f0000004",
            input_tokens=301,
            cached_tokens=0,
            output_tokens=95,  # 31 + 64
            total_tokens=396,
            reasoning_tokens=64,
            cost=(301 * D("0.30") + (31 + 64) * D("0.50")) / MILLION,
        ),
    ),
    _scenario(
        id="xai-tools-stream",
        stream=True,
        kind="tools",
        tool=WEATHER_TOOL,
        events=sse(
            _TOOLS.stream(
                [
                    *think("I should look it up."),
                    {"tool_calls": [tool_call("call_40000005", WEATHER_TOOL, {"city": "Sintra"})]},
                ],
                "tool_calls",
                usage_of(287, 26, reasoning=196, cached=286),
            )
        ),
        truth=_truth(
            raw_finish_reasons=("tool_calls",),
            finish_reasons=("tool_call",),
            response_id="c4a20000-0005-4e1b-9b57-aa40f0000005",
            input_tokens=287,
            cached_tokens=286,
            output_tokens=222,  # 26 + 196
            total_tokens=509,
            reasoning_tokens=196,
            cost=((287 - 286) * D("0.30") + 286 * D("0.075") + (26 + 196) * D("0.50")) / MILLION,
            events_on_wire=5,
        ),
    ),
    _scenario(
        id="xai-tools-call",
        stream=False,
        kind="tools",
        tool=WEATHER_TOOL,
        events=body(
            _TOOLS_CALL.completion(
                {"tool_calls": [tool_call("call_40000006", WEATHER_TOOL, {"city": "Sintra"})]},
                "tool_calls",
                usage_of(287, 26, reasoning=0, cached=286),
            )
        ),
        truth=_truth(
            raw_finish_reasons=("tool_calls",),
            finish_reasons=("tool_call",),
            response_id="c4a20000-0006-4e1b-9b57-aa40f0000006",
            input_tokens=287,
            cached_tokens=286,
            output_tokens=26,
            total_tokens=313,
            reasoning_tokens=0,
            cost=((287 - 286) * D("0.30") + 286 * D("0.075") + 26 * D("0.50")) / MILLION,
        ),
    ),
    _scenario(
        id="xai-ticks-stream",
        model="grok-code-fast-1",
        stream=True,
        kind="plain",
        demo=True,
        events=sse(
            _TICKS.stream(
                [*think("Sort, then sum."), {"content": "sum(sorted(xs))"}],
                "length",
                usage_of(213, 7, reasoning=120, cached=192, ticks=1985400),
            )
        ),
        truth=_truth(
            raw_finish_reasons=("length",),
            finish_reasons=("length",),
            response_model="grok-code-fast-1",
            response_id="c4a20000-0007-4e1b-9b57-aa40f0000007",
            input_tokens=213,
            cached_tokens=192,
            output_tokens=127,  # 7 + 120
            total_tokens=340,
            reasoning_tokens=120,
            # The list price, and 1985400 ticks of 1e-10 USD, agree.
            cost=((213 - 192) * D("0.20") + 192 * D("0.02") + (7 + 120) * D("1.50")) / MILLION,
            provider_cost=D(1985400) / 10**10,
            events_on_wire=5,
        ),
    ),
)
