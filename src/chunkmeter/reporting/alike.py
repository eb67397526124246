"""The labels of calls that are alike, worked out once: nearly every call has had its like.

They are kept for as long as the same prices are in use, since these tell which models are listed. What has a place
among those that are bounded keeps it, and what came too late stays `_OTHER`: so such a call's labels never change.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable

from opentelemetry.util.types import AttributeValue

from .. import pricing, semconv
from ..attribution import Attribution
from ..facts.request import Request
from ..guard import Guard
from ..pricing import PriceFile
from ..semconv import Metric
from .instruments import Instruments, Record
from .points import Labels
from .series import Chosen, Series

__all__ = ["Alike", "Labelling"]

_MOST = 1024
"""How many kinds of calls are kept."""


class Alike:
    """The labels of calls that are alike.

    Args:
        chosen: those that all points share.
        series: bounds them.
        instruments: record the points.

    Attributes:
        chosen: the same.
        whose: those that say who is spending, which not all points have.
        failure: the label for what failed; empty where nothing did.
        port: the label for the server's port; empty where it is not known.
    """

    __slots__ = ("_instruments", "_kept", "_series", "chosen", "failure", "port", "whose")

    def __init__(self, chosen: Chosen, series: Series, instruments: Instruments) -> None:
        self.chosen, self._series, self._instruments = chosen, series, instruments
        self.whose: Labels = ()
        self.failure: Labels = ()
        self.port: Labels = ()
        self._kept: dict[tuple[str, Labels], tuple[Record | None, dict[str, AttributeValue]]] = {}

    def point(self, metric: Metric, more: Labels) -> tuple[Record | None, dict[str, AttributeValue]]:
        """What records one point, None if nothing is to; and all of its labels, which the caller may not change.

        Args:
            metric: the metric that the point is of.
            more: the point's further ones.
        """
        point = metric.name, more
        found = self._kept.get(point)
        if found is None:
            record = self._instruments.recorder(metric)
            found = self._kept[point] = record, self._series.labels(metric, self.chosen, dict(more))
        return found


class Labelling:
    """Labels calls.

    Args:
        attribution: limits the labels that say who is spending.
        prices: the user's price file.
        instruments: record the points.
        guard: keeps our failures away from the application.
    """

    def __init__(self, attribution: Attribution, prices: PriceFile, instruments: Instruments, guard: Guard) -> None:
        self._attribution, self._prices, self._instruments, self._guard = attribution, prices, instruments, guard
        self._series = Series(prices)
        self._kept: tuple[object, dict[Hashable, Alike]] = (None, {})
        """The prices in use, and what is kept by them."""

    def spending(self, request: Request) -> Alike:
        """The labels of the points that say what a call cost, and that there was one."""
        function = request.attributes.get(semconv.CODE_FUNCTION_NAME)
        whose = self._attribution.deciding(request.labels, function)

        def fill(alike: Alike) -> None:
            alike.whose = tuple(self._attribution.bounded(request.labels, function).items())
            alike.chosen.strange.update(request.labels.claimed)
            self._asked(alike.chosen, request)

        return self._alike((request.operation, request.provider, request.model, whose), request, fill)

    def measured(self, request: Request, response_model: str | None, error_type: str | None) -> Alike:
        """The labels of all other points.

        Args:
            request: what was asked for.
            response_model: the model that answered, None if it isn't known.
            error_type: `error.type`, None where nothing failed.
        """
        claimed = tuple(request.labels.claimed)

        def fill(alike: Alike) -> None:
            alike.chosen.strange.update(claimed)
            self._asked(alike.chosen, request)
            if error_type:
                alike.failure = tuple(self._series.error(alike.chosen, error_type).items())
            if request.server_address:
                port = self._series.server(alike.chosen, request.server_address, request.server_port)
                alike.port = tuple(port.items())
            if response_model:
                self._series.model(alike.chosen, semconv.RESPONSE_MODEL, response_model, request.provider)

        deciding = (
            request.operation, request.provider, request.model, request.server_address, request.server_port,
            response_model, error_type, claimed,
        )  # fmt: skip
        return self._alike(deciding, request, fill)

    def _asked(self, chosen: Chosen, request: Request) -> None:
        if request.provider:
            self._series.provider(chosen, request.provider)
        if request.model:
            self._series.model(chosen, semconv.REQUEST_MODEL, request.model, request.provider)

    def _alike(self, deciding: Hashable, request: Request, fill: Callable[[Alike], None]) -> Alike:
        found: Alike | None = None
        with self._guard("settle", "labelling"):
            in_use, (by_prices, kept) = pricing.in_use(self._prices), self._kept
            if by_prices != in_use:
                kept = {}
                self._kept = in_use, kept
            found = kept.get(deciding)
            if found is None:
                found = self._none(request)
                fill(found)
                if len(kept) >= _MOST:
                    kept.clear()
                kept[deciding] = found
        return found or self._none(request)

    def _none(self, request: Request) -> Alike:
        return Alike(Chosen(request.operation), self._series, self._instruments)
