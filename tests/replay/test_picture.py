"""The picture of the demo on the README: its figures are the truth, and it needs nothing from the network."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest

from chunkmeter.cli.picture import Line
from replay import picture
from replay.demo import PICTURE, drawn
from replay.picture import svg

SHOWN = PICTURE.read_text("utf-8")
TEXT = " ".join(html.unescape(" ".join(re.findall(r"<text [^>]*>([^<]*)</text>", SHOWN))).replace("\xa0", " ").split())
# USD: tokens in, read from the cache, written to it, out, at so much a million each.
CALLS = [
    ("openai", 176 * 0.15e-6 + 1024 * 0.075e-6 + 45 * 0.60e-6),
    ("groq", 43 * 0.59e-6 + 11 * 0.79e-6),
    ("x_ai", 0.000138),  # as xAI says
    ("litellm", 158 * 0.15e-6 + 1152 * 0.075e-6 + 12 * 0.60e-6),
    ("anthropic", 12 * 3.00e-6 + 2048 * 0.30e-6 + 600 * 3.75e-6 + 400 * 6.00e-6 + 57 * 15.00e-6),
    ("azure.ai.inference", 17 * 0.075e-6 + 6 * 0.30e-6),
    ("aws.bedrock", 23 * 1.10e-6 + 13 * 5.50e-6),
    ("cohere", 7 * 0.15e-6 + 10 * 0.60e-6),  # the units that it bills
    ("mistral_ai", 32 * 0.15e-6 + 320 * 0.015e-6 + 9 * 0.60e-6),
    ("gcp.gemini", 19 * 0.30e-6 + 39 * 2.50e-6),
]
PLAIN = 31 * 0.15e-6 + 8 * 0.60e-6
CLAUDE = 21 * 3.00e-6 + 1500 * 0.30e-6 + 9 * 15.00e-6
TOOLS = 84 * 0.15e-6 + 16 * 0.60e-6
NESTED = 39 * 0.59e-6 + 5 * 0.79e-6
AGENT = [TOOLS + NESTED + 2 * PLAIN + CLAUDE, TOOLS, NESTED, NESTED, 2 * PLAIN, PLAIN, PLAIN, CLAUDE, CLAUDE]


def test_it_shows_what_the_calls_cost() -> None:
    costs = [float(cost) for cost in re.findall(r"\b0\.\d{9}\b", TEXT)]
    assert costs == pytest.approx([*(cost for _, cost in CALLS), *AGENT], abs=1e-12)
    assert re.findall(r"(\S+) \S+ stop ", TEXT)[: len(CALLS)] == [provider for provider, _ in CALLS]


def test_it_needs_no_network_and_says_what_it_shows() -> None:
    assert "@font-face" not in SHOWN
    assert set(re.findall(r"https?://[^\"' )]+", SHOWN)) == {"http://www.w3.org/2000/svg"}
    assert "<title>" in SHOWN


def test_lines_are_drawn_the_same_each_time() -> None:
    both = [Line("model  cost", "bold"), Line("<gpt>  0.000000010")]
    assert svg(both) == svg(both)
    assert "&lt;gpt&gt;" in svg(both)
    assert svg(both) != svg(both[:1])


def test_a_run_that_looks_otherwise_fails_the_demo(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Unless it is to write the picture."""
    monkeypatch.setattr(picture, "lines", lambda kept: [Line(f"all of {kept.name}")])
    [failure] = drawn(tmp_path, None)
    assert failure.startswith("docs/images/demo.svg shows something else")
    assert drawn(tmp_path, tmp_path / "new.svg") == []
    assert (tmp_path / "new.svg").read_text("utf-8") == svg([Line(f"all of {tmp_path.name}")]) != SHOWN
