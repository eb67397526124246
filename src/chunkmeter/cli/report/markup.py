"""HTML from Python: every text is escaped, unless it is markup made here. Pure."""

from __future__ import annotations

from html import escape

__all__ = ["Markup", "join", "tag"]

_EMPTY = frozenset({"meta", "rect", "line", "path"})
"""Elements without content."""


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def tag(_name: str, *content: str | None, **attributes: object) -> Markup:
    """An element.

    Args:
        _name: its name.
        content: texts, which are escaped, and markup, which is not; None for nothing.
        attributes: by name, `_` for `-`; one ending in `_` loses that, as in `class_`. None and False leave one out,
            True has no value.
    """
    named = "".join(
        _attribute(name, value) for name, value in attributes.items() if value is not None and value is not False
    )
    if _name in _EMPTY and not content:
        return Markup(f"<{_name}{named}/>" if _name != "meta" else f"<{_name}{named}>")
    return Markup(f"<{_name}{named}>{join(*content)}</{_name}>")


def join(*content: str | None) -> Markup:
    """Texts and markup, one after the other."""
    return Markup("".join(each if isinstance(each, Markup) else escape(each) for each in content if each is not None))


def _attribute(name: str, value: object) -> str:
    name = name.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'
