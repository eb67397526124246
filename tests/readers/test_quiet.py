"""Quiet events: a reader that calls an event quiet would take nothing from it, whatever service has sent it."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import ollama
import pytest

from checks.corpus.events import json_events
from checks.corpus.index import FOLDERS, WIRES, recorded
from chunkmeter.facts.tally import Tally
from chunkmeter.readers import WIRES as READERS
from chunkmeter.readers import UnknownWireError, for_event, for_wire
from chunkmeter.readers._framing import Framing
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

    return {name: kept(getattr(tally, name)) for name in Tally.__slots__}


def quiet_ones(wire: str, quiet: Quiet, events: list[Any]) -> int:
    """How many events of a stream are quiet, each of which is read all the same."""
    tally, number = Tally(wire), 0
    for event in events:
        is_quiet, before = quiet(tally, event), said(tally)
        for_wire(wire).read(tally, event)
        if is_quiet:
            number += 1
            assert said(tally) == before, event
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
