"""Writes `docs/providers.md`: `python -m checks.providers_doc`.

Where a field comes from is found out, not said: each leaf of each sample event is taken away, and what is missing then
came from it.
"""

from __future__ import annotations

import copy
import sys
from collections import defaultdict
from collections.abc import Iterator
from itertools import groupby
from typing import Any, cast

from chunkmeter.facts.tally import Tally
from chunkmeter.models import CallResponseChunk, CostMetadata, Usage
from chunkmeter.readers import for_wire
from support import ROOT
from support.planted import PLANTS, SAME_AS
from support.wire_samples import SAMPLES, Json, Sample

__all__ = ["document", "item_sources", "sources"]

PAGE = ROOT / "docs" / "providers.md"
Fields = dict[str, Any]

# What an event is, and what a part of it is, not what it says.
TELLING = frozenset({"type", "event_type", "object", "done"})
TELLING_PARTS = frozenset({"modality", "index", "object"})
SEEDS = [f"cost_metadata.{name}" for name in CostMetadata.model_fields]
BILLED = ["billed.input_tokens", "billed.output_tokens"]
# Where these come from follows from other fields, or is not of every provider's making.
DERIVED = {name for name in SEEDS if name not in ("cost_metadata.tier", "cost_metadata.cost")} | set(BILLED)
# A count, a tier, under another name.
TWICE = {
    "cost_metadata.context_length": "usage.input_tokens",
    "cost_metadata.batch_mode": "cost_metadata.tier",
    "cost_metadata.audio": "usage.input_audio_tokens",
    "cost_metadata.audio_output": "usage.output_audio_tokens",
    "cost_metadata.images": "usage.input_image_tokens",
}
FIELDS = ["finish_reasons", "id", "model", *(f"usage.{name}" for name in Usage.model_fields), *BILLED, *SEEDS]

HEAD = """# Where each field comes from

A *wire* is a format of events; several providers may use the same one. For each wire this page has a table: the path
in the provider's JSON from which chunkmeter takes each field of `CallResponseChunk`. If there are several paths, any
of them will do, or the last one counts. `a[].b` is in each element of a list. If a path is not every provider's, its
providers stand beside it. *Never* means: in no recording or documentation that we know. `make docs` makes this page
from sample events: it removes each value in turn and looks which field is gone. A test compares the page with the
readers.

`cost_metadata.input_tokens`, `.output_tokens` and `.cached_tokens` have the paths of the same fields of `usage`.
`.context_length` has those of the input tokens, `.audio`, `.audio_output` and `.images` those of the tokens of that
kind, and `.batch_mode` those of the tier.

`cost_metadata.streaming_mode` is known from the request, for every provider. No wire tells these fields of
`CostMetadata`: %s. [cost-metadata.md](cost-metadata.md) says where the others come from, such as the request.

The time to the first chunk, the outcome and the price are chunkmeter's own and come from no field. `billed` counts
are those from which the cost is computed, if the provider tells them apart from what the model read and wrote.

The second table of a wire has the items that a call is charged for beside its tokens, with their names in
`chunkmeter.cost.unpriced` and in price files. `model` is a model's call inside the call, which is charged by itself.
Several paths in one row tell of an item together, such as a tool's name and its run's id; the provider comes after
them. [prices.md](prices.md#fees-beside-tokens) says which items have a price.
"""


def fold(wire: str, events: tuple[Json, ...]) -> Fields:
    """What the events come to, by dotted name."""
    tally, read = Tally(), for_wire(wire).read
    for event in events:
        read(tally, event)
    whole = CallResponseChunk.from_tally(tally).model_dump()
    found = {name: whole[name] for name in ("id", "model")}
    found["finish_reasons"] = whole["raw_finish_reasons"] or whole["finish_reasons"]
    for part in ("usage", "cost_metadata"):
        fields: Fields = whole[part] or {}
        found |= {f"{part}.{name}": value for name, value in fields.items()}
    billed = tally.billed(tally.tokens())
    if tally.count_billed is not None:
        found |= {"billed.input_tokens": billed.input_tokens, "billed.output_tokens": billed.output_tokens}
    return found


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path of every value that is no object or list."""
    if isinstance(value, dict):
        for name, part in cast("Json", value).items():
            if name not in (TELLING_PARTS if path else TELLING):
                yield from leaves(part, (*path, name))
    elif isinstance(value, list):
        for part in cast("list[Any]", value):
            yield from leaves(part, (*path[:-1], f"{path[-1]}[]"))
    else:
        yield path


def without(event: Json, path: tuple[str, ...]) -> Json:
    """The event, what stands at the path taken away."""
    rest = copy.deepcopy(event)
    parts: list[Json] = [rest]
    for step in path[:-1]:
        found = [part.get(step.removesuffix("[]")) for part in parts]
        nested = [one for part in found for one in (cast("list[Any]", part) if isinstance(part, list) else [part])]
        parts = [cast("Json", part) for part in nested if isinstance(part, dict)]
    for part in parts:
        part.pop(path[-1].removesuffix("[]"), None)
    return rest


def sources(sample: Sample) -> dict[str, list[str]]:
    """Field -> the paths it comes from, in the order they come."""
    found: dict[str, list[str]] = defaultdict(list)
    for end in range(1, len(sample.events) + 1):
        events = sample.events[:end]
        known = fold(sample.wire, events)
        for path in dict.fromkeys(leaves(events[-1])):
            rest = fold(sample.wire, tuple(without(event, path) for event in events))
            label = ".".join(path)
            for name in FIELDS:
                if known.get(name) is not None and rest.get(name) != known[name] and label not in found[name]:
                    found[name].append(label)
    return {name: paths for name, paths in found.items() if paths}


def item_sources(wire: str) -> dict[str, dict[str, list[str]]]:
    """Item -> the paths that it comes from -> the providers that tell it so; `model` is a model inside the call."""
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for plant in PLANTS.get(wire, {}).values():
        events = tuple(plant.events(2))
        known = _items(wire, events)
        ends = [*dict.fromkeys(path for event in events for path in leaves(event))]
        # Some items are told by an object or a list that is there, whatever it holds.
        depths = [ends, *([*dict.fromkeys(path[:-up] for path in ends if len(path) > up)] for up in (1, 2))]

        rests = [
            {path: _items(wire, tuple(without(each, path) for each in events)) for path in paths} for paths in depths
        ]
        for item, number in known.items():
            telling = ([path for path, rest in at.items() if rest.get(item) != number] for at in rests)
            told = next(filter(None, telling), [])
            labels = [".".join(path) for path in told if not any(path == other[: len(path)] != other for other in told)]
            tellers = found[item][", ".join(f"`{label}`" for label in labels)]
            if plant.provider not in tellers:
                tellers.append(plant.provider)
    return found


def _items(wire: str, events: tuple[Json, ...]) -> dict[str, Any]:
    tally, read = Tally(), for_wire(wire).read
    for event in events:
        read(tally, event)
    models = [each for each in tally.inner if each.model is not None]
    return {**tally.items} | ({"model": models} if models else {})


def _item_lines(wire: str) -> list[str]:
    lines: list[str] = []
    if wire in SAME_AS:
        lines = [f"Items come from where they do on {', '.join(f'`{other}`' for other in SAME_AS[wire])}.", ""]
    rows: list[str] = []
    for item, ways in item_sources(wire).items():
        cells = [f"{paths} ({', '.join(tellers)})" for paths, tellers in ways.items()]
        rows.append(f"| `{item}` | {'<br>'.join(cells)} |")
    if not lines and not rows:
        return ["It tells of no item beside tokens.", ""]
    return [*lines, *(["| item | from (provider) |", "|---|---|", *rows, ""] if rows else [])]


def document() -> str:
    """The whole page."""
    wires: list[str] = []
    read: set[str] = set()
    for wire, samples in groupby(SAMPLES, key=lambda sample: sample.wire):
        told = {sample.services: sources(sample) for sample in samples}
        read |= {name for fields in told.values() for name in fields}
        wires.append(section(wire, told))
    unread = [
        f"`{name.partition('.')[2]}`" for name in SEEDS if name not in read and not name.endswith("streaming_mode")
    ]
    return "\n".join([HEAD % ", ".join(unread), *wires]).rstrip() + "\n"


def section(wire: str, told: dict[str, dict[str, list[str]]]) -> str:
    """One wire's table: a field a row; whose it is where not everybody sends it so; what each never sends."""
    lines = [f"## `{wire}`", "", f"Operation `{for_wire(wire).operation}`. Sent by {'; '.join(told)}.", ""]
    lines += ["| field | from |", "|---|---|"]
    for name in FIELDS:
        by_path: dict[str, list[str]] = defaultdict(list)
        for services, fields in told.items():
            same = TWICE.get(name, f"usage.{name.removeprefix('cost_metadata.')}")
            if name in fields and fields[name] != fields.get(same):
                by_path[", ".join(f"`{path}`" for path in fields[name])].append(services)
        usual = max(by_path, key=lambda paths: len(by_path[paths]), default=None)
        cells = [paths if paths == usual else f"{paths} ({'; '.join(by_path[paths])})" for paths in by_path]
        if cells:
            lines.append(f"| `{name}` | {'<br>'.join(cells)} |")
    lines.append("")
    for services, fields in told.items():
        never = [f"`{name}`" for name in FIELDS if name not in fields and name not in DERIVED]
        lines.append(f"- Never from {services}: {', '.join(never) or 'nothing'}.")
    return "\n".join([*lines, "", *_item_lines(wire)])


if __name__ == "__main__":
    text = document()
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)
