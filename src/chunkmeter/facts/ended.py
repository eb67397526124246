"""A call that is over, and what it amounts to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..pricing import CostStatus, Priced, Unpriced
from .request import Request
from .tally import Outcome, Tally, Tokens, UsageStatus

__all__ = ["Ended", "Facts", "seconds"]

_NANOSECONDS = 1e9
_TRUST: dict[UsageStatus, CostStatus] = {
    "partial": "partial", "failed": "partial", "missing": "partial", "estimated": "estimated",
}  # fmt: skip
"""How far to trust the cost of tokens, by how far to trust the tokens."""


# Not frozen, though nobody changes it: a frozen field takes twenty times as long to set. A generated `__init__` would
# have to call another function for the two durations.
@dataclass(slots=True, init=False)
class Ended:
    """A call that is over, or the state of one that is not. Times are nanoseconds since the epoch, 0 for never.

    Attributes:
        request: what was asked for.
        tally: what its chunks have said.
        outcome: what became of it, by the truth table of `tally.ENDINGS`.
        error_type: `error.type`; None where there was no error.
        start_ns: when the request was sent.
        first_ns: when the first chunk came.
        end_ns: when it was over.
        chunks: how many chunks came.
        failed: whether a reader raised an error, so that the tally can't be trusted.
        duration: seconds from start to end.
        time_to_first_chunk: seconds from the request to the first chunk, where there was one and the request's time is
            known.
    """

    request: Request
    tally: Tally
    outcome: Outcome
    error_type: str | None
    start_ns: int
    first_ns: int
    end_ns: int
    chunks: int = 0
    failed: bool = False
    duration: float = field(init=False)
    time_to_first_chunk: float | None = field(init=False)

    def __init__(
        self, request: Request, tally: Tally, outcome: Outcome, error_type: str | None, start_ns: int, first_ns: int,
        end_ns: int, chunks: int = 0, failed: bool = False,
    ) -> None:  # fmt: skip
        self.request, self.tally, self.outcome, self.error_type = request, tally, outcome, error_type
        self.start_ns, self.first_ns, self.end_ns = start_ns, first_ns, end_ns
        self.chunks, self.failed = chunks, failed
        # As `seconds` does, in less time.
        self.duration = max(0, end_ns - start_ns) / _NANOSECONDS
        timed = request.stream and request.sent and first_ns
        self.time_to_first_chunk = max(0, first_ns - start_ns) / _NANOSECONDS if timed else None


@dataclass(slots=True)  # the same
class Facts:
    """What an ended call amounts to: its tokens, how far to trust them, and its cost or why there is none.

    Attributes:
        tokens: its token counts.
        usage_status: how far to trust them.
        cost: what it cost, or why that can't be told.
        raw_reasons: the provider's own finish reasons in the order of choices; None for a choice without one.
        estimated_by: what estimated the tokens that the provider did not count; None where nothing is estimated.
        linear: whether the tokens are known to be of the classes of `pricing.tokens.LINEAR` alone, and not absurd.
        alike: what it shares with calls that are alike, as soon as `reporting` has looked for that.
    """

    tokens: Tokens
    usage_status: UsageStatus
    cost: Priced | Unpriced
    raw_reasons: list[str | None]
    estimated_by: str | None = None
    linear: bool = False
    alike: Any = field(default=None, init=False, compare=False, repr=False)

    @property
    def cost_status(self) -> CostStatus:
        """How far to trust the cost, or why there is none. The provider's own cost is known, whatever the usage is.

        Where several words fit, the first of these counts: `estimated` or `partial`, `incomplete`, `assumed`. A cost is
        `partial`, a lower bound, where the usage is, where reading failed before its end, or where it is of items.
        """
        if not isinstance(self.cost, Priced):
            return self.cost.reason
        if self.cost.source == "provider":
            return "known"
        doubt = "incomplete" if self.cost.unpriced else "assumed" if self.cost.assumed else "known"
        return _TRUST.get(self.usage_status, doubt)


def seconds(start_ns: int, end_ns: int) -> float:
    """The seconds between two clock readings in nanoseconds; 0 where the clock was set back in between."""
    return max(0, end_ns - start_ns) / _NANOSECONDS
