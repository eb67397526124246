"""Loads the files on our pages: by the parser of their language, and by chunkmeter where they are for it."""

from __future__ import annotations

import dataclasses
import json
import tomllib
from collections.abc import Iterator, Mapping
from importlib.metadata import entry_points
from typing import Any

import yaml

from checks.pages.warned import warned
from chunkmeter import Settings
from chunkmeter.pricing import parse
from support.pages import Block

__all__ = ["load"]

_PRICES = {"aliases", "models", "multipliers", "version"}
"""The tables of a price file."""


def load(block: Block) -> None:
    """Load a block of data as what it is: a price file, an entry of OpenTelemetry's configuration, or just data.

    Raises:
        ValueError: where it is none, or chunkmeter warns of it; also what the parser of its language raises.
    """
    with warned() as warnings:
        for document in _parsed(block):
            if not isinstance(document, Mapping):
                continue
            if block.language != "yaml" and _PRICES & document.keys():
                parse.parse(block.code.encode(), f"prices.{block.language}")
            _configured(document.get("instrumentation/development", {}).get("python", {}))
    if warnings:
        raise ValueError(", ".join(warnings))


def _parsed(block: Block) -> Iterator[Any]:
    if block.language == "toml":
        yield tomllib.loads(block.code)
    elif block.language == "json":
        yield json.loads(block.code)
    else:
        yield from yaml.safe_load_all(block.code)


def _configured(entries: Mapping[str, Mapping[str, Any]]) -> None:
    """What OpenTelemetry's configuration file says to our hooks, as its loader passes it on."""
    for name, options in entries.items():
        found = entry_points(group="opentelemetry_instrumentor", name=name)
        if not found:
            raise ValueError(f"no instrumentor is called {name}")
        Settings.load(**dataclasses.asdict(found[name].load().configuration(**options)))
