"""Anthropic messages with tools that Anthropic runs itself: searches have a fee, and code one that no list has.

Prices, USD per million tokens: claude-sonnet-4-6 3.00 in, 15.00 out; claude-opus-4-6 5.00, 25.00. A search is 0.01 USD.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from replay.scenarios.base import MILLION, D, Scenario, Truth
from replay.scenarios.messages import Messages, served_block, text_block, usage

_SEARCHES = Messages("msg_01CmSearchStream00000008", model="claude-sonnet-4-6")
_CODE = Messages("msg_01CmCodeStream0000000009", model="claude-opus-4-6")

_scenario = partial(Scenario, service="anthropic", stream=True, kind="plain")
_truth = partial(
    Truth,
    provider="anthropic",
    raw_finish_reasons=("end_turn",),
    finish_reasons=("stop",),
    cached_tokens=0,
    cache_write_tokens=0,
    cache_write_1h_tokens=0,
    service_tier="standard",
)


def _closing(input_tokens: int, output_tokens: int, **requests: int) -> dict[str, Any]:
    return {
        "input_tokens": input_tokens,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": output_tokens,
        "server_tool_use": requests,
    }


def _search(number: int) -> list[list[dict[str, Any]]]:
    """The events of the search so numbered, at its place in the answer, and of what it found."""
    found = {
        "type": "web_search_result",
        "url": f"https://example.org/{number}",
        "title": f"Page {number}",
        "encrypted_content": "RW5jcnlwdGVk",
        "page_age": None,
    }
    asked = {"query": f"oldest bridge over the Tagus, page {number}"}
    return served_block(f"srvtoolu_01CmSearch{number:010}", "web_search", asked, [found], at=2 * number)


_RAN = served_block(
    "srvtoolu_01CmCode0000000001",
    "code_execution",
    {"code": "print(2 ** 61 - 1)"},
    {"type": "code_execution_result", "stdout": "2305843009213693951\n", "stderr": "", "return_code": 0, "content": []},
)

BILLS: tuple[Scenario, ...] = (
    _scenario(
        id="anthropic-searches-stream",
        model="claude-sonnet-4-6",
        events=_SEARCHES.stream(
            usage(700, 2),
            [*(block for number in range(10) for block in _search(number)), text_block("It is Roman.", at=20)],
            "end_turn",
            _closing(2000, 100, web_search_requests=10, web_fetch_requests=0),
        ),
        truth=_truth(
            response_model="claude-sonnet-4-6",
            response_id="msg_01CmSearchStream00000008",
            input_tokens=2000,
            output_tokens=100,
            total_tokens=2100,
            cost=(2000 * D("3.00") + 100 * D("15.00")) / MILLION + 10 * D("0.01"),  # 0.0075 of tokens, 0.10 of searches
            events_on_wire=97,  # 9 a search, 3 of text, 4 around them
            unseen=1,
        ),
    ),
    _scenario(
        id="anthropic-code-stream",
        model="claude-opus-4-6",
        events=_CODE.stream(
            usage(400, 1),
            [*_RAN, text_block("A prime.", at=2)],
            "end_turn",
            _closing(900, 60, web_search_requests=0, code_execution_requests=1),
        ),
        truth=_truth(
            response_model="claude-opus-4-6",
            response_id="msg_01CmCodeStream0000000009",
            input_tokens=900,
            output_tokens=60,
            total_tokens=960,
            cost=(900 * D("5.00") + 60 * D("25.00")) / MILLION,  # of the tokens: 0.006
            unpriced=("code_execution",),
            events_on_wire=15,  # 6 and 2 of the code, 3 of text, 4 around them
            unseen=1,
        ),
    ),
)
