"""LiteLLM, metered: every function that answers, sync and async, whoever answers; by a name from before; once."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import litellm
import pytest
from litellm import acompletion, aembedding, aresponses, atext_completion, completion, embedding, responses
from litellm import text_completion as complete_text
from litellm.caching.caching import Cache
from litellm.litellm_core_utils.logging_worker import GLOBAL_LOGGING_WORKER

import chunkmeter
from chunkmeter.instrumentors import AnthropicInstrumentor, LiteLLMInstrumentor, OpenAIInstrumentor
from chunkmeter.testing import Kit, attributes_of
from replay.scenarios import Answer, by_id
from replay.scenarios.base import body, sse
from replay.server import Server
from support.cells import Cell, ThroughMirascope
from support.either import given
from support.sdk import ASK, aeventually, count_once, ended, eventually, expect, route

pytestmark = pytest.mark.filterwarnings(
    "ignore:Pydantic serializer warnings:UserWarning",
    "ignore::DeprecationWarning",  # its own, and Mirascope's
    # LiteLLM keeps its clients for the next call, and leaves them to the collector.
    "ignore::ResourceWarning",
    "ignore::pytest.PytestUnraisableExceptionWarning",
    "ignore:coroutine 'close_litellm_async_clients':RuntimeWarning",
)

Ask = Callable[..., Any]
CALL, STREAM = "litellm-plain-call", "litellm-plain-stream"
CLAUDE, CLAUDE_STREAM = "anthropic-plain-call", "anthropic-plain-stream"
# 12 fresh at 3 USD a million, 2048 read at 0.30, 1000 written at 3.75, 57 out at 15. 400 of those written are kept for
# an hour, at 6.00, which LiteLLM's streams of this version leave out.
CLAUDE_SPEND = (12 * 3 + 2048 * 0.30 + 1000 * 3.75 + 57 * 15) / 1e6
USAGE: dict[str, Any] = {"stream_options": {"include_usage": True}}
COUNTS = {"prompt_tokens": 12, "completion_tokens": 5, "total_tokens": 17}
TEXT: dict[str, Any] = {
    "id": "cmpl-1",
    "object": "text_completion",
    "created": 1763800301,
    "model": "gpt-3.5-turbo-instruct",
}
SCRIPTS = {
    "text-call": body(TEXT | {"choices": [{"text": "Hi there", "index": 0, "finish_reason": "stop"}], "usage": COUNTS}),
    "text-stream": sse(
        [
            TEXT | {"choices": [{"text": "Hi", "index": 0, "finish_reason": None}]},
            TEXT | {"choices": [{"text": " there", "index": 0, "finish_reason": "stop"}]},
            TEXT | {"choices": [], "usage": COUNTS},
        ]
    ),
}  # fmt: skip


@pytest.fixture
def served(server: Server) -> Iterator[Server]:
    for name, events in SCRIPTS.items():
        server.scripts[name] = Answer(id=name, service="openai", stream=name.endswith("stream"), events=events)
    yield server
    litellm.in_memory_llm_clients_cache.flush_cache()
    litellm.cache = None
    gc.collect()  # here, where what it says of open sockets is expected


@pytest.fixture(autouse=True)
async def _logs_no_more() -> AsyncIterator[None]:
    """What LiteLLM logs beside has ended before its loop does.

    On Python 3.11 a worker that is cancelled just as it has logged something goes on, and the loop would wait
    for it for ever: https://github.com/python/cpython/issues/86296.
    """
    yield
    worker = GLOBAL_LOGGING_WORKER._worker_task
    while worker is not None and worker.get_loop() is asyncio.get_running_loop() and not worker.done():
        worker.cancel()
        await asyncio.sleep(0.01)


def instrument(kit: Kit, *kinds: Any) -> None:
    """Has LiteLLM, or what it asks through too, report to the kit. 127.0.0.1 is the host of whoever is asked there."""
    for kind in kinds or (LiteLLMInstrumentor,):
        kind().instrument(
            tracer_provider=kit.tracer_provider, meter_provider=kit.meter_provider, servers=["127.0.0.1=*"]
        )


@pytest.fixture
def metered(kit: Kit) -> Kit:
    instrument(kit)
    return kit


async def items(stream: Any, is_async: bool) -> list[Any]:
    """All that a stream hands out. LiteLLM's have the methods of both kinds, whichever they are."""
    stream = await given(stream)
    return [item async for item in stream] if is_async else list(stream)


@pytest.fixture
def ask(served: Server, is_async: bool) -> Ask:
    """Asks as a chat does: `ask(scenario, "cut=1", stream=True)`. A coroutine of the async twin."""

    def asked(scenario: str, options: str = "", **more: Any) -> Any:
        maker = "anthropic" if scenario.startswith("anthropic") else "openai"
        said: dict[str, Any] = {"model": f"{maker}/{by_id[scenario].model}", "messages": ASK, "max_retries": 0}
        said |= {"api_base": route(served, scenario, options), "api_key": "none", "max_tokens": 64}
        return (acompletion if is_async else completion)(**said | more)

    return asked


@pytest.mark.parametrize(("scenario", "provider"), [(CALL, "openai"), (CLAUDE, "anthropic")])
async def test_a_plain_answer_is_one_call(scenario: str, provider: str, ask: Ask, metered: Kit) -> None:
    """OpenAI is asked through its SDK, Anthropic without."""
    await given(ask(scenario, temperature=0.5))
    count_once(metered, scenario)
    attributes, truth = attributes_of(metered.span), by_id[scenario].truth
    expected = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": provider,
        "gen_ai.request.model": by_id[scenario].model,
        "gen_ai.request.max_tokens": 64,
        "gen_ai.request.temperature": 0.5,
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.usage.input_tokens": truth.input_tokens,
        "gen_ai.usage.output_tokens": truth.output_tokens,
        "server.address": "127.0.0.1",
        "chunkmeter.outcome": "completed",
    }
    assert {name: attributes.get(name) for name in expected} == expected


async def test_a_stream_is_one_call(ask: Ask, metered: Kit, is_async: bool) -> None:
    assert len(await items(ask(STREAM, stream=True, **USAGE), is_async)) == 6
    expect(metered.span, STREAM)
    count_once(metered, STREAM)
    assert attributes_of(metered.span)["chunkmeter.chunks"] == 6


async def test_a_stream_of_another_route_is_one_call(ask: Ask, metered: Kit, is_async: bool) -> None:
    await items(ask(CLAUDE_STREAM, stream=True, **USAGE), is_async)
    attributes = ended(metered, "completed")
    assert attributes["gen_ai.usage.input_tokens"] == by_id[CLAUDE_STREAM].truth.input_tokens
    assert metered.total("chunkmeter.spend") == pytest.approx(CLAUDE_SPEND)


@pytest.mark.parametrize(
    ("scenario", "stream"), [(CALL, False), (STREAM, True), (CLAUDE, False), (CLAUDE_STREAM, True)]
)
async def test_the_hooks_of_the_sdks_below_count_nothing_more(
    scenario: str, stream: bool, ask: Ask, kit: Kit, is_async: bool
) -> None:
    instrument(kit, OpenAIInstrumentor, AnthropicInstrumentor, LiteLLMInstrumentor)
    answer = ask(scenario, stream=stream, **(USAGE if stream else {}))
    await (items(answer, is_async) if stream else given(answer))
    assert kit.total("chunkmeter.calls", outcome="completed") == kit.total("chunkmeter.calls") == 1
    expected = CLAUDE_SPEND if scenario == CLAUDE_STREAM else by_id[scenario].truth.usd
    assert kit.total("chunkmeter.spend") == pytest.approx(expected)


async def test_text_completions(served: Server, metered: Kit, is_async: bool) -> None:
    kind: Any = atext_completion if is_async else complete_text
    said = {"model": "text-completion-openai/gpt-3.5-turbo-instruct", "prompt": "Say hi", "api_key": "none"}
    await given(kind(**said, api_base=route(served, "text-call")))
    await items(kind(**said, api_base=route(served, "text-stream"), stream=True, **USAGE), is_async)
    assert len(metered.spans) == 2
    for span in metered.spans:
        attributes = attributes_of(span)
        expected = {
            "gen_ai.operation.name": "text_completion",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "gpt-3.5-turbo-instruct",
            "gen_ai.response.finish_reasons": ["stop"],
            "gen_ai.usage.input_tokens": 12,
            "gen_ai.usage.output_tokens": 5,
            "chunkmeter.outcome": "completed",
        }
        assert {name: attributes.get(name) for name in expected} == expected
    # 12 tokens at 1.50 USD a million, 5 at 2.00, twice
    assert metered.total("chunkmeter.spend") == pytest.approx(2 * (12 * 1.50e-6 + 5 * 2.00e-6))


async def test_embeddings(served: Server, metered: Kit, is_async: bool) -> None:
    scenario = "openai-embeddings-call"
    kind: Any = aembedding if is_async else embedding
    model = f"openai/{by_id[scenario].model}"
    await given(kind(model, input=["ebb"], api_base=route(served, scenario), api_key="none", encoding_format="base64"))
    count_once(metered, scenario)
    assert metered.span.name == f"embeddings {by_id[scenario].model}"


@pytest.mark.parametrize("stream", [False, True])
async def test_responses(stream: bool, served: Server, metered: Kit, is_async: bool) -> None:
    scenario = f"responses-plain-{'stream' if stream else 'call'}"
    kind: Any = aresponses if is_async else responses
    said = {"model": f"openai/{by_id[scenario].model}", "input": "What of Beja?", "api_key": "none"}
    answer = kind(**said, api_base=route(served, scenario), stream=stream)
    await (items(answer, is_async) if stream else given(answer))
    count_once(metered, scenario)
    attributes, truth = attributes_of(metered.span), by_id[scenario].truth
    assert attributes["gen_ai.usage.reasoning.output_tokens"] == truth.reasoning_tokens
    assert attributes["gen_ai.response.finish_reasons"] == ["stop"]


async def test_a_response_by_way_of_a_chat_is_one_call(served: Server, metered: Kit, is_async: bool) -> None:
    """Where a provider has no responses, LiteLLM asks for a chat."""
    kind: Any = aresponses if is_async else responses
    said = {"model": f"anthropic/{by_id[CLAUDE].model}", "input": "What of Beja?", "api_key": "none"}
    await given(kind(**said, api_base=route(served, CLAUDE), max_output_tokens=64))
    count_once(metered, CLAUDE)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_router_asks_once(stream: bool, served: Server, metered: Kit, is_async: bool) -> None:
    scenario = STREAM if stream else CALL
    model = {"model": "openai/gpt-4o-mini", "api_base": route(served, scenario), "api_key": "none"}
    router = litellm.Router([{"model_name": "mine", "litellm_params": model}], num_retries=0)
    said: dict[str, Any] = {"model": "mine", "messages": ASK, "stream": stream, **(USAGE if stream else {})}
    answer: Any = router.acompletion(**said) if is_async else router.completion(**said)
    await (items(answer, is_async) if stream else given(answer))
    count_once(metered, scenario)
    assert attributes_of(metered.span)["gen_ai.request.model"] == "gpt-4o-mini"


async def test_an_answer_out_of_the_cache_is_no_call(ask: Ask, metered: Kit, served: Server) -> None:
    litellm.cache = Cache(type=litellm.types.caching.LiteLLMCacheType.LOCAL)
    before = len(served.requests)
    once = await given(ask(CALL, caching=True))
    kept: Any = litellm.cache.cache
    await aeventually(lambda: bool(kept.cache_dict))  # the async twin fills it beside
    again = await given(ask(CALL, caching=True))
    assert once.choices[0].message.content == again.choices[0].message.content
    assert len(served.requests) - before == 1
    count_once(metered, CALL)


async def test_a_made_up_answer_is_no_call(ask: Ask, metered: Kit) -> None:
    await given(ask(CALL, mock_response="Nobody was asked."))
    assert (metered.spans, metered.total("chunkmeter.calls")) == ([], 0)


async def test_each_model_of_a_fallback_is_a_call(ask: Ask, served: Server, metered: Kit) -> None:
    other = {"model": "openai/gpt-4o-mini", "api_base": route(served, CALL)}
    await given(ask(CALL, "status=400", fallbacks=[other]))
    assert [attributes_of(span)["chunkmeter.outcome"] for span in metered.spans] == ["error", "completed"]
    assert metered.total("chunkmeter.spend") == pytest.approx(by_id[CALL].truth.usd)


async def test_a_refusal_is_an_error(ask: Ask, metered: Kit) -> None:
    with pytest.raises(litellm.RateLimitError) as raised:
        await given(ask(CALL, "status=429"))
    kind = type(raised.value)
    assert attributes_of(metered.span)["error.type"].startswith(("litellm.", "openai.")), kind
    assert metered.total("chunkmeter.calls", outcome="error") == 1


async def test_an_unknown_provider_raises_what_it_raises(metered: Kit, is_async: bool) -> None:
    ask: Any = acompletion if is_async else completion
    with pytest.raises(litellm.BadRequestError, match="LLM Provider NOT provided"):
        await given(ask(model="no-such-model", messages=ASK))
    assert metered.total("chunkmeter.errors") == 0


async def test_an_error_in_the_middle_is_an_error(ask: Ask, metered: Kit, is_async: bool) -> None:
    with pytest.raises(Exception, match="replay: the provider gave up"):
        await items(ask(STREAM, "error_after=2", stream=True, **USAGE), is_async)
    assert metered.total("chunkmeter.calls", outcome="error") == 1


async def test_a_stream_that_is_let_go_of_is_abandoned(ask: Ask, metered: Kit, is_async: bool) -> None:
    stream = await given(ask(STREAM, stream=True, **USAGE))
    await (stream.__anext__() if is_async else given(next(stream)))
    del stream
    await given(ask(CALL))  # LiteLLM itself keeps the last stream until it is asked again
    eventually(lambda: metered.total("chunkmeter.calls") == 2)
    assert metered.total("chunkmeter.calls", outcome="abandoned") == 1


async def test_a_stream_that_is_wrapped_too_is_counted_once(ask: Ask, metered: Kit, is_async: bool) -> None:
    stream = await given(ask(STREAM, stream=True, **USAGE))
    await items(chunkmeter.wrap(stream, telemetry=metered.telemetry), is_async)
    count_once(metered, STREAM)


@pytest.mark.parametrize("stream", [False, True])
async def test_what_mirascope_asks_is_counted_once(
    stream: bool, metered: Kit, is_async: bool, through_mirascope: ThroughMirascope
) -> None:
    await through_mirascope(Cell("litellm", is_async, stream, "plain"), metered)
    count_once(metered, STREAM if stream else CALL)


async def test_uninstrumented_it_is_bare(ask: Ask, metered: Kit, is_async: bool) -> None:
    kept: Any = (acompletion if is_async else completion).__closure__
    hooked = [type(cell.cell_contents) for cell in kept]
    stream = await given(ask(STREAM, stream=True, **USAGE))
    LiteLLMInstrumentor().uninstrument()
    assert [type(cell.cell_contents) for cell in kept] != hooked
    assert len(await items(stream, is_async)) == 6
    assert len(await items(ask(STREAM, stream=True, **USAGE), is_async)) == 6
    assert metered.total("chunkmeter.calls") == 1
