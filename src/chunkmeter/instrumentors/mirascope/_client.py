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
_kinds: set[type[Any]] = set()
"""The methods' classes of those that are kept. Objects of others are not asked for a client that they may not have."""


def endpoint_of(method: Any) -> Endpoint:
    """What `endpoint(method)` gives, as quickly as it can be told.

    Args:
        method: the method of the provider's SDK that sends the request.
    """
    try:
        owner = method.__self__
        if type(owner) in _kinds:
            client = owner._client
            url = client.base_url
            its_url, its_kind, kind, place = _kept[id(url)]
            if its_url is url and its_kind is type(client) and kind is type(owner):
                return place
    except Exception:  # noqa: BLE001 -- below, whoever may fail is asked in turn
        pass
    return _endpoint_of(method)


def _endpoint_of(method: Any) -> Endpoint:
    place, owner = endpoint(method), getattr(method, "__self__", None)
    kind: type[Any] = type(owner)
    if kind.__module__.partition(".")[0] in _PACKAGES:
        client = getattr(owner, "_client", None)
        url = getattr(client, "base_url", None)
        if url:
            if len(_kept) >= _MOST:
                _kept.clear()
                _kinds.clear()
            _kept[id(url)] = url, type(client), kind, place
            _kinds.add(kind)
    return place
