"""Check that each call counts once beside other instrumentations: `python -m checks.coexist`.

For each of them, in a process of its own: calls of two SDKs, plain, streamed, broken off, failing, and through the
SDK's helper; alone and inside a chain's span with sums; left to `ChunkSpanProcessor`, wrapped, or hooked before the
peer is set up and after. Each must be one call, with the wire's cost or one that is marked `incomplete`, and that cost
must stand on one span.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from itertools import product
from pathlib import Path

from checks.coexist.peers import PEERS, WAYS
from checks.coexist.record import everything
from support.faults import asked

PYTHON = Path(".venv-coexist/bin/python")


def main(arguments: Sequence[str]) -> int:
    """Exit status 1 if a call beside a peer did not count once. Arguments are words that peer and way contain.

    With `--record` among them, the spans of the peers are recorded instead.
    """
    if "--record" in arguments:
        return everything([word for word in arguments if word != "--record"])
    fault = asked("coexist")
    failed: list[str] = []
    passed = 0
    for peer, way in product(PEERS, WAYS):
        if not all(word in f"{peer} {way}" for word in arguments):
            continue
        command = [str(PYTHON), "-m", "checks.coexist.child", peer, way]
        if subprocess.run(command, timeout=600, check=False, stderr=subprocess.DEVNULL).returncode:
            failed.append(f"{peer} ({way})")
        else:
            passed += 1
        if fault and failed:
            break
    print(f"\nbeside {' and '.join(failed)} calls do not count once" if failed else "\neach call counts once")
    print(f"{passed} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
