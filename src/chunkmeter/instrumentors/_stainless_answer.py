"""Reads the answers to the requests of a Stainless SDK, and puts taps on those that come in pieces.

An answer that comes in pieces hangs its lease on the HTTP response, which all who read the answer share.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .. import semconv
from ..calls.call import Call
from ..calls.lease import Lease
from ..calls.sending import current_call
from ..guard import Guard
from ..streams.metered import note_answer
from ..streams.methods import put_on
from ._http_response import contents, lease_of, loosen, watch
from ._include_usage import only_usage, shown
from ._stainless_request import Given

__all__ = ["Answer", "Answers", "note_retries"]


class Answer(Lease):
    """The lease of a call that waits for its answer.

    Attributes:
        given: the request.
        asked: whether the stream was asked for its usage on our behalf, so that the chunk with it is ours alone.
        is_whole: whether the answer has come, all of it; else it comes in pieces, as the application reads it.
    """

    __slots__ = ("asked", "given", "is_whole")

    def __init__(self, call: Call, given: Given) -> None:
        super().__init__(call)
        self.given, self.asked, self.is_whole = given, False, False


class Answers:
    """The hooks that see the answers to an SDK's requests.

    Args:
        guard: keeps our failures away from the application.

    Attributes:
        awaited: the answers of the calls whose requests are being sent.
    """

    def __init__(self, guard: Guard) -> None:
        self._guard, self._reading = guard, guard("hook", "reading an answer")
        self.awaited: dict[Call, Answer] = {}

    def on_response(self, wrapped: Callable[..., Any], client: Any, args: Any, kwargs: Any) -> Any:
        """Hook of `_process_response(*, cast_to, options, response, stream, stream_cls, retries_taken)`."""
        answer = self._take(kwargs)
        if answer is None:
            return wrapped(*args, **kwargs)
        try:
            result = wrapped(*args, **kwargs)
        except BaseException:
            self._read_unparsed(answer, kwargs["response"])
            raise
        self._read(answer, kwargs["response"], result)
        return result

    async def on_async_response(self, wrapped: Callable[..., Any], client: Any, args: Any, kwargs: Any) -> Any:
        answer = self._take(kwargs)
        if answer is None:
            return await wrapped(*args, **kwargs)
        try:
            result = await wrapped(*args, **kwargs)
        except BaseException:
            self._read_unparsed(answer, kwargs["response"])
            raise
        self._read(answer, kwargs["response"], result)
        return result

    def _take(self, kwargs: Mapping[str, Any]) -> Answer | None:
        """The lease of the call that is answered, which now hangs on the response of a stream; None if unmetered."""
        if not self.awaited:
            return None
        call = current_call()
        if call is None or call.ended or (answer := self.awaited.get(call)) is None:
            return None
        try:
            response = kwargs["response"]
            note_retries(call, kwargs.get("retries_taken"))
            if not response.is_success:  # a middleware of the client's gets to see refusals too
                return None
            # A stream is made of events later, though a mock or a cache may have given its whole body at once.
            answer.is_whole = response.is_stream_consumed and not kwargs.get("stream")
            if not answer.is_whole:
                watch(response, answer)
            return answer
        except Exception as error:  # noqa: BLE001 -- here and below as a guard does it, in less time
            self._guard.failed("hook", "taking an answer", error)
            return None

    def _read(self, answer: Answer, response: Any, result: Any) -> None:
        """Read a plain answer and settle its call. One that comes in pieces is read by the application."""
        if not answer.is_whole:
            return
        call = answer.begun()
        with self._reading:
            is_raw = result is response or hasattr(result, "http_response")
            call.observe(contents(response) if is_raw else result)
        call.settle("exhausted")
        note_answer(result, call)

    def _read_unparsed(self, answer: Answer, response: Any) -> None:
        """Read an answer that the SDK has failed to make anything of; it is paid for. The failure settles the call."""
        with self._reading:
            if answer.is_whole:
                answer.begun().observe(contents(response))

    def on_stream(self, wrapped: Callable[..., Any], stream: Any, args: Any, kwargs: Any) -> None:
        """Hook of `Stream.__init__(*, response, ...)`."""
        wrapped(*args, **kwargs)
        try:
            response = stream.response
            answer = lease_of(response)
            if answer is None or not isinstance(answer, Answer) or answer.begun().ended:
                return
            if answer.asked and "_iterator" in vars(stream):
                stream._iterator = shown(answer.begun(), stream._iterator, only_usage)
            put_on(stream, answer)
            loosen(response, answer)
        except Exception as error:  # noqa: BLE001
            self._guard.failed("hook", "tapping a stream", error)


def note_retries(call: Call, retries: Any) -> None:
    """Note on the call's span how often its request was sent again.

    Args:
        call: the call.
        retries: the number, or the text of it; what is none says nothing.
    """
    if retries and str(retries).isdecimal() and int(retries):
        call.span.set_attribute(semconv.REQUEST_RETRIES, int(retries))
