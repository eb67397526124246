"""Streams of the OpenAI SDK that come from no network, read straight or through Mirascope.

They come in two makes. A parsed one is a response's bytes, which the SDK asks for, decodes and turns into chunks as it
does any answer's. A ready one is the SDK's stream too, of a request that isn't sent, its chunks unpickled: new objects,
at a twentieth of the SDK's work, whose noise alone would hide what metering adds.
"""

from __future__ import annotations

import asyncio
import functools
import gc
import json
import pickle
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import httpx
import openai
from openai._base_client import AsyncAPIClient, SyncAPIClient

from .contenders import MODEL, SHORTEST
from .timing import Pace

PROMPT_TOKENS = 1207
COMPLETION_TOKENS = 345
REASON = "length"
"""Rarer than `stop` in an attribute that says something else."""

ALIVE = 16
"""How many chunks a source of ready ones keeps alive."""

Wrap = Callable[[Any], Any]

_ENVELOPE = {
    "id": "chatcmpl-bench",
    "created": 1763800001,
    "model": "gpt-4o-mini-2024-07-18",
    "service_tier": "default",
    "system_fingerprint": "fp_51db84afab",
}
_USAGE = {
    "prompt_tokens": PROMPT_TOKENS,
    "completion_tokens": COMPLETION_TOKENS,
    "total_tokens": PROMPT_TOKENS + COMPLETION_TOKENS,
}


@functools.lru_cache
def body(chunks: int) -> bytes:
    """A stream of `chunks` chunks, of one word each, with its reason and its usage at the end, as OpenAI sends it."""
    envelope = {**_ENVELOPE, "object": "chat.completion.chunk", "usage": None}

    def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return {**envelope, "choices": [choice]}

    events: list[dict[str, Any]] = [chunk({"role": "assistant", "content": "", "refusal": None})]
    events += [chunk({"content": " word"}) for _ in range(chunks - SHORTEST)]
    events.append(chunk({}, REASON))
    events.append({**envelope, "choices": [], "usage": _USAGE})
    return b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events) + b"data: [DONE]\n\n"


@functools.lru_cache
def plain_body() -> bytes:
    """A plain answer with the same reason and usage."""
    message = {"role": "assistant", "content": " word" * 100, "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": REASON}
    answer = {**_ENVELOPE, "object": "chat.completion", "choices": [choice], "usage": _USAGE}
    return json.dumps(answer).encode()


class Answers:
    """A transport for httpx that answers every request with `content`."""

    def __init__(self) -> None:
        self.content, self.content_type = b"", "text/event-stream"
        self.transport = httpx.MockTransport(self._answer)

    def _answer(self, _: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-type": self.content_type}, stream=httpx.ByteStream(self.content))


class Workload:
    """The SDK's clients, a function of Mirascope's, and what they are answered with.

    Args:
        decorate: what a contender wants done with a function of Mirascope's.
    """

    def __init__(self, decorate: Wrap) -> None:
        from mirascope.core import openai as mirascope  # takes long, with every SDK that is installed

        self._answers = Answers()
        transport = self._answers.transport
        self.client = openai.OpenAI(api_key="none", http_client=httpx.Client(transport=transport))
        self.async_client = openai.AsyncOpenAI(api_key="none", http_client=httpx.AsyncClient(transport=transport))

        def write() -> str:
            return "Write."

        call: Any = mirascope.call(MODEL, stream=True, client=self.client)
        self._bare, self._metered = call(write), decorate(call(write))
        plain: Any = mirascope.call(MODEL, client=self.client)
        self._plain, self._metered_plain = plain(write), decorate(plain(write))
        self._ready: list[bytes] = []
        self._is_ready = False

    def serve(self, chunks: int) -> None:
        """Have each answer be a stream of `chunks` chunks from now on."""
        self._answers.content, self._answers.content_type = body(chunks), "text/event-stream"
        self._ready = pickled_chunks(chunks)

    def serve_plain(self) -> None:
        """Have each answer be a plain one from now on."""
        self._answers.content, self._answers.content_type = plain_body(), "application/json"

    def ask(self, through: str, *, metered: bool) -> Any:
        """The plain answer, metered by what decorates a function of Mirascope's, if anything does."""
        if through == "mirascope":
            return (self._metered_plain if metered else self._plain)()
        return create(self.client, stream=False)

    def read(self, through: str, wrap: Wrap | None) -> int:
        """Ask and read the answer to its end, metered by `wrap` if that is given; returns how many chunks came."""
        if through == "mirascope":
            stream = (self._bare if wrap is None else self._metered)()
        else:
            stream = create(self.client) if wrap is None else wrap(create(self.client))
        chunks = 0
        for _ in stream:
            chunks += 1
        return chunks

    def crowded(self, streams: int, wrap: Wrap | None, probes: int, pace: Pace) -> list[float]:
        """Microseconds of CPU that each of `probes` async streams takes while `streams` others are open on its loop.

        The others have had their first chunk; they are read to their ends, all at once, when the probes are done.
        """

        async def opened() -> AsyncIterator[Any]:
            stream = await create(self.async_client)
            return aiter(stream if wrap is None else wrap(stream))

        async def finish(items: AsyncIterator[Any]) -> None:
            async for _ in items:
                pass

        async def run() -> list[float]:
            others: list[AsyncIterator[Any]] = []
            for _ in range(streams):
                others.append(items := await opened())
                await anext(items)
            taken: list[float] = []
            gc.collect()
            gc.disable()
            for _ in range(probes):
                start = time.process_time_ns()
                await finish(await opened())
                taken.append(pace.scaled(time.process_time_ns() - start))
            gc.enable()
            await asyncio.gather(*(finish(items) for items in others))
            return taken

        return asyncio.run(run())

    def _made(self) -> Iterator[Any]:
        # Some are kept for a while: a source of which nothing is alive between two chunks has the allocator give all
        # its memory back and take it anew, or not, by what else is alive: a lottery of more than metering costs.
        alive = deque[Any](maxlen=ALIVE)
        for chunk in self._ready:
            alive.append(made := pickle.loads(chunk))
            yield made

    @contextmanager
    def beneath(self) -> Iterator[None]:
        """Ready streams are possible: to be entered before anything is switched on, so that all lies above it."""
        request, arequest = SyncAPIClient.request, AsyncAPIClient.request
        stream, astream = openai.Stream.__stream__, openai.AsyncStream.__stream__

        async def amade() -> AsyncIterator[Any]:
            for chunk in self._made():
                yield chunk

        def requested(client: Any, cast_to: Any, options: Any, **keywords: Any) -> Any:
            if not self._is_ready:
                return request(client, cast_to, options, **keywords)
            return client._process_response(cast_to=cast_to, options=options, response=_unread(), **keywords)

        async def arequested(client: Any, cast_to: Any, options: Any, **keywords: Any) -> Any:
            if not self._is_ready:
                return await arequest(client, cast_to, options, **keywords)
            return await client._process_response(cast_to=cast_to, options=options, response=_unread(), **keywords)

        with (
            patch.object(openai.Stream, "__stream__", lambda it: self._made() if self._is_ready else stream(it)),
            patch.object(openai.AsyncStream, "__stream__", lambda it: amade() if self._is_ready else astream(it)),
            patch.object(SyncAPIClient, "request", requested),
            patch.object(AsyncAPIClient, "request", arequested),
        ):
            yield

    @contextmanager
    def ready(self) -> Iterator[None]:
        """Streams are ready ones, see above."""
        self._is_ready = True
        try:
            yield
        finally:
            self._is_ready = False


def _unread() -> httpx.Response:
    """The response of a stream before anything of it is read."""
    request = httpx.Request("POST", "https://api.openai.com/v1/chat/completions")
    return httpx.Response(200, request=request, stream=httpx.ByteStream(b""))


def create(client: Any, *, stream: bool = True) -> Any:
    """The request that every stream begins with, or that for a plain answer."""
    messages = [{"role": "user", "content": "Write."}]
    if not stream:
        return client.chat.completions.create(model=MODEL, messages=messages)
    return client.chat.completions.create(
        model=MODEL, messages=messages, stream=True, stream_options={"include_usage": True}
    )


@functools.lru_cache
def ready_chunks(chunks: int) -> list[Any]:
    """Chunks as the SDK makes them of `body`; the same word over and over is one object."""
    first, word, reason, usage = _sample()
    return [first, *[word] * (chunks - SHORTEST), reason, usage]


@functools.lru_cache
def pickled_chunks(chunks: int) -> list[bytes]:
    """The same, to be made anew."""
    return [pickle.dumps(chunk) for chunk in ready_chunks(chunks)]


@functools.lru_cache
def _sample() -> list[Any]:
    """Chunks of each kind. To be asked for first while streams are parsed ones."""
    answers = Answers()
    answers.content = body(SHORTEST + 1)
    with openai.OpenAI(api_key="none", http_client=httpx.Client(transport=answers.transport)) as client:
        return list(create(client))
