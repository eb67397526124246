"""`make corpus` on folders never seen: a truth with gaps, unknown families, costs with nothing to compare to."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from checks.corpus import index, prices
from checks.corpus.__main__ import Comparison, Costs
from checks.corpus.truth import expected
from checks.corpus.used import used
from chunkmeter.pricing import Priced, Unpriced
from support import ROOT

Json = dict[str, Any]

TRUTH: Json = {
    "finish_reasons": ["stop"], "response_id": "c-1", "response_model": "gpt-4o-mini", "service_tier": None,
    "input_tokens_raw": 1000, "output_tokens_raw": 100, "total_tokens_raw": 1100, "cache_read_tokens": None,
    "cache_write_tokens": None, "reasoning_tokens": None, "audio_input_tokens": None, "audio_output_tokens": None,
    "has_usage": True, "usage_raw": {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100},
}  # fmt: skip
# Two of what went in, with free ones beside them, and one of what came out.
UNITS_IN: Json = {
    "topicPolicyUnits": 1, "contentPolicyUnits": 1, "wordPolicyUnits": 1, "sensitiveInformationPolicyFreeUnits": 1,
}  # fmt: skip
GUARDRAIL: Json = {
    "inputAssessment": {"g": {"invocationMetrics": {"usage": UNITS_IN}}},
    "outputAssessments": {"g": [{"invocationMetrics": {"usage": {"topicPolicyUnits": 1, "wordPolicyUnits": 1}}}]},
}
STREAM: Json = {"id": "s", "wire": "openai_chat", "family": "chat", "url_path": "", "request": None, "truth": TRUTH}


def without(*names: str) -> Json:
    return {name: value for name, value in TRUTH.items() if name not in names}


# --- what the truth says ---


def test_a_key_that_is_not_there_is_not_known() -> None:
    """Not compared; null is no such thing, but says that there was nothing."""
    assert "cached_tokens" not in expected(without("cache_read_tokens"), "chat")
    assert expected(TRUTH, "chat")["cached_tokens"] is None
    assert "provider_cost" not in expected(without("usage_raw"), "chat")
    assert set(expected({}, "chat")) <= {"tool_use_tokens"}


@pytest.mark.parametrize(
    ("family", "said", "field", "count"),
    [
        # 1000 of text and 50 of audio in, 100 out, 1150 in all
        ("chat", {"audio_input_tokens": 50, "total_tokens_raw": 1150}, "input_tokens", 1050),
        ("chat", {"total_tokens_raw": 1160}, "output_tokens", 160),  # 1160 - 1000
        ("chat", {"total_tokens_raw": 1160, "cache_read_tokens": 60}, "output_tokens", 100),
        ("responses", {"total_tokens_raw": 1160}, "output_tokens", 100),
        (
            "anthropic",
            {"all_iterations_input_tokens": 1500, "usage_raw": {"iterations": [{"input_tokens": 1500}]}},
            "input_tokens",
            1500,
        ),
        (
            "anthropic",
            {"usage_raw": {"iterations": [{"cache_read_input_tokens": 4}, {"cache_read_input_tokens": 6}]}},
            "cached_tokens",
            10,
        ),
        (
            "google_interactions",
            {"usage_raw": {"total_input_tokens": 3, "total_tool_use_tokens": 40}},
            "input_tokens",
            43,
        ),
        (
            "google_interactions",
            {"usage_raw": {"total_output_tokens": 5, "total_thought_tokens": 60}},
            "output_tokens",
            65,
        ),
        ("converse", {"usage_raw": {"cacheDetails": [{"ttl": "1h", "inputTokens": 7}]}}, "cache_write_1h_tokens", 7),
    ],
)
def test_what_is_counted_apart(family: str, said: Json, field: str, count: int) -> None:
    assert expected(TRUTH | said, family)[field] == count


# --- what it costs ---


def test_a_price_or_rule_that_is_missing_is_said() -> None:
    """1000 in at 0.15 USD a million, 100 out at 0.60: 0.00015 + 0.00006."""
    assert prices.bill(STREAM, "chat").amount == Decimal("0.00021")
    assert prices.bill(STREAM | {"truth": TRUTH | {"response_model": "new"}}, "chat").unsaid == "no independent price"
    assert prices.bill(STREAM | {"wire": "new_service"}, "chat").unsaid == "no independent price"
    assert prices.bill(STREAM | {"truth": TRUTH | {"service_tier": "flex"}}, "chat").unsaid == "no rule for tier flex"
    assert prices.bill(STREAM | {"truth": TRUTH | {"audio_output_tokens": 5}}, "chat").unsaid == "no rule for audio"
    untold = prices.bill(STREAM | {"truth": without("input_tokens_raw")}, "chat")
    assert (untold.unsaid, untold.untold) == (None, "the truth has no input_tokens")


@pytest.mark.parametrize(
    ("wire", "name", "published"),
    [
        ("ollama_openai", "llama3", None),  # on a server of one's own
        ("openai_chat", "grok-beta", None),  # not OpenAI's
        ("openai_chat", None, None),  # nobody says which
        ("google_generate_content", "unknown", None),  # taken out of the recording
        ("writer", "palmyra-x4", "0.0035"),  # 1000 in at 2.50 USD a million, 100 out at 10: 0.0025 + 0.001
    ],
)
def test_why_there_is_no_price_is_said(wire: str, name: str | None, published: str | None) -> None:
    """It is not the same as a model that nobody has looked up."""
    bill = prices.bill(STREAM | {"wire": wire, "truth": TRUTH | {"response_model": name}}, "chat")
    assert (bill.amount, bill.reason, bill.unsaid) == (None, "unknown_model", None)
    assert bill.published == (None if published is None else Decimal(published))


def held(cost: Priced | Unpriced, bill: prices.Bill, *, all_known: bool = True) -> tuple[list[str], Costs]:
    """What a comparison notes of a cost."""
    comparison, costs = Comparison(STREAM), Costs(all_known=all_known)
    comparison.hold_cost(cost, bill, costs)
    return comparison.lines, costs


def test_a_stream_without_an_independent_word_fails() -> None:
    """Where the lists are to know all; a truth with a gap is nobody's fault."""
    unlisted, gap = prices.Bill(unsaid="no independent price"), prices.Bill(untold="the truth has no input_tokens")
    for cost in (Priced(Decimal(1)), Unpriced("unknown_model")):
        lines, costs = held(cost, unlisted)
        assert len(lines) == 1
        assert "no independent price of openai gpt-4o-mini" in lines[0]
        assert costs.uncompared.total() == 1
        assert held(cost, unlisted, all_known=False)[0] == held(cost, gap)[0] == []


def test_a_reason_for_no_cost_is_compared() -> None:
    unknown = prices.Bill(reason="unknown_model")
    assert held(Unpriced("unknown_model"), unknown)[0] == []
    assert (
        "expected none because of unknown_model, got none because of no_usage"
        in held(Unpriced("no_usage"), unknown)[0][0]
    )
    assert "expected none (unknown_model), got 1" in held(Priced(Decimal(1)), unknown)[0][0]
    assert "expected 1, got Unpriced" in held(Unpriced("unknown_model"), prices.Bill(Decimal(1)))[0][0]


def test_what_a_cost_lacks_is_compared() -> None:
    """In both directions: what is missing and not named, and what is named and nobody knows."""
    lacking = prices.Bill(Decimal(1), lacks=frozenset({"code_session"}))
    lines, costs = held(Priced(Decimal(1), unpriced=("code_session",)), lacking)
    assert (lines, costs.lacking) == ([], {"code_session": 1})
    assert "lacks code_session, and does not name it" in held(Priced(Decimal(1)), lacking)[0][0]
    assert "no rule for x_search" in held(Priced(Decimal(1), unpriced=("code_session", "x_search")), lacking)[0][0]


def test_a_call_of_several_models_costs_what_each_does() -> None:
    """1000 * 1 + 100 * 5 of claude-haiku-4-5, 200 * 5 + 10 * 25 of claude-opus-4-7, in millionths of a USD."""
    iterations: list[Json] = [
        {"input_tokens": 1000, "output_tokens": 100},
        {"model": "claude-opus-4-7", "input_tokens": 200, "output_tokens": 10},
    ]
    told: Json = {"usage_raw": {"iterations": iterations}, "has_stop_reason": True, "usage_events": 2}
    told |= {"all_iterations_input_tokens": 1200, "all_iterations_output_tokens": 110}
    stream = STREAM | {"truth": TRUTH | told | {"response_model": "claude-haiku-4-5-20251001"}}
    assert prices.bill(stream, "anthropic").amount == Decimal("0.00275")
    iterations[1]["model"] = "new"
    assert prices.bill(stream, "anthropic").unsaid == "no independent price of an inner model"


def test_what_was_used_besides_has_its_fee() -> None:
    """1000 in at 0.15 USD a million, 100 out at 0.60, and a search at 10 USD a thousand; a container has no fee."""
    search: Json = {"type": "web_search_call", "status": "completed", "action": {"type": "search"}}
    page: Json = {"type": "web_search_call", "status": "completed", "action": {"type": "open_page"}}
    container: Json = {"type": "code_interpreter_call", "container_id": "c"}
    events = [{"type": "response.completed", "response": {"output": [search, page, container, container]}}]
    assert used("responses", "gpt-4o", events) == {"web_search": 1, "code_session": 1}
    assert used("responses", "gpt-4o-mini", events) == {"web_search": 1, "search_content": 1, "code_session": 1}
    grounded: Json = {"groundingMetadata": {"webSearchQueries": ["a", "", "b"]}}
    assert used("google", "gemini-3-flash", [{"candidates": [grounded]}]) == {"web_search": 2}
    assert used("google", "gemini-2.5-flash", [{"candidates": [grounded]}]) == {"web_search": 1}
    step: Json = {"delta": {"type": "google_search_call", "arguments": {"queries": ["a", "b"]}}}
    assert used("google_interactions", "gemini-3-flash", [step]) == {"web_search": 2}
    assert used("google_interactions", "gemini-2.5-flash", [step]) == {"web_search": 1}
    code: Json = {"content_block": {"type": "server_tool_use", "name": "bash_code_execution"}}
    search = {"content_block": {"type": "server_tool_use", "name": "web_search", "caller": {"type": "code_execution"}}}
    assert used("anthropic", "claude", [code, code]) == {"code_execution": 2}
    assert used("anthropic", "claude", [code, search]) == {}


def put_out(kind: str, **fields: Any) -> Json:
    """A response whose only output is this."""
    return {"response": {"output": [{"type": kind, **fields}]}}


@pytest.mark.parametrize(
    ("family", "event", "items"),
    [
        ("responses", put_out("shell_call", environment={"container_id": "c"}), {"code_session": 1}),
        ("responses", put_out("shell_call"), {}),  # in the user's own shell
        ("responses", put_out("image_generation_call", status="completed"), {"image_generation": 1}),
        ("responses", put_out("image_generation_call", status="failed"), {}),
        ("responses", {"copilot_usage": {"total_nano_aiu": 1_500_000_000}}, {"copilot_aiu": 1.5}),
        (
            "assistants",
            {"object": "thread.run.step", "step_details": {"tool_calls": [{"type": "code_interpreter"}] * 2}},
            {"code_session": 1},
        ),
        ("chat", {"usage": {"prompt_audio_seconds": 5}}, {"audio_second": 5}),
        ("converse", {"contentBlockStart": {"start": {"toolUse": {"type": "server_tool_use", "name": "t"}}}}, {"t": 1}),
        ("converse", {"contentBlockStart": {"start": {"toolUse": {"type": "tool_use", "name": "t"}}}}, {}),
        ("converse", {"metadata": {"trace": {"guardrail": GUARDRAIL}}}, {"guardrail_unit": 3}),
        (
            "invoke",
            {"chunk": {"bytes": json.dumps({"amazon-bedrock-trace": {"guardrail": GUARDRAIL}})}},
            {"guardrail_unit": 3},
        ),
    ],
)
def test_what_occurs_is_counted_by_hand(family: str, event: Json, items: dict[str, float]) -> None:
    assert used(family, "any", [event]) == items


def test_seconds_of_audio_cost_in_place_of_its_tokens() -> None:
    """1000 in at 0.10 USD a million, 100 out at 0.40, 60 seconds at 0.004 a minute: 0.0001 + 0.00004 + 0.004."""
    told = TRUTH | {"response_model": "voxtral-small-latest", "audio_input_tokens": 750, "total_tokens_raw": 1850}
    events = [{"usage": {"prompt_audio_seconds": 60}}]
    amount = prices.bill(STREAM | {"wire": "mistral", "truth": told}, "chat", events).amount
    assert amount == pytest.approx(Decimal("0.00414"), abs=Decimal("1e-12"))


# --- the command ---

SERVER = """
import http.server, threading

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    root = ""

    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        body = open(f"{self.root}/{self.path.split('/')[1]}.sse", "rb").read()
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

def start(root):
    Handler.root = root
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, server.server_port
"""


def folder(place: Path, *streams: Json) -> Path:
    """A folder with these streams, each of which is the same body."""
    place.mkdir()
    chunk: Json = {"id": "c-1", "object": "chat.completion.chunk", "model": "gpt-4o-mini", "choices": []}
    text = chunk | {"choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": "stop"}]}
    body = "".join(f"data: {json.dumps(event)}\n\n" for event in (text, chunk | {"usage": TRUTH["usage_raw"]}))
    (place / "serve.py").write_text(SERVER, "utf-8")
    for stream in streams:
        (place / f"{stream['id']}.sse").write_text(body + "data: [DONE]\n\n", "utf-8")
    lines = (json.dumps({"file": f"{stream['id']}.sse"} | stream) for stream in streams)
    (place / "index.jsonl").write_text("\n".join(lines), "utf-8")
    return place


def run(place: Path, **environment: str) -> tuple[int, list[str]]:
    done = subprocess.run(
        [sys.executable, "-m", "checks.corpus", "--corpus", str(place)],
        cwd=ROOT, env={"PYTHONPATH": str(ROOT), "PATH": "", **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout.splitlines()


@pytest.mark.slow
def test_a_folder_nobody_has_seen(tmp_path: Path) -> None:
    """It ends on what passed, whatever is unknown in it, and says what it could not compare."""
    new = {"id": "new", "wire": "new_service", "family": "new", "truth": {}}
    gaps = {"id": "gaps", "wire": "new_service", "family": "chat", "truth": {"finish_reasons": ["stop"]}}
    code, said = run(folder(tmp_path / "streams", STREAM, new, gaps))
    assert (code, said[-1]) == (0, "2 passed, 0 failed")
    assert "1 of families that are not known, not read" in "\n".join(said)
    code, said = run(folder(tmp_path / "unlisted", STREAM | {"truth": TRUTH | {"response_model": "gpt-4o-mini"}}))
    assert (code, said[-1]) == (0, "1 passed, 0 failed")


@pytest.mark.slow
def test_one_that_differs_fails(tmp_path: Path) -> None:
    wrong = STREAM | {"id": "wrong", "truth": TRUTH | {"input_tokens_raw": 999, "total_tokens_raw": 1099}}
    code, said = run(folder(tmp_path / "streams", STREAM, wrong))
    assert (code, said[-1]) == (1, "1 passed, 1 failed")
    assert any("input_tokens: expected 999, got 1000" in line for line in said)


@pytest.mark.slow
def test_a_folder_that_is_not_there_passes(tmp_path: Path) -> None:
    code, said = run(tmp_path / "none")
    assert (code, said[-1]) == (0, "0 passed, 0 failed")


def test_two_folders_are_looked_for() -> None:
    assert [folder.name for folder in index.FOLDERS] == ["corpus", "corpus-2"]
