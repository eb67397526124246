"""What a call used beside tokens, as Google, Bedrock and Cohere tell it: each item once, whatever its chunks repeat."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from chunkmeter import wrap
from chunkmeter.facts.tally import Tally
from chunkmeter.readers import for_wire
from chunkmeter.testing import Kit
from support import protos
from support.chunks import Json, fold, google_sdk

GEMINI, LIVE, INTERACTIONS = "google_generate_content", "google_live", "google_interactions"
CONVERSE, INVOKE = "bedrock_converse", "bedrock_invoke"
NEW, OLD = "gemini-3.5-flash", "gemini-2.5-flash"
WEB: Json = {"groundingChunks": [{"web": {"uri": "https://example.org", "title": "t"}}]}


def as_json(event: Json) -> Any:
    return event


def answer(model: str, grounding: Json | None = None, reason: str | None = None, **more: Any) -> Json:
    candidate: Json = {"index": 0, "content": {"role": "model", "parts": [{"text": "x"}]}}
    candidate |= ({} if grounding is None else {"groundingMetadata": grounding}) | (
        {"finishReason": reason} if reason else {}
    )
    return {"candidates": [candidate], "modelVersion": model, "responseId": "r"} | more


SHAPES = pytest.mark.parametrize("made", [as_json, google_sdk, protos.of_json])


# --- Gemini ---


@SHAPES
@pytest.mark.parametrize(
    ("model", "grounding", "items"),
    [
        (NEW, {"webSearchQueries": ["a", "b"]} | WEB, {"web_search": 2}),
        (NEW, {"webSearchQueries": ["a", "", " "]}, {"web_search": 1}),
        (OLD, {"webSearchQueries": ["a", "b", "c"]} | WEB, {"web_search": 1}),
        ("gemini-2.0-flash-001", {"webSearchQueries": ["a", "b"]}, {"web_search": 1}),
        ("gemini-4-argon", {"webSearchQueries": ["a", "b"]}, {"web_search": 2}),
        # What was found without a word on how is one search at least.
        (NEW, WEB, {"web_search": 1}),
        # The tool was there, and not used.
        (NEW, {}, {}),
        (OLD, {"webSearchQueries": []}, {}),
        (NEW, {"groundingChunks": [{"retrievedContext": {"uri": "gs://b/d", "title": "d"}}]}, {"retrieval": 1}),
    ],
)
def test_searches_of_gemini(made: Any, model: str, grounding: Json, items: Json) -> None:
    """The third generation is charged by the query, those before it by the prompt."""
    assert fold(GEMINI, made(answer(model)), made(answer(model, grounding, "STOP"))).items == items


@pytest.mark.parametrize("model", [OLD, NEW])
def test_a_page_that_the_prompt_names_is_read_for_free(model: str) -> None:
    """It stands among the pages that the answer rests on, as those of a search do."""
    event = answer(model, WEB, "STOP")
    event["candidates"][0]["urlContextMetadata"] = {"urlMetadata": [{"retrievedUrl": "https://example.org"}]}
    assert fold(GEMINI, event).items == {}


@SHAPES
@pytest.mark.parametrize(
    ("grounding", "items"),
    [
        (
            {"groundingChunks": [{"maps": {"uri": "https://maps.google.com/?cid=1", "placeId": "p"}}]},
            {"maps_search": 1},
        ),
        ({"googleMapsWidgetContextToken": "w"}, {"maps_search": 1}),
    ],
)
def test_maps(made: Any, grounding: Json, items: Json) -> None:
    assert fold(GEMINI, made(answer(NEW, grounding, "STOP"))).items == items


@pytest.mark.parametrize(
    ("grounding", "items"),
    [
        ({"imageSearchQueries": ["a", "b"]}, {"image_search": 2}),
        ({"retrievalQueries": ["a", "b"]}, {"retrieval": 2}),
        ({"groundingChunks": [{"retrievedContext": {"text": "t", "fileSearchStore": "s"}}]}, {}),
    ],
)
def test_other_grounding(grounding: Json, items: Json) -> None:
    """What is found in the Gemini API's own file stores is free."""
    assert fold(GEMINI, answer(NEW, grounding, "STOP")).items == items


@SHAPES
def test_grounding_in_the_middle_is_not_passed_over(made: Any) -> None:
    """A chunk of text that says nothing else new brings it; a later statement replaces an earlier one."""
    usage: Json = {"usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 1, "totalTokenCount": 6}}
    middle = [answer(NEW, {"webSearchQueries": words}, **usage) for words in (["a"], ["a", "b", "c"])]
    tally = fold(
        GEMINI, *map(made, [answer(NEW, **usage), *middle, answer(NEW, WEB, **usage), answer(NEW, reason="STOP")])
    )
    assert tally.items == {"web_search": 3}


def test_the_model_asked_for_tells_how_it_is_charged() -> None:
    """Older services don't say which model answers."""
    event = answer(OLD, {"webSearchQueries": ["a", "b"]}, "STOP")
    del event["modelVersion"]
    for model, searches in ((OLD, 1), (NEW, 2), (None, 2)):
        tally = Tally(GEMINI, request_model=model)
        for_wire(GEMINI).read(tally, event)
        assert tally.items == {"web_search": searches}


@pytest.mark.parametrize(
    ("model", "micro_usd"),
    [
        # 500 * 0.50 + 300 * 3, and 2 queries at 14,000
        ("gemini-3-flash-preview", 250 + 900 + 28_000),
        # 500 * 0.30 + 300 * 2.50, and one grounded prompt at 35,000
        ("gemini-2.5-flash", 150 + 750 + 35_000),
    ],
)
def test_what_a_grounded_answer_costs(kit: Kit, model: str, micro_usd: int) -> None:
    usage: Json = {"promptTokenCount": 500, "candidatesTokenCount": 300, "totalTokenCount": 800}
    events = [answer(model), answer(model, {"webSearchQueries": ["a", "b"]} | WEB, "STOP", usageMetadata=usage)]
    list(wrap(iter(events), provider="google", model=model, telemetry=kit.telemetry))
    assert kit.total("chunkmeter.spend") == pytest.approx(micro_usd / 1e6, rel=1e-12)
    assert kit.attributes["chunkmeter.cost.status"] == "known"


def test_maps_have_no_price(kit: Kit) -> None:
    """And are named: 500 * 0.50 + 300 * 3."""
    usage: Json = {"promptTokenCount": 500, "candidatesTokenCount": 300, "totalTokenCount": 800}
    model = "gemini-3-flash-preview"
    events = [answer(model, {"googleMapsWidgetContextToken": "w"}, "STOP", usageMetadata=usage)]
    list(wrap(iter(events), provider="google", model=model, telemetry=kit.telemetry))
    assert kit.attributes["chunkmeter.cost.unpriced"] == ["maps_search"]
    assert kit.total("chunkmeter.spend") == pytest.approx(0.00115, rel=1e-12)


@pytest.mark.parametrize(
    ("model", "items"),
    [
        (NEW, {"web_search": 3, "maps_search": 2, "retrieval": 1, "enterprise_web_search": 4}),
        (OLD, {"web_search": 1, "maps_search": 2, "retrieval": 1, "enterprise_web_search": 4}),
    ],
)
def test_interactions_count_their_tools(model: str, items: Json) -> None:
    """A tool that has no name of ours keeps its own."""
    said = [
        ("google_search", 3),
        ("google_maps", 2),
        ("retrieval", 1),
        ("enterprise_web_search", 4),
        ("none", 0),
        (None, 5),
    ]
    usage: Json = {
        "total_input_tokens": 5, "total_output_tokens": 2,
        "grounding_tool_count": [{"type": kind, "count": number} for kind, number in said],
    }  # fmt: skip
    interaction: Json = {"id": "i", "object": "interaction", "model": model, "status": "completed", "usage": usage}
    event: Json = {"type": "interaction.complete", "interaction": interaction}
    assert fold(INTERACTIONS, event, event).items == items


def test_turns_of_a_session_add_up() -> None:
    """Within a turn a later statement replaces the earlier one: 2 and 1 queries."""

    def turn(*statements: list[str]) -> list[Json]:
        said = [{"serverContent": {"groundingMetadata": {"webSearchQueries": words}}} for words in statements]
        return [
            {"serverContent": {"modelTurn": {"parts": [{"text": "x"}]}}},
            *said,
            {"serverContent": {"turnComplete": True}},
            {"usageMetadata": {"promptTokenCount": 7, "responseTokenCount": 2, "trafficType": "ON_DEMAND_PRIORITY"}},
        ]  # fmt: skip

    tally = Tally(LIVE, request_model="gemini-3.8-live")
    for event in [*turn(["a"], ["a", "b"]), *turn(["c"]), *turn()]:
        for_wire(LIVE).read(tally, event)
    assert tally.items == {"web_search": 3}
    assert (tally.tokens().input_tokens, tally.tokens().output_tokens) == (21, 6)
    assert tally.service_tier == "ON_DEMAND_PRIORITY"


# --- Bedrock ---


def assessment(**units: int) -> Json:
    return {"topicPolicy": {"topics": []}, "invocationMetrics": {"guardrailProcessingLatency": 9, "usage": units}}


CHECKED: Json = {
    "topicPolicyUnits": 1,
    "contentPolicyUnits": 2,
    "wordPolicyUnits": 5,
    "sensitiveInformationPolicyFreeUnits": 7,
}
USAGE: Json = {"inputTokens": 1000, "outputTokens": 100, "totalTokens": 1100}


def traced() -> Json:
    """1 + 2 units of what went in, 3 and 4 of what came out; those of words are free."""
    return {
        "guardrail": {
            "inputAssessment": {"g1": assessment(**CHECKED)},
            "outputAssessments": {
                "g1": [assessment(contextualGroundingPolicyUnits=3)],
                "g2": [assessment(contentPolicyImageUnits=4, automatedReasoningPolicies=9)],
            },
        }
    }


def test_guardrails_of_converse() -> None:
    """In a stream the metadata has the trace, in a whole answer the answer itself."""
    stop: Json = {"messageStop": {"stopReason": "end_turn"}}
    metadata: Json = {"metadata": {"usage": USAGE, "trace": traced()}}
    assert fold(CONVERSE, {"messageStart": {"role": "assistant"}}, stop, metadata, metadata).items == {
        "guardrail_unit": 10
    }
    assert fold(CONVERSE, {"stopReason": "end_turn", "usage": USAGE, "trace": traced()}).items == {"guardrail_unit": 10}
    assert fold(CONVERSE, stop, {"metadata": {"usage": USAGE, "trace": {"promptRouter": {}}}}).items == {}


def test_a_guardrail_whose_units_nobody_tells_is_named() -> None:
    """A trace has to be asked for."""
    stopped: Json = {"messageStop": {"stopReason": "guardrail_intervened"}}
    assert fold(CONVERSE, stopped, {"metadata": {"usage": USAGE}}).items == {"guardrail": 1}
    metadata: Json = {"metadata": {"usage": USAGE, "trace": traced()}}
    for events in ([stopped, metadata], [metadata, stopped]):
        assert fold(CONVERSE, *events).items == {"guardrail_unit": 10}


def test_tools_that_bedrock_runs_keep_their_names() -> None:
    """A tool of the app is none of them."""

    def tool(name: str, **more: str) -> Json:
        return {"toolUse": {"toolUseId": name, "name": name} | more}

    blocks = [tool("nova_grounding", type="server_tool_use")] * 2 + [tool("mine"), tool("mine", type="tool_use")]
    starts = [{"contentBlockStart": {"start": block, "contentBlockIndex": at}} for at, block in enumerate(blocks)]
    assert fold(CONVERSE, *starts, {"messageStop": {"stopReason": "end_turn"}}).items == {"nova_grounding": 2}
    message: Json = {"message": {"role": "assistant", "content": [*blocks, {"text": "x"}]}}
    assert fold(CONVERSE, {"output": message, "stopReason": "end_turn", "usage": USAGE}).items == {"nova_grounding": 2}


def body(**fields: Any) -> Json:
    return {"chunk": {"bytes": json.dumps(fields).encode()}}


def test_guardrails_of_invoke() -> None:
    trace = {"guardrail": {"input": {"g1": assessment(**CHECKED)}, "outputs": [{"g1": assessment(topicPolicyUnits=2)}]}}
    more = {"amazon-bedrock-guardrailAction": "NONE", "amazon-bedrock-trace": trace}
    assert fold(INVOKE, body(outputText="x", completionReason="FINISH", **more)).items == {"guardrail_unit": 5}
    silent = body(outputText="x", completionReason="FINISH", **{"amazon-bedrock-guardrailAction": "NONE"})
    assert fold(INVOKE, silent).items == {"guardrail": 1}
    assert fold(INVOKE, body(outputText="x", completionReason="FINISH")).items == {}


@pytest.mark.parametrize(
    "trace", [None, 7, [], {"guardrail": 7}, {"guardrail": {"input": {"g": {"invocationMetrics": {}}}}}]
)
def test_a_damaged_trace_says_nothing(trace: Any) -> None:
    assert fold(CONVERSE, {"metadata": {"usage": USAGE, "trace": trace}}).items == {}


@pytest.mark.parametrize(
    ("said", "tier"),
    [
        ({"serviceTier": {"type": "priority"}}, "priority"),
        ({"serviceTier": "flex"}, "flex"),
        ({"serviceTier": {"type": "default"}, "performanceConfig": {"latency": "optimized"}}, "optimized"),
        ({"serviceTier": {"type": "reserved"}, "performanceConfig": {"latency": "standard"}}, "reserved"),
        ({"performanceConfigLatency": "optimized"}, "optimized"),
        ({}, None),
    ],
)
def test_tiers_of_bedrock(said: Json, tier: str | None) -> None:
    """In an answer's metadata, in a whole answer, and beside the body of InvokeModel."""
    assert fold(CONVERSE, {"metadata": {"usage": USAGE} | said}).service_tier == tier
    assert fold(CONVERSE, {"stopReason": "end_turn", "usage": USAGE} | said).service_tier == tier
    assert fold(INVOKE, body(outputText="x", completionReason="FINISH") | said).service_tier == tier
    encoded = base64.b64encode(json.dumps({"outputText": "x"} | said).encode()).decode()
    assert fold(INVOKE, {"bytes": encoded}).service_tier == tier


# --- Cohere ---


def test_units_of_cohere(kit: Kit) -> None:
    """The table has no price for them: command-a-03-2025 is 1000 * 2.50 + 10 * 10, and the units are named."""
    units: Json = {"input_tokens": 1000, "output_tokens": 10, "search_units": 2, "classifications": 0}
    delta: Json = {"finish_reason": "COMPLETE", "usage": {"billed_units": units, "tokens": {"input_tokens": 1200}}}
    events: list[Json] = [{"type": "message-start", "id": "c"}, {"type": "message-end", "delta": delta}]
    assert fold("cohere", *events).items == {"search_unit": 2}
    list(wrap(iter(events), provider="cohere", model="command-a-03-2025", telemetry=kit.telemetry))
    assert kit.attributes["chunkmeter.cost.unpriced"] == ["search_unit"]
    assert kit.total("chunkmeter.spend") == pytest.approx(0.0026, rel=1e-12)


def test_answers_of_cohere_without_tokens() -> None:
    """A rerank is charged by units alone, a classification by classes, images by tokens of their own."""
    for units, items in (
        ({"search_units": 1}, {"search_unit": 1}),
        ({"classifications": 4}, {"classifications": 4}),
        ({"images": 2.0, "image_tokens": 90}, {"images": 2.0, "image_tokens": 90}),
    ):
        event: Json = {"id": "r", "results": [], "meta": {"api_version": {"version": "2"}, "billed_units": units}}
        assert fold("cohere", event).items == items
