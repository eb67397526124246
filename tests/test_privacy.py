"""Nothing of what was asked, answered or used to get in is in any signal, however a call ends."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import anthropic
import openai
import pytest
from google import genai
from google.genai.types import HttpOptions

import chunkmeter
from chunkmeter.testing import Kit
from replay.scenarios import by_id
from replay.server import Server
from support import sdk
from support.sdk import PLAIN, eventually

SECRET = "xyzzy-4711"
"""Is in the prompt, the key, a header and the URL's query; so it is in the error texts of those who quote these."""
ASK: list[Any] = [{"role": "user", "content": f"The patient's number is {SECRET}."}]
HEADERS = {"x-tenant-token": SECRET}
CLAUDE = "anthropic-plain-stream"
GEMINI = "google-plain-stream"


def signals(kit: Kit, caplog: pytest.LogCaptureFixture) -> str:
    """All that is exported or logged."""
    data = kit.reader.get_metrics_data()
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("chunkmeter")]
    return "\n".join([data.to_json() if data else "", *(span.to_json() for span in kit.spans), *lines])


def answers(*scenarios: str) -> list[str]:
    """Words of the answers, as the wire has them."""
    words = {"Lisbon", "Tagus", "hills"}
    wire = b"".join(b"".join(by_id[scenario].events) for scenario in scenarios).decode()
    return [word for word in words if word in wire]


@pytest.fixture
def secretive(server: Server) -> Iterator[Callable[..., Any]]:
    """Makes a stream with the secret wherever one can be put: `secretive("openai", "error_after=2")`."""
    clients: list[Any] = []

    def stream(provider: str, options: str = "") -> Any:
        if provider == "openai":
            client: Any = openai.OpenAI(
                base_url=f"{sdk.route(server, PLAIN, options)}/v1",
                api_key=SECRET,
                max_retries=0,
                default_headers=HEADERS,
                default_query={"key": SECRET},
            )
            clients.append(client)
            return client.chat.completions.create(model="gpt-4o-mini", messages=ASK, stream=True, user=SECRET)
        if provider == "anthropic":
            client = anthropic.Anthropic(
                base_url=sdk.route(server, CLAUDE, options),
                api_key=SECRET,
                max_retries=0,
                default_headers=HEADERS,
                default_query={"key": SECRET},
            )
            clients.append(client)
            return client.messages.create(model="claude-sonnet-4-5", messages=ASK, max_tokens=64, stream=True)
        client = genai.Client(
            api_key=SECRET, http_options=HttpOptions(base_url=sdk.route(server, GEMINI, options), headers=HEADERS)
        )
        clients.append(client)
        return client.models.generate_content_stream(model="gemini-2.5-flash", contents=ASK[0]["content"])

    yield stream
    for client in clients:
        client.close()


def read(stream: Any) -> None:
    for _ in stream:
        pass


def leave(stream: Any) -> None:
    next(iter(stream))
    stream.close()


def let_go(stream: Any) -> None:
    next(iter(stream))


@pytest.mark.parametrize("how", [read, leave, let_go])
@pytest.mark.parametrize("provider", ["openai", "anthropic", "google"])
def test_a_call_tells_nothing_of_its_content(
    secretive: Callable[..., Any],
    kit: Kit,
    caplog: pytest.LogCaptureFixture,
    provider: str,
    how: Callable[[Any], None],
) -> None:
    """Neither prompt, answer, key, header nor query, whether it is read, closed or let go of."""
    with caplog.at_level(logging.INFO):
        how(chunkmeter.wrap(secretive(provider), provider=provider, telemetry=kit.telemetry))
        eventually(lambda: bool(kit.spans))
    told = signals(kit, caplog)
    assert kit.total("chunkmeter.calls") == 1
    assert SECRET not in told
    words = answers(PLAIN, CLAUDE, GEMINI)
    assert words
    assert [word for word in words if word in told] == []


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_a_failure_tells_its_type_and_nothing_of_its_text(
    secretive: Callable[..., Any], kit: Kit, caplog: pytest.LogCaptureFixture, provider: str
) -> None:
    """Providers quote keys and prompts in what they answer."""
    with caplog.at_level(logging.INFO):
        stream = chunkmeter.wrap(secretive(provider, "error_after=2"), provider=provider, telemetry=kit.telemetry)
        with pytest.raises((openai.APIError, anthropic.APIError)) as caught:
            read(stream)
    told = signals(kit, caplog)
    assert SECRET not in told
    assert caught.value.message not in told
    assert "APIError" in told or "APIStatusError" in told or "OverloadedError" in told


def test_a_fault_of_ours_tells_its_type_and_nothing_of_its_text(
    secretive: Callable[..., Any], kit: Kit, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What we choke on may be what the user sent."""

    def choke(*_: object, **__: object) -> None:
        raise ValueError(SECRET)

    for target in ("chunkmeter.pricing.price", "chunkmeter.reporting.telemetry.span_attributes"):
        monkeypatch.setattr(target, choke)
    with caplog.at_level(logging.INFO):
        read(chunkmeter.wrap(secretive("openai"), provider="openai", telemetry=kit.telemetry))
    told = signals(kit, caplog)
    assert kit.total("chunkmeter.errors") == 2
    assert "ValueError" in told
    assert SECRET not in told
