"""The site of `make site`: every page stands in one group of `docs/nav.toml`, and runbooks read without Prometheus."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from checks.site import FIRST, NAV, RUNBOOKS, document, runbook
from support import ROOT
from support.pages import PAGES, text_of


def test_every_page_is_in_one_group() -> None:
    """A new page is one line there."""
    assert Counter(page for pages in NAV.values() for page in pages) == Counter(set(PAGES) - {FIRST})


def test_the_readme_lists_them() -> None:
    """`make docs` writes the list anew."""
    assert document(text_of(FIRST)) == text_of(FIRST)
    assert document("a\n<!-- made by make docs: pages -->\nold\n<!-- end -->\nb\n").startswith(
        "a\n<!-- made by make docs: pages -->\n| | |\n|---|---|\n| Start | [Ways to start](docs/start.md), "
    )


def test_a_runbook_has_its_queries_and_says_where_their_answers_are() -> None:
    template = (
        '{{ range query `up{a="b"} > 0` }}\n<li>{{ .Labels.job }}{{ with .Labels.tenant }} {{ . }}{{ end }}\n'
        "{{ else }}\n<li>Nothing.\n{{ end }}\n<p>Ask:\n"
        '{{ $q := `sum(rate(a{b="c"}[5m])) < 1` }}\n'
        '<pre><a href="{{ pathPrefix }}{{ tableLink $q }}">{{ $q }}</a></pre>\n'
        "{{ $q := `second\nline` }}\n"
        '<pre><a href="{{ pathPrefix }}{{ tableLink $q }}">{{ $q }}</a></pre>\n'
    )
    assert runbook(template) == (
        "<li>What is found stands here, where Prometheus shows this page.\n<p>Ask:\n"
        '<pre>sum(rate(a{b="c"}[5m])) &lt; 1</pre>\n'
        "<pre>second\nline</pre>\n"
    )


@pytest.mark.parametrize("path", sorted(RUNBOOKS.glob("*.html")), ids=lambda path: path.stem)
def test_nothing_of_a_template_is_left(path: Path) -> None:
    text = path.read_text("utf-8")
    assert "{{" not in runbook(text)
    assert runbook(text).count("<pre") == text.count("<pre")


def test_the_site_is_of_no_commit() -> None:
    assert "/site/" in (ROOT / ".gitignore").read_text("utf-8").splitlines()
