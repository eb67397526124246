"""`wrap`: meters the iteration of a stream, sync or async, and hands every item on untouched."""

from __future__ import annotations

import functools
from typing import Any, TypeVar, cast

from opentelemetry.trace import Span, get_current_span

from . import readers, semconv
from .call import Call, Lease, Mode, suppressed
from .facts import Request
from .metered import LEASE, is_manager, put_on
from .readers import Reader
from .telemetry import Telemetry, default

__all__ = ["wrap"]

_T = TypeVar("_T")

# Streams of these packages are metered already, on a span of theirs that can't be reached from here.
_PEERS = ("opentelemetry.", "openinference.", "openlit.", "langfuse.", "logfire.")
_CLAIMED = "_chunkmeter_claimed"
_PORTS = {"https": 443, "http": 80}


def wrap(
    stream: _T,
    *,
    provider: str | None = None,
    model: str | None = None,
    span: Span | None = None,
    start_time: int | None = None,
    wire: str | None = None,
    telemetry: Telemetry | None = None,
) -> _T:
    """Meter a stream of chunks: the same object, with its iteration watched.

    Args:
        stream: what a provider SDK, Mirascope or a generator of raw events gives, sync or async; also a stream
            *manager*, whose `with` gives the stream.
        provider: who answers, in Mirascope's, the conventions' or genai-prices' spelling.
        model: the model asked for.
        span: a recording span to write the facts on; its owner ends it. Without it the current span is taken if it
            is an inference span nobody has claimed, else a CLIENT span of its own is made.
        start_time: when the request was sent, nanoseconds since the epoch. Without it there is no first-chunk time,
            unless the stream is a manager, which sends the request itself.
        wire: the format of the events (see `chunkmeter.readers.WIRES`); told from the first event if left out.
        telemetry: where to report; the global providers if left out.

    Returns:
        `stream` itself where Python lets its class be replaced, else a proxy whose `__class__` is the stream's.

    Raises:
        UnknownWireError: if `wire` names none.
    """
    telemetry = telemetry or default()
    reader = readers.for_wire(wire) if wire else None
    if suppressed():
        return stream
    with telemetry.guard("hook", "wrap"):
        if getattr(stream, LEASE, None) is not None:
            return stream
        begin = functools.partial(_begin, telemetry, stream, provider, model, reader, span)
        if is_manager(type(stream)):
            return cast("_T", put_on(stream, functools.partial(begin, start_time, sent=True)))
        lease = begin(start_time, sent=start_time is not None)
        try:
            return cast("_T", put_on(stream, lease))
        except Exception:
            lease.call.settle("collected")  # The stream goes on unwatched, so nobody else would end the call.
            raise
    return stream


def _begin(
    telemetry: Telemetry,
    stream: Any,
    provider: str | None,
    model: str | None,
    reader: Reader | None,
    span: Span | None,
    start_time: int | None,
    *,
    sent: bool,
) -> Lease:
    row = semconv.provider(provider)
    host, port = _server(stream)
    request = Request(
        operation=reader.operation if reader else _operation(provider),
        provider=row.name if row else None,
        model=model,
        server_address=host,
        server_port=port,
        sent=sent,
    )
    span = span or _current_inference_span(model)
    mode: Mode = "owned"
    if span is not None:
        mode = "enriched"
    elif type(stream).__module__.startswith(_PEERS):
        mode = "metrics_only"
    call = Call(telemetry, request, reader, span=span, mode=mode, start_ns=start_time)
    if mode == "enriched":
        _claim(call)
    return Lease(call)


def _operation(provider: str | None) -> str:
    try:
        return readers.for_provider(provider).operation if provider else "chat"
    except readers.UnknownWireError:
        return "chat"


def _server(stream: Any) -> tuple[str | None, int | None]:
    """Host and port that the answer comes from, where the SDK's stream has its HTTP response at hand."""
    url = getattr(getattr(getattr(stream, "response", None), "_request", None), "url", None)
    host = getattr(url, "host", None)
    if not isinstance(host, str) or not host:
        return None, None
    return host, getattr(url, "port", None) or _PORTS.get(getattr(url, "scheme", ""))


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
        span.set_attribute(semconv.METERED, value=True)
        span.end = publish_then_end
