"""Check the readers against folders of recorded streams: `python -m checks.corpus [--corpus DIR]`.

Every stream is read as the events that the vendor's SDK makes of it, replayed over HTTP by the folder's own
`serve.py` ("sdk"), and through `wrap`, with nothing said about it: its JSON events ("events"), and where the body is
text its lines ("lines") and its bytes, cut anywhere ("bytes"). All must say what the folder's `index.jsonl` calls the
truth; what that lacks a key for is not compared, and bodies of a family without a reader are counted.

What each costs must be what `prices.py` works out from price lists of its own, to 1e-9 USD, and lack the items that
have no fee there; where it has no cost, the reason must be the same. A stream with usage that `prices.py` has no price
or rule for fails, in the folders that are looked for unasked: their streams are known. In another one it is counted.

Exit status 1 on any mismatch; a folder that isn't there is said and passes. `--unpriced` names what has no price.

FAULT=sum-usage, last-finish-only, drop-cache or double-cached plants that bug, which has to be found.
"""

from __future__ import annotations

import dataclasses
import gc
import importlib.util
import itertools
import logging
import sys
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider

from checks.corpus import index, prices, sdks
from checks.corpus.events import json_events, lines, pieces
from checks.corpus.index import WIRES, Stream
from checks.corpus.truth import IDS, REASONS, TOKENS, Facts, expected
from chunkmeter import readers, wrap
from chunkmeter.facts.ended import Ended
from chunkmeter.facts.ended import Facts as Assessed
from chunkmeter.facts.tally import Tally
from chunkmeter.pricing import Priced, Unpriced
from chunkmeter.reporting.telemetry import Telemetry
from support.faults import plant

# How the SDKs fail on JSON that they don't expect; what the provider or the network did has exceptions of its own.
UNPARSED = (ValueError, TypeError, AttributeError, LookupError, AssertionError)


class Recorder(Telemetry):
    """Keeps what the last call came to."""

    tally = Tally()
    failed = False
    cost: Priced | Unpriced = Unpriced("failed")

    def assess(self, ended: Ended) -> Assessed:
        self.tally, self.failed = ended.tally, ended.failed
        facts = super().assess(ended)
        self.cost = facts.cost
        return facts


RECORDER = Recorder(TracerProvider(shutdown_on_exit=False), MeterProvider(shutdown_on_exit=False))


def read_sdk(wire: str | None, events: Iterable[Any]) -> tuple[Tally, Exception | None, int]:
    """Fold all events; the exception that ended them, if any; how many came. A warning of ours is an error."""
    tally, source, handed = Tally(), iter(events), 0
    with warnings.catch_warnings():
        while True:
            warnings.simplefilter("ignore")  # google-genai warns of words it doesn't know
            try:
                event = next(source)
            except StopIteration:
                return tally, None, handed
            except Exception as error:  # noqa: BLE001  the SDKs raise what they like
                return tally, error, handed
            handed += 1
            warnings.simplefilter("error")
            if tally.wire is None:
                tally.wire = readers.for_event(event).wire
            readers.for_wire(wire or tally.wire).read(tally, event)


def read_wrapped(items: Iterable[Any]) -> Tally:
    """What `wrap` makes of the items of a stream that it is told nothing about."""
    for _ in wrap((item for item in items), telemetry=RECORDER):
        pass
    return RECORDER.tally


def price_wrapped(stream: Stream, items: Iterable[Any]) -> Priced | Unpriced:
    """What `wrap` makes of the items when it is told who answers, which model was asked for, and when."""
    provider, model = prices.provider(stream), prices.model(stream)
    at = int(prices.AT.timestamp()) * 1_000_000_000
    for _ in wrap((item for item in items), provider=provider, model=model, start_time=at, telemetry=RECORDER):
        pass
    return RECORDER.cost


# --- the comparison -------------------------------------------------------------------------------------------------


@dataclass
class Row:
    """One wire's line of the table."""

    streams: int = 0
    unread: int = 0
    """Of a family that no reader is known for."""
    sdk: int = 0
    reasons: int = 0
    tokens: int = 0
    ids: int = 0
    failed: int = 0
    mismatches: list[str] = field(default_factory=list[str])
    unparsed: list[str] = field(default_factory=list[str])


@dataclass
class Costs:
    """How what streams cost compares with what they should."""

    all_known: bool = False
    """Whether a stream that the independent pricer has no price or rule for is a mismatch."""
    equal: int = 0
    argued: int = 0
    """Of these, by a price of the bundled table that the published list contradicts."""
    differ: int = 0
    unpriced: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    """By reason, and provider with model."""
    untabled: int = 0
    """Of the unpriced, by a model that has a published price."""
    uncompared: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    """By what is missing to compare them, and provider with model."""
    lacking: Counter[str] = field(default_factory=Counter[str])
    """What the costs that are equal lack, by its name."""

    def __str__(self) -> str:
        reasons: Counter[str] = Counter()
        for (reason, _), number in self.unpriced.items():
            reasons[reason] += number
        lacks = ", ".join(f"{item} {number}" for item, number in sorted(self.lacking.items()))
        why = ", ".join(f"{reason} {number}" for reason, number in sorted(reasons.items()))
        return (
            f"costs: {self.equal + self.differ} streams priced, {self.equal} equal to the "
            f"independent pricer to {TOLERANCE:.0e} USD ({self.argued} of them by a price that the published list "
            f"contradicts); {reasons.total()} not priced, for the reason that the independent pricer gives: "
            f"{why or 'none'} ({self.untabled} of them with a published price that the bundled table lacks); "
            f"{self.uncompared.total()} without an independent word; incomplete, by what they lack: {lacks or 'none'}"
        )


TOLERANCE = Decimal("1e-9")


@dataclass
class Comparison:
    """How the readings of one stream differ from the truth."""

    stream: Stream
    fields: set[str] = field(default_factory=set[str])
    lines: list[str] = field(default_factory=list[str])
    unparsed: list[str] = field(default_factory=list[str])
    """Why the SDK could not make events of the body, if so."""

    def add(self, name: str, how: str, via: str) -> None:
        self.fields.add(name)
        self.lines.append(f"{self.stream['id']}  {name}: {how}  (via {via})")

    def hold_cost(self, cost: Priced | Unpriced, bill: prices.Bill, costs: Costs) -> None:
        """Note where a cost is not the independent one; a price that only one of the two knows is no agreement."""
        model = self.stream["truth"].get("response_model") or prices.model(self.stream) or "?"
        whose = f"{prices.provider(self.stream)} {model}"
        unsaid = bill.unsaid
        if unsaid is None and isinstance(cost, Priced) and (more := set(cost.unpriced) - bill.lacks):
            unsaid = f"no rule for {', '.join(sorted(more))}"
        if unsaid is not None or bill.untold is not None:
            costs.uncompared[unsaid or bill.untold or "", whose] += 1
            if unsaid is not None and costs.all_known:
                self.add("cost", f"the independent pricer has {unsaid} of {whose}: see checks/corpus/lists.py", "price")
        elif isinstance(cost, Unpriced) and bill.amount is None:
            costs.unpriced[cost.reason, whose] += 1
            costs.untabled += bill.published is not None
            if cost.reason != bill.reason:
                self.add("cost", f"expected none because of {bill.reason}, got none because of {cost.reason}", "price")
        elif isinstance(cost, Priced) and bill.amount is not None and abs(cost.amount - bill.amount) <= TOLERANCE:
            costs.equal += 1
            costs.argued += bill.published is not None
            costs.lacking.update(cost.unpriced)
            if unnamed := bill.lacks - set(cost.unpriced):
                self.add("cost", f"lacks {', '.join(sorted(unnamed))}, and does not name it", "price")
        else:
            costs.differ += isinstance(cost, Priced)
            expected = f"none ({bill.reason})" if bill.amount is None else f"{bill.amount:f}"
            self.add(
                "cost", f"expected {expected}, got {f'{cost.amount:f}' if isinstance(cost, Priced) else cost}", "price"
            )

    def hold(self, expected: Facts, tally: Tally, wire: str | None, via: str, *, failed: bool = False) -> None:
        """Note where what was read is not what is expected."""
        got = facts(tally)
        for name in sorted(expected):
            if got[name] != expected[name]:
                self.add(name, f"expected {expected[name]!r}, got {got[name]!r}", via)
        if failed or tally.wire not in (wire, None):
            self.add("wire", f"expected {wire}, got {tally.wire}{', which failed' * failed}", via)


def facts(tally: Tally) -> Facts:
    said: Facts = dataclasses.asdict(tally.tokens())
    said.pop("total_tokens")
    said["finish_reasons"] = [reason for reason in tally.raw_reasons() if reason is not None]
    for name in ("provider_cost", "response_id", "response_model", "service_tier"):
        said[name] = getattr(tally, name)
    return said


def compare(
    stream: Stream, family: str | None, file: Path, ask: sdks.Ask | None, address: str, costs: Costs
) -> Comparison:
    """Read one stream in every way, and hold each against the truth."""
    truth: Facts = stream["truth"]
    wire = WIRES.get(family or "")
    known = expected(truth, family)
    result = Comparison(stream)
    ways: dict[str, Iterable[Any]] = {"events": json_events(file)}
    if file.suffix != ".eventstream":
        ways |= {"lines": lines(file), "bytes": pieces(file)}
    for via, items in ways.items():
        result.hold(known, read_wrapped(items), wire, via, failed=RECORDER.failed)
    result.hold_cost(price_wrapped(stream, json_events(file)), prices.bill(stream, family, json_events(file)), costs)
    if ask is None:
        return result
    # A stream that an SDK leaves half read is closed by the collector: not within the lock that this takes.
    gc.disable()
    try:
        tally, raised, handed = read_sdk(wire, ask(address))
    finally:
        gc.enable()
    if raised is not None and (truth.get("errors") or stream["status"] >= 400):
        # As it should; what came with the error and after it the SDK keeps back.
        known = {name: said for name, said in before_error(file).items() if name in known}
    elif raised is not None:
        how = f"{type(raised).__name__}: {raised}".partition("\n")[0][:100]
        if isinstance(raised, UNPARSED):
            result.unparsed.append(f"{stream['id']}  {how}")
            return result
        result.add("raised", how, "sdk")
    if ends_open(file) and handed < (events := len(list(json_events(file)))):
        # OpenAI's SDK keeps back an event that no blank line ends.
        last_apart = facts(read_wrapped(itertools.islice(json_events(file), events - 1)))
        known = {name: said for name, said in last_apart.items() if name in known}
    dropped = sdks.DROPPED.get(family, set())
    result.hold({name: said for name, said in known.items() if name not in dropped}, tally, wire, "sdk")
    return result


def ends_open(file: Path) -> bool:
    """Whether no blank line ends the last of the server-sent events."""
    return file.suffix == ".sse" and not file.read_bytes().replace(b"\r\n", b"\n").endswith(b"\n\n")


def before_error(file: Path) -> Facts:
    events = itertools.takewhile(lambda event: not isinstance(event, dict) or "error" not in event, json_events(file))
    return facts(read_wrapped(events))


def family_of(stream: Stream, families: dict[str, set[str]]) -> str | None:
    """The shape that the body has or, for a refused request, that the wire's answers otherwise have."""
    family = stream["family"]
    if family == "error_only" or (family not in WIRES and stream["status"] >= 400):
        return next(iter(sorted(families[stream["wire"]])), None)
    return family


def check(streams: list[Stream], folder: Path, costs: Costs, *, until_one_differs: bool = False) -> dict[str, Row]:
    """Read every stream of the folder in every way; where a bug is planted, until it is found."""
    families: dict[str, set[str]] = defaultdict(set)
    for stream in streams:
        if stream["family"] in WIRES:
            families[stream["wire"]].add(stream["family"])
    rows: dict[str, Row] = defaultdict(Row)
    server, port = load_server(folder).start(root=str(folder))
    # An SDK that fails leaves its response behind in a cycle. Collected inside the lock of httpx's pool, which closing
    # a response takes too, it would hang; so nothing is collected but between two streams, where that is quick.
    gc.disable()
    gc.freeze()
    try:
        for stream in streams:
            row, family = rows[stream["wire"]], family_of(stream, families)
            row.streams += 1
            if family is not None and family not in WIRES:
                row.unread += 1
                continue
            file, address = folder / stream["file"], f"http://127.0.0.1:{port}/{stream['id']}"
            ask = sdks.for_stream(stream, family)
            if family == "google" and file.suffix == ".json" and stream["status"] < 400:
                ask = partial(sdks.google_array, json_events(file))
            elif file.suffix == ".json" and stream["status"] < 400:
                ask = None  # a whole answer is nothing that an SDK streams
            result = compare(stream, family, file, ask, address, costs)
            gc.collect()
            row.sdk += ask is not None and not result.unparsed
            row.reasons += not result.fields & REASONS
            row.tokens += not result.fields & TOKENS
            row.ids += not result.fields & IDS
            row.failed += bool(result.fields)
            row.mismatches += result.lines
            row.unparsed += result.unparsed
            if until_one_differs and result.fields:
                break
    finally:
        server.shutdown()
        server.server_close()
    return rows


def load_server(folder: Path) -> Any:
    spec = importlib.util.spec_from_file_location("corpus_serve", folder / "serve.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def report(folder: Path, rows: dict[str, Row], costs: Costs, *, unpriced: bool) -> None:
    """Print the table, every mismatch and the totals of one folder."""
    print(f"{'wire':26}{'streams':>8}{'by SDK':>8}{'reasons =':>11}{'tokens =':>10}{'ids =':>7}{'mismatches':>12}")
    for wire, row in sorted(rows.items()):
        numbers = (
            f"{row.streams - row.unread:8}{row.sdk:8}{row.reasons:11}{row.tokens:10}{row.ids:7}{len(row.mismatches):12}"
        )
        print(f"{wire:26}{numbers}")
    print(
        "\n=: streams where it equals the truth in every way; tokens with their cost, ids with model and service tier"
    )
    mismatches = [line for row in rows.values() for line in row.mismatches]
    unparsed = [line for row in rows.values() for line in row.unparsed]
    for title, found in (("Mismatches", mismatches), ("Read raw only, since the SDK can't parse them", unparsed)):
        if found:
            print(f"\n{title}:", *sorted(found), "", sep="\n")
    if unpriced:
        print("\nNot priced:")
        for (reason, whose), number in sorted(costs.unpriced.items()):
            print(f"{number:4}  {reason:18}{whose}")
        print()
    if costs.uncompared:
        print("\nWithout an independent word:")
        for (what, whose), number in sorted(costs.uncompared.items()):
            print(f"{number:4}  {what:36}{whose}")
    unread = sum(row.unread for row in rows.values())
    streams = sum(row.streams for row in rows.values())
    by_sdk = sum(row.sdk for row in rows.values())
    print(
        f"\n{folder}: {streams - unread} streams read, {by_sdk} of them through their SDK too, {len(mismatches)} "
        f"mismatches{f'; {unread} of families that are not known, not read' if unread else ''}"
    )
    print(costs)


def main() -> int:
    parser = index.parser(__doc__, None)
    parser.add_argument("--unpriced", action="store_true", help="name the models that have no price")
    asked = parser.parse_args()
    folders = [asked.corpus.resolve()] if asked.corpus else index.FOLDERS
    logging.getLogger("chunkmeter").setLevel(logging.ERROR)  # what no price table lists is not the point here
    fault = plant("corpus")
    passed = failed = 0
    for folder in folders:
        streams = index.recorded(folder)
        if not streams:
            continue
        costs = Costs(all_known=folder.resolve() in {known.resolve() for known in index.FOLDERS})
        rows = check(streams, folder, costs, until_one_differs=bool(fault))
        report(folder, rows, costs, unpriced=asked.unpriced)
        differ = sum(row.failed for row in rows.values())
        passed += sum(row.streams - row.unread for row in rows.values()) - differ
        failed += differ
        if fault and failed:
            break
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
