"""The points of calls that are alike, worked out once: nearly every call has had its like.

They are kept for as long as the same prices are in use, since these tell which models are listed. What has a place
among those that are bounded keeps it, and what came too late stays `_OTHER`: so such a call's labels never change.
"""

from __future__ import annotations

from collections.abc import Container, Hashable

from opentelemetry.util.types import AttributeValue

from .. import pricing, semconv
from ..attribution import Attribution
from ..facts.ended import Ended, Facts
from ..facts.request import Request
from ..guard import Guard
from ..pricing import Priced, PriceFile
from ..semconv import Conventions
from .attributes import one_reason
from .instruments import Instruments, Record
from .points import Labels, Slot, measured_slots, spent_slots
from .series import Chosen, Series

__all__ = ["Alike", "Labelling"]

_MOST = 2048
"""How many kinds of calls are kept: more than the series that the SDK keeps of a metric."""
_WIDEST = 32
"""What tells more of a kind is not kept: an answer may have any number of choices, each with its reason."""
_FROM_A_SPAN = (semconv.USAGE_SOURCE, "span")

_Point = tuple[Record | None, dict[str, AttributeValue]]


class Alike:
    """The points of calls that are alike.

    Args:
        chosen: the labels that all of them share.
        slots: their metrics, with their further labels.
        series: bounds them.
        instruments: record the points.

    Attributes:
        slots: the same.
        points: by slot, what records the point, None if nothing is to; and all of its labels, which nobody may change.
            None until such a point is recorded: a series that no call has takes no place.
    """

    __slots__ = ("_chosen", "_instruments", "_series", "points", "slots")

    def __init__(self, chosen: Chosen, slots: tuple[Slot, ...], series: Series, instruments: Instruments) -> None:
        self._chosen, self.slots, self._series, self._instruments = chosen, slots, series, instruments
        self.points: list[_Point | None] = [None] * len(slots)

    def point(self, place: int) -> _Point:
        """Work the point of a slot out, and keep it."""
        metric, more = self.slots[place]
        found = self._instruments.recorder(metric), self._series.labels(metric, self._chosen, dict(more))
        self.points[place] = found
        return found


class Labelling:
    """Labels calls.

    Args:
        attribution: limits the labels that say who is spending.
        prices: the user's price file.
        instruments: record the points.
        guard: keeps our failures away from the application.
        spoken: the conventions that are switched on.
    """

    def __init__(
        self,
        attribution: Attribution,
        prices: PriceFile,
        instruments: Instruments,
        guard: Guard,
        spoken: Container[Conventions],
    ) -> None:
        self._attribution, self._prices, self._instruments, self._guard = attribution, prices, instruments, guard
        self._spoken = spoken
        self._series = Series(prices)
        self._in_use: object = None
        """The prices by which these are worked out:"""
        self._spending: dict[Hashable, Alike] = {}
        self._measured: dict[Hashable, Alike] = {}

    def renew(self) -> None:
        """Forget what was worked out by other prices than those in use. Called before a call's points are labelled."""
        try:
            in_use = pricing.in_use(self._prices)
            if self._in_use != in_use:
                self._spending, self._measured = {}, {}
                self._in_use = in_use
        except Exception as error:  # noqa: BLE001 -- as a guard does it, in less time
            self._guard.failed("settle", "labelling", error)

    def spending(self, ended: Ended, facts: Facts, *, foreign: bool) -> Alike:
        """The points that say that there was a call, and what it cost.

        Args:
            ended: the call.
            facts: what the call amounts to.
            foreign: whether the call was read from another instrumentation's span, which its labels then tell.
        """
        request, tally, cost, kept = ended.request, ended.tally, facts.cost, self._spending
        try:
            function = request.attributes.get(semconv.CODE_FUNCTION_NAME)
            kind = (
                request.operation, request.provider, request.model,
                self._attribution.deciding(request.labels, function), foreign, ended.outcome, facts.usage_status,
                facts.cost_status, (cost.currency, cost.source) if isinstance(cost, Priced) else None, tally.wire,
                tally.block_reason, *facts.raw_reasons,
            )  # fmt: skip
            found = kept.get(kind)
            if found is None:
                whose = tuple(self._attribution.bounded(request.labels, function).items())
                whose = (*whose, _FROM_A_SPAN) if foreign else whose
                chosen = self._chosen(request)
                found = self._made(chosen, spent_slots(ended, facts, whose, (*one_reason(ended, facts).items(),)))
                _keep(kept, kind, found)
        except Exception as error:  # noqa: BLE001 -- as a guard does it, in less time
            self._guard.failed("settle", "labelling", error)
            found = self._made(Chosen(request.operation), spent_slots(ended, facts, (), ()))
        return found

    def measured(self, ended: Ended, facts: Facts) -> Alike:
        """All other points.

        Args:
            ended: the call.
            facts: what the call amounts to.
        """
        request, response_model, kept = ended.request, ended.tally.response_model, self._measured
        try:
            kind = (
                request.operation, request.provider, request.model, request.server_address, request.server_port,
                response_model, ended.error_type, facts.usage_status, *request.labels.claimed,
            )  # fmt: skip
            found = kept.get(kind)
            if found is None:
                failure: Labels = ()
                port: Labels = ()
                chosen = self._chosen(request)
                if ended.error_type:
                    failure = tuple(self._series.error(chosen, ended.error_type).items())
                if request.server_address:
                    port = tuple(self._series.server(chosen, request.server_address, request.server_port).items())
                if response_model:
                    self._series.model(chosen, semconv.RESPONSE_MODEL, response_model, request.provider)
                found = self._made(chosen, measured_slots(self._spoken, facts.usage_status, failure, port))
                _keep(kept, kind, found)
        except Exception as error:  # noqa: BLE001 -- as a guard does it, in less time
            self._guard.failed("settle", "labelling", error)
            found = self._made(Chosen(request.operation), measured_slots(self._spoken, facts.usage_status, (), ()))
        return found

    def _chosen(self, request: Request) -> Chosen:
        chosen = Chosen(request.operation)
        chosen.strange.update(request.labels.claimed)
        if request.provider:
            self._series.provider(chosen, request.provider)
        if request.model:
            self._series.model(chosen, semconv.REQUEST_MODEL, request.model, request.provider)
        return chosen

    def _made(self, chosen: Chosen, slots: tuple[Slot, ...]) -> Alike:
        return Alike(chosen, slots, self._series, self._instruments)


def _keep(kept: dict[Hashable, Alike], kind: tuple[Hashable, ...], alike: Alike) -> None:
    if len(kind) > _WIDEST:
        return
    if len(kept) >= _MOST:
        kept.clear()
    kept[kind] = alike
