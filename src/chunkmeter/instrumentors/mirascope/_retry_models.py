"""Holds the attempts of Mirascope 2's `RetryModel` together: `llm.retry`, `llm.retry_model`, and what is resumed.

Plain answers are asked for by `with_retry`, attempt by attempt. A stream is made again by its response's own
`_stream_fn`, in the midst of the user's loop, and so its run ends with the last of its streams.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any, Final

from ...calls.keeper import keeper
from ...calls.raised import type_name
from ...calls.run import Run
from ...calls.within import Within
from .._library import Patches
from .._method import Method
from ._runs import begun, hold, tried

__all__ = ["MODELS", "install"]

MODELS: Final = "mirascope.llm.retries.retry_models"
"""The module that has the hooks."""
_FUNCTION = "_stream_fn"


def install(method: Method, patches: Patches, function: ContextVar[str | None]) -> None:
    """Put the hooks in place, now or when Mirascope is imported; its first releases have no retries.

    Args:
        method: says whether calls are to be metered, and where runs report.
        patches: what the hooks are put with.
        function: the name of the function whose prompt is being sent; None if there is none.
    """
    hooks = _Hooks(method, function)

    def put(module: Any) -> None:
        for name in ("with_retry", "with_retry_async"):
            patches.wrap(module, name, hooks.on_retry)
        for name in [name for name in vars(module.RetryModel) if "stream" in name]:
            patches.wrap(module.RetryModel, name, hooks.on_stream)

    patches.when_imported(MODELS, put, "RetryModel")


class _Hooks:
    """The functions that are called in place of Mirascope's own."""

    def __init__(self, method: Method, function: ContextVar[str | None]) -> None:
        self._method, self._function = method, function

    def on_retry(self, wrapped: Callable[..., Any], instance: Any, args: Any, kwargs: Any) -> Any:
        """Hook of `with_retry(fn=..., retry_model=...)`, which calls `fn` with model after model until it succeeds."""
        attempt = kwargs.get("fn")
        run = begun(self._method, lambda: Run(self._method.telemetry, "retry", function=self._function.get()))
        if run is None or attempt is None:
            return wrapped(*args, **kwargs)
        tries = {**kwargs, "fn": lambda model: tried(run, attempt, (model,), {})}
        return hold(lambda: run, wrapped, args, tries)

    def on_stream(self, wrapped: Callable[..., Any], model: Any, args: Any, kwargs: Any) -> Any:
        """Hook of the methods of `RetryModel` that give a stream: its first attempt is made here."""
        run = begun(self._method, partial(self._of_streams, model))
        if run is None:
            return wrapped(*args, **kwargs)
        with _ending(run):
            response = wrapped(*args, **kwargs)
        return self._later(run, response) if inspect.isawaitable(response) else self._held(run, response)

    def _of_streams(self, model: Any) -> Run:
        config = model.retry_config
        most = (1 + len(config.fallback_models)) * (1 + config.max_retries)

        def goes_on(error: Exception) -> bool:
            return isinstance(error, config.retry_on) and run.attempt.number < most

        # A stream may never be read, and then nothing has been asked: the run's span begins with its first call.
        run = Run(self._method.telemetry, "retry", function=self._function.get(), sure=False, goes_on=goes_on)
        return run

    async def _later(self, run: Run, response: Awaitable[Any]) -> Any:
        with _ending(run):
            made = await response
        return self._held(run, made)

    def _held(self, run: Run, response: Any) -> Any:
        with self._method.telemetry.guard("hook", "holding a stream's attempts together"):
            setattr(response, _FUNCTION, _Again(run, getattr(response, _FUNCTION), self._function))
        return response


@contextmanager
def _ending(run: Run) -> Generator[None]:
    """Make an attempt within a run, which ends if the request fails: Mirascope makes no further attempt then."""
    try:
        with Within(run):
            yield
    except BaseException as error:
        run.end(error)
        raise


class _Again:
    """Makes the stream of each further attempt, for the response that holds it. When that goes, the run is over.

    Args:
        run: the run.
        make: makes a stream, given a model.
        function: the name of the function that asks, which each attempt's call is to have.
    """

    __slots__ = ("_function", "_make", "_name", "_run")

    def __init__(self, run: Run, make: Callable[[Any], Any], function: ContextVar[str | None]) -> None:
        self._run, self._make, self._function, self._name = run, make, function, function.get()

    def __call__(self, model: Any) -> Any:
        error = sys.exception()  # Mirascope is handling it
        self._run.again(None if error is None else type_name(error))
        with self._attempt():
            stream = self._make(model)
        return self._later(stream) if inspect.isawaitable(stream) else stream

    async def _later(self, stream: Awaitable[Any]) -> Any:
        with self._attempt():
            return await stream

    @contextmanager
    def _attempt(self) -> Generator[None]:
        token = self._function.set(self._name)
        try:
            with _ending(self._run):
                yield
        finally:
            self._function.reset(token)

    def __del__(self) -> None:
        keeper.later(self._run.lapse)
