"""One way to write a case that is sync and async alike: the same steps, taken on the SDKs' sync or async half."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from opentelemetry.instrumentation.utils import suppress_instrumentation

from replay.server import Server
from support import sdk

ASK: Any = "Where does Lisbon lie?"


class Sync:
    """The sync half. Its steps block the loop, which nothing else needs meanwhile."""

    def __init__(self, server: Server, stack: AsyncExitStack) -> None:
        self._server, self._stack = server, stack

    # --- clients, closed when the case is over ---

    def openai(self, script: str = sdk.PLAIN, options: str = "") -> Any:
        return self._stack.enter_context(sdk.openai_client(self._server, script, options))

    def anthropic(self, script: str, options: str = "") -> Any:
        return self._stack.enter_context(sdk.anthropic_client(self._server, script, options))

    def google(self, script: str) -> Any:
        client = sdk.google_client(self._server, script)
        self._stack.callback(client.close)
        return client

    def on_request(self, client: Any, work: Callable[[], None]) -> None:
        """Has the client do `work` whenever it sends a request."""
        client._client.event_hooks = {"request": [lambda _: work()]}

    # --- requests ---

    async def create(self, client: Any, **asked: Any) -> Any:
        """`chat.completions.create`, streamed unless told."""
        return client.chat.completions.create(**chat(asked))

    async def respond(self, client: Any, **asked: Any) -> Any:
        return client.responses.create(model="gpt-4o-mini", input=ASK, stream=True, **asked)

    async def message(self, client: Any) -> Any:
        return sdk.message(client, "anthropic-plain-stream")

    async def contents(self, client: Any, model: str) -> Any:
        return client.models.generate_content_stream(model=model, contents=ASK)

    # --- steps on a stream ---

    async def next(self, stream: Any) -> Any:
        return next(stream)

    async def next_or_none(self, stream: Any) -> Any:
        return next(stream, None)

    def iter(self, stream: Any) -> Any:
        return iter(stream)

    async def take(self, stream: Any, count: int) -> list[Any]:
        """That many items by `for`, left by `break`."""
        items: list[Any] = []
        for item in stream:
            items.append(item)
            if len(items) == count:
                break
        return items

    async def rest(self, stream: Any) -> list[Any]:
        return list(stream)

    async def close(self, stream: Any) -> None:
        stream.close()

    @asynccontextmanager
    async def inside(self, stream: Any) -> AsyncIterator[Any]:
        """`with stream`."""
        with stream as entered:
            yield entered

    async def call(self, method: Callable[[], Any]) -> Any:
        """What a method of a helper gives."""
        return method()

    async def let_go(self, stream: list[Any]) -> None:
        """Empties the list, which holds the last reference to a stream."""
        stream.clear()

    async def hang_up(self, connection: Any) -> None:
        connection.close()

    async def elsewhere(self, work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        """What `work` gives, in a thread of its own."""
        given: list[Any] = []
        thread = threading.Thread(target=lambda: given.append(asyncio.run(work())))
        thread.start()
        thread.join()
        return given[0]

    async def together(self, *works: Callable[[], Coroutine[Any, Any, Any]]) -> list[Any]:
        """What each gives, all at the same time, in threads."""
        given: dict[int, Any] = {}
        threads = [
            threading.Thread(target=lambda at=at, work=work: given.update({at: asyncio.run(work())}))
            for at, work in enumerate(works)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return [given[at] for at in range(len(works))]


class Async:
    """The async half."""

    def __init__(self, server: Server, stack: AsyncExitStack) -> None:
        self._server, self._stack = server, stack

    def openai(self, script: str = sdk.PLAIN, options: str = "") -> Any:
        client = sdk.async_openai_client(self._server, script, options)
        self._stack.push_async_callback(client.close)
        return client

    def anthropic(self, script: str, options: str = "") -> Any:
        client = sdk.async_anthropic_client(self._server, script, options)
        self._stack.push_async_callback(client.close)
        return client

    def google(self, script: str) -> Any:
        client = sdk.google_client(self._server, script)
        self._stack.callback(client.close)
        self._stack.push_async_callback(client.aio.aclose)
        return client

    def on_request(self, client: Any, work: Callable[[], None]) -> None:
        async def hook(_: object) -> None:
            work()

        client._client.event_hooks = {"request": [hook]}

    async def create(self, client: Any, **asked: Any) -> Any:
        return await client.chat.completions.create(**chat(asked))

    async def respond(self, client: Any, **asked: Any) -> Any:
        return await client.responses.create(model="gpt-4o-mini", input=ASK, stream=True, **asked)

    async def message(self, client: Any) -> Any:
        return await sdk.message(client, "anthropic-plain-stream")

    async def contents(self, client: Any, model: str) -> Any:
        return await client.aio.models.generate_content_stream(model=model, contents=ASK)

    async def next(self, stream: Any) -> Any:
        return await anext(stream)

    async def next_or_none(self, stream: Any) -> Any:
        return await anext(stream, None)

    def iter(self, stream: Any) -> Any:
        return aiter(stream)

    async def take(self, stream: Any, count: int) -> list[Any]:
        items: list[Any] = []
        async for item in stream:
            items.append(item)
            if len(items) == count:
                break
        return items

    async def rest(self, stream: Any) -> list[Any]:
        return [item async for item in stream]

    async def close(self, stream: Any) -> None:
        # Anthropic's and OpenAI's streams have no `aclose`, a generator has nothing else.
        await (stream.aclose() if hasattr(stream, "aclose") else stream.close())

    @asynccontextmanager
    async def inside(self, stream: Any) -> AsyncIterator[Any]:
        async with stream as entered:
            yield entered

    async def call(self, method: Callable[[], Any]) -> Any:
        return await method()

    async def let_go(self, stream: list[Any]) -> None:
        held = connection(stream[0])
        stream.clear()
        await asyncio.sleep(0.05)  # The loop holds the SDK's own generator until it has closed it.
        await self.hang_up(held)

    async def hang_up(self, connection: Any) -> None:
        await connection.aclose()

    async def elsewhere(self, work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        return await asyncio.create_task(work())

    async def together(self, *works: Callable[[], Coroutine[Any, Any, Any]]) -> list[Any]:
        return await asyncio.gather(*(work() for work in works))


Way = Sync | Async


def connection(stream: Any) -> Any:
    """What closes a stream's connection when the stream is gone; its response would hold an instrumented SDK's call."""
    return stream.response.stream._stream


async def unmetered(way: Way, client: Any, **asked: Any) -> Any:
    """The stream of `Way.create` from a client, as nobody meters it."""
    with suppress_instrumentation():
        return await way.create(client, **asked)


def chat(asked: dict[str, Any]) -> dict[str, Any]:
    """What is asked for where a case doesn't say: a stream that brings its usage."""
    usual = {"model": "gpt-4o-mini", "messages": sdk.ASK, "stream": True, "stream_options": {"include_usage": True}}
    return {name: value for name, value in (usual | asked).items() if value is not None}
