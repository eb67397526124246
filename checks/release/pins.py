"""Files of pins, read."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

__all__ = ["here", "layers"]

_LINE = re.compile(r"^[A-Za-z0-9][^\\\n#]*", re.MULTILINE)


def _read(text: str) -> list[tuple[str, str, Requirement]]:
    wanted = [Requirement(match[0].strip()) for match in _LINE.finditer(text)]
    return [(canonicalize_name(each.name), str(each.specifier).removeprefix("=="), each) for each in wanted]


def here(text: str) -> dict[str, str]:
    """The versions of a file of pins by normalized name, without those that are for other machines or Pythons."""
    return {name: pin for name, pin, each in _read(text) if each.marker is None or each.marker.evaluate()}


def layers(texts: Iterable[str]) -> list[str]:
    """All pins of these files, each once, for whatever machine: as files in which no package stands twice."""
    versions: defaultdict[str, set[str]] = defaultdict(set)
    for text in texts:
        for name, pin, _ in _read(text):
            versions[name].add(pin)
    deepest = max(map(len, versions.values()), default=0)
    ordered = {name: sorted(pins) for name, pins in sorted(versions.items())}
    return [
        "".join(f"{name}=={pins[depth]}\n" for name, pins in ordered.items() if depth < len(pins))
        for depth in range(deepest)
    ]
