"""Cohere's SDK, metered: chat, embeddings and rerank of both versions of the API, sync and async, raw or not."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import cohere
import pytest
from cohere.core.api_error import ApiError
from opentelemetry.instrumentation.utils import suppress_instrumentation

import chunkmeter
from chunkmeter.instrumentors import CohereInstrumentor
from chunkmeter.testing import Kit, attributes_of
from replay.scenarios import Answer, Kind
from replay.scenarios.base import body, sse
from replay.server import Server
from support.cells import Cell, ThroughMirascope
from support.either import entered, first, given, items
from support.sdk import ASK, aeventually, count_once, ended, expect, route

pytestmark = pytest.mark.filterwarnings(
    # Mirascope's own, in each call.
    r"ignore:Accessing the 'model_fields' attribute:DeprecationWarning:mirascope\..*",
)

Way = Callable[[Any], Awaitable[Any]]
CALL, STREAM = "cohere-plain-call", "cohere-plain-stream"
MODEL = "command-r-08-2024"
USAGE = {
    "billed_units": {"input_tokens": 7, "output_tokens": 10},
    "tokens": {"input_tokens": 502, "output_tokens": 12},
    "cached_tokens": 448,
}
SPENT = 7 * 0.15e-6 + 10 * 0.60e-6
"""USD per billed token."""
BEGUN = {"id": "c4a2-v2", "type": "message-start", "delta": {"message": {"role": "assistant"}}}
PIECE = {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": "Lagos"}}}}
SCRIPTS: dict[str, tuple[bytes, ...]] = {
    "v2-call": body(
        {
            "id": "c4a2-v2",
            "finish_reason": "COMPLETE",
            "message": {"role": "assistant", "content": [{"type": "text", "text": "Lagos"}]},
            "usage": USAGE,
        }
    ),
    "v2-stream": sse(
        [BEGUN, PIECE, PIECE, {"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": USAGE}}]
    ),
}


def instrument(kit: Kit, **options: Any) -> None:
    """Has the SDK report to the kit. 127.0.0.1 counts as the host of whoever is asked there."""
    CohereInstrumentor().instrument(
        tracer_provider=kit.tracer_provider, meter_provider=kit.meter_provider, servers=["127.0.0.1=*"], **options
    )


@pytest.fixture
def metered(kit: Kit) -> Kit:
    instrument(kit)
    return kit


@pytest.fixture
async def make(server: Server, is_async: bool) -> AsyncIterator[Callable[..., Any]]:
    """Makes a client, `make("v2-stream", "cut=1", v2=True)`, sync or async, closed after the test."""
    for name, events in SCRIPTS.items():
        # Of OpenAI's service, since a stream of version 2 is made of server-sent events.
        server.scripts[name] = Answer(id=name, service="openai", stream=name.endswith("stream"), events=events)
    async with AsyncExitStack() as stack:

        async def made(scenario: str, options: str = "", version: str | None = None) -> Any:
            version = ("V2" if scenario in SCRIPTS else "") if version is None else version
            name = f"{'Async' if is_async else ''}Client{version}"
            client = getattr(cohere, name)(api_key="none", base_url=route(server, scenario, options))
            return await stack.enter_async_context(entered(client))

        yield made


async def chat(client: Any) -> Any:
    return await given(client.chat(model=MODEL, message="Where does Lagos lie?"))


async def raw_chat(client: Any) -> Any:
    return (await given(client.with_raw_response.chat(model=MODEL, message="Where does Lagos lie?"))).data


async def streamed(client: Any) -> Any:
    return await items(client.chat_stream(model=MODEL, message="Where does Lagos lie?"))


async def raw_streamed(client: Any) -> Any:
    async with entered(client.with_raw_response.chat_stream(model=MODEL, message="Where?")) as response:
        return await items(response.data)


async def chat_v2(client: Any) -> Any:
    return await given(client.chat(model=MODEL, messages=ASK))


async def streamed_v2(client: Any) -> Any:
    return await items(client.chat_stream(model=MODEL, messages=ASK))


# --- every way in ---


@pytest.mark.parametrize(
    ("way", "scenario"), [(chat, CALL), (raw_chat, CALL), (streamed, STREAM), (raw_streamed, STREAM)]
)
async def test_a_chat_is_one_call(way: Way, scenario: str, make: Any, metered: Kit) -> None:
    assert await way(await make(scenario))
    expect(metered.span, scenario)
    count_once(metered, scenario)
    attributes = attributes_of(metered.span)
    assert metered.span.name == f"chat {MODEL}"
    assert attributes["gen_ai.provider.name"] == "cohere"
    assert attributes["server.address"] == "127.0.0.1"
    assert attributes.get("gen_ai.request.stream", False) == (scenario == STREAM)


@pytest.mark.parametrize(("way", "script"), [(chat_v2, "v2-call"), (streamed_v2, "v2-stream")])
async def test_so_is_one_of_version_2(way: Way, script: str, make: Any, metered: Kit) -> None:
    assert await way(await make(script))
    attributes = ended(metered, "completed")
    expected = {
        "gen_ai.provider.name": "cohere",
        "gen_ai.request.model": MODEL,
        "gen_ai.response.id": "c4a2-v2",
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.usage.input_tokens": 502,
        "gen_ai.usage.cache_read.input_tokens": 448,
        "gen_ai.usage.output_tokens": 12,
        "gen_ai.usage.cost.amount": pytest.approx(SPENT, abs=1e-12),
        "chunkmeter.chunks": 4 if "stream" in script else None,
    }
    assert {name: attributes.get(name) for name in expected} == expected


async def test_clients_and_methods_made_before_are_metered(make: Any, kit: Kit) -> None:
    ask, stream = (await make(CALL)).chat, (await make("v2-stream")).chat_stream
    instrument(kit)
    await given(ask(model=MODEL, message="Where does Lagos lie?"))
    await items(stream(model=MODEL, messages=ASK))
    assert kit.total("chunkmeter.calls", outcome="completed") == 2


async def test_the_request_is_described(make: Any, metered: Kit) -> None:
    client = await make("v2-call")
    await given(client.chat(model=MODEL, messages=ASK, temperature=0.5, p=0.75, k=5, max_tokens=64, seed=3))
    attributes = attributes_of(metered.span)
    assert attributes["gen_ai.request.temperature"] == 0.5
    assert attributes["gen_ai.request.top_p"] == 0.75
    assert attributes["gen_ai.request.top_k"] == 5
    assert attributes["gen_ai.request.max_tokens"] == 64
    assert attributes["gen_ai.request.seed"] == 3
    assert "gen_ai.request.stop_sequences" not in attributes


async def test_its_tries_are_one_call(make: Any, metered: Kit, server: Server) -> None:
    client, before = await make("v2-call", "status=429"), len(server.requests)
    with pytest.raises(ApiError):
        await given(client.chat(model=MODEL, messages=ASK, request_options={"max_retries": 1}))
    assert len(server.requests) - before == 2
    ended(metered, "error", "429")


async def test_other_requests_are_none_of_a_models(make: Any, metered: Kit, server: Server) -> None:
    said = body({"text": "Lagos", "meta": {}})
    server.scripts["said"] = Answer(id="said", service="openai", stream=False, events=said)
    client = await make("said")
    assert (await given(client.detokenize(tokens=[7], model=MODEL, offline=False))).text == "Lagos"
    assert (metered.spans, metered.total("chunkmeter.calls")) == ([], 0)


# --- every way out ---


async def test_a_stream_that_is_never_iterated_is_no_call(make: Any, metered: Kit, server: Server) -> None:
    client, before = await make("v2-stream"), len(server.requests)
    stream = client.chat_stream(model=MODEL, messages=ASK)
    del stream
    assert len(server.requests) == before
    assert metered.total("chunkmeter.calls") == 0
    assert metered.total("chunkmeter.streams.open") == 0


@pytest.mark.parametrize("scenario", [STREAM, "v2-stream"])
async def test_a_stream_that_is_let_go_of_is_abandoned(scenario: str, make: Any, metered: Kit) -> None:
    client = await make(scenario)
    asked = {"messages": ASK} if scenario == "v2-stream" else {"message": "Where?"}
    await first(client.chat_stream(model=MODEL, **asked))
    await aeventually(lambda: len(metered.spans) == 1)
    ended(metered, "abandoned")


async def test_a_raw_stream_that_is_left_is_closed(make: Any, metered: Kit) -> None:
    client = await make(STREAM)
    async with entered(client.with_raw_response.chat_stream(model=MODEL, message="Where?")) as response:
        await first(response.data)
    ended(metered, "closed")


async def test_a_mistake_of_the_applications_closes_a_raw_stream(make: Any, metered: Kit) -> None:
    client = await make(STREAM)
    with pytest.raises(KeyError):
        async with entered(client.with_raw_response.chat_stream(model=MODEL, message="Where?")):
            raise KeyError("mine")
    ended(metered, "closed")


@pytest.mark.parametrize(("way", "scenario"), [(chat, CALL), (streamed, STREAM)])
async def test_a_refusal_is_an_error(way: Way, scenario: str, make: Any, metered: Kit) -> None:
    """The hook sees the status, and not what the SDK makes of it."""
    with pytest.raises(ApiError):
        await way(await make(scenario, "status=422"))
    ended(metered, "error", "422")


async def test_a_connection_that_breaks_is_an_error(make: Any, metered: Kit) -> None:
    with pytest.raises(Exception) as raised:  # noqa: PT011 -- whichever it is without us
        await streamed(await make(STREAM, "cut=2,drop"))
    kind = type(raised.value)
    ended(metered, "error", f"{kind.__module__}.{kind.__qualname__}")


async def test_a_cut_stream_is_interrupted(make: Any, metered: Kit) -> None:
    await streamed(await make(STREAM, "cut=2"))
    ended(metered, "interrupted", "stream_interrupted")


# --- off, and below others ---


async def test_nothing_is_metered_where_instrumentation_is_suppressed(make: Any, metered: Kit) -> None:
    with suppress_instrumentation():
        await streamed(await make(STREAM))
        await chat(await make(CALL))
    assert (metered.spans, metered.total("chunkmeter.calls")) == ([], 0)


async def test_uninstrumented_it_is_bare(make: Any, metered: Kit) -> None:
    stream = (await make("v2-stream")).chat_stream(model=MODEL, messages=ASK)
    CohereInstrumentor().uninstrument()
    assert len(await items(stream)) == 4
    assert metered.total("chunkmeter.calls") == 0


async def test_a_stream_that_is_wrapped_too_is_counted_once(make: Any, metered: Kit) -> None:
    stream = (await make("v2-stream")).chat_stream(model=MODEL, messages=ASK)
    await items(chunkmeter.wrap(stream, telemetry=metered.telemetry, provider="cohere", model=MODEL))
    assert metered.total("chunkmeter.calls", outcome="completed") == 1
    assert metered.total("chunkmeter.calls") == 1


KINDS: tuple[Kind, ...] = ("plain", "structured", "tools")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stream", [False, True], ids=["call", "stream"])
async def test_a_call_through_mirascope_is_counted_once(
    stream: bool, kind: Kind, is_async: bool, through_mirascope: ThroughMirascope, metered: Kit
) -> None:
    """Mirascope's hook begins it, and the SDK's lets it pass."""
    cell = Cell("cohere", is_async=is_async, stream=stream, kind=kind)
    assert await through_mirascope(cell, metered)
    assert metered.total("chunkmeter.calls") == 1
    assert attributes_of(metered.span)["code.function.name"]
    assert metered.total("chunkmeter.spend") == pytest.approx(cell.scenario.truth.usd, abs=1e-12)


# --- embeddings and rerank ---


@pytest.mark.parametrize("version", ["", "V2"])
async def test_embeddings_are_one_call(version: str, make: Any, metered: Kit, server: Server) -> None:
    said = {
        "id": "embd-1",
        "response_type": "embeddings_by_type" if version else "embeddings_floats",
        "embeddings": {"float": [[0.1, 0.2]]} if version else [[0.1, 0.2]],
        "texts": ["ebb"],
        "meta": {"billed_units": {"input_tokens": 1000}},
    }
    server.scripts["embed"] = Answer(id="embed", service="openai", stream=False, events=body(said))
    client = await make("embed", version=version)
    more = {"embedding_types": ["float"]} if version else {}
    answer = await given(client.embed(texts=["ebb"], model="embed-v4.0", input_type="search_query", **more))
    assert answer.id == ("embd-1" if version else answer.id)  # version 1 joins the answers to several requests
    attributes = ended(metered, "completed")
    expected = {
        "gen_ai.operation.name": "embeddings",
        "gen_ai.provider.name": "cohere",
        "gen_ai.request.model": "embed-v4.0",
        "gen_ai.response.id": "embd-1",
        "gen_ai.usage.input_tokens": 1000,
        "gen_ai.usage.cost.amount": pytest.approx(1000 * 0.12e-6, abs=1e-12),  # USD 0.12 per million tokens
        "chunkmeter.cost.status": "known",
        "chunkmeter.usage.status": "reported",
    }
    assert {name: attributes.get(name) for name in expected} == expected
    assert metered.span.name == "embeddings embed-v4.0"
    assert "chunkmeter.finish_reason" not in attributes


@pytest.mark.parametrize("version", ["", "V2"])
async def test_a_rerank_is_one_call_that_counts_units(version: str, make: Any, metered: Kit, server: Server) -> None:
    said = {
        "id": "rerank-1",
        "results": [{"index": 0, "relevance_score": 0.9}],
        "meta": {"billed_units": {"search_units": 2}},
    }
    server.scripts["rerank"] = Answer(id="rerank", service="openai", stream=False, events=body(said))
    client = await make("rerank", version=version)
    assert (await given(client.rerank(model="rerank-v3.5", query="Where?", documents=["Lagos"]))).id == "rerank-1"
    attributes = ended(metered, "completed")
    assert metered.span.name == "rerank rerank-v3.5"
    assert attributes["gen_ai.operation.name"] == "rerank"
    assert attributes["gen_ai.response.id"] == "rerank-1"
    assert attributes["chunkmeter.usage.status"] == "reported"
    assert "gen_ai.usage.input_tokens" not in attributes
    assert "chunkmeter.finish_reason" not in attributes


async def test_a_price_file_has_the_cost_of_a_rerank(make: Any, kit: Kit, server: Server, tmp_path: Any) -> None:
    said = {"id": "rerank-1", "results": [], "meta": {"billed_units": {"search_units": 3}}}
    server.scripts["rerank"] = Answer(id="rerank", service="openai", stream=False, events=body(said))
    prices = tmp_path / "prices.toml"
    prices.write_text(
        '[[models]]\nnames = ["rerank-*"]\nprices = { input = 0, output = 0 }\nfees = { search_unit = 0.002 }\n'
    )
    instrument(kit, prices=str(prices))
    await given((await make("rerank", version="V2")).rerank(model="rerank-v3.5", query="Where?", documents=["Lagos"]))
    assert kit.total("chunkmeter.spend") == pytest.approx(3 * 0.002, abs=1e-12)
