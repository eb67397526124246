"""Amazon's binary framing of streams, `application/vnd.amazon.eventstream`, as Bedrock sends it.

A message is: total length, headers' length, CRC-32 of these eight bytes; headers; payload; CRC-32 of all before it.
A header is: name's length and name, the value's type (7, text), its length and itself. Numbers are big-endian.
https://smithy.io/2.0/aws/amazon-eventstream.html
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from typing import Any

from replay.scenarios.base import compact

_TEXT = 7


def event(kind: str, payload: Mapping[str, Any]) -> bytes:
    """One event of a stream."""
    headers = {":event-type": kind, ":content-type": "application/json", ":message-type": "event"}
    return _message(headers, compact(payload).encode())


def exception(kind: str, payload: Mapping[str, Any]) -> bytes:
    """What ends a stream that goes wrong."""
    headers = {":exception-type": kind, ":content-type": "application/json", ":message-type": "exception"}
    return _message(headers, compact(payload).encode())


def _message(headers: Mapping[str, str], payload: bytes) -> bytes:
    head = b"".join(_header(name.encode(), value.encode()) for name, value in headers.items())
    lengths = struct.pack(">II", 12 + len(head) + len(payload) + 4, len(head))
    whole = lengths + _crc(lengths) + head + payload
    return whole + _crc(whole)


def _header(name: bytes, value: bytes) -> bytes:
    return struct.pack(">B", len(name)) + name + struct.pack(">BH", _TEXT, len(value)) + value


def _crc(data: bytes) -> bytes:
    return struct.pack(">I", zlib.crc32(data))
