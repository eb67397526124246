"""What a call's cost depends on, in the fields of Mirascope's `CostMetadata`.

docs/cost-metadata.md says where each field comes from, provider by provider.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from operator import attrgetter
from typing import Any

from ..pricing.tiers import service_tier
from .request import Request
from .tally import Tally, Tokens

__all__ = ["MEDIA", "cost_metadata", "region_in", "region_of", "tier_of"]

# Hosts that name the region they serve from.
_REGIONAL = re.compile(
    r"bedrock-runtime(?:-fips)?\.(?P<aws>[a-z0-9-]+)\.(?:amazonaws\.com|api\.aws)"
    r"|(?P<google>[a-z0-9-]+)-aiplatform\.googleapis\.com"
    r"|aiplatform\.(?P<multi>[a-z]+)\.rep\.googleapis\.com"
    r"|(?P<openai>[a-z]{2})\.api\.openai\.com"
    r"|api\.(?P<mistral>[a-z]{2})\.mistral\.ai"
    r"|(?P<together>[a-z]{2})-api\.together\.ai"
    r"|(?P<xai>[a-z0-9-]+)\.api\.x\.ai"
    r"|(?:[^.]+\.)?(?P<azure>[a-z0-9]+)\.(?:api\.cognitive\.microsoft|models\.ai\.azure|inference\.ml\.azure)\.com"
)
_GLOBAL = {"aiplatform.googleapis.com": "global"}
MEDIA = {
    "images": "input_image_tokens",
    "videos": "input_video_tokens",
    "audio": "input_audio_tokens",
    "audio_output": "output_audio_tokens",
    "pdf": "input_document_tokens",
}
"""Field of `CostMetadata` about a medium -> the field of `Tokens` that counts its tokens."""
_media_counts = attrgetter(*MEDIA.values())
_NO_MEDIA = (None,) * len(MEDIA)


def cost_metadata(tally: Tally, tokens: Tokens, request: Request | None = None) -> dict[str, Any]:
    """The fields of `CostMetadata` that the chunks or the request tell; the others are left out.

    Args:
        tally: what the chunks have said.
        tokens: the counts of the tally.
        request: the request; None where only the chunks are known.
    """
    known: dict[str, Any] = {}
    given, cached, written = tokens.input_tokens, tokens.cached_tokens, tokens.cache_write_tokens
    if given is not None:
        known["input_tokens"] = given
    if tokens.output_tokens is not None:
        known["output_tokens"] = tokens.output_tokens
    if cached is not None:
        known["cached_tokens"] = cached
    if tally.cached_response is not None:
        known["cached_response"] = tally.cached_response
    if given is not None:
        known["context_length"] = given
    if (region := region_in(tally, request)) is not None:
        known["region"] = region
    if (tier := tier_of(tally, request)) is not None:
        known["tier"], known["batch_mode"] = tier, service_tier(tier) == "batch"
    if written is not None:
        known["cache_write"] = written > 0
    if tokens.tool_use_tokens is not None:
        known["tool_use_tokens"] = tokens.tool_use_tokens
    if tally.provider_cost is not None:
        known["cost"] = tally.provider_cost
    if request is not None:
        known["streaming_mode"] = request.stream
        if request.context_cache and cached is not None:
            known["context_cache_tokens"] = cached
        if request.provider is not None and request.provider.startswith("gcp."):
            known["google"] = {"use_vertex_ai": request.provider == "gcp.vertex_ai"}
    media = request.media if request is not None else None
    if media or _media_counts(tokens) != _NO_MEDIA:
        known |= _media(media or {}, tokens)
    return known


def _media(media: Mapping[str, Any], tokens: Tokens) -> dict[str, Any]:
    """The fields about media, of those that the request has or that tokens are counted of."""
    known: dict[str, Any] = {}
    for field, count in MEDIA.items():
        items, number = media.get(field), getattr(tokens, count)
        if items or number is not None:
            known[field] = _medium(field, list(items or ()), number)
    return {field: said for field, said in known.items() if said is not None}


def tier_of(tally: Tally, request: Request | None) -> str | None:
    """The service tier that served the call, or else was asked for; None where neither is told."""
    return tally.service_tier or (request.tier if request and request.tier != "auto" else None)


def region_in(tally: Tally, request: Request | None) -> str | None:
    """Where the call was served, in the provider's word; None where nothing tells."""
    return tally.region or (region_of(request.server_address) if request and request.server_address else None)


@lru_cache(maxsize=256)
def region_of(address: str | None) -> str | None:
    """The region that a host's name tells, as the provider calls it; None where it tells none."""
    if not address:
        return None
    host = address.lower()
    found = _REGIONAL.fullmatch(host)
    return found[found.lastgroup or 0] if found else _GLOBAL.get(host)


def _medium(field: str, items: list[Mapping[str, Any]], tokens: int | None) -> Any:
    """The field about one medium: each item with what is known of it, and the tokens of them all.

    The tokens stand on the item if there is one, and alone if there is none. Among several they can't be divided.
    """
    said = [dict(item) for item in items]
    if tokens is not None and len(said) <= 1:
        said = [{**(said[0] if said else {}), "tokens": tokens}]
    if field != "pdf":
        return said or None
    if len(items) > 1:  # Mirascope has one object for all documents
        return {"count": len(items)} if tokens is None else {"count": len(items), "tokens": tokens}
    return said[0] if said else None
