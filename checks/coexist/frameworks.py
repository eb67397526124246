"""Calls through frameworks that have spans of their own: LiteLLM, and an agent of pydantic-ai."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from importlib import import_module
from typing import Any

__all__ = ["agent", "litellm"]

_QUESTION = "Where does Lisbon lie?"


def litellm(at: str, model: str, kind: str, is_async: bool) -> Any:
    """An answer or a stream of LiteLLM's, by its route to OpenAI."""
    library: Any = import_module("litellm")
    library.suppress_debug_info = True
    asked: dict[str, Any] = {
        "model": f"openai/{model}",
        "messages": [{"role": "user", "content": _QUESTION}],
        "api_base": f"{at}/v1",
        "api_key": "none",
        "max_retries": 0,
    }
    if kind == "stream":
        asked |= {"stream": True, "stream_options": {"include_usage": True}}
    return (library.acompletion if is_async else library.completion)(**asked)


def agent(at: str, model: str, kind: str, is_async: bool) -> Any:
    """What an agent says, whole or in pieces."""
    library = import_module("pydantic_ai")
    client = import_module("openai").AsyncOpenAI(base_url=f"{at}/v1", api_key="none", max_retries=0)
    provider = import_module("pydantic_ai.providers.openai").OpenAIProvider(openai_client=client)
    asked = library.Agent(import_module("pydantic_ai.models.openai").OpenAIChatModel(model, provider=provider))
    if kind == "stream":
        return _pieces(asked) if is_async else _pieces_at_once(asked)
    return _said(asked) if is_async else asked.run_sync(_QUESTION).output


async def _said(asked: Any) -> str:
    return (await asked.run(_QUESTION)).output


async def _pieces(asked: Any) -> AsyncIterator[str]:
    async with asked.run_stream(_QUESTION) as result:
        async for piece in result.stream_text(delta=True, debounce_by=None):
            yield piece


def _pieces_at_once(asked: Any) -> Iterator[str]:
    yield from asked.run_stream_sync(_QUESTION).stream_text(delta=True, debounce_by=None)
