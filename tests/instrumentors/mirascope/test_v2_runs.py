"""Retries of Mirascope 2 held together, by a stand-in with its shape: `make matrix` has the real one."""

from __future__ import annotations

import gc
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from chunkmeter.instrumentors import MirascopeInstrumentor
from chunkmeter.testing import Kit, attributes_of
from support.cells import instrument
from support.sdk import eventually
from support.spans import tree

PROVIDERS, MODELS = "mirascope.llm.providers.base.base_provider", "mirascope.llm.retries.retry_models"
USAGE = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}
SPENT = 0.0035
"""gpt-4o: 1000 x 2.50 and 100 x 10.00 USD a million."""
EVENT = {
    "id": "c", "object": "chat.completion.chunk", "model": "gpt-4o", "usage": USAGE,
    "choices": [{"index": 0, "delta": {"content": "Faro"}, "finish_reason": "stop"}],
}  # fmt: skip
PLAIN = {**EVENT, "object": "chat.completion", "choices": [{"index": 0, "message": {}, "finish_reason": "stop"}]}
ASK: Any = {"model_id": "openai/gpt-4o", "messages": []}


class LostError(Exception):
    """What is retried."""


class BaseProvider:
    """Fails as often as it is told to, then answers."""

    id = "openai"

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)

    def call(self, **_: Any) -> Any:
        if self.failures:
            raise self.failures.pop(0)
        return SimpleNamespace(raw=PLAIN)

    async def call_async(self, **asked: Any) -> Any:
        return self.call(**asked)

    def stream(self, **_: Any) -> Any:
        failure = self.failures.pop(0) if self.failures else None

        def events() -> Iterator[Any]:
            if failure is not None:
                raise failure
            yield SimpleNamespace(type="raw_stream_event_chunk", raw_stream_event=EVENT)

        return SimpleNamespace(_chunk_iterator=events())

    async def stream_async(self, **asked: Any) -> Any:
        made = self.stream(**asked)

        async def events() -> AsyncIterator[Any]:
            for event in made._chunk_iterator:
                yield event

        return SimpleNamespace(_chunk_iterator=events())

    context_call, context_call_async, context_stream, context_stream_async = call, call_async, stream, stream_async


@dataclass
class Config:
    """How often is retried, and after what."""

    max_retries: int = 1
    retry_on: type[Exception] = LostError
    fallback_models: tuple[str, ...] = ()


class Response:
    """Makes its stream anew, as it is told to, while it handles what the last one raised."""

    def __init__(self, make: Any, made: Any) -> None:
        self._stream_fn, self._chunk_iterator = make, made._chunk_iterator

    def read(self, provider: BaseProvider) -> Any:
        try:
            return next(self._chunk_iterator)
        except LostError as error:
            self._chunk_iterator = self._stream_fn(provider)._chunk_iterator
            return error

    async def aread(self, provider: BaseProvider) -> Any:
        try:
            return await anext(self._chunk_iterator)
        except LostError as error:
            self._chunk_iterator = (await self._stream_fn(provider))._chunk_iterator
            return error


class RetryModel:
    """Mirascope's, with a provider in place of its models."""

    def __init__(self, provider: BaseProvider) -> None:
        self.provider, self.retry_config = provider, Config()

    def stream(self) -> Response:
        def make(provider: BaseProvider) -> Any:
            return provider.stream(**ASK)

        return Response(make, make(self.provider))

    async def stream_async(self) -> Response:
        async def make(provider: BaseProvider) -> Any:
            return await provider.stream_async(**ASK)

        return Response(make, await make(self.provider))


def with_retry(*, fn: Any, retry_model: RetryModel) -> Any:
    for _ in range(retry_model.retry_config.max_retries):
        try:
            return fn(retry_model.provider)
        except LostError:
            continue
    return fn(retry_model.provider)


async def with_retry_async(*, fn: Any, retry_model: RetryModel) -> Any:
    for _ in range(retry_model.retry_config.max_retries):
        try:
            return await fn(retry_model.provider)
        except LostError:
            continue
    return await fn(retry_model.provider)


@pytest.fixture(autouse=True)
def mirascope(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The stand-in is there in place of Mirascope 1."""
    providers, models = ModuleType(PROVIDERS), ModuleType(MODELS)
    for module, members in ((providers, (BaseProvider,)), (models, (RetryModel, with_retry, with_retry_async))):
        for member in members:
            setattr(module, member.__name__, member)
        monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr("chunkmeter.instrumentors._library.version", {"mirascope": "2.8.2"}.get)
    return models


@pytest.fixture
def metered(kit: Kit) -> Iterator[Kit]:
    instrument(kit)
    yield kit
    assert kit.total("chunkmeter.errors") == 0


LOST = f"{__name__}.LostError"
TWO = [
    f"retry, attempts 2, partial without no_usage, {SPENT:.8f}",
    f"  chat gpt-4o, attempt 1, {LOST}",
    f"  chat gpt-4o, attempt 2 after {LOST}, {SPENT:.8f}",
]


def test_plain_attempts_have_one_parent(metered: Kit, mirascope: ModuleType) -> None:
    answer = mirascope.with_retry(fn=lambda provider: provider.call(**ASK), retry_model=RetryModel(_failing()))
    assert answer.raw is PLAIN
    assert tree(metered.spans) == TWO


async def test_async_attempts_have_one_parent(metered: Kit, mirascope: ModuleType) -> None:
    model = RetryModel(_failing())
    assert (await mirascope.with_retry_async(fn=lambda each: each.call_async(**ASK), retry_model=model)).raw is PLAIN
    assert tree(metered.spans) == TWO


def test_the_last_failure_is_the_users(metered: Kit, mirascope: ModuleType) -> None:
    failures = LostError("one"), LostError("two")
    with pytest.raises(LostError) as raised:
        mirascope.with_retry(fn=lambda each: each.call(**ASK), retry_model=RetryModel(BaseProvider(*failures)))
    assert raised.value is failures[1]
    assert tree(metered.spans)[0] == f"retry, attempts 2, no_usage without no_usage no_usage, {LOST}"


def test_a_stream_that_is_made_anew_is_the_next_attempt(metered: Kit) -> None:
    """Each is read in the user's own loop; the run ends with the one that ends well."""
    provider = _failing()
    response = RetryModel(provider).stream()
    assert type(response.read(provider)) is LostError
    assert [span.name for span in metered.spans] == ["chat gpt-4o"]
    assert response.read(provider).raw_stream_event is EVENT
    assert list(response._chunk_iterator) == []
    assert tree(metered.spans) == TWO


async def test_an_async_stream_that_is_made_anew_is_the_next_attempt(metered: Kit) -> None:
    provider = _failing()
    response = await RetryModel(provider).stream_async()
    assert type(await response.aread(provider)) is LostError
    assert (await response.aread(provider)).raw_stream_event is EVENT
    assert [item async for item in response._chunk_iterator] == []
    assert tree(metered.spans) == TWO


@pytest.mark.parametrize("last", [ValueError("not retried"), None])
def test_a_run_of_streams_ends_with_a_failure_after_which_none_follows(metered: Kit, last: ValueError | None) -> None:
    """One that is not to be retried, or one too many."""
    failures = [last] if last else [LostError(), LostError()]
    provider = BaseProvider(*failures)
    response = RetryModel(provider).stream()
    if last is None:
        response.read(provider)
    with pytest.raises(type(failures[-1])) as raised:
        next(response._chunk_iterator)
    assert raised.value is failures[-1]
    (run,) = (span for span in metered.spans if span.name == "retry")
    attributes = attributes_of(run)
    assert attributes["chunkmeter.run.attempts"] == len(failures)
    assert attributes["error.type"] == ("ValueError" if last else LOST)


def test_a_request_that_fails_as_its_stream_is_made_anew_ends_the_run(
    metered: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mirascope retries what a stream raises, not what its making does."""
    provider, failure = BaseProvider(LostError()), OSError("refused")
    response = RetryModel(provider).stream()

    def stream(**_: Any) -> Any:
        raise failure

    monkeypatch.setattr(provider, "stream", stream)
    with pytest.raises(OSError, match="refused") as raised:
        response.read(provider)
    assert raised.value is failure
    assert tree(metered.spans)[0] == "retry, attempts 2, no_usage without no_usage, OSError"


@pytest.mark.slow
def test_a_run_of_streams_ends_when_nobody_holds_its_response(metered: Kit) -> None:
    """After a failure nobody knows whether the user goes on, as long as the response is held."""
    provider = _failing()
    response = RetryModel(provider).stream()
    response.read(provider)
    assert [span.name for span in metered.spans] == ["chat gpt-4o"]
    del response
    gc.collect()
    eventually(lambda: len(metered.spans) == 3)
    assert tree(metered.spans) == [
        "retry, attempts 2, no_usage without no_usage no_usage",
        f"  chat gpt-4o, attempt 1, {LOST}",
        f"  chat gpt-4o, attempt 2 after {LOST}",
    ]


def test_switched_off_it_retries_as_mirascope_does(kit: Kit, mirascope: ModuleType) -> None:
    own = mirascope.with_retry, vars(RetryModel)["stream"]
    instrument(kit)
    MirascopeInstrumentor().uninstrument()
    assert (mirascope.with_retry, vars(RetryModel)["stream"]) == own
    mirascope.with_retry(fn=lambda provider: provider.call(**ASK), retry_model=RetryModel(_failing()))
    assert kit.spans == []


def _failing() -> BaseProvider:
    """A provider that fails once."""
    return BaseProvider(LostError())
