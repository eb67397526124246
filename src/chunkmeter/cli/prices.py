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
from ..shown import plain, quoted

if TYPE_CHECKING:
    from ..pricing.entry import Alias
    from ..pricing.overlay import Overlay

__all__ = ["SUMMARY", "add_arguments", "unpriced"]

SUMMARY = "Check a file of your own prices, or print the JSON schema of such files."

_MOST_SHOWN = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the sub-commands."""
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    check = commands.add_parser("check", help="say what is wrong with a price file, and where")
    check.add_argument("file", help="TOML or JSON, as CHUNKMETER_PRICES names it")
    check.set_defaults(run=_check)
    commands.add_parser("schema", help="print the JSON schema, for editors").set_defaults(run=_schema)


def _check(options: argparse.Namespace) -> int:
    """Print a summary of the file. If it can't be used, print each mistake on a line and return 1."""
    from ..pricing.parse import UnusableFileError, read

    try:
        overlay = read(options.file)
    except UnusableFileError as error:
        print(error, file=sys.stderr)
        return 1
    mistakes = list(unpriced(overlay, options.file))
    for place, said in mistakes[:_MOST_SHOWN]:
        print(f"{plain(options.file)}: {place}: {said}", file=sys.stderr)
    if len(mistakes) > _MOST_SHOWN:
        print(f"{plain(options.file)}: and {len(mistakes) - _MOST_SHOWN} more", file=sys.stderr)
    if mistakes:
        return 1
    print(f"{plain(options.file)}: usable, version {plain(overlay.version)}: {_summary(overlay)}")
    return 0


def _summary(overlay: Overlay) -> str:
    """How many there are of what; what most files have none of is told where there is some."""
    counted = [
        _counted(len(overlay.models), "model", "models"),
        _counted(len(overlay.aliases), "alias", "aliases"),
        _counted(len(overlay.multipliers), "multiplier", "multipliers"),
    ]
    fees = sum(len(entry.fees) for entry in overlay.models)
    based = sum(entry.base is not None for entry in overlay.models)
    combining = sum(entry.combine for entry in overlay.multipliers)
    factors = sum(len(entry.tiers) for entry in overlay.multipliers)
    if based:
        counted.append(f"{_counted(based, 'model', 'models')} on the bundled table")
    if fees:
        counted.append(_counted(fees, "fee", "fees"))
    if combining:
        counted.append(f"{_counted(combining, 'multiplier', 'multipliers')} to combine")
    if factors:
        counted.append(f"{_counted(factors, 'multiplier', 'multipliers')} of a tier")
    return ", ".join(counted)


def _counted(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _schema(_: argparse.Namespace) -> int:
    from ..pricing.parse import schema

    print(json.dumps(schema(), indent=2))
    return 0


def unpriced(overlay: Overlay, path: str) -> Iterator[tuple[str, str]]:
    """The place of each alias or base whose model has no price, and what is wrong there.

    Args:
        overlay: the file as it was read.
        path: where it is.
    """
    file = PriceFile(path)
    for index, entry in enumerate(overlay.models):
        for name in entry.names if entry.base is not None else ():
            if "*" not in name and _is_unknown(name, entry.provider, file):
                said = f"the bundled table has no price of {quoted(name)}{_whose(entry.provider)}"
                yield (
                    f"models[{index}].base",
                    f"{said}: write input and output in prices, or an alias of a listed model",
                )
    for index, alias in enumerate(overlay.aliases):
        provider = alias.model_provider or alias.provider
        if _is_unknown(alias.model, provider, file):
            said = f"no price is known for {quoted(alias.model)}{_whose(provider)}"
            yield f"aliases[{index}].model", f"{said}: write {_nearest(alias, overlay)}"


def _is_unknown(model: str, provider: str | None, file: PriceFile) -> bool:
    answer = price(Usage(input_tokens=1, output_tokens=1), model=model, provider=provider, prices=file)
    return answer == Unpriced("unknown_model")


def _whose(provider: str | None) -> str:
    return f" of {plain(provider)}" if provider else ""


def _nearest(alias: Alias, overlay: Overlay) -> str:
    names = [name for entry in overlay.models for name in entry.names]
    meant = difflib.get_close_matches(alias.model, names, 1, 0.7)
    return quoted(meant[0]) if meant else "a model of this file or of the bundled table, and its model_provider"
