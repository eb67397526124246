"""The wheel in an environment of its own, with its pinned requirements and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from checks.release.built import TOOLS, said
from support import ROOT

__all__ = ["Installed"]

PINS = ROOT / "requirements" / "runtime.txt"
PROGRAM = Path(__file__).with_name("metered.py")
COST = 1200 * 0.15e-6 + 45 * 0.60e-6
"""USD: what gpt-4o-mini charges for the tokens in and out of the program's one call."""


class Installed:
    """The environment.

    Args:
        home: its folder, which must not be there.
        interpreter: the Python that it is made with.
        wheel: what is installed.

    Raises:
        RuntimeError: if it can't be made; that the pins lack something that the wheel wants is one reason.
    """

    def __init__(self, home: Path, interpreter: str, wheel: Path) -> None:
        self.home, self.python = home, home / "bin" / "python"
        uv = (TOOLS / "uv", "--quiet")
        install = (*uv, "pip", "install", "--python", self.python)
        for command in (
            (*uv, "venv", "--python", interpreter, home),
            (*install, "--require-hashes", "--requirement", PINS),
            # From the wheel alone, with no index: what it wants has to be there.
            (*install, "--no-index", wheel),
        ):
            status, told = said(*command, cwd=home.parent)
            if status:
                raise RuntimeError(told)

    def wrong(self, number: str, python: str) -> list[str]:
        """What the command and a user's program do otherwise than they should.

        Args:
            number: chunkmeter's version.
            python: the interpreter's, such as `3.13`.
        """
        command = self.home / "bin" / "chunkmeter"
        asked = ("gpt-4o-mini", "--provider", "openai", "--input", "1200", "--output", "45")
        # Written in decimals, so that the text is the arithmetic: 0.00018 + 0.000027.
        priced = {"amount": "0.000207", "currency": "USD"}
        metered = {
            "python": python, "span": "chat", "reasons": ["stop"],
            "cost": pytest.approx(COST, abs=1e-12), "spend": [pytest.approx(COST, abs=1e-12)], "calls": [1],
        }  # fmt: skip
        wrong = []
        told = self._said(command, "--version")
        if told != f"chunkmeter {number}":
            wrong.append(f"`chunkmeter --version` says {told!r}")
        price = self._json(command, "price", *asked, "--json")
        if {name: price.get(name) for name in priced} != priced:
            wrong.append(f"`chunkmeter price` says {price}")
        ran = self._json(self.python, "-I", PROGRAM)
        if ran != metered:
            wrong.append(f"the program says {ran}")
        return wrong

    def _said(self, *command: str | Path) -> str:
        status, told = said(*command, cwd=self.home)
        return f"{told}, exit status {status}" if status else told

    def _json(self, *command: str | Path) -> dict[str, object]:
        told = self._said(*command)
        try:
            return json.loads(told)
        except ValueError:
            return {"said": told}
