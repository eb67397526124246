"""Meters Mirascope's calls. Its second major is another library by the same name, so each has hooks of its own."""

from __future__ import annotations

from ...reporting.telemetry import Telemetry
from .. import mcp
from .._library import Library, LibraryInstrumentor, Patches
from . import v1, v2

__all__ = ["MirascopeInstrumentor"]

_LIBRARY = Library(
    name="Mirascope",
    distribution="mirascope",
    least=(1, 20),
    below=(3,),
    last="2.x",
    cure="Install 'mirascope>=1.20,<3'.",
    declines=True,
)


def _install(telemetry: Telemetry, patches: Patches) -> None:
    major = v1 if _LIBRARY.release() < (2,) else v2
    major.install(telemetry, patches)
    if mcp.is_wanted():
        mcp.install(telemetry, patches)  # Mirascope's tools may be those of a server


class MirascopeInstrumentor(LibraryInstrumentor):
    """Meters the calls of Mirascope 1.20 to 2.x.

    `instrument()` takes `tracer_provider` and `meter_provider`, which default to the global providers, and every field
    of `chunkmeter.Settings`.
    """

    library, install = _LIBRARY, staticmethod(_install)
