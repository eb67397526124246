"""What the SDK's own OTLP encoders make of a kit's telemetry."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import NamedTuple

from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import ReadableSpan

from chunkmeter.testing import Kit

__all__ = ["Exported", "exported"]


class Exported(NamedTuple):
    """How large an export is.

    Attributes:
        span: the bytes of the largest span.
        metrics: the bytes of all metrics.
        refused: what the encoders could not take. They leave it out, and log it at each export.
    """

    span: int
    metrics: int
    refused: list[str]


class _Refused(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage()[:500])


def exported(kit: Kit, spans: Sequence[ReadableSpan] | None = None) -> Exported:
    """Encode what a kit has received, and say how large that is.

    Args:
        kit: the kit.
        spans: other spans to encode in place of the kit's own.

    Raises:
        ValueError: if a span or a metric can't be encoded at all.
    """
    refused, logger = _Refused(), logging.getLogger("opentelemetry")
    logger.addHandler(refused)
    try:
        sizes = [len(encode_spans([span]).SerializeToString()) for span in (kit.spans if spans is None else spans)]
        data = kit.reader.get_metrics_data()
        metrics = 0 if data is None else len(encode_metrics(data).SerializeToString())
    finally:
        logger.removeHandler(refused)
    return Exported(max(sizes, default=0), metrics, refused.said)
