"""What a call's cost depends on: the seed's fields, from wire and request, on the span and in the price."""

from __future__ import annotations

from typing import Any

import pytest
from litellm.types.utils import ModelResponse, ModelResponseStream

from chunkmeter import CostMetadata, normalize, readers
from chunkmeter.facts.cost_metadata import cost_metadata, region_of
from chunkmeter.facts.ended import Ended, Request
from chunkmeter.facts.tally import Tally, Tokens
from chunkmeter.testing import Kit, attributes_of

FIELDS = {
    "input_tokens", "output_tokens", "cached_tokens", "streaming_mode", "cached_response", "context_length",
    "realtime_mode", "region", "tier", "batch_mode", "images", "videos", "audio", "audio_output", "pdf",
    "context_cache_tokens", "context_cache_hours", "google", "realtime_tokens", "cache_write", "tool_use_tokens",
    "cost",
}  # fmt: skip
# Neither a wire that is read nor a request says these.
UNTOLD = {"realtime_mode", "realtime_tokens", "context_cache_hours"}
START = 1_793_534_400_000_000_000  # 2026-11-01T12:00:00Z


def told(wire: str, event: Any) -> Tally:
    """What one event amounts to."""
    tally = Tally()
    tally.wire = wire
    readers.for_wire(wire).read(tally, event)
    return tally


def fields(tally: Tally, request: Request | None = None) -> dict[str, Any]:
    return cost_metadata(tally, tally.tokens(), request)


def test_every_field_of_the_seed_is_filled() -> None:
    """By one call that has everything, but for the three that nothing tells; each fits the model's type."""
    tally = Tally()
    tally.service_tier, tally.region, tally.cached_response, tally.provider_cost = "batch", "us", True, 0.0
    tokens = Tokens(
        input_tokens=10, output_tokens=5, cached_tokens=1, cache_write_tokens=0, tool_use_tokens=1,
        input_audio_tokens=1, output_audio_tokens=1, input_image_tokens=1, input_video_tokens=1,
        input_document_tokens=1,
    )  # fmt: skip
    request = Request(provider="gcp.gemini", context_cache=True)
    filled = cost_metadata(tally, tokens, request)
    assert filled.keys() == FIELDS - UNTOLD
    assert set(CostMetadata.model_fields) == FIELDS
    assert CostMetadata(**filled).model_dump(exclude_none=True) == filled
    assert (filled["batch_mode"], filled["cache_write"], filled["google"]) == (True, False, {"use_vertex_ai": False})
    assert (filled["context_length"], filled["context_cache_tokens"], filled["cost"]) == (10, 1, 0.0)


def test_what_nothing_tells_is_not_there() -> None:
    """Absent is not False and not 0."""
    assert fields(Tally()) == {}
    assert fields(Tally(), Request()) == {"streaming_mode": True}


# --- from the wire ---

GOOGLE_USAGE = {
    "promptTokenCount": 1000,
    "candidatesTokenCount": 1300,
    "promptTokensDetails": [
        {"modality": "TEXT", "tokenCount": 100},
        {"modality": "IMAGE", "tokenCount": 258},
        {"modality": "VIDEO", "tokenCount": 300},
        {"modality": "AUDIO", "tokenCount": 42},
        {"modality": "DOCUMENT", "tokenCount": 300},
    ],
    "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1290}, {"modality": "AUDIO", "tokenCount": 10}],
}
WIRE: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        "google_generate_content",
        {"usageMetadata": GOOGLE_USAGE},
        {
            "images": [{"tokens": 258}],
            "videos": [{"tokens": 300}],
            "audio": [{"tokens": 42}],
            "pdf": {"tokens": 300},
            "audio_output": [{"tokens": 10}],
        },
    ),
    ("google_generate_content", {"usageMetadata": {**GOOGLE_USAGE, "serviceTier": "flex"}}, {"tier": "flex"}),
    (
        "google_generate_content",
        {"usageMetadata": {**GOOGLE_USAGE, "trafficType": "ON_DEMAND_PRIORITY"}},
        {"tier": "ON_DEMAND_PRIORITY", "batch_mode": False},
    ),
    (
        "anthropic_messages",
        {
            "type": "message_start",
            "message": {"usage": {"input_tokens": 3, "service_tier": "batch", "inference_geo": "us"}},
        },
        {"tier": "batch", "batch_mode": True, "region": "us"},
    ),
    (
        "anthropic_messages",
        {
            "type": "message_start",
            "message": {"usage": {"input_tokens": 3, "service_tier": "standard", "speed": "fast"}},
        },
        {"tier": "fast", "batch_mode": False, "region": None},
    ),
    (
        "anthropic_messages",
        {"type": "message_start", "message": {"usage": {"input_tokens": 3, "inference_geo": "not_available"}}},
        {"tier": None, "region": None},
    ),
    (
        "openai_chat",
        {
            "choices": [],
            "service_tier": "priority",
            "usage": {
                "prompt_tokens": 50,
                "completion_tokens": 20,
                "prompt_tokens_details": {"audio_tokens": 10, "image_tokens": 30},
                "completion_tokens_details": {"audio_tokens": 15},
                "cost": 0.0,
            },
        },
        {
            "tier": "priority",
            "audio": [{"tokens": 10}],
            "images": [{"tokens": 30}],
            "audio_output": [{"tokens": 15}],
            "cost": 0.0,
        },
    ),
    (
        "bedrock_converse",
        {"metadata": {"usage": {"inputTokens": 1, "outputTokens": 1}, "serviceTier": {"type": "flex"}}},
        {"tier": "flex"},
    ),
    (
        "openai_responses",
        {"type": "response.completed", "response": {"status": "completed", "service_tier": "flex"}},
        {"tier": "flex", "batch_mode": False},
    ),
]


@pytest.mark.parametrize(("wire", "event", "expected"), WIRE)
def test_what_the_wire_tells(wire: str, event: dict[str, Any], expected: dict[str, Any]) -> None:
    """The fields that each wire has for it."""
    found = fields(told(wire, event))
    assert {name: found.get(name) for name in expected} == expected


def test_a_chunk_has_its_cost_metadata() -> None:
    """As `normalize` gives it, in the seed's model."""
    chunk = normalize({"usageMetadata": GOOGLE_USAGE}, "google")
    assert chunk.cost_metadata.images == [{"tokens": 258}]
    assert chunk.cost_metadata.context_length == 1000
    assert chunk.usage is not None
    assert (chunk.usage.input_image_tokens, chunk.usage.output_image_tokens) == (258, 1290)


def test_litellm_says_its_cost_and_whether_it_asked_anybody() -> None:
    """0.0 for what came out of its cache. It says so in a private attribute of its model."""
    answer: Any = ModelResponse(id="r", model="gpt-4o", choices=[])
    answer._hidden_params = {"response_cost": 0.0, "cache_hit": True}
    found = fields(told("openai_chat", answer))
    assert (found["cost"], found["cached_response"]) == (0.0, True)
    answer._hidden_params = {"response_cost": None, "cache_hit": None}
    no_tokens = {"input_tokens": 0, "output_tokens": 0, "context_length": 0}  # LiteLLM's own usage of no answer
    assert fields(told("openai_chat", answer)) == no_tokens


@pytest.mark.parametrize(("said", "cost"), [(0.0, None), (0.25, 0.25), (None, None)])
def test_litellms_chunks_say_0_before_there_is_a_cost(said: float | None, cost: float | None) -> None:
    """As those of 1.72 do, all through the stream."""
    chunk: Any = ModelResponseStream(id="r", model="gpt-4o", choices=[])
    chunk._hidden_params = {"response_cost": said}
    assert fields(told("openai_chat", chunk)).get("cost") == cost
    chunk._hidden_params = {"response_cost": said, "cache_hit": True}
    assert fields(told("openai_chat", chunk)).get("cost") == said


# --- from the request ---


def test_the_answers_tier_beats_the_requests() -> None:
    """A provider may serve flex what was asked for as priority, and bills what it did."""
    tally = Tally()
    assert fields(tally, Request(tier="priority"))["tier"] == "priority"
    tally.service_tier = "flex"
    assert fields(tally, Request(tier="priority"))["tier"] == "flex"


@pytest.mark.parametrize(
    ("host", "region"),
    [
        ("bedrock-runtime.us-east-1.amazonaws.com", "us-east-1"),
        ("bedrock-runtime-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        ("europe-west4-aiplatform.googleapis.com", "europe-west4"),
        ("aiplatform.googleapis.com", "global"),
        ("aiplatform.eu.rep.googleapis.com", "eu"),
        ("eu.api.openai.com", "eu"),
        ("us-east-1.api.x.ai", "us-east-1"),
        ("eastus2.api.cognitive.microsoft.com", "eastus2"),
        ("my-model.eastus2.models.ai.azure.com", "eastus2"),
        ("api.openai.com", None),
        ("api.anthropic.com", None),
        ("localhost", None),
        (None, None),
    ],
)
def test_the_host_tells_the_region(host: str | None, region: str | None) -> None:
    """Where the wire doesn't."""
    assert region_of(host) == region
    assert fields(Tally(), Request(server_address=host)).get("region") == region


def test_media_of_the_request() -> None:
    """Each item with what is said of it; the count of tokens stands where it can only belong to one."""
    tally = told("google_generate_content", {"usageMetadata": GOOGLE_USAGE})
    one = Request(media={"images": [{"detail": "high"}], "pdf": [{}]})
    assert fields(tally, one)["images"] == [{"detail": "high", "tokens": 258}]
    assert fields(tally, one)["pdf"] == {"tokens": 300}
    two = Request(media={"images": [{"detail": "low"}, {}], "pdf": [{}, {}]})
    assert fields(tally, two)["images"] == [{"detail": "low"}, {}]
    assert fields(tally, two)["pdf"] == {"count": 2, "tokens": 300}


# --- on the span, and in the price ---


def settled(kit: Kit, tally: Tally, request: Request) -> dict[str, Any]:
    """The attributes of the span of a call that ended so."""
    from opentelemetry.context import Context

    span = kit.telemetry.start_span(request, START, Context())
    ended = Ended(request, tally, "completed", None, START, START, START)
    kit.telemetry.write(span, ended, kit.telemetry.assess(ended), status=True)
    span.end()
    return attributes_of(kit.spans[-1])


def test_it_reaches_the_span(kit: Kit) -> None:
    """Under the conventions' names where there are some, else as `chunkmeter.cost_metadata.*`."""
    tally = told("google_generate_content", {"usageMetadata": {**GOOGLE_USAGE, "serviceTier": "FLEX"}})
    tally.response_model = "gemini-2.5-flash-image"
    request = Request(
        provider="gcp.vertex_ai",
        server_address="europe-west4-aiplatform.googleapis.com",
        media={"images": [{}, {}], "audio": [{}]},
    )
    found = settled(kit, tally, request)
    prefix = "chunkmeter.cost_metadata."
    assert {name.removeprefix(prefix): value for name, value in found.items() if name.startswith(prefix)} == {
        "region": "europe-west4",
        "tier": "FLEX",
        "images": 2,
        "image_tokens": 258,
        "audio": 1,
        "video_tokens": 300,
        "pdf_tokens": 300,
    }
    assert found["gen_ai.usage.audio.input_tokens"] == 42
    # 1,290 image tokens of gemini-2.5-flash-image at 30 USD a million, 10 others out at 2.50, 1,000 in at 0.30.
    assert found["gen_ai.usage.cost.amount"] == pytest.approx(0.0387 + 0.000025 + 0.0003, abs=1e-12)
    assert found["chunkmeter.cost.output_image"] == pytest.approx(0.0387, abs=1e-12)


@pytest.mark.parametrize(
    ("answered", "asked", "amount"),
    [
        # gpt-5: 1000 in at 1.25 USD a million; flex is half, priority double.
        ("flex", "priority", 0.000625),
        (None, "priority", 0.0025),
        ("default", "flex", 0.00125),
        (None, None, 0.00125),
        (None, "auto", 0.00125),
    ],
)
def test_the_tier_that_served_is_the_one_that_is_billed(
    kit: Kit, answered: str | None, asked: str | None, amount: float
) -> None:
    """The request's only where the answer is silent."""
    event = {"choices": [], "model": "gpt-5", "service_tier": answered, "usage": {"prompt_tokens": 1000}}
    found = settled(kit, told("openai_chat", event), Request(provider="openai", tier=asked))
    assert found["gen_ai.usage.cost.amount"] == pytest.approx(amount, abs=1e-12)


def test_a_region_that_costs_more(kit: Kit) -> None:
    """Held in the United States, Claude costs 1.1 times as much: 1000 in at 5 USD a million, times 1.1."""
    usage = {"input_tokens": 1000, "inference_geo": "us"}
    tally = told(
        "anthropic_messages", {"type": "message_start", "message": {"model": "claude-opus-4-6", "usage": usage}}
    )
    found = settled(kit, tally, Request(provider="anthropic"))
    assert found["gen_ai.usage.cost.amount"] == pytest.approx(0.0055, abs=1e-12)


def test_the_cost_of_a_cut_stream_is_partial(kit: Kit) -> None:
    """Its input is priced, 1000 at 3 USD a million, and it is told apart in span and metrics."""
    usage = {"input_tokens": 1000, "output_tokens": 1}
    event = {"type": "message_start", "message": {"model": "claude-sonnet-4-5", "usage": usage}}
    tally, request = told("anthropic_messages", event), Request(provider="anthropic", model="claude-sonnet-4-5")
    ended = Ended(request, tally, "interrupted", "stream_interrupted", START, START, START)
    from opentelemetry.context import Context

    facts = kit.telemetry.assess(ended)
    kit.telemetry.record(ended, facts, Context())
    assert (facts.cost_status, facts.usage_status) == ("partial", "partial")
    for metric in ("chunkmeter.spend", "gen_ai.client.operation.cost"):
        assert kit.total(metric, cost__status="partial") == pytest.approx(0.003, abs=1e-12)
    assert kit.total("chunkmeter.calls", cost__status="partial") == 1
