"""The events of a recorded body as they stand on the wire, by a parser that shares nothing with the package's."""

from __future__ import annotations

import base64
import contextlib
import json
import random
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

__all__ = ["json_events", "lines", "pieces"]

_LINE_END = re.compile(r"\r\n|\n|\r")


def json_events(path: Path) -> Iterator[Any]:
    """The JSON of each event; what is no JSON is left out."""
    body = path.read_bytes()
    if path.suffix == ".eventstream":
        yield from messages(body)
        return
    text = body.decode("utf-8-sig", "replace")
    if path.suffix == ".json":
        whole = json.loads(text)
        yield from cast("list[Any]", whole) if isinstance(whole, list) else [whole]
    elif path.suffix == ".jsonl":
        yield from (json.loads(line) for line in text.splitlines() if line.strip())
    else:
        for data in server_sent(text):
            with contextlib.suppress(ValueError):
                yield json.loads(data)


def server_sent(text: str) -> Iterator[str]:
    """The data of each server-sent event."""
    data: list[str] = []
    for line in [*_LINE_END.split(text), ""]:
        name, _, value = line.partition(":")
        if name == "data":
            data.append(value.removeprefix(" "))
        elif not line and data:
            yield "\n".join(data)
            data = []


def messages(body: bytes) -> Iterator[dict[str, Any]]:
    """The messages of Amazon's binary framing, each under its type, as boto3 hands them out.

    https://docs.aws.amazon.com/AmazonS3/latest/API/RESTSelectObjectAppendix.html: the lengths of all and of the
    headers, a checksum, headers (all of these are of type 7, text), payload, a checksum.
    """
    at = 0
    while at < len(body):
        total, headers = struct.unpack_from(">II", body, at)
        names: dict[str, str] = {}
        head = body[at + 12 : at + 12 + headers]
        while head:
            length = head[0]
            (size,) = struct.unpack_from(">H", head, length + 2)
            names[head[1 : length + 1].decode()] = head[length + 4 : length + 4 + size].decode()
            head = head[length + 4 + size :]
        payload: dict[str, Any] = json.loads(body[at + 12 + headers : at + total - 4])
        if "bytes" in payload:
            payload["bytes"] = base64.b64decode(payload["bytes"])
        yield {names.get(":event-type") or names[":exception-type"]: payload}
        at += total


def lines(path: Path) -> list[str]:
    """The body as a client's line iterator gives it: without line ends."""
    return _LINE_END.split(path.read_bytes().decode("utf-8", "replace"))


def pieces(path: Path) -> Iterator[bytes]:
    """The body as a client's byte iterator gives it, cut anywhere, the same way each time."""
    body, cuts = path.read_bytes(), random.Random(path.name)
    at = 0
    while at < len(body):
        size = cuts.choice((1, 2, 17, 400, 4096, 65536))
        yield body[at : at + size]
        at += size
