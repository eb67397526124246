"""What the instrumentors of all libraries have in common: an entry point each, and no import of a library."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points

import pytest

from chunkmeter import instrumentors

NAMES = [name for name in instrumentors.__all__ if name not in ("MirascopeInstrumentor", "SpansInstrumentor")]
IMPORTED = {
    "AzureAIInferenceInstrumentor": "azure.ai.inference",
    "GoogleGenAIInstrumentor": "google.genai",
    "HuggingFaceHubInstrumentor": "huggingface_hub",
    "XAIInstrumentor": "xai_sdk",
}
"""The libraries by the name that they are imported by."""


def imported_as(name: str) -> str:
    """The name that an instrumentor's library is imported by."""
    return IMPORTED.get(name, name.removesuffix("Instrumentor").lower())


@pytest.mark.parametrize("name", NAMES)
def test_there_is_an_entry_point(name: str) -> None:
    """Under a name of our own, by which OpenTelemetry's own variable switches it off."""
    found = {each.name: each for each in entry_points(group="opentelemetry_instrumentor") if "chunkmeter" in each.value}
    assert found[f"chunkmeter_{imported_as(name).replace('.', '_')}"].load() is getattr(instrumentors, name)


@pytest.mark.slow
def test_instrumenting_imports_no_library() -> None:
    """Nor does undoing it, nor importing the classes."""
    libraries = [imported_as(name) for name in NAMES]
    code = f"""
import sys
from chunkmeter import instrumentors
for name in {NAMES!r}:
    getattr(instrumentors, name)().instrument()
    getattr(instrumentors, name)().uninstrument()
print(sorted(name for name in ({libraries!r} + ["httpx", "pydantic", "grpc"]) if name in sys.modules))
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.split() == ["[]"]
