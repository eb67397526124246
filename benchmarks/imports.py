"""What a contender's import and its switching on take, once, in a process that has OpenTelemetry's SDK alone.

    python [-X importtime] -m benchmarks.imports NAME

Prints a JSON object: milliseconds of CPU, and which of the heavy packages were in memory after each step. With
`-X importtime`, says on stderr where each step begins, for `steps` to part what that says there.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Callable
from typing import Any

HEAVY = ("openai", "anthropic", "google", "groq", "together", "mirascope", "pydantic", "pydantic_core", "genai_prices")
_BEGINS, _IMPORT = "step: ", "import time:"


def steps(said: str, own: str) -> dict[str, dict[str, Any]]:
    """What `-X importtime` says of each step: how many modules, milliseconds in all and of `own`, the heavy packages.

    https://docs.python.org/3/using/cmdline.html#cmdoption-X
    """
    found: dict[str, dict[str, Any]] = {}
    step: dict[str, Any] | None = None
    for line in said.splitlines():
        if line.startswith(_BEGINS):
            step = {"modules": 0, "ms": 0.0, "own": 0.0, "heavy": []}
            found[line.removeprefix(_BEGINS)] = step
        elif step is not None and line.startswith(_IMPORT):
            microseconds, _, module = line.removeprefix(_IMPORT).split("|")
            package = module.strip().partition(".")[0]
            step["modules"] += 1
            step["ms"] += int(microseconds) / 1e3
            if package == own:
                step["own"] += int(microseconds) / 1e3
            if package in HEAVY and package not in step["heavy"]:
                step["heavy"].append(package)
    return found


def main() -> None:
    taken: dict[str, float] = {}
    loaded: dict[str, list[str]] = {}

    def timed(step: str, run: Callable[[], object]) -> None:
        if "importtime" in sys._xoptions:
            print(f"{_BEGINS}{step}", file=sys.stderr, flush=True)
        start = time.process_time_ns()
        run()
        taken[step] = (time.process_time_ns() - start) / 1e6
        loaded[step] = [name for name in HEAVY if name in sys.modules]

    def sdk() -> None:
        importlib.import_module("opentelemetry.sdk.trace")
        importlib.import_module("opentelemetry.sdk.metrics")

    timed("sdk", sdk)
    from .contenders import CONTENDERS, Providers

    answers, sys.stdout = sys.stdout, sys.stderr
    contender = CONTENDERS[sys.argv[1]]
    timed("import", lambda: importlib.import_module(contender.package))
    timed("entry point", lambda: [importlib.import_module(each) for each in contender.entry_points])
    providers = Providers()
    timed("instrument", lambda: contender.install(providers, False))
    print(json.dumps({"ms": taken, "loaded": loaded}), file=answers)


if __name__ == "__main__":
    main()
