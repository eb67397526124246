"""Who is spending: the labels that a call's spend carries beyond its model and provider.

What may become a label is allow-listed by `CHUNKMETER_METRIC_LABELS`. It is captured where a call starts: from
`labels(...)`, from the tags and the name of a Mirascope function, and from baggage. Baggage comes with requests and
goes out with them, to the LLM vendor too, so it counts only where nothing in the process says the same, and what it
adds to the metrics is bounded on its own: no number of forged values takes a place from a label set in the process.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import TracebackType

from opentelemetry import baggage
from opentelemetry.context import Context

from . import semconv
from .bounded import Bounded
from .guard import unheard

__all__ = ["NO_LABELS", "Attribution", "Labels", "labels"]

_logger = logging.getLogger("chunkmeter")

_LONGEST = 64
"""Characters of a value."""
_MOST = 200
"""Values a key."""
_MOST_NAMED = 100
_BAGGAGE = "baggage:"
_FUNCTION = "function"


@dataclass(frozen=True, slots=True)
class Labels:
    """The attribution of one call.

    Attributes:
        own: what the process itself says, by label.
        claimed: what baggage says of the labels that the process says nothing of; its sender may have made it up.
    """

    own: Mapping[str, str] = field(default_factory=dict[str, str])
    claimed: Mapping[str, str] = field(default_factory=dict[str, str])

    def __bool__(self) -> bool:
        return bool(self.own or self.claimed)

    def all(self) -> dict[str, str]:
        """Every label, as a span carries them."""
        return {**self.claimed, **self.own}

    def over(self, other: Labels) -> Labels:
        """These, and of the others those that these say nothing of."""
        if not (self and other):
            return self or other
        own = {**other.own, **self.own}
        claimed = {**other.claimed, **self.claimed}
        return Labels(own, {key: value for key, value in claimed.items() if key not in own})


NO_LABELS = Labels()
"""What most calls have."""


class labels:  # noqa: N801 -- read as a statement: with labels(tenant="acme")
    """Label the spend of the calls that start in a `with` block: `with labels(tenant="acme"): ...`.

    Labels reach the metrics and spans if `CHUNKMETER_METRIC_LABELS` names them. They stay in the process, follow
    Python's context into tasks and `asyncio.to_thread` (not into threads of a pool), and nest: inner ones win, None
    takes an outer one away. One object may be entered more than once, by several threads and tasks at a time.

    Args:
        **values: label values by name; 64 characters of each are used.
    """

    __slots__ = ("_values",)

    def __init__(self, /, **values: object) -> None:
        self._values = dict.fromkeys(values, "")
        for name, value in values.items():
            with unheard(f"reading the label {name}"):
                self._values[name] = _clean(value)

    def __enter__(self) -> None:
        _entered.set((*_entered.get(), self))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # Not by a token: a generator may be left in another context than it was entered in, where there is nothing to
        # undo, or after blocks that its consumer has entered since.
        inward = [*reversed(_entered.get())]
        if self in inward:
            inward.remove(self)
            _entered.set((*reversed(inward),))

    @staticmethod
    def said() -> dict[str, str]:
        """What the blocks around say together."""
        said: dict[str, str] = {}
        for block in _entered.get():
            said.update(block._values)
        return {name: value for name, value in said.items() if value}


_entered: ContextVar[tuple[labels, ...]] = ContextVar("chunkmeter_labels", default=())


class Attribution:
    """What may become a label, and how many values of it.

    Args:
        allowed: the setting `metric_labels`: `function`, names, and names after `baggage:`.
    """

    def __init__(self, allowed: Iterable[str]) -> None:
        names = set(allowed)
        self._function = _FUNCTION in names
        self._own = sorted({name.removeprefix(_BAGGAGE) for name in names} - {_FUNCTION})
        self._baggage = sorted(name.removeprefix(_BAGGAGE) for name in names if name.startswith(_BAGGAGE))
        self._values = {
            name: Bounded(_MOST, f"values of the label {name!r}") for name in (*self._own, semconv.CODE_FUNCTION_NAME)
        }
        self._claims = Bounded(_MOST, "label values that baggage brought")
        self._unlisted: set[str] = set()

    def capture(self, carrier: Context | None = None, tags: Iterable[str] = ()) -> Labels:
        """The labels of a call that starts now.

        Args:
            carrier: where baggage is looked up, the current context if left out.
            tags: Mirascope tags; of these, `name:value` is a label.
        """
        said = labels.said()
        if said:
            self._warn_of_unlisted(said)
        if not self._own:
            return NO_LABELS
        tagged = {name: _clean(value) for name, _, value in (tag.partition(":") for tag in sorted(tags)[::-1]) if value}
        own = {name: value for name in self._own if (value := said.get(name) or tagged.get(name))}
        claimed: dict[str, str] = {}
        for name in self._baggage:
            value = "" if name in own else _clean(baggage.get_baggage(name, carrier))
            if value:
                claimed[name] = value
        return Labels(own, claimed) if own or claimed else NO_LABELS

    def bounded(self, captured: Labels, function: object = None) -> dict[str, str]:
        """The labels as a metric may carry them.

        Args:
            captured: what was captured when the call started.
            function: name of the function that made the call, if it is known.
        """
        own = {name: self._values[name].label(value) for name, value in captured.own.items()}
        if self._function and isinstance(function, str):
            # The end of it: that is where functions of one module differ.
            own[semconv.CODE_FUNCTION_NAME] = self._values[semconv.CODE_FUNCTION_NAME].label(function[-_LONGEST:])
        claimed = dict(captured.claimed)
        # As a whole, so that many keys together make no more series than one.
        if claimed and self._claims.label(repr(sorted({**own, **claimed}.items()))) == semconv.OTHER:
            claimed = dict.fromkeys(claimed, semconv.OTHER)
        return {**claimed, **own}

    def _warn_of_unlisted(self, said: Iterable[str]) -> None:
        for name in said:
            if name not in self._own and name not in self._unlisted and len(self._unlisted) < _MOST_NAMED:
                self._unlisted.add(name)
                _logger.warning(
                    "labels(%s=...) has no effect: add %s to CHUNKMETER_METRIC_LABELS to have it on spend.", name, name
                )


def _clean(value: object) -> str:
    """As a label: short, and text that OTLP can carry, which one lone surrogate would keep from being sent."""
    return "" if value is None else str(value)[:_LONGEST].encode("utf-8", "replace").decode()
