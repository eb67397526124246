"""An OTLP/gRPC receiver for one machine: reads calls out of spans, and totals out of metrics.

It knows OTLP and attribute names, nothing else of chunkmeter.
"""

from __future__ import annotations

import importlib
import ipaddress
import json
import math
import threading
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self, cast

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality, Metric, NumberDataPoint

__all__ = ["Call", "Receiver", "Totals", "clean", "read_call", "span_totals"]

grpc: Any = importlib.import_module("grpc")  # it comes without types

_OPERATIONS = frozenset({"chat", "text_completion", "generate_content"})
_USAGE = {  # a field, and the attributes that may hold it
    "input_tokens": "gen_ai.usage.input_tokens",
    "cached_tokens": "gen_ai.usage.cache_read.input_tokens",
    "output_tokens": "gen_ai.usage.output_tokens",
    "total_tokens": "chunkmeter.usage.total_tokens",
    "cache_write_tokens": "gen_ai.usage.cache_write.input_tokens gen_ai.usage.cache_creation.input_tokens",
    "cache_write_1h_tokens": "chunkmeter.usage.cache_write_1h_tokens",
    "reasoning_tokens": "gen_ai.usage.reasoning.output_tokens",
    "input_audio_tokens": "gen_ai.usage.audio.input_tokens chunkmeter.usage.input_audio_tokens",
    "output_audio_tokens": "gen_ai.usage.audio.output_tokens chunkmeter.usage.output_audio_tokens",
}
_SHARED = ("input_tokens", "output_tokens", "cached_tokens")
_COST_METADATA = "chunkmeter.cost_metadata."
_TOTALS = {
    "chunkmeter.calls": "",
    "chunkmeter.spend": "gen_ai.usage.cost.currency",
    "gen_ai.client.token.usage": "gen_ai.token.type",
    "gen_ai.client.inference.usage.input_tokens": "",
    "gen_ai.client.inference.usage.output_tokens": "",
}
"""The metrics that are totalled, and the label that splits each."""
_TOKENS = (
    {"gen_ai.client.token.usage input": "input_tokens", "gen_ai.client.token.usage output": "output_tokens"},
    {
        "gen_ai.client.inference.usage.input_tokens": "input_tokens",
        "gen_ai.client.inference.usage.output_tokens": "output_tokens",
    },
)
"""Totals of tokens by the names of the released conventions and of the latest, and the usage that each is of."""
_KINDS_OF_SUM = ("sum", "histogram", "exponential_histogram")
_MAX_MESSAGE = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Call:
    """One inference span, under the names of the seed."""

    provider: str | None
    model: str | None
    finish_reasons: list[str]
    usage: dict[str, int]
    cost: float | None
    cost_metadata: dict[str, Any]
    outcome: str | None
    time_to_first_chunk: float | None
    currency: str = "USD"

    def as_json(self) -> str:
        """The line of `--json`."""
        fields = asdict(self)
        del fields["currency"]
        return json.dumps(fields, ensure_ascii=False)


def clean(text: str) -> str:
    """Takes out what could drive a terminal: control and format characters."""
    return "".join(char for char in text if unicodedata.category(char) not in {"Cc", "Cf"})


def _value(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind == "string_value":
        return clean(value.string_value)
    if kind == "array_value":
        return [_value(item) for item in value.array_value.values]
    if kind == "kvlist_value":
        return _attributes(value.kvlist_value.values)
    return None if kind is None or kind == "bytes_value" else getattr(value, kind)


def _attributes(pairs: Iterable[KeyValue]) -> dict[str, Any]:
    return {clean(pair.key): _value(pair.value) for pair in pairs}


def read_call(attributes: Mapping[str, Any]) -> Call | None:
    """The call that a span's attributes tell of, if they tell of one.

    A span of another instrumentation that lies inside a metered call (`chunkmeter.metered`, and no outcome of its
    own) tells of the same call once more, so of none.
    """
    if "chunkmeter.outcome" not in attributes and (
        "chunkmeter.metered" in attributes or attributes.get("gen_ai.operation.name") not in _OPERATIONS
    ):
        return None
    usage = {
        name: int(amount)
        for name, sources in _USAGE.items()
        for source in sources.split()
        if (amount := _number(attributes, source)) is not None
    }
    cost = _number(attributes, "gen_ai.usage.cost.amount")
    reasons: Any = attributes.get("gen_ai.response.finish_reasons")
    reasons = cast("list[Any]", reasons) if isinstance(reasons, list) else [] if reasons is None else [reasons]
    metadata: dict[str, Any] = {name: usage[name] for name in _SHARED if name in usage}
    metadata["streaming_mode"] = bool(attributes.get("gen_ai.request.stream"))
    own = len(_COST_METADATA)
    metadata.update((key[own:], value) for key, value in attributes.items() if key.startswith(_COST_METADATA))
    return Call(
        provider=_text(attributes, "gen_ai.provider.name") or _text(attributes, "gen_ai.system"),
        model=_text(attributes, "gen_ai.response.model") or _text(attributes, "gen_ai.request.model"),
        finish_reasons=[str(reason) for reason in reasons],
        usage=usage,
        cost=cost,
        cost_metadata=metadata,
        outcome=_text(attributes, "chunkmeter.outcome"),
        time_to_first_chunk=_number(attributes, "gen_ai.response.time_to_first_chunk"),
        currency=_text(attributes, "gen_ai.usage.cost.currency") or "USD",
    )


def _text(attributes: Mapping[str, Any], name: str) -> str | None:
    found = attributes.get(name)
    return found if isinstance(found, str) else None


def _number(attributes: Mapping[str, Any], name: str) -> float | None:
    found = attributes.get(name)
    usable = isinstance(found, int | float) and not isinstance(found, bool) and math.isfinite(found)
    return found if usable else None


class Totals:
    """What the metrics add up to: of a cumulative series the last point, of a delta series the sum."""

    def __init__(self) -> None:
        self._series: dict[tuple[object, ...], float] = {}

    def add(self, resource: str, metric: Metric) -> None:
        """Takes one metric of one export in; `resource` tells its sender from others."""
        kind = metric.WhichOneof("data")
        if metric.name not in _TOTALS or kind not in _KINDS_OF_SUM:
            return
        data = getattr(metric, kind)
        for point in data.data_points:
            attributes = _attributes(point.attributes)
            name = f"{metric.name} {attributes.get(_TOTALS[metric.name], '')}".rstrip()
            key = (name, resource, repr(sorted(attributes.items())))
            if isinstance(point, NumberDataPoint):
                amount = point.as_double if point.HasField("as_double") else float(point.as_int)
            else:
                amount = point.sum
            if data.aggregation_temporality == AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA:
                self._series[key] = self._series.get(key, 0.0) + amount
            else:
                self._series[*key, point.start_time_unix_nano] = amount

    def read(self) -> dict[str, float]:
        """Totals by metric, and by the one label that splits it."""
        return _sums((str(key[0]), amount) for key, amount in self._series.items())


def span_totals(calls: Iterable[Call], measured: Iterable[str] = ()) -> dict[str, float]:
    """The same totals, from the spans; of tokens by the names that are `measured`, else by the released ones."""
    spoken = [names for names in _TOKENS if not names.keys().isdisjoint(measured)] or _TOKENS[:1]
    pairs: list[tuple[str, float]] = []
    for call in calls:
        pairs += [("chunkmeter.calls", 1.0), (f"chunkmeter.spend {call.currency}", call.cost or 0.0)]
        pairs += [(name, call.usage.get(kind, 0)) for names in spoken for name, kind in names.items()]
    return _sums(pairs)


def _sums(pairs: Iterable[tuple[str, float]]) -> dict[str, float]:
    amounts: dict[str, list[float]] = {}
    for name, amount in pairs:
        amounts.setdefault(name, []).append(amount)
    return {name: math.fsum(amounts[name]) for name in sorted(amounts)}


class Receiver(AbstractContextManager["Receiver"]):
    """An OTLP/gRPC endpoint on a loopback address. `on_call` runs in its threads, one at a time."""

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
        self.calls: list[Call] = []
        self.totals = Totals()
        self.port = port
        self.host = f"[{address}]" if address.version == 6 else str(address)
        self._record, self._on_call = record, on_call
        self._lock = threading.Lock()
        self._count = 0
        self._server: Any = None

    def start(self) -> Self:
        """Binds and listens; `port` is the real one afterwards."""
        if self._record is not None:
            self._record.mkdir(parents=True, exist_ok=True)
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

    def stop(self) -> None:
        """Finishes the exports in flight, then closes."""
        if self._server is not None:
            self._server.stop(grace=2).wait()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _handler(self, name: str, take: Callable[[bytes], None] | None) -> Callable[[bytes, Any], bytes]:
        """Answers one export. Without (de)serializers gRPC hands over the bytes themselves."""

        def export(payload: bytes, context: Any) -> bytes:
            if "origin" in dict(context.invocation_metadata()):  # a page in a browser may reach loopback too
                context.abort(grpc.StatusCode.PERMISSION_DENIED, "not for browsers: send OTLP without an Origin header")
            with self._lock:
                if self._record is not None:
                    self._count += 1
                    (self._record / f"{self._count:06}.{name}.bin").write_bytes(payload)
                try:
                    if take is not None:
                        take(payload)
                except DecodeError as error:
                    context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"not an OTLP {name} request: {error}")
            return b""  # an empty response message: all accepted

        return export

    def _take_traces(self, payload: bytes) -> None:
        for resource in ExportTraceServiceRequest.FromString(payload).resource_spans:
            for scope in resource.scope_spans:
                for span in scope.spans:
                    call = read_call(_attributes(span.attributes))
                    if call is not None:
                        self.calls.append(call)
                        if self._on_call is not None:
                            self._on_call(call)

    def _take_metrics(self, payload: bytes) -> None:
        for resource in ExportMetricsServiceRequest.FromString(payload).resource_metrics:
            sender = repr(sorted(_attributes(resource.resource.attributes).items()))
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    self.totals.add(sender, metric)
