"""`docs/reference/` is written from the code: what stands below each name there."""

from __future__ import annotations

import ast
import inspect

import pytest

from checks import reference_doc
from checks.reference_doc import FOLDER, documents
from chunkmeter import Settings, semconv
from chunkmeter.semconv import attributes


def test_the_pages_are_what_the_code_says() -> None:
    """`make docs` writes them anew."""
    assert {path: path.read_text("utf-8") for path in FOLDER.glob("*.md")} == documents()


def test_each_setting_attribute_and_metric_has_a_row() -> None:
    """One without a text below it would be left out."""
    settings, names, metrics = (documents()[FOLDER / f"{page}.md"] for page in ("settings", "attributes", "metrics"))
    assert [name for name in Settings.__dataclass_fields__ if settings.count(f"| `{name}` |") != 1] == []
    constants = [value for name, value in vars(attributes).items() if name.isupper()]
    assert len(constants) > 60
    assert [name for name in constants if names.count(f"\n| `{name}") < 1] == []
    every = [value.name for value in vars(semconv).values() if isinstance(value, semconv.Metric)]
    assert len(every) > 15
    assert [name for name in every if f"\n| `{name}` |" not in metrics] == []


def test_what_the_code_says_is_on_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another text makes another page."""
    source = inspect.getsource(attributes)
    changed = source.replace("the host that was asked", "the host that was not asked")
    monkeypatch.setattr(reference_doc.inspect, "getsource", lambda module: changed if module is attributes else source)
    assert ast.parse(changed)
    page = documents()[FOLDER / "attributes.md"]
    assert "| `server.address` | string | util-genai 1.3b0, client-inference.md | the host that was not asked |" in page
