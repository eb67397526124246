"""Sends one export of nothing to an OTLP endpoint, and tells what became of it. No longer than a few seconds."""

from __future__ import annotations

import http.client
import importlib
import os
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from ...shown import plain, server
from ..http_client import NoRedirect
from ..otlp import SERVICES

__all__ = ["GRPC", "HTTP", "Reply", "Target", "probe"]

GRPC: Final = "grpc"
HTTP: Final = "http/protobuf"
_TIMEOUT = 3.0
_KEYS = ("UNAUTHENTICATED", "PERMISSION_DENIED")
_AWAY = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "UNKNOWN", "INTERNAL", "CANCELLED")
"""What gRPC says where nobody answers, or nobody who speaks it."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a signal is exported to.

    Attributes:
        signal: `traces` or `metrics`.
        protocol: `GRPC` or `HTTP`.
        scheme: `http` or `https`.
        host: the host.
        port: the port; None for that of the scheme.
        path: the path of HTTP.
        own: whether the signal has an endpoint of its own.
        headers: what is sent along; the values may be secrets.
        authority: the file of the certificates that are trusted; None for those of the system.
        certificate: the file of the client's certificate.
        key: the file of its key.
    """

    signal: str
    protocol: str
    scheme: str
    host: str
    port: int | None
    path: str
    own: bool = False
    headers: tuple[tuple[str, str], ...] = ()
    authority: str | None = None
    certificate: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What became of an export.

    Attributes:
        kind: `taken`; `refused` by somebody who answers; `away` where nobody answers, or not in this protocol.
        said: why, in a few words.
        key: whether it is refused for want of a key.
    """

    kind: Literal["taken", "refused", "away"]
    said: str = ""
    key: bool = False

    @property
    def speaks(self) -> bool:
        """Whether somebody answers who takes OTLP, if only with a key."""
        return self.kind == "taken" or self.key


def probe(at: Target) -> Reply:
    """Send one export of nothing, and wait a few seconds for the answer. Nothing is raised."""
    try:
        return _by_grpc(at) if at.protocol == GRPC else _by_http(at)
    except (OSError, ValueError) as error:  # a file of certificates, or a header that can't be sent
        return Reply("away", plain(type(error).__name__))


def _by_grpc(at: Target) -> Reply:
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # it is heard where this is imported first
    grpc: Any = importlib.import_module("grpc")  # imported so since it has no types
    place = server(at.host, at.port or (443 if at.scheme == "https" else 80))
    if at.scheme == "https":
        read = [Path(each).read_bytes() if each else None for each in (at.authority, at.key, at.certificate)]
        channel = grpc.secure_channel(place, grpc.ssl_channel_credentials(*read))
    else:
        channel = grpc.insecure_channel(place)
    with channel:
        send = channel.unary_unary(f"/{SERVICES[at.signal]}/Export")
        try:
            send(b"", timeout=_TIMEOUT, metadata=at.headers)
        except grpc.RpcError as error:
            word: str = error.code().name
            if word in _AWAY:
                return Reply("away", word)
            return Reply("refused", word, word in _KEYS) if word in (*_KEYS, "UNIMPLEMENTED") else Reply("taken")
    return Reply("taken")


def _by_http(at: Target) -> Reply:
    headers = {**dict(at.headers), "content-type": "application/x-protobuf"}
    url = f"{at.scheme}://{server(at.host, at.port)}{at.path or '/'}"
    request = urllib.request.Request(url, b"", headers, method="POST")
    context = ssl.create_default_context(cafile=at.authority)
    if at.certificate:
        context.load_cert_chain(at.certificate, at.key)
    opener = urllib.request.build_opener(NoRedirect, urllib.request.HTTPSHandler(context=context))
    try:
        with opener.open(request, timeout=_TIMEOUT):
            return Reply("taken")
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 400:  # who is asked for nothing may say so
            return Reply("taken")
        return Reply("refused", str(error.code), error.code in (401, 403))
    except urllib.error.URLError as error:
        return Reply("away", plain(type(error.reason).__name__))
    except (http.client.HTTPException, OSError) as error:
        return Reply("away", plain(type(error).__name__))
