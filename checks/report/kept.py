"""A file as the Collector's file exporter keeps it: a day of a made-up shop's calls, metered and priced by chunkmeter.

The same each time: what happens is drawn from a seeded generator, and the clock stands still unless it is moved.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.trace import use_span

import chunkmeter
from chunkmeter.cli.otlp_json import written
from chunkmeter.reporting.telemetry import Telemetry
from chunkmeter.settings import Settings
from chunkmeter.testing import Clock, fixed_clock, scripted

__all__ = ["keep"]

_BATCH = 512
_TENANTS = ("acme", "globex", "initech", "umbrella", "hooli", "stark", "wayne")


class _Asked(NamedTuple):
    """A kind of call: who answers, how much is asked and said, and how fast."""

    provider: str
    model: str
    asked: int
    said: int
    first: float


_KINDS = (
    (_Asked("openai", "gpt-4o-mini", 1800, 220, 0.35), 46),
    (_Asked("openai", "gpt-4o", 2600, 420, 0.55), 14),
    (_Asked("openai", "o3-mini", 1400, 1900, 2.4), 5),
    (_Asked("anthropic", "claude-sonnet-4-5", 5200, 640, 0.9), 18),
    (_Asked("groq", "llama-3.3-70b-versatile", 1500, 260, 0.12), 9),
    (_Asked("openai", "text-embedding-3-small", 900, 0, 0.08), 6),
    (_Asked("openai", "shop-rank-2-distilled", 600, 90, 0.2), 2),
)


class _Ids(IdGenerator):
    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    def generate_span_id(self) -> int:
        return self._chance.randrange(1, 2**64)

    def generate_trace_id(self) -> int:
        return self._chance.randrange(1, 2**128)


class _Service:
    """A service's providers in memory."""

    def __init__(self, name: str, chance: random.Random) -> None:
        resource = Resource({"service.name": name})
        self.exporter, self.reader = InMemorySpanExporter(), InMemoryMetricReader()
        provider = TracerProvider(resource=resource, id_generator=_Ids(chance))
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.tracer = provider.get_tracer("shop")
        settings = Settings(metric_labels=("tenant", "function"))
        self.telemetry = Telemetry(provider, MeterProvider([self.reader], resource=resource), settings)


def keep(path: Path, calls: int) -> None:
    """Write a file with about so many calls, and the metrics of each service at its end."""
    chance = random.Random(24)
    services = [_Service(name, chance) for name in ("shop-api", "support-bot", "search")]
    with path.open("w", encoding="utf-8") as file, fixed_clock(datetime(2026, 11, 30, 6, tzinfo=UTC)) as clock:
        start, made = clock.ns, 0
        while made < calls:
            hour = 15 * made / calls
            clock.ns = start + round((hour + chance.random() * 0.2) * 3600 * 1e9)
            service = chance.choices(services, (7, 4, 2))[0]
            busy = 1 + 2.2 * math.sin(math.pi * hour / 15) ** 2
            made += _request(service, clock, chance, busy)
            for each in services:
                if len(each.exporter.get_finished_spans()) >= _BATCH:
                    file.writelines(_spans(each))
        for each in services:
            file.writelines(_spans(each))
            data = each.reader.get_metrics_data()
            assert data is not None
            file.write(written(encode_metrics(data)) + "\n")


def _spans(service: _Service) -> Iterator[str]:
    spans = service.exporter.get_finished_spans()
    service.exporter.clear()
    if spans:
        yield written(encode_spans(spans)) + "\n"


def _request(service: _Service, clock: Clock, chance: random.Random, busy: float) -> int:
    """One request to the shop, with a few calls and tools inside it; how many calls it made."""
    steps = chance.choices((1, 2, 3, 5, 9), (60, 20, 10, 7, 3))[0]
    route = chance.choice(("POST /answers", "POST /tickets/{id}/reply", "GET /search", "POST /agents/run"))
    root = service.tracer.start_span(route, start_time=clock.ns)
    clock.advance(0.02)
    with use_span(root), chunkmeter.labels(tenant=chance.choices(_TENANTS, (30, 20, 14, 9, 6, 3, 2))[0]):
        for step in range(steps):
            if step:
                tool = service.tracer.start_span(
                    f"execute_tool {chance.choice(('look_up_order', 'search_docs', 'refund'))}", start_time=clock.ns
                )
                clock.advance(0.05 + chance.expovariate(3))
                tool.end(clock.ns)
            _call(service, clock, chance, busy * (1 + step / 2))
            clock.advance(0.01)
    root.end(clock.ns)
    return steps


def _call(service: _Service, clock: Clock, chance: random.Random, size: float) -> None:
    kind = chance.choices([each for each, _ in _KINDS], [weight for _, weight in _KINDS])[0]
    began = clock.ns
    clock.advance(kind.first * chance.lognormvariate(0, 0.45))
    asked, said = (round(number * size * chance.lognormvariate(0, 0.5)) for number in (kind.asked, kind.said))
    ends = chance.choices(("well", "cut", "raises", "ends", "dropped", "silent"), (930, 25, 12, 8, 15, 10))[0]
    events = _anthropic(kind, asked, said, ends) if kind.provider == "anthropic" else _openai(kind, asked, said, ends)
    error = TimeoutError("read timed out") if ends == "raises" else None
    stream = scripted(events, error=error, clock=clock, gap=0.03 + said / len(events) * 0.004)
    stream = chunkmeter.wrap(
        stream, provider=kind.provider, model=kind.model, start_time=began, telemetry=service.telemetry
    )
    with suppress(TimeoutError):
        for place, _ in enumerate(stream):
            if ends == "dropped" and place == 1:
                stream.close()


def _openai(kind: _Asked, asked: int, said: int, ends: str) -> list[dict[str, Any]]:
    if not kind.said:
        return [
            {
                "object": "list",
                "data": [{"embedding": [0.1]}],
                "model": kind.model,
                "usage": {"prompt_tokens": asked, "total_tokens": asked},
            }
        ]
    text: list[dict[str, Any]] = [
        {"model": kind.model, "choices": [{"index": 0, "delta": {"content": "..."}, "finish_reason": None}]}
        for _ in range(4)
    ]
    if ends in ("raises", "ends"):
        return text[:2]
    reason = "length" if ends == "cut" else "stop"
    text.append({"model": kind.model, "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
    if ends == "silent":
        return text
    usage: dict[str, Any] = {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said}
    usage["prompt_tokens_details"] = {"cached_tokens": asked // 3}
    if kind.model.startswith("o3"):
        usage["completion_tokens_details"] = {"reasoning_tokens": said * 2 // 3}
    return [*text, {"model": kind.model, "choices": [], "usage": usage}]


def _anthropic(kind: _Asked, asked: int, said: int, ends: str) -> list[dict[str, Any]]:
    usage = {
        "input_tokens": asked // 4,
        "cache_read_input_tokens": asked // 2,
        "cache_creation_input_tokens": asked // 4,
    }
    begun = {"id": "msg_1", "model": kind.model, "stop_reason": None, "usage": {**usage, "output_tokens": 1}}
    events: list[dict[str, Any]] = [{"type": "message_start", "message": begun}]
    events += [{"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "..."}}] * 3
    if ends in ("raises", "ends"):
        return events
    reason = "max_tokens" if ends == "cut" else "tool_use" if said % 3 == 0 else "end_turn"
    events.append({"type": "message_delta", "delta": {"stop_reason": reason}, "usage": {"output_tokens": said}})
    return [*events, {"type": "message_stop"}]
