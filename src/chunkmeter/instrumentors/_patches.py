"""What stands in place of a library's own functions, until it is taken away again."""

from __future__ import annotations

from functools import partial
from typing import Any, Protocol

import wrapt

from ..telemetry import Telemetry

__all__ = ["Patches", "Wrapper"]


class Wrapper(Protocol):
    """What is called instead of a function, as wrapt calls it."""

    def __call__(self, wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any: ...


class Patches:
    """The hooks of one instrumentor in one library.

    Attributes:
        active: whether they are to work. A hook that somebody still holds after `remove()` finds it false.
    """

    def __init__(self, telemetry: Telemetry) -> None:
        self.active = True
        self._telemetry = telemetry
        self._done: list[tuple[Any, str, Any, bool]] = []

    def put(self, module: str, name: str, wrapper: Wrapper) -> None:
        """Put `wrapper` in place of `name` in `module`: now, or when the module is imported."""
        wrapt.register_post_import_hook(partial(self._patch, name, wrapper), module)

    def remove(self) -> None:
        """Put the library's own back."""
        self.active = False
        for parent, attribute, original, inherited in reversed(self._done):
            if inherited:
                delattr(parent, attribute)
            else:
                setattr(parent, attribute, original)
        self._done.clear()

    def _patch(self, name: str, wrapper: Wrapper, module: Any) -> None:
        if not self.active:
            return
        with self._telemetry.guard("hook", f"hooking {module.__name__}.{name}"):
            parent, attribute, original = wrapt.resolve_path(module, name)
            self._done.append((parent, attribute, original, attribute not in vars(parent)))
            setattr(parent, attribute, wrapt.FunctionWrapper(original, wrapper))
