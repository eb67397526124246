"""A server that answers each request by reading a stream, metered or bare: `python -m checks.green.app`.

What it is like stands in the environment: GREEN_LIBRARY that runs it, GREEN_PATCHED before chunkmeter is imported or
after, GREEN_METERED by `wrap` or bare, GREEN_SDK set up by hand or by the launcher, GREEN_SOCKET to listen at,
GREEN_FLUSHED if SIGTERM is left to `flush_on_exit()` alone, or to a handler after it. gunicorn takes `application`
from here, and its settings from `checks.green.hooks`.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from checks.green.watch import watch

EVENTS: list[dict[str, Any]] = [
    {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "gpt-4o-mini", **rest}
    for rest in (
        {"choices": [{"index": 0, "delta": {"content": "Faro"}, "finish_reason": None}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
        {"choices": [], "usage": {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15}},
    )
]
CHOSEN = {name: os.environ.get(f"GREEN_{name}", "") for name in ("LIBRARY", "PATCHED", "METERED", "SDK", "FLUSHED")}
metered: list[Callable[..., Any]] = []
"""`wrap`, once it is loaded; none in a bare app."""
held: list[Any] = []
"""Streams left open until the process ends."""


def load() -> None:
    """What an app imports of chunkmeter, with the fault that is asked for."""
    if CHOSEN["METERED"] == "wrap":
        import chunkmeter
        from support.faults import plant

        plant("green")
        metered.append(chunkmeter.wrap)


def set_up() -> None:
    """The SDK, where no launcher has set it up."""
    if CHOSEN["SDK"] == "hand":
        from opentelemetry import metrics, trace
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        provider = TracerProvider()
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        trace.set_tracer_provider(provider)
        metrics.set_meter_provider(MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())]))


def stream() -> Any:
    def events() -> Iterator[Any]:
        for event in EVENTS:
            time.sleep(0.005)
            yield event

    return metered[0](events(), provider="openai", model="gpt-4o-mini") if metered else events()


def read() -> None:
    for _ in stream():
        pass


def abandon() -> None:
    """In a reference cycle, which is left to the collector."""
    cycle: list[Any] = [stream()]
    cycle.append(cycle)
    next(cycle[0])


def hold() -> None:
    held.append(stream())
    next(held[-1])


def left() -> int:
    """How many calls are not settled yet."""
    if not metered:
        return 0
    from chunkmeter.reporting.telemetry import default

    return len(default().gauges.open)


WAYS: dict[str, Callable[[], object]] = {"/read": read, "/abandon": abandon, "/hold": hold, "/collect": gc.collect}


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """WSGI."""
    if environ["PATH_INFO"] in WAYS:
        WAYS[environ["PATH_INFO"]]()
    body = json.dumps({"longest": watch.longest, "left": left()}).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def spawn(function: Callable[[], object]) -> None:
    library: Any = importlib.import_module(CHOSEN["LIBRARY"])
    library.spawn(function)


def patch() -> None:
    library: Any = importlib.import_module("gevent.monkey" if CHOSEN["LIBRARY"] == "gevent" else "eventlet")
    library.patch_all() if CHOSEN["LIBRARY"] == "gevent" else library.monkey_patch()


def serve() -> None:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(os.environ["GREEN_SOCKET"])
    listener.listen(64)
    wsgi: Any = importlib.import_module("gevent.pywsgi" if CHOSEN["LIBRARY"] == "gevent" else "eventlet.wsgi")
    if CHOSEN["LIBRARY"] == "gevent":
        server = wsgi.WSGIServer(listener, application, log=None)
        end, run = server.stop, server.serve_forever
    else:
        main: Any = importlib.import_module("eventlet").getcurrent()
        end, run = partial(main.throw, SystemExit), partial(wsgi.server, listener, application, log_output=False)
    if CHOSEN["FLUSHED"] != "alone":
        # The handler may run in any green thread: another one ends the server.
        signal.signal(signal.SIGTERM, lambda *_: spawn(end))
    if CHOSEN["FLUSHED"]:
        chunkmeter: Any = importlib.import_module("chunkmeter")
        chunkmeter.flush_on_exit()
    run()


def main() -> None:
    if CHOSEN["PATCHED"] == "before":
        patch()
    load()
    set_up()
    if CHOSEN["PATCHED"] == "after":
        patch()
    watch.start()
    serve()


if __name__ == "__main__":
    main()
