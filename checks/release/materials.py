"""The bill of materials: what an installation of chunkmeter consists of, as CycloneDX has it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from checks.release.built import RELEASE, said
from checks.release.installed import PINS
from checks.release.pins import here
from support import ROOT

__all__ = ["bill", "differences"]

DYNAMIC = 'dynamic = ["version"]'


def bill(python: Path, target: Path, number: str) -> list[str]:
    """Write the bill of the environment that has this interpreter, as JSON, and say what is wrong with it.

    Args:
        python: the interpreter.
        target: the file to write; its folder is there.
        number: chunkmeter's version, which its pyproject.toml leaves to the build backend.
    """
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert project.count(DYNAMIC) == 1, f"pyproject.toml has no {DYNAMIC}"
    static = python.parents[1] / "pyproject.toml"
    static.write_text(project.replace(DYNAMIC, f'version = "{number}"'), encoding="utf-8")
    status, told = said(
        *(RELEASE / "cyclonedx-py", "environment", "--output-reproducible", "--of", "JSON", "-o", target),
        *("--pyproject", static, "--mc-type", "library", python),
        cwd=ROOT,
    )
    if status:
        return [told]
    return differences(json.loads(target.read_text(encoding="utf-8")), here(PINS.read_text("utf-8")), number)


def differences(told: Mapping[str, Any], pins: Mapping[str, str], number: str) -> list[str]:
    """Where a bill of materials tells other than the pins."""
    root = told["metadata"]["component"]
    found: dict[str, str] = {canonicalize_name(each["name"]): each["version"] for each in told["components"]}
    return [
        *([] if (root["name"], root.get("version")) == ("chunkmeter", number) else [f"it is of {root}"]),
        *(f"{name} {pins[name]} is pinned, and not in it" for name in sorted(pins) if found.get(name) != pins[name]),
        *(f"{name} {found[name]} is in it, and not pinned" for name in sorted(found) if found[name] != pins.get(name)),
    ]
