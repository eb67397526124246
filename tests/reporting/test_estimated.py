"""Estimated usage in a metered app: opt-in, marked wherever it shows, never mixed with what was counted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chunkmeter import Settings, wrap
from chunkmeter.facts.ended import Ended, Request
from chunkmeter.testing import Kit, attributes_of

ANSWER = ("Seventeen ", "plus four ", "is twenty-one.")


def events(usage: dict[str, Any] | None, *, whole: bool = True) -> list[dict[str, Any]]:
    """OpenAI's chunks of `ANSWER`, and of its end if it is whole."""
    chunk = {"id": "c", "model": "gpt-4o-2024-08-06"}
    told = [{**chunk, "choices": [{"index": 0, "delta": {"content": text}}]} for text in ANSWER]
    end = {**chunk, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    return [*told, end, *([] if usage is None else [{**chunk, "choices": [], "usage": usage}])] if whole else told


@pytest.fixture
def estimating() -> Any:
    """Providers in memory, of an app that has estimates switched on."""
    kit = Kit(settings=Settings(estimate=True))
    yield kit
    kit.shutdown()


def read(kit: Kit, chunks: list[dict[str, Any]]) -> dict[str, Any]:
    """The attributes of the span of a stream of these chunks, read to its end."""
    for _ in wrap(iter(chunks), provider="openai", model="gpt-4o", wire="openai_chat", telemetry=kit.telemetry):
        pass
    return attributes_of(kit.spans[-1])


def test_without_the_setting_nothing_is_estimated(kit: Kit) -> None:
    """Absent stays absent."""
    found = read(kit, events(None))
    assert (found["chunkmeter.usage.status"], found["chunkmeter.cost.status"]) == ("missing", "no_usage")
    assert "gen_ai.usage.output_tokens" not in found


def test_what_the_provider_never_counted_is_estimated_and_marked(estimating: Kit) -> None:
    """The answer has some 9 tokens; what they cost at 10 USD a million is an estimate too, in span and metrics."""
    found = read(estimating, events(None))
    output = found["gen_ai.usage.output_tokens"]
    assert 6 <= output <= 12
    assert "gen_ai.usage.input_tokens" not in found  # The stream alone doesn't say what it answers.
    assert (found["chunkmeter.usage.status"], found["chunkmeter.cost.status"]) == ("estimated", "estimated")
    assert found["chunkmeter.usage.estimate"] in ("o200k_base", "bytes/4")
    assert found["gen_ai.usage.cost.amount"] == pytest.approx(output * 10 / 1e6, abs=1e-12)
    assert estimating.total("chunkmeter.calls", usage__status="estimated", cost__status="estimated") == 1
    assert estimating.total("chunkmeter.spend", cost__status="estimated") == pytest.approx(output / 1e5, abs=1e-12)
    (cost,) = estimating.points("gen_ai.client.operation.cost")
    assert cost.attributes["chunkmeter.cost.status"] == "estimated"
    (tokens,) = estimating.points("gen_ai.client.token.usage")
    assert (tokens.attributes["chunkmeter.usage.status"], tokens.sum) == ("estimated", output)


def test_what_the_provider_counted_is_never_replaced(estimating: Kit) -> None:
    """And has no mark: 1000 * 2.50 + 100 * 10 millionths of a USD."""
    found = read(estimating, events({"prompt_tokens": 1000, "completion_tokens": 100}))
    assert (found["chunkmeter.usage.status"], found["chunkmeter.cost.status"]) == ("reported", "known")
    assert found["gen_ai.usage.cost.amount"] == pytest.approx(0.0035, abs=1e-12)
    assert "chunkmeter.usage.estimate" not in found
    for metric in ("gen_ai.client.operation.cost", "gen_ai.client.token.usage"):
        for point in estimating.points(metric):
            assert not {"chunkmeter.cost.status", "chunkmeter.usage.status"} & set(point.attributes)


def test_a_cut_stream_keeps_the_input_that_was_counted(estimating: Kit) -> None:
    """Anthropic says its input at the start: 1000 at 3 USD a million, and the estimated output at 15."""
    start = {"id": "m", "model": "claude-sonnet-4-5", "usage": {"input_tokens": 1000, "output_tokens": 1}}
    chunks: list[dict[str, Any]] = [{"type": "message_start", "message": start}]
    chunks += [
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}} for text in ANSWER
    ]
    for _ in wrap(iter(chunks), provider="anthropic", telemetry=estimating.telemetry):
        pass
    found = attributes_of(estimating.spans[-1])
    output = found["gen_ai.usage.output_tokens"]
    assert found["chunkmeter.outcome"] == "interrupted"
    assert found["gen_ai.usage.input_tokens"] == 1000
    assert 6 <= output <= 12
    assert found["gen_ai.usage.cost.amount"] == pytest.approx((3000 + 15 * output) / 1e6, abs=1e-12)
    assert found["chunkmeter.cost.status"] == "estimated"


def test_the_request_tells_the_input(estimating: Kit) -> None:
    """Where it is known: some 7 tokens of text, 3 a message and 3 for the answer's beginning."""
    request = Request(
        provider="openai", model="gpt-4o", prompt={"messages": [{"role": "user", "content": "What is 17 plus 4?"}]}
    )
    from chunkmeter import readers
    from chunkmeter.facts.tally import Tally

    tally = Tally("openai_chat")
    tally.said = list(ANSWER)
    for event in events(None):
        readers.for_wire("openai_chat").read(tally, event)
    ended = Ended(request, tally, "completed", None, 1, 1, 2, chunks=len(ANSWER))
    facts = estimating.telemetry.assess(ended)
    assert facts.usage_status == "estimated"
    assert 9 <= (facts.tokens.input_tokens or 0) <= 18
    assert facts.tokens.total_tokens == (facts.tokens.input_tokens or 0) + (facts.tokens.output_tokens or 0)
    assert estimating.telemetry.assess(replace(ended, failed=True)).usage_status == "failed"
    assert estimating.telemetry.assess(replace(ended, chunks=0)).usage_status == "missing"


def test_an_estimate_that_fails_is_no_estimate(estimating: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is counted, and the call is as it would be without."""

    def failing(*_: object, **__: object) -> Any:
        raise RuntimeError("no vocabulary")

    monkeypatch.setattr("chunkmeter.reporting.estimate.estimated", failing)
    found = read(estimating, events(None))
    assert (found["chunkmeter.usage.status"], found["chunkmeter.cost.status"]) == ("missing", "no_usage")
    assert estimating.total("chunkmeter.errors", stage="reader") == 1
