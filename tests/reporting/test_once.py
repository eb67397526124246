"""Which accounts are of one call: by the spans around them, and by the answer's id."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import count
from threading import Barrier
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider

from chunkmeter.reporting import once
from chunkmeter.reporting.accounts import Account
from chunkmeter.reporting.once import Once, once_for, once_on

_spans = count(1)
SECOND = 10**9


def told(source: str = "peer", response_id: str | None = "id-1", **said: Any) -> Account:
    """An account with a span of its own inside the app's span, at the same time and in the same trace as all others."""
    whole: dict[str, Any] = {
        "operation": "chat",
        "provider": "openai",
        "model": "gpt-4o",
        "trace_id": 1,
        "span_id": next(_spans),
        "parent_id": 10**6,
        "start_ns": 0,
        "end_ns": SECOND,
    }
    return Account(source, response_id=response_id, **{**whole, **said})


def counted(*accounts: Account) -> int:
    """How many of these are counted, in this order."""
    kept = Once()
    return [kept.earlier(account) for account in accounts].count(None)


@pytest.mark.parametrize("sources", [("chunkmeter", "peer"), ("peer", "chunkmeter"), ("peer", "another")])
def test_two_sources_of_one_id_tell_of_one_call(sources: tuple[str, str]) -> None:
    """In any order."""
    one, other = sources
    kept = Once()
    first = told(one)
    assert (kept.earlier(first), kept.earlier(told(other))) == (None, first)


def test_three_sources_of_one_id_tell_of_one_call() -> None:
    assert counted(told("chunkmeter"), told("peer"), told("another")) == 1


@pytest.mark.parametrize("source", ["chunkmeter", "peer"])
def test_one_source_that_tells_twice_of_an_id_tells_of_two_calls(source: str) -> None:
    """A cache, or a test server, gives it again."""
    assert counted(told(source), told(source)) == 2


def test_an_id_that_is_given_again_is_matched_one_to_one() -> None:
    """Two calls that both sources tell of are two, however their ends are interleaved."""
    assert counted(told("chunkmeter"), told("peer"), told("chunkmeter"), told("peer")) == 2
    assert counted(told("chunkmeter"), told("chunkmeter"), told("peer"), told("peer")) == 2
    assert counted(told("peer"), told("peer"), told("chunkmeter"), told("peer"), told("chunkmeter")) == 3


@pytest.mark.parametrize(
    ("said", "calls"),
    [
        ({"tokens": (1000, 200)}, 1),
        ({"tokens": (1000, 201)}, 2),
        ({"tokens": (None, None)}, 2),
        ({"tokens": (1000, 200), "model": "another"}, 2),
        ({"tokens": (1000, 200), "start_ns": 2 * SECOND, "end_ns": 3 * SECOND}, 2),
        ({"tokens": (1000, 200), "trace_id": 2}, 2),
        ({"tokens": (1000, 200), "trace_id": 2, "parent_id": 0}, 1),
        ({"tokens": (1000, 200), "operation": "embeddings"}, 2),
    ],
)
@pytest.mark.parametrize("turned", [False, True], ids=["ours first", "ours last"])
def test_without_an_id_model_tokens_and_time_have_to_agree(said: dict[str, Any], calls: int, turned: bool) -> None:
    """OpenInference and Langfuse tell none, and no embeddings have one."""
    accounts = [told("chunkmeter", "id-1", tokens=(1000, 200)), told("peer", None, **said)]
    assert counted(*(reversed(accounts) if turned else accounts)) == calls


def test_without_an_id_and_tokens_nothing_is_alike() -> None:
    assert counted(told("chunkmeter", None), told("peer", None)) == 2


@pytest.mark.parametrize(
    ("said", "calls"),
    [
        ({}, 1),
        ({"asked": None}, 1),
        ({"asked": "gpt-4o-mini-2024-07-18"}, 1),
        ({"asked": "another"}, 2),
        ({"start_ns": SECOND // 2}, 1),
        ({"start_ns": 2 * SECOND, "end_ns": 3 * SECOND}, 2),
        ({"start_ns": 1, "asked": None}, 2),
        ({"end_ns": 0}, 2),
        ({"parent_id": 7}, 2),
        ({"trace_id": 2}, 2),
        ({"trace_id": 2, "parent_id": 0}, 1),
        ({"trace_id": 2, "parent_id": 0, "asked": "another"}, 2),
        ({"trace_id": 2, "parent_id": 0, "asked": None}, 2),
        ({"trace_id": 2, "parent_id": 0, "start_ns": 2 * SECOND, "end_ns": 3 * SECOND}, 2),
        ({"parent_id": 10**7, "start_ns": 2}, 1),
        ({"parent_id": 10**7, "start_ns": 2 * SECOND, "end_ns": 2 * SECOND}, 1),
        ({"parent_id": 10**7, "start_ns": 2, "asked": None}, 2),
        ({"parent_id": 10**7, "trace_id": 2}, 2),
        ({"operation": "embeddings"}, 2),
        ({"tokens": (1, None)}, 2),
    ],
)
def test_what_tells_nothing_and_lies_around_ours_or_at_its_time_is_of_our_call(
    said: dict[str, Any], calls: int
) -> None:
    """OpenLLMetry's span of a stream broken off, Logfire's log inside our span, LiteLLM's root of a failed one.

    Around another's it is a call of its own.
    """
    theirs = told("peer", None, **{"model": "gpt-4o-mini", "asked": "gpt-4o-mini", "start_ns": -1, **said})
    ours = told("chunkmeter", span_id=10**7, start_ns=1, model="gpt-4o-mini-2024-07-18", asked="gpt-4o-mini")
    assert counted(ours, theirs) == calls
    assert counted(ours._replace(source="another"), theirs) == 2


@pytest.mark.parametrize(("late_ns", "calls"), [(SECOND // 2, 1), (2 * SECOND, 2)])
def test_a_peer_s_span_may_end_a_moment_after_its_stream_was_closed(late_ns: int, calls: int) -> None:
    """Logfire's does when the stream is collected."""
    start_ns = SECOND + late_ns
    log = told("peer", trace_id=2, start_ns=start_ns, end_ns=start_ns, late=True)
    assert counted(told("chunkmeter", span_id=0), log) == calls
    # Without an id it might as well be the log of the next stream, which is read yet.
    assert counted(told("chunkmeter", span_id=0), log._replace(response_id=None)) == 2
    assert counted(told("chunkmeter", span_id=0), log._replace(late=False)) == 2


def test_a_call_that_a_peer_has_told_of_inside_its_stream_is_not_told_of_again() -> None:
    """Test servers and caches give an id again: the peer's next span of that id is another call's."""
    ours = told("chunkmeter", span_id=0)
    assert counted(ours, told("peer", trace_id=2)) == 1
    assert counted(ours._replace(others=("peer",)), told("peer", trace_id=2)) == 2
    assert counted(ours._replace(others=("peer",)), told("another", trace_id=2)) == 1


def test_a_span_that_began_after_a_closed_stream_is_another_call() -> None:
    assert counted(told("chunkmeter", span_id=0), told("peer", trace_id=2, start_ns=2 * SECOND, end_ns=3 * SECOND)) == 2


def test_an_account_without_a_span_is_of_a_peer_s_call() -> None:
    """Wherever that is, and though it tells of no tokens, as when its stream was broken off."""
    spanless = told("chunkmeter", span_id=0)
    assert counted(spanless, told("peer", None, trace_id=2, start_ns=-SECOND, end_ns=5 * SECOND)) == 1
    assert counted(spanless, told("peer", None, start_ns=2 * SECOND, end_ns=5 * SECOND)) == 2
    for dated in ("gpt-4o-2024-08-06", "gpt-4o-20240806"):  # The peer may know no more than what was asked for.
        assert counted(spanless._replace(model=dated), told("peer", None)) == 1
    assert counted(spanless._replace(model="gpt-4o-mini"), told("peer", None)) == 2


@pytest.mark.parametrize(
    ("said", "calls"),
    [
        ({"provider": "azure.ai.openai"}, 1),
        ({"model": "gpt-4o-2024-08-06"}, 1),
        ({"provider": None, "model": "another"}, 1),
        ({"provider": "anthropic", "model": "claude-sonnet-4-5"}, 2),
        ({"operation": "text_completion"}, 1),
        ({"operation": "embeddings"}, 2),
    ],
)
def test_an_id_is_of_a_provider_or_a_model(said: dict[str, Any], calls: int) -> None:
    """Instrumentations spell providers in their own ways; an id at another provider, of another model, is another."""
    assert counted(told("chunkmeter"), told("peer", **said)) == calls


@pytest.mark.parametrize(
    ("parents", "start_ns", "calls"),
    [
        ((0, 0), SECOND // 2, 1),
        ((0, 7), SECOND // 2, 1),
        ((0, 0), 2 * SECOND, 2),
        ((5, 7), SECOND // 2, 2),
    ],
    ids=["two roots at a time", "one of them a root", "one after the other", "in two requests of an app"],
)
def test_in_two_traces_only_roots_at_the_same_time_are_alike(
    parents: tuple[int, int], start_ns: int, calls: int
) -> None:
    """Without a span around, each instrumentation that is not inside the other begins a trace of its own."""
    one, other = parents
    first = told("chunkmeter", trace_id=1, parent_id=one)
    second = told("peer", trace_id=2, parent_id=other, start_ns=start_ns, end_ns=3 * SECOND)
    assert counted(first, second) == calls


@pytest.mark.parametrize(
    ("inner", "outer", "calls"),
    [("id-1", "id-1", 1), (None, "id-1", 1), ("id-1", None, 1), (None, None, 1), ("id-1", "id-2", 2)],
)
def test_a_span_around_another_source_s_is_of_the_same_call(inner: str | None, outer: str | None, calls: int) -> None:
    """Unless their ids say otherwise."""
    around = told("framework", outer)
    assert counted(told("peer", inner, parent_id=around.span_id), around) == calls


@pytest.mark.parametrize(("source", "calls"), [("peer", 1), ("chunkmeter", 2)])
def test_a_source_s_span_around_its_own_needs_the_id(source: str, calls: int) -> None:
    """And two calls of ours are two all the same."""
    around = told(source)
    assert counted(told(source, parent_id=around.span_id), around) == calls
    around = told(source, None)
    assert counted(told(source, None, parent_id=around.span_id), around) == 2


def test_spans_around_spans_are_of_the_same_call() -> None:
    outermost = told("app", None)
    middle = told("framework", None, parent_id=outermost.span_id)
    assert counted(told("peer", None, parent_id=middle.span_id), middle, outermost) == 1


def test_embeddings_inside_an_answer_are_a_call_of_their_own() -> None:
    around = told("framework", None)
    assert counted(told("peer", None, operation="embeddings", parent_id=around.span_id), around) == 2


def test_two_threads_that_tell_at_once_tell_of_one_call() -> None:
    """Whichever comes first."""
    kept, rounds = Once(), 300
    ready = Barrier(2)

    def tell(source: str) -> int:
        found = 0
        for number in range(rounds):
            ready.wait()
            found += kept.earlier(told(source, f"id-{number}")) is None
        return found

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(tell, ("chunkmeter", "peer"))) == rounds


@pytest.mark.parametrize("others", [("peer",), ("peer", "framework")])
def test_calls_from_before_the_first_other_account_are_known_to_all_that_come_then(others: tuple[str, ...]) -> None:
    """At the very moment when that one comes too."""

    def tell(ready: Barrier, kept: Once, number: int, source: str) -> int:
        account = told(source, f"id-{number}")
        ready.wait()
        return kept.earlier(account) is None

    ready = Barrier(1 + len(others))
    with ThreadPoolExecutor(1 + len(others)) as pool:
        for number in range(200):
            kept = Once()
            for before in range(5):
                assert kept.earlier(told("chunkmeter", f"before-{before}")) is None
            each = [pool.submit(tell, ready, kept, number, source) for source in ("chunkmeter", *others)]
            assert sum(found.result() for found in each) == 1
            assert all(kept.earlier(told("peer", f"before-{before}")) is not None for before in range(5))


def test_what_waited_is_found_by_each_of_its_marks() -> None:
    kept = Once()
    ours = [
        told("chunkmeter", "by-id"),
        told("chunkmeter", "by-span", parent_id=77),
        told("chunkmeter", None, model="by-model", tokens=(10, 3)),
    ]
    assert [kept.earlier(account) for account in ours] == [None, None, None]
    theirs = [
        told("peer", "by-id"),
        told("peer", None, span_id=77, trace_id=ours[1].trace_id, model="another"),
        told("peer", "id-of-theirs", model="by-model", tokens=(10, 3)),
    ]
    assert [kept.earlier(account) for account in theirs] == ours


def test_it_stays_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """By ids, by calls of one id, and by spans around; and before anybody else tells of a call."""
    monkeypatch.setattr(once, "_MOST_CALLS", 10)
    kept = Once()
    for number in range(25):
        kept.earlier(told("chunkmeter", f"id-{number}", parent_id=10**6 + number))
    assert len(kept._waiting) == 10
    kept.earlier(told("peer", "another", parent_id=1))
    assert (len(kept._waiting), len(kept._calls), len(kept._inside), len(kept._recent)) == (0, 10, 10, 11)
    for number in range(25):
        kept.earlier(told("chunkmeter", f"id-{number}", parent_id=10**6 + number))
    for _ in range(80):
        kept.earlier(told("chunkmeter", "always"))
    assert (len(kept._calls), len(kept._calls["always"]), len(kept._inside), len(kept._recent)) == (10, 16, 10, 64)


def test_nothing_is_kept_until_somebody_asks() -> None:
    """Where no processor counts, a call has nobody to be told from."""
    provider = MeterProvider()
    assert once_on(provider) is None
    kept = once_for(provider)
    assert once_on(provider) is kept is once_for(provider)
    provider.shutdown()
