"""The events in a raw body, however it is cut."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chunkmeter.readers import _growing
from chunkmeter.readers._framing import Framing

TEXT: dict[str, Any] = {"a": 'Grüße, "quoted" {braced} \\', "n": [1, {"deep": None}]}
LAST: dict[str, Any] = {"usage": {"prompt_tokens": 5}, "choices": []}


def framed(*items: Any) -> list[Any]:
    framing = Framing()
    return [event for item in items for event in framing.feed(item)]


def sse(*events: Any, end: str = "\n") -> str:
    lines = [
        line for event in events for line in ("event: message", f"data: {json.dumps(event, ensure_ascii=False)}", "")
    ]
    return end.join([": keep-alive", "", *lines, "data: [DONE]", "", ""])


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["", "BOM"])
@given(cuts=st.lists(st.integers(1, 40), min_size=1, max_size=30))
def test_server_sent_events_in_pieces(end: str, mark: str, cuts: list[int]) -> None:
    """Cut anywhere, through a character or a line end, with any line end and a byte-order mark."""
    body = (mark + sse(TEXT, LAST, end=end)).encode()
    pieces: list[bytes] = []
    at = 0
    while at < len(body):
        size = cuts[len(pieces) % len(cuts)]
        pieces.append(body[at : at + size])
        at += size
    assert framed(*pieces) == [TEXT, LAST]


@pytest.mark.parametrize("kept", [True, False], ids=["all lines", "blank ones left out"])
@pytest.mark.parametrize("as_bytes", [True, False], ids=["bytes", "text"])
def test_server_sent_events_in_lines(kept: bool, as_bytes: bool) -> None:
    """As line iterators give them: without line ends, blank lines or none."""
    lines = [line for line in sse(TEXT, LAST).split("\n") if line or kept]
    assert framed(*(line.encode() if as_bytes else line for line in lines)) == [TEXT, LAST]


SEPARATORS = ["\u2028", "\u2029", "\x85"]


@pytest.mark.parametrize("kept", [True, False], ids=["all lines", "blank ones left out"])
@given(
    text=st.lists(st.sampled_from([*SEPARATORS, "a", "}x", "]", '"', "data: ", "data: {", "event: x", ": ", "[DONE]"]))
)
def test_lines_cut_inside_of_json(kept: bool, text: list[str]) -> None:
    """httpx cuts lines by `str.splitlines`, also at characters that JSON may hold as they are; what counts is read."""
    events = [{"text": "".join(text), "n": 1}, TEXT, {**LAST, "text": "".join(text)}]
    lines = [line for line in sse(*events).splitlines() if line or kept]
    found = framed(*lines)
    assert [event.get("n") for event in found] == [1, TEXT["n"], None]
    assert found[-1]["usage"] == LAST["usage"]


@pytest.mark.parametrize("separator", SEPARATORS)
@pytest.mark.parametrize("body", ["{}\n{}\n", "[{}\n,\n{}\n]"], ids=["JSON lines", "an array"])
def test_json_lines_cut_inside_of_json(separator: str, body: str) -> None:
    """The same without a framing of events."""
    event = {"text": f"a{separator}b"}
    written = body.replace("{}", json.dumps(event, ensure_ascii=False), 1)[::-1].replace(
        "}{", json.dumps(LAST)[::-1], 1
    )
    assert framed(*written[::-1].splitlines())[-1] == LAST


def test_an_event_after_one_that_was_never_finished() -> None:
    """Is read: a blank line and an object begin anew, cut or not."""
    assert framed('data: {"a": 1, "b', "", f"data: {json.dumps(LAST)}", "") == [LAST]
    assert framed('data: {"a": 1, "b', "", 'data: {"c": "x', 'y"}', "") == [{"c": "x\ny"}]


def test_lines_that_keep_their_ends() -> None:
    """As aiohttp gives them."""
    assert framed(*sse(TEXT, LAST).encode().splitlines(keepends=True)) == [TEXT, LAST]


def test_the_last_event_may_lack_its_end() -> None:
    """Some bodies stop after it."""
    assert framed(f"data: {json.dumps(TEXT)}\n\ndata: {json.dumps(LAST)}") == [TEXT, LAST]
    assert framed("data:" + json.dumps(LAST)) == [LAST]  # nor is a space needed


def test_an_event_of_several_lines() -> None:
    """Its lines are one text."""
    assert framed('data: {"a":\ndata: 1}\n\n') == [{"a": 1}]
    assert framed('data: {"a":', "data: 1}", "") == [{"a": 1}]


def test_data_that_is_no_json_is_an_event_too() -> None:
    """It counts as one, and no reader is asked about it."""
    assert framed("data: Sure\n\ndata:  thing\ndata: \n\ndata: [DONE]\n\n") == ["Sure", " thing\n"]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("{}\n{}\n", id="JSON lines"),
        pytest.param("[{}\n,\r\n{}\n]\n", id="an array"),
        pytest.param("  {} {}", id="one after the other"),
    ],
)
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_json(body: str, size: int) -> None:
    """Objects, however they are strung together and cut."""
    written = body.replace("{}", json.dumps(TEXT, indent=1), 1)[::-1].replace("}{", json.dumps(LAST)[::-1], 1)[::-1]
    assert framed(*(written[at : at + size] for at in range(0, len(written), size))) == [TEXT, LAST]


def test_json_lines_without_their_ends() -> None:
    """As line iterators give them."""
    assert framed(json.dumps(TEXT), "", json.dumps(LAST)) == [TEXT, LAST]


def test_events_of_a_client_library() -> None:
    """httpx-sse and its like have parsed the framing already; their events have `data`."""
    events = [SimpleNamespace(event="message", data=data) for data in (json.dumps(LAST), "Sure", "[DONE]", "")]
    assert framed(*events) == [LAST, "Sure"]


@given(st.lists(st.binary(max_size=60), max_size=12))
def test_any_bytes_are_survived(pieces: list[bytes]) -> None:
    """What makes no sense gives nothing, and doesn't fail."""
    assert all(isinstance(event, str | dict) for event in framed(*pieces))


def test_what_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """No body can fill the memory, and what comes after is read again."""
    monkeypatch.setattr(_growing, "_LONGEST", 100)
    framing = Framing()
    assert [framing.feed(piece) for piece in ("data: {", *["x" * 60] * 5, "\n\n")] == [[]] * 7
    assert framing.feed(f"data: {json.dumps(LAST)}\n\n") == [LAST]


def test_what_is_no_piece_of_a_body_is_passed_over() -> None:
    """Some clients mix in objects of their own."""
    line = f"data: {json.dumps(LAST)}"
    assert framed(line, None, 7, SimpleNamespace(data=None), {"usage": 7}, "", line) == [LAST, LAST]


def test_more_brackets_than_anyone_means() -> None:
    """Python's parser gives them up, and so do we."""
    brackets = "[" * 100_000 + "]" * 100_000
    assert framed(f"data: {brackets}\n\ndata: {json.dumps(LAST)}\n\n")[-1] == LAST


def test_text_without_blank_lines_costs_no_more_as_it_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Line iterators are filtered; what is no JSON is not kept without end, nor joined again with each line."""
    monkeypatch.setattr(_growing, "_LONGEST", 100)
    joined: list[int] = []
    whole = _growing.Parts.whole

    def counted(parts: Any) -> str:
        joined.append(len(whole(parts)))
        return whole(parts)

    monkeypatch.setattr(_growing.Parts, "whole", counted)
    assert framed(*["data: Sure"] * 100, f"data: {json.dumps(LAST)}") == [LAST]
    assert joined == []
    assert framed(*["data: x}"] * 100) == []
    assert joined == []


def ending_in_braces(size: int) -> dict[str, list[str]]:
    """Bodies of that many characters, whose every piece might be the last of an event."""
    return {
        "pieces of one event": ["\n", 'data: {"a":"', *["x}"] * (size // 2)],
        "objects in one event": ["\n", 'data: {"a":', *["{}"] * (size // 2)],
        "characters": ["\n", *'data: {"a":"', *"}" * size],
        "lines of data": ["data: {", *["data: {}"] * (size // 8)],
        "lines of data, with ends": ["data: {\n", *["data: {}\n"] * (size // 9)],
        "lines after a blank one": ['data: {"a', "", *["data: {}}"] * (size // 9)],
        "lists": ["\n", "data: [", *["[]"] * (size // 2)],
        "lines of text": ["data: x}"] * (size // 8),
        "JSON": ['{"a":"', *["x}"] * (size // 2)],
        "JSON closed too often": ["{", *["}"] * size],
    }


@pytest.mark.parametrize("shape", ending_in_braces(0))
def test_no_character_is_parsed_again_with_each_piece(shape: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 20,000 characters in some 10,000 pieces a parser would get 10^8 if it had all so far with each piece."""
    parsed: list[int] = []
    loads = json.loads

    def counted(text: str, **options: Any) -> Any:
        parsed.append(len(text))
        return loads(text, **options)

    body = ending_in_braces(20_000)[shape]
    with monkeypatch.context() as patch:
        patch.setattr(json, "loads", counted)
        framed(*body)
    # At most on its own line, on the line's begin, as data under way, and as what may have begun anew.
    assert sum(parsed) <= 4 * sum(map(len, body))


def test_a_list_is_an_event_as_soon_as_it_is_whole() -> None:
    """As an object is, with spaces after it or without."""
    assert framed('\ndata: [{"a":1}', "]") == [{"a": 1}]
    assert framed('\ndata: {"a":1', "} ", "") == [{"a": 1}]
