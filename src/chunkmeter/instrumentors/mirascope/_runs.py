"""What the hooks share that hold attempts together: how a run is begun, and how something is done within it."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from ...calls.begin import is_recorded
from ...calls.run import Run
from ...calls.within import Trying, Within
from .._method import Method

__all__ = ["Begin", "begun", "hold", "tried"]

Begin = Callable[[], Run | None]
"""Begins a run; gives None where none is to be. Never raises."""


def begun(method: Method, describe: Callable[[], Run]) -> Run | None:
    """Begin a run, where calls are to be metered. Never raises: None is returned if that fails.

    Args:
        method: says whether they are.
        describe: begins the run. It may raise.
    """
    with method.telemetry.guard("hook", "beginning a run"):
        # A provider's SDK may retry its own request: that is within a call, and no run. An inference span of somebody
        # else's gets the facts of what is asked within it, which it would not with a span of ours in between.
        if method.is_first() and not is_recorded():
            return describe()
    return None


def hold(begin: Begin, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """Call a function that makes attempts, within a run of its own: sync, or one that gives an awaitable.

    Args:
        begin: begins the run.
        function: makes the attempts, given `args` and `kwargs`.
        args: positional arguments for `function`.
        kwargs: keyword arguments for `function`.
    """
    run = begin()
    if run is None:
        return function(*args, **kwargs)
    try:
        with Within(run):
            result = function(*args, **kwargs)
    except BaseException as error:
        run.end(error)
        raise
    if inspect.isawaitable(result):
        return _held_later(run, result)
    run.end()
    return result


async def _held_later(run: Run, result: Awaitable[Any]) -> Any:
    with Within(run, ends=True):
        return await result


def tried(run: Run, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """Call a function as one attempt of a run: sync, or one that gives an awaitable.

    Args:
        run: the run.
        function: makes the attempt, given `args` and `kwargs`.
        args: positional arguments for `function`.
        kwargs: keyword arguments for `function`.
    """
    with Trying(run):
        result = function(*args, **kwargs)
    return _tried_later(run, result) if inspect.isawaitable(result) else result


async def _tried_later(run: Run, result: Awaitable[Any]) -> Any:
    with Trying(run):
        return await result
