"""The points of calls that are alike, with their labels, worked out once."""

from __future__ import annotations

from collections.abc import Container, Hashable

from opentelemetry.util.types import AttributeValue

from .. import semconv
from ..attribution import NO_LABELS, Attribution
from ..facts.ended import Ended, Facts
from ..facts.request import Request
from ..guard import Guard
from ..pricing import PriceFile
from ..semconv import Conventions, Metric
from .attributes import one_reason
from .instruments import Instruments, Record
from .points import Labels, Slot, measured_slots, spent_slots
from .series import Chosen, Series

__all__ = ["Labelled", "Labelling"]

_FROM_A_SPAN = (semconv.USAGE_SOURCE, "span")

_Point = tuple[Record, dict[str, AttributeValue]]
_Place = tuple[Slot, Chosen]


class Labelled:
    """The points of calls that are alike and spend on the same behalf.

    Args:
        places: their metrics, each with its further labels, and with the labels that it shares with others.
        series: bounds them.
        instruments: record the points.

    Attributes:
        points: by place, what records the point; and all of its labels, which nobody may change. None until such a
            point is recorded: a series that no call has takes none of those that are bounded.
    """

    __slots__ = ("_instruments", "_places", "_series", "points")

    def __init__(self, places: list[_Place], series: Series, instruments: Instruments) -> None:
        self._places, self._series, self._instruments = places, series, instruments
        self.points: list[_Point | None] = [None] * len(places)

    def metric(self, place: int) -> Metric:
        """The metric of the point at a place."""
        return self._places[place][0][0]

    def point(self, place: int) -> _Point:
        """Work the point of a place out, and keep it."""
        (metric, more), chosen = self._places[place]
        found = self._instruments.recorder(metric) or _unrecorded, self._series.labels(metric, chosen, dict(more))
        self.points[place] = found
        return found


def _unrecorded(*_: object) -> None:
    """What records the point of a metric that is switched off."""


class Labelling:
    """Labels calls.

    Args:
        attribution: limits the labels that say who is spending.
        prices: the user's price file.
        instruments: record the points.
        guard: keeps our failures away from the application.
        spoken: the conventions that are switched on.

    Attributes:
        by_labels_alone: whether a call without labels spends on nobody's behalf, whichever function makes it.
    """

    def __init__(
        self,
        attribution: Attribution,
        prices: PriceFile,
        instruments: Instruments,
        guard: Guard,
        spoken: Container[Conventions],
    ) -> None:
        self._attribution, self._instruments, self._guard, self._spoken = attribution, instruments, guard, spoken
        self._series = Series(prices)
        self.by_labels_alone = attribution.deciding(NO_LABELS, "a function") == ()

    def deciding(self, request: Request, *, foreign: bool = False) -> Hashable:
        """What decides the points of a call, but for its kind.

        Args:
            request: what was asked for.
            foreign: as `of` takes it.
        """
        whose = self._attribution.deciding(request.labels, request.attributes.get(semconv.CODE_FUNCTION_NAME))
        return (_FROM_A_SPAN, whose) if foreign else whose

    def of(self, ended: Ended, facts: Facts, *, foreign: bool = False) -> tuple[Labelled, bool]:
        """The points of a call. Those that say that there was a call, and what it cost, come first.

        Args:
            ended: the call.
            facts: what the call amounts to.
            foreign: whether the call was read from another instrumentation's span, which its labels then tell. Then it
                has no other points.

        Returns:
            The points, and whether none of their labels is missing.
        """
        bare = Chosen(ended.request.operation)
        known = self._spent(ended, facts, foreign=foreign)
        places = [(slot, bare) for slot in spent_slots(ended, facts, (), ())] if known is None else known
        if foreign:
            return Labelled(places, self._series, self._instruments), known is not None
        further = self._measured(ended, facts)
        is_whole = known is not None and further is not None
        if further is None:
            further = [(slot, bare) for slot in measured_slots(self._spoken, facts.usage_status, (), ())]
        return Labelled([*places, *further], self._series, self._instruments), is_whole

    def _spent(self, ended: Ended, facts: Facts, *, foreign: bool) -> list[_Place] | None:
        request = ended.request
        try:
            function = request.attributes.get(semconv.CODE_FUNCTION_NAME)
            whose = tuple(self._attribution.bounded(request.labels, function).items())
            whose = (*whose, _FROM_A_SPAN) if foreign else whose
            chosen, reason = self._chosen(request), (*one_reason(ended, facts).items(),)
            return [(slot, chosen) for slot in spent_slots(ended, facts, whose, reason)]
        except Exception as error:  # noqa: BLE001 -- a guard would not say that it failed
            self._guard.failed("settle", "labelling", error)
            return None

    def _measured(self, ended: Ended, facts: Facts) -> list[_Place] | None:
        request, response_model = ended.request, ended.tally.response_model
        failure: Labels = ()
        port: Labels = ()
        try:
            chosen = self._chosen(request)
            if ended.error_type:
                failure = tuple(self._series.error(chosen, ended.error_type).items())
            if request.server_address:
                port = tuple(self._series.server(chosen, request.server_address, request.server_port).items())
            if response_model:
                self._series.model(chosen, semconv.RESPONSE_MODEL, response_model, request.provider)
            return [(slot, chosen) for slot in measured_slots(self._spoken, facts.usage_status, failure, port)]
        except Exception as error:  # noqa: BLE001 -- the same
            self._guard.failed("settle", "labelling", error)
            return None

    def _chosen(self, request: Request) -> Chosen:
        chosen = Chosen(request.operation)
        chosen.strange.update(request.labels.claimed)
        if request.provider:
            self._series.provider(chosen, request.provider)
        if request.model:
            self._series.model(chosen, semconv.REQUEST_MODEL, request.model, request.provider)
        return chosen
