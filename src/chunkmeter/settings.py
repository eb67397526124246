"""chunkmeter's settings: each comes from a keyword, or a `CHUNKMETER_*` environment variable, or its default."""

from __future__ import annotations

import logging
import math
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from .semconv import HISTOGRAMS, SEMCONV
from .servers import Server, server_of
from .shown import quoted
from .spelling import warn_of_keyword, warn_of_variables

__all__ = ["Settings", "warn_of_unknown"]

_logger = logging.getLogger("chunkmeter")

_SHOWN = 24
"""How many characters of a value that can't be used are shown: a key may have got into the wrong variable."""
_MOST_NAMED = 5
_LABEL = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,63}")
# Label names that the metrics have already, from the SDK or from Prometheus, which writes '_' for a dot.
_TAKEN = re.compile(
    r"(gen_ai|chunkmeter|otel|service|server|code|error|telemetry|deployment|baggage)_.*|job|instance|le|quantile"
)


_FLAGS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Validated settings. `Settings(...)` takes keywords only; `Settings.load(...)` reads the environment too.

    A value that can't be used is replaced by the default. A warning says so, and what to write instead.

    Attributes:
        cost_semconv: `draft` also writes cost under the draft conventions' names (`gen_ai.usage.cost.*` and
            `gen_ai.client.operation.cost`); `off` writes only ours, such as `chunkmeter.spend`.
        estimate: whether to estimate tokens that the provider does not count, which needs the extra
            `chunkmeter[estimate]`. Estimates are marked `estimated` on spans and metrics.
        flush_on_exit: whether the process exports what it holds before SIGTERM ends it, like
            `chunkmeter.flush_on_exit()`. Children of `multiprocessing` always do so.
        histograms: which histograms are recorded: `all`, `none`, or some of `cost`, `duration`, `time_to_first_chunk`
            and `token_usage`. For each model and process a histogram has about 20 series, while a counter has one.
        idle_timeout: after how many seconds without a read a stream is settled, usually as `abandoned`.
        include_usage: whether to ask for the usage of OpenAI-like streams whose request does not mention
            `include_usage`. The application does not get the chunk with the usage.
        metric_labels: what may become a label of `chunkmeter.spend` and `chunkmeter.calls`, and a span attribute:
            `function`; a name given to `labels(...)` or before the colon of a Mirascope tag; `baggage:name` for a name
            whose value may also come from baggage.
        mirascope_tags: which Mirascope tags go on the span: whole tags, or the keys of `key:value` tags.
        prices: the path of your own file of prices, aliases and discounts, TOML or JSON. It goes before the bundled
            table.
        prices_reload: whether that file is read again, within a minute, when it has changed.
        prices_update: whether a newer bundled table is fetched, once an hour; or the URL that it is fetched from, if
            that is not where genai-prices publishes it.
        semconv: which conventions name the metrics and finish reasons: `released` is the newest published
            `opentelemetry-util-genai`; `latest` is the main branch of the GenAI conventions; `both` writes each metric
            under both names.
        servers: who answers at which server, such as `llm.internal:8000=openai`: a host, with or without a port, in
            which `*` stands for any letters; and the provider, or `*` for the one that the SDK or the span tells. A
            cost at any other server is `assumed`, unless the server is known to be the provider's own.
    """

    cost_semconv: Literal["draft", "off"] = "draft"
    estimate: bool = False
    flush_on_exit: bool = False
    histograms: tuple[str, ...] = tuple(HISTOGRAMS)
    idle_timeout: float = 600.0
    include_usage: bool = False
    metric_labels: tuple[str, ...] = ()
    mirascope_tags: tuple[str, ...] = ()
    prices: str | None = None
    prices_reload: bool = False
    prices_update: bool | str = False
    semconv: Literal["released", "latest", "both"] = "released"
    servers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for field in _PARSERS:
            object.__setattr__(self, field, _parsed(field, getattr(self, field), field))

    def named_servers(self) -> list[Server]:
        """The servers whose providers are named in `servers`."""
        return [_server(entry) for entry in self.servers]

    @classmethod
    def load(cls, environ: Mapping[str, str] = os.environ, **keywords: Any) -> Settings:
        """Settings from keywords; the environment fills in what is not given, then the defaults.

        Args:
            environ: where the `CHUNKMETER_*` variables are looked up.
            **keywords: settings by name; None counts as not given. An unknown name is warned of.
        """
        chosen: dict[str, Any] = {}
        for field in _PARSERS:
            variable = f"CHUNKMETER_{field.upper()}"
            value, place = keywords.pop(field, None), field
            if value is None:
                value, place = environ.get(variable, "").strip() or None, variable
            if value is not None:
                chosen[field] = _parsed(field, value, place)
        warn_of_unknown(keywords)
        warn_of_variables(environ, _PARSERS)
        return cls(**chosen)


def warn_of_unknown(names: Iterable[str]) -> None:
    """Log for each of these names that it is no setting, and which was meant, or which there are."""
    for name in names:
        warn_of_keyword(name, _PARSERS)


class _PartlyUsableError(ValueError):
    """Raised for a value with several names, of which only some can be used.

    Args:
        cure: what to write instead.
        kept: the names that can be used.
    """

    def __init__(self, cure: str, kept: tuple[str, ...]) -> None:
        super().__init__(cure)
        self.kept = kept


def _parsed(field: str, value: Any, place: str) -> Any:
    try:
        return _PARSERS[field](value)
    except ValueError as error:
        instead = error.kept if isinstance(error, _PartlyUsableError) else Settings.__dataclass_fields__[field].default
        cure = str(error)
        _logger.warning("%s=%s is not usable: write %s. Using %s.", place, quoted(value, _SHOWN), cure, quoted(instead))
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


def _flag_or_url(value: Any) -> bool | str:
    word = str(value).strip()
    try:
        parts = urlsplit(word)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.username is None and word.isprintable()
    except ValueError:
        usable = False
    if word.lower() not in _FLAGS and not usable:
        raise ValueError("'true', 'false', or a URL without a password, such as 'https://prices.internal/v2.json'")
    return word if usable else _FLAGS[word.lower()]


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


def _refused(names: Sequence[str]) -> str:
    """The first of the names that can't be used, and how many more there are."""
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(quoted(name, _SHOWN) for name in names[:_MOST_NAMED]) + more


def _histograms(value: Any) -> tuple[str, ...]:
    names = set(_names(value))
    if names == {"none"}:
        return ()
    if unknown := names - {"all", *HISTOGRAMS}:
        raise ValueError(f"'all', 'none' or some of {', '.join(HISTOGRAMS)}, and not {_refused(sorted(unknown))}")
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
            f"'function,tenant,baggage:customer', and not {_refused(refused)}",
            tuple(kept),
        )
    return tuple(kept)


def _server(entry: str) -> Server:
    place, _, provider = entry.rpartition("=")
    return server_of(place, provider)


def _servers(value: Any) -> tuple[str, ...]:
    cure = (
        "hosts, each with its port or without, and who answers there, separated by commas, such as "
        "'llm.internal:8000=openai,127.0.0.1=*'"
    )
    try:
        entries = _names([f"{place}={who}" for place, who in value.items()] if isinstance(value, Mapping) else value)
    except ValueError:
        raise ValueError(cure) from None
    kept: list[str] = []
    refused: list[str] = []
    for entry in entries:
        try:
            _server(entry)
        except ValueError:
            refused.append(entry)
        else:
            kept.append(entry)
    if refused:
        raise _PartlyUsableError(f"{cure}, and not {_refused(refused)}", tuple(kept))
    return tuple(kept)


_PARSERS: dict[str, Callable[[Any], Any]] = {
    "cost_semconv": _one_of("draft", "off"),
    "estimate": _flag,
    "flush_on_exit": _flag,
    "histograms": _histograms,
    "idle_timeout": _idle_timeout,
    "include_usage": _flag,
    "metric_labels": _metric_labels,
    "mirascope_tags": _names,
    "prices": _path,
    "prices_reload": _flag,
    "prices_update": _flag_or_url,
    "semconv": _one_of(*SEMCONV),
    "servers": _servers,
}
