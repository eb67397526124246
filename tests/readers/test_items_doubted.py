"""What a wire tells of items in odd ways: counts that can't be, events said twice, tools that nobody expects."""

from __future__ import annotations

import math
from typing import Any

import openai.types.chat
import pytest

from chunkmeter import wrap
from chunkmeter.facts.tally import Tally
from chunkmeter.readers import for_wire
from chunkmeter.testing import Kit
from support.chunks import Json, anthropic_sdk, fold

Events = list[Json]

CONVERSE, INTERACTIONS, LIVE, IMAGES = "bedrock_converse", "google_interactions", "google_live", "openai_images"
CHAT, MESSAGES, RESPONSES = "openai_chat", "anthropic_messages", "openai_responses"


def bill(kit: Kit, events: list[Any], provider: str, model: str | None = None) -> tuple[str, float, list[str] | None]:
    """The cost's status, the amount in millionths of a dollar, and what it lacks."""
    list(wrap(iter(events), provider=provider, model=model, telemetry=kit.telemetry))
    said = kit.attributes
    micro_usd = round(kit.total("chunkmeter.spend") * 1e6, 6)
    return said["chunkmeter.cost.status"], micro_usd, said.get("chunkmeter.cost.unpriced")


# --- counts that can't be ---


def messages(*blocks: Json, **usage: Any) -> Events:
    spent: Json = {"input_tokens": 1000, "output_tokens": 100} | usage
    begun: Json = {"id": "m", "model": "claude-sonnet-4-5", "stop_reason": None, "usage": {"input_tokens": 1000}}
    return [
        {"type": "message_start", "message": begun},
        *({"type": "content_block_start", "index": at, "content_block": block} for at, block in enumerate(blocks)),
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": spent},
    ]


def chat(*deltas: Json, model: str = "gpt-4o", **usage: Any) -> Events:
    spent: Json = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100} | usage
    chunk: Json = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": model}
    pieces = [chunk | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    last: Json = {"index": 0, "delta": {}, "finish_reason": "stop"}
    return [*pieces, chunk | {"choices": [last]}, chunk | {"choices": [], "usage": spent}]


def responses(*output: Json, model: str = "gpt-5", **beside: Any) -> Events:
    spent: Json = {"input_tokens": 1000, "output_tokens": 100, "total_tokens": 1100}
    whole: Json = {"id": "r", "object": "response", "status": "completed", "model": model, "output": [*output]}
    return [{"type": "response.completed", "response": whole | {"usage": spent} | beside}]


def interaction(number: Any) -> Events:
    usage: Json = {
        "total_input_tokens": 1000, "total_output_tokens": 100,
        "grounding_tool_count": [{"type": "google_search", "count": number}],
    }  # fmt: skip
    whole: Json = {"object": "interaction", "model": "gemini-2.5-flash", "status": "completed", "usage": usage}
    return [{"event_type": "interaction.completed", "interaction": whole}]


def guarded(number: Any) -> Events:
    metrics: Json = {"invocationMetrics": {"usage": {"topicPolicyUnits": number}}}
    trace: Json = {"guardrail": {"inputAssessment": {"g": metrics}}}
    usage: Json = {"inputTokens": 1000, "outputTokens": 100, "totalTokens": 1100}
    return [{"messageStop": {"stopReason": "end_turn"}}, {"metadata": {"usage": usage, "trace": trace}}]


def heard(number: Any) -> Events:
    kind = "conversation.item.input_audio_transcription.completed"
    return [
        {"type": "session.created", "session": {"audio": {"input": {"transcription": {"model": "whisper-1"}}}}},
        {"type": kind, "item_id": "a", "usage": {"type": "duration", "seconds": number}},
    ]


COUNTED = {
    "Anthropic": ("anthropic", lambda n: messages(server_tool_use={"web_search_requests": n})),
    "responses": ("openai", lambda n: responses(tool_usage={"web_search": {"num_requests": n}})),
    "xAI": ("xai", lambda n: chat(model="grok-4", num_sources_used=n)),
    "xAI's tools": ("xai", lambda n: chat(model="grok-4", server_side_tool_usage_details={"x_search_calls": n})),
    "Perplexity": ("perplexity", lambda n: chat(model="sonar-deep-research", citation_tokens=n)),
    "Mistral": ("mistral", lambda n: chat(model="voxtral-small-24b-2507", prompt_audio_seconds=n)),
    "Copilot": ("openai", lambda n: [*chat()[:-1], chat()[-1] | {"copilot_usage": {"total_nano_aiu": n}}]),
    "interactions": ("google", interaction),
    "guardrails": ("bedrock", guarded),
    "seconds": ("openai", heard),
}


@pytest.mark.parametrize("number", [-1, -0.5, 2**53, 10**400, math.inf, math.nan])
@pytest.mark.parametrize("whose", COUNTED)
def test_a_count_that_no_call_has_is_not_unused(kit: Kit, whose: str, number: float) -> None:
    """The tokens alone would read as the whole cost."""
    provider, events = COUNTED[whose]
    model = "amazon.nova-lite-v1:0" if provider == "bedrock" else None
    assert bill(kit, events(number), provider, model) == ("impossible_usage", 0, None)


@pytest.mark.parametrize("number", [0, 0.0, None, "3", True, [3], {"n": 3}])
@pytest.mark.parametrize("whose", [name for name in COUNTED if name != "seconds"])
def test_what_is_no_count_is_none(kit: Kit, whose: str, number: Any) -> None:
    provider, events = COUNTED[whose]
    model = "amazon.nova-lite-v1:0" if provider == "bedrock" else None
    status, micro_usd, lacking = bill(kit, events(number), provider, model)
    assert (status, lacking) == ("known", None)
    assert micro_usd > 0


def test_many_items_together_hide_no_impossible_one() -> None:
    """What comes after the first 128 is one item."""
    tally = Tally()
    for index in range(200):
        tally.use(f"tool-{index}", -1 if index == 150 else 1000)
    tally.clean()
    assert tally.items["more"] == math.inf


# --- events said twice ---


def test_an_image_said_twice_is_one(kit: Kit) -> None:
    """Two events of the same image, and another one."""
    drawn: Events = [{"type": "image_generation.completed", "b64_json": data} for data in ("aGk=", "aGk=", "aGU=")]
    assert fold(IMAGES, *drawn).items == {"image": 2}
    assert fold(IMAGES, *[{"type": "image_edit.completed", "url": "https://example.org/1"}] * 2).items == {"image": 1}
    assert bill(kit, drawn, "openai", "dall-e-3") == ("incomplete", 0, ["image"])


def test_a_tool_of_bedrock_said_twice_ran_once() -> None:
    tool: Json = {"toolUse": {"toolUseId": "t1", "name": "nova_grounding", "type": "server_tool_use"}}
    start: Json = {"contentBlockStart": {"start": tool, "contentBlockIndex": 0}}
    other: Json = {"contentBlockStart": {"start": tool, "contentBlockIndex": 2}}
    assert fold(CONVERSE, start, start).items == {"nova_grounding": 1}
    assert fold(CONVERSE, start, other, start).items == {"nova_grounding": 2}


# --- Anthropic's tools ---


def ran(name: str, whose: str, **more: Any) -> Json:
    return {"type": "server_tool_use", "id": whose, "name": name, "input": {}} | more


FROM_CODE: Json = {"caller": {"type": "code_execution_20260120", "tool_id": "c1"}}


@pytest.mark.parametrize(
    ("blocks", "used", "items"),
    [
        # Code is charged by the hour, and the usage has no count of it.
        ([ran("bash_code_execution", "c1"), ran("text_editor_code_execution", "c2")], None, {"code_execution": 2}),
        # ... unless a search was made from it.
        ([ran("code_execution", "c1"), ran("web_search", "w1", **FROM_CODE)], {"web_search_requests": 1},
         {"web_search": 1}),
        ([ran("web_fetch", "f1", **FROM_CODE), ran("code_execution", "c1")], {"web_fetch_requests": 1}, {}),
        # A search that failed is not charged: what the usage counts is what counts.
        ([ran("web_search", "w1"), ran("web_search", "w2")], {"web_search_requests": 1}, {"web_search": 1}),
        ([ran("web_search", "w1")], {"web_search_requests": 0}, {}),
        ([ran("web_search", "w1"), ran("web_search", "w2")], None, {"web_search": 2}),
        # These cost nothing but tokens.
        ([ran("advisor", "a1"), ran("tool_search_tool_regex", "t1"), ran("web_fetch", "f1")],
         {"web_fetch_requests": 1, "tool_search_requests": 1}, {}),
        # What nobody knows is named by its own word.
        ([ran("telepathy", "t1")], None, {"telepathy": 1}),
        ([], {"telepathy_requests": 3, "note": "x"}, {"telepathy": 3}),
        ([{"type": "tool_use", "id": "u1", "name": "web_search"}], None, {}),
    ],
)  # fmt: skip
def test_tools_of_anthropic(blocks: Events, used: Json | None, items: Json) -> None:
    events = messages(*blocks, **({} if used is None else {"server_tool_use": used}))
    assert fold(MESSAGES, *events).items == items
    assert fold(MESSAGES, *(event for event in events for _ in range(2))).items == items
    assert fold(MESSAGES, *map(anthropic_sdk, events)).items == items
    usage = events[-1]["usage"]
    whole: Json = {"type": "message", "model": "m", "stop_reason": "end_turn", "content": blocks, "usage": usage}
    assert fold(MESSAGES, whole).items == items


def test_code_that_nobody_counts_is_named(kit: Kit) -> None:
    """claude-sonnet-4-5: 1000 * 3 + 100 * 15."""
    events = messages(ran("bash_code_execution", "c1"))
    assert bill(kit, events, "anthropic") == ("incomplete", 4500, ["code_execution"])


# --- OpenAI's chat, as others speak it ---


@pytest.mark.parametrize("mark", [False, True])
@pytest.mark.parametrize("content", [{}, {"content": None}, {"content": ""}])
def test_groq_s_tools_are_seen_without_its_mark(kit: Kit, content: Json, *, mark: bool) -> None:
    """A gateway may drop it, and it may come late. gpt-oss-120b: 1000 * 0.15 + 100 * 0.6."""
    tools: Json = {"executed_tools": [{"index": 0, "type": "search", "arguments": "{}"}]}
    events = chat({"content": "a"}, {"content": "b"}, content | tools, {"content": "c"}, model="openai/gpt-oss-120b")
    if mark:
        events[1]["x_groq"] = {"id": "req_1"}
    assert fold(CHAT, *events).items == {"web_search": 1}
    sdk = [openai.types.chat.ChatCompletionChunk.model_validate(event) for event in events]
    assert fold(CHAT, *sdk).items == {"web_search": 1}
    assert bill(kit, sdk, "groq") == ("incomplete", 210, ["web_search"])


def test_moonshot_has_the_app_call_its_search(kit: Kit) -> None:
    """Each such call has a fee, https://platform.moonshot.ai/docs/pricing/tools; a tool of the app's own has none."""
    calls = [
        {"index": index, "id": f"t{index}", "type": "builtin_function", "function": {"name": name, "arguments": ""}}
        for index, name in enumerate(("$web_search", "mine"))
    ]
    more: Json = {"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]}
    events = chat({"role": "assistant", "content": ""}, *({"tool_calls": [call]} for call in calls), more,
                  model="kimi-k2.5")  # fmt: skip
    assert fold(CHAT, *events).items == {"web_search": 1}
    sdk = [openai.types.chat.ChatCompletionChunk.construct(None, **event) for event in events]
    assert fold(CHAT, *sdk).items == {"web_search": 1}
    status, micro_usd, lacking = bill(kit, events, "moonshot")
    assert (status, lacking) == ("incomplete", ["web_search"])
    assert micro_usd > 0
    message: Json = {"role": "assistant", "content": "x", "tool_calls": calls}
    whole: Json = {"object": "chat.completion", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    assert fold(CHAT, whole).items == {"web_search": 1}


@pytest.mark.parametrize(
    ("usage", "items"),
    [
        # Two words for one tool are added up.
        ({"server_side_tool_usage_details": {"code_interpreter_calls": 1, "code_execution_calls": 2}},
         {"code_execution": 3}),
        # Zeros tell of no tool, so that sources are those of Live Search.
        ({"server_side_tool_usage_details": {"web_search_calls": 0}, "num_sources_used": 5}, {"search_source": 5}),
        # Tools that cost nothing are tools all the same.
        ({"server_side_tool_usage_details": {"mcp_calls": 2}, "num_server_side_tools_used": 2}, {}),
        ({"server_side_tool_usage_details": {"x_search_calls": 2.0}}, {"x_search": 2}),
    ],
)  # fmt: skip
def test_tools_of_xai(usage: Json, items: Json) -> None:
    assert fold(CHAT, *chat(**usage)).items == items


# --- others ---


@pytest.mark.parametrize(("model", "lacking"), [("gpt-4o-mini", ["search_content"]), ("gpt-4o", None)])
def test_what_some_models_searches_find_is_charged_apart(kit: Kit, model: str, lacking: list[str] | None) -> None:
    """By a fixed number of tokens a search, which no usage has."""
    search: Json = {"id": "w1", "type": "web_search_call", "status": "completed", "action": {"type": "search"}}
    status, _, unpriced = bill(kit, responses(search, model=model), "openai")
    assert (status, unpriced) == ("known" if lacking is None else "incomplete", lacking)
    assert fold(RESPONSES, *responses(model=model)).items == {}


def test_each_turn_of_live_has_its_own_search() -> None:
    """Pages that were found without a word on how are one search a turn, whatever the turn before found."""
    found: Json = {"groundingMetadata": {"groundingChunks": [{"web": {"uri": "https://example.org"}}]}}
    turn: Events = [
        {"serverContent": {"modelTurn": {"parts": [{"text": "x"}]}}},
        {"serverContent": found},
        {"serverContent": {"turnComplete": True}},
    ]
    tally = Tally(LIVE, request_model="gemini-3.8-live")
    for event in [*turn, *turn]:
        for_wire(LIVE).read(tally, event)
    assert tally.items == {"web_search": 2}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        # gpt-4o is 1000 * 2.5 + 100 * 10; a fee of 500 beside 10,000 upstream
        ({"cost": 0.0005, "cost_details": {"upstream_inference_cost": 0.01}}, 10_500),
        # OpenRouter's own key: what it charges has what it paid
        ({"cost": 0.01, "cost_details": {"upstream_inference_cost": 0.01}}, 10_000),
        ({"cost": 0.01, "is_byok": False, "cost_details": {"upstream_inference_cost": 0.02}}, 10_000),
    ],
)
def test_whose_key_it_was_shows_in_the_costs(kit: Kit, fields: Json, expected: float) -> None:
    assert bill(kit, chat(model="openai/gpt-4o", **fields), "openrouter") == ("known", expected, None)


def test_search_models_search_in_responses_too(kit: Kit) -> None:
    """gpt-4o-mini-search-preview: 1000 * 0.15 + 100 * 0.6."""
    events = responses(model="gpt-4o-mini-search-preview")
    assert bill(kit, events, "openai") == ("incomplete", 210, ["web_search_preview"])


def test_interactions_count_tools_without_a_fee(kit: Kit) -> None:
    """gemini-2.5-flash: 1000 * 0.3 + 100 * 2.5."""
    events = interaction(0)
    used = events[0]["interaction"]["usage"]
    used["grounding_tool_count"] = [
        {"type": kind, "count": 2} for kind in ("url_context", "code_execution", "file_search")
    ]
    assert bill(kit, events, "google") == ("known", 550, None)


CLAUDE = "global.anthropic.claude-sonnet-4-5-20250929-v1:0"


@pytest.mark.parametrize(
    ("provider", "model", "events"),
    [
        ("anthropic", "claude-sonnet-4-5", messages(
            cache_creation_input_tokens=100,
            cache_creation={"ephemeral_5m_input_tokens": 40, "ephemeral_24h_input_tokens": 60},
        )),
        ("bedrock", CLAUDE, [
            {"messageStop": {"stopReason": "end_turn"}},
            {"metadata": {"usage": {
                "inputTokens": 1000, "outputTokens": 100, "cacheWriteInputTokens": 100,
                "cacheDetails": [{"ttl": "5m", "inputTokens": 40}, {"ttl": "24h", "inputTokens": 60}],
            }}},
        ]),
    ],
)  # fmt: skip
def test_what_a_cache_keeps_for_a_time_that_nobody_lists(kit: Kit, provider: str, model: str, events: Events) -> None:
    """It is counted as other writes: 1000 * 3 + 100 * 3.75 + 100 * 15."""
    assert bill(kit, events, provider, model) == ("incomplete", 4875, ["class:cache_write_24h"])


@pytest.mark.parametrize(("model", "searches"), [("gemini-2.5-flash", 1), ("gemini-3-flash-preview", 3)])
@pytest.mark.parametrize("told", [None, 2])
def test_searches_of_interactions_are_steps(model: str, searches: int, told: int | None) -> None:
    """The usage may count none. One search has three queries, and each event of it is said twice."""
    call: Json = {"type": "google_search_call", "arguments": {"queries": ["a", "b", "c"]}}
    usage: Json = {"total_input_tokens": 5, "total_output_tokens": 2}
    if told is not None:
        usage["grounding_tool_count"] = [{"type": "google_search", "count": told}]
    whole: Json = {"object": "interaction", "model": model, "status": "completed", "usage": usage}
    step: Json = {"id": "s1", "type": "google_search_call"}
    events: Events = [
        {"event_type": "interaction.created", "interaction": {"object": "interaction", "model": model}},
        {"event_type": "step.start", "index": 2, "step": step},
        {"event_type": "step.delta", "index": 2, "delta": call},
        {"event_type": "step.delta", "index": 2, "delta": call},
        {"event_type": "interaction.completed", "interaction": whole},
    ]
    assert fold(INTERACTIONS, *events).items == {"web_search": searches if told is None or searches == 1 else told}
    steps: Json = {"steps": [{"type": "thought"}, call, {"type": "google_maps_call"}]}
    assert fold(INTERACTIONS, whole | {"usage": {}} | steps).items == {"web_search": searches, "maps_search": 1}


def test_a_cache_that_keeps_for_a_day_behind_openai_s_chat(kit: Kit) -> None:
    """As Doubleword counts it. claude-sonnet-4-5: 1000 * 3 + 100 * 0.75 more + 100 * 15."""
    kept: Json = {"ephemeral_1h_input_tokens": 0, "ephemeral_24h_input_tokens": 60, "ephemeral_5m_input_tokens": 40}
    events = chat(model="anthropic/claude-sonnet-4-5", cache_creation=kept, cache_creation_input_tokens=100)
    assert bill(kit, events, "litellm") == ("incomplete", 4575, ["class:cache_write_24h"])
