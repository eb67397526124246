"""What the documentation's site is made of: its pages by group, and the runbooks without their Prometheus.

`python -m checks.site --write` writes the list of pages into README.md.
"""

from __future__ import annotations

import html
import re
import sys
import tomllib
from collections.abc import Mapping, Sequence

from support import ROOT
from support.marked import remade

__all__ = ["FIRST", "NAV", "RUNBOOKS", "contents", "document", "runbook"]

FIRST = "README.md"
NAV: Mapping[str, Sequence[str]] = {
    group: of["pages"] for group, of in tomllib.loads((ROOT / "docs" / "nav.toml").read_text("utf-8")).items()
}
"""A group's heading -> its pages, by their paths in the repository."""
RUNBOOKS = ROOT / "collector-config" / "prometheus" / "runbooks"

_FOUND = re.compile(r"\{\{ range query .*?\{\{ else \}\}.*?\{\{ end \}\}", re.DOTALL)
_QUERY = re.compile(r"\{\{ \$q := `(.*?)` \}\}\s*", re.DOTALL)
_LINK = re.compile(r'<a href="\{\{ pathPrefix \}\}\{\{ tableLink \$q \}\}">\{\{ \$q \}\}</a>')


def runbook(template: str) -> str:
    """A runbook as it reads where no Prometheus fills it in: with its queries, and no answers to them."""
    text = _FOUND.sub("<li>What is found stands here, where Prometheus shows this page.", template)
    first, *rest = _QUERY.split(text)
    for query, below in zip(rest[::2], rest[1::2], strict=True):
        first += _LINK.sub(lambda _, query=query: html.escape(query, quote=False), below)
    return first


def _link(page: str) -> str:
    title = (ROOT / page).read_text("utf-8").partition("\n")[0].removeprefix("# ")
    return f"[{title}]({page})"


def contents() -> str:
    """The list of pages, a row a group."""
    rows = [f"| {group} | {', '.join(map(_link, pages))} |" for group, pages in NAV.items()]
    return "\n".join(["| | |", "|---|---|", *rows]) + "\n"


def document(text: str) -> str:
    """The README with the list of pages between its marks made anew."""
    return remade(text, lambda _: contents())


if __name__ == "__main__":
    if "--write" in sys.argv[1:]:
        (ROOT / FIRST).write_text(document((ROOT / FIRST).read_text("utf-8")), "utf-8")
    else:
        print(contents(), end="")
