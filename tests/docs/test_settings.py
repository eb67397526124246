"""The page of settings has each of them, with the default that counts."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection
from typing import Any

from chunkmeter import Settings
from support import ROOT

ROWS = dict(
    re.findall(r"^\| `CHUNKMETER_(\w+)` \| (.*?) \|", (ROOT / "docs" / "settings.md").read_text("utf-8"), re.MULTILINE)
)


def as_told(default: Any) -> str:
    """A default as the page writes it."""
    if default is None or (isinstance(default, Collection) and not default):
        return "none"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return f"`{default:g}`" if isinstance(default, float) else f"`{default}`"


def test_each_setting_has_its_row() -> None:
    settings = Settings()
    assert {name.lower() for name in ROWS} == {each.name for each in dataclasses.fields(Settings)}
    # Of the histograms the default is a set of all there are, which a user writes as one word.
    defaults = {name: as_told(getattr(settings, name.lower())) for name in ROWS if name != "HISTOGRAMS"}
    assert defaults == {name: told for name, told in ROWS.items() if name != "HISTOGRAMS"}
    assert ROWS["HISTOGRAMS"] == "`all`"
    assert Settings.load(histograms="all") == settings
