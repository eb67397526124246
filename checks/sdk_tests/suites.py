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
# What the tests of Hugging Face's client would ask of its Hub, or want of a `conftest.py` that they come without.
_HUB = (
    *("auth", "buckets*", "cache_*", "cli", "cli_discussions", "cli_output", "commit_scheduler", "copy_files"),
    *("file_download", "generate_cli_reference", "hf_api", "hf_file_system", "hub_mixin*", "kernels", "oauth"),
    *("repocard", "snapshot_download", "utils_cache", "utils_http", "utils_pagination", "xet_*"),
)
# The others of botocore's functional tests ask every service for the same, in 60,000 tests.
_CLIENTS = (
    *("bedrock_runtime", "client", "client_metadata", "compress", "context_params", "events", "history", "kinesis"),
    *("lex", "modeled_exceptions", "protocol_selection", "retry", "rpc_v2_cbor", "session", "stub"),
    "tagged_unions_unknown",
)
# Without it Google's tests would be of a package `genai`, which nobody uses.
_NAMESPACE = ("-o", "consider_namespace_packages=true")
# Some ask a server that does not answer here, and would wait for it.
_IN_TIME = ("--timeout=120", "--numprocesses=auto", "--continue-on-collection-errors")

SUITES: Mapping[str, Suite] = {
    # These tests ask a mock server that a tool of its own downloads.
    **{sdk: Suite(sdk, "sdk-tests", options=("--ignore=tests/api_resources",)) for sdk in CLIENTS},
    "xai-sdk": Suite("xai-sdk", "sdk-tests-others", ("tests",), _IN_TIME),
    "mistralai": Suite("mistralai", "sdk-tests-others", ("src/mistralai/extra/tests",), _IN_TIME),
    # Half of its files want recordings that it comes without, and fail at once.
    "google-genai": Suite("google-genai", "sdk-tests-others", ("google/genai/tests",), (*_IN_TIME, *_NAMESPACE)),
    "huggingface-hub": Suite(
        "huggingface-hub",
        "sdk-tests-others",
        ("tests",),
        (
            *_IN_TIME,
            "--vcr-record=none",
            # They import each other from a package that lacks its `__init__.py`.
            "--import-mode=importlib",
            *_NAMESPACE,
            *(f"--ignore-glob=tests/test_{name}.py" for name in _HUB),
        ),
    ),
    "botocore": Suite(
        "botocore",
        "sdk-tests-others",
        ("tests/unit", *(f"tests/functional/test_{name}.py" for name in _CLIENTS)),
        (*_IN_TIME, "--ignore=tests/unit/docs"),
    ),
    "mirascope-1": Suite(
        "mirascope", "sdk-tests-mirascope-1", ("tests",), (*_IN_TIME, *(f"--ignore={folder}" for folder in _TWO_SDKS))
    ),
    "mirascope-legacy": Suite("mirascope", "sdk-tests-mirascope-legacy", _TWO_SDKS, _IN_TIME),
    # What is not in its recorded exchanges would be asked of the provider.
    "mirascope-2": Suite(
        "mirascope", "sdk-tests-mirascope-2", ("tests",), (*_IN_TIME, "--vcr-record=none", "--ignore=tests/ops")
    ),
    # What is tested here looks through all objects that there are: it takes longer, the more tests are beside it.
    "mirascope-2-ops": Suite("mirascope", "sdk-tests-mirascope-2", ("tests/ops",), (*_IN_TIME, "--vcr-record=none")),
}
"""The suites by their names, of Mirascope the newest release of each major."""
