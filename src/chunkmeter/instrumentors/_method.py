"""Meters one method of a library: it begins the call, sends the request, and puts taps on the answer or reads it."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from opentelemetry.context import Context, attach, get_current

from .. import readers
from ..calls.begin import begin
from ..calls.call import Call
from ..calls.context import leave, suppressed
from ..calls.lease import Lease
from ..calls.sending import asend, current_call, passing, reaching, send
from ..facts.request import Request
from ..readers import Reader
from ..reporting.telemetry import Telemetry
from ..streams.metered import note_answer
from ..streams.methods import put_on
from ._endpoint import endpoint
from ._library import Patches, Wrapper
from ._parameters import by_name, request_of

__all__ = ["Describe", "Describing", "Metered", "Method"]

Describe = Callable[[], tuple[Request, Reader | None]]
"""Gives the request, and the reader of its answer or None if that is not known yet. It may raise."""

Describing = Callable[[Any, dict[str, Any]], tuple[Request, Reader | None]]
"""Gives the request and its reader, from the bound method and what it is called with, by name. It may raise."""

Metered = Callable[[Lease, Any], Any]
"""Meters an answer, given the lease of its call and the answer itself; gives what the user is to get."""


class Method:
    """Meters a library's method that sends requests.

    Hooks may be nested. While one library's hook sends a request, the hook of another library begins no call, since it
    is sending the same request. But if a hook of the same library is called again before the request has returned, it
    begins a call of its own: a guardrail inside a client may ask a model too.

    Args:
        telemetry: where the calls report.
        library: the library's name. Hooks with the same name count as the same hook.
        patches: say whether the hooks are still to meter.
    """

    def __init__(self, telemetry: Telemetry, library: str, patches: Patches) -> None:
        self.telemetry, self.library = telemetry, library
        self._patches = patches

    def hook(self, describe: Describing, metered: Metered | None = None) -> Wrapper:
        """Make the hook to put in place of the method.

        Args:
            describe: gives the request and its reader, from the bound method and what it is called with, by name;
                `described` does for most.
            metered: meters the answer, as for `send`.
        """

        def hooked(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
            return self.run(wrapped, args, kwargs, lambda: describe(wrapped, by_name(wrapped, args, kwargs)), metered)

        return hooked

    def described(
        self,
        method: Any,
        given: dict[str, Any],
        *,
        wire: str | None = None,
        provider: str | None = None,
        stream: bool | None = None,
    ) -> tuple[Request, Reader | None]:
        """Describe a request by the parameters that most SDKs have in common.

        Args:
            method: the bound method of an SDK that sends the request; its client tells the host.
            given: what the method is called with, by name.
            wire: the wire of the answer; left out, the provider's own, or else the first event tells.
            provider: who answers, in any spelling, where the client does not tell.
            stream: whether the method gives a stream; left out, its own parameter `stream` tells.

        Returns:
            The request, and the reader of its answer if the wire is known.
        """
        reader = readers.for_wire(wire) if wire else readers.known(provider)
        request = request_of(
            given,
            endpoint(method),
            operation=reader.operation if reader else "chat",
            stream=bool(given.get("stream")) if stream is None else stream,
            provider=provider,
            keeps_prompt=self.telemetry.settings.estimate,
        )
        return request, reader

    def run(
        self,
        create: Callable[..., Any],
        args: Any,
        kwargs: Any,
        describe: Describe,
        metered: Metered | None = None,
    ) -> Any:
        """Send a request and meter it, unless another library's hook has begun its call already.

        Args:
            create: sends the request, given `args` and `kwargs`.
            args: positional arguments for `create`.
            kwargs: keyword arguments for `create`.
            describe: gives the request and its reader.
            metered: meters the answer, as for `send`.

        Returns:
            What `create` gives: an answer, a stream, or an awaitable of either.
        """
        here = get_current()
        passed = passing(self.library, here) if self._patches.active else None
        if passed is not None:
            return self._pass_on(passed[1], create, args, kwargs)
        call = self.begin(describe, here=here) if self.works(here) else None
        return create(*args, **kwargs) if call is None else self.send(call, create, args, kwargs, metered)

    def works(self, here: Context | None = None) -> bool:
        """Whether calls are to be metered: the hooks are in place, and instrumentation is not suppressed.

        Args:
            here: the current context, of whoever has asked for it already.
        """
        return self._patches.active and not suppressed(here)

    def is_first(self) -> bool:
        """Whether what asks a model now is to be metered here: no hook, of any library, has begun its call."""
        return self.works() and current_call() is None

    def passes(self, here: Context | None = None) -> bool:
        """Whether a request that is sent now belongs to a call that another library's hook has begun.

        Args:
            here: the current context, of whoever has asked for it already.
        """
        return self._patches.active and reaching(self.library, here) is not None

    def own_call(self) -> Call | None:
        """The call whose request is being sent, if a hook of this library began it; otherwise None."""
        call = current_call()
        return call if call is not None and call.library == self.library else None

    def begin(
        self,
        describe: Describe,
        *,
        parent: Context | None = None,
        start_ns: int | None = None,
        here: Context | None = None,
    ) -> Call | None:
        """Begin a call. Never raises: None is returned if that fails.

        Args:
            describe: gives the request and its reader.
            parent: the context in which a span of its own starts; the current context if left out.
            start_ns: when the request was sent, in nanoseconds since the epoch; now if left out.
            here: the current context, of whoever has asked for it already.
        """
        telemetry = self.telemetry
        try:
            request, reader = describe()
            return begin(telemetry, request, reader, parent=parent, start_ns=start_ns, library=self.library, here=here)
        except Exception as error:  # noqa: BLE001 -- as a guard does it, in less time
            telemetry.guard.failed("hook", "beginning a call", error)
            return None

    def send(
        self, call: Call, create: Callable[..., Any], args: Any, kwargs: Any, metered: Metered | None = None
    ) -> Any:
        """Send the request of a call that has begun, and meter the answer.

        Args:
            call: the call.
            create: sends the request, given `args` and `kwargs`.
            args: positional arguments for `create`.
            kwargs: keyword arguments for `create`.
            metered: meters the answer; left out, a stream is tapped as it is, and another answer is read as it is.

        Returns:
            What `create` gives: an answer, a stream, or an awaitable of either.
        """
        try:
            result = send(call, create, *args, **kwargs)
        except BaseException as error:
            call.fail(error)
            raise
        lease, metered = Lease(call), metered or _answered
        return _awaited(lease, result, metered) if inspect.isawaitable(result) else metered(lease, result)

    def _pass_on(self, context: Context, create: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        token = attach(context)
        try:
            result = create(*args, **kwargs)
        finally:
            leave(token)
        return self._passed_on(result) if inspect.isawaitable(result) else result

    async def _passed_on(self, result: Awaitable[Any]) -> Any:
        passed = passing(self.library, get_current())
        if passed is None:
            return await result
        token = attach(passed[1])
        try:
            return await result
        finally:
            leave(token)


async def _awaited(lease: Lease, answer: Awaitable[Any], metered: Metered) -> Any:
    """Await the answer and meter it. This coroutine holds the lease: if it is dropped, the call is settled."""
    call = lease.begun()

    async def awaited() -> Any:
        return await answer

    try:
        result = await asend(call, awaited)
    except BaseException as error:
        call.fail(error)
        raise
    return metered(lease, result)


def _answered(lease: Lease, answer: Any) -> Any:
    """Meter an answer: put taps on a stream, or read a plain answer and settle its call."""
    call = lease.begun()
    if call.request.stream:
        return put_on(answer, lease)
    call.observe(answer)
    call.settle("exhausted")
    note_answer(answer, call)
    return answer
