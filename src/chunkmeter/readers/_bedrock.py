"""What Bedrock says beside a model's own answer: the tier that served it, and the units that guardrails checked.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_GuardrailUsage.html. Only a trace tells the units.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from ..facts.tally import Tally, quantity
from ._view import View

__all__ = ["note_guardrail_ran", "note_guardrails", "tier_of"]

# The units that are charged for; those of words, and some of sensitive information, are free,
# https://aws.amazon.com/bedrock/pricing/.
_CHARGED = (
    "topicPolicyUnits", "contentPolicyUnits", "contentPolicyImageUnits", "sensitiveInformationPolicyUnits",
    "contextualGroundingPolicyUnits", "automatedReasoningPolicyUnits",
)  # fmt: skip
# The item that stands for units that nobody told: it has no price.
_UNTOLD = "guardrail"
_DEEPEST = 8
"""A trace nests no deeper: side, guardrail, assessment, metrics, usage, and a list or two."""


def tier_of(said: View) -> str | None:
    """The tier in an answer's metadata, or in what stands beside a body; None where it names none.

    A call that was served faster for more money is of the tier `optimized`, whatever else it is.
    """
    latency = said.text("performanceConfigLatency") or said.object("performanceConfig").text("latency")
    if latency == "optimized":
        return latency
    return said.text("serviceTier") or said.object("serviceTier").text("type")


def note_guardrails(tally: Tally, trace: Any) -> None:
    """Note the units in a `trace`, as Converse or InvokeModel sends it; a later trace replaces the one before.

    Args:
        tally: what the units are noted in.
        trace: the JSON object.
    """
    guardrail = cast("Mapping[str, Any]", trace).get("guardrail") if isinstance(trace, Mapping) else None
    if isinstance(guardrail, Mapping):
        tally.use("guardrail_unit", sum(_units(guardrail)))
        tally.items.pop(_UNTOLD, None)


def note_guardrail_ran(tally: Tally) -> None:
    """Note that a guardrail has checked the call, which is charged for, where no trace has told its units."""
    if "guardrail_unit" not in tally.items:
        tally.use(_UNTOLD, 1)


def _units(guardrail: Any) -> list[float]:
    """The charged units of every assessment: of what went in and what came out, by every guardrail."""
    found: list[float] = []
    level = [guardrail]
    for _ in range(_DEEPEST):
        inner: list[Any] = []
        for value in level:
            if isinstance(value, Mapping):
                said = cast("Mapping[str, Any]", value)
                metrics = said.get("invocationMetrics")
                if isinstance(metrics, Mapping):
                    usage = View(metrics).object("usage")
                    found += [quantity(usage.get(name)) or 0 for name in _CHARGED]
                else:
                    inner += said.values()
            elif isinstance(value, list):
                inner += cast("list[Any]", value)
        level = inner
    return found
