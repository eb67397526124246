"""What the tests of instrumentors share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack
from typing import Any

import pytest

from chunkmeter import instrumentors
from chunkmeter.testing import Kit
from replay.server import Server
from support import cells
from support.cells import Cell, ThroughMirascope
from support.clients import new_async_client, new_client
from support.either import given
from support.stainless import SDKS, Make, Sdk, instrument


@pytest.fixture(autouse=True)
def _unmetered() -> Iterator[None]:
    """Whatever a test instruments, it leaves nothing behind."""
    yield
    for name in instrumentors.__all__:
        instrumentor = getattr(instrumentors, name)()
        if instrumentor.is_instrumented_by_opentelemetry:
            instrumentor.uninstrument()


@pytest.fixture
def metered(kit: Kit) -> Kit:
    """All SDKs made by Stainless, metered."""
    for sdk in SDKS.values():
        instrument(sdk, kit)
    return kit


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def is_async(request: pytest.FixtureRequest) -> bool:
    return request.param


@pytest.fixture
async def make(server: Server, is_async: bool) -> AsyncIterator[Make]:
    """Makes an SDK's client, `make(OPENAI, "openai-plain-stream", "cut=3")`, closed after the test."""
    async with AsyncExitStack() as stack:

        def made(sdk: Sdk, scenario: str, options: str = "", **more: Any) -> Any:
            client = sdk.client(server, scenario, is_async=is_async, options=options, **more)
            stack.push_async_callback(lambda: given(client.close()))
            return client

        yield made


@pytest.fixture
async def through_mirascope(server: Server) -> AsyncIterator[ThroughMirascope]:
    """Asks through Mirascope, hooked too; its client is closed after the test."""
    async with AsyncExitStack() as stack:

        async def asked(cell: Cell, kit: Kit) -> list[Any]:
            base = f"{server.url}/{cell.service}"
            if cell.is_async:
                client = await new_async_client(cell.service, base, stack)
            else:
                client = new_client(cell.service, base, stack.enter_context(ExitStack()))
            cells.instrument(kit)
            answer = await given(cell.decorate("decorator", client)("Faro"))
            if not cell.stream:
                return [answer]
            return [item async for item in answer] if cell.is_async else [*answer]  # a stream of Mirascope's is both

        yield asked
