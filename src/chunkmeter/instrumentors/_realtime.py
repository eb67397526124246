"""Meters OpenAI's Realtime sessions: each response is a call, and so is each transcription of what the user said.

Whatever the application does with a connection, each message of the server passes through its `recv_bytes`. A message
that is only a piece of an answer is counted, and not parsed.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Mapping
from functools import partial
from typing import Any, cast
from urllib.parse import parse_qs

from .. import providers, readers
from ..calls.call import Call
from ..calls.lease import Lease
from ..facts.request import Request
from ..readers import Reader
from ..readers.openai_realtime import TRANSCRIBED, TRANSCRIBER, WIRE
from ..reporting.telemetry import Telemetry
from ._library import Patches
from ._method import Method

__all__ = ["install_realtime"]

Json = dict[str, Any]

_MODULES = ("openai.resources.realtime.realtime", "openai.resources.beta.realtime.realtime")
_CLASSES = ("RealtimeConnection", "AsyncRealtimeConnection")
_SESSION = "_chunkmeter_session"
# What a message begins with; one that begins otherwise is parsed.
_TYPE = re.compile(rb'\s*\{\s*"type"\s*:\s*"([a-z_.]+)"')
_RESPONSE_ID = re.compile(rb'"response_id"\s*:\s*"([^"]+)"')
_HEAD = 512
"""Bytes of a message in which the id of its response is looked for."""


def install_realtime(telemetry: Telemetry, patches: Patches) -> None:
    """Put the hooks of Realtime connections in place.

    Args:
        telemetry: where calls report.
        patches: what the hooks are put with.
    """
    method = Method(telemetry, "openai", patches)

    def on_receive(wrapped: Any, connection: Any, args: Any, kwargs: Any) -> Any:
        """Hook of `recv_bytes()`, sync or async."""
        if not method.works():
            return wrapped(*args, **kwargs)
        session = _session(connection, method)
        if inspect.iscoroutinefunction(wrapped):
            return _areceived(session, wrapped, args, kwargs)
        try:
            message = wrapped(*args, **kwargs)
        except Exception as error:
            session.failed(error)
            raise
        session.received(message)
        return message

    def on_close(wrapped: Any, connection: Any, args: Any, kwargs: Any) -> Any:
        """Hook of `close(*, code, reason)`: the application closes the connection."""
        session = vars(connection).get(_SESSION)
        if session is not None:
            session.closed()
        return wrapped(*args, **kwargs)

    def install(module: Any, name: str) -> None:
        kind = getattr(module, name)
        patches.wrap(kind, "recv_bytes", on_receive)
        patches.wrap(kind, "close", on_close)

    for module in _MODULES:
        for name in _CLASSES:
            patches.when_imported(module, partial(install, name=name), name)


async def _areceived(session: _Session, receive: Any, args: Any, kwargs: Any) -> Any:
    try:
        message = await receive(*args, **kwargs)
    except Exception as error:
        session.failed(error)
        raise
    session.received(message)
    return message


def _session(connection: Any, method: Method) -> _Session:
    session = vars(connection).get(_SESSION)
    if session is None:
        session = vars(connection)[_SESSION] = _Session(method, getattr(connection, "_connection", None))
    return session


class _Session:
    """The calls of one connection.

    Args:
        method: begins calls.
        socket: the connection of the package `websockets`, which knows the address.
    """

    def __init__(self, method: Method, socket: Any) -> None:
        self._method, self._guard = method, method.telemetry.guard
        self._reader: Reader = readers.for_wire(WIRE)
        self._open: dict[str | None, Lease] = {}
        """The responses that are under way, by their ids."""
        protocol = getattr(socket, "protocol", None)
        place = getattr(protocol, "uri", None) or getattr(protocol, "wsuri", None)  # of websockets before 15
        self._host, self._port = getattr(place, "host", None), getattr(place, "port", None)
        asked = parse_qs(str(getattr(place, "query", "")))
        self._model: str | None = next(iter(asked.get("model", ())), None)
        self._transcriber: str | None = None

    def received(self, message: Any) -> None:
        """Take note of a message of the server. Never raises."""
        with self._guard("reader", "reading a Realtime event"):
            raw = message.encode() if isinstance(message, str) else bytes(message)
            begins = _TYPE.match(raw)
            event = None if begins else _parsed(raw)
            kind = begins[1].decode() if begins else str((event or {}).get("type"))
            if kind == "response.created":
                self._begin(event or _parsed(raw))
            elif kind == "response.done":
                self._end(event or _parsed(raw))
            elif kind.startswith("response."):
                self._piece(kind, raw)
            elif kind == TRANSCRIBED:
                self._transcribed(event or _parsed(raw))
            elif kind.partition(".")[0] in ("session", "transcription_session"):
                self._configured(event or _parsed(raw))

    def failed(self, error: Exception) -> None:
        """Take note of what asking for a message has raised: a connection that is closed ends what was under way."""
        name = type(error).__name__
        if not name.startswith("ConnectionClosed"):
            return
        for lease in self._take_all():
            if name == "ConnectionClosedOK":
                lease.begun().settle("exhausted")
            else:
                lease.begun().fail(error)

    def closed(self) -> None:
        """The application closes the connection."""
        for lease in self._take_all():
            lease.begun().close()

    def _take_all(self) -> list[Lease]:
        leases = [*self._open.values()]
        self._open.clear()
        return leases

    def _configured(self, event: Json) -> None:
        session = _object(event, "session")
        model = session.get("model")
        self._model = model if isinstance(model, str) and model else self._model
        for path in TRANSCRIBER:
            *steps, last = path.split(".")
            found = session
            for step in steps:
                found = _object(found, step)
            if isinstance(found.get(last), str):
                self._transcriber = found[last]

    def _begin(self, event: Json) -> Call | None:
        call = self._call(self._model, {"model": self._model})
        if call is not None:
            self._reader.read(call.tally, event)  # it is no piece of the answer, so the first chunk is yet to come
            self._open[_object(event, "response").get("id")] = Lease(call)
        return call

    def _piece(self, kind: str, raw: bytes) -> None:
        found = _RESPONSE_ID.search(raw[:_HEAD])
        lease = self._open.get(found[1].decode() if found else None)
        if lease is not None:
            # An estimate needs the text.
            lease.begun().observe(_parsed(raw) if self._method.telemetry.settings.estimate else {"type": kind})

    def _end(self, event: Json) -> None:
        lease = self._open.pop(_object(event, "response").get("id"), None)
        call = self._begin(event) if lease is None else lease.begun()
        self._open.pop(_object(event, "response").get("id"), None)
        if call is not None:
            call.observe(event)
            call.settle("exhausted")

    def _transcribed(self, event: Json) -> None:
        call = self._call(self._transcriber, {"audio": {"input": {"transcription": {"model": self._transcriber}}}})
        if call is not None:
            call.observe(event)
            call.settle("exhausted")

    def _call(self, model: str | None, session: Json) -> Call | None:
        """Begin a call, of whose session its reader knows what concerns it."""
        owner = providers.at_host(self._host or "")
        request = Request(
            operation=self._reader.operation,
            provider="openai" if owner is None else owner.name,
            model=model,
            server_address=self._host,
            server_port=self._port,
            sent=False,
        )
        call = self._method.begin(lambda: (request, self._reader))
        if call is not None:
            self._reader.read(call.tally, {"type": "session.updated", "session": session})
        return call


def _parsed(raw: bytes) -> Json:
    event = json.loads(raw)
    return cast("Json", event) if isinstance(event, dict) else {}


def _object(said: Mapping[str, Any], name: str) -> Json:
    found = said.get(name)
    return cast("Json", found) if isinstance(found, dict) else {}
