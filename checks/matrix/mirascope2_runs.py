"""What Mirascope 2 is made to do: every way that it has to ask a model, for each provider."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import Any

from checks.matrix.ways import Ask
from replay.scenarios import Kind, Scenario, by_id
from support.cells import Book, get_weather
from support.clients import KEY
from support.either import given, items

__all__ = ["PROVIDERS", "Provider", "Run", "runs"]

Items = list[Any]
ASKED = "What of {}?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """How Mirascope's provider is asked, and who answers.

    Attributes:
        id: its id.
        model: how a model is written; `{}` stands for the model as the scenario names it.
        scope: the beginning of these models.
        answers: the beginning of the scenarios that answer, by kind.
        streams_only: the kinds that have a scenario for a stream alone.
        told: what is true of an answer other than the scenario says, since another provider gives it.
        fails: the kinds and views that Mirascope itself trips over, before it has read the answer to its end.
    """

    id: str
    model: str
    scope: str
    answers: Mapping[Kind, str]
    streams_only: frozenset[Kind] = frozenset()
    told: Mapping[str, Any] = field(default_factory=dict[str, Any])
    fails: frozenset[tuple[Kind, str]] = frozenset()

    def scenario(self, kind: Kind, *, stream: bool) -> Scenario | None:
        """What answers a request, with what is true of it; None where there is no scenario."""
        if kind not in self.answers or (kind in self.streams_only and not stream):
            return None
        found = by_id[f"{self.answers[kind]}-{'stream' if stream else 'call'}"]
        return replace(found, truth=replace(found.truth, **self.told)) if self.told else found


def _answers(service: str, structured: str) -> Mapping[Kind, str]:
    return {"plain": f"{service}-plain", "structured": structured, "tools": f"{service}-tools"}


def _speaking(identity: str, answers: str = "openai-plain", **told: Any) -> Provider:
    """A provider that speaks OpenAI's language, and has no scenarios of its own."""
    return Provider(
        id=identity, model=f"{identity}/{{}}", scope=f"{identity}/", answers={"plain": answers},
        told={"provider": identity, "cost": None, **told},
    )  # fmt: skip


def _plainly(identity: str, model: str, service: str, *, scope: str = "openai/") -> Provider:
    """A provider that hands its requests on to one that is asked for all kinds, or is what that one hands them to."""
    return Provider(id=identity, model=model, scope=scope, answers={"plain": f"{service}-plain"})


PROVIDERS: Mapping[str, Provider] = {
    "completions": Provider(
        id="openai",
        model="openai/{}:completions",
        scope="openai/",
        answers=_answers("openai", "openai-parsed"),
        # 2.8.2 loses the beginning of a tool's call that follows another one at once.
        fails=frozenset({("tools", "text_stream"), ("tools", "streams")}),
    ),
    "responses": Provider(
        id="openai",
        model="openai/{}:responses",
        scope="openai/",
        answers=_answers("responses", "responses-structured"),
    ),
    "openai:completions": _plainly("openai:completions", "openai/{}", "openai"),
    "openai:responses": _plainly("openai:responses", "openai/{}", "responses"),
    "anthropic": Provider(
        id="anthropic", model="anthropic/{}", scope="anthropic/", answers=_answers("anthropic", "anthropic-parsed")
    ),
    "google": Provider(
        id="google",
        model="google/{}",
        scope="google/",
        answers=_answers("google", "google-structured"),
        streams_only=frozenset({"structured"}),
    ),
    "router-openai": _plainly("mirascope", "openai/{}:completions", "openai"),
    "router-anthropic": _plainly("mirascope", "anthropic/{}", "anthropic", scope="anthropic/"),
    "together": Provider(
        id="together",
        model="{}",
        scope="meta-llama/",
        answers={"plain": "together-plain", "tools": "together-tools"},
    ),
    "xai": _speaking("xai", "responses-plain", provider="x_ai"),
    "ollama": _speaking("ollama"),
    "openrouter": _speaking("openrouter"),
    "minimax": _speaking("minimax"),
    "requesty": _speaking("requesty"),
    "atlascloud": _speaking("atlascloud"),
    "api-route": _speaking("api-route"),
    "cheaperinference": _speaking("cheaperinference"),
}


@dataclass(frozen=True, slots=True)
class Run:
    """One run.

    Attributes:
        kind: plain, structured or with tools.
        how: `call`, or the view by which a stream is read.
        by: what is asked with.
        is_async: whether it is async.
        answers: the scenarios that answer it, request by request.
        function: the name of the function on its spans; None where there is none.
        bind: makes all that a user can keep, for a server, and gives what asks.
    """

    kind: Kind
    how: str
    by: str
    is_async: bool
    answers: tuple[Scenario, ...]
    function: str | None
    bind: Callable[[str], Ask]


def runs(provider: Provider) -> Iterator[Run]:
    """Every run of a provider that this Mirascope has."""
    if not _has(provider.id):
        return
    for is_async in (False, True):
        for kind in provider.answers:
            for how in ("call", *_VIEWS):
                if (kind, how) in provider.fails or (how == "structured_stream" and kind != "structured"):
                    continue
                for by in _BY if how in ("call", "chunk_stream") else ("llm.call",):
                    scenario = provider.scenario(kind, stream=how != "call")
                    if scenario is not None:
                        yield _run(provider, scenario, kind, how, by, is_async=is_async)


def _has(identity: str) -> bool:
    """Whether this Mirascope has a provider, which its registry finds by its id."""
    registry: Any = import_module("mirascope.llm.providers.provider_registry")
    kinds = [kind for kind in vars(registry).values() if isinstance(kind, type)]
    return any(vars(kind).get("id") == identity for kind in kinds)


def _run(provider: Provider, scenario: Scenario, kind: Kind, how: str, by: str, *, is_async: bool) -> Run:
    asking = _Asking(provider, scenario, kind, how, by, is_async)
    again = by == "resume"
    function = None if by == "Model" else f"{_Asking.__module__}.{_Asking.__qualname__}.written.<locals>."
    return Run(
        kind, how, by, is_async, (scenario,) * (1 + again),
        None if function is None else function + ("aask" if is_async else "ask"),
        asking.bind,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Asking:
    """What asks, in one of Mirascope's ways, and takes in all that it gives."""

    provider: Provider
    scenario: Scenario
    kind: Kind
    how: str
    by: str
    is_async: bool

    def bind(self, server: str) -> Ask:
        llm: Any = import_module("mirascope.llm")
        url = f"{server}/id/{self.scenario.id}"
        model = self.provider.model.format(self.scenario.model)

        async def aweather(city: str) -> str:
            return get_weather(city)

        more: dict[str, Any] = {}
        if self.kind == "tools":
            aweather.__name__, aweather.__doc__ = get_weather.__name__, get_weather.__doc__
            more = {"tools": [llm.tool(aweather if self.is_async else get_weather)]}
        elif self.kind == "structured":
            more = {"format": Book}
        function = self.written(llm)
        # Decorated once: what a user keeps is looked up here, and called later.
        if self.by in ("Model", "Prompt"):
            llm.register_provider(self.provider.id, scope=self.provider.scope, api_key=KEY, base_url=url)
            made = llm.Model(model) if self.by == "Model" else llm.prompt(**more)(function)
        else:
            made = llm.call(model, **more)(function)

        async def ask(taken: Items) -> None:
            llm.register_provider(self.provider.id, scope=self.provider.scope, api_key=KEY, base_url=url)
            asked = llm.Model(model) if self.by == "Prompt" else None
            context = (llm.Context(deps="Algarve"),) if self.by == "context" else ()
            if self.by == "Model":
                method = ("call" if self.how == "call" else "stream") + ("_async" if self.is_async else "")
                answer = getattr(made, method)(ASKED.format("Faro"), **more)
            else:
                method = made if self.how == "call" else made.stream
                answer = method(*(() if asked is None else (asked,)), *context, "Faro")
            response = await given(answer)
            await self.taken(response, taken)
            if self.by == "resume":
                said = await given(response.execute_tools()) if self.kind == "tools" else "And the tides?"
                await self.taken(await given(response.resume(said)), taken)

        return ask

    def written(self, llm: Any) -> Callable[..., Any]:
        """The function that a user writes."""
        if self.by == "context":

            def ask(ctx: Any, city: str) -> str:
                return ASKED.format(city)

            async def aask(ctx: Any, city: str) -> str:
                return ASKED.format(city)

            ask.__annotations__["ctx"] = aask.__annotations__["ctx"] = llm.Context[str]
        else:

            def ask(city: str) -> str:
                return ASKED.format(city)

            async def aask(city: str) -> str:
                return ASKED.format(city)

        return aask if self.is_async else ask

    async def taken(self, response: Any, taken: Items) -> None:
        """Take in all that a response gives, and what it holds then."""
        if self.how != "call":
            await _VIEWS[self.how](response, taken)
        taken.append(type(response))
        held = vars(response)
        taken.append({name: value for name, value in held.items() if name not in ("_chunk_iterator", "toolkit")})
        if self.kind == "structured":
            taken.append(response.parse())


def _view(name: str) -> Callable[[Any, Items], Any]:
    async def take(response: Any, taken: Items) -> None:
        stream = getattr(response, name)()
        taken.append(type(stream))
        taken += await items(stream)

    return take


async def _finished(response: Any, taken: Items) -> None:
    await given(response.finish())


async def _streams(response: Any, taken: Items) -> None:
    """Stream by stream: some read, the rest left to Mirascope."""
    streams = response.streams()
    if hasattr(streams, "__aiter__"):
        async for stream in streams:
            taken.append(type(stream))
            taken += [part async for part in stream]
    else:
        for stream in streams:
            taken.append(type(stream))
            taken += list(stream)


async def _twice(response: Any, taken: Items) -> None:
    """A loop that is left, and another that begins anew: what was there is repeated, and the rest comes."""
    stream = response.chunk_stream()
    if hasattr(stream, "__aiter__"):
        taken.append(await anext(stream))
    else:
        taken.append(next(stream))
    taken += await items(response.chunk_stream())
    taken += await items(response.chunk_stream())


_VIEWS: Mapping[str, Callable[[Any, Items], Any]] = {
    "chunk_stream": _view("chunk_stream"),
    "text_stream": _view("text_stream"),
    "structured_stream": _view("structured_stream"),
    "pretty_stream": _view("pretty_stream"),
    "streams": _streams,
    "finish": _finished,
    "twice": _twice,
}
_BY = ("llm.call", "context", "Prompt", "Model", "resume")
