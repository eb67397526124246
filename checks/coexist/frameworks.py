"""Calls through frameworks that have spans of their own: LiteLLM, an agent of pydantic-ai, and Mirascope 2."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from importlib import import_module
from typing import Any

__all__ = ["agent", "litellm", "mirascope"]

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


def mirascope(model_id: str) -> Callable[[str, str, str, bool], Any]:
    """What asks by `llm.call` for an answer, or for a stream's chunks.

    Args:
        model_id: Mirascope's id of the model, with `{}` for its name.
    """

    def ask(at: str, model: str, kind: str, is_async: bool) -> Any:
        llm = import_module("mirascope.llm")
        provider = model_id.partition("/")[0]
        llm.register_provider(provider, scope=f"{provider}/", api_key="none", base_url=at)

        def question() -> str:
            return _QUESTION

        async def aquestion() -> str:
            return _QUESTION

        asking = llm.call(model_id.format(model))(aquestion if is_async else question)
        if kind == "stream":
            return _chunks(asking) if is_async else asking.stream().chunk_stream()
        return _answer(asking) if is_async else _of(asking())

    return ask


async def _chunks(asking: Any) -> Any:
    return (await asking.stream()).chunk_stream()


async def _answer(asking: Any) -> Any:
    return _of(await asking())


def _of(response: Any) -> Any:
    return response.content, response.usage
