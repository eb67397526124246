"""OTLP endpoints for one machine, by gRPC and by HTTP: they hand each export to an intake."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from importlib import import_module
from pathlib import Path
from typing import Any, Self

from .book import Book
from .call import Call
from .forward import Forward
from .http_endpoint import HttpEndpoint
from .intake import Intake, NoExportError
from .otlp import SERVICES

__all__ = ["PortError", "Receiver"]

# Twice what a Collector takes by default. Unpacked spans may be a hundred times as large as their bytes.
_MAX_MESSAGE = 8 * 1024 * 1024


class PortError(OSError):
    """Raised where a port can't be had. Its `filename` is the address.

    Args:
        error: the system's error.
        address: the host and the port.
        option: the option of the command that names the port.
    """

    def __init__(self, error: OSError, address: str, option: str) -> None:
        super().__init__(error.errno, error.strerror or str(error), address)
        self.option = option


class Receiver(AbstractContextManager["Receiver"]):
    """OTLP endpoints on a loopback address.

    Args:
        host: the address; ValueError is raised if it is no loopback address.
        port: the port for gRPC; 0 takes a free one.
        http_port: the port for HTTP; 0 takes a free one.
        speaks_grpc: whether it receives by gRPC; else by HTTP alone.
        record: the folder that keeps the bytes of each export; None to keep none.
        save: the file that gets each export as a line of OTLP/JSON; None for none.
        forward: what passes each export on; None for nobody.
        by: what spend is grouped by, a list of names a table.
        trees: whether the book is to have traces as trees.
        on_call: called with each call in the receiver's threads, one at a time.
        on_export: called after each export in the receiver's threads.

    Attributes:
        book: what has arrived.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        http_port: int = 0,
        speaks_grpc: bool = True,
        record: Path | None = None,
        save: Path | None = None,
        forward: Forward | None = None,
        by: Sequence[Sequence[str]] = (),
        trees: bool = False,
        on_call: Callable[[Call], None] | None = None,
        on_export: Callable[[], None] | None = None,
    ) -> None:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
        if not address.is_loopback:
            raise ValueError("this has no authentication, so only a loopback address will do: use 127.0.0.1")
        self.port, self.http_port = port, http_port
        self.host = f"[{address}]" if address.version == 6 else str(address)
        self._forward, self._speaks_grpc = forward, speaks_grpc
        self._intake = Intake(
            record=record, save=save, forward=forward, by=by, trees=trees, on_call=on_call, on_export=on_export
        )
        self._grpc: Any = None
        self._http: HttpEndpoint | None = None

    @property
    def book(self) -> Book:
        """What has arrived."""
        return self._intake.book

    def start(self) -> Self:
        """Begin to listen. `port` and `http_port` are the real ones afterwards.

        Raises:
            PortError: if a port can't be had.
        """
        if self._speaks_grpc:
            self._start_grpc(self.port)
        address = f"{self.host}:{self.http_port}"
        try:
            self._http = HttpEndpoint(
                self.host.strip("[]"),
                self.http_port,
                _MAX_MESSAGE,
                lambda name, payload, as_json: self._intake.take(name, payload, as_json=as_json),
            )
        except OSError as error:
            self.stop()
            raise PortError(error, address, "--http-port") from None
        self.http_port = self._http.port
        return self

    def _start_grpc(self, port: int) -> None:
        grpc: Any = import_module("grpc")  # imported so since it has no types
        address = f"{self.host}:{port}"
        self._try_port(port, address)
        options = [("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", _MAX_MESSAGE)]
        self._grpc = grpc.server(ThreadPoolExecutor(4, "chunkmeter-tail"), options=options)
        for signal_name, service in SERVICES.items():
            method = grpc.unary_unary_rpc_method_handler(self._handler(signal_name, grpc))
            self._grpc.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, {"Export": method}),))
        self.port = self._grpc.add_insecure_port(address)
        self._grpc.start()

    def _try_port(self, port: int, address: str) -> None:
        """Raise PortError if the port can't be had, with the system's reason: gRPC has none in its own."""
        host = self.host.strip("[]")
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as tried:
            if os.name == "posix":  # as gRPC does; elsewhere it would take the port from whoever has it
                tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tried.bind((host, port))
            except OSError as error:
                raise PortError(error, address, "--port") from None

    def stop(self) -> None:
        """Finish the exports under way, then close."""
        if self._http is not None:
            self._http.close()
        if self._grpc is not None:
            self._grpc.stop(grace=2).wait()
        self._intake.close()
        if self._forward is not None:
            self._forward.close()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _handler(self, name: str, grpc: Any) -> Callable[[bytes, Any], bytes]:
        """A function that answers one export. gRPC hands it the bytes, since it is given no deserializer."""

        def export(payload: bytes, context: Any) -> bytes:
            if "origin" in dict(context.invocation_metadata()):  # a page in a browser may reach loopback too
                context.abort(grpc.StatusCode.PERMISSION_DENIED, "not for browsers: send OTLP without an Origin header")
            try:
                self._intake.take(name, payload)
            except NoExportError as error:
                context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
            return b""  # an empty response says that all was accepted

        return export
