"""What dialects share: a table of the names under which spans have each fact, the newest name first."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from .. import providers, semconv
from ..facts.request import Request, server
from ..facts.tally import Tally, Tokens, count

__all__ = ["Attributes", "Names", "json_at", "read_named", "text"]

Attributes = Mapping[str, Any]
"""The attributes of a span by name."""

_LONGEST_JSON = 1_000_000


@dataclass(frozen=True, slots=True)
class Names:
    """The names under which a dialect's spans have each fact. The first that a span has counts.

    Attributes:
        provider: the provider, in any spelling.
        request_model: the model asked for.
        response_model: the model that answered.
        response_id: the answer's id.
        reasons: the finish reason, or the list of them.
        stream: whether the answer came in chunks, a boolean.
        service_tier: the tier that served the call.
        request_tier: the tier asked for.
        region: where the call was served.
        cost: what the provider itself charged, in USD. The conventions' own name needs no row.
        url: the URL that the request goes to, for spans without `server.address`.
        tokens: the token counts, by field of `Tokens`.
    """

    provider: tuple[str, ...]
    request_model: tuple[str, ...]
    response_model: tuple[str, ...]
    response_id: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    stream: tuple[str, ...] = ()
    service_tier: tuple[str, ...] = ()
    request_tier: tuple[str, ...] = ()
    region: tuple[str, ...] = ()
    cost: tuple[str, ...] = ()
    url: tuple[str, ...] = ()
    tokens: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])


def read_named(
    attributes: Attributes,
    operation: str,
    names: Names,
    tokens: Callable[[Attributes], Tokens] | None = None,
) -> tuple[Request, Tally]:
    """The call that a span's attributes tell of.

    Args:
        attributes: the attributes of the span.
        operation: `gen_ai.operation.name` of the call.
        names: the names that the dialect has for each fact.
        tokens: counts the tokens, where a table of names is not enough for that.
    """
    tally = Tally()
    tally.vectors = operation == semconv.EMBEDDINGS
    tally.response_id = text(attributes, names.response_id)
    tally.response_model = text(attributes, names.response_model)
    tally.service_tier = text(attributes, names.service_tier)
    tally.reasons.update(enumerate(_reasons(_first(attributes, names.reasons))))
    tally.region = text(attributes, names.region)
    tally.usage, tally.count_tokens = attributes, tokens or _counting(names.tokens)
    tally.provider_cost = _provider_cost(attributes, names.cost)
    host, port = server(text(attributes, names.url))
    request = Request(
        operation=operation,
        provider=providers.provider_name(text(attributes, names.provider)),
        model=text(attributes, names.request_model),
        stream=_first(attributes, names.stream) is True,
        server_address=text(attributes, (semconv.SERVER_ADDRESS,)) or host,
        server_port=count(attributes.get(semconv.SERVER_PORT)) or port,
        tier=text(attributes, names.request_tier),
    )
    return request, tally


def text(attributes: Attributes, names: tuple[str, ...]) -> str | None:
    """The value under the first of these names that has one; None where it is empty or no text."""
    found = _first(attributes, names)
    return found if found and isinstance(found, str) else None


def json_at(attributes: Attributes, name: str) -> Any:
    """What the JSON text under this name says; None where there is none, or it is no JSON, or very long."""
    said = attributes.get(name)
    if not isinstance(said, str) or len(said) > _LONGEST_JSON:
        return None
    try:
        return json.loads(said)
    except (ValueError, RecursionError):
        return None


def _counting(names: Mapping[str, tuple[str, ...]]) -> Callable[[Attributes], Tokens]:
    return lambda attributes: Tokens(**{field: count(_first(attributes, found)) for field, found in names.items()})


def _reasons(said: Any) -> list[str | None]:
    if isinstance(said, str) and said.startswith("["):
        said = json_at({"": said}, "") or said  # Logfire and LiteLLM write the list as JSON text.
    words = cast("Sequence[Any]", [said] if isinstance(said, str) else said if isinstance(said, list | tuple) else [])
    return [word if word and isinstance(word, str) else None for word in words]


def _provider_cost(attributes: Attributes, names: tuple[str, ...]) -> float | None:
    """What the provider itself charged, in USD; None where it is in another currency, since none is converted here."""
    if attributes.get(semconv.COST_SOURCE) == "provider":
        currency = attributes.get(semconv.COST_CURRENCY, semconv.CURRENCY)
        names = (semconv.COST_AMOUNT,) if currency == semconv.CURRENCY else ()
    amount = _first(attributes, names)
    return amount if isinstance(amount, int | float) and not isinstance(amount, bool) else None


def _first(attributes: Attributes, names: tuple[str, ...]) -> Any:
    return next((attributes[name] for name in names if attributes.get(name) is not None), None)
