"""Names that somebody has misspelt: which of those that exist was meant."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping

from .shown import plain, quoted

__all__ = ["misspelt", "nearest", "warn_of_keyword", "warn_of_variables"]

_logger = logging.getLogger("chunkmeter")

_VARIABLE = "CHUNKMETER_"
_NO_SETTINGS = ("CHUNKMETER_FLUSH_ON_EXIT",)
"""The variables that are of no setting."""
_MOST_TOLD = 20
_told: set[str] = set()
"""The variables that a warning has named."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most like another one; None where none is like it."""
    import difflib  # only where something is wrong

    return next(iter(difflib.get_close_matches(name, list(known), 1, 0.75)), None)


def misspelt(environ: Mapping[str, str], settings: Iterable[str]) -> dict[str, str | None]:
    """The variables that are named as chunkmeter's and are none, each with the one that was meant, None if no such.

    Args:
        environ: environment variables by name.
        settings: the names of the settings, in lower case.
    """
    known = [*(f"{_VARIABLE}{name.upper()}" for name in settings), *_NO_SETTINGS]
    unknown = sorted(name for name in environ if name.upper().startswith(_VARIABLE) and name not in known)
    return {name: nearest(name.upper(), known) for name in unknown}


def warn_of_variables(environ: Mapping[str, str], settings: Iterable[str]) -> None:
    """Log each misspelt variable, once a process.

    Args:
        environ: environment variables by name.
        settings: the names of the settings, in lower case.
    """
    for name, meant in misspelt(environ, settings).items():
        if name not in _told and len(_told) < _MOST_TOLD:
            _told.add(name)
            cure = f"did you mean {meant}?" if meant else "`chunkmeter doctor` lists those that there are."
            _logger.warning("%s is no variable of chunkmeter, and has no effect: %s", plain(name), cure)


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
