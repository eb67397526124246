"""Counts what Google charges for grounding an answer: searches of the web, of maps, of a store of documents.

https://ai.google.dev/gemini-api/docs/google-search#pricing. Gemini 3 and later are charged for each query that is not
empty, models before it for each prompt that was grounded, however many queries it took.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import inf
from typing import Any

from ..facts.tally import Tally, quantity
from ._view import View

__all__ = ["by_tool", "called", "used"]

# The models whose searches are charged by the prompt, as they are named and as price lists name them.
_BY_PROMPT = re.compile(r"gemini-(?:live-)?[12]\.|gemini-(?:pro|flash)-1\.|gemini-pro(?:-vision)?(?:$|-00)")
# Item -> the queries that it is counted by.
_QUERIES = {"web_search": "web_search_queries", "image_search": "image_search_queries"}
# Tools that cost nothing but tokens, https://ai.google.dev/gemini-api/docs/pricing.
_FREE = frozenset(("code_execution", "file_search", "url_context"))
# The tools that Interactions count -> their item. Others keep their word.
_CALLS = {"google_search_call": "web_search", "google_maps_call": "maps_search"}
_TOOLS = {"google_search": "web_search", "google_maps": "maps_search"}


def used(
    tally: Tally, metadata: list[View], *, fetched: bool = False, known: Mapping[str, float] | None = None
) -> dict[str, float]:
    """What one statement of the `groundingMetadata` of each candidate says was used, by item.

    Args:
        tally: tells the model.
        metadata: the candidates' metadata, those without any left out.
        fetched: whether pages were read that the prompt named, which costs nothing but tokens.
        known: what earlier statements about the same prompt said; the tally's items unless told.
    """
    known = tally.items if known is None else known
    found: dict[str, float] = {
        item: sum(_filled(each.get(name)) for each in metadata) for item, name in _QUERIES.items()
    }
    chunks = [chunk for each in metadata for chunk in each.objects("grounding_chunks")]
    # Pages without a query are of a search that an earlier statement told, or of one that none did.
    if not found["web_search"] and not fetched and any(chunk.web is not None for chunk in chunks):
        found["web_search"] = int("web_search" not in known)
    maps = [each.text("google_maps_widget_context_token") for each in metadata] + [chunk.maps for chunk in chunks]
    found["maps_search"] = int(any(maps))
    # What the Gemini API finds in its own file stores is free.
    stored = [chunk.object("retrieved_context") for chunk in chunks if chunk.retrieved_context is not None]
    queries = sum(_filled(each.get("retrieval_queries")) for each in metadata)
    charged = [context for context in stored if not context.text("file_search_store")]
    found["retrieval"] = (queries or 1) if charged or (queries and not stored) else 0
    return _as_charged(tally, found)


def by_tool(tally: Tally, counts: list[View]) -> dict[str, float]:
    """What a `grounding_tool_count` says was used, by item."""
    found: dict[str, float] = {}
    for each in counts:
        kind, number = each.text("type"), quantity(each.get("count"))
        if kind is not None and kind not in _FREE and number:
            item = _TOOLS.get(kind, kind)
            found[item] = found.get(item, 0) + number
    return _as_charged(tally, found)


def called(tally: Tally, step: View, index: int) -> None:
    """Note a step in which Interactions called a tool, for a usage that counts none.

    Args:
        tally: what the run is noted in.
        step: the step, or what is added to it.
        index: which step it is.
    """
    item = _CALLS.get(step.text("type") or "")
    if item is not None:
        for at in range(max(1, _filled(step.object("arguments").get("queries")))):
            tally.ran(item, (index, at))
        tally.items |= _as_charged(tally, {item: tally.items[item]})


def _as_charged(tally: Tally, found: dict[str, float]) -> dict[str, float]:
    model = tally.response_model or tally.request_model or ""
    if 0 < found.get("web_search", 0) < inf and _BY_PROMPT.search(model):
        found["web_search"] = 1
    return {item: number for item, number in found.items() if number > 0}


def _filled(queries: Any) -> int:
    return sum(isinstance(query, str) and bool(query.strip()) for query in queries) if isinstance(queries, list) else 0
