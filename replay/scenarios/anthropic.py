"""Anthropic messages: `message_start` opens the bill, `message_delta` closes it with cumulative numbers.

Its `input_tokens` leave the cache out: the truth here adds cache reads and both kinds of cache writes.
Prices, USD per million tokens: claude-sonnet-4-5 3.00 in, 0.30 cache read, 3.75 written for five minutes,
6.00 for an hour, 15.00 out; claude-haiku-4-5 1.00, 0.10, 1.25, 2.00, 5.00.
"""

from __future__ import annotations

from functools import partial

from replay.scenarios.anthropic_bills import BILLS
from replay.scenarios.base import BOOK, BOOK_TOOL, MILLION, WEATHER_TOOL, D, Scenario, Truth, body
from replay.scenarios.messages import Messages, text_block, tool_block, tool_use, usage

_PLAIN = Messages("msg_01CmPlainStream0000000001")
_PLAIN_CALL = Messages("msg_01CmPlainCall000000000002")
_BOOK = Messages("msg_01CmBookStream00000000003")
_BOOK_CALL = Messages("msg_01CmBookCall0000000000004")
_TOOLS = Messages("msg_01CmToolsStream0000000005")
_TOOLS_CALL = Messages("msg_01CmToolsCall000000000006")
_LENGTH = Messages("msg_01CmLengthStream000000007", model="claude-haiku-4-5-20251001")

_scenario = partial(Scenario, service="anthropic", model="claude-sonnet-4-5")
_truth = partial(Truth, provider="anthropic", response_model="claude-sonnet-4-5-20250929", service_tier="standard")

SCENARIOS: tuple[Scenario, ...] = (
    *BILLS,
    _scenario(
        id="anthropic-plain-stream",
        stream=True,
        kind="plain",
        demo=True,
        events=_PLAIN.stream(
            usage(12, 3, read=2048, write_5m=600, write_1h=400),
            [text_block("Guimaraes calls itself the cradle of the country.")],
            "end_turn",
            {
                "input_tokens": 12,
                "cache_creation_input_tokens": 1000,
                "cache_read_input_tokens": 2048,
                "output_tokens": 57,
            },
        ),
        truth=_truth(
            raw_finish_reasons=("end_turn",),
            finish_reasons=("stop",),
            response_id="msg_01CmPlainStream0000000001",
            input_tokens=3060,  # 12 + 2048 + 600 + 400
            cached_tokens=2048,
            cache_write_tokens=1000,
            cache_write_1h_tokens=400,
            output_tokens=57,
            total_tokens=3117,
            cost=(12 * D("3.00") + 2048 * D("0.30") + 600 * D("3.75") + 400 * D("6.00") + 57 * D("15.00")) / MILLION,
            events_on_wire=11,
            unseen=1,
        ),
    ),
    _scenario(
        id="anthropic-plain-call",
        stream=False,
        kind="plain",
        demo=True,
        events=body(
            _PLAIN_CALL.message([{"type": "text", "text": "Viseu keeps quiet."}], "end_turn", usage(21, 9, read=1500))
        ),
        truth=_truth(
            raw_finish_reasons=("end_turn",),
            finish_reasons=("stop",),
            response_id="msg_01CmPlainCall000000000002",
            input_tokens=1521,  # 21 + 1500
            cached_tokens=1500,
            cache_write_tokens=0,
            cache_write_1h_tokens=0,
            output_tokens=9,
            total_tokens=1530,
            cost=(21 * D("3.00") + 1500 * D("0.30") + 9 * D("15.00")) / MILLION,
        ),
    ),
    _scenario(
        id="anthropic-structured-stream",
        stream=True,
        kind="structured",
        tool=BOOK_TOOL,
        demo=True,
        events=_BOOK.stream(
            usage(402, 1),
            [tool_block("toolu_01CmBook000000000000001", BOOK_TOOL, BOOK)],
            "tool_use",
            # The older closing usage: output alone, the input side stands as it was opened.
            {"output_tokens": 61},
        ),
        truth=_truth(
            raw_finish_reasons=("tool_use",),
            finish_reasons=("tool_call",),
            response_id="msg_01CmBookStream00000000003",
            input_tokens=402,
            cached_tokens=0,
            cache_write_tokens=0,
            cache_write_1h_tokens=0,
            output_tokens=61,
            total_tokens=463,
            cost=(402 * D("3.00") + 61 * D("15.00")) / MILLION,
            events_on_wire=12,
            unseen=1,
        ),
    ),
    _scenario(
        id="anthropic-structured-call",
        stream=False,
        kind="structured",
        tool=BOOK_TOOL,
        events=body(
            _BOOK_CALL.message([tool_use("toolu_01CmBook000000000000002", BOOK_TOOL, BOOK)], "tool_use", usage(402, 58))
        ),
        truth=_truth(
            raw_finish_reasons=("tool_use",),
            finish_reasons=("tool_call",),
            response_id="msg_01CmBookCall0000000000004",
            input_tokens=402,
            cached_tokens=0,
            cache_write_tokens=0,
            cache_write_1h_tokens=0,
            output_tokens=58,
            total_tokens=460,
            cost=(402 * D("3.00") + 58 * D("15.00")) / MILLION,
        ),
    ),
    _scenario(
        id="anthropic-tools-stream",
        stream=True,
        kind="tools",
        tool=WEATHER_TOOL,
        events=_TOOLS.stream(
            usage(571, 2, write_5m=1100),
            [
                text_block("Let me look."),
                tool_block("toolu_01CmWthr000000000000001", WEATHER_TOOL, {"city": "Viseu"}, at=1),
            ],
            "tool_use",
            {
                "input_tokens": 571,
                "cache_creation_input_tokens": 1100,
                "cache_read_input_tokens": 0,
                "output_tokens": 66,
            },
        ),
        truth=_truth(
            raw_finish_reasons=("tool_use",),
            finish_reasons=("tool_call",),
            response_id="msg_01CmToolsStream0000000005",
            input_tokens=1671,  # 571 + 1100
            cached_tokens=0,
            cache_write_tokens=1100,
            cache_write_1h_tokens=0,
            output_tokens=66,
            total_tokens=1737,
            cost=(571 * D("3.00") + 1100 * D("3.75") + 66 * D("15.00")) / MILLION,
            events_on_wire=12,
            unseen=1,
        ),
    ),
    _scenario(
        id="anthropic-tools-call",
        stream=False,
        kind="tools",
        tool=WEATHER_TOOL,
        events=body(
            _TOOLS_CALL.message(
                [
                    {"type": "text", "text": "Let me look."},
                    tool_use("toolu_01CmWthr000000000000002", WEATHER_TOOL, {"city": "Viseu"}),
                ],
                "tool_use",
                usage(571, 64, write_1h=900),
            )
        ),
        truth=_truth(
            raw_finish_reasons=("tool_use",),
            finish_reasons=("tool_call",),
            response_id="msg_01CmToolsCall000000000006",
            input_tokens=1471,  # 571 + 900
            cached_tokens=0,
            cache_write_tokens=900,
            cache_write_1h_tokens=900,
            output_tokens=64,
            total_tokens=1535,
            cost=(571 * D("3.00") + 900 * D("6.00") + 64 * D("15.00")) / MILLION,
        ),
    ),
    _scenario(
        id="anthropic-length-stream",
        model="claude-haiku-4-5",
        stream=True,
        kind="plain",
        demo=True,
        events=_LENGTH.stream(
            usage(18, 1),
            [text_block("In the beginning there was")],
            "max_tokens",
            {
                "input_tokens": 18,
                "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": 0,
                "output_tokens": 6,
            },
        ),
        truth=_truth(
            raw_finish_reasons=("max_tokens",),
            finish_reasons=("length",),
            response_model="claude-haiku-4-5-20251001",
            response_id="msg_01CmLengthStream000000007",
            input_tokens=18,
            cached_tokens=0,
            cache_write_tokens=0,
            cache_write_1h_tokens=0,
            output_tokens=6,
            total_tokens=24,
            cost=(18 * D("1.00") + 6 * D("5.00")) / MILLION,
            events_on_wire=9,
            unseen=1,
        ),
    ),
)
