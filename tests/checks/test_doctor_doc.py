"""`docs/doctor.md` lists what `chunkmeter doctor` finds."""

from __future__ import annotations

from checks.doctor_doc import PAGE, document
from chunkmeter.cli.doctor.conditions import CONDITIONS

TEXT = PAGE.read_text("utf-8")


def test_the_page_is_what_the_doctor_finds() -> None:
    """`make docs` writes it anew."""
    assert document(TEXT) == TEXT


def test_each_condition_is_in_it_once() -> None:
    assert [name for name in CONDITIONS if TEXT.count(f"\n| `{name}` | ") != 1] == []


def test_a_page_that_is_out_of_date_is_made_anew() -> None:
    new = document("a\n<!-- made by make docs: run -->\n| old |\n<!-- end -->\nb\n")
    assert new.startswith("a\n<!-- made by make docs: run -->\n| id | | what | so | write |\n|---|---|---|---|---|\n")
    assert "| old |" not in new
    assert "| `sdk-disabled` |" not in new
    assert new.endswith(" |\n<!-- end -->\nb\n")
