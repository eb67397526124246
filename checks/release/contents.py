"""What a wheel and an sdist may have in them, and must."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["of_sdist", "of_wheel"]

_MADE_BY_USE = re.compile(r"(^|/)__pycache__/|\.pyc$")
_LEAST = ("py.typed", "cli/report/style.css", "pricing/prices.schema.json")
"""Files of the package that are no modules: what a build backend would leave out first."""
_METADATA = ("METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE")
_BESIDE = ("CHANGELOG.md", "LICENSE", "PKG-INFO", "README.md", "pyproject.toml", ".gitignore")


def of_wheel(names: Iterable[str], sources: Iterable[str], version: str) -> list[str]:
    """What is wrong with a wheel: whatever is missing, and whatever is neither the package's nor its metadata.

    Args:
        names: the paths in the wheel.
        sources: the paths of the files in the checkout's `src`.
        version: what it is a wheel of, such as `0.1.0`.

    Returns:
        A line for each; none for a wheel as it should be.
    """
    metadata = {f"chunkmeter-{version}.dist-info/{name}" for name in _METADATA}
    return _compared(names, _package(sources) | metadata)


def of_sdist(names: Iterable[str], sources: Iterable[str], version: str) -> list[str]:
    """What is wrong with an sdist, in the same way; its arguments are those of `of_wheel`."""
    top = f"chunkmeter-{version}"
    expected = {f"{top}/src/{path}" for path in _package(sources)} | {f"{top}/{name}" for name in _BESIDE}
    return _compared(names, expected)


def _package(sources: Iterable[str]) -> set[str]:
    return {f"chunkmeter/{name}" for name in _LEAST} | {path for path in sources if not _MADE_BY_USE.search(path)}


def _compared(names: Iterable[str], expected: set[str]) -> list[str]:
    found = list(names)
    twice = sorted({name for name in found if found.count(name) > 1})
    return [
        *(f"{name} is missing" for name in sorted(expected - set(found))),
        *(f"{name} does not belong there" for name in sorted(set(found) - expected)),
        *(f"{name} is there twice" for name in twice),
    ]
