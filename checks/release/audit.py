"""`make audit`: whether a known vulnerability is in what is pinned, by pip-audit, which asks OSV's database.

    python -m checks.release.audit             # all of requirements/*.txt
    python -m checks.release.audit runtime     # what chunkmeter brings to its users

An audit that got no answer, or none for some package, has not passed: its exit status is 2.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from checks.release.built import RELEASE, bare
from checks.release.pins import layers
from support import ROOT

__all__ = ["Verdict", "judged"]

PINS = ROOT / "requirements"


class Verdict(NamedTuple):
    """What came of an audit.

    Attributes:
        status: the exit status: 0 where nothing is known, 1 for a vulnerability, 2 where there was no answer.
        lines: what is to be told.
    """

    status: int
    lines: list[str]


def judged(printed: str, complained: str) -> Verdict:
    """What pip-audit came to.

    Args:
        printed: its JSON, or nothing if it broke off.
        complained: what it wrote on stderr; its last line is the reason.
    """
    try:
        packages: list[dict[str, Any]] = json.loads(printed)["dependencies"]
    except ValueError:
        last = complained.strip().splitlines()[-1:] or ["it said nothing"]
        return Verdict(2, ["NOT AUDITED: the database of vulnerabilities (api.osv.dev) gave no answer:", *last])
    vulnerable = [
        f"{each['name']} {each['version']}: {found['id']} {', '.join(found.get('aliases') or ())}".rstrip()
        + f"; mended in {', '.join(found['fix_versions']) or 'no release yet'}"
        for each in packages
        for found in each.get("vulns") or ()
    ]
    skipped = [f"NOT AUDITED: {each['name']}: {each['skip_reason']}" for each in packages if "skip_reason" in each]
    asked = f"{len(packages) - len(skipped)} packages audited, {len(vulnerable)} known vulnerabilities"
    return Verdict(1 if vulnerable else 2 if skipped or not packages else 0, [*vulnerable, *skipped, asked])


def main(arguments: Sequence[str]) -> int:
    """The exit status of the verdict. Arguments are names of environments; all, if there are none."""
    names = arguments or sorted(path.stem for path in PINS.glob("*.txt"))
    if unknown := [name for name in names if not (PINS / f"{name}.txt").is_file()]:
        print(f"no pins of {', '.join(unknown)}: see requirements/environments.tsv", file=sys.stderr)
        return 2
    verdicts = [_asked(layer) for layer in layers((PINS / f"{name}.txt").read_text("utf-8") for name in names)]
    for verdict in verdicts:
        print(*verdict.lines, sep="\n")
    statuses = {verdict.status for verdict in verdicts}
    return 1 if 1 in statuses else max(statuses)


def _asked(layer: str) -> Verdict:
    with tempfile.TemporaryDirectory(prefix="chunkmeter-audit-") as work:
        pins = Path(work) / "pins.txt"
        pins.write_text(layer, encoding="utf-8")
        command = [RELEASE / "pip-audit", "--vulnerability-service", "osv", "--disable-pip", "--no-deps"]
        command += ["--format", "json", "--progress-spinner", "off", "--requirement", pins]
        done = subprocess.run(command, cwd=ROOT, env=bare(), capture_output=True, text=True, check=False)
    return judged(done.stdout, done.stderr)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
