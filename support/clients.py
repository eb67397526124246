"""The provider SDKs' clients for Mirascope, aimed at an address of the replay server: one row a service."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Generator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from functools import cache, partial
from typing import Any

from replay.scenarios import Service
from support.generative_models import new_async_model, new_model

__all__ = ["keys_at_hand", "new_async_client", "new_client"]

KEY = "no-key-needed"


def new_client(service: Service, base: str, stack: ExitStack) -> Any:
    """A client of `service` at `base`, closed with `stack`; None where the library makes its own."""
    return _CLIENTS[service][0](base, stack)


async def new_async_client(service: Service, base: str, stack: AsyncExitStack) -> Any:
    """The same for async functions."""
    return await _CLIENTS[service][1](base, stack)


@contextmanager
def keys_at_hand() -> Generator[None]:
    """Sets what Mirascope's own helper clients want to find in the environment."""
    before = {name: os.environ.get(name) for name in ("OPENAI_API_KEY",)}
    os.environ.update(dict.fromkeys(before, KEY))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name)
            else:
                os.environ[name] = value


def _openai(base: str, stack: ExitStack) -> Any:
    from openai import OpenAI

    return stack.enter_context(OpenAI(base_url=base, api_key=KEY, max_retries=0))


async def _async_openai(base: str, stack: AsyncExitStack) -> Any:
    from openai import AsyncOpenAI

    return await stack.enter_async_context(AsyncOpenAI(base_url=base, api_key=KEY, max_retries=0))


def _groq(base: str, stack: ExitStack) -> Any:
    from groq import Groq

    return stack.enter_context(Groq(base_url=base, api_key=KEY, max_retries=0))


async def _async_groq(base: str, stack: AsyncExitStack) -> Any:
    from groq import AsyncGroq

    return await stack.enter_async_context(AsyncGroq(base_url=base, api_key=KEY, max_retries=0))


def _anthropic(base: str, stack: ExitStack) -> Any:
    from anthropic import Anthropic

    return stack.enter_context(Anthropic(base_url=base, api_key=KEY, max_retries=0))


async def _async_anthropic(base: str, stack: AsyncExitStack) -> Any:
    from anthropic import AsyncAnthropic

    return await stack.enter_async_context(AsyncAnthropic(base_url=base, api_key=KEY, max_retries=0))


def _google(base: str, stack: ExitStack | AsyncExitStack) -> Any:
    from google.genai import Client
    from google.genai.types import HttpOptions

    client = Client(api_key=KEY, http_options=HttpOptions(base_url=base))
    if hasattr(client, "close"):  # older ones can't
        stack.callback(client.close)
    return client


async def _async_google(base: str, stack: AsyncExitStack) -> Any:
    client = _google(base, stack)
    if hasattr(client.aio, "aclose"):
        stack.push_async_callback(client.aio.aclose)
    return client


def _litellm(base: str, _stack: ExitStack | AsyncExitStack) -> None:
    """LiteLLM has no client to pass: it is told by a global, and by a key in the environment."""
    import litellm

    litellm.api_base = base
    litellm.api_key = KEY


async def _async_litellm(base: str, stack: AsyncExitStack) -> None:
    _litellm(base, stack)


def _azure(base: str, stack: ExitStack) -> Any:
    from azure.ai.inference import ChatCompletionsClient
    from azure.core.credentials import AzureKeyCredential

    return stack.enter_context(ChatCompletionsClient(base, AzureKeyCredential(KEY), retry_total=0))


async def _async_azure(base: str, stack: AsyncExitStack) -> Any:
    from azure.ai.inference.aio import ChatCompletionsClient
    from azure.core.credentials import AzureKeyCredential

    return await stack.enter_async_context(ChatCompletionsClient(base, AzureKeyCredential(KEY), retry_total=0))


@cache
def _aws() -> Any:
    from boto3.session import Session

    return Session(KEY, KEY, region_name="us-east-1")  # it reads all of Amazon's endpoints with its first client


@cache
def _async_aws() -> Any:
    from aiobotocore.session import AioSession

    return AioSession()


def _bedrock(base: str, stack: ExitStack) -> Any:
    from botocore.config import Config

    client = _aws().client("bedrock-runtime", endpoint_url=base, config=Config(retries={"total_max_attempts": 1}))
    stack.callback(client.close)
    return client


async def _async_bedrock(base: str, stack: AsyncExitStack) -> Any:
    from aiobotocore.config import AioConfig

    options: dict[str, Any] = {"aws_access_key_id": KEY, "aws_secret_access_key": KEY, "region_name": "us-east-1"}
    config = AioConfig(retries={"total_max_attempts": 1})
    made = _async_aws().create_client("bedrock-runtime", endpoint_url=base, config=config, **options)
    return await stack.enter_async_context(made)


def _cohere(base: str, stack: ExitStack) -> Any:
    from cohere import Client

    return stack.enter_context(Client(KEY, base_url=base))


async def _async_cohere(base: str, stack: AsyncExitStack) -> Any:
    from cohere import AsyncClient

    return await stack.enter_async_context(AsyncClient(KEY, base_url=base))


def _mistral(base: str, stack: ExitStack) -> Any:
    from mistralai import Mistral

    return stack.enter_context(Mistral(KEY, server_url=base))


async def _async_mistral(base: str, stack: AsyncExitStack) -> Any:
    from mistralai import Mistral

    return await stack.enter_async_context(Mistral(KEY, server_url=base))


_Made = tuple[Callable[[str, ExitStack], Any], Callable[[str, AsyncExitStack], Awaitable[Any]]]
_CLIENTS: dict[Service, _Made] = {
    "openai": (_openai, _async_openai),
    "groq": (_groq, _async_groq),
    "xai": (_openai, _async_openai),
    "litellm": (_litellm, _async_litellm),
    "anthropic": (_anthropic, _async_anthropic),
    "google": (_google, _async_google),
    "azure": (_azure, _async_azure),
    "bedrock": (_bedrock, _async_bedrock),
    "cohere": (_cohere, _async_cohere),
    "mistral": (_mistral, _async_mistral),
    "gemini": (partial(new_model, "gemini"), partial(new_async_model, "gemini")),
    "vertex": (partial(new_model, "vertex"), partial(new_async_model, "vertex")),
}
