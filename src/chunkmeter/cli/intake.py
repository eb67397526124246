"""Takes exports in, however they came: keeps them, passes them on, and hands their calls and metrics to a book."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from ..received import Received
from ..shown import plain
from .book import Book
from .call import Call, read_call
from .forward import Forward
from .otlp import attributes, received
from .otlp_json import read, written
from .output import say
from .trees import node_of

__all__ = ["Intake", "NoExportError"]

_REQUESTS: dict[str, type[Any]] = {
    "traces": ExportTraceServiceRequest,
    "metrics": ExportMetricsServiceRequest,
    "logs": ExportLogsServiceRequest,
}


class NoExportError(ValueError):
    """Raised for bytes that are no export of their signal."""


class Intake:
    """Takes one export at a time.

    Args:
        record: the folder that keeps the bytes of each export; None to keep none.
        save: the file that gets each export as a line of OTLP/JSON; None for none.
        forward: what passes each export on; None for nobody.
        by: what the book groups spend by.
        trees: whether it is to have traces as trees.
        on_call: called with each call.
        on_export: called after each export with anything in it.

    Attributes:
        book: what has arrived.

    Raises:
        OSError: if the folder or the file can't be written.
    """

    def __init__(
        self,
        *,
        record: Path | None = None,
        save: Path | None = None,
        forward: Forward | None = None,
        by: Sequence[Sequence[str]] = (),
        trees: bool = False,
        on_call: Callable[[Call], None] | None = None,
        on_export: Callable[[], None] | None = None,
    ) -> None:
        self.book = Book(by=by)
        self._by, self._trees, self._on_call, self._on_export = by, trees, on_call, on_export
        self._record, self._forward = record, forward
        self._received = Received()
        self._lock = threading.Lock()
        self._count = 0
        if record is not None:
            record.mkdir(parents=True, exist_ok=True)
        self._file: IO[str] | None = None if save is None else save.open("a", encoding="ascii", newline="\n")

    def take(self, signal: str, payload: bytes, *, as_json: bool = False) -> None:
        """Take in one export.

        Args:
            signal: `traces`, `metrics` or `logs`.
            payload: its bytes, uncompressed.
            as_json: whether they are OTLP/JSON; else they are protobuf.

        Raises:
            NoExportError: if they are no such export.
        """
        request = _read_json(signal, payload) if as_json else _read(signal, payload)
        raw = payload
        if as_json:
            raw = None if request is None else request.SerializeToString()
        with self._lock:
            if raw is not None:
                self._keep(signal, raw)
            if self._forward is not None:
                self._forward.put(signal, payload, as_json=as_json, raw=raw)
            if isinstance(request, ExportTraceServiceRequest | ExportMetricsServiceRequest):
                self._save(request)
            if isinstance(request, ExportTraceServiceRequest):
                self._take_traces(request)
            elif isinstance(request, ExportMetricsServiceRequest):
                self._take_metrics(request)
        if self._on_export is not None:
            self._on_export()

    def close(self) -> None:
        """Close the file, after the export under way."""
        with self._lock:
            self._close_file()

    def _close_file(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            try:
                file.close()
            except OSError as error:
                say(f"{plain(file.name)} can't be written ({plain(error.strerror)}): its last exports are lost.")

    def _keep(self, signal: str, payload: bytes) -> None:
        """Record an export. A full disk ends the recording, and nothing else."""
        if self._record is None:
            return
        self._count += 1
        file = self._record / f"{self._count:06}.{signal}.bin"
        try:
            file.write_bytes(payload)
        except OSError as error:
            self._record = None
            say(
                f"{plain(file)} can't be written ({plain(error.strerror)}): from here on exports are shown, but not "
                "recorded."
            )

    def _save(self, request: ExportTraceServiceRequest | ExportMetricsServiceRequest) -> None:
        if self._file is None:
            return
        try:
            self._file.write(written(request) + "\n")
            self._file.flush()
        except OSError as error:
            say(
                f"{plain(self._file.name)} can't be written ({plain(error.strerror)}): from here on exports are shown, "
                "but not saved."
            )
            self._close_file()

    def _take_traces(self, request: ExportTraceServiceRequest) -> None:
        for resource in request.resource_spans:
            said = attributes(resource.resource.attributes)
            sender = repr(sorted(said.items()))
            for scope in resource.scope_spans:
                for span in scope.spans:
                    self._take_span(span, scope.scope.name, sender, said)

    def _take_span(self, span: Span, scope: str, sender: str, resource: Mapping[str, Any]) -> None:
        came = received(span, scope)
        found = self._received.read(came)
        call = None if found is None or found.again else read_call(found.attributes, resource, self._by, found.scope)
        if found is not None and found.again:
            self.book.add_again()
        if self._trees:
            node = node_of(came.span_id, came.parent_id, came.start_ns, span.name, came.attributes, call)
            self.book.place(came.trace_id, node, str(resource.get("service.name", "")))
        if call is not None:
            self.book.add(call, sender)
            if self._on_call is not None:
                self._on_call(call)

    def _take_metrics(self, request: ExportMetricsServiceRequest) -> None:
        for resource in request.resource_metrics:
            sender = repr(sorted(attributes(resource.resource.attributes).items()))
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    self.book.measure(sender, metric)


def _read(signal: str, payload: bytes) -> Any:
    try:
        return _REQUESTS[signal].FromString(payload)
    except DecodeError as error:
        raise NoExportError(f"not an OTLP {signal} request: {error}") from None


def _read_json(signal: str, payload: bytes) -> Any:
    """The export, None where there is nothing in it or it is of logs, which nobody looks into."""
    try:
        request = read(payload)
    except ValueError as error:
        raise NoExportError(f"not an OTLP {signal} request: {error}") from None
    if request is not None and not isinstance(request, _REQUESTS[signal]):
        raise NoExportError(f"not an OTLP {signal} request: it has those of another signal")
    return request
