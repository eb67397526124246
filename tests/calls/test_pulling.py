"""Who ends a stream is told from the stack, of which nothing is kept."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chunkmeter.calls.pulling import ending_within, is_pulling, pulls


class Held:
    """Something that the application's functions hold."""


@pytest.fixture
def uncollected() -> Iterator[None]:
    """Nothing is freed that is in a reference cycle."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pulls
def waiting(call: object, ask: Callable[[object], Any]) -> weakref.ref[Held]:
    held = Held()
    assert ask(call)
    return weakref.ref(held)


@pytest.mark.usefixtures("uncollected")
@pytest.mark.parametrize("ask", [is_pulling, ending_within])
def test_no_frame_outlives_its_function(ask: Callable[[object], Any]) -> None:
    """With it, all that the functions of the stack hold would wait for a collection."""
    assert waiting(object(), ask)() is None


@pytest.mark.usefixtures("uncollected")
def test_nor_does_one_that_waits_for_something_else() -> None:
    assert waiting(object(), lambda _: not is_pulling(object()) and ending_within(object()) is None)() is None
