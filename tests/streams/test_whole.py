"""`wrap` of what is no stream: a whole answer is a call that is over; and of a stream not asked for its usage."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from anthropic.types import Message
from mirascope.core import openai as mirascope_openai
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from pydantic import BaseModel

from chunkmeter import spending, wrap
from chunkmeter.instrumentors import OpenAIInstrumentor
from chunkmeter.streams import untold
from chunkmeter.testing import Kit, attributes_of
from replay.scenarios import by_id
from replay.server import Server
from support.sdk import ASK, anthropic_client, async_openai_client, eventually, openai_client
from support.stainless import OPENAI, instrument
from support.streams import agenerated, events_of, generated

CALL = 0.00000945
"""gpt-4o-mini: 31 x 0.15 and 8 x 0.60 USD a million."""
ANSWER = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1763800000,
    "model": "gpt-4o-mini",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Faro"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 31, "completion_tokens": 8, "total_tokens": 39},
}


@pytest.fixture(autouse=True)
def fresh() -> None:
    """As if the process had just begun."""
    untold._warn.cache_clear()


def counted(kit: Kit, usd: float, calls: int = 1) -> None:
    """So many whole answers, and nothing that is still open."""
    assert kit.total("chunkmeter.calls") == calls
    assert kit.total("chunkmeter.calls", outcome="completed", usage__status="reported") == calls
    assert kit.total("chunkmeter.spend") == pytest.approx(usd, abs=1e-12)
    assert kit.total("chunkmeter.streams.open") == 0
    assert kit.total("chunkmeter.errors") == 0


def test_an_answer_counts_as_the_call_that_it_is(server: Server, kit: Kit) -> None:
    """The same object; given again it does not count again."""
    answer = openai_client(server, "openai-plain-call").chat.completions.create(model="gpt-4o-mini", messages=ASK)
    assert wrap(answer, telemetry=kit.telemetry) is answer
    assert type(answer) is ChatCompletion
    assert wrap(answer, telemetry=kit.telemetry) is answer
    counted(kit, CALL)
    attributes = attributes_of(kit.span)
    assert attributes["gen_ai.response.finish_reasons"] == ["stop"]
    assert attributes["gen_ai.usage.input_tokens"] == 31
    assert "gen_ai.request.stream" not in attributes
    assert "gen_ai.response.time_to_first_chunk" not in attributes
    one = spending.of(answer)
    assert one is not None
    assert [float(amount) for amount in one.amounts.values()] == [CALL]


async def test_an_async_client_s_answer_is_the_same(server: Server, kit: Kit) -> None:
    """What was awaited is an answer like any other."""
    async with async_openai_client(server, "openai-plain-call") as client:
        answer = await client.chat.completions.create(model="gpt-4o-mini", messages=ASK)
    assert wrap(answer, provider="openai", model="gpt-4o-mini", telemetry=kit.telemetry) is answer
    counted(kit, CALL)
    assert attributes_of(kit.span)["gen_ai.request.model"] == "gpt-4o-mini"


def test_anthropic_s_message(server: Server, kit: Kit) -> None:
    """On its own wire, with its cost."""
    client = anthropic_client(server, "anthropic-plain-call")
    answer = client.messages.create(model="claude-sonnet-4-5", messages=ASK, max_tokens=64)
    assert isinstance(answer, Message)
    assert wrap(answer, telemetry=kit.telemetry) is answer
    usd = by_id["anthropic-plain-call"].truth.usd
    assert usd is not None
    counted(kit, float(usd))


def test_json_is_an_answer_too(kit: Kit) -> None:
    """A dict can't be known again, so it counts each time; it is handed back, and not a proxy for it."""
    answer = {**ANSWER}
    assert wrap(answer, telemetry=kit.telemetry) is answer
    assert answer == ANSWER
    wrap(answer, telemetry=kit.telemetry)
    counted(kit, 2 * CALL, 2)


def test_when_it_was_asked_is_its_start(kit: Kit) -> None:
    """Then its duration means something."""
    wrap(ANSWER, start_time=1_763_800_000_000_000_000, telemetry=kit.telemetry)
    assert kit.span.start_time == 1_763_800_000_000_000_000


def test_on_a_span_of_the_app_s(kit: Kit) -> None:
    """Its owner ends it."""
    span = kit.tracer.start_span("chat", attributes={"gen_ai.operation.name": "chat"})
    wrap(ANSWER, span=span, telemetry=kit.telemetry)
    span.end()
    counted(kit, CALL)
    assert attributes_of(kit.span)["gen_ai.usage.output_tokens"] == 8


def test_what_a_hook_has_metered_is_not_metered_again(server: Server, kit: Kit) -> None:
    """The hook knows more of it."""
    instrument(OPENAI, kit)
    answer = openai_client(server, "openai-plain-call").chat.completions.create(model="gpt-4o-mini", messages=ASK)
    assert wrap(answer, telemetry=kit.telemetry) is answer
    OpenAIInstrumentor().uninstrument()
    counted(kit, CALL)


def test_mirascope_1_s_response(server: Server, kit: Kit) -> None:
    """Nobody has hooked it; who answered, it says itself. The SDK's answer in it is the same call."""

    @mirascope_openai.call("gpt-4o-mini", client=openai_client(server, "openai-plain-call"))
    def tell(city: str) -> str:
        return f"Tell me something surprising about {city}."

    answer = tell("Lisbon")
    assert wrap(answer, telemetry=kit.telemetry) is answer
    assert wrap(answer.response, telemetry=kit.telemetry) is answer.response
    counted(kit, CALL)
    assert attributes_of(kit.span)["gen_ai.provider.name"] == "openai"


def test_mirascope_2_s_response(kit: Kit) -> None:
    """Of the shape of its `Response`, which says who was asked."""
    kind = type("Response", (SimpleNamespace,), {"__module__": "mirascope.llm.responses.response"})
    answer = kind(raw=ChatCompletion.model_validate(ANSWER), provider_id="openai", model_id="openai/gpt-4o-mini")
    assert wrap(answer, telemetry=kit.telemetry) is answer
    counted(kit, CALL)
    attributes = attributes_of(kit.span)
    assert (attributes["gen_ai.provider.name"], attributes["gen_ai.request.model"]) == ("openai", "gpt-4o-mini")


class Unlike(BaseModel):
    """A model of the app's own."""

    city: str = "Faro"


class Several(BaseModel):
    """One that is a stream: what it iterates is its own."""

    def __iter__(self) -> Iterator[Any]:  # pyrefly: ignore[bad-override]
        yield from events_of("openai-plain-stream")


@pytest.mark.parametrize(
    "make",
    [
        Unlike,
        lambda: {"city": "Faro"},
        lambda: "Faro",
        lambda: 1,
        lambda: ChatCompletionChunk.model_validate(events_of("openai-plain-stream")[0]),
    ],
    ids=["model", "dict", "text", "number", "chunk"],
)
def test_what_is_no_answer_is_left_with_one_line(
    make: Callable[[], Any], kit: Kit, caplog: pytest.LogCaptureFixture
) -> None:
    """No call, no open stream, the same object."""
    thing = make()
    with caplog.at_level(logging.WARNING, "chunkmeter"):
        assert wrap(thing, telemetry=kit.telemetry) is thing
        assert wrap(thing, telemetry=kit.telemetry) is thing
    (said,) = (record.getMessage() for record in caplog.records)
    assert said.startswith("chunkmeter failed in wrap (TypeError); your call goes on")
    assert (kit.total("chunkmeter.calls"), kit.total("chunkmeter.streams.open")) == (0, 0)
    assert kit.total("chunkmeter.errors", stage="hook") == 2


def test_a_model_that_iterates_in_its_own_way_is_a_stream(kit: Kit) -> None:
    """As before."""
    assert list(wrap(Several(), telemetry=kit.telemetry)) == events_of("openai-plain-stream")
    assert kit.total("chunkmeter.calls", outcome="completed") == 1


# --- usage that was not asked for ---

CURE = "stream_options={'include_usage': True}"
UNASKED = events_of("openai-plain-stream")[:-1]


async def test_a_stream_without_its_usage_says_the_cure_once(kit: Kit, caplog: pytest.LogCaptureFixture) -> None:
    """Sync or async, however many there are."""
    with caplog.at_level(logging.WARNING, "chunkmeter"):
        for _ in range(2):
            list(wrap(generated(UNASKED), provider="openai", telemetry=kit.telemetry))
        assert [each async for each in wrap(agenerated(UNASKED), provider="openai", telemetry=kit.telemetry)]
    assert [record.getMessage().count(CURE) for record in caplog.records] == [1]
    assert kit.total("chunkmeter.calls", usage__status="missing", outcome="completed") == 3


def test_a_stream_of_the_sdk_that_was_not_asked(server: Server, kit: Kit, caplog: pytest.LogCaptureFixture) -> None:
    """As OpenAI answers without `stream_options`."""
    client = openai_client(server, "openai-plain-stream", f"cut={len(UNASKED)}")
    stream = client.chat.completions.create(model="gpt-4o-mini", messages=ASK, stream=True)
    with caplog.at_level(logging.WARNING, "chunkmeter"):
        list(wrap(stream, telemetry=kit.telemetry))
    assert kit.total("chunkmeter.calls", usage__status="missing") == 1
    assert caplog.text.count(CURE) == 1


def test_others_say_nothing_of_it(kit: Kit, caplog: pytest.LogCaptureFixture) -> None:
    """One that was asked, one that broke off, one that was left before its end, one of another wire."""
    whole = events_of("openai-plain-stream")
    with caplog.at_level(logging.WARNING, "chunkmeter"):
        list(wrap(generated(whole), telemetry=kit.telemetry))
        list(wrap(generated(whole[:2]), telemetry=kit.telemetry))
        left: Any = wrap(generated(whole), telemetry=kit.telemetry)
        for _ in UNASKED:
            next(left)
        left.close()
        dropped = wrap(generated(whole), telemetry=kit.telemetry)
        for _ in UNASKED:
            next(dropped)
        del dropped
        list(wrap(generated([{"done": True, "done_reason": "stop", "model": "llama3"}]), telemetry=kit.telemetry))
        eventually(lambda: kit.total("chunkmeter.calls") == 5)
    assert CURE not in caplog.text
