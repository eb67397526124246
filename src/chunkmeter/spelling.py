"""Names that somebody has misspelt: which of those that exist was meant."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping

from .shown import plain, quoted

__all__ = ["misspelt", "nearest", "warn_of_keyword", "warn_of_variables"]

_logger = logging.getLogger("chunkmeter")

_VARIABLE = "CHUNKMETER_"
_OF_THE_COLLECTOR = frozenset(
    {
        "DECISION_WAIT", "GATEWAY", "GATEWAYS", "GATEWAY_CA", "GATEWAY_NAME", "GATEWAY_PORT", "GATEWAY_TOKEN", "HEALTH",
        "JAEGER", "OTLP_GRPC", "OTLP_HTTP", "PROMETHEUS", "QUERY_GRPC", "QUEUE_DIR", "TLS_CERT", "TLS_KEY", "TOKENS",
        "UI", "UI_CONFIG",
    }
)  # fmt: skip
"""Those that the shipped configuration of the Collector reads, and Jaeger's: an app may have them beside it."""
_LIKE = 0.7
"""How alike two names are of which one may be meant by the other, as `difflib` counts it."""
_MOST_TOLD = 20
_told: set[str] = set()
"""The variables that a warning has named."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most like another one; None where none is like it."""
    import difflib  # only where something is wrong

    return next(iter(difflib.get_close_matches(name, list(known), 1, _LIKE)), None)


def misspelt(environ: Mapping[str, str], settings: Iterable[str]) -> dict[str, str | None]:
    """The variables that are named as chunkmeter's and are none, each with the one that was meant, None if no such.

    Args:
        environ: environment variables by name.
        settings: the names of the settings, in lower case.
    """
    known = [name.upper() for name in settings]
    taken = {f"{_VARIABLE}{name}" for name in (*known, *_OF_THE_COLLECTOR)}
    unknown = sorted(name for name in environ if name.upper().startswith(_VARIABLE) and name not in taken)
    # Their beginning is left out, since it would make all alike.
    meant = {name: nearest(name.upper().removeprefix(_VARIABLE), known) for name in unknown}
    return {name: f"{_VARIABLE}{near}" if near else None for name, near in meant.items()}


def warn_of_variables(environ: Mapping[str, str], settings: Iterable[str]) -> None:
    """Log each variable that is misspelt, once a process. One that is like no other may be somebody's own.

    Args:
        environ: environment variables by name.
        settings: the names of the settings, in lower case.
    """
    for name, meant in misspelt(environ, settings).items():
        if meant and name not in _told and len(_told) < _MOST_TOLD:
            _told.add(name)
            _logger.warning(
                "%s is no variable of chunkmeter, and has no effect: did you mean %s?", plain(name), plain(meant)
            )


def warn_of_keyword(name: str, settings: Iterable[str]) -> None:
    """Log that a keyword is no setting, and which was meant, or which there are.

    Args:
        name: the keyword.
        settings: the names of the settings, in lower case.
    """
    known = list(settings)
    meant = nearest(name, known)
    cure = f"did you mean {meant}?" if meant else f"write one of {', '.join(known)}."
    _logger.warning("%s is no setting of chunkmeter: %s", quoted(name), cure)
