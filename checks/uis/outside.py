"""Notices what a program asks of the network."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

__all__ = ["Outside"]


class Outside:
    """A proxy that refuses whatever it is asked for, and remembers it."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        """The requests that would have left this machine, such as `CONNECT example.org:443`."""
        outside = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
                """Says nothing."""

            def refuse(self) -> None:
                outside.asked.append(f"{self.command} {self.path}")
                self.send_error(403)

            do_CONNECT = do_GET = do_HEAD = do_POST = do_PUT = refuse  # noqa: N815 - the base class looks for these

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def environment(self) -> dict[str, str]:
        """What has a program send here all that does not stay on this machine."""
        url = f"http://127.0.0.1:{self._http.server_address[1]}"
        names = ("http_proxy", "https_proxy", "all_proxy")
        stays = dict.fromkeys(("no_proxy", "NO_PROXY"), "127.0.0.1,localhost")
        return {**dict.fromkeys([*names, *map(str.upper, names)], url), **stays}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._http.server_close()
