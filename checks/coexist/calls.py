"""The calls that are made beneath a peer: of two SDKs, ended in five ways, their stream wrapped or not."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from replay.scenarios import by_id
from replay.server import Server

__all__ = ["CALLS", "COMPLETE", "truth"]

Wrap = Callable[[Any], Any]
_ASK: list[Any] = [{"role": "user", "content": "Where does Lisbon lie?"}]
_SDKS = ("openai", "anthropic", "httpx", "httpx2")


def _scenario(service: str, *, streamed: bool) -> str:
    return f"{service}-plain-{'stream' if streamed else 'call'}"


def _ask(server: Server, service: str, options: str = "", *, streamed: bool = True, manager: bool = False) -> Any:
    scenario = _scenario(service, streamed=streamed)
    at = f"{server.url}/id/{scenario}{'~' if options else ''}{options}"
    asked: dict[str, Any] = {"model": by_id[scenario].model, "messages": _ASK}
    sdk = import_module(service)
    if service == "openai":
        resource: Any = sdk.OpenAI(base_url=f"{at}/v1", api_key="none", max_retries=0).chat.completions
        if streamed:
            asked["stream_options"] = {"include_usage": True}
    else:
        resource = sdk.Anthropic(base_url=at, api_key="none", max_retries=0).messages
        asked["max_tokens"] = 64
    return resource.stream(**asked) if manager else resource.create(**asked, stream=streamed)


def _plain(server: Server, service: str, wrap: Wrap) -> None:
    _ask(server, service, streamed=False)


def _stream(server: Server, service: str, wrap: Wrap) -> None:
    for _ in wrap(_ask(server, service)):
        pass


def _break(server: Server, service: str, wrap: Wrap) -> None:
    stream = wrap(_ask(server, service))
    for _ in stream:
        break
    stream.close()


def _error(server: Server, service: str, wrap: Wrap) -> None:
    try:
        for _ in wrap(_ask(server, service, "error_after=3")):
            pass
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in _SDKS:
            raise
    else:
        raise AssertionError("the stream was to fail")


def _manager(server: Server, service: str, wrap: Wrap) -> None:
    with wrap(_ask(server, service, manager=True)) as stream:
        for _ in stream:
            pass


CALLS: dict[str, Callable[[Server, str, Wrap], None]] = {
    "plain": _plain,
    "stream": _stream,
    "break": _break,
    "error": _error,
    "manager": _manager,
}
COMPLETE = ("plain", "stream", "manager")
"""The calls that come to their end, whose cost the scenarios have."""


def truth(service: str, call: str) -> float:
    """What a complete call costs, in USD."""
    return by_id[_scenario(service, streamed=call != "plain")].truth.usd
