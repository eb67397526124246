"""xAI's SDK, metered: every method that asks a model, sync and async, against a gRPC service on 127.0.0.1."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, aclosing, closing
from typing import Any

import grpc
import pytest
from opentelemetry.instrumentation.utils import suppress_instrumentation
from pydantic import BaseModel, ValidationError
from xai_sdk.chat import Response, user

import chunkmeter
from chunkmeter.instrumentors import XAIInstrumentor
from chunkmeter.testing import Kit, attributes_of
from support import grok as served
from support.either import first, given, items
from support.grok import MODEL, PIECES, TRUTH, USD, Grok
from support.sdk import aeventually, ended

pytestmark = [
    pytest.mark.slow,  # it opens a port
    pytest.mark.filterwarnings(r"ignore:chat\.\w+_batch will be deprecated:PendingDeprecationWarning"),
]

Way = Callable[[Any], Awaitable[Any]]


class City(BaseModel):
    city: str


class Country(BaseModel):
    country: str


def instrument(kit: Kit) -> None:
    """Has the SDK report to the kit. The service counts as xAI's own."""
    XAIInstrumentor().instrument(
        tracer_provider=kit.tracer_provider, meter_provider=kit.meter_provider, servers=["localhost=*"]
    )


@pytest.fixture
def metered(kit: Kit) -> Kit:
    instrument(kit)
    return kit


@pytest.fixture
def grok() -> Iterator[Grok]:
    with served.serve() as grok:
        yield grok


@pytest.fixture
async def make(grok: Grok, is_async: bool) -> AsyncIterator[Callable[..., Any]]:
    """Makes a conversation, `make(temperature=0.5)`, sync or async."""
    async with AsyncExitStack() as stack:

        def made(**more: Any) -> Any:
            client = served.client(grok, is_async=is_async)
            stack.push_async_callback(lambda: given(client.close()))
            chat = client.chat.create(model=MODEL, **more)
            chat.append(user("Where does Faro lie?"))
            return chat

        yield made


async def sampled(chat: Any) -> Any:
    return await given(chat.sample())


async def sampled_twice(chat: Any) -> Any:
    return (await given(chat.sample_batch(2)))[1]


async def parsed(chat: Any) -> Any:
    response, city = await given(chat.parse(City))
    assert city == City(city="Faro")
    return response


async def deferred(chat: Any) -> Any:
    return await given(chat.defer())


async def deferred_twice(chat: Any) -> Any:
    return (await given(chat.defer_batch(2)))[1]


async def streamed(chat: Any) -> Any:
    return (await items(chat.stream()))[-1][0]


async def streamed_twice(chat: Any) -> Any:
    return (await items(chat.stream_batch(2)))[-1][0][1]


# --- every way in ---


@pytest.mark.parametrize("way", [sampled, sampled_twice, parsed, deferred, deferred_twice, streamed, streamed_twice])
async def test_a_request_is_one_call(way: Way, make: Any, metered: Kit, grok: Grok) -> None:
    response = await way(make())
    assert isinstance(response, Response)
    assert (response.content, grok.requests) == ("".join(PIECES), 1)
    attributes, is_batch = ended(metered, "completed"), way.__name__.endswith("twice")
    reasons = ["stop", "stop"] if is_batch else ["stop"]
    expected: dict[str, Any] = {**TRUTH, "gen_ai.response.finish_reasons": reasons, "server.port": grok.port}
    expected["chunkmeter.chunks"] = 4 if "streamed" in way.__name__ else None
    expected["gen_ai.usage.cost.amount"] = pytest.approx(USD, abs=1e-12)
    assert {name: attributes.get(name) for name in expected} == expected
    assert metered.span.name == f"chat {MODEL}"
    assert metered.total("chunkmeter.spend") == pytest.approx(USD, abs=1e-12)


async def test_a_compaction_is_one_call(make: Any, metered: Kit) -> None:
    compacted = await given(make().compact())
    assert compacted.encrypted_content == "7f"
    attributes = ended(metered, "completed")
    assert attributes["gen_ai.usage.output_tokens"] == 200
    assert attributes["chunkmeter.cost.status"] == "known"
    assert metered.total("chunkmeter.spend") == pytest.approx(USD, abs=1e-12)


async def test_conversations_made_before_are_metered(make: Any, kit: Kit) -> None:
    chat = make()
    instrument(kit)
    await given(chat.sample())
    await items(chat.stream())
    assert kit.total("chunkmeter.calls", outcome="completed") == 2


async def test_the_request_is_described(make: Any, metered: Kit) -> None:
    await given(make(temperature=0.5, max_tokens=64, stop=["END"], seed=3, service_tier="priority").sample_batch(2))
    attributes = attributes_of(metered.span)
    assert attributes["gen_ai.request.temperature"] == 0.5
    assert attributes["gen_ai.request.max_tokens"] == 64
    assert attributes["gen_ai.request.stop_sequences"] == ["END"]
    assert attributes["gen_ai.request.seed"] == 3
    assert attributes["gen_ai.request.choice.count"] == 2
    assert attributes["chunkmeter.cost_metadata.tier"] == "SERVICE_TIER_PRIORITY"


# --- every way out ---


async def test_an_answer_that_cannot_be_parsed_is_paid_for(make: Any, metered: Kit) -> None:
    with pytest.raises(ValidationError):
        await given(make().parse(Country))
    attributes = ended(metered, "error", "pydantic_core._pydantic_core.ValidationError")
    assert attributes["gen_ai.usage.output_tokens"] == 200
    assert metered.total("chunkmeter.spend") == pytest.approx(USD, abs=1e-12)


@pytest.mark.parametrize("way", [sampled, parsed, deferred, streamed, streamed_twice])
async def test_a_refusal_is_an_error(way: Way, make: Any, metered: Kit, grok: Grok) -> None:
    grok.fails = "refused"
    with pytest.raises(grpc.RpcError) as raised:
        await way(make())
    kind = type(raised.value)
    ended(metered, "error", f"{kind.__module__}.{kind.__qualname__}")


async def test_an_error_in_the_middle_is_an_error(make: Any, metered: Kit, grok: Grok) -> None:
    grok.fails = "broken"
    with pytest.raises(grpc.RpcError) as raised:
        await streamed(make())
    kind = type(raised.value)
    assert ended(metered, "error", f"{kind.__module__}.{kind.__qualname__}")["chunkmeter.chunks"] == 1


async def test_a_cut_stream_is_interrupted(make: Any, metered: Kit, grok: Grok) -> None:
    grok.fails = "cut"
    await streamed(make())
    ended(metered, "interrupted", "stream_interrupted")


async def test_a_stream_that_is_never_iterated_is_no_call(make: Any, metered: Kit, grok: Grok) -> None:
    stream = make().stream()
    del stream
    assert grok.requests == 0
    assert metered.total("chunkmeter.calls") == 0


async def test_a_stream_that_is_let_go_of_is_abandoned(make: Any, metered: Kit) -> None:
    await first(make().stream())
    await aeventually(lambda: len(metered.spans) == 1)
    assert ended(metered, "abandoned")["chunkmeter.chunks"] == 1


async def test_a_stream_that_is_closed_ends_its_request(make: Any, metered: Kit, is_async: bool) -> None:
    stream = make().stream()
    if is_async:
        async with aclosing(stream):
            await stream.__anext__()
        ended(metered, "closed")
    else:
        with closing(stream):
            next(stream)
        del stream
        await aeventually(lambda: len(metered.spans) == 1)
        ended(metered, "abandoned")


# --- off, and below others ---


async def test_nothing_is_metered_where_instrumentation_is_suppressed(make: Any, metered: Kit) -> None:
    with suppress_instrumentation():
        await streamed(make())
        await sampled(make())
    assert (metered.spans, metered.total("chunkmeter.calls")) == ([], 0)


async def test_uninstrumented_it_is_bare(make: Any, metered: Kit) -> None:
    XAIInstrumentor().uninstrument()
    await streamed(make())
    await sampled(make())
    assert (metered.spans, metered.total("chunkmeter.calls")) == ([], 0)


async def test_a_stream_that_is_wrapped_too_is_counted_once(make: Any, metered: Kit) -> None:
    await items(chunkmeter.wrap(make().stream(), telemetry=metered.telemetry, provider="xai", model=MODEL))
    assert metered.total("chunkmeter.calls", outcome="completed") == 1
    assert metered.total("chunkmeter.calls") == 1
