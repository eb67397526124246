"""Check every way to call Mirascope against the truth, in every environment: `python tests/matrix.py [provider ...]`.

`tests/matrix_part.py` does it in one environment; here they are run side by side and their counts added up.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

from replay import AUTHORITY
from replay.scenarios import Service

ROOT = Path(__file__).parent.parent
ALL: tuple[Service, ...] = get_args(Service)
LEGACY: tuple[Service, ...] = ("gemini", "vertex")
OTHERS: tuple[Service, ...] = tuple(service for service in ALL if service not in LEGACY)
_COUNTS = re.compile(r"(\d+) passed, (\d+) failed")


@dataclass(frozen=True, slots=True)
class Environment:
    """One environment, made by make, and the providers that are run in it."""

    name: str
    mirascope: str
    services: tuple[Service, ...]


ENVIRONMENTS = (
    Environment(".venv", "1.25.7", OTHERS),
    Environment(".venv-oldest", "1.20.0", OTHERS),
    Environment(".venv-legacy", "1.25.7", LEGACY),
    Environment(".venv-oldest-legacy", "1.20.0", LEGACY),
)


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one environment; one that could not finish has failed once."""

    summary: str
    passed: int = 0
    failed: int = 1


def play(environment: Environment) -> Result:
    """Plays one environment's part and prints what it prints, line by line."""
    command = [ROOT / environment.name / "bin" / "python", "-m", "tests.matrix_part", environment.mirascope]
    paths = os.pathsep.join((str(ROOT), str(ROOT / "src")))
    said = ""
    with subprocess.Popen(
        [*command, *environment.services],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": paths, "SSL_CERT_FILE": str(AUTHORITY)},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            said = line.strip() or said
    counts = _COUNTS.match(said)
    if counts is None:
        return Result(f"ended with exit status {process.returncode} before its end")
    return Result(said.partition("; ")[2], int(counts[1]), int(counts[2]))


def main(arguments: Sequence[str]) -> int:
    """Exit status 1 if any run fails."""
    unknown = sorted(set(arguments) - set(ALL))
    if unknown:
        print(f"no provider {', '.join(unknown)}: there are {', '.join(ALL)}", file=sys.stderr)
        return 2
    wanted = [
        replace(environment, services=chosen)
        for environment in ENVIRONMENTS
        if (chosen := tuple(s for s in environment.services if s in arguments or not arguments))
    ]
    began = time.perf_counter()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(play, wanted))
    print()
    for environment, result in zip(wanted, results, strict=True):
        print(f"{environment.name:<20}Mirascope {environment.mirascope}: {result.summary}")
    passed, failed = (sum(getattr(result, name) for result in results) for name in ("passed", "failed"))
    print(f"\n{passed + failed} runs in {time.perf_counter() - began:.0f} s")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
