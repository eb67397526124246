"""Where a client of Mirascope's sends its requests is kept, and told anew where it is another place."""

from __future__ import annotations

import httpx
import openai

from chunkmeter.instrumentors._endpoint import Endpoint
from chunkmeter.instrumentors.mirascope import _client
from chunkmeter.instrumentors.mirascope._client import endpoint_of

AZURE = "https://acme.openai.azure.com/openai/v1"


def test_a_client_that_is_sent_elsewhere_is_told_anew() -> None:
    client = openai.OpenAI(api_key="none", base_url=AZURE)
    for _ in range(2):
        assert endpoint_of(client.chat.completions.create) == Endpoint("azure.ai.openai", "acme.openai.azure.com", 443)
    client.base_url = "http://localhost:8080/v1"
    for _ in range(2):
        assert endpoint_of(client.chat.completions.create) == Endpoint(None, "localhost", 8080)
    client.base_url = AZURE
    assert endpoint_of(client.chat.completions.create) == Endpoint("azure.ai.openai", "acme.openai.azure.com", 443)


def test_clients_of_two_classes_at_one_host_are_kept_apart() -> None:
    url = "https://gateway.example.com/v1"
    own = openai.OpenAI(api_key="none", base_url=url)
    azure = openai.AzureOpenAI(api_key="none", api_version="2024-06-01", base_url=url)
    for _ in range(2):
        assert endpoint_of(own.chat.completions.create).provider is None
        assert endpoint_of(azure.chat.completions.create).provider == "azure.ai.openai"


def test_no_more_places_are_kept_than_a_process_has_clients() -> None:
    client = openai.OpenAI(api_key="none")
    for number in range(600):
        client.base_url = f"https://{number}.example.com/v1"
        assert endpoint_of(client.chat.completions.create).address == f"{number}.example.com"
    assert len(_client._kept) <= 256


def test_a_method_of_no_client_sends_to_no_known_place() -> None:
    assert endpoint_of(len) == Endpoint()


def test_a_user_s_own_kind_of_client_is_asked_each_time() -> None:
    """It may say something else whenever it is asked."""

    class Completions(openai.resources.chat.Completions):
        """A resource of the user's."""

    client = openai.OpenAI(api_key="none", base_url=AZURE)
    assert endpoint_of(client.chat.completions.create).provider == "azure.ai.openai"
    mine = Completions(client)
    for _ in range(2):
        assert endpoint_of(mine.create) == Endpoint("azure.ai.openai", "acme.openai.azure.com", 443)
    assert Completions not in _client._kinds


def test_a_client_that_fails_when_asked_for_its_place_has_none() -> None:
    """Where others of its class have one."""

    class Broken(openai.OpenAI):
        """A client without a place."""

        @property
        def base_url(self) -> httpx.URL:
            raise AttributeError

        @base_url.setter
        def base_url(self, url: object) -> None:
            pass

    own = openai.OpenAI(api_key="none")
    assert endpoint_of(own.chat.completions.create).address == "api.openai.com"
    broken = openai.resources.chat.Completions(Broken(api_key="none"))
    assert endpoint_of(broken.create) == Endpoint()
