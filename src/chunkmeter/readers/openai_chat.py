"""OpenAI chat completions, as OpenAI and many other services send them.

https://platform.openai.com/docs/api-reference/chat-streaming. Each usage object replaces the one before as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..facts.tally import Inner, Tally
from ._fees import note_copilot, note_searching, tool
from ._openai_chunks import RARE, quiet, quiet_json, read_plain
from ._openai_usage import note_usage, says_more, tokens
from ._usage import amount, find
from ._view import View

__all__ = ["MODEL", "OPERATION", "REASON", "WIRE", "quiet", "quiet_json", "read", "tokens"]

WIRE = "openai_chat"
OPERATION = "chat"

MODEL = ("model", "model_id")  # watsonx has the second
REASON = ("finish_reason", "stop_reason")  # Mistral's and DeepSeek's models on Bedrock have the second
_RUNS = frozenset({"executed_tools", "tool_calls"})


def read(tally: Tally, event: Any) -> None:
    """Fold one `chat.completion.chunk`, or one whole `chat.completion`, into `tally`."""
    tally.going_on = None
    if type(event) is not dict and read_plain(tally, event):
        return
    said = View(event)
    choices = said.objects("choices")
    if not choices and said.get("usage") is None:
        said = said.object("data", said)
        choices = said.objects("choices")
    _read(tally, said, choices)


def _read(tally: Tally, event: View, choices: list[View]) -> None:
    """Fold a chunk that may say something new, whatever its shape."""
    rare = event.tells(RARE)
    tally.response_id = tally.response_id or event.text("id")
    if tally.response_model is None:
        tally.response_model = event.text(*MODEL)
        note_searching(tally)
        tally.tells_runs = rare and event.get("x_groq") is not None
    tally.service_tier = event.text("service_tier") or tally.service_tier
    for position, choice in enumerate(choices):
        index, reason = choice.index(position), choice.text(*REASON)
        if reason is not None or index not in tally.reasons:
            tally.reasons[index] = reason
        _note_runs(tally, index, choice)
    for usage in _usages(event, choices, rare=rare):
        more = says_more(usage)
        if more is not None:
            cost = amount(find(event, "cost.usd")) if rare else None  # Venice
            tally.provider_cost = tally.provider_cost if cost is None else cost
            note_usage(tally, usage, event.text("service_tier"), more=more)
            if rare:
                _note_models(tally, event)
                note_copilot(tally, event)
            break
    hidden = event.get("_hidden_params") if rare else None
    if isinstance(hidden, View):
        _read_litellm(tally, hidden, chunk=event.get("object") == "chat.completion.chunk")


def _note_runs(tally: Tally, index: int, choice: View) -> None:
    """Groq tells what it ran, before it runs and after; Moonshot has the app call a tool of its own.

    https://console.groq.com/docs/compound, https://platform.moonshot.ai/docs/pricing/tools
    """
    piece = choice.get("delta")
    said = choice.get("message") if piece is None else piece
    # Text without Groq's mark before it tells of no tools: to look into each piece would take long.
    if not isinstance(said, View) or not said.tells(_RUNS):
        return
    if piece is None or tally.tells_runs or not said.get("content"):
        for position, ran in enumerate(said.objects("executed_tools")):
            kind = ran.text("type")
            item = tool(ran.text("name") if kind == "function" else kind)
            if item is not None:
                tally.ran(item, (index, ran.index(position)))
        for position, call in enumerate(said.objects("tool_calls")):
            name = call.object("function").text("name") or ""
            if name.startswith("$"):
                tally.ran(name[1:], (index, call.index(position)))


def _note_models(tally: Tally, event: View) -> None:
    """Groq's compound systems are several models, each charged by itself."""
    found = find(event, "usage_breakdown.models") or find(event, "x_groq.usage_breakdown.models")
    if isinstance(found, list):
        parts = [each for each in found if isinstance(each, View)]
        calls = [Inner(tokens(each.object("usage")), each.text("model")) for each in parts]
        tally.inner = [call for call in calls if call.tokens]


def _read_litellm(tally: Tally, hidden: View, *, chunk: bool) -> None:
    """Fold what LiteLLM says beside an answer, https://docs.litellm.ai/docs/completion/token_usage."""
    cost = amount(hidden.response_cost)
    if chunk and cost == 0 and hidden.cache_hit is not True:
        cost = None  # up to 1.72 at least, LiteLLM's chunks have a cost of 0 before there is anything to price
    tally.provider_cost = tally.provider_cost if cost is None else cost
    if isinstance(hidden.cache_hit, bool):
        tally.cached_response = hidden.cache_hit


def _usages(event: View, choices: list[View], *, rare: bool) -> Iterator[Any]:
    """The values that may be the usage object; the first that has a count is taken."""
    yield event.get("usage")
    if rare:
        yield find(event, "x_groq.usage")
    for choice in choices:
        yield choice.get("usage")  # Moonshot
