"""Compares recorded OTLP bytes with the scenarios' literals: `python -m replay.check DIR [scenario ...]`.

An independent witness: it decodes the bytes by itself and imports nothing of chunkmeter. Every scenario named
(by default those the example app plays) must be there exactly once, and metrics must add up to the spans.
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from replay.otlp import Histogram, Recording, read
from replay.scenarios import ALL, Scenario, by_id
from replay.scenarios.base import Truth

TOLERANCE = 1e-9
"""USD."""
OPERATIONS = ("chat", "text_completion", "generate_content", "embeddings")
# On these the published instrumentations leave the provider's own words on the span.
RAW_WORDS = frozenset({"openai", "groq", "xai", "litellm", "azure", "mistral", "together"})

USAGE: dict[str, tuple[str, ...]] = {
    "input_tokens": ("gen_ai.usage.input_tokens",),
    "cached_tokens": ("gen_ai.usage.cache_read.input_tokens",),
    "cache_write_tokens": (
        "gen_ai.usage.cache_creation.input_tokens",
        "gen_ai.usage.cache_write.input_tokens",
    ),
    "cache_write_1h_tokens": ("chunkmeter.usage.cache_write_1h_tokens",),
    "output_tokens": ("gen_ai.usage.output_tokens",),
    "reasoning_tokens": ("gen_ai.usage.reasoning.output_tokens",),
    "input_audio_tokens": ("gen_ai.usage.audio.input_tokens", "chunkmeter.usage.input_audio_tokens"),
    "output_audio_tokens": ("gen_ai.usage.audio.output_tokens", "chunkmeter.usage.output_audio_tokens"),
}

# A 0 says nothing of these: they are parts of the input and the output, whose own 0 does.
PARTS = frozenset(USAGE) - {"input_tokens", "output_tokens"}
# The tiers that a call has unasked.
USUAL_TIERS = ("default", "standard", "on_demand")
# One word a call, the worst over its choices.
WORST_FIRST = ("error", "content_filter", "length", "tool_call", "stop")


class Report:
    """Mismatches, as lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def expect(self, where: str, got: object, *expected: object) -> None:
        """Notes it where `got` is none of the values expected."""
        if got not in expected:
            wanted = " or ".join(map(repr, expected))
            self.lines.append(f"{where}: got {got!r}, expected {wanted}")

    def close(self, where: str, got: float | None, expected: float, tolerance: float = TOLERANCE) -> None:
        """The same for money."""
        if got is None or not math.isclose(got, expected, rel_tol=0.0, abs_tol=tolerance):
            self.lines.append(f"{where}: got {got!r}, expected {expected!r}")


def usage_of(span: Mapping[str, Any], name: str) -> int | None:
    """A token count of a span, under any of its names."""
    return next((span[source] for source in USAGE[name] if source in span), None)


def count_on_span(truth: Truth, name: str) -> int | None:
    """A token count as it has to stand on a span. What the wire leaves out is not there, nor is a part that is 0."""
    number: int | None = getattr(truth, name)
    return None if number == 0 and name in PARTS else number


def raw_reasons_on_span(truth: Truth, words: Sequence[str]) -> list[str] | None:
    """The provider's own words as they have to stand beside `words`: only where they are others."""
    return None if truth.raw_finish_reasons == tuple(words) else list(truth.raw_finish_reasons)


def check_call(report: Report, scenario: Scenario, span: Mapping[str, Any]) -> None:
    """One span against one scenario."""
    truth, where = scenario.truth, scenario.id

    def expect(attribute: str, *expected: object) -> None:
        report.expect(f"{where} {attribute}", span.get(attribute), *expected)

    words = truth.raw_finish_reasons if scenario.service in RAW_WORDS else truth.finish_reasons
    charged = None if truth.provider_cost is None else float(truth.provider_cost)
    expect("gen_ai.provider.name", truth.provider)
    expect("gen_ai.request.model", scenario.app_model, scenario.model)
    expect("gen_ai.response.model", truth.response_model)
    expect("gen_ai.response.finish_reasons", list(words) or None)
    expect("chunkmeter.response.raw_finish_reasons", raw_reasons_on_span(truth, words))
    expect("chunkmeter.finish_reason", next((word for word in WORST_FIRST if word in truth.finish_reasons), None))
    expect("chunkmeter.outcome", "completed")
    expect("chunkmeter.usage.status", truth.usage_status)
    expect("chunkmeter.cost.status", truth.cost_status)
    expect("chunkmeter.cost.unpriced", list(truth.unpriced) or None)
    priced = truth.cost is not None
    expect("gen_ai.usage.cost.currency", "USD" if priced else None)
    expect("gen_ai.usage.cost.source", ("local" if charged is None else "provider") if priced else None)
    expect("chunkmeter.cost_metadata.cost", charged)
    for name in USAGE:
        report.expect(f"{where} {name}", usage_of(span, name), count_on_span(truth, name))
    if "chunkmeter.usage.total_tokens" in span:
        expect("chunkmeter.usage.total_tokens", truth.total_tokens)
    expect("chunkmeter.cost_metadata.tier", None if truth.service_tier in USUAL_TIERS else truth.service_tier)
    for attribute, value in span.items():
        # 0.0 is what a provider may charge.
        if attribute.startswith("chunkmeter.cost") and not value and attribute != "chunkmeter.cost_metadata.cost":
            report.lines.append(f"{where} {attribute}: {value!r} says nothing")
    if priced:
        report.close(f"{where} gen_ai.usage.cost.amount", span.get("gen_ai.usage.cost.amount"), truth.usd)
    else:
        expect("gen_ai.usage.cost.amount", None)
    first = span.get("gen_ai.response.time_to_first_chunk")
    if scenario.stream:
        expect("gen_ai.request.stream", True)
        if not isinstance(first, float) or not 0 < first < 60:
            report.lines.append(f"{where} time_to_first_chunk: got {first!r}, expected seconds")
    else:
        report.expect(f"{where} time_to_first_chunk", first, None)


def check_totals(report: Report, spans: Sequence[Mapping[str, Any]], metrics: Recording) -> None:
    """All metrics against all spans."""

    def total(name: str, **labels: str) -> float:
        found = metrics.points(name, labels)
        if not found:
            report.lines.append(f"metric {name} {labels or ''}: nothing received")
        return math.fsum(point.sum if isinstance(point, Histogram) else point for point in found)

    def count(name: str) -> int:
        return sum(point.count for point in metrics.points(name, {}) if isinstance(point, Histogram))

    cost = math.fsum(span.get("gen_ai.usage.cost.amount", 0.0) for span in spans)
    streams = sum("gen_ai.response.time_to_first_chunk" in span for span in spans)
    report.close("metric chunkmeter.spend", total("chunkmeter.spend"), cost)
    report.close("metric gen_ai.client.operation.cost", total("gen_ai.client.operation.cost"), cost)
    report.expect("metric chunkmeter.calls", total("chunkmeter.calls"), len(spans))
    report.expect("metric gen_ai.client.operation.duration", count("gen_ai.client.operation.duration"), len(spans))
    report.expect(
        "metric gen_ai.client.operation.time_to_first_chunk",
        count("gen_ai.client.operation.time_to_first_chunk"),
        streams,
    )
    for kind in ("input", "output"):
        expected = sum(usage_of(span, f"{kind}_tokens") or 0 for span in spans)
        got = total("gen_ai.client.token.usage", **{"gen_ai.token.type": kind})
        report.expect(f"metric gen_ai.client.token.usage {kind}", got, expected)
    # Nothing of chunkmeter's own may have failed on the way.
    errors = [point for point in metrics.points("chunkmeter.errors", {}) if point]
    report.expect("metric chunkmeter.errors", errors, [])


# Which call a span is of: the response's id tells; where the wire has none (Bedrock), model and output do.


def call_of_scenario(scenario: Scenario) -> tuple[object, ...]:
    """What tells the scenario's call from all others."""
    truth = scenario.truth
    return (truth.response_id,) if truth.response_id else (scenario.app_model, truth.output_tokens)


def call_of_span(span: Mapping[str, Any]) -> tuple[object, ...]:
    """The same, as it stands on a span."""
    response_id = span.get("gen_ai.response.id")
    return (response_id,) if response_id else (span.get("gen_ai.request.model"), usage_of(span, "output_tokens"))


def check(directory: Path, scenarios: Sequence[Scenario]) -> tuple[int, list[str]]:
    """The number of calls received, and what is wrong with them."""
    report = Report()
    recording = read(directory)
    spans = [
        span
        for span in recording.spans
        if "chunkmeter.outcome" in span or span.get("gen_ai.operation.name") in OPERATIONS
    ]
    expected = {call_of_scenario(scenario): scenario for scenario in scenarios}
    seen = Counter(map(call_of_span, spans))
    for call, scenario in expected.items():
        report.expect(f"{scenario.id} spans", seen[call], 1)
    for span in spans:
        scenario = expected.get(call_of_span(span))
        if scenario is None:
            about = f"{span.get('gen_ai.request.model')} {span.get('chunkmeter.outcome')}"
            report.lines.append(f"a call of no scenario: id {span.get('gen_ai.response.id')!r}, {about}")
        else:
            check_call(report, scenario, span)
    if spans:
        check_totals(report, spans, recording)
    return len(spans), report.lines


def main(arguments: Sequence[str]) -> int:
    """Prints what is wrong, then how much; 1 if anything is."""
    if not arguments:
        print(__doc__, file=sys.stderr)
        return 2
    scenarios = [by_id[name] for name in arguments[1:]] or [scenario for scenario in ALL if scenario.demo]
    calls, mismatches = check(Path(arguments[0]), scenarios)
    for line in mismatches:
        print(line)
    if sys.modules.get("chunkmeter") is not None:
        mismatches.append("this checker imported chunkmeter")
    print(f"{calls} calls checked, {len(mismatches)} mismatches")
    return 1 if mismatches or not calls else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
