"""Cases 19 to 23: whose span is current, and in which task or thread a stream is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry.trace import get_current_span

from checks.torture.way import Way
from chunkmeter.testing import Kit, attributes_of
from support.sdk import PLAIN, count_once, expect

Wrap = Callable[..., Any]


def ours(kit: Kit) -> list[Any]:
    """The finished spans that aren't the app's own."""
    return [span for span in kit.spans if "chunkmeter.outcome" in attributes_of(span)]


async def test_19_the_span_inside_the_loop_is_the_caller_span(way: Way, kit: Kit, wrap: Wrap) -> None:
    with kit.tracer.start_as_current_span("request") as span:
        stream = wrap(await way.create(way.openai()))
        assert get_current_span() is span
        items = way.iter(stream)
        while await way.next_or_none(items) is not None:
            assert get_current_span() is span
    (call,) = ours(kit)
    assert call.parent == span.get_span_context()
    expect(call, PLAIN)


async def test_20_the_span_after_break_is_the_caller_span(way: Way, kit: Kit, wrap: Wrap) -> None:
    with kit.tracer.start_as_current_span("request") as span:
        async with way.inside(wrap(await way.create(way.openai()))) as stream:
            await way.take(stream, 2)
            assert get_current_span() is span
        assert get_current_span() is span
        with kit.tracer.start_as_current_span("after"):
            pass
    assert not get_current_span().get_span_context().is_valid
    after = next(each for each in kit.spans if each.name == "after")
    assert after.parent == span.get_span_context()


async def test_21_made_in_one_task_or_thread_and_read_in_another(way: Way, kit: Kit, wrap: Wrap) -> None:
    with kit.tracer.start_as_current_span("asks") as asks:
        stream = wrap(await way.create(way.openai()))

    async def read() -> int:
        with kit.tracer.start_as_current_span("reads") as reads:
            chunks = [await way.next(stream)]
            assert get_current_span() is reads
            return len([*chunks, *await way.rest(stream)])

    assert await way.elsewhere(read) == 8
    (call,) = ours(kit)
    assert call.parent == asks.get_span_context()
    expect(call, PLAIN)
    count_once(kit, PLAIN)


async def test_22_streams_at_the_same_time_keep_to_their_parents(
    way: Way, kit: Kit, wrap: Wrap, caplog: pytest.LogCaptureFixture
) -> None:
    client = way.openai(PLAIN, "delay=0.02")

    async def ask(name: str) -> None:
        with kit.tracer.start_as_current_span(name) as span:
            stream = wrap(await way.create(client))
            while await way.next_or_none(stream) is not None:
                assert get_current_span() is span

    await way.together(lambda: ask("one"), lambda: ask("two"), lambda: ask("three"))
    parents = {span.context.span_id: span.name for span in kit.spans if span.context and span not in ours(kit)}
    assert sorted(parents[call.parent.span_id] for call in ours(kit)) == ["one", "three", "two"]
    for call in ours(kit):
        expect(call, PLAIN)
    assert kit.total("chunkmeter.calls", outcome="completed") == 3
    assert caplog.records == []


async def test_23_each_step_in_a_task_or_thread_of_its_own(
    way: Way, kit: Kit, wrap: Wrap, caplog: pytest.LogCaptureFixture
) -> None:
    with kit.tracer.start_as_current_span("request") as span:
        stream = wrap(await way.create(way.openai()))
        chunks = 0
        while await way.elsewhere(lambda: way.next_or_none(stream)) is not None:
            chunks += 1
        assert get_current_span() is span
    assert chunks == 8
    (call,) = ours(kit)
    assert call.parent == span.get_span_context()
    expect(call, PLAIN)
    count_once(kit, PLAIN)
    assert caplog.records == []
