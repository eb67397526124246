"""Quiet events: a reader that calls an event quiet would take nothing from it, whatever service has sent it."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import ollama
import pytest

from checks.corpus.events import json_events
from checks.corpus.index import FOLDERS, WIRES, recorded
from chunkmeter.facts.tally import Tally
from chunkmeter.readers import WIRES as READERS
from chunkmeter.readers import UnknownWireError, for_event, for_wire, openai_chat
from chunkmeter.readers._framing import Framing
from chunkmeter.readers._openai_chunks import read_plain
from chunkmeter.readers.items import Body
from chunkmeter.readers.quiet import Quiet, never
from replay.scenarios import ALL
from support.chunks import Json, openai_sdk
from support.wire_samples import SAMPLES

Stream = tuple[str, list[Any]]
"""A wire, and the JSON events of one answer."""

openai_models: Any = import_module("openai._models")
anthropic_models: Any = import_module("anthropic._models")
openai_types: Any = import_module("openai.types.responses")
anthropic_types: Any = import_module("anthropic.types")
groq_types: Any = import_module("groq.types.chat")

QUIET = [wire for wire in READERS if for_wire(wire).quiet is not never]
QUIET_JSON = [wire for wire in READERS if for_wire(wire).quiet_json is not never]
PIECES: list[Stream] = [
    ("cohere", [{"type": "message-start", "id": "m"}, {"type": "content-delta", "index": 0, "delta": {}}]),
    ("bedrock_converse", [{"messageStart": {}}, {"contentBlockDelta": {"delta": {"text": "Hi"}}}]),
    ("ollama", [{"model": "m", "done": False, "message": {"role": "assistant", "content": "Hi"}}] * 2),
]
"""What the samples lack: an event that goes on."""


def sampled() -> Iterator[Stream]:
    yield from PIECES
    for sample in SAMPLES:
        yield sample.wire, list(sample.events)
    for scenario in ALL:
        events = [event for event in Framing().feed(b"".join(scenario.events)) if isinstance(event, dict)]
        try:
            yield for_event(events[0]).wire, events
        except (IndexError, UnknownWireError):
            continue  # its body is binary, or an error's


def recordings(folder: Path) -> Iterator[Stream]:
    for stream in recorded(folder):
        if wire := WIRES.get(stream["family"] or ""):
            try:
                yield wire, list(json_events(folder / stream["file"]))
            except ValueError:
                continue  # its body is broken


def made(wire: str, event: Json) -> Iterator[Any]:
    """The event as the SDKs make it."""
    event = copy.deepcopy(event)
    match wire:
        case "openai_chat":
            yield openai_sdk(event)
        case "groq":
            yield groq_types.ChatCompletionChunk.construct(None, **event)
        case "openai_responses":
            yield openai_models.construct_type(type_=openai_types.ResponseStreamEvent, value=event)
        case "anthropic_messages":
            yield anthropic_models.construct_type(type_=anthropic_types.RawMessageStreamEvent, value=event)
        case "cohere":
            yield SimpleNamespace(**event)
        case "ollama":
            yield ollama.ChatResponse.model_construct(**event)
        case _:
            pass


def said(tally: Tally) -> dict[str, Any]:
    """All that a tally holds, in copies; objects as they are, so that another one in their place is a change."""

    def kept(value: Any) -> Any:
        match value:
            case dict():
                return {name: kept(each) for name, each in value.items()}
            case set() | list():
                return type(value)(value)
            case _:
                return value

    # What `quiet` remembers of the last quiet event is no fact.
    return {name: kept(getattr(tally, name)) for name in Tally.__annotations__ if name != "going_on"}


def quiet_ones(wire: str, quiet: Quiet, events: list[Any]) -> int:
    """How many events of a stream are quiet, each of which is read all the same, or by a tap's tally is not."""
    tally, tapped, number = Tally(wire), Tally(wire), 0
    for event in events:
        is_quiet, before = quiet(tally, event), said(tally)
        for_wire(wire).read(tally, event)
        assert quiet(tapped, event) == is_quiet, event
        if is_quiet:
            number += 1
            assert said(tally) == before, event
        else:
            for_wire(wire).read(tapped, event)
    return number


def check(streams: Iterator[Stream]) -> Counter[str]:
    """How many events are quiet, by wire: as JSON, and as each SDK's objects."""
    found: Counter[str] = Counter()
    for wire, events in streams:
        events = [event for event in events if isinstance(event, dict)]
        found[f"{wire} json"] += quiet_ones(wire, for_wire(wire).quiet_json, events)
        sdk = "groq" if any("x_groq" in event for event in events) else wire
        objects = [each for event in events for each in made(sdk, event)]
        found[wire] += quiet_ones(wire, for_wire(wire).quiet, objects)
    return found


def test_a_quiet_event_of_a_sample_says_nothing() -> None:
    found = check(sampled())
    quiet = {name.removesuffix(" json") for name, number in found.items() if number}
    assert quiet == {*QUIET_JSON, *QUIET}, {*QUIET_JSON, *QUIET} - quiet


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_quiet_event_of_a_recording_says_nothing(folder: Path) -> None:
    found = check(recordings(folder))
    assert bool(found["openai_chat json"]) == (folder / "index.jsonl").is_file()


# --- chunks that are read without a look at all that services may say ---


def told(tally: Tally) -> dict[str, Any]:
    return {**said(tally), "usage": None, "counts": tally.tokens()}


def plain_ones(events: list[Any]) -> int:
    """How many chunks of a stream are read the short way, each of which the long way reads to the same end."""
    quick, slow, number = Tally("openai_chat"), Tally("openai_chat"), 0
    for event in events:
        with patch.object(openai_chat, "read_plain", lambda *_: False):
            openai_chat.read(slow, event)
        was_plain = read_plain(quick, event)
        number += was_plain
        if not was_plain:
            openai_chat.read(quick, event)
        assert told(quick) == told(slow), event
    return number


def test_the_short_way_to_read_a_chunk_comes_to_the_same() -> None:
    found: Counter[str] = Counter()
    for wire, events in (*sampled(), *(stream for folder in FOLDERS for stream in [*recordings(folder)][::8])):
        events = [event for event in events if isinstance(event, dict)]
        sdk = "groq" if any("x_groq" in event for event in events) else wire
        if wire == "openai_chat":
            found[sdk] += plain_ones([each for event in events for each in made(sdk, event)])
            assert not any(read_plain(Tally(), event) for event in events)  # JSON may have any key
    assert found["openai_chat"]


# --- what is not quiet ---

TEXT: Json = {"index": 0, "delta": {"content": "Hi"}, "finish_reason": None}
CHUNK: Json = {"id": "c", "object": "chat.completion.chunk", "model": "m", "choices": [TEXT], "usage": None}


def chunk(*, choice: Json = {}, **fields: Any) -> Json:  # noqa: B006 -- read only
    return {**CHUNK, "choices": [{**TEXT, **choice}], **fields}


def begun() -> Tally:
    tally = Tally("openai_chat")
    for_wire("openai_chat").read(tally, CHUNK)
    return tally


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(chunk(choices=[TEXT, {**TEXT, "index": 1}]), id="two choices"),
        pytest.param(chunk(choices=[]), id="neither a choice nor usage"),
        pytest.param(chunk(x_groq={"id": "r"}), id="Groq's own"),
        pytest.param(chunk(cost={"usd": 1}), id="a cost"),
        pytest.param(chunk(choice={"usage": {"prompt_tokens": 1}}), id="usage in the choice"),
        pytest.param(chunk(choice={"stop_reason": "stop"}), id="another's word for the reason"),
        pytest.param(chunk(choice={"delta": {"executed_tools": [{"index": 0, "type": "search"}]}}), id="a tool"),
        pytest.param(chunk(choice={"index": "0"}), id="an odd index"),
        pytest.param(chunk(service_tier=5), id="an odd tier"),
        pytest.param(chunk(choice={"finish_reason": 5}), id="an odd reason"),
    ],
)
def test_a_chunk_that_may_tell_more_is_read_the_long_way(event: Json) -> None:
    tally = begun()
    before = said(tally)
    assert not read_plain(tally, openai_sdk(event))
    assert said(tally) == before
    assert read_plain(tally, openai_sdk(CHUNK))


@pytest.mark.parametrize("names", [{"model": ""}, {"model": 5}, {"id": 5}, {"id": None}], ids=str)
def test_an_odd_name_is_read_the_long_way_while_it_is_asked_for(names: Json) -> None:
    tally = Tally("openai_chat")
    assert not read_plain(tally, openai_sdk(chunk(**names)))
    assert said(tally) == said(Tally("openai_chat"))
    assert plain_ones([openai_sdk(CHUNK), openai_sdk(chunk(**names, choice={"finish_reason": "stop"}))]) == 2


@pytest.mark.parametrize(
    "beside",
    [{"obfuscation": "aZ3"}, {"provider": "OpenAI", "choice": {"native_finish_reason": "stop"}}],
    ids=["OpenAI", "OpenRouter"],
)
def test_a_service_s_own_names_that_say_nothing_are_read_the_short_way(beside: Json) -> None:
    assert plain_ones([openai_sdk(chunk(**beside)), openai_sdk(chunk(**beside, usage={"prompt_tokens": 5}))]) == 2


DETAILS: Json = {"prompt_tokens": 5, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 2}}


@pytest.mark.parametrize(
    "usage",
    [
        {"prompt_tokens": 1},
        {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8},
        DETAILS,
        {**DETAILS, "prompt_tokens_details": {"cached_tokens": 2, "web_search_requests": 3}},
        {**DETAILS, "prompt_tokens_details": {"cache_creation_token_details": {"ephemeral_24h_input_tokens": 4}}},
        {**DETAILS, "cache_creation": {"ephemeral_24h_input_tokens": 4}},
        {**DETAILS, "service_tier": "flex"},
        {**DETAILS, "cost": 0.25, "is_byok": False},
        {**DETAILS, "prompt_audio_seconds": 7, "prompt_tokens_details": {"audio_tokens": 2}},
        {**DETAILS, "num_search_queries": 2, "reasoning_tokens": 1},
        {"prompt_tokens": -1, "completion_tokens": None, "total_tokens": "8"},
        {},
    ],
    ids=str,
)
@pytest.mark.parametrize("choice", [[TEXT], []], ids=["with text", "alone"])
@pytest.mark.parametrize("tier", [None, "default"])
def test_a_usage_is_read_the_short_way(usage: Json, choice: list[Json], tier: str | None) -> None:
    events = [openai_sdk(CHUNK), openai_sdk(chunk(choices=choice, usage=usage, service_tier=tier))]
    assert plain_ones(events) == 2


@pytest.mark.parametrize("as_json", [True, False], ids=["json", "sdk"])
@pytest.mark.parametrize(
    "event",
    [
        pytest.param(chunk(choice={"finish_reason": "stop"}), id="reason"),
        pytest.param(chunk(usage={"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}), id="usage"),
        pytest.param(chunk(choices=[], usage={"prompt_tokens": 1}), id="usage alone"),
        pytest.param(chunk(choice={"index": 1}), id="another choice"),
        pytest.param(chunk(choices=[TEXT, {**TEXT, "index": 1}]), id="two choices"),
        pytest.param(chunk(choices=[]), id="no choice"),
        pytest.param(chunk(service_tier="flex"), id="tier"),
        pytest.param(
            chunk(choice={"delta": {"executed_tools": [{"index": 0, "type": "search"}]}}), id="a tool that ran"
        ),
    ],
)
def test_a_chunk_that_says_something_is_not_quiet(event: Json, *, as_json: bool) -> None:
    reader = for_wire("openai_chat")
    asked, given = (reader.quiet_json, event) if as_json else (reader.quiet, openai_sdk(event))
    tally = begun()
    assert not asked(tally, given)
    assert asked(tally, CHUNK if as_json else openai_sdk(CHUNK))
    assert not asked(tally, given)  # also after one that was quiet


def test_a_tier_that_comes_back_is_not_quiet() -> None:
    reader, tally = for_wire("openai_chat"), begun()
    flex, default = (openai_sdk(chunk(service_tier=tier)) for tier in ("flex", "default"))
    reader.read(tally, flex)
    assert [reader.quiet(tally, event) for event in (flex, flex, openai_sdk(CHUNK), flex, default)] == [
        True, True, True, True, False,
    ]  # fmt: skip
    reader.read(tally, default)
    assert not reader.quiet(tally, flex)
    reader.read(tally, flex)
    assert tally.service_tier == "flex"


def test_choices_in_turn_are_quiet() -> None:
    reader, tally = for_wire("openai_chat"), begun()
    first, second, third = (openai_sdk(chunk(choice={"index": index})) for index in range(3))
    reader.read(tally, second)
    assert [reader.quiet(tally, event) for event in (first, second, first, third)] == [True, True, True, False]


def test_a_name_that_cleaning_has_taken_away_is_not_quiet() -> None:
    """A call's facts may be written before its stream ends."""
    reader, tally = for_wire("openai_chat"), Tally()
    reader.read(tally, openai_sdk(chunk(model=" ")))
    assert reader.quiet(tally, openai_sdk(CHUNK))
    tally.clean()
    assert tally.response_model is None
    assert not reader.quiet(tally, openai_sdk(CHUNK))
    reader.read(tally, openai_sdk(CHUNK))
    assert tally.response_model == "m"


def test_text_is_not_quiet_where_it_may_tell_of_tools() -> None:
    """Groq's may."""
    reader, tally = for_wire("openai_chat"), Tally()
    reader.read(tally, openai_sdk(chunk(x_groq={"id": "r"})))
    text, ran = CHUNK, chunk(choice={"delta": {"content": "Hi", "executed_tools": [{"index": 0, "type": "search"}]}})
    assert [reader.quiet(tally, openai_sdk(event)) for event in (text, ran, text, ran)] == [True, False, True, False]


def test_a_builtin_function_that_is_called_is_not_quiet() -> None:
    """Moonshot's, which it has the app call, https://platform.moonshot.ai/docs/pricing/tools."""

    def calling(name: str | None) -> Any:
        delta = SimpleNamespace(content=None, tool_calls=[SimpleNamespace(function=SimpleNamespace(name=name))])
        choice = SimpleNamespace(index=0, delta=delta, finish_reason=None)
        return SimpleNamespace(id="c", model="m", choices=[choice], usage=None)

    quiet = for_wire("openai_chat").quiet
    assert [quiet(begun(), calling(name)) for name in ("$web_search", "weather", None)] == [False, True, True]


def test_the_first_chunk_is_not_quiet() -> None:
    """It names the answer and its model, which may also come later."""
    reader = for_wire("openai_chat")
    assert not reader.quiet(Tally(), openai_sdk(CHUNK))
    assert not reader.quiet_json(Tally(), CHUNK)
    tally = Tally()
    reader.read(tally, chunk(id="", model=""))
    assert reader.quiet(tally, openai_sdk(chunk(id="", model="")))
    assert not reader.quiet(tally, openai_sdk(CHUNK))


class Broken:
    def __getattr__(self, name: str) -> Any:
        raise OSError(name)


ODD: list[Any] = [None, 5, "text", [], {}, {"type": []}, {"choices": 1}, object(), Broken()]


@pytest.mark.parametrize("event", ODD, ids=range(len(ODD)))
@pytest.mark.parametrize("wire", sorted({*QUIET, *QUIET_JSON}))
def test_what_is_no_event_is_not_quiet(wire: str, event: Any) -> None:
    """The reader decides what to make of it, and the tap whether that failed."""
    reader, tally = for_wire(wire), begun()
    assert not reader.quiet(tally, event)
    assert not reader.quiet_json(tally, event)


# --- pieces of a body ---


def fed(pieces: list[Any], *, quietly: bool) -> tuple[int, dict[str, Any], int]:
    """Events, what the tally says, and how many pieces were quiet; none is where `quietly` is False."""
    body, tally, events, quiet = Body(None, None), Tally(), 0, 0
    for piece in pieces:
        if quietly and body.quiet(tally, piece):
            quiet += 1
            continue
        found = body.events(piece)
        events += len(found)
        body.read(tally, found)
    return events + quiet, {**said(tally), "usage": None, "inner": tally.tokens()}, quiet


def bodies() -> Iterator[str]:
    for scenario in ALL:
        yield b"".join(scenario.events).decode("utf-8", "replace")
    for folder in FOLDERS:
        for stream in recorded(folder)[::4]:  # as many as take no longer than the other tests
            if stream["file"].endswith(".sse"):
                yield (folder / stream["file"]).read_text("utf-8", "replace")


def test_a_quiet_piece_of_a_body_is_one_event_that_says_nothing() -> None:
    quiet = Counter[str]()
    for text in bodies():
        events = [event + "\n\n" for event in text.split("\n\n")]
        for cut, pieces in (
            ("lines", text.splitlines()),
            ("events", events),
            ("bytes", [event.encode() for event in events]),
            ("pairs", [pair for event in events for pair in (event[: len(event) // 2], event[len(event) // 2 :])]),
        ):
            *counted, number = fed(pieces, quietly=True)
            assert counted == [*fed(pieces, quietly=False)[:2]], text
            quiet[cut] += number
    assert all(quiet[cut] for cut in ("lines", "events", "bytes"))


LINE = 'data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"%s"},"finish_reason":null}]}'


@pytest.mark.parametrize(
    ("line", "quiet"),
    [
        pytest.param(LINE % "word", True, id="another word"),
        pytest.param(LINE % "", True, id="no word"),
        pytest.param(LINE % 'a\\"b', False, id="a quote in it"),
        pytest.param(LINE % "a\\\\", False, id="a backslash in it"),
        pytest.param(LINE % "a\nb", False, id="a line end in it"),
        pytest.param(LINE.replace("null", '"stop"') % "word", False, id="a reason"),
        pytest.param(LINE % 'x"},"usage":{"prompt_tokens":1},"delta":{"content":"y', False, id="usage in its place"),
        pytest.param(LINE[:-1] % "word", False, id="not whole"),
        pytest.param(LINE % "word" + LINE % "word", False, id="two"),
        pytest.param((LINE % "word").encode(), False, id="of another kind"),
        pytest.param("", False, id="nothing"),
    ],
)
def test_a_line_is_quiet_where_its_text_alone_is_new(line: Any, *, quiet: bool) -> None:
    body, tally = Body(None, None), Tally()
    for _ in range(3):
        body.read(tally, body.events(LINE % "Hi"))
    assert body.quiet(tally, line) is quiet


def test_a_line_is_not_quiet_while_another_is_under_way() -> None:
    body, tally = Body(None, None), Tally()
    for _ in range(3):
        body.read(tally, body.events(LINE % "Hi"))
    body.read(tally, body.events((LINE % "Hi")[:40]))
    assert not body.quiet(tally, LINE % "word")
