"""A stand-in for xAI's gRPC service on 127.0.0.1, whose every call is the same one, and what that comes to."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
import xai_sdk
from xai_sdk.chat import user
from xai_sdk.proto import chat_pb2, chat_pb2_grpc, deferred_pb2, sample_pb2, usage_pb2

__all__ = ["MODEL", "PIECES", "TRUTH", "USD", "Grok", "asking", "client", "serve"]

MODEL = "grok-4"
PIECES = ('{"city"', ': "Faro"', "}")
USD = (600 * 3.00 + 400 * 0.75 + 200 * 15.00) / 1e6
"""grok-4's prices, USD per million tokens; reasoning lies beside the output there, 120 + 80."""
TRUTH = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "x_ai",
    "gen_ai.request.model": MODEL,
    "gen_ai.response.id": "grok-1",
    "gen_ai.response.model": MODEL,
    "gen_ai.response.finish_reasons": ["stop"],
    "gen_ai.usage.input_tokens": 1000,
    "gen_ai.usage.cache_read.input_tokens": 400,
    "gen_ai.usage.output_tokens": 200,
    "gen_ai.usage.reasoning.output_tokens": 80,
    "server.address": "localhost",
    "chunkmeter.outcome": "completed",
    "chunkmeter.usage.status": "reported",
    "chunkmeter.cost.status": "known",
}
"""What a span says of a call that went well."""

_Servicer: Any = chat_pb2_grpc.ChatServicer
_protos: Any = chat_pb2
_usages: Any = usage_pb2
_samples: Any = sample_pb2
_deferreds: Any = deferred_pb2
_ASSISTANT = _protos.MessageRole.ROLE_ASSISTANT
# The first releases have other names.
_OUTPUTS = "outputs" if hasattr(_protos, "CompletionOutput") else "choices"
_Output = getattr(_protos, "CompletionOutput", None) or _protos.Choice
_OutputChunk = getattr(_protos, "CompletionOutputChunk", None) or _protos.ChoiceChunk


def _used() -> Any:
    return _usages.SamplingUsage(
        prompt_tokens=1000,
        prompt_text_tokens=1000,
        cached_prompt_text_tokens=400,
        completion_tokens=120,
        reasoning_tokens=80,
        total_tokens=1200,
    )


class Grok(_Servicer):
    """Answers as it is told to.

    Attributes:
        port: where it listens.
        requests: how many calls it has had.
        fails: how: `refused` at once, `broken` after a piece, `cut` after a piece as if nothing more were to come.
    """

    def __init__(self) -> None:
        self.port, self.requests = 0, 0
        self.fails: str | None = None

    def get_completion(self, request: Any, context: Any) -> Any:
        self._begin(context)
        return self._whole(request)

    def get_completion_chunk(self, request: Any, context: Any) -> Iterator[Any]:
        self._begin(context)
        for at, piece in enumerate((*PIECES, "")):
            if at and self.fails == "cut":
                return
            if at and self.fails == "broken":
                context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "no more")
            last = at == len(PIECES)
            outputs = [
                _OutputChunk(
                    index=index,
                    delta=_protos.Delta(content=piece, role=_ASSISTANT),
                    finish_reason=_samples.FinishReason.REASON_STOP if last else 0,
                )
                for index in range(request.n or 1)
            ]
            usage = {"usage": _used()} if last else {}
            yield _protos.GetChatCompletionChunk(id="grok-1", model=request.model, **{_OUTPUTS: outputs}, **usage)

    def start_deferred_completion(self, request: Any, context: Any) -> Any:
        self._begin(context)
        self._deferred = request
        return _deferreds.StartDeferredResponse(request_id="deferred-1")

    def get_deferred_completion(self, request: Any, context: Any) -> Any:
        return _protos.GetDeferredCompletionResponse(
            status=_deferreds.DeferredStatus.DONE, response=self._whole(self._deferred)
        )

    def compact_context(self, request: Any, context: Any) -> Any:
        self._begin(context)
        return _protos.CompactContextResponse(encrypted_content="7f", usage=_used())

    GetCompletion, GetCompletionChunk, CompactContext = get_completion, get_completion_chunk, compact_context
    StartDeferredCompletion, GetDeferredCompletion = start_deferred_completion, get_deferred_completion

    def _begin(self, context: Any) -> None:
        self.requests += 1
        if self.fails == "refused":
            context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "no more")

    def _whole(self, request: Any) -> Any:
        outputs = [
            _Output(
                index=index,
                message=_protos.CompletionMessage(content="".join(PIECES), role=_ASSISTANT),
                finish_reason=_samples.FinishReason.REASON_STOP,
            )
            for index in range(request.n or 1)
        ]
        return _protos.GetChatCompletionResponse(id="grok-1", model=request.model, usage=_used(), **{_OUTPUTS: outputs})


@contextmanager
def serve() -> Iterator[Grok]:
    """Listens on 127.0.0.1 until it is left."""
    grok, server = Grok(), grpc.server(ThreadPoolExecutor(4))
    chat_pb2_grpc.add_ChatServicer_to_server(grok, server)
    grok.port = server.add_secure_port("127.0.0.1:0", grpc.local_server_credentials())
    server.start()
    try:
        yield grok
    finally:
        server.stop(None).wait()


def client(grok: Grok, *, is_async: bool) -> Any:
    """A client of it. The SDK takes a server of one's own only by the name `localhost`."""
    kind: Any = xai_sdk.AsyncClient if is_async else xai_sdk.Client
    return kind(api_key="none", api_host=f"localhost:{grok.port}")


def asking(client: Any) -> Any:
    """A conversation of a client's that asks one thing."""
    chat = client.chat.create(model=MODEL)
    chat.append(user("Where does Faro lie?"))
    return chat
