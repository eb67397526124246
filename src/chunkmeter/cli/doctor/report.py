"""The doctor's report, as text and as JSON. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from .conditions import Finding, Level

__all__ = ["Report"]

_LEVELS: tuple[Level, ...] = ("look", "loses money")


@dataclass(frozen=True, slots=True)
class Report:
    """What was found.

    Attributes:
        fine: lines on what is in order, and on what happened.
        findings: what is not.
        code: the command's exit code; None without a command.
    """

    fine: tuple[str, ...]
    findings: tuple[Finding, ...]
    code: int | None = None

    def exit_code(self) -> int:
        """The command's, unless that is 0 or there was none: then whether something was found."""
        if self.code:
            return self.code if self.code > 0 else 128 - self.code
        return int(bool(self.findings))

    def as_text(self) -> str:
        """Sections: what is in order, what is worth a look, what loses money; each finding with the line to write."""
        return "\n".join(self._lines())

    def as_json(self) -> str:
        """One line of JSON."""
        findings = [asdict(each) for each in self.findings]
        return json.dumps({"ok": self.fine, "findings": findings, "command_exit_code": self.code})

    def _lines(self) -> Iterator[str]:
        yield "ok"
        yield from (f"  {line}" for line in self.fine)
        for level in _LEVELS:
            yield from _section(level, [each for each in self.findings if each.level == level])


def _section(level: Level, findings: Sequence[Finding]) -> Iterator[str]:
    if not findings:
        return
    yield f"\n{level}"
    for each in findings:
        yield f"  {each.id}: {each.what}"
        yield f"    so:    {each.why}"
        yield f"    write: {each.cure}"
