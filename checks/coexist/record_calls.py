"""The calls whose spans are recorded, with the scenarios that answer them: of SDKs, and of LiteLLM."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple

from replay.scenarios import by_id
from replay.server import Server

__all__ = ["CALLS", "HOSTS", "Call"]

_ASK: list[Any] = [{"role": "user", "content": "Where does Lisbon lie?"}]
_CITY: dict[str, Any] = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
_TOOL = "get_weather"
_TOOLS: list[Any] = [{"type": "function", "function": {"name": _TOOL, "parameters": _CITY}}]
_USAGE: dict[str, Any] = {"stream_options": {"include_usage": True}}

HOSTS = {"anthropic": "api.anthropic.com", "google": "generativelanguage.googleapis.com"}
"""Service -> the host that stands in the recording for the replay server; OpenAI's for all others."""


class Call(NamedTuple):
    """One call, or one run of an agent.

    Attributes:
        scenarios: what the replay server answers, request by request.
        make: makes the call, given the address at which the scenario is played, and the model.
        options: how the answer goes wrong, in the server's words.
    """

    scenarios: tuple[str, ...]
    make: Callable[[str, str], Any]
    options: str = ""

    @property
    def service(self) -> str:
        """Whose API it is."""
        return by_id[self.scenarios[0]].service

    def run(self, server: Server) -> None:
        """Make the call; one that is to go wrong must."""
        scenario = by_id[self.scenarios[0]]
        # An agent asks more than once, so that each of its requests says by itself what is to answer it.
        path = f"id/{scenario.id}~{self.options}" if len(self.scenarios) == 1 else scenario.service
        try:
            self.make(f"{server.url}/{path}", scenario.model)
        except Exception:
            if not self.options:
                raise
        else:
            if self.options:
                raise AssertionError(f"a call with {self.options} was to fail")


# --- OpenAI's SDK ---


def _openai(at: str) -> Any:
    return import_module("openai").OpenAI(base_url=f"{at}/v1", api_key="none", max_retries=0)


def _close(stream: Any) -> None:
    """Close a stream; one of Langfuse's before 4 can only be let go of."""
    getattr(stream, "close", lambda: None)()


def _chat(at: str, model: str) -> None:
    _openai(at).chat.completions.create(model=model, messages=_ASK)


def _chat_stream(at: str, model: str) -> None:
    for _ in _openai(at).chat.completions.create(model=model, messages=_ASK, stream=True, **_USAGE):
        pass


def _chat_left(at: str, model: str) -> None:
    stream = _openai(at).chat.completions.create(model=model, messages=_ASK, stream=True, **_USAGE)
    next(iter(stream))
    _close(stream)


def _chat_tools(at: str, model: str) -> None:
    _openai(at).chat.completions.create(model=model, messages=_ASK, tools=_TOOLS)


def _responses(at: str, model: str) -> None:
    _openai(at).responses.create(model=model, input="Where does Lisbon lie?")


def _responses_stream(at: str, model: str) -> None:
    for _ in _openai(at).responses.create(model=model, input="Where does Lisbon lie?", stream=True):
        pass


def _embeddings(at: str, model: str) -> None:
    _openai(at).embeddings.create(model=model, input=["Lisbon", "Faro"])


_OPENAI = {
    "plain": Call(("openai-plain-call",), _chat),
    "stream": Call(("openai-plain-stream",), _chat_stream),
    "stream, left": Call(("openai-plain-stream",), _chat_left),
    "stream, failed": Call(("openai-plain-stream",), _chat_stream, "error_after=3"),
    "refused": Call(("openai-plain-call",), _chat, "status=400"),
    "tools": Call(("openai-tools-call",), _chat_tools),
    "responses": Call(("responses-plain-call",), _responses),
    "responses, stream": Call(("responses-plain-stream",), _responses_stream),
    "embeddings": Call(("openai-embeddings-call",), _embeddings),
}


# --- Anthropic's SDK ---


def _messages(at: str) -> Any:
    return import_module("anthropic").Anthropic(base_url=at, api_key="none", max_retries=0).messages


def _message(at: str, model: str) -> None:
    _messages(at).create(model=model, messages=_ASK, max_tokens=64)


def _message_stream(at: str, model: str) -> None:
    for _ in _messages(at).create(model=model, messages=_ASK, max_tokens=64, stream=True):
        pass


def _message_left(at: str, model: str) -> None:
    stream = _messages(at).create(model=model, messages=_ASK, max_tokens=64, stream=True)
    next(iter(stream))
    _close(stream)


def _message_tools(at: str, model: str) -> None:
    tools = [{"name": _TOOL, "input_schema": _CITY}]
    _messages(at).create(model=model, messages=_ASK, max_tokens=64, tools=tools)


_ANTHROPIC = {
    "plain": Call(("anthropic-plain-call",), _message),
    "stream": Call(("anthropic-plain-stream",), _message_stream),
    "stream, no cache written": Call(("anthropic-structured-stream",), _message_stream),
    "stream, left": Call(("anthropic-plain-stream",), _message_left),
    "stream, failed": Call(("anthropic-plain-stream",), _message_stream, "error_after=3"),
    "refused": Call(("anthropic-plain-call",), _message, "status=400"),
    "tools": Call(("anthropic-tools-call",), _message_tools),
}


# --- LiteLLM ---


def _completion(at: str, model: str, **asked: Any) -> Any:
    completion = import_module("litellm").completion
    return completion(model=f"openai/{model}", api_base=f"{at}/v1", api_key="none", messages=_ASK, **asked)


def _completion_stream(at: str, model: str) -> None:
    for _ in _completion(at, model, stream=True, **_USAGE):
        pass


def _acompletion(at: str, model: str) -> None:
    acompletion = import_module("litellm").acompletion
    asked: dict[str, Any] = {"model": f"openai/{model}", "api_base": f"{at}/v1", "api_key": "none"}

    async def ask() -> None:
        await acompletion(messages=_ASK, **asked)
        await asyncio.sleep(1)  # its callbacks are tasks of the loop

    asyncio.run(ask())


def _embedding(at: str, model: str) -> None:
    import_module("litellm").embedding(
        model=f"openai/{model}", api_base=f"{at}/v1", api_key="none", input=["Lisbon", "Faro"]
    )


_LITELLM = {
    "plain": Call(("openai-plain-call",), _completion),
    "stream, gpt-5": Call(("openai-cached-stream",), _completion_stream),
    "stream": Call(("openai-plain-stream",), _completion_stream),
    "awaited": Call(("openai-plain-call",), _acompletion),
    "tools": Call(("openai-tools-call",), lambda at, model: _completion(at, model, tools=_TOOLS)),
    "refused": Call(("openai-plain-call",), _completion, "status=400"),
    "embeddings": Call(("openai-embeddings-call",), _embedding),
}

CALLS: dict[str, dict[str, Call]] = {"openai": _OPENAI, "anthropic": _ANTHROPIC, "litellm": _LITELLM}
"""By SDK, then by what the call is called in the recording."""
