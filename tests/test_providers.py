"""The one list of providers, wherever a provider is named."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from chunkmeter import Priced, Usage, normalize, price, wrap
from chunkmeter.pricing.parse import parse
from chunkmeter.providers import PROVIDERS, SPELLINGS, at_url, is_provider, provider, provider_name
from chunkmeter.readers import WIRES, UnknownWireError, for_provider, for_wire, known
from chunkmeter.testing import Kit, attributes_of


@pytest.mark.parametrize(
    ("spelling", "name", "wire"),
    [
        ("az.ai.openai", "azure.ai.openai", "openai_chat"),
        ("Azure_OpenAI", "azure.ai.openai", "openai_chat"),
        (" bedrock ", "aws.bedrock", "bedrock_converse"),
        ("vertexai", "gcp.vertex_ai", "google_generate_content"),
        ("x-ai", "x_ai", "openai_chat"),
        ("moonshotai", "moonshot_ai", "openai_chat"),
        ("watsonx", "ibm.watsonx.ai", "watsonx"),
        ("fireworks_ai", "fireworks", "openai_chat"),
        ("vllm", "vllm", "openai_chat"),
    ],
)
def test_a_spelling_means_the_same_everywhere(kit: Kit, spelling: str, name: str, wire: str) -> None:
    """To `wrap`, `normalize`, the readers and a price file."""
    assert for_provider(spelling).wire == wire
    list(wrap(iter(()), provider=spelling, model="m", telemetry=kit.telemetry))
    assert attributes_of(kit.span)["gen_ai.provider.name"] == name
    file = parse(
        f'[[models]]\nnames = ["m"]\nprovider = "{spelling}"\nprices = {{ input = 1, output = 2 }}'.encode(), "p.toml"
    )
    assert file.models[0]._provider == name
    with pytest.raises(UnknownWireError):
        for_provider("somebody")


@pytest.mark.parametrize("spelling", sorted(SPELLINGS))
def test_each_spelling_is_taken(spelling: str) -> None:
    """An empty chunk tells no wire by itself: the provider does."""
    row = SPELLINGS[spelling]
    assert provider(spelling.upper()) == row
    assert provider_name(spelling) == row.name
    reader = known(spelling)
    assert reader is not None
    assert reader is for_wire(str(row.wire))
    assert normalize({}, provider=spelling).usage is None


def test_prices_are_asked_for_by_any_spelling() -> None:
    usage = Usage(input_tokens=1_000_000, output_tokens=0)
    for spelling in ("gcp.gemini", "google", "gemini", "vertex", "gcp.vertex_ai"):
        answer = price(usage, model="gemini-2.0-flash", provider=spelling)
        assert isinstance(answer, Priced)
        assert answer.amount == Decimal("0.1")


def test_each_row_has_a_wire_that_is_read() -> None:
    assert {row.wire for row in PROVIDERS} <= {*WIRES, None}
    assert all(is_provider(row.name) for row in PROVIDERS)
    assert not is_provider("azure")


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://mine.openai.azure.com/openai/deployments/x", "azure.ai.openai"),
        ("https://mine.cognitiveservices.azure.com/openai/", "azure.ai.openai"),
        ("https://mine.services.ai.azure.com/models", None),
        ("https://api.openai.com/v1", None),
        ("", None),
    ],
)
def test_a_url_that_is_a_providers_own_tells_it(url: str, name: Any) -> None:
    found = at_url(url)
    assert (found.name if found else None) == name
