"""Meters Mirascope 1.20 to 1.x: every stream and every plain call once, from the provider's raw events.

The hooks replace class attributes and module globals that Mirascope looks up at each call. So they also work for
functions that were decorated before `instrument()`:

- `BaseStream.__init__`, `__iter__` and `__aiter__` begin the call of a stream. Every provider's stream has them.
- `get_create_fn`, `get_async_create_fn`, and LiteLLM's `completion` and `acompletion`, lead to the request. Plain calls
  are metered there. A stream's raw events are observed there, before Mirascope leaves out or repeats some.
- `BasePrompt.run` and `.run_async` note whose the function is that they make.
- `create_factory` and `stream_factory` do the same for Anthropic, which has none of these functions, but only for
  functions that are decorated later.
- `BaseCallResponse.__init__` is the last resort, for plain calls of Anthropic's that were decorated earlier. The
  request has been answered by then.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import product
from typing import Any

from opentelemetry.context import Context, get_current

from ...calls.call import Call
from ...calls.lease import Lease
from ...calls.within import made_here
from ...facts.request import Request
from ...readers import Reader
from ...reporting.telemetry import Telemetry
from ...streams.metered import is_answer_noted, note_answer
from ...streams.replace import LEASE
from ...streams.taps import lazy_tap
from .._endpoint import client_extras
from .._executing import Tools
from .._include_usage import Asking
from .._lazy import LazyAsync, parent_of
from .._library import Patches
from .._method import Method
from . import _fallback, _tenacity
from ._client import NOWHERE, endpoint_of
from ._site import PROMPT, Site, current_site, new_site
from ._streams import tap_raw, tuple_observer
from ._structured import hook_structured, observed_within
from ._tools import meter_tools

__all__ = ["install"]

_METERED = "_chunkmeter_metered"
_MILLISECOND = 1_000_000

# Providers whose request is made by a `get_create_fn` of their own, and those that borrow OpenAI's set-up.
_CREATORS = ("openai", "groq", "google", "azure", "bedrock", "cohere", "mistral", "gemini", "vertex")
_BORROWERS = ("xai", "litellm")


def install(telemetry: Telemetry, patches: Patches) -> None:
    """Put every hook in place; a module that is not imported yet gets its hooks when it is.

    Args:
        telemetry: where calls report.
        patches: what the hooks are put with.
    """
    _Hooks(telemetry, patches).install()


class _Hooks:
    """The functions that are called in place of Mirascope's own."""

    def __init__(self, telemetry: Telemetry, patches: Patches) -> None:
        self._telemetry, self._patches = telemetry, patches
        self._method = Method(telemetry, "mirascope", patches)
        self._asking = Asking()
        self._tools = Tools(telemetry, patches)

    def install(self) -> None:
        """Put each hook in place. When hooks are removed, open streams go on, and new iterations are not metered."""
        put, core = self._patches.put, "mirascope.core"
        put(f"{core}.base._utils", "setup_call", self._on_setup)
        for name in ("run", "run_async"):
            put(f"{core}.base.prompt", f"BasePrompt.{name}", self._on_run)
        put(f"{core}.base.stream", "BaseStream.__init__", self._on_stream)
        put(f"{core}.base.stream", "BaseStream.__iter__", self._on_iter)
        put(f"{core}.base.stream", "BaseStream.__aiter__", self._on_aiter)
        hook_structured(self._patches, self._lease)
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
        _fallback.install(self._method, self._patches)
        _tenacity.install(self._method, self._patches)

    # --- before the request ---

    def _on_run(self, wrapped: Callable[..., Any], instance: Any, args: Any, kwargs: Any) -> Any:
        """`BasePrompt.run(call_decorator, ...)`: the function that it makes for this is nobody's, the class is."""

        def naming(decorator: Callable[[Any], Any]) -> Callable[[Any], Any]:
            def decorate(function: Any) -> Any:
                with self._telemetry.guard("hook", "naming a prompt"):
                    setattr(function, PROMPT, type(instance))
                return decorator(function)

            return decorate

        if args:
            return wrapped(naming(args[0]), *args[1:], **kwargs)
        if "call_decorator" in kwargs:
            kwargs = {**kwargs, "call_decorator": naming(kwargs["call_decorator"])}
        return wrapped(**kwargs)

    def _on_setup(self, wrapped: Callable[..., Any], instance: Any, args: Any, kwargs: Any) -> Any:
        """Hook of `_utils.setup_call(fn, fn_args, dynamic_config, ...)`: begin a site, as a function is called."""
        site, telemetry = new_site(), self._telemetry
        try:
            function = args[0] if args else kwargs["fn"]
            site.note_function(telemetry, function, args[2] if len(args) > 2 else kwargs.get("dynamic_config"))
        except Exception as error:  # noqa: BLE001 -- here and below as a guard does it, in less time
            telemetry.guard.failed("hook", "reading the function", error)
        result = wrapped(*args, **kwargs)
        try:
            if result[2]:
                meter_tools(self._tools, result[2])
        except Exception as error:  # noqa: BLE001
            telemetry.guard.failed("hook", "reading the tools", error)
        return result

    def _on_provider(self, provider: str, wrapped: Callable[..., Any], instance: Any, args: Any, kwargs: Any) -> Any:
        """Hook of `setup_call_openai`, as xAI and LiteLLM import it: note which of these providers is called."""
        result = wrapped(*args, **kwargs)
        site = current_site()
        if site is not None:
            site.provider = provider
            if provider == "litellm":
                # LiteLLM does not send its requests through the OpenAI client that this sets up.
                site.endpoint = NOWHERE
        return result

    def _on_create_fn(self, provider: str, wrapped: Callable[..., Any], instance: Any, args: Any, kwargs: Any) -> Any:
        """Hook of `get_create_fn(method, ...)`: note the client, and meter the function that will send the request."""
        create, site = wrapped(*args, **kwargs), current_site()
        try:
            if site is not None:
                site.provider = provider
                site.endpoint = endpoint_of(args[0])
                if provider == "azure":
                    site.extras = client_extras(args[0])
        except Exception as error:  # noqa: BLE001
            self._telemetry.guard.failed("hook", "reading the client", error)
        return self._metered(create, site)

    def _on_factory(self, wrapped: Callable[..., Any], instance: Any, args: Any, kwargs: Any) -> Any:
        """Hook of `create_factory` and `stream_factory`: meter the function that their `setup_call` returns first."""
        setup, response_type = kwargs.get("setup_call"), kwargs.get("TCallResponse")
        if setup is None:
            return wrapped(*args, **kwargs)

        def metered_setup(*setup_args: Any, **setup_kwargs: Any) -> Any:
            result = setup(*setup_args, **setup_kwargs)
            with self._telemetry.guard("hook", "reading the request function"):
                create, site = result[0], current_site()
                if self._patches.active and site is not None and getattr(create, _METERED, None) is not True:
                    site.provider = getattr(response_type, "_provider", None)
                    site.endpoint = endpoint_of(create)
                    return (self._metered(create, site), *result[1:])
            return result

        return wrapped(*args, **{**kwargs, "setup_call": metered_setup})

    def _on_request(self, wrapped: Callable[..., Any], instance: Any, args: Any, kwargs: Any) -> Any:
        """Hook of LiteLLM's `completion` and `acompletion`, which send the request themselves."""
        return self._request(wrapped, current_site(), args, kwargs)

    # --- plain calls, and the raw events of streams ---

    def _metered(self, create: Callable[..., Any], site: Site | None) -> Callable[..., Any]:
        def metered(*args: Any, **kwargs: Any) -> Any:
            return self._request(create, site, args, kwargs)

        setattr(metered, _METERED, True)
        return metered

    def _request(self, create: Callable[..., Any], site: Site | None, args: Any, kwargs: Any) -> Any:
        if kwargs.get("stream"):
            call = self._method.own_call()
            if call is None:
                return create(*args, **kwargs)
            result, hides = self._asking.send(call, lambda: site.asked(kwargs) if site else None, create, args, kwargs)
            # LiteLLM's request passes through a factory's function too, which may have put the tap on.
            return result if call.raw_tapped else tap_raw(call, result, hides)
        # A plain request may pass through two hooks too, and the first one meters it.
        if site is None or site.metered:
            return create(*args, **kwargs)

        def sending(*args: Any, **kwargs: Any) -> Any:
            site.metered = True
            return create(*args, **kwargs)

        return self._method.run(sending, args, kwargs, lambda: self._described(site, site.provider, kwargs))

    def _on_finishing(self, wrapped: Callable[..., Any], instance: Any, args: Any, kwargs: Any) -> Any:
        """Hook of `_create.get_metadata(...)`: note that a plain answer has come, and whether its request was seen."""
        site = current_site()
        if site is not None:
            site.finishing = not site.metered
        return wrapped(*args, **kwargs)

    def _on_response(self, wrapped: Callable[..., Any], instance: Any, args: Any, kwargs: Any) -> Any:
        """Hook of `BaseCallResponse(...)`: the last chance to meter a plain call whose request was not seen."""
        site = current_site()
        if site is not None and site.finishing and self._method.works() and not self._method.passes():
            site.finishing = False
            with self._telemetry.guard("hook", "metering an answer"):
                if is_answer_noted(kwargs["response"]):
                    return wrapped(*args, **kwargs)  # by the hook of the provider's SDK
                provider: str | None = getattr(instance, "_provider", None)
                start_ns, end_ns = (int(kwargs[name] * _MILLISECOND) for name in ("start_time", "end_time"))
                call = self._method.begin(
                    lambda: self._described(site, provider, kwargs["call_kwargs"]), start_ns=start_ns
                )
                if call is not None:
                    call.observe(kwargs["response"])
                    call.settle("exhausted", at_ns=end_ns)
                    note_answer(kwargs["response"], call)
        return wrapped(*args, **kwargs)

    # --- streams ---

    def _on_stream(self, wrapped: Callable[..., Any], instance: Any, args: Any, kwargs: Any) -> Any:
        """Hook of `BaseStream(...)`: hang a lease on the stream. Its request is sent when it is iterated."""
        try:
            site = current_site()
            if site is not None:
                instance.__dict__[LEASE] = Lease(begin=partial(self._begin_stream, site, made_here()))
        except Exception as error:  # noqa: BLE001
            self._telemetry.guard.failed("hook", "noting a stream", error)
        return wrapped(*args, **kwargs)

    def _on_iter(self, wrapped: Callable[..., Any], instance: Any, args: Any, kwargs: Any) -> Any:
        return self._iterated(lazy_tap, instance, wrapped(*args, **kwargs))

    def _on_aiter(self, wrapped: Callable[..., Any], instance: Any, args: Any, kwargs: Any) -> Any:
        return self._iterated(LazyAsync, instance, wrapped(*args, **kwargs))

    def _iterated(self, metered: Callable[..., Any], stream: Any, items: Any) -> Any:
        lease: Lease | None = stream.__dict__.get(LEASE)
        within = None if lease is None or lease.call is None else observed_within(stream, lease.call, items)
        return metered(partial(self._lease, stream), items, tuple_observer) if within is None else within

    def _lease(self, stream: Any) -> Lease | None:
        """The lease of a stream, whose call is begun now unless it has begun; None if the stream goes unmetered."""
        lease: Lease | None = stream.__dict__.get(LEASE)
        return lease if self._patches.active and lease is not None and lease.start(stream) else None

    def _begin_stream(self, site: Site, parent: Context, stream: Any) -> Call | None:
        here, method = get_current(), self._method
        if not method.works(here) or method.passes(here):
            return None
        return method.begin(
            lambda: self._described(site, stream.provider, stream.call_kwargs, stream=True),
            parent=parent_of(parent, here),
            here=here,
        )

    def _described(
        self, site: Site, provider: str | None, parameters: Any, *, stream: bool = False
    ) -> tuple[Request, Reader | None]:
        return site.request(provider, parameters, stream=stream, keeps_prompt=self._telemetry.settings.estimate)
