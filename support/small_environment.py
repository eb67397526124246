"""Environments with fewer packages than the tests' own, or with others: for what asks which are installed."""

from __future__ import annotations

import fnmatch
import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Mapping
from pathlib import Path

from support import ROOT

__all__ = ["install", "make"]

_LEFT_OUT = (
    "*.pth", "_virtualenv*", "__pycache__", "aiobotocore*", "anthropic*", "azure*", "boto3*", "botocore*", "celery*",
    "cohere*", "eventlet*", "gevent*", "google_genai*", "groq*", "gunicorn*", "huggingface_hub*", "hypercorn*",
    "langchain*", "litellm*", "mcp*", "mirascope*", "mistralai*", "ollama*",
    "opentelemetry_instrumentation_httpx*", "uvicorn*", "xai_sdk*",
)  # fmt: skip
"""What stands in the tests' environment and not in a small one: OpenAI's SDK is the only library that is metered."""


def make(folder: Path, without: Iterable[str] = ()) -> Path:
    """Makes a virtual environment whose packages are links to the tests' own; its Python.

    Args:
        folder: where to make it.
        without: patterns of further files that it is not to have.
    """
    command = [sys.executable, "-m", "venv", "--without-pip", "--symlinks", str(folder)]
    subprocess.run(command, check=True)
    packages = folder / Path(sysconfig.get_path("purelib")).relative_to(sys.prefix)
    patterns = (*_LEFT_OUT, *without)
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if not any(fnmatch.fnmatch(entry.name, pattern) for pattern in patterns):
            (packages / entry.name).symlink_to(entry)
    (packages / "chunkmeter.pth").write_text(f"{ROOT / 'src'}\n")
    return folder / "bin" / "python"


def install(folder: Path, versions: Mapping[str, str]) -> str:
    """Has a folder say that these packages are installed; the value of PYTHONPATH that makes it heard.

    Args:
        folder: where to put their metadata.
        versions: versions by the name of the package.
    """
    for name, version in versions.items():
        info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    return os.fspath(folder)
