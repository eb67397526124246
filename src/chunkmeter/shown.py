"""What log lines and the command's messages show of values that others wrote: short, quoted, on one line, no secret."""

from __future__ import annotations

import re
from reprlib import Repr
from urllib.parse import urlsplit

__all__ = ["origin", "plain", "quoted", "server"]

_LONGEST = 100
_TIMES = 4
_NO_ORIGIN = "one that is not shown, since it is no URL with a host"
_WORD = re.compile(rf"[\w./:@+\[\]-]{{1,{_LONGEST}}}")
_HOST = re.compile(r"[\w.-]+|[0-9a-f.:]*:[0-9a-f.:]*")


def quoted(value: object, most: int = _LONGEST) -> str:
    """`value` as Python would write it, the middle of a long text left out.

    What could end a line or drive a terminal is escaped, also in the words of an object that describes itself.

    Args:
        value: a text, or anything else.
        most: how many characters of a text are shown; of a list of texts, a few times as many.
    """
    short = Repr()
    short.maxstring = short.maxother = short.maxlong = most
    try:
        text = short.repr(value)
    except Exception:  # noqa: BLE001 -- an object may fail to describe itself, and that is no reason to lose the line
        text = f"<{type(value).__name__}>"
    text = text if text.isprintable() else repr(text)
    return text if len(text) <= _TIMES * most else f"{text[: _TIMES * most]}..."


def plain(word: object) -> str:
    """`word` as it is where it is a short word, such as the name of a class or of a file; quoted where it is not."""
    text = str(word)
    return text if _WORD.fullmatch(text) else quoted(text)


def origin(url: str) -> str:
    """The scheme, host and port of a URL. The rest may hold a secret, and so may what is no URL: neither is shown."""
    try:
        parts = urlsplit(url if "://" in url else f"//{url}")
        host, port = parts.hostname, parts.port
    except ValueError:
        return _NO_ORIGIN
    # A '/', '?' or '#' in a password ends the host too early: the '@' behind it tells.
    hidden = "@" in f"{parts.path}{parts.query}{parts.fragment}"
    if hidden or not host or len(host) > _LONGEST or not _HOST.fullmatch(host) or not (parts.scheme or port):
        return _NO_ORIGIN
    scheme = f"{parts.scheme}://" if parts.scheme else ""
    return f"{scheme}{server(host, port)}"


def server(host: str, port: int | None) -> str:
    """A host and its port, if there is one, as they are written in a URL: an IPv6 address in brackets."""
    written = f"[{host}]" if ":" in host else host
    return written if port is None else f"{written}:{port}"
