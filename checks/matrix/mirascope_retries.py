"""The retries of Mirascope 1, and what they leave: tenacity with `collect_errors`, and `fallback`."""

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
GPT_COST = 31 * 0.15e-6 + 8 * 0.60e-6  # USD, of 31 tokens in and 8 out
CLAUDE_COST = 21 * 3.00e-6 + 1500 * 0.30e-6 + 9 * 15.00e-6  # of 21 in, 1500 read from the cache, 9 out
REFUSED, REFUSED_TOO = "openai.AuthenticationError", "anthropic.AuthenticationError"
LACKS_ONE, LACKS_TWO = "without no_usage", "without no_usage no_usage"
LEFT: dict[tuple[str, str], tuple[tuple[str, ...], float]] = {
    ("tenacity", "answers"): (
        (f"retry {{0}}, attempts 1, known, {GPT_COST:.8f}", f"  {GPT}, attempt 1, {GPT_COST:.8f}"), GPT_COST,
    ),
    ("tenacity", "is checked"): (
        (
            f"retry {{1}}, attempts 2, known, {2 * GPT_COST:.8f}",
            f"  {GPT}, attempt 1, {GPT_COST:.8f}",
            f"  {GPT}, attempt 2 after ValueError, {GPT_COST:.8f}",
        ),
        2 * GPT_COST,
    ),
    ("tenacity", "gives up"): (
        (
            f"retry {{0}}, attempts 2, no_usage {LACKS_TWO}, tenacity.RetryError",
            f"  {GPT}, attempt 1, {REFUSED}",
            f"  {GPT}, attempt 2 after {REFUSED}, {REFUSED}",
        ),
        0,
    ),
    ("fallback", "answers"): (
        (f"fallback {{0}}, attempts 1, known, {GPT_COST:.8f}", f"  {GPT}, attempt 1, {GPT_COST:.8f}"), GPT_COST,
    ),
    ("fallback", "falls back"): (
        (
            f"fallback {{0}}, attempts 2, partial {LACKS_ONE}, {CLAUDE_COST:.8f}",
            f"  {GPT}, attempt 1, {REFUSED}",
            f"  {CLAUDE}, attempt 2 after {REFUSED}, {CLAUDE_COST:.8f}",
        ),
        CLAUDE_COST,
    ),
    ("fallback", "gives up"): (
        (
            f"fallback {{0}}, attempts 2, no_usage {LACKS_TWO}, mirascope.retries.fallback.FallbackError",
            f"  {GPT}, attempt 1, {REFUSED}",
            f"  {CLAUDE}, attempt 2 after {REFUSED}, {REFUSED_TOO}",
        ),
        0,
    ),
}  # fmt: skip
# What is bound before `instrument()` with `fallback` is metered call by call.
ALONE = {
    "answers": (f"{GPT}, {GPT_COST:.8f}",),
    "falls back": (f"{GPT}, {REFUSED}", f"{CLAUDE}, {CLAUDE_COST:.8f}"),
    "gives up": (f"{GPT}, {REFUSED}", f"{CLAUDE}, {REFUSED_TOO}"),
}


def retries() -> Iterator[Retry]:
    """Every one."""
    for ((by, case), (spans, spent)), is_async in product(LEFT.items(), (False, True)):
        names = ("aask", "acheck") if is_async else ("ask", "check")
        yield Retry(
            by, "call", case, is_async, _binding(by, case, is_async=is_async),
            tuple(line.format(*names) for line in spans), spent,
            ALONE[case] if by == "fallback" else None,
        )  # fmt: skip


def _binding(by: str, case: str, *, is_async: bool) -> Callable[[str], Ask]:
    def bind(server: str) -> Ask:
        llm: Any = import_module("mirascope.llm")
        clients = _clients(server, case, is_async=is_async)
        asks, model = aask if is_async else ask, {"model": "gpt-4o-mini", "client": clients["openai"]}
        if by == "fallback":
            stand_in = {"provider": "anthropic", "model": "claude-sonnet-4-5", "client": clients["anthropic"]}
            failures = tuple(import_module(service).AuthenticationError for service in clients)
            held = import_module("mirascope.retries").fallback(failures, [{"catch": failures, **stand_in}])(
                llm.call(provider="openai", **model)(asks)
            )
        else:
            # tenacity waits for no async function of `llm.call`'s, which 1.25.7 makes sync in form.
            asking = import_module("mirascope.core.openai").call(**model)(asks)
            held = _by_tenacity()(_checked(asking, is_async=is_async) if case == "is checked" else asking)

        async def run(taken: list[Any]) -> None:
            response = await given(held("Faro"))
            taken.append((type(response), response.content))
            taken.append([type(error) for error in getattr(response, "_caught", ())])

        return run

    return bind


def _by_tenacity() -> Callable[[Any], Any]:
    tenacity: Any = import_module("tenacity")
    collect: Any = import_module("mirascope.retries.tenacity").collect_errors
    return tenacity.retry(stop=tenacity.stop_after_attempt(2), after=collect(ValueError))


def _clients(server: str, case: str, *, is_async: bool) -> dict[str, Any]:
    """The clients of the model that is asked, and of that to fall back on."""
    refused = {"falls back": ("~status=401", ""), "gives up": ("~status=401", "~status=401")}.get(case, ("", ""))
    return {
        service: getattr(import_module(service), f"Async{name}" if is_async else name)(
            base_url=f"{server}/id/{service}-plain-call{options}", api_key=KEY, max_retries=0
        )
        for service, name, options in zip(("openai", "anthropic"), ("OpenAI", "Anthropic"), refused, strict=True)
    }


def ask(city: str) -> str:
    """What a user writes."""
    return f"What of {city}?"


async def aask(city: str) -> str:
    """The same for async."""
    return f"What of {city}?"


def _checked(asking: Callable[..., Any], *, is_async: bool) -> Callable[..., Any]:
    """A function that is content with the second answer only, and all later ones."""
    if is_async:

        async def acheck(city: str, *, errors: Any = None) -> Any:
            answer = await asking(city)
            if errors is None:
                raise ValueError
            return answer

        return acheck

    def check(city: str, *, errors: Any = None) -> Any:
        answer = asking(city)
        if errors is None:
            raise ValueError
        return answer

    return check
