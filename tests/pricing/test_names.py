"""How model names are written, by whom, and where each is priced; `names.txt` has one form a line."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from chunkmeter import Unpriced, price, pricing, providers
from chunkmeter.pricing.names import fits, on_bedrock, references
from chunkmeter.pricing.table import in_use
from support.usage import tokens


class Form(NamedTuple):
    """A name as it is written, and what is right for it."""

    provider: str | None
    name: str
    expected: str
    by_pattern: bool


def forms() -> list[Form]:
    text = (Path(__file__).parent / "names.txt").read_text(encoding="utf-8")
    lines = [line.split(" | ") for line in text.splitlines() if line and line[0] != "#"]
    return [
        Form(None if told.strip() == "-" else told.strip(), name, right.removeprefix("~"), right.startswith("~"))
        for told, name, right in lines
    ]


FORMS = forms()


def found(form: Form) -> tuple[str, bool]:
    """The provider and model that the table has for a form, and whether it lists it in words."""
    for provider_id, name in references(providers.provider_name(form.provider), (form.name,)):
        hit = in_use().find(name, provider_id)
        if hit is not None:
            return f"{hit[0].id} {hit[1].id}", in_use().lists(name, provider_id)
    return "unknown", False


@pytest.mark.parametrize("form", FORMS, ids=[f"{form.provider}: {form.name}" for form in FORMS])
def test_a_form_of_a_name(form: Form) -> None:
    assert found(form) == (form.expected, form.expected != "unknown" and not form.by_pattern)


def test_enough_forms_are_tried() -> None:
    assert len(set(FORMS)) == len(FORMS) > 150
    assert sum(form.expected == "unknown" for form in FORMS) > 40


@pytest.mark.parametrize("name", [" gpt-4o", "gpt-4o\n", "\tGPT-4o ", " openai/gpt-4o"])
def test_blanks_around_a_name_are_no_part_of_it(name: str) -> None:
    assert found(Form(None, name, "", by_pattern=False)) == ("openai gpt-4o", True)
    assert not pricing.knows(name), "else each number of blanks would be a label of its own"


@pytest.mark.parametrize(
    "name", ["", " ", "/", ":", "//", "openai/", "/gpt-4o", "bedrock/", "arn:", "arn:aws:bedrock:"]
)
@pytest.mark.parametrize("provider", ["openai", "aws", "google", "huggingface", "fireworks", "litellm", None])
def test_what_is_no_name_is_unknown(name: str, provider: str | None) -> None:
    assert found(Form(provider, name, "", by_pattern=False)) == ("unknown", False)


def test_only_an_exact_provider_is_one() -> None:
    """`openai_like` is LiteLLM's word for a server of one's own."""
    for provider in ("openai_like", "my-openai-proxy", "not-anthropic"):
        assert price(tokens(1, 1), model="gpt-4o", provider=provider) == Unpriced("unknown_model")
    assert price(tokens(1, 1), model="custom_openai/gpt-4o") == Unpriced("unknown_model")


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("gpt-4o", True), ("GPT-4o", False), ("openai:gpt-4o", False), ("openai/gpt-oss-120b:groq", False),
        ("us.anthropic.claude-3-haiku-20240307-v1:0", False), ("evil.claude-3-haiku-20240307-v1:0", False),
        ("projects/acme/locations/us-central1/publishers/google/models/gemini-2.5-flash", False),
        ("arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-opus-5", False),
        ("bedrock/us-east-1/anthropic.claude-3-haiku-20240307-v1:0", False), ("azure/prod-o4-mini", False),
        ("ft:gpt-4o-2024-08-06:acme::abc123", False), ("claude-3-haiku-made-up", False),
    ],
)  # fmt: skip
def test_only_names_of_which_there_are_few_are_known(name: str, known: bool) -> None:
    """A known name may be a label: one with an account, a project or a pattern's rest has no end of siblings."""
    assert pricing.knows(name) is known


def test_the_name_that_tells_who_answers_helps_the_other() -> None:
    """LiteLLM's answer has a bare name, its request says the provider."""
    assert [*references("litellm", ("gpt-4o-2024-08-06", "azure/gpt-4o"))] == [
        ("azure", "gpt-4o-2024-08-06"), ("azure", "gpt-4o"), ("azure", "azure/gpt-4o"),
    ]  # fmt: skip


def test_helpers_on_their_own() -> None:
    assert [on_bedrock(name) for name in ("us.meta.llama", "amazon.nova", "us.us.x", "x.amazon.y", "us.")] == [
        "llama", "nova", "us.x", "x.amazon.y", "us.",
    ]  # fmt: skip
    assert (fits("a:7b", "deepseek", "a"), fits("a:free", "mistral", "a:free"), fits("a:7b", "aws", "a")) == (
        False, True, True,
    )  # fmt: skip


def test_a_name_has_few_candidates() -> None:
    """However it is made, so that one call asks the table few questions."""
    for sign in ("/", ":", ".", "-", "us.", "chat/", "arn:", "models/", "bedrock/converse/"):
        for provider in ("aws.bedrock", "fireworks", "gcp.vertex_ai", "huggingface", "openai", None):
            assert len([*references(provider, (sign * (200 // len(sign)), sign * 100_000))]) <= 4
