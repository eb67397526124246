"""What frameworks are made to do that ask through LiteLLM, through Amazon's SDK, or through Google's."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from checks.matrix.library_runs import lite
from checks.matrix.runs import ASKED, Items, Run, run_of
from replay.scenarios import Scenario
from support.cells import get_weather
from support.clients import KEY

__all__ = ["MORE_FRAMEWORKS"]

_HAIKU = "us.anthropic.claude-haiku-4-5-20251001-v1:0"


def _lite(name: str) -> tuple[Scenario, ...]:
    """A scenario of LiteLLM's, of whose stream its newest releases hand on each chunk."""
    scenario = lite(name)
    return (replace(scenario, truth=replace(scenario.truth, unseen=0)),)


_CALL, _STREAM = _lite("litellm-plain-call"), _lite("litellm-plain-stream")
# LlamaIndex looks for a choice in each chunk. It fails at that with the usage, as LiteLLM's newest releases hand it on.
_UNTOLD = (
    replace(
        _STREAM[0],
        truth=replace(
            _STREAM[0].truth, input_tokens=None, cached_tokens=None, output_tokens=None, total_tokens=None, cost=None
        ),
    ),
)


# --- LlamaIndex ---


def _llama_index() -> Iterator[Run]:
    from llama_index.core.llms import ChatMessage  # pyrefly: ignore[missing-import]
    from llama_index.llms.litellm import LiteLLM  # pyrefly: ignore[missing-import]

    def model() -> Callable[[str], Any]:
        return lambda server: LiteLLM(
            model="openai/gpt-4o-mini", api_base=f"{server}/litellm", api_key=KEY, max_retries=1
        )

    def complete(llm: Any, items: Items) -> None:
        items.append(llm.complete(ASKED).text)

    async def acomplete(llm: Any, items: Items) -> None:
        items.append((await llm.acomplete(ASKED)).text)

    def chat(llm: Any, items: Items) -> None:
        items.append(llm.chat([ChatMessage(role="user", content=ASKED)]).message.content)

    def stream(llm: Any, items: Items) -> None:
        items.extend(part.delta for part in llm.stream_chat([ChatMessage(role="user", content=ASKED)]))

    async def astream(llm: Any, items: Items) -> None:
        async for part in await llm.astream_chat([ChatMessage(role="user", content=ASKED)]):
            items.append(part.delta)

    yield run_of("complete", _CALL, model(), complete)
    yield run_of("complete", _CALL, model(), acomplete, is_async=True)
    yield run_of("chat", _CALL, model(), chat)
    yield replace(run_of("stream", _UNTOLD, model(), stream), hands_on=True)
    yield replace(run_of("stream", _UNTOLD, model(), astream, is_async=True), hands_on=True)


# --- DSPy ---


def _dspy() -> Iterator[Run]:
    import dspy  # pyrefly: ignore[missing-import]

    dspy.configure_cache(enable_disk_cache=False)

    def model(*, cache: bool = False) -> Callable[[str], Any]:
        def made(server: str) -> Any:
            options: Any = {"api_base": f"{server}/litellm", "api_key": KEY, "num_retries": 0, "engine": "litellm"}
            return dspy.LM("openai/gpt-4o-mini", cache=cache, **options)

        return made

    def plain(lm: Any, items: Items) -> None:
        items += lm(ASKED)

    async def aplain(lm: Any, items: Items) -> None:
        items += await lm.acall(ASKED)

    def twice(lm: Any, items: Items) -> None:
        dspy.cache.reset_memory_cache()
        items += [*lm(ASKED), *lm(ASKED)]

    yield run_of("plain", _CALL, model(), plain)
    yield run_of("plain", _CALL, model(), aplain, is_async=True)
    yield run_of("cached", _CALL, model(cache=True), twice)


# --- CrewAI ---


def _crewai() -> Iterator[Run]:
    os.environ |= {"CREWAI_DISABLE_TELEMETRY": "true", "CREWAI_DISABLE_TRACKING": "true", "OPENAI_API_KEY": KEY}
    from crewai import LLM  # pyrefly: ignore[missing-import]

    def model(**more: Any) -> Callable[[str], Any]:
        return lambda server: LLM(
            "openai/gpt-4o-mini", is_litellm=True, base_url=f"{server}/litellm", api_key=KEY, **more
        )

    def call(llm: Any, items: Items) -> None:
        items.append(llm.call(ASKED))

    yield run_of("call", _CALL, model(), call)
    yield run_of("stream", _STREAM, model(stream=True), call)


# --- Strands ---


def _strands() -> Iterator[Run]:
    from boto3.session import Session
    from strands import Agent, tool  # pyrefly: ignore[missing-import]
    from strands.models import BedrockModel  # pyrefly: ignore[missing-import]

    session = Session(KEY, KEY, region_name="us-east-1")
    weather = tool(get_weather)

    def agent(*tools: Any, streaming: bool) -> Callable[[str], Any]:
        def made(server: str) -> Any:
            # Each question is asked by an agent that remembers none.
            def new() -> Any:
                return Agent(model=model, tools=[*tools], callback_handler=None)

            model = BedrockModel(
                boto_session=session, endpoint_url=f"{server}/bedrock", model_id=_HAIKU, streaming=streaming
            )
            return new

        return made

    def told(result: Any) -> tuple[Any, ...]:
        used = result.metrics.accumulated_usage
        return str(result), result.stop_reason, used["inputTokens"], used["outputTokens"]

    def ask(new: Any, items: Items) -> None:
        items.append(told(new()(ASKED)))

    async def aask(new: Any, items: Items) -> None:
        items.append(told(await new().invoke_async(ASKED)))

    async def stream(new: Any, items: Items) -> None:
        async for part in new().stream_async(ASKED):
            if "data" in part:
                items.append(part["data"])

    for streaming, how in ((False, "call"), (True, "stream")):
        plain, tools = f"bedrock-plain-{how}", f"bedrock-tools-{how} bedrock-plain-{how}"
        yield run_of(f"converse {how}", plain, agent(streaming=streaming), ask)
        yield run_of(f"converse {how}", plain, agent(streaming=streaming), aask, is_async=True)
        yield run_of(f"converse {how} tools", tools, agent(weather, streaming=streaming), ask)
    yield run_of("stream_async", "bedrock-plain-stream", agent(streaming=True), stream, is_async=True)


# --- Google's agents ---


def _adk() -> Iterator[Run]:
    os.environ["GOOGLE_API_KEY"] = KEY
    from google.adk.agents import Agent  # pyrefly: ignore[missing-import]
    from google.adk.agents.run_config import RunConfig, StreamingMode  # pyrefly: ignore[missing-import]
    from google.adk.models.google_llm import Gemini  # pyrefly: ignore[missing-import]
    from google.adk.runners import InMemoryRunner  # pyrefly: ignore[missing-import]
    from google.genai import types

    def runner(*tools: Any) -> Callable[[str], Any]:
        def made(server: str) -> Any:
            model = Gemini(model="gemini-2.5-flash", base_url=f"{server}/google")
            return InMemoryRunner(Agent(name="guide", model=model, tools=[*tools]), app_name="guide")

        return made

    def asking(mode: Any) -> Callable[[Any, Items], Any]:
        async def ask(runner: Any, items: Items) -> None:
            session = await runner.session_service.create_session(app_name="guide", user_id="one")
            message = types.Content(role="user", parts=[types.Part(text=ASKED)])
            config = RunConfig(streaming_mode=mode)
            async for event in runner.run_async(
                user_id="one", session_id=session.id, new_message=message, run_config=config
            ):
                used = event.usage_metadata
                parts = event.content.parts if event.content else []
                items.append(([part.text for part in parts], event.partial, used and used.total_token_count))

        return ask

    for how, mode in (("call", StreamingMode.NONE), ("stream", StreamingMode.SSE)):
        plain, tools = f"google-plain-{how}", f"google-tools-{how} google-plain-{how}"
        yield run_of(how, plain, runner(), asking(mode), is_async=True)
        yield run_of(f"{how} tools", tools, runner(get_weather), asking(mode), is_async=True)


MORE_FRAMEWORKS: dict[str, Callable[[], Iterator[Run]]] = {
    "llama-index-llms-litellm": _llama_index,
    "dspy": _dspy,
    "crewai": _crewai,
    "strands-agents": _strands,
    "google-adk": _adk,
}
"""By the names of their distributions."""
