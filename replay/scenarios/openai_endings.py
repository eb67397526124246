"""OpenAI chat completions that end otherwise: cut short, filtered, twice at once, with audio.

Prices, USD per million tokens: gpt-4.1-nano 0.10 in, 0.40 out; gpt-4.1-mini 0.40, 1.60; gpt-audio 2.50,
10.00, of audio 32.00 and 64.00.
"""

from __future__ import annotations

from functools import partial

from replay.scenarios.base import MILLION, D, Scenario, Truth, body, sse
from replay.scenarios.chat import Chat, text_deltas, usage

_LENGTH = Chat("chatcmpl-CmLengthStream009", "gpt-4.1-nano-2025-04-14", 1763800009, "fp_7f8eb7d1f9")
_CHOICES = Chat("chatcmpl-CmChoicesStream10", "gpt-4.1-mini-2025-04-14", 1763800010, "fp_376a7ccef1")
_FILTER_CALL = Chat("chatcmpl-CmFilterCall00011", "gpt-4.1-mini-2025-04-14", 1763800011, "fp_376a7ccef1")
_AUDIO_CALL = Chat("chatcmpl-CmAudioCall000012", "gpt-audio-2025-08-28", 1763800012, None)

_scenario = partial(Scenario, service="openai")
_truth = partial(Truth, provider="openai", service_tier="default", input_audio_tokens=0, output_audio_tokens=0)

ENDINGS: tuple[Scenario, ...] = (
    _scenario(
        id="openai-length-stream",
        model="gpt-4.1-nano",
        stream=True,
        kind="plain",
        demo=True,
        events=sse(_LENGTH.stream(text_deltas("Once upon a time there"), "length", usage(22, 5))),
        truth=_truth(
            raw_finish_reasons=("length",),
            finish_reasons=("length",),
            response_model="gpt-4.1-nano-2025-04-14",
            response_id="chatcmpl-CmLengthStream009",
            input_tokens=22,
            cached_tokens=0,
            output_tokens=5,
            total_tokens=27,
            reasoning_tokens=0,
            cost=(22 * D("0.10") + 5 * D("0.40")) / MILLION,
            events_on_wire=6,
        ),
    ),
    _scenario(
        id="openai-choices-stream",
        model="gpt-4.1-mini",
        stream=True,
        kind="plain",
        events=sse(
            [
                _CHOICES.chunk({"role": "assistant", "content": "", "refusal": None}),
                _CHOICES.chunk({"role": "assistant", "content": "", "refusal": None}, index=1),
                _CHOICES.chunk({"content": "Heads"}),
                _CHOICES.chunk({"content": "Tails, and"}, index=1),
                _CHOICES.chunk({}, finish="stop"),
                _CHOICES.chunk({}, index=1, finish="length"),
                _CHOICES.usage_chunk(usage(14, 6)),
            ]
        ),
        truth=_truth(
            raw_finish_reasons=("stop", "length"),
            finish_reasons=("stop", "length"),
            response_model="gpt-4.1-mini-2025-04-14",
            response_id="chatcmpl-CmChoicesStream10",
            input_tokens=14,
            cached_tokens=0,
            output_tokens=6,
            total_tokens=20,
            reasoning_tokens=0,
            cost=(14 * D("0.40") + 6 * D("1.60")) / MILLION,
            events_on_wire=7,
        ),
    ),
    _scenario(
        id="openai-filter-call",
        model="gpt-4.1-mini",
        stream=False,
        kind="plain",
        events=body(_FILTER_CALL.completion({"content": "First, take"}, "content_filter", usage(40, 3))),
        truth=_truth(
            raw_finish_reasons=("content_filter",),
            finish_reasons=("content_filter",),
            response_model="gpt-4.1-mini-2025-04-14",
            response_id="chatcmpl-CmFilterCall00011",
            input_tokens=40,
            cached_tokens=0,
            output_tokens=3,
            total_tokens=43,
            reasoning_tokens=0,
            cost=(40 * D("0.40") + 3 * D("1.60")) / MILLION,
        ),
    ),
    _scenario(
        id="openai-audio-call",
        model="gpt-audio",
        stream=False,
        kind="plain",
        events=body(
            _AUDIO_CALL.completion(
                {"content": "It is a blackbird."}, "stop", usage(140, 90, audio_in=120, audio_out=70)
            )
        ),
        truth=_truth(
            raw_finish_reasons=("stop",),
            finish_reasons=("stop",),
            response_model="gpt-audio-2025-08-28",
            response_id="chatcmpl-CmAudioCall000012",
            input_tokens=140,
            cached_tokens=0,
            output_tokens=90,
            total_tokens=230,
            reasoning_tokens=0,
            input_audio_tokens=120,
            output_audio_tokens=70,
            cost=(20 * D("2.50") + 120 * D("32.00") + 20 * D("10.00") + 70 * D("64.00")) / MILLION,
        ),
    ),
)
