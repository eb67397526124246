r"""Regular expressions where a price file has patterns, in which only `*` has a meaning. Pure.

`^gpt-4o.*$` fits no model, since none has a `^` in its name. A point before a star may be meant: `gpt-4.*` fits
`gpt-4.1`, `us.anthropic.*` an id of Bedrock. Where it is hardly meant it is refused, and can be written as `.**`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Final

from ..shown import quoted

__all__ = ["host", "name", "provider", "region"]

_MOST = 8
_LONGEST = 200

# What no name of a model, host or region has: the signs of expressions, and of shells' patterns but for the star.
_SIGNS: Final = re.compile(
    r"^\^|\$$|[?|]|\.\+|\[\^|\[[^\[\]\s]{0,9}\w-\w|\[\d{1,10}\]|\{\d{1,9}(,\d{0,9})?\}|\{[^{},]{0,99},|[\])]\*"
)
_ESCAPES: Final = re.compile(r"\\[.dDwWsSbB\-/+*?()\[\]{}|$^]")
_PATH: Final = re.compile(r"[A-Za-z]:\\|\\\\")
"""How a path of Windows begins; some servers name a model by its file."""
_POINT: Final = re.compile(r"\.\*(?!\*)")
_SEPARATOR: Final = re.compile(r"[/:.*]")
# Families of models after whose name no point follows: nobody's namespace.
_FAMILIES: Final = frozenset(
    ("gpt", "chatgpt", "o1", "o3", "o4", "claude", "gemini", "gemma", "llama", "grok", "command", "sonar", "whisper")
)
_FLAGS: Final = re.compile(r"\(\?[aiLmsux]{1,9}\)")
_OPTIONAL: Final = re.compile(r"\([^()]{0,200}\)[*?]")
_BRACES: Final = re.compile(r"\{([^{},]{0,99}(?:,[^{},]{0,99}){1,9})\}")
_GROUP: Final = re.compile(r"\((?:\?:)?([^()]{0,200})\)[*+?]?")
_STARS: Final = re.compile(
    r"\[[^\[\]]{0,99}\](?:[*+?]|\{[\d,]{1,9}\})?|\\[dDwWsS](?:[*+?]|\{[\d,]{1,9}\})?|\.(?:[*+?]|\{[\d,]{1,9}\})|\?|\*"
)
_OTHER: Final = re.compile(r"[^\w:/@* -]{1,200}")
_MANY_STARS: Final = re.compile(r"\*{2,200}")


def name(word: str) -> str:
    """A model's name or a pattern of names. Raises a ValueError for a regular expression."""
    return _checked(word, _hardly_a_point)


def host(word: str) -> str:
    """A host or a pattern of hosts, in which points are everywhere. Raises a ValueError for a regular expression."""
    return _checked(word, lambda before: before[-1:] in ("", "-", "_", "/"))


def region(word: str) -> str:
    """A region or a pattern of regions, which have no points. Raises a ValueError for a regular expression."""
    return _checked(word, lambda before: True)


def provider(word: str) -> str:
    """A provider. Raises a ValueError for a pattern: an entry is about one provider, or about all."""
    if "*" in word or _SIGNS.search(word):
        raise ValueError(
            f"{quoted(word)} is no provider: write one, or leave it out for all, or write an entry for each"
        )
    return word


def _checked(word: str, is_no_point: Callable[[str], bool]) -> str:
    """The word. Raises a ValueError if it has a sign, or a point before a star where what is before makes it none."""
    if not _is_expression(word, is_no_point):
        return word
    meant = _meant(word, is_no_point)
    write = f"write {quoted(meant[0])}" if len(meant) == 1 else f"write [{', '.join(map(quoted, meant))}]"
    said = f"{quoted(word)} looks like a regular expression, and only '*' has a meaning: {write}"
    literal = _POINT.sub(".**", word)
    follows = (word[found.start() - 1 : found.start()] for found in _POINT.finditer(word))
    if not _is_expression(literal, is_no_point) and all(map(str.isalnum, follows)):
        said += f", or {quoted(literal)} for names that go on with a point"
    raise ValueError(said)


def _is_expression(word: str, is_no_point: Callable[[str], bool]) -> bool:
    return (
        _SIGNS.search(word) is not None
        or (_ESCAPES.search(word) is not None and not _PATH.match(word))
        or any(is_no_point(word[: found.start()]) for found in _POINT.finditer(word))
    )


def _hardly_a_point(before: str) -> bool:
    """Whether what stands before `.*` makes a point unlikely: a version ends in a digit, a namespace is one word."""
    last = _SEPARATOR.split(before)[-1].lower()
    if not last:
        return before[-1:] not in (".", "*")
    if last in _FAMILIES or not last[-1].isalnum():
        return True
    return not (last.isalpha() or last[-1].isdigit() or last == "us-gov")


def _meant(word: str, is_no_point: Callable[[str], bool]) -> list[str]:
    """The patterns that were probably meant."""
    bare = word[1:-1] if len(word) > 1 and word[0] == word[-1] == "/" else word
    bare = _OPTIONAL.sub("*", _FLAGS.sub("", bare)).removeprefix("^").removesuffix("$")
    globs = map(_glob, _alternatives(_BRACES.sub(_as_group, bare)))
    taken = (
        _MANY_STARS.sub("*", _OTHER.sub("*", each)) if _is_expression(each, is_no_point) else each for each in globs
    )
    return [each for each in dict.fromkeys(taken) if each] or ["*"]


def _as_group(found: re.Match[str]) -> str:
    """A shell's alternatives as an expression's; a number of times as it is."""
    inside = found[1]
    return found[0] if inside.replace(",", "").isdigit() else f"({inside.replace(',', '|')})"


def _alternatives(word: str) -> Sequence[str]:
    """The texts that groups and bars stand for, some of them where they are many."""
    words = [word]
    for _ in range(_MOST):
        grown: list[str] = []
        for each in words:
            found = _GROUP.search(each)
            if found is None:
                grown.append(each)
                continue
            before, after = each[: found.start()], each[found.end() :]
            grown += [f"{before}{part}{after}" for part in found[1].split("|")]
        if grown == words or len(grown) > _MOST:
            break
        words = grown
    return list(islice((part for each in words for part in each.split("|")), _MOST))


def _glob(expression: str) -> str:
    plain = _STARS.sub("*", expression.removeprefix("^").removesuffix("$"))
    return _MANY_STARS.sub("*", plain.replace("\\", "").replace("|", "*"))[:_LONGEST].strip()
