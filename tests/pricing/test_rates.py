"""Prices worked out before are those of the long way, to the digit: over the whole table, and by price files."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal, Inexact, localcontext
from typing import Any
from unittest.mock import patch

import genai_prices.data
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chunkmeter import pricing
from chunkmeter.pricing import Answer, Priced, PriceFile, Tokens, bundled, price
from chunkmeter.pricing.parse import parse
from chunkmeter.pricing.rates import rates
from chunkmeter.pricing.resolved import Conditions, Resolved
from chunkmeter.pricing.tokens import CLASSES, LINEAR, classes, impossible, linear

ROWS = [(provider, model) for provider in genai_prices.data.providers for model in provider.models]
TIERS = (None, "default", "flex", "priority", "batch", "fast", "provisioned_throughput", "made-up")
REGIONS = (None, "global", "us", "eu", "us-gov-west-1")
# Before and after what changes of late, and in both halves of a day.
TIMES = [
    datetime(year, month, day, hour, 30, tzinfo=UTC)
    for year, month, day in ((2024, 1, 1), (2025, 11, 5), (2026, 6, 30), (2026, 7, 1), (2026, 11, 30))
    for hour in (0, 8, 17)
]
# Nothing, little, and on both sides of each length at which some price changes.
LENGTHS = (0, 1, 999, 32_000, 32_001, 128_000, 128_001, 200_000, 200_001, 256_001, 272_000, 272_001, 512_001, 10**6)


FILE = """
version = "ours"
[[models]]
names = ["gpt-4o-mini", "ours-*"]
tiers.batch = { input = 0.35, output = 0.95 }
[models.prices]
input = 0.7
output = 1.9
cache_read = 0.07
[[models.prices.long_context]]
above = 1000
input = 1.4
output = 3.8
[[models.prices.long_context]]
above = 200000
input = 2.8
output = 7.6
cache_write = 2.9
[[models]]
names = ["later"]
valid_from = 2026-07-01
currency = "EUR"
prices = { input = 3, output = 15 }
[[models]]
names = ["gpt-4.1"]
base = "table"
prices = { output = 1 }
[[aliases]]
names = ["deployment"]
model = "gpt-5"
model_provider = "openai"
[[aliases]]
names = ["deployment-of-ours"]
model = "ours-7"
[[aliases]]
names = ["later"]
model = "claude-sonnet-4-5"
model_provider = "anthropic"
[[multipliers]]
names = ["claude-*", "later"]
multiplier = 0.85
tiers = { flex = 0.5 }
[[multipliers]]
names = ["gemini-*"]
multiplier = 0.123456789012345678
[[multipliers]]
multiplier = 1.05
combine = true
valid_from = 2026-01-01T12:00:00Z
[[multipliers]]
regions = ["eu"]
multiplier = 1.1
combine = true
"""
FEES = f"""{FILE}
[[models]]
names = ["o3"]
base = "table"
fees = {{ request = 0.02 }}
"""
MODELS = (
    "gpt-4o-mini", "ours-1", "later", "gpt-4.1", "deployment", "deployment-of-ours", "claude-sonnet-4-5",
    "gemini-2.5-pro", "gpt-5", "o3", "deepseek-chat", "made-up",
)  # fmt: skip


def file_of(content: str) -> PriceFile:
    """A price file that has been read."""
    file = PriceFile()
    file.path = "prices.toml"
    file._rules = parse(content.encode(), "prices.toml").ready()
    return file


NO_FILE = PriceFile()
FILES = [NO_FILE, file_of(FILE), file_of(FEES)]


def usages(length: int) -> list[Tokens]:
    """Usage with so much input, and every class whose price is a number."""
    part = length // 3
    return [
        Tokens(input_tokens=length, output_tokens=0),
        Tokens(input_tokens=length, output_tokens=777, reasoning_tokens=111),
        Tokens(input_tokens=length, cached_tokens=part, cache_write_tokens=part, output_tokens=13),
        Tokens(input_tokens=length),
        Tokens(output_tokens=length),
    ]


def long_way(usage: Tokens, **asked: Any) -> Answer:
    """The price with nothing that was worked out before."""
    with patch.object(pricing, "linear", lambda _: None):
        return price(usage, **asked)


def assert_same(usage: Tokens, **asked: Any) -> bool:
    """True if the call has a price. It is asked for twice: as it is worked out, and as it is kept."""
    long, short, again = long_way(usage, **asked), price(usage, **asked), price(usage, **asked)
    assert long == short == again, (asked, usage)
    if not any(asked.get("items", {}).values()):
        for _ in range(2):  # the second time by the day
            told = known(usage, **asked)
            assert told is None or repr(told) == repr(short), (asked, usage)
    return isinstance(short, Priced)


def known(usage: Tokens, *, prices: PriceFile, at: datetime, **asked: Any) -> Priced | None:
    """The price that is told only if calls that are alike have been priced before."""
    at_ns = round(at.timestamp() * 10**6) * 1000
    assert pricing.moment(at_ns) == at
    kind = [asked.get(name) for name in ("model", "request_model", "provider", "service_tier", "region")]
    kind += [asked.get("server_address"), None, asked.get("named", True), None]
    return pricing.in_use(prices).known(usage, tuple(kind), at_ns)


@pytest.mark.slow
def test_each_model_of_the_table() -> None:
    """Each in one combination of time, place and length, which differ from model to model."""
    asked_in, priced = itertools.cycle(itertools.product(TIMES, REGIONS, LENGTHS)), 0
    for (provider, model), (at, region, length) in zip(ROWS, asked_in, strict=False):
        for usage in usages(length):
            priced += assert_same(
                usage, model=model.id, provider=provider.id, region=region, at=at, prices=NO_FILE
            )  # fmt: skip
    assert priced > len(ROWS)


@pytest.mark.slow
@pytest.mark.parametrize("tier", TIERS)
def test_each_model_that_has_tiers_or_rules_of_time(tier: str | None) -> None:
    priced = 0
    for provider, model in ROWS:
        if not (model.price_variants or isinstance(model.prices, list)):
            continue
        for at, region in zip(TIMES, itertools.cycle(REGIONS), strict=False):
            priced += assert_same(
                usages(999)[2], model=model.id, provider=provider.id, service_tier=tier, region=region, at=at,
                prices=NO_FILE,
            )  # fmt: skip
    assert priced > 100


@pytest.mark.slow
def test_each_length_at_which_a_price_changes() -> None:
    """Also the lengths one token below and above it."""
    tried = 0
    for provider, model in ROWS:
        listed = vars(model.get_prices(TIMES[-1], {}))
        for start in {step.start for each in listed.values() for step in getattr(each, "tiers", ())}:
            for usage in (usage for length in (start - 1, start, start + 1) for usage in usages(length)):
                tried += assert_same(usage, model=model.id, provider=provider.id, at=TIMES[-1], prices=NO_FILE)
    assert tried > 100


COUNTS = st.none() | st.integers(0, 10**7)


@st.composite
def any_usage(draw: st.DrawFn) -> Tokens:
    """Usage that may be, for the most part: some of its counts are 0, or are not told."""
    alone, cached, written, spoken, reasoned = (draw(COUNTS) for _ in range(5))
    told = draw(st.booleans())
    return Tokens(
        input_tokens=sum(filter(None, (alone, cached, written))) if told or alone else None,
        cached_tokens=cached,
        cache_write_tokens=written,
        output_tokens=None if spoken is None else spoken + (reasoned or 0),
        reasoning_tokens=reasoned,
        input_audio_tokens=draw(st.sampled_from((None, 0))),
        output_audio_tokens=draw(st.sampled_from((None, 0))),
    )


@given(
    file=st.sampled_from(FILES),
    row=st.sampled_from(ROWS),
    ours=st.none() | st.sampled_from(MODELS),
    named=st.booleans(),
    usage=any_usage(),
    tier=st.sampled_from(TIERS),
    region=st.sampled_from(REGIONS),
    host=st.sampled_from((None, "api.openai.com", "llm.internal")),
    at=st.datetimes(datetime(2024, 1, 1), datetime(2027, 1, 1)),
    hours=st.integers(-12, 12),
    searches=st.sampled_from((0, 0, 0, 2)),
)
def test_any_call(
    file: PriceFile, row: tuple[Any, Any], ours: str | None, named: bool, usage: Tokens, tier: str | None,
    region: str | None, host: str | None, at: datetime, hours: int, searches: int,
) -> None:  # fmt: skip
    provider, model = row
    assert_same(
        usage, model=ours or model.id, provider=None if ours and named else provider.id, service_tier=tier,
        region=region, server_address=host, named=named, at=at.replace(tzinfo=timezone(timedelta(hours=hours))),
        prices=file, items={"web_search": searches},
    )  # fmt: skip


@pytest.mark.parametrize("file", FILES[1:])
@pytest.mark.parametrize("model", MODELS)
def test_each_rule_of_a_price_file(model: str, file: PriceFile) -> None:
    """On both sides of each of its lengths and moments, in each tier, in and out of its region."""
    moments = [datetime(2026, 1, 1, 12, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)]
    times = [moment + timedelta(seconds=beside) for moment in moments for beside in (-1, 0)]
    lengths = [above + beside for above in (0, 1000, 200_000) for beside in (0, 1)]
    asked_in = itertools.product(times, TIERS, (None, "eu"), lengths)
    for at, tier, region, length in asked_in:
        for usage in usages(length)[1:3]:
            assert_same(usage, model=model, service_tier=tier, region=region, at=at, prices=file)


def test_a_price_of_too_many_digits_is_left_to_the_long_way() -> None:
    """10^9 tokens at such a price have more than the 28 digits of a decimal."""
    fine, finer = Decimal("0.12345678901234567"), Decimal("0.123456789012345678")
    said = {"model": "m", "version": "v"}
    assert rates({"input": fine}, (), Decimal(1), **said) is not None
    assert rates({"input": finer}, (), Decimal(1), **said) is None
    assert rates({"input": fine}, [(10, {"input": finer})], Decimal(1), **said) is None
    assert rates({"input": fine**2}, (), Decimal("0.1") + fine, **said) is None
    assert rates({"input": Decimal(10)}, (), Decimal(1), **said) is None


@given(counts=st.lists(st.none() | st.integers(-1, 4) | st.just(10**9 + 1), min_size=16, max_size=16))
def test_usage_is_counted_alike_by_both_ways(counts: list[int | None]) -> None:
    *by_class, total = counts
    told_of = dict(zip((each.count for each in CLASSES.values()), by_class, strict=True))
    usage = Tokens(**told_of, total_tokens=total)
    told = linear(usage)
    nothing = usage.input_tokens is None and usage.output_tokens is None
    if nothing or impossible(usage) or any(number for name, number in classes(usage).items() if name not in LINEAR):
        assert told is None
    elif told is not None:
        assert told == classes(usage)


@given(usage=any_usage())
def test_possible_usage_of_five_classes_is_always_counted(usage: Tokens) -> None:
    nothing = usage.input_tokens is None and usage.output_tokens is None
    assert linear(usage) == (None if nothing or impossible(usage) else classes(usage))


def test_the_answer_to_a_user_is_that_of_the_short_way(monkeypatch: pytest.MonkeyPatch) -> None:
    def long(*_: object) -> Any:
        raise AssertionError("the long way was gone")

    monkeypatch.setattr(bundled, "_price", long)
    # gpt-4o: 2.50 USD a million in, 1.25 cached, 10 out: (700 x 2.5 + 300 x 1.25 + 100 x 10) / 10^6.
    usage = Tokens(input_tokens=1000, cached_tokens=300, output_tokens=100, input_audio_tokens=0)
    for searches in (0, 1):  # the tokens of a bill with more lines, too
        answer = price(usage, model="gpt-4o-2024-08-06", provider="openai", items={"made_up_search": searches})
        assert isinstance(answer, Priced)
        assert answer.amount == Decimal("0.003125")
        assert answer.split == {
            "input": Decimal("0.00175"), "cache_read": Decimal("0.000375"), "output": Decimal("0.001"),
            "input_audio": 0,
        }  # fmt: skip


def test_what_was_priced_before_is_known_on_the_days_that_it_holds() -> None:
    begin = datetime(2026, 7, 1, tzinfo=UTC)
    file = file_of('[[models]]\nnames = ["m"]\nvalid_from = 2026-07-01\nprices = { input = 3, output = 15 }')
    asked: dict[str, Any] = {"model": "m", "prices": file}
    usage = Tokens(input_tokens=10**6, output_tokens=0)
    assert known(usage, at=begin, **asked) is None, "never priced"
    price(usage, at=begin, **asked)
    told = known(usage, at=begin + timedelta(hours=23), **asked)
    assert told is not None
    assert told.amount == 3
    assert known(usage, at=begin - timedelta(microseconds=1), **asked) is None
    file._rules = file_of('[[models]]\nnames = ["m"]\nprices = { input = 4, output = 15 }')._rules
    assert known(usage, at=begin, **asked) is None, "another file"


class Since:
    """A condition of a price that holds from a moment on."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def active(self, at: datetime) -> bool:
        return at >= self.moment


@pytest.mark.parametrize("by_day", [True, False])
def test_a_price_that_begins_at_midnight_is_known_to_the_microsecond(by_day: bool) -> None:
    midnight = datetime(2026, 7, 1, tzinfo=UTC)
    resolved = Resolved()
    earlier, later = Decimal(1), Decimal(2)

    def listed(asked: Any) -> Any:
        price = later if asked >= midnight else earlier
        told = rates({"input": price}, (), Decimal(1), model="m", version="v")
        return Conditions((Since(midnight),), by_day), told

    def known(table: str, kind: str, at_ns: int) -> Decimal | None:
        told = resolved.by(None, table).known(Tokens(input_tokens=1), kind, at_ns)
        return None if told is None else told.amount

    at_ns = int(midnight.timestamp()) * 10**9
    for at in (midnight - timedelta(hours=1), midnight):
        resolved.rates(None, listed, "table", "alike", at, lambda at=at: at)  # type: ignore[arg-type,return-value,misc]
    for _ in range(2):
        for beside, expected in (
            (-(10**9), earlier), (-1000, earlier), (-1, later), (0, later), (1, later), (86_399 * 10**9, later),
        ):  # fmt: skip  # -1 is rounded up, as `datetime` has microseconds
            assert known("table", "alike", at_ns + beside) == expected, beside
    assert known("table", "alike", 1) == earlier
    assert known("table", "alike", 0) is None, "0 is no time"
    assert known("table", "alike", 10**40) is None
    assert known("table", "other", at_ns) is None
    assert bool(resolved.kept.by_day) == by_day
    assert known("another", "alike", at_ns) is None


def test_the_days_of_a_price_are_bounded() -> None:
    resolved, day = Resolved(), 86_400 * 10**9
    told = rates({"input": Decimal(1)}, (), Decimal(1), model="m", version="v")
    resolved.rates(None, lambda _: (Conditions(()), told), "table", "alike", TIMES[0], lambda: None)  # type: ignore[arg-type,return-value]
    for number in range(1, 2000):
        assert resolved.by(None, "table").known(Tokens(input_tokens=7), "alike", number * day).amount == 7  # type: ignore[union-attr]
    assert 0 < len(resolved.kept.by_day) <= 512


def test_what_was_worked_out_is_kept_and_bounded() -> None:
    usage, file = Tokens(input_tokens=1, output_tokens=1), PriceFile()
    for number in range(2000):
        price(usage, model="gpt-4o", provider="openai", service_tier=f"tier {number}", prices=file)
    plans = file.resolved.kept.plans
    assert 0 < len(plans) <= 512


def test_other_rules_and_another_table_begin_anew() -> None:
    """A price file that is read again, and a snapshot that is put in place, count from the next call on."""
    resolved, asked = Resolved(), []

    def listed(question: Any) -> Any:
        asked.append(question)
        return Conditions(()), None

    for table in ("one", "one", "other", "one"):
        resolved.rates(None, listed, table, "alike", TIMES[0], lambda: None)  # type: ignore[arg-type,return-value]
    assert len(asked) == 3
    answers = [file_of(FILE.replace("input = 0.7", f"input = {each}")) for each in (1, 2)]
    file = PriceFile()
    for each, amount in zip(answers, ("0.000001", "0.000002"), strict=True):
        file._rules = each._rules
        answer = price(Tokens(input_tokens=1, output_tokens=0), model="ours-1", prices=file)
        assert isinstance(answer, Priced)
        assert answer.amount == Decimal(amount)


def test_the_decimals_of_the_application_change_no_price() -> None:
    """Not even of the calls that come later, elsewhere, and are like one that was priced there."""
    usage = Tokens(input_tokens=12345, output_tokens=6789)
    content = "".join(f"[[multipliers]]\ncombine = true\nmultiplier = {each}\n" for each in ("1.0001", "1.0003"))
    for file, amount in ((PriceFile(), "0.0987525"), (file_of(content), "0.0987920039625750")):
        asked: dict[str, Any] = {"model": "gpt-4o", "provider": "openai", "prices": file, "at": TIMES[-1]}
        for ways in (long_way, price, known):
            with localcontext(prec=3):
                _assert_cost(ways(usage, **asked), amount)
            with localcontext() as exact:
                exact.traps[Inexact] = True
                _assert_cost(ways(usage, **asked), amount)
            _assert_cost(ways(usage, **asked), amount)


def _assert_cost(answer: Answer | None, amount: str) -> None:
    assert isinstance(answer, Priced)
    assert answer.amount == Decimal(amount)


def test_a_fee_that_is_new_as_a_call_is_priced_counts_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """The price file may be read again between two looks at it."""
    content = '[[models]]\nnames = ["m"]\nprices = { input = 3, output = 15 }\n'
    file, later = file_of(content), file_of(f"{content}fees = {{ request = 0.02 }}")
    usage, asked = Tokens(input_tokens=1, output_tokens=1), {"model": "m", "prices": file, "at": TIMES[-1]}

    def looked() -> bool:
        file._rules = later._rules
        return False

    monkeypatch.setattr(file, "charges_requests", looked)
    price(usage, **asked)  # type: ignore[arg-type]
    monkeypatch.undo()
    assert known(usage, **asked) is None  # type: ignore[arg-type]
    _assert_cost(price(usage, **asked), "0.020018")  # type: ignore[arg-type]
