"""What a price file may not say, since it would price wrongly without a word: each with what was probably meant."""

from __future__ import annotations

import ast
import json
import re
from decimal import Decimal
from pathlib import Path

import pytest
from genai_prices import data
from hypothesis import given
from hypothesis import strategies as st

from chunkmeter import Priced, cli, price
from chunkmeter.pricing import parse
from chunkmeter.pricing.expressions import host, name, region
from chunkmeter.pricing.items import ITEMS
from chunkmeter.pricing.meant import GPU_HOURS, UNTIL
from chunkmeter.pricing.parse import UnusableFileError
from support.usage import tokens

MODEL = "[[models]]\nnames = ['m']\nprices = { input = 1, output = 2 }\n"


def said(text: str, file: str = "p.toml") -> str:
    """The one mistake of a file."""
    with pytest.raises(UnusableFileError) as caught:
        parse.parse(text.encode(), file)
    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"{file}: ")
    return line.removeprefix(f"{file}: ")


def model(names: str, more: str = "") -> str:
    return f"[[models]]\nnames = {names}\nprices = {{ input = 1, output = 2 }}\n{more}\n"


# --- values ---


@pytest.mark.parametrize(
    ("price", "meant"),
    [
        ("0.0000025", "write 2.5 if it is the price of one token"),
        ("2.5e-6", "write 2.5 if it is the price of one token"),
        ("'0.00000015'", "write 0.15 if it is the price of one token"),
        ("0.000999", "write 999 if it is the price of one token"),
        ("1e-12", "write the price of a million tokens, or 0 for none"),
        ("1e-999999999", "write the price of a million tokens, or 0 for none"),
    ],
)
def test_a_price_of_one_token_is_refused(price: str, meant: str) -> None:
    """Wherever a price stands."""
    line = said(f"[[models]]\nnames = ['m']\nprices = {{ input = {price}, output = 2 }}")
    assert line.startswith("models[0].prices.input: ")
    assert "for a million tokens is less than any model costs" in line
    assert line.endswith(meant)
    line = said(
        MODEL
        + f"tiers.flex = {{ input = 1, output = 1, long_context = [{{ above = 1, input = 1, output = {price} }}] }}"
    )
    assert line.startswith("models[0].tiers.flex.long_context[0].output: ")


@pytest.mark.parametrize("price", ["0", "0.0", "0.001", "'0.001'", "1000000"])
def test_a_price_that_may_be_meant_is_taken(price: str) -> None:
    parse.parse(f"[[models]]\nnames = ['m']\nprices = {{ input = {price}, output = 2 }}".encode(), "p.toml")


@pytest.mark.parametrize(
    ("factor", "meant"),
    [
        ("85", "more than anybody pays: write 0.85 for 85 percent of the list price, or 0.15 for 85 percent off"),
        ("15", "write 0.15 for 15 percent of the list price, or 0.85 for 15 percent off"),
        ("110", "110 times the list price is more than anybody pays: write 1.1 for 110 percent of the list price"),
        ("10.5", "write 0.105 for 10.5 percent of the list price, or 0.895 for 10.5 percent off"),
        ("5000", "write a factor, such as 0.85 for 15 percent off"),
        ("1e999999999", "write a factor, such as 0.85 for 15 percent off"),
        ("-0.15", "write a factor, such as 0.85 for 15 percent off"),
        ("'15%'", "write a factor, such as 0.85 for 15 percent off"),
        ("nan", ""),
    ],
)  # fmt: skip
def test_a_percentage_is_no_multiplier(factor: str, meant: str) -> None:
    """Of the entry, and of a tier."""
    line = said(f"[[multipliers]]\nmultiplier = {factor}")
    assert line.startswith("multipliers[0].multiplier: ")
    assert line.endswith(meant)
    line = said(f"[[multipliers]]\nmultiplier = 1\ntiers.flex = {factor}")
    assert line.startswith("multipliers[0].tiers.flex: ")


@pytest.mark.parametrize("factor", ["0", "0.85", "1", "10"])
def test_a_factor_that_may_be_meant_is_taken(factor: str) -> None:
    parse.parse(f"[[multipliers]]\nmultiplier = {factor}".encode(), "p.toml")


@pytest.mark.parametrize(
    ("fee", "place", "meant"),
    [
        ("web_search = 10", "web_search", "write 0.01 if it is the price of 1,000"),
        ("page = 2", "page", "write 0.002 if it is the price of 1,000"),
        ("audio_second = 0.36", "audio_second", "write 0.0001 if it is the price of 3,600"),
        ("character = 15", "character", "write 0.000015 if it is the price of 1,000,000"),
        ("image = -1", "image", "write a number that is not below it"),
        ("status = 1", "status", "chunkmeter.cost.status on a span is something else: write another name"),
        ("unpriced = 1", "unpriced", "chunkmeter.cost.unpriced on a span is something else: write another name"),
        ("output = 1", "output", "'output' is a class of tokens, and no item: write its price in prices"),
        ("input_tokens = 1", "input_tokens", "is a class of tokens, and no item: write its price in prices"),
        ("'tier:flex' = 1", "tier:flex", "write the price of a tier in tiers, that of a model in an entry of its own"),
        ("requests = 1", "requests", "write request, the price of one of the requests with a fee"),
        ("web_searches = 1", "web_searches", "write web_search, the price of one of the searches of the web"),
        ("web-search = 1", "web-search", "write web_search, the price of one of the searches of the web"),
        ("Image = 1", "Image", "write image, the price of one of the images that the model made"),
        ("search = 1", "search", "write web_search, the price of one of the searches of the web"),
        ("seconds = 1", "seconds", "write audio_second, the price of one of the seconds of audio"),
        ("web_serach = 1", "web_serach", "write web_search, the price of one of the searches of the web"),
        ("audio_hours = 1", "audio_hours", "write audio_second, the price of one of the seconds of audio"),
        ("h100_hour = 1", "h100_hour", "or prices of 0, and add the hours from the invoice"),
        ("gpu_hours = 1", "gpu_hours", "or prices of 0, and add the hours from the invoice"),
    ],
)  # fmt: skip
def test_a_fee_that_no_call_has_is_refused(fee: str, place: str, meant: str) -> None:
    line = said(f"{MODEL}[models.fees]\n{fee}")
    assert line.startswith(f"models[0].fees.{place}: ")
    assert line.endswith(meant)


def test_a_fee_may_be_of_any_item() -> None:
    """One of ours, or a provider's own word. What another currency is worth isn't known."""
    for item in [
        *ITEMS,
        "visit",
        "retrieval",
        "web_search_preview",
        "image_search",
        "byok_fee",
        "guardrail",
        "nova_grounding",
    ]:
        parse.parse(f"{MODEL}[models.fees]\n{item} = 0.0005".encode(), "p.toml")
    parse.parse(f"{MODEL}currency = 'JPY'\nfees = {{ web_search = 1.5, request = 5 }}".encode(), "p.toml")
    parse.parse(f"{MODEL}fees = {{ request = 5 }}".encode(), "p.toml")


# --- fields ---


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            MODEL + "valid_until = 2026-12-31",
            f"models[0].valid_until: is no field here: {UNTIL}",
        ),
        ("[[multipliers]]\nmultiplier = 1\nexpires = 2026-12-31", "multipliers[0].expires: is no field here: an entry"),
        (
            MODEL + "gpu_hour = 2.5",
            f"models[0].gpu_hour: is no field here: {GPU_HOURS}",
        ),
        (
            "[[models]]\nnames = ['m']\nprices = { input = 1, output = 2, per_hour = 3 }",
            "models[0].prices.per_hour: is no field here: hours of a GPU are paid for",
        ),
        (
            MODEL + "request = 0.01",
            "models[0].request: is no field here: write fees = { request = ... } in the entry of",
        ),
        (MODEL + "fee = 0.01", "models[0].fee: is no field here: write fees"),
        (MODEL + "multiplier = 0.85", "models[0].multiplier: is no field here: write it in an entry of multipliers"),
        ("combine = true", "combine: is no field here: write it in an entry of multipliers"),
        ("base = 'table'", "base: is no field here: write it in an entry of models"),
        ("[[multipliers]]\ndiscount = 0.15\nmultiplier = 1", "multipliers[0].discount: is no field here: write mul"),
        (
            "[[multipliers]]\ntiers.flex = 0.5",
            "multipliers[0].multiplier: is missing: write multiplier = a number, such as 0.85; 1 where fees and other",
        ),
        (
            "[[multipliers]]\nmultiplier = 1\ncombine = 'both'",
            "multipliers[0].combine: input should be a valid boolean, unable to interpret input: write true or false",
        ),
        (MODEL + "base = 'gpt-4o'", "models[0].base: input should be 'table': write base = \"table\", or an alias for"),
        (MODEL + "base = 'table'\ncurrency = 'EUR'", "models[0].currency: the table's prices are in USD, and nothing"),
        (
            "[[models]]\nnames = ['m']\nfees.image = 0.04",
            "models[0].prices: is missing: write prices per million tokens, such as prices = { input = 2.50",
        ),
        (MODEL + "tiers.flex = { output = 1 }", "models[0].tiers.flex.input: is missing: write input = a number, such"),
    ],
)
def test_a_field_that_people_expect_is_told_with_its_cure(text: str, line: str) -> None:
    assert said(text).startswith(line)


# --- tiers ---


@pytest.mark.parametrize(
    "spelling", ["priority", "Priority", "PRIORITY", " priority ", "SERVICE_TIER_PRIORITY", "ON_DEMAND_PRIORITY"]
)
@pytest.mark.parametrize("tier", ["priority", "Priority", "ON_DEMAND_PRIORITY"])
def test_a_tier_in_any_spelling_fits(tmp_path: Path, spelling: str, tier: str) -> None:
    """1000 * 3 + 100 * 4; (1000 * 2.50 + 100 * 10) * 2 of gpt-4o."""
    path = tmp_path / "prices.toml"
    path.write_text(
        f"{MODEL}tiers.'{spelling}' = {{ input = 3, output = 4 }}\n"
        f"[[multipliers]]\nmultiplier = 1\ntiers.'{spelling}' = 2"
    )
    own = price(tokens(1000, 100), model="m", service_tier=tier, prices=str(path))
    listed = price(tokens(1000, 100), model="gpt-4o", provider="azure", service_tier=tier, prices=str(path))
    assert isinstance(own, Priced)
    assert isinstance(listed, Priced)
    assert (own.amount * 1_000_000, own.unpriced) == (3400, ())
    assert (listed.amount * 1_000_000, listed.unpriced) == (7000, ())


def test_a_tier_that_fits_no_call_is_refused() -> None:
    line = said(MODEL + "tiers.prority = { input = 3, output = 4 }")
    assert line == "models[0].tiers.prority: 'prority' is the tier of no call: write priority"
    line = said("[[multipliers]]\nmultiplier = 1\ntiers.on-demand = 2")
    assert line == "multipliers[0].tiers.on-demand: 'on-demand' is the tier of no call: write on_demand"
    line = said("[[multipliers]]\nmultiplier = 1\ntiers.Standard = 2")
    assert line == "multipliers[0].tiers: 'Standard' is the usual tier, whose factor is multiplier: leave it out"
    line = said(MODEL + "tiers.Flex = { input = 3, output = 4 }\ntiers.flex = { input = 3, output = 4 }")
    assert line == "models[0].tiers: 'Flex' and 'flex' are one tier: leave one of them out"
    line = said("[[multipliers]]\nmultiplier = 1\ntiers.reserved = 0.5")
    assert line.startswith(
        "multipliers[0].tiers: 'reserved' is paid for in advance, and no factor changes a list price of 0: "
    )


# --- names ---


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("^gpt-4o.*$", "'gpt-4o*'"),
        ("gpt-.*", "'gpt-*'"),
        (".*gpt.*", "'*gpt*'"),
        (".*", "'*'"),
        ("gpt-4o.*", "'gpt-4o*', or 'gpt-4o.**' for names that go on with a point"),
        ("gpt-4o$", "'gpt-4o'"),
        ("gpt-4o|gpt-4o-mini", "['gpt-4o', 'gpt-4o-mini']"),
        ("(gpt|claude)-.*", "['gpt-*', 'claude-*']"),
        ("(?:gpt|claude)-4", "['gpt-4', 'claude-4']"),
        ("(?i)gpt-4o", "'gpt-4o'"),
        ("gpt-[45].*", "'gpt-*'"),
        ("[a-z]+-chat", "'*-chat'"),
        (r"gpt-\d.*", "'gpt-*'"),
        (r"gpt-\d{1,2}", "'gpt-*'"),
        (r"gpt-4\.1", "'gpt-4.1'"),
        ("/gpt-.*/", "'gpt-*'"),
        ("gpt-?o", "'gpt-*o'"),
        ("gpt-4.+", "'gpt-4*'"),
        ("o[134](-mini)?", "'o*'"),
        ("gpt-{4o,5}", "['gpt-4o', 'gpt-5']"),
        ("claude-.*-4", "'claude-*-4'"),
    ],
)
def test_an_expression_is_told_with_the_pattern_that_was_meant(word: str, meant: str) -> None:
    """Taken literally it would fit nothing."""
    line = said(f"[[models]]\nnames = ['m', '{word}']\nprices = {{ input = 1, output = 2 }}")
    head, _, cure = line.partition(" looks like a regular expression, and only '*' has a meaning: write ")
    assert head == f"models[0].names[1]: {word!r}"
    assert cure == meant


@pytest.mark.parametrize(
    "word",
    [
        "gpt-4.*", "claude-3.*", "us.anthropic.*", "*.anthropic.*", "us-gov.*", "acme.*", "command-r+", "llama (8B)",
        "Llama [Q4_K_M]", r"C:\models\d.gguf", "ft:gpt-4o-2024-08-06:acme:*", "gpt-4o.**", "gpt-.**", "*", "*.*",
    ],
)  # fmt: skip
def test_a_name_or_a_pattern_is_taken(word: str) -> None:
    assert name(word) == word


def test_every_name_of_the_table_is_taken() -> None:
    """And as a pattern."""
    ids = [each.id for provider in data.providers for each in provider.models]
    assert len(ids) > 1000
    for each in ids:
        assert (name(each), name(f"{each}*")) == (each, f"{each}*")


def test_points_are_in_hosts_and_in_no_region() -> None:
    for word in ("*.internal", "10.0.*", "llm.*", "gpu-host.*", "*.*.internal"):
        assert host(word) == word
    for check, word in ((host, r".*\.internal"), (host, "^llm"), (host, "llm-.*"), (region, "eu-.*"), (region, "us.*")):
        with pytest.raises(ValueError, match="looks like a regular expression"):
            check(word)
    assert said(f"{MODEL}servers = ['.*']").startswith("models[0].servers[0]: '.*' looks like")
    assert said(f"{MODEL}regions = ['eu.*']").startswith("models[0].regions[0]: 'eu.*' looks like")


@given(st.text("^$.*+?|()[]{}\\/-a4,:", min_size=1, max_size=24))
def test_what_is_written_instead_is_taken(word: str) -> None:
    """No cure is a mistake of its own."""
    try:
        name(word)
    except ValueError as error:
        said = str(error).rpartition("has a meaning: write ")[2].partition(" for names that go on")[0]
        cures = ast.literal_eval(f"[{said.replace(' or ', ' ').strip('[]')}]")
        assert cures
        for cure in cures:
            assert name(cure) == cure


@pytest.mark.parametrize("word", ["*", "open*", "openai|azure", "^openai$"])
def test_a_provider_is_one_provider(word: str) -> None:
    """A pattern would fit none."""
    cure = "is no provider: write one, or leave it out for all, or write an entry for each"
    assert said(MODEL + f"provider = '{word}'") == f"models[0].provider: {word!r} {cure}"
    alias = f"[[aliases]]\nnames = ['a']\nmodel = 'm'\nmodel_provider = '{word}'"
    assert said(alias) == f"aliases[0].model_provider: {word!r} {cure}"


# --- order ---


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            model("['gpt-*']") + model("['gpt-4o']"),
            "models[1].names[0]: 'gpt-4o' is never reached, since 'gpt-*' of models[0] fits it and comes first",
        ),
        (model("['GPT-*']") + model("['acme', 'gpt-4o-*']"), "models[1].names[1]: 'gpt-4o-*' is never reached, since"),
        (model("['*mini*']") + model("['gpt-4o-mini']"), "models[1].names[0]: 'gpt-4o-mini' is never reached, since"),
        (model("['a', 'b']") + model("['b', 'c']"), "models[1].names[0]: 'b' is never reached, since 'b' of models[0]"),
        (model("['*']") + model("['a']", "provider = 'openai'"), "models[1].names[0]: 'a' is never reached, since '*'"),
        (
            model("['*']", "servers = ['*.internal']") + model("['a']", "servers = ['gpu.internal']"),
            "models[1].names[0]: 'a' is never reached, since '*' of models[0]",
        ),
        (
            model("['*']", "servers = ['*.internal']") + model("['*']", "servers = ['gpu.internal']"),
            "models[1].names[0]: '*' is never reached, since '*' of models[0]",
        ),
        (
            model("['a*']", "regions = ['eu-*']") + model("['ab']", "regions = ['eu-west-1']"),
            "models[1].names[0]: 'ab' is never reached",
        ),
        (
            model("['a*']", "valid_from = 2026-01-01") + model("['ab']", "valid_from = 2026-02-01"),
            "models[1].names[0]: 'ab' is never reached",
        ),
        (
            "[[multipliers]]\nmultiplier = 0.9\n[[multipliers]]\nnames = ['a']\nmultiplier = 0.8",
            "multipliers[1].names[0]: 'a'",
        ),
        (
            "[[aliases]]\nnames = ['a*']\nmodel = 'm'\n[[aliases]]\nnames = ['ab']\nmodel = 'n'",
            "aliases[1].names[0]: 'ab' is never reached",
        ),
    ],
)
def test_a_pattern_that_hides_a_later_entry_is_told(text: str, line: str) -> None:
    found = said(text)
    assert found.startswith(line)
    assert re.search(r"comes first: write (\w+)\[1\] above \1\[0\]$", found)


@pytest.mark.parametrize(
    "text",
    [
        model("['gpt-4o']") + model("['gpt-*']"),
        model("['gpt-*']", "provider = 'openai'") + model("['gpt-4o']"),
        model("['gpt-*']", "provider = 'openai'") + model("['gpt-4o']", "provider = 'azure'"),
        model("['gpt-*']", "servers = ['a']") + model("['gpt-4o']", "servers = ['a', 'b']"),
        model("['gpt-*']", "regions = ['eu-*']") + model("['gpt-4o']"),
        model("['gpt-*']", "valid_from = 2026-02-01") + model("['gpt-4o']"),
        model("['gpt-*']", "valid_from = 2026-02-01") + model("['gpt-4o']", "valid_from = 2026-01-01"),
        model("['a*b']") + model("['a*']"),
        "[[multipliers]]\nmultiplier = 0.9\ncombine = true\n[[multipliers]]\nnames = ['a']\nmultiplier = 0.8",
        "[[multipliers]]\nmultiplier = 0.9\n[[multipliers]]\nnames = ['a']\nmultiplier = 0.8\ncombine = true",
        "[[multipliers]]\nmultiplier = 0.9\ncombine = true\n[[multipliers]]\nmultiplier = 0.8\ncombine = true",
    ],
)  # fmt: skip
def test_an_entry_that_is_reached_is_taken(text: str) -> None:
    parse.parse(text.encode(), "p.toml")


def test_a_factor_that_would_count_beside_the_one_it_replaces_is_told() -> None:
    """The later one above is how a price changes, and both would be on it."""
    later = "[[multipliers]]\nprovider = 'openai'\nmultiplier = 0.8\ncombine = true\nvalid_from = 2026-07-01\n"
    earlier = "[[multipliers]]\nprovider = 'openai'\nmultiplier = 0.9\ncombine = true\n"
    line = said(later + earlier)
    assert line.startswith(
        "multipliers[1].combine: multipliers[0] is about the same calls from a later day on, and both"
    )
    parse.parse((earlier + later).encode(), "p.toml")


def test_all_that_is_wrong_with_the_order_is_told() -> None:
    """Not one a run; the rest of many is counted."""
    text = model("['a*']") + "".join(model(f"['a{number}']") for number in range(30))
    with pytest.raises(UnusableFileError) as caught:
        parse.parse(text.encode(), "p.toml")
    lines = str(caught.value).splitlines()
    assert len(lines) == 21
    assert lines[-1] == "p.toml: and 10 more"


# --- text ---


def test_a_key_that_stands_twice_is_told_with_its_place() -> None:
    """JSON's readers keep the last one."""
    text = '{"models": [{"names": ["m"], "prices": {"input": 1, "output": 2, "input": 3}}]}'
    assert said(text, "p.json") == (
        "models[0].prices.input: stands twice in one object: leave out the one that doesn't count"
    )
    assert said('{"models": [], "models": []}', "p.json").startswith("models: stands twice")
    with pytest.raises(UnusableFileError) as caught:
        parse.parse(b'{"models": [{"a": 1, "a": 1}, {"b": 1, "b": 1}]}', "p.json")
    assert [line.split(": ")[1] for line in str(caught.value).splitlines()] == ["models[0].a", "models[1].b"]


@pytest.mark.parametrize("name", ["p.toml", "p.json"])
def test_a_byte_order_mark_is_read(name: str) -> None:
    text = json.dumps({"version": "7"}) if name == "p.json" else "version = '7'"
    assert parse.parse(b"\xef\xbb\xbf" + text.encode(), name).version == "7"


def test_another_encoding_is_named() -> None:
    line = said_of("version = '7'".encode("utf-16"))
    assert "is no UTF-8" in line
    assert line.endswith("save it as UTF-8. It looks like UTF-16.")


def said_of(content: bytes) -> str:
    with pytest.raises(UnusableFileError) as caught:
        parse.parse(content, "p.toml")
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("models:\n  - names: [m]\n", "prices.yaml"),
        ("models:\n  - names: [m]\n", "prices.yml"),
        ("models:\n  - names: [m]\n", "prices.toml"),
        ("models:\n  - names: [m]\n", "prices.json"),
        ("# ours\n---\nversion: 7\n", "prices.toml"),
        ("version: '7'\n", "prices.toml"),
        ("- names: [m]\n", "prices"),
        ("{a: 1}", "prices.yaml"),
    ],
)
def test_yaml_is_told_in_a_plain_word(text: str, name: str) -> None:
    assert said(text, name) == "is YAML, which no price file is: write the same in TOML or JSON"


def test_toml_by_another_name_is_read_as_ever() -> None:
    assert parse.parse(b"version = '7'", "prices.yaml").version == "7"


def test_a_wrong_ending_is_told() -> None:
    assert said('{"models": []}').startswith("is JSON by its content, and TOML by its name")
    assert said("[[models]]\nnames = ['m']", "p.json").startswith("is TOML by its content, and JSON by its name")
    assert said("version = '7'", "p.json").startswith("is TOML by its content, and JSON by its name")


# --- the commands ---


def test_the_check_shows_what_a_file_has(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "prices.toml"
    path.write_text(
        "version = '7'\n[[models]]\nnames = ['gpt-5', 'gpt-*']\nprovider = 'openai'\nbase = 'table'\n"
        "fees.request = 0.001\n"
        "[[multipliers]]\nmultiplier = 0.9\ncombine = true\ntiers = { flex = 0.8, batch = 0.7 }\n"
    )
    assert cli.main(["prices", "check", str(path)]) == 0
    assert capsys.readouterr().out.endswith(
        "usable, version 7: 1 model, 0 aliases, 1 multiplier, 1 model on the bundled table, 1 fee, 1 multiplier to "
        "combine, 2 multipliers of a tier\n"
    )
    path.write_text("[[models]]\nnames = ['acme']\nbase = 'table'\nprices = { output = 1 }")
    assert cli.main(["prices", "check", str(path)]) == 1
    assert capsys.readouterr().err == (
        f"{path}: models[0].base: the bundled table has no price of 'acme': write input and output in prices, or an "
        "alias of a listed model\n"
    )


def test_the_command_prices_fees(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """1000 * 1.25 of the list, 2 * 500 and 1000 of the file, in millionths."""
    path = tmp_path / "prices.toml"
    path.write_text("[[models]]\nnames = ['gpt-5']\nbase = 'table'\nfees = { request = 0.001, visit = 0.0005 }")
    arguments = [
        "price",
        "gpt-5",
        "--provider",
        "openai",
        "--input",
        "1000",
        "--item",
        "visit=2",
        "--prices",
        str(path),
    ]
    assert cli.main(arguments) == 0
    shown = [line.split() for line in capsys.readouterr().out.splitlines()]
    for words in (
        "input 1,000 1.25 / 1M 0.00125", "visit 2 0.0005 / each 0.001", "request 1 1 / 1k 0.001", "total 0.00325",
        "own request, visit: by your file",
    ):  # fmt: skip
        assert words.split() in shown
    assert cli.main([*arguments, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (Decimal(said["amount"]), said["own"]) == (Decimal("0.00325"), ["request", "visit"])
    assert said["items"] == {"visit": 2, "request": 1}


@pytest.mark.parametrize("item", ["visit", "=2", "visit=many"])
def test_an_item_that_is_none_is_refused(item: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["price", "gpt-5", "--item", item])
    assert "write" in capsys.readouterr().err
