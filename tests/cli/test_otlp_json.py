"""OTLP/JSON, a line an export: written as a Collector does, read as anybody writes it."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    AggregationTemporality,
    Exemplar,
    Histogram,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

from chunkmeter.cli import otlp_json_quick
from chunkmeter.cli.otlp_json import Request, read, written

TRACE, SPAN, PARENT = bytes(range(16)), bytes(range(8)), bytes(range(248, 256))
SPANS = ExportTraceServiceRequest(
    resource_spans=[
        ResourceSpans(
            resource=Resource(attributes=[KeyValue(key="service.name", value=AnyValue(string_value="shop"))]),
            scope_spans=[
                ScopeSpans(
                    spans=[
                        Span(
                            trace_id=TRACE,
                            span_id=SPAN,
                            parent_span_id=PARENT,
                            name="chat gpt-4o",
                            kind=Span.SPAN_KIND_CLIENT,
                            start_time_unix_nano=1_800_000_000_000_000_001,
                            status=Status(code=Status.STATUS_CODE_ERROR),
                            links=[Span.Link(trace_id=TRACE, span_id=PARENT)],
                            attributes=[
                                KeyValue(key="count", value=AnyValue(int_value=2**53 + 1)),
                                KeyValue(key="cost", value=AnyValue(double_value=0.1)),
                                KeyValue(key="flag", value=AnyValue(bool_value=False)),
                                KeyValue(key="raw", value=AnyValue(bytes_value=b"\0\1")),
                                KeyValue(key="none", value=AnyValue()),
                                KeyValue(
                                    key="list",
                                    value=AnyValue(array_value=ArrayValue(values=[AnyValue(string_value="stop")])),
                                ),
                                KeyValue(
                                    key="map",
                                    value=AnyValue(
                                        kvlist_value=KeyValueList(
                                            values=[KeyValue(key="traceId", value=AnyValue(string_value="no id"))]
                                        )
                                    ),
                                ),
                            ],
                        )
                    ]
                )
            ],
        )
    ]
)
SPAN_LINE = (
    '{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},'
    '"scopeSpans":[{"spans":[{"traceId":"000102030405060708090a0b0c0d0e0f","spanId":"0001020304050607",'
    '"parentSpanId":"f8f9fafbfcfdfeff","name":"chat gpt-4o","kind":3,"startTimeUnixNano":"1800000000000000001",'
    '"attributes":[{"key":"count","value":{"intValue":"9007199254740993"}},{"key":"cost","value":{"doubleValue":0.1}},'
    '{"key":"flag","value":{"boolValue":false}},{"key":"raw","value":{"bytesValue":"AAE="}},{"key":"none","value":{}},'
    '{"key":"list","value":{"arrayValue":{"values":[{"stringValue":"stop"}]}}},'
    '{"key":"map","value":{"kvlistValue":{"values":[{"key":"traceId","value":{"stringValue":"no id"}}]}}}],'
    '"links":[{"traceId":"000102030405060708090a0b0c0d0e0f","spanId":"f8f9fafbfcfdfeff"}],"status":{"code":2}}]}]}]}'
)
METRICS = ExportMetricsServiceRequest(
    resource_metrics=[
        ResourceMetrics(
            scope_metrics=[
                ScopeMetrics(
                    metrics=[
                        Metric(
                            name="chunkmeter.calls",
                            sum=Sum(
                                aggregation_temporality=AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE,
                                is_monotonic=True,
                                data_points=[
                                    NumberDataPoint(as_int=3, exemplars=[Exemplar(trace_id=TRACE, span_id=SPAN)])
                                ],
                            ),
                        ),
                        Metric(
                            name="gen_ai.client.token.usage",
                            histogram=Histogram(
                                data_points=[HistogramDataPoint(count=2, sum=7.5, bucket_counts=[1, 1])]
                            ),
                        ),
                    ]
                )
            ]
        )
    ]
)


def span(fields: str) -> str:
    return f'{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{{fields}}}]}}]}}]}}'


def test_spans_as_the_file_exporter_writes_them() -> None:
    assert json.loads(written(SPANS)) == json.loads(SPAN_LINE)
    assert read(SPAN_LINE) == SPANS


def test_metrics_as_the_file_exporter_writes_them() -> None:
    tree = json.loads(written(METRICS))
    calls, tokens = tree["resourceMetrics"][0]["scopeMetrics"][0]["metrics"]
    assert calls["sum"]["aggregationTemporality"] == 2
    (point,) = calls["sum"]["dataPoints"]
    assert point["asInt"] == "3"
    assert point["exemplars"] == [{"traceId": TRACE.hex(), "spanId": SPAN.hex()}]
    assert tokens["histogram"]["dataPoints"] == [{"count": "2", "sum": 7.5, "bucketCounts": ["1", "1"]}]
    assert read(written(METRICS)) == METRICS


def test_a_line_is_one_line_for_every_reader() -> None:
    odd = ExportTraceServiceRequest(
        resource_spans=[ResourceSpans(scope_spans=[ScopeSpans(spans=[Span(name="a\nb\u2028c\x85世界\x1b")])])]
    )
    line = written(odd)
    assert line.isascii()
    assert line.splitlines() == [line]
    assert read(line) == odd


def test_amounts_that_json_has_no_word_for() -> None:
    values = [math.inf, -math.inf, math.nan]
    pairs = [KeyValue(key="cost", value=AnyValue(double_value=value)) for value in values]
    odd = ExportTraceServiceRequest(
        resource_spans=[ResourceSpans(scope_spans=[ScopeSpans(spans=[Span(attributes=pairs)])])]
    )
    again = read(written(odd))
    assert isinstance(again, ExportTraceServiceRequest)
    found = [pair.value.double_value for pair in again.resource_spans[0].scope_spans[0].spans[0].attributes]
    assert found[:2] == values[:2]
    assert math.isnan(found[2])


@pytest.mark.parametrize(
    "line",
    [
        SPAN_LINE.encode(),
        SPAN_LINE + "\r\n",
        SPAN_LINE.replace("0a0b0c0d0e0f", "0A0B0C0D0E0F"),
        SPAN_LINE.replace('"9007199254740993"', "9007199254740993"),
        SPAN_LINE.replace('"kind":3', '"kind":"SPAN_KIND_CLIENT"'),
        SPAN_LINE.replace('"kind":3', '"kind":3,"newField":{"of":["another","release"]}'),
        SPAN_LINE.replace("resourceSpans", "resource_spans")
        .replace('"traceId":"0', '"trace_id":"0')
        .replace("spanId", "span_id")
        .replace("intValue", "int_value")
        .replace("arrayValue", "array_value"),
        SPAN_LINE.replace('"resourceSpans"', '"resourceLogs":[],"resourceSpans"'),
        SPAN_LINE.replace('"kind":3', '"kind":3,"traceState":null'),
    ],
    ids=["bytes", "end", "upper", "number", "name", "unknown", "proto", "other", "null"],
)
def test_reads_what_others_write(line: str | bytes) -> None:
    assert read(line) == SPANS


@pytest.mark.parametrize("line", ["{}", '{"resourceLogs":[{}]}', '{"resourceProfiles":[]}'])
def test_other_signals_are_no_mistake(line: str) -> None:
    assert read(line) is None


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("", "not JSON: Expecting value: line 1 column 1 (char 0)"),
        (SPAN_LINE[:40], "not JSON: Unterminated string starting at: line 1 column 32 (char 31)"),
        ("[]", "not an export: a JSON list in place of an object"),
        (b"\xff{}", "not JSON: 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
        ("[" * 200_000, "not JSON that can be read: nested too deeply"),
        (span('"traceId":"0g"'), "not an export: resourceSpans[0].scopeSpans[0].spans[0].traceId is no hex: '0g'"),
        (span('"spanId":" 01 "'), "not an export: resourceSpans[0].scopeSpans[0].spans[0].spanId is no hex: ' 01 '"),
        (
            span('"startTimeUnixNano":"-1"'),
            "not an export: resourceSpans.scopeSpans.spans.startTimeUnixNano: Value out of range: -1",
        ),
        (span('"name":"\\ud800"'), "not an export: resourceSpans.scopeSpans.spans.name: Unpaired surrogate"),
        (
            '{"resourceMetrics":5}',
            "not an export: resourceMetrics: repeated field resourceMetrics must be in [] which is 5",
        ),
    ],
    ids=["empty", "cut", "list", "bytes", "deep", "hex", "spaces", "negative", "surrogate", "number"],
)
def test_a_bad_line_is_refused_with_what_and_where(line: str | bytes, wrong: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(wrong)}$"):
        read(line)


@pytest.mark.parametrize(
    "fields", [f'"name":{"[" * 90}{"]" * 90}', f'"kind":["{"x" * 10_000}"]', f'"traceId":"{"x" * 10_000}"']
)
def test_a_mistake_is_told_in_one_short_line(fields: str) -> None:
    with pytest.raises(ValueError, match="not an export") as raised:
        read(span(fields))
    assert len(str(raised.value)) < 400
    assert "\n" not in str(raised.value)


# As Collectors of these days write it: empty ids and states, flags, a status without a code.
COLLECTOR = (
    '{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},"scopeSpans":'
    '[{"scope":{"name":"chunkmeter","version":"0.1.0"},"spans":[{"traceId":"5b8efff798038103d269b633813fc60c","spanId":'
    '"eee19b7ec3c1b174","parentSpanId":"","flags":257,"name":"chat","kind":3,"startTimeUnixNano":"1544712660000000000",'
    '"endTimeUnixNano":"1544712661000000000","attributes":[{"key":"n","value":{"intValue":"-5"}},{"key":"cost","value":'
    '{"doubleValue":1}},{"key":"none","value":{}},{"key":"bytes","value":{"bytesValue":"AAE="}}],"events":[{"timeUnixNano":'
    '"1544712660300000000","name":"e"}],"droppedAttributesCount":2,"status":{}}]}],"schemaUrl":"https://example.com/1"}]}'
)


def read_by_protobuf(line: str) -> Request | str | None:
    """The export as protobuf's own JSON has it, or what is wrong with the line."""

    def unread(_: object) -> Any:
        raise ValueError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(otlp_json_quick, "spans", unread)
        return read_or_told(line)


def read_or_told(line: str) -> Request | str | None:
    try:
        return read(line)
    except ValueError as error:
        return str(error)


@pytest.mark.parametrize("line", [COLLECTOR, SPAN_LINE, written(SPANS)], ids=["Collector", "line", "own"])
def test_quick_reading_is_that_of_protobuf(line: str) -> None:
    quick = otlp_json_quick.spans(json.loads(line)) if "links" not in line else read(line)
    assert quick == read_by_protobuf(line)
    assert isinstance(quick, ExportTraceServiceRequest)
    assert len(quick.resource_spans[0].scope_spans[0].spans[0].trace_id) == 16


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.sampled_from(["0a", "1", "", "x"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["key", "value", "stringValue", "values", "links", "spans"]), inner, max_size=2
        )
    ),
    max_leaves=4,
)


def places(tree: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [at, *(place for name, value in inner for place in places(value, (*at, name)))]


@settings(max_examples=200)
@given(st.sampled_from(places(json.loads(COLLECTOR))[1:]), JSON)
def test_quick_reading_is_that_of_protobuf_whatever_stands_in_a_place(place: tuple[Any, ...], value: Any) -> None:
    tree = json.loads(COLLECTOR)
    around = tree
    for name in place[:-1]:
        around = around[name]
    around[place[-1]] = value
    line = json.dumps(tree)
    assert read_or_told(line) == read_by_protobuf(line)
