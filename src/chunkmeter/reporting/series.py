"""The labels of a call's points: who may have chosen each, and how many series such choices may make.

The SDK keeps 2,000 series a metric. It adds all further ones up without any label, and so would lose sight of a tenant
whose spend has a ceiling. Hence whoever may choose a model, a host or baggage, or what errors are raised, gets a part
of these series only. When that part is full, what they chose reads `_OTHER`; who is spending is always told.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.util.types import AttributeValue

from .. import pricing, providers, semconv
from ..attribution import Bounded, bounded
from ..pricing import PriceFile
from ..semconv import Metric

__all__ = ["Chosen", "Series"]

_NAMES = 100
"""How many different names of a kind pass that nothing lists."""
_STRANGE = 300
"""How many series of a metric may have a name that nothing lists."""
_STRANGE_BYTES = 512
"""How long the names that nothing lists may be in one such series, all together."""
_LISTED = 1_200
"""How many further series of a metric may have a model that only the bundled price table lists."""
_HTTPS = 443

_Labels = dict[str, AttributeValue]


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of series: how many of it a metric may have, and which those are."""

    most: int
    said: str
    by_metric: dict[str, Bounded[int]] = field(default_factory=dict[str, Bounded[int]])


class Chosen:
    """The labels that the points of a call share, and who may have chosen them.

    Args:
        operation: the call's `gen_ai.operation.name`.

    Attributes:
        labels: the labels.
        strange: the names of those whose values nothing lists.
        listed: the names of those whose values only the bundled price table lists. They are many, too.
    """

    __slots__ = ("labels", "listed", "strange")

    def __init__(self, operation: str) -> None:
        self.labels: _Labels = {semconv.OPERATION_NAME: operation}
        self.strange: set[str] = set() if operation in semconv.OPERATIONS else {semconv.OPERATION_NAME}
        self.listed: set[str] = set()


class Series:
    """Bounds the series of one set of instruments.

    Args:
        prices: the user's price file. The models that it names are known for sure.
    """

    def __init__(self, prices: PriceFile) -> None:
        self._prices = prices
        self._models = Bounded[str](_NAMES, "models that no price table lists")
        self._providers = Bounded[str](_NAMES, "providers that the conventions don't name")
        self._hosts = Bounded[tuple[str, int | None]](_NAMES, "hosts that are no provider's own")
        self._errors = Bounded[str](_NAMES, "classes of errors that no module has")
        self._strange = _Kind(_STRANGE, "with names that nothing lists")
        self._listed = _Kind(_LISTED, "with models of the bundled price table")

    def provider(self, chosen: Chosen, name: str) -> None:
        """Label the call with its provider."""
        if providers.is_provider(name):
            chosen.labels[semconv.PROVIDER_NAME] = name
        else:
            self._put(chosen, semconv.PROVIDER_NAME, bounded(self._providers, name))

    def model(self, chosen: Chosen, label: str, model: str, provider: str | None) -> None:
        """Label the call with a model.

        Args:
            chosen: the call's labels.
            label: the label's name: the model asked for or the one that answered.
            model: its name.
            provider: who serves it; None if unknown.
        """
        if not pricing.knows(model, provider, self._prices):
            self._put(chosen, label, bounded(self._models, model))
            return
        chosen.labels[label] = model
        if not self._prices.knows(providers.provider_name(provider), model):
            chosen.listed.add(label)

    def server(self, chosen: Chosen, address: str, port: int | None) -> _Labels:
        """Label the call with its host.

        Returns:
            The label of the host's port, for those points that have one.
        """
        known = address in providers.HOSTS and port in (None, _HTTPS)
        if known:
            chosen.labels[semconv.SERVER_ADDRESS] = address
        elif self._hosts.passes((address, port)):
            self._put(chosen, semconv.SERVER_ADDRESS, address)
            chosen.strange.add(semconv.SERVER_PORT)
        else:
            self._put(chosen, semconv.SERVER_ADDRESS, semconv.OTHER)
            return {}
        return {semconv.SERVER_PORT: port} if port else {}

    def error(self, chosen: Chosen, kind: str) -> _Labels:
        """The label of what failed, for those points that have one."""
        if kind == semconv.STREAM_INTERRUPTED or _is_defined(kind):
            return {semconv.ERROR_TYPE: kind}
        chosen.strange.add(semconv.ERROR_TYPE)
        return {semconv.ERROR_TYPE: bounded(self._errors, kind)}

    def labels(self, metric: Metric, chosen: Chosen, more: Mapping[str, AttributeValue]) -> _Labels:
        """The labels of one point.

        Args:
            metric: the metric that the point is of.
            chosen: the labels that all points of the call share.
            more: the point's further ones.
        """
        labels = {**chosen.labels, **more}
        strange = [name for name in chosen.strange if name in labels]
        if strange:
            length = sum(len(str(labels[name]).encode()) for name in strange)
            if length <= _STRANGE_BYTES and self._admit(self._strange, metric, labels):
                return labels
            if semconv.SERVER_PORT in strange:
                del labels[semconv.SERVER_PORT]  # its values are numbers
            labels |= {name: semconv.OTHER for name in strange if name in labels}
        if chosen.listed and not self._admit(self._listed, metric, labels):
            labels |= dict.fromkeys(chosen.listed, semconv.OTHER)
        return labels

    def _admit(self, kind: _Kind, metric: Metric, labels: _Labels) -> bool:
        """Whether a metric may have this series, as one of a kind."""
        bound = kind.by_metric.get(metric.name)
        if bound is None:
            bound = kind.by_metric.setdefault(metric.name, Bounded(kind.most, f"series of {metric.name} {kind.said}"))
        # The labels of a metric come in one order, so that they need not be sorted.
        return bound.passes(hash((*labels, *labels.values())))

    def _put(self, chosen: Chosen, label: str, value: str) -> None:
        chosen.labels[label] = value
        chosen.strange.add(label)


def _is_defined(kind: str) -> bool:
    """Whether a class of errors is a loaded module's. One that is made at run time, with any name, is found nowhere."""
    path = kind.split(".")
    for cut in range(len(path) - 1, -1, -1):
        module = sys.modules.get(".".join(path[:cut]) or "builtins")
        if module is not None:
            found: Any = module
            for name in path[cut:]:
                found = getattr(found, "__dict__", {}).get(name)
            return isinstance(found, type) and issubclass(found, BaseException)
    return False
