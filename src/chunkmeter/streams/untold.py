"""Says once that a stream which `wrap` meters was not asked for its usage."""

from __future__ import annotations

import functools
import logging

from ..calls.call import Call
from ..calls.pulling import is_pulling
from ..facts.ended import Facts

__all__ = ["Untold"]

_logger = logging.getLogger("chunkmeter")

_ASKED_FOR = frozenset({"openai_chat", "openai_completions"})
"""The wires whose streams bring their usage where the request says so."""


class Untold:
    """Looks at the end of calls for usage that has to be asked for."""

    def settled(self, call: Call, facts: Facts | None) -> None:
        """Warn, once a process, if the call's stream ran to its proper end and brought no usage.

        Args:
            call: the call.
            facts: what it amounts to; None if we failed to tell.
        """
        if facts is None or facts.usage_status != "missing" or call.tally.wire not in _ASKED_FOR:
            return
        # A stream that its user leaves after the last word may have had its usage still to come.
        if call.tally.final and is_pulling(call):
            _warn()


@functools.cache
def _warn() -> None:
    _logger.warning(
        "A stream that wrap(...) meters ended without its usage, so its tokens and cost are missing: ask for it in the "
        "request, with stream_options={'include_usage': True}."
    )
