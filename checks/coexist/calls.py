"""The calls that are made beneath a peer: each service is asked in all the ways that it has, sync and async.

They are written once for both: without a running loop nothing in them has to wait.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from importlib import import_module
from itertools import islice
from typing import Any, NamedTuple

from checks.coexist.frameworks import agent, litellm, mirascope
from replay.scenarios import by_id
from replay.scenarios.base import Truth
from replay.server import Server
from support.either import given

__all__ = ["CALLS", "COMPLETE", "SERVICES", "Asked", "Got", "make", "truth"]

Json = dict[str, Any]
Wrap = Callable[[Any], Any]
Got = list[str]
"""What the user gets: each item as its class writes it, or the error."""
_ASK: list[Json] = [{"role": "user", "content": "Where does Lisbon lie?"}]
_FAILURES = ("openai", "anthropic", "httpx", "httpx2", "litellm", "pydantic_ai", "mirascope")
"""The packages whose errors a stream that the provider breaks off may raise."""


class Asked(NamedTuple):
    """One call: of which service, in which way."""

    service: str
    call: str
    is_async: bool

    def __str__(self) -> str:
        return f"{self.service:<19} {self.call:<7} {'async' if self.is_async else 'sync '}"


class Service(NamedTuple):
    """What can be asked.

    Attributes:
        ask: asks, given an address, a model, the kind of request, and whether it is async. Gives what the SDK gives.
        answers: the scenario that answers each kind of request.
        fails_after: the events of a stream that is to fail, before it does.
    """

    ask: Callable[[str, str, str, bool], Any]
    answers: Mapping[str, str]
    fails_after: int = 3


def _openai(at: str, is_async: bool) -> Any:
    sdk = import_module("openai")
    return (sdk.AsyncOpenAI if is_async else sdk.OpenAI)(base_url=f"{at}/v1", api_key="none", max_retries=0)


def _chat(at: str, model: str, kind: str, is_async: bool) -> Any:
    completions, asked = _openai(at, is_async).chat.completions, {"model": model, "messages": _ASK}
    streamed = {"stream_options": {"include_usage": True}}
    match kind:
        case "plain":
            return completions.create(**asked)
        case "stream":
            return completions.create(**asked, **streamed, stream=True)
        case "helper":
            return completions.stream(**asked, **streamed)
        case _:
            return completions.parse(**asked, response_format=_book())


def _responses(at: str, model: str, kind: str, is_async: bool) -> Any:
    responses, asked = _openai(at, is_async).responses, {"model": model, "input": "Where does Beja lie?"}
    match kind:
        case "plain":
            return responses.create(**asked)
        case "stream":
            return responses.create(**asked, stream=True)
        case "helper":
            return responses.stream(**asked)
        case _:
            return responses.parse(**asked, text_format=_book())


def _embeddings(at: str, model: str, _: str, is_async: bool) -> Any:
    return _openai(at, is_async).embeddings.create(model=model, input=["ebb", "flow"])


def _messages(at: str, model: str, kind: str, is_async: bool) -> Any:
    sdk = import_module("anthropic")
    client = (sdk.AsyncAnthropic if is_async else sdk.Anthropic)(base_url=at, api_key="none", max_retries=0)
    asked: Json = {"model": model, "messages": _ASK, "max_tokens": 64}
    match kind:
        case "plain":
            return client.messages.create(**asked)
        case "stream":
            return client.messages.create(**asked, stream=True)
        case "helper":
            return client.messages.stream(**asked)
        case _:
            return client.messages.parse(**asked, output_format=_book())


def _book() -> Any:
    """The class of a structured answer. pydantic is imported when it is needed, as an app's own would be."""
    return import_module("pydantic").create_model("Book", title=(str, ...), author=(str, ...))


def _answers(plain: str, parsed: str) -> dict[str, str]:
    streamed = f"{plain}-stream"
    return {"plain": f"{plain}-call", "stream": streamed, "helper": streamed, "parse": f"{parsed}-call"}


def _whole_and_streamed(service: str) -> dict[str, str]:
    return {"plain": f"{service}-plain-call", "stream": f"{service}-plain-stream"}


SERVICES: Mapping[str, Service] = {
    "openai": Service(_chat, _answers("openai-plain", "openai-parsed")),
    "responses": Service(_responses, _answers("responses-plain", "responses-structured")),
    "embeddings": Service(_embeddings, {"plain": "openai-embeddings-call"}),
    "anthropic": Service(_messages, _answers("anthropic-plain", "anthropic-parsed")),
    "litellm": Service(litellm, {"plain": "litellm-plain-call", "stream": "litellm-plain-stream"}),
    "agent": Service(agent, {"plain": "openai-plain-call", "stream": "openai-plain-stream"}),
    "mirascope-openai": Service(mirascope("openai/{}:completions"), _whole_and_streamed("openai")),
    "mirascope-responses": Service(mirascope("openai/{}:responses"), _whole_and_streamed("responses")),
    "mirascope-anthropic": Service(mirascope("anthropic/{}"), _whole_and_streamed("anthropic")),
    "mirascope-google": Service(mirascope("google/{}"), _whole_and_streamed("google"), fails_after=2),
}


async def _whole(answer: Any, _: Wrap, __: bool) -> Got:
    return [_shown(await given(answer))]


async def _stream(stream: Any, wrap: Wrap, is_async: bool) -> Got:
    return await _items(wrap(await given(stream)), is_async)


async def _break(stream: Any, wrap: Wrap, is_async: bool) -> Got:
    stream = wrap(await given(stream))
    got = await _items(stream, is_async, most=1)
    close = (is_async and getattr(stream, "aclose", None)) or stream.close
    await given(close())
    return got


async def _error(stream: Any, wrap: Wrap, is_async: bool) -> Got:
    try:
        await _stream(stream, wrap, is_async)
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in _FAILURES:
            raise
        return [f"{type(error)}: {error}"]
    raise AssertionError("the stream was to fail")


async def _helper(manager: Any, wrap: Wrap, is_async: bool) -> Got:
    if is_async:
        async with wrap(manager) as stream:
            return await _items(stream, is_async)
    with wrap(manager) as stream:
        return await _items(stream, is_async)


async def _items(stream: Any, is_async: bool, most: int = sys.maxsize) -> Got:
    """The items of a stream, which may be sync and async at once; no more than `most`."""
    got: Got = []
    if is_async:
        async for item in stream:
            got.append(_shown(item))
            if len(got) == most:
                break
        return got
    return [_shown(item) for item in islice(stream, most)]


def _shown(item: Any) -> str:
    # LiteLLM writes its own time into some of its events.
    return re.sub(r"\bcreated=\d+", "created=...", f"{type(item)}: {item!r}")


class _Call(NamedTuple):
    """How a call goes: the kind of its request, the server's options, and what the user does with the answer."""

    kind: str
    options: str
    use: Callable[[Any, Wrap, bool], Coroutine[Any, Any, Got]]


CALLS: Mapping[str, _Call] = {
    "plain": _Call("plain", "", _whole),
    "stream": _Call("stream", "", _stream),
    "break": _Call("stream", "", _break),
    "error": _Call("stream", "~error_after={}", _error),
    "helper": _Call("helper", "", _helper),
    "parse": _Call("parse", "", _whole),
}
COMPLETE = ("plain", "stream", "helper", "parse")
"""The calls that come to their end, whose cost and tokens the scenarios have."""


def truth(asked: Asked) -> Truth:
    """What a complete call comes to."""
    return by_id[SERVICES[asked.service].answers[CALLS[asked.call].kind]].truth


def make(asked: Asked, server: Server, runner: asyncio.Runner, wrap: Wrap = lambda stream: stream) -> Got:
    """Make a call, in the runner's loop if it is async, and say what the user gets of it."""
    service, call = SERVICES[asked.service], CALLS[asked.call]
    scenario = by_id[service.answers[call.kind]]
    at = f"{server.url}/id/{scenario.id}{call.options.format(service.fails_after)}"

    async def made() -> Got:
        return await call.use(service.ask(at, scenario.model, call.kind, asked.is_async), wrap, asked.is_async)

    return runner.run(made()) if asked.is_async else _at_once(made())


def _at_once(made: Awaitable[Got]) -> Got:
    """What a coroutine gives that never has to wait."""
    try:
        made.__await__().__next__()
    except StopIteration as end:
        return end.value
    raise AssertionError("a sync call waited for a loop")
