"""OpenAI chat completions that somebody has to pay for: costly, ruinous, mostly cached, and of a price nobody knows.

Prices, USD per million tokens: gpt-4o 2.50 in, 10.00 out; gpt-4.5-preview 75.00, 150.00; gpt-5 1.25, 0.125 cached,
10.00.
"""

from __future__ import annotations

from functools import partial

from replay.scenarios.base import MILLION, D, Scenario, Truth, sse
from replay.scenarios.chat import Chat, text_deltas, usage

_COSTLY = Chat("chatcmpl-CmCostlyStream013", "gpt-4o-2024-08-06", 1763800013)
_RUINOUS = Chat("chatcmpl-CmRuinousStream14", "gpt-4.5-preview-2025-02-27", 1763800014)
_UNPRICED = Chat("chatcmpl-CmUnpricedStrm015", "tagus-7b-tuned", 1763800015, None)
_CACHED = Chat("chatcmpl-CmCachedStream016", "gpt-5-2025-08-07", 1763800016, "fp_b3f1157249")

_scenario = partial(Scenario, service="openai", stream=True, kind="plain")
_truth = partial(
    Truth,
    provider="openai",
    raw_finish_reasons=("stop",),
    finish_reasons=("stop",),
    reasoning_tokens=0,
    service_tier="default",
    input_audio_tokens=0,
    output_audio_tokens=0,
)

BILLS: tuple[Scenario, ...] = (
    _scenario(
        id="openai-costly-stream",
        model="gpt-4o",
        demo=True,
        events=sse(_COSTLY.stream(text_deltas("The whole city archive, summed up."), "stop", usage(21_000, 2_750))),
        truth=_truth(
            response_model="gpt-4o-2024-08-06",
            response_id="chatcmpl-CmCostlyStream013",
            input_tokens=21_000,
            cached_tokens=0,
            output_tokens=2_750,
            total_tokens=23_750,
            cost=(21_000 * D("2.50") + 2_750 * D("10.00")) / MILLION,  # 0.08
            events_on_wire=7,
        ),
    ),
    _scenario(
        id="openai-ruinous-stream",
        model="gpt-4.5-preview",
        events=sse(_RUINOUS.stream(text_deltas("And once more, from the start."), "stop", usage(118_000, 4_000))),
        truth=_truth(
            response_model="gpt-4.5-preview-2025-02-27",
            response_id="chatcmpl-CmRuinousStream14",
            input_tokens=118_000,
            cached_tokens=0,
            output_tokens=4_000,
            total_tokens=122_000,
            cost=(118_000 * D("75.00") + 4_000 * D("150.00")) / MILLION,  # 9.45
            events_on_wire=7,
        ),
    ),
    _scenario(
        id="openai-unpriced-stream",
        model="tagus-7b-tuned",
        events=sse(_UNPRICED.stream(text_deltas("Who would know?"), "stop", usage(12, 4))),
        truth=_truth(
            response_model="tagus-7b-tuned",
            response_id="chatcmpl-CmUnpricedStrm015",
            input_tokens=12,
            cached_tokens=0,
            output_tokens=4,
            total_tokens=16,
            cost=None,
            events_on_wire=5,
        ),
    ),
    _scenario(
        id="openai-cached-stream",
        model="gpt-5",
        demo=True,
        events=sse(
            _CACHED.stream(text_deltas("From the cathedral down to the river."), "stop", usage(2100, 60, cached=2048))
        ),
        truth=_truth(
            response_model="gpt-5-2025-08-07",
            response_id="chatcmpl-CmCachedStream016",
            input_tokens=2100,
            cached_tokens=2048,
            output_tokens=60,
            total_tokens=2160,
            cost=((2100 - 2048) * D("1.25") + 2048 * D("0.125") + 60 * D("10")) / MILLION,  # 0.000921
            events_on_wire=8,
        ),
    ),
)
