"""The token counts of a call, each once: its name, the class of token that it counts, and its span attribute.

Every other list of them is made from this one: the public `Usage`, price files, the command line, span attributes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any, Final

from .. import semconv

__all__ = [
    "ATTRIBUTES", "CACHED_MEDIA", "CLASSES", "LAST_PARTS", "LINEAR", "MOST_TOKENS", "PARTS", "TokenClass", "Tokens",
    "absurd", "classes", "impossible", "linear",
]  # fmt: skip


MOST_TOKENS: Final = 10**9
"""More tokens than any call has: ten times the largest context window announced so far, 100 million. Each answer of a
batch is a call of its own."""


@dataclass(frozen=True, slots=True)
class TokenClass:
    """Tokens that have a price of their own.

    Attributes:
        name: its name in a split, in a price file and on the command line.
        count: the field of `Tokens` that has its count.
        priced_as: the class it is part of, whose price it has where it has none itself; None for `input` and `output`.
        meaning: which tokens those are, in words.
    """

    name: str
    count: str
    priced_as: str | None
    meaning: str


def _count(
    name: str | None = None, priced_as: str | None = None, meaning: str = "", *, attribute: str | None = None
) -> Any:
    """A field of `Tokens`, with the class of token that it counts and its span attribute, where it has them."""
    said = {"name": name, "priced_as": priced_as, "meaning": meaning, "attribute": attribute}
    return field(default=None, metadata=said)


@dataclass  # without slots: where most counts are None, a reader sets its few in one step (`readers/_usage.py`)
class Tokens:
    """Token counts of one call; None where the provider said nothing.

    `input_tokens` includes cached tokens, `output_tokens` includes reasoning: a part is never added to its whole.
    """

    input_tokens: int | None = _count(
        "input", None, "tokens in, cached ones included", attribute=semconv.USAGE_INPUT_TOKENS
    )
    cached_tokens: int | None = _count(
        "cache_read", "input", "of those in, read from a cache", attribute=semconv.USAGE_CACHE_READ
    )
    output_tokens: int | None = _count(
        "output", None, "tokens out, reasoning included", attribute=semconv.USAGE_OUTPUT_TOKENS
    )
    total_tokens: int | None = _count(attribute=semconv.USAGE_TOTAL_TOKENS)
    cache_write_tokens: int | None = _count(
        "cache_write", "input", "of those in, written to a cache", attribute=semconv.USAGE_CACHE_WRITE
    )
    cache_write_1h_tokens: int | None = _count(
        "cache_write_1h", "cache_write", "of those written, kept for an hour", attribute=semconv.USAGE_CACHE_WRITE_1H
    )
    reasoning_tokens: int | None = _count(
        "reasoning", "output", "of those out, reasoning", attribute=semconv.USAGE_REASONING
    )
    input_audio_tokens: int | None = _count(
        "input_audio", "input", "of those in, audio", attribute=semconv.USAGE_AUDIO_INPUT
    )
    output_audio_tokens: int | None = _count(
        "output_audio", "output", "of those out, audio", attribute=semconv.USAGE_AUDIO_OUTPUT
    )
    tool_use_tokens: int | None = _count()
    input_image_tokens: int | None = _count("input_image", "input", "of those in, images")
    output_image_tokens: int | None = _count("output_image", "output", "of those out, images")
    input_video_tokens: int | None = _count("input_video", "input", "of those in, video")
    input_document_tokens: int | None = _count()
    cached_audio_tokens: int | None = _count("cache_audio_read", "cache_read", "of the cached ones, audio")
    cached_image_tokens: int | None = _count("cache_image_read", "cache_read", "of the cached ones, images")
    cache_write_12h_tokens: int | None = _count("cache_write_12h", "cache_write", "of those written, kept for 12 hours")
    output_video_tokens: int | None = _count("output_video", "output", "of those out, video")

    def __bool__(self) -> bool:
        return _all_counts(self) != _NO_COUNTS


_all_counts = attrgetter(*(each.name for each in fields(Tokens)))
_NO_COUNTS: Final = (None,) * len(fields(Tokens))

ATTRIBUTES: Final[Mapping[str, str]] = {
    each.metadata["attribute"]: each.name for each in fields(Tokens) if each.metadata["attribute"]
}
"""Span attribute -> the field of `Tokens` that it has."""


_LISTED: Final = {
    each.metadata["name"]: TokenClass(
        each.metadata["name"], each.name, each.metadata["priced_as"], each.metadata["meaning"]
    )
    for each in fields(Tokens)
    if each.metadata["name"]
}


def _whole(name: str) -> str:
    """`input` or `output`, whichever a class is part of."""
    priced_as = _LISTED[name].priced_as
    return name if priced_as is None else _whole(priced_as)


CLASSES: Final[Mapping[str, TokenClass]] = {name: _LISTED[name] for name in sorted(_LISTED, key=_whole)}
"""The classes of token that have a price, by name: first `input` and its parts, then `output` and its parts."""

LAST_PARTS: Final = frozenset(("input_video", "reasoning"))
"""The parts that are taken out last, and get what the others leave: some of the video may be cached tokens."""

PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    whole: tuple(sorted((name for name in CLASSES if _whole(name) == whole != name), key=LAST_PARTS.__contains__))
    for whole in ("input", "output")
}
"""`input` or `output` -> its parts, in the order in which they are taken out of it."""

CACHED_MEDIA: Final[Mapping[str, str]] = {"input_audio": "cache_audio_read", "input_image": "cache_image_read"}
"""A medium's class -> the class of its cached tokens, which lie in both that class and `cache_read`."""

LINEAR: Final = ("input", "cache_read", "cache_write", "output", "reasoning")
"""The classes of which no token lies in two: their cost is their count times a price, whatever else a call counts."""

_MEDIA: Final = ("audio", "image", "video")
_KEPT_LONGER: Final = ("cache_write_1h", "cache_write_12h")

_priced_counts = attrgetter(*(each.count for each in CLASSES.values()))
_linear_counts = attrgetter(*(CLASSES[name].count for name in LINEAR))
_other_counts = attrgetter(*(each.count for each in CLASSES.values() if each.name not in LINEAR))
_OTHERS: Final = tuple(name for name in CLASSES if name not in LINEAR)
_WHOLE: Final = {name: _whole(name) for name in CLASSES}
_NO_OTHERS: Final = (None,) * len(_OTHERS)


def absurd(usage: Tokens) -> bool:
    """Whether a count is more than any call has. Added up, it would drown every true count."""
    # By name, since each call is asked this: an `attrgetter` of as many names takes several times as long.
    return (
        (usage.total_tokens or 0) > MOST_TOKENS
        or (usage.input_tokens or 0) > MOST_TOKENS
        or (usage.cached_tokens or 0) > MOST_TOKENS
        or (usage.output_tokens or 0) > MOST_TOKENS
        or (usage.cache_write_tokens or 0) > MOST_TOKENS
        or (usage.cache_write_1h_tokens or 0) > MOST_TOKENS
        or (usage.reasoning_tokens or 0) > MOST_TOKENS
        or (usage.input_audio_tokens or 0) > MOST_TOKENS
        or (usage.output_audio_tokens or 0) > MOST_TOKENS
        or (usage.input_image_tokens or 0) > MOST_TOKENS
        or (usage.output_image_tokens or 0) > MOST_TOKENS
        or (usage.input_video_tokens or 0) > MOST_TOKENS
        or (usage.cached_audio_tokens or 0) > MOST_TOKENS
        or (usage.cached_image_tokens or 0) > MOST_TOKENS
        or (usage.cache_write_12h_tokens or 0) > MOST_TOKENS
        or (usage.output_video_tokens or 0) > MOST_TOKENS
    )


def impossible(usage: Tokens) -> bool:
    """Whether a count is negative or more than any call has, or a part is more than its whole.

    The bundled table would notice that only where the part has a price of its own.
    """
    count = {name: number or 0 for name, number in zip(CLASSES, _priced_counts(usage), strict=True)}
    return (
        absurd(usage)
        or min(count.values()) < 0
        or count["cache_read"] + count["cache_write"] > count["input"]
        or sum(count[f"input_{medium}"] for medium in _MEDIA) > count["input"]
        or sum(count[name] for name in _KEPT_LONGER) > count["cache_write"]
        or sum(count[name] for name in CACHED_MEDIA.values()) > count["cache_read"]
        or sum(count[f"output_{medium}"] for medium in _MEDIA) > count["output"]
        # A stream that was cut may have told its reasoning before its output.
        or (usage.output_tokens is not None and count["reasoning"] > count["output"])
    )


def classes(usage: Tokens) -> dict[str, int]:
    """Count each token in one class: in a part that the usage states, else in its whole; an unknown whole has no parts.

    Where the usage doesn't say how many tokens are both cached and audio, or cached and image, the fewest that the
    counts allow are taken to be both, and are counted as cached.
    """
    said = zip(CLASSES, _priced_counts(usage), strict=True)
    count = {name: number for name, number in said if number is not None}
    for name in _KEPT_LONGER:
        _take_out(count, name, "cache_write")
    for medium, cached in CACHED_MEDIA.items():
        _take_out(count, cached, "cache_read")
        _take_out(count, cached, medium)
    for whole, parts in PARTS.items():
        for part in parts:
            if part in count:
                count[part] = min(count[part], count.get(whole, 0))
                if whole in count:
                    count[whole] -= count[part]
                else:
                    del count[part]
    return count


def linear(usage: Tokens) -> dict[str, int] | None:
    """The same as `classes`, told in less time; None where another class than those of `LINEAR` has tokens.

    Also None where the usage counts neither input nor output, or is impossible.
    """
    given, read, written, made, reasoned = _linear_counts(usage)
    others = _other_counts(usage)
    if any(others) or (given is None and made is None) or (usage.total_tokens or 0) > MOST_TOKENS:
        return None
    count: dict[str, int] = {}
    if given is not None:
        if given > MOST_TOKENS:
            return None
        count["input"] = given
        if read is not None:
            count["cache_read"] = read
            count["input"] -= read
        if written is not None:
            count["cache_write"] = written
            count["input"] -= written
    elif read or written:
        return None
    if made is not None:
        if made > MOST_TOKENS:
            return None
        count["output"] = made
        if reasoned is not None:
            count["reasoning"] = reasoned
            count["output"] -= reasoned
    elif reasoned is not None and not 0 <= reasoned <= MOST_TOKENS:
        return None
    if min(count.values()) < 0:
        return None
    if others != _NO_OTHERS:
        zeros = (name for name, number in zip(_OTHERS, others, strict=True) if number is not None)
        count |= {name: 0 for name in zeros if _WHOLE[name] in count}
    return count


def _take_out(count: dict[str, int], part: str, whole: str) -> None:
    if whole in count:
        count[whole] = max(0, count[whole] - count.get(part, 0))
