"""OpenAI's SDK, metered: its endpoints, who answers, usage that is asked for, answers that can't be parsed."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Iterator
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import openai
import pytest
from opentelemetry.trace import get_current_span
from pydantic import BaseModel, ValidationError

from chunkmeter.instrumentors import OpenAIInstrumentor, _stainless
from chunkmeter.instrumentors._stainless_request import Sites
from chunkmeter.instrumentors.openai import SDK
from chunkmeter.testing import Kit, attributes_of
from replay import routes
from replay.scenarios import Answer, by_id
from replay.scenarios.base import body, sse
from replay.server import Server
from support.either import entered, first, given, items
from support.sdk import count_once, ended, expect, route
from support.stainless import CHAT, OPENAI, USAGE, Make, instrument

Way = Callable[[Any], Awaitable[Any]]
Json = dict[str, Any]


def helpers(client: Any) -> Any:
    completions = client.chat.completions
    return completions if hasattr(completions, "parse") else client.beta.chat.completions


# --- its endpoints ---

# 1000 tokens in, of which 400 cached, and 200 out, at USD 0.15, 0.075 and 0.60 per million:
# (600 * 0.15 + 400 * 0.075 + 200 * 0.60) / 1e6 = (90 + 30 + 120) / 1e6
MINI = Decimal("0.00024")
RESPONSE: Json = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1763800000,
    "model": "gpt-4o-mini-2024-07-18",
    "status": "completed",
    "parallel_tool_calls": False,
    "tool_choice": "auto",
    "tools": [],
    "output": [
        {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "Hi", "annotations": []}],
        }
    ],
    "usage": {
        "input_tokens": 1000,
        "input_tokens_details": {"cached_tokens": 400},
        "output_tokens": 200,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 1200,
    },
}
COMPACTED = {name: RESPONSE[name] for name in ("id", "created_at", "output", "usage")} | {
    "object": "response.compaction"
}
BEGUN = {**RESPONSE, "status": "in_progress", "output": [], "usage": None}
PART: Json = {"type": "output_text", "text": "", "annotations": []}
ITEM: Json = {"id": "msg_1", "type": "message", "role": "assistant", "status": "in_progress", "content": []}
AT: Json = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
RESPONSES = [
    {"type": "response.created", "sequence_number": 0, "response": BEGUN},
    {"type": "response.output_item.added", "sequence_number": 1, "output_index": 0, "item": ITEM},
    {"type": "response.content_part.added", "sequence_number": 2, **AT, "part": PART},
    {"type": "response.output_text.delta", "sequence_number": 3, **AT, "delta": "Hi", "logprobs": []},
    {"type": "response.output_text.done", "sequence_number": 4, **AT, "text": "Hi", "logprobs": []},
    {"type": "response.completed", "sequence_number": 5, "response": RESPONSE},
]
COMPLETION: Json = {
    "id": "cmpl-1",
    "object": "text_completion",
    "created": 1763800000,
    "model": "gpt-3.5-turbo-instruct",
    "choices": [{"index": 0, "text": "Hi", "finish_reason": "stop", "logprobs": None}],
    "usage": {"prompt_tokens": 1000, "completion_tokens": 200, "total_tokens": 1200},
}
RUN: Json = {
    "id": "run_1",
    "object": "thread.run",
    "model": "gpt-4o-mini",
    "status": "completed",
    "thread_id": "thread_1",
    "usage": {
        "prompt_tokens": 1000,
        "prompt_token_details": {"cached_tokens": 400},
        "completion_tokens": 200,
        "total_tokens": 1200,
    },
}
HEARD: Json = {
    "type": "tokens",
    "input_tokens": 1000,
    "input_token_details": {"audio_tokens": 0, "text_tokens": 1000},
    "output_tokens": 200,
    "total_tokens": 1200,
}
DRAWN: Json = {
    "input_tokens": 1000,
    "input_tokens_details": {"image_tokens": 0, "text_tokens": 1000},
    "output_tokens": 200,
    "total_tokens": 1200,
}
FILE = ("a.wav", b"RIFF", "audio/wav")
PICTURE = ("a.png", b"PNG", "image/png")


def run_events() -> tuple[bytes, ...]:
    """The assistants' events have a line with their name."""
    said = [("thread.run.created", {**RUN, "status": "queued", "usage": None}), ("thread.run.completed", RUN)]
    named = (f"event: {name}\n".encode() + sse([run], done=False)[0] for name, run in said)
    return (*named, b"event: done\ndata: [DONE]\n\n")


async def responses_plain(client: Any) -> Any:
    return await given(client.responses.create(model="gpt-4o-mini", input="Hi"))


async def responses_stream(client: Any) -> Any:
    return await items(client.responses.create(model="gpt-4o-mini", input="Hi", stream=True))


async def responses_helper(client: Any) -> Any:
    async with entered(client.responses.stream(model="gpt-4o-mini", input="Hi")) as stream:
        return await given(stream.get_final_response())


async def responses_compacted(client: Any) -> Any:
    body = {"model": "gpt-4o-mini", "input": "Hi"}
    return await given(client.post("/responses/compact", body=body, cast_to=object))


class Greeting(BaseModel):
    """What an answer is to be parsed into."""

    words: list[str]


async def completions_plain(client: Any) -> Any:
    return await given(client.completions.create(model="gpt-3.5-turbo-instruct", prompt="Hi"))


async def completions_stream(client: Any) -> Any:
    create = client.completions.create
    return await items(create(model="gpt-3.5-turbo-instruct", prompt="Hi", stream=True, **USAGE))


async def transcription_plain(client: Any) -> Any:
    return await given(client.audio.transcriptions.create(model="gpt-4o-transcribe", file=FILE))


async def transcription_stream(client: Any) -> Any:
    return await items(client.audio.transcriptions.create(model="gpt-4o-transcribe", file=FILE, stream=True))


async def images_plain(client: Any) -> Any:
    return await given(client.images.generate(model="gpt-image-1", prompt="A hill"))


async def images_stream(client: Any) -> Any:
    return await items(client.images.generate(model="gpt-image-1", prompt="A hill", stream=True))


async def images_edited(client: Any) -> Any:
    return await given(client.images.edit(model="gpt-image-1", image=PICTURE, prompt="A hill"))


async def run_plain(client: Any) -> Any:
    return await given(client.beta.threads.runs.create("thread_1", assistant_id="asst_1"))


async def run_stream(client: Any) -> Any:
    return await items(client.beta.threads.runs.create("thread_1", assistant_id="asst_1", stream=True))


async def run_helper(client: Any) -> Any:
    async with entered(client.beta.threads.runs.stream(thread_id="thread_1", assistant_id="asst_1")) as stream:
        return await items(stream)


async def run_with_thread(client: Any) -> Any:
    return await items(client.beta.threads.create_and_run(assistant_id="asst_1", stream=True))


async def run_with_outputs(client: Any) -> Any:
    submit = client.beta.threads.runs.submit_tool_outputs
    return await items(submit("run_1", thread_id="thread_1", tool_outputs=[], stream=True))


TEXT = [
    {"type": "transcript.text.delta", "delta": "Hi"},
    {"type": "transcript.text.done", "text": "Hi", "usage": HEARD},
]
IMAGE = [
    {"type": "image_generation.partial_image", "b64_json": "aGk=", "partial_image_index": 0},
    {"type": "image_generation.completed", "b64_json": "aGk=", "usage": DRAWN},
]
# gpt-3.5-turbo-instruct: 1000 * 1.50 + 200 * 2.00; gpt-4o-transcribe: 1000 * 2.50 + 200 * 10.00;
# gpt-image-1: 1000 * 5.00 + 200 * 40.00, USD per million.
INSTRUCT, TRANSCRIBE, PAINT = Decimal("0.0019"), Decimal("0.0045"), Decimal("0.013")
ENDPOINTS: dict[str, tuple[Way, tuple[bytes, ...], str, Decimal]] = {
    "responses": (responses_plain, body(RESPONSE), "chat gpt-4o-mini", MINI),
    "responses stream": (responses_stream, sse(RESPONSES, done=False), "chat gpt-4o-mini", MINI),
    "responses helper": (responses_helper, sse(RESPONSES, done=False), "chat gpt-4o-mini", MINI),
    "responses compacted": (responses_compacted, body(COMPACTED), "chat gpt-4o-mini", MINI),
    "completions": (completions_plain, body(COMPLETION), "text_completion gpt-3.5-turbo-instruct", INSTRUCT),
    "completions stream": (completions_stream, sse([COMPLETION]), "text_completion gpt-3.5-turbo-instruct", INSTRUCT),
    "transcription": (
        transcription_plain,
        body({"text": "Hi", "usage": HEARD}),
        "generate_content gpt-4o-transcribe",
        TRANSCRIBE,
    ),
    "transcription stream": (transcription_stream, sse(TEXT), "generate_content gpt-4o-transcribe", TRANSCRIBE),
    "images": (
        images_plain,
        body({"created": 1, "data": [{"b64_json": "aGk="}], "usage": DRAWN}),
        "generate_content gpt-image-1",
        PAINT,
    ),
    "images stream": (images_stream, sse(IMAGE, done=False), "generate_content gpt-image-1", PAINT),
    "images edited": (
        images_edited,
        body({"created": 1, "data": [{"b64_json": "aGk="}], "usage": DRAWN}),
        "generate_content gpt-image-1",
        PAINT,
    ),
    "run": (run_plain, body(RUN), "invoke_agent", MINI),
    "run stream": (run_stream, run_events(), "invoke_agent", MINI),
    "run helper": (run_helper, run_events(), "invoke_agent", MINI),
    "run with thread": (run_with_thread, run_events(), "invoke_agent", MINI),
    "run with outputs": (run_with_outputs, run_events(), "invoke_agent", MINI),
}


@pytest.fixture
def answers(server: Server) -> Iterator[Callable[..., str]]:
    """Has the server answer at `/id/answer` with these writes; gives the name."""

    def scripted(events: tuple[bytes, ...], *, stream: bool) -> str:
        server.scripts["answer"] = Answer(id="answer", service="openai", stream=stream, events=events)
        return "answer"

    yield scripted
    server.scripts.pop("answer", None)


@pytest.mark.filterwarnings("ignore:The Assistants API is deprecated:DeprecationWarning")
@pytest.mark.parametrize("name", ENDPOINTS)
async def test_an_endpoints_answer_is_one_call(
    name: str, make: Make, metered: Kit, answers: Callable[..., str], server: Server
) -> None:
    way, events, called, cost = ENDPOINTS[name]
    await way(make(OPENAI, answers(events, stream=len(events) > 1 or "stream" in name)))
    attributes = ended(metered, "completed")
    assert metered.span.name == called
    assert attributes["gen_ai.usage.input_tokens"] == 1000
    assert attributes["gen_ai.usage.output_tokens"] == 200
    assert attributes["chunkmeter.usage.status"] == "reported"
    assert attributes["gen_ai.usage.cost.amount"] == pytest.approx(float(cost), abs=1e-12)
    assert attributes["gen_ai.provider.name"] == "openai"
    assert metered.total("chunkmeter.spend") == pytest.approx(float(cost), abs=1e-12)


@pytest.mark.parametrize("raw", [False, True], ids=["parsed", "raw"])
async def test_embeddings_are_a_call_without_a_finish_reason(raw: bool, make: Make, metered: Kit) -> None:
    """The SDK asks for base64, and makes lists of it."""
    embeddings = make(OPENAI, "openai-embeddings-call").embeddings
    create = (embeddings.with_raw_response if raw else embeddings).create
    await given(create(model="text-embedding-3-small", input=["tide", "moon"]))
    attributes, truth = ended(metered, "completed"), by_id["openai-embeddings-call"].truth
    assert metered.span.name == "embeddings text-embedding-3-small"
    assert attributes["gen_ai.operation.name"] == "embeddings"
    assert attributes["gen_ai.usage.input_tokens"] == truth.input_tokens
    assert attributes["gen_ai.usage.cost.amount"] == pytest.approx(truth.usd, abs=1e-12)
    assert attributes["chunkmeter.usage.status"] == "reported"
    assert "gen_ai.response.finish_reasons" not in attributes
    assert metered.total("chunkmeter.spend") == pytest.approx(truth.usd, abs=1e-12)


async def test_a_transcription_as_text_is_a_call_without_usage(
    make: Make, metered: Kit, answers: Callable[..., str]
) -> None:
    client = make(OPENAI, answers((b"Good morning.\n",), stream=False))
    create = client.audio.transcriptions.create
    assert "Good morning." in await given(create(model="whisper-1", file=FILE, response_format="text"))
    assert ended(metered, "completed")["chunkmeter.usage.status"] == "missing"


async def test_what_is_no_answer_of_a_models_is_no_call(make: Make, metered: Kit, answers: Callable[..., str]) -> None:
    """A run that is cancelled, a batch, a file, words that are counted or judged."""
    client = make(OPENAI, answers(body({}), stream=False))
    for path in (
        "/threads/thread_1/runs/run_1/cancel",
        "/threads/thread_1/messages",
        "/responses/resp_1/cancel",
        "/responses/input_tokens",
        "/chat/completions/chatcmpl_1",
        "/batches",
        "/moderations",
        "/models/completions/permissions",
    ):
        await given(client.post(path, body={"model": "gpt-4o-mini"}, cast_to=object))
    assert metered.total("chunkmeter.calls") == 0


# --- answers that can't be parsed ---


async def test_an_answer_that_does_not_parse_is_paid_for(make: Make, metered: Kit) -> None:
    client = make(OPENAI, "openai-plain-call")
    with pytest.raises(ValidationError):
        await given(helpers(client).parse(**CHAT, response_format=Greeting))
    attributes = ended(metered, "error", "pydantic_core._pydantic_core.ValidationError")
    truth = by_id["openai-plain-call"].truth
    assert attributes["gen_ai.usage.input_tokens"] == truth.input_tokens
    assert attributes["gen_ai.usage.output_tokens"] == truth.output_tokens
    assert attributes["gen_ai.usage.cost.amount"] == pytest.approx(truth.usd, abs=1e-12)


async def test_an_answer_that_was_cut_for_length_is_paid_for(
    make: Make, metered: Kit, answers: Callable[..., str]
) -> None:
    usage = {"prompt_tokens": 1000, "completion_tokens": 200, "total_tokens": 1200}
    message = {"role": "assistant", "content": '{"words": ['}
    choice = {"index": 0, "message": message, "finish_reason": "length", "logprobs": None}
    said = {"id": "c1", "object": "chat.completion", "created": 1, "model": "gpt-4o-mini", "choices": [choice]}
    client = make(OPENAI, answers(body({**said, "usage": usage}), stream=False))
    with pytest.raises(openai.LengthFinishReasonError):
        await given(helpers(client).parse(**CHAT, response_format=Greeting))
    attributes = ended(metered, "error", "openai.LengthFinishReasonError")
    assert attributes["gen_ai.response.finish_reasons"] == ["length"]
    # 1000 * 0.15 + 200 * 0.60 = 270 millionths
    assert attributes["gen_ai.usage.cost.amount"] == pytest.approx(0.00027, abs=1e-12)


async def test_an_answer_that_is_no_json_is_a_call_without_usage(
    make: Make, metered: Kit, answers: Callable[..., str]
) -> None:
    client = make(OPENAI, answers((b"no JSON",), stream=False))
    with pytest.raises(json.JSONDecodeError):
        await given(client.chat.completions.create(**CHAT))
    assert ended(metered, "error", "json.decoder.JSONDecodeError")["chunkmeter.usage.status"] == "missing"


# --- who answers ---


@pytest.mark.parametrize(
    ("host", "provider"),
    [
        ("https://api.openai.com/v1", "openai"),
        ("https://eu.api.openai.com/v1", "openai"),
        ("https://api.groq.com/openai/v1", "groq"),
        ("https://api.deepseek.com", "deepseek"),
        ("https://api.x.ai/v1", "x_ai"),
        ("https://openrouter.ai/api/v1", "openrouter"),
        ("https://me.openai.azure.com/openai/v1/", "azure.ai.openai"),
        ("https://bedrock-runtime.us-east-1.amazonaws.com/openai/v1", "aws.bedrock"),
        ("http://localhost:11434/v1", "openai"),
        ("https://llm.internal/v1", "openai"),
    ],
)
def test_the_host_tells_who_answers(host: str, provider: str) -> None:
    """Where it doesn't, the format is the best that is known."""
    assert SDK.place(openai.OpenAI(api_key="none"), host).provider == provider


async def test_the_price_of_a_host_that_nobody_names_is_assumed(make: Make, kit: Kit) -> None:
    """A server of one's own may call its model as OpenAI calls one."""
    OpenAIInstrumentor().instrument(tracer_provider=kit.tracer_provider, meter_provider=kit.meter_provider)
    await given(make(OPENAI, "openai-plain-call").chat.completions.create(**CHAT))
    attributes = ended(kit, "completed")
    assert attributes["gen_ai.provider.name"] == "openai"
    assert attributes["chunkmeter.cost.status"] == "assumed"


async def test_azures_client_is_azures_whatever_the_host(make: Make, server: Server, is_async: bool, kit: Kit) -> None:
    """The path that it sends has the deployment in it; the model asked for is that deployment."""
    instrument(OPENAI, kit)
    kind = openai.AsyncAzureOpenAI if is_async else openai.AzureOpenAI
    client: Any = kind(
        azure_endpoint=route(server, "openai-plain-call"), api_key="none", api_version="2024-10-21", max_retries=0
    )
    async with entered(client):
        await given(client.chat.completions.create(**CHAT))
    assert server.requests[-1].path.endswith("/openai/deployments/gpt-4o-mini/chat/completions")
    assert ended(kit, "completed")["gen_ai.provider.name"] == "azure.ai.openai"


async def test_a_client_of_the_users_own_is_what_it_is_made_of(
    make: Make, server: Server, is_async: bool, kit: Kit
) -> None:
    instrument(OPENAI, kit)

    class Ours(openai.AzureOpenAI):
        """Nothing more."""

    with Ours(azure_endpoint=route(server, "openai-plain-call"), api_key="none", api_version="2024-10-21") as client:
        client.chat.completions.create(**CHAT)
    assert ended(kit, "completed")["gen_ai.provider.name"] == "azure.ai.openai"


async def test_an_absolute_url_tells_the_host(make: Make, server: Server, metered: Kit) -> None:
    """`client.post` takes one, whatever the client's own host."""
    client = make(OPENAI, "openai-plain-call", base_url="https://api.openai.com/v1")
    url = f"{route(server, 'openai-plain-call')}/v1/chat/completions"
    await given(client.post(url, body=CHAT, cast_to=object))
    attributes = ended(metered, "completed")
    assert (attributes["server.address"], attributes["server.port"]) == ("127.0.0.1", server.port)


def test_a_clients_sites_are_told_apart_by_all_that_decides_them() -> None:
    """The class of the client, its URL at this time, the method and the path."""
    sites = Sites(SDK)
    plain = openai.OpenAI(api_key="none", base_url="https://api.openai.com/v1")
    azure = openai.AzureOpenAI(api_key="none", api_version="2024-10-21", base_url="https://api.openai.com/v1")

    def site(client: Any, url: str = "/chat/completions", method: str = "post") -> Any:
        found = sites.of(client, SimpleNamespace(method=method, url=url))
        return found and (found.endpoint.provider, found.endpoint.address, found.reader.wire, found.untold)

    for _ in range(2):
        plain.base_url = "https://api.openai.com/v1"
        assert site(plain) == ("openai", "api.openai.com", "openai_chat", True)
        assert site(azure) == ("azure.ai.openai", "api.openai.com", "openai_chat", True)
        assert site(plain, "/responses") == ("openai", "api.openai.com", "openai_responses", False)
        assert site(plain, method="get") is site(plain, "/models") is None
        assert site(plain, "https://api.groq.com/chat/completions", "POST") == (
            "groq", "api.groq.com", "openai_chat", True,
        )  # fmt: skip
        plain.base_url = "https://api.x.ai/v1"
        assert site(plain) == ("x_ai", "api.x.ai", "openai_chat", True)
    for number in range(2_000):
        assert site(plain, f"/threads/{number}/runs") == ("x_ai", "api.x.ai", "openai_assistants", False)
    assert len(sites._known) <= 512


async def test_what_a_request_says_is_on_the_span(make: Make, metered: Kit) -> None:
    client = make(OPENAI, "openai-plain-call")
    more = {"temperature": 0.5, "max_completion_tokens": 64, "stop": ["END"], "seed": 7}
    await given(client.chat.completions.create(**CHAT, **more, extra_body={"top_k": 3}))
    attributes = ended(metered, "completed")
    assert attributes["gen_ai.request.model"] == "gpt-4o-mini"
    assert attributes["gen_ai.request.temperature"] == 0.5
    assert attributes["gen_ai.request.max_tokens"] == 64
    assert attributes["gen_ai.request.stop_sequences"] == ["END"]
    assert attributes["gen_ai.request.seed"] == 7
    assert attributes["gen_ai.request.top_k"] == 3


async def test_the_callers_span_is_the_parent_and_is_current_again(make: Make, metered: Kit) -> None:
    client = make(OPENAI, "openai-plain-stream")
    with metered.tracer.start_as_current_span("request") as span:
        stream = await given(client.chat.completions.create(**CHAT, **USAGE, stream=True))
        await first(stream)
        assert get_current_span() is span
        await items(stream)
    called = next(each for each in metered.spans if each.name.startswith("chat"))
    assert called.parent is not None
    assert called.parent.span_id == span.get_span_context().span_id


# --- usage that is asked for ---

WISH = {"include_usage": True}


async def stream_of(client: Any, **more: Any) -> list[Any]:
    return await items(client.chat.completions.create(**CHAT, stream=True, **more))


async def raw_of(client: Any, **more: Any) -> list[Any]:
    answer = await given(client.chat.completions.with_raw_response.create(**CHAT, stream=True, **more))
    return await items(answer.parse())


async def helper_of(client: Any, **more: Any) -> list[Any]:
    async with entered(helpers(client).stream(**CHAT, **more)) as stream:
        return [event.chunk for event in await items(stream) if event.type == "chunk"]


ASKED = {"stream": stream_of, "raw": raw_of, "helper": helper_of}


@pytest.mark.parametrize("name", ASKED)
async def test_a_stream_is_asked_for_its_usage_and_hides_it(name: str, make: Make, kit: Kit, server: Server) -> None:
    """The chunk that brings it has no choices, which applications and helpers don't expect unless they asked."""
    instrument(OPENAI, kit, include_usage=True)
    chunks = await ASKED[name](make(OPENAI, "openai-plain-stream"))
    assert server.requests[-1].body["stream_options"] == WISH
    assert all(chunk.choices for chunk in chunks)
    truth = by_id["openai-plain-stream"].truth
    assert len(chunks) == (truth.events_on_wire or 0) - 1
    expect(kit.span, "openai-plain-stream")
    count_once(kit, "openai-plain-stream")
    assert attributes_of(kit.span)["chunkmeter.chunks"] == truth.events_on_wire


async def test_the_helper_makes_of_it_what_it_would_make_of_a_stream_without(make: Make, kit: Kit) -> None:
    instrument(OPENAI, kit, include_usage=True)
    async with entered(helpers(make(OPENAI, "openai-plain-stream")).stream(**CHAT)) as stream:
        final = await given(stream.get_final_completion())
    assert final.usage is None
    assert final.choices[0].finish_reason == "stop"
    expect(kit.span, "openai-plain-stream")


@pytest.mark.parametrize("options", [{"include_usage": False}, {"include_usage": True}, None])
@pytest.mark.parametrize("place", ["argument", "body"])
async def test_a_choice_of_the_applications_stands(
    options: Any, place: str, make: Make, kit: Kit, server: Server
) -> None:
    instrument(OPENAI, kit, include_usage=True)
    more = {"stream_options": options} if place == "argument" else {"extra_body": {"stream_options": options}}
    chunks = await stream_of(make(OPENAI, "openai-plain-stream"), **more)
    assert server.requests[-1].body["stream_options"] == options
    assert not chunks[-1].choices  # the server sends it whatever is asked, and nobody hides it


async def test_other_options_are_kept_and_nothing_is_written_into_them(make: Make, kit: Kit, server: Server) -> None:
    instrument(OPENAI, kit, include_usage=True)
    options = {"include_obfuscation": False}
    for more in ({"stream_options": options}, {"extra_body": {"stream_options": options, "top_k": 1}}):
        await stream_of(make(OPENAI, "openai-plain-stream"), **more)
        assert server.requests[-1].body["stream_options"] == {"include_obfuscation": False, "include_usage": True}
    assert options == {"include_obfuscation": False}
    assert server.requests[-1].body["top_k"] == 1


async def test_lines_are_not_asked_for_what_could_not_be_hidden(make: Make, kit: Kit, server: Server) -> None:
    """Nor does a stream of the application's own class hide anything."""
    instrument(OPENAI, kit, include_usage=True)
    client = make(OPENAI, "openai-plain-stream")
    manager = client.chat.completions.with_streaming_response.create(**CHAT, stream=True)
    async with entered(manager) as answer:
        await items(answer.iter_lines())
    assert "stream_options" not in server.requests[-1].body


async def test_a_plain_call_is_not_asked(make: Make, kit: Kit, server: Server) -> None:
    instrument(OPENAI, kit, include_usage=True)
    await given(make(OPENAI, "openai-plain-call").chat.completions.create(**CHAT))
    assert "stream_options" not in server.requests[-1].body


@pytest.mark.parametrize("status", [400, 422])
async def test_a_service_that_refuses_the_wish_gets_the_applications_own_request(
    status: int, make: Make, kit: Kit, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And is not asked again. What it sends is the application's, all of it."""
    find = routes.find

    def found(path: str, asked: Any, scripts: Any) -> Any:
        answer, options = find(path, asked, scripts)
        return answer, routes.Options(status=status) if "stream_options" in asked else options

    monkeypatch.setattr(routes, "find", found)
    instrument(OPENAI, kit, include_usage=True)
    client, before = make(OPENAI, "openai-plain-stream"), len(server.requests)
    for _ in range(2):
        chunks = await stream_of(client)
        assert not chunks[-1].choices
    bodies = [request.body for request in server.requests[before:]]
    assert ["stream_options" in sent for sent in bodies] == [True, False, False]
    assert [attributes_of(span)["chunkmeter.outcome"] for span in kit.spans] == ["completed", "completed"]
    assert kit.total("chunkmeter.calls") == 2


async def test_where_usage_is_not_asked_for_one_line_says_so(
    make: Make, metered: Kit, caplog: pytest.LogCaptureFixture
) -> None:
    _stainless._warn_of_usage.cache_clear()
    client = make(OPENAI, "openai-plain-stream")
    with caplog.at_level(logging.WARNING, "chunkmeter"):
        await stream_of(client, **USAGE)
        assert caplog.records == []
        for _ in range(3):
            await stream_of(client)
    (record,) = caplog.records
    assert "set CHUNKMETER_INCLUDE_USAGE=true" in record.getMessage()
