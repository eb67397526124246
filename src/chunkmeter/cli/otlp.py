"""What OTLP's attributes say, as plain values: cleaned, to be shown, or as they came, to read facts from."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from ..received import ReceivedSpan

__all__ = ["LONGEST", "READ", "SERVICES", "attributes", "clean", "read_attributes", "received"]

LONGEST = 256
"""How many characters of a text are shown."""
READ = 65_536
"""How many characters of a span's text are read: some instrumentations write usage as JSON, beside the messages."""
SERVICES = {
    "traces": "opentelemetry.proto.collector.trace.v1.TraceService",
    "metrics": "opentelemetry.proto.collector.metrics.v1.MetricsService",
    "logs": "opentelemetry.proto.collector.logs.v1.LogsService",
}
"""Signal -> the gRPC service that takes its exports."""
# Control and format characters, halves of characters, and the separators that some readers take for the end of a line.
_UNFIT = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def clean(text: str, longest: int = LONGEST) -> str:
    """Take out what could drive a terminal or break a line, and what is too long."""
    if text.isascii() and text.isprintable():
        return text[:longest]
    # Cut before it is looked at: what was sent may be as long as a message.
    return "".join(char for char in text[: 4 * longest] if unicodedata.category(char) not in _UNFIT)[:longest]


def attributes(pairs: Iterable[KeyValue]) -> dict[str, Any]:
    """Attributes by name: text, numbers, truth values, lists and mappings; None for bytes and for no value."""
    return {clean(pair.key): _value(pair.value, clean) for pair in pairs}


def read_attributes(pairs: Iterable[KeyValue]) -> dict[str, Any]:
    """The same, but text is as it came, up to `READ` characters: what is shown of it has to be cleaned."""
    return {clean(pair.key): _value(pair.value, _cut) for pair in pairs}


def received(span: Span, scope: str) -> ReceivedSpan:
    """A span as it came, with its ids as numbers.

    Args:
        span: the span.
        scope: the name of the instrumentation scope that made it.
    """
    trace_id, span_id, parent_id = (
        int.from_bytes(each[:16], "big") for each in (span.trace_id, span.span_id, span.parent_span_id)
    )
    return ReceivedSpan(
        scope, trace_id, span_id, parent_id, span.start_time_unix_nano, span.end_time_unix_nano,
        span.status.code == Status.STATUS_CODE_ERROR, read_attributes(span.attributes),
    )  # fmt: skip


def _cut(text: str) -> str:
    return text[:READ]


def _value(value: AnyValue, text: Callable[[str], str]) -> Any:
    kind = value.WhichOneof("value")
    if kind == "string_value":
        return text(value.string_value)
    if kind == "array_value":
        return [_value(item, text) for item in value.array_value.values]
    if kind == "kvlist_value":
        return {clean(pair.key): _value(pair.value, text) for pair in value.kvlist_value.values}
    return None if kind is None or kind == "bytes_value" else getattr(value, kind)
