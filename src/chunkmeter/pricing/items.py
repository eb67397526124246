"""What a call is charged for besides the tokens of the model that answers, each kind once.

The bundled table has a price for some kinds, and a price file may have one for any. What no source prices is named on
the call's span.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from .tokens import Tokens

__all__ = ["ITEMS", "Inner", "Item", "ItemKind"]


@dataclass(frozen=True, slots=True)
class ItemKind:
    """A kind of item that occurs with several providers.

    Attributes:
        name: its name in a split, in `chunkmeter.cost.unpriced` and on the command line.
        listed: the prices that the bundled table may have for it, the first that a model has counts; empty where the
            table has none.
        per: how many such items that price is for.
        meaning: what is counted, in words.
        measures: whether some models are charged by it alone, in place of tokens.
    """

    name: str
    meaning: str
    listed: tuple[str, ...] = ()
    per: int = 1
    measures: bool = False


_KINDS = (
    ItemKind("web_search", "searches of the web", ("web_searches_kcount",), 1000),
    ItemKind("file_search", "searches of the provider's file store", ("storage_searches_kcount",), 1000),
    ItemKind("maps_search", "prompts or queries grounded in maps"),
    ItemKind("x_search", "searches of X"),
    ItemKind("search_source", "sources that a search used"),
    ItemKind("search_unit", "units of search or rerank", measures=True),
    ItemKind("code_execution", "runs of code by the provider"),
    ItemKind("code_session", "containers that run code for the provider"),
    ItemKind("image_generation", "images that a tool made"),
    ItemKind("image", "images that the model made", measures=True),
    ItemKind("guardrail_unit", "units of text that a guardrail checked"),
    # A model has `audio_hours` where it bills what it hears and what it says alike.
    ItemKind("audio_second", "seconds of audio", ("input_audio_hours", "audio_hours"), 3600, measures=True),
    ItemKind("character", "characters to be spoken", ("input_mchars",), 1_000_000, measures=True),
    ItemKind("page", "pages of documents", ("input_document_kpages",), 1000, measures=True),
    ItemKind("annotated_page", "pages of documents, with annotations", ("input_annotated_document_kpages",), 1000),
    ItemKind("citation_token", "tokens of citations", ("output_citation_mtok",), 1_000_000),
    ItemKind("request", "requests with a fee", ("requests_kcount",), 1000),
)

ITEMS: Final[Mapping[str, ItemKind]] = {kind.name: kind for kind in _KINDS}
"""The kinds of item by name. A provider's own tool has the name that the wire has for it, and no row here."""


@dataclass(frozen=True, slots=True)
class Item:
    """So many of something that is charged for.

    Attributes:
        name: a name in `ITEMS`, or the provider's own word.
        count: how many, as the wire tells it; seconds may be fractions.
    """

    name: str
    count: int | float


@dataclass(frozen=True, slots=True)
class Inner:
    """A model's call inside the metered one, which is charged by itself: a compaction, an advisor, a handed-on turn.

    Attributes:
        tokens: its token counts.
        model: its model; None for the model that answers.
    """

    tokens: Tokens
    model: str | None = None
