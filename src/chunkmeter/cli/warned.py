"""What is wrong with calls, in plain words, each with its cure. Pure, and bounded."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from .call import Call

__all__ = ["Warned", "Warning", "warnings_of"]

_MOST = 50
"""How many kinds of warnings are told apart."""
_MOST_NAMED = 3
_MOST_KEPT = 100
"""How many of those that one is of are named, and are counted."""
_FILE = "in the file that CHUNKMETER_PRICES names"


class Warning(NamedTuple):  # noqa: A001 -- Python's own is for code, this one for who reads the screen
    """Something that is wrong with a call.

    Attributes:
        what: what it is, so that `3 calls` stands before it.
        cure: what to do, a sentence or two.
        who: the model, or whatever else it is of.
    """

    what: str
    cure: str
    who: str


@dataclass(slots=True)
class _Kind:
    calls: int = 0
    who: dict[str, None] = field(default_factory=dict[str, None])


class Warned:
    """Counts the calls that have something wrong, by what it is and what mends it."""

    def __init__(self) -> None:
        self._kinds: dict[tuple[str, str], _Kind] = {}
        self._more = 0

    def add(self, call: Call) -> None:
        """Take in one call."""
        for what, cure, who in warnings_of(call):
            if (what, cure) not in self._kinds and len(self._kinds) >= _MOST:
                self._more += 1
                continue
            kind = self._kinds.setdefault((what, cure), _Kind())
            kind.calls += 1
            if len(kind.who) < _MOST_KEPT:
                kind.who[who] = None

    def texts(self) -> list[str]:
        """A text a warning, that of the most calls first."""
        ranked = sorted(self._kinds.items(), key=lambda item: -item[1].calls)
        texts = [
            f"{kind.calls:,} {'call' if kind.calls == 1 else 'calls'} {what}: {_listed([*kind.who])}. {cure}"
            for (what, cure), kind in ranked
        ]
        return [*texts, f"{self._more:,} calls with something else that is wrong."] if self._more else texts


def _listed(names: list[str]) -> str:
    more = len(names) - _MOST_NAMED
    if more <= 0:
        return ", ".join(names)
    return f"{', '.join(names[:_MOST_NAMED])} and {'more' if len(names) == _MOST_KEPT else f'{more} more'}"


def warnings_of(call: Call) -> list[Warning]:
    """What is wrong with a call, and how it is mended."""
    model = call.model or "a model without a name"
    found = [_of_cost(call, f"{model} ({call.provider})" if call.provider else model)]
    if "length" in call.finish_reasons:
        cure = "Raise max_tokens, or leave more room in the context."
        found.append(Warning("cut off at the limit of tokens", cure, model))
    if call.outcome == "interrupted":
        cure = "The provider or the network broke it off, so it may have cost more."
        found.append(Warning("that ended before the answer did", cure, model))
    if call.outcome == "abandoned":
        found.append(Warning("left unread", "Read a stream to its end, or close it.", model))
    return [warning for warning in found if warning]


def _of_cost(call: Call, who: str) -> Warning | None:
    status = call.cost_status
    if status == "unknown_model":
        return Warning("without a price", f"Give it one, or an alias, {_FILE}.", who)
    if status == "no_usage":
        return _of_usage(call, who)
    if status == "incomplete":
        return _of_unpriced(call, who)
    if status == "assumed":
        server, provider = call.server or "HOST", call.provider or "PROVIDER"
        cure = f"Say who answers there: CHUNKMETER_SERVERS={server}={provider}."
        return Warning("at a price that is assumed", cure, f"{who} at {call.server or 'its server'}")
    if status == "partial":
        return Warning("with a part of the usage only", "They cost at least this much. Read streams to their end.", who)
    if status == "impossible_usage":
        cure = "That cost is not counted. Look at what the server sends."
        return Warning("whose usage or cost can't be true", cure, who)
    if status == "failed":
        return Warning("that chunkmeter failed to read or to price", "The app's log says why.", who)
    return None


def _of_usage(call: Call, who: str) -> Warning | None:
    what = "without usage, and so without cost"
    if call.outcome in ("error", "cancelled"):
        return None
    if call.cost_metadata.get("streaming_mode") and call.outcome == "completed":
        cure = "Ask for it: stream_options={'include_usage': True} in the request, or CHUNKMETER_INCLUDE_USAGE=true."
        return Warning(what, cure, who)
    return Warning(what, "It comes at the end: read streams to their end.", who)


def _of_unpriced(call: Call, who: str) -> Warning:
    lacks = ", ".join(_in_words(name) for name in call.unpriced) or "something"
    if call.scope and any(name.startswith("class:") for name in call.unpriced):
        cure = "Use chunkmeter's own hooks, which see that: opentelemetry-instrument, or chunkmeter.instrument()."
        return Warning(f"read from spans of {call.scope}, whose cost lacks {lacks}", cure, who)
    return Warning(f"whose cost lacks {lacks}", f"Give that a price {_FILE}.", who)


def _in_words(name: str) -> str:
    """What has no price: a class of token, a tier, or a fee."""
    kind, _, rest = name.partition(":")
    words = (rest or kind).replace("_", " ")
    if kind == "class":
        return f"the share of {words}"
    return f"the {kind} {words}" if rest else words
