"""Reads YAML files, and walks through what they and JSON files hold."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import yaml


def load(path: Path) -> Any:
    """A YAML file."""
    return yaml.load(path.read_text(), yaml.CSafeLoader)  # in C: the other one takes ten times as long


def values_of(tree: Any, key: str) -> Iterator[Any]:
    """Every value under this key, however deep."""
    if isinstance(tree, dict):
        for name, value in cast("dict[str, Any]", tree).items():
            if name == key:
                yield value
            yield from values_of(value, key)
    elif isinstance(tree, list):
        for value in cast("list[Any]", tree):
            yield from values_of(value, key)


def strings(tree: Any) -> Iterator[str]:
    """Every string, however deep."""
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, dict):
        for value in cast("dict[str, Any]", tree).values():
            yield from strings(value)
    elif isinstance(tree, list):
        for value in cast("list[Any]", tree):
            yield from strings(value)
