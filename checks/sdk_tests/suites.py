"""The tests that are run: of each library, where its release comes from and what they need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from checks.matrix.endpoints import CLIENTS
from support import ROOT

__all__ = ["SUITES", "Suite"]


@dataclass(frozen=True, slots=True)
class Suite:
    """Tests that a library is published with.

    Attributes:
        distribution: the library's name in the package index.
        environment: the environment that they are run in, by its name in requirements/environments.tsv.
        where: the folders that they are in; none for what the library's own configuration names.
        options: what pytest is told besides.
    """

    distribution: str
    environment: str
    where: tuple[str, ...] = ()
    options: tuple[str, ...] = ()

    @property
    def python(self) -> Path:
        """The interpreter of its environment."""
        return ROOT / f".venv-{self.environment}" / "bin" / "python"


_TWO_SDKS = ("tests/core/gemini", "tests/core/vertex")
# Some ask a server that does not answer here, and would wait for it.
_IN_TIME = ("--timeout=120", "--numprocesses=auto", "--continue-on-collection-errors")

SUITES: Mapping[str, Suite] = {
    # These tests ask a mock server that a tool of its own downloads.
    **{sdk: Suite(sdk, "sdk-tests", options=("--ignore=tests/api_resources",)) for sdk in CLIENTS},
    "xai-sdk": Suite("xai-sdk", "sdk-tests-others", ("tests",), _IN_TIME),
    "mistralai": Suite("mistralai", "sdk-tests-others", ("src/mistralai/extra/tests",), _IN_TIME),
    "mirascope-1": Suite(
        "mirascope", "sdk-tests-mirascope-1", ("tests",), (*_IN_TIME, *(f"--ignore={folder}" for folder in _TWO_SDKS))
    ),
    "mirascope-legacy": Suite("mirascope", "sdk-tests-mirascope-legacy", _TWO_SDKS, _IN_TIME),
    # What is not in its recorded exchanges would be asked of the provider.
    "mirascope-2": Suite("mirascope", "sdk-tests-mirascope-2", ("tests",), (*_IN_TIME, "--vcr-record=none")),
}
"""The suites by their names, the newest release of the library's first major and of its second being two."""
