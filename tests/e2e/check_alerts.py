"""The shipped rules, unmodified, from a call to the pager."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.programs import HTTP, Collector, eventually
from tests.e2e.stack import Run, Stack

WAIT = 120
"""Seconds: an export, an evaluation, Alertmanager's group_wait, each with some to spare."""
TENANTS = {"CHUNKMETER_METRIC_LABELS": "tenant"}


@pytest.fixture(scope="module")
def calls(stack: Stack, gateway: Collector) -> dict[str, Run]:
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
        "unpriced": stack.plan("unpriced", gateway, plain, {"scenario": "openai-unpriced-stream", "times": 1}),
    }


def paged(stack: Stack, **labels: str) -> dict[str, Any]:
    """The one such alert that reached the webhook."""

    def alert() -> dict[str, Any]:
        alerts = {alert["fingerprint"]: alert for alert in stack.webhook.firing(**labels)}
        assert len(alerts) == 1, f"{labels}: {list(alerts.values())}"
        return next(iter(alerts.values()))

    return eventually(alert, within=WAIT)


def assert_runbook(alert: dict[str, Any]) -> None:
    """The link leads to a page about this alert, served by the Prometheus that sent it."""
    page = HTTP.get(alert["annotations"]["runbook_url"])
    assert page.status_code == 200
    assert alert["labels"]["alertname"] in page.text


def test_a_runaway_tenant_pages(stack: Stack, calls: dict[str, Run]) -> None:
    """With service, tenant, amount, runbook and top model; the other tenant is left in peace."""
    alert = paged(stack, alertname="ChunkmeterHourlyCeiling", service_name="assistant")
    text = " ".join(alert["annotations"].values())
    assert alert["labels"]["tenant"] == "globex"
    assert alert["labels"]["severity"] == "page"
    assert alert["labels"]["gen_ai_usage_cost_currency"] == "USD"
    # 3 x 9.45 of gpt-4.5-preview, and 30 x 0.0001302 of gpt-4o-mini
    for said in ("assistant", "globex", "28.35", "gpt-4.5-preview"):
        assert said in text, text
    assert_runbook(alert)


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
    for name, service in (("HourlyCeiling", "assistant"), ("Truncated", "truncated"), ("PriceUnknown", "unpriced")):
        paged(stack, alertname=f"Chunkmeter{name}", service_name=service)
    assert calls["quiet"].calls == 60
    services = {run.service for run in calls.values()}
    active = {
        (alert["labels"]["alertname"], alert["labels"]["service_name"], alert["labels"].get("tenant"))
        for alert in stack.prometheus.get("alerts")["alerts"]
        if alert["labels"].get("service_name") in services
    }
    assert active == {
        ("ChunkmeterHourlyCeiling", "assistant", "globex"),
        ("ChunkmeterSpendWithoutBudget", "assistant", None),  # 28 dollars that no budget covers: a ticket in an hour
        ("ChunkmeterTruncated", "truncated", None),
        ("ChunkmeterPriceUnknown", "unpriced", None),
    }
    assert stack.webhook.firing(service_name="quiet") == []
    assert stack.webhook.firing(tenant="acme") == []
