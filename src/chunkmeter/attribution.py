"""Labels that say who is spending, besides the model and the provider.

`CHUNKMETER_METRIC_LABELS` lists what may become a label. Labels are captured where a call starts: from `labels(...)`,
from the tags and the name of a Mirascope function, and from baggage.

Baggage comes with incoming requests, so its sender may have forged it. It also goes out with each request, to the LLM
vendor too. So a label from baggage counts only where the process itself sets no label of that name. Values from
baggage have a limit of their own: however many are forged, they take no place from labels set in the process.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterable, AsyncIterator, Callable, Hashable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Generic, TypeVar, overload

from opentelemetry import baggage
from opentelemetry.context import Context

from . import semconv, text
from .guard import unheard
from .shown import plain
from .steps import steps

__all__ = ["NO_LABELS", "Attribution", "Bounded", "Labels", "bounded", "labels"]

_logger = logging.getLogger("chunkmeter")

_MOST = 200
"""How many values of one label the metrics show, and how many sets of labels that baggage had a part in."""
_MOST_NAMED = 100
"""How many labels missing from the settings are warned of."""
_BAGGAGE = "baggage:"
_FUNCTION = "function"


@dataclass(frozen=True, slots=True)
class Labels:
    """The labels of one call.

    Attributes:
        own: values that the process itself set, by label.
        claimed: values from baggage, by label, where the process set none. Whoever sent the baggage may have forged
            them.
    """

    own: Mapping[str, str] = field(default_factory=dict[str, str])
    claimed: Mapping[str, str] = field(default_factory=dict[str, str])

    def __bool__(self) -> bool:
        return bool(self.own or self.claimed)

    def all(self) -> dict[str, str]:
        """Every label, by name, as a span carries them."""
        return {**self.claimed, **self.own}

    def over(self, other: Labels) -> Labels:
        """These labels, and those of `other` that these have no value for."""
        if not (self and other):
            return self or other
        own = {**other.own, **self.own}
        claimed = {**other.claimed, **self.claimed}
        return Labels(own, {key: value for key, value in claimed.items() if key not in own})


NO_LABELS = Labels()
"""The labels of a call that has none. Most calls share this."""

_Item = TypeVar("_Item")


class labels:  # noqa: N801 -- read as a statement: with labels(tenant="acme")
    """Label the spend of the calls that start in a `with` block: `with labels(tenant="acme"): ...`.

    A label reaches metrics and spans if `CHUNKMETER_METRIC_LABELS` names it. Labels never leave the process with a
    request. They follow Python's context into tasks and `asyncio.to_thread`, but not into the threads of a pool. In
    nested blocks the inner value wins, and None removes the outer one. The same object may be entered more than once,
    also by several threads and tasks at a time.

    A generator runs in the context of whoever iterates it, so a block around the line that makes the generator labels
    nothing. Use `labels(tenant="acme").around(generator())` instead.

    Args:
        **values: label values by name; the first 64 characters of each are used.
    """

    __slots__ = ("_values",)

    def __init__(self, /, **values: object) -> None:
        self._values = dict.fromkeys(values, "")
        for name, value in values.items():
            with unheard(f"reading the label {plain(name)}"):
                self._values[name] = _clean(value)

    def __enter__(self) -> None:
        _entered.set((*_entered.get(), self))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # A context variable's token would not do. A generator may leave the block in another context, where there is
        # nothing to undo, or while its consumer is in blocks that were entered later.
        inward = [*reversed(_entered.get())]
        if self in inward:
            inward.remove(self)
            _entered.set((*reversed(inward),))

    @overload
    def around(self, iterable: Iterable[_Item]) -> Iterator[_Item]: ...

    @overload
    def around(self, iterable: AsyncIterable[_Item]) -> AsyncIterator[_Item]: ...

    def around(self, iterable: Any) -> Any:
        """An iterator over `iterable`, with these labels while it does a step and not between its steps.

        It is sync for a sync iterable, async for an async one, both for one that is both. It asks for nothing before
        its own first step. Items and exceptions pass unchanged, and so do `send`, `throw` and `close`, and `asend`,
        `athrow` and `aclose`. Each step may be done in another thread or task.

        Args:
            iterable: a generator or a stream, or any other iterable.

        Raises:
            TypeError: `iterable` is none.
        """
        return steps(iterable, _Step(self), "labels(...).around()")

    @staticmethod
    def said() -> dict[str, str]:
        """The label values that all blocks around this code set together, by name."""
        said: dict[str, str] = {}
        for block in _entered.get():
            said.update(block._values)
        return {name: value for name, value in said.items() if value}


class _Step:
    """Runs each step of one iterator with the labels of a block, inside of whichever its user is in.

    Args:
        block: the block.
    """

    __slots__ = ("_block", "_own")

    def __init__(self, block: labels) -> None:
        self._block = block
        self._own: tuple[labels, ...] = ()  # blocks that the iterator entered in a step before, and is still in

    def __call__(self, step: Callable[..., Any], *args: Any) -> Any:
        around = (*_entered.get(), self._block)
        token = _entered.set(around + self._own)
        try:
            return step(*args)
        finally:
            del args  # an exception to throw, whose traceback will hold this frame
            self._own = _entered.get()[len(around) :]
            _entered.reset(token)


_Thing = TypeVar("_Thing", bound=Hashable)

_entered: ContextVar[tuple[labels, ...]] = ContextVar("chunkmeter_labels", default=())


class Bounded(Generic[_Thing]):
    """Lets the first `most` different things pass: names, or sets of labels.

    Each takes one of as many places. Taking one is a single step of a list, so that threads of whichever kind never
    pass the limit together, without a lock.

    Args:
        most: how many things pass.
        kind: what they are, in the plural, for the one warning at the limit.
    """

    def __init__(self, most: int, kind: str) -> None:
        self._most, self._kind = most, kind
        self._free = list(range(most))
        self._places: dict[_Thing, int] = {}

    def passes(self, thing: _Thing) -> bool:
        """Whether the thing is one of the first `most`."""
        if thing in self._places:
            return True
        try:
            place = self._free.pop()
        except IndexError:
            return thing in self._places  # another thread may have been quicker
        if self._places.setdefault(thing, place) != place:
            self._free.append(place)
        elif place == 0:  # the last
            _logger.warning(
                "%d %s have been seen; the metrics call further ones %s.", self._most, self._kind, semconv.OTHER
            )
        return True


def bounded(names: Bounded[str], name: str) -> str:
    """The name itself as a label, or `_OTHER` if it comes after the limit."""
    return name if names.passes(name) else semconv.OTHER


class Attribution:
    """Captures labels, as the settings allow them, and limits how many values the metrics show.

    Args:
        allowed: the setting `metric_labels`: `function`, label names, and label names after `baggage:`.
    """

    def __init__(self, allowed: Iterable[str]) -> None:
        names = set(allowed)
        self._function = _FUNCTION in names
        self._own = sorted({name.removeprefix(_BAGGAGE) for name in names} - {_FUNCTION})
        self._baggage = sorted(name.removeprefix(_BAGGAGE) for name in names if name.startswith(_BAGGAGE))
        self._values = {
            name: Bounded[str](_MOST, f"values of the label {name!r}")
            for name in (*self._own, semconv.CODE_FUNCTION_NAME)
        }
        self._claims = Bounded[tuple[tuple[str, str], ...]](_MOST, "label values that baggage brought")
        self._unlisted: set[str] = set()

    def capture(self, carrier: Context | None = None, tags: Iterable[str] = ()) -> Labels:
        """The labels of a call that starts now.

        Args:
            carrier: the context that holds the baggage; the current one if left out.
            tags: Mirascope tags; a tag `name:value` may become a label.
        """
        said: dict[str, str] = {}
        if _entered.get():
            said = labels.said()
            self._warn_of_unlisted(said)
        if not self._own:
            return NO_LABELS
        tagged = {name: _clean(value) for name, _, value in _split(tags) if value}
        own = {name: value for name in self._own if (value := said.get(name) or tagged.get(name))}
        claimed: dict[str, str] = {}
        for name in self._baggage:
            value = "" if name in own else _clean(baggage.get_baggage(name, carrier))
            if value:
                claimed[name] = value
        return Labels(own, claimed) if own or claimed else NO_LABELS

    def deciding(self, captured: Labels, function: object = None) -> tuple[Hashable, ...]:
        """What decides the labels that a metric gets: `bounded` gives the same where this is the same."""
        if captured is NO_LABELS and not self._function:
            return ()
        named = function if self._function and isinstance(function, str) else None
        return (named, tuple(captured.own.items()), tuple(captured.claimed.items())) if captured or named else ()

    def bounded(self, captured: Labels, function: object = None) -> dict[str, str]:
        """The labels that a metric gets: values past the limit become `_OTHER`.

        Args:
            captured: the labels captured when the call started.
            function: the name of the function that made the call; None if unknown.
        """
        own = {name: bounded(self._values[name], value) for name, value in captured.own.items()}
        if self._function and isinstance(function, str):
            # The end of a long name is kept, since functions of one module differ only there.
            own[semconv.CODE_FUNCTION_NAME] = bounded(self._values[semconv.CODE_FUNCTION_NAME], function[-text.LABEL :])
        claimed = dict(captured.claimed)
        # The whole set of labels counts as one value. So many labels from baggage make no more series than one does.
        if claimed and not self._claims.passes(tuple(sorted({**own, **claimed}.items()))):
            claimed = dict.fromkeys(claimed, semconv.OTHER)
        return {**claimed, **own}

    def _warn_of_unlisted(self, said: Iterable[str]) -> None:
        for name in said:
            if name not in self._own and name not in self._unlisted and len(self._unlisted) < _MOST_NAMED:
                self._unlisted.add(name)
                _logger.warning(
                    "labels(%s=...) has no effect: add %s to CHUNKMETER_METRIC_LABELS to have it on spend.",
                    plain(name),
                    plain(name),
                )


def _split(tags: Iterable[object]) -> list[tuple[str, str, str]]:
    """Tags `name:value` in three parts, the last in the alphabet first."""
    return [tag.partition(":") for tag in sorted((tag for tag in tags if isinstance(tag, str)), reverse=True)]


def _clean(value: object) -> str:
    """`value` as a label value; empty where it says nothing."""
    return "" if value is None else text.name(str(value), text.LABEL) or ""
