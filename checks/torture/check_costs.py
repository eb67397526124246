"""Cases 42 to 58: what an answer cost, and when nobody can say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import openai
import pytest
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from checks.torture.script import answered, billed, choice, chunk, message_end, message_start, spent, text_block
from checks.torture.way import Async, Way, unmetered
from chunkmeter import ChunkSpanProcessor, Settings
from chunkmeter.instrumentors import MirascopeInstrumentor, OpenAIInstrumentor
from chunkmeter.testing import Kit, attributes_of, fixed_clock
from replay import routes
from replay.scenarios import Answer, by_id
from replay.server import Server
from support import sdk
from support.cells import Cell, instrument
from support.clients import new_async_client, new_client
from support.sdk import PLAIN, count_once, ended, expect

# Azure's async client leaves the connection of a stream to the collector, metered or not: it warns in whichever test is
# running then.
pytestmark = pytest.mark.filterwarnings("ignore:Unclosed connection:ResourceWarning")

Wrap = Callable[..., Any]
Play = Callable[..., str]
Json = dict[str, Any]

COST_ATTRIBUTES = ("gen_ai.usage.cost.amount", "chunkmeter.cost.input", "chunkmeter.cost.output")


def spend(kit: Kit, micro_usd: str | Decimal) -> None:
    """The cost on the span and in the metrics: USD a million tokens times tokens, added up."""
    usd = float(Decimal(micro_usd) / 1_000_000)
    assert attributes_of(kit.span)["gen_ai.usage.cost.amount"] == pytest.approx(usd, abs=1e-12)
    assert kit.total("chunkmeter.spend") == pytest.approx(usd, abs=1e-12)


def no_cost(kit: Kit, status: str) -> Json:
    """There is no cost, not even one of 0, and the count says why."""
    attributes = attributes_of(kit.span)
    assert attributes["chunkmeter.cost.status"] == status
    assert [name for name in COST_ATTRIBUTES if name in attributes] == []
    assert kit.points("chunkmeter.spend") == []
    assert kit.points("gen_ai.client.operation.cost") == []
    assert kit.total("chunkmeter.calls", cost__status=status) == 1
    return attributes


# --- usage that was not sent ---


async def test_42_usage_that_was_not_asked_for_is_no_zero(way: Way, play: Play, wrap: Wrap, kit: Kit) -> None:
    await way.rest(wrap(await way.create(way.openai(play(answered())), stream_options=None)))
    ended(kit, "completed")
    attributes = no_cost(kit, "no_usage")
    assert attributes["chunkmeter.usage.status"] == "missing"
    assert [name for name in attributes if name.startswith("gen_ai.usage.")] == []
    assert kit.points("gen_ai.client.token.usage") == []


async def test_43_a_request_goes_out_as_the_user_wrote_it(way: Way, server: Server, wrap: Wrap) -> None:
    options = {"include_usage": False}
    await way.rest(wrap(await way.create(way.openai(), stream_options=options)))
    assert server.requests[-1].body["stream_options"] == options
    wrap(await way.create(way.openai("openai-plain-call"), stream=None, stream_options=None))
    assert {"stream", "stream_options"}.isdisjoint(server.requests[-1].body)


@pytest.fixture
def ask(kit: Kit, server: Server, way: Way, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """Asks Azure through Mirascope, metered with `include_usage`; the service tells usage only to those who ask."""

    def find(path: str, body: Json, _scripts: Any) -> tuple[Answer, routes.Options]:
        wish = (body.get("stream_options") or {}).get("include_usage")
        told = by_id["azure-asked-stream" if wish else "azure-silent-stream"]
        return told if body.get("stream") else by_id["azure-plain-call"], routes.Options()

    async def asked(**options: Any) -> list[Any]:
        async with AsyncExitStack() as stack:
            address, is_async = f"{server.url}/azure", isinstance(way, Async)
            client = await new_async_client("azure", address, stack) if is_async else None
            client = client or new_client("azure", address, stack.enter_context(ExitStack()))
            cell = Cell("azure", is_async=is_async, stream=options.pop("stream", True), kind="plain")
            given = cell.decorate("decorator", client, **options)("Faro")
            given = await given if is_async else given
            return await way.rest(given) if cell.stream else [given]

    monkeypatch.setattr(routes, "find", find)
    instrument(kit, include_usage=True)
    yield asked
    MirascopeInstrumentor().uninstrument()


async def test_43_not_even_where_streams_are_to_be_asked_for_usage(
    kit: Kit, server: Server, ask: Callable[..., Any]
) -> None:
    options = {"stream_options": {"include_usage": False}}
    await ask(call_params={"model_extras": options})
    assert server.requests[-1].body["stream_options"] == options["stream_options"]
    assert no_cost(kit, "no_usage")["chunkmeter.usage.status"] == "missing"
    await ask(stream=False)
    assert "stream_options" not in server.requests[-1].body


async def test_44_a_usage_chunk_that_was_asked_for_unasked_is_hidden_from_the_user(
    kit: Kit, server: Server, ask: Callable[..., Any]
) -> None:
    items = await ask()
    assert server.requests[-1].body["stream_options"] == {"include_usage": True}
    assert "".join(chunk.chunk.choices[0].delta.content or "" for chunk, _ in items) == "Beja is flat."
    truth = by_id["azure-asked-stream"].truth
    attributes = ended(kit, "completed")
    assert attributes["gen_ai.usage.input_tokens"] == truth.input_tokens
    assert attributes["gen_ai.usage.output_tokens"] == truth.output_tokens
    spend(kit, Decimal(str(truth.usd)) * 1_000_000)


@pytest.fixture
def asking(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """OpenAI's SDK is instrumented with `include_usage`; the service tells usage only to those who ask."""
    find = routes.find

    def found(path: str, body: Json, scripts: Any) -> tuple[Answer, routes.Options]:
        answer, options = find(path, body, scripts)
        asked = (body.get("stream_options") or {}).get("include_usage")
        return (answer if asked else replace(answer, events=(*answer.events[:-2], answer.events[-1]))), options

    monkeypatch.setattr(routes, "find", found)
    OpenAIInstrumentor().instrument(
        tracer_provider=kit.tracer_provider,
        meter_provider=kit.meter_provider,
        servers=("127.0.0.1=*",),
        include_usage=True,
    )
    yield
    OpenAIInstrumentor().uninstrument()


@pytest.mark.usefixtures("asking")
async def test_43_nor_where_an_instrumented_sdk_is_to_ask(way: Way, kit: Kit, server: Server) -> None:
    options = {"include_usage": False}
    assert len(await way.rest(await way.create(way.openai(), stream_options=options))) == 7
    assert server.requests[-1].body["stream_options"] == options
    assert no_cost(kit, "no_usage")["chunkmeter.usage.status"] == "missing"


@pytest.mark.usefixtures("asking")
async def test_44_and_from_the_user_of_an_instrumented_sdk(way: Way, kit: Kit, server: Server) -> None:
    bare = [chunk.model_dump() for chunk in await way.rest(await unmetered(way, way.openai(), stream_options=None))]
    items = await way.rest(await way.create(way.openai(), stream_options=None))
    assert server.requests[-1].body["stream_options"] == {"include_usage": True}
    assert [chunk.model_dump() for chunk in items] == bare
    expect(kit.span, PLAIN)
    count_once(kit, PLAIN)


async def test_45_a_stream_left_early_costs_what_was_said(way: Way, play: Play, wrap: Wrap, kit: Kit) -> None:
    """claude-sonnet-4-5, USD a million: 3 in, 0.30 from the cache."""
    script = (message_start(input_tokens=40, cache_read_input_tokens=60, output_tokens=1), *text_block("Lisbon"))
    name = play((*script, *message_end(output_tokens=20)), "anthropic")
    left = wrap(await way.message(way.anthropic(name)), provider="anthropic", model=None)
    await way.take(left, 2)
    await way.close(left)
    ended(kit, "closed")
    assert attributes_of(kit.span)["chunkmeter.usage.status"] == "partial"
    spend(kit, 40 * Decimal(3) + 60 * Decimal("0.30"))


async def test_45_a_stream_left_before_anything_was_said_has_no_cost(way: Way, wrap: Wrap, kit: Kit) -> None:
    left = wrap(await way.create(way.openai()))
    await way.take(left, 2)
    await way.close(left)
    no_cost(kit, "no_usage")


@pytest.mark.kit(settings=Settings(estimate=True))
async def test_46_estimated_tokens_are_marked_as_estimated(
    way: Way, play: Play, wrap: Wrap, kit: Kit, metered_by: str
) -> None:
    """In span and metrics, where somebody has asked for estimates; what the provider says is never estimated."""
    for script, estimate in ((answered(), True), (billed(spent(100, 20)), False)):
        await way.rest(wrap(await way.create(way.openai(play(script)))))
        attributes = attributes_of(kit.spans[-1])
        assert attributes["chunkmeter.usage.status"] == ("estimated" if estimate else "reported")
        assert attributes["chunkmeter.cost.status"] == ("estimated" if estimate else "known")
        assert ("chunkmeter.usage.estimate" in attributes) == estimate
    for metric in ("chunkmeter.calls", "chunkmeter.spend", "gen_ai.client.operation.cost"):
        marks = [point.attributes.get("chunkmeter.cost.status") for point in kit.points(metric)]
        assert marks.count("estimated") == 1
        assert len(marks) == 2
    marks = [point.attributes.get("chunkmeter.usage.status") for point in kit.points("gen_ai.client.token.usage")]
    # Only who sees the request can estimate what went in.
    assert sorted(map(str, marks)) == ["None", "None", *["estimated"] * (2 if metered_by == "auto" else 1)]


# --- prices ---


@pytest.mark.asks("openrouter")
@pytest.mark.parametrize("charged", [0.00123, 0.0])
async def test_47_the_provider_cost_passes_through_0_too(kit: Kit, read: Callable[..., Any], charged: float) -> None:
    """OpenRouter's `usage.cost`."""
    await read(billed(spent(100, 20, cost=charged)), provider="openrouter", model="openai/gpt-4o-mini")
    attributes = attributes_of(kit.span)
    assert attributes["gen_ai.usage.cost.amount"] == charged
    assert attributes["gen_ai.usage.cost.source"] == "provider"
    assert [point.value for point in kit.points("chunkmeter.spend")] == [charged]


async def test_48_an_unknown_model_has_no_cost_and_one_log_line(
    kit: Kit, read: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    model = "a-model-of-our-own"
    await read(billed(spent(100, 20), model=model), model=model)
    assert no_cost(kit, "unknown_model")["gen_ai.usage.input_tokens"] == 100
    await read(billed(spent(100, 20), model=model), model=model)
    assert kit.total("chunkmeter.calls", cost__status="unknown_model") == 2
    assert [model in record.getMessage() for record in caplog.records] == [True]


async def test_49_the_model_that_answered_is_told_at_the_end(kit: Kit, read: Callable[..., Any]) -> None:
    """A deployment of Azure's has any name. gpt-4o-mini, USD a million: 0.15 in, 0.60 out."""
    early = [chunk(choice(text), model="") for text in ("Lis", "bon")]
    await read((*early, chunk(choice(finish="stop"), model=""), chunk(usage=spent(100, 20))), model="our-deployment")
    attributes = attributes_of(kit.span)
    assert attributes["gen_ai.request.model"] == "our-deployment"
    assert attributes["gen_ai.response.model"] == "gpt-4o-mini-2024-07-18"
    spend(kit, 100 * Decimal("0.15") + 20 * Decimal("0.60"))


async def test_50_cached_tokens_lie_inside_or_outside_the_input(way: Way, play: Play, wrap: Wrap, kit: Kit) -> None:
    """Inside OpenAI's 0.15 / 0.075 / 0.60, outside Anthropic's 3 / 0.30 / 15, USD a million in / cached / out."""
    cached = {"prompt_tokens_details": {"cached_tokens": 60}}
    await way.rest(wrap(await way.create(way.openai(play(billed(spent(100, 20, **cached)))))))
    expected = 40 * Decimal("0.15") + 60 * Decimal("0.075") + 20 * Decimal("0.60")
    spend(kit, expected)
    script = (message_start(input_tokens=40, cache_read_input_tokens=60, output_tokens=1), *text_block("Lisbon"))
    name = play((*script, *message_end(output_tokens=20)), "anthropic")
    await way.rest(wrap(await way.message(way.anthropic(name)), provider="anthropic", model=None))
    assert [attributes_of(span)["gen_ai.usage.input_tokens"] for span in kit.spans] == [100, 100]
    expected += 40 * Decimal(3) + 60 * Decimal("0.30") + 20 * Decimal(15)
    assert kit.total("chunkmeter.spend") == pytest.approx(float(expected / 1_000_000), abs=1e-12)


async def test_51_more_cached_than_input_is_no_cost(kit: Kit, read: Callable[..., Any]) -> None:
    await read(billed(spent(100, 20, prompt_tokens_details={"cached_tokens": 500})))
    ended(kit, "completed")
    assert no_cost(kit, "impossible_usage")["gen_ai.usage.input_tokens"] == 100


async def test_52_audio_and_reasoning_are_not_added_to_what_they_are_part_of(
    kit: Kit, read: Callable[..., Any]
) -> None:
    parts = {
        "prompt_tokens_details": {"audio_tokens": 30, "cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 15, "audio_tokens": 0},
    }
    await read(billed(spent(100, 20, **parts)))
    attributes = attributes_of(kit.span)
    assert attributes["gen_ai.usage.input_tokens"] == 100
    assert attributes["gen_ai.usage.output_tokens"] == 20
    assert attributes["gen_ai.usage.reasoning.output_tokens"] == 15
    assert kit.total("gen_ai.client.token.usage") == 120


# gpt-5, USD a million: 1.25 in, 0.125 cached, 10 out; flex half, priority double.
STANDARD = 600 * Decimal("1.25") + 400 * Decimal("0.125") + 100 * Decimal(10)


@pytest.mark.parametrize(("tier", "factor"), [("default", "1"), ("flex", "0.5"), ("priority", "2")])
async def test_53_the_tier_that_served_sets_the_price(
    way: Way, play: Play, wrap: Wrap, kit: Kit, tier: str, factor: str
) -> None:
    usage = spent(1000, 100, prompt_tokens_details={"cached_tokens": 400})
    script = billed(usage, service_tier=tier, model="gpt-5-2025-08-07")
    client = way.openai(play(script))
    await way.rest(wrap(await way.create(client, model="gpt-5", service_tier="auto"), model="gpt-5"))
    spend(kit, STANDARD * Decimal(factor))


@pytest.mark.parametrize(
    ("prompt", "rates"), [(200_000, ("1.25", "10")), (200_001, ("2.50", "15"))], ids=["below", "above"]
)
@pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")
async def test_54_above_200k_input_the_whole_request_costs_more(
    way: Way, play: Play, wrap: Wrap, kit: Kit, prompt: int, rates: tuple[str, str]
) -> None:
    """gemini-2.5-pro, USD a million."""
    usage = {"promptTokenCount": prompt, "candidatesTokenCount": 100, "totalTokenCount": prompt + 100}
    candidate = {"content": {"parts": [{"text": "Lisbon"}], "role": "model"}, "finishReason": "STOP", "index": 0}
    event = {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "gemini-2.5-pro"}
    stream = await way.contents(way.google(play([event], "google")), "gemini-2.5-pro")
    await way.rest(wrap(stream, provider="google", model="gemini-2.5-pro"))
    spend(kit, prompt * Decimal(rates[0]) + 100 * Decimal(rates[1]))


@pytest.mark.parametrize(
    ("sent", "rates"),
    [("00:29:59", ("0.135", "0.035", "0.55")), ("00:30:00", ("0.27", "0.07", "1.10"))],
    ids=["off-peak", "standard"],
)
@pytest.mark.asks("deepseek")
async def test_55_an_hour_with_a_price_of_its_own_is_that_of_the_request(
    kit: Kit, read: Callable[..., Any], sent: str, rates: tuple[str, str, str]
) -> None:
    """deepseek-chat in June 2025, USD a million in / cached / out, at half price from 16:30 to 00:30 UTC."""
    start = datetime.fromisoformat(f"2025-06-01T{sent}").replace(tzinfo=UTC)
    usage = spent(1000, 100, prompt_tokens_details={"cached_tokens": 400})
    with fixed_clock(start):
        await read(
            billed(usage, model="deepseek-chat"),
            provider="deepseek",
            model="deepseek-chat",
            start_time=int(start.timestamp()) * 10**9,
        )
    spend(kit, 600 * Decimal(rates[0]) + 400 * Decimal(rates[1]) + 100 * Decimal(rates[2]))


async def test_35_fallback_models_of_one_answer_are_priced_each(way: Way, play: Play, wrap: Wrap, kit: Kit) -> None:
    """claude-haiku-4-5 1 / 5, claude-opus-4-7 5 / 25: 1000 * 1 + 10 * 5 + 1000 * 5 + 200 * 25 millionths of a USD."""
    refused = {"type": "message", "model": "claude-haiku-4-5", "input_tokens": 1000, "output_tokens": 10}
    fallback = {"type": "fallback_message", "model": "claude-opus-4-7", "input_tokens": 1000, "output_tokens": 200}
    ended = message_end(output_tokens=200, iterations=[refused, fallback])
    name = play((message_start(input_tokens=1000, output_tokens=1), *text_block("Lisbon"), *ended), "anthropic")
    await way.rest(wrap(await way.message(way.anthropic(name)), provider="anthropic", model=None))
    spend(kit, "11050")
    assert attributes_of(kit.span)["chunkmeter.cost.status"] == "known"


# --- once ---


async def test_56_a_framework_span_and_a_native_span_cost_nothing_more(way: Way, kit: Kit, wrap: Wrap) -> None:
    """An agent's span around the call, and a chat span of the SDK's own in its request, both with usage on them."""
    kit.tracer_provider.add_span_processor(
        ChunkSpanProcessor(tracer_provider=kit.tracer_provider, meter_provider=kit.meter_provider)
    )
    usage = {"gen_ai.usage.input_tokens": 1200, "gen_ai.usage.output_tokens": 45, "gen_ai.provider.name": "openai"}
    native = usage | {"gen_ai.operation.name": "chat", "gen_ai.response.model": "gpt-4o-mini"}
    agent = usage | {"gen_ai.operation.name": "invoke_agent"}
    client = way.openai()
    way.on_request(client, lambda: kit.tracer.start_span("chat gpt-4o-mini", attributes=native).end())
    with kit.tracer.start_as_current_span("invoke_agent", attributes=agent):
        async with way.inside(wrap(sdk.chat_manager(client))) as stream:
            await way.rest(stream)
    assert len(kit.spans) == 3
    assert sum("gen_ai.usage.cost.amount" in attributes_of(span) for span in kit.spans) == 1
    count_once(kit, PLAIN)


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Has the server refuse the next so many requests, and the SDK try again at once."""
    find, left = routes.find, [0]

    def found(*asked: Any) -> Any:
        answer, options = find(*asked)
        left[0] -= 1
        return answer, routes.Options(status=429) if left[0] >= 0 else options

    def refuse(times: int) -> None:
        left[0] = times

    for delay in ("INITIAL_RETRY_DELAY", "MAX_RETRY_DELAY"):
        monkeypatch.setattr(openai._base_client, delay, 0.0)
    monkeypatch.setattr(routes, "find", found)
    return refuse


async def test_57_each_attempt_of_an_sdk_s_retries_costs_once(
    way: Way, kit: Kit, wrap: Wrap, server: Server, refusing: Callable[[int], None], metered_by: str
) -> None:
    """That which was answered does, as one call. Those that were refused cost nothing: if all were, one call failed."""
    client, sent = way.openai().with_options(max_retries=2), len(server.requests)
    refusing(2)
    await way.rest(wrap(await way.create(client)))
    assert len(server.requests) == sent + 3
    expect(kit.span, PLAIN)
    count_once(kit, PLAIN)
    refusing(3)
    with pytest.raises(openai.RateLimitError):
        await way.create(client)
    assert len(server.requests) == sent + 6
    assert kit.total("chunkmeter.calls", outcome="error") == (metered_by == "auto")  # Else there was nothing to wrap.
    assert kit.total("chunkmeter.spend") == pytest.approx(by_id[PLAIN].truth.usd, abs=1e-12)


@pytest.mark.kit(sampler=ALWAYS_OFF)
async def test_58_an_unsampled_span_counts_in_the_metrics(way: Way, wrap: Wrap, kit: Kit) -> None:
    await way.rest(wrap(await way.create(way.openai())))
    assert kit.spans == []
    count_once(kit, PLAIN)
    assert kit.total("gen_ai.client.token.usage", token__type="input") == 1200
    assert kit.total("gen_ai.client.token.usage", token__type="output") == 45
