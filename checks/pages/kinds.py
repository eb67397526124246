"""What kind of code a block is, and which blocks can't be run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

from checks.pages import shell
from support.pages import PAGES, Block, blocks

__all__ = ["ALL", "Kind", "commands_of", "kind_of", "run_by", "unrun"]

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


def commands_of(block: Block) -> str:
    """The commands of a block, as a shell reads them: of a console the lines after a prompt."""
    return shell.prompted(block.code) if kind_of(block) == "console" else block.code


def run_by(file: Block) -> list[Block]:
    """The blocks of a page's own that have a command which runs this file of it."""
    return [
        block
        for block in ALL
        if block.page == file.page and kind_of(block) in ("shell", "console")
        for command in shell.commands(commands_of(block))
        if file.file in command.words[1:]
    ]


def unrun() -> Iterator[str]:
    """A line for each block that is not run, and why: it is checked for what can be seen of it."""
    for block in ALL:
        if block.needs is not None:
            yield f"{block}: needs {block.needs}"
        elif block.file is not None and kind_of(block) == "python":
            runners = run_by(block)
            if runners and all(runner.needs for runner in runners):
                yield f"{block}: needs {runners[0].needs}"
