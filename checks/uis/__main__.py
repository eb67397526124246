"""Check that UIs of other projects tell what each call used and cost: `python -m checks.uis [phoenix] [mlflow]`.

Each UI's own server is started on 127.0.0.1, and the demo's apps send their spans to it by OTLP/HTTP. Its API must tell
each call's model and tokens in the UI's own fields, and the cost that chunkmeter told, once a call. What the UI's own
price table makes of the tokens is told beside. Neither server may ask for anything that is not on this machine.

With --shots it writes `docs/images/NAME.png` in place of comparing: a call's page in each UI, by headless Chromium.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from checks.uis.compare import Row, compared
from checks.uis.outside import Outside
from checks.uis.run import sent
from checks.uis.servers import UIS, Ui
from checks.uis.shots import shoot
from replay.check import Report
from replay.demo import APPS
from replay.scenarios import ALL
from support.faults import asked


def _rows(kind: type[Ui], work: Path) -> Iterator[Row]:
    # A fault shows in any call, so that three of them are enough.
    apps = APPS[1:] if asked("uis") else APPS
    with Outside() as outside:
        ui = kind(work, **outside.environment)
        try:
            scenarios, spans = sent(ui, apps, work / "apps.log")
            if apps is APPS:
                asked_for = Report()
                of_demo = sorted(each.id for each in ALL if each.demo)
                asked_for.expect("calls asked for", sorted(each.id for each in scenarios), of_demo)
                yield Row("the demo", f"{len(scenarios)} calls", tuple(asked_for.lines))
            yield from compared(ui, spans, scenarios)
        finally:
            ui.stop()
        report = Report()
        report.expect("requests that would leave this machine", outside.asked, [])
        yield Row("the network", f"{len(outside.asked)} requests", tuple(report.lines))


def main(arguments: Sequence[str]) -> int:
    """Exit status 1 if a UI tells of a call what is not true. Arguments are names of UIs; all, if there are none."""
    fault = asked("uis")
    names = [each for each in arguments if each != "--shots"]
    chosen = [kind for kind in UIS if not names or kind.name in names]
    if "--shots" in arguments:
        return shoot(chosen)
    passed = failed = 0
    for kind in chosen:
        with tempfile.TemporaryDirectory(prefix="chunkmeter-uis-") as work:
            for row in _rows(kind, Path(work)):
                print(f"{kind.name:<8} {row.of:<36} {row.told:<76} {'; '.join(row.wrong) or 'ok'}", flush=True)
                passed, failed = passed + (not row.wrong), failed + bool(row.wrong)
                if fault and failed:
                    break
        if fault and failed:
            break
    print(f"\n{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
