"""Whether the table of facts in docs/mirascope.md is true of Mirascope 2: each name is there, each attribute told."""

from __future__ import annotations

from checks.matrix.mirascope2_more import ANTHROPIC, ask
from chunkmeter.testing import Kit, attributes_of
from replay.check import Report
from replay.server import Server
from support.facts_table import exists, rows

__all__ = ["CHECKS"]

RESPONSES = ("openai/gpt-5-nano:responses", "openai")
STREAMED = {
    "gen_ai.provider.name": "anthropic",
    "gen_ai.request.model": "claude-sonnet-4-5",
    "gen_ai.request.stream": True,
    "gen_ai.response.model": "claude-sonnet-4-5-20250929",
    "gen_ai.response.id": "msg_01CmPlainStream0000000001",
    "gen_ai.response.finish_reasons": ["stop"],
    "gen_ai.usage.input_tokens": 12 + 2048 + 1000,
    "gen_ai.usage.cache_read.input_tokens": 2048,
    "gen_ai.usage.cache_write.input_tokens": 1000,
    "gen_ai.usage.output_tokens": 57,
    "gen_ai.usage.cost.amount": (12 * 3 + 2048 * 0.30 + 600 * 3.75 + 400 * 6 + 57 * 15) / 1e6,
    "code.function.name": "ask",
    "chunkmeter.chunks": 10,
}
"""Attribute -> what the span of a stream of Anthropic's has."""
REASONED = {"gen_ai.usage.reasoning.output_tokens": 192}
"""The same of a stream of OpenAI's responses."""


async def _facts(report: Report, kit: Kit, server: Server) -> None:
    for scenario, asked in (("anthropic-plain-stream", ANTHROPIC), ("responses-plain-stream", RESPONSES)):
        ask(server, scenario, asked, is_async=False).stream("Faro").finish()
    streamed, reasoned = (attributes_of(span) for span in kit.spans)
    table = list(rows(2))
    told = {row.attribute for row in table}
    report.expect("attributes of the table", sorted(told), sorted({*STREAMED, *REASONED}))
    for name in (row.name for row in table if row.name):
        report.expect(f"mirascope.{name} exists", exists(name), True)
    for span, truth in ((streamed, STREAMED), (reasoned, REASONED)):
        for attribute, value in truth.items():
            if isinstance(value, float):
                report.close(attribute, span.get(attribute), value)
            elif attribute == "code.function.name":
                report.expect(attribute, str(span.get(attribute)).rpartition(".")[2], value)
            else:
                report.expect(attribute, span.get(attribute), value)


CHECKS = ((("sync", "facts", "stream", "llm.call"), _facts, "mirascope"),)
"""As those of `mirascope2_more`."""
