"""What other instrumentations put on spans leaves the gateway without prompts and without secrets; figures stay."""

from __future__ import annotations

import json
from typing import Any

import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode

from checks.e2e.programs import Collector, eventually, tags
from checks.e2e.stack import Stack
from support.secret_shapes import HARMLESS, QUERIES, left_of
from support.secret_shapes import SECRETS as SHAPES

PROMPT = "the diagnosis of Maria Albuquerque"
# Nobody's: made up in the shapes that providers give out.
SECRETS = {
    "openai": "sk-proj-" + "Ab1_" * 12,
    "anthropic": "sk-ant-api03-" + "Cd2-" * 12,
    "google": "AIza" + "Ef3x" * 9,
    "groq": "gsk_" + "Gh4y" * 12,
    "xai": "xai-" + "Ij5z" * 16,
    "aws": "AKIA" + "KL6MN7OP8QR9ST0U",
    "bearer": "Bearer " + "uv1w" * 10,
}
SAID = f"{PROMPT}, with {' and '.join(SECRETS.values())}"
MESSAGES = json.dumps([{"role": "user", "parts": [{"type": "text", "content": SAID}]}])

HTTP = "HTTP clients"
# By instrumentation: what it puts on its span, and the figures among that which must survive as numbers.
DIALECTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "genai conventions": (
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.input.messages": MESSAGES,
            "gen_ai.output.messages": MESSAGES,
            "gen_ai.system_instructions": MESSAGES,
            "gen_ai.tool.definitions": MESSAGES,
            "gen_ai.tool.call.arguments": SAID,
            "gen_ai.tool.call.result": SAID,
        },
        {
            "gen_ai.usage.input_tokens": 120,
            "gen_ai.usage.output_tokens": 34,
            "gen_ai.usage.cache_read.input_tokens": 100,
            "gen_ai.usage.cost.amount": 0.0012,
            "gen_ai.request.max_tokens": 500,
        },
    ),
    "OpenLLMetry": (
        {
            "gen_ai.system": "openai",
            "gen_ai.prompt.0.role": "user",
            "gen_ai.prompt.0.content": SAID,
            "gen_ai.completion.0.content": SAID,
            "gen_ai.completion.0.tool_calls.0.arguments": SAID,
            "traceloop.entity.input": MESSAGES,
            "traceloop.entity.output": MESSAGES,
            "llm.headers": SAID,
        },
        {"gen_ai.usage.prompt_tokens": 120, "gen_ai.usage.completion_tokens": 34, "llm.usage.total_tokens": 154},
    ),
    "OpenInference": (
        {
            "openinference.span.kind": "LLM",
            "llm.input_messages.0.message.content": SAID,
            "llm.output_messages.0.message.content": SAID,
            "llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments": SAID,
            "llm.invocation_parameters": json.dumps({"api_key": SECRETS["openai"]}),
            "llm.prompts": [SAID],
            "input.value": MESSAGES,
            "output.value": MESSAGES,
            "retrieval.documents.0.document.content": SAID,
        },
        {
            "llm.token_count.prompt": 120,
            "llm.token_count.completion": 34,
            "llm.token_count.total": 154,
            "llm.token_count.prompt_details.cache_read": 100,
        },
    ),
    "OpenLIT": (
        {"gen_ai.system": "openai", "gen_ai.prompt": SAID, "gen_ai.completion": SAID, "gen_ai.content.prompt": SAID},
        {"gen_ai.usage.input_tokens": 120, "gen_ai.usage.output_tokens": 34, "gen_ai.usage.cost": 0.0012},
    ),
    "Logfire and Pydantic AI": (
        {
            "gen_ai.operation.name": "chat",
            "request_data": MESSAGES,
            "response_data": MESSAGES,
            "all_messages_events": MESSAGES,
            "events": MESSAGES,
        },
        {"gen_ai.usage.input_tokens": 120, "gen_ai.usage.output_tokens": 34, "operation.cost": 0.0012},
    ),
    "Langfuse": (
        {"langfuse.observation.input": MESSAGES, "langfuse.observation.output": MESSAGES, "langfuse.trace.input": SAID},
        {"gen_ai.usage.input_tokens": 120},
    ),
    HTTP: (
        {
            "http.request.method": "POST",
            "http.request.header.authorization": [SECRETS["bearer"]],
            "http.request.header.x-api-key": [SECRETS["anthropic"]],
            "http.request.header.x_goog_api_key": [SECRETS["google"]],
            "url.full": f"https://llm.example/v1beta/models?key={SECRETS['google']}",
            "url.query": f"key={SECRETS['google']}",
        },
        {"http.response.status_code": 401, "server.port": 443},
    ),
}
FAILED = {
    "exception": {"exception.type": "ConnectError", "exception.message": f"with {' and '.join(SECRETS.values())}"}
}
EVENTS = {
    "gen_ai.content.prompt": {"gen_ai.prompt": SAID},
    "gen_ai.user.message": {"content": SAID, "role": "user"},
    "gen_ai.choice": {"message": MESSAGES, "index": 0},
    "exception": {"exception.type": "AuthenticationError", "exception.message": f"Incorrect API key: {SAID}"},
}


def send(endpoint: str, service: str) -> None:
    """A failed trace, so that tail sampling keeps it, with one span of each dialect."""
    provider = TracerProvider(resource=Resource.create({"service.name": service, "openai.api_key": SECRETS["openai"]}))
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(endpoint=endpoint, insecure=True)))
    tracer = provider.get_tracer("peer")
    with tracer.start_as_current_span("root", set_status_on_exception=False, record_exception=False) as root:
        root.set_status(Status(StatusCode.ERROR, f"failed on {SECRETS['openai']}"))
        for name, (content, figures) in DIALECTS.items():
            span = tracer.start_span(f"{name} {SECRETS['groq']}", kind=SpanKind.CLIENT)
            span.set_attributes({"dialect": name, **content, **figures})
            # Error texts stay where no LLM was called, without the keys in them: someone has to find out what failed.
            for event, attributes in (FAILED if name == HTTP else EVENTS).items():
                span.add_event(event, attributes)
            span.set_status(Status(StatusCode.ERROR, f"Incorrect API key provided: {SECRETS['openai']}"))
            span.end()
    provider.shutdown()


@pytest.fixture(scope="module")
def trace(stack: Stack, gateway: Collector) -> dict[str, Any]:
    """The trace as Jaeger has it."""
    send(gateway.endpoint, "peers")

    def whole() -> dict[str, Any]:
        (trace,) = stack.jaeger.traces("peers")
        assert len(trace["spans"]) == 1 + len(DIALECTS)
        return trace

    return eventually(whole)


def test_no_secret_leaves_the_gateway(trace: dict[str, Any]) -> None:
    """Wherever it stood: in attributes, lists, events, names, the status, the resource."""
    text = json.dumps(trace)
    assert {
        name for name, secret in SECRETS.items() if secret in text or secret.removeprefix("Bearer ") in text
    } == set()


def test_no_prompt_leaves_the_gateway(trace: dict[str, Any]) -> None:
    """Nor an answer."""
    text = json.dumps(trace)
    at = text.find(PROMPT)
    assert at < 0, text[max(0, at - 200) : at + 50]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_figures_survive(trace: dict[str, Any], dialect: str) -> None:
    """As the numbers they were."""
    figures = DIALECTS[dialect][1]
    (span,) = (span for span in trace["spans"] if tags(span).get("dialect") == dialect)
    found = {tag["key"]: (tag["type"], tag["value"]) for tag in span["tags"]}
    kinds = {int: "int64", float: "float64"}
    assert {name: found.get(name) for name in figures} == {
        name: (kinds[type(value)], value) for name, value in figures.items()
    }


def test_every_shape_of_a_secret_is_masked_and_nothing_else(stack: Stack, gateway: Collector) -> None:
    """In attributes, lists, names of spans and events, on the resource: by the Collector's own regular expressions."""
    secrets = [*SHAPES, *(f"you sent {shape}, which is wrong" for shape in SHAPES), *QUERIES]
    said = {f"secret.{number}": secret for number, secret in enumerate(secrets)}
    kept = {f"kept.{number}": text for number, text in enumerate(HARMLESS)}
    resource = {
        "service.name": "shapes",
        "url.query": QUERIES[0],
        "peer.headers": "Ocp-Apim-Subscription-Key: abcdefgh1234",
    }
    limits = SpanLimits(max_span_attributes=2000, max_events=2000)
    provider = TracerProvider(resource=Resource.create(resource), span_limits=limits)
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(endpoint=gateway.endpoint, insecure=True)))
    with provider.get_tracer("peer").start_as_current_span("GET /v1?Subscription-Key=abcdefgh1234") as span:
        span.set_attributes({**said, **kept, "list": SHAPES, "tokens": 12})
        for shape in SHAPES:
            span.add_event(f"retry of {shape}", {"exception.message": f"failed with {shape}"})
        span.set_status(Status(StatusCode.ERROR, "failed on https://abcdefgh1234@git.example/x"))
    provider.shutdown()

    def whole() -> dict[str, Any]:
        (trace,) = stack.jaeger.traces("shapes")
        return trace

    trace = eventually(whole)
    (span,) = trace["spans"]
    found = tags(span)
    assert {name: found.get(name) for name in (*kept, "tokens")} == {**kept, "tokens": 12}
    texts = [str(value) for name, value in found.items() if name not in kept]
    texts += [field["value"] for event in span["logs"] for field in event["fields"]]
    texts += [tag["value"] for process in trace["processes"].values() for tag in process["tags"]]
    masked = json.dumps(texts)
    assert left_of(masked) is None, masked
    assert len(span["logs"]) == len(SHAPES)


def test_spans_without_a_status_are_no_failure_of_the_gateway(stack: Stack, gateway: Collector) -> None:
    """Each statement has what it works on, whatever a span lacks; the words of others are made one all the same."""
    provider = TracerProvider(resource=Resource.create({"service.name": "bare"}))
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(endpoint=gateway.endpoint, insecure=True)))
    tracer = provider.get_tracer("peer")
    said: dict[str, dict[str, Any]] = {
        "nothing": {},
        "a call": {"gen_ai.operation.name": "chat"},
        "a list": {"gen_ai.operation.name": "chat", "gen_ai.response.finish_reasons": ["stop", "MAX_TOKENS"]},
        "an empty list": {"gen_ai.operation.name": "chat", "gen_ai.response.finish_reasons": []},
        "a word": {"gen_ai.operation.name": "chat", "gen_ai.completion.0.finish_reason": "tool_calls"},
        "ours": {"gen_ai.response.finish_reasons": ["error"], "chunkmeter.finish_reason": "none"},
    }
    # One that failed, without a text, so that the trace is kept.
    with tracer.start_as_current_span("root") as root:
        root.set_status(Status(StatusCode.ERROR))
        for name, attributes in said.items():
            tracer.start_span(name, attributes=attributes).end()
    provider.shutdown()

    def whole() -> dict[str, Any]:
        (trace,) = stack.jaeger.traces("bare")
        assert len(trace["spans"]) == 1 + len(said)
        return trace

    words = {span["operationName"]: tags(span).get("chunkmeter.finish_reason") for span in eventually(whole)["spans"]}
    assert words == {
        "root": None,
        "nothing": None,
        "a call": None,
        "a list": "length",
        "an empty list": "none",
        "a word": "tool_call",
        "ours": "none",
    }
    failed = [line for line in gateway.said.splitlines() if "failed to execute statement" in line or " nil " in line]
    assert failed == []


def test_ours_survive(stack: Stack, gateway: Collector) -> None:
    """A metered call comes out of the gateway with every attribute that it went in with."""
    stack.plan("survivor", gateway, {"scenario": "openai-length-stream"})

    def whole() -> set[str]:
        (span,) = stack.jaeger.spans("survivor")
        return set(span)

    names = eventually(whole)
    for name in (
        "gen_ai.response.finish_reasons",
        "gen_ai.usage.input_tokens",
        "gen_ai.usage.output_tokens",
        "gen_ai.usage.cost.amount",
        "chunkmeter.finish_reason",
        "chunkmeter.usage.total_tokens",
        "chunkmeter.price.version",
        "code.function.name",
    ):
        assert name in names
