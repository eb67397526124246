"""A Mirascope function for each cell of the matrix, and what it gave, in a form that compares."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, cast, get_args

from pydantic import BaseModel

from chunkmeter.instrumentors import MirascopeInstrumentor
from chunkmeter.testing import Kit
from replay.scenarios import Kind, Scenario, Service, by_id

# Those that Mirascope 1.x has no provider for.
ELSEWHERE: frozenset[Service] = frozenset({"responses", "together"})
ALL: tuple[Service, ...] = tuple(service for service in get_args(Service) if service not in ELSEWHERE)
# Those whose SDKs don't go together with the others'.
LEGACY: tuple[Service, ...] = ("gemini", "vertex")
OTHERS: tuple[Service, ...] = tuple(service for service in ALL if service not in LEGACY)
# Services on Google's wire.
GENERATES_CONTENT: frozenset[Service] = frozenset({"google", "gemini", "vertex"})
# Those of them whose client is a `GenerativeModel`.
GENERATIVE_MODELS: frozenset[Service] = frozenset(LEGACY)


class Book(BaseModel):
    """A book to take along."""

    title: str
    author: str


def get_weather(city: str) -> str:
    """Tells the weather of a city.

    Args:
        city: The city's name.
    """
    return f"{city}: 21 degrees"


def instrument(kit: Kit, **options: Any) -> None:
    """Has Mirascope report to the kit."""
    MirascopeInstrumentor().instrument(
        tracer_provider=kit.tracer_provider, meter_provider=kit.meter_provider, **options
    )


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: a provider and a way to call it."""

    service: Service
    is_async: bool
    stream: bool
    kind: Kind

    @property
    def scenario(self) -> Scenario:
        """What the server answers in this cell, and the truth about it."""
        return by_id[f"{self.service}-{self.kind}-{'stream' if self.stream else 'call'}"]

    def decorate(self, api: str, client: Any, **options: Any) -> Callable[..., Any]:
        """A Mirascope function, by `llm.call` or by the provider's own decorator."""
        options = {"stream": self.stream, "client": client, **options}
        if self.kind == "structured":
            # Google's providers stream a response model in JSON mode or not at all.
            json_mode = self.stream and self.service in GENERATES_CONTENT
            options |= {"response_model": Book, "json_mode": json_mode}
        elif self.kind == "tools":
            options |= {"tools": [get_weather]}
        if api == "llm.call":
            options |= {"provider": self.service}
        home = "mirascope.llm" if api == "llm.call" else f"mirascope.core.{self.service}"
        decorator = import_module(home).call(model=self.scenario.app_model, **options)

        async def aask(city: str) -> str:
            return f"What of {city}?"

        def ask(city: str) -> str:
            return f"What of {city}?"

        return cast("Callable[..., Any]", decorator(aask if self.is_async else ask))


ThroughMirascope = Callable[[Cell, Kit], Awaitable[list[Any]]]
"""Calls a cell's function, with Mirascope reporting to the kit as well, and gives all that it gave."""


def sdk_stream(cell: Cell, model: Any, given: Callable[[Any, int], Any]) -> Callable[..., Any]:
    """A function that asks a `GenerativeModel` for a stream, and gives what `given` makes of it and of its start."""

    async def aask(city: str) -> Any:
        began = time.time_ns()
        return given(await model.generate_content_async(f"What of {city}?", stream=True), began)

    def ask(city: str) -> Any:
        began = time.time_ns()
        return given(model.generate_content(f"What of {city}?", stream=True), began)

    return aask if cell.is_async else ask


_CHANGING = re.compile(r" at 0x[0-9a-f]+|\d\d:\d\d:\d\d GMT")
"""Addresses in memory, and the time in a header."""


@dataclass(slots=True)
class Outcome:
    """What a user got out of one call: its items as they compare, or the exception."""

    items: list[Any]
    error: Exception | None = None
    requests: list[str | None] = field(default_factory=list[str | None])
    """The scenarios that answered its requests."""

    @property
    def complaint(self) -> str:
        """The exception's type and message, without what differs from run to run; empty without one."""
        return _CHANGING.sub("", f"{type(self.error).__name__}: {self.error}") if self.error else ""


def run(cell: Cell, function: Callable[..., Any], runner: asyncio.Runner) -> Outcome:
    """Calls the function and takes in all that it gives."""
    items: list[Any] = []
    failed: Exception | None = None

    async def aconsume() -> None:
        answer = await function("Faro")
        if cell.stream:
            async for item in answer:
                items.append(item)  # noqa: PERF401 -- those before an error count too
        else:
            items.append(answer)

    def consume() -> None:
        answer = function("Faro")
        for item in answer if cell.stream else [answer]:
            items.append(item)  # noqa: PERF402 -- the same

    try:
        if cell.is_async:
            runner.run(aconsume())
        else:
            consume()
    except Exception as error:  # noqa: BLE001 -- the user's own, to be compared with the bare app's
        failed = error
    return Outcome([shape(item) for item in items], failed)


_VARIES = frozenset({"start_time", "end_time", "created", "date", "_response_ms"})


def shape(value: Any) -> Any:
    """A value as type names and contents, all the way down, without what differs from run to run."""
    if isinstance(value, BaseModel):
        fields: dict[str, Any] = {**value.__dict__, **(value.__pydantic_extra__ or {})}
        hidden = getattr(value, "_response", None)
        fields |= {"_response": hidden} if isinstance(hidden, BaseModel) else {}
        return (
            _name(type(value)),
            {name: shape(part) for name, part in fields.items() if str(name).lower() not in _VARIES},
        )
    if hasattr(value, "SerializeToString"):  # a protocol buffer
        return (_name(type(value)), value.SerializeToString(deterministic=True))
    if isinstance(value, dict):
        pairs = cast("dict[Any, Any]", value).items()
        return {str(name): shape(part) for name, part in pairs if str(name).lower() not in _VARIES}
    if isinstance(value, list | tuple):
        return (_name(type(cast("Any", value))), [shape(part) for part in cast("list[Any]", value)])
    if isinstance(value, type) or callable(value):
        return f"<{_name(value)}>"
    if value is None or isinstance(value, str | bytes | int | float):
        return value
    return (_name(type(value)), {name: shape(part) for name, part in getattr(value, "__dict__", {}).items()})


def difference(got: Any, expected: Any, where: str = "") -> Iterator[str]:
    """Where two shapes differ, part by part."""
    if isinstance(got, dict) and isinstance(expected, dict):
        left, right = cast("dict[str, Any]", got), cast("dict[str, Any]", expected)
        for name in sorted(left.keys() | right.keys()):
            yield from difference(left.get(name, "absent"), right.get(name, "absent"), f"{where}.{name}")
    elif isinstance(got, list | tuple) and isinstance(expected, list | tuple) and len(got) == len(expected):
        pairs = zip(cast("list[Any]", got), cast("list[Any]", expected), strict=True)
        for number, (left, right) in enumerate(pairs):
            yield from difference(left, right, f"{where}[{number}]")
    elif got != expected:
        yield f"{where}: got {got!r}, bare {expected!r}"


def _name(kind: Any) -> str:
    return f"{getattr(kind, '__module__', '')}.{getattr(kind, '__qualname__', type(kind).__qualname__)}"
