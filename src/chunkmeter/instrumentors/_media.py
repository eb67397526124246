"""Finds the images, videos, audio and PDFs in a request: how many, and of which type and format. Pure.

Only the labels of a message's parts are given out, such as a media type. No text, data, URL or file name is, and
nothing is copied. Parts of an unknown shape are left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from operator import itemgetter
from typing import Any, cast

__all__ = ["media"]

Media = dict[str, list[dict[str, str]]]

# The parameters of a request that may hold media.
_PLACES = ("messages", "contents", "input", "system")
# Levels of nesting: enough for an image in a tool's result in a message. A list that holds itself ends here too.
_DEEPEST = 8
_MOST = 10_000  # how many nodes are looked at, so that a huge request need not wait for this

_TYPE = re.compile(r"[a-z]{1,40}/[\w.+-]{1,40}")
_KINDS = re.compile(r"(?:(image)|(video)|(audio))/[\w.+-]{1,40}|(application/pdf)")
_NAMES = ("images", "videos", "audio", "pdf")
_WORD = re.compile(r"[A-Za-z0-9_]{1,16}")

# The `type` of a part, as OpenAI, Mistral, Azure and others write it -> its medium, and the field with its data.
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
# The `type` of Anthropic's parts and of Mirascope 2's -> their medium. The source may name its media type; a URL or a
# file id does not.
_SOURCED = {"image": "images", "document": "pdf", "audio": "audio"}
_TEXTS = frozenset({"text", "content"})
# The `type` of a part that is text.
_PLAIN = ("text", "input_text", "output_text")
_DICT, _STR, _content = frozenset({dict}), frozenset({str}), itemgetter("content")
# The fields of Google's parts that hold data with a media type.
_BLOBS = ("inline_data", "inlineData", "file_data", "fileData")
_TYPES = ("mime_type", "mimeType", "media_type")
# The names of Bedrock's parts, which hold a format -> their medium.
_BLOCKS = {"image": "images", "video": "videos", "audio": "audio", "document": "pdf"}


def media(parameters: Mapping[str, Any]) -> Media:
    """The media in a request.

    Args:
        parameters: the keyword arguments of the SDK's method.

    Returns:
        By medium, as Mirascope names it (`images`, `videos`, `audio`, `pdf`): a dict for each part, with what the
        request says of it. A medium without parts is left out.
    """
    for place in filter(parameters.__contains__, _PLACES):
        node = parameters.get(place)
        if node is not None and type(node) is not str and not _is_text(node):
            return _walked(parameters)
    return {}


def _walked(parameters: Mapping[str, Any]) -> Media:
    walk = _Walk()
    for place in _PLACES:
        walk.visit(parameters.get(place), _DEEPEST)
    return walk.found


def _is_text(place: Any) -> bool:
    """Whether a list holds text alone, as nearly all do: told at a glance, where each message is of the usual shape."""
    if type(place) is not list:
        return False
    try:
        if _DICT.issuperset(map(type, place)) and _STR.issuperset(map(type, map(_content, place))):
            return True
    except Exception:  # noqa: BLE001 -- a message without contents, such as a tool's call
        pass
    for message in place:
        content: Any = message.get("content") if type(message) is dict else message
        if type(content) is not str and not (type(content) is list and all(map(_is_plain, content))):
            return False
    return True


def _is_plain(part: Any) -> bool:
    """Whether a part of a message holds its text and nothing else."""
    if type(part) is not dict or len(part) != 2 or "text" not in part:
        return False
    kind: Any = part.get("type")
    return type(kind) is str and kind in _PLAIN


class _Walk:
    """Walks through a request's messages, part by part.

    Attributes:
        found: the media found so far.
    """

    __slots__ = ("_left", "found")

    def __init__(self) -> None:
        self.found: Media = {}
        self._left = _MOST

    def visit(self, node: Any, deeper: int) -> None:
        """Look at a message, a part, or a list of these; `deeper` says how many levels may still follow."""
        try:
            self._look(node, deeper)
        except Exception:  # noqa: BLE001 -- a part whose class raises is left out; the others still count
            pass

    def _look(self, node: Any, deeper: int) -> None:
        # Only lists are walked: iterating an iterator here would take its items from the request.
        if node is None or isinstance(node, str | bytes) or not deeper or not self._left:
            return
        self._left -= 1
        if isinstance(node, list | tuple):
            if node and type(node[0]) is type(node[-1]) is int:
                return  # a text in tokens, of which a request for embeddings may have a million
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
    """The medium of a part, and what the request says of it; None if the part is no medium, such as text."""
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
        return _typed(_first(source, _TYPES), _SOURCED[tag])
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
    """An image object of PIL, which Google's SDKs accept as a part."""
    if not type(part).__module__.startswith("PIL."):
        return None
    form = _word(_get(part, "format"))
    return "images", {} if form is None else {"format": form.lower()}


def _typed(media_type: Any, otherwise: str | None = None) -> tuple[str, dict[str, str]] | None:
    """The medium of a media type, and the type; `otherwise` if there is no type, None if it is of no medium."""
    media_type = _plain(media_type)
    media_type = media_type[:64].partition(";")[0] if isinstance(media_type, str) else ""
    if not _TYPE.fullmatch(media_type):
        return None if otherwise is None else (otherwise, {})
    found = _KINDS.fullmatch(media_type)
    return None if found is None else (_NAMES[(found.lastindex or 1) - 1], {"media_type": media_type})


def _url_type(url: Any) -> str | None:
    """The media type in a `data:` URL; None if it has none, or is another URL."""
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
    """A field of a dict or of an SDK's object; None if there is none."""
    if isinstance(node, dict):
        return cast("dict[str, Any]", node).get(name)
    if node is None or isinstance(node, str | bytes):
        return None
    try:
        if isinstance(node, Mapping):
            return cast("Mapping[str, Any]", node).get(name)
        return getattr(node, name, None)
    except Exception:  # noqa: BLE001 -- the object's own property may raise
        return None
