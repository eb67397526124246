"""`make backends`: the real backends, from Collector to VictoriaMetrics, built from pinned sources into a cache.

The cache is $CHUNKMETER_CACHE, else $XDG_CACHE_HOME/chunkmeter, else ~/.cache/chunkmeter. What is there is not
built again: each backend has a folder named by its version and by a digest of all that goes into it.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

HERE = Path(__file__).resolve().parent
PINS = HERE / "pins.toml"
MANIFEST = HERE / "collector.yaml"
GO_BUILD = ("go", "build", "-trimpath", "-ldflags=-s -w")
EVERY = 60.0
"""Seconds after which a command that goes on is told of."""
NO_GO = (
    "make backends: no Go compiler (`go`) on the PATH. The real Collector, Jaeger, Prometheus, Alertmanager and "
    "VictoriaMetrics are built with Go 1.26 or newer, for `make e2e` alone: install Go and run it again. Everything "
    "else works without."
)


class BuildError(Exception):
    """A backend can't be built; the text says why."""


@dataclass(frozen=True, slots=True)
class Backend:
    """One backend: the module it is built from, as `pins.toml` has it, and the programs that it gives.

    Attributes:
        name: what it is called.
        pin: module, version, checksum; the programs, their folder, and a placeholder where it needs one.
        programs: names of its binaries.
        parts: a manifest of the Collector's builder that `pin` is; None where `pin` is the backend itself.
    """

    name: str
    pin: dict[str, Any]
    programs: tuple[str, ...]
    parts: Path | None = None

    @property
    def home(self) -> Path:
        """Where its binaries are kept."""
        inputs = [json.dumps(self.pin, sort_keys=True), *GO_BUILD, platform.system(), platform.machine()]
        if self.parts is not None:
            inputs.append(self.parts.read_text(encoding="utf-8"))
        digest = hashlib.sha256("\n".join(inputs).encode()).hexdigest()[:12]
        return cache() / "backends" / f"{self.name}-{self.pin['version']}-{digest}"

    def whole(self, folder: Path) -> bool:
        """Whether the folder has all of its binaries."""
        return all((folder / program).is_file() for program in self.programs)

    def build(self, work: Path, binaries: Path) -> None:
        """Build it from scratch, in the folder `work`."""
        if self.parts is None:
            build_module(self.pin, work, binaries)
            return
        build_module(self.pin, work, work)
        run(work / "builder", "--config", self.parts, "--skip-compilation", "--skip-strict-versioning=false", cwd=work)
        run(*GO_BUILD, "-o", binaries / "otelcol", ".", cwd=work / "otelcol")


def backends() -> list[Backend]:
    """All of them."""
    pins = tomllib.loads(PINS.read_text(encoding="utf-8"))
    builder = pins.pop("builder")
    plain = [Backend(name, pin, tuple(pin["programs"])) for name, pin in pins.items()]
    return [*plain, Backend("collector", builder, ("otelcol",), MANIFEST)]


def cache() -> Path:
    """Where backends are kept, outside the checkout."""
    chosen = os.environ.get("CHUNKMETER_CACHE")
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return (Path(chosen) if chosen else Path(home) / "chunkmeter").expanduser().resolve()


def run(*command: str | Path, cwd: Path) -> str:
    """What the command prints; a failure becomes a `BuildError` with the end of what it said."""
    words = [str(part) for part in command]
    began = time.monotonic()
    with subprocess.Popen(
        words,
        cwd=cwd,
        # A repository's workspace names modules that its published module leaves out.
        env={**os.environ, "GOWORK": "off"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            while True:
                try:
                    printed, complained = process.communicate(timeout=EVERY)
                    break
                except subprocess.TimeoutExpired:
                    say(f"  {Path(words[0]).name} {words[1]} is at work, {time.monotonic() - began:.0f} s")
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        said = "\n".join((printed + complained).splitlines()[-20:])
        raise BuildError(f"{' '.join(words)} ended with {process.returncode}:\n{said}")
    return printed


def say(line: str) -> None:
    """Tell how far it is, at once."""
    print(f"make backends: {line}", file=sys.stderr, flush=True)


def build_module(pin: dict[str, Any], work: Path, binaries: Path) -> None:
    """Build a module's programs from its own go.mod and go.sum, its checksum compared."""
    what = f"{pin['module']}@{pin['version']}"
    found = json.loads(run("go", "mod", "download", "-json", what, cwd=work))
    if found["Sum"] != pin["sum"]:
        raise BuildError(f"{what} has the checksum {found['Sum']}, {PINS.name} says {pin['sum']}")
    copy = work / "source"
    shutil.copytree(found["Dir"], copy)
    for path in (copy, *copy.rglob("*")):
        if path.is_dir():
            path.chmod(0o755)  # the module cache is read-only
    if "placeholder" in pin:
        placeholder = copy / pin["placeholder"]
        placeholder.parent.mkdir(parents=True, exist_ok=True)
        placeholder.write_bytes(gzip.compress(b"Built without its web page.\n", mtime=0))
    folder = pin.get("folder", "cmd")
    packages = ["." if program == "." else f"./{folder}/{program}" for program in pin["programs"]]
    run(*GO_BUILD, "-o", f"{binaries}/", *packages, cwd=copy)


def ensure(backend: Backend, place: str = "") -> None:
    """Build a backend, unless it is there.

    Args:
        backend: which.
        place: how many there are and which of them it is, for whoever watches.
    """
    home = backend.home
    if backend.whole(home):
        return
    if shutil.which("go") is None:
        raise BuildError(NO_GO)
    began = time.monotonic()
    say(f"{place}building {backend.name} {backend.pin['version']}, some minutes")
    home.parent.mkdir(parents=True, exist_ok=True)
    # Beside its home, so that the last step is a rename: what is there is whole.
    with tempfile.TemporaryDirectory(prefix=f"{backend.name}-", dir=home.parent) as temporary:
        work, binaries = Path(temporary) / "work", Path(temporary) / "bin"
        work.mkdir()
        binaries.mkdir()
        backend.build(work, binaries)
        if not backend.whole(binaries):
            raise BuildError(f"{backend.name} was built without one of {', '.join(backend.programs)}")
        try:
            binaries.rename(home)
        except OSError:
            if not backend.whole(home):  # Else somebody else has built it in the meantime.
                raise
    say(f"{place}{backend.name} is built, {time.monotonic() - began:.0f} s")


def build_all() -> dict[str, Path]:
    """Every program's path by its name, those that are missing built first."""
    programs: dict[str, Path] = {}
    every = backends()
    for at, backend in enumerate(every, 1):
        ensure(backend, f"{at} of {len(every)}: ")
        programs.update({program: backend.home / program for program in backend.programs})
    return programs


def _leave(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)  # by way of what removes half-built folders


def main() -> int:
    """Build what is missing and say where everything is."""
    signal.signal(signal.SIGTERM, _leave)
    try:
        programs = build_all()
    except (BuildError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    for name, path in sorted(programs.items()):
        print(f"{name:<13} {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
