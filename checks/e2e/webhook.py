"""The pager: receives what Alertmanager sends."""

from __future__ import annotations

import json
import threading
from http.server import ThreadingHTTPServer
from typing import Any

from support.receiving import Receiving


class Webhook:
    """A web server on 127.0.0.1 that keeps every alert it is sent."""

    def __init__(self) -> None:
        received: list[dict[str, Any]] = []
        self._received = received

        class Handler(Receiving):
            def take(self, payload: bytes) -> int:
                received.extend(json.loads(payload)["alerts"])
                return 200

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}/"
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()

    def firing(self, **labels: str) -> list[dict[str, Any]]:
        """The alerts received that fire and carry these labels."""
        return [
            alert
            for alert in self._received
            if alert["status"] == "firing" and labels.items() <= alert["labels"].items()
        ]

    def stop(self) -> None:
        """Stop listening."""
        self._http.shutdown()
        self._http.server_close()
