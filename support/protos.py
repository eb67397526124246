"""Google's generateContent as its older SDKs have it: messages of the package `proto`, with the API's own fields.

The SDKs themselves live in an environment of their own (`make matrix`); what they wrap around these is there too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import import_module
from typing import Any

__all__ = [
    "BeforeThoughts",
    "GenerateContentRequest",
    "GenerateContentResponse",
    "GenerationConfig",
    "of_json",
    "wrapped",
]

proto: Any = import_module("proto")


class Part(proto.Message):
    text = proto.Field(proto.STRING, number=1)


class Content(proto.Message):
    role = proto.Field(proto.STRING, number=1)
    parts = proto.RepeatedField(Part, number=2)


class FunctionDeclaration(proto.Message):
    name = proto.Field(proto.STRING, number=1)


class Tool(proto.Message):
    function_declarations = proto.RepeatedField(FunctionDeclaration, number=1)


class GenerationConfig(proto.Message):
    temperature = proto.Field(proto.FLOAT, number=1, optional=True)
    top_p = proto.Field(proto.FLOAT, number=2, optional=True)
    candidate_count = proto.Field(proto.INT32, number=4, optional=True)
    max_output_tokens = proto.Field(proto.INT32, number=5, optional=True)
    stop_sequences = proto.RepeatedField(proto.STRING, number=6)


class GenerateContentRequest(proto.Message):
    contents = proto.RepeatedField(Content, number=2)
    model = proto.Field(proto.STRING, number=5)
    tools = proto.RepeatedField(Tool, number=6)


class GroundingChunk(proto.Message):
    class Source(proto.Message):
        uri = proto.Field(proto.STRING, number=1)
        title = proto.Field(proto.STRING, number=2)

    web = proto.Field(Source, number=1, oneof="chunk_type")
    retrieved_context = proto.Field(Source, number=2, oneof="chunk_type")
    maps = proto.Field(Source, number=3, oneof="chunk_type")


class GroundingMetadata(proto.Message):
    web_search_queries = proto.RepeatedField(proto.STRING, number=1)
    grounding_chunks = proto.RepeatedField(GroundingChunk, number=5)
    google_maps_widget_context_token = proto.Field(proto.STRING, number=8, optional=True)


class Candidate(proto.Message):
    class FinishReason(proto.Enum):
        FINISH_REASON_UNSPECIFIED = 0
        STOP = 1
        MAX_TOKENS = 2
        SAFETY = 3
        RECITATION = 4

    index = proto.Field(proto.INT32, number=1)
    content = proto.Field(Content, number=2)
    finish_reason = proto.Field(FinishReason, number=3)
    grounding_metadata = proto.Field(GroundingMetadata, number=7)


class ModalityTokenCount(proto.Message):
    class Modality(proto.Enum):
        MODALITY_UNSPECIFIED = 0
        TEXT = 1
        AUDIO = 4

    modality = proto.Field(Modality, number=1)
    token_count = proto.Field(proto.INT32, number=2)


class PromptFeedback(proto.Message):
    class BlockedReason(proto.Enum):
        BLOCKED_REASON_UNSPECIFIED = 0
        SAFETY = 1

    block_reason = proto.Field(BlockedReason, number=1)


class UsageMetadata(proto.Message):
    class TrafficType(proto.Enum):
        TRAFFIC_TYPE_UNSPECIFIED = 0
        ON_DEMAND = 1

    prompt_token_count = proto.Field(proto.INT32, number=1)
    candidates_token_count = proto.Field(proto.INT32, number=2)
    total_token_count = proto.Field(proto.INT32, number=3)
    cached_content_token_count = proto.Field(proto.INT32, number=5)
    traffic_type = proto.Field(TrafficType, number=8)
    prompt_tokens_details = proto.RepeatedField(ModalityTokenCount, number=9)
    cache_tokens_details = proto.RepeatedField(ModalityTokenCount, number=10)
    candidates_tokens_details = proto.RepeatedField(ModalityTokenCount, number=11)
    tool_use_prompt_token_count = proto.Field(proto.INT32, number=13)
    thoughts_token_count = proto.Field(proto.INT32, number=14)


class GenerateContentResponse(proto.Message):
    """As google-cloud-aiplatform has it."""

    candidates = proto.RepeatedField(Candidate, number=2)
    prompt_feedback = proto.Field(PromptFeedback, number=3)
    usage_metadata = proto.Field(UsageMetadata, number=4)
    model_version = proto.Field(proto.STRING, number=11)
    response_id = proto.Field(proto.STRING, number=13)


class UsageBeforeThoughts(proto.Message):
    prompt_token_count = proto.Field(proto.INT32, number=1)
    candidates_token_count = proto.Field(proto.INT32, number=2)
    total_token_count = proto.Field(proto.INT32, number=3)
    cached_content_token_count = proto.Field(proto.INT32, number=4)


class BeforeThoughts(proto.Message):
    """As google-generativeai has it in its last release, which knows no thoughts and no response's id."""

    candidates = proto.RepeatedField(Candidate, number=1)
    prompt_feedback = proto.Field(PromptFeedback, number=2)
    usage_metadata = proto.Field(UsageBeforeThoughts, number=3)
    model_version = proto.Field(proto.STRING, number=4)


def of_json(event: Mapping[str, Any], kind: Any = GenerateContentResponse) -> Any:
    """The message that a JSON event stands for, without what the message doesn't know."""
    return kind.from_json(json.dumps(event), ignore_unknown_fields=True)


def wrapped(message: Any, home: str, attribute: str) -> Any:
    """An SDK's response around a message, of a class that is at home in the module `home`."""
    response: Any = type("Response", (), {"__module__": home})()
    setattr(response, attribute, message)
    return response
