"""Chunks of OpenAI's shape that say little, told and read by the few attributes that matter.

Nearly all chunks are quiet (`readers.quiet`). Of the others most bring the answer's names or its reason, and nothing
that only some services say: `read_plain` folds them as `openai_chat.read` would, in a tenth of its time.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from ..facts.tally import Tally
from ._fees import note_searching
from ._openai_usage import note_usage, says_counts, says_more
from ._view import attributes_of_model, view

__all__ = ["RARE", "quiet", "quiet_json", "read_plain"]

# What a chunk, its choice and the piece of text in it may have that `openai_chat.read` looks for, beside the fields
# that `read_plain` knows.
_ASKED = frozenset({
    "id", "model", "model_id", "x_groq", "service_tier", "choices", "usage", "cost", "usage_breakdown", "copilot_usage",
    "_hidden_params", "index", "finish_reason", "stop_reason", "delta", "message", "content", "executed_tools",
    "tool_calls",
})  # fmt: skip
RARE = frozenset({"x_groq", "cost", "usage_breakdown", "copilot_usage", "_hidden_params"})
"""What only some services say in a chunk, beside what OpenAI says."""
# What a choice or the piece of text in it may have beside what `read_plain` knows, by name alone.
_MORE_OF_CHOICE = frozenset({"usage", "stop_reason", "message", "executed_tools"})
# What OpenAI, OpenRouter and others send beside an SDK's fields, in a chunk, its choice or the piece. It says nothing.
_IDLE = frozenset({
    "obfuscation", "provider", "system_fingerprint", "native_finish_reason", "reasoning", "reasoning_content",
    "reasoning_details",
})  # fmt: skip
# What chunks of text in JSON are made of; one that has more may say something.
_PLAIN = frozenset({
    "id", "object", "created", "model", "choices", "usage", "service_tier", "system_fingerprint", "obfuscation",
    "provider",
})  # fmt: skip
_PLAIN_CHOICE = frozenset({"index", "delta", "finish_reason", "native_finish_reason", "logprobs"})
_PLAIN_DELTA = frozenset({"role", "content", "refusal", "reasoning", "reasoning_content"})


def quiet(tally: Tally, event: Any) -> bool:
    """Whether an SDK's chunk only continues one choice: no reason, no usage, no tool that the service runs."""
    try:
        # A model of pydantic's takes twice as long to look an attribute up as its dictionary does.
        said = event.__dict__
        if said["usage"] is not None:
            return False
        (choice,) = said["choices"]
        kept = choice.__dict__
        if kept["finish_reason"]:
            return False
        if (kept["index"], said.get("service_tier")) == tally.going_on and kept["delta"].content:
            return True  # like the last one
        return _goes_on(tally, event, kept["index"], said.get("service_tier")) and _is_text(tally, kept["delta"])
    except KeyError:
        return _is_quiet(tally, event)
    except Exception:  # noqa: BLE001 -- whatever else is odd, `read` takes
        pass
    return False


def _goes_on(tally: Tally, event: Any, index: Any, tier: Any) -> bool:
    """Whether a chunk is of a choice that has begun, and names nothing new. Remembered until the next is read."""
    if index not in tally.reasons or not _is_known(tally, event) or (tier and tier != tally.service_tier):
        return False
    if tally.response_id and tally.response_model and not tally.tells_runs:
        tally.going_on = index, tier
    return True


def _is_text(tally: Tally, delta: Any) -> bool:
    """Whether a piece tells of no tools that the service runs."""
    return bool(delta.content and not tally.tells_runs) or not _tells_runs(delta)


def _is_quiet(tally: Tally, event: Any) -> bool:
    """The same for objects that leave out what was not set (LiteLLM's), or have attributes of another kind."""
    try:
        (choice,) = event.choices
        return bool(
            not choice.finish_reason
            and choice.index in tally.reasons
            and getattr(event, "usage", None) is None
            and getattr(event, "service_tier", None) in (None, tally.service_tier)
            and _is_known(tally, event)
            and _is_text(tally, choice.delta)
        )
    except Exception:  # noqa: BLE001 -- see above
        return False


def quiet_json(tally: Tally, event: Any) -> bool:
    """The same for a chunk of text in JSON."""
    try:
        (choice,) = event["choices"]
        return (
            not choice["finish_reason"]
            and choice["index"] in tally.reasons
            and event.get("usage") is None
            and event.get("service_tier") in (None, tally.service_tier)
            and bool(tally.response_id and tally.response_model)
            and not tally.tells_runs
            and event.keys() <= _PLAIN
            and choice.keys() <= _PLAIN_CHOICE
            and choice["delta"].keys() <= _PLAIN_DELTA
        )
    except Exception:  # noqa: BLE001 -- see above
        return False


def _is_known(tally: Tally, event: Any) -> bool:
    """Whether a chunk names no answer and no model for the first time."""
    return bool((tally.response_id or not event.id) and (tally.response_model or not event.model))


def _tells_runs(delta: Any) -> bool:
    """Whether a model's object tells of tools that the service runs: in a field of its class, beside those, by name."""
    said = delta.__dict__
    if said.get("executed_tools"):
        return True
    for call in said.get("tool_calls") or ():
        if call.function.name and call.function.name[0] == "$":
            return True
    beside = getattr(delta, "__pydantic_extra__", None)
    return bool(beside) and "executed_tools" in beside


def read_plain(tally: Tally, event: Any) -> bool:
    """Fold an SDK's chunk of one choice or of a usage into the tally.

    Args:
        tally: the tally of the call.
        event: any event.

    Returns:
        Whether that was done. A chunk that may tell more is left alone.
    """
    try:
        said = event.__dict__
        choices, usage, tier = said["choices"], said["usage"], said.get("service_tier")
        if choices:
            (choice,) = choices
            kept = choice.__dict__
            index, reason, delta = kept["index"], kept["finish_reason"], kept["delta"]
            piece = delta.__dict__
            if not _are_plain(type(event), type(choice), type(delta)):
                return False
            if (choice.__pydantic_extra__ or delta.__pydantic_extra__) and not (_is_idle(choice) and _is_idle(delta)):
                return False
            if not (_MORE_OF_CHOICE.isdisjoint(kept) and _MORE_OF_CHOICE.isdisjoint(piece)):
                return False
            if piece.get("tool_calls") is not None and not piece.get("content"):
                return False
            if type(index) is not int or (reason is not None and type(reason) is not str):
                return False
        elif usage is None or type(choices) is not list or not _are_plain(type(event)):
            return False
        else:
            index = reason = None
        if tally.tells_runs or not RARE.isdisjoint(said) or (event.__pydantic_extra__ and not _is_idle(event)):
            return False
        if tier is not None and type(tier) is not str:
            return False
        if not (tally.response_id and tally.response_model) and not _note_names(tally, said["id"], said["model"]):
            return False
    except Exception:  # noqa: BLE001 -- whatever is odd, `openai_chat.read` takes
        return False
    if tier:
        tally.service_tier = tier
    if index is not None and (reason or index not in tally.reasons):
        tally.reasons[index] = reason or None
    if usage is not None:
        _note_usage(tally, usage, tier)
    return True


@lru_cache(maxsize=256)
def _are_plain(*kinds: type[Any]) -> bool:
    """Whether the objects of these classes have nothing of what is looked for but in their fields."""
    told = map(attributes_of_model, kinds)
    return all(attributes is not None and attributes.isdisjoint(_ASKED) for attributes in told)


def _is_idle(model: Any) -> bool:
    """Whether all that a model has beside its fields is of those names that say nothing here."""
    beside = model.__pydantic_extra__
    return not beside or beside.keys() <= _IDLE


def _note_names(tally: Tally, known: Any, model: Any) -> bool:
    """Note the names of an answer and of its model, if they are plain ones."""
    if not (type(known) is type(model) is str and model):
        return False
    tally.response_id = tally.response_id or known or None
    if tally.response_model is None:
        tally.response_model = model
        note_searching(tally)
    return True


def _note_usage(tally: Tally, usage: Any, tier: str | None) -> None:
    """Note a usage object, which may as well be no object, or have no count."""
    if says_counts(usage):
        note_usage(tally, usage, tier, more=False)
        return
    seen = view(usage)
    more = says_more(seen)
    if more is not None:
        note_usage(tally, seen, tier, more=more)
