"""Check each way to call a model against the truth, in every environment: `python -m checks.matrix [name ...]`.

A part of the matrix (`mirascope`, `mirascope2`, `sdks`, `frameworks`) does it in one environment; here they are run
side by side and their counts added up. A name is that of an environment, or of what is run in one: a provider, an SDK,
a framework.
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

from checks.matrix.endpoints import CLIENTS
from checks.matrix.framework_runs import FRAMEWORKS
from checks.matrix.libraries import LIBRARIES
from checks.matrix.library_runs import LIBRARIES as MORE_LIBRARIES
from checks.matrix.mirascope2_runs import PROVIDERS
from checks.matrix.more_frameworks import MORE_FRAMEWORKS
from checks.matrix.retries import RETRIES
from replay import AUTHORITY
from support import ROOT
from support.cells import LEGACY, OTHERS
from support.faults import asked

_COUNTS = re.compile(r"(\d+) passed, (\d+) failed")


@dataclass(frozen=True, slots=True)
class Environment:
    """One environment, made by make, and what is run in it.

    Attributes:
        name: its name in requirements/environments.tsv.
        part: the part of the matrix that is run, with what it is to be told first.
        runs: providers, SDKs or frameworks.
    """

    name: str
    part: tuple[str, ...]
    runs: tuple[str, ...]

    @property
    def folder(self) -> str:
        """Where it is; the tests' own has its Python's version in its name, if make was given one."""
        return Path(sys.prefix).name if self.name == "dev" else f".venv-{self.name}"


ENVIRONMENTS = (
    Environment("dev", ("mirascope", "1.25.7"), (*OTHERS, RETRIES)),
    Environment("oldest", ("mirascope", "1.20.0"), (*OTHERS, RETRIES)),
    Environment("legacy", ("mirascope", "1.25.7"), LEGACY),
    Environment("oldest-legacy", ("mirascope", "1.20.0"), LEGACY),
    Environment("mirascope-newest", ("mirascope2", "2.8.2"), (*PROVIDERS, RETRIES)),
    Environment("mirascope-oldest", ("mirascope2", "2.0.0"), tuple(PROVIDERS)),
    Environment("sdks-newest", ("sdks",), (*CLIENTS, *LIBRARIES)),
    Environment("sdks-oldest", ("sdks",), (*CLIENTS, *LIBRARIES)),
    Environment("sdks-bedrock", ("frameworks",), tuple(MORE_LIBRARIES)),
    Environment("sdks-bedrock-oldest", ("frameworks",), tuple(MORE_LIBRARIES)),
    *(Environment(name, ("frameworks",), (name,)) for name in (*FRAMEWORKS, *MORE_FRAMEWORKS)),
)


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one environment; one that could not finish has failed once."""

    summary: str
    passed: int = 0
    failed: int = 1


def play(environment: Environment) -> Result:
    """Plays one environment's part and prints what it prints, line by line."""
    part, *told = environment.part
    command = [ROOT / environment.folder / "bin" / "python", "-m", f"checks.matrix.{part}", *told, *environment.runs]
    paths = os.pathsep.join((str(ROOT), str(ROOT / "src")))
    said = ""
    with subprocess.Popen(
        command,
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


def chosen(names: Sequence[str]) -> list[Environment]:
    """What the names ask for, all without any.

    Raises:
        ValueError: for names that are nobody's. The message says which there are.
    """
    environments = {environment.name: environment for environment in ENVIRONMENTS}
    runs = list(dict.fromkeys(run for environment in ENVIRONMENTS for run in environment.runs))
    unknown = sorted(set(names) - set(environments) - set(runs))
    if unknown:
        raise ValueError(f"no {', '.join(unknown)}: there are {', '.join(dict.fromkeys((*environments, *runs)))}")
    here = [environments[name] for name in names if name in environments] or list(ENVIRONMENTS)
    what = set(names) - set(environments) or set(runs)
    narrowed = (replace(each, runs=tuple(run for run in each.runs if run in what)) for each in here)
    return [environment for environment in narrowed if environment.runs]


def main(arguments: Sequence[str]) -> int:
    """Exit status 1 if any run fails."""
    asked("matrix")
    try:
        wanted = chosen(arguments)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    began = time.perf_counter()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(play, wanted))
    print()
    for environment, result in zip(wanted, results, strict=True):
        print(f"{environment.folder:<25}{' '.join(environment.part)}: {result.summary}")
    passed, failed = (sum(getattr(result, name) for result in results) for name in ("passed", "failed"))
    print(f"\n{passed + failed} runs in {time.perf_counter() - began:.0f} s")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
