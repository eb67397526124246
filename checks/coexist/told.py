"""What is told of one call by chunkmeter and its peer together: metrics, and spans."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple, Self

from opentelemetry.sdk.trace import ReadableSpan

from chunkmeter import foreign
from chunkmeter.finished import scope_of
from chunkmeter.testing import Kit, attributes_of

__all__ = ["Told"]

_OURS = "chunkmeter"
_TOKENS, _DURATION = "gen_ai.client.token.usage", "gen_ai.client.operation.duration"


class Told(NamedTuple):
    """What a kit has received.

    Attributes:
        sums: of chunkmeter's own counters, by name without its first part.
        tokens: how often input tokens were recorded; by chunkmeter True, by others False.
        durations: the same of the call's duration.
        input_tokens: the sum of those that chunkmeter recorded.
        spans: the finished spans.
    """

    sums: Counter[str]
    tokens: Counter[bool]
    durations: Counter[bool]
    input_tokens: float
    spans: tuple[ReadableSpan, ...]

    @classmethod
    def so_far(cls, kit: Kit) -> Self:
        """All that a kit has received up to now."""
        sums, tokens, durations, input_tokens = Counter[str](), Counter[bool](), Counter[bool](), 0.0
        data: Any = kit.reader.get_metrics_data()
        resources = data.resource_metrics if data else ()
        for scope in (scope for resource in resources for scope in resource.scope_metrics):
            ours = scope.scope.name == _OURS
            for metric in scope.metrics:
                for point in metric.data.data_points:
                    if metric.name.startswith(f"{_OURS}.") and hasattr(point, "value"):
                        sums[metric.name.removeprefix(f"{_OURS}.")] += point.value
                    elif metric.name == _DURATION:
                        durations[ours] += point.count
                    elif metric.name == _TOKENS and point.attributes.get("gen_ai.token.type") == "input":
                        tokens[ours] += point.count
                        input_tokens += point.sum if ours else 0
        return cls(sums, tokens, durations, input_tokens, tuple(kit.spans))

    def since(self, before: Self) -> Self:
        """What came after an earlier state."""
        return type(self)(
            Counter({name: value - before.sums[name] for name, value in self.sums.items()}),
            self.tokens - before.tokens,
            self.durations - before.durations,
            self.input_tokens - before.input_tokens,
            self.spans[len(before.spans) :],
        )

    @property
    def usd(self) -> float:
        """The cost on spans."""
        return sum(attributes_of(span).get("gen_ai.usage.cost.amount", 0.0) for span in self.spans)

    @property
    def cost_status(self) -> str | None:
        """What the span with the cost says of it; None without one."""
        of_spans = [attributes_of(span) for span in self.spans]
        return next((of["chunkmeter.cost.status"] for of in of_spans if "gen_ai.usage.cost.amount" in of), None)

    @property
    def lacks(self) -> set[str]:
        """What the spans say that their cost lacks."""
        return {name for span in self.spans for name in attributes_of(span).get("chunkmeter.cost.unpriced", ())}

    @property
    def with_usage(self) -> int:
        """How many inference spans tell tokens, without those that are marked as another account of a call."""
        return sum(_tells_tokens(span) and not _is_marked(span) for span in self.spans)

    def spans_of(self, scopes: tuple[str, ...]) -> int:
        """How many spans are of a scope that begins so."""
        return sum((scope_of(span) or "").startswith(scopes) for span in self.spans)

    def __str__(self) -> str:
        return (
            f"{self.with_usage} spans, {self.cost_status}, tokens {self.tokens[True]}+{self.tokens[False]}, "
            f"duration {self.durations[True]}+{self.durations[False]}"
        )


def _tells_tokens(span: ReadableSpan) -> bool:
    call = foreign.read(span.attributes or {})
    tokens = None if call is None else call[1].tokens()
    return tokens is not None and bool(tokens.input_tokens or tokens.output_tokens)


def _is_marked(span: ReadableSpan) -> bool:
    status = attributes_of(span).get("chunkmeter.cost.status")
    return status == "elsewhere" or (status is None and "chunkmeter.metered" in attributes_of(span))
