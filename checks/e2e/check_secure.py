"""The gateway behind TLS and bearer tokens: who has one is let in, nobody else is, over gRPC and over HTTP."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.trace import Status, StatusCode

from checks.e2e.certificates import NAME, Certificates, certify
from checks.e2e.programs import Collector, eventually
from checks.e2e.stack import TOLERANCE, Run, Stack

grpc: Any = import_module("grpc")  # it comes without types

APP, AGENT = "of-an-app-0123456789", "of-an-agent-0123456789"
FORGER = "forger"
_SERVICES = "/opentelemetry.proto.collector"
CALLS = {"scenario": "openai-length-stream", "times": 2}
"""Truncated ones, whose traces sampling keeps."""


@dataclass(frozen=True, slots=True)
class Guarded:
    """A gateway that asks for a token, and what its senders have to know."""

    collector: Collector
    certificates: Certificates

    def sender(self, endpoint: str, protocol: str) -> dict[str, str]:
        """The environment of an app that may send, as the README has it."""
        return {
            "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
            "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
            "OTEL_EXPORTER_OTLP_CERTIFICATE": str(self.certificates.authority),
            "OTEL_EXPORTER_OTLP_HEADERS": f"authorization=Bearer%20{APP}",
            # Over HTTP these would go before it, and a developer's machine may have them.
            "REQUESTS_CA_BUNDLE": "",
            "CURL_CA_BUNDLE": "",
        }


@pytest.fixture(scope="module")
def guarded(stack: Stack) -> Guarded:
    """Two tokens, each on a line of its own."""
    folder = stack.work / "guarded"
    folder.mkdir()
    certificates = certify(folder)
    tokens = folder / "tokens"
    tokens.write_text(f"{APP} # the assistant\n{AGENT} # the agent\n")
    collector = stack.collector(
        "collector.yaml",
        "secure.yaml",
        CHUNKMETER_TLS_CERT=str(certificates.certificate),
        CHUNKMETER_TLS_KEY=str(certificates.key),
        CHUNKMETER_TOKENS=str(tokens),
    )
    return Guarded(collector, certificates)


def assert_arrived(stack: Stack, run: Run) -> None:
    """Prometheus has the run's spend, Jaeger a span of each call."""

    def compare() -> None:
        spend = stack.prometheus.value(f'sum(chunkmeter_spend_total{{service_name="{run.service}"}})')
        assert spend == pytest.approx(run.spend, rel=0, abs=TOLERANCE)
        assert len(stack.jaeger.spans(run.service)) == run.calls

    eventually(compare)


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_an_app_with_its_token_gets_in(stack: Stack, guarded: Guarded, protocol: str) -> None:
    """By plain environment variables; spans and metrics."""
    endpoint = guarded.collector.endpoint if protocol == "grpc" else guarded.collector.http_endpoint
    service = f"let-in-by-{protocol.partition('/')[0]}"
    assert_arrived(stack, stack.plan(service, guarded.collector, CALLS, **guarded.sender(endpoint, protocol)))


def test_an_agent_hands_on_by_a_token_of_its_own(stack: Stack, guarded: Guarded, work: Path) -> None:
    """From an app on its node, over TLS, to the gateway."""
    token = work / "gateway"
    token.write_text(f"{AGENT}\n")
    agent = stack.collector(
        "collector.agent.yaml",
        "secure.agent.yaml",
        CHUNKMETER_GATEWAYS=f"[{guarded.collector.address!r}]",
        CHUNKMETER_GATEWAY_CA=str(guarded.certificates.authority),
        CHUNKMETER_GATEWAY_NAME=NAME,
        CHUNKMETER_GATEWAY_TOKEN=str(token),
    )
    assert_arrived(stack, stack.plan("behind-an-agent", agent, CALLS))


# --- those who are not let in ---

PLAIN = "in plain text"
HEADERS = {
    "without a token": {},
    "with a wrong token": {"authorization": "Bearer of-nobody-0123456789"},
    "with an empty token": {"authorization": "Bearer"},
    "with half a token": {"authorization": f"Bearer {APP[:-1]}"},
    "with a token of another scheme": {"authorization": f"Basic {APP}"},
    PLAIN: {"authorization": f"Bearer {APP}"},
}


def sent(guarded: Guarded, protocol: str, headers: dict[str, str], *, tls: bool = True) -> set[object]:
    """What the gateway answers to a forger's spans and metrics: codes of gRPC or of HTTP."""
    collector, authority = guarded.collector, guarded.certificates.authority
    if protocol == "grpc":
        credentials = grpc.ssl_channel_credentials(authority.read_bytes())
        with (
            grpc.secure_channel(collector.address, credentials)
            if tls
            else grpc.insecure_channel(collector.address) as channel
        ):
            return {_code(channel.unary_unary(method), data, headers) for method, _, data in forged()}
    endpoint = collector.http_endpoint if tls else collector.http_endpoint.replace("https", "http")
    context = ssl.create_default_context(cafile=str(authority))
    given = {"content-type": "application/x-protobuf", **headers}
    with httpx.Client(verify=context, trust_env=False, headers=given) as client:
        return {_status(client, f"{endpoint}{path}", data) for _, path, data in forged()}


def _code(method: Any, data: bytes, headers: dict[str, str]) -> str:
    try:
        method(data, metadata=[*headers.items()], timeout=10)
    except grpc.RpcError as error:
        return error.code().name
    return "OK"


def _status(client: httpx.Client, url: str, data: bytes) -> int:
    try:
        return client.post(url, content=data).status_code
    except httpx.TransportError:
        return 400  # to plain text it answers so and hangs up, which may come first


def forged() -> Iterator[tuple[str, str, bytes]]:
    """A failed span, which sampling would keep, and the metrics of somebody who makes up spend.

    Each with the service of gRPC and the path of HTTP that it is for.
    """
    resource = Resource.create({"service.name": FORGER})
    span = TracerProvider(resource=resource).get_tracer("forger").start_span("chat gpt-4o")
    span.set_status(Status(StatusCode.ERROR))
    span.end()
    assert isinstance(span, ReadableSpan)
    yield f"{_SERVICES}.trace.v1.TraceService/Export", "/v1/traces", encode_spans([span]).SerializeToString()
    reader = InMemoryMetricReader()
    meters = MeterProvider([reader], resource=resource)
    meters.get_meter("forger").create_counter("chunkmeter.spend").add(1000, {"gen_ai.usage.cost.currency": "USD"})
    points = reader.get_metrics_data()
    assert points is not None
    yield f"{_SERVICES}.metrics.v1.MetricsService/Export", "/v1/metrics", encode_metrics(points).SerializeToString()


@pytest.mark.parametrize("protocol", ["grpc", "http"])
@pytest.mark.parametrize("way", HEADERS)
def test_nobody_else_gets_in(guarded: Guarded, protocol: str, way: str) -> None:
    """Neither with spans nor with metrics."""
    tls = way != PLAIN
    refused = {"grpc": "UNAUTHENTICATED" if tls else "UNAVAILABLE", "http": 401 if tls else 400}
    assert sent(guarded, protocol, HEADERS[way], tls=tls) == {refused[protocol]}


def test_nothing_of_theirs_has_arrived(stack: Stack, guarded: Guarded) -> None:
    """With a token the same does, so that the checks above are of the token."""

    def arrived() -> tuple[bool, bool]:
        spend = stack.prometheus.query(f'chunkmeter_spend_total{{service_name="{FORGER}"}}')
        return spend != {}, stack.jaeger.traces(FORGER) != []

    stack.settle()
    assert arrived() == (False, False)
    for protocol, taken in (("grpc", "OK"), ("http", 200)):
        assert sent(guarded, protocol, {"authorization": f"Bearer {APP}"}) == {taken}

    def both() -> None:
        assert arrived() == (True, True)

    eventually(both)
