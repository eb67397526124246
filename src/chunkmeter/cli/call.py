"""One call, as an inference span's attributes tell of it. Pure: whatever the attributes are, nothing is raised."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeVar, cast

from .. import semconv
from ..pricing.tokens import ATTRIBUTES
from .otlp import LONGEST, clean

__all__ = ["Call", "amount", "count", "read_call"]

_T = TypeVar("_T")

_USAGE = {count: [attribute] for attribute, count in ATTRIBUTES.items()}
"""A field of `Tokens` -> the attributes that may have it."""
for _field, _older in (
    ("cache_write_tokens", "gen_ai.usage.cache_creation.input_tokens"),
    ("input_audio_tokens", "chunkmeter.usage.input_audio_tokens"),
    ("output_audio_tokens", "chunkmeter.usage.output_audio_tokens"),
):
    _USAGE[_field].append(_older)
_SHARED = ("input_tokens", "output_tokens", "cached_tokens")
_MOST_COUNTED = 2**63 - 1
"""The largest count that OTLP can carry."""
_SERVICE = "service.name"
_MOST_NAMES = 50
"""How many of a call's `cost_metadata` are kept."""
_MOST_TEXT = 1000
"""How many characters a list or a mapping may have as JSON."""


@dataclass(frozen=True, slots=True)
class Call:
    """What one inference span says of its call, under Mirascope's names.

    Attributes:
        currency: that of the cost.
        left_out: the names of attributes whose value can't be: of another type than the name promises, not finite,
            negative, too long.
        cost_status: how far to trust the cost, or why there is none.
        unpriced: what the cost lacks.
        service: the `service.name` of the app.
        server: where the request went, a host with its port.
        scope: the instrumentation whose span it is read from; None for chunkmeter.
        groups: the groups whose spend it is part of, one for each of those asked for.
    """

    provider: str | None
    model: str | None
    finish_reasons: list[str]
    usage: dict[str, int]
    cost: float | None
    cost_metadata: dict[str, Any]
    outcome: str | None
    time_to_first_chunk: float | None
    currency: str = semconv.CURRENCY
    left_out: tuple[str, ...] = ()
    cost_status: str | None = None
    unpriced: tuple[str, ...] = ()
    service: str | None = None
    server: str | None = None
    scope: str | None = None
    groups: tuple[tuple[str, ...], ...] = ()

    def as_json(self) -> str:
        """The line that `--json` prints: JSON to the letter, and ASCII, which every terminal and pipe can carry."""
        fields = asdict(self)
        for name in ("left_out", "server", "scope", "groups"):
            del fields[name]
        return json.dumps(fields, allow_nan=False)


def amount(value: object) -> float | None:
    """`value` where it can be an amount or a time: a finite number, 0 or more; else None."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        return value if math.isfinite(value) and value >= 0 else None
    except OverflowError:  # an integer beyond every float
        return None


def count(value: object) -> int | None:
    """`value` where it can be a count: a whole amount that OTLP can carry; else None."""
    found = amount(value)
    return int(found) if found is not None and found <= _MOST_COUNTED and found == int(found) else None


def read_call(
    attributes: Mapping[str, Any],
    resource: Mapping[str, Any] | None = None,
    by: Sequence[Sequence[str]] = (),
    scope: str | None = None,
) -> Call | None:
    """The call that a span's attributes tell of; None where they tell of none.

    Args:
        attributes: the span's, under the names that chunkmeter gives them.
        resource: the attributes of the app, such as `service.name`.
        by: what to group its spend by, each a list of `model`, `provider`, `service` and names of attributes, of the
            span or else of the app.
        scope: the instrumentation whose span it is; None for chunkmeter.

    A span with `chunkmeter.metered` and without an outcome is one of another instrumentation inside a metered call. It
    tells of a call that has a span already, and gives None.
    """
    if semconv.OUTCOME not in attributes and (
        semconv.METERED in attributes
        or _text(attributes.get(semconv.OPERATION_NAME)) not in semconv.INFERENCE_OPERATIONS
    ):
        return None
    left_out: list[str] = []

    def read(fits: Callable[[object], _T | None], *names: str) -> _T | None:
        """The first value that fits and is no empty text. The names of those that don't fit are noted."""
        first: _T | None = None
        for name in names:
            value = attributes.get(name)
            fitting = fits(value)
            if value is not None and fitting is None:
                left_out.append(name)
            if first is None or first == "":
                first = fitting
        return first

    usage = {name: found for name, names in _USAGE.items() if (found := read(count, *names)) is not None}
    metadata: dict[str, Any] = {name: usage[name] for name in _SHARED if name in usage}
    metadata["streaming_mode"] = read(_flag, semconv.REQUEST_STREAM) or False
    for name in attributes:
        if name.startswith(semconv.COST_METADATA):
            if len(metadata) >= _MOST_NAMES:
                left_out.append(name)
                break
            metadata[name.removeprefix(semconv.COST_METADATA)] = read(_plain, name)
    named = {
        "provider": read(_text, semconv.PROVIDER_NAME, "gen_ai.system") or None,
        "model": read(_text, semconv.RESPONSE_MODEL, semconv.REQUEST_MODEL) or None,
        "service": _text((resource or {}).get(_SERVICE)),
    }
    host, port = read(_text, semconv.SERVER_ADDRESS), read(count, semconv.SERVER_PORT)
    return Call(
        provider=named["provider"],
        model=named["model"],
        finish_reasons=read(_reasons, semconv.RESPONSE_FINISH_REASONS) or [],
        usage=usage,
        cost=read(amount, semconv.COST_AMOUNT),
        cost_metadata=metadata,
        outcome=read(_text, semconv.OUTCOME),
        time_to_first_chunk=read(amount, semconv.RESPONSE_TIME_TO_FIRST_CHUNK),
        currency=read(_text, semconv.COST_CURRENCY) or semconv.CURRENCY,
        left_out=tuple(left_out),
        cost_status=read(_text, semconv.COST_STATUS),
        unpriced=tuple(read(_reasons, semconv.COST_UNPRICED) or ()),
        service=named["service"],
        server=host and (host if port is None else f"{host}:{port}"),
        scope=_text(scope),
        groups=tuple(tuple(_group({**(resource or {}), **attributes}, named, name) for name in names) for names in by),
    )


def _group(attributes: Mapping[str, Any], named: Mapping[str, str | None], name: str) -> str:
    """The value by which a call's spend is grouped; `-` where it has none."""
    value = named[name] if name in named else _plain(attributes.get(name))
    if value is None or value == "":
        return "-"
    return value if isinstance(value, str) else json.dumps(value)[:LONGEST]


def _text(value: object) -> str | None:
    return clean(value) if isinstance(value, str) else None


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _reasons(value: object) -> list[str] | None:
    """Finish reasons by choice; one that stands alone is that of one choice."""
    plain = _plain(value)
    reasons = cast("list[object]", plain) if isinstance(plain, list) else [] if plain is None else [plain]
    return [clean(str(reason)) for reason in reasons if reason is not None] or None


def _plain(value: object) -> Any:
    """`value` where JSON can carry it in a few words, else None."""
    if isinstance(value, str):
        return clean(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) <= _MOST_COUNTED else None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list | tuple):
        values = cast("list[object]", value)
        return _short([_plain(item) for item in values[:_MOST_TEXT]]) if len(values) <= _MOST_TEXT else None
    if isinstance(value, Mapping):
        named = cast("Mapping[object, object]", value)
        if len(named) > _MOST_TEXT:
            return None
        return _short({clean(str(name)): _plain(item) for name, item in named.items()})
    return None


def _short(value: Any) -> Any:
    return value if len(json.dumps(value)) <= _MOST_TEXT else None
