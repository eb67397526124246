"""Known bugs of other instrumentations in how they hook an SDK."""

from __future__ import annotations

from typing import Any

from chunkmeter.calls.lease import Lease
from chunkmeter.instrumentors import _stainless, _stainless_answer
from support.faults import fault, put

RAW = "x-stainless-raw-response"
"""Header of a request whose answer the application wants to read by itself."""


@fault("matrix")
def double_hook() -> None:
    """Begins a call where the SDK sends its request, though one has begun that sends the same."""
    requesting = _stainless._requesting
    put(_stainless, "_requesting", lambda client: [kind for kind in requesting(client) for _ in range(2)])


@fault("matrix")
def lost_raw() -> None:
    """Knows the streams that the SDK makes, not the answers that an application reads by itself."""
    watch = _stainless_answer.watch

    def losing(response: Any, lease: Lease) -> None:
        if RAW not in response.request.headers:
            watch(response, lease)

    put(_stainless_answer, "watch", losing)


@fault("matrix")
def early_end() -> None:
    """Ends a call when its answer is there, before it has been read."""
    answers = _stainless_answer.Answers
    read = answers._read

    def late(self: Any, answer: Any, response: Any, result: Any) -> None:
        if response.is_stream_consumed:
            answer.begun().settle("exhausted")
        read(self, answer, response, result)

    put(answers, "_read", late)
