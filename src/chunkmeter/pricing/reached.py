"""Which entries of a price file can never be the first that fits, since one above them is about the same calls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..shown import quoted
from .globs import Glob, fold, is_glob
from .selector import Selector

__all__ = ["Place", "unreached"]

Place = tuple[int | str, ...]
"""Where something stands in a price file, such as `("models", 1, "names", 0)`."""

_MOST = 50
"""How many entries above are compared at most by one look-up, so that a long file loads as fast as it can be read."""


def unreached(place: str, entries: Sequence[Selector], numbers: Sequence[int]) -> Iterator[tuple[Place, str]]:
    """Where each entry or name stands that is never reached, and why.

    Of patterns that begin with the same letters, and of entries with the same name, the first 50 are looked at.

    Args:
        place: the name of the list.
        entries: its entries.
        numbers: the numbers of those of which the first that fits counts, in order.
    """
    latest: dict[object, int] = {}
    above = _Above(entries)
    for number in numbers:
        entry = entries[number]
        calls = entry.same_calls()
        # Of those that passed here each begins to count before the one above it, so the last counts longest.
        last = latest.get(calls)
        if last is not None and _counts_as_long(entries[last], entry):
            other = next(
                other
                for other in numbers
                if entries[other].same_calls() == calls and _counts_as_long(entries[other], entry)
            )
            yield (
                (),
                (
                    f"{place}[{number}] is never reached, since {place}[{other}] is about the same calls and "
                    "comes first: write the one with the later valid_from above the other"
                ),
            )
        elif (hidden := above.hides(entry)) is not None:
            at, other, word = hidden
            yield (
                (place, number, "names", at),
                (
                    f"{quoted(entry.names[at])} is never reached, since {quoted(word)} of {place}[{other}] fits it and "
                    f"comes first: write {place}[{number}] above {place}[{other}]"
                ),
            )
        else:
            latest[calls] = number
        above.add(number, entry)


class _Numbers:
    """The numbers that each word has. Nearly every word has one, so lists are for the others: they would take time."""

    def __init__(self) -> None:
        self._first: dict[str, int] = {}
        self._more: dict[str, list[int]] = {}

    def add(self, word: str, number: int) -> None:
        if self._first.setdefault(word, number) != number:
            self._more.setdefault(word, []).append(number)

    def of(self, word: str) -> Iterator[int]:
        """The first so many numbers of a word."""
        if word in self._first:
            yield self._first[word]
            yield from self._more.get(word, ())[: _MOST - 1]


class _Above:
    """The entries above another."""

    def __init__(self, entries: Sequence[Selector]) -> None:
        self._entries = entries
        self._about_all: list[int] = []
        self._by_name, self._by_begin = _Numbers(), _Numbers()
        self._lengths: set[int] = set()
        self._globs: dict[str, Glob] = {}

    def add(self, number: int, entry: Selector) -> None:
        """Add the next entry."""
        if entry.is_about_all_names:
            self._about_all.append(number)
            return
        for name in entry.names:
            word = fold(name)
            if is_glob(word):
                begin = word.partition("*")[0]
                self._by_begin.add(begin, number)
                self._lengths.add(len(begin))
            else:
                self._by_name.add(word, number)

    def hides(self, entry: Selector) -> tuple[int, int, str] | None:
        """The first name of an entry that another hides: its number, that of the other, and the other's name."""
        for at, name in enumerate(entry.names):
            for number, word in self._fitting(name, about_all=entry.is_about_all_names):
                other = self._entries[number]
                if _counts_as_long(other, entry) and other.covers(entry):
                    return at, number, word
        return None

    def _fitting(self, name: str, *, about_all: bool) -> Iterator[tuple[int, str]]:
        """The numbers of entries that fit whatever the name fits, each with the name that does."""
        for number in self._about_all[:_MOST]:
            yield number, "*"
        if about_all:
            return
        word = fold(name)
        for number in self._by_name.of(word):
            yield number, name
        for length in self._lengths:
            for number in self._by_begin.of(word[:length]):
                # A pattern fits the text of each pattern that is about no more than it is.
                for written in filter(is_glob, self._entries[number].names):
                    if self._glob(written).fits(word):
                        yield number, written

    def _glob(self, pattern: str) -> Glob:
        if pattern not in self._globs:
            self._globs[pattern] = Glob(pattern)
        return self._globs[pattern]


def _counts_as_long(entry: Selector, other: Selector) -> bool:
    return entry.since is None or (other.since is not None and entry.since <= other.since)
