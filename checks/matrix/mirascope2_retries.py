"""The retries of Mirascope 2, and what they leave: `llm.retry` and `llm.retry_model`, with a model to fall back on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import product
from typing import Any

from checks.matrix.retries import Retry
from checks.matrix.ways import Ask
from support.clients import KEY
from support.either import given

__all__ = ["retries"]

GPT, CLAUDE = "chat gpt-4o-mini", "chat claude-sonnet-4-5"
# USD a million, of gpt-4o-mini and of claude-sonnet-4-5.
COSTS = {
    "call": (31 * 0.15e-6 + 8 * 0.60e-6, 21 * 3.00e-6 + 1500 * 0.30e-6 + 9 * 15.00e-6),
    "stream": (
        176 * 0.15e-6 + 1024 * 0.075e-6 + 45 * 0.60e-6,
        12 * 3.00e-6 + 2048 * 0.30e-6 + 600 * 3.75e-6 + 400 * 6.00e-6 + 57 * 15.00e-6,  # in, read, written, 1 h, out
    ),
}
MODEL = "openai/gpt-4o-mini:completions"
LOST = "httpx.ReadError"
REFUSED = "mirascope.llm.exceptions.AuthenticationError"
GONE = "mirascope.llm.exceptions.RetriesExhausted"
BAD = "mirascope.llm.exceptions.BadRequestError"
_MODELS = {"retry_model": "", "context": "context_"}
"""How the methods of a `RetryModel` begin, by what it is asked with."""
# How both services go wrong, by how they are asked and by case: a stream breaks off, a plain call is refused in a way
# after which the SDK does not ask again by itself.
PLAYED = {
    ("call", "answers"): ("", ""),
    ("call", "falls back"): ("~status=401", ""),
    ("call", "gives up"): ("~status=401", "~status=401"),
    ("call", "is not retried"): ("~status=400", ""),
    ("stream", "answers"): ("", ""),
    ("stream", "falls back"): ("~cut=0,reset", ""),
    ("stream", "gives up"): ("~cut=0,reset", "~cut=0,reset"),
    ("stream", "is not retried"): ("~status=400", ""),
}


def retries() -> Iterator[Retry]:
    """Every one that this Mirascope has."""
    if not hasattr(import_module("mirascope.llm"), "retry"):
        return
    for (how, case), by, is_async in product(PLAYED, ("llm.retry", "Prompt", "retry_model", "context"), (False, True)):
        name = "retry" if by in _MODELS else "retry " + ("aask" if is_async else "ask")
        spans, spent = _left(how, case, name)
        yield Retry(by, how, case, is_async, _binding(how, case, by, is_async=is_async), spans, spent)


def _left(how: str, case: str, name: str) -> tuple[tuple[str, ...], float]:
    """The spans, and what is spent: each model is asked twice at most."""
    gpt, claude = COSTS[how]
    why = REFUSED if how == "call" else LOST
    failed = (f"  {GPT}, attempt 1, {why}", f"  {GPT}, attempt 2 after {why}, {why}")
    match case:
        case "answers":
            return (f"{name}, attempts 1, known, {gpt:.8f}", f"  {GPT}, attempt 1, {gpt:.8f}"), gpt
        case "falls back":
            lacks = "partial without no_usage no_usage"
            answer = f"  {CLAUDE}, attempt 3 after {why}, {claude:.8f}"
            return (f"{name}, attempts 3, {lacks}, {claude:.8f}", *failed, answer), claude
        case "gives up":
            lacks = "no_usage without no_usage no_usage no_usage no_usage"
            more = (f"  {CLAUDE}, attempt {number} after {why}, {why}" for number in (3, 4))
            return (f"{name}, attempts 4, {lacks}, {GONE if how == 'call' else why}", *failed, *more), 0
        case _:
            return (f"{name}, attempts 1, no_usage without no_usage, {BAD}", f"  {GPT}, attempt 1, {BAD}"), 0


def _binding(how: str, case: str, by: str, *, is_async: bool) -> Callable[[str], Ask]:
    def bind(server: str) -> Ask:
        llm: Any = import_module("mirascope.llm")
        options = {
            "max_retries": 1,
            "initial_delay": 0.001,
            "retry_on": (llm.AuthenticationError, import_module("httpx").ReadError),
            "fallback_models": ["anthropic/claude-sonnet-4-5"],
        }
        if by in _MODELS:
            made = llm.retry_model(MODEL, **options)
        else:
            decorate = llm.prompt if by == "Prompt" else llm.call(MODEL)
            made = llm.retry(**options)(decorate(aask if is_async else ask))

        async def run(taken: list[Any]) -> None:
            for service, wrong in zip(("openai", "anthropic"), PLAYED[how, case], strict=True):
                url = f"{server}/id/{service}-plain-{how}{wrong}"
                llm.register_provider(service, scope=f"{service}/", api_key=KEY, base_url=url)
            given_first = (llm.Model(MODEL),) if by == "Prompt" else ()
            more = {"ctx": llm.Context(deps="Algarve")} if by == "context" else {}
            if by in _MODELS:
                method = getattr(made, _MODELS[by] + how + ("_async" if is_async else ""))
            else:
                method = made if how == "call" else made.stream
            response = await given(method(*given_first, "Faro", **more))
            if how == "stream":
                await _read(llm, response, taken)
            taken.append((type(response), response.text()))
            taken += [(failure.model.model_id, type(failure.exception)) for failure in response.retry_failures]

        return run

    return bind


def ask(city: str) -> str:
    """What a user writes."""
    return f"What of {city}?"


async def aask(city: str) -> str:
    """The same for async."""
    return f"What of {city}?"


async def _read(llm: Any, response: Any, taken: list[Any]) -> None:
    """Read a stream anew each time that it is made anew."""
    while True:
        stream = response.text_stream()
        try:
            if hasattr(stream, "__aiter__"):
                async for text in stream:
                    taken.append(text)  # noqa: PERF401 -- those before an error count too
            else:
                taken.extend(stream)
        except llm.StreamRestarted as restarted:
            taken.append(str(restarted))
        else:
            return
