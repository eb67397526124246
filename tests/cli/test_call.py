"""What `chunkmeter tail` makes of a span's attributes, whatever they are."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue

from chunkmeter import semconv
from chunkmeter.cli.call import _USAGE, read_call
from chunkmeter.cli.otlp import LONGEST, READ, attributes, clean, read_attributes

NAMES = [
    semconv.OPERATION_NAME, semconv.PROVIDER_NAME, semconv.REQUEST_MODEL, semconv.RESPONSE_MODEL,
    semconv.REQUEST_STREAM, semconv.RESPONSE_FINISH_REASONS, semconv.RESPONSE_TIME_TO_FIRST_CHUNK, semconv.COST_AMOUNT,
    semconv.COST_CURRENCY, semconv.METERED, semconv.COST_METADATA,
    f"{semconv.COST_METADATA}tier", f"{semconv.COST_METADATA}google",
    *(name for names in _USAGE.values() for name in names),
]  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.binary()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)


def no_constant(name: str) -> float:
    raise AssertionError(f"{name} is not JSON")


def read(**values: Any) -> Any:
    """The call of a span with an outcome and these attributes, `__` standing for a dot; and what its line says."""
    call = read_call({semconv.OUTCOME: "completed", **{name.replace("__", "."): each for name, each in values.items()}})
    assert call is not None
    line = call.as_json()
    assert line.isascii()
    assert len(line.splitlines()) == 1
    return call, json.loads(line, parse_constant=no_constant)


@given(st.dictionaries(st.sampled_from(NAMES), VALUES))
def test_any_attributes_make_a_line_of_json(values: dict[str, Any]) -> None:
    call = read_call({**values, semconv.OUTCOME: "error"})
    assert call is not None
    line = call.as_json()
    said = json.loads(line, parse_constant=no_constant)
    assert line.isascii()
    assert len(line.splitlines()) == 1
    assert all(0 <= number < 2**63 for number in said["usage"].values())
    assert said["cost"] is None or 0 <= said["cost"] < math.inf
    read_call(values)  # nor does one without an outcome raise


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, -math.inf, -1, -0.5, 10**400, True, "0.5", b"1", [0.5], {"usd": 1}], ids=repr
)
def test_what_is_no_amount_is_left_out_and_told(value: object) -> None:
    call, said = read(gen_ai__usage__cost__amount=value)
    assert said["cost"] is None
    assert call.left_out == (semconv.COST_AMOUNT,)


@pytest.mark.parametrize("value", [math.nan, math.inf, -7, 2**63, 10**400, 1e308, 0.5, "7", False, [7]], ids=repr)
def test_what_is_no_count_is_left_out_and_told(value: object) -> None:
    call, said = read(gen_ai__usage__input_tokens=value)
    assert said["usage"] == {}
    assert call.left_out == (semconv.USAGE_INPUT_TOKENS,)


@pytest.mark.parametrize(("value", "count"), [(0, 0), (2**63 - 1, 2**63 - 1), (12.0, 12)])
def test_what_can_be_a_count_is_one(value: float, count: int) -> None:
    call, said = read(gen_ai__usage__input_tokens=value)
    assert (said["usage"], call.left_out) == ({"input_tokens": count}, ())


def test_an_amount_beyond_all_sense_is_still_a_number() -> None:
    assert read(gen_ai__usage__cost__amount=1e308)[1]["cost"] == 1e308


def test_an_older_name_counts_where_the_newer_one_has_no_count() -> None:
    newer, older = semconv.USAGE_CACHE_WRITE, "gen_ai.usage.cache_creation.input_tokens"
    assert read(**{newer: -1, older: 7})[1]["usage"] == {"cache_write_tokens": 7}
    assert read(**{newer: 0, older: 7})[1]["usage"] == {"cache_write_tokens": 0}


def test_an_operation_of_a_wrong_type_is_none() -> None:
    assert read_call({semconv.OPERATION_NAME: ["chat"]}) is None
    assert read_call({semconv.OPERATION_NAME: {"chat": 1}}) is None


def test_a_call_is_of_bounded_size() -> None:
    """50 names of metadata at most, of 1,000 characters of JSON each at most."""
    values = {f"{semconv.COST_METADATA}{number}": "x" * 10**5 for number in range(10**4)}
    values[f"{semconv.COST_METADATA}list"] = ["x"] * 10**6  # type: ignore[assignment]
    call, said = read(**values)
    assert len(said["cost_metadata"]) == 50
    assert len(call.as_json()) < 50 * (1000 + LONGEST)
    assert call.left_out
    assert read(gen_ai__response__finish_reasons=["x" * 200] * 10)[0].finish_reasons == []


def test_text_can_neither_break_a_line_nor_drive_a_terminal() -> None:
    """Line and paragraph separators, controls of both kinds, directions, and half a character."""
    assert clean("a\u2028b\u2029c\x85d\ne\x1b[2J\x7f\u202ef\ud800g") == "abcde[2Jfg"
    assert clean("x" * 10**6) == "x" * LONGEST
    assert clean("\x1b" * 10**6) == ""
    assert clean("世" * 10**6) == "世" * LONGEST


def test_what_is_read_of_a_text_is_longer_than_what_is_shown_and_bounded() -> None:
    """As it came: JSON may be in it."""
    said = [KeyValue(key="usage", value=AnyValue(string_value="{\n" + "x" * 10**6))]
    assert read_attributes(said) == {"usage": "{\n" + "x" * (READ - 2)}
    assert attributes(said) == {"usage": "{" + "x" * (LONGEST - 1)}


def test_what_is_nested_deep_is_read() -> None:
    """As deep as protobuf itself unpacks."""
    value = AnyValue(double_value=math.nan)
    for _ in range(40):
        value = AnyValue(array_value=ArrayValue(values=[value]))
    found = attributes([KeyValue(key=f"{semconv.COST_METADATA}deep", value=value)])
    assert '"deep": ' + "[" * 40 + "null" + "]" * 40 in read(**found)[0].as_json()
