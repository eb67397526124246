"""What kind of code a block is, and which blocks can't be run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

from support.pages import PAGES, Block, blocks

__all__ = ["ALL", "Kind", "kind_of", "unrun"]

Kind = Literal["python", "shell", "console", "data", "text"]
ALL: Final = tuple(block for page in PAGES for block in blocks(page))
"""Every block of every page."""
_KINDS: Final[dict[str | None, Kind]] = {
    None: "shell",  # an indented block
    "bash": "shell",
    "console": "console",
    "json": "data",
    "promql": "text",
    "python": "python",
    "sh": "shell",
    "text": "text",
    "toml": "data",
    "yaml": "data",
}


def kind_of(block: Block) -> Kind:
    """Its kind, by its language: an indented block is one of commands, and so is one that begins with a prompt.

    Raises:
        ValueError: where it says no language, or one that nothing here can check.
    """
    if not block.language and block.code.startswith("$ "):
        return "console"
    if block.language not in _KINDS:
        known = ", ".join(sorted(filter(None, _KINDS)))
        raise ValueError(f"{block}: its fence says {block.language!r}, and none of {known}")
    return _KINDS[block.language]


def unrun() -> Iterator[str]:
    """A line for each block that is checked for syntax alone, and why."""
    for block in ALL:
        if block.needs is not None:
            yield f"{block}: needs {block.needs}"
