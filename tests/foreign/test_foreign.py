"""Attributes of a foreign span, in any dialect, read into a tally."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from chunkmeter import foreign
from chunkmeter.facts.request import Request
from chunkmeter.facts.tally import Tally, Tokens


class Call(NamedTuple):
    """What a span tells of."""

    request: Request
    tally: Tally


def read(**attributes: Any) -> Call:
    """The call that attributes tell of, names written with `__` for a dot."""
    call = foreign.read({"gen_ai.operation.name": "chat", **{k.replace("__", "."): v for k, v in attributes.items()}})
    assert call is not None
    return Call(*call)


def tokens(**usage: Any) -> Tokens:
    return read(**{f"gen_ai__usage__{name}": value for name, value in usage.items()}).tally.tokens()


@pytest.mark.parametrize("operation", ["chat", "text_completion", "generate_content", "embeddings"])
def test_the_conventions_inference_operations_are_read(operation: str) -> None:
    """These four are inference."""
    assert read(gen_ai__operation__name=operation).request.operation == operation


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"http.request.method": "POST"},
        {"gen_ai.operation.name": "retrieval"},
        {"gen_ai.operation.name": "invoke_agent", "llm.request.type": "chat"},
        {"gen_ai.operation.name": ["chat"]},
        {"gen_ai.operation.name": {"chat": 1}},
        {"llm.request.type": "rerank"},
        {"llm.request.type": 1},
    ],
)
def test_what_is_no_inference_is_none(attributes: dict[str, Any]) -> None:
    """Nothing is guessed from a span that doesn't name an inference."""
    assert foreign.read(attributes) is None


@pytest.mark.parametrize(
    ("kind", "operation"), [("chat", "chat"), ("completion", "text_completion"), ("embedding", "embeddings")]
)
def test_openllmetry_names_the_kind_of_call(kind: str, operation: str) -> None:
    """OpenLLMetry's `llm.request.type` stands for the operation."""
    call = foreign.read({"llm.request.type": kind})
    assert call is not None
    assert call[0].operation == operation


def test_the_newest_names_are_read() -> None:
    """Every fact of the conventions' newest release."""
    call = read(
        gen_ai__provider__name="openai",
        gen_ai__request__model="gpt-4o",
        gen_ai__request__stream=True,
        gen_ai__response__id="chatcmpl-1",
        gen_ai__response__model="gpt-4o-2024-08-06",
        gen_ai__response__finish_reasons=("stop", "length"),
        openai__response__service_tier="flex",
        gen_ai__usage__input_tokens=10,
        gen_ai__usage__output_tokens=5,
        gen_ai__usage__cache_read__input_tokens=4,
        gen_ai__usage__cache_write__input_tokens=3,
        gen_ai__usage__reasoning__output_tokens=2,
        gen_ai__usage__audio__input_tokens=1,
        gen_ai__usage__audio__output_tokens=0,
    )
    tally = call.tally
    assert (call.request.provider, call.request.model, call.request.stream) == ("openai", "gpt-4o", True)
    assert (tally.response_id, tally.response_model, tally.service_tier) == ("chatcmpl-1", "gpt-4o-2024-08-06", "flex")
    assert tally.raw_reasons() == ["stop", "length"]
    assert tally.final
    assert tally.tokens() == Tokens(
        input_tokens=10,
        output_tokens=5,
        cached_tokens=4,
        cache_write_tokens=3,
        reasoning_tokens=2,
        input_audio_tokens=1,
        output_audio_tokens=0,
    )


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"prompt_tokens": 10, "completion_tokens": 5}, Tokens(input_tokens=10, output_tokens=5)),
        ({"cache_read_input_tokens": 4}, Tokens(cached_tokens=4)),
        ({"cache_creation__input_tokens": 3}, Tokens(cache_write_tokens=3)),
        ({"cache_creation_input_tokens": 3}, Tokens(cache_write_tokens=3)),
        ({"reasoning_tokens": 2}, Tokens(reasoning_tokens=2)),
        ({"input_tokens": 10, "prompt_tokens": 99}, Tokens(input_tokens=10)),
        ({"input_tokens": 0, "prompt_tokens": 99}, Tokens(input_tokens=0)),
        ({"input_tokens": None, "prompt_tokens": 99}, Tokens(input_tokens=99)),
        ({}, Tokens()),
    ],
)
def test_older_names_are_read_where_the_newest_are_absent(usage: dict[str, Any], expected: Tokens) -> None:
    """The newest name wins, an explicit 0 too; a null is silence."""
    assert tokens(**usage) == expected


@pytest.mark.parametrize("odd", ["12", -1, 1.5, True, float("nan"), -float("inf"), [3]])
def test_a_count_that_is_none_is_absent(odd: Any) -> None:
    """What another instrumentation wrote is not trusted to be a number of tokens."""
    assert tokens(input_tokens=odd) == Tokens()


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("openai", "openai"),
        ("OpenAI", "openai"),
        ("Azure", "azure.ai.inference"),
        ("google", "gcp.gemini"),
        ("vertex_ai", "gcp.vertex_ai"),
        ("xai", "x_ai"),
        ("aws.bedrock", "aws.bedrock"),
        ("somebody", "somebody"),
        ("", None),
        (7, None),
    ],
)
def test_the_old_system_is_the_provider(said: Any, expected: str | None) -> None:
    """`gen_ai.system` in any spelling becomes the conventions' provider name."""
    assert read(gen_ai__system=said).request.provider == expected


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"gen_ai__response__finish_reasons": ("stop",)}, ["stop"]),
        ({"gen_ai__response__finish_reasons": "stop"}, ["stop"]),
        ({"gen_ai__response__finish_reason": "length"}, ["length"]),
        ({"gen_ai__completion__0__finish_reason": "tool_calls"}, ["tool_calls"]),
        ({"gen_ai__response__finish_reasons": ("", "stop")}, [None, "stop"]),
        ({"gen_ai__response__finish_reasons": (None, 3)}, [None, None]),
        ({"gen_ai__response__finish_reasons": 3}, []),
        ({}, []),
    ],
)
def test_finish_reasons_are_read_in_each_shape(attributes: dict[str, Any], expected: list[str | None]) -> None:
    """A tuple, a bare word, OpenLLMetry's first completion; what is no word is a choice without a reason."""
    assert read(**attributes).tally.raw_reasons() == expected


@pytest.mark.parametrize("name", ["gen_ai__request__stream", "gen_ai__is_streaming", "llm__is_streaming"])
def test_streams_are_told(name: str) -> None:
    """By the conventions' name and by OpenLLMetry's two; where nothing is said it is no stream."""
    assert read(**{name: True}).request.stream
    assert not read(**{name: "yes"}).request.stream
    assert not read().request.stream


@pytest.mark.parametrize(
    ("cost", "expected"),
    [
        ({"amount": 0.25, "source": "provider"}, 0.25),
        ({"amount": 0.0, "source": "provider"}, 0.0),
        ({"amount": 2, "source": "provider", "currency": "USD"}, 2),
        ({"amount": 0.25, "source": "provider", "currency": "EUR"}, None),
        ({"amount": 0.25, "source": "local"}, None),
        ({"amount": 0.25}, None),
        ({"amount": "0.25", "source": "provider"}, None),
        ({"amount": True, "source": "provider"}, None),
        ({"source": "provider"}, None),
    ],
)
def test_only_the_providers_own_dollars_are_its_cost(cost: dict[str, Any], expected: float | None) -> None:
    """An estimate of somebody else, another currency or no number is none."""
    attributes = {f"gen_ai__usage__cost__{name}": value for name, value in cost.items()}
    assert read(**attributes).tally.provider_cost == expected


def test_odd_types_anywhere_are_absent() -> None:
    """A span that says nonsense is still a call."""
    call = read(
        gen_ai__provider__name=1,
        gen_ai__request__model=["gpt-4o"],
        gen_ai__response__id=5,
        gen_ai__response__model={"a": 1},
        openai__response__service_tier=2.0,
    )
    assert (call.request.provider, call.request.model) == (None, None)
    assert (call.tally.response_id, call.tally.response_model, call.tally.service_tier) == (None, None, None)


@pytest.mark.parametrize(
    ("attributes", "start_ns"),
    [
        ({"logfire.span_type": "log", "duration": 0.5}, 500_000_000),
        ({"logfire.span_type": "span", "duration": 0.5}, 1_000_000_000),
        ({"logfire.span_type": "log", "duration": float("nan")}, 1_000_000_000),
        ({"logfire.span_type": "log", "duration": "0.5"}, 1_000_000_000),
        ({"duration": 0.5}, 1_000_000_000),
    ],
)
def test_a_log_of_logfire_s_is_of_a_call_that_began_before(attributes: dict[str, Any], start_ns: int) -> None:
    """It is a span that begins at the end of a stream, and says how long that took."""
    assert foreign.start(attributes, 1_000_000_000) == start_ns


@pytest.mark.parametrize(("answered", "told"), [("call-1", None), ("chatcmpl-1", "chatcmpl-1")])
def test_litellm_s_id_of_a_failed_call_is_no_answer_s(answered: str, told: str | None) -> None:
    """It puts its own id in the place of the answer's, which no other account of the call has."""
    own = {"llm__request__type": "completion", "hidden_params": "{}", "litellm__call_id": "call-1"}
    assert read(**own, gen_ai__response__id=answered).tally.response_id == told


MIRASCOPE = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.output.type": "text"}


@pytest.mark.parametrize(
    ("provider", "model_id", "who", "model"),
    [
        ("openai", "openai/gpt-4o:completions", "openai", "gpt-4o"),
        ("openai:responses", "openai/gpt-4o:responses", "openai", "gpt-4o"),
        ("anthropic-beta", "anthropic-beta/claude-sonnet-4-5", "anthropic", "claude-sonnet-4-5"),
        ("mirascope", "anthropic/claude-sonnet-4-5", "anthropic", "claude-sonnet-4-5"),
        ("openrouter", "openrouter/openai/gpt-4o", "openrouter", "openai/gpt-4o"),
    ],
)
def test_mirascope_s_ids_are_read_before_there_is_an_answer(provider: str, model_id: str, who: str, model: str) -> None:
    """So that a call of ours finds that the span is of the same model."""
    asked = {**MIRASCOPE, "gen_ai.provider.name": provider, "gen_ai.request.model": model_id}
    request, _ = foreign.read(asked) or pytest.fail("not read")
    assert (request.provider, request.model) == (who, model)


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ('{"input_tokens":30,"output_tokens":4,"cache_read_tokens":20}', (30, 20, None, 4)),
        # Before 2.8.1, Anthropic's streams: 12 beside 2048 read and 1000 written.
        ('{"input_tokens":12,"cache_read_tokens":2048,"cache_write_tokens":1000}', (3060, 2048, 1000, 7)),
        ("no JSON", (31, None, None, 7)),
        ("[1]", (31, None, None, 7)),
    ],
)
def test_mirascope_s_caches_are_in_its_json(usage: str, expected: tuple[int | None, ...]) -> None:
    """Without it the counts of the span itself are all there is."""
    counts = {"gen_ai.usage.input_tokens": 31, "gen_ai.usage.output_tokens": 7, "mirascope.response.usage": usage}
    _, tally = foreign.read({**MIRASCOPE, **counts}) or pytest.fail("not read")
    found = tally.tokens()
    assert (found.input_tokens, found.cached_tokens, found.cache_write_tokens, found.output_tokens) == expected


def test_a_function_that_mirascope_traces_is_no_call() -> None:
    """Its span has the usage of the call inside it."""
    usage = '{"input_tokens":30,"output_tokens":4}'
    assert foreign.read({"mirascope.type": "trace", "mirascope.response.usage": usage}) is None


def test_a_tool_that_respan_traces_is_no_call() -> None:
    """It has the name and the kind of an entity, as calls have."""
    assert foreign.read({"respan.entity.log_type": "tool", "traceloop.entity.name": "mirascope.get_weather"}) is None
