"""Runs every check of the project in order of worth, for as long as there is time; stops at the first that fails twice.

First come the checks that tell most for their time, and the tests on one more of the Pythons that chunkmeter names,
another one with each commit. Then come those that the changed files can break, then the rest. The last two take turns:
each commit begins with another one, so that a slow machine sees them all within a few commits. The last lines say what
ran, what did not, and why. Standard library only, for nothing is installed yet.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from checks import pythons  # noqa: E402

FIRST = ("lint", "quick", "test", "demo")
# Each is a turn of its own. On a new machine the backends take some 20 minutes to build; Go's cache keeps them.
TURNS = {
    "torture": ("torture",),
    "guard": ("guard",),
    "linear": ("linear",),
    "outages": ("outages",),
    "corpus": ("corpus",),
    "matrix": ("matrix",),
    "fuzz": ("fuzz",),
    "stress": ("stress",),
    "green": ("green",),
    "coexist": ("coexist",),
    "uis": ("uis",),
    "e2e": ("backends", "e2e"),
    "release": ("dist",),
    "bench": ("bench",),
}
FAULTS = {
    "test": (
        "double-cached",
        "ignore-tier",
        "unknown-is-zero",
        "forget-item",
        "believe-any-host",
        "queue-at-import",
        "raw-names",
        "unbounded-hosts",
        "quadratic-framing",
    ),
    "torture": ("double-settle", "swallow-cancel", "zero-cost", "never-end"),
    "guard": ("slow-chunk", "slow-call", "slow-price"),
    "corpus": ("sum-usage", "last-finish-only", "drop-cache", "double-cached"),
    "fuzz": ("sum-usage",),
    "stress": ("settle-in-finalizer",),
    "green": ("queue-at-import",),
    "coexist": ("double-cost", "price-parents", "lost-enrichment"),
    "uis": ("lost-cost", "second-span"),
    "matrix": ("double-hook", "lost-raw", "early-end"),
    "e2e": ("lost-batch", "double-count", "wrong-unit", "raw-names", "forget-item"),
}
"""The bugs that can be planted: a target has to find each of its own."""
BY_HAND = {
    "audit": "is run by hand, since it asks a database of vulnerabilities on the network",
    "page": "is run by hand, since it needs Chromium, and axe-core from npm",
    "sdk-tests": "is run by hand, since it downloads the SDKs' sources",
    "shots": "is run by hand, since it needs Chromium, and somebody who looks at the pictures",
}
"""What never runs here, and why."""
# The environments in which a target is run. Those in parentheses take turns, one a run; the whole is run by hand.
ENVIRONMENTS = {
    "matrix": (
        ("dev",), ("oldest",), ("legacy",), ("oldest-legacy",), ("mirascope-newest", "mirascope-oldest"),
        ("sdks-newest", "sdks-oldest", "sdks-bedrock", "sdks-bedrock-oldest"),
        (
            "langchain-openai", "pydantic-ai-slim", "instructor", "openai-agents", "llama-index-llms-litellm", "dspy",
            "crewai", "strands-agents", "google-adk",
        ),
    ),
    "coexist": (("coexist", "coexist-older", "coexist-openai-v2", "coexist-mirascope"),),
}  # fmt: skip

# What a changed file can break beyond what runs first. The first row that a path begins with counts. A path without
# a row counts for all: the Makefile, pins, what the checks share, what every module reads.
BREAKS = (
    ("checks/e2e/programs.py", ("uis", "e2e")),
    *((f"checks/{name}", (name,)) for name in TURNS),
    ("checks/report/", ()),
    ("src/chunkmeter/calls/", ("torture", "guard", "outages", "stress", "green")),
    ("src/chunkmeter/cli/", ()),
    ("src/chunkmeter/facts/", ("torture", "corpus", "fuzz")),
    ("src/chunkmeter/foreign/", ("coexist", "bench")),
    *((f"src/chunkmeter/{name}.py", ("coexist",)) for name in ("exporter", "finished", "processor")),
    ("src/chunkmeter/instrumentors/", ("matrix",)),
    ("src/chunkmeter/pricing/", ("guard", "linear", "corpus", "green")),
    ("src/chunkmeter/readers/", ("linear", "corpus", "fuzz")),
    ("src/chunkmeter/reporting/", ("guard", "outages", "stress", "uis", "e2e")),
    ("src/chunkmeter/streams/", ("torture", "guard", "stress")),
    ("replay/", ("torture", "outages", "matrix", "uis", "e2e")),
    ("backends/", ("e2e",)),
    ("collector-config/", ("e2e",)),
    ("benchmarks/", ("guard", "bench")),
    ("docs/performance.md", ("bench",)),
    ("docs/reliability.md", ("outages",)),
    *((prefix, ()) for prefix in (".ci/", ".editorconfig", ".gitignore", "docs/", "examples/", "tests/")),
    *((name, ()) for name in ("CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md")),
)
RECENT = 2 * 24 * 3600
"""Seconds before the newest commit in which a file counts as changed: a run may have been missed."""
GRACE = 10
"""Seconds that a check gets to end when its time is over."""
# A planted fault has to make one comparison fail; an app or a backend that breaks is no detection.
FOUND = re.compile(r"^(=* |.*, )1 failed", re.MULTILINE)
BROKE = re.compile(r"\bended with (exit status )?-?\d")
SAID = re.compile(r"^E  .*|.*expected.*|.* USD counted, .*|.* calls$", re.MULTILINE)


class Job(NamedTuple):
    """A target, sound or with a planted fault; on another Python, if it names one, such as `3.13`; a part of it."""

    target: str
    fault: str | None = None
    python: str | None = None
    args: str = ""

    def __str__(self) -> str:
        fault = f"FAULT={self.fault} " if self.fault else ""
        args = f" ARGS='{self.args}'" if self.args else ""
        return f"{fault}make {self.target}" + (f" PYTHON=python{self.python}" if self.python else "") + args


def breakable(files: Iterable[str] | None) -> set[str]:
    """Which turns these files can break; none where it is not known what has changed."""
    rows = [next((broken for prefix, broken in BREAKS if file.startswith(prefix)), TURNS) for file in files or ()]
    return {name for broken in rows for name in broken}


def turns(files: Iterable[str] | None, turn: int) -> list[str]:
    """What comes after the first checks: what the changed files can break, then the rest, each from its turn on."""
    broken = breakable(files)
    order: list[str] = []
    for names in ([name for name in TURNS if name in broken], [name for name in TURNS if name not in broken]):
        start = turn % len(names) if names else 0
        order += names[start:] + names[:start]
    return order


def plan(files: Iterable[str] | None, turn: int) -> list[Job]:
    """Every job there is, in the order in which they are to run.

    Args:
        files: what has changed of late, None where nobody knows.
        turn: a number that grows by one with every commit.
    """
    others = [version for version in pythons.named() if version != pythons.OWN]
    other = Job("test", python=others[turn % len(others)])
    later = [target for name in turns(files, turn) for target in TURNS[name]]
    args = {target: " ".join(environments(target, turn)) for target in ENVIRONMENTS}
    return [*_with_faults(FIRST), other, *_with_faults(later, args)]


def environments(target: str, turn: int) -> list[str]:
    """Those in which a target is run in this turn."""
    return [names[turn % len(names)] for names in ENVIRONMENTS[target]]


def not_planned(turn: int) -> list[str]:
    """What this turn leaves out, and why."""
    others = {
        target: [name for names in rows for name in names if name not in environments(target, turn)]
        for target, rows in ENVIRONMENTS.items()
    }
    return [
        *(
            f"make {target} ARGS='{' '.join(names)}': their turns come with later commits"
            for target, names in others.items()
        ),
        *(f"make {target}: {reason}" for target, reason in BY_HAND.items()),
    ]


def _with_faults(targets: Iterable[str], args: Mapping[str, str] = {}) -> list[Job]:
    return [
        Job(target, fault, args="" if fault else args.get(target, ""))
        for target in targets
        for fault in (None, *FAULTS.get(target, ()))
    ]


def history() -> tuple[list[str] | None, int]:
    """The files that commits of late touched, and the number of commits; of a history cut short, None and the time."""
    try:
        if _git("rev-parse", "--is-shallow-repository") != "false":
            raise ValueError("a shallow clone")
        since = int(_git("show", "--no-patch", "--format=%ct", "HEAD")) - RECENT
        # Of a rename both paths, of a merge what it resolved itself.
        touched = _git("log", "-c", f"--since=@{since} +0000", "--name-only", "--no-renames", "--format=", "HEAD")
        return sorted({line for line in touched.splitlines() if line}), int(_git("rev-list", "--count", "HEAD"))
    except (OSError, ValueError, subprocess.CalledProcessError):
        return None, int(time.time())


def _git(*arguments: str) -> str:
    return subprocess.run(("git", *arguments), cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def run(job: Job, seconds: float, python: str | None = None) -> bool | None:
    """Whether a job came to what it has to; None if its time was over before.

    Args:
        job: what to run.
        seconds: how long it may take.
        python: the interpreter of its own that the job runs on.
    """
    environment = {**os.environ, "FAULT": job.fault} if job.fault else None
    stdout, stderr = (subprocess.PIPE, subprocess.STDOUT) if job.fault else (None, None)
    given = (*((f"PYTHON={python}",) if python else ()), *((f"ARGS={job.args}",) if job.args else ()))
    # A group of its own, so that what a check has started ends with it.
    with subprocess.Popen(
        ("make", "--no-print-directory", job.target, *given),
        cwd=ROOT, env=environment, text=True, errors="replace", start_new_session=True, stdout=stdout, stderr=stderr,
    ) as process:  # fmt: skip
        try:
            output = process.communicate(timeout=seconds)[0]
        except subprocess.TimeoutExpired:
            return None
        finally:
            _end(process)
    if not job.fault:
        return process.returncode == 0
    if process.returncode == 0 or not FOUND.search(output) or BROKE.search(output):
        print(output, f"{job}: the fault was not found", sep="\n", flush=True)
        return False
    said = SAID.search(output)
    print(f"--- the fault was found: {said[0] if said else ''}", flush=True)
    return True


def _run_twice(job: Job, until: float, python: str | None) -> tuple[bool | None, str]:
    """What a job came to, as `run` says it, and in words.

    What failed is run once more, for the machine may have been too busy for a wait of the check's own. What passes then
    is told apart from what passed at once: it is a fault to be looked into, in the check or in what it checks.
    """
    print(f"\n=== {job}", flush=True)
    passed = run(job, until - time.monotonic(), python)
    if passed is not False:
        return passed, "passed" if passed else "not at its end when the time was over,"
    print(f"\n=== once more, for it failed: {job}", flush=True)
    passed = run(job, until - time.monotonic(), python)
    # Where no time was left for a second run, the first one counts.
    return bool(passed), "FAILED, and passed when run once more," if passed else "FAILED"


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.communicate(timeout=GRACE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def main() -> int:
    """Run what there is time for; 1 if something failed."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # or what has been started would go on
    limit, began = float(os.environ.get("CHUNKMETER_CI_SECONDS") or 4800), time.monotonic()
    ran, left_out, failed = list[str](), list[str](), None
    files, turn = history()
    for job in plan(files, turn):
        now = time.monotonic()
        if failed:
            left_out.append(f"{job}: {failed} failed before it")
        elif job.target == "corpus" and job.fault and not (ROOT.parent / "shared/corpus/index.jsonl").exists():
            left_out.append(f"{job}: there are no recorded streams in ../shared/corpus")
        elif job.python and (python := pythons.find(job.python)) is None:
            left_out.append(f"{job}: this Python is neither on PATH nor in pyenv's folder")
        elif now - began >= limit:
            left_out.append(f"{job}: no time was left")
        else:
            passed, said = _run_twice(job, began + limit, python if job.python else None)
            (left_out if passed is None else ran).append(f"{job}: {said} after {time.monotonic() - now:.0f} s")
            failed = job if passed is False else None
    left_out += not_planned(turn)
    print("\n=== what ran", *ran, sep="\n")
    print("\n=== what did not run", *left_out, sep="\n")
    outcome = f"{failed} failed" if failed else "All that ran passed"
    print(f"\n{outcome}, after {time.monotonic() - began:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
