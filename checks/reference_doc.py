"""Writes `docs/reference/` from the code: settings, attributes and metrics. `python -m checks.reference_doc --write`.

What it says of each stands in the code, below the name: in the docstring of `Settings`, in `semconv/attributes.py` and
in `semconv/__init__.py`.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from chunkmeter import Settings, semconv
from chunkmeter.pricing.items import ITEMS
from chunkmeter.pricing.tokens import CLASSES
from chunkmeter.semconv import attributes as names
from support import ROOT

__all__ = ["FOLDER", "documents"]

FOLDER: Final = ROOT / "docs" / "reference"
RELEASED: Final = "util-genai 1.3b0"
_IN_THE_RELEASE = ("client-inference.md", "client-embeddings.md", "gen-ai-agent-spans.md", "pull request 440")
# Where a setting is told of at length.
_MORE = {
    "cost_semconv": "metrics.md",
    "estimate": "../estimates.md",
    "flush_on_exit": "../reliability.md#the-process-ends",
    "histograms": "metrics.md",
    "idle_timeout": "../streams.md#how-a-stream-can-end",
    "include_usage": "../sdks.md#streams-that-have-to-be-asked-for-their-usage",
    "metric_labels": "../telemetry.md#attribution",
    "mirascope_tags": "../mirascope.md",
    "prices": "../prices.md#your-own-prices",
    "prices_reload": "../prices.md#your-own-prices",
    "prices_update": "../prices.md#newer-list-prices",
    "semconv": "../telemetry.md#names-in-the-release-and-in-main",
    "servers": "../prices.md#who-is-believed",
}
# What a value may be, by the field's type.
_TYPES = {
    "bool": "`true` or `false`",
    "bool | str": "`true`, `false` or a URL",
    "float": "a number of seconds",
    "str | None": "a path",
    "tuple[str, ...]": "names, separated by commas",
}
_SETTINGS = """# Settings

Each setting is a variable of the environment, and a keyword of `chunkmeter.instrument(...)`, of one instrumentor's
`instrument(...)` and of `Settings(...)`. It is also an option in [OpenTelemetry's configuration
file](../start.md#by-opentelemetrys-configuration-file). A keyword goes before the variable, and the variable before
the default. A value that can't be used is logged with what to write instead, and the default counts. A misspelt name
is logged with the one that was meant.

`make docs` writes this page from the code.

"""
_ATTRIBUTES = """# Attributes

Every attribute that chunkmeter writes on spans, and every label of its metrics. What is not known is left out, never
0 or empty; so is [what says nothing](../telemetry.md#what-is-left-out). Beside these a span has the names of your
own, such as `tenant`, that `CHUNKMETER_METRIC_LABELS` allows. [telemetry.md](../telemetry.md) says how spans, runs
and outcomes come about, [prices.md](../prices.md) how a cost does, and [cost-metadata.md](../cost-metadata.md) has
the fields of `chunkmeter.cost_metadata`.

The source is where the name comes from. *util-genai 1.3b0* is OpenTelemetry's `opentelemetry-util-genai` as
published. Files and pull requests are of the conventions' main branch,
[semantic-conventions-genai](https://github.com/open-telemetry/semantic-conventions-genai), as of November 2026.
*code* are the conventions for code. *own* stands where the conventions have no name.

`make docs` writes this page from the code.
"""
_METRICS = """# Metrics

Every metric that chunkmeter records. Points come at the end of a call, also of calls whose span is not sampled; those
of sampled calls have exemplars. *call* stands for the labels `gen_ai.operation.name`, `gen_ai.provider.name` and
`gen_ai.request.model`, *attribution* for [the labels that say who is spending](../telemetry.md#attribution). An
unknown label is left out. A label that somebody else may choose [is
bounded](../telemetry.md#what-an-answer-can-do-to-metrics). [attributes.md](attributes.md) says what each label is.

`make docs` writes this page from the code.
"""
_CHANGES = """
## Names in the release and in main

`CHUNKMETER_SEMCONV` chooses: `released`, the default, records the metrics of the first column, `latest` those of the
second, `both` all. All other metrics are the same in all three.

| released | latest | changed by |
|---|---|---|
"""


def documents() -> dict[Path, str]:
    """Each page with what it has to say."""
    return {
        FOLDER / "settings.md": _SETTINGS + "".join(_settings()),
        FOLDER / "attributes.md": _ATTRIBUTES + "".join(_attributes()),
        FOLDER / "metrics.md": _METRICS + "".join(_metrics()),
    }


def _settings() -> Iterator[str]:
    yield "| variable | keyword | takes | default | |\n|---|---|---|---|---|\n"
    for name, said in _told_of(Settings).items():
        field = Settings.__dataclass_fields__[name]
        more = f" [More]({_MORE[name]})"
        row = (f"`CHUNKMETER_{name.upper()}`", f"`{name}`", _takes(str(field.type)), _default(name, field.default))
        yield f"| {' | '.join(row)} | {said[0].upper()}{said[1:]}{more} |\n"


def _told_of(owner: type) -> dict[str, str]:
    """The attributes that a class' docstring lists, and what it says of each."""
    _, _, listed = inspect.cleandoc(owner.__doc__ or "").partition("Attributes:\n")
    found = re.findall(r"^(\w+): (.+?)(?=^\w+: |\Z)", textwrap.dedent(listed), re.MULTILINE | re.DOTALL)
    return {name: " ".join(said.split()) for name, said in found}


def _takes(kind: str) -> str:
    words = re.findall(r"'(\w+)'", kind)
    return f"{', '.join(f'`{word}`' for word in words[:-1])} or `{words[-1]}`" if words else _TYPES[kind]


def _default(name: str, value: Any) -> str:
    if value in (None, ()):
        return "none"
    if name == "histograms":
        return "all"
    return f"`{str(value).lower() if isinstance(value, bool) else f'{value:g}' if isinstance(value, float) else value}`"


def _documented(module: ModuleType) -> Iterator[tuple[int, str, str]]:
    """The constants of a module that have a text below them: the line, the name, and the text in one line."""
    body = ast.parse(inspect.getsource(module)).body
    for constant, text in pairwise(body):
        if not isinstance(constant, ast.AnnAssign) or not isinstance(constant.target, ast.Name):
            continue
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant) and isinstance(text.value.value, str):
            yield constant.lineno, constant.target.id, " ".join(text.value.value.split())


def _parts(text: str) -> tuple[str, str, str]:
    """The kind, the source and the meaning that a text begins with."""
    head, _, meaning = text.partition(": ")
    kind, _, source = head.partition(", ")
    return kind, f"{RELEASED}, {source}" if source in _IN_THE_RELEASE else source, meaning


def _attributes() -> Iterator[str]:
    lines = inspect.getsource(names).splitlines()
    headings = {at: found[1] for at, line in enumerate(lines, 1) if (found := re.fullmatch(r"# --- (.+) ---", line))}
    begun = 0
    for line, constant, text in _documented(names):
        heading = max(at for at in headings if at < line)
        if heading != begun:
            begun = heading
            yield f"\n## {headings[heading]}\n\n| attribute | type | source | |\n|---|---|---|---|\n"
        kind, source, meaning = _parts(text)
        name: str = getattr(names, constant)
        yield f"| `{name}{'*' if name.endswith('.') else ''}` | {kind} | {source} | {_short(meaning)} |\n"
    yield from _split()


def _short(meaning: str) -> str:
    """A meaning as it stands in a table: without its last full stop."""
    return meaning if meaning.endswith("...") else meaning.removesuffix(".")


def _split() -> Iterator[str]:
    """What a cost is split into."""
    yield "\n## The parts of a cost\n\nAn item that is not listed has the provider's own word for it.\n\n"
    yield "| attribute | charged for |\n|---|---|\n"
    said: Mapping[str, str] = {each.name: each.meaning for each in (*CLASSES.values(), *ITEMS.values())}
    for name, meaning in said.items():
        rest = " that belong to no other part" if name in ("input", "output") else ""
        yield f"| `{semconv.COST_SPLIT}{name}` | {meaning.partition(', ')[0] if rest else meaning}{rest} |\n"


def _metrics() -> Iterator[str]:
    yield "\n| metric | instrument, unit | labels | source | |\n|---|---|---|---|---|\n"
    for _, constant, text in _documented(semconv):
        metric = getattr(semconv, constant)
        if not isinstance(metric, semconv.Metric):
            continue
        kind, source, rest = _parts(text)
        when, _, labels = rest.removesuffix(".").partition(". Labels: ")
        bounds = f", {_plain(metric.buckets[0])} to {_plain(metric.buckets[-1])}" if metric.buckets else ""
        row = (f"`{metric.name}`", f"{kind}, `{metric.unit}`{bounds}", _labels(labels) or "none", source)
        yield f"| {' | '.join(row)} | {metric.description}; {when} |\n"
    yield _CHANGES
    for change in semconv.CHANGES:
        latest = "<br>".join(f"`{metric.name}`" for metric in change.latest)
        yield f"| `{change.released.name}` | {latest} | pull request {change.pull_request} |\n"


def _plain(number: float) -> str:
    """The number without an exponent."""
    return f"{number:.9f}".rstrip("0").rstrip(".")


def _labels(text: str) -> str:
    """The text with the labels' names in place of their constants'."""
    return re.sub(r"\b[A-Z]+(?:_[A-Z]+)+\b|\bOUTCOME\b", lambda found: f"`{getattr(names, found[0])}`", text)


if __name__ == "__main__":
    for path, document in documents().items():
        if "--write" in sys.argv[1:]:
            path.parent.mkdir(exist_ok=True)
            path.write_text(document, "utf-8")
        else:
            print(document)
