"""Mirascope 1.x: every stream and every plain call, metered once, from the provider's raw events.

Class attributes and module globals that Mirascope looks up at call time are replaced, so functions decorated or
imported before `instrument()` are metered too:

- `BaseStream.__init__/__iter__/__aiter__`, which every provider's stream passes through, own a stream's call;
- `get_create_fn`, `get_async_create_fn` and LiteLLM's `completion`, `acompletion` make the request: plain calls are
  metered there, and a stream's raw events are seen there before Mirascope withholds or repeats some;
- `create_factory` and `stream_factory` serve the providers that have no such function (Anthropic), for functions
  decorated later;
- `BaseCallResponse.__init__` is the last resort, for Anthropic's plain calls decorated earlier: their span is made
  afterwards, on success only.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Protocol

import wrapt
from opentelemetry import context as otel_context
from opentelemetry.context import Context
from opentelemetry.instrumentation.instrumentor import BaseInstrumentor  # pyright: ignore[reportMissingTypeStubs]
from opentelemetry.trace import get_current_span
from opentelemetry.util.types import AttributeValue

from .. import readers, semconv
from ..attribution import NO_LABELS
from ..call import Call, Lease, current_call
from ..context import suppressed
from ..facts import Request
from ..guard import unheard
from ..metered import LEASE
from ..settings import Settings
from ..spans import begin
from ..telemetry import Telemetry, for_providers
from ._mirascope_streams import LazyAsync, answered, await_answer, iterate, tap_raw
from ._request import Endpoint, endpoint, request_attributes

__all__ = ["MirascopeInstrumentor"]

_logger = logging.getLogger("chunkmeter")
_METERED = "_chunkmeter_metered"
_MILLISECOND = 1_000_000


class _Site:
    """One call of a decorated function: what is known of it before its request."""

    __slots__ = ("attributes", "endpoint", "finishing", "labels", "metered", "parent", "provider")

    def __init__(self) -> None:
        self.attributes: dict[str, AttributeValue] = {}
        self.endpoint = Endpoint()
        self.labels = NO_LABELS
        self.provider: str | None = None
        self.parent: Context | None = None
        self.metered = False
        self.finishing = False


_site: ContextVar[_Site | None] = ContextVar("chunkmeter_mirascope_site", default=None)


class _Wrapper(Protocol):
    def __call__(self, wrapped: Callable[..., Any], instance: Any, args: Any, kwargs: Any) -> Any: ...


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
    if found.split(".")[0] == "1":
        return True
    _logger.warning(
        "Mirascope %s is installed; this version of chunkmeter meters Mirascope 1.x only, so its calls go "
        "unmetered. Install 'mirascope<2', or wrap provider streams with chunkmeter.wrap.",
        found,
    )
    return False


class _Hooks:
    """What is put in place of Mirascope's own, and taken away again."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
        self._active = False
        self._patched: list[tuple[Any, str, Any, bool]] = []

    def install(self) -> None:
        """Put every hook in place, those of modules that are not imported yet when they are."""
        self._active = True
        core = "mirascope.core"
        hooks: list[tuple[str, str, _Wrapper]] = [
            (f"{core}.base._utils", "setup_call", self._on_setup),
            (f"{core}.base.stream", "BaseStream.__init__", self._on_stream),
            (f"{core}.base.stream", "BaseStream.__iter__", self._on_iter),
            (f"{core}.base.stream", "BaseStream.__aiter__", self._on_aiter),
            (f"{core}.base._create", "get_metadata", self._on_finishing),
            (f"{core}.base.call_response", "BaseCallResponse.__init__", self._on_response),
            (f"{core}.xai._utils._setup_call", "setup_call_openai", partial(self._on_provider, "xai")),
            (
                f"{core}.litellm._utils._setup_call",
                "setup_call_openai",
                partial(self._on_provider, "litellm"),
            ),
            (f"{core}.litellm._utils._setup_call", "completion", self._on_request),
            (f"{core}.litellm._utils._setup_call", "acompletion", self._on_request),
        ]
        hooks += [
            (f"{core}.base.{module}", "create_factory", self._on_factory)
            for module in ("_call_factory", "_extract", "_extract_with_tools")
        ]
        hooks += [
            (f"{core}.base.{module}", "stream_factory", self._on_factory)
            for module in ("_call_factory", "structured_stream")
        ]
        hooks += [
            (f"{core}.{provider}._utils._setup_call", name, partial(self._on_create_fn, provider))
            for provider in ("openai", "groq", "google")
            for name in ("get_create_fn", "get_async_create_fn")
        ]
        for module, name, wrapper in hooks:
            wrapt.register_post_import_hook(partial(self._patch, name, wrapper), module)

    def remove(self) -> None:
        """Put Mirascope's own back. Streams that are open go on, unmetered from their next iteration."""
        self._active = False
        for parent, attribute, original, inherited in reversed(self._patched):
            if inherited:
                delattr(parent, attribute)
            else:
                setattr(parent, attribute, original)
        self._patched.clear()

    def _patch(self, name: str, wrapper: _Wrapper, module: Any) -> None:
        if not self._active:
            return
        with self._telemetry.guard("hook", f"hooking {module.__name__}.{name}"):
            parent, attribute, original = wrapt.resolve_path(module, name)
            self._patched.append((parent, attribute, original, attribute not in vars(parent)))
            setattr(parent, attribute, wrapt.FunctionWrapper(original, wrapper))

    # --- before the request ---

    def _on_setup(self, wrapped: Callable[..., Any], instance: Any, args: Any, kwargs: Any) -> Any:
        """`_utils.setup_call(fn, fn_args, dynamic_config, ...)`: a decorated function is being called."""
        site = _Site()
        _site.set(site)
        with self._telemetry.guard("hook", "reading the function"):
            given = {**dict(zip(("fn", "fn_args", "dynamic_config"), args, strict=False)), **kwargs}
            self._note_function(site, given["fn"], given.get("dynamic_config"))
        return wrapped(*args, **kwargs)

    def _on_provider(self, provider: str, wrapped: Callable[..., Any], instance: Any, args: Any, kwargs: Any) -> Any:
        """A provider that borrows OpenAI's setup names itself."""
        result = wrapped(*args, **kwargs)
        site = _site.get()
        if site is not None:
            site.provider = provider
            if provider == "litellm":
                # It sets an OpenAI client up, and sends its requests elsewhere.
                site.endpoint = Endpoint()
        return result

    def _on_create_fn(self, provider: str, wrapped: Callable[..., Any], instance: Any, args: Any, kwargs: Any) -> Any:
        """`get_create_fn(method, ...)`: the function that will send the request is being made."""
        create, site = wrapped(*args, **kwargs), _site.get()
        with self._telemetry.guard("hook", "reading the client"):
            if site is not None:
                site.provider = provider
                site.endpoint = endpoint(args[0])
        return self._metered(create, site)

    def _on_factory(self, wrapped: Callable[..., Any], instance: Any, args: Any, kwargs: Any) -> Any:
        """`create_factory`, `stream_factory`: what their `setup_call` returns first sends the request."""
        setup, response_type = kwargs.get("setup_call"), kwargs.get("TCallResponse")
        if setup is None:
            return wrapped(*args, **kwargs)

        def metered_setup(*setup_args: Any, **setup_kwargs: Any) -> Any:
            result = setup(*setup_args, **setup_kwargs)
            with self._telemetry.guard("hook", "reading the request function"):
                create, site = result[0], _site.get()
                if self._active and site is not None and not hasattr(create, _METERED):
                    site.provider = getattr(response_type, "_provider", None)
                    site.endpoint = endpoint(create)
                    return (self._metered(create, site), *result[1:])
            return result

        return wrapped(*args, **{**kwargs, "setup_call": metered_setup})

    def _on_request(self, wrapped: Callable[..., Any], instance: Any, args: Any, kwargs: Any) -> Any:
        """LiteLLM's `completion` and `acompletion`, which send the request themselves."""
        return self._request(wrapped, _site.get(), args, kwargs)

    # --- plain calls, and the raw events of streams ---

    def _metered(self, create: Callable[..., Any], site: _Site | None) -> Callable[..., Any]:
        def metered(*args: Any, **kwargs: Any) -> Any:
            return self._request(create, site, args, kwargs)

        setattr(metered, _METERED, True)
        return metered

    def _request(self, create: Callable[..., Any], site: _Site | None, args: Any, kwargs: Any) -> Any:
        if kwargs.get("stream"):
            call = current_call()
            result = create(*args, **kwargs)
            # LiteLLM's function is reached through a factory's too: one tap is enough.
            return result if call is None or call.raw_tapped else tap_raw(call, result)
        # The same: a site is metered once.
        if not self._active or suppressed() or site is None or site.metered:
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
        site = _site.get()
        if site is not None:
            site.finishing = not site.metered
        return wrapped(*args, **kwargs)

    def _on_response(self, wrapped: Callable[..., Any], instance: Any, args: Any, kwargs: Any) -> Any:
        """`BaseCallResponse(...)`: the last chance to meter a plain call whose request was not seen."""
        site = _site.get()
        if site is not None and site.finishing and self._active and not suppressed():
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
            site = _site.get()
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
            return held if self._active else None
        if not isinstance(held, _Site) or not self._active or suppressed():
            return None
        call = self._begin(held, stream.provider, stream.call_kwargs, stream=True, parent=held.parent)
        if call is None:
            return None
        lease = stream.__dict__[LEASE] = Lease(call)
        return lease

    # --- facts ---

    def _begin(
        self,
        site: _Site,
        provider: str | None,
        parameters: Any,
        *,
        stream: bool,
        parent: Context | None,
        start_ns: int | None = None,
    ) -> Call | None:
        with self._telemetry.guard("hook", "beginning a call"):
            reader = readers.known(provider)
            row = semconv.provider(site.endpoint.provider or provider)
            request = Request(
                operation=reader.operation if reader else "chat",
                provider=row.name if row else None,
                model=parameters.get("model"),
                stream=stream,
                server_address=site.endpoint.address,
                server_port=site.endpoint.port,
                attributes={**request_attributes(parameters), **site.attributes},
                labels=site.labels,
            )
            # A stream may be handed out by one context and read in another (a web framework's response): the
            # reader's span is the parent if there is one, else that of whoever asked for the stream.
            if parent is None or get_current_span().get_span_context().is_valid:
                parent = otel_context.get_current()
            return begin(self._telemetry, request, reader, parent=parent, start_ns=start_ns)
        return None

    def _note_function(self, site: _Site, function: Any, dynamic_config: Any) -> None:
        site.attributes[semconv.CODE_FUNCTION_NAME] = f"{function.__module__}.{function.__qualname__}"
        allowed = self._telemetry.settings.mirascope_tags
        config: dict[str, Any] = dynamic_config or {}
        metadata: dict[str, Any] = config.get("metadata") or getattr(function, "_metadata", None) or {}
        tags: set[str] = metadata.get("tags") or set()
        chosen = sorted(tag for tag in tags if tag in allowed or tag.partition(":")[0] in allowed)
        if chosen:
            site.attributes[semconv.MIRASCOPE_TAGS] = chosen
        # Here, where the function is called: whoever reads its stream may be out of the caller's context.
        site.labels = self._telemetry.attribution.capture(tags=tags)
