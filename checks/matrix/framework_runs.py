"""What each framework is made to do: a plain run, a streamed one, one that uses a tool, and what is its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, cast

from pydantic import field_validator

from checks.matrix.runs import ASKED, Items, Run, run_of
from support.cells import Book, get_weather
from support.clients import KEY

__all__ = ["FRAMEWORKS"]

CHAT, RESPONSES = "openai", "responses"
"""Services of the replay server: OpenAI's two ways."""
MODELS = {CHAT: "gpt-4o-mini", RESPONSES: "gpt-5-nano"}
PARSED = "gpt-4.1"
"""The model that answers with the object that is asked for by a schema."""


def _agent_runs(agent: Callable[..., Callable[[str], Any]], run: Any, stream: Any) -> Iterator[Run]:
    """An async agent's runs, over both of OpenAI's wires: `agent(service, *tools)` makes it."""
    for service in (CHAT, RESPONSES):
        yield run_of(f"{service} plain", f"{service}-plain-call", agent(service), run, is_async=True)
        yield run_of(f"{service} stream", f"{service}-plain-stream", agent(service), stream, is_async=True)
        answers = f"{service}-tools-call {service}-plain-call"
        yield run_of(f"{service} tools", answers, agent(service, get_weather), run, is_async=True)
        answers = f"{service}-tools-stream {service}-plain-stream"
        yield run_of(f"{service} tools stream", answers, agent(service, get_weather), stream, is_async=True)


# --- LangChain ---


def _langchain() -> Iterator[Run]:
    from langchain_core.messages import HumanMessage, ToolMessage
    from langchain_openai import ChatOpenAI

    def told(message: Any) -> tuple[Any, ...]:
        """A message without its id, which is a new one each time."""
        return type(message).__name__, message.content, message.tool_calls, message.usage_metadata

    def model(service: str, name: str = "") -> Callable[[str], Any]:
        options: dict[str, Any] = {"use_responses_api": service == RESPONSES, "stream_usage": True}
        return lambda server: ChatOpenAI(
            model=name or MODELS[service],
            base_url=f"{server}/{service}",
            api_key=cast("Any", KEY),
            max_retries=0,
            **options,
        )

    def invoke(llm: Any, items: Items) -> None:
        items.append(told(llm.invoke(ASKED)))

    async def ainvoke(llm: Any, items: Items) -> None:
        items.append(told(await llm.ainvoke(ASKED)))

    def stream(llm: Any, items: Items) -> None:
        items.extend(told(chunk) for chunk in llm.stream(ASKED))

    async def astream(llm: Any, items: Items) -> None:
        async for chunk in llm.astream(ASKED):
            items.append(told(chunk))

    def tools(llm: Any, items: Items) -> None:
        able, question = llm.bind_tools([get_weather]), HumanMessage(ASKED)
        asking = able.invoke([question])
        results = [ToolMessage(get_weather(**call["args"]), tool_call_id=call["id"]) for call in asking.tool_calls]
        items += [told(asking), told(able.invoke([question, asking, *results]))]

    def structured(llm: Any, items: Items) -> None:
        items.append(llm.with_structured_output(Book).invoke(ASKED))

    for service in (CHAT, RESPONSES):
        yield run_of(f"{service} plain", f"{service}-plain-call", model(service), invoke)
        yield run_of(f"{service} plain", f"{service}-plain-call", model(service), ainvoke, is_async=True)
        yield run_of(f"{service} stream", f"{service}-plain-stream", model(service), stream)
        yield run_of(f"{service} stream", f"{service}-plain-stream", model(service), astream, is_async=True)
        yield run_of(f"{service} tools", f"{service}-tools-call {service}-plain-call", model(service), tools)
    yield run_of("openai structured", "openai-parsed-call", model(CHAT, PARSED), structured)


# --- Pydantic AI ---


def _pydantic_ai() -> Iterator[Run]:
    from pydantic_ai import Agent  # pyrefly: ignore[missing-import]
    from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel  # pyrefly: ignore[missing-import]
    from pydantic_ai.providers.openai import OpenAIProvider  # pyrefly: ignore[missing-import]

    def agent(service: str, *tools: Callable[..., Any]) -> Callable[[str], Any]:
        kind: Any = OpenAIChatModel if service == CHAT else OpenAIResponsesModel

        def made(server: str) -> Any:
            provider = OpenAIProvider(base_url=f"{server}/{service}", api_key=KEY)
            return Agent(kind(MODELS[service], provider=provider), tools=tools)

        return made

    def told(result: Any) -> tuple[Any, ...]:
        used = result.usage() if callable(result.usage) else result.usage
        return type(result).__name__, result.output, used.input_tokens, used.output_tokens, used.requests

    async def run(agent: Any, items: Items) -> None:
        items.append(told(await agent.run(ASKED)))

    async def stream(agent: Any, items: Items) -> None:
        async with agent.run_stream(ASKED) as result:
            async for text in result.stream_text(delta=True, debounce_by=None):
                items.append(text)

    yield from _agent_runs(agent, run, stream)


# --- Instructor ---


def _instructor() -> Iterator[Run]:
    import instructor  # pyrefly: ignore[missing-import]
    from openai import AsyncOpenAI, OpenAI

    def client(kind: Any, path: str = CHAT) -> Callable[[str], Any]:
        return lambda server: instructor.from_openai(kind(base_url=f"{server}/{path}", api_key=KEY, max_retries=0))

    asked: Any = {"model": MODELS[CHAT], "messages": [{"role": "user", "content": ASKED}], "response_model": Book}
    usage: Any = {"stream_options": {"include_usage": True}}

    def create(client: Any, items: Items) -> None:
        items.append(client.create(**asked))

    async def acreate(client: Any, items: Items) -> None:
        items.append(await client.create(**asked))

    def partial(client: Any, items: Items) -> None:
        items.extend(client.create_partial(**asked, **usage))

    async def apartial(client: Any, items: Items) -> None:
        async for part in client.create_partial(**asked, **usage):
            items.append(part)

    def again(client: Any, items: Items) -> None:
        refused = list[str]()

        def once(title: str) -> str:
            if not refused:
                refused.append(title)
                raise ValueError("not this one")
            return title

        picky = type("Book", (Book,), {"__doc__": Book.__doc__, "title_is_new": field_validator("title")(once)})
        items.append(client.create(**asked | {"response_model": picky}, max_retries=2).model_dump())

    yield run_of("tool", "openai-structured-call", client(OpenAI), create)
    yield run_of("tool", "openai-structured-call", client(AsyncOpenAI), acreate, is_async=True)
    told = "id/openai-structured-stream"  # it offers the tool by another name
    yield run_of("partial", "openai-structured-stream", client(OpenAI, told), partial)
    yield run_of("partial", "openai-structured-stream", client(AsyncOpenAI, told), apartial, is_async=True)
    yield run_of("retry", "openai-structured-call openai-structured-call", client(OpenAI), again)


# --- OpenAI's agents ---


def _agents() -> Iterator[Run]:
    from agents import (  # pyrefly: ignore[missing-import]
        Agent,
        ModelSettings,
        OpenAIChatCompletionsModel,
        OpenAIResponsesModel,
        Runner,
        function_tool,
        set_tracing_disabled,
    )
    from openai import AsyncOpenAI

    set_tracing_disabled(disabled=True)  # it would send traces to OpenAI

    def agent(service: str, *tools: Callable[..., Any]) -> Callable[[str], Any]:
        kind: Any = OpenAIChatCompletionsModel if service == CHAT else OpenAIResponsesModel

        def made(server: str) -> Any:
            client = AsyncOpenAI(base_url=f"{server}/{service}", api_key=KEY, max_retries=0)
            return Agent(
                name="guide",
                model=kind(model=MODELS[service], openai_client=client),
                model_settings=ModelSettings(include_usage=True),
                tools=[function_tool(tool) for tool in tools],
            )

        return made

    def told(result: Any) -> tuple[Any, ...]:
        used = result.context_wrapper.usage
        return result.final_output, used.input_tokens, used.output_tokens, used.requests

    async def run(agent: Any, items: Items) -> None:
        items.append(told(await Runner.run(agent, ASKED)))

    async def stream(agent: Any, items: Items) -> None:
        result = Runner.run_streamed(agent, ASKED)
        async for event in result.stream_events():
            items.append(event.type)
        items.append(told(result))

    yield from _agent_runs(agent, run, stream)


FRAMEWORKS: dict[str, Callable[[], Iterator[Run]]] = {
    "langchain-openai": _langchain,
    "pydantic-ai-slim": _pydantic_ai,
    "instructor": _instructor,
    "openai-agents": _agents,
}
"""By the names of their distributions."""
