"""Every attribute, metric, unit, bucket bound and enum that chunkmeter emits, once, with its source.

Sources:
  [released] the newest published `opentelemetry-util-genai`, 1.3b0
  [latest]   main of https://github.com/open-telemetry/semantic-conventions-genai
  [genai]    both, which agree
  [cost]     a draft of the conventions, their pull request 443 (span attributes and histogram of cost)
  [code]     https://opentelemetry.io/docs/specs/semconv/registry/attributes/code/
  [tool]     execute-tool.md of those conventions, whose names the release has too
  [mcp]      mcp.md of those conventions, and the registry's `jsonrpc`, `network` and `rpc`
  [own]      chunkmeter's own, only where the conventions have no name
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

# --- span attributes: request [genai] ---
OPERATION_NAME: Final = "gen_ai.operation.name"
PROVIDER_NAME: Final = "gen_ai.provider.name"
REQUEST_MODEL: Final = "gen_ai.request.model"
REQUEST_STREAM: Final = "gen_ai.request.stream"
REQUEST_TEMPERATURE: Final = "gen_ai.request.temperature"
REQUEST_TOP_P: Final = "gen_ai.request.top_p"
REQUEST_TOP_K: Final = "gen_ai.request.top_k"
REQUEST_MAX_TOKENS: Final = "gen_ai.request.max_tokens"
REQUEST_STOP_SEQUENCES: Final = "gen_ai.request.stop_sequences"
REQUEST_SEED: Final = "gen_ai.request.seed"
REQUEST_FREQUENCY_PENALTY: Final = "gen_ai.request.frequency_penalty"
REQUEST_PRESENCE_PENALTY: Final = "gen_ai.request.presence_penalty"
REQUEST_CHOICE_COUNT: Final = "gen_ai.request.choice.count"
REQUEST_ENCODING_FORMATS: Final = "gen_ai.request.encoding_formats"
EMBEDDINGS_DIMENSION_COUNT: Final = "gen_ai.embeddings.dimension.count"
AGENT_ID: Final = "gen_ai.agent.id"
SERVER_ADDRESS: Final = "server.address"
SERVER_PORT: Final = "server.port"
ERROR_TYPE: Final = "error.type"

# --- span attributes: response and usage [genai] ---
RESPONSE_ID: Final = "gen_ai.response.id"
RESPONSE_MODEL: Final = "gen_ai.response.model"
RESPONSE_FINISH_REASONS: Final = "gen_ai.response.finish_reasons"
RESPONSE_TIME_TO_FIRST_CHUNK: Final = "gen_ai.response.time_to_first_chunk"
USAGE_INPUT_TOKENS: Final = "gen_ai.usage.input_tokens"
USAGE_OUTPUT_TOKENS: Final = "gen_ai.usage.output_tokens"
USAGE_CACHE_READ: Final = "gen_ai.usage.cache_read.input_tokens"
USAGE_CACHE_WRITE: Final = "gen_ai.usage.cache_write.input_tokens"
USAGE_REASONING: Final = "gen_ai.usage.reasoning.output_tokens"
USAGE_AUDIO_INPUT: Final = "gen_ai.usage.audio.input_tokens"
USAGE_AUDIO_OUTPUT: Final = "gen_ai.usage.audio.output_tokens"

# --- span attributes: a tool that is run [tool] ---
TOOL_NAME: Final = "gen_ai.tool.name"
TOOL_TYPE: Final = "gen_ai.tool.type"
TOOL_CALL_ID: Final = "gen_ai.tool.call.id"

# --- span attributes: a request to a server of tools [mcp] ---
MCP_METHOD_NAME: Final = "mcp.method.name"
MCP_PROTOCOL_VERSION: Final = "mcp.protocol.version"
PROMPT_NAME: Final = "gen_ai.prompt.name"
JSONRPC_REQUEST_ID: Final = "jsonrpc.request.id"
NETWORK_TRANSPORT: Final = "network.transport"
RPC_STATUS_CODE: Final = "rpc.response.status_code"

# --- labels of token metrics ---
TOKEN_TYPE: Final = "gen_ai.token.type"  # [released] input, output
TOKEN_MODALITY: Final = "gen_ai.token.modality"  # [latest] text, image, audio, unknown

# --- span attributes: cost [cost] ---
COST_AMOUNT: Final = "gen_ai.usage.cost.amount"
COST_CURRENCY: Final = "gen_ai.usage.cost.currency"
COST_SOURCE: Final = "gen_ai.usage.cost.source"

# --- span attributes [code] ---
CODE_FUNCTION_NAME: Final = "code.function.name"

# --- span attributes [own] ---
OUTCOME: Final = "chunkmeter.outcome"
REQUEST_RETRIES: Final = "chunkmeter.request.retries"
CHUNKS: Final = "chunkmeter.chunks"
RAW_FINISH_REASONS: Final = "chunkmeter.response.raw_finish_reasons"
USAGE_STATUS: Final = "chunkmeter.usage.status"
USAGE_SOURCE: Final = "chunkmeter.usage.source"  # a label: `span`, or left out
USAGE_ESTIMATE: Final = "chunkmeter.usage.estimate"
USAGE_TOTAL_TOKENS: Final = "chunkmeter.usage.total_tokens"
USAGE_CACHE_WRITE_1H: Final = "chunkmeter.usage.cache_write_1h_tokens"
COST_STATUS: Final = "chunkmeter.cost.status"
COST_UNPRICED: Final = "chunkmeter.cost.unpriced"
COST_SPLIT: Final = "chunkmeter.cost."  # + a class of token, of `pricing.tokens.CLASSES`
PRICE_SOURCE: Final = "chunkmeter.price.source"
PRICE_VERSION: Final = "chunkmeter.price.version"
PRICE_MODEL: Final = "chunkmeter.price.model"
PRICE_MULTIPLIER: Final = "chunkmeter.price.multiplier"
COST_METADATA: Final = "chunkmeter.cost_metadata."  # + a field of `models.CostMetadata`
MIRASCOPE_TAGS: Final = "chunkmeter.mirascope.tags"
METERED: Final = "chunkmeter.metered"
ATTEMPT: Final = "chunkmeter.attempt"
ATTEMPT_REASON: Final = "chunkmeter.attempt.reason"
RUN_ATTEMPTS: Final = "chunkmeter.run.attempts"
RUN_COST: Final = "chunkmeter.run.cost"
RUN_COST_CURRENCY: Final = "chunkmeter.run.cost.currency"
RUN_COST_STATUS: Final = "chunkmeter.run.cost.status"
RUN_COST_UNPRICED: Final = "chunkmeter.run.cost.unpriced"
FINISH_REASON: Final = "chunkmeter.finish_reason"
ERROR_STAGE: Final = "chunkmeter.error.stage"

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
CALLS: Final = Metric("chunkmeter.calls", "{call}", "Calls, by finish reason, outcome, usage status and cost status")
ERRORS: Final = Metric("chunkmeter.errors", "{error}", "Failures of chunkmeter itself, kept away from the application")
STREAMS_OPEN: Final = Metric("chunkmeter.streams.open", "{stream}", "Streams begun and not yet settled")
STREAMS_OLDEST_IDLE: Final = Metric("chunkmeter.streams.oldest_idle", "s", "Time the longest paused stream has waited")
PRICE_TABLE_AGE: Final = Metric("chunkmeter.price_table.age", "s", "Age of the newest price in the table in use")

# --- metrics [cost] ---
COST: Final = Metric("gen_ai.client.operation.cost", "{cost}", "Cost of GenAI client operations", _COST)

# --- metrics [released] ---
DURATION: Final = Metric("gen_ai.client.operation.duration", "s", "Duration of GenAI client operation", _SECONDS)
TIME_TO_FIRST_CHUNK: Final = Metric(
    "gen_ai.client.operation.time_to_first_chunk",
    "s",
    "Time from the request to the first chunk of its stream",
    _SECONDS,
)
TOKEN_USAGE: Final = Metric(
    "gen_ai.client.token.usage", "{token}", "Number of input and output tokens used by GenAI clients", _TOKENS
)

# --- metrics [latest]: docs/gen-ai/client-inference.md, docs/gen-ai/gen-ai-token-metrics.md ---
INFERENCE_DURATION: Final = Metric(
    "gen_ai.client.inference.duration", "s", "GenAI client inference operation duration", _SECONDS
)
INFERENCE_TIME_TO_FIRST_CHUNK: Final = Metric(
    "gen_ai.client.inference.time_to_first_chunk", "s", TIME_TO_FIRST_CHUNK.description, _SECONDS
)
INFERENCE_INPUT_TOKENS: Final = Metric(
    "gen_ai.client.inference.usage.input_tokens", "{token}", "Input tokens used, cached ones included"
)
INFERENCE_OUTPUT_TOKENS: Final = Metric(
    "gen_ai.client.inference.usage.output_tokens", "{token}", "Output tokens used, reasoning included"
)
INFERENCE_CACHE_READ: Final = Metric(
    "gen_ai.client.inference.usage.cache_read.input_tokens", "{token}", "Input tokens served from a provider's cache"
)
INFERENCE_CACHE_WRITE: Final = Metric(
    "gen_ai.client.inference.usage.cache_write.input_tokens", "{token}", "Input tokens written to a provider's cache"
)
INFERENCE_REASONING: Final = Metric(
    "gen_ai.client.inference.usage.reasoning.output_tokens", "{token}", "Output tokens used for reasoning"
)
OPERATION_INPUT_TOKENS: Final = Metric(
    "gen_ai.client.inference.operation.input_tokens", "{token}", "Input tokens used by an inference operation", _TOKENS
)
OPERATION_OUTPUT_TOKENS: Final = Metric(
    "gen_ai.client.inference.operation.output_tokens", "{token}", "Output tokens of an inference operation", _TOKENS
)


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


@dataclass(frozen=True, slots=True)
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
