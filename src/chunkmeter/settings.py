"""What can be set: by keyword, else by `CHUNKMETER_*` environment variable, else the default."""

from __future__ import annotations

import logging
import math
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .conventions import HISTOGRAMS, SEMCONV

__all__ = ["Settings"]

_logger = logging.getLogger("chunkmeter")

_LABEL = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,63}")
# Labels that the metrics have already, in the SDK or in Prometheus, which writes a dot as '_'.
_TAKEN = re.compile(
    r"(gen_ai|chunkmeter|otel|service|server|code|error|telemetry|deployment|baggage)_.*|job|instance|le|quantile"
)


_FLAGS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Validated settings. `Settings.load(...)` reads the environment too.

    A value that can't be used is reported with what to write instead, and its default taken.

    Attributes:
        cost_semconv: `draft` writes cost under the draft conventions' names (`gen_ai.usage.cost.*` and
            `gen_ai.client.operation.cost`); `off` leaves those out, `chunkmeter.spend` stays.
        idle_timeout: seconds after which a stream paused by its reader is settled as abandoned.
        estimate: whether tokens that the provider never counts are estimated, needs the extra `chunkmeter[estimate]`;
            marked `estimated` wherever they show.
        histograms: which histograms are recorded, names of `conventions.HISTOGRAMS`. Each has some 20 series a model
            and process, where a counter has one.
        include_usage: whether streams of OpenAI's shape that say nothing of `include_usage` are asked for their usage;
            the chunk that brings it is kept from the application.
        metric_labels: what may become a label on `chunkmeter.spend` and `chunkmeter.calls`, and an attribute of the
            span: `function`, names given to `labels(...)` or before the colon of a Mirascope tag, and `baggage:name`
            where baggage may say it too.
        mirascope_tags: which Mirascope tags go on the span: whole tags, or keys of `key:value` tags.
        prices: a file of prices, aliases and discounts of your own, TOML or JSON; it beats the bundled table.
        prices_reload: whether that file is read again after it has changed, within a minute.
        semconv: whose names metrics and finish reasons have: `released`, the newest published
            `opentelemetry-util-genai`; `latest`, the GenAI conventions' main; `both`, each metric under both.
    """

    cost_semconv: Literal["draft", "off"] = "draft"
    estimate: bool = False
    histograms: tuple[str, ...] = tuple(HISTOGRAMS)
    idle_timeout: float = 600.0
    include_usage: bool = False
    metric_labels: tuple[str, ...] = ()
    mirascope_tags: tuple[str, ...] = ()
    prices: str | None = None
    prices_reload: bool = False
    semconv: Literal["released", "latest", "both"] = "released"

    def __post_init__(self) -> None:
        for field in _PARSERS:
            object.__setattr__(self, field, _parsed(field, getattr(self, field), field))

    @classmethod
    def load(cls, environ: Mapping[str, str] = os.environ, **keywords: Any) -> Settings:
        """Settings from keywords, then the environment, then defaults.

        Args:
            environ: where `CHUNKMETER_*` are looked up.
            **keywords: fields by name; None means not given.
        """
        chosen: dict[str, Any] = {}
        for field in _PARSERS:
            variable = f"CHUNKMETER_{field.upper()}"
            value, place = keywords.pop(field, None), field
            if value is None:
                value, place = environ.get(variable, "").strip() or None, variable
            if value is not None:
                chosen[field] = _parsed(field, value, place)
        for unknown in keywords:
            _logger.warning("%r is no setting of chunkmeter: write one of %s.", unknown, ", ".join(_PARSERS))
        return cls(**chosen)


class _PartlyUsableError(ValueError):
    """Some of the names in a value can be used.

    Args:
        cure: what to write instead of the others.
        kept: the usable ones.
    """

    def __init__(self, cure: str, kept: tuple[str, ...]) -> None:
        super().__init__(cure)
        self.kept = kept


def _parsed(field: str, value: Any, place: str) -> Any:
    try:
        return _PARSERS[field](value)
    except ValueError as error:
        instead = error.kept if isinstance(error, _PartlyUsableError) else Settings.__dataclass_fields__[field].default
        _logger.warning("%s=%r is not usable: write %s. Using %r.", place, value, error, instead)
        return instead


def _one_of(*words: str) -> Callable[[Any], str]:
    def parsed(value: Any) -> str:
        word = str(value).lower()
        if word not in words:
            raise ValueError(f"{', '.join(map(repr, words[:-1]))} or {words[-1]!r}")
        return word

    return parsed


def _flag(value: Any) -> bool:
    word = str(value).lower()
    if word not in _FLAGS:
        raise ValueError("'true' or 'false'")
    return _FLAGS[word]


def _path(value: Any) -> str | None:
    if value is not None and not isinstance(value, str | os.PathLike):
        raise ValueError("the path of a TOML or JSON file, such as '/etc/chunkmeter/prices.toml'")
    return None if value is None else os.fsdecode(value)


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


def _histograms(value: Any) -> tuple[str, ...]:
    names = set(_names(value))
    if names == {"none"}:
        return ()
    if unknown := names - {"all", *HISTOGRAMS}:
        raise ValueError(f"'all', 'none' or some of {', '.join(HISTOGRAMS)}, and not {', '.join(sorted(unknown))}")
    return tuple(name for name in HISTOGRAMS if name in names or "all" in names)


def _metric_labels(value: Any) -> tuple[str, ...]:
    kept: list[str] = []
    refused: list[str] = []
    shown: dict[str, str] = {}
    for name in _names(value):
        bare = name.removeprefix("baggage:")
        series = bare.replace(".", "_")
        usable = _LABEL.fullmatch(bare) and not _TAKEN.fullmatch(series) and name != "baggage:function"
        usable = usable and shown.setdefault(series, bare) == bare
        (kept if usable else refused).append(name)
    if refused:
        raise _PartlyUsableError(
            "names of your own of letters, digits, '_' and '.', separated by commas, such as "
            f"'function,tenant,baggage:customer', and not {', '.join(refused)}",
            tuple(kept),
        )
    return tuple(kept)


_PARSERS: dict[str, Callable[[Any], Any]] = {
    "cost_semconv": _one_of("draft", "off"),
    "estimate": _flag,
    "histograms": _histograms,
    "idle_timeout": _idle_timeout,
    "include_usage": _flag,
    "metric_labels": _metric_labels,
    "mirascope_tags": _names,
    "prices": _path,
    "prices_reload": _flag,
    "semconv": _one_of(*SEMCONV),
}
