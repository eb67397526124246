"""Passes exports on to another OTLP endpoint, without holding up whoever sent them."""

from __future__ import annotations

import os
import queue
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from functools import cache
from http.client import HTTPException
from importlib import import_module
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from opentelemetry.util.re import parse_env_headers

from ..shown import origin, plain
from ..switches import has_own, of_signal
from .http_client import NoRedirect
from .otlp import SERVICES
from .output import say

__all__ = ["SIGNALS", "Forward", "Target", "environment_targets", "targets"]

SIGNALS = ("traces", "metrics", "logs")
_HTTP_PORT = 4318
_MOST_WAITING = 1000
_MOST_BYTES = 64 * 1024 * 1024
"""How many exports may wait, and how large they may be together."""
_TIMEOUT = 10.0
_LEAVE = 5.0
"""Seconds that what waits has at the end."""


class Target(NamedTuple):
    """Where the exports of one signal go.

    Attributes:
        url: the whole URL for HTTP; for gRPC its scheme and host.
        grpc: whether it is asked by gRPC.
        headers: what goes with each export.
        certificate: the file of the certificates that are trusted; None for the system's.
    """

    url: str
    grpc: bool
    headers: Mapping[str, str]
    certificate: str | None = None


def targets(endpoint: str, environ: Mapping[str, str] = os.environ) -> dict[str, Target]:
    """Where each signal goes by an endpoint, with the headers that the environment has for it.

    The protocol is that of OTEL_EXPORTER_OTLP_PROTOCOL. Where it says nothing, an endpoint with a path or with port
    4318 is asked by HTTP, any other by gRPC. By HTTP, `/v1/traces` and its like are added to the endpoint.

    Raises:
        ValueError: if the endpoint is no URL of OTLP's.
    """
    return {signal: _target(endpoint, signal, environ, whole=False) for signal in SIGNALS}


def environment_targets(environ: Mapping[str, str]) -> dict[str, Target]:
    """Where each signal goes by OTEL_EXPORTER_OTLP_ENDPOINT and its like for one signal; empty where none is set.

    Raises:
        ValueError: if one of them is no URL of OTLP's.
    """
    found: dict[str, Target] = {}
    for signal in SIGNALS:
        if endpoint := of_signal(environ, signal, "ENDPOINT"):
            found[signal] = _target(endpoint, signal, environ, whole=has_own(environ, signal, "ENDPOINT"))
    return found


def _target(endpoint: str, signal: str, environ: Mapping[str, str], *, whole: bool) -> Target:
    try:
        parts = urlsplit(endpoint if "://" in endpoint else f"http://{endpoint}")
        port, host = parts.port, parts.hostname
    except ValueError:
        host = port = None
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError(f"{origin(endpoint)} can't be an OTLP endpoint: write one such as http://localhost:4318")
    path = parts.path.rstrip("/")
    said = of_signal(environ, signal, "PROTOCOL")
    grpc = said == "grpc" if said else not path and port != _HTTP_PORT
    headers = parse_env_headers(of_signal(environ, signal, "HEADERS"), liberal=True)
    certificate = of_signal(environ, signal, "CERTIFICATE") or None
    if grpc:
        return Target(f"{parts.scheme}://{parts.netloc}", True, headers, certificate)
    path = path if whole else f"{path}/v1/{signal}"
    query = f"?{parts.query}" if parts.query else ""
    return Target(f"{parts.scheme}://{parts.netloc}{path}{query}", False, headers, certificate)


class _Export(NamedTuple):
    signal: str
    payload: bytes
    as_json: bool
    raw: bytes | None


class Forward:
    """Passes exports on, one after the other, in a thread of its own. What does not get through is told once.

    Args:
        goals: where each signal goes; a signal that is not there goes nowhere.
    """

    def __init__(self, goals: Mapping[str, Target]) -> None:
        self._goals = goals
        self._waiting: queue.Queue[_Export | None] = queue.Queue(_MOST_WAITING)
        self._lock = threading.Lock()
        self._bytes = self.lost = self.sent = 0
        self._channels: dict[str, Any] = {}
        self._thread = threading.Thread(target=self._send_all, name="chunkmeter-forward", daemon=True)
        self._thread.start()

    def put(self, signal: str, payload: bytes, *, as_json: bool, raw: bytes | None) -> None:
        """Have an export passed on. It is lost where too many wait.

        Args:
            signal: `traces`, `metrics` or `logs`.
            payload: its bytes as they were received, uncompressed.
            as_json: whether these are JSON.
            raw: the same as protobuf, for gRPC; None where there is nothing to pass on that way.
        """
        if signal not in self._goals:
            return
        with self._lock:
            fits = self._bytes + len(payload) <= _MOST_BYTES
            if fits:
                self._bytes += len(payload)
        try:
            if not fits:
                raise queue.Full
            self._waiting.put_nowait(_Export(signal, payload, as_json, raw))
        except queue.Full:
            self._tell(signal, "it takes them too slowly")
            with self._lock:
                self._bytes -= len(payload) if fits else 0

    def close(self) -> None:
        """Pass on what waits, for a few seconds at most, and say how many exports were lost."""
        try:
            self._waiting.put(None, timeout=_LEAVE)
        except queue.Full:
            pass
        self._thread.join(_LEAVE)
        waiting = self._waiting.qsize() if self._thread.is_alive() else 0
        if lost := self.lost + waiting:
            say(f"{lost:,} of {lost + self.sent:,} exports were not forwarded.")

    def _send_all(self) -> None:
        while (export := self._waiting.get()) is not None:
            goal = self._goals[export.signal]
            try:
                self._send(goal, export)
                self.sent += 1
            except (OSError, HTTPException, ValueError, _RefusedError) as error:
                self._tell(export.signal, _reason(error))
            with self._lock:
                self._bytes -= len(export.payload)
        for channel in self._channels.values():
            channel.close()

    def _send(self, goal: Target, export: _Export) -> None:
        if not goal.grpc:
            _post(goal, export)
        elif export.raw is not None:
            _call(self._channel(goal), goal, export)

    def _channel(self, goal: Target) -> Any:
        if goal.url not in self._channels:
            grpc = import_module("grpc")
            host = goal.url.partition("://")[2]
            if goal.url.startswith("https:"):
                trusted = None
                if goal.certificate:
                    with open(goal.certificate, "rb") as file:
                        trusted = file.read()
                self._channels[goal.url] = grpc.secure_channel(host, grpc.ssl_channel_credentials(trusted))
            else:
                self._channels[goal.url] = grpc.insecure_channel(host)
        return self._channels[goal.url]

    def _tell(self, signal: str, why: str) -> None:
        first = not self.lost
        self.lost += 1
        if first:
            say(f"Exports can't be forwarded to {origin(self._goals[signal].url)}: {why}. They are shown all the same.")


class _RefusedError(Exception):
    """Raised where the endpoint does not take an export."""


def _post(goal: Target, export: _Export) -> None:
    headers = {**goal.headers, "content-type": "application/json" if export.as_json else "application/x-protobuf"}
    request = urllib.request.Request(goal.url, export.payload, headers, method="POST")
    opener = _opener(goal.certificate, secure=goal.url.startswith("https:"))
    with opener.open(request, timeout=_TIMEOUT) as response:
        response.read()


@cache
def _opener(certificate: str | None, *, secure: bool) -> urllib.request.OpenerDirector:
    """What sends by HTTP, made once: to read the system's certificates takes longer than to send."""
    if not secure:
        return urllib.request.build_opener(NoRedirect)
    context = ssl.create_default_context(cafile=certificate)
    return urllib.request.build_opener(NoRedirect, urllib.request.HTTPSHandler(context=context))


def _call(channel: Any, goal: Target, export: _Export) -> None:
    grpc = import_module("grpc")
    service = f"/{SERVICES[export.signal]}/Export"
    metadata = [(name.lower(), value) for name, value in goal.headers.items()]
    try:
        channel.unary_unary(service)(export.raw, timeout=_TIMEOUT, metadata=metadata)
    except grpc.RpcError as error:
        raise _RefusedError(error.code().name) from None


def _reason(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"it answers {error.code}"
    if isinstance(error, urllib.error.URLError):
        reason = error.reason
        return _reason(reason) if isinstance(reason, Exception) else plain(reason)
    return (isinstance(error, OSError) and error.strerror) or plain(error)
