"""`docs/providers.md` says where fields come from, and the readers take them from there."""

from __future__ import annotations

import pytest

from checks.providers_doc import PAGE, document, item_sources, sources
from chunkmeter.readers import WIRES
from support.wire_samples import SAMPLES, Sample


def test_the_page_is_what_the_readers_do() -> None:
    """`make docs` writes it anew."""
    assert PAGE.read_text("utf-8") == document()


def test_every_wire_has_a_sample() -> None:
    """A wire without one would be missing on the page."""
    assert {sample.wire for sample in SAMPLES} == set(WIRES)


@pytest.mark.parametrize(
    ("services", "field", "paths"),
    [
        (
            "OpenAI, Azure OpenAI, Azure AI inference",
            "usage.input_tokens",
            ["usage.prompt_tokens"],
        ),
        ("Groq", "usage.input_tokens", ["x_groq.usage.prompt_tokens"]),
        ("Moonshot", "usage.cached_tokens", ["choices[].usage.cached_tokens"]),
        ("DeepSeek", "usage.cached_tokens", ["usage.prompt_cache_hit_tokens"]),
        ("Anthropic, Vertex AI (Claude)", "finish_reasons", ["delta.stop_reason"]),
        ("Cohere (v2)", "billed.input_tokens", ["delta.usage.billed_units.input_tokens"]),
        ("Ollama", "usage.output_tokens", ["eval_count"]),
    ],
)
def test_sources(services: str, field: str, paths: list[str]) -> None:
    """What taking values away finds out."""
    (sample,) = (sample for sample in SAMPLES if sample.services == services and sample.wire)
    assert sources(sample)[field] == paths


def test_what_never_comes_is_said() -> None:
    """No path leads to a field that is not sent."""
    bare = Sample("openai_chat", "nobody", ({"choices": [{"index": 0, "finish_reason": "stop"}]},))
    assert sources(bare) == {"finish_reasons": ["choices[].finish_reason"]}


@pytest.mark.parametrize(
    ("wire", "item", "paths"),
    [
        ("anthropic_messages", "web_search", "`usage.server_tool_use.web_search_requests`"),
        ("cohere", "search_unit", "`delta.usage.billed_units.search_units`"),
        ("google_live", "maps_search", "`serverContent.groundingMetadata.groundingChunks[].maps`"),
        ("openai_images", "image", "`data[]`"),
        ("openai_responses", "web_search_preview", "`response.output[].type`, `response.tools[].type`"),
    ],
)
def test_sources_of_items(wire: str, item: str, paths: str) -> None:
    """Also of those that are told by an object, whatever it holds."""
    assert paths in item_sources(wire)[item]


def test_wires_without_items() -> None:
    assert item_sources("ollama") == {}
    assert "It tells of no item beside tokens." in document()
