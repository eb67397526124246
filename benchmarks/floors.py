"""Streams of an SDK that does nothing, ways to read them, and the least to do with each chunk."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from time import time_ns
from typing import Any


class Stream:
    """What an SDK's stream is when the SDK does nothing."""

    def __init__(self, chunks: Sequence[Any]) -> None:
        self._chunks = chunks
        self._iterator = iter(chunks)

    def __iter__(self) -> Iterator[Any]:
        yield from self._iterator

    def __next__(self) -> Any:
        return next(self._iterator)


class AsyncStream:
    """The same, async."""

    def __init__(self, chunks: Sequence[Any]) -> None:
        self._chunks = chunks

    async def __aiter__(self) -> AsyncIterator[Any]:
        for chunk in self._chunks:
            yield chunk


class Noting:
    """The least a meter could do: an iterator that counts items and notes when each came.

    Args:
        items: an iterator, or a stream that is read by `next`.
    """

    def __init__(self, items: Any) -> None:
        self._pull = items.__next__
        self.chunks = self.last_ns = 0

    def __iter__(self) -> Noting:
        return self

    def __next__(self) -> Any:
        item = self._pull()
        self.last_ns = time_ns()
        self.chunks += 1
        return item


class AsyncNoting:
    """The same, async."""

    def __init__(self, stream: Any) -> None:
        self._pull = aiter(stream).__anext__
        self.chunks = self.last_ns = 0

    def __aiter__(self) -> AsyncNoting:
        return self

    async def __anext__(self) -> Any:
        item = await self._pull()
        self.last_ns = time_ns()
        self.chunks += 1
        return item


def passed_on(stream: Any) -> Iterator[Any]:
    for item in stream:  # noqa: UP028 -- `yield from` would do nothing an item
        yield item


def read(stream: Any) -> None:
    for _ in stream:
        pass


def read_by_next(stream: Any) -> None:
    try:
        while True:
            next(stream)
    except StopIteration:
        return


async def aread(stream: Any) -> None:
    async for _ in stream:
        pass
