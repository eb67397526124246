"""How the libraries are asked that Stainless has not made: Amazon's SDKs for Bedrock, sync and async, and LiteLLM."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack
from dataclasses import replace
from typing import Any

from checks.matrix.runs import ASKED, Ask, Items, Run
from replay.scenarios import Scenario, Truth, by_id
from replay.scenarios.base import BOOK_TOOL, MILLION, WEATHER_TOOL, D, compact
from replay.scenarios.eventstream import event
from support.clients import KEY, new_async_client, new_client
from support.either import given

__all__ = ["LIBRARIES", "SCRIPTS", "lite"]

Json = dict[str, Any]

_CLAUDE = "us.anthropic.claude-3-5-haiku-20241022-v1:0"  # 0.80 USD a million in, 4.00 out
_MESSAGE: Json = {
    "id": "msg_bdrk_01", "type": "message", "role": "assistant", "model": "claude-3-5-haiku-20241022",
    "content": [{"type": "text", "text": "Elvas lies by the border."}], "stop_reason": "end_turn",
    "usage": {"input_tokens": 21, "output_tokens": 9},
}  # fmt: skip
_SAID: tuple[Json, ...] = (
    {"type": "message_start", "message": {**_MESSAGE, "content": [], "stop_reason": None}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Elvas lies by the border."}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 9}},
    {"type": "message_stop", "amazon-bedrock-invocationMetrics": {"inputTokenCount": 21, "outputTokenCount": 9}},
)
_INVOKED = Truth(
    raw_finish_reasons=("end_turn",),
    finish_reasons=("stop",),
    provider="aws.bedrock",
    response_model="claude-3-5-haiku-20241022",
    response_id="msg_bdrk_01",
    input_tokens=21,
    output_tokens=9,
    total_tokens=30,
    cost=(21 * D("0.80") + 9 * D("4.00")) / MILLION,
    events_on_wire=6,
)


def _chunk(said: Mapping[str, Any]) -> bytes:
    return event("chunk", {"bytes": base64.b64encode(compact(said).encode()).decode(), "p": "abcde"})


def _invoked(name: str, *events: bytes, stream: bool) -> Scenario:
    return Scenario(
        id=name, service="bedrock", model=_CLAUDE, stream=stream, kind="plain", events=events, truth=_INVOKED
    )


SCRIPTS = {
    script.id: script
    for script in (
        _invoked("bedrock-invoke-call", compact(_MESSAGE).encode(), stream=False),
        _invoked("bedrock-invoke-stream", *map(_chunk, _SAID), stream=True),
    )
}
"""Answers of InvokeModel, which no scenario has."""


def lite(name: str) -> Scenario:
    """A scenario of LiteLLM's, asked by itself: it is OpenAI that answers, and what that costs is ours to tell."""
    scenario = by_id[name]
    return replace(scenario, service="openai", truth=replace(scenario.truth, provider="openai", provider_cost=None))


# --- Bedrock ---


def _tool(name: str, *fields: str) -> Json:
    schema = {"type": "object", "properties": {field: {"type": "string"} for field in fields}, "required": [*fields]}
    return {"toolConfig": {"tools": [{"toolSpec": {"name": name, "inputSchema": {"json": schema}}}]}}


_KINDS = {"plain": {}, "structured": _tool(BOOK_TOOL, "title", "author"), "tools": _tool(WEATHER_TOOL, "city")}


async def _converse(client: Any, said: Json, items: Items) -> None:
    answer = await given(client.converse(**said))
    items.append({name: part for name, part in answer.items() if name != "ResponseMetadata"})


async def _converse_stream(client: Any, said: Json, items: Items) -> None:
    await _rest((await given(client.converse_stream(**said)))["stream"], items)


async def _invoke(client: Any, said: Json, items: Items) -> None:
    items.append(await given((await given(client.invoke_model(**said)))["body"].read()))


async def _invoke_in_pieces(client: Any, said: Json, items: Items) -> None:
    await _rest((await given(client.invoke_model(**said)))["body"].iter_chunks(16), items)


async def _invoke_stream(client: Any, said: Json, items: Items) -> None:
    await _rest((await given(client.invoke_model_with_response_stream(**said)))["body"], items)


async def _rest(stream: Any, items: Items) -> None:
    if hasattr(stream, "__aiter__"):
        async for item in stream:
            items.append(item)
    else:
        items.extend(stream)


def _bedrock(*, is_async: bool) -> Iterator[Run]:
    def run(name: str, scenario: Scenario, ask: Callable[..., Any], said: Json) -> Run:
        def bind(server: str) -> Ask:
            # botocore's clients live as long as they are held; aiobotocore's are managers, and closed each time.
            base = f"{server}/id/{scenario.id}"
            client = None if is_async else new_client("bedrock", base, ExitStack())

            async def asking(items: Items) -> None:
                if client is not None:
                    await ask(client, said, items)
                    return
                async with AsyncExitStack() as stack:
                    await ask(await new_async_client("bedrock", base, stack), said, items)

            return asking

        return Run(name, is_async, (scenario,), bind)

    for kind, tool in _KINDS.items():
        for name, ask, stream in (("converse", _converse, "call"), ("converse_stream", _converse_stream, "stream")):
            scenario = by_id[f"bedrock-{kind}-{stream}"]
            said = {"modelId": scenario.model, "messages": [{"role": "user", "content": [{"text": ASKED}]}], **tool}
            yield run(f"{name} {kind}", scenario, ask, said)
    invoked = {"modelId": _CLAUDE, "body": json.dumps({"anthropic_version": "bedrock-2023-05-31", "max_tokens": 64})}
    yield run("invoke_model", SCRIPTS["bedrock-invoke-call"], _invoke, invoked)
    yield run("invoke_model in pieces", SCRIPTS["bedrock-invoke-call"], _invoke_in_pieces, invoked)
    yield run("invoke_model stream", SCRIPTS["bedrock-invoke-stream"], _invoke_stream, invoked)


# --- LiteLLM ---


def _litellm() -> Iterator[Run]:
    import litellm
    from litellm import acompletion, aembedding, completion, embedding

    litellm.suppress_debug_info = True
    logging.getLogger("LiteLLM").setLevel(logging.ERROR)  # each Router adds callbacks, and 30 are too many for it
    embeds = by_id["openai-embeddings-call"]

    def run(name: str, scenario: Scenario, ask: Callable[[str, Items], Any], *, is_async: bool) -> Run:
        def bind(server: str) -> Ask:
            async def asking(items: Items) -> None:
                await given(ask(f"{server}/id/{scenario.id}", items))

            return asking

        return Run(name, is_async, (scenario,), bind, hands_on=scenario.stream)

    def chat(scenario: Scenario, stream: bool, tools: Json, *, is_async: bool, routed: bool) -> Callable[..., Any]:
        told: Json = {"messages": [{"role": "user", "content": ASKED}], "stream": stream, **tools}
        told |= {"stream_options": {"include_usage": True}} if stream else {}

        async def ask(base: str, items: Items) -> None:
            place: Json = {"model": f"openai/{scenario.model}", "api_base": base, "api_key": KEY, "max_retries": 0}
            if routed:
                router = litellm.Router([{"model_name": "mine", "litellm_params": place}], num_retries=0)
                answer: Any = (router.acompletion if is_async else router.completion)(model="mine", **told)
            else:
                answer = (acompletion if is_async else completion)(**place, **told)
            answer = await given(answer)
            if not stream:
                items.append(_told(answer))
            elif is_async:
                async for chunk in answer:
                    items.append(_told(chunk))
            else:
                items.extend(map(_told, answer))

        return ask

    for is_async in (False, True):
        for kind, name, fields in (
            ("plain", "", ()),
            ("structured", BOOK_TOOL, ("title", "author")),
            ("tools", WEATHER_TOOL, ("city",)),
        ):
            schema = {"type": "object", "properties": {field: {"type": "string"} for field in fields}}
            tools: Json = (
                {"tools": [{"type": "function", "function": {"name": name, "parameters": schema}}]} if name else {}
            )
            for stream in (False, True):
                scenario = lite(f"litellm-{kind}-{'stream' if stream else 'call'}")
                for routed in (False, True):
                    by = "Router" if routed else "completion"
                    ask = chat(scenario, stream, tools, is_async=is_async, routed=routed)
                    yield run(f"{by} {kind}{' stream' if stream else ''}", scenario, ask, is_async=is_async)

        async def embed(base: str, items: Items, kind: Any = aembedding if is_async else embedding) -> None:
            said: Json = {"input": ["ebb"], "encoding_format": "base64", "api_base": base, "api_key": KEY}
            items.append(_told(await given(kind(f"openai/{embeds.model}", **said))))

        yield run("embedding", embeds, embed, is_async=is_async)


def _told(answer: Any) -> Any:
    """An answer of LiteLLM's as a dict, without the time it was made."""
    return {name: part for name, part in answer.model_dump().items() if name != "created"}


LIBRARIES: dict[str, Callable[[], Iterator[Run]]] = {
    "botocore": lambda: _bedrock(is_async=False),
    "aiobotocore": lambda: _bedrock(is_async=True),
    "litellm": _litellm,
}
"""By the names of their distributions."""
