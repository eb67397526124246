"""Links lead somewhere, and every page is found from the README."""

from __future__ import annotations

import pytest

from checks.site import FIRST
from support import ROOT
from support.pages import PAGES, Link, anchors, links, resolved


def broken(link: Link) -> bool:
    """Whether it leads nowhere; to a folder is nowhere too, for a site has none."""
    place = resolved(link)
    if not (ROOT / place).is_file():
        return True
    return bool(link.anchor) and (place not in PAGES or link.anchor not in anchors(place))


@pytest.mark.parametrize("page", PAGES)
def test_no_link_is_broken(page: str) -> None:
    assert [link for link in links(page) if broken(link)] == []


@pytest.mark.parametrize(
    ("path", "anchor", "is_broken"),
    [
        ("start.md", "", False),
        ("strat.md", "", True),
        ("start.md", "by-opentelemetrys-configuration-file", False),
        ("start.md", "by-opentelemetry-s-configuration-file", True),
        ("", "who-is-believed", False),
        ("", "who-is-belived", True),
        ("../examples/agent.py", "", False),
        ("../examples/agent.py", "main", True),
        ("../examples/", "", True),
        ("../../examples/agent.py", "", True),
        ("images/report.png", "", False),
        ("images/reports.png", "", True),
    ],
)
def test_a_broken_link_is_found(path: str, anchor: str, is_broken: bool) -> None:
    assert broken(Link("docs/prices.md", path, anchor)) is is_broken


def test_every_page_is_two_clicks_from_the_readme_or_less() -> None:
    reached = near = {FIRST}
    for _ in range(2):
        near = {resolved(link) for page in near & set(PAGES) for link in links(page)}
        reached = reached | near
    assert [page for page in PAGES if page not in reached] == []


def test_every_page_is_linked_by_another() -> None:
    linked = {resolved(link) for page in PAGES for link in links(page) if resolved(link) != page}
    assert [page for page in PAGES if page not in linked] == []
