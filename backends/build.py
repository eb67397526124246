"""`make backends`: Collector, Jaeger, Prometheus and Alertmanager, built from pinned sources into a cache.

The cache is $CHUNKMETER_CACHE, else $XDG_CACHE_HOME/chunkmeter, else ~/.cache/chunkmeter. What is there is not
built again: each backend has a folder named by its version and by a digest of all that goes into it.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PINS = HERE / "pins.toml"
MANIFEST = HERE / "collector.yaml"
NO_GO = (
    "make backends: no Go compiler (`go`) on the PATH. The real Collector, Jaeger, Prometheus and Alertmanager are "
    "built with Go 1.26 or newer, for `make e2e` alone: install Go and run it again. Everything else works without."
)


class BuildError(Exception):
    """A backend can't be built; the text says why."""


def cache() -> Path:
    """Where backends are kept, outside the checkout."""
    chosen = os.environ.get("CHUNKMETER_CACHE")
    if chosen:
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "chunkmeter"


def run(*command: str | Path, cwd: Path) -> str:
    """What the command prints; a failure becomes a `BuildError` with the end of what it said."""
    result = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        # A repository's workspace names modules that its published module leaves out.
        env={**os.environ, "GOWORK": "off"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if result.returncode:
        said = "\n".join(result.stdout.splitlines()[-20:])
        raise BuildError(f"{' '.join(map(str, command))} ended with {result.returncode}:\n{said}")
    return result.stdout


def source(pin: dict[str, Any], work: Path) -> Path:
    """A writable copy of the pinned module, its checksum compared."""
    what = f"{pin['module']}@{pin['version']}"
    found = json.loads(run("go", "mod", "download", "-json", what, cwd=work))
    if found["Sum"] != pin["sum"]:
        raise BuildError(f"{what} has the checksum {found['Sum']}, {PINS.name} says {pin['sum']}")
    copy = work / "source"
    shutil.copytree(found["Dir"], copy)
    for path in (copy, *copy.rglob("*")):
        if path.is_dir():
            path.chmod(0o755)
    return copy


def build_module(pin: dict[str, Any], work: Path, binaries: Path) -> None:
    """Build a module's programs from its own go.mod and go.sum."""
    copy = source(pin, work)
    if "placeholder" in pin:
        placeholder = copy / pin["placeholder"]
        placeholder.parent.mkdir(parents=True, exist_ok=True)
        placeholder.write_bytes(gzip.compress(b"Built without its web page.\n", mtime=0))
    packages = ["." if program == "." else f"./cmd/{program}" for program in pin["programs"]]
    run("go", "build", "-trimpath", "-ldflags=-s -w", "-o", f"{binaries}/", *packages, cwd=copy)


def build_collector(pin: dict[str, Any], work: Path, binaries: Path) -> None:
    """Build the builder, and with it the Collector from the manifest's parts."""
    build_module(pin, work, work)
    run(work / "builder", "--config", MANIFEST, "--skip-compilation", "--skip-strict-versioning=false", cwd=work)
    run("go", "build", "-trimpath", "-ldflags=-s -w", "-o", binaries / "otelcol", ".", cwd=work / "otelcol")


def recipes() -> dict[str, tuple[Callable[[dict[str, Any], Path, Path], None], dict[str, Any], list[Path], list[str]]]:
    """By backend: how it is built, its pin, further files that go into it, and its programs."""
    pins = tomllib.loads(PINS.read_text(encoding="utf-8"))
    collector = pins.pop("builder")
    made = {name: (build_module, pin, list[Path](), pin["programs"]) for name, pin in pins.items()}
    return {**made, "collector": (build_collector, collector, [MANIFEST], ["otelcol"])}


def build_all() -> dict[str, Path]:
    """Every program's path by its name, those that are missing built first."""
    programs: dict[str, Path] = {}
    for name, (build, pin, inputs, names) in recipes().items():
        content = b"".join([json.dumps(pin, sort_keys=True).encode(), *(path.read_bytes() for path in inputs)])
        digest = hashlib.sha256(content).hexdigest()[:12]
        home = cache() / "backends" / f"{name}-{pin['version']}-{digest}"
        if not home.exists():
            if shutil.which("go") is None:
                raise BuildError(NO_GO)
            began = time.monotonic()
            print(f"make backends: building {name} {pin['version']}, some minutes", file=sys.stderr, flush=True)
            home.parent.mkdir(parents=True, exist_ok=True)
            # Beside its home, so that the last step is a rename: what is there is whole, whoever else builds it.
            with tempfile.TemporaryDirectory(prefix=f"{name}-", dir=home.parent) as temporary:
                work, binaries = Path(temporary) / "work", Path(temporary) / "bin"
                work.mkdir()
                binaries.mkdir()
                build(pin, work, binaries)
                shutil.rmtree(work, ignore_errors=True)
                if not home.exists():
                    binaries.rename(home)
            print(f"make backends: {name} took {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
        programs.update({program: home / program for program in names})
    return programs


def main() -> int:
    """Build what is missing and say where everything is."""
    try:
        programs = build_all()
    except BuildError as error:
        print(error, file=sys.stderr)
        return 1
    for name, path in sorted(programs.items()):
        print(f"{name:<13} {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
