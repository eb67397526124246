"""OTLP endpoints of 127.0.0.1 that can be killed, brought back on their port, slow, or refuse: gRPC and HTTP."""

from __future__ import annotations

import importlib
import math
import socket
import threading
import time
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from http.server import ThreadingHTTPServer
from typing import Any, Literal

from replay.otlp import Histogram, Recording
from support.receiving import Receiving

grpc: Any = importlib.import_module("grpc")  # it comes without types

Refusal = Literal["429", "503"]


class Endpoint(ABC):
    """Takes in what is exported to it; `delay` in seconds before it does, `refusal` instead of that."""

    def __init__(self) -> None:
        self.delay = 0.0
        self.refusal: Refusal | None = None
        self.refused = 0
        self.port = 0
        self._recording = Recording()
        self._lock = threading.Lock()

    @abstractmethod
    def start(self) -> None:
        """Listen, on the same port each time."""

    @abstractmethod
    def kill(self) -> None:
        """Be gone, with the connections there are."""

    def total(self, metric: str, **labels: str) -> float:
        """The sum of the last points of a counter, over all processes that sent some."""
        with self._lock:
            points = self._recording.points(metric, {name.replace("__", "."): word for name, word in labels.items()})
            return math.fsum(point for point in points if not isinstance(point, Histogram))

    @property
    def spans(self) -> int:
        with self._lock:
            return len(self._recording.spans)

    def take(self, signal: str, payload: bytes) -> bool:
        """One export; whether it is accepted."""
        time.sleep(self.delay)
        with self._lock:
            if self.refusal is not None:
                self.refused += 1
                return False
            self._recording.take(signal, payload)
        return True


class GrpcEndpoint(Endpoint):
    """OTLP/gRPC; refuses with RESOURCE_EXHAUSTED for 429 and UNAVAILABLE for 503."""

    _server: Any = None

    def start(self) -> None:
        self._server = grpc.server(ThreadPoolExecutor(8), options=[("grpc.so_reuseport", 0)])
        for signal, service in (("traces", "trace.v1.TraceService"), ("metrics", "metrics.v1.MetricsService")):
            method = grpc.unary_unary_rpc_method_handler(self._handler(signal))
            name = f"opentelemetry.proto.collector.{service}"
            self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, {"Export": method}),))
        self.port = self._server.add_insecure_port(f"127.0.0.1:{self.port}")
        self._server.start()

    def kill(self) -> None:
        self._server.stop(grace=None).wait()

    def _handler(self, signal: str) -> Any:
        def export(payload: bytes, context: Any) -> bytes:
            if not self.take(signal, payload):
                code = grpc.StatusCode.RESOURCE_EXHAUSTED if self.refusal == "429" else grpc.StatusCode.UNAVAILABLE
                context.abort(code, "refused, as told")
            return b""

        return export


class HttpEndpoint(Endpoint):
    """OTLP/HTTP."""

    def __init__(self) -> None:
        super().__init__()
        self._http: ThreadingHTTPServer | None = None
        self._connections: set[socket.socket] = set()

    def start(self) -> None:
        endpoint = self

        class Handler(Receiving):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                endpoint._connections.add(self.connection)

            def finish(self) -> None:
                endpoint._connections.discard(self.connection)
                super().finish()

            def take(self, payload: bytes) -> int:
                taken = endpoint.take(self.path.rpartition("/")[2], payload)
                return 200 if taken else int(endpoint.refusal or 503)

        self._http = _Quiet(("127.0.0.1", self.port), Handler)
        self.port = self._http.server_address[1]
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()

    def kill(self) -> None:
        if self._http is None:
            return
        self._http.shutdown()
        self._http.server_close()
        for connection in list(self._connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                self._connections.discard(connection)  # Its client was faster.
        self._http = None


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that is gone is what these tests are about."""


ENDPOINTS: dict[str, type[Endpoint]] = {"grpc": GrpcEndpoint, "http/protobuf": HttpEndpoint}
