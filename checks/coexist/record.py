"""Records the spans that other instrumentations make, so that tests without them can play these.

`make coexist ARGS=--record` records those in its environment, each in a process of its own; `ARGS="--record logfire"`
some. `python -m checks.coexist.record PEER` records one in the environment that it is run in, which needs the peer,
what it traces and the SDK. A recording goes to tests/foreign/recorded/PEER-VERSION.json; those of other versions stay,
as apps still use these.

Written otherwise than they were: the replay server's address as the provider's own, ids as numbers, times as
microseconds since the first span of a call. Stack traces are left out.
"""

from __future__ import annotations

import gc
import json
import os
import re
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider

from checks.coexist.peers import PEERS as BESIDE
from checks.coexist.record_agents import AGENTS
from checks.coexist.record_calls import CALLS, HOSTS
from replay import server

FOLDER = Path(__file__).parents[2] / "tests" / "foreign" / "recorded"
PYTHON = Path(".venv-coexist/bin/python")
_QUIET, _PATIENCE = 0.5, 10.0
"""Seconds without a further span after which all of a call are there; and after which there is none to come."""
_LEFT_OUT = ("exception.stacktrace", "error.stack_trace")


class Peer(NamedTuple):
    """An instrumentation that is recorded.

    Attributes:
        packages: the distributions that the recording depends on, the peer's own first.
        sdks: keys of `CALLS` and `AGENTS`.
        switch_on: sets it up on the global tracer provider.
    """

    packages: tuple[str, ...]
    sdks: tuple[str, ...]
    switch_on: Callable[[], None]


def _instrumentor(*classes: str) -> Callable[[], None]:
    def switch_on() -> None:
        for name in classes:
            module, _, found = name.rpartition(".")
            getattr(import_module(module), found)().instrument()

    return switch_on


def _logfire() -> None:
    logfire = import_module("logfire")
    logfire.configure(send_to_logfire=False, console=False, metrics=False, additional_span_processors=[_Kept.one])
    logfire.instrument_openai()
    logfire.instrument_anthropic()


def _litellm() -> None:
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else it would fetch its prices
    callback = import_module("litellm.integrations.opentelemetry")
    litellm: Any = import_module("litellm")
    litellm.callbacks = [callback.OpenTelemetry(tracer_provider=trace.get_tracer_provider())]


def _google_adk() -> None:
    os.environ["GOOGLE_API_KEY"] = "none"  # it uses the global provider by itself


def _pydantic_ai() -> None:
    import_module("pydantic_ai").Agent.instrument_all()


_OTEL, _OI = "opentelemetry.instrumentation", "openinference.instrumentation"
_GENAI_OPENAI = f"{_OTEL}.genai.openai.OpenAIInstrumentor"
_GENAI_ANTHROPIC = f"{_OTEL}.genai.anthropic.AnthropicInstrumentor"
_OI_OPENAI, _OI_ANTHROPIC = f"{_OI}.openai.OpenAIInstrumentor", f"{_OI}.anthropic.AnthropicInstrumentor"
_OTEL_PACKAGE, _OI_PACKAGE = "opentelemetry-instrumentation", "openinference-instrumentation"

PEERS: dict[str, Peer] = {
    "genai-openai": Peer((f"{_OTEL_PACKAGE}-genai-openai", "openai"), ("openai",), _instrumentor(_GENAI_OPENAI)),
    "genai-anthropic": Peer(
        (f"{_OTEL_PACKAGE}-genai-anthropic", "anthropic"), ("anthropic",), _instrumentor(_GENAI_ANTHROPIC)
    ),
    "openllmetry-openai": Peer(
        (f"{_OTEL_PACKAGE}-openai", "openai"), ("openai",), _instrumentor(f"{_OTEL}.openai.OpenAIInstrumentor")
    ),
    "openllmetry-anthropic": Peer(
        (f"{_OTEL_PACKAGE}-anthropic", "anthropic"),
        ("anthropic",),
        _instrumentor(f"{_OTEL}.anthropic.AnthropicInstrumentor"),
    ),
    "openinference-openai": Peer((f"{_OI_PACKAGE}-openai", "openai"), ("openai",), _instrumentor(_OI_OPENAI)),
    "openinference-anthropic": Peer(
        (f"{_OI_PACKAGE}-anthropic", "anthropic"), ("anthropic",), _instrumentor(_OI_ANTHROPIC)
    ),
    "logfire": Peer(("logfire", "openai", "anthropic"), ("openai", "anthropic"), _logfire),
    "langfuse": Peer(("langfuse", "openai"), ("openai",), BESIDE["langfuse"].switch_on),
    "anthropic": Peer(("anthropic",), ("anthropic",), BESIDE["anthropic"].switch_on),
    # Two at once: each call has two inference spans, of which one is counted.
    "genai-and-openinference": Peer(
        (f"{_OTEL_PACKAGE}-genai-openai", f"{_OI_PACKAGE}-openai", "openai", "anthropic"),
        ("openai", "anthropic"),
        _instrumentor(_GENAI_OPENAI, _OI_OPENAI, _GENAI_ANTHROPIC, _OI_ANTHROPIC),
    ),
    # Of environments of their own.
    "openai-v2": Peer(
        (f"{_OTEL_PACKAGE}-openai-v2", "openai"), ("openai",), _instrumentor(f"{_OTEL}.openai_v2.OpenAIInstrumentor")
    ),
    "litellm": Peer(("litellm", "openai"), ("litellm",), _litellm),
    "pydantic-ai": Peer(("pydantic-ai-slim", "openai", "anthropic"), ("pydantic_ai",), _pydantic_ai),
    "openinference-langchain": Peer(
        (f"{_OI_PACKAGE}-langchain", "langchain", "langchain-openai"),
        ("langchain",),
        _instrumentor(f"{_OI}.langchain.LangChainInstrumentor"),
    ),
    "google-adk": Peer(("google-adk", "google-genai"), ("google_adk",), _google_adk),
    "openllmetry-langchain": Peer(
        (f"{_OTEL_PACKAGE}-langchain", "langchain", "langchain-openai"),
        ("langchain",),
        _instrumentor(f"{_OTEL}.langchain.LangchainInstrumentor"),
    ),
    "mirascope-ops": Peer(
        ("mirascope", "openai", "anthropic", "google-genai"), ("mirascope",), BESIDE["mirascope-ops"].switch_on
    ),
    "respan": Peer(
        ("respan-instrumentation-mirascope", "mirascope", "openai", "anthropic", "google-genai"),
        ("mirascope",),
        BESIDE["respan"].switch_on,
    ),
}
_ELSEWHERE = (
    "openai-v2", "litellm", "pydantic-ai", "openinference-langchain", "openllmetry-langchain", "google-adk",
    "mirascope-ops", "respan",
)  # fmt: skip


class _Kept(SpanProcessor):
    """Keeps every span that ends."""

    one: _Kept

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        self.spans.append(span)

    def taken(self) -> list[ReadableSpan]:
        """Those of one call, once none has come for a while: some peers tell of it in a thread of their own."""
        began = last = time.monotonic()
        count = 0
        while time.monotonic() - last < _QUIET or (not count and time.monotonic() - began < _PATIENCE):
            if len(self.spans) != count:
                count, last = len(self.spans), time.monotonic()
            time.sleep(0.01)
        taken, self.spans = self.spans, []
        return taken


_Kept.one = _Kept()


def _written(spans: Sequence[ReadableSpan], port: int, host: str) -> list[dict[str, Any]]:
    """The spans as they stand in the recording, in the order in which they ended."""
    first = min((span.start_time or 0 for span in spans), default=0)
    numbers: dict[int, int] = {}
    here = re.compile(rf"http://127\.0\.0\.1:{port}(/id/[^/\"\\\s]*|/openai|/google)?")

    def number(of: int) -> int:
        return numbers.setdefault(of, len(numbers) + 1)

    def value(name: str, said: Any) -> Any:
        if name == "server.port" and said == port:
            return 443
        if isinstance(said, str):
            return host if said == "127.0.0.1" else here.sub(f"https://{host}", said)
        return [value(name, each) for each in said] if isinstance(said, list | tuple) else said

    def attributes(said: Any) -> dict[str, Any]:
        return {name: value(name, given) for name, given in (said or {}).items() if name not in _LEFT_OUT}

    def one(span: ReadableSpan) -> dict[str, Any]:
        context, scope, parent = span.get_span_context(), span.instrumentation_scope, span.parent
        assert context
        assert scope
        assert span.start_time
        assert span.end_time
        return {
            "scope": scope.name,
            "name": span.name,
            "kind": span.kind.name,
            "trace": number(context.trace_id),
            "id": number(context.span_id),
            "parent": number(parent.span_id) if parent else None,
            "start": (span.start_time - first) // 1000,
            "end": (span.end_time - first) // 1000,
            "status": span.status.status_code.name,
            "attributes": attributes(span.attributes),
            "events": [
                {"name": e.name, "time": (e.timestamp - first) // 1000, "attributes": attributes(e.attributes)}
                for e in span.events
            ],
        }

    return [one(span) for span in spans]


def record(name: str) -> Path:
    """Record one peer in this process, and give the file."""
    peer = PEERS[name]
    os.environ["ANTHROPIC_OPEN_TELEMETRY"] = "false"
    if name != "logfire":  # It makes the tracer provider itself.
        provider = TracerProvider()
        provider.add_span_processor(_Kept.one)
        trace.set_tracer_provider(provider)
    peer.switch_on()
    calls: dict[str, Any] = {}
    with server.start() as played:
        for sdk in peer.sdks:
            for title, call in {**CALLS, **AGENTS}[sdk].items():
                call.run(played)
                gc.collect()
                spans = _written(_Kept.one.taken(), played.port, HOSTS.get(call.service, "api.openai.com"))
                calls[f"{sdk}, {title}"] = {"scenarios": call.scenarios, "spans": spans}
                print(f"{name}: {sdk}, {title}: {len(spans)} spans", flush=True)
    told = {"packages": {package: version(package) for package in peer.packages}, "calls": calls}
    path = FOLDER / f"{name}-{version(peer.packages[0])}.json"
    FOLDER.mkdir(exist_ok=True)
    path.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")
    return path


def everything(words: Sequence[str]) -> int:
    """Record those peers that `make coexist` has and whose name has these words, each in a process of its own."""
    names = [name for name in PEERS if name not in _ELSEWHERE and all(word in name for word in words)]
    failed = [name for name in names if subprocess.call([str(PYTHON), "-m", "checks.coexist.record", name])]
    print(f"not recorded: {' and '.join(failed)}" if failed else f"{len(names)} recorded")
    return 1 if failed or not names else 0


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    record(sys.argv[1])
    sys.stdout.flush()
    os._exit(0)  # Some peers would wait for a server that isn't there.
