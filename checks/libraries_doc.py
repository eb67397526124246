"""Writes what is found out into `docs/libraries.md`: `python -m checks.libraries_doc --write`.

The versions, the places of the hooks, and by which name they are switched off come from the instrumentors themselves,
and the releases that are run from the pins. They stand between marks; what is around them is written by hand.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import entry_points
from typing import Any

from chunkmeter import instrumentors
from chunkmeter.instrumentors._library import Library, LibraryInstrumentor
from chunkmeter.testing import Kit
from support import ROOT
from support.marked import remade

__all__ = ["PAGE", "document", "facts", "libraries", "releases", "section", "summary", "versions"]

PAGE = ROOT / "docs" / "libraries.md"
_RUN = ("test", "matrix")
"""The targets whose pins are run."""
_SUMMARY = "summary"


class _Recorder:
    """Stands in place of the patches of an instrumentor, and notes where it would put hooks."""

    active = True

    def __init__(self) -> None:
        self.places = list[str]()

    def put(self, module: str, name: str, wrapper: object) -> None:
        self._note(module, name)

    def when_imported(self, module: str, install: Callable[[Any], None], name: str) -> None:
        self._note(module, name)

    def _note(self, module: str, name: str) -> None:
        place = f"{module}.{name}"
        if place not in self.places:
            self.places.append(place)


def libraries() -> dict[str, type[LibraryInstrumentor]]:
    """The instrumentors of libraries, by their names."""
    found = {name: getattr(instrumentors, name) for name in instrumentors.__all__}
    return {name: kind for name, kind in found.items() if issubclass(kind, LibraryInstrumentor)}


def places(kind: type[LibraryInstrumentor]) -> list[str]:
    """Where an instrumentor puts its hooks."""
    recorder = _Recorder()
    with Kit() as kit:
        kind.install(kit.telemetry, recorder)  # pyrefly: ignore[bad-argument-type]
    return recorder.places


def releases(distribution: str) -> list[str]:
    """The releases of a library that the tests and the matrix run, by their pins, the oldest first."""
    table = (ROOT / "requirements" / "environments.tsv").read_text().splitlines()
    names = [line.split("\t")[0] for line in table if line.split("\t")[1:2] and line.split("\t")[1] in _RUN]
    pinned = re.compile(rf"^{re.escape(distribution)}==([^ ;\\]+)", re.MULTILINE)
    found = {
        version for name in names for version in pinned.findall((ROOT / "requirements" / f"{name}.txt").read_text())
    }
    return sorted(found, key=lambda version: [int(number) for number in re.findall(r"\d+", version)])


def switch(name: str) -> str:
    """The entry point of an instrumentor, by which OpenTelemetry's variable switches it off."""
    found = entry_points(group="opentelemetry_instrumentor")
    return next(each.name for each in found if each.value.endswith(f":{name}"))


def versions(library: Library) -> str:
    """The versions that are tested, as a user writes them."""
    least = ".".join(map(str, library.least))
    return library.last if library.last.startswith(f"{least}b") else f"{least} to {library.last}"


def summary() -> str:
    """A row a library."""
    rows = [
        "| library | package | tested with | releases run | class | switched off by the name |",
        "|---|---|---|---|---|---|",
    ]
    for name, kind in libraries().items():
        library = kind.library
        run = ", ".join(releases(library.distribution)) or "none"
        anchor = re.sub(r"[^a-z0-9 _-]", "", heading(library).lower()).replace(" ", "-")
        cells = (f"[{library.name}](#{anchor})", f"`{library.distribution}`", versions(library), run)
        rows.append(f"| {' | '.join((*cells, f'`{name}`', f'`{switch(name)}`'))} |")
    return "\n".join(rows) + "\n"


def heading(library: Library) -> str:
    """What a library's section is called."""
    return f"{library.name}, `{library.distribution}`"


def facts(name: str) -> str:
    """What is found out of one library: where its hooks are."""
    return f"Hooks: {', '.join(f'`{place}`' for place in places(libraries()[name]))}.\n"


def section(page: str, name: str) -> str:
    """The section of a library, without its heading; empty if it has none."""
    _, found, rest = page.partition(f"\n## {heading(libraries()[name].library)}\n")
    return rest.partition("\n## ")[0] if found else ""


def document(page: str) -> str:
    """The page with what stands between the marks made anew."""
    return remade(page, lambda name: summary() if name == _SUMMARY else facts(name))


def main(arguments: list[str]) -> Iterator[str]:
    """Writes the page, or says whether it is as it should be."""
    before = PAGE.read_text("utf-8")
    after = document(before)
    if "--write" in arguments:
        PAGE.write_text(after, "utf-8")
    elif before != after:
        yield f"{PAGE} is not what the instrumentors say: make docs"


if __name__ == "__main__":
    wrong = list(main(sys.argv[1:]))
    print("\n".join(wrong), end="")
    sys.exit(1 if wrong else 0)
