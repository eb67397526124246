"""`chunkmeter price`: prints the bill of a call, item by item, and where the prices come from."""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

from chunkmeter import Priced, Unpriced, Usage, price

from ..pricing import PriceFile
from ..pricing.items import ITEMS
from ..pricing.tiers import KNOWN, is_prepaid, service_tier
from ..pricing.tokens import CLASSES, classes
from ..shown import plain, quoted
from ..spelling import nearest

__all__ = ["SUMMARY", "add_arguments", "run"]

SUMMARY = "Price a call: its tokens and what else it is charged for. Show where the prices come from."

_OPTIONS = {"cached" if name == "cache_read" else name.replace("_", "-"): each for name, each in CLASSES.items()}
"""Name of an option -> the class of token that it counts."""
_ITEM_OPTIONS = {
    f"{name.replace('_', '-')}{'es' if name.endswith('ch') else 's'}": each for name, each in ITEMS.items()
}
"""Name of an option -> the item that it counts."""
_LACKS = {
    "tier": "no price of this tier: its tokens are counted at the standard price",
    "region": "no price of this region: its tokens are counted at the price of the others",
    "class": "no price of these tokens: they are counted at the price of the class they lie in",
    "model": "no price of this model",
}
"""What is unpriced, by its word before the colon -> why, and what was done instead."""
_CURES = {
    "unknown_model": "no price table lists it: name its --provider, or a file with a price or an alias by --prices",
    "no_usage": "no tokens are said: write --input, --output or both",
    "impossible_usage": "a part is more than its whole, since cached and written tokens lie in --input; or it is more "
    "than a call can have or cost",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("model", help="the model that answered, such as gpt-4o")
    parser.add_argument("--provider", help="provider, such as openai; told from the model's name if left out")
    for option, stated in _OPTIONS.items():
        parser.add_argument(f"--{option}", type=_count, metavar="N", help=stated.meaning)
    for option, item in _ITEM_OPTIONS.items():
        parser.add_argument(f"--{option}", type=_number, metavar="N", help=item.meaning)
    parser.add_argument(
        "--item", type=_item, action="append", default=[], metavar="NAME=N",
        help="so many of another item, by the provider's own word for it; may stand several times",
    )  # fmt: skip
    parser.add_argument("--tier", help="service tier: flex, priority, batch, ..., or one of your file's")
    parser.add_argument("--region", help="region that served the call, such as us-east-1")
    parser.add_argument("--server", metavar="HOST", help="host of the call, for self-hosted models of a price file")
    parser.add_argument(
        "--at", type=_moment, metavar="TIME", help="time of the call, such as 2026-11-26T12:00, else now"
    )
    parser.add_argument("--prices", metavar="FILE", help="your own prices; those of CHUNKMETER_PRICES if left out")
    parser.add_argument("--json", action="store_true", help="print one line of JSON")


def run(options: argparse.Namespace) -> int:
    """Print the price, and return the exit code: 1 where there is no price, 2 where rich is missing."""
    if not options.json and importlib.util.find_spec("rich") is None:
        print("The table needs rich: pip install 'chunkmeter[cli]' (or use --json).", file=sys.stderr)
        return 2
    given = vars(options)
    usage = Usage(**{stated.count: given[option.replace("-", "_")] for option, stated in _OPTIONS.items()})
    said = {item.name: given[option.replace("-", "_")] for option, item in _ITEM_OPTIONS.items()}
    items = {name: number for name, number in (*said.items(), *options.item) if number is not None}
    unusable: list[Exception] = []
    path = options.prices or os.environ.get("CHUNKMETER_PRICES", "").strip() or None
    if refused := _refused_tier(options.tier, path):
        print(refused, file=sys.stderr)
        return 2
    answer = price(
        usage,
        model=options.model,
        provider=options.provider,
        service_tier=options.tier,
        region=options.region,
        server_address=options.server,
        at=options.at,
        prices=PriceFile(options.prices, failed=unusable.append) if options.prices else None,
        items=items,
    )
    if unusable:
        return 1  # the log has said why
    if isinstance(answer, Priced) and "request" in answer.split:
        items.setdefault("request", 1)  # which a price file charges once, whoever counts it or doesn't
    if options.json:
        print(json.dumps(_as_json(answer, usage, items)))
    elif isinstance(answer, Unpriced):
        print(f"{plain(options.model)}: {answer.reason}: {_CURES.get(answer.reason, 'see the log')}", file=sys.stderr)
    else:
        _print(answer, usage, items)
    return 0 if isinstance(answer, Priced) else 1


def _refused_tier(raw: str | None, path: str | None) -> str | None:
    """Why a tier is refused: no provider has it, and no entry of the price file; None if it is taken."""
    word = service_tier(raw)
    known = KNOWN if word is None or word in KNOWN else KNOWN | _own_tiers(path)
    if word is None or word in known:
        return None
    meant = nearest(word, known)
    asked = f"did you mean {meant}? Write" if meant else "write"
    return f"{quoted(raw)} is the tier of no provider: {asked} one of {', '.join(sorted(known))}."


def _own_tiers(path: str | None) -> set[str]:
    """The tiers that a price file names; none if it can't be read, which is told where it prices."""
    from ..pricing.parse import UnusableFileError, read

    try:
        overlay = read(path) if path else None
    except UnusableFileError:
        return set()
    entries = [*overlay.models, *overlay.multipliers] if overlay else []
    return {word for entry in entries for name in entry.tiers if (word := service_tier(name))}


def _print(answer: Priced, usage: Usage, items: Mapping[str, int | float]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    table.add_column("item")
    for heading in ("count", "price", answer.currency):
        table.add_column(heading, justify="right")
    counts: dict[str, int | float] = {**classes(usage), **items}
    for name, amount in answer.split.items():
        number = counts.get(name, 0)
        table.add_row(name, f"{number:,}", _rate(name, amount, number) if number else "-", _plain(amount))
    for name in answer.unpriced:
        number = counts.get(name)
        table.add_row(plain(name), "" if number is None else f"{number:,}", "none", "?")
    table.add_row("total", "", "", _plain(answer.amount))
    console = Console(highlight=False)
    console.print(table)
    model, version = plain(answer.model), " ".join(map(plain, str(answer.version).split(" ", 1)))
    console.print(f"\nmodel    {model}\nsource   {answer.table}\nversion  {version}", markup=False)
    if answer.own and (answer.own != answer.split.keys() or answer.table != "overlay"):
        console.print(f"own      {', '.join(map(plain, sorted(answer.own)))}: by your file", markup=False)
    if answer.multiplier != 1:
        console.print(f"times    {_plain(answer.multiplier)}")
    for name in answer.unpriced:
        console.print(f"lacks    {plain(name)}: {_why(name)}", markup=False)
    if answer.assumed:
        console.print("assumed  nobody knows who answers at --server: name it with --provider", markup=False)


_DIGITS = 9
_MILLION = 1_000_000
_UNITS = {_MILLION: "1M", 1000: "1k", 3600: "hour", 1: "each"}
"""So many of an item -> how the table writes that a price is for so many."""


def _rate(name: str, amount: Decimal, number: float) -> str:
    """The price that makes this amount of so many: `10 / 1k`."""
    kind = ITEMS.get(name)
    per = kind.per if kind else _MILLION if name in CLASSES else 1
    return f"{_plain(round(amount * per / Decimal(str(number)), _DIGITS))} / {_UNITS[per]}"


def _why(name: str) -> str:
    """Why something has no price, and what was done instead."""
    word, _, said = name.partition(":")
    if word == "tier" and is_prepaid(said):
        return "it is paid for in advance, and a token of it costs nothing"
    return _LACKS[word] if said and word in _LACKS else "no price of it"


def _as_json(answer: Priced | Unpriced, usage: Usage, items: Mapping[str, int | float]) -> dict[str, object]:
    if isinstance(answer, Unpriced):
        return {"reason": answer.reason}
    return {
        "amount": _plain(answer.amount),
        "currency": answer.currency,
        "model": answer.model,
        "source": answer.table,
        "version": answer.version,
        "multiplier": _plain(answer.multiplier),
        "split": {name: _plain(amount) for name, amount in answer.split.items()},
        "tokens": classes(usage),
        "items": dict(items),
        "unpriced": list(answer.unpriced),
        "own": sorted(answer.own),
        "assumed": answer.assumed,
    }


def _plain(amount: Decimal) -> str:
    """The amount without an exponent, and without zeros at its end."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _count(text: str) -> int:
    try:
        number = int(text.replace("_", "").replace(",", ""))
    except ValueError:
        number = -1
    if number < 0:
        raise argparse.ArgumentTypeError(f"{quoted(text)} is no count: write a whole number of tokens, such as 1000")
    return number


def _number(text: str) -> int | float:
    """A count that may have a fraction, as seconds have."""
    try:
        number = float(text.replace("_", "").replace(",", ""))
    except ValueError:
        number = -1.0
    if not 0 <= number < 1e15:
        raise argparse.ArgumentTypeError(f"{text!r} is no count: write a number, such as 3")
    return int(number) if number.is_integer() else number


def _item(text: str) -> tuple[str, int | float]:
    name, sign, number = text.rpartition("=")
    if not sign or not name.strip():
        raise argparse.ArgumentTypeError(f"{quoted(text)} is no item: write its name and how many, such as visit=3")
    return name.strip(), _number(number)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{quoted(text)} is no time: write one such as 2026-11-26T12:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
