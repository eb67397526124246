"""Holds the attempts of Mirascope 1's `fallback` together: the function's own model, and those that stand in for it.

What `fallback` has made of a function looks nothing up that could be replaced before its first attempt. So only what is
decorated after `instrument()` is held together.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

import wrapt

from ...calls.run import Run, attempt_in
from .._library import Patches
from .._method import Method
from ._runs import begun, hold, tried
from ._site import function_name

__all__ = ["install"]

_PACKAGE = "mirascope.retries"
_ATTEMPT = "_self_attempt"
"""Attribute of a wrapped function, which wrapt keeps apart from those of the function: the wrapper."""


def install(method: Method, patches: Patches) -> None:
    """Put the hook in place, now or when Mirascope is imported.

    Args:
        method: says whether calls are to be metered, and where runs report.
        patches: what the hook is put with.
    """

    def on_fallback(wrapped: Callable[..., Any], instance: Any, args: Any, kwargs: Any) -> Any:
        return partial(_decorated, method, wrapped(*args, **kwargs))

    def put(module: ModuleType) -> None:
        package, own = sys.modules.get(_PACKAGE), vars(module)["fallback"]
        patches.wrap(module, "fallback", on_fallback)
        # The package has the function under the module's own name, once it is imported.
        if package is not None and vars(package).get("fallback") is own:
            patches.wrap(package, "fallback", on_fallback)

    patches.when_imported(f"{_PACKAGE}.fallback", put, "fallback")
    patches.put("mirascope.llm", "override", _on_override)


def _on_override(wrapped: Callable[..., Any], instance: Any, args: Any, kwargs: Any) -> Any:
    """Hook of `llm.override(function, ...)`, which makes the function anew: in older releases, for what stands in."""
    made = wrapped(*args, **kwargs)
    attempt = getattr(args[0], _ATTEMPT, None) if args else None
    return made if attempt is None else wrapt.FunctionWrapper(made, attempt)


def _decorated(method: Method, decorator: Callable[[Any], Any], function: Any) -> Any:
    """What the decorator that `fallback(...)` gives makes of a user's function, held together."""
    retrier = object()  # tells this function's run from those that it may be nested in

    def run() -> Run:
        return Run(method.telemetry, "fallback", function=function_name(function), retrier=retrier)

    def attempt(wrapped: Callable[..., Any], instance: Any, args: Any, kwargs: Any) -> Any:
        present = attempt_in()
        if present is None or present.run.retrier is not retrier:
            return wrapped(*args, **kwargs)
        return tried(present.run, wrapped, args, kwargs)

    def held(wrapped: Callable[..., Any], instance: Any, args: Any, kwargs: Any) -> Any:
        return hold(partial(begun, method, run), wrapped, args, kwargs)

    tried_function = wrapt.FunctionWrapper(function, attempt)
    setattr(tried_function, _ATTEMPT, attempt)
    return wrapt.FunctionWrapper(decorator(tried_function), held)
