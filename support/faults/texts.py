"""Known bugs in what becomes of the text that strangers send."""

from __future__ import annotations

from chunkmeter import text
from chunkmeter.reporting.series import Chosen, Series
from chunkmeter.semconv import ERROR_TYPE, SERVER_ADDRESS, SERVER_PORT
from support.faults import fault, put


@fault("test", "e2e")
def raw_names() -> None:
    """Takes text as it comes."""

    def raw(value: str, most: int = text.NAME) -> str:
        return value

    put(text, "clean", raw)


@fault("test")
def unbounded_hosts() -> None:
    """Labels points with any host and any class of errors."""

    def server(self: Series, chosen: Chosen, address: str, port: int | None) -> dict[str, str | int]:
        chosen.labels[SERVER_ADDRESS] = address
        return {SERVER_PORT: port} if port else {}

    def error(self: Series, chosen: Chosen, kind: str) -> dict[str, str]:
        return {ERROR_TYPE: kind}

    put(Series, "server", server)
    put(Series, "error", error)
