"""`wrap`: meters the iteration of a stream, sync or async, and hands every item on untouched."""

from __future__ import annotations

import functools
from typing import Any, TypeVar, cast

from opentelemetry.trace import Span

from . import readers, semconv
from .attribution import NO_LABELS, Labels
from .call import Lease
from .context import suppressed
from .facts import Request, server
from .metered import LEASE, is_manager, is_stream, put_on, put_on_manager
from .readers import Reader
from .spans import begin
from .telemetry import Telemetry, default

__all__ = ["wrap"]

_T = TypeVar("_T")

# Streams of these packages are metered already, on a span of theirs that can't be reached from here.
_PEERS = ("opentelemetry.", "openinference.", "openlit.", "langfuse.", "logfire.")


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
        kind: type[Any] = type(stream)

        def start(*, sent: bool, asked: Labels = NO_LABELS) -> Lease | None:
            with telemetry.guard("hook", "beginning a call"):
                request = _request(stream, provider, model, reader, asked, sent=sent)
                peer = kind.__module__.startswith(_PEERS)
                return Lease(begin(telemetry, request, reader, span=span, start_ns=start_time, peer=peer))
            return None

        if is_manager(kind):
            asked = NO_LABELS
            with telemetry.guard("hook", "capturing labels"):
                asked = telemetry.attribution.capture()  # its request goes out later, maybe from another context
            return cast("_T", put_on_manager(stream, functools.partial(start, sent=True, asked=asked)))
        if not is_stream(kind):
            raise TypeError(f"{kind.__qualname__} is no stream: give wrap what is iterated, or what `with` gives it")
        lease = start(sent=start_time is not None)
        return stream if lease is None else cast("_T", put_on(stream, lease))
    return stream


def _request(
    stream: Any, provider: str | None, model: str | None, reader: Reader | None, labels: Labels, *, sent: bool
) -> Request:
    native = reader or readers.known(provider)
    # The SDK's stream has its HTTP response at hand, if it is a stream already.
    url = getattr(getattr(getattr(stream, "response", None), "_request", None), "url", None)
    host, port = server(url) if url else (None, None)
    return Request(
        operation=native.operation if native else "chat",
        provider=semconv.provider_name(provider),
        model=model,
        server_address=host,
        server_port=port,
        sent=sent,
        labels=labels,
    )
