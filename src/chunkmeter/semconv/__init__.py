"""Every attribute, metric, unit, bucket bound and enum that chunkmeter emits, once, with its source.

`attributes` has the names of attributes and labels. What stands below a metric is its row in
`docs/reference/metrics.md`: the instrument, the source of its name, when it is recorded, and by `Labels:` those that
its points may have, `call` for the three that nearly all have.

Sources:
  [released] the newest published `opentelemetry-util-genai`, 1.3b0
  [latest]   main of https://github.com/open-telemetry/semantic-conventions-genai
  [genai]    both, which agree
  [cost]     a draft of the conventions, their pull request 443 (span attributes and histogram of cost)
  [tool]     execute-tool.md of those conventions, whose names the release has too
  [mcp]      mcp.md of those conventions, and the registry's `jsonrpc`, `network` and `rpc`
  [own]      chunkmeter's own, only where the conventions have no name
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .attributes import *  # noqa: F403 - one place for all names

# --- enums ---
# [genai] gen_ai.operation.name of what answers, in text or otherwise; of embeddings; of a run of a remote agent.
ANSWER_OPERATIONS: Final = frozenset({"chat", "text_completion", "generate_content"})
EMBEDDINGS: Final = "embeddings"
INVOKE_AGENT: Final = "invoke_agent"
RERANK: Final = "rerank"  # [own] the conventions have no word for it
INFERENCE_OPERATIONS: Final = ANSWER_OPERATIONS | {EMBEDDINGS}
"""Those of spans that say what one call of a model used. An agent's span may sum up those of the calls inside it."""
OPERATIONS: Final = INFERENCE_OPERATIONS | {INVOKE_AGENT, RERANK}
"""Those of chunkmeter's own spans."""
EXECUTE_TOOL: Final = "execute_tool"  # [tool] gen_ai.operation.name
FUNCTION: Final = "function"  # [tool] gen_ai.tool.type of a tool that the application runs
TOOL_ERROR: Final = "tool_error"  # [mcp] a value of error.type
PIPE: Final = "pipe"  # [mcp] network.transport of a server that is a child process
STREAM_INTERRUPTED: Final = "stream_interrupted"  # [own] a value of error.type
MISSING_REASON: Final = "error"  # [genai] #363: a finish reason that was expected and did not come
CURRENCY: Final = "USD"
OTHER: Final = "_OTHER"

# The conventions' finish reason -> the providers' words for it, in lower case. Other words pass as they are.
# [genai] gen_ai.response.finish_reasons: stop, length, content_filter, tool_call, error.
_REASON_WORDS: Final = {
    "stop": "stop reason_stop end_turn stop_sequence eos eos_token complete completed end finish",
    "length": (
        "length max_tokens max_output_tokens model_length model_context_window_exceeded token_limit error_limit "
        "max_completion_tokens max_prompt_tokens incomplete reason_max_len reason_max_context"
    ),
    "content_filter": (
        "content_filter content_filtered refusal safety recitation blocklist prohibited_content spii "
        "image_safety image_prohibited_content image_recitation guardrail_intervened error_toxic sensitive"
    ),
    "tool_call": "tool_call tool_calls reason_tool_calls tool_use function_call requires_action",
    "error": (
        "error other image_other no_image malformed_function_call unexpected_tool_call malformed_model_output "
        "malformed_tool_use failed cancelled expired user_cancel time_limit reason_time_limit timeout network_error "
        "insufficient_system_resource"
    ),
}
# Some gateways send Google's finish reasons by number. Google's two APIs agree on these numbers.
_REASON_NUMBERS: Final = {"1": "stop", "2": "length", "3": "content_filter", "4": "content_filter", "5": "error"}
_REASONS: Final = {word: ours for ours, words in _REASON_WORDS.items() for word in words.split()} | _REASON_NUMBERS

# A metric has one finish reason a call: the worst of its choices.
_WORST_FIRST: Final = ("error", "content_filter", "length", "tool_call", "stop")


def finish_reason(raw: str) -> str:
    """The conventions' word for a provider's finish reason; an unknown one as it is."""
    return _REASONS.get(raw.lower(), raw)


def worst_reason(raw_reasons: list[str | None]) -> str:
    """The one finish reason that a metric has: the worst; `other` for unknown words, `none` where none came."""
    said = {finish_reason(raw) for raw in raw_reasons if raw is not None}
    if not said:
        return "none"
    return next((word for word in _WORST_FIRST if word in said), "other")


@dataclass(frozen=True, slots=True)
class Metric:
    """One instrument: its name, unit, one-line description and, for a histogram, its bucket bounds."""

    name: str
    unit: str
    description: str
    buckets: tuple[float, ...] | None = None


# [genai] The conventions' bounds.
_SECONDS: Final = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
_TOKENS: Final = tuple(float(4**power) for power in range(14))
# [own] These begin at 0.00001 USD, since the SDK's default bounds put nearly every call into the first bucket.
_COST: Final = (
    1e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0,
)  # fmt: skip

# --- metrics [own] ---
SPEND: Final = Metric("chunkmeter.spend", "{cost}", "What calls cost, by currency and source of the price")
"""counter, own: recorded where a call has a cost. Labels: call, COST_CURRENCY, COST_SOURCE, COST_STATUS, USAGE_SOURCE,
attribution."""
CALLS: Final = Metric("chunkmeter.calls", "{call}", "Calls, by finish reason, outcome, usage status and cost status")
"""counter, own: recorded once a call. Labels: call, FINISH_REASON, OUTCOME, USAGE_STATUS, COST_STATUS, USAGE_SOURCE,
attribution."""
ERRORS: Final = Metric("chunkmeter.errors", "{error}", "Failures of chunkmeter itself, kept away from the application")
"""counter, own: recorded where chunkmeter fails. Labels: ERROR_STAGE."""
STREAMS_OPEN: Final = Metric("chunkmeter.streams.open", "{stream}", "Streams begun and not yet settled")
"""gauge, own: there from the first stream on."""
STREAMS_OLDEST_IDLE: Final = Metric("chunkmeter.streams.oldest_idle", "s", "Time the longest paused stream has waited")
"""gauge, own: there from the first stream on."""
PRICE_TABLE_AGE: Final = Metric("chunkmeter.price_table.age", "s", "Age of the newest price in the table in use")
"""gauge, own: there once a price table is loaded. Labels: PRICE_SOURCE."""

# --- metrics [cost] ---
COST: Final = Metric("gen_ai.client.operation.cost", "{cost}", "Cost of GenAI client operations", _COST)
"""histogram, pull request 443: recorded where a call has a cost. Labels: call, COST_CURRENCY, COST_SOURCE, and
COST_STATUS where that is not `known`."""

# --- metrics [released] ---
DURATION: Final = Metric("gen_ai.client.operation.duration", "s", "Duration of GenAI client operation", _SECONDS)
"""histogram, util-genai 1.3b0: recorded once a call. Labels: call, RESPONSE_MODEL, SERVER_ADDRESS, ERROR_TYPE."""
TIME_TO_FIRST_CHUNK: Final = Metric(
    "gen_ai.client.operation.time_to_first_chunk",
    "s",
    "Time from the request to the first chunk of its stream",
    _SECONDS,
)
"""histogram, util-genai 1.3b0: recorded of streams. Labels: call, RESPONSE_MODEL, SERVER_ADDRESS."""
TOKEN_USAGE: Final = Metric(
    "gen_ai.client.token.usage", "{token}", "Number of input and output tokens used by GenAI clients", _TOKENS
)
"""histogram, util-genai 1.3b0: recorded once for the tokens in and once for those out. Labels: call, TOKEN_TYPE,
RESPONSE_MODEL, SERVER_ADDRESS, and USAGE_STATUS where that is `estimated`."""

# --- metrics [latest]: docs/gen-ai/client-inference.md, docs/gen-ai/gen-ai-token-metrics.md ---
INFERENCE_DURATION: Final = Metric(
    "gen_ai.client.inference.duration", "s", "GenAI client inference operation duration", _SECONDS
)
"""histogram, client-inference.md, pull request 521: recorded once a call. Labels: call, RESPONSE_MODEL, SERVER_ADDRESS,
SERVER_PORT, ERROR_TYPE."""
INFERENCE_TIME_TO_FIRST_CHUNK: Final = Metric(
    "gen_ai.client.inference.time_to_first_chunk", "s", TIME_TO_FIRST_CHUNK.description, _SECONDS
)
"""histogram, client-inference.md, pull request 521: recorded of streams. Labels: call, RESPONSE_MODEL, SERVER_ADDRESS,
SERVER_PORT."""
INFERENCE_INPUT_TOKENS: Final = Metric(
    "gen_ai.client.inference.usage.input_tokens", "{token}", "Input tokens used, cached ones included"
)
"""counter, gen-ai-token-metrics.md, pull request 374: recorded once a call. Labels: call, TOKEN_MODALITY,
RESPONSE_MODEL, SERVER_ADDRESS, SERVER_PORT, and USAGE_STATUS where that is `estimated`."""
INFERENCE_OUTPUT_TOKENS: Final = Metric(
    "gen_ai.client.inference.usage.output_tokens", "{token}", "Output tokens used, reasoning included"
)
"""counter, gen-ai-token-metrics.md, pull request 374: recorded once a call. Labels: call, TOKEN_MODALITY,
RESPONSE_MODEL, SERVER_ADDRESS, SERVER_PORT, and USAGE_STATUS where that is `estimated`."""
INFERENCE_CACHE_READ: Final = Metric(
    "gen_ai.client.inference.usage.cache_read.input_tokens", "{token}", "Input tokens served from a provider's cache"
)
"""counter, gen-ai-token-metrics.md, pull request 374: recorded once a call. Labels: call, TOKEN_MODALITY,
RESPONSE_MODEL, SERVER_ADDRESS, SERVER_PORT, and USAGE_STATUS where that is `estimated`."""
INFERENCE_CACHE_WRITE: Final = Metric(
    "gen_ai.client.inference.usage.cache_write.input_tokens", "{token}", "Input tokens written to a provider's cache"
)
"""counter, gen-ai-token-metrics.md, pull request 374: recorded once a call. Labels: call, TOKEN_MODALITY,
RESPONSE_MODEL, SERVER_ADDRESS, SERVER_PORT, and USAGE_STATUS where that is `estimated`."""
INFERENCE_REASONING: Final = Metric(
    "gen_ai.client.inference.usage.reasoning.output_tokens", "{token}", "Output tokens used for reasoning"
)
"""counter, gen-ai-token-metrics.md, pull request 374: recorded once a call. Labels: call, TOKEN_MODALITY,
RESPONSE_MODEL, SERVER_ADDRESS, SERVER_PORT, and USAGE_STATUS where that is `estimated`."""
OPERATION_INPUT_TOKENS: Final = Metric(
    "gen_ai.client.inference.operation.input_tokens", "{token}", "Input tokens used by an inference operation", _TOKENS
)
"""histogram, gen-ai-token-metrics.md, pull request 374: recorded where the count is told. Labels: call, RESPONSE_MODEL,
SERVER_ADDRESS, SERVER_PORT, ERROR_TYPE, and USAGE_STATUS where that is `estimated`."""
OPERATION_OUTPUT_TOKENS: Final = Metric(
    "gen_ai.client.inference.operation.output_tokens", "{token}", "Output tokens of an inference operation", _TOKENS
)
"""histogram, gen-ai-token-metrics.md, pull request 374: recorded where the count is told. Labels: call, RESPONSE_MODEL,
SERVER_ADDRESS, SERVER_PORT, ERROR_TYPE, and USAGE_STATUS where that is `estimated`."""


# --- what differs between the released conventions and their main ---


@dataclass(frozen=True, slots=True)
class Change:
    """A released metric, and the metrics that the conventions' main has in its place.

    Attributes:
        released: the metric of the newest published `opentelemetry-util-genai`.
        latest: the metrics of main.
        pull_request: the number of the conventions' pull request that made the change.
    """

    released: Metric
    latest: tuple[Metric, ...]
    pull_request: int


CHANGES: Final = (
    Change(DURATION, (INFERENCE_DURATION,), 521),
    Change(TIME_TO_FIRST_CHUNK, (INFERENCE_TIME_TO_FIRST_CHUNK,), 521),
    Change(
        TOKEN_USAGE,
        (
            INFERENCE_INPUT_TOKENS, INFERENCE_OUTPUT_TOKENS, INFERENCE_CACHE_READ, INFERENCE_CACHE_WRITE,
            INFERENCE_REASONING, OPERATION_INPUT_TOKENS, OPERATION_OUTPUT_TOKENS,
        ),
        374,
    ),
)  # fmt: skip
"""All names that differ. No span attribute does: the release already has main's last renaming, to `cache_write`."""


@dataclass(frozen=True, slots=True, eq=False)  # each is one of two, and asked for by every call
class Conventions:
    """One state of the GenAI conventions.

    Attributes:
        origin: where its names come from.
        metrics: the metrics that only this state has.
    """

    origin: str
    metrics: tuple[Metric, ...]


RELEASED: Final = Conventions("opentelemetry-util-genai 1.3b0", tuple(change.released for change in CHANGES))
LATEST: Final = Conventions(
    "semantic-conventions-genai main", tuple(metric for change in CHANGES for metric in change.latest)
)

SEMCONV: Final = {"released": (RELEASED,), "latest": (LATEST,), "both": (RELEASED, LATEST)}
"""A value of the setting `semconv` -> the conventions whose names are used."""

HISTOGRAMS: Final = {
    "cost": (COST,),
    "duration": (DURATION, INFERENCE_DURATION),
    "time_to_first_chunk": (TIME_TO_FIRST_CHUNK, INFERENCE_TIME_TO_FIRST_CHUNK),
    "token_usage": (TOKEN_USAGE, OPERATION_INPUT_TOKENS, OPERATION_OUTPUT_TOKENS),
}
"""A value of the setting `histograms` -> the histograms that it means, in both conventions."""
