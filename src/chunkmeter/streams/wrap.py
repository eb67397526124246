"""`wrap`: meters the iteration of a stream, sync or async, and hands every item on untouched."""

from __future__ import annotations

import functools
import logging
from dataclasses import replace
from typing import Any, TypeVar, cast

from opentelemetry.trace import Span

from .. import providers, readers
from ..attribution import NO_LABELS, Labels
from ..calls.begin import begin
from ..calls.call import Call
from ..calls.context import suppressed
from ..calls.lease import Lease
from ..facts.request import Request, server
from ..readers import Reader
from ..reporting.telemetry import Telemetry, default
from .managers import is_manager, put_on_manager
from .metered import note_answer
from .methods import put_on
from .peers import is_peer_s
from .replace import LEASE, held
from .responses import asked_of, is_begun, is_metered_inside, lease_of, peer_of, put_on_response, response_of
from .untold import Untold
from .whole import answer_in, is_known, is_whole, provider_of, reader_of

__all__ = ["wrap"]

_TEXTS = frozenset({str, type(None)})
_LONGEST = 512
"""How many characters of text a request has that is kept for others that are alike."""

_logger = logging.getLogger("chunkmeter")

_untold = Untold()

_T = TypeVar("_T")


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
    """Meter a stream of chunks, or count a whole answer.

    Args:
        stream: a stream, sync or async, from a provider's SDK, from Mirascope, or from a generator of raw events. Or a
            *manager*, whose `with` gives the stream. Or a whole answer: it counts as one call, also if it is given
            several times; a dict counts each time.
        provider: the name of the provider, in Mirascope's, the conventions' or genai-prices' spelling. It is believed,
            whatever the host.
        model: the name of the model asked for.
        span: a recording span to write the facts on; its owner ends it. If left out, the current span is used if it is
            an inference span that no other call uses; otherwise the call gets a CLIENT span of its own.
        start_time: when the request was sent, in nanoseconds since the epoch. Without it there is no time to first
            chunk, unless `stream` is a manager, which sends the request itself.
        wire: the format of the events, one of `chunkmeter.readers.WIRES`. If left out, the first event tells it.
        telemetry: where to report; the global OpenTelemetry providers if left out.

    Returns:
        `stream` itself, if it is a whole answer or if Python lets its class be replaced; otherwise a proxy whose
        `__class__` is the stream's.

    Raises:
        UnknownWireError: if `wire` is not the name of a wire.
    """
    telemetry = telemetry or default()
    reader = readers.for_wire(wire) if wire else None
    if suppressed():
        return stream
    with telemetry.guard("hook", "wrap"):
        if start_time is not None and not _is_time(start_time):
            _warn_of_time()
            start_time = None
        if _is_metered(stream):
            return stream
        kind: type[Any] = type(stream)

        def start(stream: Any, response: Any, *, sent: bool, asked: Labels = NO_LABELS) -> Call | None:
            with telemetry.guard("hook", "beginning a call"):
                request = _request(stream, provider, model, reader, asked, sent=sent)
                peer = type(stream).__module__ if is_peer_s(stream) else response and peer_of(response)
                call = begin(telemetry, request, reader, span=span, start_ns=start_time, peer=peer)
                call.blocks = (*call.blocks, _untold)
                return call
            return None

        def count(answer: Any) -> None:
            told, asked = reader_of(answer, reader, provider), asked_of(stream)
            who = provider or provider_of(stream) or asked.provider
            sent = start_time is not None
            request = replace(_request(answer, who, model or asked.model, told, NO_LABELS, sent=sent), stream=False)
            call = begin(telemetry, request, told, span=span, start_ns=start_time)
            call.observe(answer)
            call.settle("exhausted")
            note_answer(answer, call)
            note_answer(stream, call)

        response = response_of(stream)
        if response is not None:
            if lease_of(response) is None and not is_metered_inside(response._chunk_iterator):
                if is_begun(stream, response):
                    _warn_of_begun()
                elif (call := start(response, response, sent=start_time is not None)) is not None:
                    call.learn(asked_of(response))
                    put_on_response(response, Lease(call))
            return stream
        # A wrapt proxy, such as another instrumentation puts around a manager, has the methods of everything.
        if is_manager(kind) or (stream.__class__ is not kind and is_manager(stream.__class__)):
            asked = NO_LABELS
            with telemetry.guard("hook", "capturing labels"):
                # The manager may be entered in another context, so the labels of this one are captured now.
                asked = telemetry.attribution.capture()

            def entered(stream: Any) -> Call | None:
                return start(stream, response_of(stream), sent=True, asked=asked)

            return cast("_T", put_on_manager(stream, entered))
        if is_whole(stream):
            answer = answer_in(stream)
            if not is_known(stream, answer):
                count(answer)
            return stream
        call = start(stream, None, sent=start_time is not None)
        return stream if call is None else cast("_T", put_on(stream, Lease(call)))
    return stream


def _is_metered(stream: Any) -> bool:
    """Whether a stream has a lease, or is made of one whose call goes on, as an SDK's helper is of its raw stream."""
    if isinstance(getattr(stream, LEASE, None), Lease):
        return True
    for each in [*held(stream).values()]:
        lease = held(each).get(LEASE)
        if lease is not None and isinstance(lease, Lease) and lease.call is not None and not lease.call.ended:
            return True
    return False


def _is_time(value: object) -> bool:
    """Whether it is a number of nanoseconds that a span can begin with; another would fail a whole export."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**63


@functools.cache
def _warn_of_time() -> None:
    _logger.warning(
        "The start_time of wrap(...) is no number of nanoseconds since the epoch, and is ignored: give it what "
        "time.time_ns() returned before the request."
    )


@functools.cache
def _warn_of_begun() -> None:
    _logger.warning(
        "wrap(...) was given a response of Mirascope's, or a view of one, that has been read already. It goes "
        "unmetered: wrap a response before you ask for its first chunk."
    )


def _request(
    stream: Any, provider: str | None, model: str | None, reader: Reader | None, labels: Labels, *, sent: bool
) -> Request:
    native = reader or readers.known(provider)
    # An SDK's stream has its HTTP response here. A manager has none yet.
    url = getattr(getattr(getattr(stream, "response", None), "_request", None), "url", None)
    host, port = server(url) if url else (None, None)
    texts = provider, model, host
    # Only of text it is sure that equals say the same, and long text would fill the memory.
    may_be_kept = _TEXTS.issuperset(map(type, texts)) and sum(map(len, filter(None, texts))) <= _LONGEST
    described = _described if may_be_kept else _described.__wrapped__
    request = described(native.operation if native else "chat", provider, model, host, port, sent)
    return request if labels is NO_LABELS else replace(request, labels=labels)


@functools.lru_cache(maxsize=256)
def _described(
    operation: str, provider: str | None, model: str | None, host: str | None, port: int | None, sent: bool
) -> Request:
    """The same request for streams that are alike: what a span starts with is then worked out once."""
    return Request(
        operation=operation,
        provider=providers.provider_name(provider),
        model=model,
        server_address=host,
        server_port=port,
        sent=sent,
        named=provider is not None,
    )
