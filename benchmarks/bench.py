"""chunkmeter beside its peers: CPU, memory and start-up, each against the bare SDK in the same process.

    make bench [ARGS="--write --turns 9 --only openllmetry,logfire"]

Each contender has an environment and a process of its own, in which bare and metered take turns. Figures are medians
with quartiles. `--write` puts them into docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from checks.pythons import OWN, named

from . import report
from .contenders import CONTENDERS, FLOOR, OURS, SWITCHED_OFF
from .imports import steps

ROOT = Path(__file__).resolve().parent.parent
CHUNKS, PARSED = (300, 1500), 100
"""Chunks of streams that are ready, the difference of which is a chunk's cost; and of one that the SDK decodes.

The shorter one is long enough for all that runs once a call to be as cold as in the longer one.
"""
CALLS, SECONDS = 15, 0.5
"""What a turn has of each figure: calls of each side, and seconds of CPU for streams that are read side by side."""
CROWD, PROBES = 10_000, 200
"""Open streams beside a call of chunkmeter's, and how many calls are timed beside them."""
MEMORY = 3000
"""Chunks of the stream whose memory is looked at."""
STARTS, OWN_STARTS = 3, 9
"""How many processes are started for the fastest."""
MODES = ("off", "unsampled", "content")
_ALONE = (*OURS, FLOOR)
"""Contenders that are measured in every run, one by one."""


class Remote:
    """A worker in its contender's environment, or with another Python, asked one thing at a time."""

    def __init__(self, name: str, content: str, python: str | None = None) -> None:
        self.contender = CONTENDERS[name]
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 -- lives as long as the process
        self._process = subprocess.Popen(
            [python or _python(name), "-m", "benchmarks.worker", name, content],
            cwd=ROOT,
            env=_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )

    def ask(self, do: str, **arguments: Any) -> Any:
        """What the worker answers.

        Raises:
            RuntimeError: if it ended instead.
        """
        process = self._process
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("a worker without pipes")
        try:
            process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
            process.stdin.flush()
        except BrokenPipeError:
            pass  # it has ended, which the missing answer tells
        answer = process.stdout.readline()
        if not answer:
            self._errors.seek(0)
            said = self._errors.read().strip().splitlines()
            raise RuntimeError(f"{self.contender.title} ended with {process.wait()}: {said[-1] if said else ''}")
        return json.loads(answer)

    def close(self) -> None:
        self._process.communicate()  # closes its stdin, at which it ends
        self._errors.close()


def _python(name: str) -> str:
    return str(ROOT / f".venv-bench-{CONTENDERS[name].home or name}" / "bin" / "python")


def _environment() -> dict[str, str]:
    # No contender is to be measured with somebody's settings, nor by a hook of theirs on the network.
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "CHUNKMETER_"))}
    return {**kept, "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}", "PYTHONHASHSEED": "0"}


class Bench:
    """What has been measured so far, as docs/performance.json has it."""

    def __init__(self, names: Sequence[str], turns: int, crowd: int, seconds: float) -> None:
        self._turns, self._crowd, self._seconds = turns, crowd, seconds
        self._pace: float | None = None
        """That of chunkmeter's process as it begins, which all times are scaled to."""
        self._makes = [(name, "off") for name in names]
        self._makes += [(name, "content") for name in names if CONTENDERS[name].content == SWITCHED_OFF]
        self.results: dict[str, Any] = {
            "machine": machine(), "turns": turns, "contenders": {}, "failed": {}, "rows": [], "imports": {},
        }  # fmt: skip

    def run(self) -> None:
        """All figures: chunkmeter's and its floor with nothing beside, then those of its peers, one a core."""
        for make in self._makes[: len(_ALONE)]:
            self._measure(*make)
        options = ("--turns", str(self._turns), "--pace", str(self._pace))
        self.results["own"] = answer(_python("chunkmeter"), "benchmarks.own", *options)
        self.results["importtime"] = importtime("hook")
        say("floors and imports")
        self._other_pythons(options)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(self._measure, *zip(*self._makes[len(_ALONE) :], strict=True)))
        rows = [row for row in self.results["rows"] if row["name"] in self.results["contenders"]]
        rows.sort(key=lambda row: (list(CONTENDERS).index(row["name"]), MODES.index(row["mode"])))
        self.results["rows"] = rows

    def _other_pythons(self, options: Sequence[str]) -> None:
        """A steady rate on each Python, and the floors again on those that are not this one."""
        self.results["steady"], self.results["pythons"] = {}, {}
        for version in named():
            python = _python("hook") if version == OWN else str(ROOT / f".venv-{version}" / "bin" / "python")
            if not Path(python).exists():
                say(f"Python {version}: not measured, make setup PYTHON=python{version} makes its environment")
                continue
            if version != OWN:
                self.results["pythons"][version] = answer(python, "benchmarks.own", *options)
            self.results["steady"][version] = answer(python, "benchmarks.steady", "--seconds", str(self._seconds))
            say(f"Python {version}")

    def _measure(self, name: str, content: str) -> None:
        """One contender, in one go: a process that waits for its turn is cold when it comes."""
        started, remote = time.monotonic(), Remote(name, content)
        try:
            self._pace = remote.ask("keep", usual=self._pace)
            if content == "off":
                self.results["contenders"][name] = remote.ask("hello")
            rows = {
                (mode, through): self._row(name, mode, through)
                for mode in (("off", "unsampled") if content == "off" else ("content",))
                for through in remote.contender.through
            }
            for turn in range(-1, self._turns):
                for row in rows.values():
                    self._turn(remote, row, turn)
            if content == "off":
                self._once(self.results["contenders"][name], remote)
            self.results["rows"] += rows.values()  # not before: one that fails half way is not half told of
        except RuntimeError as error:
            say(str(error))
            self.results["failed"][name] = str(error)
            if content == "off":
                self.results["contenders"].pop(name, None)
            return
        finally:
            remote.close()
        if content == "off" and name != FLOOR:
            starts = OWN_STARTS if name in OURS else STARTS
            self.results["imports"][name] = [answer(_python(name), "benchmarks.imports", name) for _ in range(starts)]
        say(f"{remote.contender.title}, content {content}: {time.monotonic() - started:.0f} s")

    def _row(self, name: str, mode: str, through: str) -> dict[str, Any]:
        lists: dict[str, list[float]] = {"chunk": [], "call": [], "ratio": [], "work": [], "plain": []}
        return {"name": name, "mode": mode, "through": through, **lists}

    def _turn(self, remote: Remote, row: dict[str, Any], turn: int) -> None:
        """One turn of all that is measured by turns; the one before the first only warms up."""
        through, sampled = row["through"], row["mode"] != "unsampled"
        call = remote.ask("call", through=through, turn=turn, times=CALLS, sampled=sampled)
        chunk = remote.ask("chunk", through=through, chunks=CHUNKS, seconds=SECONDS, sampled=sampled)
        if turn >= 0:
            row["call"].append(call)
            row["chunk"].append(chunk)
        if row["mode"] == "off":
            whole = remote.ask("parsed", through=through, chunks=PARSED, seconds=SECONDS)
            if turn >= 0:
                row["ratio"].append(whole["ratio"])
                row["work"].append(whole["bare"] / PARSED)
            if remote.contender.takes_plain(through):
                plain = remote.ask("plain", through=through, seconds=SECONDS)
                if turn >= 0:
                    row["plain"].append(plain["ratio"])

    def _once(self, contender: dict[str, Any], remote: Remote) -> None:
        through = remote.contender.through
        contender["memory"] = {each: remote.ask("memory", through=each, chunks=MEMORY) for each in through}
        if "openai" in through:
            crowds = (0, CROWD if remote.contender.package == "chunkmeter" else self._crowd)
            contender["crowd"] = {
                str(streams): remote.ask("crowd", streams=streams, probes=PROBES) for streams in crowds
            }


def answer(python: str, module: str, *arguments: str) -> Any:
    """What a script of the benchmark's prints, in a fresh process of that interpreter."""
    return json.loads(_run(python, "-m", module, *arguments, stdout=subprocess.PIPE).stdout)


def importtime(name: str) -> dict[str, dict[str, Any]]:
    """What `python -X importtime` says of a contender's import and its switching on, by step."""
    done = _run(_python(name), "-X", "importtime", "-m", "benchmarks.imports", name, capture_output=True)
    return steps(done.stderr, CONTENDERS[name].package)


def _run(*command: str, **pipes: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, env=_environment(), text=True, check=True, **pipes)


def say(progress: str) -> None:
    print(progress, file=sys.stderr, flush=True)


def machine() -> dict[str, Any]:
    """What the figures were taken on."""
    model = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), model)
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "date": datetime.now(UTC).date().isoformat(),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--turns", type=int, default=9, help="how often each figure is taken")
    parser.add_argument("--crowd", type=int, default=CROWD, help="streams that are open beside a peer's call")
    parser.add_argument("--seconds", type=float, default=60, help="of short calls at a steady rate, on each Python")
    parser.add_argument("--only", help="contenders beside chunkmeter, with commas")
    parser.add_argument("--write", action="store_true", help="put the figures into docs/performance.md")
    options = parser.parse_args()
    names = [name for name in CONTENDERS if not options.only or name in (*_ALONE, *options.only.split(","))]
    started = time.monotonic()
    bench = Bench(names, options.turns, options.crowd, options.seconds)
    bench.run()
    bench.results["seconds"] = round(time.monotonic() - started)
    print(report.text(bench.results))
    if options.write:
        report.write(bench.results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
