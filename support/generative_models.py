"""The `GenerativeModel`s of Google's two older SDKs, aimed at the replay server by gRPC, as they speak by default.

The SDKs are there in the environments that `make matrix` makes for them.
"""

from __future__ import annotations

from contextlib import AsyncExitStack, ExitStack, closing
from importlib import import_module
from typing import Any, NamedTuple

from replay.scenarios import Service, by_id
from replay.transcoder import GEMINI, VERTEX, Api, Transcoder

__all__ = ["new_async_model", "new_model"]

grpc: Any = import_module("grpc")  # it comes without types, as do the SDKs


class _Sdk(NamedTuple):
    api: Api
    home: str
    """The module of its `GenerativeModel`."""
    services: str
    """The module of the client below it."""
    client: str
    """How the names of that client's classes begin."""
    kept_as: tuple[str, str]
    """The model's attributes for that client, sync and async."""


_SDKS: dict[Service, _Sdk] = {
    "gemini": _Sdk(
        GEMINI,
        "google.generativeai",
        "google.ai.generativelanguage_v1beta.services.generative_service",
        "GenerativeService",
        ("_client", "_async_client"),
    ),
    "vertex": _Sdk(
        VERTEX,
        "vertexai.generative_models",
        "google.cloud.aiplatform_v1.services.prediction_service",
        "PredictionService",
        ("_prediction_client", "_prediction_async_client"),
    ),
}


def new_model(service: Service, base: str, stack: ExitStack) -> Any:
    """A model whose requests get to `base`, closed with `stack`."""
    sdk = _SDKS[service]
    address = stack.enter_context(closing(Transcoder(sdk.api, base))).address
    channel = stack.enter_context(grpc.insecure_channel(address))
    model = _model(service)
    setattr(model, sdk.kept_as[0], _client(sdk, "Grpc", "", address, channel))
    return model


async def new_async_model(service: Service, base: str, stack: AsyncExitStack) -> Any:
    """The same for async functions."""
    sdk = _SDKS[service]
    address = stack.enter_context(closing(Transcoder(sdk.api, base))).address
    channel = await stack.enter_async_context(grpc.aio.insecure_channel(address))
    model = _model(service)
    setattr(model, sdk.kept_as[1], _client(sdk, "GrpcAsyncIO", "Async", address, channel))
    return model


def _model(service: Service) -> Any:
    if service == "vertex":
        credentials = import_module("google.auth.credentials").AnonymousCredentials()
        import_module("vertexai").init(project="replay", location="us-central1", credentials=credentials)
    return import_module(_SDKS[service].home).GenerativeModel(by_id[f"{service}-plain-call"].model)


def _client(sdk: _Sdk, transport: str, kind: str, address: str, channel: Any) -> Any:
    services = import_module(sdk.services)
    made = getattr(services.transports, f"{sdk.client}{transport}Transport")(host=address, channel=channel)
    return getattr(services, f"{sdk.client}{kind}Client")(transport=made)
