"""Which calls an entry of a price file is about, and which of many entries is the first that fits a call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from functools import cached_property, lru_cache
from typing import Annotated, Generic, NamedTuple, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from .. import providers, text
from . import expressions
from .answers import Question
from .globs import Glob, fold, is_glob

__all__ = ["Entries", "Fit", "Name", "Names", "Part", "Provider", "Selector"]

# What is cleaned away in a call's own names would never fit one.
Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=text.NAME), AfterValidator(text.carried)
]
Provider = Annotated[Name, AfterValidator(expressions.provider)]
Names = Annotated[list[Annotated[Name, AfterValidator(expressions.name)]], Field(min_length=1)]
Hosts = Annotated[list[Annotated[Name, AfterValidator(expressions.host)]], Field(min_length=1)]
Regions = Annotated[list[Annotated[Name, AfterValidator(expressions.region)]], Field(min_length=1)]

_LONGEST_WORD = 255
"""What comes after so many characters of a host, region or provider counts for nothing. No host's name is longer."""


class Part(BaseModel):
    """A part of a price file."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Selector(Part):
    """Which calls an entry is about. A field left out fits every call; `*` stands for any letters; case is ignored."""

    names: Names = Field(["*"], description="Names of the model that answers or of the model asked for.")
    provider: Provider | None = Field(None, description="The provider, in any spelling that chunkmeter knows.")
    servers: Hosts | None = Field(None, description="Hosts (`server.address`), such as '*.internal'.")
    regions: Regions | None = Field(None, description="Regions that serve the call, such as 'us-east-1'.")
    valid_from: date | datetime | None = Field(
        None, description="When the entry begins to count, UTC; always if left out."
    )

    @property
    def is_about_all_names(self) -> bool:
        """Whether it is about every call, also about one without a name."""
        return self.names == ["*"]

    @cached_property
    def _provider(self) -> str | None:
        """The conventions' name of the provider."""
        return providers.provider_name(self.provider)

    @cached_property
    def since(self) -> datetime | None:
        """The moment at which the entry begins to count; None for always."""
        day = self.valid_from
        if day is None:
            return None
        moment = day if isinstance(day, datetime) else datetime(day.year, day.month, day.day)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

    @cached_property
    def words(self) -> _Words:
        """Its names."""
        return _Words(self.names)

    def holds_at(self, provider: str | None, server: str, region: str) -> bool:
        """Whether the entry is about calls to this provider, at this folded host, in this folded region."""
        return (
            (self._provider is None or self._provider == provider)
            and (self._servers is None or self._servers.fit(server))
            and (self._regions is None or self._regions.fit(region))
        )

    def same_calls(self) -> object:
        """A value that is equal for two entries about the same calls."""
        parts = (self.names, self.servers or ["*"], self.regions or ["*"])
        # One word stands for its set: of a long file's entries most have one, and sets are work for the collector.
        return (
            self._provider,
            *(fold(words[0]) if len(words) == 1 else frozenset(map(fold, words)) for words in parts),
        )

    def covers(self, other: Selector) -> bool:
        """Whether it is about every call that another entry is about, but for the model's name and the day."""
        # A pattern fits the text of each pattern that is about no more than it is.
        return (
            self._provider in (None, other._provider)
            and (self._servers is None or all(map(self._servers.fit, map(fold, other.servers or ["*"]))))
            and (self._regions is None or all(map(self._regions.fit, map(fold, other.regions or ["*"]))))
        )

    @cached_property
    def _servers(self) -> _Words | None:
        return _Words(self.servers) if self.servers else None

    @cached_property
    def _regions(self) -> _Words | None:
        return _Words(self.regions) if self.regions else None


_Entry = TypeVar("_Entry", bound=Selector)


class Fit(NamedTuple, Generic[_Entry]):
    """An entry that fits a call, and which of the call's names it fits, or else the entry's first name."""

    entry: _Entry
    name: str


class Entries(Generic[_Entry]):
    """The entries of one list, of which the first that fits a call counts, or each that fits.

    Names are looked up in a dictionary and patterns are gone through in order, so no price waits for a long file. Which
    entries fit is remembered of the last 512 kinds of calls, so that names that users invent grow nothing.
    """

    def __init__(self, entries: Sequence[_Entry], *, each: bool = False) -> None:
        self._entries, self._each = entries, each
        self._about_all: list[int] = []
        self._named: dict[str, list[int]] = {}
        self._globs: list[tuple[Glob, int]] = []
        for index, entry in enumerate(entries):
            if entry.is_about_all_names:
                self._about_all.append(index)
                continue
            for word in dict.fromkeys(map(fold, entry.names)):
                if is_glob(word):
                    self._globs.append((Glob(word), index))
                else:
                    self._named.setdefault(word, []).append(index)
        self._fitting = lru_cache(maxsize=512)(self._find)

    def first(self, asked: Question) -> Fit[_Entry] | None:
        """The first entry that fits a call."""
        return next(self.fitting(asked), None)

    def fitting(self, asked: Question) -> Iterator[Fit[_Entry]]:
        """The entries that fit a call, in order: each, or those that the first of them is among."""
        server, region = asked.server_address or "", asked.region or ""
        provider = asked.provider and asked.provider[:_LONGEST_WORD]
        for fit in self._fitting(asked.names, provider, server[:_LONGEST_WORD], region[:_LONGEST_WORD]):
            since = fit.entry.since
            if since is None or asked.at >= since:
                yield fit

    def _find(self, names: tuple[str, ...], provider: str | None, server: str, region: str) -> list[Fit[_Entry]]:
        """The entries that fit at one time or another, in order; but for each, to the first that fits at any time."""
        folded = [fold(name) for name in names]
        server, region = fold(server), fold(region)
        numbers = {
            *self._about_all,
            *(number for name in folded for number in self._named.get(name, ())),
            *(number for glob, number in self._globs if any(map(glob.fits, folded))),
        }
        fitting: list[Fit[_Entry]] = []
        for entry in map(self._entries.__getitem__, sorted(numbers)):
            if entry.holds_at(provider, server, region):
                name = next((name for name in names if entry.words.fit(fold(name))), entry.names[0])
                fitting.append(Fit(entry, name))
                if entry.since is None and not self._each:
                    break
        return fitting


class _Words:
    """Names and patterns, one of which a name has to fit."""

    def __init__(self, words: Sequence[str]) -> None:
        folded = [fold(word) for word in words]
        self._names = frozenset(word for word in folded if not is_glob(word))
        self._globs = tuple(Glob(word) for word in folded if is_glob(word))

    def fit(self, name: str) -> bool:
        """Whether one of them fits a folded name."""
        return name in self._names or any(glob.fits(name) for glob in self._globs)
