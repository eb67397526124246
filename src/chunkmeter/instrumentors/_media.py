"""The images, videos, audio and PDFs in a request: how many, and what the request says of each. Pure.

Only what each part of a message is labelled with is looked at, never what it holds: no text, no data, no URL, no
file's name gets out of here, and nothing is copied. Shapes that nobody knows give nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from typing import Any, cast

__all__ = ["media"]

Media = dict[str, list[dict[str, str]]]

# Where requests keep what the model is to look at.
_PLACES = ("messages", "contents", "input", "system")
# Deep enough for an image in the result of a tool in a message; lists that hold themselves end there too.
_DEEPEST = 8
_MOST = 10_000  # nodes looked at: a request is not to wait for us, however it is built

_TYPE = re.compile(r"[a-z]+/[\w.+-]{1,40}")
_KINDS = re.compile(r"(?:(image)|(video)|(audio))/[\w.+-]{1,40}|(application/pdf)")
_NAMES = ("images", "videos", "audio", "pdf")
_WORD = re.compile(r"[A-Za-z0-9_]{1,16}")

# Parts that say by `type` what they are, as OpenAI, Mistral, Azure and others have it, and where each keeps its data.
_TAGGED = {
    "image_url": ("images", "image_url"),
    "input_image": ("images", "image_url"),
    "input_audio": ("audio", "input_audio"),
    "audio_url": ("audio", "audio_url"),
    "video_url": ("videos", "video_url"),
    "document_url": ("pdf", "document_url"),
    "file": ("pdf", "file"),
    "input_file": ("pdf", "file"),
}
_URLS = ("url", "file_data")
# Anthropic's, with a source that says its media type, or else is of the only one that a URL or a file's id may be of.
_SOURCED = {"image": "images", "document": "pdf"}
_TEXTS = frozenset({"text", "content"})
# Google's, by media type.
_BLOBS = ("inline_data", "inlineData", "file_data", "fileData")
_TYPES = ("mime_type", "mimeType", "media_type")
# Bedrock's, by the name of the part and its format.
_BLOCKS = {"image": "images", "video": "videos", "audio": "audio", "document": "pdf"}


def media(parameters: Mapping[str, Any]) -> Media:
    """What a request has of each medium, under the seed's names; a medium that it has none of is left out.

    Args:
        parameters: what the SDK's method is called with.
    """
    walk = _Walk()
    for place in _PLACES:
        walk.visit(parameters.get(place), _DEEPEST)
    return walk.found


class _Walk:
    """Through a request's messages, part by part.

    Attributes:
        found: the media so far.
    """

    __slots__ = ("_left", "found")

    def __init__(self) -> None:
        self.found: Media = {}
        self._left = _MOST

    def visit(self, node: Any, deeper: int) -> None:
        """Look at a message, a part, or a list of such."""
        try:
            self._look(node, deeper)
        except Exception:  # noqa: BLE001 -- of a class that can't even be asked what it is: the others count
            pass

    def _look(self, node: Any, deeper: int) -> None:
        # An iterator is the request's to consume.
        if node is None or isinstance(node, str | bytes) or not deeper or not self._left:
            return
        self._left -= 1
        if isinstance(node, list | tuple):
            for each in cast("list[Any]", node):
                self.visit(each, deeper - 1)
                if not self._left:
                    break
            return
        inner = _first(node, ("content", "parts", "toolResult"))
        if inner is not None:
            self.visit(inner, deeper - 1)
        elif (item := _item(node)) is not None:
            name, said = item
            self.found.setdefault(name, []).append(said)


def _item(part: Any) -> tuple[str, dict[str, str]] | None:
    """What a part is of the media, and what it says of itself; None for text and the like."""
    tag = _get(part, "type")
    if isinstance(tag, str):
        return _tagged(part, tag)
    return _blob(part) or _block(part) or _picture(part)


def _tagged(part: Any, tag: str) -> tuple[str, dict[str, str]] | None:
    if tag in _SOURCED:
        source = _get(part, "source")
        kind = _get(source, "type")
        if not isinstance(kind, str) or kind in _TEXTS:
            return None
        return _typed(_get(source, "media_type"), _SOURCED[tag])
    if tag not in _TAGGED:
        return None
    name, place = _TAGGED[tag]
    held = _get(part, place)
    url = held if isinstance(held, str) else _first(held, _URLS) or _get(part, "file_data")
    name, said = _typed(_url_type(url) or _get(held, "format"), name) or ("", {})
    for fact, value in (("detail", _get(held, "detail") or _get(part, "detail")), ("format", _get(held, "format"))):
        if (word := _word(value)) is not None:
            said[fact] = word
    return (name, said) if name else None


def _blob(part: Any) -> tuple[str, dict[str, str]] | None:
    blob = _first(part, _BLOBS)
    return _typed(_first(part if blob is None else blob, _TYPES))


def _block(part: Any) -> tuple[str, dict[str, str]] | None:
    for key, name in _BLOCKS.items():
        form = _word(_get(_get(part, key), "format"))
        if form is not None and (name != "pdf" or form == "pdf"):
            return name, {"format": form}
    return None


def _picture(part: Any) -> tuple[str, dict[str, str]] | None:
    """One of PIL's, which Google's SDKs take as they are."""
    if not type(part).__module__.startswith("PIL."):
        return None
    form = _word(_get(part, "format"))
    return "images", {} if form is None else {"format": form.lower()}


def _typed(media_type: Any, otherwise: str | None = None) -> tuple[str, dict[str, str]] | None:
    """The medium of a media type, and the type; `otherwise` where none is told. Other types are no medium."""
    media_type = _plain(media_type)
    media_type = media_type[:64].partition(";")[0] if isinstance(media_type, str) else ""
    if not _TYPE.fullmatch(media_type):
        return None if otherwise is None else (otherwise, {})
    found = _KINDS.fullmatch(media_type)
    return None if found is None else (_NAMES[(found.lastindex or 1) - 1], {"media_type": media_type})


def _url_type(url: Any) -> str | None:
    """The media type that a `data:` URL begins with."""
    if not isinstance(url, str) or not url.startswith("data:"):
        return None
    head, comma, _ = url[5:69].replace(";", ",").partition(",")
    return head if comma and "/" in head else None


def _word(value: Any) -> str | None:
    value = _plain(value)
    return value if isinstance(value, str) and _WORD.fullmatch(value) else None


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value


def _first(node: Any, names: tuple[str, ...]) -> Any:
    return next((value for name in names if (value := _get(node, name)) is not None), None)


def _get(node: Any, name: str) -> Any:
    """A field of a dict, or of an SDK's object."""
    if isinstance(node, dict):
        return cast("dict[str, Any]", node).get(name)
    if node is None or isinstance(node, str | bytes):
        return None
    try:
        if isinstance(node, Mapping):
            return cast("Mapping[str, Any]", node).get(name)
        return getattr(node, name, None)
    except Exception:  # noqa: BLE001 -- a property that somebody's class raises from
        return None
