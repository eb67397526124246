"""A stand-in for the providers on 127.0.0.1, which answers with scenarios.

    /{service}/...                       the scenario that fits the request: service, model, stream, tools
    /id/{scenario}[~opt[=value],...]/... that scenario, whatever the request says

Options: delay=S before each event, first=S before the first, cut=K end cleanly after K events, drop (with
cut) close without the terminating chunk, reset (with cut) send RST, status=N answer that status with the
service's error body, error_after=K send the service's error event after K events.

Run by itself it prints its address: `python -m replay.server [port]`.
"""

from __future__ import annotations

import json
import re
import socket
import struct
import sys
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self, cast, get_args

from replay.errors import error_body, error_event
from replay.scenarios import ALL, Scenario, Service, by_id, by_key

MAX_BODY = 4 * 1024 * 1024
_FLAGS = frozenset({"drop", "reset"})
_COUNTS = frozenset({"cut", "error_after", "status"})
_SECONDS = frozenset({"delay", "first"})
_GOOGLE_PATH = re.compile(r"/models/([^/:]+):(generateContent|streamGenerateContent)$")


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came in, and the scenario that answered it."""

    path: str
    body: Any
    headers: dict[str, str]
    """By lower-cased name."""
    scenario: str | None = None


@dataclass(frozen=True, slots=True)
class Options:
    """How a forced scenario is to go wrong, or slowly."""

    delay: float = 0.0
    first: float = 0.0
    cut: int | None = None
    drop: bool = False
    reset: bool = False
    status: int | None = None
    error_after: int | None = None

    @classmethod
    def parse(cls, text: str) -> Options:
        """Reads `opt[=value],...`; raises ValueError with what is wrong."""
        values: dict[str, Any] = {}
        for item in filter(None, text.split(",")):
            name, _, value = item.partition("=")
            if name in _FLAGS:
                values[name] = True
            elif name in _COUNTS:
                values[name] = int(value)
            elif name in _SECONDS:
                values[name] = float(value)
            else:
                known = ", ".join(sorted(_FLAGS | _COUNTS | _SECONDS))
                raise ValueError(f"no option {name!r}; there are {known}")
        return cls(**values)


class _RefusedError(Exception):
    """Carries the status and the message of an answer that is no scenario."""

    def __init__(self, status: int, message: str, service: Service = "openai") -> None:
        super().__init__(message)
        self.status = status
        self.body = error_body(service, status, message)


def _offered_tools(service: Service, request: dict[str, Any]) -> set[str]:
    """The names of the tools that a request body offers."""
    tools = cast("list[dict[str, Any]]", request.get("tools") or [])
    names: set[str] = set()
    for tool in tools:
        if service == "google":
            declared = cast("list[dict[str, Any]]", tool.get("functionDeclarations") or [])
            names.update(str(function["name"]) for function in declared)
        elif service == "anthropic":
            names.add(str(tool.get("name")))
        else:
            names.add(str(tool.get("function", {}).get("name")))
    return names


def _find(service: Service, path: str, request: dict[str, Any]) -> Scenario:
    """The scenario that fits, or a refusal that says what was asked for and what there is."""
    if service == "google":
        named = _GOOGLE_PATH.search(path)
        if named is None:
            raise _RefusedError(404, f"no Google route {path}", service)
        model, stream = named[1], named[2] == "streamGenerateContent"
    else:
        model, stream = str(request.get("model")), bool(request.get("stream"))
    tools = _offered_tools(service, request)
    for tool in sorted(tools) or [None]:
        found = by_key.get((service, model, stream, tool))
        if found is not None:
            return found
    asked = f"model {model!r}, stream {stream}, tools {sorted(tools)}"
    there = ", ".join(scenario.id for scenario in ALL if scenario.service == service)
    raise _RefusedError(404, f"replay: no {service} scenario for {asked}; there are {there}", service)


def _route(path: str, request: dict[str, Any]) -> tuple[Scenario, Options]:
    """Which scenario a path and a body mean, and how it is to go."""
    head, _, rest = path.lstrip("/").partition("/")
    if head == "id":
        name, _, options = rest.partition("/")[0].partition("~")
        if name not in by_id:
            raise _RefusedError(404, f"replay: no scenario {name!r}; there are {', '.join(by_id)}")
        try:
            return by_id[name], Options.parse(options)
        except ValueError as error:
            raise _RefusedError(400, f"replay: {error}", by_id[name].service) from None
    if head in get_args(Service):
        return _find(cast("Service", head), f"/{rest}", request), Options()
    raise _RefusedError(404, f"replay: no route /{head}; there are /id and {', '.join(get_args(Service))}")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    requests: list[Request]

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Says nothing: requests are recorded."""

    def do_GET(self) -> None:
        """Refuses, but says that the server is there."""
        self._json(404, {"error": {"message": "replay: POST only"}})

    def do_POST(self) -> None:
        """Answers one request."""
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        path = self.path.partition("?")[0]
        headers = {name.lower(): value for name, value in self.headers.items()}
        request: Any = None
        try:
            request = self._read(headers)
            scenario, options = _route(path, request)
        except _RefusedError as refusal:
            self.requests.append(Request(path, request, headers))
            self._json(refusal.status, refusal.body)
            return
        self.requests.append(Request(path, request, headers, scenario.id))
        try:
            self._answer(scenario, options)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the client has had enough, which tests do on purpose

    def _read(self, headers: dict[str, str]) -> dict[str, Any]:
        """The JSON body. Whatever stays unread makes the connection useless, so it is closed then."""
        length = headers.get("content-length", "0")
        if "origin" in headers or not length.isdecimal() or int(length) > MAX_BODY:
            self.close_connection = True
        if "origin" in headers:
            raise _RefusedError(403, "replay: not for browsers")
        if not length.isdecimal():
            raise _RefusedError(400, "replay: a bad content-length")
        if int(length) > MAX_BODY:
            raise _RefusedError(413, f"replay: a body of more than {MAX_BODY} bytes")
        try:
            parsed: Any = json.loads(self.rfile.read(int(length)) or b"{}")
        except ValueError:
            raise _RefusedError(400, "replay: the body is not JSON") from None
        if not isinstance(parsed, dict):
            raise _RefusedError(400, "replay: the body is not a JSON object")
        return cast("dict[str, Any]", parsed)

    def _answer(self, scenario: Scenario, options: Options) -> None:
        time.sleep(options.first)
        if options.status is not None:
            body = error_body(scenario.service, options.status, f"replay: {scenario.id} was told to fail")
            self._json(options.status, body)
            return
        self.send_response(200)
        self.send_header("content-type", scenario.content_type)
        if not scenario.stream and options == Options():
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

    def _json(self, status: int, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
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
    handler = type("Handler", (_Handler,), {"requests": requests})
    http = _Http(("127.0.0.1", port), handler)
    threading.Thread(target=http.serve_forever, args=(0.05,), name="replay", daemon=True).start()
    return Server(http, requests)


if __name__ == "__main__":
    with start(int(sys.argv[1]) if len(sys.argv) > 1 else 0) as running:
        print(running.url, flush=True)
        threading.Event().wait()
