"""`docs/reliability.md` says what `make outages` holds the package to."""

from __future__ import annotations

import pytest

from checks.outages.endpoint import ENDPOINTS
from checks.outages.page import PAGE, document, row
from checks.outages.rows import OUTAGES


@pytest.mark.parametrize("exporter", list(ENDPOINTS))
def test_the_page_has_a_row_for_every_outage(exporter: str) -> None:
    """As `make outages` found them; what it finds is held against these rows."""
    lines = PAGE.read_text("utf-8").splitlines()
    assert [outage.name for outage in OUTAGES if row(outage, exporter) not in lines] == []


def test_the_page_has_no_other_rows() -> None:
    """Of outages that there are no more."""
    assert PAGE.read_text("utf-8") == document()
