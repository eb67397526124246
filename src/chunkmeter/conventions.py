"""What differs between the released GenAI conventions and their main, and what each setting takes of it. Data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from . import semconv
from .semconv import Metric

__all__ = ["CHANGES", "HISTOGRAMS", "LATEST", "RELEASED", "SEMCONV", "Change", "Conventions"]


@dataclass(frozen=True, slots=True)
class Change:
    """A released metric, and what the conventions' main has in its place.

    Attributes:
        released: as the newest published `opentelemetry-util-genai` has it.
        latest: as main has it.
        pull_request: the one of the conventions that made the change.
    """

    released: Metric
    latest: tuple[Metric, ...]
    pull_request: int


CHANGES: Final = (
    Change(semconv.DURATION, (semconv.INFERENCE_DURATION,), 521),
    Change(semconv.TIME_TO_FIRST_CHUNK, (semconv.INFERENCE_TIME_TO_FIRST_CHUNK,), 521),
    Change(
        semconv.TOKEN_USAGE,
        (
            semconv.INFERENCE_INPUT_TOKENS,
            semconv.INFERENCE_OUTPUT_TOKENS,
            semconv.INFERENCE_CACHE_READ,
            semconv.INFERENCE_CACHE_WRITE,
            semconv.INFERENCE_REASONING,
            semconv.OPERATION_INPUT_TOKENS,
            semconv.OPERATION_OUTPUT_TOKENS,
        ),
        374,
    ),
)
"""All names that differ. No span attribute does: what main renamed last, to `cache_write`, the release has already."""


@dataclass(frozen=True, slots=True)
class Conventions:
    """One state of the GenAI conventions.

    Attributes:
        origin: where their names are read.
        metrics: those that the other state has not.
    """

    origin: str
    metrics: tuple[Metric, ...]


RELEASED: Final = Conventions("opentelemetry-util-genai 1.3b0", tuple(change.released for change in CHANGES))
LATEST: Final = Conventions(
    "semantic-conventions-genai main", tuple(metric for change in CHANGES for metric in change.latest)
)

SEMCONV: Final = {"released": (RELEASED,), "latest": (LATEST,), "both": (RELEASED, LATEST)}
"""What is spoken, by the names that the setting `semconv` has for it."""

HISTOGRAMS: Final = {
    "cost": (semconv.COST,),
    "duration": (semconv.DURATION, semconv.INFERENCE_DURATION),
    "time_to_first_chunk": (semconv.TIME_TO_FIRST_CHUNK, semconv.INFERENCE_TIME_TO_FIRST_CHUNK),
    "token_usage": (semconv.TOKEN_USAGE, semconv.OPERATION_INPUT_TOKENS, semconv.OPERATION_OUTPUT_TOKENS),
}
"""The histograms by the names that the setting `histograms` has for them, whichever conventions they are of."""
