"""Replayed provider traffic for the demo and the tests. Not shipped, and imports nothing of chunkmeter."""

from pathlib import Path

__all__ = ["AUTHORITY"]

AUTHORITY = Path(__file__).with_name("authority.pem")
"""A certificate that signs nothing, for SSL_CERT_FILE.

The way to the server has no TLS, yet each SDK's client loads all authorities that there are, which takes more time than
most tests.
"""
