"""OpenAI responses, as OpenAI, Azure, xAI, OpenRouter and others send them.

https://platform.openai.com/docs/api-reference/responses-streaming. Events about the whole answer carry it as
`response`, the last of them with the usage. The finish reason is why the answer is incomplete, else its last status.
"""

from __future__ import annotations

from typing import Any

from ..facts.tally import Inner, Tally, Tokens, count
from ._fees import TELLING, note_charge, note_copilot, note_fees, note_searching
from ._usage import Table, counts, parts_beside, says_more
from ._view import View, view
from .openai_images import tokens as image_tokens
from .quiet import by_type

WIRE = "openai_responses"
OPERATION = "chat"

COUNTS = Table(
    {
        "input_tokens": ("input_tokens",),
        "cached_tokens": ("input_tokens_details.cached_tokens",),
        "cached_audio_tokens": ("input_tokens_details.cached_tokens_details.audio_tokens",),
        "cached_image_tokens": ("input_tokens_details.cached_tokens_details.image_tokens",),
        "output_tokens": ("output_tokens",),
        "total_tokens": ("total_tokens",),
        "cache_write_tokens": ("input_tokens_details.cache_write_tokens",),
        "cache_write_12h_tokens": ("input_tokens_details.cache_write_tokens_details.ttl_12h_tokens",),
        "reasoning_tokens": ("output_tokens_details.reasoning_tokens",),
    },
    TELLING | {"prompt_tokens_details"},
)
# Events about the whole answer.
BEGIN = frozenset({"response.created", "response.queued", "response.in_progress"})
END = frozenset({"response.completed", "response.incomplete", "response.failed"})
UNDER_WAY = frozenset({"queued", "in_progress"})
RAN = "response.output_item.done"
_TELLING = BEGIN | END | {RAN}
quiet, quiet_json = by_type(_TELLING)

# What is put out by a tool that has a fee -> the item. https://platform.openai.com/docs/pricing#built-in-tools
_ITEMS = {
    "web_search_call": "web_search",
    "x_search_call": "x_search",  # xAI
    "file_search_call": "file_search",
    "code_interpreter_call": "code_session",
    "shell_call": "code_session",
    "image_generation_call": "image_generation",
}
# To read a page that a search has found costs nothing but its tokens.
_FREE_ACTIONS = frozenset({"open_page", "find_in_page", "find"})
_PREVIEW = "web_search_preview"
# What these models' searches find is charged as so many tokens a search, which no usage has.
_CONTENT_APART = ("gpt-4o-mini", "gpt-4.1-mini")
_MAKERS = ("image_generation", "image_generation_call")
"""What may name the model that made an image: the tool that was asked for, which the answer repeats, or the image."""


WHOLE, COMPACTED = "response", "response.compaction"
"""What a whole answer says that it is; the second is a conversation made shorter."""


def read(tally: Tally, event: Any) -> None:
    """Fold one stream event, or one whole answer, into `tally`."""
    try:
        kind = event.type
    except AttributeError:
        kind = View(event).type
    if isinstance(kind, str) and kind in _TELLING:
        said = View(event)
        if kind == RAN:
            _note_run(tally, said.object("item"), count(said.get("output_index")))
            return
        _read(tally, said.object("response"))
        note_copilot(tally, said)
    elif kind is None:
        said = View(event)
        if said.get("object") in (WHOLE, COMPACTED):
            _read(tally, said)
        if said.get("object") == COMPACTED:  # it has no status
            tally.reasons.clear()
            tally.ended = True


def _read(tally: Tally, response: View) -> None:
    tally.response_id = tally.response_id or response.text("id")
    if tally.response_model is None:
        tally.response_model = response.text("model")
        note_searching(tally)
    tally.service_tier = response.text("service_tier") or tally.service_tier
    status = response.text("status")
    over = status not in UNDER_WAY
    tally.reasons[0] = (response.object("incomplete_details").text("reason") or status) if over else None
    for position, item in enumerate(response.objects("output")):
        _note_run(tally, item, position)
    usage = response.object("usage")
    more = says_more(usage, COUNTS, *COUNTS.paths)
    if more is not None:
        tally.usage, tally.count_tokens = usage, tokens
        if more:
            note_charge(tally, usage)
            if usage.get("server_side_tool_usage_details") is not None:
                tally.items.clear()  # xAI counts what it charges, and its output has more
            note_fees(tally, usage)
        _note_tools(tally, response, usage)


def _note_run(tally: Tally, put_out: View, position: int | None) -> None:
    """Note what a tool has put out; it comes once when it is done and once more in the whole answer."""
    kind = put_out.text("type")
    item = _ITEMS.get(kind or "")
    which = put_out.text("id") or position
    if item is None or put_out.text("status") == "failed":
        return
    if item == "web_search" and put_out.object("action").text("type") in _FREE_ACTIONS:
        return
    if item == "code_session":
        # Containers are charged, and may run code several times. A shell without one is the user's own.
        which = put_out.text("container_id") or put_out.object("environment").text("container_id")
        if which is None and kind == "shell_call":
            return
    tally.ran(item, which)


def _note_tools(tally: Tally, response: View, usage: View) -> None:
    """Note what the answer as a whole says of its tools."""
    if response.get("tool_usage") is None and "web_search" not in tally.items:
        return
    used, tools = response.object("tool_usage"), response.objects("tools")
    tally.use("web_search", used.object("web_search").get("num_requests"))
    if "web_search" in tally.items and any((each.text("type") or "").startswith(_PREVIEW) for each in tools):
        # Its fee is another one, unless the model reasons.
        reasons = response.object("reasoning").text("effort") or tokens(usage).reasoning_tokens
        if not reasons:
            tally.items[_PREVIEW] = tally.items.pop("web_search")
    if (tally.response_model or "").startswith(_CONTENT_APART):
        tally.use("search_content", tally.items.get("web_search"))
    images = image_tokens(used.object("image_gen"))
    if images.input_tokens or images.output_tokens:
        makers = [each for each in (*tools, *response.objects("output")) if each.text("type") in _MAKERS]
        model = next((name for each in makers if (name := each.text("model"))), None)
        if model is None:
            tally.items.setdefault("image_generation", 1)
        else:
            tally.items.pop("image_generation", None)
            tally.inner = [Inner(tokens(usage)), Inner(images, model)]


def tokens(usage: Any) -> Tokens:
    """The counts in the usage object of a response."""
    return parts_beside(counts(view(usage), COUNTS))
