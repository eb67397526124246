"""What is wrong with calls, in plain words, each with its cure. Pure, and bounded."""

from __future__ import annotations

from .call import Call

__all__ = ["Warned", "warnings_of"]

_MOST = 50
"""How many warnings are told apart."""
_FILE = "in the file that CHUNKMETER_PRICES names"


class Warned:
    """Counts the calls that have something wrong, by what it is and what mends it."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._more = 0

    def add(self, call: Call) -> None:
        """Take in one call."""
        for warning in warnings_of(call):
            if warning in self._counts or len(self._counts) < _MOST:
                self._counts[warning] = self._counts.get(warning, 0) + 1
            else:
                self._more += 1

    def texts(self) -> list[str]:
        """A text a warning, that of the most calls first."""
        ranked = sorted(self._counts.items(), key=lambda item: -item[1])
        texts = [f"{number:,} {'call' if number == 1 else 'calls'}: {warning}" for warning, number in ranked]
        return [*texts, f"{self._more:,} warnings more, of other kinds."] if self._more else texts


def warnings_of(call: Call) -> list[str]:
    """What is wrong with a call and how it is mended, a sentence or two each."""
    found = [_of_cost(call)]
    if "length" in call.finish_reasons:
        found.append(
            f"{_model(call)} was cut off at its limit of tokens. Raise max_tokens, or leave more room in its context."
        )
    if call.outcome == "interrupted":
        found.append(f"the stream of {_model(call)} ended before its answer did. What it cost may be more.")
    if call.outcome == "abandoned":
        found.append(f"a stream of {_model(call)} was left unread. Read it to its end, or close it.")
    return [warning for warning in found if warning]


def _of_cost(call: Call) -> str:
    status, model = call.cost_status, _model(call)
    whose = f"{model} of {call.provider}" if call.provider else model
    lacks = ", ".join(call.unpriced)
    if status == "unknown_model":
        return f"no price is known for {whose}. Give it one, or an alias, {_FILE}."
    if status == "no_usage":
        if call.outcome in ("error", "cancelled"):
            return ""
        cure = (
            "Ask for it: stream_options={'include_usage': True} in the request, or CHUNKMETER_INCLUDE_USAGE=true."
            if call.cost_metadata.get("streaming_mode") and call.outcome == "completed"
            else "Without it there is no cost: read the answer to its end, where the usage stands."
        )
        return f"{whose} told no usage. {cure}"
    if status == "incomplete":
        return f"the cost of {whose} is incomplete: it lacks {lacks or 'something'}. Give that a price {_FILE}."
    if status == "assumed":
        at = call.server or "its server"
        return (
            f"nobody says who answers at {at}: {whose} is priced as the provider's own. Say who it is: "
            f"CHUNKMETER_SERVERS={call.server or 'HOST'}={call.provider or 'PROVIDER'}."
        )
    if status == "partial":
        return f"{whose} told a part of its usage: it costs this much at least. Read its streams to their end."
    if status == "impossible_usage":
        return f"the usage or the cost of {whose} can't be true, and is not counted. Look at what its server sends."
    if status == "failed":
        return f"chunkmeter failed to read or price {whose}. Its log says why."
    return ""


def _model(call: Call) -> str:
    return call.model or "a model without a name"
