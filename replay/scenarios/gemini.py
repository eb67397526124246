"""The Gemini API as google-generativeai, its older SDK, hears it: usage on every event, no response's id.

Prices, USD per million tokens: gemini-1.5-flash 0.075 in, 0.01875 cached, 0.30 out.
"""

from __future__ import annotations

from functools import partial

from replay.scenarios.base import BOOK, BOOK_TOOL, MILLION, WEATHER_TOOL, D, Scenario, Truth, compact
from replay.scenarios.contents import Contents, calling, texts, usage

_FLASH = Contents("gemini-1.5-flash-002")

_scenario = partial(Scenario, service="gemini", model="gemini-1.5-flash")
_truth = partial(
    Truth,
    provider="gcp.gemini",
    raw_finish_reasons=("STOP",),
    finish_reasons=("stop",),
    response_model="gemini-1.5-flash-002",
    response_id=None,
)

SCENARIOS: tuple[Scenario, ...] = (
    _scenario(
        id="gemini-plain-stream",
        stream=True,
        kind="plain",
        events=_FLASH.stream(
            texts("Elvas has an aqueduct of four tiers.", 12), "STOP", [usage(24, 3), usage(24, 6), usage(24, 9)]
        ),
        truth=_truth(
            input_tokens=24,
            output_tokens=9,
            total_tokens=33,
            cost=(24 * D("0.075") + 9 * D("0.30")) / MILLION,
            events_on_wire=3,
        ),
    ),
    _scenario(
        id="gemini-plain-call",
        stream=False,
        kind="plain",
        events=_FLASH.call([{"text": "Mertola was a river port."}], "STOP", usage(1600, 7, cached=1024)),
        truth=_truth(
            input_tokens=1600,
            cached_tokens=1024,
            output_tokens=7,
            total_tokens=1607,
            cost=((1600 - 1024) * D("0.075") + 1024 * D("0.01875") + 7 * D("0.30")) / MILLION,
        ),
    ),
    _scenario(
        # In JSON mode, the only way Mirascope has here, it still offers the tool but reads the text.
        id="gemini-structured-stream",
        stream=True,
        kind="structured",
        tool=BOOK_TOOL,
        events=_FLASH.stream(texts(compact(BOOK), 24), "STOP", [usage(81, None), usage(81, 11), usage(81, 21)]),
        truth=_truth(
            input_tokens=81,
            output_tokens=21,
            total_tokens=102,
            cost=(81 * D("0.075") + 21 * D("0.30")) / MILLION,
            events_on_wire=3,
        ),
    ),
    _scenario(
        id="gemini-structured-call",
        stream=False,
        kind="structured",
        tool=BOOK_TOOL,
        events=_FLASH.call([calling(BOOK_TOOL, BOOK)], "STOP", usage(92, 18)),
        truth=_truth(
            input_tokens=92,
            output_tokens=18,
            total_tokens=110,
            cost=(92 * D("0.075") + 18 * D("0.30")) / MILLION,
        ),
    ),
    _scenario(
        id="gemini-tools-stream",
        stream=True,
        kind="tools",
        tool=WEATHER_TOOL,
        events=_FLASH.stream(
            [[{"text": "One moment."}], [calling(WEATHER_TOOL, {"city": "Elvas"})]],
            "STOP",
            [usage(66, 3), usage(66, 8)],
        ),
        truth=_truth(
            input_tokens=66,
            output_tokens=8,
            total_tokens=74,
            cost=(66 * D("0.075") + 8 * D("0.30")) / MILLION,
            events_on_wire=2,
        ),
    ),
    _scenario(
        id="gemini-tools-call",
        stream=False,
        kind="tools",
        tool=WEATHER_TOOL,
        events=_FLASH.call([calling(WEATHER_TOOL, {"city": "Mertola"})], "STOP", usage(66, 5)),
        truth=_truth(
            input_tokens=66,
            output_tokens=5,
            total_tokens=71,
            cost=(66 * D("0.075") + 5 * D("0.30")) / MILLION,
        ),
    ),
)
