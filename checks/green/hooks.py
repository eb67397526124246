"""gunicorn's settings: what its first process imports, which no worker class patches, and what a worker begins with."""

from __future__ import annotations

from checks.green import app
from checks.green.watch import watch

loglevel = "warning"
graceful_timeout = 5
control_socket_disable = True

if app.CHOSEN["PATCHED"] == "after":
    app.load()


def post_worker_init(_: object) -> None:
    """In a worker, once its class has patched it and the app is loaded."""
    if not app.metered:
        app.load()
    app.set_up()
    watch.start()
