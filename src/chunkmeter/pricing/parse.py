"""Reads a price file, TOML or JSON. An error says where each mistake is and what to write instead."""

from __future__ import annotations

import codecs
import errno
import hashlib
import json
import os
import re
import stat
import tomllib
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..shown import plain
from .cures import lines, of_form, words
from .mistakes import mistakes
from .overlay import Overlay
from .reached import Place

__all__ = ["UnusableFileError", "parse", "read", "schema"]

_MOST_BYTES = 10_000_000
# How a first line begins in YAML, and in TOML.
_YAML = re.compile(r"\s*(?:---|%YAML|-\s|[\w-]{1,99}:(?:\s|\Z))")
_TOML = re.compile(r"\s*(?:\[\[?[\w.]{1,99}\]|[\w.-]{1,99}\s{0,9}=)")
_AT_ONCE = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)  # Windows has neither
_KINDS = {
    stat.S_IFDIR: "a directory",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class UnusableFileError(ValueError):
    """A price file can't be used. The message has a line for each mistake: where it is and what to write instead."""


def read(path: str | Path) -> Overlay:
    """The price file at `path`.

    Raises:
        UnusableFileError: if it can't be read, is neither TOML nor JSON, or doesn't have the schema of a price file.
    """
    file = Path(path)
    try:
        content = _content(file)
    except UnusableFileError:
        raise
    except (OSError, ValueError) as error:  # a ValueError for a path that no file can have
        said = error.strerror if isinstance(error, OSError) else error
        raise UnusableFileError(f"{plain(file)}: can't be read ({said}): write a path to a file that can") from None
    return parse(content, file.name)


def _content(file: Path) -> bytes:
    """What a regular file holds. Of one that is too long, enough to tell that."""
    parts: list[bytes] = []
    left = _MOST_BYTES + 1
    with open(file, "rb", buffering=0, opener=_open) as opened:
        if os.fstat(opened.fileno()).st_size > _MOST_BYTES:
            raise _too_long(file.name)
        while left and (part := opened.read(left)) != b"":
            if part is None:
                raise BlockingIOError(errno.EAGAIN, "it has nothing to read yet")
            parts.append(part)
            left -= len(part)
    return b"".join(parts)


def _open(path: str, flags: int) -> int:
    """Opens a regular file. All else may keep whoever opens or reads it waiting, and is refused.

    It is looked at only once it is open, since the path may name another file by then.
    """
    try:
        descriptor = os.open(path, flags | _AT_ONCE)
    except OSError:
        _refuse_irregular(path, os.stat(path).st_mode)
        raise
    try:
        _refuse_irregular(path, os.fstat(descriptor).st_mode)
    except UnusableFileError:
        os.close(descriptor)
        raise
    return descriptor


def _refuse_irregular(path: str, mode: int) -> None:
    if not stat.S_ISREG(mode):
        kind = _KINDS.get(stat.S_IFMT(mode), "no regular file")
        raise UnusableFileError(f"{path}: is {kind}: write the path of a regular file")


def _too_long(name: str) -> UnusableFileError:
    return UnusableFileError(f"{plain(name)}: has over {_MOST_BYTES} bytes: write less")


def parse(content: bytes, name: str) -> Overlay:
    """The price file with this content. Its name tells whether it is TOML or JSON.

    Raises:
        UnusableFileError: if it is neither TOML nor JSON, or doesn't have the schema of a price file.
    """
    if len(content) > _MOST_BYTES:
        raise _too_long(name)
    try:
        overlay = Overlay.model_validate(_data(content, name))
    except ValidationError as error:
        raise UnusableFileError(lines(plain(name), of_form(error))) from None
    wrong = lines(plain(name), mistakes(overlay))
    if wrong:
        raise UnusableFileError(wrong)
    if overlay.version is None:
        overlay = overlay.model_copy(update={"version": hashlib.sha256(content).hexdigest()[:12]})
    return overlay.ready()


def schema() -> dict[str, Any]:
    """The JSON schema of a price file, for editors."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Overlay.model_json_schema()}


def _data(content: bytes, name: str) -> Any:
    """What the file says, before anybody has looked whether that is a price file."""
    kind = "JSON" if name.lower().endswith(".json") else "TOML"
    text = ""
    try:
        text = content.decode("utf-8-sig")  # some editors write a byte-order mark
        return _json(text, name) if kind == "JSON" else tomllib.loads(text, parse_float=Decimal)
    except UnusableFileError:
        raise
    except UnicodeDecodeError as error:
        wide = " It looks like UTF-16." if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else ""
        raise UnusableFileError(f"{plain(name)}: is no UTF-8 ({words(error)}): save it as UTF-8.{wide}") from None
    except (ValueError, RecursionError) as error:
        said = _other_kind(text, name, kind) or f"is no {kind}: {words(error)}"
        raise UnusableFileError(f"{plain(name)}: {said}") from None


def _other_kind(text: str, name: str, kind: str) -> str | None:
    """What a text is that can't be read, by its first line and the file's name; None where it tells nothing else."""
    begin = next((line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")), "")
    if name.lower().endswith((".yaml", ".yml")) or _YAML.match(begin):
        return "is YAML, which no price file is: write the same in TOML or JSON"
    if kind == "TOML" and begin.lstrip().startswith("{"):
        return "is JSON by its content, and TOML by its name: give it a name that ends in .json"
    if kind == "JSON" and _TOML.match(begin):
        return "is TOML by its content, and JSON by its name: give it a name that ends in .toml"
    return None


def _json(text: str, name: str) -> Any:
    """What a text in JSON says.

    Raises:
        UnusableFileError: if a key stands twice in one object, of which JSON's readers would drop the first value.
    """
    doubled: dict[int, tuple[object, list[str]]] = {}

    def read_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        read = dict(pairs)
        if len(read) < len(pairs):
            counts = Counter(key for key, _ in pairs)
            doubled[id(read)] = read, [key for key, count in counts.items() if count > 1]
        return read

    data = json.loads(text, parse_float=Decimal, object_pairs_hook=read_object)
    if doubled:
        said = (
            ((*place, key), "stands twice in one object: leave out the one that doesn't count")
            for place, part in _parts(data)
            for key in doubled.get(id(part), ((), ()))[1]
        )
        raise UnusableFileError(lines(plain(name), said))
    return data


def _parts(data: Any) -> Iterator[tuple[Place, Any]]:
    """Every object and list of some JSON, with its place, in order."""
    waiting: list[tuple[Place, Any]] = [((), data)]
    while waiting:
        place, part = waiting.pop()
        inner = part.items() if isinstance(part, dict) else enumerate(part)
        yield place, part
        waiting += reversed([((*place, key), each) for key, each in inner if isinstance(each, dict | list)])
