"""Reads spans of OTLP/JSON in a fraction of the time that protobuf's own reading takes, as all writers have them. Pure.

What they rarely have (events, links, mappings among attributes) goes to protobuf's reading.
"""

from __future__ import annotations

import binascii
from collections.abc import Mapping
from typing import Any, cast

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

__all__ = ["UNREAD", "spans"]

UNREAD = (json_format.ParseError, AttributeError, TypeError, ValueError, RecursionError)
"""What is raised where a tree is not as most writers have it."""
_IDS = {"traceId": "trace_id", "spanId": "span_id", "parentSpanId": "parent_span_id"}
_TIMES = {"startTimeUnixNano": "start_time_unix_nano", "endTimeUnixNano": "end_time_unix_nano"}
_ODD = frozenset({"scope_spans", "spans", "links", "trace_id", "span_id", "parent_span_id"})
"""Names of what has ids of its own, or of what stands elsewhere under another name."""


def spans(tree: Mapping[str, Any]) -> ExportTraceServiceRequest:
    """The export of a tree as `json.loads` gives it, which is left as it is.

    Raises:
        UNREAD: the tree has to be read in another way, or not at all.
    """
    export = ExportTraceServiceRequest()
    for resource in _list(tree["resourceSpans"]):
        by_scope = _read(resource, export.resource_spans.add(), "scopeSpans")
        for scope in _list(resource.get("scopeSpans", [])):
            read = _read(scope, by_scope.scope_spans.add(), "spans")
            read.spans.extend([_span(span) for span in _list(scope.get("spans", []))])
    return export


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("no list")
    return cast("list[Any]", value)


def _read(tree: Mapping[str, Any], message: Any, apart: str) -> Any:
    """The message with all that the tree has but for one field."""
    return _rest({name: value for name, value in tree.items() if name != apart}, message)


def _rest(tree: dict[str, Any], message: Any) -> Any:
    if not _ODD.isdisjoint(tree):
        raise ValueError("has ids within, or names of another spelling")
    return json_format.ParseDict(tree, message, ignore_unknown_fields=True) if tree else message


def _span(tree: Mapping[str, Any]) -> Span:
    fields: dict[str, Any] = {}
    rest: dict[str, Any] = {}
    for name, value in tree.items():
        if name in _IDS:
            fields[_IDS[name]] = binascii.unhexlify(value)
        elif name in _TIMES and isinstance(value, str) and value.isdecimal():
            fields[_TIMES[name]] = int(value)
        elif name == "name":
            fields[name] = value
        elif name == "attributes":
            fields[name] = [_pair(pair) for pair in _list(value)]
        elif name == "status" and value == {}:  # as most are
            fields[name] = Status()
        elif name == "kind" and type(value) is int:
            fields[name] = value
        else:
            rest[name] = value
    return _rest(rest, Span(**fields))


def _pair(tree: dict[str, Any]) -> KeyValue:
    value = _value(tree.get("value")) if len(tree) == 2 else None
    if value is None:
        return json_format.ParseDict(tree, KeyValue(), ignore_unknown_fields=True)
    return KeyValue(key=tree["key"], value=value)


def _value(tree: Any) -> AnyValue | None:
    """The value, None where it is of a rarer kind."""
    if not isinstance(tree, dict) or len(tree) != 1:
        return None
    ((kind, said),) = cast("dict[str, Any]", tree).items()
    if kind == "stringValue" and isinstance(said, str):
        return AnyValue(string_value=said)
    if kind == "intValue" and isinstance(said, str) and said.isdecimal():
        return AnyValue(int_value=int(said))
    if kind == "doubleValue" and isinstance(said, float):
        return AnyValue(double_value=said)
    if kind == "boolValue" and isinstance(said, bool):
        return AnyValue(bool_value=said)
    if kind == "arrayValue" and isinstance(said, dict) and isinstance(said.get("values"), list) and len(said) == 1:
        values = [_value(each) for each in said["values"]]
        return None if None in values else AnyValue(array_value=ArrayValue(values=cast("list[AnyValue]", values)))
    return None
