"""Calls to an SDK written once for both its clients: what is sync and what is async is found out as it is used."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

__all__ = ["entered", "first", "given", "items"]


async def given(value: Any) -> Any:
    """What a call gives, awaited if it has to be."""
    return await value if inspect.isawaitable(value) else value


async def items(stream: Any) -> list[Any]:
    """All that a stream hands out, sync or async; a coroutine of one is awaited before."""
    stream = await given(stream)
    return [item async for item in stream] if hasattr(stream, "__aiter__") else list(stream)


async def first(stream: Any) -> Any:
    """The first item of a loop that is left then."""
    if hasattr(stream, "__aiter__"):
        async for item in stream:
            return item
    for item in stream:
        return item
    raise AssertionError("it is empty")


@asynccontextmanager
async def entered(manager: Any) -> AsyncIterator[Any]:
    """`with` for a manager, sync or async."""
    if hasattr(manager, "__aenter__"):
        async with manager as inside:
            yield inside
    else:
        with manager as inside:
            yield inside
