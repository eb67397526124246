"""`chunkmeter report`: from the lines of files to the figures of a page."""

from __future__ import annotations

import gzip
import os
import re
from decimal import Decimal
from pathlib import Path

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    AggregationTemporality,
    Metric,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)

from chunkmeter import cli
from chunkmeter.cli.otlp_json import Request, written
from chunkmeter.cli.report import main
from support.peer_spans import SPANS, PeerSpan
from tests.cli.report_pages import Page, call, export, figures_of, keep, span

CUMULATIVE = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE


def page_of(tmp_path: Path, *exports: Request) -> Page:
    return Page(html_of(tmp_path, *exports))


def html_of(tmp_path: Path, *exports: Request) -> str:
    assert main([str(keep(tmp_path / "kept.json", *exports)), "-o", str(tmp_path / "page.html")]) == 0
    return (tmp_path / "page.html").read_text("utf-8")


def spend(total: float, calls: int) -> ExportMetricsServiceRequest:
    """What metrics say of spend and of calls, in cumulative sums."""
    currency = [KeyValue(key="gen_ai.usage.cost.currency", value=AnyValue(string_value="USD"))]
    metrics = [
        Metric(
            name="chunkmeter.spend",
            sum=Sum(
                aggregation_temporality=CUMULATIVE, data_points=[NumberDataPoint(as_double=total, attributes=currency)]
            ),
        ),
        Metric(
            name="chunkmeter.calls",
            sum=Sum(aggregation_temporality=CUMULATIVE, data_points=[NumberDataPoint(as_int=calls)]),
        ),
    ]
    return ExportMetricsServiceRequest(
        resource_metrics=[ResourceMetrics(scope_metrics=[ScopeMetrics(metrics=metrics)])]
    )


SHOP = export(
    call("gpt-4o", 0.1, of={"tenant": "acme"}),
    call("gpt-4o", 0.2, of={"tenant": "globex", "code.function.name": "answer"}),
    call("o3", 0.5, of={"tenant": "acme", "gen_ai.provider.name": "azure.ai.openai"}),
    call("own-model", None),
)


def test_spend_by_model_provider_service_and_label(tmp_path: Path) -> None:
    """0.1 + 0.2 + 0.5 = 0.8 USD of three calls, and one has no price."""
    page = page_of(tmp_path, SHOP, export(call("o3", 0.2), service="bot"))
    assert page.tables["Calls and spend by model"] == [
        ["Model", "Calls", "Spend, USD", "Share"],
        ["o3 2,000 in, 400 out", "2", "0.700", "70.0 %"],
        ["gpt-4o 2,000 in, 400 out", "2", "0.300", "30.0 %"],
        ["own-model 1,000 in, 200 out; 1 unpriced", "1", "-", ""],
    ]
    assert [row[:3] for row in page.tables["Calls and spend by provider"][1:]] == [
        ["openai 4,000 in, 800 out; 1 unpriced", "4", "0.500"],
        ["azure.ai.openai 1,000 in, 200 out", "1", "0.500"],
    ]
    assert [row[:3] for row in page.tables["Calls and spend by service"][1:]] == [
        ["shop 4,000 in, 800 out; 1 unpriced", "4", "0.800"],
        ["bot 1,000 in, 200 out", "1", "0.200"],
    ]
    assert [row[:3] for row in page.tables["Calls and spend by the label tenant"][1:]] == [
        ["acme 2,000 in, 400 out", "2", "0.600"],
        ["globex 1,000 in, 200 out", "1", "0.200"],
    ]
    assert [row[:3] for row in page.tables["Calls and spend by the label function"][1:]] == [
        ["answer 1,000 in, 200 out", "1", "0.200"]
    ]
    assert "2 calls without this label." in page.text
    assert "1.00 USD for 5 calls" in page.text
    assert "1 call without a cost (20.0 %)" in page.text
    assert "1 call: no price is known for the model (own-model)." in page.text


def test_sums_are_exact(tmp_path: Path) -> None:
    """Floats would give 0.30000000000000004, and lose the small one beside the large."""
    small = 1e-20
    page = page_of(tmp_path, export(*(call(cost=amount) for amount in (0.1, 0.2, 100_000.0, small))))
    assert "All digits: 100,000.30000000000000000001 USD." in page.text
    assert figures_of(export(call(cost=0.1), call(cost=0.2))).whole.spend == {"USD": Decimal("0.3")}


def test_the_bill_adds_up(tmp_path: Path) -> None:
    """0.09 + 0.03 + 0.12 = 0.24 of one call, 0.06 of which another one has told nothing: 0.3 in all."""
    parts = {"input": 0.09, "cache_read": 0.03, "output": 0.12}
    split = {f"chunkmeter.cost.{name}": amount for name, amount in parts.items()}
    page = page_of(tmp_path, export(call(cost=0.24, of=split), call(cost=0.06), call(None, None)))
    assert page.tables["The bill by item, in USD"] == [
        ["Item", "Tokens", "USD", "Share"],
        ["Output tokens output", "200", "0.1200", "40.0 %"],
        ["Input tokens input", "600", "0.0900", "30.0 %"],
        ["Input read from a cache cache_read", "400", "0.0300", "10.0 %"],
        ["Not told by item", "", "0.0600", "20.0 %"],
        ["All calls", "", "0.3000", ""],
    ]


def test_currencies_are_never_added(tmp_path: Path) -> None:
    euros = {"gen_ai.usage.cost.currency": "EUR"}
    page = page_of(tmp_path, export(call(cost=0.1), call(cost=0.2), call(cost=0.4, of=euros)))
    assert page.tables["Calls and spend by model"][1] == [
        "gpt-4o 3,000 in, 600 out",
        "3",
        "0.3000 USD 0.4000 EUR",
        "100.0 %",
    ]
    assert "All digits: 0.3 USD." in page.text
    assert "All digits: 0.4 EUR." in page.text
    assert "0.30 USD + 0.40 EUR" in page.text


def test_each_call_counts_once() -> None:
    """Though its span comes twice, and spans of others tell of it too."""
    one = call(cost=0.1, trace=7, id=8)
    marked = span("openai.chat", {"gen_ai.operation.name": "chat", "chunkmeter.metered": True}, trace=7, parent=8)
    other = call(cost=0.1, of={"chunkmeter.cost.status": "elsewhere"})
    tool = span("execute_tool find", {"gen_ai.operation.name": "execute_tool"})
    figures = figures_of(export(one, marked), export(one), export(other, tool))
    assert (figures.whole.calls, figures.whole.spend) == (1, {"USD": Decimal("0.1")})
    assert (figures.spans, figures.repeated) == (5, 2)


@pytest.mark.parametrize("peer", SPANS.values(), ids=SPANS)
def test_spans_of_others_are_read_and_priced(peer: PeerSpan) -> None:
    figures = figures_of(export(span("peer", dict(peer.attributes)), scope=peer.scope))
    assert figures.whole.calls == (peer.status is not None)
    spent = {currency: float(spend) for currency, spend in figures.whole.spend.items()}
    assert spent == ({} if peer.usd is None else {"USD": pytest.approx(peer.usd, rel=1e-12)})


def test_outcomes_reasons_and_errors(tmp_path: Path) -> None:
    failed = {"chunkmeter.outcome": "error", "chunkmeter.finish_reason": "error", "error.type": "TimeoutError"}
    cut = {"chunkmeter.finish_reason": "length"}
    page = page_of(tmp_path, export(call(), call(), call(of=cut), call(None, None, of=failed)))
    assert page.tables["Calls by outcome"][1:] == [
        ["completed the answer came to its end", "3", "75.0 %"],
        ["error an error ended it", "1", "25.0 %"],
    ]
    assert [row[1:] for row in page.tables["Calls by finish reason"][1:]] == [
        ["2", "50.0 %"],
        ["1", "25.0 %"],
        ["1", "25.0 %"],
    ]
    assert page.tables["Calls by error"][1:] == [["TimeoutError", "1", "100.0 %"]]
    assert "1 call failed (25.0 %)" in page.text
    assert "1 call was cut off at a limit of tokens (25.0 %)" in page.text


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("partial", "1 call cost more than is counted here: their usage was told in part"),
        ("incomplete", "1 call cost more than is counted here: a part has no price"),
        ("estimated", "1 call priced by estimated tokens"),
        ("assumed", "1 call priced as if the provider's own host had answered"),
    ],
)
def test_what_a_cost_lacks_in_plain_words(status: str, told: str, tmp_path: Path) -> None:
    of = {"chunkmeter.cost.status": status, "chunkmeter.cost.unpriced": ["web_search"]}
    page = page_of(tmp_path, export(call(of=of), call()))
    assert told in page.text
    assert ("Missing: web_search (1)." in page.text) == (status == "incomplete")


def test_a_day_without_trouble_says_so(tmp_path: Path) -> None:
    assert "Every call has a cost, none failed, and nothing was left out." in page_of(tmp_path, export(call())).text


def test_first_chunks(tmp_path: Path) -> None:
    """Of 0.1, 0.2, ... 1.0 s half are within 0.5 s, 9 of 10 within 0.9 s, 99 of 100 within 1.0 s."""
    calls = [call(of={"gen_ai.response.time_to_first_chunk": tenths / 10}) for tenths in range(1, 11)]
    page = page_of(tmp_path, export(*calls, call("o3")))
    assert page.tables["Quantiles of the time to the first chunk"][1:] == [
        ["gpt-4o 10 streams", "500 ms", "900 ms", "1.00 s", "1.00 s"],
        ["All 10 streams", "500 ms", "900 ms", "1.00 s", "1.00 s"],
    ]
    assert "Times to the first chunk of 10 streams: half within 500 ms, 9 of 10 within 900 ms." in page.values
    assert "up to 160 ms: 1 call" in page.text


def test_the_dearest_traces_have_a_waterfall(tmp_path: Path) -> None:
    root = span("POST /agents", trace=5, id=1, took=10)
    spans = [
        call("o3", 0.5, trace=5, id=2, parent=1, start=1),
        call("own-model", None, trace=5, id=3, parent=1, start=3),
    ]
    others = [call(cost=0.001 * number) for number in range(1, 31)]
    page = page_of(tmp_path, export(*spans, *others[:15]), export(*others[15:]), export(root, service="api"))
    assert page.tags.count("details") == 20
    shown = page.text[page.text.index("The dearest traces") :]
    assert shown.index("POST /agents") < shown.index("chat o3") < shown.index("chat own-model") < shown.index("no cost")
    assert "api · 2 calls · 10.0 s · 15 Jan 2027 08:00:00" in shown
    assert "at 1.00 s · took 1.00 s · 1,000 in, 200 out" in shown
    assert "0.01200 USD" in shown, "the twentieth"
    assert "0.01100 USD" not in shown


def test_metrics_that_agree_and_metrics_that_do_not(tmp_path: Path) -> None:
    page = page_of(tmp_path, export(call(), call()), spend(0.2, 2))
    assert page.tables["Totals by spans and by metrics"][1:] == [
        ["chunkmeter.calls", "2", "agree"],
        ["chunkmeter.spend USD", "0.2", "agree"],
    ]
    assert "have different totals" not in page.text
    page = page_of(tmp_path, export(call(), call()), spend(0.5, 5))
    assert page.tables["Totals by spans and by metrics"][1:] == [
        ["chunkmeter.calls", "2", "5"],
        ["chunkmeter.spend USD", "0.2", "0.5"],
    ]
    assert "The files' metrics and spans have different totals" in page.text
    assert "chunkmeter.spend USD: 0.5 by metrics, 0.2 by spans." in page.text
    assert "The files have no metrics of these calls" in page_of(tmp_path, export(call())).text


HOSTILE = '</style></title><script>alert(1)</script><img src=x onerror=alert(1)>" onload="alert(1)\' &lt;'
ELEMENTS = {
    "html", "head", "meta", "title", "style", "body", "header", "main", "footer", "section", "h1", "h2", "h3", "p",
    "span", "strong", "small", "code", "dl", "dt", "dd", "ul", "ol", "li", "div", "table", "caption", "thead", "tbody",
    "tfoot", "tr", "th", "td", "svg", "rect", "i", "details", "summary", "br",
}  # fmt: skip
NAMES = {
    "lang", "charset", "name", "content", "http-equiv", "class", "style", "aria-hidden", "aria-label", "role", "scope",
    "x", "y", "width", "height", "viewbox", "preserveaspectratio", "open",
}  # fmt: skip


def test_what_a_file_says_is_never_markup(tmp_path: Path) -> None:
    of = dict.fromkeys(("gen_ai.provider.name", "tenant", "error.type", "chunkmeter.finish_reason"), HOSTILE)
    of |= {"chunkmeter.outcome": HOSTILE, "chunkmeter.cost.status": HOSTILE, "gen_ai.usage.cost.currency": HOSTILE}
    of |= {f"chunkmeter.cost.{HOSTILE}": 0.1, HOSTILE: "label", "chunkmeter.cost.unpriced": [HOSTILE]}
    of |= {"gen_ai.response.time_to_first_chunk": 0.5}
    hostile = export(call(HOSTILE, 0.1, of=of), span(HOSTILE), call(HOSTILE, None), service=HOSTILE, scope=HOSTILE)
    html = html_of(tmp_path, hostile, spend(1.0, 1))
    page = Page(html)
    assert set(page.tags) <= ELEMENTS
    assert page.names <= NAMES
    assert "<script" not in html
    assert page.text.count(" ".join(HOSTILE.split())) >= 10, "it is shown as it is"


def test_the_page_needs_nothing_else(tmp_path: Path) -> None:
    html = html_of(tmp_path, SHOP)
    assert not re.findall(r"https?:|url\(|@import|src=|href=", html)
    assert "default-src &#x27;none&#x27;" in html


# --- files ---


def test_rotated_and_packed_files_are_one_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = keep(tmp_path / "traces-2027.json", export(call(cost=0.25)))
    packed = tmp_path / "traces.json.gz"
    packed.write_bytes(gzip.compress(f"{written(export(call(cost=0.5)))}\n\n".encode()))
    assert cli.main(["report", str(first), str(packed), "-o", "-"]) == 0
    told = capsys.readouterr()
    assert "0.75 USD for 2 calls" in Page(told.out).text
    assert "Read from traces-2027.json, traces.json.gz: 2 exports, 2 spans." in Page(told.out).text
    assert re.fullmatch(r"-: 2 calls, \d+ kB, in [\d.]+ s\n", told.err)


def test_a_damaged_last_line_is_told_and_skipped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = written(export(call(cost=0.5)))
    file = tmp_path / "kept.json"
    file.write_text(f"{whole}\n{whole[:100]}")
    assert main([str(file), "-o", str(tmp_path / "page.html")]) == 0
    told = capsys.readouterr().err.splitlines()[0]
    assert re.fullmatch(r".*kept.json: line 2, the last and cut off, was skipped: not JSON: .*", told)
    page = Page((tmp_path / "page.html").read_text())
    assert told in page.text
    assert "0.50 USD for 1 call" in page.text


def test_many_bad_lines_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "kept.json"
    file.write_text("".join(f"bad {number}\n" for number in range(9)) + written(export(call())) + "\n")
    assert main([str(file), "-o", str(tmp_path / "page.html")]) == 0
    told = capsys.readouterr().err.splitlines()
    assert [bool(re.search(rf"line {number} was skipped", told[number - 1])) for number in range(1, 6)] == [True] * 5
    assert told[5].endswith("kept.json: 9 lines were skipped in all.")
    assert len(told) == 7


def test_a_packed_file_that_is_cut_off_counts_as_far_as_it_goes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = f"{written(export(call(cost=0.5)))}\n".encode()
    file = tmp_path / "kept.json.gz"
    file.write_bytes(gzip.compress(line) + gzip.compress(line * 50)[:-20])
    assert main([str(file), "-o", str(tmp_path / "page.html")]) == 0
    assert "damaged after line" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("start", "hint"),
    [
        (b"\x00\x00\x01\x00\x0a\xff", "it is no text (set `format: json` on the file exporter)"),
        (b"\x00\x00\x01\x00\x28\xb5\x2f\xfd\x01\xff", "it is compressed by zstd"),
    ],
)
def test_other_formats_of_the_file_exporter_are_named(
    start: bytes, hint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "kept.bin").write_bytes(start)
    assert main([str(tmp_path / "kept.bin"), "-o", str(tmp_path / "page.html")]) == 2
    told = capsys.readouterr().err
    assert hint in told
    assert "No call in 1 lines, 0 spans: no page was written." in told
    assert not (tmp_path / "page.html").exists()


def test_what_cannot_be_read_or_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "none.json")]) == 2
    assert main([str(tmp_path)]) == 2
    assert main([str(keep(tmp_path / "kept.json", SHOP)), "-o", str(tmp_path / "no" / "page.html")]) == 1
    first, second, third = capsys.readouterr().err.splitlines()
    assert re.fullmatch(r"Cannot read .*none.json'?: No such file or directory", first)
    assert re.fullmatch(r"Cannot read .*: Is a directory", second)
    assert re.fullmatch(r"Cannot write .*page.html'?: No such file or directory", third)


def test_the_page_never_takes_the_place_of_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = keep(tmp_path / "kept.json", SHOP)
    before = file.read_bytes()
    (tmp_path / "link.html").symlink_to(file)
    assert main([str(file), "-o", str(file)]) == 2
    assert main([str(file), "-o", str(tmp_path / "link.html")]) == 2
    assert file.read_bytes() == before
    assert "is one of the files to read" in capsys.readouterr().err


def test_a_pipe_is_refused_since_it_cannot_be_read_twice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert main([str(tmp_path / "pipe")]) == 2
    assert "it is no file that can be read twice" in capsys.readouterr().err


def test_logs_are_no_trouble(tmp_path: Path) -> None:
    file = keep(tmp_path / "kept.json", SHOP)
    file.write_text('{"resourceLogs":[{}]}\n' + file.read_text())
    assert main([str(file), "-o", str(tmp_path / "page.html")]) == 0


def test_many_names_make_no_long_page(tmp_path: Path) -> None:
    """3,000 models, tenants and errors, of which each table has a dozen rows and one of the others."""
    calls = [
        call(f"model-{number}", 0.001, of={"tenant": f"t{number}", "error.type": f"E{number}"})
        for number in range(3000)
    ]
    html = html_of(tmp_path, export(*calls))
    assert len(html) < 200_000
    rows = Page(html).tables["Calls and spend by model"]
    assert len(rows) == 1 + 12 + 1
    assert rows[1][1:] == ["2,000", "2.000", "66.7 %"], "beyond a thousand names all are one"
    assert rows[-1][0].startswith("989 others")
    assert sum(int(row[1].replace(",", "")) for row in rows[1:]) == 3000


def test_a_file_without_any_cost_is_a_report_of_calls(tmp_path: Path) -> None:
    page = page_of(tmp_path, export(call("own", None), call("own", None, start=3600)))
    assert "No cost told for 2 calls" in page.text
    assert "Calls over time By when a call started, in steps of a minute." in page.text
    assert page.tables["Calls and spend by model"][1] == ["own 2,000 in, 400 out; 2 unpriced", "2", "-", "100.0 %"]
    assert "details" not in page.tags
    assert "The bill by item, in USD" not in page.tables
