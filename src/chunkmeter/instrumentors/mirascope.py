"""Mirascope 1.20 to 1.x: every stream and every plain call, metered once, from the provider's raw events.

Class attributes and module globals that Mirascope looks up at call time are replaced, so functions decorated or
imported before `instrument()` are metered too:

- `BaseStream.__init__/__iter__/__aiter__`, which every provider's stream passes through, own a stream's call;
- `get_create_fn`, `get_async_create_fn` and LiteLLM's `completion`, `acompletion` make the request: plain calls are
  metered there, and a stream's raw events are seen there before Mirascope withholds or repeats some;
- `create_factory` and `stream_factory` serve the providers that have no such function (Anthropic), for functions
  decorated later;
- `BaseCallResponse.__init__` is the last resort, for Anthropic's plain calls decorated earlier: made afterwards.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from itertools import product
from typing import Any

from opentelemetry import context as otel_context
from opentelemetry.context import Context
from opentelemetry.instrumentation.instrumentor import BaseInstrumentor
from opentelemetry.trace import get_current_span

from .. import readers
from ..call import Call, Lease, current_call
from ..context import suppressed
from ..guard import unheard
from ..metered import LEASE
from ..settings import Settings
from ..spans import begin
from ..telemetry import Telemetry, for_providers
from ._include_usage import Asking
from ._mirascope_site import Site, current_site, new_site
from ._mirascope_streams import LazyAsync, answered, await_answer, iterate, tap_raw
from ._patches import Patches
from ._request import Endpoint, client_extras, endpoint

__all__ = ["MirascopeInstrumentor"]

_logger = logging.getLogger("chunkmeter")
_METERED = "_chunkmeter_metered"
_MILLISECOND = 1_000_000

# Providers by where their request is made: by `get_create_fn`, or by the function that OpenAI's set-up gives them.
_CREATORS = ("openai", "groq", "google", "azure", "bedrock", "cohere", "mistral", "gemini", "vertex")
_BORROWERS = ("xai", "litellm")


class MirascopeInstrumentor(BaseInstrumentor):
    """Meters Mirascope's calls.

    `instrument()` takes `tracer_provider` and `meter_provider`, the global ones if left out, and every field of
    `chunkmeter.Settings`.
    """

    _hooks: _Hooks | None = None

    def instrumentation_dependencies(self) -> tuple[str, ...]:
        """Nothing: an unknown version of Mirascope is warned about, it doesn't stop the plugin from loading."""
        return ()

    def _instrument(self, **kwargs: Any) -> None:
        with unheard("instrumenting Mirascope"):
            chosen = {name: kwargs[name] for name in Settings.__dataclass_fields__ if kwargs.get(name) is not None}
            telemetry = for_providers(
                kwargs.get("tracer_provider"), kwargs.get("meter_provider"), Settings.load(**chosen) if chosen else None
            )
            if _supported():
                self._hooks = _Hooks(telemetry)
                self._hooks.install()
                telemetry.announce("Mirascope 1.x hooked")

    def _uninstrument(self, **kwargs: Any) -> None:
        if self._hooks is not None:
            self._hooks.remove()
            self._hooks = None


def _supported() -> bool:
    try:
        found = version("mirascope")
    except PackageNotFoundError:
        return False
    if found.startswith("1.") and int(found.split(".")[1]) >= 20:
        return True
    _logger.warning(
        "Mirascope %s is installed; this version of chunkmeter meters Mirascope 1.20 to 1.x only, so its calls go "
        "unmetered. Install 'mirascope>=1.20,<2', or wrap provider streams with chunkmeter.wrap.",
        found,
    )
    return False


class _Hooks:
    """What is called in place of Mirascope's own functions."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
        self._patches = Patches(telemetry)
        self._asking = Asking()

    def install(self) -> None:
        """Put every hook in place, those of modules that are not imported yet when they are."""
        put, core = self._patches.put, "mirascope.core"
        put(f"{core}.base._utils", "setup_call", self._on_setup)
        put(f"{core}.base.stream", "BaseStream.__init__", self._on_stream)
        put(f"{core}.base.stream", "BaseStream.__iter__", self._on_iter)
        put(f"{core}.base.stream", "BaseStream.__aiter__", self._on_aiter)
        put(f"{core}.base._create", "get_metadata", self._on_finishing)
        put(f"{core}.base.call_response", "BaseCallResponse.__init__", self._on_response)
        for provider in _BORROWERS:
            put(f"{core}.{provider}._utils._setup_call", "setup_call_openai", partial(self._on_provider, provider))
        for name in ("completion", "acompletion"):
            put(f"{core}.litellm._utils._setup_call", name, self._on_request)
        for module in ("_call_factory", "_extract", "_extract_with_tools"):
            put(f"{core}.base.{module}", "create_factory", self._on_factory)
        for module in ("_call_factory", "structured_stream"):
            put(f"{core}.base.{module}", "stream_factory", self._on_factory)
        for provider, name in product(_CREATORS, ("get_create_fn", "get_async_create_fn")):
            put(f"{core}.{provider}._utils._setup_call", name, partial(self._on_create_fn, provider))

    def remove(self) -> None:
        """Put Mirascope's own back. Streams that are open go on, unmetered from their next iteration."""
        self._patches.remove()

    # --- before the request ---

    def _on_setup(self, wrapped: Callable[..., Any], instance: Any, args: Any, kwargs: Any) -> Any:
        """`_utils.setup_call(fn, fn_args, dynamic_config, ...)`: a decorated function is being called."""
        site = new_site()
        with self._telemetry.guard("hook", "reading the function"):
            given = {**dict(zip(("fn", "fn_args", "dynamic_config"), args, strict=False)), **kwargs}
            site.note_function(self._telemetry, given["fn"], given.get("dynamic_config"))
        return wrapped(*args, **kwargs)

    def _on_provider(self, provider: str, wrapped: Callable[..., Any], instance: Any, args: Any, kwargs: Any) -> Any:
        """A provider that borrows OpenAI's setup names itself."""
        result = wrapped(*args, **kwargs)
        site = current_site()
        if site is not None:
            site.provider = provider
            if provider == "litellm":
                # It sets an OpenAI client up, and sends its requests elsewhere.
                site.endpoint = Endpoint()
        return result

    def _on_create_fn(self, provider: str, wrapped: Callable[..., Any], instance: Any, args: Any, kwargs: Any) -> Any:
        """`get_create_fn(method, ...)`: the function that will send the request is being made."""
        create, site = wrapped(*args, **kwargs), current_site()
        with self._telemetry.guard("hook", "reading the client"):
            if site is not None:
                site.provider = provider
                site.endpoint = endpoint(args[0])
                site.extras = client_extras(args[0])
        return self._metered(create, site)

    def _on_factory(self, wrapped: Callable[..., Any], instance: Any, args: Any, kwargs: Any) -> Any:
        """`create_factory`, `stream_factory`: what their `setup_call` returns first sends the request."""
        setup, response_type = kwargs.get("setup_call"), kwargs.get("TCallResponse")
        if setup is None:
            return wrapped(*args, **kwargs)

        def metered_setup(*setup_args: Any, **setup_kwargs: Any) -> Any:
            result = setup(*setup_args, **setup_kwargs)
            with self._telemetry.guard("hook", "reading the request function"):
                create, site = result[0], current_site()
                if self._patches.active and site is not None and not hasattr(create, _METERED):
                    site.provider = getattr(response_type, "_provider", None)
                    site.endpoint = endpoint(create)
                    return (self._metered(create, site), *result[1:])
            return result

        return wrapped(*args, **{**kwargs, "setup_call": metered_setup})

    def _on_request(self, wrapped: Callable[..., Any], instance: Any, args: Any, kwargs: Any) -> Any:
        """LiteLLM's `completion` and `acompletion`, which send the request themselves."""
        return self._request(wrapped, current_site(), args, kwargs)

    # --- plain calls, and the raw events of streams ---

    def _metered(self, create: Callable[..., Any], site: Site | None) -> Callable[..., Any]:
        def metered(*args: Any, **kwargs: Any) -> Any:
            return self._request(create, site, args, kwargs)

        setattr(metered, _METERED, True)
        return metered

    def _request(self, create: Callable[..., Any], site: Site | None, args: Any, kwargs: Any) -> Any:
        if kwargs.get("stream"):
            call = current_call()
            if call is None:
                return create(*args, **kwargs)
            result, hides = self._asking.send(call, site, create, args, kwargs)
            # LiteLLM's function is reached through a factory's too: one tap is enough.
            return result if call.raw_tapped else tap_raw(call, result, hides)
        # The same: a site is metered once.
        if not self._patches.active or suppressed() or site is None or site.metered:
            return create(*args, **kwargs)
        call = self._begin(site, site.provider, kwargs, stream=False, parent=None)
        if call is None:
            return create(*args, **kwargs)
        site.metered = True
        try:
            result = call.send(create, *args, **kwargs)
        except BaseException as error:
            call.fail(error)
            raise
        if inspect.isawaitable(result):
            return await_answer(Lease(call), result)
        answered(call, result)
        return result

    def _on_finishing(self, wrapped: Callable[..., Any], instance: Any, args: Any, kwargs: Any) -> Any:
        """`_create.get_metadata(...)`: the answer to a plain call is there and about to be packed."""
        site = current_site()
        if site is not None:
            site.finishing = not site.metered
        return wrapped(*args, **kwargs)

    def _on_response(self, wrapped: Callable[..., Any], instance: Any, args: Any, kwargs: Any) -> Any:
        """`BaseCallResponse(...)`: the last chance to meter a plain call whose request was not seen."""
        site = current_site()
        if site is not None and site.finishing and self._patches.active and not suppressed():
            site.finishing = False
            with self._telemetry.guard("hook", "metering an answer"):
                provider: str | None = getattr(instance, "_provider", None)
                start_ns, end_ns = (int(kwargs[name] * _MILLISECOND) for name in ("start_time", "end_time"))
                call = self._begin(site, provider, kwargs["call_kwargs"], stream=False, parent=None, start_ns=start_ns)
                if call is not None:
                    call.observe(kwargs["response"])
                    call.settle("exhausted", at_ns=end_ns)
        return wrapped(*args, **kwargs)

    # --- streams ---

    def _on_stream(self, wrapped: Callable[..., Any], instance: Any, args: Any, kwargs: Any) -> Any:
        """`BaseStream(...)`: a stream was asked for; its request goes out when it is iterated."""
        with self._telemetry.guard("hook", "noting a stream"):
            site = current_site()
            if site is not None:
                site.parent = otel_context.get_current()
                instance.__dict__[LEASE] = site
        return wrapped(*args, **kwargs)

    def _on_iter(self, wrapped: Callable[..., Any], instance: Any, args: Any, kwargs: Any) -> Any:
        return self._iterate(instance, wrapped(*args, **kwargs))

    def _iterate(self, stream: Any, items: Iterator[Any]) -> Iterator[Any]:
        # A generator, so that nothing begins before the first item is asked for: that sends the request.
        lease = self._lease(stream)
        yield from items if lease is None else iterate(lease, items)

    def _on_aiter(self, wrapped: Callable[..., Any], instance: Any, args: Any, kwargs: Any) -> Any:
        return LazyAsync(partial(self._lease, instance), wrapped(*args, **kwargs))

    def _lease(self, stream: Any) -> Lease | None:
        """The lease of a stream's call, begun now if this is its first iteration; None where it goes unmetered."""
        held = stream.__dict__.get(LEASE)
        if isinstance(held, Lease):
            return held if self._patches.active else None
        if not isinstance(held, Site) or not self._patches.active or suppressed():
            return None
        call = self._begin(held, stream.provider, stream.call_kwargs, stream=True, parent=held.parent)
        if call is None:
            return None
        lease = stream.__dict__[LEASE] = Lease(call)
        return lease

    # --- facts ---

    def _begin(
        self,
        site: Site,
        provider: str | None,
        parameters: Any,
        *,
        stream: bool,
        parent: Context | None,
        start_ns: int | None = None,
    ) -> Call | None:
        with self._telemetry.guard("hook", "beginning a call"):
            reader = readers.known(provider)
            operation, estimate = reader.operation if reader else "chat", self._telemetry.settings.estimate
            request = site.request(operation, provider, parameters, stream=stream, estimate=estimate)
            # A stream may be handed out by one context and read in another (a web framework's response): the
            # reader's span is the parent if there is one, else that of whoever asked for the stream.
            if parent is None or get_current_span().get_span_context().is_valid:
                parent = otel_context.get_current()
            return begin(self._telemetry, request, reader, parent=parent, start_ns=start_ns)
        return None
