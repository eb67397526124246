"""What the web servers share that receive something here."""

from __future__ import annotations

import gzip
from http.server import BaseHTTPRequestHandler
from typing import Any

__all__ = ["Receiving"]


class Receiving(BaseHTTPRequestHandler):
    """Handles a request of a client that posts something, and wants to know no more than whether it was taken."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Says nothing."""

    def take(self, payload: bytes) -> int:
        """Takes what was posted, unpacked; the status to answer with."""
        raise NotImplementedError

    def do_POST(self) -> None:
        payload = self.rfile.read(int(self.headers["content-length"]))
        status = self.take(gzip.decompress(payload) if self.headers.get("content-encoding") == "gzip" else payload)
        self.send_response(status)
        self.send_header("content-type", "application/x-protobuf")  # OTLP's own; nobody else reads it
        self.send_header("content-length", "0")
        self.end_headers()
