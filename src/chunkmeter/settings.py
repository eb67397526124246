"""What can be set: by keyword, else by `CHUNKMETER_*` environment variable, else the default."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["Settings"]

_logger = logging.getLogger("chunkmeter")


@dataclass(frozen=True, slots=True)
class Settings:
    """Validated settings. Build them with `Settings.load(...)`, which reads the environment too.

    Attributes:
        cost_semconv: `draft` writes cost under the draft conventions' names (`gen_ai.usage.cost.*` and
            `gen_ai.client.operation.cost`); `off` leaves those out, `chunkmeter.spend` stays.
        idle_timeout: seconds after which a stream paused by its reader is settled as abandoned.
        mirascope_tags: which Mirascope tags go on the span: whole tags, or keys of `key:value` tags.
    """

    cost_semconv: Literal["draft", "off"] = "draft"
    idle_timeout: float = 600.0
    mirascope_tags: tuple[str, ...] = ()

    @classmethod
    def load(cls, environ: Mapping[str, str] = os.environ, **keywords: Any) -> Settings:
        """Settings from keywords, then the environment, then defaults.

        A value that can't be used is reported with what to write instead, and its default taken.

        Args:
            environ: where `CHUNKMETER_*` are looked up.
            **keywords: fields by name; None means not given.
        """
        chosen: dict[str, Any] = {}
        for field, parse in _PARSERS.items():
            variable = f"CHUNKMETER_{field.upper()}"
            value, place = keywords.pop(field, None), field
            if value is None:
                value, place = environ.get(variable, "").strip() or None, variable
            if value is None:
                continue
            try:
                chosen[field] = parse(value)
            except ValueError as error:
                default = cls.__dataclass_fields__[field].default
                _logger.warning("%s=%r is not usable: write %s. Using %r.", place, value, error, default)
        for unknown in keywords:
            _logger.warning("%r is no setting of chunkmeter: write one of %s.", unknown, ", ".join(_PARSERS))
        return cls(**chosen)


def _cost_semconv(value: Any) -> str:
    word = str(value).lower()
    if word not in ("draft", "off"):
        raise ValueError("'draft' or 'off'")
    return word


def _idle_timeout(value: Any) -> float:
    try:
        seconds = math.nan if isinstance(value, bool) else float(value)
    except (OverflowError, TypeError, ValueError):
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise ValueError("a number of seconds above 0, such as 600")
    return seconds


def _names(value: Any) -> tuple[str, ...]:
    try:
        parts: list[Any] = value.split(",") if isinstance(value, str) else list(value)
        return tuple(part.strip() for part in parts if part.strip())
    except (AttributeError, TypeError):
        raise ValueError("names separated by commas, such as 'version,team'") from None


_PARSERS: dict[str, Callable[[Any], Any]] = {
    "cost_semconv": _cost_semconv,
    "idle_timeout": _idle_timeout,
    "mirascope_tags": _names,
}
