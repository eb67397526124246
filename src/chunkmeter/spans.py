"""Which span a call's facts go on: one of its own, or somebody else's that is being recorded already."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from opentelemetry.context import Context
from opentelemetry.trace import Span, get_current_span

from . import semconv
from .call import Call
from .facts import Request
from .readers import Reader
from .telemetry import Telemetry

__all__ = ["begin"]

_CLAIMED = "_chunkmeter_claimed"


def begin(
    telemetry: Telemetry,
    request: Request,
    reader: Reader | None,
    *,
    span: Span | None = None,
    parent: Context | None = None,
    start_ns: int | None = None,
    peer: bool = False,
) -> Call:
    """Begin a call on the span that is its. To be guarded by whoever calls it.

    Args:
        telemetry: where it reports.
        request: what is known at the start.
        reader: how its chunks are read, None to tell from the first one.
        span: whose span the facts go on; left out, the current one if it records this inference and is unclaimed.
        parent: context that a span of its own starts in, the current one if left out.
        start_ns: when the request was sent, nanoseconds since the epoch; now if left out.
        peer: another instrumentation has a span for the call that can't be reached, so it gets none of its own.
    """
    with telemetry.guard("hook", "capturing labels"):
        labels = request.labels.over(telemetry.attribution.capture())
        if labels is not request.labels:
            request = replace(request, labels=labels)
    span = span or _current_inference_span(request.model)
    if span is not None:
        call = Call(telemetry, request, reader, parent=parent, span=span, mode="enriched", start_ns=start_ns)
        _claim(call)
        return call
    mode = "metrics_only" if peer else "owned"
    return Call(telemetry, request, reader, parent=parent, mode=mode, start_ns=start_ns)


def _current_inference_span(model: str | None) -> Span | None:
    """The current span, if it records an inference of this model and no other stream has claimed it."""
    span = get_current_span()
    attributes: Any = getattr(span, "attributes", None)
    if not span.is_recording() or not attributes or hasattr(span.end, _CLAIMED):
        return None
    if attributes.get(semconv.OPERATION_NAME) not in semconv.INFERENCE_OPERATIONS:
        return None
    asked: str | None = attributes.get(semconv.REQUEST_MODEL)
    return span if asked is None or model is None or asked == model else None


def _claim(call: Call) -> None:
    """Take somebody's span for this call alone: mark it, and write the facts on it just before its owner ends it."""
    span, end = call.span, call.span.end

    def publish_then_end(*args: Any, **kwargs: Any) -> None:
        call.publish()
        end(*args, **kwargs)

    if not span.is_recording():
        return
    setattr(publish_then_end, _CLAIMED, True)
    with call.telemetry.guard("hook", "claiming a span"):
        span.set_attributes({**call.request.attributes, **call.request.labels.all(), semconv.METERED: True})
        span.end = publish_then_end  # pyrefly: ignore[method-assign]
