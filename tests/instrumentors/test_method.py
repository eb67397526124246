"""One metered method of a library: its answers, streams and failures; and hooks within hooks."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from functools import partial
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.trace import StatusCode

from chunkmeter.instrumentors._library import Library, Patches, hook
from chunkmeter.instrumentors._method import Method
from chunkmeter.testing import Kit, attributes_of

ANSWER = {
    "object": "chat.completion",
    "id": "chatcmpl-1",
    "model": "gpt-4o-mini",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"content": "hi"}}],
    "usage": {"prompt_tokens": 1000, "completion_tokens": 100},
}
COST = 1000 * 0.15e-6 + 100 * 0.60e-6  # gpt-4o-mini: 0.15 USD a million in, 0.60 out
CHUNK = {**ANSWER, "object": "chat.completion.chunk", "choices": [{"index": 0, "finish_reason": "stop", "delta": {}}]}


class Client:
    """A library's client. What it does while it sends its request is for a test to say."""

    def __init__(self, sending: Callable[[], Any] = lambda: None) -> None:
        self.sending = sending

    def complete(self, model: str = "gpt-4o-mini", stream: bool = False, **_: Any) -> Any:
        self.sending()
        return (chunk for chunk in [CHUNK]) if stream else ANSWER

    async def acomplete(self, *, model: str = "gpt-4o-mini", stream: bool = False) -> Any:
        await asyncio.sleep(0)
        result = self.sending()
        return await result if asyncio.iscoroutine(result) else ANSWER


class Hooked:
    """A library of that client under a name of its own, hooked."""

    def __init__(self, name: str, kit: Kit) -> None:
        self.client: type[Client] = type("Client", (Client,), dict(vars(Client)))
        self.name = name
        module = ModuleType(name)
        vars(module)["Client"] = self.client
        sys.modules[name] = module
        library = Library(name, "mirascope", (1,), (2,), "1.x", "")
        given = {"tracer_provider": kit.tracer_provider, "meter_provider": kit.meter_provider}
        self.patches = hook(library, given, self._install)

    def _install(self, telemetry: Any, patches: Patches) -> None:
        method = Method(telemetry, self.name, patches)
        for function in ("complete", "acomplete"):
            patches.put(self.name, f"Client.{function}", method.hook(partial(method.described, provider="openai")))

    def remove(self) -> None:
        if self.patches is not None:
            self.patches.remove()
        del sys.modules[self.name]


@pytest.fixture
def lib(kit: Kit) -> Iterator[Callable[[str], type[Client]]]:
    """Makes libraries."""
    made: list[Hooked] = []

    def make(name: str) -> type[Client]:
        made.append(Hooked(name, kit))
        return made[-1].client

    yield make
    for each in made:
        each.remove()


def test_an_answer_is_metered(kit: Kit, lib: Any) -> None:
    assert lib("left")().complete(model="gpt-4o-mini") is ANSWER
    assert attributes_of(kit.span)["chunkmeter.outcome"] == "completed"
    assert kit.total("chunkmeter.spend") == pytest.approx(COST, abs=1e-12)


def test_a_stream_is_leased(kit: Kit, lib: Any) -> None:
    stream = lib("left")().complete(model="gpt-4o-mini", stream=True)
    assert kit.spans == []
    assert [*stream] == [CHUNK]
    assert attributes_of(kit.span)["gen_ai.response.finish_reasons"] == ["stop"]


def test_what_is_given_by_position_counts(kit: Kit, lib: Any) -> None:
    """A model, and whether it streams; what the method doesn't name too."""
    client = lib("left")()
    client._client = SimpleNamespace(base_url="https://llm.example.com:8443/v1")
    assert [*client.complete("gpt-4o-mini", True, temperature=0.5)] == [CHUNK]
    attributes = attributes_of(kit.span)
    assert (attributes["gen_ai.request.model"], attributes["gen_ai.request.stream"]) == ("gpt-4o-mini", True)
    assert (attributes["server.address"], attributes["server.port"]) == ("llm.example.com", 8443)
    assert attributes["gen_ai.request.temperature"] == 0.5
    assert attributes["gen_ai.provider.name"] == "openai"


async def test_an_awaited_answer_is_metered(kit: Kit, lib: Any) -> None:
    assert await lib("left")().acomplete(model="gpt-4o-mini") is ANSWER
    assert kit.total("chunkmeter.calls") == 1


def test_a_failure_is_the_users_and_counted(kit: Kit, lib: Any) -> None:
    error = ValueError("the library's own")

    def failing() -> None:
        raise error

    with pytest.raises(ValueError, match="the library's own") as caught:
        lib("left")(failing).complete(model="gpt-4o-mini")
    assert caught.value is error
    assert kit.span.status.status_code is StatusCode.ERROR
    assert attributes_of(kit.span)["error.type"] == "ValueError"


def test_suppressed_or_removed_it_is_bare(kit: Kit, lib: Any) -> None:
    client = lib("left")()
    with suppress_instrumentation():
        assert client.complete() is ANSWER
    assert kit.spans == []


def test_what_cannot_be_described_goes_unmetered(kit: Kit, lib: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: Any) -> Any:
        raise RuntimeError("ours")

    monkeypatch.setattr(Method, "described", failing)
    assert lib("left")().complete() is ANSWER
    assert kit.spans == []
    assert kit.total("chunkmeter.errors", stage="hook") == 1


# --- hooks within hooks ---


def test_another_librarys_hook_passes_while_a_call_is_sending(kit: Kit, lib: Any) -> None:
    """A framework's request is sent by an SDK: that is one call, and its retries and fallbacks are the same one."""
    sdk, framework = lib("sdk")(), lib("framework")

    def sending() -> None:
        for _ in range(3):
            assert sdk.complete() is ANSWER

    framework(sending).complete(model="gpt-4o-mini")
    assert kit.total("chunkmeter.calls") == 1
    assert kit.total("chunkmeter.spend") == pytest.approx(COST, abs=1e-12)


async def test_it_passes_where_it_is_awaited_too(kit: Kit, lib: Any) -> None:
    sdk, framework = lib("sdk")(), lib("framework")

    async def sending() -> Any:
        await sdk.acomplete()
        return await sdk.acomplete()

    await framework(sending).acomplete(model="gpt-4o-mini")
    assert kit.total("chunkmeter.calls") == 1


def test_one_that_failed_has_returned(kit: Kit, lib: Any) -> None:
    """The fallback after it is of the same call."""

    def failing() -> None:
        raise ValueError

    sdk, framework = lib("sdk"), lib("framework")

    def sending() -> None:
        with pytest.raises(ValueError):  # noqa: PT011
            sdk(failing).complete()
        sdk().complete()

    framework(sending).complete(model="gpt-4o-mini")
    assert kit.total("chunkmeter.calls") == 1


def test_a_hook_that_meets_itself_begins_a_call_of_its_own(kit: Kit, lib: Any) -> None:
    """A guard function inside a client asks a model too, before the client's own request has returned."""
    sdk = lib("sdk")
    guard = sdk()
    sdk(guard.complete).complete(model="gpt-4o-mini")
    assert kit.total("chunkmeter.calls") == 2
    inner, outer = kit.spans
    assert inner.parent is not None
    assert outer.context is not None
    assert inner.parent.span_id == outer.context.span_id
    assert kit.total("chunkmeter.spend") == pytest.approx(2 * COST, abs=1e-12)


async def test_it_does_where_it_is_awaited_too(kit: Kit, lib: Any) -> None:
    sdk = lib("sdk")
    guard = sdk()
    await sdk(guard.acomplete).acomplete(model="gpt-4o-mini")
    assert kit.total("chunkmeter.calls") == 2


def test_it_meets_itself_through_a_hook_that_passed(kit: Kit, lib: Any) -> None:
    """Framework, SDK, and in the SDK's client a guard that asks through the SDK: two calls."""
    sdk, framework = lib("sdk"), lib("framework")
    guard = sdk()
    client = sdk(guard.complete)
    framework(client.complete).complete(model="gpt-4o-mini")
    assert kit.total("chunkmeter.calls") == 2


def test_after_the_request_has_returned_a_call_is_a_call(kit: Kit, lib: Any) -> None:
    sdk = lib("sdk")()
    for _ in range(2):
        sdk.complete(model="gpt-4o-mini")
    assert kit.total("chunkmeter.calls") == 2
