"""Holds tenacity's attempts together: `@retry` over a function that asks a model, with `collect_errors` or without.

A retried function may have nothing to do with models. Only one of Mirascope's is known to ask one; the run of another
gets its span with its first call.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ...calls.raised import type_name
from ...calls.run import Run, attempt_in
from .._library import Patches
from .._method import Method
from ._runs import Begin, begun, hold
from ._site import function_name

__all__ = ["install"]

_REFUSED = "result"
"""The reason of an attempt where no exception was raised: what the one before returned was refused."""


def install(method: Method, patches: Patches) -> None:
    """Put the hooks in place, now or when tenacity is imported.

    Args:
        method: says whether calls are to be metered, and where runs report.
        patches: what the hooks are put with.
    """
    hooks = _Hooks(method)
    patches.put("tenacity", "Retrying.__call__", hooks.on_retrying)
    patches.put("tenacity", "AsyncRetrying.__call__", hooks.on_retrying)
    patches.put("tenacity", "RetryCallState.prepare_for_next_attempt", hooks.on_next)


class _Hooks:
    """The functions that are called in place of tenacity's own."""

    def __init__(self, method: Method) -> None:
        self._method = method

    def on_retrying(self, wrapped: Callable[..., Any], retrying: Any, args: Any, kwargs: Any) -> Any:
        """Hook of `Retrying(...)(function, ...)` and its async twin, which calls the function until it succeeds."""
        return hold(self._begin(retrying, args, kwargs), wrapped, args, kwargs)

    def on_next(self, wrapped: Callable[..., Any], state: Any, args: Any, kwargs: Any) -> Any:
        """Hook of `RetryCallState.prepare_for_next_attempt`, which is called before each attempt but the first."""
        with self._method.telemetry.guard("hook", "noting an attempt"):
            attempt = attempt_in()
            # Others than `Retrying.__call__` call this too, whose attempts are no run.
            if attempt is not None and attempt.run.retrier is state.retry_object:
                error = state.outcome.exception()
                attempt.run.again(_REFUSED if error is None else type_name(error))
        return wrapped(*args, **kwargs)

    def _begin(self, retrying: Any, args: Any, kwargs: Any) -> Begin:
        def run() -> Run:
            function = args[0] if args else kwargs["fn"]
            name, asks = function_name(function), _asks(function)
            return Run(self._method.telemetry, "retry", function=name, retrier=retrying, sure=asks)

        return partial(begun, self._method, run)


def _asks(function: Any) -> bool:
    """Whether a function is one of Mirascope's that asks a model: of either major, or a method of such a one."""
    owner = getattr(function, "__self__", function)
    return hasattr(owner, "__mirascope_call__") or type(owner).__module__.startswith("mirascope.llm.")
