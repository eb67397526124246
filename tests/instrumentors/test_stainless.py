"""The SDKs made by Stainless, metered at their base client: every way in, every way out, sync and async."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, suppress
from types import SimpleNamespace
from typing import Any

import httpx
import openai
import pytest
import wrapt
from opentelemetry.instrumentation.utils import suppress_instrumentation

import chunkmeter
from chunkmeter.instrumentors import OpenAIInstrumentor
from chunkmeter.testing import Kit, attributes_of
from replay import routes
from replay.scenarios import by_id
from replay.server import Server
from support.either import entered, first, given, items
from support.sdk import ASK, aeventually, count_once, ended, expect, route
from support.stainless import ANTHROPIC, CHAT, GROQ, LLAMA, MESSAGE, OPENAI, SDKS, USAGE, Make, Sdk, instrument

Way = Callable[[Any], Awaitable[Any]]


def helpers(client: Any) -> Any:
    """The resource that has `stream` and `parse`, which older SDKs keep under `beta`."""
    completions = client.chat.completions
    return completions if hasattr(completions, "parse") else client.beta.chat.completions


STREAM = {**CHAT, **USAGE, "stream": True}


# --- every way in: plain answers ---


async def chat_plain(client: Any) -> Any:
    return await given(client.chat.completions.create(**CHAT))


async def chat_raw(client: Any) -> Any:
    return await given(client.chat.completions.with_raw_response.create(**CHAT))


async def chat_raw_parsed(client: Any) -> Any:
    answer = await chat_raw(client)
    return await given(answer.parse())


async def chat_posted(client: Any) -> Any:
    return await given(client.post("/chat/completions", body=CHAT, cast_to=object))


async def chat_parsed(client: Any) -> Any:
    return await given(helpers(client).parse(**CHAT))


def read_by(method: str) -> Way:
    async def way(client: Any) -> Any:
        async with entered(client.chat.completions.with_streaming_response.create(**CHAT)) as answer:
            return await given(getattr(answer, method)())

    return way


async def message_plain(client: Any) -> Any:
    return await given(client.messages.create(**MESSAGE))


async def beta_message_plain(client: Any) -> Any:
    return await given(client.beta.messages.create(**MESSAGE))


async def message_raw(client: Any) -> Any:
    return await given(client.messages.with_raw_response.create(**MESSAGE))


async def llama_plain(client: Any) -> Any:
    return await given(client.chat.completions.create(**LLAMA))


PLAIN: dict[str, tuple[Sdk, Way]] = {
    "create": (OPENAI, chat_plain),
    "raw": (OPENAI, chat_raw),
    "raw, parsed": (OPENAI, chat_raw_parsed),
    "posted": (OPENAI, chat_posted),
    "parse": (OPENAI, chat_parsed),
    "response read": (OPENAI, read_by("read")),
    "response parsed": (OPENAI, read_by("parse")),
    "response's JSON": (OPENAI, read_by("json")),
    "response's text": (OPENAI, read_by("text")),
    "anthropic": (ANTHROPIC, message_plain),
    "anthropic beta": (ANTHROPIC, beta_message_plain),
    "anthropic raw": (ANTHROPIC, message_raw),
    "groq": (GROQ, llama_plain),
}


@pytest.mark.parametrize("name", PLAIN)
async def test_a_plain_answer_is_one_call(name: str, make: Make, metered: Kit) -> None:
    sdk, way = PLAIN[name]
    scenario = f"{sdk.scenario}-call"
    await way(make(sdk, scenario))
    expect(metered.span, scenario)
    count_once(metered, scenario)
    assert metered.span.name == f"chat {sdk.asking['model']}"
    assert attributes_of(metered.span)["gen_ai.provider.name"] == by_id[scenario].truth.provider
    assert attributes_of(metered.span)["server.address"] == "127.0.0.1"
    assert "chunkmeter.request.retries" not in attributes_of(metered.span)


# --- every way in: streams ---


async def chat_stream(client: Any) -> Any:
    return await items(client.chat.completions.create(**STREAM))


async def chat_stream_raw(client: Any) -> Any:
    answer = await given(client.chat.completions.with_raw_response.create(**STREAM))
    return await items(answer.parse())


async def chat_stream_mixed(client: Any) -> Any:
    stream = await given(client.chat.completions.create(**STREAM))
    await given(stream.__anext__() if hasattr(stream, "__anext__") else next(stream))
    await first(stream)
    return await items(stream)


async def chat_helper(client: Any) -> Any:
    async with entered(helpers(client).stream(**CHAT, **USAGE)) as stream:
        return await items(stream)


async def chat_helper_final(client: Any) -> Any:
    async with entered(helpers(client).stream(**CHAT, **USAGE)) as stream:
        return await given(stream.get_final_completion())


def streamed_by(method: str) -> Way:
    async def way(client: Any) -> Any:
        manager = client.chat.completions.with_streaming_response.create(**STREAM)
        async with entered(manager) as answer:
            got = getattr(answer, method)()
            return await given(got) if method in ("read", "text") else await items(got)

    return way


async def message_stream(client: Any) -> Any:
    return await items(client.messages.create(**MESSAGE, stream=True))


async def message_helper(client: Any) -> Any:
    async with entered(client.messages.stream(**MESSAGE)) as stream:
        return await items(stream)


async def message_text(client: Any) -> Any:
    async with entered(client.messages.stream(**MESSAGE)) as stream:
        return await items(stream.text_stream)


async def message_final(client: Any) -> Any:
    async with entered(client.messages.stream(**MESSAGE)) as stream:
        return await given(stream.get_final_message())


async def beta_message_helper(client: Any) -> Any:
    async with entered(client.beta.messages.stream(**MESSAGE)) as stream:
        return await items(stream)


async def llama_stream(client: Any) -> Any:
    return await items(client.chat.completions.create(**LLAMA, stream=True))


STREAMS: dict[str, tuple[Sdk, Way]] = {
    "create": (OPENAI, chat_stream),
    "raw, parsed": (OPENAI, chat_stream_raw),
    "taken up again": (OPENAI, chat_stream_mixed),
    "helper": (OPENAI, chat_helper),
    "helper's completion": (OPENAI, chat_helper_final),
    "lines": (OPENAI, streamed_by("iter_lines")),
    "text in pieces": (OPENAI, streamed_by("iter_text")),
    "bytes": (OPENAI, streamed_by("iter_bytes")),
    "read": (OPENAI, streamed_by("read")),
    "parsed": (OPENAI, streamed_by("parse")),
    "anthropic": (ANTHROPIC, message_stream),
    "anthropic helper": (ANTHROPIC, message_helper),
    "anthropic helper's text": (ANTHROPIC, message_text),
    "anthropic helper's message": (ANTHROPIC, message_final),
    "anthropic beta helper": (ANTHROPIC, beta_message_helper),
    "groq": (GROQ, llama_stream),
}


@pytest.mark.parametrize("name", STREAMS)
async def test_a_stream_is_one_call(name: str, make: Make, metered: Kit) -> None:
    sdk, way = STREAMS[name]
    scenario = f"{sdk.scenario}-stream"
    await way(make(sdk, scenario))
    expect(metered.span, scenario)
    count_once(metered, scenario)
    assert attributes_of(metered.span)["gen_ai.response.time_to_first_chunk"] > 0
    truth = by_id[scenario].truth
    assert attributes_of(metered.span)["chunkmeter.chunks"] == (truth.events_on_wire or 0) - truth.unseen


@pytest.mark.parametrize("name", ["create", "raw", "stream", "raw stream", "helper", "message", "message helper"])
async def test_what_was_made_before_is_metered(name: str, make: Make, kit: Kit) -> None:
    """A client, a bound method, a wrapper that a library caches, a manager."""
    is_message, is_stream = name.startswith("message"), "stream" in name or "helper" in name
    sdk = ANTHROPIC if is_message else OPENAI
    scenario = f"{sdk.scenario}-{'stream' if is_stream else 'call'}"
    client = make(sdk, scenario)
    if is_message:
        bound = client.messages.stream if is_stream else client.messages.create
    elif name == "helper":
        bound = helpers(client).stream
    else:
        completions = client.chat.completions
        bound = (completions.with_raw_response if name.startswith("raw") else completions).create
    asking = {**sdk.asking, **(USAGE if sdk is OPENAI and is_stream else {})}
    asking |= {"stream": True} if "stream" in name and "helper" not in name else {}
    instrument(sdk, kit)
    if "helper" in name:
        async with entered(bound(**asking)) as stream:
            await items(stream)
    else:
        answer = await given(bound(**asking))
        if is_stream:
            await items(answer.parse() if name.startswith("raw") else answer)
    expect(kit.span, scenario)
    count_once(kit, scenario)


async def test_calls_at_the_same_time_are_kept_apart(server: Server, metered: Kit) -> None:
    """Streams are read in turns, plain answers come in between."""
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(sdk.client(server, f"{sdk.scenario}-{kind}", is_async=True))
            for sdk in (OPENAI, ANTHROPIC)
            for kind in ("stream", "call")
        ]
        ways = [chat_stream, chat_plain, message_stream, message_plain]
        await asyncio.gather(*(way(client) for way, client in zip(ways * 5, clients * 5, strict=True)))
    told = [attributes_of(span) for span in metered.spans]
    assert {attributes["chunkmeter.outcome"] for attributes in told} == {"completed"}
    names = ("openai-plain-stream", "openai-plain-call", "anthropic-plain-stream", "anthropic-plain-call")
    expected = sorted(by_id[name].truth.output_tokens or 0 for name in names for _ in range(5))
    assert sorted(attributes["gen_ai.usage.output_tokens"] for attributes in told) == expected


@pytest.mark.parametrize("way", [chat_plain, chat_raw, chat_stream, chat_stream_raw, chat_helper, read_by("read")])
async def test_a_body_that_is_there_at_once_is_read_like_any_other(way: Way, metered: Kit, is_async: bool) -> None:
    """From a mock, or from a cache in the HTTP client."""
    is_plain = way not in (chat_stream, chat_stream_raw, chat_helper)
    scenario = f"openai-plain-{'call' if is_plain else 'stream'}"
    headers = {"content-type": by_id[scenario].content_type}
    transport = httpx.MockTransport(
        lambda _: httpx.Response(200, headers=headers, content=b"".join(by_id[scenario].events))
    )
    own = httpx.AsyncClient(transport=transport) if is_async else httpx.Client(transport=transport)
    make: Any = openai.AsyncOpenAI if is_async else openai.OpenAI
    async with entered(make(api_key="none", base_url="http://127.0.0.1/v1", http_client=own)) as client:
        await way(client)
    expect(metered.span, scenario)
    count_once(metered, scenario)


def test_a_stream_read_in_another_thread_is_one_call(server: Server, metered: Kit) -> None:
    with OPENAI.client(server, "openai-plain-stream", is_async=False) as client, ThreadPoolExecutor(1) as other:
        stream = client.chat.completions.create(**STREAM)
        other.submit(list, stream).result()
    expect(metered.span, "openai-plain-stream")
    count_once(metered, "openai-plain-stream")


def test_the_modules_own_client_is_metered(server: Server, metered: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    """`openai.chat.completions.create` makes one when it is first used."""
    monkeypatch.setattr(openai, "_client", None)
    monkeypatch.setattr(openai, "api_key", "none")
    monkeypatch.setattr(openai, "base_url", f"{route(server, 'openai-plain-call')}/v1/")
    create: Any = openai.chat.completions.create
    create(**CHAT)
    expect(metered.span, "openai-plain-call")
    count_once(metered, "openai-plain-call")


# --- every way out ---


async def broken_off(client: Any) -> None:
    await first(await given(client.chat.completions.create(**STREAM)))


async def left(client: Any) -> None:
    async with entered(await given(client.chat.completions.create(**STREAM))) as stream:
        await first(stream)


async def closed(client: Any) -> None:
    stream = await given(client.chat.completions.create(**STREAM))
    await first(stream)
    await given(stream.close())


async def response_closed(client: Any) -> None:
    stream = await given(client.chat.completions.create(**STREAM))
    await first(stream)
    await given(getattr(stream.response, "aclose" if hasattr(stream, "__aiter__") else "close")())


async def helper_left(client: Any) -> None:
    async with entered(helpers(client).stream(**CHAT, **USAGE)) as stream:
        await first(stream)


async def helper_closed(client: Any) -> None:
    stream = await given(enter(helpers(client).stream(**CHAT, **USAGE)))
    await first(stream)
    await given(stream.close())


async def helper_let_go(client: Any) -> None:
    stream = await given(enter(helpers(client).stream(**CHAT, **USAGE)))
    await first(stream)


async def unread(client: Any) -> None:
    async with entered(client.chat.completions.with_streaming_response.create(**STREAM)):
        pass


async def lines_left(client: Any) -> None:
    async with entered(client.chat.completions.with_streaming_response.create(**STREAM)) as answer:
        await first(answer.iter_lines())


async def plain_unread(client: Any) -> None:
    async with entered(client.chat.completions.with_streaming_response.create(**CHAT)):
        pass


async def never_parsed(client: Any) -> None:
    await given(client.chat.completions.with_raw_response.create(**STREAM))


async def raised_inside(client: Any) -> None:
    with suppress(KeyError):
        async with entered(helpers(client).stream(**CHAT, **USAGE)) as stream:
            await first(stream)
            raise KeyError


async def cancelled_inside(client: Any) -> None:
    with suppress(asyncio.CancelledError):
        async with entered(helpers(client).stream(**CHAT, **USAGE)) as stream:
            await first(stream)
            raise asyncio.CancelledError


async def message_broken_off(client: Any) -> None:
    await first(await given(client.messages.create(**MESSAGE, stream=True)))


async def message_left(client: Any) -> None:
    async with entered(client.messages.stream(**MESSAGE)) as stream:
        await first(stream)


async def message_let_go(client: Any) -> None:
    stream = await given(enter(client.messages.stream(**MESSAGE)))
    await first(stream)


def enter(manager: Any) -> Any:
    return (manager.__aenter__ if hasattr(manager, "__aenter__") else manager.__enter__)()


async def helper_left_by_a_generator(client: Any) -> None:
    """As a web service's generator does whose client has gone."""

    async def aserve() -> AsyncGenerator[Any]:
        async with helpers(client).stream(**CHAT, **USAGE) as stream:
            async for event in stream:
                yield event

    def serve() -> Generator[Any]:
        with helpers(client).stream(**CHAT, **USAGE) as stream:
            yield from stream

    if isinstance(client, openai.AsyncOpenAI):
        served = aserve()
        await anext(served)
        await served.aclose()
    else:
        serving = serve()
        next(serving)
        serving.close()


LEFT: dict[str, tuple[Sdk, Way, str]] = {
    "broken off": (OPENAI, broken_off, "abandoned"),
    "left": (OPENAI, left, "closed"),
    "closed": (OPENAI, closed, "closed"),
    "its response closed": (OPENAI, response_closed, "closed"),
    "helper left": (OPENAI, helper_left, "closed"),
    "helper closed": (OPENAI, helper_closed, "closed"),
    "helper left by a generator": (OPENAI, helper_left_by_a_generator, "closed"),
    "helper let go": (OPENAI, helper_let_go, "abandoned"),
    "unread": (OPENAI, unread, "closed"),
    "lines left": (OPENAI, lines_left, "closed"),
    "plain, unread": (OPENAI, plain_unread, "closed"),
    "never parsed": (OPENAI, never_parsed, "abandoned"),
    "raised inside": (OPENAI, raised_inside, "closed"),
    "cancelled inside": (OPENAI, cancelled_inside, "cancelled"),
    "anthropic broken off": (ANTHROPIC, message_broken_off, "abandoned"),
    "anthropic helper left": (ANTHROPIC, message_left, "closed"),
    "anthropic helper let go": (ANTHROPIC, message_let_go, "abandoned"),
}


@pytest.mark.parametrize("name", LEFT)
async def test_a_stream_that_is_left_says_so(name: str, make: Make, metered: Kit) -> None:
    """What the wire had said of its usage by then is kept: Anthropic's says the input at the start."""
    sdk, way, outcome = LEFT[name]
    await way(make(sdk, f"{sdk.scenario}-{'call' if name.startswith('plain') else 'stream'}"))
    await aeventually(lambda: gc.collect() >= 0 and len(metered.spans) == 1)
    attributes = ended(metered, outcome)
    assert attributes.get("gen_ai.usage.input_tokens") == (3060 if sdk is ANTHROPIC else None)


FAILING: dict[str, tuple[Sdk, Way, str, str, str]] = {
    "refused": (OPENAI, chat_plain, "status=429", "error", "openai.RateLimitError"),
    "stream refused": (OPENAI, chat_stream, "status=400", "error", "openai.BadRequestError"),
    "helper refused": (OPENAI, chat_helper, "status=400", "error", "openai.BadRequestError"),
    "raw refused": (OPENAI, chat_raw, "status=400", "error", "openai.BadRequestError"),
    "error event": (OPENAI, chat_stream, "error_after=3", "error", "openai.APIError"),
    "error event in raw": (OPENAI, chat_stream_raw, "error_after=3", "error", "openai.APIError"),
    "error event in helper": (OPENAI, chat_helper, "error_after=3", "error", "openai.APIError"),
    "cut": (OPENAI, chat_stream, "cut=3", "interrupted", "stream_interrupted"),
    "lines cut": (OPENAI, streamed_by("iter_lines"), "cut=3", "interrupted", "stream_interrupted"),
    "helper cut": (OPENAI, chat_helper, "cut=3", "interrupted", "stream_interrupted"),
    "anthropic refused": (ANTHROPIC, message_plain, "status=429", "error", "anthropic.RateLimitError"),
    "anthropic error event": (ANTHROPIC, message_stream, "error_after=3", "error", "anthropic.APIStatusError"),
    "anthropic error in helper": (ANTHROPIC, message_helper, "error_after=3", "error", "anthropic.APIStatusError"),
    "anthropic cut": (ANTHROPIC, message_stream, "cut=3", "interrupted", "stream_interrupted"),
}


@pytest.mark.parametrize("name", FAILING)
async def test_a_call_that_fails_says_so(name: str, make: Make, metered: Kit) -> None:
    """The application gets the SDK's own exception."""
    sdk, way, options, outcome, error = FAILING[name]
    client = make(
        sdk, f"{sdk.scenario}-{'call' if way in (chat_plain, chat_raw, message_plain) else 'stream'}", options
    )
    if outcome == "error":
        with pytest.raises(getattr(sdk.module, error.rpartition(".")[2])):
            await way(client)
    else:
        await way(client)
    ended(metered, outcome, error)


async def test_a_connection_that_breaks_is_an_error(make: Make, metered: Kit) -> None:
    with pytest.raises(openai.APIConnectionError):
        await chat_plain(make(OPENAI, "openai-plain-call", base_url="http://127.0.0.1:9/v1"))
    ended(metered, "error", "openai.APIConnectionError")


@pytest.mark.parametrize("way", [chat_stream, chat_plain])
async def test_a_task_that_is_cancelled_cancels_its_call(server: Server, metered: Kit, way: Way) -> None:
    options = "stall=2" if way is chat_stream else "first=5"
    scenario = "openai-plain-stream" if way is chat_stream else "openai-plain-call"
    async with OPENAI.client(server, scenario, is_async=True, options=options) as client:
        task = asyncio.create_task(given(way(client)))
        await asyncio.sleep(0.2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    ended(metered, "cancelled")


# --- retries ---


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, int], None]:
    """Has the server refuse the next so many requests with a status."""
    find, state = routes.find, SimpleNamespace(left=0, status=429)

    def found(*asked: Any) -> Any:
        answer, options = find(*asked)
        if state.left:
            state.left -= 1
            return answer, routes.Options(status=state.status)
        return answer, options

    def refuse(times: int, status: int) -> None:
        state.left, state.status = times, status

    monkeypatch.setattr(routes, "find", found)
    return refuse


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """SDKs try again at once."""
    for sdk in SDKS.values():
        monkeypatch.setattr(sdk.module._base_client, "INITIAL_RETRY_DELAY", 0.0)
        monkeypatch.setattr(sdk.module._base_client, "MAX_RETRY_DELAY", 0.0)


RETRIED = [(chat_plain, OPENAI), (chat_stream, OPENAI), (message_plain, ANTHROPIC), (llama_plain, GROQ)]


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(("way", "sdk"), RETRIED)
async def test_retries_lie_within_one_call(
    way: Way, sdk: Sdk, make: Make, metered: Kit, refusing: Callable[[int, int], None]
) -> None:
    scenario = f"{sdk.scenario}-{'stream' if way is chat_stream else 'call'}"
    refusing(2, 429)
    await way(make(sdk, scenario, max_retries=3))
    expect(metered.span, scenario)
    count_once(metered, scenario)
    assert attributes_of(metered.span)["chunkmeter.request.retries"] == 2


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(("way", "sdk"), RETRIED)
async def test_a_call_that_fails_in_the_end_says_how_often_it_was_tried_again(
    way: Way, sdk: Sdk, make: Make, metered: Kit, refusing: Callable[[int, int], None]
) -> None:
    refusing(9, 503)
    with pytest.raises(sdk.module.InternalServerError):
        await way(make(sdk, f"{sdk.scenario}-call", max_retries=1))
    assert attributes_of(metered.span)["chunkmeter.request.retries"] == 1
    ended(metered, "error", f"{sdk.module.__name__}.InternalServerError")


@pytest.mark.usefixtures("impatient")
async def test_a_host_that_is_not_there_is_tried_again(make: Make, metered: Kit) -> None:
    with pytest.raises(openai.APIConnectionError):
        await chat_plain(make(OPENAI, "openai-plain-call", base_url="http://127.0.0.1:9/v1", max_retries=2))
    assert attributes_of(metered.span)["chunkmeter.request.retries"] == 2


# --- who else is there ---


@pytest.mark.parametrize("way", [chat_plain, chat_stream])
async def test_a_wrapper_on_a_subclass_that_was_there_before_is_wrapped_in_turn(
    way: Way, make: Make, kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OpenInference puts one on the client's class; it leads to the SDK's own function, past any hook below."""
    passed: list[str] = []

    def peer(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        passed.append(type(instance).__name__)
        return wrapped(*args, **kwargs)

    for name in OPENAI.clients:
        kind = getattr(openai, name)
        monkeypatch.setattr(kind, "request", wrapt.FunctionWrapper(kind.request, peer), raising=False)
    scenario = "openai-plain-stream" if way is chat_stream else "openai-plain-call"
    client = make(OPENAI, scenario)
    instrument(OPENAI, kit)
    await way(client)
    expect(kit.span, scenario)
    count_once(kit, scenario)
    OpenAIInstrumentor().uninstrument()
    await way(client)
    assert passed == [type(client).__name__] * 2
    assert len(kit.spans) == 1


async def test_a_wrapper_that_comes_later_changes_nothing(
    make: Make, metered: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does it lose its place when our hook goes."""
    passed: list[str] = []

    def peer(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        passed.append(type(instance).__name__)
        return wrapped(*args, **kwargs)

    for base in ("SyncAPIClient", "AsyncAPIClient"):
        kind = getattr(openai._base_client, base)
        monkeypatch.setattr(kind, "request", wrapt.FunctionWrapper(vars(kind)["request"], peer))
    client = make(OPENAI, "openai-plain-call")
    await chat_plain(client)
    count_once(metered, "openai-plain-call")
    OpenAIInstrumentor().uninstrument()
    await chat_plain(client)
    assert len(passed) == 2
    assert len(metered.spans) == 1


async def test_a_subclass_with_a_request_of_its_own_sends_what_it_sends(server: Server, metered: Kit, kit: Kit) -> None:
    """Each of its requests is a call: a fallback asks two models."""

    class Fallback(openai.OpenAI):
        def request(self, cast_to: Any, options: Any, **kwargs: Any) -> Any:
            super().request(cast_to, options, **kwargs)
            return super().request(cast_to, options, **kwargs)

    OpenAIInstrumentor().uninstrument()
    instrument(OPENAI, kit)
    with Fallback(base_url=f"{route(server, 'openai-plain-call')}/v1", api_key="none") as client:
        client.chat.completions.create(**CHAT)
    assert [attributes_of(span)["gen_ai.usage.output_tokens"] for span in kit.spans] == [8, 8]


@pytest.mark.parametrize("sdk", SDKS.values(), ids=SDKS)
async def test_wrap_leaves_a_metered_stream_alone(sdk: Sdk, make: Make, metered: Kit) -> None:
    """It is the same object, and one call."""
    scenario = f"{sdk.scenario}-stream"
    client = make(sdk, scenario)
    resource = client.messages if sdk is ANTHROPIC else client.chat.completions
    more = USAGE if sdk is OPENAI else {}
    stream = await given(resource.create(**sdk.asking, **more, stream=True))
    wrapped = chunkmeter.wrap(stream, provider=sdk.module.__name__, telemetry=metered.telemetry)
    assert wrapped is stream
    await items(wrapped)
    expect(metered.span, scenario)
    count_once(metered, scenario)


@pytest.mark.parametrize("sdk", [OPENAI, ANTHROPIC])
@pytest.mark.parametrize("place", ["helper", "manager"])
async def test_wrap_around_a_helper_counts_once(sdk: Sdk, place: str, make: Make, metered: Kit) -> None:
    """Whether it is given the manager, which sends the request, or what that gives."""
    scenario = f"{sdk.scenario}-stream"
    client = make(sdk, scenario)
    manager = client.messages.stream(**MESSAGE) if sdk is ANTHROPIC else helpers(client).stream(**CHAT, **USAGE)

    def wrapped(stream: Any) -> Any:
        return chunkmeter.wrap(
            stream, provider=sdk.module.__name__, model=sdk.asking["model"], telemetry=metered.telemetry
        )

    async with entered(wrapped(manager) if place == "manager" else manager) as stream:
        await items(wrapped(stream) if place == "helper" else stream)
    expect(metered.span, scenario)
    count_once(metered, scenario)


@pytest.mark.parametrize("sdk", [OPENAI, ANTHROPIC])
async def test_a_wrapped_manager_knows_what_its_request_says(
    sdk: Sdk, make: Make, metered: Kit, server: Server
) -> None:
    """`wrap` is told nothing here; the hook that the request passes through sees it all."""
    client = make(sdk, f"{sdk.scenario}-stream")
    more = {"temperature": 0.5}
    manager = (
        client.messages.stream(**MESSAGE, **more)
        if sdk is ANTHROPIC
        else helpers(client).stream(**CHAT, **USAGE, **more)
    )
    async with entered(chunkmeter.wrap(manager, telemetry=metered.telemetry)) as stream:
        await items(stream)
    assert metered.span.name == f"chat {sdk.asking['model']}"
    attributes = ended(metered, "completed")
    assert attributes["gen_ai.request.model"] == sdk.asking["model"]
    assert attributes["gen_ai.request.temperature"] == 0.5
    assert attributes["gen_ai.provider.name"] == sdk.module.__name__
    assert attributes["server.port"] == server.port


async def test_a_stream_made_of_a_metered_one_that_has_ended_is_metered(make: Make, metered: Kit) -> None:
    """What it holds of an earlier answer says nothing of the next."""
    client = make(OPENAI, "openai-plain-stream")
    earlier = await given(client.chat.completions.create(**STREAM))
    chunks = await items(earlier)

    class Replayed:
        def __init__(self) -> None:
            self.earlier = earlier

        def __iter__(self) -> Iterator[Any]:
            return iter(chunks)

    list(chunkmeter.wrap(Replayed(), telemetry=metered.telemetry, provider="openai", model="gpt-4o-mini"))
    assert metered.total("chunkmeter.calls") == 2


async def test_suppressed_instrumentation_meters_nothing(make: Make, metered: Kit) -> None:
    with suppress_instrumentation():
        await chat_plain(make(OPENAI, "openai-plain-call"))
    assert metered.spans == []
    assert metered.total("chunkmeter.calls") == 0


async def test_other_requests_are_no_calls(make: Make, metered: Kit) -> None:
    """Neither what lists models, nor what makes no answer."""
    client = make(OPENAI, "openai-plain-call")
    with suppress(openai.APIError):
        await given(client.models.retrieve("gpt-4o-mini"))
    await given(client.post("/moderations", body={"input": "hi"}, cast_to=object))
    await given(make(ANTHROPIC, "anthropic-plain-call").messages.count_tokens(model="claude-sonnet-4-5", messages=ASK))
    assert metered.spans == []


# --- taking the hooks away ---


@pytest.mark.parametrize("raw", [False, True], ids=["stream", "raw"])
async def test_a_stream_that_is_open_when_the_hooks_go_settles_still(raw: bool, make: Make, metered: Kit) -> None:
    """Also one that is parsed only then."""
    client = make(OPENAI, "openai-plain-stream")
    completions = client.chat.completions
    answer = await given((completions.with_raw_response if raw else completions).create(**STREAM))
    if not raw:
        await first(answer)
    OpenAIInstrumentor().uninstrument()
    got = await items(answer.parse() if raw else answer)
    assert [chunk.choices[0].finish_reason for chunk in got if chunk.choices][-1] == "stop"
    expect(metered.span, "openai-plain-stream")
    count_once(metered, "openai-plain-stream")
    await chat_plain(make(OPENAI, "openai-plain-call"))
    assert len(metered.spans) == 1


async def test_hooks_that_are_put_back_meter_once(make: Make, kit: Kit) -> None:
    for _ in range(2):
        instrument(OPENAI, kit)
        OpenAIInstrumentor().uninstrument()
    instrument(OPENAI, kit)
    await chat_plain(make(OPENAI, "openai-plain-call"))
    count_once(kit, "openai-plain-call")


@pytest.mark.parametrize("base", ["SyncAPIClient", "AsyncAPIClient"])
@pytest.mark.parametrize("sdk", SDKS.values(), ids=SDKS)
def test_the_sdk_is_as_it_was_when_the_hooks_are_gone(sdk: Sdk, base: str, kit: Kit) -> None:
    client, stream = getattr(sdk.module._base_client, base), sdk.module._streaming.Stream
    before = dict(vars(client)), dict(vars(stream))
    instrument(sdk, kit)
    assert vars(client)["request"] is not before[0]["request"]
    sdk.instrumentor().uninstrument()
    assert (dict(vars(client)), dict(vars(stream))) == before
