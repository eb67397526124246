"""Measures what the backends take for so many calls a second: `python -m checks.sizes [--write] [--rates 0,50,300]`.

An app makes real metered calls and sends them to a real agent, gateway and Prometheus with the shipped files. A
rate takes a minute and a half. `--write` puts the figures into `docs/sizes.md`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from checks.sizes import block
from checks.sizes.page import PAGE, document, measured_table, with_section
from checks.sizes.run import measure


def main() -> int:
    """Measure; 1 if something was lost, or counted otherwise than worked out."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--write", action="store_true", help="write the figures into the page")
    parser.add_argument("--rates", default="0,50,300", help="calls a second, by commas")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        made = block.make(Path(folder))
        print(
            f"a block: {made.samples} samples of {made.series} series, {made.a_sample:.2f} bytes a sample", flush=True
        )
        measured = []
        for rate in map(int, options.rates.split(",")):
            measured.append(measure(rate, Path(folder) / f"{rate}"))
            print(
                f"{measured[-1].rate} calls/s",
                *measured[-1].programs.items(),
                *measured[-1].faults,
                sep="\n    ",
                flush=True,
            )
    if any(each.faults for each in measured):
        return 1
    if options.write:
        told = measured_table(measured, made)
        PAGE.write_text(with_section(document(), "what `make sizes` measured", told), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
