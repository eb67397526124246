"""What a UI tells of the demo's calls, held against the scenarios' literals."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from checks.uis.servers import Seen, Ui
from replay.check import Report, call_of_scenario, call_of_span, count_on_span
from replay.scenarios import Scenario

__all__ = ["Row", "calls_of", "compared"]

COST = "gen_ai.usage.cost.amount"
PRICED_BESIDE = "chat_completion_v1_chat_completions_post"
"""A span of another's that a UI prices beside ours: Mistral's SDK traces itself, and its span of a plain call tells the
tokens of the output."""


class Row(NamedTuple):
    """One comparison: what it is of, what the UI told, and what is wrong with that."""

    of: str
    told: str
    wrong: tuple[str, ...]


def calls_of(spans: Sequence[Seen]) -> list[Seen]:
    """Those of them that are chunkmeter's."""
    return [span for span in spans if "chunkmeter.outcome" in span.attributes]


def compared(ui: Ui, spans: Sequence[Seen], scenarios: Sequence[Scenario]) -> Iterator[Row]:
    """Each call by itself, then all of them.

    Args:
        ui: whose spans they are.
        spans: every span that it has.
        scenarios: the calls that were made, once each.
    """
    seen: defaultdict[tuple[object, ...], list[Seen]] = defaultdict(list)
    for span in calls_of(spans):
        seen[call_of_span(span.attributes)].append(span)
    for scenario in scenarios:
        yield _call(ui, scenario, seen.pop(call_of_scenario(scenario), []))
    yield _all(spans, scenarios, strangers=list(seen))
    yield _priced_beside(spans, scenarios)


def _call(ui: Ui, scenario: Scenario, spans: Sequence[Seen]) -> Row:
    report, truth = Report(), scenario.truth
    report.expect("spans of the call", len(spans), 1)
    if not spans:
        return Row(scenario.id, "nothing", tuple(report.lines))
    (span, *_) = spans
    asked = (scenario.app_model, scenario.model)
    report.expect(
        "model", span.model, *((truth.response_model,) if ui.names_answer and truth.response_model else asked)
    )
    for name, count in span.tokens.items():
        report.expect(name, count, None if name in ui.unread else count_on_span(truth, name))
    cost = span.attributes.get(COST)
    if truth.cost is None:
        report.expect("cost", cost, None)
    else:
        report.close("cost", cost, truth.usd)
    tokens = ", ".join(f"{span.tokens[f'{way}put_tokens']} {way}" for way in ("in", "out"))
    return Row(scenario.id, f"{tokens}, {_usd(cost)}; own price {_usd(span.own_cost)}", tuple(report.lines))


def _all(spans: Sequence[Seen], scenarios: Sequence[Scenario], strangers: Sequence[object]) -> Row:
    report = Report()
    costs = [span.attributes[COST] for span in spans if COST in span.attributes]
    report.expect("calls of no scenario", strangers, [])
    report.expect("spans with a cost", len(costs), sum(each.truth.cost is not None for each in scenarios))
    report.close("sum of costs", math.fsum(costs), math.fsum(each.truth.usd for each in scenarios))
    own = math.fsum(span.own_cost or 0 for span in calls_of(spans))
    return Row("all calls", f"{_usd(math.fsum(costs))}; own prices {_usd(own)}", tuple(report.lines))


def _priced_beside(spans: Sequence[Seen], scenarios: Sequence[Scenario]) -> Row:
    """Which spans the UI's own sums have besides those of the calls."""
    report = Report()
    ours = calls_of(spans)
    beside = Counter(span.name for span in spans if span.own_cost and span not in ours)
    mistral = sum(each.service == "mistral" and not each.stream for each in scenarios)
    report.expect("spans priced beside ours", dict(beside), {PRICED_BESIDE: mistral} if mistral else {})
    return Row("other spans", f"{beside.total()} priced by the UI", tuple(report.lines))


def _usd(amount: float | None) -> str:
    return "none" if amount is None else f"{amount:.9f} USD"
