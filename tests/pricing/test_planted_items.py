"""An item planted in a wire is in the amount at its price, or is named: a cost that reads `known` has everything.

Each wire has one row for each kind of item: how it tells of it (`support.planted`), or that it tells nothing of it.
"""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chunkmeter import wrap
from chunkmeter.pricing.items import ITEMS
from chunkmeter.pricing.tokens import CLASSES
from chunkmeter.readers import WIRES, bedrock_invoke, for_event, for_wire
from chunkmeter.testing import Kit
from support.planted import PLANTS, SAME_AS, Plant, planted

# What wires tell of beside the classes of token and the kinds in `ITEMS`: fees by the provider's own word, other models
# inside the call, and what a price depends on.
OTHER_KINDS = frozenset((
    "web_search_preview", "search_content", "server_side_tool", "image_search", "retrieval", "images", "image_tokens",
    "classifications", "guardrail", "byok_fee", "copilot_aiu", "tool", "model", "unknown model", "tier", "region",
))  # fmt: skip
KINDS = OTHER_KINDS | ITEMS.keys() | CLASSES.keys() - {"input", "output"}

# Wire -> the kinds that it tells nothing of.
SILENT = {
    "anthropic_complete": (
        "annotated_page, audio_second, byok_fee, cache_audio_read, cache_image_read, cache_read, cache_write, "
        "cache_write_12h, cache_write_1h, character, citation_token, classifications, code_execution, "
        "code_session, copilot_aiu, file_search, guardrail, guardrail_unit, image, image_generation, "
        "image_search, image_tokens, images, input_audio, input_image, input_video, maps_search, model, "
        "output_audio, output_image, output_video, page, reasoning, region, request, retrieval, search_content, "
        "search_source, search_unit, server_side_tool, tier, tool, unknown model, web_search, web_search_preview, "
        "x_search"
    ),
    "anthropic_messages": (
        "annotated_page, audio_second, cache_audio_read, cache_image_read, cache_write_12h, character, "
        "citation_token, classifications, code_session, copilot_aiu, file_search, guardrail, guardrail_unit, "
        "image, image_generation, image_search, image_tokens, images, input_audio, input_image, input_video, "
        "maps_search, output_audio, output_image, output_video, page, request, retrieval, search_content, "
        "search_source, search_unit, server_side_tool, web_search_preview, x_search"
    ),
    "bedrock_converse": (
        "annotated_page, audio_second, byok_fee, cache_audio_read, cache_image_read, cache_write_12h, character, "
        "citation_token, classifications, code_execution, code_session, copilot_aiu, file_search, image, "
        "image_generation, image_search, image_tokens, images, input_audio, input_image, input_video, "
        "maps_search, output_audio, output_image, output_video, page, reasoning, region, request, retrieval, "
        "search_content, search_source, search_unit, server_side_tool, unknown model, web_search, "
        "web_search_preview, x_search"
    ),
    "bedrock_invoke": (
        "annotated_page, character, code_session, image, image_generation, image_search, maps_search, page, "
        "retrieval, search_content"
    ),
    "cohere": (
        "annotated_page, audio_second, byok_fee, cache_audio_read, cache_image_read, cache_read, cache_write, "
        "cache_write_12h, cache_write_1h, character, citation_token, code_execution, code_session, copilot_aiu, "
        "file_search, guardrail, guardrail_unit, image, image_generation, image_search, input_audio, input_image, "
        "input_video, maps_search, model, output_audio, output_image, output_video, page, reasoning, region, "
        "request, retrieval, search_content, search_source, server_side_tool, tier, tool, unknown model, "
        "web_search, web_search_preview, x_search"
    ),
    "google_generate_content": (
        "annotated_page, audio_second, byok_fee, cache_write, cache_write_12h, cache_write_1h, character, "
        "citation_token, classifications, code_execution, code_session, copilot_aiu, file_search, guardrail, "
        "guardrail_unit, image, image_generation, image_tokens, images, model, page, region, request, "
        "search_content, search_source, search_unit, server_side_tool, tool, unknown model, web_search_preview, "
        "x_search"
    ),
    "google_interactions": (
        "annotated_page, audio_second, byok_fee, cache_write, cache_write_12h, cache_write_1h, character, "
        "citation_token, classifications, code_execution, code_session, copilot_aiu, file_search, guardrail, "
        "guardrail_unit, image, image_generation, image_search, image_tokens, images, model, page, region, "
        "request, search_content, search_source, search_unit, server_side_tool, unknown model, "
        "web_search_preview, x_search"
    ),
    "google_live": (
        "annotated_page, audio_second, byok_fee, cache_write, cache_write_12h, cache_write_1h, character, "
        "citation_token, classifications, code_execution, code_session, copilot_aiu, file_search, guardrail, "
        "guardrail_unit, image, image_generation, image_tokens, images, model, page, region, request, "
        "search_content, search_source, search_unit, server_side_tool, tool, unknown model, web_search_preview, "
        "x_search"
    ),
    "mistral_conversations": (
        "annotated_page, audio_second, byok_fee, cache_audio_read, cache_image_read, cache_read, cache_write, "
        "cache_write_12h, cache_write_1h, character, citation_token, classifications, code_session, copilot_aiu, "
        "file_search, guardrail, guardrail_unit, image, image_search, image_tokens, images, input_audio, "
        "input_image, input_video, maps_search, model, output_audio, output_image, output_video, page, reasoning, "
        "region, request, retrieval, search_content, search_source, search_unit, server_side_tool, tier, unknown "
        "model, web_search_preview, x_search"
    ),
    "mlx": (
        "annotated_page, audio_second, byok_fee, cache_audio_read, cache_image_read, cache_read, cache_write, "
        "cache_write_12h, cache_write_1h, character, citation_token, classifications, code_execution, "
        "code_session, copilot_aiu, file_search, guardrail, guardrail_unit, image, image_generation, "
        "image_search, image_tokens, images, input_audio, input_image, input_video, maps_search, model, "
        "output_audio, output_image, output_video, page, reasoning, region, request, retrieval, search_content, "
        "search_source, search_unit, server_side_tool, tier, tool, unknown model, web_search, web_search_preview, "
        "x_search"
    ),
    "ollama": (
        "annotated_page, audio_second, byok_fee, cache_audio_read, cache_image_read, cache_read, cache_write, "
        "cache_write_12h, cache_write_1h, character, citation_token, classifications, code_execution, "
        "code_session, copilot_aiu, file_search, guardrail, guardrail_unit, image, image_generation, "
        "image_search, image_tokens, images, input_audio, input_image, input_video, maps_search, model, "
        "output_audio, output_image, output_video, page, reasoning, region, request, retrieval, search_content, "
        "search_source, search_unit, server_side_tool, tier, tool, unknown model, web_search, web_search_preview, "
        "x_search"
    ),
    "openai_assistants": (
        "annotated_page, audio_second, byok_fee, cache_audio_read, cache_image_read, cache_write, "
        "cache_write_12h, cache_write_1h, character, citation_token, classifications, code_execution, "
        "copilot_aiu, file_search, guardrail, guardrail_unit, image, image_generation, image_search, "
        "image_tokens, images, input_audio, input_image, input_video, maps_search, model, output_audio, "
        "output_image, output_video, page, region, request, retrieval, search_content, search_source, "
        "search_unit, server_side_tool, tier, tool, unknown model, web_search, web_search_preview, x_search"
    ),
    "openai_chat": (
        "annotated_page, character, classifications, code_session, guardrail, guardrail_unit, image, "
        "image_generation, image_search, image_tokens, images, maps_search, page, region, retrieval, "
        "search_content, search_unit"
    ),
    "openai_completions": (
        "annotated_page, character, classifications, code_session, guardrail, guardrail_unit, image, "
        "image_generation, image_search, image_tokens, images, maps_search, page, region, retrieval, "
        "search_content, search_unit"
    ),
    "cohere_rerank": (
        "annotated_page, audio_second, byok_fee, cache_audio_read, cache_image_read, cache_read, cache_write, "
        "cache_write_12h, cache_write_1h, character, citation_token, classifications, code_execution, "
        "code_session, copilot_aiu, file_search, guardrail, guardrail_unit, image, image_generation, image_search, "
        "image_tokens, images, input_audio, input_image, input_video, maps_search, model, output_audio, "
        "output_image, output_video, page, reasoning, region, request, retrieval, search_content, search_source, "
        "server_side_tool, tier, tool, unknown model, web_search, web_search_preview, x_search"
    ),
    "native_embeddings": (
        "annotated_page, audio_second, byok_fee, cache_audio_read, cache_image_read, cache_read, cache_write, "
        "cache_write_12h, cache_write_1h, character, citation_token, code_execution, code_session, copilot_aiu, "
        "file_search, guardrail, guardrail_unit, image, image_generation, image_search, input_audio, input_image, "
        "input_video, maps_search, model, output_audio, output_image, output_video, page, reasoning, region, "
        "request, retrieval, search_content, search_source, server_side_tool, tier, tool, unknown model, "
        "web_search, web_search_preview, x_search"
    ),
    "openai_embeddings": (
        "annotated_page, audio_second, cache_audio_read, cache_image_read, cache_read, cache_write, "
        "cache_write_12h, cache_write_1h, character, citation_token, classifications, code_execution, "
        "code_session, copilot_aiu, file_search, guardrail, guardrail_unit, image, image_generation, "
        "image_search, image_tokens, images, input_audio, input_image, input_video, maps_search, model, "
        "output_audio, output_image, output_video, page, reasoning, region, request, retrieval, search_content, "
        "search_source, search_unit, server_side_tool, tier, tool, unknown model, web_search, web_search_preview, "
        "x_search"
    ),
    "openai_images": (
        "annotated_page, audio_second, byok_fee, cache_audio_read, cache_write, cache_write_12h, cache_write_1h, "
        "character, citation_token, classifications, code_execution, code_session, copilot_aiu, file_search, "
        "guardrail, guardrail_unit, image_generation, image_search, image_tokens, images, input_audio, "
        "input_video, maps_search, model, output_audio, output_video, page, reasoning, region, request, "
        "retrieval, search_content, search_source, search_unit, server_side_tool, tier, tool, unknown model, "
        "web_search, web_search_preview, x_search"
    ),
    "openai_realtime": (
        "annotated_page, byok_fee, cache_write, cache_write_12h, cache_write_1h, character, citation_token, "
        "classifications, code_execution, code_session, copilot_aiu, file_search, guardrail, guardrail_unit, "
        "image, image_generation, image_search, image_tokens, images, input_video, maps_search, model, "
        "output_image, output_video, page, reasoning, region, request, retrieval, search_content, search_source, "
        "search_unit, server_side_tool, tier, tool, web_search, web_search_preview, x_search"
    ),
    "openai_responses": (
        "annotated_page, cache_write_1h, character, classifications, copilot_aiu, guardrail, guardrail_unit, "
        "image, image_search, image_tokens, images, input_audio, input_image, input_video, maps_search, "
        "output_audio, output_image, output_video, page, region, retrieval, search_unit"
    ),
    "openai_transcription": (
        "annotated_page, byok_fee, cache_audio_read, cache_image_read, cache_read, cache_write, cache_write_12h, "
        "cache_write_1h, character, citation_token, classifications, code_execution, code_session, copilot_aiu, "
        "file_search, guardrail, guardrail_unit, image, image_generation, image_search, image_tokens, images, "
        "input_image, input_video, maps_search, model, output_image, output_video, page, reasoning, region, "
        "request, retrieval, search_content, search_source, search_unit, server_side_tool, tier, tool, unknown "
        "model, web_search, web_search_preview, x_search"
    ),
    "tgi": (
        "annotated_page, audio_second, byok_fee, cache_audio_read, cache_image_read, cache_read, cache_write, "
        "cache_write_12h, cache_write_1h, character, citation_token, classifications, code_execution, "
        "code_session, copilot_aiu, file_search, guardrail, guardrail_unit, image, image_generation, "
        "image_search, image_tokens, images, input_audio, input_image, input_video, maps_search, model, "
        "output_audio, output_image, output_video, page, reasoning, region, request, retrieval, search_content, "
        "search_source, search_unit, server_side_tool, tier, tool, unknown model, web_search, web_search_preview, "
        "x_search"
    ),
    "watsonx": (
        "annotated_page, audio_second, byok_fee, cache_audio_read, cache_image_read, cache_read, cache_write, "
        "cache_write_12h, cache_write_1h, character, citation_token, classifications, code_execution, "
        "code_session, copilot_aiu, file_search, guardrail, guardrail_unit, image, image_generation, "
        "image_search, image_tokens, images, input_audio, input_image, input_video, maps_search, model, "
        "output_audio, output_image, output_video, page, reasoning, region, request, retrieval, search_content, "
        "search_source, search_unit, server_side_tool, tier, tool, unknown model, web_search, web_search_preview, "
        "x_search"
    ),
    "xai_sdk": (
        "annotated_page, audio_second, byok_fee, cache_audio_read, cache_image_read, cache_write, "
        "cache_write_12h, cache_write_1h, character, citation_token, classifications, code_session, copilot_aiu, "
        "guardrail, guardrail_unit, image, image_generation, image_search, image_tokens, images, input_audio, "
        "input_video, maps_search, model, output_audio, output_image, output_video, page, region, request, "
        "retrieval, search_content, search_unit, unknown model, web_search_preview"
    ),
}


@pytest.mark.parametrize("wire", WIRES)
def test_each_wire_has_a_row_for_each_kind(wire: str) -> None:
    """One that is new, or whose kind is new, is planted, or is said to be silent."""
    told = {way.partition(":")[0] for way in planted(wire)}
    silent = {each.strip() for each in SILENT[wire].split(",")}
    assert told | silent == KINDS
    assert not told & silent


def test_no_row_is_of_a_wire_that_is_gone() -> None:
    assert PLANTS.keys() | SILENT.keys() == {*WIRES}


def test_wires_that_are_read_alike() -> None:
    assert for_wire("openai_completions").read is for_wire("openai_chat").read
    assert {*SAME_AS["bedrock_invoke"]} == bedrock_invoke.MODELS.keys()


PLANTED = [pytest.param(wire, way, id=f"{wire}: {way}") for wire in WIRES for way in planted(wire)]


def cost(wire: str, plant: Plant, number: int) -> tuple[Decimal, str, list[str]]:
    """What was spent, the status of the cost, and what it lacks."""
    events = plant.events(number)
    if wire == "bedrock_invoke":
        events = [{"chunk": {"bytes": json.dumps(event).encode()}} for event in events]
    with Kit() as kit:
        list(wrap(iter(events), wire=wire, provider=plant.provider, model=plant.model, telemetry=kit.telemetry))
        said = kit.attributes
        spent = Decimal(repr(round(kit.total("chunkmeter.spend"), 12)))
        return spent, said["chunkmeter.cost.status"], said.get("chunkmeter.cost.unpriced") or []


@pytest.mark.parametrize(("wire", "way"), PLANTED)
@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(number=st.integers(1, 60))
def test_it_is_in_the_amount_or_named(wire: str, way: str, number: int) -> None:
    plant = planted(wire)[way]
    spent, status, lacking = cost(wire, plant, number)
    bare, _, _ = cost(wire, plant, 0)
    if plant.usd is not None:
        assert abs(spent - bare - number * plant.usd) < Decimal("1e-9")
    else:
        assert spent == bare
    named = plant.named or (way if plant.usd is None else None)
    if named is None:
        assert (status, lacking) == ("known", [])
    else:
        assert status == "incomplete"
        assert any(each == named or (named.endswith(":") and each.startswith(named)) for each in lacking)


@pytest.mark.parametrize("wire", sorted(PLANTS.keys() - {"xai_sdk"}))  # which only its classes tell
def test_a_sample_is_of_its_wire(wire: str) -> None:
    for way, plant in PLANTS[wire].items():
        # A whole answer may need a provider to tell its wire.
        assert ":" in way or for_event(plant.events(1)[-1]).wire == wire
