"""Google's gRPC front before the replay server, for the two older SDKs that speak it.

Each call is sent on as the HTTP request that it stands for, as Google's own front does by its `google.api.http`
annotations; an answer comes back as the messages that its JSON stands for, without what the SDK's release doesn't know.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPResponse
from importlib import import_module
from typing import Any, NamedTuple
from urllib.parse import urlsplit

__all__ = ["GEMINI", "VERTEX", "Api", "Transcoder"]

grpc: Any = import_module("grpc")


class Api(NamedTuple):
    """One of Google's two APIs that generate content."""

    service: str
    """The service's name in gRPC."""
    version: str
    """How its HTTP paths begin."""
    messages: str
    """The module that has its messages."""


GEMINI = Api(
    "google.ai.generativelanguage.v1beta.GenerativeService", "v1beta", "google.ai.generativelanguage_v1beta.types"
)
VERTEX = Api("google.cloud.aiplatform.v1.PredictionService", "v1", "google.cloud.aiplatform_v1.types")


class Transcoder:
    """A running gRPC server on 127.0.0.1 before `base`, an HTTP address: a context manager that stops it."""

    def __init__(self, api: Api, base: str) -> None:
        self._api, self._base = api, urlsplit(base)
        messages = import_module(api.messages)
        self._request, self._response = messages.GenerateContentRequest, messages.GenerateContentResponse
        codec = {
            "request_deserializer": self._request.deserialize,
            "response_serializer": self._response.serialize,
        }
        methods = {
            "GenerateContent": grpc.unary_unary_rpc_method_handler(self._call, **codec),
            "StreamGenerateContent": grpc.unary_stream_rpc_method_handler(self._stream, **codec),
        }
        self._server = grpc.server(ThreadPoolExecutor(4, "replay-grpc"), options=[("grpc.so_reuseport", 0)])
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(api.service, methods),))
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def close(self) -> None:
        """Stops it, and what it is in the middle of."""
        self._server.stop(None).wait()

    def _call(self, request: Any, context: Any) -> Any:
        with self._post("generateContent", request, context) as answer:
            return self._message(answer.read())

    def _stream(self, request: Any, context: Any) -> Iterator[Any]:
        with self._post("streamGenerateContent", request, context) as answer:
            for line in answer:
                if line.startswith(b"data: "):
                    yield self._message(line.removeprefix(b"data: "))
                elif line.startswith(b"{"):  # an error in the middle of it has no framing
                    _refuse(context, line)

    @contextmanager
    def _post(self, method: str, request: Any, context: Any) -> Generator[HTTPResponse]:
        body = self._request.to_json(request, use_integers_for_enums=False, always_print_fields_with_no_presence=False)
        path = f"{self._base.path}/{self._api.version}/{request.model}:{method}"
        with closing(HTTPConnection(self._base.netloc)) as connection:
            connection.request("POST", path, body, {"content-type": "application/json"})
            with connection.getresponse() as answer:
                if answer.status != 200:
                    _refuse(context, answer.read())
                yield answer

    def _message(self, said: bytes) -> Any:
        return self._response.from_json(said, ignore_unknown_fields=True)


def _refuse(context: Any, said: bytes) -> None:
    error = json.loads(said)["error"]
    context.abort(grpc.StatusCode[error["status"]], error["message"])
