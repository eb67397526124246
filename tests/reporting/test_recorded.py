"""What other instrumentations record of a call themselves."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from chunkmeter.facts.ended import Ended
from chunkmeter.facts.request import Request
from chunkmeter.facts.tally import Outcome, Tally
from chunkmeter.reporting.recorded import recorded_by

GENAI = "opentelemetry.instrumentation.genai.openai"
OPENLLMETRY = "opentelemetry.instrumentation.openai"
OPENLLMETRY_S_ANTHROPIC = "opentelemetry.instrumentation.anthropic"
BOTH = ["gen_ai.client.operation.duration", "gen_ai.client.token.usage"]
ALL = [*BOTH, "gen_ai.client.operation.time_to_first_chunk"]


def recorded(
    *scopes: str,
    wire: str = "openai_chat",
    outcome: Outcome = "completed",
    module: str | None = None,
    stream: bool = False,
) -> list[str]:
    ended = Ended(Request(operation="chat", stream=stream), Tally(wire), outcome, None, 0, 0, 1)
    return [metric.name for metric in recorded_by(ended, module, None, scopes)]


@pytest.mark.parametrize(
    ("scopes", "metrics"),
    [
        ((), []),
        (("openinference.instrumentation.openai",), []),
        ((GENAI,), ALL),
        (("opentelemetry.util.genai.handler",), ALL),
        (("opentelemetry.instrumentation.openai_v2",), BOTH),
        ((f"{OPENLLMETRY}.v1",), BOTH),
        ((f"{OPENLLMETRY}_agents",), []),
        (("pydantic-ai",), ["gen_ai.client.token.usage"]),
        (("pydantic-ai", GENAI), ["gen_ai.client.token.usage", ALL[0], ALL[2]]),
    ],
)
def test_each_metric_that_somebody_records_is_told_once(scopes: tuple[str, ...], metrics: list[str]) -> None:
    assert recorded(*scopes) == metrics


def test_the_module_of_a_stream_stands_for_its_scope() -> None:
    assert recorded(module=f"{GENAI}.chat_wrappers") == ALL


def test_openllmetry_records_nothing_of_responses() -> None:
    assert recorded(f"{OPENLLMETRY}.v1", wire="openai_responses") == []


@pytest.mark.parametrize("outcome", ["closed", "error", "interrupted", "abandoned"])
def test_openllmetry_records_none_of_anthropic_s_streams_that_do_not_end(outcome: Outcome) -> None:
    assert recorded(OPENLLMETRY_S_ANTHROPIC) == BOTH
    assert recorded(OPENLLMETRY_S_ANTHROPIC, outcome=outcome) == []
    assert recorded(f"{OPENLLMETRY}.v1", outcome=outcome) == BOTH


@pytest.mark.parametrize(
    ("version", "metrics"), [("0.59.2", BOTH[:1]), ("0.60.0b1", BOTH[:1]), ("0.61.0", BOTH), ("1.0", BOTH), ("?", BOTH)]
)
def test_openllmetry_records_no_tokens_of_anthropic_s_streams_before_0_61(
    monkeypatch: pytest.MonkeyPatch, version: str, metrics: list[str]
) -> None:
    module = ModuleType("version")
    monkeypatch.setattr(module, "__version__", version, raising=False)
    monkeypatch.setitem(sys.modules, f"{OPENLLMETRY_S_ANTHROPIC}.version", module)
    assert recorded(OPENLLMETRY_S_ANTHROPIC, stream=True) == metrics
    assert recorded(OPENLLMETRY_S_ANTHROPIC) == BOTH


def test_openai_v2_records_no_tokens_of_streams() -> None:
    assert recorded("opentelemetry.instrumentation.openai_v2", stream=True) == BOTH[:1]
