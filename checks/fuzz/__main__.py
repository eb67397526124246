"""Push streams of odd, wrong and unordered events through `wrap`: `python -m checks.fuzz [--chunks N] [--seed N]`.

Goes on until so many chunks have been through, and prints how many, of which wires, and the seed that makes the same
streams again. Exit status 1 on the first stream for which something of what `checks/fuzz/watch.py` checks is not true;
the smallest such stream is printed. FAULT=sum-usage plants that bug, which has to be found.
"""

from __future__ import annotations

import argparse
import logging
import random
import sys
import time
import traceback
from collections import Counter

from checks.fuzz.given import SYNC, given_streams
from checks.fuzz.watch import Watch, holds
from chunkmeter.readers import WIRES
from support.faults import plant

ROUND = 15
"""Streams of one seed, which tells their wire too; the next seed is one more: one round can be run again alone."""


class Tried:
    """What has been through."""

    def __init__(self, chunks: int) -> None:
        self.aim = chunks
        self.wires: Counter[str] = Counter()
        self.forms: Counter[str] = Counter()
        self.streams = self.counted = 0
        self._began = self._spoke = time.monotonic()

    @property
    def chunks(self) -> int:
        return self.wires.total()

    def add(self, watch: Watch) -> None:
        given = watch.given
        self.wires[given.events.wire] += watch.taken
        self.forms[f"{given.form}, {'sync' if given.source in SYNC else 'async'}"] += watch.taken
        self.streams += 1
        self.counted += watch.counted
        if time.monotonic() - self._spoke > 10:
            self._spoke = time.monotonic()
            print(f"{self.chunks:,} of {self.aim:,} chunks, {self.seconds:.0f} s", file=sys.stderr, flush=True)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def report(self) -> None:
        """Print the tables."""
        for title, counted in (("wire", self.wires), ("form", self.forms)):
            print(f"{title:26}{'chunks':>12}")
            for name in sorted(counted):
                print(f"{name:26}{counted[name]:12,}")
            print()
        print(f"{self.chunks:,} chunks tried in {self.seconds:.0f} s, of {len(self.wires)} wires")
        print(f"{self.streams:,} streams, {self.counted:,} of which came to counts of tokens")


def fuzz(chunks: int, begin: int) -> int:
    """Go on until so many chunks have been through, or a check fails."""
    tried, number = Tried(chunks), begin
    failed = 0
    while tried.chunks < chunks and not failed:
        try:
            wire = WIRES[number % len(WIRES)]
            holds(given_streams((wire,)), begin=number, examples=ROUND, tell=tried.add)
        except Exception as error:  # noqa: BLE001 -- what fails is what this looks for
            failed = 1
            print("FAILED, here at its smallest:", *traceback.format_exception(error, limit=-6), sep="\n")
            print(f"The same again: make fuzz SEED={number}\n")
        number += 1
    tried.report()
    if missed := set(WIRES) - set(tried.wires):
        print(f"not one of {', '.join(sorted(missed))}: that takes more chunks")
    print(f"failures {failed}, seed {begin}")
    print(f"{tried.streams:,} passed, {failed} failed")
    return failed


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--chunks", type=int, default=1_000_000, metavar="N", help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=None, metavar="N", help="default: another one each time")
    options = parser.parse_args()
    plant("fuzz")
    logging.getLogger("chunkmeter").setLevel(logging.CRITICAL)  # what it says of made-up models is not the point here
    return fuzz(options.chunks, random.randrange(10**6) if options.seed is None else options.seed)


if __name__ == "__main__":
    sys.exit(main())
