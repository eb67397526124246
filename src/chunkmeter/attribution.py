"""Who is spending: the labels that a call's spend carries beyond its model and provider.

What may become a label is allow-listed by `CHUNKMETER_METRIC_LABELS`. It is captured where a call starts: from
`labels(...)`, from the tags and the name of a Mirascope function, and from baggage. Baggage comes with requests and
goes out with them, to the LLM vendor too, so it counts only where nothing in the process says the same, and what it
adds to the metrics is bounded on its own: no number of forged values takes a place from a label set in the process.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from contextvars import Token
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from opentelemetry import baggage
from opentelemetry import context as otel_context
from opentelemetry.context import Context

from . import context, semconv
from .bounded import Bounded

__all__ = ["NO_LABELS", "Attribution", "Labels", "labels"]

_logger = logging.getLogger("chunkmeter")

_KEY = "chunkmeter.labels"
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
    OpenTelemetry's context, into tasks too, and nest: inner ones win, None takes an outer one away.

    Args:
        **values: label values by name; 64 characters of each are used.
    """

    __slots__ = ("_tokens", "_values")

    def __init__(self, **values: object) -> None:
        self._values = values
        self._tokens: list[Token[Context]] = []

    def __enter__(self) -> None:
        self._tokens.append(otel_context.attach(otel_context.set_value(_KEY, {**_said(), **self._values})))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        context.leave(self._tokens.pop())


class Attribution:
    """What may become a label, and how many values of it.

    Args:
        allowed: the setting `metric_labels`: `function`, names, and names after `baggage:`.
    """

    def __init__(self, allowed: Iterable[str]) -> None:
        names = set(allowed)
        self._none = not names
        self._function = _FUNCTION in names
        self._baggage = sorted(name.removeprefix(_BAGGAGE) for name in names if name.startswith(_BAGGAGE))
        self._own = sorted({name.removeprefix(_BAGGAGE) for name in names} - {_FUNCTION})
        kinds = [*self._own, semconv.CODE_FUNCTION_NAME]
        self._values = {name: Bounded(_MOST, f"values of the label {name!r}") for name in kinds}
        self._claims = Bounded(_MOST, "label values that baggage brought")
        self._unlisted: set[str] = set()

    def capture(
        self, carrier: Context | None = None, *, function: str | None = None, tags: Iterable[str] = ()
    ) -> Labels:
        """The labels of a call that starts now.

        Args:
            carrier: where `labels(...)` and baggage are looked up, the current context if left out.
            function: name of the function that makes the call.
            tags: Mirascope tags; of these, `name:value` is a label.
        """
        said = _said(carrier)
        if said:
            self._warn_of_unlisted(said)
        if self._none:
            return NO_LABELS
        tagged = {name: value for name, _, value in (tag.partition(":") for tag in sorted(tags, reverse=True))}
        own: dict[str, str] = {}
        for name in self._own:
            # A label taken away by None hides nothing else of that name.
            value = _clean(said[name] if said.get(name) is not None else tagged.get(name))
            if value:
                own[name] = value
        if self._function and function:
            own[semconv.CODE_FUNCTION_NAME] = _clean(function)
        claimed: dict[str, str] = {}
        for name in self._baggage:
            value = "" if name in own else _clean(baggage.get_baggage(name, carrier))
            if value:
                claimed[name] = value
        return Labels(own, claimed) if own or claimed else NO_LABELS

    def bounded(self, captured: Labels) -> dict[str, str]:
        """The labels as a metric may carry them."""
        if not captured:
            return {}
        own = {name: self._values[name].label(value) for name, value in captured.own.items()}
        claimed = dict(captured.claimed)
        # As a whole, so that many keys together make no more series than one.
        if claimed and self._claims.label(repr(sorted({**own, **claimed}.items()))) == semconv.OTHER:
            claimed = dict.fromkeys(claimed, semconv.OTHER)
        return {**claimed, **own}

    def _warn_of_unlisted(self, said: Mapping[str, object]) -> None:
        for name in said:
            if name not in self._values and name not in self._unlisted and len(self._unlisted) < _MOST_NAMED:
                self._unlisted.add(name)
                _logger.warning(
                    "labels(%s=...) has no effect: add %s to CHUNKMETER_METRIC_LABELS to have it on spend.", name, name
                )


def _said(carrier: Context | None = None) -> Mapping[str, object]:
    said = otel_context.get_value(_KEY, carrier)
    return said if isinstance(said, Mapping) else {}  # pyright: ignore[reportUnknownVariableType]


def _clean(value: Any) -> str:
    """As a label: short, and text that OTLP can carry, which one lone surrogate would keep from being sent."""
    return "" if value is None else str(value)[:_LONGEST].encode("utf-8", "replace").decode()
