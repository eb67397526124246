"""A stand-in for the providers on 127.0.0.1, which answers with scenarios.

`replay.routes` tells which, and what paths may say.

Run by itself it prints its address: `python -m replay.server [port]`.
"""

from __future__ import annotations

import json
import socket
import struct
import sys
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self, cast

from replay import forms, routes
from replay.errors import Refusal, error_event, refusal
from replay.scenarios import Answer

MAX_BODY = 4 * 1024 * 1024
_USAGE = b'"choices":[],'
"""What tells OpenAI's chunk with the usage."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came in, and the scenario that answered it."""

    path: str
    body: Any
    headers: dict[str, str]
    """By lower-cased name."""
    scenario: str | None = None


def _asks_for_usage(request: Any) -> bool:
    options = request.get("stream_options") if isinstance(request, dict) else None
    return isinstance(options, dict) and options.get("include_usage") is True


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    requests: list[Request]
    scripts: dict[str, Answer]

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Says nothing: requests are recorded."""

    def do_GET(self) -> None:
        """Refuses, but says that the server is there."""
        self._refuse(refusal("openai", 404, "replay: POST only"))

    def do_POST(self) -> None:
        """Answers one request."""
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        path = self.path.partition("?")[0]
        headers = {name.lower(): value for name, value in self.headers.items()}
        request: Any = None
        try:
            request = self._read(headers)
            scenario, options = routes.find(path, request, self.scripts)
        except routes.RefusedError as error:
            self.requests.append(Request(path, request, headers))
            self._refuse(error.refusal)
            return
        self.requests.append(Request(path, request, headers, scenario.id))
        try:
            self._answer(scenario, options, request)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the client has had enough, which tests do on purpose

    def _read(self, headers: dict[str, str]) -> dict[str, Any]:
        """The JSON body, or a form's fields. What stays unread makes the connection useless, so it is closed then."""
        length = headers.get("content-length", "0")
        if "origin" in headers or not length.isdecimal() or int(length) > MAX_BODY:
            self.close_connection = True
        if "origin" in headers:
            raise routes.RefusedError(403, "replay: not for browsers")
        if not length.isdecimal():
            raise routes.RefusedError(400, "replay: a bad content-length")
        if int(length) > MAX_BODY:
            raise routes.RefusedError(413, f"replay: a body of more than {MAX_BODY} bytes")
        body, media_type = self.rfile.read(int(length)), headers.get("content-type", "")
        if media_type.startswith("multipart/form-data"):
            return forms.fields(body, media_type)
        try:
            parsed: Any = json.loads(body or b"{}")
        except ValueError:
            raise routes.RefusedError(400, "replay: the body is not JSON") from None
        if not isinstance(parsed, dict):
            raise routes.RefusedError(400, "replay: the body is not a JSON object")
        return cast("dict[str, Any]", parsed)

    def _answer(self, scenario: Answer, options: routes.Options, request: Any) -> None:
        time.sleep(options.first)
        if options.status is not None:
            self._refuse(refusal(scenario.service, options.status, f"replay: {scenario.id} was told to fail"))
            return
        self.send_response(200)
        self.send_header("content-type", scenario.content_type)
        for name, value in scenario.headers.items():
            self.send_header(name, value)
        if not scenario.stream and options == routes.Options():
            self.send_header("content-length", str(len(scenario.events[0])))
            self.end_headers()
            self.wfile.write(scenario.events[0])
            return
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for count, event in enumerate(scenario.events):
            if count == options.error_after:
                self._chunk(error_event(scenario.service))
                break
            if count == options.cut:
                break
            if options.asked and _USAGE in event and not _asks_for_usage(request):
                continue
            if count == options.stall:
                self.rfile.read(1)  # nothing, once the client hangs up
                self.close_connection = True
                return
            time.sleep(options.delay)
            self._chunk(event)
        if options.cut is not None and (options.drop or options.reset):
            self._hang_up(rst=options.reset)
            return
        self.wfile.write(b"0\r\n\r\n")

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def _hang_up(self, *, rst: bool) -> None:
        self.close_connection = True
        self.wfile.flush()
        if rst:
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            # Python's shutdown_request() would send FIN first; closing the only descriptor sends RST.
            self.rfile.close()
            self.connection.close()

    def _refuse(self, refusal: Refusal) -> None:
        body = json.dumps(refusal.body).encode()
        self.send_response(refusal.status)
        for name, value in refusal.headers.items():
            self.send_header(name, value)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        if self.close_connection:
            self.send_header("connection", "close")
        self.end_headers()
        self.wfile.write(body)


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing of connections that were cut, on either side."""
        if not isinstance(sys.exception(), OSError | ValueError):
            super().handle_error(request, client_address)


@dataclass(slots=True)
class Server:
    """A running server: a context manager that closes it."""

    _http: _Http
    requests: list[Request] = field(default_factory=list[Request])
    """Every request since the start, oldest first."""
    scripts: dict[str, Answer] = field(default_factory=dict[str, Answer])
    """Answers besides the scenarios, by the name that a path has after `/id/`."""

    @property
    def port(self) -> int:
        """Where it listens on 127.0.0.1."""
        return int(self._http.server_address[1])

    @property
    def url(self) -> str:
        """The address without a path."""
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        """Stops listening. Connections that are still open end with the process."""
        self._http.shutdown()
        self._http.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def start(port: int = 0) -> Server:
    """Starts a server in threads of its own; port 0 takes a free one."""
    requests: list[Request] = []
    scripts: dict[str, Answer] = {}
    handler = type("Handler", (_Handler,), {"requests": requests, "scripts": scripts})
    http = _Http(("127.0.0.1", port), handler)
    threading.Thread(target=http.serve_forever, args=(0.05,), name="replay", daemon=True).start()
    return Server(http, requests, scripts)


if __name__ == "__main__":
    with start(int(sys.argv[1]) if len(sys.argv) > 1 else 0) as running:
        print(running.url, flush=True)
        threading.Event().wait()
