"""Streams that are asked for their usage, with real Mirascope and real SDKs: what goes out, and what comes of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, ExitStack
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from azure.ai.inference.models import StreamingChatCompletionsUpdate
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
from openai import OpenAI
from openai.types.chat import ChatCompletionChunk
from opentelemetry.instrumentation.utils import suppress_instrumentation

from chunkmeter.instrumentors import MirascopeInstrumentor
from chunkmeter.instrumentors._include_usage import Asking, only_usage
from chunkmeter.instrumentors.mirascope._site import Site
from chunkmeter.testing import Kit, attributes_of
from replay import routes
from replay.scenarios import Answer, Service, by_id
from replay.scenarios.base import sse
from replay.server import Server
from support.cells import OTHERS, Cell, get_weather, instrument
from support.clients import KEY, new_async_client, new_client
from support.sdk import ended
from support.streams import events_of

pytestmark = pytest.mark.filterwarnings(
    r"ignore:Accessing the 'model_fields' attribute:DeprecationWarning:mirascope\..*",
    r"ignore::DeprecationWarning:litellm\..*",
)

Json = dict[str, Any]
WISH = {"include_usage": True}
TRUTH = by_id["azure-asked-stream"].truth


def asked(provider: str | None, parameters: Json, extras: Mapping[str, Any]) -> Json | None:
    """The parameters of a stream's request to one of Mirascope's providers, with the wish for usage."""
    site = Site()
    site.provider, site.extras = provider, extras
    return site.asked(parameters)


def events(scenario: str, *, usage: bool) -> tuple[bytes, ...]:
    """What the service sends: with null or the usage in each chunk if it was asked, else without a word of it."""
    chunks = events_of(scenario)
    if usage:
        return tuple(sse(chunks))
    chunks = [chunk for chunk in chunks if not chunk.get("usage")]
    return tuple(sse([{name: value for name, value in chunk.items() if name != "usage"} for chunk in chunks]))


class Azure:
    """A service that tells a stream's usage to those who ask, in place of the scenarios."""

    def __init__(self) -> None:
        self.refuses: Callable[[Json], int | None] = lambda _: None
        """The status that a body is refused with."""
        self.scenario = "azure-asked-stream"

    def find(self, path: str, body: Json, _scripts: Mapping[str, Answer]) -> tuple[Answer, routes.Options]:
        """Stands in for `routes.find`."""
        status = self.refuses(body)
        if status is not None:
            raise routes.RefusedError(status, "replay: no such parameter", "azure")
        if not body.get("stream"):
            return by_id["azure-plain-call"], routes.Options()
        wish = (body.get("stream_options") or {}).get("include_usage")
        answer = Answer(id="azure", service="azure", stream=True, events=events(self.scenario, usage=bool(wish)))
        return answer, routes.Options()


def knows_no_options(status: int) -> Callable[[Json], int | None]:
    """Refuses whoever asks."""
    return lambda body: status if "stream_options" in body else None


@pytest.fixture
def azure(monkeypatch: pytest.MonkeyPatch) -> Azure:
    service = Azure()
    monkeypatch.setattr(routes, "find", service.find)
    return service


class App:
    """An app that asks Azure through Mirascope, in sync or async functions."""

    def __init__(self, server: Server, stack: AsyncExitStack, *, is_async: bool) -> None:
        self._server, self._stack, self._is_async = server, stack, is_async
        self._before = len(server.requests)

    @property
    def bodies(self) -> list[Json]:
        """What it has sent."""
        return [request.body for request in self._server.requests[self._before :]]

    async def client(self, **options: Any) -> Any:
        """A client of the SDK, with options of its own or the usual ones."""
        address = f"{self._server.url}/azure"
        if not options and self._is_async:
            return await new_async_client("azure", address, self._stack)
        if not options:
            return new_client("azure", address, self._stack.enter_context(ExitStack()))
        home = import_module("azure.ai.inference.aio" if self._is_async else "azure.ai.inference")
        credential = import_module("azure.core.credentials").AzureKeyCredential(KEY)
        made = home.ChatCompletionsClient(address, credential, retry_total=0, **options)
        entered = self._stack.enter_async_context(made) if self._is_async else self._stack.enter_context(made)
        return await entered if self._is_async else entered

    async def ask(self, client: Any = None, *, model: str = "gpt-4.1-mini", **options: Any) -> list[Any]:
        """What a stream gives, or a call that doesn't stream."""
        home: Any = import_module("mirascope.core.azure")  # its decorators' types are open
        made = await self.client() if client is None else client
        decorate = home.call(model, client=made, **{"stream": True, **options})

        async def aquestion(city: str) -> str:
            return f"What of {city}?"

        def question(city: str) -> str:
            return f"What of {city}?"

        answer = decorate(aquestion if self._is_async else question)("Beja")
        answer = await answer if self._is_async else answer
        if not options.get("stream", True):
            return [answer]
        return [item async for item in answer] if self._is_async else list(answer)


@pytest.fixture(params=[False, True], ids=["sync", "async"])
async def app(request: pytest.FixtureRequest, server: Server) -> AsyncIterator[App]:
    async with AsyncExitStack() as stack:
        yield App(server, stack, is_async=request.param)


@pytest.fixture
def asking(kit: Kit) -> Kit:
    """Mirascope, metered, with the setting on."""
    instrument(kit, include_usage=True)
    return kit


def seen(items: list[Any]) -> list[Json]:
    """The raw chunks that the application got, without fields that are null, which an asked service adds."""
    return [{name: value for name, value in chunk.chunk.items() if value is not None} for chunk, _ in items]


# --- what goes out, and what is seen of it ---


async def test_a_stream_is_asked_for_its_usage_and_looks_as_if_it_were_not(app: App, azure: Azure, kit: Kit) -> None:
    """The usage is on the span; the chunk that brings it, whose `choices[0]` is an IndexError, is ours alone."""
    bare = await app.ask()
    instrument(kit, include_usage=True)
    items = await app.ask()
    assert [body.get("stream_options") for body in app.bodies] == [None, WISH]
    assert {**app.bodies[1], "stream_options": None} == {**app.bodies[0], "stream_options": None}
    assert seen(items) == seen(bare)
    assert "".join(chunk.chunk.choices[0].delta.content or "" for chunk, _ in items) == "Beja is flat."
    attributes = ended(kit, "completed")
    assert attributes["chunkmeter.usage.status"] == "reported"
    assert attributes["gen_ai.usage.input_tokens"] == TRUTH.input_tokens
    assert attributes["gen_ai.usage.output_tokens"] == TRUTH.output_tokens
    assert attributes["gen_ai.usage.cost.amount"] == pytest.approx(TRUTH.usd, abs=1e-12)
    assert attributes["chunkmeter.chunks"] == len(items) + 1


async def test_it_is_off_unless_it_is_switched_on(app: App, azure: Azure, kit: Kit) -> None:
    """A request goes out as the application wrote it."""
    instrument(kit)
    await app.ask()
    assert ["stream_options" in body for body in app.bodies] == [False]
    assert ended(kit, "completed")["chunkmeter.usage.status"] == "missing"


async def test_the_environment_switches_it_on(
    app: App, azure: Azure, kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No line of the application changes."""
    monkeypatch.setenv("CHUNKMETER_INCLUDE_USAGE", "true")
    instrument(kit, idle_timeout=60)
    await app.ask()
    assert app.bodies[0]["stream_options"] == WISH


async def test_other_options_are_kept(app: App, azure: Azure, asking: Kit) -> None:
    """And the dicts that hold them are the application's, so nothing is written into them."""
    options = {"include_obfuscation": False}
    extras = {"stream_options": options, "safe_mode": True}
    await app.ask(call_params={"model_extras": extras})
    assert app.bodies[0]["stream_options"] == {"include_obfuscation": False, "include_usage": True}
    assert app.bodies[0]["safe_mode"] is True
    assert extras == {"stream_options": options, "safe_mode": True}
    assert options == {"include_obfuscation": False}


@pytest.mark.parametrize("wish", [True, False])
@pytest.mark.parametrize("place", ["request", "client"])
async def test_a_choice_of_the_applications_stands(app: App, azure: Azure, asking: Kit, wish: bool, place: str) -> None:
    """Either way, in the request or once for all of a client's; the chunk that it asks for itself is its own."""
    extras = {"model_extras": {"stream_options": {"include_usage": wish}}}
    if place == "client":
        items = await app.ask(await app.client(**extras))
    else:
        # For Mirascope's async streams such a chunk is one too many only where there are tools.
        items = await app.ask(call_params=extras)
    assert app.bodies[0]["stream_options"] == {"include_usage": wish}
    assert [bool(chunk.chunk.get("usage")) for chunk, _ in items[-1:]] == [wish]
    assert ended(asking, "completed")["chunkmeter.usage.status"] == ("reported" if wish else "missing")


async def test_what_a_client_adds_to_its_requests_is_still_added(app: App, azure: Azure, asking: Kit) -> None:
    """Azure's SDK leaves it out of a request that has extras of its own."""
    await app.ask(await app.client(model_extras={"safe_mode": True}))
    assert app.bodies[0]["safe_mode"] is True
    assert app.bodies[0]["stream_options"] == WISH
    await app.ask(await app.client(model_extras={"safe_mode": True}), call_params={"model_extras": {"n": 1}})
    assert (app.bodies[1]["n"], app.bodies[1]["stream_options"]) == (1, WISH)
    assert "safe_mode" not in app.bodies[1]


async def test_a_call_that_is_no_stream_is_not_asked(app: App, azure: Azure, asking: Kit) -> None:
    """Services refuse `stream_options` there."""
    await app.ask(stream=False)
    assert {"stream", "stream_options"}.isdisjoint({name for name, value in app.bodies[0].items() if value})
    assert ended(asking, "completed")["chunkmeter.usage.status"] == "reported"


async def test_tools_and_usage_go_together(app: App, azure: Azure, asking: Kit) -> None:
    """Mirascope's async streams with tools fall over a chunk without choices; they don't get to see it."""
    items = await app.ask(tools=[get_weather])
    assert len(items) == len(events(azure.scenario, usage=False)) - 2  # the filters' chunk, and the end
    assert ended(asking, "completed")["chunkmeter.usage.status"] == "reported"


async def test_where_nobody_reads_it_nothing_is_asked(app: App, azure: Azure, asking: Kit) -> None:
    """Instrumentation that is suppressed, or was taken away."""
    with suppress_instrumentation():
        await app.ask()
    MirascopeInstrumentor().uninstrument()
    await app.ask()
    assert ["stream_options" in body for body in app.bodies] == [False, False]
    assert asking.spans == []


@pytest.mark.parametrize("service", [service for service in OTHERS if service != "azure"])
def test_other_services_requests_are_the_same_with_it(
    server: Server, kit: Kit, monkeypatch: pytest.MonkeyPatch, service: Service
) -> None:
    """Mirascope asks OpenAI, xAI and LiteLLM by itself, the others tell unasked."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    before = len(server.requests)
    with ExitStack() as stack:
        client = new_client(service, f"{server.url}/{service}", stack)
        function = Cell(service, is_async=False, stream=True, kind="plain").decorate("decorator", client)
        bare = list(function("Faro"))
        instrument(kit, include_usage=True)
        items = list(function("Faro"))
    assert len(items) == len(bare)
    sent = [request.body for request in server.requests[before:]]
    assert sent[0] == sent[1]
    assert attributes_of(kit.span)["chunkmeter.usage.status"] == "reported"


# --- services that don't know it ---


@pytest.mark.parametrize("status", [400, 422])
async def test_a_service_that_refuses_is_asked_once(app: App, azure: Azure, asking: Kit, status: int) -> None:
    """The application's own request follows, and its stream is as it would have been; so are the later ones."""
    azure.refuses = knows_no_options(status)
    first, second = await app.ask(), await app.ask()
    assert [body.get("stream_options") for body in app.bodies] == [WISH, None, None]
    assert seen(first) == seen(second)
    assert "".join(chunk.content for chunk, _ in first) == "Beja is flat."
    for span in asking.spans:
        assert attributes_of(span)["chunkmeter.outcome"] == "completed"
        assert attributes_of(span)["chunkmeter.usage.status"] == "missing"
    assert asking.total("chunkmeter.calls") == 2
    assert asking.total("chunkmeter.errors") == 0
    azure.refuses = lambda _: None
    await app.ask(model="gpt-4o-mini")
    assert app.bodies[-1]["stream_options"] == WISH


async def test_a_refusing_services_own_usage_chunk_is_the_applications(app: App, azure: Azure, asking: Kit) -> None:
    """Nobody asked for it, so it is no chunk of ours."""
    azure.refuses = knows_no_options(400)
    told = by_id["azure-asked-stream"].events
    find = azure.find

    def tells(*given: Any) -> Any:
        find(*given)
        return Answer(id="azure", service="azure", stream=True, events=told), routes.Options()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(routes, "find", tells)
        items = await app.ask()
    assert items[-1][0].chunk.usage is not None
    assert ended(asking, "completed")["chunkmeter.usage.status"] == "reported"


async def test_a_request_that_is_bad_anyway_fails_as_it_would(app: App, azure: Azure, asking: Kit) -> None:
    """With the answer to what the application wrote; and the service is not taken for one that refuses."""
    azure.refuses = lambda _: 400
    with pytest.raises(HttpResponseError) as raised:
        await app.ask()
    assert raised.value.status_code == 400
    assert not isinstance(raised.value.__context__, HttpResponseError)
    assert [body.get("stream_options") for body in app.bodies] == [WISH, None]
    ended(asking, "error", "azure.core.exceptions.HttpResponseError")
    azure.refuses = lambda _: None
    await app.ask()
    assert app.bodies[-1]["stream_options"] == WISH


async def test_other_failures_are_no_refusal(app: App, azure: Azure, asking: Kit) -> None:
    """They pass on as they are, without a second request."""
    azure.refuses = lambda _: 401
    with pytest.raises(ClientAuthenticationError):
        await app.ask()
    assert len(app.bodies) == 1
    ended(asking, "error", "azure.core.exceptions.ClientAuthenticationError")


def test_so_many_refusing_services_are_kept_in_mind() -> None:
    """Anybody may make up a model's name; the first to come is the first to go."""
    asker = Asking()
    for number in range(1000):
        asker._remember(("127.0.0.1", 80, f"model-{number}"))
    assert len(asker._refusing) == 256
    assert ("127.0.0.1", 80, "model-999") in asker._refusing
    assert ("127.0.0.1", 80, "model-0") not in asker._refusing


# --- requests, one by one ---


def test_openais_requests_are_asked_where_they_have_no_say() -> None:
    """At the top, or in the body beside it, which has the last word."""
    for provider in ("openai", "xai"):
        assert asked(provider, {"stream": True}, {}) == {"stream": True, "stream_options": WISH}
        options = {"include_obfuscation": False}
        merged = {"stream_options": {**options, **WISH}}
        assert asked(provider, {"stream_options": options}, {}) == merged
        assert asked(provider, {"extra_body": {"stream_options": options}}, {}) == {"extra_body": merged}
        assert asked(provider, {"extra_body": {"top_k": 1}}, {}) == {"extra_body": {"top_k": 1}, "stream_options": WISH}
    assert options == {"include_obfuscation": False}


def test_openais_sdk_sends_what_is_asked(server: Server) -> None:
    """Under the names it takes."""
    with OpenAI(base_url=f"{server.url}/id/openai-plain-stream/v1", api_key=KEY, max_retries=0) as client:
        for body in ({}, {"extra_body": {"stream_options": {"include_obfuscation": False}}}):
            messages = [{"role": "user", "content": "Hi"}]
            create: Any = client.chat.completions.create
            request = asked("openai", {"model": "gpt-4o-mini", "messages": messages, "stream": True, **body}, {})
            assert request is not None
            list(create(**request))
            assert server.requests[-1].body["stream_options"]["include_usage"] is True


@pytest.mark.parametrize("provider", ["openai", "xai", "azure"])
@pytest.mark.parametrize("value", [None, {"include_usage": True}, {"include_usage": False}, {"include_usage": None}, 5])
def test_what_is_said_or_odd_is_left_alone(provider: str, value: Any) -> None:
    """Wherever it stands."""
    assert asked(provider, {"stream_options": value}, {}) is None
    holder = "model_extras" if provider == "azure" else "extra_body"
    assert asked(provider, {holder: {"stream_options": value}}, {}) is None
    assert asked(provider, {"stream_options": {}, "extra_body": {"stream_options": value}}, {}) is None
    assert asked("azure", {}, {"stream_options": value}) is None


@pytest.mark.parametrize(
    "provider", [None, "groq", "litellm", "mistral", "cohere", "google", "anthropic", "bedrock", "gemini", "vertex"]
)
def test_others_are_never_asked(provider: str | None) -> None:
    """Their wires have no such wish, or whoever sends them asks."""
    assert asked(provider, {"stream": True}, {}) is None


def test_odd_extras_are_left_to_the_sdk() -> None:
    """It will say what it thinks of them."""
    assert asked("azure", {"model_extras": 5}, {}) is None
    assert asked("azure", {"model_extras": ["n"]}, {}) is None
    assert asked("openai", {"extra_body": 5}, {}) == {"extra_body": 5, "stream_options": WISH}


# --- chunks, one by one ---

ENVELOPE: Json = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o-mini"}
USAGE = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
CHOICE = {"index": 0, "delta": {}, "finish_reason": None}


@pytest.mark.parametrize("kind", [StreamingChatCompletionsUpdate, ChatCompletionChunk.model_validate])
@pytest.mark.parametrize(
    ("fields", "hidden"),
    [
        ({"choices": [], "usage": USAGE}, True),
        ({"choices": [], "usage": USAGE, "system_fingerprint": "fp_1", "service_tier": "default"}, True),
        ({"choices": [], "usage": USAGE, "obfuscation": "aGk", "prompt_filter_results": []}, True),
        ({"choices": [CHOICE], "usage": USAGE}, False),
        ({"choices": [CHOICE], "usage": None}, False),
        ({"choices": [], "usage": None}, False),
        ({"choices": []}, False),
        ({"choices": [], "prompt_filter_results": [{"prompt_index": 0}]}, False),
        ({"choices": [], "usage": USAGE, "prompt_filter_results": [{"prompt_index": 0}]}, False),
        ({"choices": [], "usage": USAGE, "citations": ["https://example.com"]}, False),
    ],
    ids=str,
)
def test_a_chunk_is_hidden_if_usage_is_all_it_brings(kind: Callable[[Json], Any], fields: Json, hidden: bool) -> None:
    """What the filters make of the prompt comes without choices too."""
    assert only_usage(kind({**ENVELOPE, **fields})) is hidden


class Raising:
    """Whatever it is asked, it raises."""

    __slots__ = ()

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError("not now")


def test_an_odd_event_is_the_applications_unless_it_is_usage() -> None:
    """Nothing raises."""
    for odd in (None, 5, "text", b"", [], {}, object(), Raising()):
        assert not only_usage(odd)
    assert only_usage(SimpleNamespace(usage=USAGE))
