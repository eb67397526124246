"""Metered apps that do what standard input says, a command a line, and say on standard output what they counted.

Real SDK, real OTLP exporters (`OTEL_EXPORTER_OTLP_PROTOCOL`), streams of scripted chunks. An app is a process forked
before the SDK is set up, which saves the imports: a line of JSON, `environment` and the file of its `errors`, begins
one, `end` ends it. It says its `pid`, `call SECONDS` for each call as soon as it is made, so that the truth is known
however it ends, and `done` after each command; its parent says `ended STATUS`.
"""

from __future__ import annotations

import atexit
import importlib
import json
import multiprocessing
import os
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Any, NoReturn

from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

import chunkmeter

EVENTS: list[dict[str, Any]] = [
    {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "gpt-4o-mini", **rest}
    for rest in (
        {"choices": [{"index": 0, "delta": {"content": "Faro"}, "finish_reason": None}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
        {"choices": [], "usage": {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15}},
    )
]
held: list[Any] = []
"""Streams left open until the process ends."""
_together: list[Any] = []
"""In a pool's worker, a barrier at which each waits for all, so that none takes the work of two."""


def exporters() -> tuple[Callable[[], Any], Callable[[], Any]]:
    """What makes those of metrics and of spans."""
    package = "opentelemetry.exporter.otlp.proto." + os.environ["OTEL_EXPORTER_OTLP_PROTOCOL"].partition("/")[0]
    measuring = importlib.import_module(f"{package}.metric_exporter")
    return measuring.OTLPMetricExporter, importlib.import_module(f"{package}.trace_exporter").OTLPSpanExporter


def warm_up() -> None:
    """Load what the first call would, not to take that for the time of a call."""
    _ = chunkmeter.wrap
    chunkmeter.price(chunkmeter.Usage(input_tokens=12, output_tokens=3), model="gpt-4o-mini", provider="openai")


def set_up() -> None:
    measured, traced = exporters()
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(traced()))
    trace.set_tracer_provider(provider)
    metrics.set_meter_provider(MeterProvider([PeriodicExportingMetricReader(measured())]))
    warm_up()


def say(text: str) -> None:
    os.write(1, f"{text}\n".encode())  # Whole lines, also from children; nothing is held back in a buffer.


def stream() -> Any:
    def events() -> Iterator[Any]:
        yield from EVENTS

    return chunkmeter.wrap(events(), provider="openai", model="gpt-4o-mini")


def calls(count: int) -> None:
    for _ in range(count):
        began = time.perf_counter()
        for _ in stream():
            pass
        say(f"call {time.perf_counter() - began:.6f}")


def hold() -> None:
    """A call whose stream is still open when the process ends."""
    began = time.perf_counter()
    held.append(stream())
    next(held[-1])
    say(f"call {time.perf_counter() - began:.6f}")


def child(count: int, method: str, how: list[str]) -> None:
    """What a `multiprocessing` child does: makes calls, leaves a stream open, ends."""
    for barrier in _together:
        barrier.wait(60)
    if method != "fork":
        set_up()
        if "helper" in how:
            chunkmeter.flush_on_exit(30)
    if count:
        calls(count)
        hold()
    if "terminate" in how:
        os.kill(os.getpid(), signal.SIGTERM)
    if "terminate-waiting" in how:
        terminate_waiting()
    if "raise" in how:
        raise LookupError("unhandled")


def terminate_waiting() -> None:
    """SIGTERM as the main thread begins to wait in C for what never comes. As good: another thread gets it."""

    def terminate() -> None:
        time.sleep(0.2)
        signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

    threading.Thread(target=terminate, daemon=True).start()
    multiprocessing.get_context("fork").Semaphore(0).acquire()


def leave() -> NoReturn:
    """End as `sys.exit` does, but for the time that a forked interpreter takes to be taken apart."""
    atexit._run_exitfuncs()
    os._exit(0)


def fork(children: int, count: int) -> None:
    """Workers forked as a prefork server does: each makes its calls and leaves, its exit hooks run."""
    # Python 3.12 and newer warn of the SDK's threads, which export in the background.
    warnings.filterwarnings("ignore", r"This process \(pid=\d+\) is multi-threaded", DeprecationWarning, "__main__")
    pids: list[int] = []
    for _ in range(children):
        pid = os.fork()
        if pid == 0:
            calls(count)
            leave()
        pids.append(pid)
    for pid in pids:
        os.waitpid(pid, 0)


def process(method: str, count: int, how: list[str]) -> None:
    made: Callable[..., Any] = multiprocessing.get_context(method).Process  # pyrefly: ignore[missing-attribute]
    one = made(target=child, args=(count, method, how))
    one.start()
    one.join()
    if {"terminate", "terminate-waiting"} & {*how} and one.exitcode not in (-signal.SIGTERM, signal.SIGTERM):
        raise AssertionError(f"the child ended with {one.exitcode}")


def pool(how: str, children: int, count: int) -> None:
    """Forked workers of a pool, each of which makes its calls and leaves a stream open.

    Python's own `with` ends those of a `multiprocessing.Pool` by SIGTERM; closed, and in an executor, they return.
    """
    warnings.filterwarnings("ignore", r"This process \(pid=\d+\) is multi-threaded", DeprecationWarning)
    context = multiprocessing.get_context("fork")
    work = [(count, "fork", [])] * children
    started: Any = {"initializer": _together.append, "initargs": (context.Barrier(children),)}
    if how == "executor":
        with ProcessPoolExecutor(children, mp_context=context, **started) as executor:
            list(executor.map(child, *zip(*work, strict=True)))
        return
    with context.Pool(children, **started) as workers:
        workers.starmap(child, work, chunksize=1)
        if how == "closed":
            workers.close()
            workers.join()


def terminate_in_a_lock() -> None:
    """SIGTERM in the middle of a collection, whose lock the main thread holds and no flush can do without."""
    with metrics.get_meter_provider()._measurement_consumer._lock:  # pyrefly: ignore[missing-attribute]
        os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(60)


def handle(number: int, _: object) -> None:
    """A handler of the app's own, which leaves by a way that runs no exit hooks."""
    os._exit(number)


def obey(command: str, *words: str) -> None:
    match command:
        case "calls":
            calls(int(words[0]))
        case "hold":
            hold()
        case "helper":
            chunkmeter.flush_on_exit(*map(float, words))
        case "helper-in-a-thread":
            thread = threading.Thread(target=chunkmeter.flush_on_exit)
            thread.start()
            thread.join()
        case "process":
            process(words[0], int(words[1]), list(words[2:]))
        case "pool":
            pool(words[0], int(words[1]), int(words[2]))
        case "fork":
            fork(int(words[0]), int(words[1]))
        case "handle":
            signal.signal(signal.SIGTERM, handle)
        case "ignore":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        case "terminate":
            os.kill(os.getpid(), signal.SIGTERM)
        case "terminate-in-a-lock":
            terminate_in_a_lock()
        case "raise":
            raise LookupError("unhandled")
        case _:
            os._exit(0)


def app(environment: dict[str, str], errors: str) -> NoReturn:
    os.dup2(os.open(errors, os.O_WRONLY | os.O_APPEND), 2)
    os.environ.update(environment)
    set_up()
    say(f"pid {os.getpid()}")
    for line in lines:
        if line.strip() == b"end":
            break
        obey(*line.decode().split())
        say("done")
    leave()


lines = open(0, "rb", buffering=0, closefd=False)  # noqa: SIM115 - apps and parent read the same, and nothing ahead

if __name__ == "__main__":
    exporters()
    warm_up()
    for begin in lines:
        if not begin.startswith(b"{"):
            continue  # Left over, in whole or in part, from an app that had ended before it was told.
        pid = os.fork()
        if pid == 0:
            app(**json.loads(begin))
        say(f"ended {os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}")
