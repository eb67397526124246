"""Spans as they come over OTLP: whoever made them, each call has our names, its cost, and counts once."""

from __future__ import annotations

from typing import Any

import pytest

from chunkmeter import Settings
from chunkmeter.received import Received, ReceivedSpan, Told
from support.peer_spans import GPT, SPANS


def span(scope: str, attributes: dict[str, Any], *, span_id: int = 2, parent_id: int = 0, **more: Any) -> ReceivedSpan:
    return ReceivedSpan(scope, 1, span_id, parent_id, 10, 20, more.get("failed", False), attributes)


@pytest.fixture
def received() -> Received:
    return Received(Settings())


@pytest.mark.parametrize("name", SPANS)
def test_a_peer_s_span_is_priced_as_the_wire_has_it(received: Received, name: str) -> None:
    """As by the processor, from the span alone; its tokens under the conventions' names, whoever made it."""
    scope, attributes, usd, status, unpriced = SPANS[name]
    told = received.read(span(scope, attributes))
    if status is None:
        assert told is None
        return
    assert told is not None
    assert (told.scope, told.again) == (scope, False)
    said = told.attributes
    assert said.get("chunkmeter.cost.status") == status
    assert said.get("gen_ai.usage.cost.amount") == (None if usd is None else pytest.approx(usd, abs=1e-12))
    assert tuple(said.get("chunkmeter.cost.unpriced", ())) == unpriced
    if usd:
        assert said["gen_ai.usage.input_tokens"] == 1000


def test_a_span_of_ours_is_told_as_it_is(received: Received) -> None:
    said = {"gen_ai.operation.name": "chat", "chunkmeter.outcome": "completed", "gen_ai.usage.cost.amount": 7.5}
    assert received.read(span("chunkmeter", said)) == Told(said, None, again=False)


def test_what_is_no_call_of_its_own_tells_of_none(received: Received) -> None:
    """A span inside a metered call, one of a tool, one of HTTP, and one of ours that a failure has left bare."""
    call = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o-mini"}
    for scope, said in (
        ("peer", {**call, "chunkmeter.metered": True}),
        ("peer", {"gen_ai.operation.name": "execute_tool"}),
        ("peer", {"http.request.method": "POST"}),
        ("chunkmeter", call),
    ):
        assert received.read(span(scope, said)) is None


def test_a_cost_that_is_there_stays(received: Received) -> None:
    """What the app has priced, by its own price file, is not priced again."""
    scope, attributes, *_ = SPANS["genai"]
    priced = {**attributes, "gen_ai.usage.cost.amount": 0.5, "chunkmeter.cost.status": "known"}
    told = received.read(span(scope, priced))
    assert told is not None
    assert told.attributes["gen_ai.usage.cost.amount"] == 0.5
    assert not any(name.startswith("chunkmeter.price.") for name in told.attributes)


def test_a_failed_span_is_an_error(received: Received) -> None:
    scope, attributes, *_ = SPANS["genai"]
    told = received.read(span(scope, attributes, failed=True))
    assert told is not None
    assert told.attributes["chunkmeter.outcome"] == "error"


def test_a_call_that_two_instrumentations_tell_of_counts_once(received: Received) -> None:
    """Two spans of one response, of which one lies in the other; another response is another call."""
    scope, attributes, *_ = SPANS["genai"]
    first = received.read(span(scope, attributes, span_id=3, parent_id=2))
    second = received.read(span("another", attributes, span_id=2))
    other = received.read(span("another", {**attributes, "gen_ai.response.id": "chatcmpl-2"}, span_id=4))
    assert first is not None
    assert second is not None
    assert other is not None
    assert [told.again for told in (first, second, other)] == [False, True, False]
    assert second.attributes["gen_ai.usage.cost.amount"] == pytest.approx(GPT, abs=1e-12)


def test_two_calls_of_ours_are_two_whatever_their_ids(received: Received) -> None:
    said = {"gen_ai.operation.name": "chat", "chunkmeter.outcome": "completed", "gen_ai.response.id": "same"}
    told = [received.read(span("chunkmeter", said, span_id=number)) for number in (2, 3)]
    assert [each is not None and each.again for each in told] == [False, False]


NAMES = (
    "gen_ai.provider.name",
    "gen_ai.request.model",
    "gen_ai.response.id",
    "gen_ai.response.finish_reasons",
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.cost.amount",
    "server.address",
    "server.port",
)


@pytest.mark.parametrize(
    "value", [None, True, -1, 10**400, float("nan"), b"x", ["a", None], {"a": {"b": 1}}, "\ud800"], ids=repr
)
def test_attributes_of_any_kind_raise_nothing(received: Received, value: object) -> None:
    attributes = dict.fromkeys(NAMES, value)
    told = received.read(span("peer", {"gen_ai.operation.name": "chat", **attributes}))
    assert told is not None
    assert told.attributes["gen_ai.operation.name"] == "chat"
    assert received.read(span("chunkmeter", {"chunkmeter.outcome": "completed", **attributes}, span_id=3)) is not None
