"""Findings on prices: the file, the table, and the servers that nobody names."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from ...pricing import price_table
from ...providers import at_host
from ...servers import Servers
from ...shown import plain, server
from .conditions import Finding, found
from .machine import Machine
from .variables import chosen, heard

__all__ = ["FINDERS", "old_table", "unnamed"]

_OLD = timedelta(days=90)
"""As in the alert ChunkmeterPriceTableOld."""
_MOST = 5
_BASES = {
    "ANTHROPIC_BASE_URL": "anthropic",
    "GROQ_BASE_URL": "groq",
    "OPENAI_API_BASE": "openai",
    "OPENAI_BASE_URL": "openai",
    "TOGETHER_BASE_URL": "together",
}
"""A variable by which an SDK is sent to another server -> the provider that is inferred there."""


def price_file(machine: Machine) -> Iterator[Finding]:
    """The file can't be used, or an entry of it prices nothing."""
    path = machine.value("CHUNKMETER_PRICES")
    if not path:
        return
    from ...pricing.parse import UnusableFileError, read
    from ..prices import unpriced

    check = f"chunkmeter prices check {plain(path)}"
    try:
        overlay = read(path)
    except UnusableFileError as error:
        lines = str(error).splitlines()
        what, sign, cure = lines[0].rpartition(": write ")
        more = f"; and {len(lines) - 1} more" if len(lines) > 1 else ""
        yield found(
            "price-file",
            f"CHUNKMETER_PRICES: {what if sign else lines[0]}",
            f"{cure}{more}; then: {check}" if sign else check,
        )
        return
    for place, said in list(unpriced(overlay, path))[:_MOST]:
        what, _, cure = said.partition(": write ")
        yield found("price-entry", f"{plain(path)}: {place}: {what}", f"{cure}; then: {check}")


def price_table_old(machine: Machine) -> Iterator[Finding]:
    """The table is of long ago, and nothing fetches a newer one."""
    if not chosen(machine.environ).prices_update:
        yield from old_table(*price_table(), datetime.now(UTC))


def old_table(version: str, newest: datetime, now: datetime) -> Iterator[Finding]:
    """Whether a table with this newest price is an old one."""
    if now - newest > _OLD:
        what = f"{plain(version)}: its newest price is of {newest:%Y-%m-%d}"
        cure = "pip install --upgrade genai-prices, or export CHUNKMETER_PRICES_UPDATE=true"
        yield found("price-table-old", what, cure)


def server_unnamed(machine: Machine) -> Iterator[Finding]:
    """An SDK is sent to a server that nobody says who answers at."""
    for variable, provider in _BASES.items():
        url = machine.value(variable)
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            continue
        if host:
            yield from unnamed(machine, host, port, provider, f"{variable} sends calls to")


def unnamed(machine: Machine, host: str, port: int | None, provider: str, how: str) -> Iterator[Finding]:
    """Whether nobody says who answers at a server: neither its name, nor the settings, nor the price file."""
    settings = chosen(machine.environ)
    named = (Servers(settings.named_servers()), _of_file(settings.prices))
    if at_host(host) is None and not any(each.provider(host, port) for each in named):
        place = plain(server(host, port))
        entry = f"{place}={plain(provider)}"
        more = f'"$CHUNKMETER_SERVERS,{entry}"' if machine.value("CHUNKMETER_SERVERS") else entry
        cure = f"export CHUNKMETER_SERVERS={more}"
        yield found("server-unnamed", f"{how} {place}", f"{cure} (or * for whichever the SDK tells)")


def _of_file(path: str | None) -> Servers:
    from ...pricing import PriceFile

    with heard():  # that it can't be used is told where it is looked at
        return PriceFile(path).servers()


FINDERS = (price_file, price_table_old, server_unnamed)
