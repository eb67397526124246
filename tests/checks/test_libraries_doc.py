"""`docs/libraries.md` says of each library what is hooked, what is metered and what not, and who answers."""

from __future__ import annotations

import pytest

from checks.libraries_doc import PAGE, document, facts, libraries, releases, section, summary, versions

TEXT = PAGE.read_text("utf-8")
SAID = ("**Metered**", "**Who answers**", "**Not metered**", "<!-- made by make docs: ")


def test_the_page_is_what_the_instrumentors_say() -> None:
    """`make docs` writes it anew."""
    assert document(TEXT) == TEXT
    assert summary() in TEXT


@pytest.mark.parametrize("name", libraries())
def test_each_library_has_a_section_that_says_all(name: str) -> None:
    said = section(TEXT, name)
    assert [word for word in SAID if word not in said] == []
    assert facts(name) in said


def test_what_is_found_out_is_found_out() -> None:
    assert "`botocore.client.BaseClient._make_api_call`" in facts("BotocoreInstrumentor")
    assert "`aiobotocore.client.AioBaseClient._make_api_call`" in facts("BotocoreInstrumentor")
    assert "| `BotocoreInstrumentor` | `chunkmeter_botocore` |" in summary()
    assert versions(libraries()["BotocoreInstrumentor"].library) == "1.34.116 to 1.x"
    assert versions(libraries()["AzureAIInferenceInstrumentor"].library) == "1.0.0b9"
    run = releases("litellm")
    assert (run[0], "1.110.2" in run) == ("1.60.0", True)
    assert releases("no-such-package") == []


def test_a_page_that_is_out_of_date_is_made_anew() -> None:
    old = "a\n<!-- made by make docs: OllamaInstrumentor -->\nHooks: none.\n<!-- end -->\nb\n"
    new = document(old)
    assert new.startswith(
        "a\n<!-- made by make docs: OllamaInstrumentor -->\nHooks: `ollama._client.Client._request`, "
    )
    assert new.endswith("\n<!-- end -->\nb\n")
