"""Answers to those who ask for JSON of their own schema (`.parse`): the text is the object.

Prices, USD per million tokens: gpt-4.1 2.00 in, 0.50 cached, 8.00 out; claude-opus-4-5 5.00 in, 0.50 cache read,
25.00 out.
"""

from __future__ import annotations

from functools import partial

from replay.scenarios.base import BOOK, MILLION, D, Scenario, Truth, body, compact, sse
from replay.scenarios.chat import Chat, text_deltas
from replay.scenarios.chat import usage as chat_usage
from replay.scenarios.messages import Messages, text_block
from replay.scenarios.messages import usage as messages_usage

_BOOK = Chat("chatcmpl-CmParsedStream016", "gpt-4.1-2025-04-14", 1763800016)
_BOOK_CALL = Chat("chatcmpl-CmParsedCall00017", "gpt-4.1-2025-04-14", 1763800017)
_MESSAGE = Messages("msg_01CmParsedStream000000008", model="claude-opus-4-5-20251101")
_MESSAGE_CALL = Messages("msg_01CmParsedCall00000000009", model="claude-opus-4-5-20251101")

_truth = partial(Truth, cached_tokens=0)
_openai = partial(
    _truth,
    provider="openai",
    raw_finish_reasons=("stop",),
    finish_reasons=("stop",),
    response_model="gpt-4.1-2025-04-14",
    service_tier="default",
    reasoning_tokens=0,
    input_audio_tokens=0,
    output_audio_tokens=0,
)
_anthropic = partial(
    _truth,
    provider="anthropic",
    raw_finish_reasons=("end_turn",),
    finish_reasons=("stop",),
    response_model="claude-opus-4-5-20251101",
    service_tier="standard",
    cache_write_tokens=0,
    cache_write_1h_tokens=0,
)

SCENARIOS: tuple[Scenario, ...] = (
    Scenario(
        id="openai-parsed-stream",
        service="openai",
        model="gpt-4.1",
        stream=True,
        kind="structured",
        events=sse(_BOOK.stream(text_deltas(compact(BOOK)), "stop", chat_usage(110, 27))),
        truth=_openai(
            response_id="chatcmpl-CmParsedStream016",
            input_tokens=110,
            output_tokens=27,
            total_tokens=137,
            cost=(110 * D("2.00") + 27 * D("8.00")) / MILLION,
            events_on_wire=11,
        ),
    ),
    Scenario(
        id="openai-parsed-call",
        service="openai",
        model="gpt-4.1",
        stream=False,
        kind="structured",
        events=body(_BOOK_CALL.completion({"content": compact(BOOK)}, "stop", chat_usage(110, 28))),
        truth=_openai(
            response_id="chatcmpl-CmParsedCall00017",
            input_tokens=110,
            output_tokens=28,
            total_tokens=138,
            cost=(110 * D("2.00") + 28 * D("8.00")) / MILLION,
        ),
    ),
    Scenario(
        id="anthropic-parsed-stream",
        service="anthropic",
        model="claude-opus-4-5",
        stream=True,
        kind="structured",
        events=_MESSAGE.stream(messages_usage(190, 1), [text_block(compact(BOOK))], "end_turn", {"output_tokens": 31}),
        truth=_anthropic(
            response_id="msg_01CmParsedStream000000008",
            input_tokens=190,
            output_tokens=31,
            total_tokens=221,
            cost=(190 * D("5.00") + 31 * D("25.00")) / MILLION,
            events_on_wire=12,
            unseen=1,
        ),
    ),
    Scenario(
        id="anthropic-parsed-call",
        service="anthropic",
        model="claude-opus-4-5",
        stream=False,
        kind="structured",
        events=body(
            _MESSAGE_CALL.message([{"type": "text", "text": compact(BOOK)}], "end_turn", messages_usage(190, 30))
        ),
        truth=_anthropic(
            response_id="msg_01CmParsedCall00000000009",
            input_tokens=190,
            output_tokens=30,
            total_tokens=220,
            cost=(190 * D("5.00") + 30 * D("25.00")) / MILLION,
        ),
    ),
)
