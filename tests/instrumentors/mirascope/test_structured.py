"""Streams of response models through Mirascope 1.x: what fails in making a model is told on the call's span."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, ExitStack
from typing import Any

import pytest
from opentelemetry.trace import StatusCode, get_current_span
from pydantic import BaseModel, ValidationError, field_validator

from chunkmeter.instrumentors import MirascopeInstrumentor
from chunkmeter.testing import Kit, attributes_of
from replay.scenarios import Service, by_id
from replay.server import Server
from support.cells import Book, Cell, instrument
from support.clients import new_async_client, new_client
from support.sdk import aeventually

pytestmark = pytest.mark.filterwarnings(
    r"ignore:Accessing the 'model_fields' attribute:DeprecationWarning:mirascope\..*",
)

VALIDATION_ERROR = "pydantic_core._pydantic_core.ValidationError"


class Counted(BaseModel):
    """A book whose title is to be a number: no beginning of it can be made one."""

    title: int
    author: str


class Long(Book):
    """A book that lacks something when it has come whole."""

    pages: int


Read = Callable[..., Awaitable[tuple[list[Any], Exception | None]]]


@pytest.fixture
async def read(server: Server, is_async: bool) -> AsyncIterator[Read]:
    """Reads a stream of models to its end, or so many of them: what it gave, and what it raised."""
    async with AsyncExitStack() as stack:

        async def reading(
            model: type[BaseModel], service: Service = "openai", *, most: int | None = None, options: str = ""
        ) -> tuple[list[Any], Exception | None]:
            base = f"{server.url}/id/{service}-structured-stream{options}"
            cell = Cell(service, is_async=is_async, stream=True, kind="plain")
            if is_async:
                client = await new_async_client(service, base, stack)
            else:
                client = new_client(service, base, stack.enter_context(ExitStack()))
            stream = cell.decorate("llm.call", client, response_model=model)("Faro")
            stream = await stream if is_async else stream
            items: list[Any] = []
            try:
                if is_async:
                    async for item in stream:
                        items.append(item.model_dump())
                        if len(items) == most:
                            break
                else:
                    for item in stream:
                        items.append(item.model_dump())
                        if len(items) == most:
                            break
            except Exception as error:  # noqa: BLE001 -- the user's own, to be looked at
                return items, error
            return items, None

        yield reading


async def test_a_model_that_fails_in_the_middle(kit: Kit, read: Read) -> None:
    """The user gets what he gets without us; the call has failed, and what is known of its usage counts."""
    bare, bare_error = await read(Counted, "anthropic")
    instrument(kit)
    given, error = await read(Counted, "anthropic")
    assert given == bare
    assert type(error) is type(bare_error) is ValidationError
    assert str(error) == str(bare_error)
    attributes = attributes_of(kit.span)
    assert attributes["error.type"] == VALIDATION_ERROR
    assert attributes["chunkmeter.outcome"] == "error"
    assert (kit.span.status.status_code, kit.span.status.description) == (StatusCode.ERROR, None)
    assert kit.span.events == ()
    # Anthropic tells the input at once, and the output at the end, which was not read.
    truth = by_id["anthropic-structured-stream"].truth
    assert attributes["gen_ai.usage.input_tokens"] == truth.input_tokens
    assert attributes["chunkmeter.usage.status"] == "partial"
    assert 0 < kit.total("chunkmeter.spend") < float(truth.cost or 0)
    assert kit.total("chunkmeter.calls", outcome="error") == 1


@pytest.mark.parametrize("service", ["openai", "anthropic"])
async def test_a_model_that_fails_at_the_end(kit: Kit, read: Read, service: Service) -> None:
    """What has come whole is known whole: all of its cost counts."""
    bare, bare_error = await read(Long, service)
    instrument(kit)
    given, error = await read(Long, service)
    assert given == bare != []
    assert type(error) is type(bare_error) is ValidationError
    assert str(error) == str(bare_error)
    attributes, truth = attributes_of(kit.span), by_id[f"{service}-structured-stream"].truth
    assert attributes["error.type"] == VALIDATION_ERROR
    assert attributes["chunkmeter.outcome"] == "error"
    assert attributes["chunkmeter.usage.status"] == "reported"
    assert attributes["chunkmeter.chunks"] == (truth.events_on_wire or 0) - truth.unseen
    assert kit.span.status.status_code is StatusCode.ERROR
    assert kit.total("chunkmeter.spend") == pytest.approx(float(truth.cost or 0), abs=1e-12)
    assert kit.total("chunkmeter.calls") == 1


async def test_a_stream_of_models_that_is_read_whole(kit: Kit, read: Read) -> None:
    """It is completed, once."""
    bare, _ = await read(Book)
    instrument(kit)
    given, error = await read(Book)
    assert (given, error) == (bare, None)
    truth = by_id["openai-structured-stream"].truth
    assert attributes_of(kit.span)["chunkmeter.outcome"] == "completed"
    assert attributes_of(kit.span)["chunkmeter.chunks"] == truth.events_on_wire
    assert kit.total("chunkmeter.spend") == pytest.approx(float(truth.cost or 0), abs=1e-12)


async def test_a_stream_of_models_that_is_left(kit: Kit, read: Read) -> None:
    """That is no failure."""
    instrument(kit)
    await read(Book, most=2)
    gc.collect()
    await aeventually(lambda: bool(kit.spans))
    assert attributes_of(kit.span)["chunkmeter.outcome"] == "abandoned"
    assert kit.span.status.status_code is StatusCode.UNSET


async def test_a_stream_of_models_that_breaks(kit: Kit, read: Read) -> None:
    """The source's own failure is told as that."""
    instrument(kit)
    _, error = await read(Book, options="~cut=5")
    assert error is not None
    attributes = attributes_of(kit.span)
    assert str(attributes["error.type"]).endswith(type(error).__qualname__)
    assert attributes["chunkmeter.outcome"] == "error"


async def test_nothing_is_current_while_a_model_is_made(kit: Kit, read: Read) -> None:
    """A validator of the app's may ask a model too: its request is none of this call's."""
    current: list[bool] = []

    class Checked(Book):
        """A book that is looked at."""

        @field_validator("title")
        @classmethod
        def look(cls, title: str) -> str:
            current.append(get_current_span().get_span_context().is_valid)
            return title

    instrument(kit)
    _, error = await read(Checked)
    assert error is None
    assert set(current) == {False}


async def test_the_inner_stream_may_be_read_instead(kit: Kit, server: Server) -> None:
    """Whoever leaves the models aside has a stream like any other."""
    instrument(kit)
    with ExitStack() as stack:
        client = new_client("openai", f"{server.url}/id/openai-structured-stream", stack)
        cell = Cell("openai", is_async=False, stream=True, kind="plain")
        list(cell.decorate("decorator", client, response_model=Book)("Faro").stream)
    assert attributes_of(kit.span)["chunkmeter.outcome"] == "completed"


async def test_without_hooks_models_only_come(kit: Kit, read: Read) -> None:
    """As after `uninstrument()`."""
    bare, _ = await read(Book)
    instrument(kit)
    MirascopeInstrumentor().uninstrument()
    assert await read(Book) == (bare, None)
    assert kit.spans == []
