"""The conventions' words for what providers say."""

from __future__ import annotations

import pytest

from chunkmeter import providers, semconv


@pytest.mark.parametrize(
    ("raw", "word"),
    [
        ("stop", "stop"),
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("STOP", "stop"),
        ("eos", "stop"),
        ("COMPLETE", "stop"),
        ("length", "length"),
        ("max_tokens", "length"),
        ("MAX_TOKENS", "length"),
        ("max_output_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("content_filter", "content_filter"),
        ("refusal", "content_filter"),
        ("SAFETY", "content_filter"),
        ("RECITATION", "content_filter"),
        ("PROHIBITED_CONTENT", "content_filter"),
        ("guardrail_intervened", "content_filter"),
        ("tool_call", "tool_call"),
        ("tool_calls", "tool_call"),
        ("tool_use", "tool_call"),
        ("function_call", "tool_call"),
        ("error", "error"),
        ("OTHER", "error"),
        ("MALFORMED_FUNCTION_CALL", "error"),
        ("1", "stop"),
        ("2", "length"),
        ("3", "content_filter"),
        ("6", "6"),
        ("compaction", "compaction"),
        ("pause_turn", "pause_turn"),
        ("Brand_New", "Brand_New"),
        ("", ""),
    ],
)
def test_finish_reason(raw: str, word: str) -> None:
    """A known word is the conventions' own, in any case; an unknown one passes as it is."""
    assert semconv.finish_reason(raw) == word


@pytest.mark.parametrize(
    ("raw", "worst"),
    [
        ([], "none"),
        ([None, None], "none"),
        (["stop"], "stop"),
        (["stop", None], "stop"),
        (["end_turn", "tool_use"], "tool_call"),
        (["tool_calls", "max_tokens"], "length"),
        (["length", "SAFETY"], "content_filter"),
        (["content_filter", "error"], "error"),
        (["brand_new"], "other"),
        (["brand_new", "stop"], "stop"),
    ],
)
def test_worst_reason(raw: list[str | None], worst: str) -> None:
    """One value a call: the worst over its choices, and no word of the provider's own."""
    assert semconv.worst_reason(raw) == worst


@pytest.mark.parametrize(
    ("spelling", "name", "prices"),
    [
        ("openai", "openai", "openai"),
        ("OpenAI ", "openai", "openai"),
        ("azure_openai", "azure.ai.openai", "azure"),
        ("azure.ai.openai", "azure.ai.openai", "azure"),
        ("azure", "azure.ai.inference", "azure"),
        ("anthropic", "anthropic", "anthropic"),
        ("google", "gcp.gemini", "google"),
        ("gemini", "gcp.gemini", "google"),
        ("vertex", "gcp.vertex_ai", "google"),
        ("gcp.gen_ai", "gcp.gen_ai", "google"),
        ("bedrock", "aws.bedrock", "aws"),
        ("xai", "x_ai", "x-ai"),
        ("x-ai", "x_ai", "x-ai"),
        ("mistral", "mistral_ai", "mistral"),
        ("groq", "groq", "groq"),
        ("litellm", "litellm", "litellm"),
        ("acme", "acme", "acme"),
    ],
)
def test_provider_spellings(spelling: str, name: str, prices: str) -> None:
    """Mirascope's, the conventions' and the price table's spellings all give the conventions' name."""
    row = providers.provider(spelling)
    assert row is not None
    assert (row.name, row.prices) == (name, prices)


@pytest.mark.parametrize("name", [None, ""])
def test_no_provider(name: str | None) -> None:
    """Nothing given, nothing known."""
    assert providers.provider(name) is None


def test_each_spelling_means_one_provider() -> None:
    """No two rows of the table claim the same name."""
    spellings = [name for row in providers.PROVIDERS for name in (row.name, *row.spellings)]
    assert len(spellings) == len(set(spellings))


def test_bucket_bounds_rise() -> None:
    """The SDK would take any order, and count wrong."""
    metrics = [value for value in vars(semconv).values() if isinstance(value, semconv.Metric) and value.buckets]
    assert len(metrics) == 8
    for metric in metrics:
        assert metric.buckets is not None
        assert list(metric.buckets) == sorted(set(metric.buckets))
