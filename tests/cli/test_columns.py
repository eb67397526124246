"""Tables that fit a width: which columns there is room for, and how wide characters are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chunkmeter.cli.columns import Column, Style, lines, ruled, width_of

COLUMNS = (
    Column("name", rank=1, least=6),
    Column("cost", right=True),
    Column("note", rank=2),
)


def test_columns_go_by_rank_until_the_rest_fits() -> None:
    """`cost` is whole, `name` is cut to what is left but to 6 at least, `note` comes where it has room."""
    rows = [("a-long-name", "0.25", "all"), ("b", "12.5", "-")]
    assert lines(COLUMNS, rows, Style(80)) == [
        "name         cost  note",
        "a-long-name  0.25  all",
        "b            12.5  -",
    ]
    assert lines(COLUMNS, rows, Style(19)) == ["name     cost  note", "a-long…  0.25  all", "b        12.5  -"]
    assert lines(COLUMNS, rows, Style(14)) == ["name      cost", "a-long-…  0.25", "b         12.5"]
    assert lines(COLUMNS, rows, Style(5)) == ["cost", "0.25", "12.5"]


def test_a_number_is_never_cut() -> None:
    assert lines(COLUMNS, [("a", "123456789.123456789", "x")], Style(4)) == [f"{'cost':>19}", "123456789.123456789"]


def test_a_column_that_says_nothing_is_left_out() -> None:
    assert lines(COLUMNS, [("a", "-", "x"), ("b", "-", "")], Style(80)) == ["name  note", "a     x", "b"]


def test_wide_characters_take_two_columns() -> None:
    """And marks that stand on others none; escaped, each takes as many as it is written with."""
    assert [width_of(text) for text in ("abc", "世界", "e\u0301")] == [3, 4, 1]
    assert lines(COLUMNS, [("世界", "1", "-"), ("ab", "2", "-")], Style(80)) == [
        "name  cost",
        "世界     1",
        "ab       2",
    ]
    assert lines(COLUMNS, [("世", "1", "-")], Style(80, "ascii")) == ["name    cost", "\\u4e16     1"]


def test_without_the_character_for_it_a_text_is_just_cut() -> None:
    assert lines(COLUMNS, [("a-long-name", "1", "-")], Style(12, "ascii")) == ["name    cost", "a-long     1"]


def test_a_text_is_broken_between_words() -> None:
    assert ruled("one two three four", Style(9)) == ["one two", "  three", "  four"]
    assert ruled("a-word-that-is-too-long", Style(5)) == ["a-word-that-is-too-long"]


TEXTS = st.text(st.characters(exclude_categories=("C", "Z")), max_size=30)


@given(st.lists(st.tuples(TEXTS, st.integers(0, 10**6).map(str), TEXTS), max_size=5), st.integers(10, 60))
def test_lines_are_no_wider_than_the_screen(rows: list[tuple[str, str, str]], width: int) -> None:
    """The number has 7 columns at most, so that any width from 10 has room for it."""
    assert all(width_of(line) <= width for line in lines(COLUMNS, rows, Style(width)))


def test_what_lacks_least_is_whole_first() -> None:
    """Of 26 characters 2 are the gap: 10 make the reason whole, 14 are left for the model, which is longer."""
    columns = (Column("model", rank=0, least=8), Column("reason", rank=1, least=9))
    assert lines(columns, [("claude-haiku-4-5", "tool_calls")], Style(26)) == [
        "model           reason",
        "claude-haiku-…  tool_calls",
    ]


def test_a_column_that_stays_is_there_though_nothing_is_told() -> None:
    columns = (Column("model"), Column("in", right=True), Column("cost", right=True, stays=True))
    assert lines(columns, [("a", "-", "-")], Style(80)) == ["model  cost", "a         -"]
