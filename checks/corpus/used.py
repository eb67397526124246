"""What a recorded stream was charged for beside tokens, counted by hand's rules. Shares nothing with what it checks.

The fees are those of the providers' own lists as last seen in November 2026, USD for one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, cast

__all__ = ["fee", "used"]

Facts = dict[str, Any]
Used = dict[str, "int | float"]

_TEN, _FILE = Decimal("0.01"), Decimal("0.0025")
_FEES: dict[tuple[str, str], Decimal] = {
    ("anthropic", "web_search"): _TEN,  # https://platform.claude.com/docs/en/about-claude/pricing
    ("openai", "web_search"): _TEN,  # https://developers.openai.com/api/docs/pricing
    ("openai", "file_search"): _FILE,
    ("azure_openai", "file_search"): _FILE,
    ("mistral", "audio_second"): Decimal("0.004") / 60,  # https://mistral.ai/pricing/api/: voxtral-small, a minute
}
# https://ai.google.dev/gemini-api/docs/pricing: each prompt up to Gemini 2.5, each query from Gemini 3 on.
_PROMPT, _QUERY = Decimal("0.035"), Decimal("0.014")


def fee(whose: str, model: str, item: str) -> Decimal | None:
    """USD for one such item; None where no list has a fee that the bundled table may know."""
    if item == "web_search" and model.startswith("gemini"):
        return _QUERY if model.startswith("gemini-3") else _PROMPT
    return _FEES.get((whose, item))


def used(family: str | None, model: str, events: Iterable[Any]) -> dict[str, int | float]:
    """How much of which item, by name; an item that did not occur is left out.

    Args:
        family: the shape of the body.
        model: the model that answered.
        events: the body's JSON events.
    """
    count = _COUNTS.get(family or "")
    said = [cast("Facts", event) for event in events if isinstance(event, dict)]
    found = {} if count is None else count(said, model)
    return {item: number for item, number in found.items() if number}


def _anthropic(events: list[Facts], _: str) -> Used:
    found: Used = {}
    blocks: list[Facts] = []
    for event in events:
        whole: Facts = event.get("message") or event
        blocks += [event["content_block"]] if "content_block" in event else whole.get("content") or []
        usage = whole.get("usage") or {}
        tools = usage.get("server_tool_use") or {}
        for item, name in (("web_search", "web_search_requests"), ("code_execution", "code_execution_requests")):
            if name in tools:
                found[item] = tools[name]
    ran = [block for block in blocks if block.get("type") == "server_tool_use"]
    # A search that failed has an object in place of results, and costs nothing.
    given = [block for block in blocks if block.get("type") == "web_search_tool_result"]
    found.setdefault("web_search", sum(isinstance(block.get("content"), list) for block in given))
    # Code that makes a search is a part of it; other code is charged by the hour, whether the usage counts it or not.
    if any("code_execution" in (block.get("caller") or {}).get("type", "") for block in ran):
        found["code_execution"] = 0
    else:
        found.setdefault("code_execution", sum("code_execution" in block["name"] for block in ran))
    return found


def _responses(events: list[Facts], model: str) -> Used:
    last: Facts = {}
    billionths = 0
    for event in events:
        whole = event.get("response") or (event if event.get("object") == "response" else None)
        if whole and whole.get("output"):
            last = whole
        billionths = (event.get("copilot_usage") or {}).get("total_nano_aiu") or billionths
    ran: dict[str, list[Facts]] = {}
    for item in last.get("output") or []:
        if item.get("status") != "failed":
            ran.setdefault(item.get("type") or "", []).append(item)
    searches = [item for item in ran.get("web_search_call", []) if item.get("status") == "completed"]
    searched = sum((item.get("action") or {}).get("type", "search") == "search" for item in searches)
    containers = {item.get("container_id") for item in ran.get("code_interpreter_call", [])}
    containers |= {(item.get("environment") or {}).get("container_id") for item in ran.get("shell_call", [])}
    return {
        "web_search": searched,
        # What is found is charged at so many tokens a search.
        "search_content": searched if model.startswith(("gpt-4o-mini", "gpt-4.1-mini")) else 0,
        "file_search": len(ran.get("file_search_call", [])),
        "code_session": len(containers - {None}),
        "image_generation": len(ran.get("image_generation_call", [])),  # none of them came with the tokens it took
        "copilot_aiu": billionths / 1_000_000_000,
    }


def _assistants(events: list[Facts], _: str) -> Used:
    """A thread has one session of code, however often code runs in it."""
    details = [event.get("step_details") or {} for event in events if event.get("object") == "thread.run.step"]
    calls = [call for each in details for call in each.get("tool_calls") or []]
    return {"code_session": int(any(call.get("type") == "code_interpreter" for call in calls))}


def _chat(events: list[Facts], _: str) -> Used:
    usages = [event.get("usage") or {} for event in events]
    return {"audio_second": max((usage.get("prompt_audio_seconds") or 0 for usage in usages), default=0)}


def _converse(events: list[Facts], _: str) -> Used:
    found: Used = {}
    for event in events:
        tool = ((event.get("contentBlockStart") or {}).get("start") or {}).get("toolUse") or {}
        if tool.get("type") == "server_tool_use":
            found[tool["name"]] = found.get(tool["name"], 0) + 1
        trace = (event.get("metadata") or {}).get("trace") or {}
        found |= _guardrails(trace.get("guardrail"))
    return found


def _invoke(events: list[Facts], _: str) -> Used:
    found: Used = {}
    for event in events:
        said = json.loads((event.get("chunk") or {}).get("bytes") or b"{}")
        found |= _guardrails((said.get("amazon-bedrock-trace") or {}).get("guardrail"))
    return found


def _guardrails(trace: Facts | None) -> Used:
    """Units of text, https://aws.amazon.com/bedrock/pricing/: those of words are free, as are some personal data's."""
    units = [
        number
        for text in re.findall(r'"usage": ({[^}]*})', json.dumps(trace))
        for name, number in json.loads(text).items()
        if name.endswith("Units") and not name.endswith("FreeUnits") and name != "wordPolicyUnits"
    ]
    return {"guardrail_unit": sum(units)} if trace else {}


def _google(events: list[Facts], model: str) -> Used:
    queries: list[str] = []
    grounded = False
    for event in events:
        for candidate in event.get("candidates") or []:
            said: Facts = candidate.get("groundingMetadata") or {}
            queries = said.get("webSearchQueries") or queries
            fetched = bool(candidate.get("urlContextMetadata"))  # a page that was named is read for its tokens alone
            grounded = grounded or (not fetched and any("web" in chunk for chunk in said.get("groundingChunks") or []))
    queries = [query for query in queries if query]
    each = model.startswith("gemini-3")
    return {"web_search": len(queries) if each else int(bool(queries) or grounded)}


def _interactions(events: list[Facts], model: str) -> Used:
    queries: list[str] = []
    for event in events:
        whole: Facts = event.get("interaction") or event
        for step in (event.get("delta") or {}, *(whole.get("steps") or whole.get("outputs") or [])):
            if step.get("type") == "google_search_call":
                queries += (step.get("arguments") or {}).get("queries") or []
    return {"web_search": len(queries) if model.startswith("gemini-3") else int(bool(queries))}


_COUNTS = {
    "anthropic": _anthropic,
    "assistants": _assistants,
    "chat": _chat,
    "converse": _converse,
    "google": _google,
    "google_interactions": _interactions,
    "invoke": _invoke,
    "responses": _responses,
}
