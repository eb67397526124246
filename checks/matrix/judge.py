"""The verdict on a run of the matrix: against the same run without chunkmeter, and against a scenario's literals."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterable, Sequence

from opentelemetry.trace import StatusCode

from chunkmeter.calls.keeper import keeper
from chunkmeter.testing import Kit, attributes_of
from replay.check import TOLERANCE, Report, check_call
from replay.scenarios import Scenario
from support.cells import GENERATES_CONTENT, Outcome, difference

__all__ = ["judge", "table"]


def judge(
    bare: Outcome,
    metered: Outcome,
    kit: Kit,
    *answers: Scenario,
    chunks: int | None = None,
    function: str | None = None,
    failed: int | None = None,
) -> str:
    """The verdict on one run.

    Args:
        bare: what the run gave without chunkmeter.
        metered: what it gave with it.
        kit: what has been recorded meanwhile. It is shut down.
        answers: what the server answers, request by request.
        chunks: how many raw events a span is to tell of; those that the SDK hands on, unless given.
        function: the name that a span is to have of its function.
        failed: how many spans a run leaves that fails; one a request, unless given.
    """
    report = Report()
    # A call that nobody has ended is settled some time after: it would be one span more.
    report.expect("calls left open", len(keeper._kept), 0)
    report.expect("requests", metered.requests, bare.requests if bare.error else [answer.id for answer in answers])
    compare(report, bare, metered)
    # What a library fails to pack has still been answered, and paid for.
    if bare.error is None or (metered.requests and not answers[-1].stream):
        check_metered(report, answers, kit, chunks, function)
    else:
        check_failed(report, bare.error, kit, len(metered.requests) if failed is None else failed)
    kit.shutdown()
    fine = f"library fails: {' '.join(bare.complaint.split())}" if bare.error else "ok"
    return f"FAIL: {'; '.join(report.lines)}" if report.lines else fine


def compare(report: Report, bare: Outcome, metered: Outcome) -> None:
    """The metered run gave its user what the bare run gave."""
    report.expect("exception", metered.complaint, bare.complaint)
    report.expect("exception's type", type(metered.error), type(bare.error))
    report.expect("number of items", len(metered.items), len(bare.items))
    for number, (got, expected) in enumerate(zip(metered.items, bare.items, strict=False)):
        report.lines += difference(got, expected, f"item {number} ")


def check_metered(
    report: Report, answers: Sequence[Scenario], kit: Kit, chunks: int | None, function: str | None
) -> None:
    """One span a request and one point of each metric, all of them the truth."""
    # The tools that a run has executed have spans of their own, which `mirascope2_tools` looks at.
    spans = [span for span in kit.spans if attributes_of(span).get("gen_ai.operation.name") != "execute_tool"]
    report.expect("spans", len(spans), len(answers))
    for span, scenario in zip(spans, answers, strict=False):
        attributes, truth = attributes_of(span), scenario.truth
        check_call(report, scenario, attributes)
        operation = truth.operation or ("generate_content" if scenario.service in GENERATES_CONTENT else "chat")
        seen = (chunks or (truth.events_on_wire or 0) - truth.unseen) if scenario.stream else None
        for where, got, expected in (
            ("name", span.name, f"{operation} {scenario.app_model}"),
            ("status", span.status.status_code, StatusCode.UNSET),
            ("raw events seen", attributes.get("chunkmeter.chunks"), seen),
            ("response id", attributes.get("gen_ai.response.id"), truth.response_id),
            ("total tokens", attributes.get("chunkmeter.usage.total_tokens"), truth.total_tokens),
            ("function", attributes.get("code.function.name"), function),
        ):
            report.expect(where, got, expected)
    truths = [scenario.truth for scenario in answers]
    report.close("metric chunkmeter.spend", kit.total("chunkmeter.spend"), math.fsum(truth.usd for truth in truths))
    for metric, labels, expected in (
        ("chunkmeter.calls", {}, len(answers)),
        ("chunkmeter.calls", {"outcome": "completed"}, len(answers)),
        ("chunkmeter.errors", {}, 0),
        ("gen_ai.client.token.usage", {"token__type": "input"}, sum(truth.input_tokens or 0 for truth in truths)),
        ("gen_ai.client.token.usage", {"token__type": "output"}, sum(truth.output_tokens or 0 for truth in truths)),
    ):
        report.expect(f"metric {metric} {labels or ''}", kit.total(metric, **labels), expected)


def check_failed(report: Report, error: Exception, kit: Kit, spans: int) -> None:
    """So many spans, the last of which says so."""
    report.expect("spans", len(kit.spans), spans)
    kind = type(error)
    named = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    for span in kit.spans[-1:]:
        report.expect("status", span.status.status_code, StatusCode.ERROR)
        report.expect("error.type", attributes_of(span).get("error.type"), named)
        report.expect("outcome", attributes_of(span).get("chunkmeter.outcome"), "error")
    report.expect("metric chunkmeter.calls", kit.total("chunkmeter.calls", outcome="error"), min(spans, 1))


def table(layout: str, head: Sequence[str], runs: Iterable[Sequence[str]], *, once: bool = False) -> int:
    """Prints runs as they come, then their counts; exit status 1 if any fails.

    Args:
        layout: how a row is printed, by `str.format`.
        head: what the columns are called.
        runs: the rows, the last column of which is the verdict.
        once: whether the first failure ends it.
    """
    began = time.perf_counter()
    verdicts: Counter[str] = Counter()
    print(layout.format(*head), flush=True)
    for row in runs:
        print(layout.format(*row), flush=True)
        verdicts[row[-1].partition(":")[0]] += 1
        if once and verdicts["FAIL"]:
            break
    ok, fails, failed = (verdicts[verdict] for verdict in ("ok", "library fails", "FAIL"))
    print(
        f"{ok + fails} passed, {failed} failed; {ok} ok, {fails} where the library fails by itself, {failed} FAIL, "
        f"in {math.ceil(time.perf_counter() - began)} s, cost to {TOLERANCE} USD"
    )
    return 1 if failed or not ok + fails else 0
