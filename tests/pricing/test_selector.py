"""Which entry of a price file a call has: the first that fits, however it is found."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chunkmeter.pricing import UNKNOWN_MODEL, Priced, Question, Tokens, globs, parse, selector
from chunkmeter.pricing.globs import Glob, fold
from chunkmeter.pricing.reached import unreached
from chunkmeter.pricing.selector import Entries, Selector

DAY = datetime(2026, 1, 1, tzinfo=UTC)
WORDS = st.text("abA*", min_size=1, max_size=6).filter(str.strip)
NAMES = st.lists(WORDS, min_size=1, max_size=3)
SAID = st.none() | st.text("abAB", max_size=6)


def fits(words: Sequence[str], name: str) -> bool:
    """By the definition: `*` stands for any letters, case is ignored."""
    return any(
        re.fullmatch(".*".join(map(re.escape, word.split("*"))), name, re.IGNORECASE | re.DOTALL) for word in words
    )


def reference(entries: Sequence[Selector], asked: Question) -> int | None:
    """The entries in order, to the first that fits, as docs/prices.md says it."""
    for index, entry in enumerate(entries):
        begins = entry.valid_from
        if (
            (entry.names == ["*"] or any(fits(entry.names, name) for name in asked.names))
            and (entry.provider is None or entry.provider == asked.provider)
            and (entry.servers is None or fits(entry.servers, asked.server_address or ""))
            and (entry.regions is None or fits(entry.regions, asked.region or ""))
            and (not isinstance(begins, datetime) or begins <= asked.at)
        ):
            return index
    return None


ENTRIES = st.lists(
    st.builds(
        Selector,
        names=NAMES | st.just(["*"]),
        provider=st.sampled_from([None, None, "openai", "groq"]),
        servers=st.none() | st.none() | NAMES,
        regions=st.none() | st.none() | NAMES,
        valid_from=st.sampled_from([None, DAY, DAY + timedelta(days=1)]),
    ),
    max_size=12,
)
CALLS = st.lists(
    st.builds(
        Question,
        usage=st.none(),
        model=SAID,
        request_model=SAID,
        provider=st.sampled_from([None, "openai", "groq"]),
        server_address=SAID,
        region=SAID,
        at=st.sampled_from([DAY - timedelta(days=1), DAY, DAY + timedelta(days=2)]),
    ),
    min_size=1,
    max_size=6,
)


@given(entries=ENTRIES, calls=CALLS)
def test_the_first_entry_that_fits_counts(entries: list[Selector], calls: list[Question]) -> None:
    """Asked once or again, whatever was asked before."""
    found = Entries(entries)
    for asked in [*calls, *calls]:
        fit, index = found.first(asked), reference(entries, asked)
        assert (None if fit is None else [entry is fit.entry for entry in entries].index(True)) == index
        if fit is not None:
            fitting = [name for name in asked.names if fits(fit.entry.names, name)]
            assert fit.name == (fitting or fit.entry.names)[0]


@given(entries=ENTRIES, calls=CALLS)
def test_what_is_said_to_be_never_reached_is_never_reached(entries: list[Selector], calls: list[Question]) -> None:
    """No file is refused for an entry, or for a name of one, that some call has."""
    hidden = list(unreached("models", entries, range(len(entries))))
    names = {(place[1], place[3]) for place, _ in hidden if place}
    whole = {int(said.partition("]")[0].removeprefix("models[")) for place, said in hidden if not place}
    for asked in calls:
        index = reference(entries, asked)
        assert index not in whole
        if index is not None:
            words = entries[index].names
            by = [
                at for at, word in enumerate(words) if words == ["*"] or any(fits([word], each) for each in asked.names)
            ]
            assert not by or any((index, at) not in names for at in by)


@pytest.mark.parametrize("number", [3, 40])
def test_a_pattern_hides_what_is_below_it_wherever_it_stands(number: int) -> None:
    """The first so many that begin alike are compared, which is more than a file has."""
    entries = [
        *(Selector(names=[f"a*{at}"]) for at in range(number)),
        Selector(names=["a*x"]),
        Selector(names=["a*yx"]),
    ]
    (found,) = unreached("models", entries[-2:], range(2))
    assert found[0] == ("models", 1, "names", 0)
    last = [place for place, _ in unreached("models", entries, range(len(entries)))][-1]
    assert last == ("models", number + 1, "names", 0)


@given(pattern=st.text("ab*", max_size=8).filter(globs.is_glob), name=st.text("aAb\n", max_size=16))
def test_a_pattern_fits_what_its_definition_says(pattern: str, name: str) -> None:
    assert Glob(pattern).fits(fold(name)) == fits([pattern], name)


@pytest.mark.parametrize(
    ("pattern", "name", "fitting"),
    [
        ("*llama*70b*chat", "meta/Llama-3-70B-chat", True),
        ("*llama*70b*chat", "meta/llama-3-70b-chat-hf", False),
        ("ab*ba", "aba", False),  # its begin and its end are not the same letters
        ("*a*a*", "a", False),
        ("*", "", True),
        ("\u03a3*", "\u03c3\u03c2", True),  # every sigma is one
    ],
)
def test_patterns(pattern: str, name: str, fitting: bool) -> None:
    assert Glob(pattern).fits(fold(name)) is fitting


def test_a_name_is_searched_once_for_each_piece_of_a_pattern() -> None:
    """Counted, not timed: a search that goes back would try 8,000 places for each of 1,600."""

    class Counting(str):
        __slots__ = ()
        searched = 0

        def find(self, piece: str, start: int | None = None, end: int | None = None) -> int:  # type: ignore[override]
            found = str.find(self, piece, start, end)
            Counting.searched += (len(self) if found < 0 else found + len(piece)) - (start or 0)
            return found

    assert not Glob("*llama*70b*chat").fits(Counting("llama" * 1600))
    assert not Glob("*llama*llama*llama*70b*").fits(Counting("llama" * 1600))
    assert Counting.searched <= 8_000  # the first is refused by its end


def test_names_that_users_invent_grow_nothing() -> None:
    """Neither in number nor in length."""
    entries = Entries([Selector(names=["acme-*"])])
    for number in range(2_000):
        assert entries.first(Question(None, f"acme-{number}")) is not None
    assert entries._fitting.cache_info().currsize == 512
    long = Question(None, "acme-" + "x" * 10**6, server_address="h" * 10**6, region="r" * 10**6, provider="p" * 10**6)
    seen: list[Any] = []
    entries._fitting = lambda *key: seen.append(key) or []  # type: ignore[assignment]
    entries.first(long)
    assert [len(part) for part in (seen[0][0][0], *seen[0][1:])] == [200, 255, 255, 255]


def test_what_comes_after_200_characters_of_a_name_counts_for_nothing() -> None:
    """In a price file as in the bundled table."""
    text = "[[models]]\nnames = ['acme-*']\nprices = { input = 1, output = 2 }"
    overlay = parse.parse(text.encode(), "p.toml")
    asked = Question(Tokens(input_tokens=1, output_tokens=1), "acme-" + "x" * 10**6)
    answer = overlay.price(asked, lambda asked: UNKNOWN_MODEL)
    assert isinstance(answer, Priced)
    assert answer.model == "acme-" + "x" * 195


def many(number: int) -> bytes:
    """A file of so many models, each of a name of its own."""
    return "".join(
        f"[[models]]\nnames = ['acme-{index}']\nprices = {{ input = 1, output = 2 }}\n" for index in range(number)
    ).encode()


def test_a_file_is_gone_through_a_fixed_number_of_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted, not timed: entries are compared with those about the same calls, and with no others."""
    compared: list[object] = []
    same_calls = Selector.same_calls
    monkeypatch.setattr(Selector, "same_calls", lambda self: compared.append(self) or same_calls(self))
    overlay = parse.parse(many(500), "p.toml")
    assert len(compared) == 500
    fitted: list[str] = []
    fit = globs.Glob.fits
    monkeypatch.setattr(selector.Glob, "fits", lambda self, name: fitted.append(name) or fit(self, name))
    usage = Tokens(input_tokens=1, output_tokens=1)
    assert isinstance(overlay.price(Question(usage, "ACME-499"), lambda asked: pytest.fail("is of the file")), Priced)
    assert fitted == []
    assert overlay.knows(None, "acme-7")
    assert not overlay.knows(None, "Acme-7")
    assert not overlay.knows(None, "acme-500")


def test_the_entry_that_hides_another_is_named() -> None:
    """The first that does, however many are about the same calls."""
    text = "".join(
        f"[[multipliers]]\nnames = ['{name}']\nmultiplier = 1\n{f'valid_from = {day}' if day else ''}\n"
        for name, day in [("m", "2026-03-01"), ("n", ""), ("M", "2026-02-01"), ("m", "2026-01-01"), ("m", "2026-02-15")]
    )
    with pytest.raises(parse.UnusableFileError, match=r"multipliers\[4\] is never reached, since multipliers\[2\]"):
        parse.parse(text.encode(), "p.toml")
