"""Tells from a request of a Stainless SDK which wire answers it, who does, and what it asks for."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast, get_origin
from urllib.parse import urlsplit

from .. import providers, readers
from ..facts.request import Request, server
from ..readers import Reader
from ._endpoint import Endpoint
from ._include_usage import asked_openai, says_usage
from ._parameters import request_of

__all__ = ["Given", "Sdk"]

_RAW = "x-stainless-raw-response"


@dataclass(frozen=True, slots=True, eq=False)
class Sdk:
    """One SDK made by Stainless: what differs from it to the next.

    Attributes:
        package: the name that it is imported by.
        provider: who answers where neither the client's class nor the host tells.
        wires: the end of a request's path, whose `*` stands for one step of it -> the wire of the answer. Other
            requests are none of a model's.
        clients: a word in the name of a client's class -> who answers the client.
        untold: the wires whose streams bring their usage only if they are asked for it.
    """

    package: str
    provider: str
    wires: Mapping[str, str]
    clients: Mapping[str, str]
    untold: frozenset[str] = frozenset()

    def wire(self, path: str) -> str | None:
        """The wire of the answer to a request, by its path; None where it is no request to a model."""
        end = _longest_end(tuple(self.wires), path)
        return None if end is None else self.wires[end]

    def place(self, client: Any, url: str) -> Endpoint:
        """Where a client's request goes: who answers is told by the client's class, else the host, else the format."""
        return _place(self, type(client), url)


@dataclass(frozen=True, slots=True)
class Given:
    """What the hook of `request(cast_to, options, *, stream, stream_cls)` is given.

    Attributes:
        sdk: the SDK.
        client: the client that sends the request.
        options: the SDK's description of the request.
        stream: whether the answer is to be a stream.
        stream_class: the class of that stream.
    """

    sdk: Sdk
    client: Any
    options: Any
    stream: bool
    stream_class: Any

    @classmethod
    def of(cls, sdk: Sdk, client: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Given:
        """What is given by position and by name."""
        options = args[1] if len(args) > 1 else kwargs["options"]
        return cls(sdk, client, options, bool(kwargs.get("stream")), kwargs.get("stream_cls"))

    @property
    def wire(self) -> str | None:
        """The wire of the answer; None where this is no request to a model."""
        posts = str(self.options.method).lower() == "post"
        return self.sdk.wire(urlsplit(str(self.options.url)).path) if posts else None

    @property
    def body(self) -> dict[str, Any]:
        """The body that is sent, as far as it is a JSON object or a form."""
        said = self.options.json_data
        return {**(said if isinstance(said, dict) else {}), **self._extra}

    def described(self, wire: str, *, keeps_prompt: bool) -> tuple[Request, Reader]:
        """The request, and the reader of its answer.

        Args:
            wire: the wire of the answer.
            keeps_prompt: whether the request keeps its parameters, so that the prompt's tokens can be estimated.
        """
        reader = readers.for_wire(wire)
        url = str(self.options.url)
        url = url if urlsplit(url).netloc else str(self.client.base_url)
        return request_of(
            self.body,
            self.sdk.place(self.client, url),
            operation=reader.operation,
            stream=self.stream,
            keeps_prompt=keeps_prompt,
        ), reader

    @property
    def is_untold(self) -> bool:
        """Whether it is a stream that brings no usage unless it is asked for, and nobody has said a word of that."""
        return self.stream and self.wire in self.sdk.untold and not says_usage(self.body)

    def asked(self) -> Any:
        """The options of a stream's request, with the wish for usage added.

        Returns:
            A copy; None where the request mentions the usage already, is no stream that has to be asked, or hands its
            events to the application in such a way that the chunk with the usage could not be kept from it.
        """
        if not self.is_untold or not self._is_ours_to_filter or not isinstance(self.options.json_data, dict):
            return None
        asked = asked_openai({**self.options.json_data, **({"extra_body": self._extra} if self._extra else {})})
        if asked is None:
            return None
        options = copy.copy(self.options)
        if "extra_body" in asked:
            options.extra_json = asked.pop("extra_body")
        options.json_data = asked
        return options

    @property
    def _is_ours_to_filter(self) -> bool:
        """Whether the answer becomes a stream of the SDK's own: not the body's lines, nor a stream of the user's."""
        headers = cast("Mapping[str, Any]", self.options.headers if isinstance(self.options.headers, Mapping) else {})
        read_by_user = any(name.lower() == _RAW and value == "stream" for name, value in headers.items())
        kind = get_origin(self.stream_class) or self.stream_class
        return not read_by_user and str(getattr(kind, "__module__", "")).partition(".")[0] == self.sdk.package

    @property
    def _extra(self) -> dict[str, Any]:
        extra = getattr(self.options, "extra_json", None)
        return {**extra} if isinstance(extra, Mapping) else {}


@lru_cache(maxsize=512)
def _longest_end(ends: tuple[str, ...], path: str) -> str | None:
    """The longest of the ends of paths that a path has."""
    steps = path.partition("?")[0].strip("/").split("/")
    return max((end for end in ends if _ends(steps, end.strip("/").split("/"))), key=len, default=None)


@lru_cache(maxsize=256)
def _place(sdk: Sdk, kind: type[Any], url: str) -> Endpoint:
    host, port = server(url)
    word = _first_word(tuple(sdk.clients), sdk.package, kind)
    if word is not None:
        return Endpoint(sdk.clients[word], host, port)
    owner = providers.at_host(host or "") or providers.at_url(url)
    return Endpoint(sdk.provider if owner is None else owner.name, host, port)


def _first_word(words: tuple[str, ...], package: str, kind: type[Any]) -> str | None:
    """The first of the words that stands in the name of a class, or of one that it inherits from the package."""
    own = [each.__name__ for each in kind.__mro__ if each.__module__.partition(".")[0] == package]
    return next((word for word in words if any(word in name for name in own)), None)


def _ends(steps: list[str], end: list[str]) -> bool:
    return len(steps) >= len(end) and all(own in ("*", step) for step, own in zip(steps[-len(end) :], end, strict=True))
