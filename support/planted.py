"""Calls that used so many of one thing that is charged for: how each wire tells of it, and what one more of it costs.

Prices are those of the providers' lists (`support.price_lists`), as far as the bundled table has them.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

from chunkmeter.readers import bedrock_invoke

__all__ = ["PLANTS", "SAME_AS", "Plant", "planted"]

Json = dict[str, Any]
Events = list[Json]
Made = Callable[[int], Events]


class Plant(NamedTuple):
    """How a wire tells of an item."""

    provider: str
    model: str
    events: Made
    """The events of a call that used so many of it."""
    usd: Decimal | None
    """What one more of it adds to the cost; None where the bundled table has no price of it."""
    named: str | None = None
    """What stands in `chunkmeter.cost.unpriced`, if not the kind's own name; how that begins, if it ends in ":"."""


def million(usd: str) -> Decimal:
    """The price of a token, by that of a million."""
    return Decimal(usd) / 1_000_000


def thousand(usd: str) -> Decimal:
    return Decimal(usd) / 1000


def hour(usd: str) -> Decimal:
    return Decimal(usd) / 3600


# --- calls of 1000 tokens in and 100 out ---


def anthropic(
    provider: str = "anthropic", usd: Decimal | None = None, named: str | None = None, *, ran: str | None = None,
    **usage: Any,
) -> Plant:  # fmt: skip
    """A usage whose values may be functions of how many there are."""
    model = "anthropic/claude-sonnet-4.5" if provider == "openrouter" else "claude-sonnet-4-5"

    def events(number: int) -> Events:
        spent: Json = {"input_tokens": 1000, "output_tokens": 100} | made(usage, number)
        message: Json = {"id": "m", "model": model, "stop_reason": None, "usage": {"input_tokens": 1000}}
        blocks: Events = [
            {
                "type": "content_block_start",
                "index": at,
                "content_block": {"type": "server_tool_use", "id": f"t{at}", "name": ran},
            }
            for at in range(number if ran else 0)
        ]
        over: Json = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": spent}
        return [{"type": "message_start", "message": message}, *blocks, over]

    return Plant(provider, model, events, usd, named)


def made(part: Any, number: int) -> Any:
    """`part`, where each function in it has become what it makes of the number."""
    if isinstance(part, dict):
        return {name: made(value, number) for name, value in part.items()}
    if isinstance(part, list):
        return [made(value, number) for value in part]
    return part(number) if callable(part) else part


def responses(
    model: str = "gpt-5", usd: Decimal | None = None, named: str | None = None, *, provider: str = "openai",
    output: Made = lambda _: [], usage: Json | None = None, **beside: Any,
) -> Plant:  # fmt: skip
    def events(number: int) -> Events:
        spent: Json = {"input_tokens": 1000, "output_tokens": 100, "total_tokens": 1100} | made(usage or {}, number)
        whole: Json = {"id": "r", "object": "response", "status": "completed", "model": model}
        whole |= {"output": output(number), "usage": spent} | made(beside, number)
        return [{"type": "response.completed", "response": whole}]

    return Plant(provider, model, events, usd, named)


def runs(kind: str, **fields: Any) -> Made:
    """So many calls of a tool."""
    return lambda number: [
        {"id": f"{kind}{index}", "type": kind, "status": "completed"} | made(fields, index) for index in range(number)
    ]


def chat(
    provider: str, model: str, usd: Decimal | None = None, named: str | None = None, *, delta: Json | None = None,
    beside: Json | None = None, **usage: Any,
) -> Plant:  # fmt: skip
    def events(number: int) -> Events:
        spent: Json = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100} | made(usage, number)
        chunk: Json = {"id": "c", "object": "chat.completion.chunk", "model": model}
        last: Json = {"index": 0, "delta": made(delta or {}, number), "finish_reason": "stop"}
        return [chunk | {"choices": [last]}, chunk | {"choices": [], "usage": spent} | made(beside or {}, number)]

    return Plant(provider, model, events, usd, named)


def xai(usd: Decimal | None = None, named: str | None = None, *, provider: str = "xai", **usage: Any) -> Plant:
    """A response of xAI's own SDK."""

    def events(number: int) -> Events:
        tier = made(usage.get("tier"), number)
        spent: Json = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100} | made(usage, number)
        output: Json = {"index": 0, "delta": {}, "finish_reason": "REASON_STOP"}
        return [{"id": "x", "model": "grok-4.3", "outputs": [output], "usage": spent, "service_tier": tier}]

    return Plant(provider, "grok-4.3", events, usd, named)


def gemini(
    model: str = "gemini-2.5-flash", usd: Decimal | None = None, named: str | None = None, grounding: Any = None,
    **usage: Any,
) -> Plant:  # fmt: skip
    def events(number: int) -> Events:
        spent: Json = {"promptTokenCount": 1000, "candidatesTokenCount": 100, "totalTokenCount": 1100}
        candidate: Json = {"index": 0, "content": {"parts": [{"text": "x"}]}, "finishReason": "STOP"}
        candidate["groundingMetadata"] = made(grounding or {}, number)
        return [{"candidates": [candidate], "modelVersion": model, "usageMetadata": spent | made(usage, number)}]

    return Plant("google", model, events, usd, named)


def live(usd: Decimal | None = None, named: str | None = None, grounding: Any = None, **usage: Any) -> Plant:
    def events(number: int) -> Events:
        spent: Json = {"promptTokenCount": 1000, "responseTokenCount": 100, "totalTokenCount": 1100}
        turn: Json = {"modelTurn": {"parts": [{"text": "x"}]}, "groundingMetadata": made(grounding or {}, number)}
        over: Json = {"serverContent": {"turnComplete": True}, "usageMetadata": spent | made(usage, number)}
        return [{"serverContent": turn}, over]

    return Plant("google", "gemini-3.8-live", events, usd, named)


def interactions(
    model: str = "gemini-3-flash-preview", usd: Decimal | None = None, named: str | None = None, *, tier: Any = None,
    steps: Made = lambda _: [], **usage: Any,
) -> Plant:  # fmt: skip
    def events(number: int) -> Events:
        spent: Json = {"total_input_tokens": 1000, "total_output_tokens": 100} | made(usage, number)
        whole: Json = {"id": "i", "object": "interaction", "model": model, "status": "completed", "usage": spent}
        whole |= {"service_tier": made(tier, number), "steps": steps(number)}
        return [{"event_type": "interaction.completed", "interaction": whole}]

    return Plant("google", model, events, usd, named)


def grounded_by(word: str) -> Json:
    return {"grounding_tool_count": [{"type": word, "count": so_many}]}


def cohere(usd: Decimal | None = None, **units: Any) -> Plant:
    def events(number: int) -> Events:
        billed: Json = {"input_tokens": 1000, "output_tokens": 100} | made(units, number)
        usage: Json = {"billed_units": billed, "tokens": {"input_tokens": 1000, "output_tokens": 100}}
        return [
            {"type": "message-start", "id": "c", "delta": {"message": {"role": "assistant"}}},
            {"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": usage}},
        ]

    return Plant("cohere", "command-a-03-2025", events, usd)


CLAUDE_ON_BEDROCK = "global.anthropic.claude-sonnet-4-5-20250929-v1:0"


def converse(
    usd: Decimal | None = None, named: str | None = None, *, tools: Made = lambda _: [], reason: Any = "end_turn",
    usage: Json | None = None, **beside: Any,
) -> Plant:  # fmt: skip
    def events(number: int) -> Events:
        spent: Json = {"inputTokens": 1000, "outputTokens": 100, "totalTokens": 1100} | made(usage or {}, number)
        begun: Events = [
            {"contentBlockStart": {"contentBlockIndex": index, "start": {"toolUse": tool}}}
            for index, tool in enumerate(tools(number))
        ]
        stop: Json = {"messageStop": {"stopReason": made(reason, number)}}
        return [*begun, stop, {"metadata": {"usage": spent} | made(beside, number)}]

    return Plant("bedrock", CLAUDE_ON_BEDROCK, events, usd, named)


def invoke(usd: Decimal | None = None, named: str | None = None, **beside: Any) -> Plant:
    """A body without counts of the model's own."""

    def events(number: int) -> Events:
        metered: Json = {"inputTokenCount": 1000, "outputTokenCount": 100}
        body: Json = {"outputText": "x", "completionReason": "FINISH", "amazon-bedrock-invocationMetrics": metered}
        more = made(beside, number)
        metered |= more.pop("metrics", {})
        return [body | more]

    return Plant("bedrock", CLAUDE_ON_BEDROCK, events, usd, named)


def realtime(
    usd: Decimal | None = None, named: str | None = None, *, before: Made = lambda _: [], **usage: Any
) -> Plant:
    def events(number: int) -> Events:
        spent: Json = {"input_tokens": 1000, "output_tokens": 100, "total_tokens": 1100} | made(usage, number)
        done: Json = {"id": "r", "status": "completed", "usage": spent}
        return [*before(number), {"type": "response.done", "response": done}]

    return Plant("openai", "gpt-realtime", events, usd, named)


def session(**named: str) -> Json:
    audio: Json = {"input": {"transcription": {"model": named["hears"]}}}
    return {"type": "session.created", "session": {"model": named.get("answers"), "audio": audio}}


def heard(number: int) -> Json:
    kind = "conversation.item.input_audio_transcription.completed"
    return {"type": kind, "item_id": "i", "usage": {"type": "duration", "seconds": number}}


def image(usd: Decimal | None = None, named: str | None = None, **usage: Any) -> Plant:
    def events(number: int) -> Events:
        spent: Json = {"input_tokens": 1000, "output_tokens": 100, "total_tokens": 1100} | made(usage, number)
        return [{"type": "image_generation.completed", "b64_json": "aGk=", "usage": spent}]

    return Plant("openai", "gpt-image-1.5", events, usd, named)


def embeddings(provider: str, model: str, **usage: Any) -> Plant:
    def events(number: int) -> Events:
        spent: Json = {"prompt_tokens": 1000, "total_tokens": 1000} | made(usage, number)
        return [{"object": "list", "data": [], "model": model, "usage": spent}]

    return Plant(provider, model, events, None)


def embedded(units: Callable[[int], Json]) -> Plant:
    def events(number: int) -> Events:
        return [{"id": "embd-1", "embeddings": [], "meta": {"billed_units": {"input_tokens": 1000} | units(number)}}]

    (named,) = units(1)
    return Plant("cohere", "embed-v4.0", events, None, "search_unit" if named == "search_units" else named)


def conversation(named: str, *, ran: str | None = None, **connectors: Any) -> Plant:
    def events(number: int) -> Events:
        done: Events = [
            {"type": "tool.execution.done", "id": f"t{at}", "name": ran} for at in range(number if ran else 0)
        ]
        usage: Json = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}
        usage["connectors"] = made(connectors, number)
        part: Json = {"type": "message.output.delta", "id": "m", "model": "mistral-medium-2505", "content": "x"}
        return [*done, part, {"type": "conversation.response.done", "usage": usage}]

    return Plant("mistral", "mistral-medium-2505", events, None, named)


def assistant(
    usd: Decimal | None = None, named: str | None = None, *, threads: Made = lambda _: [], **usage: Any
) -> Plant:
    def events(number: int) -> Events:
        spent: Json = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100} | made(usage, number)
        run: Json = {"id": "r", "object": "thread.run", "model": "gpt-4o", "status": "completed", "usage": spent}
        return [*threads(number), run]

    return Plant("openai", "gpt-4o", events, usd, named)


def code_steps(number: int) -> Events:
    details: Json = {"type": "tool_calls", "tool_calls": [{"type": "code_interpreter"}]}
    step: Json = {"object": "thread.run.step", "step_details": details}
    return [step | {"id": f"s{index}", "thread_id": f"t{index}"} for index in range(number)]


def so_many(number: int) -> int:
    return number


def words(number: int) -> list[str]:
    return [f"q{index}" for index in range(number)]


def one_of(number: int) -> str:
    """A word that no source knows."""
    return f"class-{number}"


def checked(number: int) -> Json:
    return {"guardrail": {"inputAssessment": {"g": {"invocationMetrics": {"usage": {"topicPolicyUnits": number}}}}}}


def parts(**modalities: Any) -> list[Json]:
    return [{"modality": name, "tokenCount": number, "tokens": number} for name, number in modalities.items()]


def advised(model: str) -> Any:
    own: Json = {"type": "message", "input_tokens": 1000, "output_tokens": 100}
    return [own, {"type": "advisor_message", "model": model, "input_tokens": so_many, "output_tokens": 0}]


def breakdown(model: str) -> Json:
    """Groq's list of the models in a compound system."""
    own: Json = {"prompt_tokens": 1000, "completion_tokens": 100}
    beside: Json = {"model": model, "usage": {"prompt_tokens": so_many, "completion_tokens": 0}}
    return {"usage_breakdown": {"models": [{"model": "openai/gpt-oss-120b", "usage": own}, beside]}}


BYOK: Json = {"is_byok": True, "cost": lambda number: number / 1000}
SEARCH: Json = {"action": {"type": "search"}}
GROK, SONAR, DEEP, SOL = "grok-4.3", "sonar", "sonar-deep-research", "gpt-6.1-sol"
OSS = "openai/gpt-oss-120b"
# claude-sonnet-4-5: 3 in, 0.30 read from a cache, 3.75 written to it, 6 for an hour, 15 out
# gpt-5: 1.25 in, 0.125 cached, 10 out; gpt-6.1-sol: 2 in, 0.10 cached, 2.50 written, 10 out
# gpt-realtime: 4 in, 0.40 cached, 16 out; audio 32 in, 0.40 cached, 64 out; images 5 in, 0.50 cached
# gemini-2.5-flash: 0.30 in, 0.03 cached, 2.50 out; audio 1 in, 0.10 cached
# gemini-3.8-live: 0.75 in, 4.50 out; audio 3 in, 12 out; images and video 1 in
# gemini-omni-1.1-flash: 1.50 in, 9 out; video 17.50 out
CACHED_AUDIO = parts(AUDIO=500)

# Wire -> kind of item -> how the wire tells of it. A kind that is told in several ways has a word for each behind it.
PLANTS: dict[str, dict[str, Plant]] = {
    "anthropic_messages": {
        "cache_read": anthropic(usd=million("0.30"), cache_read_input_tokens=so_many),
        "cache_write": anthropic(usd=million("3.75"), cache_creation_input_tokens=so_many),
        "cache_write_1h": anthropic(
            usd=million("2.25"), cache_creation_input_tokens=60, cache_creation={"ephemeral_1h_input_tokens": so_many}
        ),
        "reasoning": anthropic(usd=Decimal(0), output_tokens_details={"thinking_tokens": so_many}),
        "web_search": anthropic(usd=thousand("10"), server_tool_use={"web_search_requests": so_many}),
        "code_execution": anthropic(server_tool_use={"code_execution_requests": so_many}),
        "web_search: runs": anthropic(usd=thousand("10"), ran="web_search"),
        "code_execution: runs": anthropic(named="code_execution", ran="bash_code_execution"),
        "tool: runs": anthropic(named="a_new_tool", ran="a_new_tool"),
        "tool": anthropic(named="a_new_tool", server_tool_use={"a_new_tool_requests": so_many}),
        "model": anthropic(usd=million("5"), iterations=advised("claude-opus-4-7")),
        "unknown model": anthropic(named="model:", iterations=advised("claude-of-my-own")),
        "tier": anthropic(named="tier:", service_tier=one_of),
        "region": anthropic(named="region:", inference_geo=one_of),
        "byok_fee": anthropic("openrouter", **BYOK),
    },
    "openai_chat": {
        "cache_read": chat("openai", "gpt-5", million("-1.125"), prompt_tokens_details={"cached_tokens": so_many}),
        "cache_write": chat("openai", SOL, million("0.50"), prompt_tokens_details={"cache_write_tokens": so_many}),
        "cache_write_1h": chat(
            "litellm", "anthropic/claude-sonnet-4-5", million("2.25"),
            cache_creation_input_tokens=60, cache_creation={"ephemeral_1h_input_tokens": so_many},
        ),
        "cache_write_12h": chat(
            "openai", SOL, named="class:cache_write_12h",
            prompt_tokens_details={
                "cache_write_tokens": 60, "cache_write_tokens_details": {"ttl_12h_tokens": so_many},
            },
        ),
        "reasoning": chat(
            "perplexity", DEEP, million("3"), num_search_queries=0, reasoning_tokens=so_many, total_tokens=1100
        ),
        "input_audio": chat("openai", "gpt-audio", million("29.5"), prompt_tokens_details={"audio_tokens": so_many}),
        "output_audio": chat("openai", "gpt-audio", million("54"), completion_tokens_details={"audio_tokens": so_many}),
        "input_video": chat("google", "gemini-3.8-live", million("0.25"), prompt_tokens_details={
            "video_tokens": so_many,
        }),
        "output_video": chat("google", "gemini-omni-1.1-flash", million("8.50"), completion_tokens_details={
            "video_tokens": so_many,
        }),
        "input_image": chat(
            "openai", "gpt-realtime", million("1"), prompt_tokens_details={"image_tokens": so_many}
        ),
        "output_image": chat(
            "google", "gemini-2.5-flash-image", million("27.5"), completion_tokens_details={"image_tokens": so_many}
        ),
        "cache_audio_read": chat(
            "openai", "gpt-realtime", million("-28"),
            prompt_tokens_details={
                "audio_tokens": 500, "cached_tokens": 60, "cached_tokens_details": {"audio_tokens": so_many},
            },
        ),
        "cache_image_read": chat(
            "openai", "gpt-realtime", million("-0.9"),
            prompt_tokens_details={
                "image_tokens": 500, "cached_tokens": 60, "cached_tokens_details": {"image_tokens": so_many},
            },
        ),
        "web_search": chat("perplexity", DEEP, thousand("5"), num_search_queries=so_many),
        "web_search: a model": chat("openai", "gpt-5-search-api", named="web_search"),
        "web_search: LiteLLM": chat(
            "litellm", "anthropic/claude-sonnet-4-5", thousand("10"), prompt_tokens_details={
                "web_search_requests": so_many,
            },
        ),
        "web_search: a gateway": chat(
            "litellm", "anthropic/claude-sonnet-4-5", thousand("10"), server_tool_use={"web_search_requests": so_many}
        ),
        "web_search: xAI": chat(
            "xai", GROK, named="web_search", server_side_tool_usage_details={"web_search_calls": so_many}
        ),
        "web_search: Groq": chat("groq", OSS, named="web_search", delta={
            "executed_tools": lambda n: [{"index": at, "type": "search"} for at in range(n)],
        }),
        "web_search: Moonshot": chat("moonshot", "kimi-k2.5", named="web_search", delta={
            "tool_calls": lambda n: [{"index": at, "function": {"name": "$web_search"}} for at in range(n)],
        }),
        "web_search_preview": chat("openai", "gpt-4o-search-preview"),
        "citation_token": chat("perplexity", DEEP, million("2"), citation_tokens=so_many),
        "request": chat("perplexity", SONAR, search_context_size="low"),
        "request: most context": chat(
            "perplexity", SONAR, Decimal(0), search_context_size="high",
        ),
        "audio_second": chat("mistral", "voxtral-small-24b-2507", hour("0.24"), prompt_audio_seconds=so_many),
        "search_source": chat("xai", GROK, num_sources_used=so_many),
        "server_side_tool": chat("xai", GROK, num_server_side_tools_used=so_many),
        "x_search": chat("xai", GROK, server_side_tool_usage_details={"x_search_calls": so_many}),
        "file_search": chat("xai", GROK, server_side_tool_usage_details={"collections_search_calls": so_many}),
        "code_execution": chat(
            "groq", OSS, delta={"executed_tools": lambda n: [{"index": at, "type": "python"} for at in range(n)]}
        ),
        "tool": chat("groq", OSS, named="visit", delta={
            "executed_tools": lambda n: [{"index": at, "type": "visit"} for at in range(n)],
        }),
        "model": chat("groq", OSS, million("0.59"), beside=breakdown("llama-3.3-70b-versatile")),
        "unknown model": chat("groq", OSS, named="model:", beside=breakdown("compound-of-my-own")),
        "tier": chat("openai", "gpt-5", named="tier:", beside={"service_tier": one_of}),
        "byok_fee": chat("openrouter", "openai/gpt-4o", **BYOK),
        "copilot_aiu": chat("github-copilot", "claude-haiku-4.5", beside={
            "copilot_usage": {"total_nano_aiu": so_many},
        }),
    },
    "openai_responses": {
        "cache_read": responses(usd=million("-1.125"), usage={"input_tokens_details": {"cached_tokens": so_many}}),
        "cache_write": responses(
            SOL, million("0.50"), usage={"input_tokens_details": {"cache_write_tokens": so_many}}
        ),
        "cache_write_12h": responses(SOL, named="class:cache_write_12h", usage={
            "input_tokens_details": {
                "cache_write_tokens": 60, "cache_write_tokens_details": {"ttl_12h_tokens": so_many},
            },
        }),
        # No model of this wire has a price of its own for cached audio and images: they cost what cached text does.
        "cache_audio_read": responses(usd=Decimal(0), usage={
            "input_tokens_details": {"cached_tokens": 60, "cached_tokens_details": {"audio_tokens": so_many}},
        }),
        "cache_image_read": responses(usd=Decimal(0), usage={
            "input_tokens_details": {"cached_tokens": 60, "cached_tokens_details": {"image_tokens": so_many}},
        }),
        "reasoning": responses(usd=Decimal(0), usage={"output_tokens_details": {"reasoning_tokens": so_many}}),
        "web_search": responses(usd=thousand("10"), output=runs("web_search_call", **SEARCH)),
        "web_search: counted": responses(
            usd=thousand("10"), tool_usage={"web_search": {"num_requests": so_many}}
        ),
        "web_search: Azure": responses(
            provider="azure_openai", named="web_search", output=runs("web_search_call", **SEARCH)
        ),
        "web_search: xAI": responses(
            GROK, named="web_search", provider="xai",
            usage={"server_side_tool_usage_details": {"web_search_calls": so_many}},
        ),
        "web_search_preview": responses(
            "gpt-4o", output=runs("web_search_call", **SEARCH), tools=[{"type": "web_search_preview"}]
        ),
        "search_content": responses(
            "gpt-4o-mini", thousand("10"), "search_content", output=runs("web_search_call", **SEARCH)
        ),
        "file_search": responses(usd=thousand("2.50"), output=runs("file_search_call")),
        "code_session": responses(output=runs("code_interpreter_call", container_id=one_of)),
        "code_session: shells": responses(
            named="code_session", output=runs("shell_call", environment={"container_id": one_of})
        ),
        "image_generation": responses(output=runs("image_generation_call")),
        "image_generation: counted": responses(
            named="image_generation", tool_usage={"image_gen": {"input_tokens": so_many, "output_tokens": 0}}
        ),
        "x_search": responses(GROK, provider="xai", output=runs("x_search_call")),
        "code_execution": responses(
            GROK, provider="xai", usage={"server_side_tool_usage_details": {"code_interpreter_calls": so_many}}
        ),
        "tool": responses(
            GROK, None, "document_search", provider="xai",
            usage={"server_side_tool_usage_details": {"document_search_calls": so_many}},
        ),
        "search_source": responses(GROK, provider="xai", usage={"num_sources_used": so_many}),
        "server_side_tool": responses(GROK, provider="xai", usage={"num_server_side_tools_used": so_many}),
        "citation_token": responses(DEEP, million("2"), provider="perplexity", usage={"citation_tokens": so_many}),
        "request": responses(SONAR, provider="perplexity", usage={"search_context_size": "low"}),
        "audio_second": responses(
            "voxtral-small-24b-2507", hour("0.24"), provider="mistral", usage={"prompt_audio_seconds": so_many}
        ),
        "model": responses(
            usd=million("40"), tools=[{"type": "image_generation", "model": "gpt-image-1"}],
            tool_usage={"image_gen": {"input_tokens": 0, "output_tokens": so_many}},
        ),
        "unknown model": responses(
            named="model:", tools=[{"type": "image_generation", "model": "image-of-my-own"}],
            tool_usage={"image_gen": {"input_tokens": 0, "output_tokens": so_many}},
        ),
        "tier": responses(named="tier:", service_tier=one_of),
        "byok_fee": responses("openai/gpt-4o", provider="openrouter", usage=BYOK),
    },
    "xai_sdk": {
        "cache_read": xai(million("-1.05"), cached_prompt_text_tokens=so_many),
        "reasoning": xai(million("2.50"), reasoning_tokens=so_many, total_tokens=lambda n: 1100 + n),
        # It costs what text does.
        "input_image": xai(Decimal(0), prompt_image_tokens=so_many),
        "web_search": xai(server_side_tools_used=lambda n: ["SERVER_SIDE_TOOL_WEB_SEARCH"] * n),
        "x_search": xai(server_side_tools_used=lambda n: ["SERVER_SIDE_TOOL_X_SEARCH"] * n),
        "file_search": xai(server_side_tools_used=lambda n: ["SERVER_SIDE_TOOL_COLLECTIONS_SEARCH"] * n),
        "code_execution": xai(server_side_tools_used=lambda n: ["SERVER_SIDE_TOOL_CODE_EXECUTION"] * n),
        "tool": xai(named="a_new_tool", server_side_tools_used=lambda n: ["SERVER_SIDE_TOOL_A_NEW_TOOL"] * n),
        "search_source": xai(num_sources_used=so_many),
        "server_side_tool": xai(num_server_side_tools_used=so_many),
        "tier": xai(named="tier:", tier=one_of),
    },
    "google_generate_content": {
        "cache_read": gemini(usd=million("-0.27"), cachedContentTokenCount=so_many),
        "input_audio": gemini(usd=million("0.70"), promptTokensDetails=parts(AUDIO=so_many)),
        "cache_audio_read": gemini(
            usd=million("-0.63"), promptTokensDetails=parts(AUDIO=500), cachedContentTokenCount=60,
            cacheTokensDetails=parts(AUDIO=so_many, TEXT=1),
        ),
        # Images cost what text does, cached or not.
        "cache_image_read": gemini(
            usd=Decimal(0), promptTokensDetails=parts(IMAGE=500), cachedContentTokenCount=60,
            cacheTokensDetails=parts(IMAGE=so_many, TEXT=1),
        ),
        "input_image": gemini(usd=Decimal(0), promptTokensDetails=parts(IMAGE=so_many)),
        "reasoning": gemini(usd=million("2.50"), thoughtsTokenCount=so_many),
        "output_audio": gemini(
            "gemini-3.8-live", million("7.50"), candidatesTokensDetails=parts(AUDIO=so_many)
        ),
        "output_image": gemini(
            "gemini-2.5-flash-image", million("27.5"), candidatesTokensDetails=parts(IMAGE=so_many)
        ),
        "input_video": gemini("gemini-3.8-live", million("0.25"), promptTokensDetails=parts(VIDEO=so_many)),
        "output_video": gemini(
            "gemini-omni-1.1-flash", million("8.50"), candidatesTokensDetails=parts(VIDEO=so_many)
        ),
        "web_search": gemini("gemini-3-flash-preview", thousand("14"), grounding={"webSearchQueries": words}),
        "web_search: a prompt": gemini(
            usd=Decimal(0), grounding=lambda n: {"webSearchQueries": words(n + 1)}
        ),
        "web_search: pages": gemini(
            usd=Decimal(0), grounding={"groundingChunks": lambda n: [{"web": {"uri": word}} for word in words(n + 1)]}
        ),
        "maps_search": gemini(grounding={"groundingChunks": [{"maps": {"uri": so_many}}]}),
        "maps_search: a widget": gemini(named="maps_search", grounding={"googleMapsWidgetContextToken": "w"}),
        "image_search": gemini(grounding={"imageSearchQueries": words}),
        "retrieval": gemini(grounding={"retrievalQueries": words}),
        "retrieval: a store": gemini(
            named="retrieval", grounding={"groundingChunks": [{"retrievedContext": {"uri": "u"}}]}
        ),
        "tier": gemini(named="tier:", trafficType=one_of),
    },
    "google_live": {
        # What a cache gave to a live model costs what it would without one.
        "cache_read": live(Decimal(0), cachedContentTokenCount=so_many),
        "cache_audio_read": live(
            Decimal(0), promptTokensDetails=parts(AUDIO=500), cachedContentTokenCount=60,
            cacheTokensDetails=parts(AUDIO=so_many, TEXT=1),
        ),
        "cache_image_read": live(
            Decimal(0), promptTokensDetails=parts(IMAGE=500), cachedContentTokenCount=60,
            cacheTokensDetails=parts(IMAGE=so_many, TEXT=1),
        ),
        "input_audio": live(million("2.25"), promptTokensDetails=parts(AUDIO=so_many)),
        "input_image": live(million("0.25"), promptTokensDetails=parts(IMAGE=so_many)),
        "input_video": live(million("0.25"), promptTokensDetails=parts(VIDEO=so_many)),
        # It costs what text does.
        "output_video": live(Decimal(0), responseTokensDetails=parts(VIDEO=so_many)),
        "output_audio": live(million("7.50"), responseTokensDetails=parts(AUDIO=so_many)),
        # It costs what text does.
        "output_image": live(Decimal(0), responseTokensDetails=parts(IMAGE=so_many)),
        "reasoning": live(million("4.50"), thoughtsTokenCount=so_many),
        "web_search": live(thousand("14"), grounding={"webSearchQueries": words}),
        "maps_search": live(grounding={"groundingChunks": [{"maps": {"uri": so_many}}]}),
        "image_search": live(grounding={"imageSearchQueries": words}),
        "retrieval": live(grounding={"retrievalQueries": words}),
        "tier": live(named="tier:", trafficType=one_of),
    },
    "google_interactions": {
        "cache_read": interactions(usd=million("-0.45"), total_cached_tokens=so_many),
        "cache_audio_read": interactions(
            usd=million("-0.45"), input_tokens_by_modality=parts(audio=500), total_cached_tokens=60,
            cached_tokens_by_modality=parts(audio=so_many),
        ),
        # Images cost what text does, cached or not.
        "cache_image_read": interactions(
            usd=Decimal(0), input_tokens_by_modality=parts(image=500), total_cached_tokens=60,
            cached_tokens_by_modality=parts(image=so_many),
        ),
        "input_audio": interactions(usd=million("0.50"), input_tokens_by_modality=parts(audio=so_many)),
        "input_image": interactions(usd=Decimal(0), input_tokens_by_modality=parts(image=so_many)),
        "input_video": interactions(
            "gemini-3.8-live", million("0.25"), input_tokens_by_modality=parts(video=so_many)
        ),
        "output_video": interactions(
            "gemini-omni-1.1-flash", million("8.50"), output_tokens_by_modality=parts(video=so_many)
        ),
        "output_audio": interactions(
            "gemini-3.8-live", million("7.50"), output_tokens_by_modality=parts(audio=so_many)
        ),
        "output_image": interactions(
            "gemini-2.5-flash-image", million("27.5"), output_tokens_by_modality=parts(image=so_many)
        ),
        "reasoning": interactions(usd=million("3"), total_thought_tokens=so_many),
        "web_search": interactions(usd=thousand("14"), **grounded_by("google_search")),
        "web_search: steps": interactions(usd=thousand("14"), steps=lambda n: [
            {"type": "google_search_call", "arguments": {"queries": [word]}} for word in words(n)
        ]),
        "maps_search: steps": interactions(named="maps_search", steps=lambda n: [{"type": "google_maps_call"}] * n),
        "maps_search": interactions(**grounded_by("google_maps")),
        "retrieval": interactions(**grounded_by("retrieval")),
        "tool": interactions(named="enterprise_web_search", **grounded_by("enterprise_web_search")),
        "tier": interactions(named="tier:", tier=one_of),
    },
    "mistral_conversations": {
        "web_search": conversation("web_search", web_search=so_many),
        "code_execution": conversation("code_execution", code_interpreter=so_many),
        "image_generation": conversation("image_generation", image_generation=so_many),
        "web_search: runs": conversation("web_search", ran="web_search"),
        "tool": conversation("web_search_premium", web_search_premium=so_many),
    },
    "bedrock_converse": {
        "cache_read": converse(million("0.30"), usage={"cacheReadInputTokens": so_many}),
        "cache_write": converse(million("3.75"), usage={"cacheWriteInputTokens": so_many}),
        "cache_write_1h": converse(million("2.25"), usage={
            "cacheWriteInputTokens": 60, "cacheDetails": [{"ttl": "1h", "inputTokens": so_many}],
        }),
        "guardrail_unit": converse(trace=checked),
        "guardrail": converse(reason="guardrail_intervened"),
        "tool": converse(named="nova_grounding", tools=lambda n: [
            {"toolUseId": f"t{at}", "name": "nova_grounding", "type": "server_tool_use"} for at in range(n)
        ]),
        "tier": converse(named="tier:", serviceTier={"type": one_of}),
        "model": converse(usd=Decimal(0), trace={"promptRouter": {"invokedModelId": f"arn:x/{CLAUDE_ON_BEDROCK}"}}),
    },
    "bedrock_invoke": {
        "cache_read": invoke(million("0.30"), metrics={"cacheReadInputTokenCount": so_many}),
        "cache_write": invoke(million("3.75"), metrics={"cacheWriteInputTokenCount": so_many}),
        "guardrail_unit": invoke(**{"amazon-bedrock-trace": checked}),
        "guardrail": invoke(**{"amazon-bedrock-guardrailAction": "NONE"}),
        "tier": invoke(named="tier:", serviceTier=one_of),
    },
    "cohere": {
        "search_unit": cohere(search_units=so_many),
        "images": cohere(images=so_many),
        "image_tokens": cohere(image_tokens=so_many),
        "classifications": cohere(classifications=so_many),
    },
    "openai_assistants": {
        "cache_read": assistant(million("-1.25"), prompt_token_details={"cached_tokens": so_many}),
        "reasoning": assistant(Decimal(0), completion_tokens_details={"reasoning_tokens": so_many}),
        "code_session": assistant(threads=code_steps),
    },
    "openai_realtime": {
        "cache_read": realtime(million("-3.60"), input_token_details={"cached_tokens": so_many}),
        "cache_audio_read": realtime(million("-28"), input_token_details={
            "audio_tokens": 500, "cached_tokens": 60, "cached_tokens_details": {"audio_tokens": so_many},
        }),
        "cache_image_read": realtime(million("-0.9"), input_token_details={
            "image_tokens": 500, "cached_tokens": 60, "cached_tokens_details": {"image_tokens": so_many},
        }),
        "input_audio": realtime(million("28"), input_token_details={"audio_tokens": so_many}),
        "input_image": realtime(million("1"), input_token_details={"image_tokens": so_many}),
        "output_audio": realtime(million("48"), output_token_details={"audio_tokens": so_many}),
        "audio_second": Plant(
            "openai", "whisper-1", lambda n: [session(hears="whisper-1"), heard(n)], hour("0.36")
        ),
        "unknown model": realtime(
            named="model:whisper-1", before=lambda n: [session(answers="gpt-realtime", hears="whisper-1"), heard(n)]
        ),
    },
    "openai_transcription": {
        "input_audio": Plant(
            "openai", "gpt-4o-transcribe",
            lambda n: [{"type": "transcript.text.done", "usage": {
                "input_tokens": 1000, "output_tokens": 100, "input_token_details": {"audio_tokens": n},
            }}], million("3.50"),
        ),
        "output_audio": Plant(
            "openai", "gpt-4o-mini-tts",
            lambda n: [{"type": "speech.audio.done", "usage": {"input_tokens": 1000, "output_tokens": n}}],
            million("12"),
        ),
        "audio_second": Plant(
            "openai", "whisper-1",
            lambda n: [{"type": "transcript.text.done", "usage": {"type": "duration", "seconds": n}}], hour("0.36"),
        ),
        "audio_second: verbose": Plant(
            "openai", "whisper-1", lambda n: [{"text": "x", "duration": n}], hour("0.36")
        ),
        "audio_second: Mistral": Plant(
            "mistral", "voxtral-mini-2602",
            lambda n: [{"type": "transcription.done", "text": "x", "usage": {
                "prompt_tokens": 4, "completion_tokens": 60, "total_tokens": 564, "prompt_audio_seconds": n,
            }}], hour("0.18"),
        ),
    },
    "native_embeddings": {
        "images: Cohere": embedded(lambda n: {"images": n}),
        "image_tokens: Cohere": embedded(lambda n: {"image_tokens": n}),
        "search_unit: Cohere": embedded(lambda n: {"search_units": n}),
        "classifications: Cohere": embedded(lambda n: {"classifications": n}),
    },
    # The table has no model that reranks.
    "cohere_rerank": {
        "search_unit: Cohere": Plant("cohere", "embed-v4.0", lambda n: [
            {"id": "rerank-1", "results": [], "meta": {"billed_units": {"search_units": n}}}
        ], None, "search_unit"),
    },
    # The table has prices of OpenRouter's, but of no model there that embeds.
    "openai_embeddings": {"byok_fee": embeddings("openrouter", "openai/gpt-4o", **BYOK)},
    "openai_images": {
        "cache_read": image(million("-3.75"), input_tokens_details={"cached_tokens": so_many}),
        "cache_image_read": image(million("-2.25"), input_tokens_details={
            "image_tokens": 500, "cached_tokens": 60, "cached_tokens_details": {"image_tokens": so_many},
        }),
        "input_image": image(million("3"), input_tokens_details={"image_tokens": so_many}),
        "output_image": image(million("22"), output_tokens_details={"image_tokens": so_many}),
        "image": Plant("openai", "dall-e-3", lambda n: [
            {"type": "image_generation.completed", "b64_json": word} for word in words(n)
        ], None),
        "image: a list": Plant("openai", "dall-e-3", lambda n: [
            {"created": 1, "data": [{"url": word} for word in words(n)]}
        ], None, "image"),
    },
}  # fmt: skip

# `bedrock_invoke` carries what a model's own wire says, and completions are read as chat is.
SAME_AS = {"openai_completions": ("openai_chat",), "bedrock_invoke": tuple(sorted(bedrock_invoke.MODELS))}


def planted(wire: str) -> dict[str, Plant]:
    """All that a wire tells of, those told as on another wire among it."""
    others = [plant for other in SAME_AS.get(wire, ()) for plant in PLANTS.get(other, {}).items()]
    return dict([*others, *PLANTS.get(wire, {}).items()])
