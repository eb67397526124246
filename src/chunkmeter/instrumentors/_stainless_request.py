"""Tells from a request of a Stainless SDK which wire answers it, who does, and what it asks for."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, cast, get_origin
from urllib.parse import urlsplit

from .. import providers, readers
from ..facts.request import Request, server
from ..readers import Reader
from ._endpoint import Endpoint
from ._include_usage import asked_openai, says_usage
from ._parameters import request_of

__all__ = ["Given", "Sdk", "Site", "Sites"]

_RAW = "x-stainless-raw-response"
_MOST = 512  # how many sites of an SDK are kept


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
        end = _longest_end(self.wires, path)
        return None if end is None else self.wires[end]

    def place(self, client: Any, url: str) -> Endpoint:
        """Where a client's request goes: who answers is told by the client's class, else the host, else the format."""
        host, port = server(url)
        word = _first_word(self.clients, self.package, type(client))
        if word is not None:
            return Endpoint(self.clients[word], host, port)
        owner = providers.at_host(host or "") or providers.at_url(url)
        return Endpoint(self.provider if owner is None else owner.name, host, port)


class Site(NamedTuple):
    """What is the same for all requests that a client sends to one URL.

    Attributes:
        endpoint: where they go.
        reader: reads their answers.
        untold: whether their streams bring their usage only if they are asked for it.
    """

    endpoint: Endpoint
    reader: Reader
    untold: bool


class Sites:
    """The sites of an SDK, each worked out once.

    Args:
        sdk: the SDK.
    """

    def __init__(self, sdk: Sdk) -> None:
        self._sdk = sdk
        self._known: dict[tuple[Any, ...], Site | None] = {}

    def of(self, client: Any, options: Any) -> Site | None:
        """The site of a request; None where this is no request to a model.

        Args:
            client: the client that sends the request.
            options: the SDK's description of the request.
        """
        method, url, base = str(options.method), str(options.url), client.base_url
        # httpx puts a URL's text together each time that it is asked for.
        parts: Any = getattr(base, "_uri_reference", None)
        key = type(client), tuple(parts) if isinstance(parts, tuple) else str(base), method, url
        try:
            return self._known[key]
        except KeyError:
            site = self._new(client, str(base), method, url)
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[key] = site
        return site

    def _new(self, client: Any, base: str, method: str, url: str) -> Site | None:
        parts = urlsplit(url)
        wire = self._sdk.wire(parts.path) if method.lower() == "post" else None
        if wire is None:
            return None
        return Site(
            self._sdk.place(client, url if parts.netloc else base), readers.for_wire(wire), wire in self._sdk.untold
        )


class Given:
    """A request to a model, as the hook of `request(cast_to, options, *, stream, stream_cls)` is given it.

    Args:
        sdk: the SDK.
        site: its site.
        options: the SDK's description of the request.
        kwargs: what the hook is given by name.

    Attributes:
        options: the SDK's description of the request.
        stream: whether the answer is to be a stream.
        is_untold: whether it is a stream that brings no usage unless it is asked for, and nobody has said a word of
            that.
    """

    __slots__ = ("_body", "_extra", "_sdk", "_site", "_stream_class", "is_untold", "options", "stream")

    def __init__(self, sdk: Sdk, site: Site, options: Any, kwargs: Mapping[str, Any]) -> None:
        self._sdk, self._site, self.options = sdk, site, options
        self.stream = stream = bool(kwargs.get("stream"))
        self._stream_class = kwargs.get("stream_cls")
        # The body that is sent, as far as it is a JSON object or a form.
        body: Any = options.json_data
        if not isinstance(body, dict):
            body = {}
        extra: Any = getattr(options, "extra_json", None)
        self._extra: Mapping[str, Any] | None = None
        if extra and isinstance(extra, Mapping):
            self._extra = extra
            body = {**body, **extra}
        self._body: dict[str, Any] = body
        self.is_untold = stream and site.untold and not says_usage(body)

    def described(self, *, keeps_prompt: bool) -> tuple[Request, Reader]:
        """The request, and the reader of its answer.

        Args:
            keeps_prompt: whether the request keeps its parameters, so that the prompt's tokens can be estimated.
        """
        endpoint, reader, _ = self._site
        return request_of(
            {**self._body} if keeps_prompt else self._body,
            endpoint,
            operation=reader.operation,
            stream=self.stream,
            keeps_prompt=keeps_prompt,
        ), reader

    def asked(self) -> Any:
        """The options of a stream's request, with the wish for usage added.

        Returns:
            A copy; None where the request mentions the usage already, is no stream that has to be asked, or hands its
            events to the application in such a way that the chunk with the usage could not be kept from it.
        """
        if not self.is_untold or not self._is_ours_to_filter or not isinstance(self.options.json_data, dict):
            return None
        asked = asked_openai({**self.options.json_data, **({"extra_body": {**self._extra}} if self._extra else {})})
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
        kind = get_origin(self._stream_class) or self._stream_class
        return not read_by_user and str(getattr(kind, "__module__", "")).partition(".")[0] == self._sdk.package


def _longest_end(ends: Iterable[str], path: str) -> str | None:
    """The longest of the ends of paths that a path has."""
    steps = path.partition("?")[0].strip("/").split("/")
    return max((end for end in ends if _ends(steps, end.strip("/").split("/"))), key=len, default=None)


def _first_word(words: Iterable[str], package: str, kind: type[Any]) -> str | None:
    """The first of the words that stands in the name of a class, or of one that it inherits from the package."""
    own = [each.__name__ for each in kind.__mro__ if each.__module__.partition(".")[0] == package]
    return next((word for word in words if any(word in name for name in own)), None)


def _ends(steps: list[str], end: list[str]) -> bool:
    return len(steps) >= len(end) and all(own in ("*", step) for step, own in zip(steps[-len(end) :], end, strict=True))
