"""An app whose calls are answered strangely, and at last once as they should be.

strange.py '{"openai": [...], "anthropic": [...], "lines": [...], "bytes": [...], "different": 2500}'
"""

from __future__ import annotations

import json
import os
import random
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

import httpx
from anthropic import Anthropic
from mirascope.core import openai as mirascope
from openai import OpenAI

from chunkmeter import labels, wrap

PROVIDERS = os.environ["PROVIDERS"]
GOOD = "openai-plain-stream"
ASK: list[Any] = [{"role": "user", "content": "What would you like to know?"}]
EVENT = {"model": "gpt-4o-mini", "choices": [{"index": 0, "delta": {"content": "x"}, "finish_reason": "stop"}]}


def read(stream: Iterable[Any]) -> None:
    """To its end. What an SDK raises on the way is the user's own, and no failure of this app."""
    with suppress(Exception):
        for _ in stream:
            pass


def by_openai(scenario: str) -> None:
    """Through OpenAI's SDK; costs are read where a reseller has them."""
    with OpenAI(base_url=f"{PROVIDERS}/id/{scenario}", api_key="none", max_retries=0) as client:
        stream = client.chat.completions.create(model="gpt-4o-mini", messages=ASK, stream=True)
        read(wrap(stream, provider="openrouter" if "cost" in scenario else "openai", model="gpt-4o-mini"))


def by_anthropic(scenario: str) -> None:
    """Through Anthropic's SDK."""
    with Anthropic(base_url=f"{PROVIDERS}/id/{scenario}", api_key="none", max_retries=0) as client:
        stream = client.messages.create(model="claude-sonnet-4-5", messages=ASK, max_tokens=9, stream=True)
        read(wrap(stream, provider="anthropic", model="claude-sonnet-4-5"))


def by_lines(scenario: str) -> None:
    """As lines of an HTTP client."""
    with httpx.stream("POST", f"{PROVIDERS}/id/{scenario}/x", json={}, timeout=60) as response:
        read(wrap(response.iter_lines(), provider="openai", model="gpt-4o-mini"))


def by_bytes(scenario: str) -> None:
    """As bytes of an HTTP client."""
    with httpx.stream("POST", f"{PROVIDERS}/id/{scenario}/x", json={}, timeout=60) as response:
        read(wrap(response.iter_bytes(), provider="openai", model="gpt-4o-mini"))


def hosts(number: int) -> None:
    """So many hosts, as an app has whose users bring an endpoint of their own."""
    body = f"data: {json.dumps({'id': 'x', 'object': 'x', 'created': 1, **EVENT})}\n\n".encode()
    answer = httpx.MockTransport(lambda request: httpx.Response(200, content=body))
    with httpx.Client(transport=answer) as http:
        for at in range(number):
            client = OpenAI(base_url=f"http://h{at}.example/v1", api_key="none", http_client=http)
            stream = client.chat.completions.create(model="gpt-4o-mini", messages=ASK, stream=True)
            read(wrap(stream, provider="openai", model="gpt-4o-mini"))


def errors(number: int) -> None:
    """So many kinds of failure."""

    def failing(kind: type[Exception]) -> Iterator[dict[str, Any]]:
        yield EVENT
        raise kind

    for at in range(number):
        read(wrap(failing(type(f"Failed{at}Error", (Exception,), {})), provider="openai", model="gpt-4o-mini"))


def spellings(number: int) -> None:
    """So many spellings of a known model, asked for and answered with, and as many models that nobody knows."""
    chance = random.Random(4711)
    known, spelled = "claude-sonnet-4-5-20250929", set[str]()
    while len(spelled) < number:
        spelled.add("".join(chance.choice((letter, letter.upper())) for letter in known))
    for at, model in enumerate(sorted(spelled)):
        for name in (model, f"made-up-{at}"):
            read(wrap(iter([{**EVENT, "model": name}]), provider="anthropic", model=name, wire="openai_chat"))


def good() -> None:
    """A call as any other."""
    client = OpenAI(base_url=f"{PROVIDERS}/id/{GOOD}", api_key="none", max_retries=0)

    @mirascope.call("gpt-4o-mini", stream=True, client=client)
    def question() -> str:
        return "What would you like to know?"

    with labels(tenant="good"):
        for _ in question():
            pass


if __name__ == "__main__":
    plan: dict[str, Any] = json.loads(sys.argv[1])
    ways: dict[str, Callable[[str], None]] = {
        "openai": by_openai, "anthropic": by_anthropic, "lines": by_lines, "bytes": by_bytes,
    }  # fmt: skip
    for way, ask in ways.items():
        for scenario in plan[way]:
            ask(scenario)
    for many in (hosts, errors, spellings):
        many(plan["different"])
    good()
