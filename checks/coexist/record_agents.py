"""The runs of agents and chains whose spans are recorded, with the scenarios that answer them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from importlib import import_module
from typing import Any

from checks.coexist.frameworks import mirascope
from checks.coexist.record_calls import Call

__all__ = ["AGENTS"]


def get_weather(city: str) -> str:
    """The tool that the agents have."""
    return f"sunny in {city}"


# --- Pydantic AI ---


def _agent(at: str, model: str, *tools: Any) -> Any:
    models = import_module("pydantic_ai.models.openai")
    provider = import_module("pydantic_ai.providers.openai").OpenAIProvider(base_url=at, api_key="none")
    return import_module("pydantic_ai").Agent(
        models.OpenAIChatModel(model, provider=provider), tools=tools, name="guide"
    )


def _run(at: str, model: str, *tools: Any) -> None:
    _agent(at, model, *tools).run_sync("What of Faro?")


def _run_stream(at: str, model: str) -> None:
    async def ask() -> None:
        async with _agent(at, model).run_stream("What of Faro?") as result:
            async for _ in result.stream_text(delta=True):
                pass

    asyncio.run(ask())


def _run_claude(at: str, model: str) -> None:
    models = import_module("pydantic_ai.models.anthropic")
    provider = import_module("pydantic_ai.providers.anthropic").AnthropicProvider(base_url=at, api_key="none")
    import_module("pydantic_ai").Agent(models.AnthropicModel(model, provider=provider)).run_sync("What of Faro?")


_PYDANTIC_AI = {
    "plain": Call(("openai-plain-call",), _run),
    "stream": Call(("openai-plain-stream",), _run_stream),
    "tools": Call(("openai-tools-call", "openai-plain-call"), lambda at, model: _run(at, model, get_weather)),
    "refused": Call(("openai-plain-call",), _run, "status=400"),
    "Anthropic": Call(("anthropic-plain-stream",), _run_claude),
}


# --- LangChain ---


def _model(at: str, model: str) -> Any:
    asked: dict[str, Any] = {"base_url": f"{at}/v1" if "/id/" in at else at, "api_key": "none", "max_retries": 0}
    return import_module("langchain_openai").ChatOpenAI(model=model, stream_usage=True, **asked)


def _prompted(at: str, model: str) -> Any:
    return import_module("langchain_core.prompts").ChatPromptTemplate([("user", "Where does Lisbon lie?")]) | _model(
        at, model
    )


def _chain(at: str, model: str) -> None:
    _prompted(at, model).invoke({})


def _chain_stream(at: str, model: str) -> None:
    for _ in _prompted(at, model).stream({}):
        pass


def _langchain_agent(at: str, model: str) -> None:
    agent = import_module("langchain.agents").create_agent(_model(at, model), tools=[get_weather])
    agent.invoke({"messages": [{"role": "user", "content": "What of Faro?"}]})


_LANGCHAIN = {
    "chain": Call(("openai-plain-call",), _chain),
    "chain, stream": Call(("openai-plain-stream",), _chain_stream),
    "refused": Call(("openai-plain-call",), _chain, "status=400"),
    "agent": Call(("openai-tools-call", "openai-plain-call"), _langchain_agent),
}

# --- Google's ADK ---


def _adk(at: str, model: str, *tools: Any, stream: bool = False) -> None:
    agents, runners = import_module("google.adk.agents"), import_module("google.adk.runners")
    gemini = import_module("google.adk.models").Gemini(model=model, base_url=at)
    agent = agents.Agent(name="guide", model=gemini, tools=list(tools))
    mode = import_module("google.adk.agents.run_config").StreamingMode
    config = agents.RunConfig(streaming_mode=mode.SSE if stream else mode.NONE)
    runner = runners.InMemoryRunner(agent)
    asyncio.run(runner.run_debug("What of Faro?", run_config=config, quiet=True))


def _adk_without_content(at: str, model: str) -> None:
    switch = "ADK_CAPTURE_MESSAGE_CONTENT_IN_SPANS"
    os.environ[switch] = "false"
    try:
        _adk(at, model)
    finally:
        del os.environ[switch]


_GOOGLE_ADK = {
    "plain": Call(("google-plain-call",), _adk),
    "plain, no content": Call(("google-plain-call",), _adk_without_content),
    "stream": Call(("google-plain-stream",), lambda at, model: _adk(at, model, stream=True)),
    "tools": Call(("google-tools-call", "google-plain-call"), lambda at, model: _adk(at, model, get_weather)),
}

# --- Mirascope 2 ---


def _mirascope(model_id: str, *, stream: bool = False, left: bool = False) -> Callable[[str, str], None]:
    def ask(at: str, model: str) -> None:
        given = mirascope(model_id)(at, model, "stream" if stream else "plain", False)
        for _ in given if stream else ():
            if left:
                break

    return ask


_MIRASCOPE = {
    f"{service}, {title}": Call((f"{service}-plain-{'stream' if stream else 'call'}",), ask, options)
    for service, model_id in (
        ("openai", "openai/{}:completions"),
        ("responses", "openai/{}:responses"),
        ("anthropic", "anthropic/{}"),
        ("google", "google/{}"),
    )
    for title, stream, left, options in (
        ("plain", False, False, ""),
        ("refused", False, False, "status=400"),
        ("stream", True, False, ""),
        ("stream, left", True, True, ""),
        ("stream, failed", True, False, "error_after=2"),
    )
    for ask in (_mirascope(model_id, stream=stream, left=left),)
}

AGENTS: dict[str, dict[str, Call]] = {
    "pydantic_ai": _PYDANTIC_AI,
    "langchain": _LANGCHAIN,
    "google_adk": _GOOGLE_ADK,
    "mirascope": _MIRASCOPE,
}
"""By framework, then by what the run is called in the recording."""
