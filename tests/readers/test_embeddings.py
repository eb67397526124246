"""Embeddings of OpenAI's shape: as the SDKs give them, and as services vary them."""

from __future__ import annotations

from typing import Any

import azure.ai.inference.models
import groq
import litellm
import mistralai
import openai
import pytest

from chunkmeter.facts.tally import Tokens
from chunkmeter.pricing import Priced, price
from support.chunks import fold_told as fold

Json = dict[str, Any]

EMBEDDED: Json = {
    "object": "list", "model": "text-embedding-3-small", "usage": {"prompt_tokens": 8, "total_tokens": 8},
    "data": [{"object": "embedding", "index": 0, "embedding": [0.25, -0.5]}],
}  # fmt: skip


@pytest.mark.parametrize(
    "made",
    [
        openai.types.CreateEmbeddingResponse.construct(**EMBEDDED),
        groq.types.CreateEmbeddingResponse.construct(**EMBEDDED),
        litellm.EmbeddingResponse(**EMBEDDED),
        mistralai.EmbeddingResponse(**EMBEDDED, id="embd-1"),
        azure.ai.inference.models.EmbeddingsResult(EMBEDDED),
        EMBEDDED,
    ],
    ids=["openai", "groq", "litellm", "mistral", "azure", "JSON"],
)
def test_embeddings(made: Any) -> None:
    """What went in is all there is to count; nothing says why it ended, and nothing is missing."""
    tally = fold(made)
    assert (tally.wire, tally.final, tally.raw_reasons()) == ("openai_embeddings", True, [])
    assert (tally.response_model, tally.tokens()) == ("text-embedding-3-small", Tokens(8, None, None, 8))
    assert tally.usage_status(tally.tokens()) == "reported"


def test_what_services_add_to_embeddings() -> None:
    """Mistral counts what it wrote, which is nothing; Voyage has the total alone; OpenRouter says what it charged."""
    assert fold(EMBEDDED | {"usage": {"prompt_tokens": 8, "completion_tokens": 0, "total_tokens": 8}}).tokens() == (
        Tokens(8, None, None, 8)
    )
    assert fold(EMBEDDED | {"usage": {"total_tokens": 8}}).tokens() == Tokens(8, None, None, 8)
    routed = EMBEDDED | {"id": "gen-emb-1", "usage": {"prompt_tokens": 8, "total_tokens": 8, "cost": 1.6e-7}}
    assert (fold(routed).response_id, fold(routed).provider_cost) == ("gen-emb-1", 1.6e-7)


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}])
def test_embeddings_without_a_usage(usage: Any) -> None:
    """LiteLLM writes zeros where a service has told nothing. Nothing goes in without tokens."""
    unsaid = fold(EMBEDDED | {"usage": usage})
    assert (unsaid.final, unsaid.usage_status(unsaid.tokens())) == (True, "missing")
    told = fold(litellm.EmbeddingResponse(model="text-embedding-3-small", data=[]))
    assert told.usage_status(told.tokens()) == "missing"


def test_the_vectors_are_not_looked_at() -> None:
    """There may be thousands of them, of thousands of numbers."""

    class Vectors(list[Any]):
        def __iter__(self) -> Any:
            raise AssertionError("they were")

    assert fold(EMBEDDED | {"data": Vectors([{}])}).tokens() == Tokens(8, None, None, 8)


@pytest.mark.parametrize(
    ("provider", "model", "usd_a_million"),
    [
        ("openai", "text-embedding-3-small", 0.02),
        ("openai", "text-embedding-3-large", 0.13),
        ("azure.ai.openai", "text-embedding-3-small", 0.02),
        ("mistral_ai", "mistral-embed", 0.10),
        ("cohere", "embed-v4.0", 0.12),
    ],
)
def test_what_goes_in_has_a_price(provider: str, model: str, usd_a_million: float) -> None:
    """A price of what comes out is not missed."""
    found = price(Tokens(input_tokens=1_000_000, total_tokens=1_000_000), model=model, provider=provider)
    assert isinstance(found, Priced)
    assert (float(found.amount), found.unpriced) == (usd_a_million, ())
    assert {part: float(amount) for part, amount in found.split.items()} == {"input": usd_a_million}
