"""OTLP/JSON: one export a line, as the Collector's file exporter writes it. Pure.

Protobuf's own JSON with two differences: ids are hex in place of base64, and enums are numbers.
https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable
from typing import Any, cast

from google.protobuf import json_format
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from . import otlp_json_quick as quick

__all__ = ["Request", "read", "written"]

Request = ExportTraceServiceRequest | ExportMetricsServiceRequest

_IDS = frozenset({"traceId", "spanId", "parentSpanId", "trace_id", "span_id", "parent_span_id"})
_WITHOUT_IDS = frozenset({"attributes", "resource", "scope"})
"""Fields that have no ids, but may have a key that is named as one."""
_STEP = re.compile(r"Failed to parse (\S+) field: ")
_LONGEST = 100
"""How many characters of a mistake are told."""
_SIGNALS: dict[str, type[Request]] = {
    "resourceSpans": ExportTraceServiceRequest,
    "resource_spans": ExportTraceServiceRequest,
    "resourceMetrics": ExportMetricsServiceRequest,
    "resource_metrics": ExportMetricsServiceRequest,
}


def written(request: Request) -> str:
    """The line of an export, without a line's end: JSON in ASCII, so that nothing in it can break a line."""
    tree = json_format.MessageToDict(request, use_integers_for_enums=True)
    _change_ids(tree, "", lambda text, _: base64.b64decode(text).hex())
    return json.dumps(tree, separators=(",", ":"), allow_nan=False)


def read(line: str | bytes) -> Request | None:
    """The export that a line has; None for one of another signal, such as logs, and for an empty object.

    Fields that nobody knows are passed over. Names may be in camelCase or as the protocol spells them, enums numbers
    or names, ids in either case.

    Raises:
        ValueError: what is wrong with the line, and where in it.
    """
    try:
        tree = json.loads(line)
    except RecursionError:
        raise ValueError("not JSON that can be read: nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"not JSON: {error}") from None
    if not isinstance(tree, dict):
        raise ValueError(f"not an export: a JSON {type(tree).__name__} in place of an object")
    tree = cast("dict[str, Any]", tree)
    kind = next((_SIGNALS[name] for name in tree if name in _SIGNALS), None)
    if kind is None:
        return None
    if "resourceSpans" in tree:
        try:
            return quick.spans(tree)
        except quick.UNREAD:
            pass  # so that what is wrong, if anything is, is told in one way
    _change_ids(tree, "", _base64)
    try:
        return json_format.ParseDict(tree, kind(), ignore_unknown_fields=True)
    except (json_format.ParseError, ValueError, RecursionError) as error:
        raise ValueError(f"not an export: {_told(str(error))}") from None


def _told(error: str) -> str:
    """What protobuf says of a mistake, with the names on the way to it as one path, and no more than fits in a line."""
    path: list[str] = []
    while found := _STEP.match(error):
        path.append(found[1][:_LONGEST])
        error = error[found.end() :]
    for place in (' at "Export', " at Export"):  # the message as a whole, which says nothing more
        error = error.partition(place)[0]
    what = error[:_LONGEST].rstrip(".")
    return f"{'.'.join(path)}: {what}" if path else what


def _change_ids(tree: object, place: str, change: Callable[[str, str], str]) -> None:
    """Change each id of a tree in its place; `change` is given the id and where it stands."""
    if isinstance(tree, list):
        for index, item in enumerate(cast("list[object]", tree)):
            _change_ids(item, f"{place}[{index}]", change)
    elif isinstance(tree, dict):
        named = cast("dict[str, object]", tree)
        for name, value in named.items():
            if name in _IDS:
                if isinstance(value, str):
                    named[name] = change(value, f"{place}.{name}".lstrip("."))
            elif name not in _WITHOUT_IDS and isinstance(value, list | dict):
                _change_ids(cast("object", value), f"{place}.{name}".lstrip("."), change)


def _base64(text: str, place: str) -> str:
    try:
        return base64.b64encode(binascii.unhexlify(text)).decode()
    except ValueError:
        raise ValueError(f"not an export: {place} is no hex: {text[:40]!r}") from None
