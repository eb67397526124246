"""The table of facts in docs/mirascope.md, for Mirascope 1; `checks.matrix.mirascope2_facts` has Mirascope 2."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from chunkmeter.testing import Kit, attributes_of
from replay.scenarios import Service
from replay.server import Server
from support.cells import Cell, instrument
from support.clients import new_client
from support.facts_table import exists, rows

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
    "gen_ai.usage.cost.amount": pytest.approx((12 * 3 + 2048 * 0.30 + 600 * 3.75 + 400 * 6 + 57 * 15) / 1e6),
    "chunkmeter.chunks": 10,
}
"""Attribute -> what the span of a stream of Anthropic's has."""
REASONED = "gen_ai.usage.reasoning.output_tokens"


def streamed(server: Server, kit: Kit, service: Service, scenario: str) -> dict[str, object]:
    """The attributes of the span of a stream, made by the provider's decorator."""
    with ExitStack() as stack:
        client = new_client(service, f"{server.url}/id/{scenario}", stack)
        asking = Cell(service, is_async=False, stream=True, kind="plain").decorate("decorator", client)
        for _ in asking("Faro"):
            pass
    return {**attributes_of(kit.spans[-1])}


def test_each_row_is_true_of_mirascope_1(server: Server, kit: Kit) -> None:
    """Each name is there, and each attribute is on the span of a call that tells of the fact."""
    instrument(kit)
    span = streamed(server, kit, "anthropic", "anthropic-plain-stream")
    assert {name: span.get(name) for name in STREAMED} == STREAMED
    assert str(span["code.function.name"]).rpartition(".")[2] == "ask"
    assert streamed(server, kit, "google", "google-plain-stream")[REASONED] == 61
    table = list(rows(1))
    assert {row.attribute for row in table} == {*STREAMED, "code.function.name", REASONED}
    assert [row.name for row in table if row.name and not exists(row.name)] == []


def test_a_name_that_is_not_there_is_told() -> None:
    """Neither a module's, nor a class's, nor one that a class declares."""
    assert not exists("core.base._utils.set_up_call")
    assert not exists("core.base.stream.Stream")
    assert not exists("core.base.stream.BaseStream.money")
