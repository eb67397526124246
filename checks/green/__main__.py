"""Check that an app of green threads is metered whole and served as without chunkmeter: `python -m checks.green`.

Each app is a process that serves requests on a socket: by gevent, by eventlet, by gunicorn with the worker class of
each; patched before chunkmeter is imported and after; with the SDK set up by hand and by `opentelemetry-instrument`.
Every call must arrive at an OTLP endpoint, those left to the collector before the app is asked to end. The hub must
never stand still for 5 s, and the end must come within 10 s. The same app without chunkmeter is run beside it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import product

from checks.green.apps import ENVIRONMENTS, WHEN, Case, play
from support.faults import asked

MORE = 0.5
"""Seconds that a stall may last longer than the bare app's, on a quiet machine."""


def cases() -> Iterator[Case]:
    """All of them, each bare app before those that are metered."""
    for server, patched in product(ENVIRONMENTS, WHEN):
        yield Case(server, patched, metered=False)
        yield Case(server, patched)
        # What patches before the launcher imports anything: gevent by the launcher's own setting, nothing else.
        if patched == "after" or server == "gevent":
            yield Case(server, patched, "auto")
        if not server.startswith("gunicorn"):  # which handles the signal itself
            yield Case(server, patched, flushed="alone")
            yield Case(server, patched, flushed="handled")


def main(arguments: Sequence[str]) -> int:
    """Exit status 1 if an app fails. Arguments are words that a case's name is to contain."""
    fault = asked("green")
    passed = failed = 0
    bare = most = 0.0
    for case in cases():
        if not all(word in str(case) for word in arguments):
            continue
        result = play(case)
        passed, failed = passed + result.passed, failed + len(result.failed)
        if case.metered:
            most = max(most, result.stall - bare)
        else:
            bare = result.stall
        verdict = "; ".join(result.failed) or "ok"
        print(f"{case!s:<66} longest stall {result.stall:5.2f} s, end {result.end:4.1f} s  {verdict}", flush=True)
        if fault and failed:
            break
    print(f"\nlongest stall at most {most:.2f} s over the bare app's, aimed at {MORE} s on a quiet machine")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
