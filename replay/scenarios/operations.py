"""OpenAI's and Mistral's operations beside chat: embeddings, transcription, images, and runs of an assistant.

Prices, USD per million tokens: text-embedding-3-small 0.02 in; mistral-embed 0.10 in; gpt-4o-transcribe 2.50 in, 6.00
of audio in, 10.00 out; gpt-4o-mini-transcribe 1.25, 3.00, 5.00; gpt-image-1 5.00 in, 10.00 of images in, 40.00 out;
gpt-image-1.5 5.00, 8.00, 10.00, 32.00 of images out; gpt-4o-mini 0.15 in, 0.075 cached, 0.60 out. whisper-1 has 0.36
USD an hour.
"""

from __future__ import annotations

import struct
from base64 import b64encode
from collections.abc import Iterable
from functools import partial
from typing import Any

from replay.scenarios.base import MILLION, D, Scenario, Truth, body, compact, sse

Json = dict[str, Any]

_scenario = partial(Scenario, service="openai", kind="plain")
_truth = partial(Truth, provider="openai", raw_finish_reasons=(), finish_reasons=(), response_id=None)


def _events(events: Iterable[tuple[str, Json]]) -> tuple[bytes, ...]:
    """Server-sent events with their names, which the assistants' SDK goes by."""
    written = [f"event: {name}\ndata: {compact(event)}\n\n".encode() for name, event in events]
    return (*written, b"event: done\ndata: [DONE]\n\n")


# --- embeddings: OpenAI's SDK asks for base64 ---


def _vectors(*vectors: tuple[float, ...]) -> list[Json]:
    packed = (b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode() for vector in vectors)
    return [{"object": "embedding", "index": at, "embedding": vector} for at, vector in enumerate(packed)]


_EMBEDDED: Json = {
    "object": "list",
    "data": _vectors((0.25, -0.5, 0.125), (0.5, 0.0, -0.75)),
    "model": "text-embedding-3-small",
    "usage": {"prompt_tokens": 1800, "total_tokens": 1800},
}
_EMBEDDED_BY_MISTRAL: Json = {
    "id": "e4a27b00d1e84a5e9f3c6b2a00000021",
    "object": "list",
    "data": [{"object": "embedding", "embedding": [0.25, -0.5, 0.125], "index": 0}],
    "model": "mistral-embed",
    "usage": {"prompt_audio_seconds": None, "prompt_tokens": 700, "total_tokens": 700, "completion_tokens": 0},
}


# --- transcription ---


def _heard(text: int, audio: int, written: int) -> Json:
    return {
        "type": "tokens",
        "total_tokens": text + audio + written,
        "input_tokens": text + audio,
        "input_token_details": {"text_tokens": text, "audio_tokens": audio},
        "output_tokens": written,
    }


_SPOKEN = "The tide turns twice a day in Aveiro."
_WORDS = [
    {"type": "transcript.text.delta", "delta": piece} for piece in ("The tide turns ", "twice a day ", "in Aveiro.")
]
_WRITTEN = {"type": "transcript.text.done", "text": _SPOKEN, "usage": _heard(4, 60, 11)}
_SEGMENT = {"id": 0, "seek": 0, "start": 0.0, "end": 11.4, "text": _SPOKEN, "tokens": [50364], "temperature": 0.0}
_VERBOSE: Json = {
    "task": "transcribe",
    "language": "english",
    "duration": 11.4,
    "text": _SPOKEN,
    "segments": [_SEGMENT],
    "usage": {"type": "duration", "seconds": 12},
}


# --- images ---

_PICTURE = b64encode(b"\x89PNG").decode()
_LOOKS: Json = {"background": "opaque", "output_format": "png", "quality": "low", "size": "1024x1024"}


def _drawn(text: int, images: int, made: Json) -> Json:
    out = sum(made.values())
    return {
        "input_tokens": text + images,
        "input_tokens_details": {"text_tokens": text, "image_tokens": images},
        "output_tokens": out,
        **({"output_tokens_details": made} if len(made) > 1 else {}),
        "total_tokens": text + images + out,
    }


_IMAGE: Json = {
    "created": 1763800020,
    **_LOOKS,
    "data": [{"b64_json": _PICTURE}],
    "usage": _drawn(15, 194, {"image_tokens": 272}),
}
_IMAGE_STREAM: list[tuple[str, Json]] = [
    ("image_generation.partial_image", {"b64_json": _PICTURE, "partial_image_index": 0}),
    (
        "image_generation.completed",
        {"b64_json": _PICTURE, "usage": _drawn(15, 0, {"text_tokens": 30, "image_tokens": 242})},
    ),
]
_EDIT_STREAM: list[tuple[str, Json]] = [
    ("image_edit.partial_image", {"b64_json": _PICTURE, "partial_image_index": 0}),
    ("image_edit.completed", {"b64_json": _PICTURE, "usage": _drawn(12, 323, {"image_tokens": 1056})}),
]


def _pictured(events: list[tuple[str, Json]]) -> tuple[bytes, ...]:
    said = [(name, {"type": name, "created_at": 1763800021, **_LOOKS, **event}) for name, event in events]
    return _events(said)[:-1]


# --- runs of an assistant ---

_ASSISTANT = "asst_CmTideTables0000000000022"
_THREAD = "thread_CmTideTables00000000022"


def _run(run: str, status: str, usage: Json | None = None) -> Json:
    return {
        "id": run,
        "object": "thread.run",
        "created_at": 1763800022,
        "assistant_id": _ASSISTANT,
        "thread_id": _THREAD,
        "status": status,
        "model": "gpt-4o-mini",
        "tools": [],
        "metadata": {},
        "usage": usage,
    }


_RUN = "run_CmTideTableStream000022"
_USED: Json = {
    "prompt_tokens": 900,
    "completion_tokens": 40,
    "total_tokens": 940,
    "prompt_token_details": {"cached_tokens": 512},
}
_MESSAGE: Json = {"id": "msg_CmTide0022", "object": "thread.message.delta"}
_STEP: Json = {"id": "step_CmTide0022", "object": "thread.run.step", "run_id": _RUN, "thread_id": _THREAD}
_RUN_STREAM: list[tuple[str, Json]] = [
    ("thread.run.created", _run(_RUN, "queued")),
    ("thread.run.in_progress", _run(_RUN, "in_progress")),
    (
        "thread.message.delta",
        {**_MESSAGE, "delta": {"content": [{"index": 0, "type": "text", "text": {"value": "High tide at six."}}]}},
    ),
    ("thread.run.step.completed", {**_STEP, "status": "completed", "usage": _USED}),
    ("thread.run.completed", _run(_RUN, "completed", _USED)),
]


SCENARIOS: tuple[Scenario, ...] = (
    _scenario(
        id="openai-embeddings-call",
        wire="openai_embeddings",
        stream=False,
        model="text-embedding-3-small",
        events=body(_EMBEDDED),
        truth=_truth(
            operation="embeddings",
            response_model="text-embedding-3-small",
            input_tokens=1800,
            output_tokens=None,
            total_tokens=1800,
            cost=1800 * D("0.02") / MILLION,
        ),
    ),
    _scenario(
        id="mistral-embeddings-call",
        service="mistral",
        wire="openai_embeddings",
        stream=False,
        model="mistral-embed",
        events=body(_EMBEDDED_BY_MISTRAL),
        truth=_truth(
            provider="mistral_ai",
            operation="embeddings",
            response_model="mistral-embed",
            response_id="e4a27b00d1e84a5e9f3c6b2a00000021",
            input_tokens=700,
            output_tokens=None,
            total_tokens=700,
            cost=700 * D("0.10") / MILLION,
        ),
    ),
    _scenario(
        id="openai-transcription-call",
        wire="openai_transcription",
        stream=False,
        model="gpt-4o-transcribe",
        events=body({"text": _SPOKEN, "usage": _heard(5, 55, 12)}),
        truth=_truth(
            operation="generate_content",
            response_model=None,
            input_tokens=60,
            input_audio_tokens=55,
            output_tokens=12,
            total_tokens=72,
            cost=(5 * D("2.50") + 55 * D("6.00") + 12 * D("10.00")) / MILLION,
        ),
    ),
    _scenario(
        id="openai-transcription-stream",
        wire="openai_transcription",
        stream=True,
        model="gpt-4o-mini-transcribe",
        events=sse([*_WORDS, _WRITTEN]),
        truth=_truth(
            operation="generate_content",
            response_model=None,
            input_tokens=64,
            input_audio_tokens=60,
            output_tokens=11,
            total_tokens=75,
            cost=(4 * D("1.25") + 60 * D("3.00") + 11 * D("5.00")) / MILLION,
            events_on_wire=4,
        ),
    ),
    _scenario(
        id="openai-seconds-call",
        wire="openai_transcription",
        stream=False,
        model="whisper-1",
        events=body(_VERBOSE),
        truth=_truth(
            operation="generate_content",
            response_model=None,
            input_tokens=None,
            output_tokens=None,
            total_tokens=None,
            items={"audio_second": 12},
            cost=12 * D("0.36") / 3600,
        ),
    ),
    _scenario(
        id="openai-image-call",
        wire="openai_images",
        stream=False,
        model="gpt-image-1",
        events=body(_IMAGE),
        truth=_truth(
            operation="generate_content",
            response_model=None,
            input_tokens=15 + 194,
            output_tokens=272,
            total_tokens=481,
            cost=(15 * D("5.00") + 194 * D("10.00") + 272 * D("40.00")) / MILLION,
        ),
    ),
    _scenario(
        id="openai-image-stream",
        wire="openai_images",
        stream=True,
        model="gpt-image-1.5",
        events=_pictured(_IMAGE_STREAM),
        truth=_truth(
            operation="generate_content",
            response_model=None,
            input_tokens=15,
            output_tokens=30 + 242,
            total_tokens=287,
            cost=(15 * D("5.00") + 30 * D("10.00") + 242 * D("32.00")) / MILLION,
            events_on_wire=2,
        ),
    ),
    _scenario(
        id="openai-edit-stream",
        wire="openai_images",
        stream=True,
        model="gpt-image-1",
        events=_pictured(_EDIT_STREAM),
        truth=_truth(
            operation="generate_content",
            response_model=None,
            input_tokens=12 + 323,
            output_tokens=1056,
            total_tokens=1391,
            cost=(12 * D("5.00") + 323 * D("10.00") + 1056 * D("40.00")) / MILLION,
            events_on_wire=2,
        ),
    ),
    _scenario(
        id="openai-run-stream",
        wire="openai_assistants",
        stream=True,
        model=_ASSISTANT,
        events=_events(_RUN_STREAM),
        truth=_truth(
            operation="invoke_agent",
            raw_finish_reasons=("completed",),
            finish_reasons=("stop",),
            response_model="gpt-4o-mini",
            response_id=_RUN,
            input_tokens=900,
            cached_tokens=512,
            output_tokens=40,
            total_tokens=940,
            cost=((900 - 512) * D("0.15") + 512 * D("0.075") + 40 * D("0.60")) / MILLION,
            events_on_wire=5,
        ),
    ),
    # A run that is not streamed is only queued by the time of its answer: nothing has been used yet.
    _scenario(
        id="openai-run-call",
        wire="openai_assistants",
        stream=False,
        model=_ASSISTANT,
        events=body(_run("run_CmTideTableQueued000023", "queued")),
        truth=_truth(
            operation="invoke_agent",
            response_model="gpt-4o-mini",
            response_id="run_CmTideTableQueued000023",
            input_tokens=None,
            output_tokens=None,
            total_tokens=None,
            cost=None,
        ),
    ),
)
