"""What calls that are alike share, worked out once: nearly every call has had its like.

It is kept for as long as the same prices are in use, since these tell which models are listed. What has a place among
the labels that are bounded keeps it, and what came too late stays `_OTHER`: so such a call's labels never change.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from ..facts.ended import Ended, Facts
from ..pricing import Priced
from .labelled import Labelled

__all__ = ["Alike", "Kinds"]

_MOST = 2048
"""How many kinds of calls are kept, and how many sets of labels of all of them together: more than the series that the
SDK keeps of a metric."""
_MOST_CHOICES = 16
"""What a call with more choices has is not kept: each has a reason of its own."""


class Alike:
    """What calls of one kind share.

    Attributes:
        is_kept: whether another such call finds it.
        written: by the names of the attributes that a call has for itself: what their spans say besides these, and the
            names of those that are lists.
        labelled: their points, by what decides who is spending.
    """

    __slots__ = ("is_kept", "labelled", "written")

    def __init__(self, *, is_kept: bool) -> None:
        self.is_kept = is_kept
        self.written: dict[tuple[str, ...], tuple[dict[str, Any], tuple[str, ...]]] = {}
        self.labelled: dict[Hashable, Labelled] = {}


class Kinds:
    """Finds what a call shares with those that are alike. Never raises."""

    def __init__(self) -> None:
        self._in_use: object = None
        """The prices by which these are worked out:"""
        self._kept: dict[Hashable, Alike] = {}
        self._sets = 0
        """How many sets of labels these have. Two threads at once may count one too few."""

    def renew(self, in_use: object) -> None:
        """Forget what was worked out by other prices than those in use."""
        if self._in_use != in_use:
            self._forget()
            self._in_use = in_use

    def of(self, ended: Ended, facts: Facts) -> Alike:
        """What a call shares with its like.

        Args:
            ended: the call.
            facts: what the call amounts to.
        """
        if facts.alike is None:
            try:
                facts.alike = self._found(ended, facts)
            except Exception:  # noqa: BLE001 -- what a failed reader has left may be no key
                facts.alike = Alike(is_kept=False)
        return facts.alike

    def keep(self, alike: Alike, whose: Hashable, labelled: Labelled) -> None:
        """Keep the points of a call for the next one of its kind that spends on the same behalf."""
        if self._sets >= _MOST:
            self._forget()
        alike.labelled[whose] = labelled
        self._sets += 1

    def _forget(self) -> None:
        self._kept, self._sets = {}, 0

    def _found(self, ended: Ended, facts: Facts) -> Alike:
        request, tally, cost, kept = ended.request, ended.tally, facts.cost, self._kept
        if len(facts.raw_reasons) > _MOST_CHOICES:
            return Alike(is_kept=False)
        # All that decides what is kept; `written` and `labelled` have further keys.
        kind = (
            request.operation, request.provider, request.model, request.tier, request.server_address,
            request.server_port, tally.response_model, tally.wire, tally.service_tier, tally.region,
            tally.block_reason, bool(tally.reasons), ended.outcome, ended.error_type, facts.usage_status,
            facts.estimated_by, facts.cost_status, (facts.tokens.cache_write_tokens or 0) > 0,
            (
                cost.version, cost.model, cost.currency, cost.source, cost.multiplier, cost.unpriced,
                tuple(cost.split),
            ) if isinstance(cost, Priced) else None,
            *facts.raw_reasons,
        )  # fmt: skip
        alike = kept.get(kind)
        if alike is None:
            if len(kept) >= _MOST:
                self._forget()
            alike = self._kept[kind] = Alike(is_kept=True)
        return alike
