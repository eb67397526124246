"""The hooks of provider SDKs beside other hooks of ours, in a process without the SDKs, and beside other versions."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

import litellm
import openai
import pytest

import chunkmeter
from chunkmeter import instrumentors, readers
from chunkmeter.instrumentors import TogetherInstrumentor
from chunkmeter.instrumentors.openai import SDK
from chunkmeter.testing import Kit, attributes_of
from replay.scenarios import Kind, Service, by_id
from replay.server import Server
from support import cells
from support.cells import Cell
from support.clients import new_async_client, new_client
from support.either import given, items
from support.sdk import count_once, ended, expect, route
from support.stainless import CHAT, OPENAI, SDKS, USAGE, Make, Sdk, instrument

pytestmark = pytest.mark.filterwarnings(
    # Mirascope's own, in each `llm.call`.
    r"ignore:Accessing the 'model_fields' attribute:DeprecationWarning:mirascope\..*",
    # LiteLLM's own: it calls much that pydantic has deprecated.
    r"ignore::DeprecationWarning:litellm\..*",
)

STAINLESS = ("OpenAIInstrumentor", "AnthropicInstrumentor", "GroqInstrumentor", "TogetherInstrumentor")


# --- Mirascope above them ---

KINDS: tuple[Kind, ...] = ("plain", "structured", "tools")
ABOVE: tuple[Service, ...] = ("openai", "groq", "xai", "litellm", "anthropic")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stream", [False, True], ids=["call", "stream"])
@pytest.mark.parametrize("service", ABOVE)
async def test_a_call_through_mirascope_is_counted_once(
    service: Service, stream: bool, kind: Kind, is_async: bool, server: Server, kit: Kit, monkeypatch: Any
) -> None:
    """Mirascope's hook begins it, and the SDK's lets it pass."""
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    cell = Cell(service, is_async=is_async, stream=stream, kind=kind)
    async with AsyncExitStack() as stack:
        base = f"{server.url}/{service}"
        with ExitStack() as sync_stack:
            client = await new_async_client(service, base, stack) if is_async else new_client(service, base, sync_stack)
            for sdk in SDKS.values():
                instrument(sdk, kit)
            cells.instrument(kit)
            answer = await given(cell.decorate("decorator", client)("Faro"))
            if stream:  # Mirascope's streams are sync and async
                assert [each async for each in answer] if is_async else [*answer]
    assert kit.total("chunkmeter.calls") == 1
    assert attributes_of(kit.span)["code.function.name"]
    assert kit.total("chunkmeter.spend") == pytest.approx(cell.scenario.truth.usd, abs=1e-12)


# --- LiteLLM above them ---


@pytest.fixture(params=[False, True], ids=["bare", "wrapped"])
def wrapped(request: pytest.FixtureRequest) -> bool:
    return request.param


async def test_a_stream_of_litellms_is_counted_once(
    server: Server, metered: Kit, wrapped: bool, is_async: bool
) -> None:
    """It asks OpenAI through OpenAI's SDK, whose raw stream it holds."""
    ask: Any = litellm.acompletion if is_async else litellm.completion
    told = {"api_base": f"{route(server, 'openai-plain-stream')}/v1", "api_key": "none", "stream": True, **USAGE}
    stream = await given(ask(**{**CHAT, "model": "openai/gpt-4o-mini"}, **told))
    await items(chunkmeter.wrap(stream, telemetry=metered.telemetry) if wrapped else stream)
    assert metered.total("chunkmeter.calls") == 1
    expect(metered.span, "openai-plain-stream")


async def test_a_plain_call_of_litellms_is_counted_once(server: Server, metered: Kit, is_async: bool) -> None:
    ask: Any = litellm.acompletion if is_async else litellm.completion
    told = {"api_base": f"{route(server, 'openai-plain-call')}/v1", "api_key": "none"}
    await given(ask(**{**CHAT, "model": "openai/gpt-4o-mini"}, **told))
    expect(metered.span, "openai-plain-call")
    count_once(metered, "openai-plain-call")


# --- streams of the application's own ---


class Words(openai.Stream[Any]):
    """Reads the events of the SDK's decoder in its own way, and hands out texts."""

    def __iter__(self) -> Iterator[Any]:
        for event in self._iter_events():
            yield event.data


class AsyncWords(openai.AsyncStream[Any]):
    """The same for async clients."""

    async def __aiter__(self) -> AsyncIterator[Any]:
        async for event in self._iter_events():
            yield event.data


class Chunks(openai.Stream[Any]):
    """The SDK's stream under another name."""


class AsyncChunks(openai.AsyncStream[Any]):
    """The same for async clients."""


@pytest.mark.parametrize("kinds", [(Words, AsyncWords), (Chunks, AsyncChunks)], ids=["words", "chunks"])
async def test_a_stream_of_the_applications_own_class_is_metered(
    kinds: tuple[Any, Any], make: Make, kit: Kit, is_async: bool, server: Server
) -> None:
    """And is not asked for a chunk that could not be hidden."""
    instrument(OPENAI, kit, include_usage=True)
    kind = kinds[is_async]
    body = {**CHAT, "stream": True}
    client = make(OPENAI, "openai-plain-stream")
    stream = await given(client.post("/chat/completions", body=body, cast_to=object, stream=True, stream_cls=kind))
    assert isinstance(stream, kind)
    await items(stream)
    assert "stream_options" not in server.requests[-1].body
    expect(kit.span, "openai-plain-stream")
    count_once(kit, "openai-plain-stream")


async def test_a_body_that_streams_unknown_to_the_sdk_is_read(make: Make, metered: Kit) -> None:
    """`client.post` without `stream=True` gives the events as one text."""
    client = make(OPENAI, "openai-plain-stream")
    got = await given(client.post("/chat/completions", body={**CHAT, "stream": True}, cast_to=str))
    assert got.startswith("data: ")
    attributes = ended(metered, "completed")
    assert attributes["gen_ai.usage.output_tokens"] == by_id["openai-plain-stream"].truth.output_tokens


# --- processes without the SDKs ---


def python(code: str) -> str:
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return result.stdout


@pytest.mark.slow
def test_instrumenting_imports_no_sdk() -> None:
    """Nor does importing the classes. The hooks are in place once the application imports the SDK."""
    code = f"""
import sys
from chunkmeter import instrumentors
for name in {STAINLESS!r}:
    getattr(instrumentors, name)().instrument()
print(sorted(name for name in ("openai", "anthropic", "groq", "together", "httpx") if name in sys.modules))
import openai
print(type(vars(openai._base_client.SyncAPIClient)["request"]).__name__)
for name in {STAINLESS!r}:
    getattr(instrumentors, name)().uninstrument()
import anthropic
print(type(vars(openai._base_client.SyncAPIClient)["request"]).__name__)
print(type(vars(anthropic._base_client.SyncAPIClient)["request"]).__name__)
"""
    assert python(code).split() == ["[]", "FunctionWrapper", "function", "function"]


def test_there_is_an_entry_point_for_each() -> None:
    """Under a name of our own, by which OpenTelemetry's own variable switches it off."""
    found = {each.name: each for each in entry_points(group="opentelemetry_instrumentor") if "chunkmeter" in each.value}
    for name in STAINLESS:
        entry = found[f"chunkmeter_{name.removesuffix('Instrumentor').lower()}"]
        assert entry.load() is getattr(instrumentors, name)


# --- versions ---


@pytest.mark.parametrize("found", ["1.59.9", "0.28.1", "4.0.0"])
def test_an_untested_version_is_metered_and_one_line_says_so(
    found: str, server: Server, kit: Kit, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("chunkmeter.instrumentors._library.version", {"openai": found}.get)
    with caplog.at_level(logging.WARNING, "chunkmeter"):
        instrument(OPENAI, kit)
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith(f"OpenAI's SDK {found} is installed; this version of chunkmeter is tested with 1.60 to 3.x.")
    with OPENAI.client(server, "openai-plain-call", is_async=False) as client:
        client.chat.completions.create(**CHAT)
    count_once(kit, "openai-plain-call")


@pytest.mark.parametrize("found", ["1.60.0", "2.54.0", "3.57.0", "3.100.1"])
def test_a_tested_version_is_metered_in_silence(
    found: str, kit: Kit, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("chunkmeter.instrumentors._library.version", {"openai": found}.get)
    with caplog.at_level(logging.WARNING, "chunkmeter"):
        instrument(OPENAI, kit)
    assert caplog.records == []


def test_an_older_together_is_another_library(
    kit: Kit, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("chunkmeter.instrumentors._library.version", {"together": "1.5.35"}.get)
    with caplog.at_level(logging.WARNING, "chunkmeter"):
        TogetherInstrumentor().instrument(tracer_provider=kit.tracer_provider, meter_provider=kit.meter_provider)
    (line,) = [record.getMessage() for record in caplog.records]
    assert "goes unmetered" in line or "go unmetered" in line


@pytest.mark.parametrize("name", STAINLESS)
def test_every_wire_of_an_sdk_has_a_reader(name: str) -> None:
    module = import_module(f"chunkmeter.instrumentors.{name.removesuffix('Instrumentor').lower()}")
    sdk = module.SDK
    assert set(sdk.wires.values()) | sdk.untold <= set(readers.WIRES)


@pytest.mark.parametrize(
    ("path", "wire"),
    [
        ("/chat/completions", "openai_chat"),
        ("chat/completions", "openai_chat"),
        ("/openai/v1/chat/completions", "openai_chat"),
        ("/deployments/mini/chat/completions?api-version=1", "openai_chat"),
        ("/completions", "openai_completions"),
        ("/threads/thread_1/runs", "openai_assistants"),
        ("/threads/runs", "openai_assistants"),
        ("/threads/thread_1/runs/run_1/submit_tool_outputs", "openai_assistants"),
        ("/threads/thread_1/runs/run_1", None),
        ("/chat/completions/chatcmpl_1", None),
        ("/mycompletions", None),
        ("", None),
        ("/", None),
    ],
)
def test_the_end_of_a_path_tells_the_wire(path: str, wire: str | None) -> None:
    assert SDK.wire(path) == wire


@pytest.mark.parametrize("sdk", SDKS.values(), ids=SDKS)
def test_a_mistake_of_ours_is_kept_from_the_application(
    sdk: Sdk, server: Server, metered: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is logged and counted, and the call goes on without a span."""

    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("ours")

    monkeypatch.setattr("chunkmeter.instrumentors._stainless_request.request_of", broken)
    with sdk.client(server, f"{sdk.scenario}-call", is_async=False) as client:
        resource = client.messages if sdk.module.__name__ == "anthropic" else client.chat.completions
        assert resource.create(**sdk.asking)
    assert metered.spans == []
    assert metered.total("chunkmeter.errors") == 1
