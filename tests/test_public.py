"""The public surface: what can be imported from the package, and nothing else."""

from __future__ import annotations

import inspect
from importlib import import_module, resources
from typing import Any

import pytest

import chunkmeter


@pytest.mark.parametrize("name", chunkmeter.__all__)
def test_each_public_name_can_be_imported(name: str) -> None:
    """`from chunkmeter import name`, twice the same object."""
    namespace: dict[str, Any] = {}
    exec(f"from chunkmeter import {name} as one, {name} as two", namespace)
    assert namespace["one"] is namespace["two"] is getattr(chunkmeter, name)


def test_the_names_are_those_promised() -> None:
    """These are called from outside; none may go."""
    assert set(chunkmeter.__all__) >= {
        "CallResponseChunk",
        "ChunkSpanProcessor",
        "CostMetadata",
        "FinishReason",
        "Priced",
        "Settings",
        "Unpriced",
        "Usage",
        "flush_on_exit",
        "instrument",
        "labels",
        "normalize",
        "price",
        "uninstrument",
        "wrap",
    }


def test_dir_lists_the_public_names() -> None:
    """What completion offers is what is public."""
    assert dir(chunkmeter) == sorted(chunkmeter.__all__)


def test_another_name_is_an_attribute_error() -> None:
    """With the message that Python itself would give."""
    with pytest.raises(AttributeError, match="module 'chunkmeter' has no attribute 'cost'"):
        getattr(chunkmeter, "cost")  # noqa: B009 -- a checker would refuse it written plainly
    with pytest.raises(ImportError):
        exec("from chunkmeter import cost")


def test_instrumentors_are_public() -> None:
    """`from chunkmeter.instrumentors import MirascopeInstrumentor`."""
    module = import_module("chunkmeter.instrumentors")
    assert "MirascopeInstrumentor" in module.__all__
    assert inspect.isclass(module.MirascopeInstrumentor)


def test_types_are_shipped() -> None:
    """`py.typed` tells type checkers to read ours."""
    assert resources.files("chunkmeter").joinpath("py.typed").is_file()


def test_finish_reason_is_a_string() -> None:
    """The seed's alias stays one."""
    assert chunkmeter.FinishReason is str


def test_the_processor_takes_what_the_readme_says() -> None:
    """`ChunkSpanProcessor(next_processor=None, *, tracer_provider=None, meter_provider=None, settings=None)`."""
    signature = inspect.signature(chunkmeter.ChunkSpanProcessor)
    assert [(each.name, each.kind.name, each.default) for each in signature.parameters.values()] == [
        ("next_processor", "POSITIONAL_OR_KEYWORD", None),
        ("tracer_provider", "KEYWORD_ONLY", None),
        ("meter_provider", "KEYWORD_ONLY", None),
        ("settings", "KEYWORD_ONLY", None),
    ]
