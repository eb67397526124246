"""`docs/providers.md` says where fields come from, and the readers take them from there."""

from __future__ import annotations

import pytest

from chunkmeter.readers import WIRES
from tests.providers_doc import PAGE, document, sources
from tests.wire_samples import SAMPLES, Sample


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
