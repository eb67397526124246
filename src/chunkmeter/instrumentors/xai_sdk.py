"""xAI's SDK (`xai_sdk`), 1.x, which speaks gRPC: chat, plain, streamed, parsed, deferred; compaction.

Plain answers are read where the SDK wraps them, while the request is being sent: one that can't be parsed has been paid
for.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ..calls.call import Call
from ..calls.lease import Lease
from ..facts.request import Request
from ..readers import Reader
from ..reporting.telemetry import Telemetry
from ..streams.metered import note_answer
from ..streams.stepping import Observe
from ._lazy import lazy_hook
from ._library import Library, LibraryInstrumentor, Patches, Wrapper
from ._method import Method

__all__ = ["XAIInstrumentor"]

_MODULES = ("xai_sdk.sync.chat", "xai_sdk.aio.chat")
_PLAIN = ("Chat.sample", "Chat.sample_batch", "Chat.parse", "Chat.defer", "Chat.defer_batch", "Chat.compact")
_WRAPPERS = ("Response.__init__", "CompactContextResponse.__init__")
_ENUMS = frozenset({"service_tier"})


def _install(telemetry: Telemetry, patches: Patches) -> None:
    method = Method(telemetry, "xai_sdk", patches)
    described = partial(_described, method, False)
    streamed = partial(_described, method, True)
    plain = method.hook(described, _settled)
    hooks: dict[str, Wrapper] = {
        **dict.fromkeys((*_PLAIN, "Client.compact_context"), plain),
        "Chat.stream": lazy_hook(method, streamed),
        "Chat.stream_batch": lazy_hook(method, streamed, observer=_first_of_many),
    }

    def hook(hooks: dict[str, Wrapper], module: Any) -> None:
        for name, wrapper in hooks.items():
            owner, _, attribute = name.partition(".")
            kind = getattr(module, owner, None)  # early releases have fewer
            if kind is not None and hasattr(kind, attribute):
                patches.wrap(kind, attribute, wrapper)

    for module in _MODULES:
        patches.when_imported(module, partial(hook, hooks), "Chat")
    read = partial(_on_answer, method)
    patches.when_imported("xai_sdk.chat", partial(hook, dict.fromkeys(_WRAPPERS, read)), "Response")


def _on_answer(method: Method, wrapped: Callable[..., Any], instance: Any, args: Any, kwargs: Any) -> None:
    """Hook of `__init__(proto, ...)` of what the SDK wraps an answer in; of a batch, each has the whole of it."""
    call = method.own_call()
    if call is not None and not call.request.stream and not call.chunks and args:
        call.observe(args[0])
    wrapped(*args, **kwargs)


def _settled(lease: Lease, answer: Any) -> Any:
    lease.begun().settle("exhausted")
    note_answer(answer, lease.begun())
    return answer


def _first_of_many(call: Call) -> Observe:
    """Observes the items of `stream_batch`, which have one chunk in a wrapper for each answer."""

    def observe(item: Any) -> None:
        call.observe(item[1][0])

    return observe


def _described(method: Method, stream: bool, send: Any, given: dict[str, Any]) -> tuple[Request, Reader | None]:
    message = getattr(send.__self__, "_proto", None)
    fields = message.ListFields() if message is not None else ()
    asked = {field.name: _value(field, value) for field, value in fields if field.name != "messages"}
    told = {name: given[name] for name in ("model", "n") if name in given}
    return method.described(send, {**asked, **told}, wire="xai_sdk", provider="x_ai", stream=stream)


def _value(field: Any, value: Any) -> Any:
    if field.name in _ENUMS:
        return field.enum_type.values_by_number[value].name
    return [*value] if hasattr(value, "append") else value


class XAIInstrumentor(LibraryInstrumentor):
    """Meters the calls of xAI's SDK.

    `instrument()` takes `tracer_provider` and `meter_provider`, which default to the global providers, and every field
    of `chunkmeter.Settings`.
    """

    library = Library(
        name="xAI's SDK",
        distribution="xai-sdk",
        least=(1,),
        below=(2,),
        last="1.x",
        cure="Install 'xai-sdk>=1,<2', or see whether the calls' usage is on their spans.",
    )
    install = staticmethod(_install)
