"""Who answers at a server: what the user says of it, else whose own host it is."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import NamedTuple
from urllib.parse import urlsplit

from . import providers
from .shown import server

__all__ = ["AS_TOLD", "Server", "Servers", "server_of", "who_answers"]

AS_TOLD = "*"
"""Stands for a provider: whichever the SDK, the wire or the span tells is believed at that server."""


class Server(NamedTuple):
    """A server whose provider the user names.

    Attributes:
        host: its host; `*` stands for any letters.
        port: its port, None for every port.
        provider: the provider in any spelling, or `AS_TOLD`.
    """

    host: str
    port: int | None
    provider: str


def server_of(place: str, provider: str) -> Server:
    """A server by its host, or host and port, such as `llm.internal:8000` or `[::1]:8000`.

    Raises:
        ValueError: if this is no such place, or the provider's name is empty. The message says what to write.
    """
    place, provider = place.strip(), provider.strip()
    try:
        parts = urlsplit(f"//{place}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or not provider or place.lower() != server(host, port):
        raise ValueError("a host, with its port or without, and its provider, such as 'llm.internal:8000' and 'openai'")
    return Server(host, port, provider)


class Servers:
    """The servers whose providers the user names.

    Args:
        entries: the servers. Of several that fit, one with a port counts before one without; then the first counts.
    """

    def __init__(self, entries: Iterable[Server] = ()) -> None:
        self._entries = sorted(entries, key=lambda each: each.port is None)

    def provider(self, host: str, port: int | None) -> str | None:
        """The provider that the user names for a server, or `AS_TOLD`; None if the user says nothing of it."""
        name = host.lower()
        fitting = (each for each in self._entries if each.port in (None, port) and fnmatchcase(name, each.host))
        return next((each.provider for each in fitting), None)


def who_answers(
    provider: str | None, host: str | None, port: int | None, *, named: bool, servers: Iterable[Servers] = ()
) -> tuple[str | None, bool]:
    """The provider whose prices a call has, and whether that is sure.

    Args:
        provider: the conventions' name of the provider that is named or inferred, None if unknown.
        host: the host that the request goes to. Where it is None, nothing contradicts the provider.
        port: its port.
        named: whether the user named the provider; else an SDK, a wire or another's span made us infer it.
        servers: what the user says of servers; the first that says something counts.
    """
    if host is None:
        return provider, True
    said = next((found for each in servers if (found := each.provider(host, port))), None)
    if said is not None:
        return (provider if said == AS_TOLD else providers.provider_name(said)), True
    if named and provider is not None:
        return provider, True
    owner, told = providers.at_host(host), providers.provider(provider)
    if owner is None:
        return provider, False
    return (provider if told is not None and told.prices == owner.prices else owner.name), True
