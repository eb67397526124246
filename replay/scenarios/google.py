"""Google generateContent: usage on every event, cumulative; thoughts lie outside `candidatesTokenCount`.

total = prompt + candidates + thoughts, output is the latter two; no sentinel, CRLF line ends.
Prices, USD per million tokens: gemini-2.5-flash 0.30 in, 0.03 cached, 2.50 out; gemini-2.5-flash-lite
0.10, 0.01, 0.40.
"""

from __future__ import annotations

from functools import partial

from replay.scenarios.base import BOOK, BOOK_TOOL, MILLION, WEATHER_TOOL, D, Scenario, Truth, compact
from replay.scenarios.contents import Contents, calling, texts, usage

_PLAIN = Contents("gemini-2.5-flash", "cm1aaPlainStreamAAAAAAAAAA")
_PLAIN_CALL = Contents("gemini-2.5-flash", "cm2aaPlainCallAAAAAAAAAAAA")
_BOOK = Contents("gemini-2.5-flash", "cm3aaBookStreamAAAAAAAAAAA")
_BOOK_CALL = Contents("gemini-2.5-flash", "cm4aaBookCallAAAAAAAAAAAAA")
_TOOLS = Contents("gemini-2.5-flash", "cm5aaToolsStreamAAAAAAAAAA")
_TOOLS_CALL = Contents("gemini-2.5-flash", "cm6aaToolsCallAAAAAAAAAAAA")
_LENGTH_CALL = Contents("gemini-2.5-flash-lite", "cm7aaLengthCallAAAAAAAAAAA")

_scenario = partial(Scenario, service="google", model="gemini-2.5-flash")
_truth = partial(Truth, provider="gcp.gemini", response_model="gemini-2.5-flash")

SCENARIOS: tuple[Scenario, ...] = (
    _scenario(
        id="google-plain-stream",
        stream=True,
        kind="plain",
        demo=True,
        events=_PLAIN.stream(
            texts("Tomar was the seat of the Templars.", 12),
            "STOP",
            [
                usage(2600, 4, thoughts=61, cached=2048),
                usage(2600, 8, thoughts=61, cached=2048),
                usage(2600, 11, thoughts=61, cached=2048),
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
        events=_PLAIN_CALL.call([{"text": "Nazare has the waves."}], "STOP", usage(19, 6, thoughts=33)),
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
        events=_BOOK.stream(texts(compact(BOOK), 24), "STOP", [usage(74, None), usage(74, 11), usage(74, 21)]),
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
        events=_BOOK_CALL.call([calling(BOOK_TOOL, BOOK)], "STOP", usage(88, 19, thoughts=47)),
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
                [calling(WEATHER_TOOL, {"city": "Tomar"}), calling(WEATHER_TOOL, {"city": "Nazare"})],
            ],
            "STOP",
            [usage(64, 4, thoughts=52), usage(64, 31, thoughts=52)],
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
        events=_TOOLS_CALL.call([calling(WEATHER_TOOL, {"city": "Tomar"})], "STOP", usage(64, 15, thoughts=40)),
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
        events=_LENGTH_CALL.call([{"text": "Sagres is where"}], "MAX_TOKENS", usage(11, 4)),
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
