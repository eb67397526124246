"""Every attribute and label, once. What stands below a name is its row in `docs/reference/attributes.md`.

It begins with the attribute's type and the source of its name:
  client-inference.md, client-embeddings.md, gen-ai-agent-spans.md, pull request 440
            the newest published `opentelemetry-util-genai`, 1.3b0, and the file or pull request of the main branch of
            https://github.com/open-telemetry/semantic-conventions-genai, which has the same name
  execute-tool.md, mcp.md, gen-ai-token-metrics.md
            files of that branch
  pull request 443
            that branch's draft for cost
  code      https://opentelemetry.io/docs/specs/semconv/registry/attributes/code/
  own       chunkmeter's own, only where the conventions have no name
"""

from __future__ import annotations

from typing import Final

# --- The request ---

OPERATION_NAME: Final = "gen_ai.operation.name"
"""string, client-inference.md: what was asked for: `chat`, `text_completion`, `generate_content`, `embeddings`,
`rerank` or `invoke_agent`; `execute_tool` on the span of a tool."""
PROVIDER_NAME: Final = "gen_ai.provider.name"
"""string, client-inference.md: whose service was asked, as the SDK or the app says it: `openai`, `anthropic`,
`aws.bedrock`, `gcp.vertex_ai`, ..."""
REQUEST_MODEL: Final = "gen_ai.request.model"
"""string, client-inference.md: the model that the request names."""
REQUEST_STREAM: Final = "gen_ai.request.stream"
"""boolean, client-inference.md: true of a stream; left out of a plain answer."""
REQUEST_TEMPERATURE: Final = "gen_ai.request.temperature"
"""double, client-inference.md: as the request has it."""
REQUEST_TOP_P: Final = "gen_ai.request.top_p"
"""double, client-inference.md: as the request has it."""
REQUEST_TOP_K: Final = "gen_ai.request.top_k"
"""int, client-inference.md: as the request has it."""
REQUEST_MAX_TOKENS: Final = "gen_ai.request.max_tokens"
"""int, client-inference.md: the limit of tokens in the answer, as the request has it."""
REQUEST_STOP_SEQUENCES: Final = "gen_ai.request.stop_sequences"
"""string[], client-inference.md: as the request has them."""
REQUEST_SEED: Final = "gen_ai.request.seed"
"""int, client-inference.md: as the request has it."""
REQUEST_FREQUENCY_PENALTY: Final = "gen_ai.request.frequency_penalty"
"""double, client-inference.md: as the request has it."""
REQUEST_PRESENCE_PENALTY: Final = "gen_ai.request.presence_penalty"
"""double, client-inference.md: as the request has it."""
REQUEST_CHOICE_COUNT: Final = "gen_ai.request.choice.count"
"""int, client-inference.md: how many answers were asked for; left out where that is 1."""
REQUEST_ENCODING_FORMATS: Final = "gen_ai.request.encoding_formats"
"""string[], client-embeddings.md: of embeddings: how their numbers are to be written."""
EMBEDDINGS_DIMENSION_COUNT: Final = "gen_ai.embeddings.dimension.count"
"""int, client-embeddings.md: of embeddings: how many numbers each is to have."""
AGENT_ID: Final = "gen_ai.agent.id"
"""string, gen-ai-agent-spans.md: the OpenAI assistant that is run."""
SERVER_ADDRESS: Final = "server.address"
"""string, client-inference.md: the host that was asked."""
SERVER_PORT: Final = "server.port"
"""int, client-inference.md: its port."""
CODE_FUNCTION_NAME: Final = "code.function.name"
"""string, code: the function that Mirascope decorates, or the class of a prompt that is run; on a run's span, what is
retried."""
MIRASCOPE_TAGS: Final = "chunkmeter.mirascope.tags"
"""string[], own: the Mirascope tags that `CHUNKMETER_MIRASCOPE_TAGS` allows."""
REQUEST_RETRIES: Final = "chunkmeter.request.retries"
"""int, own: how often the SDK has sent the request again; left out where it has not, or where no hook of this SDK
meters the call."""

# --- The answer and its end ---

RESPONSE_ID: Final = "gen_ai.response.id"
"""string, client-inference.md: the answer's id, as the provider tells it."""
RESPONSE_MODEL: Final = "gen_ai.response.model"
"""string, client-inference.md: the model that answered, as the provider tells it."""
RESPONSE_FINISH_REASONS: Final = "gen_ai.response.finish_reasons"
"""string[], client-inference.md: one for each choice: `stop`, `length`, `content_filter`, `tool_call`, `compaction`,
`error`, or a provider's word that is none of these. A choice without a reason reads `error` if the outcome is `error`
or `interrupted`, and is left out otherwise. Under `released`, OpenAI's chat wires have their raw words."""
RAW_FINISH_REASONS: Final = "chunkmeter.response.raw_finish_reasons"
"""string[], own: the provider's own words, where they are others."""
FINISH_REASON: Final = "chunkmeter.finish_reason"
"""string, own: one word for the whole call: the first of `error`, `content_filter`, `length`, `tool_call`, `stop` that
a choice has; `other` for any other word; `none` if a word was expected and did not come. Left out where none is
expected."""
OUTCOME: Final = "chunkmeter.outcome"
"""string, own: how the call ended: `completed`, `interrupted`, `error`, `cancelled`, `closed` or `abandoned`."""
ERROR_TYPE: Final = "error.type"
"""string, client-inference.md: the class of the exception, or `stream_interrupted`. On the span of a request to an MCP
server also the code of its error, or `tool_error` where a result says that the tool has failed."""
RESPONSE_TIME_TO_FIRST_CHUNK: Final = "gen_ai.response.time_to_first_chunk"
"""double, client-inference.md: seconds from the request to the first raw event of its stream."""
CHUNKS: Final = "chunkmeter.chunks"
"""int, own: how many raw events the stream has had."""

# --- What was used ---

USAGE_INPUT_TOKENS: Final = "gen_ai.usage.input_tokens"
"""int, client-inference.md: tokens in, cached ones included."""
USAGE_OUTPUT_TOKENS: Final = "gen_ai.usage.output_tokens"
"""int, client-inference.md: tokens out, reasoning included."""
USAGE_CACHE_READ: Final = "gen_ai.usage.cache_read.input_tokens"
"""int, client-inference.md: of the tokens in, those read from a cache."""
USAGE_CACHE_WRITE: Final = "gen_ai.usage.cache_write.input_tokens"
"""int, pull request 440: of the tokens in, those written to a cache."""
USAGE_REASONING: Final = "gen_ai.usage.reasoning.output_tokens"
"""int, client-inference.md: of the tokens out, those of reasoning."""
USAGE_AUDIO_INPUT: Final = "gen_ai.usage.audio.input_tokens"
"""int, pull request 440: of the tokens in, those of audio."""
USAGE_AUDIO_OUTPUT: Final = "gen_ai.usage.audio.output_tokens"
"""int, pull request 440: of the tokens out, those of audio."""
USAGE_TOTAL_TOKENS: Final = "chunkmeter.usage.total_tokens"
"""int, own: the total, where the provider tells one."""
USAGE_CACHE_WRITE_1H: Final = "chunkmeter.usage.cache_write_1h_tokens"
"""int, own: of the tokens written to a cache, those kept for an hour."""
USAGE_STATUS: Final = "chunkmeter.usage.status"
"""string, own: how sure the tokens are: `reported`; `partial` if the provider had not said its last word, or told only
one of input and output; `estimated` if some of them are; `missing`; `failed` if chunkmeter failed to read them."""
USAGE_ESTIMATE: Final = "chunkmeter.usage.estimate"
"""string, own: what estimated tokens were counted with."""
USAGE_SOURCE: Final = "chunkmeter.usage.source"
"""string, own: a label alone: `span` of a call that another instrumentation's span tells of."""
COST_METADATA: Final = "chunkmeter.cost_metadata."
"""any, own: a field of Mirascope's `CostMetadata`, where no attribute above has it, by the field's name."""

# --- What it cost ---

COST_AMOUNT: Final = "gen_ai.usage.cost.amount"
"""double, pull request 443: what the call cost."""
COST_CURRENCY: Final = "gen_ai.usage.cost.currency"
"""string, pull request 443: in which currency: `USD`, or that of your price file."""
COST_SOURCE: Final = "gen_ai.usage.cost.source"
"""string, pull request 443: `provider` if the answer says what was charged, else `local`."""
COST_STATUS: Final = "chunkmeter.cost.status"
"""string, own: how sure the cost is: `known`, `partial`, `estimated`, `incomplete` or `assumed`; or why there is none:
`unknown_model`, `no_usage`, `impossible_usage` or `failed`, and on spans `elsewhere`."""
COST_UNPRICED: Final = "chunkmeter.cost.unpriced"
"""string[], own: what the cost lacks, sorted: an item, such as `web_search`, or `tier:`, `region:`, `model:` or
`class:` with what has no price."""
COST_SPLIT: Final = "chunkmeter.cost."
"""double, own: the part of the amount that is charged for a class of token or an item, by its name; the parts add up to
the amount."""
PRICE_SOURCE: Final = "chunkmeter.price.source"
"""string, own: which price was taken: `provider`, `overlay` (your file, alone or on top of the table) or
`genai-prices`; that of the tokens, where fees have another."""
PRICE_VERSION: Final = "chunkmeter.price.version"
"""string, own: the version of the table or of your file."""
PRICE_MODEL: Final = "chunkmeter.price.model"
"""string, own: the name by which the price was found."""
PRICE_MULTIPLIER: Final = "chunkmeter.price.multiplier"
"""double, own: the factor that your file puts on the list price; left out where that is 1."""

# --- A call within a run ---

ATTEMPT: Final = "chunkmeter.attempt"
"""int, own: the number of the attempt that the call belongs to, from 1."""
ATTEMPT_REASON: Final = "chunkmeter.attempt.reason"
"""string, own: why there is this attempt: the class of the exception that ended the one before, or `result` if what was
returned was refused; left out of the first."""

# --- The span of a run ---

RUN_ATTEMPTS: Final = "chunkmeter.run.attempts"
"""int, own: how many attempts were made."""
RUN_COST: Final = "chunkmeter.run.cost"
"""double, own: what all calls of all attempts cost together. Left out if no call has a cost, or if their currencies
differ."""
RUN_COST_CURRENCY: Final = "chunkmeter.run.cost.currency"
"""string, own: in which currency."""
RUN_COST_STATUS: Final = "chunkmeter.run.cost.status"
"""string, own: `known` if each call's cost is; otherwise the first of `partial`, `estimated`, `incomplete`, `assumed`
that a call has; `partial` if a call has no cost. Without a sum: why the last call has no cost, or `open`, or
`mixed_currencies`."""
RUN_COST_UNPRICED: Final = "chunkmeter.run.cost.unpriced"
"""string[], own: one word for each call that the sum lacks: why it has no cost, or `open` for a stream that had not
ended when the run did."""

# --- The span of a tool or of a request to an MCP server ---

TOOL_NAME: Final = "gen_ai.tool.name"
"""string, execute-tool.md: the tool, as the model or the server was told its name."""
TOOL_TYPE: Final = "gen_ai.tool.type"
"""string, execute-tool.md: `function`, of a tool that the app runs."""
TOOL_CALL_ID: Final = "gen_ai.tool.call.id"
"""string, execute-tool.md: the id under which the model asked, where the provider gives one."""
PROMPT_NAME: Final = "gen_ai.prompt.name"
"""string, mcp.md: the prompt, of `prompts/get`."""
MCP_METHOD_NAME: Final = "mcp.method.name"
"""string, mcp.md: the method of the request, such as `tools/call`."""
MCP_PROTOCOL_VERSION: Final = "mcp.protocol.version"
"""string, mcp.md: the version that the session has agreed on, from then on."""
JSONRPC_REQUEST_ID: Final = "jsonrpc.request.id"
"""string, mcp.md: the request's id."""
NETWORK_TRANSPORT: Final = "network.transport"
"""string, mcp.md: `pipe`, of a server that is a child process of the app."""
RPC_STATUS_CODE: Final = "rpc.response.status_code"
"""string, mcp.md: the code of an error that the server answered with."""

# --- On the spans of others ---

METERED: Final = "chunkmeter.metered"
"""boolean, own: true where chunkmeter has counted the span's call already."""

# --- Labels of metrics alone ---

TOKEN_TYPE: Final = "gen_ai.token.type"
"""string, util-genai 1.3b0: `input` or `output`."""
TOKEN_MODALITY: Final = "gen_ai.token.modality"
"""string, gen-ai-token-metrics.md: `audio`, or `unknown` of all other tokens."""
ERROR_STAGE: Final = "chunkmeter.error.stage"
"""string, own: where chunkmeter itself has failed: `hook`, `reader`, `price`, `settle` or `late`."""
