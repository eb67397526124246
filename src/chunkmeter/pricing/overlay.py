"""The user's own prices: models, aliases and discounts, out of a TOML or JSON file.

In each of the three lists the first entry that fits a call decides, in the order of the file.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from .. import semconv
from .answers import CLASSES, Answer, Otherwise, Priced, Question, classes, cost_of

__all__ = ["Overlay", "UnusableFileError", "parse", "read", "schema"]

_MOST_BYTES = 10_000_000
_MOST_SHOWN = 20

Amount = Annotated[Decimal, Field(ge=Decimal(0), le=Decimal(1_000_000), allow_inf_nan=False)]
Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(str.strip)]
Names = Annotated[list[Name], Field(min_length=1)]


class UnusableFileError(ValueError):
    """A price file can't be used. The message has a line for each mistake: where it is and what to write instead."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Rates(_Model):
    """USD, or the entry's currency, per million tokens; a class left out is priced as the one it is part of."""

    input: Amount
    cache_read: Amount | None = Field(None, description="Read from a cache; as input if left out.")
    cache_write: Amount | None = Field(None, description="Written to a cache; as input if left out.")
    cache_write_1h: Amount | None = Field(None, description="Written for an hour; as cache_write if left out.")
    input_audio: Amount | None = Field(None, description="As input if left out.")
    input_image: Amount | None = Field(None, description="As input if left out.")
    output: Amount
    reasoning: Amount | None = Field(None, description="As output if left out.")
    output_audio: Amount | None = Field(None, description="As output if left out.")
    output_image: Amount | None = Field(None, description="As output if left out.")

    @cached_property
    def by_class(self) -> dict[str, Decimal]:
        """The prices that are given."""
        return {name: amount for name in CLASSES if (amount := getattr(self, name)) is not None}


class LongContext(Rates):
    """Prices of a whole call whose input is longer than so many tokens."""

    above: Annotated[int, Field(ge=1)] = Field(description="The call's input tokens, cached ones included.")


class Prices(Rates):
    """What a tier costs; longer input may cost more."""

    long_context: list[LongContext] = []

    def rates(self, input_tokens: int) -> Rates:
        """Those of a call with so much input."""
        fitting = [rates for rates in self.long_context if input_tokens > rates.above]
        return max(fitting, key=lambda rates: rates.above, default=self)


class Selector(_Model):
    """Which calls an entry is about; what is left out is about all. `*` stands for any letters; case is ignored."""

    names: Names = Field(["*"], description="Models, as they answer or are asked for.")
    provider: Name | None = Field(None, description="Who answers, in any spelling that chunkmeter takes.")
    servers: Names | None = Field(None, description="`server.address`: hosts, such as '*.internal'.")
    regions: Names | None = Field(None, description="Where it is served, such as 'us-east-1'.")
    valid_from: date | datetime | None = Field(None, description="Since when, UTC; always if left out.")

    def matches(self, asked: Question) -> bool:
        """Whether the call is one of these."""
        return (
            (self._since is None or asked.at >= self._since)
            and (self._provider is None or self._provider == asked.provider)
            and (self._servers is None or bool(self._servers(asked.server_address or "")))
            and (self._regions is None or bool(self._regions(asked.region or "")))
            and (self.names == ["*"] or any(self._names(name) for name in asked.names))
        )

    def same_calls(self) -> object:
        """What tells two entries about the same calls."""
        parts = (self.names, self.servers or ["*"], self.regions or ["*"])
        return (self._provider, *(frozenset(word.lower() for word in words) for words in parts))

    @cached_property
    def _names(self) -> Callable[[str], object]:
        return _pattern(self.names)

    @cached_property
    def _servers(self) -> Callable[[str], object] | None:
        return _pattern(self.servers) if self.servers else None

    @cached_property
    def _regions(self) -> Callable[[str], object] | None:
        return _pattern(self.regions) if self.regions else None

    @cached_property
    def _provider(self) -> str | None:
        return semconv.provider_name(self.provider)

    @cached_property
    def _since(self) -> datetime | None:
        day = self.valid_from
        if day is None:
            return None
        moment = day if isinstance(day, datetime) else datetime(day.year, day.month, day.day)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class OwnModel(Selector):
    """Prices of models: self-hosted ones, fine-tuned ones, or ones that the bundled table has wrong."""

    names: Names = Field(description="Models, as they answer or are asked for; ['*'] with `servers` for a host's.")
    prices: Prices
    tiers: dict[Name, Prices] = Field({}, description="Prices of service tiers: flex, priority, batch, ...")
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = Field("USD", description="ISO 4217.")


class Alias(Selector):
    """Calls that are priced as another model: deployments, fine-tuned models, a gateway's names."""

    names: Names = Field(description="Models, as they answer or are asked for.")
    model: Name = Field(description="The model whose price they have, of this file or of the bundled table.")
    model_provider: Name | None = Field(None, description="Whose model that is; the call's own if left out.")


class Multiplier(Selector):
    """A discount on list prices, such as 0.85, or a surcharge. Prices of this file are as they are."""

    multiplier: Annotated[Decimal, Field(ge=Decimal(0), le=Decimal(100), allow_inf_nan=False)]


_Entry = TypeVar("_Entry", bound=Selector)


class Overlay(_Model):
    """A file of your own prices."""

    version: Name | None = Field(None, description="Stands on each span as `chunkmeter.price.version`.")
    models: list[OwnModel] = []
    aliases: list[Alias] = []
    multipliers: list[Multiplier] = []

    @model_validator(mode="after")
    def _each_is_reached(self) -> Overlay:
        for place in ("models", "aliases", "multipliers"):
            seen: list[tuple[object, datetime | None, int]] = []
            for index, entry in enumerate(cast("list[Selector]", getattr(self, place))):
                calls, since = entry.same_calls(), entry._since
                for earlier_calls, earlier, number in seen:
                    if calls == earlier_calls and (earlier is None or (since is not None and earlier <= since)):
                        raise ValueError(
                            f"{place}[{index}] is never reached, since {place}[{number}] is about the same calls and "
                            "comes first: write the one with the later valid_from above the other"
                        )
                seen.append((calls, since, index))
        return self

    def price(self, asked: Question, otherwise: Otherwise) -> Answer:
        """The price of this file; else the list price of what the call is an alias of, less the discount."""
        own = self._own(asked)
        if own is not None:
            return own
        alias = _first(self.aliases, asked)
        meant = asked
        if alias is not None:
            provider = semconv.provider_name(alias.model_provider) or asked.provider
            meant = replace(asked, model=alias.model, request_model=None, provider=provider)
            own = self._own(meant)
            if own is not None:
                return own
        answer = otherwise(meant)
        discount = _first(self.multipliers, asked) or _first(self.multipliers, meant)
        if discount is None or not isinstance(answer, Priced):
            return answer
        factor = discount.multiplier
        return replace(
            answer,
            amount=answer.amount * factor,
            split={name: amount * factor for name, amount in answer.split.items()},
            multiplier=factor,
        )

    def knows(self, provider: str | None, model: str) -> bool:
        """Whether an entry has just this name; what only a pattern fits may be anybody's invention."""
        return any(
            model.lower() in {name.lower() for name in entry.names} and entry._provider in (None, provider)
            for entry in (*self.models, *self.aliases)
        )

    def _own(self, asked: Question) -> Priced | None:
        entry, usage = _first(self.models, asked), asked.usage
        if entry is None or usage is None:
            return None
        prices = entry.tiers.get(asked.service_tier or "", entry.prices)
        split = cost_of(classes(usage), prices.rates(usage.input_tokens or 0).by_class)
        name = next((name for name in asked.names if entry._names(name)), entry.names[0])
        return Priced(
            sum(split.values(), Decimal(0)),
            currency=entry.currency,
            model=name,
            version=f"overlay {self.version}",
            split=split,
        )


def read(path: str | Path) -> Overlay:
    """The price file at `path`.

    Raises:
        UnusableFileError: if it is not there, is no TOML or JSON, or does not say what a price file says.
    """
    file = Path(path)
    try:
        with file.open("rb") as opened:
            content = opened.read(_MOST_BYTES + 1)
    except OSError as error:
        raise UnusableFileError(f"{file}: can't be read ({error.strerror}): write a path to a file that can") from None
    return parse(content, file.name)


def parse(content: bytes, name: str) -> Overlay:
    """The price file with that content; its name tells TOML from JSON.

    Raises:
        UnusableFileError: if it can't be used.
    """
    if len(content) > _MOST_BYTES:
        raise UnusableFileError(f"{name}: has over {_MOST_BYTES} bytes: write less")
    try:
        text = content.decode("utf-8")
        if name.lower().endswith(".json"):
            data = json.loads(text, parse_float=Decimal)
        else:
            data = tomllib.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        kind = "JSON" if name.lower().endswith(".json") else "TOML"
        raise UnusableFileError(f"{name}: is no {kind}: {error}") from None
    try:
        overlay = Overlay.model_validate(data)
    except ValidationError as error:
        raise UnusableFileError("\n".join(_mistakes(error, name))) from None
    if overlay.version is not None:
        return overlay
    return overlay.model_copy(update={"version": hashlib.sha256(content).hexdigest()[:12]})


def schema() -> dict[str, Any]:
    """The JSON schema of a price file, for editors."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Overlay.model_json_schema()}


def _first(entries: Sequence[_Entry], asked: Question) -> _Entry | None:
    return next((entry for entry in entries if entry.matches(asked)), None)


def _pattern(words: Sequence[str]) -> Callable[[str], object]:
    """Whether a text is one of these, `*` standing for any letters."""
    parts = (".*".join(re.escape(part) for part in word.split("*")) for word in words)
    return re.compile("|".join(parts), re.IGNORECASE | re.DOTALL).fullmatch


# --- mistakes -------------------------------------------------------------------------------------------------------

_CURES = {
    "decimal_parsing": "write a number, such as 2.50",
    "decimal_type": "write a number, such as 2.50",
    "greater_than_equal": "write a number that is not below it",
    "less_than_equal": "write a number that is not above it; prices are per million tokens",
    "string_type": "write a text in quotes",
    "list_type": 'write a list, such as ["gpt-4o"]',
    "model_type": "write a table, such as { input = 2.50, output = 10 }",
    "dict_type": "write a table, such as { input = 2.50, output = 10 }",
    "too_short": "write at least one",
    "string_too_short": "write at least one letter",
    "string_pattern_mismatch": "write three capital letters, such as 'USD'",
    "missing": "write it",
}


def _mistakes(error: ValidationError, name: str) -> Iterator[str]:
    found = error.errors(include_url=False, include_input=False)
    for mistake in found[:_MOST_SHOWN]:
        place = _place(mistake["loc"])
        message = mistake["msg"].removeprefix("Value error, ")
        if mistake["type"] == "extra_forbidden":
            message = f"is no field here: write {_nearest(mistake['loc'])}"
        elif mistake["type"] != "value_error":
            message = message[:1].lower() + message[1:]
            cure = _CURES.get(mistake["type"])
            if mistake["type"] == "missing":
                message, cure = "is missing", _missing(str(mistake["loc"][-1]))
            elif mistake["type"].startswith(("date", "datetime")):
                cure = "write a day, such as 2026-01-31"
            message += f": {cure}" if cure else ""
        yield f"{name}: {place}: {message}" if place else f"{name}: {message}"
    if len(found) > _MOST_SHOWN:
        yield f"{name}: and {len(found) - _MOST_SHOWN} more"


def _missing(field: str) -> str:
    if field == "names":
        return 'write the models it is about, such as names = ["my-model"]'
    if field == "model":
        return 'write the model whose price it has, such as model = "gpt-4o"'
    if field == "prices":
        return "write prices per million tokens, such as prices = { input = 2.50, output = 10 }"
    return f"write {field} = a number, such as 2.50"


def _place(location: tuple[int | str, ...]) -> str:
    """`models[1].prices.input`; pydantic names the members of a union too, which are no places."""
    parts = [part for part in location if part not in ("date", "datetime")]
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts).removeprefix(".")


def _nearest(location: tuple[int | str, ...]) -> str:
    """The field that was meant, else all that there are."""
    words = [str(part) for part in location]
    kind: type[BaseModel] = {"models": OwnModel, "aliases": Alias, "multipliers": Multiplier}.get(words[0], Overlay)
    if len(words) == 1:
        kind = Overlay
    if "long_context" in words[:-1]:
        kind = LongContext
    elif {"prices", "tiers"} & set(words[:-1]):
        kind = Prices
    fields = list(kind.model_fields)
    meant = difflib.get_close_matches(words[-1], fields, 1, 0.7)
    return meant[0] if meant else f"one of {', '.join(fields)}"
