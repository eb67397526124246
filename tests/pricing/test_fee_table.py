"""The table of fees in docs/prices.md is what the readers and the prices do, row by row and back."""

from __future__ import annotations

import re
from typing import NamedTuple

import pytest

from chunkmeter import wrap
from chunkmeter.facts.tally import Tally
from chunkmeter.readers import WIRES, for_wire
from chunkmeter.testing import Kit
from support import ROOT
from support.chunks import Json
from support.planted import PLANTS, planted

# A provider's name in the table -> as calls name it.
PROVIDERS = {
    "OpenAI": "openai", "Azure": "azure_openai", "Groq": "groq", "xAI": "xai", "OpenRouter": "openrouter",
    "Perplexity": "perplexity", "Mistral": "mistral", "LiteLLM": "litellm", "GitHub Copilot": "github-copilot",
    "Gemini": "google", "Google interactions": "google", "Bedrock": "bedrock", "Cohere": "cohere",
    "Anthropic": "anthropic", "Moonshot": "moonshot",
}  # fmt: skip
WHAT_BECOMES_OF_IT = ("priced", "named", "the provider's own cost", "no fee", "not told")
# What a price depends on has tables of its own in that page.
NO_FEES = frozenset(("model", "tier", "region"))


class Row(NamedTuple):
    """One row of the table."""

    provider: str
    fee: str
    said: str
    """What becomes of the fee."""

    @property
    def providers(self) -> set[str]:
        return {spelled for name, spelled in PROVIDERS.items() if name in self.provider}

    @property
    def words(self) -> set[tuple[str, str]]:
        """Each item, and whether it is `priced` or `named`."""
        found: set[tuple[str, str]] = set()
        become = ""
        for word in re.findall(r"priced|named|not told|`[^`]+`", re.sub(r"\([^)]*\)", "", self.said)):
            if word.startswith("`"):
                found.add((word.strip("`"), become))
            become = become if word.startswith("`") else word
        return found

    @property
    def any_word(self) -> bool:
        """Whether items have the provider's own words."""
        return any(words in self.said for words in ("by the tool", "by tool", "by connector", "by their word"))

    def __str__(self) -> str:
        return f"{self.provider}: {self.fee}"[:70]


def rows() -> list[Row]:
    page = (ROOT / "docs" / "prices.md").read_text("utf-8")
    table = page.partition("## Fees beside tokens")[2].partition("\n## ")[0]
    lines = [line.strip("|").split("|") for line in table.splitlines() if line.startswith("|")][2:]
    found: list[Row] = []
    for provider, fee, _, said in ([cell.strip() for cell in line] for line in lines):
        found.append(Row(provider or found[-1].provider, fee, said))
    return found


ROWS = rows()
# (provider, item, what becomes of it)
DONE = {
    (plant.provider, plant.named or way.partition(":")[0], "named" if plant.named or plant.usd is None else "priced")
    for wire in WIRES
    for way, plant in planted(wire).items()
}


def test_there_are_as_many_rows_as_there_were() -> None:
    """A page that is written otherwise is not read as an empty table."""
    assert len(ROWS) >= 48


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_row_says_what_becomes_of_the_fee(row: Row) -> None:
    assert row.said.startswith(WHAT_BECOMES_OF_IT)


@pytest.mark.parametrize("row", [row for row in ROWS if row.words], ids=str)
def test_what_a_row_says_is_done(row: Row) -> None:
    """Each item is planted by one of the row's providers, and comes to that: `test_planted_items` has proved it."""
    for item, become in row.words:
        assert any(
            (done == item or (item.endswith(":") and done.startswith(item))) and by in row.providers and how == become
            for by, done, how in DONE
        ), (item, become)


@pytest.mark.parametrize("wire", PLANTS)
def test_what_is_done_is_in_a_row(wire: str) -> None:
    for way, plant in PLANTS[wire].items():
        kind = way.partition(":")[0]
        events = plant.events(2)
        with Kit() as kit:
            list(wrap(iter(events), wire=wire, provider=plant.provider, model=plant.model, telemetry=kit.telemetry))
            lacking = kit.attributes.get("chunkmeter.cost.unpriced") or []
        become = "named" if lacking else "priced"
        item = lacking[0] if lacking else kind
        if (
            kind in NO_FEES
            or item.startswith(("tier:", "region:", "class:", "model:"))
            or item not in items_of(wire, events)
        ):
            continue
        told = [row for row in ROWS if plant.provider in row.providers]
        assert any((item, become) in row.words or (become == "named" and row.any_word) for row in told), (way, item)


def items_of(wire: str, events: list[Json]) -> set[str]:
    tally = Tally(wire)
    for event in events:
        for_wire(wire).read(tally, event)
    return {*tally.items}


CHAT: Json = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}
CHARGED: dict[str, Json] = {
    "xAI": {"usage": CHAT | {"cost_in_usd_ticks": 310_000_000, "num_sources_used": 4}},
    "OpenRouter": {"usage": CHAT | {"cost": 0.031, "server_tool_use": {"web_search_requests": 2}}},
    "Perplexity": {"usage": CHAT | {"cost": {"total_cost": 0.031}, "search_context_size": "low"}},
    "LiteLLM": {"usage": CHAT, "_hidden_params": {"response_cost": 0.031}},
    "Venice": {"usage": CHAT, "cost": {"usd": 0.031}},
}


@pytest.mark.parametrize("provider", CHARGED)
def test_a_cost_of_the_provider_s_own_has_it_all(kit: Kit, provider: str) -> None:
    """Whatever else is told: nothing is added, and nothing is missing."""
    assert [row.said for row in ROWS if row.provider == provider and row.fee.startswith("all")] == [
        "the provider's own cost"
    ]
    end: Json = {
        "id": "c",
        "object": "chat.completion",
        "model": "m",
        "choices": [{"index": 0, "finish_reason": "stop"}],
    }
    list(wrap(iter([end | CHARGED[provider]]), provider=PROVIDERS.get(provider, "venice"), telemetry=kit.telemetry))
    assert kit.attributes["chunkmeter.cost.status"] == "known"
    assert kit.total("chunkmeter.spend") == pytest.approx(0.031, rel=1e-12)


def test_each_cost_of_a_provider_s_own_is_proved() -> None:
    own = {row.provider for row in ROWS if row.said == "the provider's own cost"}
    assert own == CHARGED.keys()
