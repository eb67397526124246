"""Reads forms, as which OpenAI takes what comes with a file: a recording to be transcribed, an image to be edited."""

from __future__ import annotations

from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any, cast

__all__ = ["fields"]

_WORDS = {"true": True, "false": False}


def fields(body: bytes, media_type: str) -> dict[str, Any]:
    """The fields of a form that are no files, by name; a boolean, which a form can only spell out, as such."""
    parser = BytesParser(cast("type[EmailMessage]", EmailMessage), policy=HTTP)
    form = parser.parsebytes(f"content-type: {media_type}\r\n\r\n".encode() + body)
    found: dict[str, Any] = {}
    for part in form.iter_parts():
        name = part.get_param("name", header="content-disposition")
        if isinstance(name, str) and part.get_filename() is None:
            text = cast("bytes", part.get_payload(decode=True)).decode()
            found[name] = _WORDS.get(text, text)
    return found
