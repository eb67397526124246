"""Calls of which nobody knows who answered: what they cost, what is said of that, and how to name the provider."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from chunkmeter import ChunkSpanProcessor, Priced, Settings, Unpriced, price, wrap
from chunkmeter.calls.begin import begin
from chunkmeter.facts.ended import Facts
from chunkmeter.facts.request import Request
from chunkmeter.pricing import Inner
from chunkmeter.readers import for_wire
from chunkmeter.testing import Kit, attributes_of
from support.usage import tokens

GATEWAY = "llm.internal"
COST = 1000 * 2.50e-6 + 100 * 10e-6
"""1,000 tokens in and 100 out, of gpt-4o at OpenAI."""


def answer(model: str, **usage: Any) -> dict[str, Any]:
    spent = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100} | usage
    choice = {"index": 0, "message": {"role": "assistant", "content": "x"}, "finish_reason": "stop"}
    return {"id": "c1", "object": "chat.completion", "model": model, "choices": [choice], "usage": spent}


def called(kit: Kit, model: str = "gpt-4o", *, host: str | None = GATEWAY, named: bool = False) -> dict[str, Any]:
    """What the span of one call says, that an SDK's hook metered."""
    request = Request(
        provider="openai", model=model, server_address=host, server_port=8000, named=named, stream=False
    )  # fmt: skip
    call = begin(kit.telemetry, request, for_wire("openai_chat"))
    call.observe(answer(model))
    call.settle("exhausted")
    return attributes_of(kit.spans[-1])


def status(told: dict[str, Any]) -> tuple[str, float | None]:
    return told["chunkmeter.cost.status"], told.get("gen_ai.usage.cost.amount")


@pytest.fixture
def kit() -> Iterator[Kit]:
    with Kit() as kit:
        yield kit


def test_at_a_gateway_the_price_is_assumed(kit: Kit) -> None:
    """On the span, and on every metric of the call."""
    assert status(called(kit)) == ("assumed", pytest.approx(COST))
    labels = {"chunkmeter.cost.status": "assumed"}
    assert kit.total("chunkmeter.spend", cost__status="assumed") == pytest.approx(COST)
    assert kit.total("chunkmeter.calls", cost__status="assumed") == 1
    assert [dict(point.attributes) | labels for point in kit.points("gen_ai.client.operation.cost")] == [
        dict(point.attributes) for point in kit.points("gen_ai.client.operation.cost")
    ]


@pytest.mark.parametrize("host", ["api.openai.com", "eu.api.openai.com", None])
def test_at_the_providers_own_host_it_is_known(kit: Kit, host: str | None, caplog: pytest.LogCaptureFixture) -> None:
    assert status(called(kit, host=host)) == ("known", pytest.approx(COST))
    assert not caplog.records


def test_another_providers_host_has_its_prices(kit: Kit) -> None:
    """llama-3.3-70b-versatile is 0.59 and 0.79 a million at Groq, and OpenAI has no such model."""
    told = called(kit, "llama-3.3-70b-versatile", host="api.groq.com")
    assert status(told) == ("known", pytest.approx(1000 * 0.59e-6 + 100 * 0.79e-6))
    assert told["gen_ai.provider.name"] == "openai"


def test_a_named_provider_is_believed(kit: Kit) -> None:
    assert status(called(kit, named=True)) == ("known", pytest.approx(COST))


def test_a_name_that_only_a_pattern_fits_is_unknown_there(kit: Kit) -> None:
    """`gpt-5-nano-...` is found by how it begins: 1000 * 0.05 + 100 * 0.40 at OpenAI itself."""
    assert status(called(kit, "gpt-5-nano-of-ours")) == ("unknown_model", None)
    assert status(called(kit, "gpt-5-nano-of-ours", host=None)) == ("known", pytest.approx(9e-5))


@pytest.mark.parametrize("model", ["meta-llama/Llama-3.3-70B-Instruct", "gpt-oss:20b", "deepseek-r1:14b", "our-tune"])
def test_a_server_of_ones_own_has_no_list_price(kit: Kit, model: str) -> None:
    assert status(called(kit, model, host="127.0.0.1")) == ("unknown_model", None)


@pytest.mark.parametrize("servers", ["llm.internal=openai", "llm.internal:8000=openai", "llm.internal=*", "*=openai"])
def test_the_setting_names_who_answers(servers: str, caplog: pytest.LogCaptureFixture) -> None:
    with Kit(settings=Settings.load({"CHUNKMETER_SERVERS": servers})) as kit:
        assert status(called(kit)) == ("known", pytest.approx(COST))
    assert not caplog.records


def test_the_setting_names_another_than_the_sdk_tells() -> None:
    """A gateway with OpenAI's API and Claude behind it: claude-sonnet-4-5 is 3 and 15 a million."""
    with Kit(settings=Settings(servers=("llm.internal=anthropic",))) as kit:
        told = called(kit, "claude-sonnet-4-5")
        assert status(told) == ("known", pytest.approx(1000 * 3e-6 + 100 * 15e-6))
        assert status(called(kit, "claude-sonnet-4-5", host="other.internal")) == ("unknown_model", None)


def test_the_price_file_names_who_answers(tmp_path: Path) -> None:
    file = tmp_path / "prices.toml"
    file.write_text('[servers]\n"llm.internal:8000" = "openai"\n"llm.internal" = "nobody"\n')
    with Kit(settings=Settings(prices=str(file))) as kit:
        assert status(called(kit)) == ("known", pytest.approx(COST))
    with Kit(settings=Settings(prices=str(file), servers=("llm.internal:8000=nobody",))) as kit:
        assert status(called(kit)) == ("unknown_model", None), "the setting goes first"


@pytest.mark.parametrize(
    "entry", ['[[models]]\nnames=["gpt-4o"]\nservers=["llm.internal"]\nprices={input=0,output=0}',
              '[[aliases]]\nnames=["gpt-4o"]\nservers=["llm.internal"]\nmodel="gpt-4o"\nmodel_provider="openai"'],
)  # fmt: skip
def test_a_price_of_ones_own_is_not_assumed(entry: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The file says what a call there costs, so nobody has to guess who answers."""
    file = tmp_path / "prices.toml"
    file.write_text(entry)
    with Kit(settings=Settings(prices=str(file))) as kit:
        assert status(called(kit))[0] == "known"
    assert "Nobody says" not in caplog.text


def test_one_line_a_server_says_so_and_what_to_do(kit: Kit, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "chunkmeter"):
        for _ in range(3):
            called(kit)
        called(kit, host="::1")
    first, second = [record.getMessage() for record in caplog.records]
    assert first == (
        "Nobody says who answers at llm.internal:8000: model 'gpt-4o' is priced as if openai did, and the cost is "
        "'assumed'. Name the provider, as in CHUNKMETER_SERVERS=llm.internal:8000=openai; or for a server of your own, "
        "give its models a price of 0 in the file that CHUNKMETER_PRICES names."
    )
    assert "CHUNKMETER_SERVERS=[::1]:8000=openai" in second


def test_as_many_servers_as_there_are_get_a_hundred_lines(kit: Kit, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(105):
        called(kit, host=f"host-{number}.internal")
    assert sum(record.getMessage().startswith("Nobody says") for record in caplog.records) == 100


# --- one status a call ---


def test_incomplete_comes_before_assumed() -> None:
    """A bill that lacks something says that; so does one whose further model only a pattern fits."""
    asked: dict[str, Any] = {"model": "gpt-4o", "provider": "openai", "named": False, "server_address": GATEWAY}
    priced = price(tokens(1000, 100), items={"wolfram": 1}, **asked)
    assert isinstance(priced, Priced)
    assert (priced.assumed, priced.unpriced) == (True, ("wolfram",))
    inner = [Inner(tokens(10, 1)), Inner(tokens(10, 1), "gpt-5-nano-of-ours")]
    priced = price(tokens(1000, 100), inner=inner, **asked)
    assert isinstance(priced, Priced)
    assert (priced.assumed, priced.unpriced) == (True, ("model:gpt-5-nano-of-ours",))


@pytest.mark.parametrize("usage", ["partial", "estimated"])
def test_doubtful_usage_comes_before_assumed(usage: Any) -> None:
    def said(**fields: Any) -> str:
        return Facts(tokens(1, 1), fields.pop("usage", "reported"), Priced(Decimal(1), **fields), []).cost_status

    assert said(usage=usage, assumed=True) == usage
    assert said(assumed=True, unpriced=("x",)) == "incomplete"
    assert said(assumed=True) == "assumed"
    assert said(assumed=True, source="provider") == "known"


def test_the_providers_own_cost_is_known_wherever_it_comes_from() -> None:
    priced = price(None, model="x", named=False, server_address=GATEWAY, provider_cost=0.5)
    assert isinstance(priced, Priced)
    assert not priced.assumed


# --- who names a provider, and who infers one ---


def test_wrap_names_a_provider(kit: Kit) -> None:
    """Left out, it is inferred from the model's name; the stream of an SDK tells its host."""
    for provider, expected in (("openai", "known"), (None, "assumed")):
        list(wrap(_Stream(GATEWAY), provider=provider, model="gpt-4o", telemetry=kit.telemetry))
        assert status(attributes_of(kit.spans[-1])) == (expected, pytest.approx(COST))
    list(wrap(_Stream("api.openai.com"), model="gpt-4o", telemetry=kit.telemetry))
    assert status(attributes_of(kit.spans[-1]))[0] == "known"


def test_price_names_a_provider() -> None:
    known = price(tokens(1000, 100), model="gpt-4o", provider="openai", server_address=GATEWAY)
    told = price(tokens(1000, 100), model="gpt-4o", server_address=GATEWAY)
    assert isinstance(known, Priced)
    assert isinstance(told, Priced)
    assert (known.assumed, told.assumed) == (False, True)
    assert price(tokens(1, 1), model="gpt-5-nano-x", server_address=GATEWAY) == Unpriced("unknown_model")


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        ({}, "known"),
        ({"server.address": "api.openai.com"}, "known"),
        ({"server.address": GATEWAY, "server.port": 8000}, "assumed"),
        ({"server.address": "127.0.0.1"}, "assumed"),
        ({"llm.request.type": "chat", "gen_ai.openai.api_base": "https://api.openai.com/v1/"}, "known"),
        ({"llm.request.type": "chat", "gen_ai.openai.api_base": "http://llm.internal:8000/v1/"}, "assumed"),
    ],
)
def test_another_instrumentations_span_infers_one(kit: Kit, server: dict[str, Any], expected: str) -> None:
    _spans(kit, server)
    assert kit.total("chunkmeter.spend", cost__status=expected) == pytest.approx(COST)


def test_the_setting_names_who_answers_in_others_spans() -> None:
    settings = Settings(servers=("llm.internal=openai",))
    with Kit(settings=settings) as kit:
        _spans(kit, {"server.address": GATEWAY, "server.port": 8000}, settings)
        assert kit.total("chunkmeter.spend", cost__status="known") == pytest.approx(COST)


def _spans(kit: Kit, server: dict[str, Any], settings: Settings | None = None) -> None:
    processor = ChunkSpanProcessor(
        tracer_provider=kit.tracer_provider, meter_provider=kit.meter_provider, settings=settings or Settings()
    )
    kit.tracer_provider.add_span_processor(processor)
    told = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o"}
    spent = {"gen_ai.usage.input_tokens": 1000, "gen_ai.usage.output_tokens": 100}
    kit.tracer.start_span("chat gpt-4o", attributes={**told, **spent, **server}).end()


class _Stream:
    """A stream that knows its HTTP response, as those of SDKs do."""

    def __init__(self, host: str) -> None:
        url = f"https://{host}/v1/chat/completions"
        self.response = type("Response", (), {"_request": type("Request", (), {"url": url})})
        self._events = iter([_chunk(finish_reason="stop"), _chunk(usage=answer("gpt-4o")["usage"])])

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return self

    def __next__(self) -> dict[str, Any]:
        return next(self._events)


def _chunk(finish_reason: str | None = None, usage: dict[str, int] | None = None) -> dict[str, Any]:
    choices = [{"index": 0, "delta": {"content": "x"}, "finish_reason": finish_reason}] if finish_reason else []
    return {"id": "c1", "object": "chat.completion.chunk", "model": "gpt-4o", "choices": choices, "usage": usage}
