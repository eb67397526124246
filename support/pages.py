"""The Markdown that we ship, taken apart: its code blocks, headings and links."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

from support import ROOT

__all__ = ["PAGES", "Block", "Link", "anchors", "blocks", "links", "resolved", "spoken", "text_of"]

_FOLDERS: Final = ("docs", "examples", "collector-config")
PAGES: Final = tuple(
    path.relative_to(ROOT).as_posix()
    for found in (ROOT.glob("*.md"), *((ROOT / folder).rglob("*.md") for folder in _FOLDERS))
    for path in sorted(found)
)
"""Each page, by its path in the repository."""

_COMMENT = re.compile(r"<!--\s*(?:(needs|file|within|warns):\s*)?(.*?)\s*-->", re.DOTALL)
_MARKDOWN: Final = MarkdownIt("commonmark").enable("table")


@dataclass(frozen=True, slots=True)
class Block:
    """A code block.

    Attributes:
        page: the page that it stands on.
        line: the line of the page on which its code begins.
        language: what its fence says, "" where that says nothing, None of an indented block.
        code: its text, without its indentation.
        needs: what it can't be run without, as the comment above it says, `<!-- needs: Docker -->`.
        file: the name of the file that it is, as the comment above it says, `<!-- file: app.py -->`.
        within: where it is run, if that is no file, as the comment above it says, `<!-- within: a notebook -->`.
        warns: words of the warning that it is meant to have chunkmeter log, `<!-- warns: without its usage -->`.
    """

    page: str
    line: int
    language: str | None
    code: str
    needs: str | None = None
    file: str | None = None
    within: str | None = None
    warns: str | None = None

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


@dataclass(frozen=True, slots=True)
class Link:
    """A link or a picture to what is in the repository."""

    page: str
    path: str
    """As it is written; empty where the link stays on its page."""
    anchor: str


def text_of(page: str) -> str:
    """The page as it stands."""
    return (ROOT / page).read_text("utf-8")


def blocks(page: str, text: str | None = None) -> list[Block]:
    """The code blocks of a page, in order.

    Args:
        page: its path in the repository.
        text: what it says, if that is not what the file has.
    """
    found: list[Block] = []
    told: dict[str, str] = {}
    for token in _MARKDOWN.parse(text_of(page) if text is None else text):
        if token.type == "html_block":
            told |= {kind: what for kind, what in _COMMENT.findall(token.content) if kind}
        elif token.type in ("fence", "code_block"):
            assert token.map is not None
            fenced = token.type == "fence"
            language = token.info.split()[0] if token.info.split() else "" if fenced else None
            found.append(Block(page, token.map[0] + 1 + fenced, language, token.content, **told))
            told = {}
        elif token.type not in ("list_item_open", "list_item_close"):
            told = {}
    return found


def _inline(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _inline(token.children or [])


def spoken(page: str) -> set[str]:
    """The code within the sentences of a page."""
    return {token.content for token in _inline(_MARKDOWN.parse(text_of(page))) if token.type == "code_inline"}


@cache
def links(page: str) -> list[Link]:
    """The links of a page to files, pages and headings of the repository."""
    found: list[Link] = []
    for token in _inline(_MARKDOWN.parse(text_of(page))):
        if token.type in ("link_open", "image"):
            target = str(token.attrs.get("href", token.attrs.get("src")))
            if not re.match(r"[a-z]+:", target):
                path, _, anchor = target.partition("#")
                found.append(Link(page, path, anchor))
    return found


def resolved(link: Link) -> str:
    """What it leads to, by its path in the repository; `../` in front where that is outside."""
    if not link.path:
        return link.page
    parts: list[str] = []
    for part in (PurePosixPath(link.page).parent / link.path).parts:
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)


@cache
def anchors(page: str) -> frozenset[str]:
    """The anchors of a page's headings, as code hosts make them."""
    tokens = _MARKDOWN.parse(text_of(page))
    seen: Counter[str] = Counter()
    found: set[str] = set()
    for heading, inline in pairwise(tokens):
        if heading.type != "heading_open":
            continue
        title = "".join(part.content for part in inline.children or [] if part.type in ("text", "code_inline"))
        slug = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return frozenset(found)
