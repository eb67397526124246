"""Usage as tests of prices write it."""

from __future__ import annotations

from chunkmeter import Usage

__all__ = ["tokens"]


def tokens(
    input_tokens: int, output_tokens: int, cached: int | None = None, write: int | None = None, hour: int | None = None,
    **parts: int,
) -> Usage:  # fmt: skip
    """Cached and written tokens lie inside the input, those kept for an hour inside the written ones."""
    return Usage(
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cached_tokens=cached,
        cache_write_tokens=write,
        cache_write_1h_tokens=hour,
        **parts,
    )
