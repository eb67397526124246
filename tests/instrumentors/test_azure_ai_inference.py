"""Azure's inference SDK, metered: every way in and out, sync and async; what a client is made with; below Mirascope."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from azure.ai.inference import ChatCompletionsClient
from azure.ai.inference.aio import ChatCompletionsClient as AsyncChatCompletionsClient
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import HttpResponseError

import chunkmeter
from chunkmeter.instrumentors import AzureAIInferenceInstrumentor
from chunkmeter.testing import Kit, attributes_of
from replay.scenarios import Kind
from replay.server import Server
from support.cells import Cell, ThroughMirascope
from support.either import entered, first, given, items
from support.sdk import ASK, aeventually, count_once, ended, expect, route

pytestmark = pytest.mark.filterwarnings(
    "ignore:Inheritance class AiohttpClientSession:DeprecationWarning",
    # Mirascope's own, in each call.
    r"ignore:Accessing the 'model_fields' attribute:DeprecationWarning:mirascope\..*",
)

Way = Callable[[Any], Awaitable[Any]]
CALL, STREAM = "azure-plain-call", "azure-plain-stream"
CHAT: dict[str, Any] = {"model": "gpt-4o-mini", "messages": ASK}


def instrument(kit: Kit) -> None:
    """Has the SDK report to the kit. 127.0.0.1 counts as the host of whoever is asked there."""
    AzureAIInferenceInstrumentor().instrument(
        tracer_provider=kit.tracer_provider, meter_provider=kit.meter_provider, servers=["127.0.0.1=*"]
    )


@pytest.fixture
def azure(kit: Kit) -> Kit:
    """The SDK, metered."""
    instrument(kit)
    return kit


@pytest.fixture
async def make(server: Server, is_async: bool) -> AsyncIterator[Callable[..., Any]]:
    """Makes a client, `make("azure-plain-stream", "cut=1")`, sync or async."""
    async with AsyncExitStack() as stack:

        async def made(scenario: str, options: str = "", **more: Any) -> Any:
            kind: Any = AsyncChatCompletionsClient if is_async else ChatCompletionsClient
            client = kind(route(server, scenario, options), AzureKeyCredential("none"), retry_total=0, **more)
            return await stack.enter_async_context(entered(client))

        yield made


async def plain(client: Any) -> Any:
    return await given(client.complete(**CHAT))


async def plain_body(client: Any) -> Any:
    return await given(client.complete(CHAT))


async def streamed(client: Any) -> Any:
    return await items(client.complete(**CHAT, stream=True))


async def streamed_body(client: Any) -> Any:
    return await items(client.complete({**CHAT, "stream": True}))


@pytest.mark.parametrize("way", [plain, plain_body])
async def test_a_plain_answer_is_one_call(way: Way, make: Any, azure: Kit) -> None:
    await way(await make(CALL))
    expect(azure.span, CALL)
    count_once(azure, CALL)
    attributes = attributes_of(azure.span)
    assert attributes["gen_ai.provider.name"] == "azure.ai.inference"
    assert attributes["gen_ai.request.model"] == "gpt-4o-mini"
    assert attributes["server.address"] == "127.0.0.1"


@pytest.mark.parametrize("way", [streamed, streamed_body])
async def test_a_stream_is_one_call(way: Way, make: Any, azure: Kit) -> None:
    await way(await make(STREAM))
    expect(azure.span, STREAM)
    count_once(azure, STREAM)
    assert attributes_of(azure.span)["gen_ai.request.stream"] is True


async def test_what_a_client_is_made_with_is_on_the_span(make: Any, azure: Kit) -> None:
    client = await make(CALL, model="gpt-4o-mini", temperature=0.5, max_tokens=64)
    await given(client.complete(messages=ASK, temperature=0.25))
    attributes = attributes_of(azure.span)
    assert attributes["gen_ai.request.model"] == "gpt-4o-mini"
    assert attributes["gen_ai.request.temperature"] == 0.25
    assert attributes["gen_ai.request.max_tokens"] == 64


async def test_a_client_made_before_is_metered_and_a_method_is_not(make: Any, kit: Kit) -> None:
    client = await make(CALL)
    before = client.complete
    instrument(kit)
    await given(before(**CHAT))
    assert kit.total("chunkmeter.calls") == 0
    await plain(client)
    count_once(kit, CALL)


async def test_a_refusal_is_an_error(make: Any, azure: Kit) -> None:
    with pytest.raises(HttpResponseError):
        await plain(await make(CALL, "status=429"))
    ended(azure, "error", "azure.core.exceptions.HttpResponseError")


async def test_a_stream_that_is_closed_is_closed(make: Any, azure: Kit) -> None:
    async with entered(await given((await make(STREAM)).complete(**CHAT, stream=True))) as stream:
        await first(stream)
    ended(azure, "closed")


async def test_a_stream_that_is_let_go_of_is_abandoned(make: Any, azure: Kit, is_async: bool) -> None:
    stream = await given((await make(STREAM)).complete(**CHAT, stream=True))
    response = stream._response
    await first(stream)
    del stream
    await aeventually(lambda: len(azure.spans) == 1)
    await given(response.close())
    ended(azure, "abandoned")


async def test_a_cut_stream_is_interrupted(make: Any, azure: Kit) -> None:
    await items((await make(STREAM, "cut=3")).complete(**CHAT, stream=True))
    ended(azure, "interrupted", "stream_interrupted")


async def test_a_stream_that_is_wrapped_too_is_counted_once(make: Any, azure: Kit) -> None:
    stream = await given((await make(STREAM)).complete(**CHAT, stream=True))
    await items(chunkmeter.wrap(stream, telemetry=azure.telemetry))
    ended(azure, "completed")


KINDS: tuple[Kind, ...] = ("plain", "structured")
"""Mirascope itself fails on async streams with tools."""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stream", [False, True], ids=["call", "stream"])
async def test_a_call_through_mirascope_is_counted_once(
    stream: bool, kind: Kind, is_async: bool, through_mirascope: ThroughMirascope, azure: Kit
) -> None:
    """Mirascope's hook begins it, and the SDK's lets it pass."""
    cell = Cell("azure", is_async=is_async, stream=stream, kind=kind)
    assert await through_mirascope(cell, azure)
    assert azure.total("chunkmeter.calls") == 1
    assert attributes_of(azure.span)["code.function.name"]
    assert azure.total("chunkmeter.spend") == pytest.approx(cell.scenario.truth.usd, abs=1e-12)
