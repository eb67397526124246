"""Amazon Bedrock through botocore 1.34 to 1.x, as boto3 and aiobotocore have it: Converse and InvokeModel.

All requests of all clients pass through `_make_api_call`. Its answer is the dict that the application gets: a stream in
it is tapped where it lies, and a body is left to the application to read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from .. import readers
from ..calls.lease import Lease
from ..facts.request import Request
from ..readers import Reader
from ..reporting.telemetry import Telemetry
from ..streams.methods import put_on
from ._library import Library, LibraryInstrumentor, Patches
from ._method import Method
from ._stainless_answer import note_retries
from ._streaming_body import is_body, tap_body

__all__ = ["BotocoreInstrumentor"]

_SERVICE = "bedrock-runtime"
_HEADER = "x-amzn-bedrock-"
# What the headers of a plain answer call the counts that stand in the last chunk of a streamed one.
_COUNTS = {
    "input-token-count": "inputTokenCount",
    "output-token-count": "outputTokenCount",
    "cache-read-input-token-count": "cacheReadInputTokenCount",
    "cache-write-input-token-count": "cacheWriteInputTokenCount",
}
_SERVED = {"performanceconfig-latency": "performanceConfigLatency", "service-tier": "serviceTier"}


@dataclass(frozen=True, slots=True)
class _Operation:
    """One of Bedrock's operations.

    Attributes:
        wire: the wire of its answer.
        key: where the answer's dict has a stream or a body; None where the dict is the answer.
        stream: whether that is a stream.
    """

    wire: str
    key: str | None = None
    stream: bool = False


_OPERATIONS = {
    "Converse": _Operation("bedrock_converse"),
    "ConverseStream": _Operation("bedrock_converse", "stream", stream=True),
    "InvokeModel": _Operation("bedrock_invoke", "body"),
    "InvokeModelWithResponseStream": _Operation("bedrock_invoke", "body", stream=True),
}


def _install(telemetry: Telemetry, patches: Patches) -> None:
    method = Method(telemetry, "botocore", patches)
    hooks = {
        name: method.hook(partial(_described, method, operation), partial(_answered, operation))
        for name, operation in _OPERATIONS.items()
    }

    def on_call(wrapped: Any, client: Any, args: Any, kwargs: Any) -> Any:
        """Hook of `_make_api_call(operation_name, api_params)`."""
        hook = hooks.get(args[0] if args else kwargs.get("operation_name"))
        if hook is None or client.meta.service_model.service_name != _SERVICE:
            return wrapped(*args, **kwargs)
        return hook(wrapped, client, args, kwargs)

    patches.put("botocore.client", "BaseClient._make_api_call", on_call)
    patches.put("aiobotocore.client", "AioBaseClient._make_api_call", on_call)


def _described(
    method: Method, operation: _Operation, send: Any, given: dict[str, Any]
) -> tuple[Request, Reader | None]:
    asked = {**given["api_params"]}
    if operation.wire == "bedrock_invoke":
        asked = {**_body(asked.pop("body", None)), **asked}
    return method.described(send, asked, wire=operation.wire, provider="aws.bedrock", stream=operation.stream)


def _body(body: Any) -> dict[str, Any]:
    """The parameters in the body of InvokeModel; none where it is a file, which is read once."""
    if not isinstance(body, str | bytes | bytearray):
        return {}
    try:
        said = json.loads(body)
    except ValueError:  # the service will say so
        return {}
    return cast("dict[str, Any]", said) if isinstance(said, dict) else {}


def _answered(operation: _Operation, lease: Lease, response: Any) -> Any:
    """Meter an answer, given the lease of its call."""
    call = lease.begun()
    key = operation.key
    with call.telemetry.guard("hook", "reading an answer"):
        try:
            about = response.get("ResponseMetadata") or {}  # a stub of the SDK's for tests gives none
            note_retries(call, about.get("RetryAttempts"))
            if operation.wire == "bedrock_invoke":
                readers.for_wire(operation.wire).read(call.tally, _told(about.get("HTTPHeaders") or {}))
            if key is None:
                call.observe(response)
                call.settle("exhausted")
            elif operation.stream:
                response[key] = put_on(response[key], lease)
            elif is_body(response[key]):
                tap_body(response[key], lease)
            else:
                call.settle("collected")
        except Exception:
            call.settle("collected")  # nobody else would
            raise
    return response


def _told(headers: Mapping[str, Any]) -> dict[str, Any]:
    """What the headers of an answer of InvokeModel tell: how it was served and, of a plain one, the tokens.

    https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html
    """

    def named(names: Mapping[str, str]) -> dict[str, Any]:
        return {name: headers[_HEADER + header] for header, name in names.items() if _HEADER + header in headers}

    counts = {name: int(number) for name, number in named(_COUNTS).items() if number.isdecimal()}
    return {**named(_SERVED), **({"amazon-bedrock-invocationMetrics": counts} if counts else {})}


class BotocoreInstrumentor(LibraryInstrumentor):
    """Meters the calls to Amazon Bedrock of boto3, botocore, aioboto3 and aiobotocore.

    `instrument()` takes `tracer_provider` and `meter_provider`, which default to the global providers, and every field
    of `chunkmeter.Settings`.
    """

    library = Library(
        name="Amazon's SDK",
        distribution="botocore",
        least=(1, 34, 116),
        below=(2,),
        last="1.x",
        cure="Install 'botocore>=1.34.116,<2', or see whether the calls' usage is on their spans.",
    )
    install = staticmethod(_install)
