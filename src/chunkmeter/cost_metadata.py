"""What a call's cost depends on, in the fields of Mirascope's `CostMetadata`. Pure.

docs/cost-metadata.md says where each field comes from, provider by provider.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from . import semconv
from .tally import Tally, Tokens

if TYPE_CHECKING:
    from .facts import Request

__all__ = ["cost_metadata", "cost_metadata_attributes", "region_of"]

# Hosts that name the region they serve from.
_REGIONAL = re.compile(
    r"bedrock-runtime(?:-fips)?\.(?P<aws>[a-z0-9-]+)\.(?:amazonaws\.com|api\.aws)"
    r"|(?P<google>[a-z0-9-]+)-aiplatform\.googleapis\.com"
    r"|aiplatform\.(?P<multi>[a-z]+)\.rep\.googleapis\.com"
    r"|(?P<openai>[a-z]{2})\.api\.openai\.com"
    r"|(?P<xai>[a-z0-9-]+)\.api\.x\.ai"
    r"|(?:[^.]+\.)?(?P<azure>[a-z0-9]+)\.(?:api\.cognitive\.microsoft|models\.ai\.azure|inference\.ml\.azure)\.com"
)
_GLOBAL = {"aiplatform.googleapis.com": "global"}
# The seed's field of a medium -> the count of its tokens, and the span attribute of that where no convention has one.
_MEDIA = {
    "images": ("input_image_tokens", "image_tokens"),
    "videos": ("input_video_tokens", "video_tokens"),
    "audio": ("input_audio_tokens", None),
    "audio_output": ("output_audio_tokens", None),
    "pdf": ("input_document_tokens", "pdf_tokens"),
}
# Those that stand on the span under a convention's name.
_CONVENTIONAL = frozenset(
    ("input_tokens", "output_tokens", "cached_tokens", "context_length", "streaming_mode", "google")
)


def cost_metadata(tally: Tally, tokens: Tokens, request: Request | None = None) -> dict[str, Any]:
    """The seed's fields that the wire, or the request, tells; those that neither does are left out.

    Args:
        tally: what the chunks have said.
        tokens: the counts in it.
        request: the request, where more than the chunks are known.
    """
    tier = tally.service_tier or (request.tier if request and request.tier != "auto" else None)
    known: dict[str, Any] = {
        "input_tokens": tokens.input_tokens,
        "output_tokens": tokens.output_tokens,
        "cached_tokens": tokens.cached_tokens,
        "cached_response": tally.cached_response,
        "context_length": tokens.input_tokens,
        "region": tally.region,
        "tier": tier,
        "batch_mode": None if tier is None else semconv.service_tier(tier) == "batch",
        "cache_write": None if tokens.cache_write_tokens is None else tokens.cache_write_tokens > 0,
        "tool_use_tokens": tokens.tool_use_tokens,
        "cost": tally.provider_cost,
    }
    if request is not None:
        known["streaming_mode"] = request.stream
        known["region"] = tally.region or region_of(request.server_address)
        known["context_cache_tokens"] = tokens.cached_tokens if request.context_cache else None
        if request.provider is not None and request.provider.startswith("gcp."):
            known["google"] = {"use_vertex_ai": request.provider == "gcp.vertex_ai"}
    media = request.media if request is not None else {}
    for field, (count, _) in _MEDIA.items():
        items, number = media.get(field), getattr(tokens, count)
        if items or number is not None:
            known[field] = _medium(field, list(items or ()), number)
    return {name: value for name, value in known.items() if value is not None}


def cost_metadata_attributes(fields: Mapping[str, Any], tokens: Tokens, request: Request) -> dict[str, Any]:
    """The fields as span attributes, those aside that a convention has a name for.

    Args:
        fields: what `cost_metadata` tells.
        tokens: the counts, for those of a medium.
        request: the request, for how many of a medium it has.
    """
    known = {
        name: value for name, value in fields.items() if name not in _CONVENTIONAL and name not in _MEDIA
    }  # fmt: skip
    for field, (count, attribute) in _MEDIA.items():
        if field not in fields:
            continue
        if request.media.get(field):
            known[field] = len(request.media[field])
        if attribute is not None and getattr(tokens, count) is not None:
            known[attribute] = getattr(tokens, count)
    return {semconv.COST_METADATA + name: value for name, value in known.items()}


def region_of(address: str | None) -> str | None:
    """The region that a host's name tells, as the provider calls it."""
    if not address:
        return None
    host = address.lower()
    found = _REGIONAL.fullmatch(host)
    return found[found.lastgroup or 0] if found else _GLOBAL.get(host)


def _medium(field: str, items: list[Mapping[str, Any]], tokens: int | None) -> Any:
    """Each item with what is told of it; the tokens of all stand on the only one, and alone where none is known."""
    said = [dict(item) for item in items]
    if tokens is not None and len(said) <= 1:
        said = [{**(said[0] if said else {}), "tokens": tokens}]
    if field != "pdf":
        return said or None
    if len(items) > 1:  # one for all, in the seed
        return {"count": len(items)} if tokens is None else {"count": len(items), "tokens": tokens}
    return said[0] if said else None
