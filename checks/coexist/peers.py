"""The other instrumentations that are tried, one row each. All use the global providers."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any, NamedTuple

from opentelemetry import trace

__all__ = ["ENVIRONMENTS", "PEERS", "WAYS", "Peer", "is_among", "peer_in", "switch_on"]

ENVIRONMENTS = ("coexist", "coexist-older", "coexist-openai-v2", "coexist-mirascope")
"""Where the peers are installed, as far as they go together; an older release of each in the second."""
WAYS = ("processor", "wrap", "hook first", "hook last", "hook and wrap")
"""How chunkmeter sees the calls: by the processor alone; by `wrap`; by its hooks, put in before the peer or after it;
by both."""
_HOOKED = ("processor", "hook first", "hook last")
_OPENAI = ("openai", "responses", "embeddings")
_SDKS = ("OpenAIInstrumentor", "AnthropicInstrumentor")
_MIRASCOPE_AND_SDKS = (*_SDKS, "GoogleGenAIInstrumentor", "MirascopeInstrumentor")
_MIRASCOPE = ("mirascope-openai", "mirascope-responses", "mirascope-anthropic", "mirascope-google")


class Peer(NamedTuple):
    """Another instrumentation.

    Attributes:
        switch_on: switches it on.
        scopes: what its instrumentation scopes begin with.
        services: those that it is asked to trace, of `calls.SERVICES`.
        environments: where it is installed.
        ways: how chunkmeter sees its calls. A framework's streams are its own, and there is nothing to wrap.
        suppresses: whether it suppresses other instrumentations while an SDK runs, so that hooks stand aside.
        of_streams: how many spans it ends for a stream, which may come a while after another.
        unseen: the calls of which it ends no span, each as some of their words: service, call, `sync` or `async`.
        untold: the calls of which its span has no tokens, in the same words.
        lacks: what the cost of its spans has to be said to lack, as they never tell it.
        may_lack: what it tells of some calls only.
        unended: the calls whose span it begins and never ends.
        twice: the calls that nothing on its span tells from others, so that they may count twice.
        broken: the calls that fail with it, whether chunkmeter is there or not.
        hooks: the classes of chunkmeter's own hooks for what it traces.
    """

    switch_on: Callable[[], None]
    scopes: tuple[str, ...]
    services: tuple[str, ...] = (*_OPENAI, "anthropic")
    environments: tuple[str, ...] = ("coexist", "coexist-older")
    ways: tuple[str, ...] = WAYS
    suppresses: bool = False
    of_streams: int = 1
    unseen: tuple[str, ...] = ()
    untold: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    may_lack: tuple[str, ...] = ()
    unended: tuple[str, ...] = ()
    twice: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    hooks: tuple[str, ...] = _SDKS


def _instrumentors(package: str) -> None:
    import_module(f"{package}.openai").OpenAIInstrumentor().instrument()
    import_module(f"{package}.anthropic").AnthropicInstrumentor().instrument()


def _openai_v2() -> None:
    import_module("opentelemetry.instrumentation.openai_v2").OpenAIInstrumentor().instrument()


def _logfire() -> None:
    logfire = import_module("logfire")
    logfire.instrument_openai()
    logfire.instrument_anthropic()


def _langfuse() -> None:
    import_module("langfuse.openai")  # the import patches
    # Nobody answers at that port: what its own processor exports is of no interest here.
    keys = {"public_key": "none", "secret_key": "none", "base_url": "http://127.0.0.1:9"}
    import_module("langfuse").Langfuse(**keys, tracer_provider=trace.get_tracer_provider())


def _litellm() -> None:
    # Else it writes on the app's span where one is current, from a thread: nowhere once the app has ended that.
    os.environ["USE_OTEL_LITELLM_REQUEST_SPAN"] = "true"
    library: Any = import_module("litellm")
    library.callbacks = ["otel"]


def _pydantic_ai() -> None:
    import_module("pydantic_ai").Agent.instrument_all()


def _mirascope_ops() -> None:
    ops = import_module("mirascope.ops")
    ops.configure(tracer_provider=trace.get_tracer_provider())
    ops.instrument_llm()


def _respan() -> None:
    import_module("respan_instrumentation_mirascope").MirascopeInstrumentor().activate()


def _anthropic() -> None:
    os.environ["ANTHROPIC_OPEN_TELEMETRY"] = "true"


PEERS: dict[str, Peer] = {
    "genai": Peer(
        lambda: _instrumentors("opentelemetry.instrumentation.genai"),
        ("opentelemetry.instrumentation.genai.", "opentelemetry.util.genai"),  # the second is that of 1.0b0
    ),
    "openai-v2": Peer(
        _openai_v2,
        ("opentelemetry.instrumentation.openai_v2",),
        services=_OPENAI,
        environments=("coexist-openai-v2", "coexist-older"),
        unseen=("responses", "parse"),
        lacks=("class:cached_tokens",),
    ),
    "openllmetry": Peer(
        lambda: _instrumentors("opentelemetry.instrumentation"),
        ("opentelemetry.instrumentation.openai", "opentelemetry.instrumentation.anthropic"),
        unseen=("anthropic break", "anthropic error sync", "anthropic parse"),
    ),
    "openinference": Peer(
        lambda: _instrumentors("openinference.instrumentation"),
        ("openinference.instrumentation.",),
    ),
    "logfire": Peer(_logfire, ("logfire.",), suppresses=True, of_streams=2),
    "langfuse": Peer(_langfuse, ("langfuse",), services=_OPENAI),
    "litellm": Peer(_litellm, ("litellm",), services=("litellm",), unseen=("break",)),
    "pydantic-ai": Peer(_pydantic_ai, ("pydantic-ai",), services=("agent",), ways=_HOOKED),
    "mirascope-ops": Peer(
        _mirascope_ops,
        ("mirascope.llm",),
        services=_MIRASCOPE,
        environments=("coexist-mirascope",),
        hooks=_MIRASCOPE_AND_SDKS,
    ),
    "respan": Peer(
        _respan,
        ("mirascope",),
        services=_MIRASCOPE,
        environments=("coexist-mirascope",),
        hooks=_MIRASCOPE_AND_SDKS,
    ),
    # Its older releases have no tracing of their own.
    "anthropic": Peer(_anthropic, ("com.anthropic.sdk.python",), services=("anthropic",), environments=("coexist",)),
}
_OLDER: dict[str, dict[str, Any]] = {
    "genai": {"unseen": ("responses parse",), "may_lack": ("class:cached_tokens",)},
    "openllmetry": {
        "unseen": ("anthropic break", "anthropic error sync", "anthropic parse", "responses parse"),
        "untold": ("anthropic stream", "anthropic helper"),
    },
    "openinference": {"unseen": ("break",), "unended": ("anthropic break",)},
    "openai-v2": {"broken": ("helper",)},
    # Its log of a stream has no response id, and may come some time after that is broken off.
    "logfire": {"twice": ("break",)},
    "langfuse": {"broken": ("break", "helper async")},  # Its streams have no `close`, nor what the helper asks of them.
    "litellm": {"broken": ("break sync",)},  # The same.
    "pydantic-ai": {"broken": ("break async",)},  # Its generators can't be closed in the middle.
}
"""In which an older release of a peer differs."""


def is_among(calls: Iterable[str], asked: object) -> bool:
    """Whether one of some calls, each as some of its words, is the one that is asked."""
    return any(set(words.split()) <= set(str(asked).split()) for words in calls)


def peer_in(environment: str, name: str) -> Peer:
    """A peer as an environment has it."""
    return PEERS[name]._replace(**_OLDER.get(name, {}) if environment == "coexist-older" else {})


def switch_on(peer: str) -> None:
    """Switch a peer on, and Anthropic's own tracing off unless that is meant."""
    os.environ["ANTHROPIC_OPEN_TELEMETRY"] = "false"
    PEERS[peer].switch_on()
