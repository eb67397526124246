"""What tests and checks share: apps, clients, samples, and the faults that they must find. Not shipped."""

from __future__ import annotations

from pathlib import Path

__all__ = ["ROOT"]

ROOT = Path(__file__).resolve().parents[1]
"""The checkout."""
