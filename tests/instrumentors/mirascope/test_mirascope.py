"""Mirascope 1.x, metered: real Mirascope and real SDKs, answered by the replay server."""

from __future__ import annotations

import asyncio
import gc
import logging
import subprocess
import sys
import time
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from functools import partial
from importlib import import_module
from typing import Any
from unittest.mock import MagicMock

import httpx
import pytest
from opentelemetry import baggage, context
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind, StatusCode, get_current_span

import chunkmeter
from chunkmeter.calls.sending import current_call
from chunkmeter.instrumentors import MirascopeInstrumentor
from chunkmeter.instrumentors.mirascope._site import Site
from chunkmeter.testing import Kit, attributes_of
from replay.scenarios import Service, by_id
from replay.server import Server
from support import ROOT
from support.cells import OTHERS, Book, Cell, get_weather, instrument
from support.clients import new_async_client, new_client
from support.sdk import eventually

SERVICES = OTHERS

pytestmark = pytest.mark.filterwarnings(
    # Mirascope's own, in each `llm.call`.
    r"ignore:Accessing the 'model_fields' attribute:DeprecationWarning:mirascope\..*",
    # LiteLLM's own: it calls much that pydantic has deprecated.
    r"ignore::DeprecationWarning:litellm\..*",
)

NewClient = Callable[..., Any]
NewAsyncClient = Callable[..., Awaitable[Any]]


@pytest.fixture
def metered(kit: Kit) -> Kit:
    """In-memory providers that Mirascope reports to."""
    instrument(kit)
    return kit


@pytest.fixture
def client(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[NewClient]:
    """Makes a provider's client, `client("openai", "openai-plain-stream~cut=3")`, closed after the test."""
    monkeypatch.setenv("OPENAI_API_KEY", "no-key-needed")
    with ExitStack() as stack:

        def make(service: Service = "openai", scenario: str = "") -> Any:
            if service == "litellm":
                stack.enter_context(closed_loop())
            return new_client(service, address(server, service, scenario), stack)

        yield make


@contextmanager
def closed_loop() -> Generator[None]:
    """An event loop for LiteLLM, which makes one in sync calls too and leaves it open."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()


@pytest.fixture
async def aclient(server: Server) -> AsyncIterator[NewAsyncClient]:
    """The same for async functions."""
    async with AsyncExitStack() as stack:

        async def make(service: Service = "openai", scenario: str = "") -> Any:
            return await new_async_client(service, address(server, service, scenario), stack)

        yield make


def address(server: Server, service: str, scenario: str) -> str:
    return f"{server.url}/id/{scenario}" if scenario else f"{server.url}/{service}"


def plain_stream(client: Any, service: Service = "openai", **options: Any) -> Callable[..., Any]:
    """A function that streams text, by the provider's decorator."""
    return Cell(service, is_async=False, stream=True, kind="plain").decorate("decorator", client, **options)


def aplain_stream(client: Any, service: Service = "openai", **options: Any) -> Callable[..., Any]:
    return Cell(service, is_async=True, stream=True, kind="plain").decorate("decorator", client, **options)


def plain_call(client: Any, service: Service = "openai", **options: Any) -> Callable[..., Any]:
    return Cell(service, is_async=False, stream=False, kind="plain").decorate("decorator", client, **options)


def wait_for_span(kit: Kit) -> ReadableSpan:
    """The one span, once the keeper's thread has ended it."""
    eventually(lambda: bool(kit.spans))
    return kit.span


def python(code: str) -> str:
    """What a fresh interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


# --- what is hooked, and when ---


@pytest.mark.slow
def test_instrumenting_imports_neither_mirascope_nor_a_provider_sdk() -> None:
    """`instrument()` waits for the app to import Mirascope."""
    code = """
import sys
from chunkmeter.instrumentors import MirascopeInstrumentor
MirascopeInstrumentor().instrument()
metered = {"mirascope", "openai", "anthropic", "groq", "litellm", "google.genai", "pydantic", "genai_prices"}
print(sorted(metered & set(sys.modules)))
"""
    assert python(code) == "[]"


@pytest.mark.parametrize("service", SERVICES)
def test_a_stream_decorated_before_is_metered(kit: Kit, client: NewClient, service: Service) -> None:
    """Functions that exist when `instrument()` is called need not be decorated again."""
    function = plain_stream(client(service), service)
    instrument(kit)
    list(function("Faro"))
    MirascopeInstrumentor().uninstrument()
    truth = by_id[f"{service}-plain-stream"].truth
    attributes = attributes_of(kit.span)
    assert attributes.get("gen_ai.response.id") == truth.response_id
    assert attributes["gen_ai.provider.name"] == truth.provider
    assert attributes["gen_ai.usage.output_tokens"] == truth.output_tokens


@pytest.mark.parametrize("service", SERVICES)
def test_a_plain_call_decorated_before_is_metered(kit: Kit, client: NewClient, service: Service) -> None:
    """The same for calls that don't stream; Anthropic's span is made when the answer is there."""
    function = plain_call(client(service), service)
    instrument(kit)
    earliest = time.time_ns()
    function("Faro")
    MirascopeInstrumentor().uninstrument()
    span, truth = kit.span, by_id[f"{service}-plain-call"].truth
    assert attributes_of(span).get("gen_ai.response.id") == truth.response_id
    assert attributes_of(span)["gen_ai.usage.output_tokens"] == truth.output_tokens
    assert span.start_time is not None
    assert span.end_time is not None
    # Mirascope's clock, which Anthropic's span takes its times from, is good to a microsecond.
    assert earliest - 2_000 <= span.start_time <= span.end_time <= time.time_ns() + 2_000


def test_a_refused_anthropic_call_decorated_before_leaves_no_span(kit: Kit, client: NewClient) -> None:
    """The one known gap: such a call is only seen once it has an answer."""
    from anthropic import AuthenticationError

    function = plain_call(client("anthropic", "anthropic-plain-call~status=401"), "anthropic")
    instrument(kit)
    with pytest.raises(AuthenticationError):
        function("Faro")
    MirascopeInstrumentor().uninstrument()
    assert kit.spans == []


def test_instrumenting_twice_meters_once(metered: Kit, client: NewClient) -> None:
    """A second `instrument()` changes nothing."""
    instrument(metered)
    list(plain_stream(client())("Faro"))
    assert metered.span.name == "chat gpt-4o-mini"


HOOKED = (
    ("mirascope.core.base._utils", "setup_call"),
    ("mirascope.core.base._create", "get_metadata"),
    ("mirascope.core.base._call_factory", "create_factory"),
    ("mirascope.core.base._call_factory", "stream_factory"),
    ("mirascope.core.base._extract", "create_factory"),
    ("mirascope.core.base.structured_stream", "stream_factory"),
    ("mirascope.core.openai._utils._setup_call", "get_create_fn"),
    ("mirascope.core.openai._utils._setup_call", "get_async_create_fn"),
    ("mirascope.core.litellm._utils._setup_call", "completion"),
    ("mirascope.core.xai._utils._setup_call", "setup_call_openai"),
    *(
        (f"mirascope.core.{provider}._utils._setup_call", name)
        for provider in ("azure", "bedrock", "cohere", "mistral")
        for name in ("get_create_fn", "get_async_create_fn")
    ),
)


def hooked() -> dict[str, Any]:
    """What Mirascope has in the places that get hooked."""
    from mirascope.core.base.call_response import BaseCallResponse
    from mirascope.core.base.stream import BaseStream

    found = {f"{module}.{name}": vars(import_module(module))[name] for module, name in HOOKED}
    found |= {f"BaseStream.{name}": vars(BaseStream)[name] for name in ("__init__", "__iter__", "__aiter__")}
    return found | {"BaseCallResponse": vars(BaseCallResponse).get("__init__")}


def test_uninstrumenting_gives_mirascope_its_own_functions_back(kit: Kit) -> None:
    """Every hooked place holds the identical object again, and can be hooked anew."""
    own = hooked()
    for _ in range(2):
        instrument(kit)
        assert all(hooked()[place] is not value for place, value in own.items())
        MirascopeInstrumentor().uninstrument()
        assert all(hooked()[place] is value for place, value in own.items())


def test_a_stream_that_is_open_when_uninstrumented_goes_on(kit: Kit, client: NewClient) -> None:
    """The user's loop gets every item, and the call that had begun is still counted."""
    instrument(kit)
    stream = plain_stream(client())("Faro")
    items = iter(stream)
    first = next(items)
    MirascopeInstrumentor().uninstrument()
    texts = [first[0].content, *(chunk.content for chunk, _ in items)]
    assert "".join(texts) == stream.content
    assert len(texts) == 8
    assert attributes_of(kit.span)["chunkmeter.outcome"] == "completed"


def test_it_meters_again_after_being_switched_off_and_on(kit: Kit, client: NewClient) -> None:
    """Off means no span, on means one, for the same function."""
    function = plain_stream(client())
    for spans in (1, 1, 2):
        if spans == 1 and kit.spans:
            list(function("Faro"))  # switched off in between
        else:
            instrument(kit)
            list(function("Faro"))
            MirascopeInstrumentor().uninstrument()
        assert len(kit.spans) == spans


@pytest.mark.parametrize("found", ["3.0.0", "1.19.3", "0.18.4", "10.20.0"])
def test_an_unsupported_mirascope_is_warned_about_once_and_left_alone(
    kit: Kit, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, found: str
) -> None:
    """It goes unmetered, and one line says so."""
    own = hooked()
    monkeypatch.setattr("chunkmeter.instrumentors._library.version", {"mirascope": found}.get)
    with caplog.at_level(logging.WARNING, "chunkmeter"):
        instrument(kit)
    assert all(hooked()[place] is value for place, value in own.items())
    MirascopeInstrumentor().uninstrument()
    (line,) = [record.getMessage() for record in caplog.records if record.name == "chunkmeter"]
    assert line.startswith(
        f"Mirascope {found} is installed; this version of chunkmeter meters Mirascope 1.20 to 2.x only"
    )


@pytest.mark.parametrize("found", ["1.20.0", "1.25.7", "1.100.0"])
def test_a_supported_mirascope_is_hooked(kit: Kit, monkeypatch: pytest.MonkeyPatch, found: str) -> None:
    """From the oldest on that `make matrix` runs."""
    own = hooked()
    monkeypatch.setattr("chunkmeter.instrumentors._library.version", {"mirascope": found}.get)
    instrument(kit)
    assert all(hooked()[place] is not value for place, value in own.items())
    MirascopeInstrumentor().uninstrument()


def test_without_mirascope_nothing_is_hooked_or_said(
    kit: Kit, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The plugin may be installed where Mirascope isn't."""
    from importlib.metadata import PackageNotFoundError

    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    own = hooked()
    monkeypatch.setattr("chunkmeter.instrumentors._library.version", missing)
    instrument(kit)
    assert all(hooked()[place] is value for place, value in own.items())
    MirascopeInstrumentor().uninstrument()
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


# --- exactly once ---

WAYS: dict[str, tuple[str, bool, dict[str, Any]]] = {
    "llm.call": ("openai-plain-call", False, {}),
    "llm.call stream": ("openai-plain-stream", True, {}),
    "response_model": ("openai-structured-call", False, {"response_model": Book}),
    "response_model stream": ("openai-structured-stream", True, {"response_model": Book}),
    "tools": ("openai-tools-call", False, {"tools": [get_weather]}),
    "tools stream": ("openai-tools-stream", True, {"tools": [get_weather]}),
    "partial_tools": ("openai-tools-stream", True, {"tools": [get_weather], "stream": {"partial_tools": True}}),
    "output_parser": ("openai-plain-call", False, {"output_parser": str}),
    "json_mode": ("openai-plain-call", False, {"json_mode": True}),
    "json_mode stream": ("openai-plain-stream", True, {"json_mode": True}),
}


@pytest.mark.parametrize("api", ["llm.call", "decorator"])
@pytest.mark.parametrize("way", WAYS)
def test_a_call_is_metered_exactly_once(metered: Kit, client: NewClient, server: Server, way: str, api: str) -> None:
    """One request, one span, one count, however the function is declared."""
    scenario, streams, options = WAYS[way]
    function = Cell("openai", is_async=False, stream=streams, kind="plain").decorate(
        api, client("openai", scenario), **options
    )
    sent = len(server.requests)
    answer = function("Faro")
    if streams:
        list(answer)
    assert len(server.requests) - sent == 1
    truth = by_id[scenario].truth
    attributes = attributes_of(metered.span)
    assert attributes["gen_ai.usage.input_tokens"] == truth.input_tokens
    assert attributes["gen_ai.usage.output_tokens"] == truth.output_tokens
    assert attributes.get("chunkmeter.chunks") == truth.events_on_wire
    assert metered.total("chunkmeter.calls") == 1


def test_google_streams_structured_in_json_mode(metered: Kit, client: NewClient) -> None:
    """The one way Mirascope has to stream a response model from Google."""
    function = Cell("google", is_async=False, stream=True, kind="plain").decorate(
        "decorator", client("google", "google-plain-stream"), json_mode=True, response_model=Book
    )
    with pytest.raises(ValueError, match="validation error"):  # the scenario's text is no JSON
        list(function("Faro"))
    assert metered.total("chunkmeter.calls") == 1
    assert attributes_of(metered.span)["chunkmeter.chunks"] == 3


async def test_calls_at_the_same_time_are_kept_apart(metered: Kit, aclient: NewAsyncClient) -> None:
    """`asyncio.gather` over streams and calls of two providers: one span each, with its own numbers."""
    openai, anthropic = await aclient("openai"), await aclient("anthropic")
    call = Cell("anthropic", is_async=True, stream=False, kind="plain").decorate("llm.call", anthropic)

    async def read(function: Callable[..., Any]) -> None:
        async for _ in await function("Faro"):
            await asyncio.sleep(0)

    await asyncio.gather(
        read(aplain_stream(openai)),
        read(aplain_stream(anthropic, "anthropic")),
        read(aplain_stream(openai)),
        call("Faro"),
    )
    ids = [attributes_of(span)["gen_ai.response.id"] for span in metered.spans]
    expected = ["openai-plain-stream", "openai-plain-stream", "anthropic-plain-stream", "anthropic-plain-call"]
    assert sorted(ids) == sorted(str(by_id[scenario].truth.response_id) for scenario in expected)
    chunks = {attributes_of(span).get("chunkmeter.chunks") for span in metered.spans}
    assert chunks == {8, 10, None}


def test_two_streams_read_in_turns_are_kept_apart(metered: Kit, client: NewClient) -> None:
    """Each item belongs to the stream it came from."""
    function = plain_stream(client())
    first, second = function("Faro"), function("Tavira")
    pairs = list(zip(first, second, strict=True))
    assert len(pairs) == 8
    assert [attributes_of(span)["chunkmeter.chunks"] for span in metered.spans] == [8, 8]


def test_google_counts_an_event_once_that_mirascope_hands_out_twice(metered: Kit, client: NewClient) -> None:
    """Two function calls in one event are two tuples with one chunk."""
    function = Cell("google", is_async=False, stream=True, kind="tools").decorate("decorator", client("google"))
    assert len(list(function("Faro"))) > 2
    assert attributes_of(metered.span)["chunkmeter.chunks"] == 2


def test_a_stream_that_is_never_iterated_makes_no_span_and_no_request(
    metered: Kit, client: NewClient, server: Server
) -> None:
    """Mirascope sends the request when the first item is asked for, and so do we begin."""
    sent = len(server.requests)
    stream = plain_stream(client())("Faro")
    iter(stream)
    del stream
    gc.collect()
    assert len(server.requests) == sent
    assert metered.spans == []
    assert metered.total("chunkmeter.calls") == 0


def test_iterating_a_stream_again_makes_no_second_span(metered: Kit, client: NewClient) -> None:
    """The second loop finds nothing, as without us."""
    stream = plain_stream(client())("Faro")
    assert len(list(stream)) == 8
    assert list(stream) == []
    assert attributes_of(metered.span)["chunkmeter.chunks"] == 8
    assert metered.total("chunkmeter.calls") == 1


def test_a_stream_resumed_after_break_makes_one_span(metered: Kit, client: NewClient) -> None:
    """`break` is a pause: nothing is settled while the stream is held."""
    stream = plain_stream(client())("Faro")
    for _ in stream:
        break
    gc.collect()
    time.sleep(0.05)
    assert metered.spans == []
    assert len(list(stream)) == 7
    attributes = attributes_of(metered.span)
    assert (attributes["chunkmeter.outcome"], attributes["chunkmeter.chunks"]) == ("completed", 8)


# --- time and context ---


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "call"])
@pytest.mark.parametrize("service", ["openai", "groq", "anthropic"])
def test_the_request_is_a_child_of_the_call(metered: Kit, client: NewClient, service: Service, stream: bool) -> None:
    """The span begins before the request, and the HTTP client's span is its child."""
    made = client(service)
    HTTPXClientInstrumentor().instrument_client(made._client, tracer_provider=metered.tracer_provider)
    function = Cell(service, is_async=False, stream=stream, kind="plain").decorate("llm.call", made)
    with metered.tracer.start_as_current_span("caller") as caller:
        answer = function("Faro")
        if stream:
            list(answer)
    check_family(metered, caller)


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "call"])
@pytest.mark.parametrize("service", ["openai", "groq", "anthropic"])
async def test_an_async_request_is_a_child_of_the_call(
    metered: Kit,
    aclient: NewAsyncClient,
    service: Service,
    stream: bool,
) -> None:
    """The same for async functions."""
    made = await aclient(service)
    HTTPXClientInstrumentor().instrument_client(made._client, tracer_provider=metered.tracer_provider)
    function = Cell(service, is_async=True, stream=stream, kind="plain").decorate("llm.call", made)
    with metered.tracer.start_as_current_span("caller") as caller:
        answer = await function("Faro")
        if stream:
            assert len([item async for item in answer]) > 2
    check_family(metered, caller)


def check_family(kit: Kit, caller: Any) -> None:
    """caller > chat > POST, each begun before its child."""
    chat, http = (next(span for span in kit.spans if span.name.startswith(name)) for name in ("chat", "POST"))
    assert len(kit.spans) == 3
    assert chat.kind is SpanKind.CLIENT
    assert chat.parent
    assert http.parent
    assert chat.parent.span_id == caller.get_span_context().span_id
    assert chat.context
    assert http.parent.span_id == chat.context.span_id
    assert chat.start_time
    assert http.start_time
    assert caller.start_time <= chat.start_time <= http.start_time


def test_the_request_is_sent_in_the_readers_context(
    metered: Kit, client: NewClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Baggage that is set around the loop goes along; what was set when the stream was asked for, and is gone, not."""
    seen: list[Any] = []
    asked = baggage.set_baggage("tenant", "stale")
    token = context.attach(asked)
    stream = plain_stream(client())("Faro")
    context.detach(token)
    send = httpx.Client.send

    def noting(self: httpx.Client, *args: Any, **kwargs: Any) -> Any:
        seen.append((baggage.get_baggage("tenant"), get_current_span().is_recording()))
        return send(self, *args, **kwargs)

    monkeypatch.setattr(httpx.Client, "send", noting)
    token = context.attach(baggage.set_baggage("tenant", "acme"))
    list(stream)
    context.detach(token)
    assert seen == [("acme", True)]
    assert metered.span.attributes


def test_a_current_inference_span_is_the_calls(metered: Kit, client: NewClient) -> None:
    """Somebody's span that records this inference gets the facts; there is no second one, and it is counted once."""
    with metered.tracer.start_as_current_span("chat", attributes={"gen_ai.operation.name": "chat"}):
        list(plain_stream(client())("Faro"))
    attributes = attributes_of(metered.span)
    assert metered.span.name == "chat"
    assert attributes["gen_ai.usage.output_tokens"] == 45
    assert attributes["chunkmeter.outcome"] == "completed"
    assert "code.function.name" in attributes
    assert metered.total("chunkmeter.calls") == 1


def test_wrap_reads_a_stream_of_mirascopes(kit: Kit, client: NewClient) -> None:
    """Without the instrumentor: the raw chunk stands in each pair."""
    stream = chunkmeter.wrap(plain_stream(client())("Faro"), provider="openai", telemetry=kit.telemetry)
    assert len(list(stream)) == 8
    assert attributes_of(kit.span)["gen_ai.usage.output_tokens"] == 45
    assert attributes_of(kit.span)["chunkmeter.outcome"] == "completed"


def test_the_callers_span_is_current_in_the_loop(metered: Kit, client: NewClient) -> None:
    """Ours is current while the request is sent, never in the user's code."""
    stream = plain_stream(client())("Faro")
    with metered.tracer.start_as_current_span("caller") as caller:
        for count, _ in enumerate(stream):
            assert get_current_span() is caller
            assert current_call() is None
            if count == 2:
                break
        assert get_current_span() is caller
    for _ in stream:
        assert not get_current_span().get_span_context().is_valid
    assert [span.name for span in metered.spans] == ["caller", "chat gpt-4o-mini"]


async def test_the_callers_span_is_current_in_the_async_loop(metered: Kit, aclient: NewAsyncClient) -> None:
    """The same for async streams."""
    stream = await aplain_stream(await aclient())("Faro")
    with metered.tracer.start_as_current_span("caller") as caller:
        count = 0
        async for _ in stream:
            assert get_current_span() is caller
            assert current_call() is None
            count += 1
            if count == 3:
                break
        assert get_current_span() is caller
    async for _ in stream:
        assert not get_current_span().get_span_context().is_valid
    assert [span.name for span in metered.spans] == ["caller", "chat gpt-4o-mini"]


def test_a_stream_read_elsewhere_belongs_to_whoever_asked_for_it(metered: Kit, client: NewClient) -> None:
    """A web framework reads the stream after the handler's span is no longer current."""
    function = plain_stream(client())
    with metered.tracer.start_as_current_span("handler") as handler:
        stream = function("Faro")
    list(stream)
    chat = metered.spans[-1]
    assert chat.parent
    assert chat.parent.span_id == handler.get_span_context().span_id


def test_first_chunk_time_waits_for_the_wire(metered: Kit, client: NewClient) -> None:
    """It counts from before the request was sent."""
    list(plain_stream(client("openai", "openai-plain-stream~first=0.15"))("Faro"))
    assert 0.15 <= attributes_of(metered.span)["gen_ai.response.time_to_first_chunk"] < 5


def test_first_chunk_time_is_that_of_the_first_raw_event(metered: Kit, client: NewClient) -> None:
    """Mirascope holds tool arguments back until they are whole; the first event was long there."""
    function = Cell("openai", is_async=False, stream=True, kind="tools").decorate(
        "decorator", client("openai", "openai-tools-stream~delay=0.3")
    )
    began = time.monotonic()
    items = iter(function("Faro"))
    next(items)
    first_tuple = time.monotonic() - began
    list(items)
    first_chunk = attributes_of(metered.span)["gen_ai.response.time_to_first_chunk"]
    assert 0.3 <= first_chunk <= first_tuple - 0.3


# --- how it ends ---


def read_three(stream: Any) -> None:
    """What a user does who has had enough."""
    for count, _ in enumerate(stream):
        if count == 2:
            break


async def aread_one(stream: Any) -> None:
    async for _ in stream:
        break


def test_a_stream_dropped_after_break_is_abandoned(metered: Kit, client: NewClient) -> None:
    """Its span ends soon after, at the time of the last chunk read."""
    stream = plain_stream(client())("Faro")
    read_three(stream)
    paused = time.time_ns()
    time.sleep(0.05)
    assert metered.spans == []
    del stream
    span = wait_for_span(metered)
    assert span.end_time
    assert span.end_time <= paused
    attributes = attributes_of(span)
    assert (attributes["chunkmeter.outcome"], attributes["chunkmeter.chunks"]) == ("abandoned", 3)
    assert "gen_ai.response.finish_reasons" not in attributes
    assert attributes["chunkmeter.finish_reason"] == "none"
    assert span.status.status_code is StatusCode.UNSET
    assert metered.total("chunkmeter.calls", outcome="abandoned") == 1


async def test_an_async_stream_dropped_after_break_is_abandoned(metered: Kit, aclient: NewAsyncClient) -> None:
    """The same for async streams."""
    stream = await aplain_stream(await aclient())("Faro")
    await aread_one(stream)
    paused = time.time_ns()
    await asyncio.sleep(0.05)
    assert metered.spans == []
    del stream
    for _ in range(1000):
        await asyncio.sleep(0.005)
        if metered.spans:
            break
    assert metered.span.end_time
    assert metered.span.end_time <= paused
    assert attributes_of(metered.span)["chunkmeter.outcome"] == "abandoned"


def test_a_stream_dropped_after_its_finish_reason_is_completed(metered: Kit, client: NewClient) -> None:
    """The provider had said why it stopped, so nothing was lost but the usage that comes after."""
    items = iter(plain_stream(client())("Faro"))
    while not next(items)[0].finish_reasons:
        pass
    del items
    attributes = attributes_of(wait_for_span(metered))
    assert (attributes["chunkmeter.outcome"], attributes["chunkmeter.usage.status"]) == ("completed", "missing")
    assert attributes["gen_ai.response.finish_reasons"] == ["stop"]


ERRORS: dict[Service, str] = {
    "openai": "openai.AuthenticationError",
    "groq": "groq.AuthenticationError",
    "xai": "openai.AuthenticationError",
    "litellm": "litellm.exceptions.AuthenticationError",
    "anthropic": "anthropic.AuthenticationError",
    "google": "google.genai.errors.ClientError",
    "azure": "azure.core.exceptions.ClientAuthenticationError",
    "bedrock": "botocore.exceptions.ClientError",
    "cohere": "cohere.errors.unauthorized_error.UnauthorizedError",
    "mistral": "mistralai.models.sdkerror.SDKError",
}


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "call"])
@pytest.mark.parametrize("service", SERVICES)
def test_a_refused_request_is_an_error_of_the_sdks_type(
    metered: Kit,
    client: NewClient,
    service: Service,
    stream: bool,
) -> None:
    """The user gets the SDK's exception; the span its type, and none of its text."""
    cell = Cell(service, is_async=False, stream=stream, kind="plain")
    function = cell.decorate("llm.call", client(service, f"{cell.scenario.id}~status=401"))
    module, _, name = ERRORS[service].rpartition(".")
    with pytest.raises(getattr(import_module(module), name), match="was told to fail"):
        list(function("Faro"))
    check_error(metered, ERRORS[service])
    assert "gen_ai.response.finish_reasons" not in attributes_of(metered.span)


async def test_a_refused_async_request_is_an_error_of_the_sdks_type(metered: Kit, aclient: NewAsyncClient) -> None:
    """The same for async functions, streamed and not."""
    from openai import AuthenticationError

    for stream, spans in ((True, 1), (False, 2)):
        cell = Cell("openai", is_async=True, stream=stream, kind="plain")
        function = cell.decorate("decorator", await aclient("openai", f"{cell.scenario.id}~status=401"))
        with pytest.raises(AuthenticationError, match="was told to fail"):
            async for _ in await function("Faro"):
                pass
        assert len(metered.spans) == spans
        assert attributes_of(metered.spans[-1])["error.type"] == "openai.AuthenticationError"
    assert metered.total("chunkmeter.calls", outcome="error") == 2


def check_error(kit: Kit, error_type: str) -> None:
    span = kit.span
    attributes = attributes_of(span)
    assert attributes["error.type"] == error_type
    assert attributes["chunkmeter.outcome"] == "error"
    assert span.status.status_code is StatusCode.ERROR
    assert not span.status.description
    assert list(span.events) == []
    assert kit.total("chunkmeter.calls", outcome="error") == 1


def test_an_error_in_the_middle_of_a_stream_is_the_users_and_the_spans(metered: Kit, client: NewClient) -> None:
    """What came before it is kept."""
    from openai import APIError

    items = iter(plain_stream(client("openai", "openai-plain-stream~error_after=3"))("Faro"))
    assert len([next(items) for _ in range(3)]) == 3
    with pytest.raises(APIError, match="gave up"):
        next(items)
    check_error(metered, "openai.APIError")
    assert attributes_of(metered.span)["chunkmeter.chunks"] == 3
    assert attributes_of(metered.span)["gen_ai.response.finish_reasons"] == ["error"]


def test_a_bedrock_stream_fails_by_an_event_of_its_own(metered: Kit, client: NewClient) -> None:
    """The exception frame becomes botocore's exception."""
    from botocore.exceptions import EventStreamError

    with pytest.raises(EventStreamError, match="gave up"):
        list(plain_stream(client("bedrock", "bedrock-plain-stream~error_after=3"), "bedrock")("Faro"))
    check_error(metered, "botocore.exceptions.EventStreamError")
    assert attributes_of(metered.span)["chunkmeter.chunks"] == 3
    with warnings.catch_warnings(action="ignore", category=ResourceWarning):
        gc.collect()  # botocore leaves that connection to the collector


def test_a_cohere_stream_that_fails_says_so_in_its_last_event(metered: Kit, client: NewClient) -> None:
    """No exception: the user gets a finish reason, and so does the span."""
    list(plain_stream(client("cohere", "cohere-plain-stream~error_after=3"), "cohere")("Faro"))
    attributes = attributes_of(metered.span)
    assert attributes["gen_ai.response.finish_reasons"] == ["error"]
    assert attributes["chunkmeter.response.raw_finish_reasons"] == ["ERROR"]
    assert (attributes["chunkmeter.outcome"], attributes["chunkmeter.usage.status"]) == ("completed", "missing")


def test_a_dropped_connection_is_an_error(metered: Kit, client: NewClient) -> None:
    """The transport's exception, as the SDK lets it through."""
    import httpx

    with pytest.raises(httpx.RemoteProtocolError):
        list(plain_stream(client("openai", "openai-plain-stream~cut=3,drop"))("Faro"))
    check_error(metered, "httpx.RemoteProtocolError")


@pytest.mark.parametrize("service", ["openai", "anthropic", "google", "azure", "bedrock", "cohere", "mistral"])
def test_a_stream_cut_short_without_an_error_is_interrupted(metered: Kit, client: NewClient, service: Service) -> None:
    """The SDK ends the loop as if all were well; the span says it was not."""
    list(plain_stream(client(service, f"{service}-plain-stream~cut=2"), service)("Faro"))
    attributes = attributes_of(metered.span)
    assert attributes["chunkmeter.outcome"] == "interrupted"
    assert attributes["error.type"] == "stream_interrupted"
    assert attributes["gen_ai.response.finish_reasons"] == ["error"]
    assert metered.span.status.status_code is StatusCode.ERROR
    assert not metered.span.status.description
    assert metered.total("chunkmeter.calls", outcome="interrupted") == 1


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "call"])
async def test_a_cancelled_task_is_no_error(
    metered: Kit,
    aclient: NewAsyncClient,
    server: Server,
    stream: bool,
) -> None:
    """CancelledError passes through, and the outcome is `cancelled`."""
    cell = Cell("openai", is_async=True, stream=stream, kind="plain")
    function = cell.decorate("decorator", await aclient("openai", f"{cell.scenario.id}~first=3"))
    sent = len(server.requests)

    async def read() -> None:
        async for _ in await function("Faro"):
            pass

    task = asyncio.create_task(read())
    while len(server.requests) == sent:  # noqa: ASYNC110 -- the server's thread sets no event
        await asyncio.sleep(0.005)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    attributes = attributes_of(metered.span)
    assert attributes["chunkmeter.outcome"] == "cancelled"
    assert "error.type" not in attributes
    assert metered.span.status.status_code is StatusCode.UNSET


def test_the_users_own_exception_is_no_error_of_the_call(metered: Kit, client: NewClient) -> None:
    """What goes wrong in the loop's body is not the provider's doing."""

    def read() -> None:
        for _ in plain_stream(client())("Faro"):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        read()
    gc.collect()
    span = wait_for_span(metered)
    assert attributes_of(span)["chunkmeter.outcome"] == "abandoned"
    assert span.status.status_code is StatusCode.UNSET


# --- what is said of it ---


def test_the_span_names_the_function(metered: Kit, client: NewClient) -> None:
    """Module and qualified name, as `code.function.name` wants it."""
    call = import_module("mirascope.core.openai").call

    @call("gpt-4o-mini", client=client())
    def describe(city: str) -> str:
        return f"Describe {city}."

    describe("Faro")
    here = "test_the_span_names_the_function.<locals>.describe"
    assert attributes_of(metered.span)["code.function.name"] == f"{__name__}.{here}"


@pytest.mark.parametrize("by_name", [False, True], ids=["in its place", "by its name"])
@pytest.mark.parametrize("stream", [False, True], ids=["call", "stream"])
async def test_the_span_of_a_prompt_that_is_run_names_its_class(
    metered: Kit, client: NewClient, aclient: NewAsyncClient, by_name: bool, stream: bool
) -> None:
    """Mirascope makes a function of no module for each run."""
    core = import_module("mirascope.core")
    prompts = core.prompt_template("Recommend a {genre} book.")(
        type("Recommend", (core.BasePrompt,), {"__module__": "shop.prompts", "__annotations__": {"genre": str}})
    )
    scenario = "openai-plain-stream" if stream else "openai-plain-call"
    call = core.openai.call("gpt-4o-mini", client=client("openai", scenario), stream=stream)
    prompt = prompts(genre="fantasy")
    answer = prompt.run(call_decorator=call) if by_name else prompt.run(call)
    if stream:
        list(answer)
    call = core.openai.call("gpt-4o-mini", client=await aclient("openai", scenario), stream=stream)
    answer = await (prompt.run_async(call_decorator=call) if by_name else prompt.run_async(call))
    if stream:
        async for _ in answer:
            pass
    names = [attributes_of(span)["code.function.name"] for span in metered.spans]
    assert names == ["shop.prompts.Recommend", "shop.prompts.Recommend"]


class Caller:
    """An object that is called."""

    def __call__(self) -> None: ...


def of_no_module() -> Any:
    namespace: dict[str, Any] = {}
    exec("def made(): ...", namespace)  # as Mirascope makes its functions
    return namespace["made"]


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (partial(partial(get_weather, "Faro")), "support.cells.get_weather"),
        (Caller(), f"{__name__}.Caller"),
        (partial(Caller()), f"{__name__}.Caller"),
        (Caller, f"{__name__}.Caller"),
        (Caller().__call__, f"{__name__}.Caller.__call__"),
        (lambda: None, f"{__name__}.<lambda>"),
        (of_no_module(), "made"),
        (len, "builtins.len"),
        ([].append, "list.append"),
        (str.upper, "str.upper"),
    ],
)
def test_whatever_is_called_has_a_name(kit: Kit, function: Any, name: str) -> None:
    """That of what is called in the end; without a module where there is none."""
    site = Site()
    site.note_function(kit.telemetry, function, None)
    assert site.attributes["code.function.name"] == name


TAGS = {"version:0007", "team:blue", "internal"}


def tagged(client: Any) -> Callable[..., Any]:
    """A function with tags."""
    from mirascope.core import metadata

    call = import_module("mirascope.core.openai").call

    @call("gpt-4o-mini", client=client)
    @metadata({"tags": TAGS})
    def describe(city: str) -> str:
        return f"Describe {city}."

    return describe


def test_no_tag_is_passed_on_that_was_not_asked_for(metered: Kit, client: NewClient) -> None:
    """Tags may hold anything, so none of them leaves by default."""
    tagged(client())("Faro")
    assert "chunkmeter.mirascope.tags" not in attributes_of(metered.span)


def test_tags_are_allowed_by_keyword(kit: Kit, client: NewClient) -> None:
    """A whole tag, or the key of `key:value` tags."""
    instrument(kit, mirascope_tags=("version", "internal"))
    tagged(client())("Faro")
    MirascopeInstrumentor().uninstrument()
    assert attributes_of(kit.span)["chunkmeter.mirascope.tags"] == ["internal", "version:0007"]


def test_tags_are_allowed_by_the_environment(kit: Kit, client: NewClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """`CHUNKMETER_MIRASCOPE_TAGS` holds the same list, with commas."""
    monkeypatch.setenv("CHUNKMETER_MIRASCOPE_TAGS", "team, version")
    instrument(kit)
    tagged(client())("Faro")
    MirascopeInstrumentor().uninstrument()
    assert attributes_of(kit.span)["chunkmeter.mirascope.tags"] == ["team:blue", "version:0007"]


PARAMETERS: dict[Service, tuple[dict[str, Any], dict[str, Any]]] = {
    "openai": (
        {"temperature": 0.5, "max_tokens": 64, "top_p": 0.9, "seed": 7, "stop": ["END"], "frequency_penalty": 0.25},
        {
            "temperature": 0.5,
            "max_tokens": 64,
            "top_p": 0.9,
            "seed": 7,
            "stop_sequences": ["END"],
            "frequency_penalty": 0.25,
        },
    ),
    "anthropic": (
        {"temperature": 0.5, "max_tokens": 64, "top_k": 40, "stop_sequences": ["END", "FIN"]},
        {"temperature": 0.5, "max_tokens": 64, "top_k": 40, "stop_sequences": ["END", "FIN"]},
    ),
    "google": (
        {"config": {"temperature": 0.5, "max_output_tokens": 64, "top_p": 0.9, "stop_sequences": ["END"]}},
        {"temperature": 0.5, "max_tokens": 64, "top_p": 0.9, "stop_sequences": ["END"]},
    ),
    "azure": (
        {"temperature": 0.5, "max_tokens": 64, "top_p": 0.9, "seed": 7, "stop": ["END"], "presence_penalty": 0.25},
        {
            "temperature": 0.5,
            "max_tokens": 64,
            "top_p": 0.9,
            "seed": 7,
            "stop_sequences": ["END"],
            "presence_penalty": 0.25,
        },
    ),
    "bedrock": (
        {
            "inferenceConfig": {"temperature": 0.5, "maxTokens": 64, "topP": 0.9, "stopSequences": ["END"]},
            "additionalModelRequestFields": {"top_k": 40},
        },
        {"temperature": 0.5, "max_tokens": 64, "top_p": 0.9, "stop_sequences": ["END"], "top_k": 40},
    ),
    "cohere": (
        {"temperature": 0.5, "max_tokens": 64, "p": 0.9, "k": 40, "seed": 7, "stop_sequences": ["END"]},
        {"temperature": 0.5, "max_tokens": 64, "top_p": 0.9, "top_k": 40, "seed": 7, "stop_sequences": ["END"]},
    ),
    "mistral": (
        {"temperature": 0.5, "max_tokens": 64, "top_p": 0.9, "random_seed": 7, "stop": ["END"]},
        {"temperature": 0.5, "max_tokens": 64, "top_p": 0.9, "seed": 7, "stop_sequences": ["END"]},
    ),
}


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "call"])
@pytest.mark.parametrize("service", PARAMETERS)
def test_request_parameters_are_on_the_span(
    metered: Kit,
    client: NewClient,
    service: Service,
    stream: bool,
) -> None:
    """Under the conventions' names, whatever the provider calls them."""
    given, expected = PARAMETERS[service]
    cell = Cell(service, is_async=False, stream=stream, kind="plain")
    list(cell.decorate("decorator", client(service), call_params=given)("Faro"))
    prefix = "gen_ai.request."
    said = {
        name.removeprefix(prefix): value
        for name, value in attributes_of(metered.span).items()
        if name.startswith(prefix) and name not in ("gen_ai.request.model", "gen_ai.request.stream")
    }
    assert said == expected


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "call"])
def test_bedrocks_model_is_the_one_asked_for(metered: Kit, client: NewClient, stream: bool) -> None:
    """Its request calls it `modelId`, and its answer names none."""
    model = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
    list(Cell("bedrock", is_async=False, stream=stream, kind="plain").decorate("llm.call", client("bedrock"))("Faro"))
    assert metered.span.name == f"chat {model}"
    assert attributes_of(metered.span)["gen_ai.request.model"] == model
    assert "gen_ai.response.model" not in attributes_of(metered.span)


def test_azures_usage_can_be_asked_for(metered: Kit, client: NewClient, server: Server) -> None:
    """Mirascope doesn't, and then there is none; `model_extras` is how an app does."""
    azure: Any = import_module("mirascope.core.azure")  # its decorators' types are open
    made = client("azure")
    extras = {"stream_options": {"include_usage": True}}

    def ask(city: str) -> str:
        return f"What of {city}?"

    asking = {"model_extras": extras}
    list(azure.call("gpt-4o-mini", stream=True, client=made)(ask)("Faro"))
    list(azure.call("gpt-4.1-mini", stream=True, client=made, call_params=asking)(ask)("Faro"))
    assert server.requests[-1].body["stream_options"] == extras["stream_options"]
    silent, asked = map(attributes_of, metered.spans)
    assert (silent["chunkmeter.usage.status"], silent["chunkmeter.cost.status"]) == ("missing", "no_usage")
    assert (asked["chunkmeter.usage.status"], asked["chunkmeter.cost.status"]) == ("reported", "known")
    assert metered.total("chunkmeter.calls", usage__status="missing", cost__status="no_usage") == 1


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "call"])
def test_what_a_request_shows_the_model_is_counted(metered: Kit, client: NewClient, stream: bool) -> None:
    """How many images, of what the request says; nothing of what is in them."""
    from mirascope.core import BaseMessageParam, openai
    from mirascope.core.base import ImageURLPart, TextPart

    images = [ImageURLPart(type="image_url", url=f"https://example.com/{n}.png", detail="low") for n in range(2)]

    def ask() -> list[BaseMessageParam]:
        return [BaseMessageParam(role="user", content=[TextPart(type="text", text="What's that?"), *images])]

    scenario = "openai-plain-stream" if stream else "openai-plain-call"
    given: Any = openai.call(by_id[scenario].model, client=client("openai", f"{scenario}/v1"), stream=stream)(ask)()
    list(given)
    assert attributes_of(metered.span)["chunkmeter.cost_metadata.images"] == 2
    assert "example.com" not in str(attributes_of(metered.span))


def test_cohere_is_paid_by_what_it_bills(metered: Kit, client: NewClient) -> None:
    """502 tokens went in and 12 came out, 7 and 10 of them are charged for; the model is the one asked for."""
    list(plain_stream(client("cohere"), "cohere")("Faro"))
    attributes = attributes_of(metered.span)
    assert (attributes["gen_ai.usage.input_tokens"], attributes["gen_ai.usage.output_tokens"]) == (502, 12)
    assert attributes["gen_ai.usage.cache_read.input_tokens"] == 448
    assert attributes["gen_ai.usage.cost.amount"] == pytest.approx((7 * 0.15 + 10 * 0.60) / 1e6, abs=1e-12)


@pytest.mark.parametrize("common", ["llm.call"])
def test_mirascopes_common_parameters_are_on_the_span(metered: Kit, client: NewClient, common: str) -> None:
    """`llm.call` translates them for the provider; what was sent is what is said."""
    cell = Cell("google", is_async=False, stream=False, kind="plain")
    cell.decorate(common, client("google"), call_params={"temperature": 0.5, "max_tokens": 64, "stop": "END"})("Faro")
    attributes = attributes_of(metered.span)
    assert attributes["gen_ai.request.temperature"] == 0.5
    assert attributes["gen_ai.request.max_tokens"] == 64
    assert attributes["gen_ai.request.stop_sequences"] == ["END"]


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "call"])
@pytest.mark.parametrize("service", [service for service in SERVICES if service != "litellm"])
def test_the_server_is_on_the_span(
    metered: Kit,
    client: NewClient,
    server: Server,
    service: Service,
    stream: bool,
) -> None:
    """Host and port that the client talks to."""
    list(Cell(service, is_async=False, stream=stream, kind="plain").decorate("llm.call", client(service))("Faro"))
    attributes = attributes_of(metered.span)
    assert (attributes["server.address"], attributes["server.port"]) == ("127.0.0.1", server.port)


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "call"])
def test_no_server_is_named_where_it_is_not_known(metered: Kit, client: NewClient, stream: bool) -> None:
    """LiteLLM borrows an OpenAI client that its requests don't go through."""
    function = Cell("litellm", is_async=False, stream=stream, kind="plain").decorate("decorator", client("litellm"))
    list(function("Faro"))
    assert "server.address" not in attributes_of(metered.span)


SECRET = "xyzzy-4711-the-patient-has"


@pytest.mark.parametrize("service", SERVICES)
def test_no_word_of_a_prompt_leaves_the_app(metered: Kit, client: NewClient, service: Service) -> None:
    """Neither a span nor a label holds what was asked."""
    made = client(service)
    for stream in (True, False):
        list(Cell(service, is_async=False, stream=stream, kind="plain").decorate("llm.call", made)(SECRET))
    assert len(metered.spans) == 2
    data = metered.reader.get_metrics_data()
    assert data
    assert SECRET not in data.to_json()
    assert all(SECRET not in span.to_json() for span in metered.spans)


# --- a mock for a client ---


@pytest.mark.parametrize("stream", [False, True], ids=["call", "stream"])
def test_a_mock_as_client_is_metered(metered: Kit, stream: bool) -> None:
    """A mock has whatever attribute it is asked for, a mark that it is metered too."""
    from anthropic.types import Message, RawMessageStartEvent
    from mirascope.core import anthropic

    said = {
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-4-5",
        "id": "msg_1",
        "stop_reason": "end_turn",
    }
    usage = {"input_tokens": 10, "output_tokens": 5}
    answer: Any = Message.model_validate({**said, "content": [{"type": "text", "text": "hi"}], "usage": usage})
    mock = MagicMock(spec=["messages"])
    mock.messages = MagicMock()
    mock.messages.create = MagicMock(return_value=answer)
    if stream:
        mock.messages.create.return_value = iter([RawMessageStartEvent(type="message_start", message=answer)])

    @anthropic.call("claude-sonnet-4-5", client=mock, stream=stream)
    def ask() -> str:
        return "Hi?"

    given: Any = ask()
    if stream:
        list(given)
    attributes = attributes_of(metered.span)
    assert attributes["gen_ai.request.model"] == "claude-sonnet-4-5"
    assert attributes["gen_ai.usage.input_tokens"] == 10
