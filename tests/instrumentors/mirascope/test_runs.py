"""Retries of Mirascope 1.x held together: tenacity and `fallback`, with real SDKs, answered by the replay server."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, ExitStack
from contextvars import copy_context
from typing import Any

import mirascope.retries
import pytest
from mirascope import llm
from mirascope.core import openai
from mirascope.retries import FallbackError
from mirascope.retries.tenacity import collect_errors
from openai import RateLimitError
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.trace import SpanKind, StatusCode
from tenacity import RetryError, retry, retry_if_result, stop_after_attempt

from chunkmeter.instrumentors import MirascopeInstrumentor
from chunkmeter.testing import Kit, attributes_of
from replay.server import Server
from support.cells import instrument
from support.clients import new_async_client, new_client
from support.sdk import eventually
from support.spans import tree

pytestmark = pytest.mark.filterwarnings(
    # Mirascope's own, in each `llm.call`.
    r"ignore:Accessing the 'model_fields' attribute:DeprecationWarning:mirascope\..*",
)

CALL = 0.00000945
"""gpt-4o-mini: 31 x 0.15 and 8 x 0.60 USD a million."""
STREAM = 0.00013020
"""gpt-4o-mini: 176 x 0.15, 1024 x 0.075 and 45 x 0.60 USD a million."""
CLAUDE = 0.00064800
"""claude-sonnet-4-5: 21 x 3.00, 1500 x 0.30 and 9 x 15.00 USD a million."""
FAILED = "mirascope.retries.fallback.FallbackError"


@pytest.fixture
def metered(kit: Kit) -> Iterator[Kit]:
    instrument(kit)
    yield kit
    assert kit.total("chunkmeter.errors") == 0


class Clients:
    """Clients of OpenAI's and Anthropic's, each of which plays what it is told to at the time."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._stack, self._astack = ExitStack(), AsyncExitStack()

    def plays(self, client: Any, scenario: str) -> None:
        client.base_url = f"{self._server.url}/id/{scenario}"

    def new(self, service: Any = "openai", scenario: str = "openai-plain-call") -> Any:
        return new_client(service, f"{self._server.url}/id/{scenario}", self._stack)

    async def anew(self, service: Any = "openai", scenario: str = "openai-plain-call") -> Any:
        return await new_async_client(service, f"{self._server.url}/id/{scenario}", self._astack)

    async def close(self) -> None:
        self._stack.close()
        await self._astack.aclose()


@pytest.fixture
async def clients(server: Server, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Clients]:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    clients = Clients(server)
    yield clients
    await clients.close()


def spent(kit: Kit) -> float:
    """What the calls' own spans say, which is what the counter must say."""
    leaves = sum(attributes_of(span).get("gen_ai.usage.cost.amount", 0.0) for span in kit.spans)
    assert kit.total("chunkmeter.spend") == pytest.approx(leaves, abs=1e-12)
    return leaves


def asking(client: Any, **options: Any) -> Callable[..., Any]:
    @openai.call("gpt-4o-mini", client=client, **options)
    def ask(city: str, *, errors: list[Exception] | None = None) -> str:
        return f"What of {city}? {len(errors or ())} mistakes so far."

    return ask


# --- tenacity ---


def test_the_attempts_of_a_retried_call_have_one_parent(metered: Kit, clients: Clients) -> None:
    """Refused twice and answered once: what it cost is the answer's, and the total says that it lacks two."""
    client = clients.new(scenario="openai-plain-call~status=429")

    def before_sleep(state: Any) -> None:
        if state.attempt_number == 2:
            clients.plays(client, "openai-plain-call")

    assert retry(stop=stop_after_attempt(3), before_sleep=before_sleep)(asking(client))("Faro").content
    assert tree(metered.spans) == [
        f"retry ask, attempts 3, partial without no_usage no_usage, {CALL:.8f}",
        "  chat gpt-4o-mini, attempt 1, openai.RateLimitError",
        "  chat gpt-4o-mini, attempt 2 after openai.RateLimitError, openai.RateLimitError",
        f"  chat gpt-4o-mini, attempt 3 after openai.RateLimitError, {CALL:.8f}",
    ]
    assert spent(metered) == pytest.approx(CALL)


def test_the_parent_is_no_inference(metered: Kit, clients: Clients) -> None:
    """INTERNAL, with the total in the form of a call's cost, and nothing of `gen_ai`."""
    retry(asking(clients.new()))("Faro")
    (parent,) = (span for span in metered.spans if span.parent is None)
    assert parent.kind is SpanKind.INTERNAL
    assert parent.status.status_code is StatusCode.UNSET
    assert attributes_of(parent) == {
        "code.function.name": f"{__name__}.asking.<locals>.ask",
        "chunkmeter.run.attempts": 1,
        "chunkmeter.run.cost": pytest.approx(CALL),
        "chunkmeter.run.cost.currency": "USD",
        "chunkmeter.run.cost.status": "known",
    }
    assert metered.total("chunkmeter.calls") == 1


def test_each_answer_that_is_refused_is_paid(metered: Kit, clients: Clients) -> None:
    """Mirascope's `collect_errors` hands on what was wrong; each attempt has its cost once, the parent all of them."""
    ask, asked = asking(clients.new()), []

    @retry(stop=stop_after_attempt(3), after=collect_errors(ValueError))
    def checked(city: str, *, errors: list[Exception] | None = None) -> str:
        asked.append(errors)
        answer = ask(city, errors=errors)
        if len(asked) < 3:
            raise ValueError(f"no. {len(asked)}")
        return str(answer.content)

    assert checked("Faro")
    assert [[str(error) for error in errors or ()] for errors in asked] == [[], ["no. 1"], ["no. 1", "no. 2"]]
    assert tree(metered.spans) == [
        f"retry checked, attempts 3, known, {3 * CALL:.8f}",
        f"  chat gpt-4o-mini, attempt 1, {CALL:.8f}",
        f"  chat gpt-4o-mini, attempt 2 after ValueError, {CALL:.8f}",
        f"  chat gpt-4o-mini, attempt 3 after ValueError, {CALL:.8f}",
    ]
    assert spent(metered) == pytest.approx(3 * CALL)


def test_attempts_that_all_fail_raise_what_they_would(metered: Kit, clients: Clients) -> None:
    """tenacity's own exception, with the SDK's in it; the parent is an error of its type."""
    ask = retry(stop=stop_after_attempt(2))(asking(clients.new(scenario="openai-plain-call~status=429")))
    with pytest.raises(RetryError) as raised:
        ask("Faro")
    assert type(raised.value.last_attempt.exception()).__name__ == "RateLimitError"
    assert tree(metered.spans) == [
        "retry ask, attempts 2, no_usage without no_usage no_usage, tenacity.RetryError",
        "  chat gpt-4o-mini, attempt 1, openai.RateLimitError",
        "  chat gpt-4o-mini, attempt 2 after openai.RateLimitError, openai.RateLimitError",
    ]
    (parent,) = (span for span in metered.spans if span.parent is None)
    assert (parent.status.status_code, parent.status.description) == (StatusCode.ERROR, None)


def test_an_exception_that_is_not_retried_is_the_very_same(metered: Kit, clients: Clients) -> None:
    failure = KeyError("mine")

    @retry(stop=stop_after_attempt(1), reraise=True)
    def ask() -> None:
        asking(clients.new())("Faro")
        raise failure

    with pytest.raises(KeyError) as raised:
        ask()
    assert raised.value is failure
    assert tree(metered.spans) == [
        f"retry ask, attempts 1, known, {CALL:.8f}, KeyError",
        f"  chat gpt-4o-mini, attempt 1, {CALL:.8f}",
    ]


def test_an_answer_may_be_asked_for_again_without_an_exception(metered: Kit, clients: Clients) -> None:
    verdicts = iter([True, False])
    again = retry(retry=retry_if_result(lambda _: next(verdicts)))
    again(asking(clients.new()))("Faro")
    assert [line.partition(",")[2] for line in tree(metered.spans)[1:]] == [
        f" attempt 1, {CALL:.8f}",
        f" attempt 2 after result, {CALL:.8f}",
    ]


def test_what_asks_no_model_has_no_span(metered: Kit) -> None:
    """tenacity is for anything that may fail."""
    tries = iter([ValueError(), None])

    @retry
    def query() -> None:
        if (error := next(tries)) is not None:
            raise error

    query()
    assert metered.spans == []


def test_a_span_of_the_apps_between_stays_between(metered: Kit, clients: Clients) -> None:
    """Both are below what was current before; the run's total holds all the same."""

    @retry(stop=stop_after_attempt(2))
    def ask() -> None:
        with metered.tracer.start_as_current_span("step"):
            asking(clients.new())("Faro")

    with metered.tracer.start_as_current_span("request"):
        ask()
    assert tree(metered.spans) == [
        "request",
        f"  retry ask, attempts 1, known, {CALL:.8f}",
        "  step",
        f"    chat gpt-4o-mini, attempt 1, {CALL:.8f}",
    ]


def test_runs_may_be_nested(metered: Kit, clients: Clients) -> None:
    """Each holds what is within it; a call counts once in each."""
    ask = retry(asking(clients.new()))
    tries = iter([ValueError(), None])

    @retry(stop=stop_after_attempt(2))
    def plan() -> None:
        ask("Faro")
        if (error := next(tries)) is not None:
            raise error

    plan()
    assert tree(metered.spans) == [
        f"retry plan, attempts 2, known, {2 * CALL:.8f}",
        f"  retry ask, attempt 1, attempts 1, known, {CALL:.8f}",
        f"    chat gpt-4o-mini, attempt 1, {CALL:.8f}",
        f"  retry ask, attempt 2 after ValueError, attempts 1, known, {CALL:.8f}",
        f"    chat gpt-4o-mini, attempt 1, {CALL:.8f}",
    ]
    assert spent(metered) == pytest.approx(2 * CALL)


def test_a_stream_that_is_read_within_its_attempt_is_in_the_total(metered: Kit, clients: Clients) -> None:
    client = clients.new(scenario="openai-plain-stream~error_after=3")
    ask = asking(client, stream=True)

    @retry(stop=stop_after_attempt(2), before_sleep=lambda _: clients.plays(client, "openai-plain-stream"))
    def read() -> str:
        return "".join(chunk.content for chunk, _ in ask("Lisbon"))

    assert read() == "Lisbon lies on seven hills above the Tagus."
    assert tree(metered.spans) == [
        f"retry read, attempts 2, partial without no_usage, {STREAM:.8f}",
        "  chat gpt-4o-mini, attempt 1, openai.APIError",
        f"  chat gpt-4o-mini, attempt 2 after openai.APIError, {STREAM:.8f}",
    ]


def test_a_stream_that_is_read_later_is_its_runs_but_not_in_its_total(metered: Kit, clients: Clients) -> None:
    """Mirascope's request is sent as the stream is read: tenacity is done by then, and the parent says `open`."""
    with metered.tracer.start_as_current_span("request"):
        stream = retry(asking(clients.new(scenario="openai-plain-stream"), stream=True))("Lisbon")
        assert len(list(stream)) == 8
    assert tree(metered.spans) == [
        "request",
        "  retry ask, attempts 1, open without open",
        f"    chat gpt-4o-mini, attempt 1, {STREAM:.8f}",
    ]
    assert spent(metered) == pytest.approx(STREAM)


def test_a_stream_that_is_let_go_of_unread_is_not_open(metered: Kit, clients: Clients) -> None:
    """It has sent nothing, and never will."""
    ask = asking(clients.new())
    stream = asking(clients.new(scenario="openai-plain-stream"), stream=True)

    @retry
    def plan() -> None:
        ask("Faro")
        stream("Lisbon")

    plan()
    gc.collect()
    assert tree(metered.spans)[0] == f"retry plan, attempts 1, known, {CALL:.8f}"


def test_currencies_are_not_added_up(kit: Kit, clients: Clients, tmp_path: Any) -> None:
    prices = tmp_path / "prices.toml"
    prices.write_text('[[models]]\nnames = ["claude-*"]\ncurrency = "EUR"\nprices = { input = 3, output = 15 }\n')
    instrument(kit, prices=str(prices))
    ask, stand_in = asking(clients.new()), asking_claude(clients.new("anthropic", "anthropic-plain-call"))

    @retry
    def both() -> None:
        ask("Faro")
        stand_in("Faro")

    both()
    assert tree(kit.spans)[0] == "retry both, attempts 1, mixed_currencies"


def asking_claude(client: Any) -> Callable[..., Any]:
    from mirascope.core import anthropic

    @anthropic.call("claude-sonnet-4-5", client=client)
    def ask(city: str) -> str:
        return f"What of {city}?"

    return ask


async def test_async_attempts_have_one_parent(metered: Kit, clients: Clients) -> None:
    """Also many at once, each run with its own."""

    async def asked(tries: int) -> None:
        client = await clients.anew()
        failures = iter([ValueError()] * (tries - 1) + [None])

        @openai.call("gpt-4o-mini", client=client)
        async def ask(city: str) -> str:
            return f"What of {city}?"

        @retry(stop=stop_after_attempt(3))
        async def checked() -> None:
            await ask("Faro")
            if (error := next(failures)) is not None:
                raise error

        with metered.tracer.start_as_current_span(f"request {tries}"):
            await checked()

    await asyncio.gather(*(asked(tries) for tries in (1, 2, 3)))
    for tries in (1, 2, 3):
        lines = tree(metered.spans)
        at = lines.index(f"request {tries}")
        assert lines[at + 1 : at + 2 + tries] == [
            f"  retry checked, attempts {tries}, known, {tries * CALL:.8f}",
            f"    chat gpt-4o-mini, attempt 1, {CALL:.8f}",
            *[f"    chat gpt-4o-mini, attempt {n} after ValueError, {CALL:.8f}" for n in range(2, tries + 1)],
        ]


async def test_what_tenacity_does_not_wait_for_is_one_attempt(metered: Kit, clients: Clients) -> None:
    """`llm.call` makes an async function that is sync in form: tenacity is content with the coroutine that it gives."""
    client = await clients.anew(scenario="openai-plain-call~status=429")

    @retry(stop=stop_after_attempt(3))
    @llm.call(provider="openai", model="gpt-4o-mini", client=client)
    async def ask(city: str) -> str:
        return f"What of {city}?"

    with pytest.raises(RateLimitError):
        await ask("Faro")
    assert tree(metered.spans) == [
        "retry ask, attempts 1, no_usage without no_usage, openai.RateLimitError",
        "  chat gpt-4o-mini, attempt 1, openai.RateLimitError",
    ]


async def test_a_task_that_outlives_its_run_is_on_its_own(metered: Kit, clients: Clients) -> None:
    """It has the context of the attempt that it was begun in, which is over when it asks."""
    client = await clients.anew()

    @openai.call("gpt-4o-mini", client=client)
    async def ask(city: str) -> str:
        return f"What of {city}?"

    over = asyncio.Event()

    async def later() -> None:
        await over.wait()
        await ask("Faro")

    @retry
    async def begin() -> asyncio.Task[None]:
        await ask("Faro")
        return asyncio.create_task(later())

    task = await begin()
    over.set()
    await task
    assert tree(metered.spans) == [
        f"retry begin, attempts 1, known, {CALL:.8f}",
        f"  chat gpt-4o-mini, attempt 1, {CALL:.8f}",
        f"chat gpt-4o-mini, {CALL:.8f}",
    ]


def test_calls_of_threads_are_in_their_attempt(metered: Kit, clients: Clients) -> None:
    """Where a thread has the context of the attempt, as OpenTelemetry's instrumentation of threads hands it on."""
    ask = asking(clients.new())

    @retry
    def both() -> None:
        with ThreadPoolExecutor(2) as pool:
            for future in [pool.submit(copy_context().run, ask, "Faro") for _ in range(8)]:
                future.result()

    both()
    assert tree(metered.spans) == [
        f"retry both, attempts 1, known, {8 * CALL:.8f}",
        *[f"  chat gpt-4o-mini, attempt 1, {CALL:.8f}"] * 8,
    ]
    assert spent(metered) == pytest.approx(8 * CALL)


async def test_a_cancelled_run_is_no_error(metered: Kit, clients: Clients, server: Server) -> None:
    client = await clients.anew(scenario="openai-plain-call~first=3")

    @retry
    @openai.call("gpt-4o-mini", client=client)
    async def ask(city: str) -> str:
        return f"What of {city}?"

    sent = len(server.requests)
    task = asyncio.create_task(ask("Faro"))
    while len(server.requests) == sent:  # noqa: ASYNC110 -- the server's thread sets no event
        await asyncio.sleep(0.005)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert tree(metered.spans) == [
        "retry ask, attempts 1, no_usage without no_usage",
        "  chat gpt-4o-mini, attempt 1",
    ]


def test_a_service_that_is_retried_is_no_run_for_ever(metered: Kit, clients: Clients) -> None:
    """A loop that asks and asks: its run ends after 100 calls, and all later ones stand for themselves."""
    ask = asking(clients.new())

    @retry
    def serve() -> None:
        for _ in range(102):
            ask("Faro")
        assert len([span for span in metered.spans if "chunkmeter.run.attempts" in (span.attributes or {})]) == 1

    serve()
    lines = tree(metered.spans)
    assert lines[0] == f"retry serve, attempts 1, known, {100 * CALL:.8f}"
    assert lines[1:101] == [f"  chat gpt-4o-mini, attempt 1, {CALL:.8f}"] * 100
    assert lines[101:] == [f"chat gpt-4o-mini, {CALL:.8f}"] * 2


# --- fallback ---


def falling_back(clients: Clients, first: str, *more: str) -> Callable[..., Any]:
    """A function whose own model plays `first`, with Claude to stand in, and GPT again."""
    fallbacks: list[Any] = [
        {"catch": Exception, "provider": "anthropic", "model": "claude-sonnet-4-5"},
        {"catch": Exception, "provider": "openai", "model": "gpt-4o-mini"},
    ]
    for fallback, scenario in zip(fallbacks, more, strict=False):
        fallback["client"] = clients.new(fallback["provider"], scenario)

    @mirascope.retries.fallback(Exception, fallbacks[: len(more)])
    @llm.call(provider="openai", model="gpt-4o-mini", client=clients.new(scenario=first))
    def ask(city: str) -> str:
        return f"What of {city}?"

    return ask


def test_the_models_that_stand_in_are_attempts(metered: Kit, clients: Clients) -> None:
    """Another provider's answer, in the user's hands as it would be without us."""
    answer = falling_back(clients, "openai-plain-call~status=429", "anthropic-plain-call")("Faro")
    assert (answer.content, [type(error).__name__ for error in answer._caught]) == (
        "Viseu keeps quiet.",
        ["RateLimitError"],
    )
    assert tree(metered.spans) == [
        f"fallback ask, attempts 2, partial without no_usage, {CLAUDE:.8f}",
        "  chat gpt-4o-mini, attempt 1, openai.RateLimitError",
        f"  chat claude-sonnet-4-5, attempt 2 after openai.RateLimitError, {CLAUDE:.8f}",
    ]
    assert spent(metered) == pytest.approx(CLAUDE)


def test_fallbacks_that_all_fail_raise_what_they_would(metered: Kit, clients: Clients) -> None:
    ask = falling_back(
        clients, "openai-plain-call~status=429", "anthropic-plain-call~status=529", "openai-plain-call~status=500"
    )
    with pytest.raises(FallbackError, match="All fallbacks failed"):
        ask("Faro")
    assert tree(metered.spans) == [
        f"fallback ask, attempts 3, no_usage without {' '.join(['no_usage'] * 3)}, {FAILED}",
        "  chat gpt-4o-mini, attempt 1, openai.RateLimitError",
        "  chat claude-sonnet-4-5, attempt 2 after openai.RateLimitError, anthropic.OverloadedError",
        "  chat gpt-4o-mini, attempt 3 after anthropic.OverloadedError, openai.InternalServerError",
    ]


async def test_async_fallbacks_are_attempts(metered: Kit, clients: Clients) -> None:
    stand_in = await clients.anew("anthropic", "anthropic-plain-call")
    client = await clients.anew(scenario="openai-plain-call~status=429")
    fallback: Any = {
        "catch": Exception, "provider": "anthropic", "model": "claude-sonnet-4-5", "client": stand_in,
    }  # fmt: skip

    @mirascope.retries.fallback(Exception, [fallback])
    @llm.call(provider="openai", model="gpt-4o-mini", client=client)
    async def ask(city: str) -> str:
        return f"What of {city}?"

    assert asyncio.iscoroutinefunction(ask)
    assert (await ask("Faro")).content == "Viseu keeps quiet."
    assert tree(metered.spans) == [
        f"fallback ask, attempts 2, partial without no_usage, {CLAUDE:.8f}",
        "  chat gpt-4o-mini, attempt 1, openai.RateLimitError",
        f"  chat claude-sonnet-4-5, attempt 2 after openai.RateLimitError, {CLAUDE:.8f}",
    ]


def test_a_fallback_may_be_retried(metered: Kit, clients: Clients) -> None:
    """A run in each attempt of another."""
    ask, tries = falling_back(clients, "openai-plain-call~status=429", "anthropic-plain-call"), iter([1, 0])

    @retry
    def checked() -> None:
        ask("Faro")
        if next(tries):
            raise ValueError

    checked()
    inner = [
        f"    chat claude-sonnet-4-5, attempt 2 after openai.RateLimitError, {CLAUDE:.8f}",
    ]
    assert tree(metered.spans) == [
        f"retry checked, attempts 2, partial without no_usage no_usage, {2 * CLAUDE:.8f}",
        f"  fallback ask, attempt 1, attempts 2, partial without no_usage, {CLAUDE:.8f}",
        "    chat gpt-4o-mini, attempt 1, openai.RateLimitError",
        *inner,
        f"  fallback ask, attempt 2 after ValueError, attempts 2, partial without no_usage, {CLAUDE:.8f}",
        "    chat gpt-4o-mini, attempt 1, openai.RateLimitError",
        *inner,
    ]


# --- on and off ---


def test_a_function_that_falls_back_from_before_is_metered_call_by_call(kit: Kit, clients: Clients) -> None:
    """What it looks up at its first attempt can't be replaced later."""
    ask = falling_back(clients, "openai-plain-call~status=429", "anthropic-plain-call")
    instrument(kit)
    ask("Faro")
    assert tree(kit.spans) == [
        "chat gpt-4o-mini, openai.RateLimitError",
        f"chat claude-sonnet-4-5, {CLAUDE:.8f}",
    ]


def test_an_inference_span_of_the_apps_is_the_calls(metered: Kit, clients: Clients) -> None:
    """As without a retry: no span of ours comes between."""
    recorded = {"gen_ai.operation.name": "chat"}
    with metered.tracer.start_as_current_span("mine", attributes=recorded):
        retry(asking(clients.new()))("Faro")
    assert tree(metered.spans) == [f"mine, {CALL:.8f}"]


def test_switched_off_there_are_no_runs(kit: Kit, clients: Clients) -> None:
    own = (mirascope.retries.fallback, retry(asking(clients.new())))
    instrument(kit)
    held = falling_back(clients, "openai-plain-call")
    with suppress_instrumentation():
        held("Faro")
    MirascopeInstrumentor().uninstrument()
    assert mirascope.retries.fallback is own[0]
    held("Faro")
    own[1]("Faro")
    assert kit.spans == []


def test_runs_are_not_recorded_where_traces_are_not(clients: Clients) -> None:
    """The metrics are the same."""
    from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

    with Kit(ALWAYS_OFF) as kit:
        instrument(kit)
        retry(asking(clients.new()))("Faro")
        MirascopeInstrumentor().uninstrument()
        assert kit.spans == []
        assert kit.total("chunkmeter.spend") == pytest.approx(CALL)


def test_a_stream_left_in_an_attempt_is_open_until_it_is_let_go_of(metered: Kit, clients: Clients) -> None:
    """One that is left at a `break` and still held when its run is over: not in the total, and said to be open."""
    kept: list[Any] = []
    ask = asking(clients.new(scenario="openai-plain-stream"), stream=True)

    @retry
    def begin() -> None:
        stream = iter(ask("Lisbon"))
        next(stream)
        kept.append(stream)

    begin()
    assert tree(metered.spans) == ["retry begin, attempts 1, open without open"]
    kept.clear()
    gc.collect()
    eventually(lambda: len(metered.spans) == 2)
    assert tree(metered.spans)[1] == "  chat gpt-4o-mini, attempt 1"
