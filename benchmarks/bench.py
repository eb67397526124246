"""chunkmeter beside its peers: CPU, memory and start-up, each against the bare SDK in the same process.

    make bench [ARGS="--write --seconds 300 --only openllmetry,logfire"]

Each contender has an environment and a process of its own, whose turns alternate with the others'; within a turn bare
and metered alternate. Figures are medians with quartiles. `--write` puts them into docs/performance.md.
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
from typing import Any, Self

from . import report
from .contenders import CONTENDERS, SHORTEST, SWITCHED_OFF

ROOT = Path(__file__).resolve().parent.parent
CHUNKS, LONG, SHORT = 300, 5, 15
"""Chunks of a stream, and how many such a turn has, of each side; and how many of the shortest, for a call's cost."""
CROWDS, PROBES = (0, 10_000), 200
"""Open streams beside a call, and how many calls are timed beside them."""
MEMORY = 3000
"""Chunks of the stream whose memory is looked at."""
LEAST_TURNS, IMPORTS = 3, 9


class Remote:
    """A worker in its contender's environment, asked one thing at a time."""

    def __init__(self, name: str, mode: str) -> None:
        self.contender = CONTENDERS[name]
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 -- lives as long as the process
        self._process = subprocess.Popen(
            [_python(name), "-m", "benchmarks.worker", name, mode],
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
    return str(ROOT / f".venv-bench-{name}" / "bin" / "python")


def _environment() -> dict[str, str]:
    # No contender is to be measured with somebody's settings, nor by a hook of theirs on the network.
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "CHUNKMETER_"))}
    return {**kept, "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}", "PYTHONHASHSEED": "0"}


class Bench:
    """All workers, and what they have answered so far, as docs/performance.json has it."""

    def __init__(self, names: Sequence[str]) -> None:
        makes = [(name, mode) for name in names for mode in ("off", "unsampled")]
        makes += [(name, "content") for name in names if CONTENDERS[name].content == SWITCHED_OFF]
        self._names = names
        self._remotes = {(name, mode): Remote(name, mode) for name, mode in makes}
        self.results: dict[str, Any] = {"machine": machine(), "contenders": {}, "failed": {}, "rows": [], "imports": {}}
        self._rows: dict[tuple[str, str, str], dict[str, Any]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for remote in self._remotes.values():
            remote.close()

    def run(self, seconds: float) -> None:
        """All figures; turns are taken until `seconds` have passed, but at least three."""
        self._begin()
        started, turn = time.monotonic(), 0
        while turn < LEAST_TURNS or time.monotonic() - started < seconds:
            for (name, mode), remote in self._remotes.items():
                for through in remote.contender.through:
                    self._turn(remote, self._row(name, mode, through), turn)
            turn += 1
            say(f"turn {turn} after {time.monotonic() - started:.0f} s")
        self.results["turns"] = turn
        for name in self._contenders():
            self._once(name, self._remotes[name, "off"])
        for _ in range(IMPORTS):
            for name in self._contenders():
                self.results["imports"].setdefault(name, []).append(_answer(name, "benchmarks.imports", name))
            say("imports")
        self.results["own"] = _answer("chunkmeter", "benchmarks.own")

    def _begin(self) -> None:
        """Ask each what it is; one that doesn't run is told of and left out."""

        def hello(remote: Remote) -> Any:
            try:
                return remote.ask("hello")
            except RuntimeError as error:
                return error

        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(hello, self._remotes.values()))
        for (name, mode), answer in zip(list(self._remotes), answers, strict=True):
            if isinstance(answer, RuntimeError):
                say(str(answer))
                self.results["failed"][name] = str(answer)
            elif mode == "off":
                self.results["contenders"][name] = answer
        for name, mode in list(self._remotes):
            if name in self.results["failed"]:
                self._remotes.pop((name, mode)).close()
                self.results["contenders"].pop(name, None)

    def _contenders(self) -> list[str]:
        return [name for name in self._names if name in self.results["contenders"]]

    def _row(self, name: str, mode: str, through: str) -> dict[str, Any]:
        key = (name, mode, through)
        if key not in self._rows:
            lists: dict[str, list[float]] = {"chunk": [], "call": [], "ratio": [], "work": []}
            self._rows[key] = {"name": name, "mode": mode, "through": through, **lists}
            self.results["rows"].append(self._rows[key])
        return self._rows[key]

    def _turn(self, remote: Remote, row: dict[str, Any], turn: int) -> None:
        through = row["through"]
        short = remote.ask("ready", through=through, chunks=SHORTEST, turn=turn, times=SHORT)
        long = remote.ask("ready", through=through, chunks=CHUNKS, turn=turn, times=LONG)
        call = short["metered"] - short["bare"]
        row["call"].append(call)
        row["chunk"].append((long["metered"] - long["bare"] - call) / (CHUNKS - SHORTEST))
        if row["mode"] == "off":
            whole = remote.ask("parsed", through=through, chunks=CHUNKS, turn=turn, times=LONG)
            row["ratio"].append(whole["metered"] / whole["bare"])
            row["work"].append(whole["bare"] / CHUNKS)

    def _once(self, name: str, remote: Remote) -> None:
        contender = self.results["contenders"][name]
        contender["memory"] = {
            through: remote.ask("memory", through=through, chunks=MEMORY) for through in remote.contender.through
        }
        if "openai" in remote.contender.through:
            contender["crowd"] = {
                str(streams): remote.ask("crowd", streams=streams, probes=PROBES) for streams in CROWDS
            }
        say(f"{remote.contender.title}: memory, {CROWDS[-1]} streams at once")


def _answer(name: str, module: str, *arguments: str) -> Any:
    """What a script prints, in a fresh process of that contender's environment."""
    command = [_python(name), "-m", module, *arguments]
    done = subprocess.run(command, cwd=ROOT, env=_environment(), stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


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
    parser.add_argument("--seconds", type=float, default=300, help="for the turns; the rest takes as long again")
    parser.add_argument("--only", help="contenders beside chunkmeter, with commas")
    parser.add_argument("--write", action="store_true", help="put the figures into docs/performance.md")
    options = parser.parse_args()
    names = [name for name in CONTENDERS if not options.only or name in ("chunkmeter", *options.only.split(","))]
    started = time.monotonic()
    with Bench(names) as bench:
        bench.run(options.seconds)
    bench.results["seconds"] = round(time.monotonic() - started)
    print(report.text(bench.results))
    if options.write:
        report.write(bench.results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
