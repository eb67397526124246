"""Mirascope 2, metered, by a stand-in with its shape: `make matrix` has the real one, which can't be installed here."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

import pytest
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import StatusCode

from chunkmeter import spending
from chunkmeter.calls.sending import current_call
from chunkmeter.instrumentors import MirascopeInstrumentor
from chunkmeter.testing import Clock, Kit, attributes_of, fixed_clock
from support.cells import instrument
from support.sdk import eventually

PROVIDERS, PROMPTS = "mirascope.llm.providers.base.base_provider", "mirascope.llm.prompts.prompts"
USAGE = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}
SPENT = 0.0035
"""gpt-4o: 1000 x 2.50 and 100 x 10.00 USD a million."""


def chunk(content: str | None, **more: Any) -> Any:
    """A raw event of OpenAI's chat, in what Mirascope packs it in."""
    choices = [{"index": 0, "delta": {"content": content}, "finish_reason": None if content else "stop"}]
    event = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "gpt-4o", "choices": choices, **more}
    return SimpleNamespace(type="raw_stream_event_chunk", raw_stream_event=event)


TEXT = SimpleNamespace(type="text_chunk", delta="Faro")
CHUNKS = (chunk("Fa"), TEXT, chunk("ro"), TEXT, chunk(None, usage=USAGE))
"""Three raw events among chunks of Mirascope's own."""


class Response:
    """A response: whole, or with what it iterates."""

    def __init__(self, raw: Any = None, items: Any = None) -> None:
        self.raw, self._chunk_iterator = raw, items
        self.toolkit: Any = None


class BaseProvider:
    """The methods of Mirascope's provider that are hooked."""

    id: ClassVar[str] = "openai"

    def __init__(self, *, inner: BaseProvider | None = None, fails: Exception | None = None) -> None:
        self.inner, self.fails = inner, fails
        self.sent: list[Any] = []
        """The calls whose requests it has sent, as a hook of an SDK would find them."""

    def call(self, **kwargs: Any) -> Response:
        if self.inner is not None:
            return self.inner.call(**kwargs)
        self.sent.append(current_call())
        if self.fails is not None:
            raise self.fails
        choices = [{"index": 0, "message": {"content": "Faro"}, "finish_reason": "stop"}]
        raw = {"id": "c", "object": "chat.completion", "model": "gpt-4o", "choices": choices, "usage": USAGE}
        return Response(raw)

    async def call_async(self, **kwargs: Any) -> Response:
        await asyncio.sleep(0)
        return self.call(**kwargs) if self.inner is None else await self.inner.call_async(**kwargs)

    def stream(self, **kwargs: Any) -> Response:
        if self.inner is not None:
            return self.inner.stream(**kwargs)
        lazy = self.id == "anthropic"
        if not lazy:
            self.sent.append(current_call())

        def events() -> Iterator[Any]:
            if lazy:
                self.sent.append(current_call())
            yield from CHUNKS[:3]
            if self.fails is not None:
                raise self.fails
            yield from CHUNKS[3:]

        return Response(items=events())

    async def stream_async(self, **kwargs: Any) -> Response:
        await asyncio.sleep(0)
        made = self.stream(**kwargs)

        async def events() -> AsyncIterator[Any]:
            for event in made._chunk_iterator:
                yield event

        return Response(items=events())

    context_call, context_call_async, context_stream, context_stream_async = call, call_async, stream, stream_async

    def resume(self, *, response: Response, **kwargs: Any) -> Response:
        return self.call(**kwargs)


class Anthropic(BaseProvider):
    id = "anthropic"


class Prompt:
    """Makes a prompt of a user's function, and asks a provider."""

    def __init__(self, fn: Any) -> None:
        self.fn = fn

    def messages(self, *args: Any) -> Any:
        return self.fn(*args)

    def call(self, provider: BaseProvider, *args: Any) -> Response:
        return provider.call(model_id="openai/gpt-4o", messages=self.messages(*args))

    def stream(self, provider: BaseProvider, *args: Any) -> Response:
        return provider.stream(model_id="openai/gpt-4o", messages=self.messages(*args))


Prompt.__module__ = PROMPTS
ASK = {"model_id": "openai/gpt-4o:completions", "messages": []}


def wait_for_span(kit: Kit) -> ReadableSpan:
    """The one span, once the keeper's thread has ended it."""
    eventually(lambda: bool(kit.spans))
    return kit.span


@pytest.fixture(autouse=True)
def mirascope(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stand-in is there in place of Mirascope 1."""
    for name, kind in ((PROVIDERS, BaseProvider), (PROMPTS, Prompt)):
        module = ModuleType(name)
        setattr(module, kind.__name__, kind)
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr("chunkmeter.instrumentors._library.version", {"mirascope": "2.8.2"}.get)


@pytest.fixture
def metered(kit: Kit) -> Kit:
    instrument(kit)
    return kit


def test_a_call_has_one_span(metered: Kit) -> None:
    """The answer is handed on as it is; the request's facts are in the conventions' words."""
    response = BaseProvider().call(**ASK, temperature=0.5, max_tokens=64)
    assert type(response) is Response
    attributes = attributes_of(metered.span)
    assert {name: attributes[name] for name in (
        "gen_ai.provider.name", "gen_ai.request.model", "gen_ai.request.temperature", "gen_ai.request.max_tokens",
        "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens", "chunkmeter.outcome",
    )} == {
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.max_tokens": 64,
        "gen_ai.usage.input_tokens": 1000,
        "gen_ai.usage.output_tokens": 100,
        "chunkmeter.outcome": "completed",
    }  # fmt: skip
    assert metered.total("chunkmeter.spend") == pytest.approx(SPENT)


def test_spending_tells_of_a_response(metered: Kit) -> None:
    """Of a whole one at once, of a stream's when its iterator has run out; the block has both."""
    with spending() as spent:
        whole, streamed = BaseProvider().call(**ASK), BaseProvider().stream(**ASK)
        assert spending.of(streamed) is None
    assert [*streamed._chunk_iterator] == [*CHUNKS]
    one, other = spending.of(whole), spending.of(streamed)
    assert one is not None
    assert other is not None
    assert one.amounts == other.amounts == {"USD": Decimal("0.0035")}
    assert (spent.amounts, spent.calls) == ({"USD": Decimal("0.0070")}, 2)
    assert metered.total("chunkmeter.spend") == pytest.approx(2 * SPENT)


@pytest.mark.parametrize("kind", [BaseProvider, Anthropic])
def test_a_streams_request_is_sent_within_its_call(metered: Kit, kind: type[BaseProvider]) -> None:
    """So that the hooks of the SDK's stay silent, also where the first step sends it."""
    provider = kind()
    response = provider.stream(**ASK)
    assert [*response._chunk_iterator] == [*CHUNKS]
    (call,) = provider.sent
    assert call.span.get_span_context() == metered.span.context
    if kind is BaseProvider:
        assert attributes_of(metered.span)["chunkmeter.chunks"] == 3
        assert metered.total("chunkmeter.spend") == pytest.approx(SPENT)


@pytest.mark.parametrize("kind", [BaseProvider, Anthropic])
async def test_an_async_stream_is_metered(metered: Kit, kind: type[BaseProvider]) -> None:
    """The same, step by step."""
    provider = kind()
    response = await provider.stream_async(**ASK)
    assert [item async for item in response._chunk_iterator] == [*CHUNKS]
    assert len(metered.spans) == 1
    assert provider.sent != [None]


async def test_an_async_call_is_metered(metered: Kit) -> None:
    assert (await BaseProvider().call_async(**ASK)).raw["usage"] == USAGE
    assert metered.total("chunkmeter.spend") == pytest.approx(SPENT)


def test_a_lazy_stream_begins_at_its_first_step(metered: Kit) -> None:
    """Never iterated it has sent nothing, and there is no span; the wait before the first step is none of its."""
    Anthropic().stream(**ASK)
    gc.collect()
    assert metered.spans == []
    with fixed_clock() as clock:
        assert isinstance(clock, Clock)
        response = Anthropic().stream(**ASK)
        clock.advance(60)
        list(response._chunk_iterator)
    assert metered.span.end_time is not None
    assert metered.span.start_time is not None
    assert metered.span.end_time - metered.span.start_time < 1_000_000_000


@pytest.mark.parametrize("stream", [False, True])
def test_a_request_that_is_handed_on_counts_once(metered: Kit, stream: bool) -> None:
    """By OpenAI's provider to that of an interface of its, and by the router."""
    provider = BaseProvider(inner=BaseProvider(inner=Anthropic()))
    if stream:
        assert [*provider.stream(**ASK)._chunk_iterator] == [*CHUNKS]
    else:
        provider.call(**ASK)
    assert len(metered.spans) == 1
    assert metered.total("chunkmeter.calls") == 1


@pytest.mark.slow
def test_a_loop_that_is_left_is_abandoned_when_nobody_holds_the_response(metered: Kit) -> None:
    """Until then the user may go on."""
    response = BaseProvider().stream(**ASK)
    assert next(response._chunk_iterator) is CHUNKS[0]
    assert metered.spans == []
    assert next(response._chunk_iterator) is CHUNKS[1]
    del response
    gc.collect()
    assert attributes_of(wait_for_span(metered))["chunkmeter.outcome"] == "abandoned"


def test_an_exception_is_the_users(metered: Kit) -> None:
    """The very object; the span is an error."""
    failure = ValueError("refused")
    with pytest.raises(ValueError, match="refused") as raised:
        BaseProvider(fails=failure).call(**ASK)
    assert raised.value is failure
    with pytest.raises(ValueError, match="refused") as raised:
        list(BaseProvider(fails=failure).stream(**ASK)._chunk_iterator)
    assert raised.value is failure
    assert [span.status.status_code for span in metered.spans] == [StatusCode.ERROR] * 2
    assert [attributes_of(span)["error.type"] for span in metered.spans] == ["ValueError"] * 2


def user_function(city: str) -> str:
    return f"What of {city}?"


def test_the_users_function_is_named(metered: Kit) -> None:
    """Also where a conversation goes on; not where nobody's function asks."""
    provider, prompt = BaseProvider(), Prompt(user_function)
    response = prompt.call(provider, "Faro")
    provider.resume(response=provider.resume(response=response, **ASK), **ASK)
    list(prompt.stream(provider, "Faro")._chunk_iterator)
    provider.call(**ASK)
    name = f"{__name__}.user_function"
    assert [attributes_of(span).get("code.function.name") for span in metered.spans] == [name, name, name, name, None]


@pytest.mark.parametrize(
    ("identity", "model_id", "provider", "model"),
    [
        ("openai:responses", "openai/gpt-5:responses", "openai", "gpt-5"),
        ("anthropic-beta", "anthropic-beta/claude-sonnet-4-5", "anthropic", "claude-sonnet-4-5"),
        ("mirascope", "google/gemini-2.5-flash", "gcp.gemini", "gemini-2.5-flash"),
        ("mlx", "mlx-community/Qwen3-8B-4bit", "mlx", "mlx-community/Qwen3-8B-4bit"),
        ("openai", "gpt-4o", "openai", "gpt-4o"),
        ("xai", "xai/grok-4", "x_ai", "grok-4"),
    ],
)
def test_the_provider_and_the_model_are_told_apart(
    metered: Kit, monkeypatch: pytest.MonkeyPatch, identity: str, model_id: str, provider: str, model: str
) -> None:
    monkeypatch.setattr(BaseProvider, "id", identity)
    BaseProvider().call(model_id=model_id, messages=[])
    attributes = attributes_of(metered.span)
    assert (attributes["gen_ai.provider.name"], attributes["gen_ai.request.model"]) == (provider, model)


def test_a_provider_tells_the_model_itself_where_it_can(metered: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    """Together's models keep what stands before the slash."""
    monkeypatch.setattr(BaseProvider, "_model_name", lambda self, model_id: model_id, raising=False)
    BaseProvider().call(model_id="meta-llama/Llama-3.3-70B", messages=[])
    assert attributes_of(metered.span)["gen_ai.request.model"] == "meta-llama/Llama-3.3-70B"


def test_a_host_tells_who_answers(metered: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider of OpenAI's may be aimed at another's server."""
    models = type("Models", (), {"list": lambda self: None})()
    models._client = SimpleNamespace(base_url="https://api.deepseek.com/v1")
    monkeypatch.setattr(BaseProvider, "client", SimpleNamespace(models=models), raising=False)
    BaseProvider().call(model_id="deepseek/deepseek-chat", messages=[])
    attributes = attributes_of(metered.span)
    assert (attributes["gen_ai.provider.name"], attributes["server.address"]) == ("deepseek", "api.deepseek.com")


def test_a_failure_of_ours_stays_ours(metered: Kit, caplog: pytest.LogCaptureFixture) -> None:
    """A request of another shape goes unmetered, and is answered."""
    with caplog.at_level(logging.WARNING, "chunkmeter"):
        assert BaseProvider().call().raw["usage"] == USAGE
    assert metered.spans == []
    assert metered.total("chunkmeter.errors") == 1


def test_switched_off_it_hands_on_what_mirascope_gives(kit: Kit) -> None:
    own = {name: vars(BaseProvider)[name] for name in ("call", "stream", "stream_async", "resume")}
    instrument(kit)
    with suppress_instrumentation():
        list(BaseProvider().stream(**ASK)._chunk_iterator)
    MirascopeInstrumentor().uninstrument()
    assert {name: vars(BaseProvider)[name] for name in own} == own
    list(BaseProvider().stream(**ASK)._chunk_iterator)
    assert kit.spans == []
