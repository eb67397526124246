"""Exports to report, and what a page says, for the tests of `chunkmeter report`."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

from chunkmeter.cli.otlp_json import Request, written
from chunkmeter.cli.report.figures import Figures

__all__ = ["START", "Page", "call", "export", "figures_of", "keep", "span"]

START = 1_800_000_000_000_000_000
"""15 January 2027, 08:00 UTC."""
_ids = itertools.count(1)


def _value(value: object) -> AnyValue:
    match value:
        case bool():
            return AnyValue(bool_value=value)
        case int():
            return AnyValue(int_value=value)
        case float():
            return AnyValue(double_value=value)
        case str():
            return AnyValue(string_value=value)
        case list() | tuple():
            return AnyValue(array_value=ArrayValue(values=[_value(each) for each in value]))
        case _:
            raise AssertionError(value)


def span(
    name: str = "work",
    attributes: dict[str, Any] | None = None,
    *,
    trace: int | None = None,
    id: int | None = None,  # noqa: A002 - as OTLP names it
    parent: int | None = None,
    start: float = 0,
    took: float = 1,
    failed: bool = False,
) -> Span:
    """A span; `start` and `took` are seconds. Its id and trace are new ones, if not given."""
    number = next(_ids)
    begun = START + round(start * 1e9)
    return Span(
        trace_id=(number if trace is None else trace).to_bytes(16, "big"),
        span_id=(number if id is None else id).to_bytes(8, "big"),
        parent_span_id=b"" if parent is None else parent.to_bytes(8, "big"),
        name=name,
        start_time_unix_nano=begun,
        end_time_unix_nano=begun + round(took * 1e9),
        status=Status(code=Status.STATUS_CODE_ERROR if failed else Status.STATUS_CODE_UNSET),
        attributes=[KeyValue(key=key, value=_value(value)) for key, value in (attributes or {}).items()],
    )


def call(
    model: str | None = "gpt-4o", cost: float | None = 0.1, *, of: dict[str, Any] | None = None, **where: Any
) -> Span:
    """A span as chunkmeter makes it of a call: 1,000 tokens in, 400 of them cached, and 200 out."""
    attributes: dict[str, Any] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.usage.input_tokens": 1000,
        "gen_ai.usage.cache_read.input_tokens": 400,
        "gen_ai.usage.output_tokens": 200,
        "gen_ai.response.finish_reasons": ["stop"],
        "chunkmeter.finish_reason": "stop",
        "chunkmeter.outcome": "completed",
        "chunkmeter.cost.status": "unknown_model" if cost is None else "known",
    }
    if model is not None:
        attributes["gen_ai.response.model"] = model
    if cost is not None:
        attributes |= {"gen_ai.usage.cost.amount": cost, "gen_ai.usage.cost.currency": "USD"}
    return span(f"chat {model}", attributes | (of or {}), **where)


def export(*spans: Span, service: str | None = "shop", scope: str = "chunkmeter") -> ExportTraceServiceRequest:
    """One export of these spans."""
    named = [] if service is None else [KeyValue(key="service.name", value=AnyValue(string_value=service))]
    scoped = ScopeSpans(scope=InstrumentationScope(name=scope), spans=spans)
    return ExportTraceServiceRequest(
        resource_spans=[ResourceSpans(resource=Resource(attributes=named), scope_spans=[scoped])]
    )


def figures_of(*exports: Request) -> Figures:
    """What some exports add up to."""
    figures = Figures()
    for each in exports:
        figures.take(each)
    return figures


def keep(path: Path, *exports: Request) -> Path:
    """Write a file of these exports, a line each."""
    path.write_text("".join(f"{written(each)}\n" for each in exports))
    return path


class Page(HTMLParser):
    """What a page has.

    Attributes:
        tags: the names of its elements.
        names: the names of their attributes.
        values: the values of those.
        tables: caption -> rows, each a list of cells.
        text: its text.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.names: set[str] = set()
        self.values: list[str] = []
        self.tables: dict[str, list[list[str]]] = {}
        self._open: list[str] = []
        self._caption = ""
        self._pieces: list[str] = []
        self.feed(html)
        self.close()
        self.text = " ".join("".join(self._pieces).split())

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._note(attrs)
        if tag not in ("meta", "br"):
            self._open.append(tag)
        rows = self.tables.get(self._caption, [])
        if tag == "caption":
            self._caption = ""
        elif tag == "tr":
            rows.append([])
        elif tag in ("th", "td"):
            rows[-1].append("")
        self._pieces.append(" ")

    def handle_startendtag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._note(attrs)

    def _note(self, attrs: Iterable[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            self.names.add(name)
            self.values.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag
        if tag == "caption":
            self.tables[self._caption] = []

    def handle_data(self, data: str) -> None:
        if "style" in self._open:
            return
        self._pieces.append(data)
        if "caption" in self._open:
            self._caption += data
        elif "table" in self._open and {"th", "td"} & {*self._open}:
            row = self.tables[self._caption][-1]
            row[-1] = f"{row[-1]} {data}".strip()
