"""Operations beside chat, through real SDKs: embeddings, transcription, images, and runs of an assistant."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import mistralai
import openai
import pytest
from opentelemetry.trace import SpanKind

from chunkmeter.instrumentors._library import Library, Patches, hook
from chunkmeter.instrumentors._method import Method
from chunkmeter.testing import Kit, attributes_of
from replay.scenarios import by_id
from replay.scenarios.base import Answer
from replay.server import Server
from support import sdk

METHODS = {
    "openai_embeddings": ("openai.resources.embeddings", "Embeddings.create"),
    "openai_transcription": ("openai.resources.audio.transcriptions", "Transcriptions.create"),
    "openai_images": ("openai.resources.images", "Images.generate"),
    "openai_assistants": ("openai.resources.beta.threads.runs.runs", "Runs.create"),
}
SOUND = ("tide.wav", b"RIFF")


def _install(telemetry: Any, patches: Patches) -> None:
    method = Method(telemetry, "operations", patches)
    for wire, (module, name) in METHODS.items():
        patches.put(module, name, method.hook(partial(method.described, wire=wire, provider="openai")))
    edits = partial(method.described, wire="openai_images", provider="openai")
    patches.put("openai.resources.images", "Images.edit", method.hook(edits))
    mistral = partial(method.described, wire="openai_embeddings", provider="mistral")
    patches.put("mistralai.embeddings", "Embeddings.create", method.hook(mistral))


@pytest.fixture
def kit() -> Iterator[Kit]:
    """Providers in memory, of an app where these methods are hooked."""
    kit = Kit()
    given = {"tracer_provider": kit.tracer_provider, "meter_provider": kit.meter_provider}
    library = Library("operations", "openai", (1,), (2,), "1.x", "")
    patches = hook(library, given, _install)
    yield kit
    if patches is not None:
        patches.remove()
    kit.shutdown()


def embed(client: Any, model: str) -> Any:
    return client.embeddings.create(model=model, input=["tide", "moon"], dimensions=3)


def embed_by_mistral(client: Any, model: str) -> Any:
    return client.embeddings.create(model=model, inputs=["tide"])


def transcribe(client: Any, model: str, **options: Any) -> Any:
    return client.audio.transcriptions.create(model=model, file=SOUND, **options)


def draw(client: Any, model: str, **options: Any) -> Any:
    return client.images.generate(model=model, prompt="A tide table", **options)


def edit(client: Any, model: str, **options: Any) -> Any:
    return client.images.edit(model=model, prompt="Now at noon", image=("a.png", b"\x89PNG", "image/png"), **options)


def run(client: Any, model: str, **options: Any) -> Any:
    return client.beta.threads.runs.create(thread_id="thread_1", assistant_id=model, **options)


ASKED: dict[str, Callable[..., Any]] = {
    "openai-embeddings-call": embed,
    "mistral-embeddings-call": embed_by_mistral,
    "openai-transcription-call": transcribe,
    "openai-transcription-stream": partial(transcribe, stream=True),
    "openai-seconds-call": partial(transcribe, response_format="verbose_json"),
    "openai-image-call": draw,
    "openai-image-stream": partial(draw, stream=True, partial_images=1),
    "openai-edit-stream": partial(edit, stream=True, partial_images=1),
    "openai-run-stream": partial(run, stream=True),
    "openai-run-call": run,
}


def ask(server: Server, scenario: str, options: str = "") -> Any:
    """Send the scenario's request, and read its answer if that is a stream: the events, or the answer."""
    if by_id[scenario].service == "mistral":
        client: Any = mistralai.Mistral("none", server_url=sdk.route(server, scenario, options))
    else:
        client = sdk.openai_client(server, scenario, options)
    with client:
        answer = ASKED[scenario](client, by_id[scenario].model)
        return [*answer] if by_id[scenario].stream else answer


@pytest.mark.filterwarnings("ignore:The Assistants API is deprecated:DeprecationWarning")
@pytest.mark.parametrize("scenario", ASKED)
def test_it_is_what_the_wire_says(kit: Kit, server: Server, scenario: str) -> None:
    """Operation, outcome, reason, tokens and cost, on the span and in metrics."""
    played, truth = by_id[scenario], by_id[scenario].truth
    answer = ask(server, scenario)
    assert not played.stream or len(answer) == truth.events_on_wire
    span, attributes = kit.span, attributes_of(kit.span)
    agent = truth.operation == "invoke_agent"
    assert span.kind is SpanKind.CLIENT
    assert span.name == (truth.operation if agent else f"{truth.operation} {played.model}")
    expected = {
        "gen_ai.operation.name": truth.operation,
        "gen_ai.provider.name": truth.provider,
        "gen_ai.request.model": None if agent else played.model,
        "gen_ai.request.stream": played.stream or None,
        "gen_ai.response.model": truth.response_model,
        "gen_ai.response.id": truth.response_id,
        "gen_ai.agent.id": played.model if agent else None,
        "gen_ai.usage.input_tokens": truth.input_tokens,
        "gen_ai.usage.output_tokens": truth.output_tokens,
        "gen_ai.usage.audio.input_tokens": truth.input_audio_tokens,
        "gen_ai.usage.cache_read.input_tokens": truth.cached_tokens,
        "chunkmeter.usage.total_tokens": truth.total_tokens,
        "chunkmeter.outcome": "completed",
        "chunkmeter.usage.status": truth.usage_status,
        # Nobody says who answers at the replay server.
        "chunkmeter.cost.status": "assumed" if truth.cost else truth.cost_status,
        "gen_ai.usage.cost.amount": None if truth.cost is None else pytest.approx(truth.usd, abs=1e-12),
        "gen_ai.embeddings.dimension.count": 3 if scenario == "openai-embeddings-call" else None,
        "error.type": None,
    }
    assert {name: attributes.get(name) for name in expected} == expected
    calls = kit.points("chunkmeter.calls")
    assert [(point.value, point.attributes["gen_ai.operation.name"]) for point in calls] == [(1, truth.operation)]
    assert kit.total("chunkmeter.spend", operation__name=str(truth.operation)) == pytest.approx(truth.usd, abs=1e-12)
    assert kit.total("chunkmeter.errors") == 0
    durations = kit.points("gen_ai.client.operation.duration")
    assert [(point.count, point.attributes["gen_ai.operation.name"]) for point in durations] == [(1, truth.operation)]
    counted = {
        point.attributes["gen_ai.token.type"]: point.sum
        for point in kit.points("gen_ai.client.token.usage")
        if point.attributes["gen_ai.operation.name"] == truth.operation
    }
    told = {"input": truth.input_tokens, "output": truth.output_tokens}
    assert counted == {kind: number for kind, number in told.items() if number is not None}


REASONS = {"openai-run-stream": "stop", "openai-run-call": "none"}


@pytest.mark.filterwarnings("ignore:The Assistants API is deprecated:DeprecationWarning")
@pytest.mark.parametrize("scenario", ASKED)
def test_a_reason_stands_only_where_the_wire_has_a_word_for_it(kit: Kit, server: Server, scenario: str) -> None:
    """A run has; embeddings, transcription and images have none, whether they succeed or fail."""
    ask(server, scenario)
    with pytest.raises((openai.APIError, mistralai.SDKError)):
        ask(server, scenario, "status=400")
    worded = scenario in REASONS
    for span, reason in zip(kit.spans, (REASONS.get(scenario), "none" if worded else None), strict=True):
        assert attributes_of(span).get("chunkmeter.finish_reason") == reason
    (whole,) = (point for point in kit.points("chunkmeter.calls") if point.attributes["chunkmeter.outcome"] != "error")
    (failed,) = (point for point in kit.points("chunkmeter.calls") if point.attributes["chunkmeter.outcome"] == "error")
    assert whole.attributes.get("chunkmeter.finish_reason") == REASONS.get(scenario)
    assert ("chunkmeter.finish_reason" in failed.attributes) is worded


@pytest.mark.filterwarnings("ignore:The Assistants API is deprecated:DeprecationWarning")
@pytest.mark.parametrize("scenario", [scenario for scenario in ASKED if by_id[scenario].stream])
def test_a_stream_that_ends_before_its_last_event_is_interrupted(kit: Kit, server: Server, scenario: str) -> None:
    """The last event is the one that says that all is over."""
    cut = by_id[scenario].truth.events_on_wire or 0
    assert len(ask(server, scenario, f"cut={cut - 1}")) == cut - 1
    attributes = attributes_of(kit.span)
    assert (attributes["chunkmeter.outcome"], attributes["error.type"]) == ("interrupted", "stream_interrupted")
    assert attributes["chunkmeter.usage.status"] == "missing"


def test_a_transcript_that_is_text_has_no_usage(kit: Kit, server: Server) -> None:
    """It is given as it is, and all that is known of it is that it came."""
    server.scripts["transcript"] = Answer(
        id="transcript", service="openai", stream=False, events=(b"1\n00:00:00,000 --> 00:00:02,000\nThe tide.\n",)
    )
    with openai.OpenAI(base_url=f"{server.url}/id/transcript/v1", api_key="none", max_retries=0) as client:
        text = transcribe(client, "whisper-1", response_format="srt")
    assert text == "1\n00:00:00,000 --> 00:00:02,000\nThe tide.\n"
    attributes = attributes_of(kit.span)
    assert attributes["chunkmeter.outcome"] == "completed"
    assert (attributes["chunkmeter.usage.status"], attributes["chunkmeter.cost.status"]) == ("missing", "no_usage")
    assert kit.total("chunkmeter.errors") == 0


def test_embeddings_inside_an_answer_are_no_part_of_it(kit: Kit, server: Server) -> None:
    """Somebody's span of a chat is current while a tool of it asks for embeddings of the same model."""
    chat = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "text-embedding-3-small"}
    with kit.tracer.start_as_current_span("chat", attributes=chat):
        ask(server, "openai-embeddings-call")
    own, theirs = kit.spans
    assert (own.name, theirs.name) == ("embeddings text-embedding-3-small", "chat")
    assert dict(attributes_of(theirs)) == chat


def test_somebody_s_span_of_the_embeddings_gets_the_facts(kit: Kit, server: Server) -> None:
    """One span, which says what they cost."""
    with kit.tracer.start_as_current_span("theirs", attributes={"gen_ai.operation.name": "embeddings"}):
        ask(server, "openai-embeddings-call")
    assert kit.span.name == "theirs"
    # 1,800 tokens at 0.02 USD a million
    assert attributes_of(kit.span)["gen_ai.usage.cost.amount"] == pytest.approx(0.000036, abs=1e-12)
    assert kit.total("chunkmeter.calls", operation__name="embeddings") == 1
