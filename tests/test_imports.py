"""Imports go one way, and `import chunkmeter` stays light."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import resolve_name
from pathlib import Path
from typing import NamedTuple

import pytest

import chunkmeter

ROOT = Path(chunkmeter.__path__[0])

# Part of the package -> the parts it may import. A sub-package is one part, unless a module of it has a row.
# `_version` is free to all; `chunkmeter` stands for the public names, imported from the package's root.
ALLOWED = {
    "chunkmeter": "*",
    "_version": "",
    "semconv": "",
    "conventions": "semconv",
    "guard": "",
    "tally": "",
    "models": "semconv tally cost_metadata",
    "prompts": "readers",
    "estimate": "tally prompts",
    "cost_metadata": "semconv tally",
    "bounded": "semconv",
    "context": "",
    "attribution": "semconv bounded guard",
    "settings": "semconv conventions guard",
    "readers": "tally",
    "foreign": "semconv tally",
    "pricing": "semconv tally settings guard",
    "facts": "semconv attribution tally cost_metadata pricing",
    "points": "semconv conventions facts",
    "prefork": "",
    "instruments": "semconv conventions settings prefork",
    "telemetry": (
        "semconv conventions settings attribution bounded tally cost_metadata pricing guard facts points prefork "
        "instruments"
    ),
    "keeper": "telemetry pricing",
    "flush": "telemetry keeper guard",
    "call": "semconv context tally readers facts telemetry keeper guard",
    "taps": "call",
    "metered": "call context taps",
    "spans": "call semconv readers facts telemetry",
    "stream": "attribution call context metered spans semconv readers facts telemetry settings guard",
    "processor": "stream call semconv attribution foreign facts telemetry settings guard",
    "exporter": "stream call semconv foreign facts telemetry settings guard",
    "instrumentors": "attribution call context taps metered spans semconv readers facts telemetry settings guard",
    "instrumentors.spans": "instrumentors telemetry settings guard",
    "testing": "chunkmeter",
    "cli": "chunkmeter pricing",
}
# The same for imports inside functions, which `import chunkmeter` and `_instrument()` don't pay for.
ALLOWED_LATE = {
    "telemetry": "estimate",
    "readers": "models",
    "instrumentors.spans": "processor",
}
MAY_IMPORT_SDK = {"processor", "exporter", "testing"}
METERED = {"anthropic", "cohere", "google.genai", "groq", "litellm", "mirascope", "openai", "xai_sdk"}
TYPING_ONLY = {"TYPE_CHECKING", "typing.TYPE_CHECKING"}
HEAVY = METERED | {"genai_prices", "grpc", "opentelemetry.sdk", "pydantic", "toktok"}


class Import(NamedTuple):
    """One import: where it stands, what it names, and whether it waits inside a function."""

    module: str
    target: str
    late: bool


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in sorted(ROOT.rglob("*.py"))}


def package_of(module: str) -> str:
    return module if MODULES[module].name == "__init__.py" else module.rpartition(".")[0]


def imports(module: str, node: ast.AST, late: bool = False) -> Iterator[Import]:
    """Yield what runs: `if TYPE_CHECKING:` is skipped, its `else:` is not."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield Import(module, alias.name, late)
    elif isinstance(node, ast.ImportFrom):
        source = resolve_name("." * node.level + (node.module or ""), package_of(module))
        for alias in node.names:
            yield Import(module, f"{source}.{alias.name}", late)
    elif isinstance(node, ast.If) and ast.unparse(node.test) in TYPING_ONLY:
        node = ast.Module(node.orelse, [])
    late = late or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    for child in ast.iter_child_nodes(node):
        yield from imports(module, child, late)


IMPORTS = [item for name, path in MODULES.items() for item in imports(name, ast.parse(path.read_text()))]


def part_of(name: str) -> str:
    """The row of the table that `chunkmeter.readers.openai` belongs to: the longest that fits."""
    parts = name.split(".")
    own = [".".join(parts[1:end]) for end in range(len(parts), 1, -1)]
    return next((part for part in own if part in ALLOWED), "chunkmeter")


def is_under(name: str, packages: set[str]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def test_every_module_has_a_row() -> None:
    unknown = [name for name in MODULES if name != "chunkmeter" and part_of(name) == "chunkmeter"]
    assert not unknown, f"{unknown}: say in ALLOWED of {Path(__file__).name} what they may import"


def test_imports_go_one_way() -> None:
    wrong: list[str] = []
    for module, target, late in IMPORTS:
        own, other = part_of(module), part_of(target)
        allowed = f"{own} _version {ALLOWED[own]} {ALLOWED_LATE.get(own, '') if late else ''}".split()
        if is_under(target, {"chunkmeter"}) and other not in allowed and "*" not in allowed:
            wrong.append(f"{module} imports {target}, {own} may import: {' '.join(allowed)}")
    assert not wrong, "\n".join(wrong)


def test_only_the_edge_imports_the_sdk() -> None:
    found = {item.module for item in IMPORTS if is_under(item.target, {"opentelemetry.sdk"})}
    assert {part_of(module) for module in found} <= MAY_IMPORT_SDK, found


def test_no_metered_library_is_imported() -> None:
    assert [item for item in IMPORTS if is_under(item.target, METERED)] == []


def test_import_is_light() -> None:
    code = "import sys, chunkmeter; print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {name for name in result.stdout.split() if is_under(name, HEAVY)} == set()


@pytest.mark.parametrize("name", [name for name in MODULES if "._" not in name])
def test_public_names_are_true(name: str) -> None:
    """Each name of `__all__` exists, once; ruff (RUF022) keeps them sorted."""
    module = importlib.import_module(name)
    names: list[str] = getattr(module, "__all__", [])
    assert len(names) == len(set(names))
    assert [missing for missing in names if not hasattr(module, missing)] == []
