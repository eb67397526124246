"""Parts of a page that `make docs` writes: what stands between their marks."""

from __future__ import annotations

import re
from collections.abc import Callable

__all__ = ["remade"]

_MARKED = re.compile(r"(<!-- made by make docs(?:: (\w+))? -->\n).*?(<!-- end -->)", re.DOTALL)


def remade(page: str, make: Callable[[str], str]) -> str:
    """The page with each such part made anew.

    Args:
        page: its text.
        make: what a part has to be, by its name; the name is empty where the mark has none.
    """
    return _MARKED.sub(lambda found: f"{found[1]}{make(found[2] or '')}{found[3]}", page)
