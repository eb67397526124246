"""An OTLP/gRPC endpoint for one machine: hands each export's calls and metrics to a book."""

from __future__ import annotations

import importlib
import ipaddress
import logging
import os
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Self

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from ..shown import plain
from .book import Book
from .call import Call, read_call
from .otlp import attributes

__all__ = ["Receiver"]

grpc: Any = importlib.import_module("grpc")  # imported so since it has no types

_logger = logging.getLogger("chunkmeter")

# Twice what a Collector takes by default. Unpacked spans may be a hundred times as large as their bytes.
_MAX_MESSAGE = 8 * 1024 * 1024


class Receiver(AbstractContextManager["Receiver"]):
    """An OTLP/gRPC endpoint on a loopback address.

    Args:
        host: the address; ValueError is raised if it is no loopback address.
        port: the port; 0 takes a free one.
        record: the folder that keeps the bytes of each export; None to keep none.
        on_call: called with each call in the receiver's threads, one at a time.

    Attributes:
        book: what has arrived.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        record: Path | None = None,
        on_call: Callable[[Call], None] | None = None,
    ) -> None:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
        if not address.is_loopback:
            raise ValueError("this has no authentication, so only a loopback address will do: use 127.0.0.1")
        self.book = Book()
        self.port = port
        self.host = f"[{address}]" if address.version == 6 else str(address)
        self._record, self._on_call = record, on_call
        self._lock = threading.Lock()
        self._count = 0
        self._server: Any = None

    def start(self) -> Self:
        """Begin to listen. `port` is the real one afterwards."""
        if self._record is not None:
            self._record.mkdir(parents=True, exist_ok=True)
        self._try_port()
        options = [("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", _MAX_MESSAGE)]
        self._server = grpc.server(ThreadPoolExecutor(4, "chunkmeter-tail"), options=options)
        for signal_name, service, take in (
            ("traces", "trace.v1.TraceService", self._take_traces),
            ("metrics", "metrics.v1.MetricsService", self._take_metrics),
            ("logs", "logs.v1.LogsService", None),
        ):
            method = grpc.unary_unary_rpc_method_handler(self._handler(signal_name, take))
            name = f"opentelemetry.proto.collector.{service}"
            self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, {"Export": method}),))
        self.port = self._server.add_insecure_port(f"{self.host}:{self.port}")
        self._server.start()
        return self

    def _try_port(self) -> None:
        """Raise OSError if the port can't be had, with the system's reason: gRPC has none in its own."""
        address = self.host.strip("[]")
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as tried:
            if os.name == "posix":  # as gRPC does; elsewhere it would take the port from whoever has it
                tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind((address, self.port))

    def stop(self) -> None:
        """Finish the exports under way, then close."""
        if self._server is not None:
            self._server.stop(grace=2).wait()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _handler(self, name: str, take: Callable[[bytes], None] | None) -> Callable[[bytes, Any], bytes]:
        """A function that answers one export. gRPC hands it the bytes, since it is given no deserializer."""

        def export(payload: bytes, context: Any) -> bytes:
            if "origin" in dict(context.invocation_metadata()):  # a page in a browser may reach loopback too
                context.abort(grpc.StatusCode.PERMISSION_DENIED, "not for browsers: send OTLP without an Origin header")
            with self._lock:
                self._keep(name, payload)
                try:
                    if take is not None:
                        take(payload)
                except DecodeError as error:
                    context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"not an OTLP {name} request: {error}")
            return b""  # an empty response says that all was accepted

        return export

    def _keep(self, name: str, payload: bytes) -> None:
        """Record an export. A full disk ends the recording, and nothing else."""
        if self._record is None:
            return
        self._count += 1
        file = self._record / f"{self._count:06}.{name}.bin"
        try:
            file.write_bytes(payload)
        except OSError as error:
            self._record = None
            _logger.warning(
                "%s can't be written (%s): from here on exports are shown, but not recorded.",
                plain(file),
                plain(error.strerror),
            )

    def _take_traces(self, payload: bytes) -> None:
        for resource in ExportTraceServiceRequest.FromString(payload).resource_spans:
            for scope in resource.scope_spans:
                for span in scope.spans:
                    call = read_call(attributes(span.attributes))
                    if call is not None:
                        self.book.add(call)
                        if self._on_call is not None:
                            self._on_call(call)

    def _take_metrics(self, payload: bytes) -> None:
        for resource in ExportMetricsServiceRequest.FromString(payload).resource_metrics:
            sender = repr(sorted(attributes(resource.resource.attributes).items()))
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    self.book.measure(sender, metric)
