"""Runs a page: its Python in order, as one program. `python -m checks.pages.program README.md`.

It ends with 1 where a block raises, and where chunkmeter has a warning to log: of a misspelt keyword it says no more.
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import sys
from collections.abc import Sequence
from types import CodeType
from typing import Any

from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider

from checks.pages.hidden import BEFORE
from checks.pages.kinds import kind_of
from checks.pages.warned import warned
from support import ROOT
from support.pages import Block, blocks

__all__ = ["compiled", "main", "program"]


def program(page: str, text: str | None = None) -> list[Block]:
    """The blocks of a page's program: not those that are files of their own, and not those that can't run."""
    return [block for block in blocks(page, text) if kind_of(block) == "python" and not block.needs and not block.file]


def compiled(block: Block) -> CodeType:
    """The block's code, with the line numbers of its page; in a notebook `await` may stand anywhere.

    Raises:
        SyntaxError: where it is none.
    """
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT if block.within == "a notebook" else 0
    return compile("\n" * (block.line - 1) + block.code, str(ROOT / block.page), "exec", flags, dont_inherit=True)


def _run(code: CodeType, namespace: dict[str, Any]) -> None:
    result = eval(code, namespace)
    if inspect.iscoroutine(result):
        asyncio.run(result)


def _set_up() -> None:
    """An SDK, as `opentelemetry-instrument` sets it up before an app begins; it exports nothing."""
    trace.set_tracer_provider(TracerProvider())
    metrics.set_meter_provider(MeterProvider())


def main(arguments: Sequence[str]) -> int:
    """The exit status: 0 where each page's program runs to its end without a warning."""
    with warned() as warnings:
        for page in arguments:
            if "set_tracer_provider" not in "".join(block.code for block in program(page)):
                _set_up()
            namespace: dict[str, Any] = {"__name__": "__main__"}
            _run(compile(BEFORE.get(page, ""), f"what {page} begins with", "exec"), namespace)
            for block in program(page):
                _run(compiled(block), namespace)
    meant = [block.warns for page in arguments for block in program(page) if block.warns]
    faults = [f"chunkmeter warns: {said}" for said in warnings if not any(words in said for words in meant)]
    faults += [f"no warning says {words!r}" for words in meant if not any(words in said for said in warnings)]
    print("\n".join(faults), file=sys.stderr)
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
