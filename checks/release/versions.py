"""Version, changelog and tags say the same."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from support import ROOT

__all__ = ["mismatches", "tags", "version"]

_HEADING = re.compile(r"^## (.*)$", re.MULTILINE)
_RELEASE = re.compile(r"\[?(\d+\.\d+\.\d+)\]? - \d{4}-\d{2}-\d{2}")
_TAG = re.compile(r"v\d+\.\d+\.\d+")
_VERSION = re.compile(r'__version__ = "(.+)"\n')


def version() -> str:
    """The version that the package has, without importing it."""
    text = (ROOT / "src" / "chunkmeter" / "_version.py").read_text(encoding="utf-8")
    found = _VERSION.fullmatch(text)
    assert found is not None, text
    return found[1]


def mismatches(version: str, changelog: str, tags: Sequence[str], here: Sequence[str] = ()) -> list[str]:
    """Where the three contradict each other.

    Before its first release a project has `## Unreleased` alone, and no tag. From then on the newest release in the
    changelog is the package's version, since one commit changes both; the tag comes with that commit or after it.

    Args:
        version: the package's.
        changelog: its text. A release is a heading such as `## 1.2.3 - 2027-01-31`.
        tags: all tags that the checkout has.
        here: those of the commit that is checked out.

    Returns:
        A line for each; none where all agree.
    """
    headings = _HEADING.findall(changelog)
    wrong = [
        f"CHANGELOG.md has a heading that is no release: {heading}"
        for heading in headings[headings[:1] == ["Unreleased"] :]
        if not _RELEASE.fullmatch(heading)
    ]
    released = [match[1] for heading in headings if (match := _RELEASE.fullmatch(heading))]
    if released != sorted(set(released), key=_order, reverse=True):
        wrong.append(f"CHANGELOG.md has its releases in no order: {', '.join(released)}")
    if released and released[0] != version:
        wrong.append(f"the newest release of CHANGELOG.md is {released[0]}, the package's version {version}")
    named = [tag[1:] for tag in tags if _TAG.fullmatch(tag)]
    wrong += [f"the tag v{name} has no heading in CHANGELOG.md" for name in named if name not in released]
    for name in (tag[1:] for tag in here if _TAG.fullmatch(tag)):
        if name != version:
            wrong.append(f"this commit has the tag v{name}, the package's version is {version}")
        if headings[:1] == ["Unreleased"]:
            wrong.append(f"this commit has the tag v{name}, and CHANGELOG.md begins with Unreleased")
    return wrong


def _order(release: str) -> tuple[int, ...]:
    return tuple(map(int, release.split(".")))


def tags(*arguments: str, root: Path = ROOT) -> list[str]:
    """The checkout's tags, by `git tag`; none where there is no git or no repository."""
    try:
        told = subprocess.run(("git", "tag", *arguments), cwd=root, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return []
    return told.stdout.split()
