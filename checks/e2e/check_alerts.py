"""The shipped rules, unmodified, from a call to the pager."""

from __future__ import annotations

import json
from typing import Any

import pytest

from checks.e2e.programs import HTTP, Collector, eventually, tags
from checks.e2e.stack import TOLERANCE, Run, Stack
from checks.e2e.webhook import Webhook
from replay.scenarios import by_id

WAIT = 120
"""Seconds: an export, an evaluation, Alertmanager's group_wait, each with some to spare."""
TENANTS = {"CHUNKMETER_METRIC_LABELS": "tenant"}


SEARCHES = 220
"""Calls of ten searches each: 220 x 0.0075 of tokens, which is far below the ceiling, and 220 x 0.10 of searches."""


@pytest.fixture(scope="module")
def calls(stack: Stack, gateway: Collector, minimal: Collector) -> dict[str, Run]:
    """Apps that get into trouble, each in a way of its own, and one that doesn't."""
    plain = {"scenario": "openai-plain-stream", "times": 30}
    return {
        "quiet": stack.plan("quiet", gateway, {**plain, "tenant": "acme"}, {**plain, "tenant": "globex"}, **TENANTS),
        "runaway": stack.plan(
            "assistant",
            gateway,
            {**plain, "tenant": "acme"},
            {"scenario": "openai-ruinous-stream", "times": 3, "tenant": "globex"},
            {**plain, "tenant": "globex"},
            **TENANTS,
        ),
        "truncated": stack.plan("truncated", gateway, plain, {"scenario": "openai-length-stream", "times": 10}),
        # Not through the gateway, whose sample may lack the one call of its kind.
        "searching": stack.plan(
            "researcher",
            minimal,
            {"scenario": "anthropic-searches-stream", "times": SEARCHES},
            {"scenario": "anthropic-code-stream", "times": 1},
        ),
        "unpriced": stack.plan("unpriced", gateway, plain, {"scenario": "openai-unpriced-stream", "times": 1}),
    }


def paged(stack: Stack, webhook: Webhook | None = None, **labels: str) -> dict[str, Any]:
    """The one such alert that reached the webhook."""

    def alert() -> dict[str, Any]:
        alerts = {alert["fingerprint"]: alert for alert in (webhook or stack.webhook).firing(**labels)}
        assert len(alerts) == 1, f"{labels}: {list(alerts.values())}"
        return next(iter(alerts.values()))

    return eventually(alert, within=WAIT)


def assert_runbook(alert: dict[str, Any]) -> None:
    """The link leads to a page about this alert, served by the Prometheus that sent it."""
    page = HTTP.get(alert["annotations"]["runbook_url"])
    assert page.status_code == 200
    assert alert["labels"]["alertname"] in page.text


@pytest.mark.parametrize("by", ["Prometheus", "vmalert"])
def test_a_runaway_tenant_pages(stack: Stack, calls: dict[str, Run], by: str) -> None:
    """With service, tenant, amount, runbook and top model; the other tenant is left in peace."""
    webhook = stack.webhook if by == "Prometheus" else stack.other_webhook
    alert = paged(stack, webhook, alertname="ChunkmeterHourlyCeiling", service_name="assistant")
    text = " ".join(alert["annotations"].values())
    assert alert["labels"]["tenant"] == "globex"
    assert alert["labels"]["severity"] == "page"
    assert alert["labels"]["gen_ai_usage_cost_currency"] == "USD"
    # 3 x 9.45 of gpt-4.5-preview, and 30 x 0.0001302 of gpt-4o-mini
    for said in ("assistant", "globex", "28.35", "gpt-4.5-preview"):
        assert said in text, text
    assert_runbook(alert)


def test_a_runaway_search_fee_pages(stack: Stack, calls: dict[str, Run]) -> None:
    """Its tokens alone would not: it is the fee beside them that is over the ceiling."""
    alert = paged(stack, alertname="ChunkmeterHourlyCeiling", service_name="researcher")
    text = " ".join(alert["annotations"].values())
    assert alert["labels"]["severity"] == "page"
    # 220 x 0.1075 of claude-sonnet-4-6, and 0.006 of claude-opus-4-6
    for said in ("researcher", "23.66", "claude-sonnet-4-6"):
        assert said in text, text
    assert_runbook(alert)

    def arrived() -> None:
        spans = [span for span in stack.jaeger.spans("researcher") if "chunkmeter.cost.web_search" in span]
        assert len(spans) == SEARCHES
        fees = sum(span["chunkmeter.cost.web_search"] for span in spans)
        tokens = sum(span["gen_ai.usage.cost.amount"] for span in spans) - fees
        assert (round(fees, 6), round(tokens, 6)) == (22, 1.65)

    eventually(arrived)


def test_a_fee_without_a_price_raises_an_alert(stack: Stack, calls: dict[str, Run]) -> None:
    """One call is enough; its span names what its cost lacks, and what could be priced is in the spend."""
    alert = paged(stack, alertname="ChunkmeterCostIncomplete", service_name="researcher")
    assert alert["labels"]["severity"] == "ticket"
    assert alert["labels"]["gen_ai_provider_name"] == "anthropic"
    assert alert["labels"]["gen_ai_request_model"] == "claude-opus-4-6"
    assert "claude-opus-4-6" in alert["annotations"]["summary"]
    assert_runbook(alert)
    truth = by_id["anthropic-code-stream"].truth
    spent = 'chunkmeter_spend_total{service_name="researcher", chunkmeter_cost_status="incomplete"}'
    assert stack.prometheus.value(spent) == pytest.approx(truth.usd, rel=0, abs=TOLERANCE)  # 0.006

    def arrived() -> dict[str, Any]:
        found = stack.jaeger.traces("researcher", chunkmeter__cost__status="incomplete")
        (span,) = [tags(span) for trace in found for span in trace["spans"] if "gen_ai.operation.name" in tags(span)]
        return span

    span = eventually(arrived)
    assert json.loads(span["chunkmeter.cost.unpriced"]) == ["code_execution"]


def test_truncated_answers_raise_an_alert(stack: Stack, calls: dict[str, Run]) -> None:
    """Ten of forty are cut by length."""
    alert = paged(stack, alertname="ChunkmeterTruncated", service_name="truncated")
    assert "25%" in " ".join(alert["annotations"].values())
    assert_runbook(alert)


def test_an_unknown_model_raises_an_alert(stack: Stack, calls: dict[str, Run]) -> None:
    """One call of it is enough."""
    alert = paged(stack, alertname="ChunkmeterPriceUnknown", service_name="unpriced")
    assert "tagus-7b-tuned" in " ".join([*alert["annotations"].values(), *alert["labels"].values()])
    assert_runbook(alert)


def test_a_quiet_app_fires_nothing(stack: Stack, calls: dict[str, Run]) -> None:
    """Nor does the quiet tenant: once the others have fired, theirs are all the alerts there are, pending ones too."""
    for name, service in (
        ("HourlyCeiling", "assistant"),
        ("HourlyCeiling", "researcher"),
        ("CostIncomplete", "researcher"),
        ("Truncated", "truncated"),
        ("PriceUnknown", "unpriced"),
    ):
        paged(stack, alertname=f"Chunkmeter{name}", service_name=service)
    assert calls["quiet"].calls == 60
    services = {run.service for run in calls.values()}
    expected = {
        ("ChunkmeterHourlyCeiling", "assistant", "globex"),
        ("ChunkmeterSpendWithoutBudget", "assistant", None),  # 28 dollars that no budget covers: a ticket in an hour
        ("ChunkmeterHourlyCeiling", "researcher", None),
        ("ChunkmeterSpendWithoutBudget", "researcher", None),
        ("ChunkmeterCostIncomplete", "researcher", None),
        ("ChunkmeterTruncated", "truncated", None),
        ("ChunkmeterPriceUnknown", "unpriced", None),
    }

    def compare() -> None:
        for judge in (stack.prometheus, stack.plain, stack.vmalert):
            active = {
                (labels["alertname"], labels["service_name"], labels.get("tenant"))
                for labels in judge.alerts()
                if labels.get("service_name") in services
            }
            assert active == expected, judge.path

    # Groups are evaluated one after the other, some once a minute, and vmalert reads what its last round has written.
    eventually(compare, within=150)
    for webhook in (stack.webhook, stack.other_webhook):
        assert webhook.firing(service_name="quiet") == []
        assert webhook.firing(tenant="acme") == []
