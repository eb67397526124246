"""Notes what a service's usage says of charges and of fees beside tokens, on every wire of OpenAI's shape."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from ..facts.tally import Tally, quantity
from ._usage import amount, charge, find
from ._view import View

__all__ = ["TELLING", "note_charge", "note_copilot", "note_fees", "note_searching", "tool"]

# The item of a tool, where a service has a word of its own for it.
_TOOLS = {
    "search": "web_search",  # Groq
    "python": "code_execution",  # Groq
    "code_interpreter": "code_execution",
    "collections_search": "file_search",  # xAI
}
# Tools of xAI that cost nothing but their tokens, https://docs.x.ai/developers/pricing; so do remote ones of others.
_FREE = frozenset({"mcp", "view_image", "view_x_video"})
_BILLION = 10**9
_UPSTREAM = "cost_details.upstream_inference_"
# One of these is in every usage that tells of fees, and one of those in every usage that tells of a charge.
_FEES = frozenset({
    "server_tool_use", "server_side_tools_used", "server_side_tool_usage",
    "server_side_tool_usage_details", "num_server_side_tools_used", "num_sources_used", "search_context_size",
    "num_search_queries", "citation_tokens", "prompt_audio_seconds",
})  # fmt: skip
_CHARGES = frozenset({"cost", "cost_in_usd_ticks"})
TELLING = _FEES | _CHARGES
"""The names of which one is in every usage that tells of fees or of a charge; but LiteLLM counts searches elsewhere."""


def tool(word: Any) -> str | None:
    """The item that a provider's tool is charged as; None for a free one, and for what is no word."""
    name = word.lower().removeprefix("server_side_tool_").removesuffix("_calls") if isinstance(word, str) else ""
    return None if not name or name in _FREE else _TOOLS.get(name, name)


def note_copilot(tally: Tally, event: View) -> None:
    """Note GitHub Copilot's own units, which an answer gives in billionths."""
    billionths = quantity(find(event, "copilot_usage.total_nano_aiu"))
    tally.use("copilot_aiu", billionths and billionths / _BILLION)


def note_searching(tally: Tally) -> None:
    """OpenAI's search models search in each call. The fee of a preview is another, https://openai.com/api/pricing."""
    model = tally.response_model or ""
    if "-search-preview" in model:
        tally.use("web_search_preview", 1)
    elif "-search-api" in model:
        tally.use("web_search", 1)


def note_charge(tally: Tally, usage: View) -> None:
    """Note what the service says that it charged.

    With the user's own key OpenRouter charges a fee alone, and the upstream provider charges the rest. A fee without
    the rest is no cost of the call, so the tokens are priced, and the fee is named beside them. Where nothing is said
    of whose key it was, a cost below that of the upstream provider is such a fee.
    https://openrouter.ai/docs/use-cases/byok
    """
    cost = charge(usage) if usage.tells(_CHARGES) else None
    if cost is None:
        return
    own_key, upstream = usage.get("is_byok"), _upstream(usage)
    if own_key is True or (own_key is None and upstream is not None and upstream > cost):
        if upstream is None:
            tally.use("byok_fee", 1 if cost else 0)
            return
        cost += upstream
    tally.provider_cost = cost


def _upstream(usage: View) -> float | None:
    whole = amount(find(usage, f"{_UPSTREAM}cost"))
    if whole is not None:
        return whole
    parts = [amount(find(usage, f"{_UPSTREAM}{part}_cost")) for part in ("prompt", "completions", "input", "output")]
    said = [part for part in parts if part is not None]
    return sum(said) if said else None


def note_fees(tally: Tally, usage: View) -> None:
    """Note the items that a usage object tells of."""
    searches = find(usage, "prompt_tokens_details.web_search_requests")  # LiteLLM
    if not usage.tells(_FEES):
        tally.use("web_search", searches)
    else:
        tally.use("web_search", find(usage, "server_tool_use.web_search_requests") or searches)
        tally.use("audio_second", usage.get("prompt_audio_seconds"))  # Mistral
        _note_xai(tally, usage)
        _note_perplexity(tally, usage)


def _note_xai(tally: Tally, usage: View) -> None:
    """https://docs.x.ai/developers/tools/tool-usage-details. Sources have a fee in Live Search, which has no tools."""
    ran: dict[str | None, float] = {}
    for name in ("server_side_tool_usage_details", "server_side_tool_usage"):
        said: dict[str | None, float] = defaultdict(float)
        for word, number in usage.object(name).pairs():
            said[tool(word)] += quantity(number) or 0
        ran |= said
    words = usage.get("server_side_tools_used")
    if isinstance(words, list):
        ran = {**Counter(map(tool, words))}
    for item, number in ran.items():
        if item is not None:
            tally.use(item, number)
    if not any(ran.values()):  # also where all that ran is free
        tally.use("server_side_tool", usage.get("num_server_side_tools_used"))
        tally.use("search_source", usage.get("num_sources_used"))


def _note_perplexity(tally: Tally, usage: View) -> None:
    """Deep research is charged by the search and the citation, all else by the request, as its context is large.

    https://docs.perplexity.ai/getting-started/pricing. The bundled table has the fee of a high context alone.
    """
    tally.use("citation_token", usage.get("citation_tokens"))
    searches = usage.get("num_search_queries")
    tally.use("web_search", searches)
    if searches is None and usage.get("search_context_size") == "high":
        tally.use("request", 1)
