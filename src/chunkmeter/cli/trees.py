"""Traces as indented trees, with what each level costs. Pure, and bounded."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple

from .. import semconv
from .call import Call
from .columns import NOTHING, Column, Style, lines
from .otlp import clean
from .spending import amounts

__all__ = ["Node", "Trace", "Traces", "node_of", "tree"]

_MOST_TRACES = 1000
_MOST_SPANS = 20_000
_DEEPEST = 50
"""How far a line is indented at most, in levels."""
_WITHOUT = {"unknown_model": "no price", "no_usage": "no usage"}
_ITS_OWN = ("gen_ai.", "chunkmeter.", "mcp.")


class Cost(NamedTuple):
    """What a call used, and what it cost: a trace may have many, so that they are kept in a few bytes each."""

    input_tokens: int
    output_tokens: int
    amount: float | None
    currency: str


class Node(NamedTuple):
    """A span of a trace.

    Attributes:
        span_id: its id.
        parent_id: that of the span around it; 0 for a root.
        start_ns: when it started, in nanoseconds since the epoch.
        name: its name.
        told: what it says of how it went; None for a span that tells of nothing here, such as one of HTTP.
        cost: what the call that it tells of used and cost, if that counts by it.
    """

    span_id: int
    parent_id: int
    start_ns: int
    name: str
    told: str | None
    cost: Cost | None


@dataclass(slots=True)
class Trace:
    """The spans of a trace that have come and have not been shown.

    Attributes:
        service: the `service.name` of the app.
        nodes: the spans by id.
        over: whether the span that has no parent is among them.
    """

    service: str = NOTHING
    nodes: dict[int, Node] = field(default_factory=dict[int, Node])
    over: bool = False


class Traces:
    """The traces that are under way. Where there are too many, or too many spans, the oldest is given up."""

    def __init__(self) -> None:
        self._traces: OrderedDict[int, Trace] = OrderedDict()
        self._spans = 0

    def add(self, trace_id: int, node: Node, service: str | None) -> None:
        """Take in a span; one without an id can't be told from others."""
        if not node.span_id:
            return
        trace = self._traces.setdefault(trace_id, Trace(service or NOTHING))
        self._spans += node.span_id not in trace.nodes
        trace.nodes[node.span_id] = node
        trace.over = trace.over or not node.parent_id
        while len(self._traces) > _MOST_TRACES or self._spans > _MOST_SPANS:
            self._forget(next(iter(self._traces)))

    def _forget(self, trace_id: int) -> Trace:
        trace = self._traces.pop(trace_id)
        self._spans -= len(trace.nodes)
        return trace

    def take(self, *, unfinished: bool = False) -> list[Trace]:
        """The traces with calls whose root has ended; with `unfinished`, the others too. None is given twice.

        A span that comes after its trace was taken is of one that has begun anew.
        """
        over = [trace_id for trace_id, trace in self._traces.items() if trace.over or unfinished]
        taken = [self._forget(trace_id) for trace_id in over]
        return [trace for trace in taken if any(node.cost for node in trace.nodes.values())]


@dataclass(slots=True)
class _Level:
    """A line of a tree: a span with all that lies below it."""

    node: Node
    depth: int
    above: int
    shown: bool = False
    tokens: list[int] = field(default_factory=lambda: [0, 0])
    spent: dict[str, Fraction] = field(default_factory=dict[str, Fraction])

    def add(self, tokens: Sequence[int], spent: Mapping[str, Fraction]) -> None:
        self.tokens = [one + other for one, other in zip(self.tokens, tokens, strict=True)]
        for currency, amount in spent.items():
            self.spent[currency] = self.spent.get(currency, Fraction()) + amount


def tree(trace: Trace, style: Style) -> list[str]:
    """The lines of a trace: each span below its parent, by start, with what it and those below it use and cost.

    Spans that are neither of a call, an agent or a tool, nor around one, are left out.
    """
    columns = (
        Column(f"trace of {trace.service}", least=24, rank=1),
        Column("", least=12, rank=4),
        Column("in", right=True, rank=2),
        Column("out", right=True, rank=3),
        Column("cost", right=True),
    )
    rows = [
        (
            "  " * min(level.depth, _DEEPEST) + level.node.name,
            level.node.told or "",
            *(f"{number:,}" if number else NOTHING for number in level.tokens),
            amounts(level.spent),
        )
        for level in _levels(trace.nodes)
    ]
    return lines(columns, rows, style)


def _levels(nodes: Mapping[int, Node]) -> list[_Level]:
    below: dict[int, list[Node]] = {}
    for node in sorted(nodes.values(), key=lambda node: -node.start_ns):
        below.setdefault(node.parent_id if node.parent_id in nodes else 0, []).append(node)
    levels: list[_Level] = []
    # By hand, since a trace may be deeper than Python's stack.
    steps = [(node, 0, -1) for node in below.get(0, [])]
    while steps:
        node, depth, above = steps.pop()
        steps += [(child, depth + 1, len(levels)) for child in below.get(node.span_id, [])]
        levels.append(_Level(node, depth, above))
    for level in reversed(levels):  # each after all that lies below it
        cost = level.node.cost
        if cost is not None:
            spent = {} if cost.amount is None else {cost.currency: Fraction(cost.amount)}
            level.add((cost.input_tokens, cost.output_tokens), spent)
        level.shown = level.shown or level.node.told is not None
        if level.above >= 0:
            levels[level.above].add(level.tokens, level.spent)
            levels[level.above].shown |= level.shown
    return [level for level in levels if level.shown]


def node_of(
    span_id: int, parent_id: int, start_ns: int, name: str, attributes: Mapping[str, Any], call: Call | None
) -> Node:
    """A span as a node of a trace.

    Args:
        span_id: its id.
        parent_id: that of the span around it; 0 for a root.
        start_ns: when it started, in nanoseconds since the epoch.
        name: its name.
        attributes: its attributes.
        call: the call that it tells of, if that counts by it.
    """
    cost = None
    if call is not None:
        used = [call.usage.get(name, 0) for name in ("input_tokens", "output_tokens")]
        cost = Cost(used[0], used[1], call.cost, call.currency)
    return Node(span_id, parent_id, start_ns, clean(name), _told(attributes, call), cost)


def _told(attributes: Mapping[str, Any], call: Call | None) -> str | None:
    """What a span says of how it went: attempts, the reason why the answer stopped, and what its cost lacks.

    None for a span that is neither of a call nor of anything around one.
    """
    if call is None and not any(name.startswith(_ITS_OWN) for name in attributes):
        return None
    return clean(", ".join(_words(attributes, call)))


def _words(attributes: Mapping[str, Any], call: Call | None) -> Iterator[str]:
    if semconv.RUN_ATTEMPTS in attributes:
        yield f"{attributes[semconv.RUN_ATTEMPTS]} attempts"
        if (status := attributes.get(semconv.RUN_COST_STATUS)) not in (None, "known"):
            lacks = attributes.get(semconv.RUN_COST_UNPRICED)
            yield f"cost {status}" + (f": {' '.join(map(str, lacks))}" if isinstance(lacks, list) else "")
    elif semconv.ATTEMPT in attributes:
        reason = attributes.get(semconv.ATTEMPT_REASON)
        yield f"attempt {attributes[semconv.ATTEMPT]}" + (f" after {reason}" if reason else "")
    if call is not None:
        yield from call.finish_reasons[:3]
        if call.outcome not in (None, "completed"):
            yield str(call.outcome)
        if call.cost_status not in (None, "known"):
            yield _WITHOUT.get(call.cost_status, f"cost {call.cost_status}")
