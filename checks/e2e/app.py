"""An app that calls an LLM through Mirascope as its plan says. It is run under `opentelemetry-instrument`.

app.py '[{"scenario": ..., "model": ..., "times": 3, "tenant": "acme", "pause": 0.1}, ...]'
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

from anthropic import Anthropic
from mirascope.core import anthropic, openai
from openai import APIError, OpenAI
from opentelemetry import baggage
from opentelemetry import context as otel_context

from chunkmeter import labels, wrap


def ask(scenario: str, model: str, times: int = 1, tenant: str | None = None, pause: float = 0.0) -> None:
    """Stream a scenario's answer so many times, for a tenant."""
    client: dict[str, Any] = {
        "base_url": f"{os.environ['PROVIDERS']}/id/{scenario}",
        "api_key": "no-key-needed",
        "max_retries": 0,
    }
    if scenario.startswith("anthropic"):
        call = anthropic.call(model, stream=True, client=Anthropic(**client))
    else:
        call = openai.call(model, stream=True, client=OpenAI(**client))

    @call
    def question() -> str:
        return "What would you like to know?"

    for _ in range(times):
        with labels(tenant=tenant) if tenant else nullcontext():
            try:
                for _ in question():
                    pass
            except APIError as error:
                print("the provider failed:", type(error).__name__)
        time.sleep(pause)


def forge(forged: int, model: str, times: int = 1, known: str = "acme") -> None:
    """Calls of a known tenant, then so many with made-up baggage, and those of the known tenant again."""
    for _ in range(times):
        with labels(tenant=known):
            _replay(model)
    for number in range(forged):
        token = otel_context.attach(baggage.set_baggage("tenant", f"forged-{number}"))
        _replay(model)
        otel_context.detach(token)
    for _ in range(times):
        with labels(tenant=known):
            _replay(model)


def _replay(model: str) -> None:
    for _ in wrap(_events(model), provider="openai", model=model):
        pass


def _events(model: str) -> Iterator[dict[str, Any]]:
    usage = {"prompt_tokens": 1000, "completion_tokens": 1000, "total_tokens": 2000}
    yield {"model": model, "choices": [{"index": 0, "delta": {"content": "x"}, "finish_reason": None}]}
    yield {"model": model, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": usage}


if __name__ == "__main__":
    for step in json.loads(sys.argv[1]):
        if "forged" in step:
            forge(**step)
        else:
            ask(**step)
