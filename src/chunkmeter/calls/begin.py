"""Begins a call, and chooses the span for its facts: one of its own, or one that somebody else records already."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from opentelemetry.context import Context, get_current
from opentelemetry.trace import Span, get_current_span, set_span_in_context
from opentelemetry.util.types import AttributeValue

from .. import foreign, semconv
from ..facts.request import Request
from ..readers import Reader
from ..reporting.attributes import start_attributes
from ..reporting.telemetry import SCOPE, Telemetry
from .beside import begun, mark_beside
from .call import Call
from .context import span_in
from .flush import watch_first_calls
from .run import WITHIN, attempt_in

__all__ = ["adopt", "begin", "is_recorded"]

_CLAIMED = "_chunkmeter_claimed"

watch_first_calls()


def begin(
    telemetry: Telemetry,
    request: Request,
    reader: Reader | None,
    *,
    span: Span | None = None,
    parent: Context | None = None,
    start_ns: int | None = None,
    peer: str | None = None,
    library: str | None = None,
    here: Context | None = None,
) -> Call:
    """Begin a call. The caller must guard this: it may raise.

    Args:
        telemetry: where the call reports.
        request: what is known of the call at its start.
        reader: how its chunks are read; None to tell from the first chunk.
        span: somebody else's span to write the facts on. If left out, the current span is used, or that of `parent`,
            where it records this inference and no other call has claimed it; otherwise the call gets one of its own.
        parent: the context in which a span of its own starts; the current context if left out.
        start_ns: when the request was sent, in nanoseconds since the epoch; now if left out.
        peer: the module of another instrumentation's stream that the call is of. That has a span for the call, which
            can't be reached, and so the call gets none of its own.
        library: the library whose hook begins the call; None where the application does.
        here: the current context, of whoever has asked for it already.
    """
    if here is None:
        here = get_current()
    if parent is None:
        parent = here
    try:
        labels = telemetry.attribution.capture(here)
        if labels is not request.labels and (labels := request.labels.over(labels)) is not request.labels:
            request = replace(request, labels=labels)
    except Exception as error:  # noqa: BLE001 -- here and below as a guard does it, in less time
        telemetry.guard.failed("hook", "capturing labels", error)
    attempt = attempt_in(parent) if WITHIN in parent else None
    if attempt is not None:
        with telemetry.guard("hook", "joining a run"):
            request = replace(request, attributes={**request.attributes, **attempt.attributes})
            parent = attempt.place(parent)
    current = span_in(here)
    around = current if parent is here else span_in(parent)
    theirs = span or _inference_span(current, request)
    if theirs is None and around is not current:
        theirs = _inference_span(around, request)
    mode = "enriched" if theirs is not None else "metrics_only" if peer else "owned"
    call = Call(
        telemetry, request, reader, parent=parent, span=theirs, mode=mode, start_ns=start_ns, library=library,
        peer=None if theirs is not None else peer, attempt=attempt,
    )  # fmt: skip
    if theirs is not None:
        _claim(call, {} if theirs is span else _unnamed(theirs, request))
    elif not peer:
        try:
            mark_beside(call, around, _records)
            begun(call)
        except Exception as error:  # noqa: BLE001
            telemetry.guard.failed("hook", "looking for spans beside", error)
    return call


def adopt(call: Call, span: Span) -> None:
    """Have a call that has no span write on one that begins while its request is sent, as it is the call's own.

    Args:
        call: the call. One that has a span is left as it is.
        span: another instrumentation's.
    """
    if call.mode == "metrics_only" and span.is_recording() and not call.ended:
        call.mode, call.span = "enriched", span
        call.context = set_span_in_context(span, call.context)
        _claim(call, _unnamed(span, call.request))


def _inference_span(span: Span, request: Request) -> Span | None:
    """A current span, if it is somebody else's, records this inference in some dialect, and is unclaimed.

    Of the operations that answer any may be meant, since the wire may not be known yet. All others are their own:
    whoever answers may ask for embeddings on the way.
    """
    return span if _is_free(span) and _records(span, request) else None


def is_recorded(context: Context | None = None) -> bool:
    """Whether somebody else's current span, or that of a context, records an inference, and no call has claimed it."""
    span: Any = get_current_span(context)
    return _is_free(span) and foreign.read(span.attributes) is not None


def _is_free(span: Any) -> bool:
    """Whether it is somebody else's span, which tells something and is not claimed."""
    if not span.is_recording():
        return False
    return bool(getattr(span, "attributes", None) and not hasattr(span.end, _CLAIMED) and not _is_ours(span))


def _records(span: Any, request: Request) -> bool:
    """Whether a span records the inference that a request asks for, in some dialect."""
    theirs = foreign.read(span.attributes or {})
    if theirs is None:
        return False
    operation, asked = theirs[0].operation, theirs[0].model
    if operation != request.operation and not {operation, request.operation} <= semconv.ANSWER_OPERATIONS:
        return False
    return asked is None or request.model is None or asked == request.model


def _is_ours(span: Span) -> bool:
    """Whether we started the span. It then belongs to another call of ours, whose request is being sent."""
    scope: Any = getattr(span, "instrumentation_scope", None)
    return scope is not None and scope.name == SCOPE


def _unnamed(span: Any, request: Request) -> dict[str, AttributeValue]:
    """What a call's span starts with, for a span of a dialect without these names: whoever reads them finds it too."""
    if semconv.OPERATION_NAME in span.attributes:
        return {}
    return {name: value for name, value in start_attributes(request).items() if name not in span.attributes}


def _claim(call: Call, added: dict[str, AttributeValue]) -> None:
    """Claim the span for this call alone: mark it, and have the facts published just before its owner ends it."""
    span, end = call.span, call.span.end

    def publish_then_end(*args: Any, **kwargs: Any) -> None:
        if not call.ended and span.is_recording():
            with call.telemetry.guard("settle", "publishing"):
                told = foreign.read(span.attributes or {})  # pyrefly: ignore[missing-attribute]
                call.telemetry.write(span, *call.so_far(told and told[1]), status=False)
        end(*args, **kwargs)

    if not span.is_recording():
        return
    setattr(publish_then_end, _CLAIMED, True)
    with call.telemetry.guard("hook", "claiming a span"):
        span.set_attributes({**added, **call.request.attributes, **call.request.labels.all(), semconv.METERED: True})
        span.end = publish_then_end  # pyrefly: ignore[method-assign]
