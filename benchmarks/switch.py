"""Takes out what a contender has patched, and puts it in again.

What a peer patches is found by looking, not by its own `uninstrument`: some have none, and some leave half behind.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

_MISSING: Any = object()


class Switch:
    """What a contender put in place of the SDK's own attributes, to be taken out and put in again."""

    def __init__(self, install: Callable[[], None]) -> None:
        before = dict(_attributes())
        owners = {owner for owner, _ in before}
        install()
        # What is new on a module was imported meanwhile; only a class is given what it hadn't.
        self._changed = [
            (owner, name, before.get((owner, name), _MISSING), value)
            for (owner, name), value in dict(_attributes()).items()
            if owner in owners
            and before.get((owner, name), _MISSING) is not value
            and ((owner, name) in before or isinstance(owner, type))
        ]
        self._on = True

    @property
    def patched(self) -> list[str]:
        """Where it patches."""
        return sorted(
            f"{getattr(owner, '__module__', '')}.{owner.__name__}.{name}".lstrip(".")
            for owner, name, *_ in self._changed
        )

    def turn(self, *, on: bool) -> None:
        """Put its patches in, or the originals."""
        if on == self._on:
            return
        self._on = on
        for owner, name, original, patch in self._changed:
            value = patch if on else original
            if value is _MISSING:
                delattr(owner, name)
            else:
                setattr(owner, name, value)


def _attributes() -> Iterator[tuple[tuple[Any, str], Any]]:
    """Each attribute of each module and class of the SDK and of Mirascope, with whose it is."""
    for name, module in list(sys.modules.items()):
        if module is None or name.partition(".")[0] not in ("openai", "mirascope", "httpx"):
            continue
        for key, value in list(vars(module).items()):
            yield (module, key), value
            if isinstance(value, type) and value.__module__ == name:
                for attribute, inner in list(vars(value).items()):
                    if not attribute.startswith(("__pydantic_", "__signature__")):  # pydantic completes models lazily
                        yield (value, attribute), inner
