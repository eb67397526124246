"""OTLP over HTTP, protobuf and JSON, compressed or not: https://opentelemetry.io/docs/specs/otlp/#otlphttp."""

from __future__ import annotations

import json
import os
import socket
import threading
import zlib
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NoReturn

from google.rpc.status_pb2 import Status

from .intake import NoExportError

__all__ = ["HttpEndpoint"]

_PATHS = {"/v1/traces": "traces", "/v1/metrics": "metrics", "/v1/logs": "logs"}
_PROTOBUF, _JSON = "application/x-protobuf", "application/json"
_CODES = {400: 3, 403: 7, 404: 12, 405: 12, 411: 3, 413: 8, 415: 3, 500: 13}
"""Status of HTTP -> that of gRPC, which the answer's body has."""
_LONGEST_LINE = 1024
_GZIP = 31
"""What tells zlib that a body is gzip's."""


class _RefusedError(Exception):
    """Raised for a request that is not taken.

    Args:
        status: the status of the answer.
        why: what the answer says.
    """

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class HttpEndpoint:
    """An OTLP/HTTP endpoint, in threads of its own.

    Args:
        host: a loopback address.
        port: the port; 0 takes a free one.
        most: how many bytes a body may have, uncompressed.
        take: called with the signal, the bytes, and whether they are JSON; NoExportError is what they are refused by.

    Raises:
        OSError: if the port can't be had.
    """

    def __init__(self, host: str, port: int, most: int, take: Callable[[str, bytes, bool], None]) -> None:
        class Handler(_Handler):
            longest = most
            taken = staticmethod(take)

        class Server(ThreadingHTTPServer):
            address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
            allow_reuse_address = os.name == "posix"  # elsewhere it would take the port from whoever has it
            request_queue_size = 128

            def handle_error(self, request: object, client_address: object) -> None:
                """Say nothing of a connection that breaks: its client is told by that."""

        self._server = Server((host, port), Handler)
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, args=(0.1,), name="chunkmeter-http", daemon=True).start()

    def close(self) -> None:
        """Take no further exports."""
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30
    longest: int
    taken: Callable[[str, bytes, bool], None]

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Say nothing of requests."""

    def do_GET(self) -> None:
        """Say that exports are posted."""
        self._refuse(405, "OTLP is sent by POST, to /v1/traces or /v1/metrics")

    def do_POST(self) -> None:
        """Take an export."""
        try:
            signal, as_json = self._asked()
            payload = self._unpacked(self._body())
            try:
                self.taken(signal, payload, as_json)
            except NoExportError as error:
                raise _RefusedError(400, str(error)) from None
        except _RefusedError as error:
            self._refuse(error.status, str(error))
            return
        except OSError:
            raise
        except Exception as error:  # noqa: BLE001 -- whatever is wrong with one export, the next one is received
            self._refuse(500, f"chunkmeter failed to take it: {type(error).__name__}")
            return
        self._answer(200, b"{}" if as_json else b"")  # an empty response says that all was accepted

    def _asked(self) -> tuple[str, bool]:
        if "origin" in self.headers:  # a page in a browser may reach loopback too
            raise _RefusedError(403, "not for browsers: send OTLP without an Origin header")
        path = self.path.partition("?")[0].rstrip("/")
        if path not in _PATHS:
            raise _RefusedError(404, f"send exports to one of {', '.join(_PATHS)}")
        kind = self._kind()
        if kind not in (_PROTOBUF, _JSON):
            raise _RefusedError(415, f"the content-type of an export is {_PROTOBUF} or {_JSON}")
        return _PATHS[path], kind == _JSON

    def _kind(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("transfer-encoding", "").lower():
            return b"".join(self._chunks())
        length = self.headers.get("content-length", "")
        if not (length.isascii() and length.isdigit() and len(length) < 16):
            raise _RefusedError(411, "an export needs a content-length")
        if int(length) > self.longest:
            self._too_large()
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            raise _RefusedError(400, "the body ends before its content-length")
        return body

    def _chunks(self) -> list[bytes]:
        chunks: list[bytes] = []
        total = 0
        while True:
            line = self.rfile.readline(_LONGEST_LINE).partition(b";")[0].strip()
            if not line or len(line) > 8 or line.strip(b"0123456789abcdefABCDEF"):
                raise _RefusedError(400, "the body is not chunked as its transfer-encoding says")
            size = int(line, 16)
            if size == 0:
                while self.rfile.readline(_LONGEST_LINE).strip():
                    pass  # trailers
                return chunks
            total += size
            if total > self.longest:
                self._too_large()
            chunks.append(self.rfile.read(size))
            self.rfile.readline(_LONGEST_LINE)

    def _unpacked(self, body: bytes) -> bytes:
        encoding = self.headers.get("content-encoding", "identity").strip().lower()
        if encoding == "identity":
            return body
        if encoding != "gzip":
            raise _RefusedError(415, "the content-encoding of an export is gzip, or none")
        unpacking = zlib.decompressobj(_GZIP)
        try:
            unpacked = unpacking.decompress(body, self.longest + 1)
        except zlib.error:
            raise _RefusedError(400, "the body is not gzip, as its content-encoding says") from None
        if len(unpacked) > self.longest:
            self._too_large()
        if not unpacking.eof:
            raise _RefusedError(400, "the gzip body ends too early")
        return unpacked

    def _too_large(self) -> NoReturn:
        raise _RefusedError(413, f"an export has at most {self.longest:,} bytes")

    def _refuse(self, status: int, why: str) -> None:
        self.close_connection = True  # what it had to say may not be read
        code = _CODES[status]
        if self._kind() == _JSON:
            self._answer(status, json.dumps({"code": code, "message": why}).encode())
        else:
            self._answer(status, Status(code=code, message=why).SerializeToString())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", _JSON if self._kind() == _JSON else _PROTOBUF)
        self.send_header("content-length", str(len(body)))
        if self.close_connection:
            self.send_header("connection", "close")
        self.end_headers()
        self.wfile.write(body)
