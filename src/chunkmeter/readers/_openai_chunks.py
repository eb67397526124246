"""Chunks of OpenAI's shape that say little, told and read by the few attributes that matter.

Nearly all chunks are quiet (`readers.quiet`). Of the others most bring the answer's names or its reason, and nothing
that only some services say: `read_plain` folds them as `openai_chat.read` would, in a tenth of its time.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from ..facts.tally import Tally
from ._fees import note_searching
from ._openai_usage import note_usage, says_more
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
_MORE_OF_CHOICE = frozenset({"usage", "stop_reason", "message"})
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
        if kept["finish_reason"] or kept["index"] not in tally.reasons:
            return False
        if not (tally.response_id and tally.response_model) and not _is_known(tally, event):
            return False
        tier = said.get("service_tier")
        if tier and tier != tally.service_tier:
            return False
        delta = kept["delta"]
        if (delta.content and not tally.tells_runs) or not _tells_runs(delta):
            return True
    except KeyError:
        return _is_quiet(tally, event)
    except Exception:  # noqa: BLE001 -- whatever else is odd, `read` takes
        pass
    return False


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
            and ((choice.delta.content and not tally.tells_runs) or not _tells_runs(choice.delta))
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
        choices, usage = said["choices"], said["usage"]
        index = reason = None
        if not _is_plain(type(event)) or event.__pydantic_extra__ or tally.tells_runs or not RARE.isdisjoint(said):
            return False
        known, model, tier = said["id"], said["model"], said.get("service_tier")
        if not (type(known) is type(model) is str and model and (tier is None or type(tier) is str)):
            return False
        if choices:
            (choice,) = choices
            kept = choice.__dict__
            delta, index, reason = kept["delta"], kept["index"], kept["finish_reason"]
            if not (_is_plain(type(choice)) and _is_plain(type(delta)) and _MORE_OF_CHOICE.isdisjoint(kept)):
                return False
            if choice.__pydantic_extra__ or delta.__pydantic_extra__ or _may_run(delta.__dict__):
                return False
            if type(index) is not int or (reason is not None and type(reason) is not str):
                return False
        elif usage is None or type(choices) is not list:
            return False
    except Exception:  # noqa: BLE001 -- whatever is odd, `openai_chat.read` takes
        return False
    tally.response_id = tally.response_id or known or None
    if tally.response_model is None:
        tally.response_model = model
        note_searching(tally)
    tally.service_tier = tier or tally.service_tier
    if index is not None and (reason or index not in tally.reasons):
        tally.reasons[index] = reason or None
    if usage is not None:
        usage = view(usage)
        more = says_more(usage)
        if more is not None:
            note_usage(tally, usage, tier, more=more)
    return True


@lru_cache(maxsize=256)
def _is_plain(kind: type[Any]) -> bool:
    """Whether the objects of a class have nothing of what is looked for but in their fields."""
    attributes = attributes_of_model(kind)
    return attributes is not None and attributes.isdisjoint(_ASKED)


def _may_run(piece: dict[str, Any]) -> bool:
    """Whether a piece that brings no text may tell of tools that the service runs."""
    told = piece.get("executed_tools") is not None or piece.get("tool_calls") is not None
    return told and not piece.get("content")
