"""Name patterns in which `*` stands for any letters; case is ignored. Pure.

A name is searched once for each piece of a pattern, from left to right and never back.
"""

from __future__ import annotations

__all__ = ["Glob", "fold", "is_glob"]


def fold(word: str) -> str:
    """The word in the spelling in which words that differ by case alone are equal."""
    return word.casefold()


def is_glob(word: str) -> bool:
    """Whether a word is a pattern, and not simply a name."""
    return "*" in word


class Glob:
    """A pattern, such as `*llama*70b*`.

    Args:
        pattern: the pattern, with one star or more.
    """

    __slots__ = ("_begin", "_end", "_least", "_middle")

    def __init__(self, pattern: str) -> None:
        self._begin, *middle, self._end = fold(pattern).split("*")
        self._middle = tuple(piece for piece in middle if piece)
        self._least = len(self._begin) + len(self._end)

    def fits(self, name: str) -> bool:
        """Whether the pattern fits a folded name."""
        if len(name) < self._least or not name.startswith(self._begin) or not name.endswith(self._end):
            return False
        # The leftmost place of a piece leaves most for those after it, so no other place has to be tried.
        at, end = len(self._begin), len(name) - len(self._end)
        for piece in self._middle:
            at = name.find(piece, at, end)
            if at < 0:
                return False
            at += len(piece)
        return True
