"""`chunkmeter price`: what a model and a usage cost, and where that comes from."""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
from datetime import UTC, datetime
from decimal import Decimal

from chunkmeter import Priced, Unpriced, Usage, price

from ..pricing import PriceFile
from ..pricing.answers import classes

__all__ = ["SUMMARY", "add_arguments", "run"]

SUMMARY = "Price a model and a usage, and show where the price comes from."

# Option -> the count it states, and what that is.
_COUNTS = {
    "input": ("input_tokens", "tokens in, cached ones included"),
    "output": ("output_tokens", "tokens out, reasoning included"),
    "cached": ("cached_tokens", "of those in, read from a cache"),
    "cache-write": ("cache_write_tokens", "of those in, written to a cache"),
    "cache-write-1h": ("cache_write_1h_tokens", "of those written, kept for an hour"),
    "reasoning": ("reasoning_tokens", "of those out, reasoning"),
    "input-audio": ("input_audio_tokens", "of those in, audio"),
    "output-audio": ("output_audio_tokens", "of those out, audio"),
    "input-image": ("input_image_tokens", "of those in, images"),
    "output-image": ("output_image_tokens", "of those out, images"),
}
_CURES = {
    "unknown_model": "no price table lists it: name its --provider, or a file with a price or an alias by --prices",
    "no_usage": "no tokens are said: write --input, --output or both",
    "impossible_usage": "a part is more than its whole: cached and written tokens lie in --input",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("model", help="the model that answered, such as gpt-4o")
    parser.add_argument("--provider", help="who answered, such as openai; left out, the model's name tells")
    for option, (_, meaning) in _COUNTS.items():
        parser.add_argument(f"--{option}", type=_count, metavar="N", help=meaning)
    parser.add_argument("--tier", help="service tier: flex, priority, batch, ...")
    parser.add_argument("--region", help="where it was served, such as us-east-1")
    parser.add_argument("--server", metavar="HOST", help="who served it, for self-hosted models of a price file")
    parser.add_argument("--at", type=_moment, metavar="TIME", help="when, such as 2026-11-26T12:00; now if left out")
    parser.add_argument("--prices", metavar="FILE", help="your own prices; those of CHUNKMETER_PRICES if left out")
    parser.add_argument("--json", action="store_true", help="print one line of JSON")


def run(options: argparse.Namespace) -> int:
    """Print the price; 1 where there is none, 2 where it can't be shown."""
    if not options.json and importlib.util.find_spec("rich") is None:
        print("The table needs rich: pip install 'chunkmeter[cli]' (or use --json).", file=sys.stderr)
        return 2
    given = vars(options)
    usage = Usage(**{field: given[option.replace("-", "_")] for option, (field, _) in _COUNTS.items()})
    unusable: list[Exception] = []
    answer = price(
        usage,
        model=options.model,
        provider=options.provider,
        service_tier=options.tier,
        region=options.region,
        server_address=options.server,
        at=options.at,
        prices=PriceFile(options.prices, failed=unusable.append) if options.prices else None,
    )
    if unusable:
        return 1  # The log has said why.
    if options.json:
        print(json.dumps(_as_json(answer, usage)))
    elif isinstance(answer, Unpriced):
        print(f"{options.model}: {answer.reason}: {_CURES.get(answer.reason, 'see the log')}", file=sys.stderr)
    else:
        _print(answer, usage)
    return 0 if isinstance(answer, Priced) else 1


def _print(answer: Priced, usage: Usage) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    table.add_column("class")
    for heading in ("tokens", "per million", answer.currency):
        table.add_column(heading, justify="right")
    tokens = classes(usage)
    for name, amount in answer.split.items():
        number = tokens.get(name, 0)  # a fee has none
        per_million = _plain(amount * 1_000_000 / number) if number else "-"
        table.add_row(name, f"{number:,}", per_million, _plain(amount))
    table.add_row("total", "", "", _plain(answer.amount))
    console = Console(highlight=False)
    console.print(table)
    console.print(f"\nmodel    {answer.model}\nsource   {answer.table}\nversion  {answer.version}", markup=False)
    if answer.multiplier != 1:
        console.print(f"times    {_plain(answer.multiplier)}")


def _as_json(answer: Priced | Unpriced, usage: Usage) -> dict[str, object]:
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
    }


def _plain(amount: Decimal) -> str:
    """Without an exponent and without zeros at its end."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _count(text: str) -> int:
    try:
        number = int(text.replace("_", "").replace(",", ""))
    except ValueError:
        number = -1
    if number < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no count: write a whole number of tokens, such as 1000")
    return number


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no time: write one such as 2026-11-26T12:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
