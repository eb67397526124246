"""Where a client of Mirascope's sends its requests: worked out once for a client."""

from __future__ import annotations

from typing import Any

from .._endpoint import Endpoint, endpoint

__all__ = ["NOWHERE", "endpoint_of"]

NOWHERE = Endpoint()
"""Nothing is known of where a request goes."""

_MOST = 256
"""So many clients are kept; then all are worked out anew."""
# Packages whose clients have a URL that never changes. A client that is sent elsewhere gets another.
_PACKAGES = frozenset({"anthropic", "groq", "openai"})

_kept: dict[int, tuple[object, type[Any], type[Any], Endpoint]] = {}
"""By the `id` of its URL: a client's URL, which lives as long as it is here; its class and the method's; the place."""


def endpoint_of(method: Any) -> Endpoint:
    """What `endpoint(method)` gives, as quickly as it can be told.

    Args:
        method: the method of the provider's SDK that sends the request.
    """
    owner = getattr(method, "__self__", None)
    kind: type[Any] = type(owner)
    if kind.__module__.partition(".")[0] not in _PACKAGES:
        return endpoint(method)
    client = getattr(owner, "_client", None)
    url = getattr(client, "base_url", None)
    kept = _kept.get(id(url))
    if kept is not None and kept[0] is url and kept[1] is type(client) and kept[2] is kind:
        return kept[3]
    place = endpoint(method)
    if url:
        if len(_kept) >= _MOST:
            _kept.clear()
        _kept[id(url)] = url, type(client), kind, place
    return place
