"""The house: imports go one way and in no circle, modules are short, and `import chunkmeter` stays light."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from importlib.util import resolve_name
from pathlib import Path
from typing import NamedTuple

import pytest

import chunkmeter

ROOT = Path(chunkmeter.__path__[0])

# The house, in the order in which a chunk passes: a part may import those below its own row, never one above. Each row
# lists exactly what its part imports today. `_version` is free to all; `chunkmeter` is the module of the public names.
HOUSE = {
    "cli": "chunkmeter instrumentors received pricing servers providers semconv spelling switches shown",
    "chunkmeter": "instrumentors spend processor streams calls readers models pricing attribution settings",
    "instrumentors": (
        "processor streams calls reporting readers facts attribution settings guard providers semconv switches shown"
    ),
    "spend": "streams calls guard shown",
    "testing": "streams calls reporting pricing settings",
    "exporter": "processor finished reporting semconv",
    "received": "reporting foreign facts settings semconv",
    "processor": "streams calls finished reporting foreign facts attribution settings semconv",
    "streams": "calls reporting readers facts attribution providers",
    "calls": "reporting readers foreign facts pricing guard threads text semconv shown",
    "finished": "reporting foreign facts attribution text semconv",
    "reporting": "readers facts pricing attribution settings guard servers providers text semconv shown",
    "readers": "models facts providers",
    "foreign": "facts pricing providers semconv",
    "models": "facts pricing semconv",
    "facts": "pricing attribution text",
    "pricing": "threads servers providers text semconv shown",
    "attribution": "guard steps text semconv shown",
    "settings": "servers semconv spelling shown",
    "guard": "shown",
    "steps": "",
    "threads": "",
    "servers": "providers shown",
    "providers": "",
    "text": "",
    "semconv": "",
    "spelling": "shown",
    "switches": "",
    "shown": "",
    "_version": "",
}
LONGEST = 300
MAY_IMPORT_SDK = {"exporter", "finished", "processor", "testing"}
METERED = {
    "aiobotocore",
    "anthropic",
    "azure.ai",
    "botocore",
    "cohere",
    "google.genai",
    "groq",
    "litellm",
    "mcp",
    "mirascope",
    "mistralai",
    "mistralai_azure",
    "mistralai_gcp",
    "ollama",
    "openai",
    "together",
    "xai_sdk",
}
HEAVY = METERED | {"genai_prices", "grpc", "opentelemetry.sdk", "pydantic", "toktok"}


class Import(NamedTuple):
    """One import: where it stands, and what it names; of our own, the module."""

    module: str
    target: str


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in sorted(ROOT.rglob("*.py"))}


def package_of(module: str) -> str:
    return module if MODULES[module].name == "__init__.py" else module.rpartition(".")[0]


def imports(module: str, node: ast.AST) -> Iterator[Import]:
    """Yield every import, those for type checkers and inside functions too: a reader has to follow them all."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield Import(module, alias.name)
    elif isinstance(node, ast.ImportFrom):
        source = resolve_name("." * node.level + (node.module or ""), package_of(module))
        for alias in node.names:
            name = f"{source}.{alias.name}"
            yield Import(module, name if name in MODULES or not source.startswith("chunkmeter") else source)
    for child in ast.iter_child_nodes(node):
        yield from imports(module, child)


IMPORTS = [item for name, path in MODULES.items() for item in imports(name, ast.parse(path.read_text()))]


OWN = [item for item in IMPORTS if item.target.partition(".")[0] == "chunkmeter" and item.target != item.module]
"""Of these, the package's own."""


def part_of(name: str) -> str:
    """The row that a module belongs to."""
    return name.split(".")[1] if "." in name else name


def circle(edges: dict[str, set[str]]) -> list[str]:
    """The names of a circle in a graph, none where it has none."""
    left = {name: set(targets) for name, targets in edges.items()}
    while ends := [name for name, targets in left.items() if not targets & left.keys()]:
        for name in ends:
            del left[name]
    return sorted(left)


def is_under(name: str, packages: set[str]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def test_every_part_has_a_row() -> None:
    assert {part_of(name) for name in MODULES} == HOUSE.keys()


def test_each_part_imports_what_its_row_says() -> None:
    """Neither more, nor less: a permission that nobody uses is none."""
    used: dict[str, set[str]] = {part: set() for part in HOUSE}
    for module, target in OWN:
        used[part_of(module)].add(part_of(target))
    for part, others in used.items():
        others -= {part, "_version"}
        below = list(HOUSE)[list(HOUSE).index(part) + 1 :]
        assert sorted(others, key=list(HOUSE).index) == HOUSE[part].split(), f"what {part} imports"
        assert others <= set(below), f"{part} imports what stands above it: {sorted(others - set(below))}"


def test_imports_make_no_circle() -> None:
    """Of parts, or of modules."""
    edges: dict[str, set[str]] = {name: set() for name in MODULES}
    parts: dict[str, set[str]] = {part: set() for part in HOUSE}
    for module, target in OWN:
        edges[module].add(target)
        parts[part_of(module)].add(part_of(target))
    assert circle({part: targets - {part} for part, targets in parts.items()}) == []
    assert circle(edges) == []


@pytest.mark.parametrize("name", MODULES)
def test_no_module_is_long(name: str) -> None:
    assert len(MODULES[name].read_text().splitlines()) <= LONGEST


def test_only_the_edge_imports_the_sdk() -> None:
    found = {item.module for item in IMPORTS if is_under(item.target, {"opentelemetry.sdk"})}
    assert {part_of(module) for module in found} <= MAY_IMPORT_SDK, found


def test_no_metered_library_is_imported() -> None:
    assert [item for item in IMPORTS if is_under(item.target, METERED)] == []


@pytest.mark.slow
def test_import_is_light() -> None:
    code = "import sys, chunkmeter; print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {name for name in result.stdout.split() if is_under(name, HEAVY)} == set()


WATCHING = """
import _queue, _thread, importlib, mmap, queue, sys, threading

made = []

def watched(name, make):
    def making(*args, **keywords):
        frame = sys._getframe(1)
        while frame.f_globals["__name__"] in ("threading", "queue", "functools"):
            frame = frame.f_back
        if frame.f_globals["__name__"].startswith("chunkmeter"):
            made.append(f"{name}@{frame.f_globals['__name__']}")
        return make(*args, **keywords)
    return making

for module in (_queue, _thread, mmap, queue, threading):
    for name in NAMES:
        if hasattr(module, name):
            setattr(module, name, watched(name, getattr(module, name)))
for name in sys.argv[1:]:
    importlib.import_module(name)
print(*made)
"""
NAMES = [
    "SimpleQueue",
    "Queue",
    "LifoQueue",
    "PriorityQueue",
    "Lock",
    "RLock",
    "Condition",
    "Semaphore",
    "BoundedSemaphore",
    "Event",
    "Barrier",
    "Timer",
    "Thread",
    "allocate_lock",
    "start_new_thread",
    "mmap",
]


def made_by_importing(*names: str) -> list[str]:
    """The locks, queues, threads and shared pages that our own code makes as these modules are imported."""
    command = [sys.executable, "-c", WATCHING.replace("NAMES", repr(NAMES)), *names]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


@pytest.mark.slow
def test_nothing_of_threads_is_made_at_import() -> None:
    """gevent or eventlet may patch the process afterwards. Nobody does that to the command."""
    assert made_by_importing(*(name for name in MODULES if part_of(name) != "cli")) == []


@pytest.mark.slow
def test_what_is_made_at_import_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By whichever way."""
    code = """
        import functools, mmap, queue, threading
        from _thread import allocate_lock
        from queue import SimpleQueue
        made = [threading.Lock(), threading.Event(), allocate_lock(), SimpleQueue(), queue.Queue(), mmap.mmap(-1, 1)]
        """
    (tmp_path / "chunkmeter_making.py").write_text(textwrap.dedent(code))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    seen = made_by_importing("chunkmeter_making")
    assert {"Lock", "Event", "allocate_lock", "SimpleQueue", "Queue", "mmap"} <= {
        each.partition("@")[0] for each in seen
    }


@pytest.mark.parametrize("name", [name for name in MODULES if "._" not in name])
def test_public_names_are_true(name: str) -> None:
    """Each name of `__all__` exists, once; ruff (RUF022) keeps them sorted."""
    module = importlib.import_module(name)
    names: list[str] = getattr(module, "__all__", [])
    assert len(names) == len(set(names))
    assert [missing for missing in names if not hasattr(module, missing)] == []
