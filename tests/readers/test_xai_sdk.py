"""What xAI's own SDK hands out: pairs of the response so far and a chunk, around messages of gRPC."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from xai_sdk.chat import Chunk, Response
from xai_sdk.proto import chat_pb2, sample_pb2, usage_pb2

import chunkmeter
from chunkmeter import normalize
from chunkmeter.testing import Kit, attributes_of

protos: Any = chat_pb2
usages: Any = usage_pb2
ASSISTANT, TOOL = protos.MessageRole.ROLE_ASSISTANT, protos.MessageRole.ROLE_TOOL
STOP: Any = sample_pb2.FinishReason.REASON_STOP  # pyrefly: ignore


def chunk(text: str, *, role: Any = ASSISTANT, reason: Any = 0, **more: Any) -> Any:
    output = protos.CompletionOutputChunk(index=0, delta=protos.Delta(content=text, role=role), finish_reason=reason)
    return protos.GetChatCompletionChunk(id="xai-1", model="grok-4", outputs=[output], **more)


def used(**counts: int) -> Any:
    return usages.SamplingUsage(prompt_tokens=1000, completion_tokens=120, cached_prompt_text_tokens=400, **counts)


def pairs(*chunks: Any) -> Iterator[Any]:
    """As `chat.stream()` gives them."""
    response = Response(protos.GetChatCompletionResponse(outputs=[protos.CompletionOutput()]), 0)
    for each in chunks:
        response.process_chunk(each)
        yield response, Chunk(each, 0)


@pytest.fixture
def attributes(kit: Kit) -> Any:
    def read(*chunks: Any) -> dict[str, Any]:
        given = [*pairs(*chunks)]
        stream = chunkmeter.wrap((each for each in given), provider="xai", model="grok-4", telemetry=kit.telemetry)
        assert [*stream] == given
        return attributes_of(kit.span)

    return read


def test_its_pairs_are_read(attributes: Any) -> None:
    """Reasoning lies beside the output there: 120 + 80."""
    last = chunk(
        "", reason=STOP, usage=used(reasoning_tokens=80, total_tokens=1200), service_tier="SERVICE_TIER_PRIORITY"
    )
    said = attributes(chunk("4"), chunk("2", usage=used(total_tokens=1120)), last)
    assert said["gen_ai.response.finish_reasons"] == ["stop"]
    assert said["gen_ai.response.id"] == "xai-1"
    assert said["gen_ai.usage.input_tokens"] == 1000
    assert said["gen_ai.usage.cache_read.input_tokens"] == 400
    assert said["gen_ai.usage.output_tokens"] == 200
    assert said["gen_ai.usage.reasoning.output_tokens"] == 80
    assert said["chunkmeter.outcome"] == "completed"
    assert said["chunkmeter.chunks"] == 3


def test_its_ticks_are_the_charge(attributes: Any) -> None:
    """A tick is 1e-10 USD, https://docs.x.ai/docs/models."""
    said = attributes(chunk("", reason=STOP, usage=used(cost_in_usd_ticks=12_345_000, total_tokens=1120)))
    assert said["gen_ai.usage.cost.amount"] == pytest.approx(0.0012345, abs=1e-12)
    assert said["gen_ai.usage.cost.source"] == "provider"


def test_what_its_tools_put_out_is_no_choice(attributes: Any) -> None:
    said = attributes(chunk("42", role=TOOL), chunk("", reason=STOP))
    assert said["gen_ai.response.finish_reasons"] == ["stop"]
    assert said["chunkmeter.usage.status"] == "missing"


def test_a_cut_stream_has_no_reason(attributes: Any) -> None:
    assert attributes(chunk("4"))["chunkmeter.outcome"] == "interrupted"


def test_a_chunk_alone_is_normalized() -> None:
    said = normalize(Chunk(chunk("", reason=STOP, usage=used(total_tokens=1120)), 0))
    assert said.finish_reasons == ["stop"]
    assert said.usage is not None
    assert (said.usage.input_tokens, said.usage.output_tokens) == (1000, 120)
    assert normalize(Chunk(chunk("4"), 0)).usage is None
