"""Check that each call counts once beside other instrumentations: `python -m checks.coexist`.

For each of them, in a process of its own: calls of SDKs and frameworks, sync and async, plain, streamed, broken off,
failing, and through the SDK's helpers; alone and inside a chain's span with sums; left to `ChunkSpanProcessor`,
wrapped, or hooked before the peer is set up and after. Each must give the user what it gives without us, be one call
with the wire's cost, or one that is marked `incomplete`, have that cost on one span, and be recorded once in each of
the conventions' metrics.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import product

from checks.coexist.peers import ENVIRONMENTS, PEERS, WAYS
from checks.coexist.record import everything
from support.faults import asked

Run = tuple[str, str, str]
"""Environment, peer, way."""


def _runs(arguments: Sequence[str]) -> Iterator[Run]:
    environments = [word for word in arguments if word in ENVIRONMENTS] or ENVIRONMENTS
    words = [word for word in arguments if word not in ENVIRONMENTS]
    for environment, (name, peer), way in product(environments, PEERS.items(), WAYS):
        if environment in peer.environments and way in peer.ways and all(word in f"{name} {way}" for word in words):
            yield environment, name, way


def _passes(run: Run) -> bool:
    environment, peer, way = run
    command = (f".venv-{environment}/bin/python", "-m", "checks.coexist.child", environment, peer, way)
    made = subprocess.run(command, timeout=600, check=False, capture_output=True, text=True)
    died = made.stderr.splitlines()[-1:] if made.returncode not in (0, 1) or ": ok" not in made.stdout else ()
    print(made.stdout, *died, sep="", flush=True)
    return not made.returncode


def main(arguments: Sequence[str]) -> int:
    """Exit status 1 if a call beside a peer did not count once.

    Args:
        arguments: environments, to run these alone, and words that peer and way contain. With `--record` among them,
            the spans of the peers are recorded instead.
    """
    if "--record" in arguments:
        return everything([word for word in arguments if word != "--record"])
    runs = list(_runs(arguments))
    # A planted fault is looked for in one after the other, and in no more once it has been found.
    with ThreadPoolExecutor(1 if asked("coexist") else os.cpu_count()) as pool:
        failed: list[str] = []
        passed = 0
        for (environment, peer, way), passes in zip(runs, pool.map(_passes, runs), strict=True):
            passed += passes
            if not passes:
                failed.append(f"{peer} ({way}, {environment})")
                if asked("coexist"):
                    pool.shutdown(cancel_futures=True)
                    break
    print(f"\nbeside {' and '.join(failed)} calls do not count once" if failed else "\neach call counts once")
    print(f"{passed} passed, {len(failed)} failed")
    return 1 if failed or not runs else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
