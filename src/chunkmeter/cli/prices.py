"""`chunkmeter prices`: check a file of your own prices, or print the schema of such files."""

from __future__ import annotations

import argparse
import difflib
import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from chunkmeter import Unpriced, Usage, price

from ..pricing import PriceFile

if TYPE_CHECKING:
    from ..pricing.overlay import Alias, Overlay

__all__ = ["SUMMARY", "add_arguments"]

SUMMARY = "Check a file of your own prices, or print the JSON schema of such files."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the sub-commands."""
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    check = commands.add_parser("check", help="say what is wrong with a price file, and where")
    check.add_argument("file", help="TOML or JSON, as CHUNKMETER_PRICES names it")
    check.set_defaults(run=_check)
    commands.add_parser("schema", help="print the JSON schema, for editors").set_defaults(run=_schema)


def _check(options: argparse.Namespace) -> int:
    """Print what the file has; 1 and each mistake on a line where it can't be used."""
    from ..pricing.overlay import UnusableFileError, read

    try:
        overlay = read(options.file)
    except UnusableFileError as error:
        print(error, file=sys.stderr)
        return 1
    mistakes = list(_unpriced_aliases(overlay, options.file))
    for mistake in mistakes:
        print(f"{options.file}: {mistake}", file=sys.stderr)
    if mistakes:
        return 1
    lists = {"model": overlay.models, "alias": overlay.aliases, "multiplier": overlay.multipliers}
    plurals = {"model": "models", "alias": "aliases", "multiplier": "multipliers"}
    counted = ", ".join(f"{len(rows)} {name if len(rows) == 1 else plurals[name]}" for name, rows in lists.items())
    print(f"{options.file}: usable, version {overlay.version}: {counted}")
    return 0


def _schema(_: argparse.Namespace) -> int:
    from ..pricing.overlay import schema

    print(json.dumps(schema(), indent=2))
    return 0


def _unpriced_aliases(overlay: Overlay, path: str) -> Iterator[str]:
    """The aliases of models that neither the file nor the bundled table has a price for."""
    file = PriceFile(path)
    for index, alias in enumerate(overlay.aliases):
        provider = alias.model_provider or alias.provider
        answer = price(Usage(input_tokens=1, output_tokens=1), model=alias.model, provider=provider, prices=file)
        if answer == Unpriced("unknown_model"):
            whose = f" of {provider}" if provider else ""
            cure = _nearest(alias, overlay)
            yield f"aliases[{index}].model: no price is known for {alias.model!r}{whose}: write {cure}"


def _nearest(alias: Alias, overlay: Overlay) -> str:
    names = [name for entry in overlay.models for name in entry.names]
    meant = difflib.get_close_matches(alias.model, names, 1, 0.7)
    return repr(meant[0]) if meant else "a model of this file or of the bundled table, and its model_provider"
