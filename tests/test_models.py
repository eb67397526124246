"""The seed's shape: names, and what stays unset."""

from __future__ import annotations

from dataclasses import fields

import pytest
from mirascope.core.base.types import CostMetadata as SeedCostMetadata
from mirascope.core.base.types import Usage as SeedUsage
from pydantic import ValidationError

from chunkmeter import CallResponseChunk, CostMetadata, Usage
from chunkmeter.facts.tally import Tally, Tokens


def test_cost_metadata_has_the_seeds_fields() -> None:
    """All of them, by name and in order."""
    assert list(CostMetadata.model_fields) == list(SeedCostMetadata.model_fields)


def test_usage_begins_with_the_seeds_fields() -> None:
    """What chunkmeter adds stands behind."""
    assert list(Usage.model_fields)[:4] == list(SeedUsage.model_fields)


def test_a_chunk_begins_with_the_seeds_fields() -> None:
    """What chunkmeter adds stands behind."""
    assert list(CallResponseChunk.model_fields)[:3] == ["finish_reasons", "usage", "cost_metadata"]


def test_usage_has_every_count() -> None:
    """Each count of a tally has its field, but for those that are the cost metadata's."""
    counts = {field.name for field in fields(Tokens)}
    assert counts - set(Usage.model_fields) == {"tool_use_tokens", "input_document_tokens"}
    assert set(Usage.model_fields) <= counts


def test_nothing_said_is_nothing() -> None:
    """Absent is None, not an empty list and not 0."""
    chunk = CallResponseChunk.from_tally(Tally())
    assert chunk == CallResponseChunk(
        finish_reasons=None, usage=None, cost_metadata=CostMetadata(), raw_finish_reasons=None, id=None, model=None
    )


@pytest.mark.parametrize(("written", "flag"), [(None, None), (0, False), (3, True)])
def test_cache_write_says_whether_anything_was_written(written: int | None, flag: bool | None) -> None:
    """A provider that doesn't say leaves it open."""
    assert CostMetadata.from_tally(Tally(), Tokens(cache_write_tokens=written)).cache_write is flag


def test_models_can_not_be_changed() -> None:
    """A chunk is what it was."""
    with pytest.raises(ValidationError, match="frozen"):
        CallResponseChunk().id = "other"  # pyrefly: ignore[read-only]


def test_models_survive_json() -> None:
    """They are data, all of them."""
    chunk = CallResponseChunk(
        finish_reasons=["stop"],
        usage=Usage(input_tokens=5, output_tokens=0),
        cost_metadata=CostMetadata(input_tokens=5, output_tokens=0, cost=0.0),
        raw_finish_reasons=["end_turn"],
        id="msg",
        model="claude",
    )
    assert CallResponseChunk.model_validate_json(chunk.model_dump_json()) == chunk
