"""Runs each step of an iterator, sync or async, within something: with labels, as `labels(...).around` does."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from typing import Any

__all__ = ["steps"]

_SYNC = frozenset({"send", "throw"})
_EITHER = frozenset({"aclose", "asend", "athrow", "close"})
"""Methods that do steps too. Those here may give something to await; `send` and `throw` give the generator's items."""


def steps(iterable: Any, run: Callable[..., Any], name: str) -> Any:
    """An iterator over `iterable`: sync, async or both, as that is. It asks for nothing before the first step.

    Args:
        iterable: a sync or async iterable, such as a generator.
        run: runs a step, which it is given with its arguments. What is awaited is run from one suspension to the next.
        name: what the user called, for the error.

    Raises:
        TypeError: `iterable` is no iterable of either kind.
    """
    kind = _KINDS.get((hasattr(iterable, "__iter__"), hasattr(iterable, "__aiter__")))
    if kind is None:
        cure = ": await it first" if inspect.isawaitable(iterable) else ""
        raise TypeError(f"{name} takes an iterable, sync or async, and not a {type(iterable).__name__}{cure}")
    return kind(iterable, run)


class _Steps:
    """What the iterators have in common: the other attributes are those of the iterable."""

    __slots__ = ("__weakref__", "_aiterator", "_iterable", "_iterator", "_run")

    def __init__(self, iterable: Any, run: Callable[..., Any]) -> None:
        self._iterable, self._run = iterable, run
        self._iterator: Any = None
        self._aiterator: Any = None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        value = getattr(self._iterable, name)
        if name not in _SYNC and name not in _EITHER:
            return value

        def step(*args: Any) -> Any:
            try:
                result = self._run(value, *args)
            finally:
                del args  # an exception to throw, whose traceback will hold this frame
            return _awaited(self._run, result) if name in _EITHER and inspect.isawaitable(result) else result

        return step


class _SyncSteps(_Steps, Iterator[Any]):
    __slots__ = ()

    def __iter__(self) -> _SyncSteps:
        return self

    def __next__(self) -> Any:
        if self._iterator is None:
            self._iterator = self._run(iter, self._iterable)
        return self._run(next, self._iterator)


class _AsyncSteps(_Steps, AsyncIterator[Any]):
    __slots__ = ()

    def __aiter__(self) -> _AsyncSteps:
        return self

    async def __anext__(self) -> Any:
        if self._aiterator is None:
            self._aiterator = self._run(aiter, self._iterable)
        return await _Suspending(self._run, self._run(anext, self._aiterator))


class _BothSteps(_SyncSteps, _AsyncSteps):
    __slots__ = ()


_KINDS: dict[tuple[bool, bool], type[_Steps]] = {
    (True, False): _SyncSteps,
    (False, True): _AsyncSteps,
    (True, True): _BothSteps,
}
"""By whether the iterable is sync, and whether it is async."""


async def _awaited(run: Callable[..., Any], result: Awaitable[Any]) -> Any:
    suspending = _Suspending(run, result)
    del result  # it may hold an exception to throw, as in `step` above
    return await suspending


async def _coroutine(result: Awaitable[Any]) -> Any:
    try:
        return await result
    finally:
        del result  # the same


class _Suspending:
    """Awaits something, running it within something; not so what runs while it is suspended.

    A `with` around the `await` would not do: whoever drives the coroutine by hand, or collects it, would be in it too.
    """

    __slots__ = ("_result", "_run")

    def __init__(self, run: Callable[..., Any], result: Awaitable[Any]) -> None:
        self._run, self._result = run, result

    def __await__(self) -> Generator[Any, Any, Any]:
        # What `yield from` does (PEP 380), by hand. A coroutine has all three methods, whatever it awaits.
        coroutine = _coroutine(self._result)
        del self._result  # the same
        step: Callable[..., Any] = coroutine.send
        given: Any = None
        while True:
            try:
                suspended = self._run(step, given)
            except StopIteration as end:
                return end.value
            finally:
                given = None  # an exception to throw, whose traceback will hold this frame
            try:
                step, given = coroutine.send, (yield suspended)
            except GeneratorExit:
                self._run(coroutine.close)
                raise
            except BaseException as error:  # noqa: BLE001 -- the coroutine gets it, as from `yield from`
                step, given = coroutine.throw, error
