"""Meters Mirascope 2: every stream and every plain call once, from the provider's raw events.

All ways to ask lead to eight methods of `BaseProvider`, which no provider overrides: `llm.call`, `Prompt`, `Model`,
`resume` and each attempt of a retry. A provider may hand a request on to another one through the same methods. The call
then belongs to the first of them.

A stream's response keeps what it iterates in `_chunk_iterator`. All its views pull from there, and what one of them has
pulled the others only repeat. So that is where the tap is.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

from opentelemetry.context import Context

from ... import providers, readers, semconv
from ...calls.begin import is_recorded
from ...calls.call import Call
from ...calls.lease import Lease
from ...calls.raised import type_name
from ...calls.within import made_here
from ...facts.request import Request, server
from ...readers import Reader
from ...reporting.telemetry import Telemetry
from ...streams.metered import note_answer
from ...streams.responses import event_observer, lease_of, note
from .._endpoint import Endpoint
from .._executing import Tools
from .._lazy import lazy, parent_of
from .._library import Patches
from .._method import Method
from .._parameters import request_of
from . import _retry_models, _tenacity
from ._client import endpoint_of
from ._site import function_name
from ._tools import hook_toolkits

__all__ = ["install"]

_PROVIDERS = "mirascope.llm.providers.base.base_provider"
_PROMPTS = ("mirascope.llm.prompts.prompts", "mirascope.llm.retries.retry_prompts")

# Providers whose stream sends its request when its first item is asked for. Others send it as the stream is made.
_LAZY = frozenset({"anthropic", "anthropic-beta", "google", "mlx"})
# Providers that speak one wire only. Of the others the first event tells it.
_ONE_WIRE = frozenset({"anthropic", "google"})
_ROUTER = "mirascope"  # the id of the provider that leaves all to those whose names the models begin with
_WHOLE = frozenset({"mlx"})  # providers whose models keep what stands before the slash, beside those that tell the name

_function: ContextVar[str | None] = ContextVar("chunkmeter_mirascope_function", default=None)
"""The name of the user's function whose prompt is being sent."""


def install(telemetry: Telemetry, patches: Patches) -> None:
    """Put every hook in place; a module that is not imported yet gets its hooks when it is.

    Args:
        telemetry: where calls report.
        patches: what the hooks are put with.
    """
    hooks = _Hooks(telemetry, patches)
    for name in ("call", "call_async", "context_call", "context_call_async"):
        patches.put(_PROVIDERS, f"BaseProvider.{name}", hooks.on_call)
    for name in ("stream", "stream_async", "context_stream", "context_stream_async"):
        patches.put(_PROVIDERS, f"BaseProvider.{name}", hooks.on_stream)
    patches.when_imported(_PROVIDERS, partial(hooks.hook_resume, "BaseProvider"), "resume")
    for module in _PROMPTS:
        patches.when_imported(module, hooks.hook_prompts, "call")
    hook_toolkits(Tools(telemetry, patches), patches)
    patches.put("mirascope.llm.responses.root_response", "RootResponse.parse", hooks.on_parse)
    _retry_models.install(hooks.method, patches, _function)
    patches.when_imported(_retry_models.MODELS, partial(hooks.hook_resume, "RetryModel"), "resume")
    _tenacity.install(hooks.method, patches)


class _Hooks:
    """The functions that are called in place of Mirascope's own.

    Attributes:
        method: says whether calls are to be metered, and begins them.
    """

    def __init__(self, telemetry: Telemetry, patches: Patches) -> None:
        self._telemetry, self._patches = telemetry, patches
        self.method = Method(telemetry, "mirascope", patches)
        self._functions: WeakKeyDictionary[Any, str] = WeakKeyDictionary()
        """The functions by their responses, from which a conversation may go on."""
        # Those that each call enters.
        self._reading_function = telemetry.guard("hook", "reading the function")
        self._noting_response = telemetry.guard("hook", "noting a response")
        self._noting_stream = telemetry.guard("hook", "noting a stream")
        self._tapping_stream = telemetry.guard("hook", "tapping a stream")

    # --- whose function it is ---

    def hook_prompts(self, module: Any) -> None:
        """Hook the methods of a module's own prompts."""
        for kind in vars(module).values():
            if getattr(kind, "__module__", None) == module.__name__ and hasattr(kind, "messages"):
                for name in {"call", "stream"} & vars(kind).keys():
                    self._patches.wrap(kind, name, self._on_prompt)

    def hook_resume(self, name: str, module: Any) -> None:
        """Hook the methods of a module's class that go on from a response."""
        kind = getattr(module, name)
        for method in [method for method in vars(kind) if "resume" in method]:
            self._patches.wrap(kind, method, self._on_resume)

    def _on_prompt(self, wrapped: Callable[..., Any], prompt: Any, args: Any, kwargs: Any) -> Any:
        name = None
        with self._reading_function:
            name = function_name(prompt.fn)
        return self._named(name, wrapped, args, kwargs)

    def _on_resume(self, wrapped: Callable[..., Any], provider: Any, args: Any, kwargs: Any) -> Any:
        name = None
        with self._reading_function:
            name = self._functions.get(kwargs["response"])
        return self._named(name, wrapped, args, kwargs)

    def _named(self, name: str | None, wrapped: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """Do what asks a model, in a function's name."""
        token = _function.set(name)
        try:
            result = wrapped(*args, **kwargs)
        finally:
            _function.reset(token)
        return self._named_later(name, result) if inspect.isawaitable(result) else self._noted(name, result)

    async def _named_later(self, name: str | None, result: Awaitable[Any]) -> Any:
        token = _function.set(name)
        try:
            response = await result
        finally:
            _function.reset(token)
        return self._noted(name, response)

    def _noted(self, name: str | None, response: Any) -> Any:
        if name is not None:
            with self._noting_response:
                self._functions[response] = name
        return response

    # --- the provider's methods ---

    def on_call(self, wrapped: Callable[..., Any], provider: Any, args: Any, kwargs: Any) -> Any:
        """Hook of the methods that give a whole answer."""
        call = self._begun(provider, kwargs, stream=False) if self.method.is_first() else None
        return wrapped(*args, **kwargs) if call is None else self.method.send(call, wrapped, args, kwargs, _answered)

    def on_stream(self, wrapped: Callable[..., Any], provider: Any, args: Any, kwargs: Any) -> Any:
        """Hook of the methods that give a stream."""
        if not self.method.is_first():
            return wrapped(*args, **kwargs)
        lease: Lease | None = None
        with self._noting_stream:
            if _is_lazy(provider, kwargs):
                described = self._described(provider, kwargs, stream=True)
                lease = Lease(begin=partial(self._begin_stream, described, made_here()))
        if lease is not None:
            result = wrapped(*args, **kwargs)
            return self._awaited(lease, result) if inspect.isawaitable(result) else self._tapped(lease, result)
        call = self._begun(provider, kwargs, stream=True)
        if call is None:
            return wrapped(*args, **kwargs)
        return self.method.send(call, wrapped, args, kwargs, self._tapped)

    def on_parse(self, wrapped: Callable[..., Any], response: Any, args: Any, kwargs: Any) -> Any:
        """Hook of `parse()`. Where the user leaves a stream because of what it raises, the call has failed by that."""
        broken = None
        try:
            return wrapped(*args, **kwargs)
        except Exception as error:
            broken = type_name(error)
            raise
        finally:
            with self._telemetry.guard("hook", "noting a response that can't be parsed"):
                lease = lease_of(response)
                if lease is not None:
                    lease.broken = broken

    # --- calls ---

    def _begun(self, provider: Any, kwargs: Mapping[str, Any], *, stream: bool) -> Call | None:
        return self.method.begin(lambda: self._described(provider, kwargs, stream=stream))

    def _described(self, provider: Any, kwargs: Mapping[str, Any], *, stream: bool) -> tuple[Request, Reader | None]:
        """The request of a provider's method, and the reader of its answer where the provider tells it."""
        who, model = _who(provider, kwargs), _model(provider, kwargs["model_id"])
        reader = readers.known(who) if who in _ONE_WIRE else None
        name, estimate = _function.get(), self._telemetry.settings.estimate
        parameters = {**kwargs, "model": model}
        if estimate:
            parameters["tools"] = _definitions(kwargs)
        request = request_of(
            parameters,
            _endpoint(provider),
            operation=reader.operation if reader else "chat",
            provider=who,
            stream=stream,
            attributes={semconv.CODE_FUNCTION_NAME: name} if name else None,
            labels=self._telemetry.attribution.capture(),
            keeps_prompt=estimate,
            named=True,
        )
        return request, reader

    # --- streams ---

    async def _awaited(self, lease: Lease, response: Awaitable[Any]) -> Any:
        return self._tapped(lease, await response)

    def _begin_stream(self, described: tuple[Request, Reader | None], made: Context, _: Any) -> Call | None:
        if not self.method.is_first():
            return None
        # The span of Mirascope's ops for an async stream is current while that is made, and not while it is read.
        parent = made if is_recorded(made) else parent_of(made)
        return self.method.begin(lambda: described, parent=parent)

    def _tapped(self, lease: Lease, response: Any) -> Any:
        """Put a tap on what a stream's response iterates. The lease's call has begun, or begins at the first step."""
        with self._tapping_stream:
            response._chunk_iterator = lazy(partial(_started, lease), response._chunk_iterator, event_observer)
            note(response._chunk_iterator, lease)
        return response


def _started(lease: Lease) -> Lease | None:
    return None if lease.start(None) is None else lease


def _answered(lease: Lease, response: Any) -> Any:
    """Read the SDK's answer in a response of Mirascope's, and settle its call."""
    call = lease.begun()
    with call.telemetry.guard("hook", "reading an answer"):
        call.observe(response.raw)
    call.settle("exhausted")
    note_answer(response, call)
    return response


# --- what is asked ---


def _definitions(kwargs: Mapping[str, Any]) -> list[Any]:
    """The tools that a request offers, as JSON, with what a provider is told of each."""
    tools = getattr(kwargs.get("toolkit"), "tools", ())
    return [
        {"name": tool.name, "description": tool.description, "parameters": tool.parameters.model_dump(by_alias=True)}
        for tool in tools
    ]


# --- who answers ---


def _who(provider: Any, kwargs: Mapping[str, Any]) -> str:
    """The name of the provider that answers: its id without the interface or the version that it stands for."""
    name = str(kwargs["model_id"]).partition("/")[0] if provider.id == _ROUTER else str(provider.id)
    return name.partition(":")[0].removesuffix("-beta")


def _is_lazy(provider: Any, kwargs: Mapping[str, Any]) -> bool:
    """Whether a provider, or one that its class is made of, sends a stream's request at the first step only."""
    ids = {vars(kind).get("id") for kind in type(provider).__mro__}
    return not _LAZY.isdisjoint(ids) or (_ROUTER in ids and _who(provider, kwargs) in _LAZY)


def _model(provider: Any, model_id: str) -> str:
    """The model as the provider's API names it."""
    told = getattr(provider, "_model_name", None)
    if callable(told):
        return str(told(model_id))
    scope, slash, rest = model_id.partition("/")
    name = rest if slash and scope and provider.id not in _WHOLE else model_id
    return name.removesuffix(":responses").removesuffix(":completions")


def _endpoint(provider: Any) -> Endpoint:
    """Where a provider's requests go. A host at which a provider answers itself tells who it is."""
    client = getattr(provider, "client", None)
    models = getattr(client, "models", None)
    place = (
        endpoint_of(models.list)
        if models is not None
        else Endpoint(None, *server(getattr(provider, "router_base_url", None)))
    )
    owner = providers.at_host(place.address or "")
    return place if place.provider or owner is None else place._replace(provider=owner.name)
