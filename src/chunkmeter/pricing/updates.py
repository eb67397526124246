"""Newer prices for the bundled table, fetched by genai-prices while the process runs, if that is asked for.

Its own background thread would be missing from a forked child for good, and make Python warn of each fork. So each
fetch has a thread, which is gone when the fetch is done; whoever looks says when.
"""

from __future__ import annotations

import logging
import threading
import time
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version

from .. import threads
from ..shown import origin, plain

__all__ = ["Updates", "version_of"]

_logger = logging.getLogger("chunkmeter")

_EVERY = 3600.0
"""Seconds between two fetches, as genai-prices has it."""


@cache
def _bundled_version() -> str:
    return f"genai-prices {version('genai-prices')}"


def version_of(taken: datetime | None) -> str:
    """The name and version of a table.

    Args:
        taken: when the table was fetched or made, None for the bundled one.
    """
    day = "" if taken is None else f" of {taken.astimezone(UTC):%Y-%m-%dT%H:%MZ}"
    return f"{_bundled_version()}{day}"


class Updates:
    """Fetches the table now and then; one is enough for a process, since the table is the same everywhere in it."""

    def __init__(self) -> None:
        self._urls: dict[str, str | None] = {}
        self._thread: threading.Thread | None = None
        self._due = 0.0

    def look(self, url: str | None) -> None:
        """Begin to fetch if it is time, and wait for nothing. A failure is logged, and the prices stay as they are.

        Args:
            url: where the table is, as genai-prices publishes it; None for there. The first one counts.
        """
        first = self._urls.setdefault("one", url)
        if url not in self._urls.values():
            self._urls["other"] = url
            _logger.warning(
                "Prices are updated from %s in this process already, and not from %s too.", _place(first), _place(url)
            )
        # A thread of its parent's does not run in a forked child: it doesn't count as alive there.
        if (self._thread is not None and self._thread.is_alive()) or time.monotonic() < self._due:
            return
        # Whoever looks is waited for before a fork. A child that is forked amid an import would never end it.
        threads.aside(_import)
        self._thread = threading.Thread(target=self._fetch, args=(first,), name="chunkmeter-prices", daemon=True)
        self._thread.start()

    def _fetch(self, url: str | None) -> None:
        try:
            _put_in_place(url)
        except Exception as error:  # noqa: BLE001 -- whatever a server, the network or a file of prices may do
            # A message may hold the whole address, and with that a secret.
            status = getattr(getattr(error, "response", None), "status_code", None)
            why = plain(type(error).__name__) if status is None else f"status {plain(status)}"
            _logger.warning("No newer prices from %s (%s): the prices in use stay.", _place(url), why)
        self._due = time.monotonic() + _EVERY


def _import() -> None:
    """Import what a fetch takes, much of which is imported when it is first needed."""
    import httpx2
    from genai_prices import UpdatePrices

    UpdatePrices()
    httpx2.Client().close()


def _put_in_place(url: str | None) -> None:
    from genai_prices import UpdatePrices, data_snapshot

    snapshot = (UpdatePrices() if url is None else UpdatePrices(url=url)).fetch()
    if snapshot is None or not any(row.models for row in snapshot.providers):
        raise ValueError("a table without models")
    data_snapshot.set_custom_snapshot(snapshot)


def _place(url: str | None) -> str:
    return "genai-prices" if url is None else origin(url)
