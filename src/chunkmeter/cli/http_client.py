"""What is asked of HTTP by whatever sends a user's headers along."""

from __future__ import annotations

import urllib.request
from typing import Any

__all__ = ["NoRedirect"]


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """Leaves a redirection alone: whoever sets one up may have the headers sent anywhere."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """None, so that the redirection is the answer."""
        return
