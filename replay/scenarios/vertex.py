"""Vertex AI as google-cloud-aiplatform, its older SDK, hears it: counts on the last event alone.

The events before it have a usage object too, with the type of traffic and no count.
Prices, USD per million tokens: gemini-2.0-flash 0.10 in, 0.025 cached, 0.40 out.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from replay.scenarios import contents
from replay.scenarios.base import BOOK, BOOK_TOOL, MILLION, WEATHER_TOOL, D, Scenario, Truth, compact
from replay.scenarios.contents import Contents, calling, texts

_TRAFFIC = {"trafficType": "ON_DEMAND"}
_Flash = partial(Contents, "gemini-2.0-flash", created="2025-11-24T09:30:12.482913Z")


def _usage(prompt: int, candidates: int, *, cached: int = 0) -> dict[str, Any]:
    return contents.usage(prompt, candidates, cached=cached) | _TRAFFIC


_PLAIN = _Flash("cmV1PlainStreamAAAAAAAAA")
_PLAIN_CALL = _Flash("cmV2PlainCallAAAAAAAAAAA")
_BOOK = _Flash("cmV3BookStreamAAAAAAAAAA")
_BOOK_CALL = _Flash("cmV4BookCallAAAAAAAAAAAA")
_TOOLS = _Flash("cmV5ToolsStreamAAAAAAAAA")
_TOOLS_CALL = _Flash("cmV6ToolsCallAAAAAAAAAAA")

_scenario = partial(Scenario, service="vertex", model="gemini-2.0-flash")
_truth = partial(
    Truth,
    provider="gcp.vertex_ai",
    raw_finish_reasons=("STOP",),
    finish_reasons=("stop",),
    response_model="gemini-2.0-flash",
)

SCENARIOS: tuple[Scenario, ...] = (
    _scenario(
        id="vertex-plain-stream",
        stream=True,
        kind="plain",
        events=_PLAIN.stream(
            texts("Guimaraes is where the country began.", 13),
            "STOP",
            [_TRAFFIC, _TRAFFIC, _usage(2100, 10, cached=2048)],
        ),
        truth=_truth(
            response_id="cmV1PlainStreamAAAAAAAAA",
            input_tokens=2100,
            cached_tokens=2048,
            output_tokens=10,
            total_tokens=2110,
            cost=((2100 - 2048) * D("0.10") + 2048 * D("0.025") + 10 * D("0.40")) / MILLION,
            events_on_wire=3,
        ),
    ),
    _scenario(
        id="vertex-plain-call",
        stream=False,
        kind="plain",
        events=_PLAIN_CALL.call([{"text": "Chaves has hot springs."}], "STOP", _usage(21, 6)),
        truth=_truth(
            response_id="cmV2PlainCallAAAAAAAAAAA",
            input_tokens=21,
            output_tokens=6,
            total_tokens=27,
            cost=(21 * D("0.10") + 6 * D("0.40")) / MILLION,
        ),
    ),
    _scenario(
        # In JSON mode, the only way Mirascope has here, it still offers the tool but reads the text.
        id="vertex-structured-stream",
        stream=True,
        kind="structured",
        tool=BOOK_TOOL,
        events=_BOOK.stream(texts(compact(BOOK), 24), "STOP", [_TRAFFIC, _TRAFFIC, _usage(83, 21)]),
        truth=_truth(
            response_id="cmV3BookStreamAAAAAAAAAA",
            input_tokens=83,
            output_tokens=21,
            total_tokens=104,
            cost=(83 * D("0.10") + 21 * D("0.40")) / MILLION,
            events_on_wire=3,
        ),
    ),
    _scenario(
        id="vertex-structured-call",
        stream=False,
        kind="structured",
        tool=BOOK_TOOL,
        events=_BOOK_CALL.call([calling(BOOK_TOOL, BOOK)], "STOP", _usage(57, 18)),
        truth=_truth(
            response_id="cmV4BookCallAAAAAAAAAAAA",
            input_tokens=57,
            output_tokens=18,
            total_tokens=75,
            cost=(57 * D("0.10") + 18 * D("0.40")) / MILLION,
        ),
    ),
    _scenario(
        id="vertex-tools-stream",
        stream=True,
        kind="tools",
        tool=WEATHER_TOOL,
        events=_TOOLS.stream(
            [[{"text": "One moment."}], [calling(WEATHER_TOOL, {"city": "Chaves"})]], "STOP", [_TRAFFIC, _usage(38, 9)]
        ),
        truth=_truth(
            response_id="cmV5ToolsStreamAAAAAAAAA",
            input_tokens=38,
            output_tokens=9,
            total_tokens=47,
            cost=(38 * D("0.10") + 9 * D("0.40")) / MILLION,
            events_on_wire=2,
        ),
    ),
    _scenario(
        id="vertex-tools-call",
        stream=False,
        kind="tools",
        tool=WEATHER_TOOL,
        events=_TOOLS_CALL.call([calling(WEATHER_TOOL, {"city": "Guimaraes"})], "STOP", _usage(38, 6)),
        truth=_truth(
            response_id="cmV6ToolsCallAAAAAAAAAAA",
            input_tokens=38,
            output_tokens=6,
            total_tokens=44,
            cost=(38 * D("0.10") + 6 * D("0.40")) / MILLION,
        ),
    ),
)
