"""The images, videos, audio and PDFs of a request, told by the labels of its parts alone."""

from __future__ import annotations

import io
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import PIL.Image
import pytest
from azure.ai.inference import models as azure
from google.genai import types as google
from mistralai import models as mistral
from openai.types.chat import ChatCompletionMessage

from chunkmeter.instrumentors._media import media

PNG = "data:image/png;base64,iVBORw0KGgo="
PDF = "data:application/pdf;base64,JVBERi0="


def parts(*given: Any) -> dict[str, list[dict[str, str]]]:
    """What is found in one message of these parts."""
    return media({"messages": [{"role": "user", "content": [{"type": "text", "text": "Look"}, *given]}]})


def test_a_request_of_text_has_none() -> None:
    """Strings, turns of a conversation, calls of tools and their results."""
    assert media({}) == media({"messages": None}) == media({"messages": "Hi", "system": "Be kind"}) == {}
    answer = ChatCompletionMessage(role="assistant", content=None)
    result = {"role": "tool", "tool_call_id": "1", "content": "image/png"}
    assert media({"messages": [{"role": "user", "content": "Hi"}, answer, result]}) == {}
    assert parts("a string", {"type": "refusal", "refusal": "No"}) == {}


def test_a_part_is_found_beside_text_of_any_shape() -> None:
    """Each of these looks like text at a glance, but for one thing."""
    image = {"type": "image_url", "image_url": {"url": PNG}}
    found = {"images": [{"media_type": "image/png"}]}
    text = {"role": "user", "content": "Hi"}
    assert media({"messages": [text, {"role": "user", "content": [image]}]}) == found
    assert media({"messages": [text] * 3, "input": [image]}) == found
    assert media({"messages": ["Hi", [{"type": "text", "text": "Hi"}, image]]}) == found
    assert media({"messages": [{"content": [{"type": "text", "text": "Hi", "content": [image]}]}]}) == found
    assert media({"messages": [{"content": [{"type": "text", "content": [image]}]}]}) == found
    assert media({"messages": [{"content": [{"type": "image_url", **image}]}]}) == found
    assert media({"messages": [{"content": None, "parts": [image]}]}) == found
    assert media({"messages": (text, {"content": (image,)})}) == found


def test_messages_of_text_hide_no_other() -> None:
    """One that has no contents, is of another class, or says something in its class alone."""

    class Turn(dict[str, Any]):
        """A message that is not quite a dict."""

    image = {"type": "image_url", "image_url": {"url": PNG}}
    found = {"images": [{"media_type": "image/png"}]}
    text, call = {"role": "user", "content": "Hi"}, {"role": "assistant", "tool_calls": []}
    assert media({"messages": [text, call, text]}) == media({"messages": []}) == {}
    assert media({"messages": [text, call, {"role": "user", "content": [image]}]}) == found
    assert media({"messages": [text, Turn(role="user", content=[image])]}) == found
    assert media({"messages": [text, SimpleNamespace(content=[image])]}) == found


def test_openais_parts() -> None:
    """Also Groq's, xAI's and LiteLLM's."""
    assert parts(
        {"type": "image_url", "image_url": {"url": "https://example.com/me.png", "detail": "high"}},
        {"type": "image_url", "image_url": {"url": PNG}},
        {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}},
        {"type": "file", "file": {"filename": "salary.pdf", "file_data": PDF}},
        {"type": "file", "file": {"file_id": "file-1"}},
        {"type": "file", "file": {"file_id": "gs://files/1", "format": "application/pdf"}},
        {"type": "file", "file": {"file_data": "data:text/plain;base64,SGk="}},
        {"type": "video_url", "video_url": {"url": "https://example.com/me.mp4"}},
    ) == {
        "images": [{"detail": "high"}, {"media_type": "image/png"}],
        "audio": [{"format": "wav"}],
        "pdf": [{"media_type": "application/pdf"}, {}, {"media_type": "application/pdf"}],
        "videos": [{}],
    }


def test_openais_parts_in_the_responses_api() -> None:
    """`input` in place of messages, and the same facts one level up."""
    given = [
        {"type": "input_image", "image_url": PNG, "detail": "low"},
        {"type": "input_file", "file_data": PDF, "filename": "salary.pdf"},
    ]
    assert media({"input": [{"role": "user", "content": given}]}) == {
        "images": [{"media_type": "image/png", "detail": "low"}],
        "pdf": [{"media_type": "application/pdf"}],
    }


def test_anthropics_parts() -> None:
    """By their sources, also in the result of a tool; a document may be text."""
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/jpeg", "data": "/9j/"}}
    assert parts(
        image,
        {"type": "image", "source": {"type": "url", "url": "https://example.com/me.png"}},
        {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}},
        {"type": "document", "source": {"type": "url", "url": "https://example.com/salary.pdf"}, "title": "Salary"},
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "Hi"}},
        {"type": "tool_result", "tool_use_id": "1", "content": [{"type": "text", "text": "Here"}, image]},
    ) == {
        "images": [{"media_type": "image/jpeg"}, {}, {"media_type": "image/jpeg"}],
        "pdf": [{"media_type": "application/pdf"}, {}],
    }


GOOGLES = (
    [google.Part.from_bytes(data=b"1", mime_type="image/webp"), google.Part.from_text(text="Look")],
    google.Content(role="user", parts=[google.Part.from_uri(file_uri="gs://me/a.webp", mime_type="image/webp")]),
    [{"role": "user", "parts": [{"text": "Look"}, {"inline_data": {"data": b"1", "mime_type": "image/webp"}}]}],
    {"parts": [{"inlineData": {"data": "1", "mimeType": "image/webp"}}]},
    {"parts": [{"fileData": {"fileUri": "gs://me/a.webp", "mimeType": "image/webp"}}]},
    [{"mime_type": "image/webp", "data": b"1"}, "Look"],
    ["Look", google.File(name="files/me", mime_type="image/webp", uri="https://example.com/me")],
    [SimpleNamespace(role="user", parts=[SimpleNamespace(mime_type="image/webp")])],
)


@pytest.mark.parametrize("contents", GOOGLES)
def test_googles_parts(contents: Any) -> None:
    """Objects and dicts, of the new SDK and of the older ones."""
    assert media({"contents": contents}) == {"images": [{"media_type": "image/webp"}]}


@pytest.mark.parametrize(
    ("mime_type", "found"),
    [
        ("video/mp4", {"videos": [{"media_type": "video/mp4"}]}),
        ("audio/L16;rate=24000", {"audio": [{"media_type": "audio/L16"}]}),
        ("application/pdf", {"pdf": [{"media_type": "application/pdf"}]}),
        ("text/plain", {}),
        ("image/", {}),
        ("image/my holidays", {}),
        ("", {}),
    ],
)
def test_google_tells_the_medium_by_media_type(mime_type: str, found: Any) -> None:
    """One that is none is not told."""
    assert media({"contents": [google.Part.from_bytes(data=b"1", mime_type=mime_type)]}) == found


def test_pictures_of_pil() -> None:
    """Google's SDKs take them as they are, made or read."""
    made, file = PIL.Image.new("RGB", (1, 1)), io.BytesIO()
    made.save(file, "PNG")
    with PIL.Image.open(file) as read:
        assert media({"contents": [made, read, "Look"]}) == {"images": [{}, {"format": "png"}]}


def test_bedrocks_parts() -> None:
    """By the name of the part; a document has a format of many."""
    image = {"image": {"format": "png", "source": {"bytes": b"1"}}}
    given = [
        {"text": "Look"},
        image,
        {"video": {"format": "mp4", "source": {"s3Location": {"uri": "s3://me/a.mp4"}}}},
        {"audio": {"format": "mp3", "source": {"bytes": b"1"}}},
        {"document": {"format": "pdf", "name": "salary", "source": {"bytes": b"1"}}},
        {"document": {"format": "csv", "name": "salary", "source": {"bytes": b"1"}}},
        {"toolResult": {"toolUseId": "1", "content": [{"json": {}}, image]}},
    ]
    assert media({"messages": [{"role": "user", "content": given}], "system": [{"text": "Be kind"}]}) == {
        "images": [{"format": "png"}, {"format": "png"}],
        "videos": [{"format": "mp4"}],
        "audio": [{"format": "mp3"}],
        "pdf": [{"format": "pdf"}],
    }


def test_mistrals_parts() -> None:
    """Objects, and the dicts that Mirascope puts among them."""
    content: list[Any] = [
        mistral.TextChunk(text="Look"),
        mistral.ImageURLChunk(image_url=mistral.ImageURL(url=PNG, detail="high")),
        mistral.ImageURLChunk(image_url="https://example.com/me.png"),
        {"type": "image_url", "image_url": "https://example.com/me.png"},
        mistral.DocumentURLChunk(document_url="https://example.com/salary.pdf", document_name="salary.pdf"),
        mistral.AudioChunk(input_audio="UklGRg=="),
    ]
    assert media({"messages": [mistral.SystemMessage(content="Be kind"), mistral.UserMessage(content=content)]}) == {
        "images": [{"media_type": "image/png", "detail": "high"}, {}, {}],
        "pdf": [{}],
        "audio": [{}],
    }


def test_azures_parts() -> None:
    """Models of the SDK, which are mappings too."""
    content: list[azure.ContentItem] = [
        azure.TextContentItem(text="Look"),
        azure.ImageContentItem(image_url=azure.ImageUrl(url=PNG, detail=azure.ImageDetailLevel.LOW)),
        azure.AudioContentItem(input_audio=azure.InputAudio(data="UklGRg==", format=azure.AudioContentFormat.WAV)),
    ]
    assert media({"messages": [azure.SystemMessage("Be kind"), azure.UserMessage(content)]}) == {
        "images": [{"media_type": "image/png", "detail": "low"}],
        "audio": [{"format": "wav"}],
    }


# --- odd shapes ---


class Raising:
    """Whatever it is asked, it raises."""

    @property
    def type(self) -> Any:
        raise RuntimeError("not now")

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError("not ever")


class Nobodys:
    """Nobody may ask what it is."""

    @property
    def __class__(self) -> Any:
        raise RuntimeError("nobody's business")


# Five to each: seven deep, as deep as a message lies, that is more than the 10,000 nodes that are looked at.
ENDLESS: list[Any] = []
ENDLESS.extend([ENDLESS] * 5)
# By name: pytest itself can't take some of them.
ODD: dict[str, Any] = {
    "number": 5,
    "flag": True,
    "object": object(),
    "empty": {},
    "nested": [[]],
    "numbered": {1: 2},
    "mock": MagicMock(),
    "raising": Raising(),
    "nobody's": Nobodys(),
    "class": type,
    "function": len,
    "range": range(3),
    "endless": ENDLESS,
    "bytes": b"1",
}


@pytest.mark.parametrize("name", ODD)
def test_odd_shapes_have_none(name: str) -> None:
    """Anywhere in a request."""
    odd = ODD[name]
    for place in ("messages", "contents", "input", "system"):
        assert media({place: odd}) == media({place: [odd]}) == {}
    assert parts(odd) == {}
    for key in ("content", "parts", "toolResult", "type", "image", "inline_data", "mime_type"):
        assert parts({key: odd}) == {}
    for tag, key in (("image", "source"), ("document", "source")):
        assert parts({"type": tag, key: odd}) == parts({"type": tag, key: {"type": odd}}) == {}
    both = media({"messages": [odd, {"content": [{"image": {"format": "png"}}]}]})
    assert both == ({} if odd is ENDLESS else {"images": [{"format": "png"}]})


@pytest.mark.parametrize("name", ODD)
def test_a_part_with_an_odd_inside_is_one_of_which_nothing_is_told(name: str) -> None:
    """It says what it is; one that can't be looked at costs itself alone."""
    odd, told = ODD[name], {} if name == "nobody's" else {"images": [{}]}
    assert parts({"type": "image_url", "image_url": odd}) == told
    assert parts({"type": "image_url", "image_url": {"url": odd, "detail": odd}}) == told


def test_an_iterator_is_left_to_the_request() -> None:
    """What reads it first is the request."""

    def messages() -> Iterator[dict[str, Any]]:
        yield {"content": [{"image": {"format": "png"}}]}

    given = messages()
    assert media({"messages": given}) == {}
    assert len(list(given)) == 1


def test_nothing_but_labels_is_told() -> None:
    """Not a URL that is no `data:` one, no data that looks like a type, no format that is a sentence."""
    secret = "c2VjcmV0/" + "c2VjcmV0" * 20
    assert parts(
        {"type": "image_url", "image_url": {"url": f"data:{secret}"}},
        {"type": "image_url", "image_url": {"url": f"data:image/{secret}"}},
        {"type": "image_url", "image_url": {"url": f"https://{secret}", "detail": "my own words"}},
        {"type": "input_audio", "input_audio": {"data": secret, "format": secret}},
    ) == {"images": [{}, {}, {}], "audio": [{}]}


def test_tokens_are_not_gone_through() -> None:
    """A request for embeddings may have a million. They don't use up what is looked at; its other parts are found."""
    assert media({"input": [[7] * 100_000, (8, 9), {"type": "input_image"}]}) == {"images": [{}]}


def test_it_looks_at_so_much_and_no_more() -> None:
    """A request doesn't wait for its metering, however many parts it has."""
    found = media({"messages": [{"content": [{"image": {"format": "png"}}] * 100_000}]})
    assert 9_000 < len(found["images"]) <= 10_000


def test_mirascope_2s_parts() -> None:
    """Its own, before a provider's SDK has made anything of them."""
    assert parts(
        SimpleNamespace(type="image", source=SimpleNamespace(type="base64_image_source", mime_type="image/png")),
        SimpleNamespace(type="image", source=SimpleNamespace(type="url_image_source", url="https://example.com/me")),
        SimpleNamespace(type="audio", source=SimpleNamespace(type="base64_audio_source", mime_type="audio/wav")),
        SimpleNamespace(type="document", source={"type": "base64_document_source", "media_type": "application/pdf"}),
        SimpleNamespace(type="document", source={"type": "text_document_source", "media_type": "text/plain"}),
    ) == {
        "images": [{"media_type": "image/png"}, {}],
        "audio": [{"media_type": "audio/wav"}],
        "pdf": [{"media_type": "application/pdf"}],
    }
