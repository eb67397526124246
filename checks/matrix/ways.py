"""The ways to ask the SDKs that Stainless generates, which are alike: one table for all of them.

A way looks up all that a user can keep (a client's methods, its raw wrappers), and gives a function that asks. That is
async in form; of a sync client nothing in it ever waits, so that `at_once` runs it without a loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, TypeVar

from checks.matrix.endpoints import ENDPOINTS, Endpoint, Sdk
from replay.scenarios import Scenario, by_id
from replay.server import Server
from support.cells import Book, Outcome, shape
from support.either import entered, given

__all__ = ["SERVERS", "Ask", "Way", "asked", "at_once", "ways"]

SERVERS = ("127.0.0.1=*",)
"""Whom the SDKs say to ask is whom they ask here, so that what it costs is known."""

Json = dict[str, Any]
Ask = Callable[[list[Any]], Coroutine[Any, Any, None]]
"""Asks, and appends what comes of it."""
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Way:
    """One way to ask an SDK.

    Attributes:
        endpoint: what is asked.
        kind: plain, structured, with tools, or what else is asked for.
        by: the way's name.
        scenario: what the server answers.
        bind: looks everything up on a client, and gives what asks.
        raw: whether the user reads the stream's own lines, so that even those count which the SDK keeps to itself.
    """

    endpoint: Endpoint
    kind: str
    by: str
    scenario: Scenario
    bind: Callable[[Any], Ask]
    raw: bool = False


def at_once(work: Coroutine[Any, Any, _T]) -> _T:
    """What a coroutine gives that never waits.

    Raises:
        RuntimeError: if it waits.
    """
    try:
        work.send(None)
    except StopIteration as ended:
        return ended.value
    work.close()
    raise RuntimeError("a sync client's call has waited for a loop")


def asked(server: Server, runner: asyncio.Runner, ask: Ask, *, is_async: bool) -> Outcome:
    """Asks: what it gave, and which scenarios answered its requests."""
    sent, items, failed = len(server.requests), list[object](), None
    try:
        (runner.run if is_async else at_once)(ask(items))
    except Exception as error:  # noqa: BLE001 -- the user's own, to be compared with the bare app's
        failed = error
    requests = [request.scenario for request in server.requests[sent:]]
    return Outcome([shape(item) for item in items], failed, requests)


def ways(client: Any, sdk: Sdk) -> Iterator[Way]:
    """Every way to ask an SDK that a client of it has."""
    for endpoint in ENDPOINTS:
        resource = _found(client, endpoint.resource, "create")
        if endpoint.sdk == sdk and resource is not None:
            yield from _created(endpoint)
            yield from _helped(endpoint, client)


def _found(client: Any, resource: str, method: str) -> Any:
    """A client's resource, None where this SDK has none with that method."""
    try:
        found = attrgetter(resource)(client)
    except AttributeError:
        return None
    return found if hasattr(found, method) else None


def _created(endpoint: Endpoint) -> Iterator[Way]:
    """`create` itself and its raw twins."""
    for kind, asked in endpoint.kinds.items():
        for stream in (False, True) if endpoint.streamed is not None else (False,):
            scenario = by_id[f"{endpoint.answers}-{kind}-{'stream' if stream else 'call'}"]
            said = {"model": scenario.model, **endpoint.asked, **asked}
            said |= {"stream": True, **(endpoint.streamed or {})} if stream else {}
            for by, method, take in _STREAMED if stream else _PLAIN:
                if kind not in ("structured", "tools") or by == "create":
                    bind = _binding(f"{endpoint.resource}.{method}", said, take)
                    yield Way(endpoint, kind, by, scenario, bind, raw=by.endswith("lines"))


def _helped(endpoint: Endpoint, client: Any) -> Iterator[Way]:
    """The SDK's helpers, where it has them."""
    schema: Json = {endpoint.schema: Book}
    for method, streamed, kinds in (
        ("parse", {}, {"structured": schema}),
        ("stream", endpoint.streamed or {}, {**endpoint.kinds, "structured": schema}),
    ):
        home = next((place for place in endpoint.helper if _found(client, place, method) is not None), None)
        for kind, asked in kinds.items() if home else ():
            prefix = endpoint.parsed if kind == "structured" else f"{endpoint.answers}-{kind}"
            scenario = by_id[f"{prefix}-{'call' if method == 'parse' else 'stream'}"]
            said = {"model": scenario.model, **endpoint.asked, **asked, **streamed}
            take = _take if method == "parse" else _helping(endpoint.final)
            yield Way(endpoint, kind, f".{method}", scenario, _binding(f"{home}.{method}", said, take))


_Take = Callable[[Any, list[Any]], Coroutine[Any, Any, None]]
"""Takes in all that a method has given, item by item."""


def _binding(method: str, said: Json, take: _Take) -> Callable[[Any], Ask]:
    def bind(client: Any) -> Ask:
        bound = attrgetter(method)(client)

        async def ask(items: list[Any]) -> None:
            await take(bound(**said), items)

        return ask

    return bind


async def _rest(stream: Any, items: list[Any]) -> None:
    """Appends item by item: those before an error count too."""
    if hasattr(stream, "__aiter__"):
        async for item in stream:
            items.append(item)  # noqa: PERF401
    else:
        for item in stream:
            items.append(item)  # noqa: PERF402


async def _take(answer: Any, items: list[Any]) -> None:
    items.append(await given(answer))


async def _iterate(answer: Any, items: list[Any]) -> None:
    await _rest(await given(answer), items)


def _about(response: Any) -> tuple[str, int, str]:
    return type(response).__name__, response.status_code, response.headers["content-type"]


async def _unread(answer: Any, items: list[Any]) -> None:
    items.append(_about(await given(answer)))


async def _parsed(answer: Any, items: list[Any]) -> None:
    response = await given(answer)
    items.append(_about(response))
    items.append(await given(response.parse()))
    items.append(response.text if isinstance(response.text, str) else await given(response.text()))


async def _parsed_stream(answer: Any, items: list[Any]) -> None:
    response = await given(answer)
    items.append(_about(response))
    await _rest(await given(response.parse()), items)


def _entering(method: str) -> _Take:
    """Of `with_streaming_response`: what a method of the response gives, in one piece or in many."""

    async def take(answer: Any, items: list[Any]) -> None:
        async with entered(answer) as response:
            items.append(_about(response))
            part = await given(getattr(response, method)())
            if hasattr(part, "__next__") or hasattr(part, "__anext__"):
                await _rest(part, items)
            else:
                items.append(part)

    return take


def _helping(final: str) -> _Take:
    async def take(answer: Any, items: list[Any]) -> None:
        async with entered(answer) as stream:
            await _rest(stream, items)
            items.append(await given(getattr(stream, final)()))

    return take


_RAW = "with_raw_response.create"
_RESPONSE = "with_streaming_response.create"
_PLAIN: tuple[tuple[str, str, _Take], ...] = (
    ("create", "create", _take),
    ("raw", _RAW, _parsed),
    ("raw, unread", _RAW, _unread),
    ("response", _RESPONSE, _entering("parse")),
    ("response, json", _RESPONSE, _entering("json")),
    ("response, read", _RESPONSE, _entering("read")),
)
_STREAMED: tuple[tuple[str, str, _Take], ...] = (
    ("create", "create", _iterate),
    ("raw", _RAW, _parsed_stream),
    ("response", _RESPONSE, _entering("parse")),
    ("response, lines", _RESPONSE, _entering("iter_lines")),
)
