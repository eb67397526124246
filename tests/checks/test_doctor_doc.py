"""`docs/troubleshooting.md` lists what `chunkmeter doctor` finds, by what somebody sees."""

from __future__ import annotations

import re

from checks.doctor_doc import PAGE, document, section
from chunkmeter.cli.doctor.conditions import CONDITIONS, SYMPTOMS

TEXT = PAGE.read_text("utf-8")


def test_the_page_is_what_the_doctor_finds() -> None:
    """`make docs` writes it anew."""
    assert document(TEXT) == TEXT


def test_each_condition_is_in_it_once() -> None:
    assert [name for name in CONDITIONS if len(re.findall(rf"\n\| `{name}`[ |]", TEXT)) != 1] == []


def test_each_symptom_has_a_condition() -> None:
    """A heading with nothing below it would help nobody."""
    assert {each.symptom for each in CONDITIONS.values()} == {*SYMPTOMS}


def test_a_row_says_how_bad_it_is_and_who_finds_it() -> None:
    """`sdk-disabled` loses money, and is found alone; `label-unset` loses none, and is found in a run."""
    assert "\n| `sdk-disabled` **!** | `OTEL_SDK_DISABLED=true` | " in section("Nothing arrives")
    assert "\n| `label-unset` *run* | " in section("Spend is not split as it should be")
    assert "\n| `traces-off` | " in section("Spans are missing")


def test_a_page_that_is_out_of_date_is_made_anew() -> None:
    new = document("a\n<!-- made by make docs -->\n| old |\n<!-- end -->\nb\n")
    assert new.startswith(
        "a\n<!-- made by make docs -->\n\n## Nothing arrives\n\n| finding | what is wrong | so | write |"
    )
    assert "| old |" not in new
    assert new.endswith(" |\n\n<!-- end -->\nb\n")
