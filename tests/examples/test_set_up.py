"""How much of each example is there for the telemetry alone: ten lines at most."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import ROOT

EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
MOST = 10
OURS = re.compile(r"(chunkmeter|opentelemetry)\b")
COMMAND = re.compile(r"^ *(pip install|export|[A-Z_]+=\S+ |chunkmeter run|opentelemetry-instrument) ?")


def names(node: ast.AST) -> set[str]:
    """Every name that stands below a node."""
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def of_telemetry(tree: ast.Module) -> Iterator[int]:
    """The lines of code with an import of chunkmeter or OpenTelemetry, or with what has come from one."""
    known: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and OURS.match(node.module or ""):
            known |= {name.asname or name.name for name in node.names}
            yield node.lineno
        elif isinstance(node, ast.Import) and any(OURS.match(name.name) for name in node.names):
            known |= {name.asname or name.name.partition(".")[0] for name in node.names}
            yield node.lineno
    size = -1
    while size != len(known):  # what is made of it counts too, and what is made of that
        size = len(known)
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and names(node.value) & known:
                known |= {name for target in node.targets for name in names(target)}
            elif isinstance(node, ast.withitem) and node.optional_vars and names(node.context_expr) & known:
                known |= names(node.optional_vars)
    yield from (node.lineno for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id in known)


def set_up(path: Path) -> list[str]:
    """The lines of an example's code, of its commands and of its price file that it has for the telemetry alone."""
    text = path.read_text("utf-8")
    tree, lines = ast.parse(text), text.splitlines()
    commands = [line for line in (ast.get_docstring(tree) or "").splitlines() if COMMAND.match(line)]
    prices = path.with_suffix(".toml")
    entries = prices.read_text("utf-8").splitlines() if prices.exists() else []
    return [
        *(line.strip() for line in commands),
        *(lines[number - 1].strip() for number in sorted(set(of_telemetry(tree)))),
        *(line for line in entries if line.strip() and not line.startswith("#")),
    ]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_set_up_in_ten_lines(path: Path) -> None:
    assert 1 <= len(set_up(path)) <= MOST, set_up(path)


def test_every_such_line_is_found() -> None:
    """In commands and in code, also where a name is only made of what was imported."""
    assert set_up(ROOT / "examples" / "short_job.py") == [
        "chunkmeter run -- python examples/short_job.py",
        "export OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4327 OTEL_SERVICE_NAME=nightly",
        "export OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=delta",
        "opentelemetry-instrument python examples/short_job.py",
        "import chunkmeter",
        "chunkmeter.flush_on_exit()  # whoever stops the job by SIGTERM loses no telemetry",
        "with chunkmeter.spending() as spent, OpenAI() as client:",
        'print("spent:", spent.amounts["USD"], "USD")',
    ]
    assert len(set_up(ROOT / "examples" / "azure_alias.py")) == 2 + len(
        re.findall(r"^[^#\n]", (ROOT / "examples" / "azure_alias.toml").read_text("utf-8"), re.MULTILINE)
    )
