"""The user's own prices: what a file may say, what it comes to, and what is said of a file that is wrong."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from chunkmeter import Priced, Settings, Unpriced, Usage, cli, price, pricing
from chunkmeter.pricing import PriceFile, parse
from chunkmeter.pricing.parse import UnusableFileError
from chunkmeter.testing import Kit
from support.sdk import eventually

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)

FILE = """
version = "acme 7"

[[models]]
names = ["acme-chat", "acme-chat-*"]
prices = { input = 0.20, output = 0.60, cache_read = 0.02, reasoning = 0.90 }
tiers.batch = { input = 0.10, output = 0.30 }

[[models]]
names = ["acme-long"]
[models.prices]
input = 1
output = 4
cache_read = 0.1
long_context = [{ above = 128_000, input = 2, output = 6 }, { above = 1_000_000, input = 3, output = 8 }]

[[models]]
names = ["*"]
servers = ["llm.acme.internal", "*.gpu.acme.internal"]
prices = { input = 0, output = 0 }

[[models]]
names = ["acme-yearly"]
valid_from = 2026-07-01
currency = "EUR"
prices = { input = 5, output = 10 }

[[models]]
names = ["acme-yearly"]
currency = "EUR"
prices = { input = 4, output = 8 }

[[models]]
names = ["claude-sonnet-4-5"]
provider = "bedrock"
prices = { input = 3.5, cache_write = 4, output = 17 }

[[aliases]]
names = ["prod-chat", "prod-chat-eu"]
provider = "azure"
model = "gpt-4o"
model_provider = "openai"

[[aliases]]
names = ["ft:gpt-4o-2024-08-06:acme:*"]
model = "acme-chat"

[[multipliers]]
provider = "openai"
names = ["gpt-4o*"]
multiplier = 0.85

[[multipliers]]
provider = "anthropic"
regions = ["eu-*"]
multiplier = 1.1
"""


@pytest.fixture
def own(tmp_path: Path) -> str:
    """The path of `FILE`."""
    path = tmp_path / "prices.toml"
    path.write_text(FILE)
    return str(path)


def used(input_tokens: int, output_tokens: int, **more: int) -> Usage:
    return Usage(input_tokens=input_tokens, output_tokens=output_tokens, **more)


# --- what it comes to: USD per million tokens times tokens, added up: millionths of a USD ---

CASES: list[tuple[str, dict[str, Any], Usage, str]] = [
    # A model of one's own: 600 * 0.20 + 400 * 0.02 + 100 * 0.60 = 120 + 8 + 60
    ("own", {"model": "acme-chat"}, used(1000, 100, cached_tokens=400), "188"),
    # By a pattern, in any case, at any provider: 1000 * 0.20 + 60 * 0.60 + 40 * 0.90 = 200 + 36 + 36
    ("pattern", {"model": "Acme-Chat-2", "provider": "groq"}, used(1000, 100, reasoning_tokens=40), "272"),
    # By the name that was asked for: 1000 * 0.20 + 100 * 0.60
    ("requested", {"model": "x", "request_model": "acme-chat", "provider": "groq"}, used(1000, 100), "260"),
    # Its batches: 1000 * 0.10 + 100 * 0.30
    ("batch", {"model": "acme-chat", "service_tier": "batch"}, used(1000, 100), "130"),
    # A tier that has no prices of its own: 1000 * 0.20 + 100 * 0.60
    ("other tier", {"model": "acme-chat", "service_tier": "flex"}, used(1000, 100), "260"),
    # At the cliff it is not over: 128000 * 1 + 10 * 4
    ("cliff", {"model": "acme-long"}, used(128_000, 10), "128040"),
    # One more is, cached ones without a price there too: 128001 * 2 + 10 * 6
    ("over it", {"model": "acme-long"}, used(128_001, 10, cached_tokens=1000), "256062"),
    # Over the next: 1000001 * 3 + 10 * 8
    ("over both", {"model": "acme-long"}, used(1_000_001, 10), "3000083"),
    # Self-hosted, told by the host: nothing a token, and that is a price.
    ("host", {"model": "llama", "server_address": "llm.acme.internal"}, used(1000, 100), "0"),
    ("hosts", {"model": None, "server_address": "b7.GPU.acme.internal"}, used(1000, 100), "0"),
    # A provider's own list replaced: 500 * 3.5 + 500 * 4 + 10 * 17
    (
        "provider",
        {"model": "claude-sonnet-4-5", "provider": "aws.bedrock"},
        used(1000, 10, cache_write_tokens=500, cache_write_1h_tokens=200),
        "3920",
    ),
    # ... but not another's: Anthropic's 1000 * 3 + 10 * 15
    ("another's", {"model": "claude-sonnet-4-5", "provider": "anthropic"}, used(1000, 10), "3150"),
    # A discount on the list price of gpt-4o: (600 * 2.50 + 400 * 1.25 + 100 * 10) * 0.85 = 3000 * 0.85
    ("discount", {"model": "gpt-4o-2024-08-06", "provider": "openai"}, used(1000, 100, cached_tokens=400), "2550"),
    # ... of OpenAI's, not of Azure's: 1000 * 2.50 + 100 * 10
    ("no discount", {"model": "gpt-4o", "provider": "azure"}, used(1000, 100), "3500"),
    # A deployment, priced as the discounted model that it is: (1000 * 2.50 + 100 * 10) * 0.85
    ("alias", {"model": "prod-chat", "provider": "azure"}, used(1000, 100), "2975"),
    # ... which may be said otherwise: "azure" stands for Azure's inference, so its OpenAI has its own list price.
    (
        "elsewhere",
        {"model": "gpt-4o", "request_model": "prod-chat", "provider": "azure.ai.openai"},
        used(0, 100),
        "1000",
    ),
    # A fine-tuned model priced as one of this file: 1000 * 0.20 + 100 * 0.60
    ("own alias", {"model": "ft:gpt-4o-2024-08-06:acme:x:1", "provider": "openai"}, used(1000, 100), "260"),
    # A surcharge by region: (1000 * 3 + 10 * 15) * 1.1
    (
        "region",
        {"model": "claude-sonnet-4-5", "provider": "anthropic", "region": "eu-central-1"},
        used(1000, 10),
        "3465",
    ),
]


@pytest.mark.parametrize(("name", "call", "usage", "micro_usd"), CASES, ids=[case[0] for case in CASES])
def test_a_price_is_what_is_worked_out_by_hand(
    own: str, name: str, call: dict[str, Any], usage: Usage, micro_usd: str
) -> None:
    """To the last digit, and its parts add up."""
    priced = price(usage, at=AT, prices=own, **call)
    assert isinstance(priced, Priced)
    assert priced.amount == Decimal(micro_usd) / 1_000_000
    assert sum(priced.split.values()) == priced.amount
    assert (priced.currency, priced.source) == ("USD", "local")


def test_each_class_has_its_part(own: str) -> None:
    """600 * 0.20, 400 * 0.02, 60 * 0.60 and 40 * 0.90 millionths of a USD, of version acme 7."""
    priced = price(used(1000, 100, cached_tokens=400, reasoning_tokens=40), model="acme-chat", prices=own)
    assert isinstance(priced, Priced)
    assert priced.split == {
        "input": Decimal("0.00012"),
        "cache_read": Decimal("0.000008"),
        "output": Decimal("0.000036"),
        "reasoning": Decimal("0.000036"),
    }
    assert (priced.model, priced.version, priced.table) == ("acme-chat", "overlay acme 7", "overlay")


def test_a_discount_is_told(own: str) -> None:
    """The table's version stands beside the factor, so that the list price can be got back."""
    priced = price(used(1000, 100), model="gpt-4o", provider="openai", at=AT, prices=own)
    assert isinstance(priced, Priced)
    assert (priced.multiplier, priced.table, priced.model) == (Decimal("0.85"), "genai-prices", "gpt-4o")
    assert priced.amount / priced.multiplier == Decimal("0.0035")


@pytest.mark.parametrize(
    ("at", "amount"),
    [
        # 4 EUR a million before the first of July, 5 from its first moment on, in UTC.
        (datetime(2026, 6, 30, 23, 59, 59, tzinfo=UTC), "4"),
        (datetime(2026, 7, 1, tzinfo=UTC), "5"),
        (datetime.fromisoformat("2026-07-01T01:00:00+02:00"), "4"),
    ],
)
def test_prices_hold_from_their_day_on(own: str, at: datetime, amount: str) -> None:
    """By the time of the request."""
    priced = price(used(1_000_000, 0), model="acme-yearly", at=at, prices=own)
    assert isinstance(priced, Priced)
    assert (priced.amount, priced.currency) == (Decimal(amount), "EUR")


def test_the_providers_own_cost_beats_the_file(own: str) -> None:
    """Passed through as it is, without a discount; 0.0 is a price."""
    for cost in (0.0, 0.25):
        priced = price(used(10, 10), model="gpt-4o", provider="openai", provider_cost=cost, prices=own)
        assert priced == Priced(Decimal(str(cost)), source="provider")


def test_reasons_for_no_price_stay(own: str) -> None:
    """A file makes no price out of nothing."""
    assert price(None, model="acme-chat", prices=own) == Unpriced("no_usage")
    assert price(used(1, 1, cached_tokens=2), model="acme-chat", prices=own) == Unpriced("impossible_usage")
    assert price(used(1, 1), model="acme", prices=own) == Unpriced("unknown_model")


def test_names_of_the_file_are_known_patterns_are_not(own: str) -> None:
    """So a name that a pattern fits is a metric label only within the bound for unknown ones."""
    file = PriceFile(own)
    assert pricing.knows("acme-chat", "groq", file)
    assert not pricing.knows("Acme-Chat", "groq", file)
    assert pricing.knows("prod-chat", "azure", file)
    assert not pricing.knows("prod-chat", "openai", file)
    assert not pricing.knows("acme-chat-invented", None, file)
    assert not pricing.knows("anything", None, file)


def test_json_says_the_same(tmp_path: Path) -> None:
    """1000 * 0.1 + 100 * 0.3: decimals, not the floats nearest to them."""
    path = tmp_path / "prices.json"
    path.write_text('{"models": [{"names": ["m"], "prices": {"input": 0.1, "output": 0.3}}]}')
    priced = price(used(1000, 100), model="m", prices=str(path))
    assert isinstance(priced, Priced)
    assert priced.amount == Decimal("0.00013")
    # Without a version of its own, the file has that of its content.
    assert priced.version == f"overlay {sha(path)}"


def sha(path: Path) -> str:
    import hashlib

    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


# --- mistakes ---

MISTAKES = [
    ("models = 3", "models: input should be a valid list: write a list"),
    ("[[models]]\nnames = ['m']", "models[0].prices: is missing: write prices per million tokens"),
    ("[[models]]\nprices = { input = 1, output = 1 }", "models[0].names: is missing: write the models it is about"),
    ("[[models]]\nnames = ['m']\nprices = { input = 1 }", "models[0].prices.output: is missing: write output = a num"),
    (
        "[[models]]\nnames = ['m']\nprices = { input = 1, ouput = 1, output = 1 }",
        "models[0].prices.ouput: is no field here: write output",
    ),
    (
        "[[models]]\nnames = ['m']\nprices = { input = 1, output = 1 }\n[[models]]\nprices = { input = -1 }",
        "models[1].prices.input: input should be greater than or equal to 0",
    ),
    ("[[models]]\nnames = ['m']\nprices = { input = nan, output = 1 }", "models[0].prices.input: "),
    ("[[models]]\nnames = ['m']\nprices = { input = '$1', output = 1 }", "models[0].prices.input: "),
    ("[[models]]\nnames = []\nprices = { input = 1, output = 1 }", "models[0].names: "),
    (
        "[[models]]\nnames = [' ']\nprices = { input = 1, output = 1 }",
        "models[0].names[0]: string should have at least",
    ),
    ("[[models]]\nnames = ['a', '\t']\nprices = { input = 1, output = 1 }", "models[0].names[1]: "),
    ('[[models]]\nnames = ["a\\nb"]\nprices = { input = 1, output = 1 }', "has control characters: leave them out"),
    ("[[aliases]]\nnames = ['m']\nmodel = ' '", "aliases[0].model: string should have at least 1 character: write"),
    ("[[models]]\nnames = ['m']\nprovider = ''\nprices = { input = 1, output = 1 }", "models[0].provider: "),
    ("version = ' '", "version: string should have at least 1 character: write at least one letter"),
    ("[[models]]\nnames = ['m']\ncurrency = 'usd'\nprices = { input = 1, output = 1 }", "'USD'"),
    (
        "[[models]]\nnames = ['m']\nvalid_from = 'soon'\nprices = { input = 1, output = 1 }",
        "models[0].valid_from: ",
    ),
    ("[[models]]\nnames = ['m']\nprices = { input = 1, output = 1, long_context = [{ above = 0 }] }", "].above: "),
    ("[[aliases]]\nnames = ['m']", "aliases[0].model: is missing: write the model whose price it has"),
    ("[[multipliers]]\nmultiplier = 'half'", "multipliers[0].multiplier: "),
    ("discounts = 1", "discounts: is no field here: write one of version, models, aliases, multipliers"),
    (
        "[[multipliers]]\nmultiplier = 1\n[[multipliers]]\nvalid_from = 2026-01-01\nmultiplier = 2",
        "multipliers[1] is never reached, since multipliers[0] is about the same calls and comes first",
    ),
    ("[[models]", "is no TOML: "),
]


def test_a_lone_surrogate_is_a_mistake() -> None:
    """JSON can write one. On a span it would lose what is exported with it."""
    content = b'{"version": "\\ud800", "models": []}'
    with pytest.raises(UnusableFileError, match=r"prices.json: version: .*: write text without lone surrogates"):
        parse.parse(content, "prices.json")


@pytest.mark.parametrize(("text", "said"), MISTAKES, ids=[said[:40] for _, said in MISTAKES])
def test_a_mistake_is_told_with_its_place(text: str, said: str) -> None:
    """And with what to write instead."""
    with pytest.raises(UnusableFileError) as caught:
        parse.parse(text.encode(), "prices.toml")
    assert all(line.startswith("prices.toml: ") for line in str(caught.value).splitlines())
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"\xff\xfe", "p.toml"),
        (b"{", "p.json"),
        (b"[" * 100_000, "p.json"),
        (b'{"models": ' * 5_000, "p.json"),
        (b"null", "p.json"),
        (b"[]", "p.json"),
        (b"x" * 10_000_001, "p.toml"),
    ],
)
def test_what_is_no_price_file_is_refused(content: bytes, name: str) -> None:
    """Whatever it is, with one kind of error."""
    with pytest.raises(UnusableFileError, match=f"^{name}: "):
        parse.parse(content, name)


def test_all_mistakes_are_told_at_once() -> None:
    """Not one a run."""
    text = "[[models]]\nnames = ['m']\nprices = { input = 'a', output = 'b' }\n[[aliases]]\nnames = ['x']"
    with pytest.raises(UnusableFileError) as caught:
        parse.parse(text.encode(), "p.toml")
    assert len(str(caught.value).splitlines()) == 3


def test_a_file_that_is_not_there_prices_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is told once, and the bundled table goes on: 1000 * 2.50."""
    told: list[Exception] = []
    file = PriceFile(str(tmp_path / "none.toml"), failed=told.append)
    for _ in range(3):
        priced = price(used(1000, 0), model="gpt-4o", provider="openai", at=AT, prices=file)
        assert isinstance(priced, Priced)
        assert priced.amount == Decimal("0.0025")
    assert len(told) == 1
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "none.toml: can't be read" in caplog.text


# --- in an app ---


def test_a_file_that_is_wrong_is_an_error_of_ours(tmp_path: Path) -> None:
    """`chunkmeter.errors` counts it, so that an alert can watch it; the call is priced by the list."""
    path = tmp_path / "prices.toml"
    path.write_text("[[models]]")
    kit = Kit(settings=Settings(prices=str(path)))
    list(sdk_stream(kit, "gpt-4o"))
    assert kit.total("chunkmeter.errors", stage="price") == 1
    assert kit.total("chunkmeter.calls", cost__status="known") == 1
    kit.shutdown()


def test_an_unknown_model_is_priced_once_it_has_an_alias(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """No cost attribute, a count of its own, one log line; after the alias 1000 * 2.50 + 100 * 10."""
    path = tmp_path / "prices.toml"
    path.write_text("")
    kit = Kit(settings=Settings(prices=str(path), prices_reload=True, idle_timeout=0.4))
    for _ in range(2):
        list(sdk_stream(kit, "our-deployment"))
    for span in kit.spans:
        attributes = dict(span.attributes or {})
        assert attributes["chunkmeter.cost.status"] == "unknown_model"
        assert not [name for name in attributes if "cost." in name and name != "chunkmeter.cost.status"]
    assert kit.points("chunkmeter.spend") == []
    assert kit.total("chunkmeter.calls", cost__status="unknown_model") == 2
    assert len([record for record in caplog.records if "our-deployment" in record.getMessage()]) == 1

    path.write_text('[[aliases]]\nnames = ["our-deployment"]\nmodel = "gpt-4o"\n')

    def priced() -> bool:
        list(sdk_stream(kit, "our-deployment"))
        return (kit.spans[-1].attributes or {}).get("chunkmeter.cost.status") == "known"

    eventually(priced)
    attributes = dict(kit.spans[-1].attributes or {})
    assert attributes["gen_ai.usage.cost.amount"] == 0.0035
    assert (attributes["chunkmeter.price.model"], attributes["chunkmeter.price.source"]) == ("gpt-4o", "genai-prices")
    assert kit.total("chunkmeter.spend", cost__status="known") == pytest.approx(0.0035)
    kit.shutdown()


def sdk_stream(kit: Kit, model: str) -> Any:
    """A metered stream of OpenAI's chunks: 1,000 tokens in, 100 out."""
    from chunkmeter import wrap

    usage = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}
    events = [
        {"id": "c", "model": model, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
        {"id": "c", "model": model, "choices": [], "usage": usage},
    ]
    return wrap(iter(events), provider="openai", model=model, wire="openai_chat", telemetry=kit.telemetry)


# --- a file that changes ---


def test_without_reload_a_change_waits_for_the_next_start(own: str) -> None:
    """It is opt-in."""
    file = PriceFile(own)
    file.warm_up()
    Path(own).write_text("")
    file.refresh()
    assert isinstance(price(used(1, 1), model="acme-chat", prices=file), Priced)


def test_a_change_for_the_worse_leaves_the_last_good_prices(own: str, caplog: pytest.LogCaptureFixture) -> None:
    """And says so once a change; the next good one counts."""
    file = PriceFile(own, reload=True)
    file.warm_up()
    Path(own).write_text("[[models]]")
    for _ in range(3):
        file.refresh()
    assert isinstance(price(used(1, 1), model="acme-chat", prices=file), Priced)
    assert len([record for record in caplog.records if record.levelno == logging.ERROR]) == 1
    assert "the prices read before stay" in caplog.text
    Path(own).write_text(FILE.replace("input = 0.20", "input = 0.40"))
    file.refresh()
    priced = price(used(1_000_000, 0), model="acme-chat", prices=file)
    assert isinstance(priced, Priced)
    assert priced.amount == Decimal("0.4")


def test_threads_read_a_file_once(own: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many calls end at once."""
    reads: list[str] = []
    read: Callable[..., Any] = parse.read

    def counted(path: str) -> Any:
        reads.append(path)
        return read(path)

    monkeypatch.setattr(parse, "read", counted)
    file = PriceFile(own)
    answers: list[object] = []
    threads = [
        threading.Thread(target=lambda: answers.append(price(used(1000, 100), model="acme-chat", prices=file)))
        for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(reads) == 1
    assert len(answers) == 16
    assert all(isinstance(answer, Priced) for answer in answers)


def test_the_environment_names_the_file(own: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """For `price` as for the settings."""
    monkeypatch.setenv("CHUNKMETER_PRICES", own)
    assert isinstance(price(used(1, 1), model="acme-chat"), Priced)
    assert Settings.load().prices == own


# --- the command line ---


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ('"http://llm.internal" = "openai"', "servers: 'http://llm.internal' = 'openai' is no server"),
        ('"llm.internal:port" = "openai"', "servers: 'llm.internal:port' = 'openai' is no server"),
        ('"llm.internal" = 5', "servers.llm.internal: input should be a valid string: write a text in quotes"),
    ],
)  # fmt: skip
def test_a_server_that_is_none_is_a_mistake(entry: str, message: str) -> None:
    with pytest.raises(parse.UnusableFileError) as raised:
        parse.parse(f"[servers]\n{entry}\n".encode(), "prices.toml")
    assert str(raised.value).startswith(f"prices.toml: {message}")


def test_a_file_names_who_answers_at_a_server() -> None:
    """By host and port; what it says of them is in no entry's way."""
    file = parse.parse(b'[servers]\n"llm.internal:8000" = "OpenAI"\n"*.internal" = "*"\n', "prices.toml")
    assert file.providers_at.provider("llm.internal", 8000) == "OpenAI"
    assert file.providers_at.provider("llm.internal", 8001) == "*"
    assert file.providers_at.provider("elsewhere", 8000) is None


def test_the_schema_that_is_shipped_is_that_of_the_code() -> None:
    """`chunkmeter prices schema > src/chunkmeter/pricing/prices.schema.json` writes it anew."""
    shipped = (resources.files("chunkmeter.pricing") / "prices.schema.json").read_text()
    assert json.loads(shipped) == parse.schema()


def test_the_command_prints_a_price(own: str, capsys: pytest.CaptureFixture[str]) -> None:
    """acme-chat: 600 * 0.20 + 400 * 0.02 + 100 * 0.60 = 188 millionths of a USD."""
    arguments = ["price", "acme-chat", "--input", "1,000", "--cached", "400", "--output", "100", "--prices", own]
    assert cli.main(arguments) == 0
    shown = capsys.readouterr().out
    for words in ("cache_read 400 0.02 / 1M 0.000008", "total 0.000188", "model acme-chat", "version overlay 'acme 7'"):
        assert words.split() in [line.split() for line in shown.splitlines()]
    assert cli.main([*arguments, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["amount"], said["currency"], said["source"]) == ("0.000188", "USD", "overlay")
    assert said["tokens"] == {"input": 600, "cache_read": 400, "output": 100}


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["no-such-model", "--input", "1"], "unknown_model"),
        (["gpt-4o"], "no_usage"),
        (["gpt-4o", "--input", "1", "--cached", "2"], "impossible_usage"),
    ],
)
def test_the_command_says_why_there_is_no_price(
    arguments: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """And ends with 1, for scripts."""
    assert cli.main(["price", *arguments]) == 1
    assert f": {reason}: " in capsys.readouterr().err
    assert cli.main(["price", *arguments, "--json"]) == 1
    assert json.loads(capsys.readouterr().out) == {"reason": reason}


def test_the_command_prices_a_tier_on_a_day(capsys: pytest.CaptureFixture[str]) -> None:
    """gpt-5 flex is half of 1.25; o3 cost 10 a million before 2025-06-10."""
    for arguments, amount in (
        (["gpt-5", "--tier", "flex", "--at", "2026-11-01T12:00"], "0.625"),
        (["o3", "--at", "2025-06-09"], "10"),
    ):
        assert cli.main(["price", *arguments, "--input", "1_000_000", "--provider", "openai", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["amount"] == amount


def test_the_command_prints_a_bill_by_item(capsys: pytest.CaptureFixture[str]) -> None:
    """gpt-5: 1000 * 1.25, 3 searches at 10 a thousand; a container has no price in the table."""
    arguments = [
        "price",
        "gpt-5",
        "--input",
        "1000",
        "--web-searches",
        "3",
        "--code-sessions",
        "1",
        "--tier",
        "performance",
    ]
    assert cli.main(arguments) == 0
    shown = [line.split() for line in capsys.readouterr().out.splitlines()]
    for words in (
        "input 1,000 1.25 / 1M 0.00125", "web_search 3 10 / 1k 0.03", "code_session 1 none ?", "total 0.03125",
        "lacks code_session: no price of it",
    ):  # fmt: skip
        assert words.split() in shown
    assert cli.main([*arguments, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["items"] == {"web_search": 3, "code_session": 1}
    assert said["unpriced"] == ["code_session", "tier:performance"]


def test_the_command_says_that_a_price_is_assumed(capsys: pytest.CaptureFixture[str]) -> None:
    """Where the host is nobody's, and no provider is named."""
    asked = ["price", "gpt-4o", "--input", "1", "--output", "1", "--server", "llm.internal"]
    assert cli.main(asked) == 0
    assert "assumed  nobody knows who answers at --server: name it with --provider" in capsys.readouterr().out
    assert cli.main([*asked, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["assumed"] is True
    assert cli.main([*asked, "--provider", "openai"]) == 0
    assert "assumed" not in capsys.readouterr().out


def test_the_command_prices_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    """An hour of whisper-1 is 0.36 USD."""
    assert cli.main(["price", "whisper-1", "--audio-seconds", "90.5", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["amount"] == "0.00905"


@pytest.mark.parametrize(
    "option", [["--input", "-1"], ["--input", "many"], ["--web-searches", "nan"], ["--at", "soon"]]
)
def test_the_command_refuses_what_it_cant_read(option: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """With what to write instead."""
    with pytest.raises(SystemExit) as ended:
        cli.main(["price", "gpt-4o", *option])
    assert ended.value.code == 2
    assert "write" in capsys.readouterr().err


def test_the_command_checks_a_file(own: str, capsys: pytest.CaptureFixture[str]) -> None:
    """0 and what it has, or 1 and each mistake."""
    assert cli.main(["prices", "check", own]) == 0
    assert "usable, version 'acme 7': 6 models, 2 aliases, 2 multipliers" in capsys.readouterr().out
    Path(own).write_text("[[models]]\nname = 'm'")
    assert cli.main(["prices", "check", own]) == 1
    said = capsys.readouterr()
    assert "models[0].name: is no field here: write names" in said.err
    assert said.out == ""


def test_an_alias_of_no_model_is_a_mistake_to_the_command(own: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A price file is usable with it, and the call unpriced: the check is where it shows."""
    Path(own).write_text(FILE + '\n[[aliases]]\nnames = ["z"]\nmodel = "acme-chta"\n')
    assert cli.main(["prices", "check", own]) == 1
    assert "aliases[2].model: no price is known for 'acme-chta': write 'acme-chat'" in capsys.readouterr().err


def test_the_command_prints_the_schema(capsys: pytest.CaptureFixture[str]) -> None:
    """For the editors that complete and check TOML and JSON by one."""
    assert cli.main(["prices", "schema"]) == 0
    assert json.loads(capsys.readouterr().out) == parse.schema()


@pytest.mark.parametrize(
    ("tier", "said"),
    [
        (
            "flexx",
            "'flexx' is the tier of no provider: did you mean flex? Write one of auto, batch, default, fast, flex, ",
        ),
        ("huge", "'huge' is the tier of no provider: write one of auto, batch, default, fast, flex, "),
    ],
)
def test_the_command_refuses_a_tier_of_nobody(tier: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It would be priced at the standard price, with a line at the bottom that is easily overlooked."""
    assert cli.main(["price", "gpt-5", "--input", "1000", "--tier", tier]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith(said)


def test_the_command_takes_a_tier_of_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """1000 tokens at 3 a million."""
    file = tmp_path / "prices.toml"
    file.write_text(
        '[[models]]\nnames = ["own"]\nprices = {input = 1, output = 1}\ntiers.night = {input = 3, output = 3}\n'
    )
    assert cli.main(["price", "own", "--input", "1000", "--tier", "Night", "--prices", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["amount"] == "0.003"
