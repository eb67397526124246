"""Bills by a price file, worked out by hand: fees, single classes of listed models, factors that combine, tiers."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from chunkmeter import Priced, Unpriced, Usage, price, wrap
from chunkmeter.pricing import Inner, PriceFile, Question
from chunkmeter.pricing.items import ITEMS
from chunkmeter.settings import Settings
from chunkmeter.testing import Kit
from support.price_lists import AT
from support.usage import tokens

FEES = """
[[models]]                       # a price a request, beside tokens
names = ["acme-agent"]
prices = { input = 1, output = 4 }
tiers.flex = { input = 0.5, output = 2 }
fees = { request = 0.002, web_search = 0.008, visit = 0.0005 }

[[models]]                       # images alone
names = ["acme-paint"]
prices = { input = 0, output = 0 }
fees = { image = 0.04 }

[[models]]                       # seconds, in euros
names = ["acme-ear"]
prices = { input = 0, output = 0 }
fees = { audio_second = 0.0001 }
currency = "EUR"

[[models]]                       # what the bundled table has no fee of, and one that is another by contract
names = ["gpt-5", "gpt-5-2025-08-07"]
provider = "openai"
base = "table"
fees = { code_session = 0.03, web_search = 0.006 }

[[aliases]]
names = ["our-agent"]
model = "acme-agent"

[[multipliers]]
multiplier = 0.5
"""

BASES = """
[[models]]                       # output alone: 8 in place of 10
names = ["gpt-5"]
base = "table"
prices = { output = 8 }

[[models]]                       # reads of the cache alone; flex as well
names = ["gpt-5-mini"]
base = "table"
prices = { cache_read = 0.01 }
tiers.flex = { cache_read = 0.005 }

[[models]]                       # long input alone
names = ["gpt-5.4"]
base = "table"
prices = { long_context = [{ above = 272_000, input = 4 }] }

[[models]]                       # in and out alone; and a tier that the table lacks
names = ["gpt-4.1"]
base = "table"
prices = { input = 1, output = 4 }
tiers.turbo = { output = 9 }

[[models]]                       # a class that the table has no price of
names = ["claude-opus-4-7"]
base = "table"
prices = { cache_write_12h = 15 }

[[models]]                       # one that the table doesn't list, and nothing is left out
names = ["acme-1"]
base = "table"
prices = { input = 2, output = 6 }

[[models]]                       # ... and something is
names = ["acme-2"]
base = "table"
prices = { output = 6 }

[[aliases]]
names = ["prod"]
model = "gpt-4o"
model_provider = "openai"

[[models]]                       # a deployment, whose model the alias names
names = ["prod"]
base = "table"
prices = { output = 9 }
"""

FACTORS = """
[[multipliers]]                  # what the region adds
regions = ["eu-*"]
multiplier = 1.1
combine = true

[[multipliers]]                  # a contract with AWS
provider = "aws"
multiplier = 0.9
combine = true

[[multipliers]]                  # of the others the first counts
names = ["gpt-5"]
provider = "openai"
multiplier = 0.8
tiers = { flex = 0.9, turbo = 1.5 }

[[multipliers]]
provider = "openai"
multiplier = 0.85

[[models]]
names = ["gpt-4.1"]
provider = "openai"
base = "table"
prices = { output = 4 }
fees = { code_session = 0.02 }
"""


class Bill(NamedTuple):
    """A call, what the file makes of it, and the arithmetic as a comment beside."""

    file: str
    model: str
    usage: Usage | None
    micro: str
    items: Mapping[str, float] = {}
    unpriced: tuple[str, ...] = ()
    own: str = ""
    provider: str | None = "openai"
    currency: str = "USD"
    tier: str | None = None
    region: str | None = None
    inner: tuple[Inner, ...] = ()
    times: str = "1"


BILLS = [
    # --- fees: prices of 2026-11-01, USD ---
    # 1000 * 1 + 100 * 4 = 1400, and 2000 for the request
    Bill(FEES, "acme-agent", tokens(1000, 100), "3400", own="input output request"),
    # ... flex: 1000 * 0.5 + 100 * 2 = 700; the fee is the same
    Bill(FEES, "acme-agent", tokens(1000, 100), "2700", tier="flex", own="input output request"),
    # ... a tier that the entry lacks: 1400 and 2000, and the tokens' tier is named
    Bill(
        FEES, "acme-agent", tokens(1000, 100), "3400", tier="batch", unpriced=("tier:batch",),
        own="input output request",
    ),
    # ... 2 searches and 3 visits: 3400 + 2 * 8000 + 3 * 500
    Bill(
        FEES, "acme-agent", tokens(1000, 100), "20900", {"web_search": 2, "visit": 3},
        own="input output request visit web_search",
    ),
    # ... a search that the entry has no fee of is named
    Bill(FEES, "acme-agent", tokens(1000, 100), "3400", {"x_search": 1}, ("x_search",), "input output request"),
    # ... one request, though a compaction is a call of its own: 500 * 1 + 10 * 4 + 1000 * 1 + 100 * 4 = 1940, and 2000
    Bill(
        FEES, "acme-agent", tokens(1500, 110), "3940", inner=(Inner(tokens(500, 10)), Inner(tokens(1000, 100))),
        own="input output request",
    ),
    # ... two requests, where the wire counts them: 1400 + 2 * 2000
    Bill(FEES, "acme-agent", tokens(1000, 100), "5400", {"request": 2}, own="input output request"),
    # ... as what it is an alias of
    Bill(FEES, "our-agent", tokens(1000, 100), "3400", own="input output request"),
    # 3 * 40_000; tokens are free
    Bill(FEES, "acme-paint", tokens(1000, 100), "120000", {"image": 3}, own="image input output"),
    Bill(FEES, "acme-paint", None, "120000", {"image": 3}, own="image"),
    # 90 * 100 millionths of a EUR
    Bill(FEES, "acme-ear", None, "9000", {"audio_second": 90}, own="audio_second", currency="EUR"),
    Bill(FEES, "acme-ear", None, "1250", {"audio_second": 12.5}, own="audio_second", currency="EUR"),
    # gpt-5 1.25 / 10, half of it: (1000 * 1.25 + 100 * 10) / 2 = 1125; 2 * 30_000 and 6000 as they are
    Bill(
        FEES, "gpt-5", tokens(1000, 100), "67125", {"code_session": 2, "web_search": 1},
        own="code_session web_search", times="0.5",
    ),
    # ... a search of files has the list's fee, 2500, and half of that
    Bill(FEES, "gpt-5", tokens(1000, 100), "2375", {"file_search": 1}, times="0.5"),
    # --- base: gpt-5 1.25 / 0.125 / 10, flex 0.625 / 0.0625 / 5 ---
    # 600 * 1.25 + 400 * 0.125 + 100 * 8 = 750 + 50 + 800
    Bill(BASES, "gpt-5", tokens(1000, 100, 400), "1600", own="output"),
    # ... flex is left out, and so is the table's: 600 * 0.625 + 400 * 0.0625 + 100 * 5 = 375 + 25 + 500
    Bill(BASES, "gpt-5", tokens(1000, 100, 400), "900", tier="flex"),
    # ... a tier that nobody has a price of is counted as the standard one: 1600
    Bill(BASES, "gpt-5", tokens(1000, 100, 400), "1600", tier="turbo", unpriced=("tier:turbo",), own="output"),
    # ... what was paid for in advance costs nothing
    Bill(BASES, "gpt-5", tokens(1000, 100, 400), "0", tier="scale", unpriced=("tier:scale",)),
    # ... reasoning is left out, and has no price of its own in the table: 1000 * 1.25 + 60 * 8 + 40 * 8
    Bill(
        BASES, "gpt-5", Usage(input_tokens=1000, output_tokens=100, reasoning_tokens=40), "2050", own="output reasoning"
    ),
    # gpt-5-mini 0.25 / 2, flex 0.125 / 1: 600 * 0.25 + 400 * 0.01 + 100 * 2 = 150 + 4 + 200
    Bill(BASES, "gpt-5-mini", tokens(1000, 100, 400), "354", own="cache_read"),
    # ... flex: 600 * 0.125 + 400 * 0.005 + 100 * 1 = 75 + 2 + 100
    Bill(BASES, "gpt-5-mini", tokens(1000, 100, 400), "177", tier="flex", own="cache_read"),
    # gpt-5.4 2.50 / 15, above 272,000 tokens in 5 / 22.50: 1000 * 2.50 + 100 * 15
    Bill(BASES, "gpt-5.4", tokens(1000, 100), "4000"),
    # ... 300_000 * 4 + 100 * 22.50
    Bill(BASES, "gpt-5.4", tokens(300_000, 100), "1202250", own="input"),
    # gpt-4.1 2 / 0.50 / 8: 600 * 1 + 400 * 0.50 + 100 * 4
    Bill(BASES, "gpt-4.1", tokens(1000, 100, 400), "1200", own="input output"),
    # ... turbo: the tier's 100 * 9; of the rest nobody has a price of it: 1000 * 1
    Bill(BASES, "gpt-4.1", tokens(1000, 100), "1900", tier="turbo", unpriced=("tier:turbo",), own="input output"),
    Bill(BASES, "gpt-4.1", tokens(0, 100), "900", tier="turbo", own="input output"),
    # claude-opus-4-7 5 / 25: 100 * 5 + 900 * 15 + 10 * 25 = 500 + 13_500 + 250
    Bill(
        BASES, "claude-opus-4-7",
        Usage(input_tokens=1000, output_tokens=10, cache_write_tokens=900, cache_write_12h_tokens=900), "14250",
        provider="anthropic", own="cache_write_12h",
    ),
    # 1000 * 2 + 100 * 6
    Bill(BASES, "acme-1", tokens(1000, 100), "2600", own="input output"),
    # gpt-4o 2.50: 1000 * 2.50 + 100 * 9
    Bill(BASES, "prod", tokens(1000, 100), "3400", provider="azure", own="output"),
    # --- factors ---
    # Nova Lite 0.06 / 0.24, in Europe, by AWS: (1000 * 0.06 + 100 * 0.24) * 1.1 * 0.9 = 84 * 0.99
    Bill(FACTORS, "amazon.nova-lite-v1:0", tokens(1000, 100), "83.16", provider="aws", region="eu-1", times="0.99"),
    # ... elsewhere the contract's alone: 84 * 0.9
    Bill(FACTORS, "amazon.nova-lite-v1:0", tokens(1000, 100), "75.6", provider="aws", region="us-east-1", times="0.9"),
    # gpt-5: (1000 * 1.25 + 100 * 10) * 0.8 = 2250 * 0.8
    Bill(FACTORS, "gpt-5", tokens(1000, 100), "1800", times="0.8"),
    # ... flex, on the list's price of flex, 1125 * 0.9; a search is 10_000 * 0.8 as in any tier
    Bill(FACTORS, "gpt-5", tokens(1000, 100), "1012.5", tier="flex", times="0.9"),
    Bill(FACTORS, "gpt-5", tokens(1000, 100), "9012.5", {"web_search": 1}, tier="flex", times="0.9"),
    # ... turbo, which the list has no price of: 2250 * 1.5, and nothing is missing
    Bill(FACTORS, "gpt-5", tokens(1000, 100), "3375", tier="turbo", times="1.5"),
    Bill(FACTORS, "gpt-5", tokens(1000, 100), "11375", {"web_search": 1}, tier="turbo", times="1.5"),
    # ... a tier without a factor has that of the rest, and stays missing
    Bill(FACTORS, "gpt-5", tokens(1000, 100), "1800", tier="huge", unpriced=("tier:huge",), times="0.8"),
    # gpt-5-mini has the second: (1000 * 0.25 + 100 * 2) * 0.85
    Bill(FACTORS, "gpt-5-mini", tokens(1000, 100), "382.5", times="0.85"),
    # ... in the region both: 450 * 0.85 * 1.1
    Bill(
        FACTORS, "gpt-5-mini", tokens(1000, 100), "420.75", region="eu-1", times="0.935",
    ),
    # gpt-4.1, whose output is the file's: 1000 * 2 * 0.85 + 100 * 4, and 20_000 for a session
    Bill(
        FACTORS, "gpt-4.1", tokens(1000, 100), "22100", {"code_session": 1}, own="code_session output", times="0.85"
    ),
]  # fmt: skip


def told(bill: Bill) -> str:
    return " ".join([bill.model, *(each for each in (bill.tier, bill.region) if each), *bill.items])


@pytest.mark.parametrize("bill", BILLS, ids=told)
def test_a_bill_by_a_file_is_what_is_worked_out_by_hand(tmp_path: Path, bill: Bill) -> None:
    """To the last digit; each part has its price from the file or from the list."""
    answer = asked(
        tmp_path, bill.file, bill.model, bill.usage, items=bill.items, provider=bill.provider, service_tier=bill.tier,
        region=bill.region, inner=bill.inner,
    )  # fmt: skip
    assert isinstance(answer, Priced)
    assert answer.amount == Decimal(bill.micro) / 1_000_000
    assert sum(answer.split.values()) == answer.amount
    assert (answer.unpriced, answer.currency) == (bill.unpriced, bill.currency)
    assert answer.own == frozenset(bill.own.split())
    assert answer.multiplier == Decimal(bill.times)


def asked(folder: Path, text: str, model: str, usage: Usage | None, **more: Any) -> Priced | Unpriced:
    path = folder / "prices.toml"
    path.write_text(text)
    return price(usage, model=model, at=AT, prices=str(path), **more)


def test_a_call_that_nobody_counted_has_no_fee(tmp_path: Path) -> None:
    """It may have failed before anybody charged for it."""
    assert asked(tmp_path, FEES, "acme-agent", None) == Unpriced("no_usage")
    assert asked(tmp_path, FEES, "acme-agent", Usage(total_tokens=5)) == Unpriced("no_usage")


def test_the_providers_own_cost_has_its_fees_in_it(tmp_path: Path) -> None:
    answer = asked(tmp_path, FEES, "acme-agent", tokens(1000, 100), provider_cost=0.5)
    assert answer == Priced(Decimal("0.5"), source="provider")


def test_a_base_that_the_table_lacks_has_a_price_only_where_nothing_is_left_out(tmp_path: Path) -> None:
    assert asked(tmp_path, BASES, "acme-2", tokens(1000, 100)) == Unpriced("unknown_model")
    answer = asked(tmp_path, BASES, "acme-2", tokens(0, 100))
    assert isinstance(answer, Priced)
    assert answer.amount * 1_000_000 == 600


def test_a_price_of_two_sources_names_both(tmp_path: Path) -> None:
    """The file's version, and that of the table under it; the table's alone where no class is the file's."""
    text = f'version = "acme 7"\n{BASES}'
    mixed = asked(tmp_path, text, "gpt-5", tokens(1000, 100), provider="openai")
    listed = asked(tmp_path, text, "gpt-5", tokens(1000, 100), provider="openai", service_tier="flex")
    assert isinstance(mixed, Priced)
    assert isinstance(listed, Priced)
    assert mixed.version == f"overlay acme 7 on {listed.version}"
    assert (mixed.table, listed.table) == ("overlay", "genai-prices")
    assert mixed.model == listed.model == "gpt-5"


def test_a_fee_for_a_request_replaces_that_of_the_table(tmp_path: Path) -> None:
    """Perplexity's depends on the context, and the table has one of the three: 1000 * 2 + 100 * 8 = 2800, and 5000."""
    text = '[[models]]\nnames = ["sonar-reasoning-pro"]\nbase = "table"\nfees.request = 0.005'
    for items in ({}, {"request": 1}):
        answer = asked(tmp_path, text, "sonar-reasoning-pro", tokens(1000, 100), provider="perplexity", items=items)
        assert isinstance(answer, Priced)
        assert (answer.amount * 1_000_000, answer.unpriced) == (7800, ())


def test_a_metered_call_has_its_fees_on_its_span(tmp_path: Path) -> None:
    """1400 of tokens and 2000 of the request, in millionths; the parts are of the span, the sum is in the spend."""
    path = tmp_path / "prices.toml"
    path.write_text(FEES)
    last = {"index": 0, "delta": {}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}
    with Kit(settings=Settings(prices=str(path))) as kit:
        list(
            wrap(
                iter([{"id": "c", "choices": [last]}, {"id": "c", "choices": [], "usage": usage}]),
                provider="openai", model="acme-agent", wire="openai_chat", telemetry=kit.telemetry,
            )
        )  # fmt: skip
        assert kit.attributes["chunkmeter.cost.status"] == "known"
        assert kit.attributes["chunkmeter.cost.request"] == 0.002
        assert kit.attributes["gen_ai.usage.cost.amount"] == pytest.approx(0.0034, rel=1e-12)
        assert kit.total("chunkmeter.spend") == pytest.approx(0.0034, rel=1e-12)


def test_a_fee_in_another_currency_than_the_tokens_is_named(tmp_path: Path) -> None:
    """Nothing is converted: the tokens are in EUR by the file, the search in USD by the list."""
    text = '[[models]]\nnames = ["gpt-5"]\ncurrency = "EUR"\nprices = { input = 1, output = 8 }'
    answer = asked(tmp_path, text, "gpt-5", tokens(1000, 100), provider="openai", items={"web_search": 1})
    assert isinstance(answer, Priced)
    assert (answer.amount * 1_000_000, answer.currency, answer.unpriced) == (1800, "EUR", ("web_search",))


def test_the_first_entry_decides_on_fees_too(tmp_path: Path) -> None:
    """A later one that also fits has no say."""
    text = """
    [[models]]
    names = ["acme-a"]
    prices = { input = 1, output = 1 }
    [[models]]
    names = ["acme-*"]
    prices = { input = 2, output = 2 }
    fees.request = 1
    """
    first, second = (asked(tmp_path, text, name, tokens(1_000_000, 0)) for name in ("acme-a", "acme-b"))
    assert isinstance(first, Priced)
    assert isinstance(second, Priced)
    assert (first.amount, second.amount) == (1, 3)


def test_the_documentation_names_every_item() -> None:
    """Under fees of one's own, where people look for the name."""
    page = (Path(__file__).parents[2] / "docs" / "prices.md").read_text()
    section = page.partition("\n### Fees\n")[2].partition("\n### ")[0]
    assert {name for name in ITEMS if f"`{name}`" in section} == ITEMS.keys()


def test_a_file_without_fees_leaves_a_call_as_it_is() -> None:
    """No call waits for what its file doesn't have."""
    file = PriceFile(None)
    question = Question(tokens(1, 1), "gpt-5")
    assert file.counted(question) is question
