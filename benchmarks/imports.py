"""What a contender's import and its switching on take, once, in a process that has OpenTelemetry's SDK alone.

    python -m benchmarks.imports NAME

Prints a JSON object: milliseconds of CPU, and which of the heavy packages were in memory after each step.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Callable

HEAVY = ("openai", "mirascope", "pydantic", "genai_prices")


def main() -> None:
    taken: dict[str, float] = {}
    loaded: dict[str, list[str]] = {}

    def timed(step: str, run: Callable[[], object]) -> None:
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
    timed("entry point", lambda: importlib.import_module(contender.entry_point))
    providers = Providers()
    timed("instrument", lambda: contender.install(providers, False))
    print(json.dumps({"ms": taken, "loaded": loaded}), file=answers)


if __name__ == "__main__":
    main()
