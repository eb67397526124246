"""Check the readers against a folder of recorded streams: `python tests/corpus.py [--corpus DIR]`.

Every stream is read as the events that the vendor's SDK makes of it, replayed over HTTP by the folder's own
`serve.py` ("sdk"), and through `wrap`, with nothing said about it: its JSON events ("events"), and where the body is
text its lines ("lines") and its bytes, cut anywhere ("bytes"). All must say what the folder's `index.jsonl` calls the
truth. What each costs must be what `corpus_prices` works out from price lists of its own, to 1e-9 USD, and a stream
that it can price is to be priced. Exit status 1 on any mismatch; a folder that isn't there is said and passes.
`--unpriced` names what has no price.

FAULT=sum-usage, last-finish-only, drop-cache or double-cached plants that bug, which has to be found.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib.util
import itertools
import json
import logging
import os
import sys
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import corpus_prices
import corpus_sdks
from corpus_events import json_events, lines, pieces
from corpus_faults import FAULTS, plant
from corpus_truth import EXPECTED, IDS, REASONS, TOKENS, Facts
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider

from chunkmeter import readers, wrap
from chunkmeter.facts import Ended
from chunkmeter.facts import Facts as Assessed
from chunkmeter.pricing import Priced, Unpriced
from chunkmeter.tally import Tally
from chunkmeter.telemetry import Telemetry

DEFAULT = Path(__file__).resolve().parents[2] / "shared" / "corpus"

Stream = dict[str, Any]


# --- how each family is read ----------------------------------------------------------------------------------------

WIRES = {
    "anthropic": "anthropic_messages",
    "anthropic_complete": "anthropic_complete",
    "assistants": "openai_assistants",
    "chat": "openai_chat",
    "cohere_v1": "cohere",
    "cohere_v2": "cohere",
    "completions": "openai_completions",
    "converse": "bedrock_converse",
    "google": "google_generate_content",
    "google_interactions": "google_interactions",
    "invoke": "bedrock_invoke",
    "ollama": "ollama",
    "responses": "openai_responses",
    "tgi": "tgi",
    "transcription": "openai_transcription",
    "watsonx": "watsonx",
}
# How the SDKs fail on JSON that they don't expect; what the provider or the network did has exceptions of its own.
UNPARSED = (ValueError, TypeError, AttributeError, LookupError, AssertionError)


class Recorder(Telemetry):
    """Keeps what the last call came to."""

    tally = Tally()
    cost: Priced | Unpriced = Unpriced("failed")

    def assess(self, ended: Ended) -> Assessed:
        self.tally = ended.tally
        facts = super().assess(ended)
        self.cost = facts.cost
        return facts


RECORDER = Recorder(TracerProvider(shutdown_on_exit=False), MeterProvider(shutdown_on_exit=False))


def read_sdk(wire: str | None, events: Iterable[Any]) -> tuple[Tally, Exception | None]:
    """Fold all events, and the exception that ended them, if one did. A warning of ours is an error."""
    tally, source = Tally(), iter(events)
    with warnings.catch_warnings():
        while True:
            warnings.simplefilter("ignore")  # google-genai warns of words it doesn't know
            try:
                event = next(source)
            except StopIteration:
                return tally, None
            except Exception as error:  # noqa: BLE001  the SDKs raise what they like
                return tally, error
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
    provider, model = corpus_prices.provider(stream), corpus_prices.model(stream)
    at = int(corpus_prices.AT.timestamp()) * 1_000_000_000
    for _ in wrap((item for item in items), provider=provider, model=model, start_time=at, telemetry=RECORDER):
        pass
    return RECORDER.cost


# --- the comparison -------------------------------------------------------------------------------------------------


@dataclass
class Row:
    """One wire's line of the table."""

    streams: int = 0
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

    equal: int = 0
    argued: int = 0
    """Of these, by a price of the bundled table that the published list contradicts."""
    differ: int = 0
    unpriced: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    """By reason, and provider with model."""

    def __str__(self) -> str:
        reasons: Counter[str] = Counter()
        for (reason, _), number in self.unpriced.items():
            reasons[reason] += number
        why = ", ".join(f"{reason} {number}" for reason, number in sorted(reasons.items()))
        return (
            f"costs: {self.equal + self.differ} streams priced, {self.equal} equal to the independent pricer to "
            f"{TOLERANCE:.0e} USD ({self.argued} of them by a price that the published list contradicts); "
            f"{reasons.total()} not priced: {why or 'none'}"
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

    def hold_cost(self, cost: Priced | Unpriced, bill: corpus_prices.Bill, costs: Costs) -> None:
        """Note where a cost is not the independent one; a price that only one of the two knows is no agreement."""
        got = cost.amount if isinstance(cost, Priced) else None
        if got is None and bill.amount is None:
            reason = cost.reason if isinstance(cost, Unpriced) else ""
            if reason != bill.reason:
                self.add("cost", f"expected none because of {bill.reason}, got none because of {reason}", "price")
            model = self.stream["truth"].get("response_model") or corpus_prices.model(self.stream) or "?"
            costs.unpriced[reason, f"{corpus_prices.provider(self.stream)} {model}"] += 1
        elif got is not None and bill.amount is not None and abs(got - bill.amount) <= TOLERANCE:
            costs.equal += 1
            costs.argued += bill.published is not None
        else:
            costs.differ += got is not None
            expected = f"none ({bill.reason})" if bill.amount is None else f"{bill.amount:f}"
            self.add("cost", f"expected {expected}, got {cost if got is None else f'{got:f}'}", "price")

    def hold(self, expected: Facts, tally: Tally, wire: str | None, via: str) -> None:
        """Note where what was read is not what is expected."""
        got = facts(tally)
        for name in sorted(expected):
            if got[name] != expected[name]:
                self.add(name, f"expected {expected[name]!r}, got {got[name]!r}", via)
        if tally.failed or tally.wire not in (wire, None):
            self.add("wire", f"expected {wire}, got {tally.wire}{', which failed' * tally.failed}", via)


def facts(tally: Tally) -> Facts:
    said: Facts = dataclasses.asdict(tally.tokens())
    said.pop("total_tokens")
    said["finish_reasons"] = [reason for reason in tally.raw_reasons() if reason is not None]
    for name in ("provider_cost", "response_id", "response_model", "service_tier"):
        said[name] = getattr(tally, name)
    return said


def compare(
    stream: Stream, family: str | None, file: Path, ask: corpus_sdks.Ask | None, address: str, costs: Costs
) -> Comparison:
    """Read one stream in every way, and hold each against the truth."""
    truth: Facts = stream["truth"]
    wire = WIRES.get(family or "")
    expected = {name: expect(truth) for name, expect in EXPECTED.get(family, EXPECTED[None]).items()}
    result = Comparison(stream)
    ways: dict[str, Iterable[Any]] = {"events": json_events(file)}
    if file.suffix != ".eventstream":
        ways |= {"lines": lines(file), "bytes": pieces(file)}
    for via, items in ways.items():
        result.hold(expected, read_wrapped(items), wire, via)
    result.hold_cost(price_wrapped(stream, json_events(file)), corpus_prices.bill(stream, family), costs)
    if ask is None:
        return result
    tally, raised = read_sdk(wire, ask(address))
    if raised is not None and (truth.get("errors") or stream["status"] >= 400):
        # As it should; what came with the error and after it the SDK keeps back.
        expected = {name: said for name, said in before_error(file).items() if name in expected}
    elif raised is not None:
        how = f"{type(raised).__name__}: {raised}".partition("\n")[0][:100]
        if isinstance(raised, UNPARSED):
            result.unparsed.append(f"{stream['id']}  {how}")
            return result
        result.add("raised", how, "sdk")
    dropped = corpus_sdks.DROPPED.get(family, set())
    result.hold({name: said for name, said in expected.items() if name not in dropped}, tally, wire, "sdk")
    return result


def before_error(file: Path) -> Facts:
    events = itertools.takewhile(lambda event: not isinstance(event, dict) or "error" not in event, json_events(file))
    return facts(read_wrapped(events))


def family_of(stream: Stream, families: dict[str, set[str]]) -> str | None:
    """The shape that the body has or, for a refused request, that the wire's answers otherwise have."""
    family = stream["family"]
    if family == "error_only":
        return next(iter(sorted(families[stream["wire"]])), None)
    return family


def check(folder: Path, costs: Costs, *, until_one_differs: bool = False) -> dict[str, Row]:
    """Read every stream of the folder in every way; where a bug is planted, until it is found."""
    streams: list[Stream] = [json.loads(line) for line in (folder / "index.jsonl").read_text("utf-8").splitlines()]
    families: dict[str, set[str]] = defaultdict(set)
    for stream in streams:
        if stream["family"] in WIRES:
            families[stream["wire"]].add(stream["family"])
    rows: dict[str, Row] = defaultdict(Row)
    server, port = load_server(folder).start(root=str(folder))
    try:
        for stream in streams:
            row, family = rows[stream["wire"]], family_of(stream, families)
            file, address = folder / stream["file"], f"http://127.0.0.1:{port}/{stream['id']}"
            ask = corpus_sdks.for_stream(stream, family)
            if family == "google" and file.suffix == ".json" and stream["status"] < 400:
                ask = partial(corpus_sdks.google_array, json_events(file))
            result = compare(stream, family, file, ask, address, costs)
            row.streams += 1
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


def report(rows: dict[str, Row], costs: Costs, *, unpriced: bool) -> None:
    """Print the table, every mismatch and the totals."""
    print(f"{'wire':26}{'streams':>8}{'by SDK':>8}{'reasons =':>11}{'tokens =':>10}{'ids =':>7}{'mismatches':>12}")
    for wire, row in sorted(rows.items()):
        numbers = f"{row.streams:8}{row.sdk:8}{row.reasons:11}{row.tokens:10}{row.ids:7}{len(row.mismatches):12}"
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
    streams, failed = sum(row.streams for row in rows.values()), sum(row.failed for row in rows.values())
    by_sdk = sum(row.sdk for row in rows.values())
    print(f"{streams} streams read, {by_sdk} of them through their SDK too, {len(mismatches)} mismatches")
    print(costs)
    print(f"{streams - failed} passed, {failed} failed")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    fault = os.environ.get("FAULT")
    if fault and fault not in FAULTS:
        parser.error(f"FAULT={fault} is unknown: write one of {', '.join(FAULTS)}")
    parser.add_argument("--corpus", type=Path, default=DEFAULT, metavar="DIR", help="default: %(default)s")
    parser.add_argument("--unpriced", action="store_true", help="name the models that have no price")
    asked = parser.parse_args()
    folder: Path = asked.corpus.resolve()
    if not (folder / "index.jsonl").is_file():
        print(f"No recorded streams at {folder}: nothing to check.\n0 passed, 0 failed, 0 skipped")
        return 0
    logging.getLogger("chunkmeter").setLevel(logging.ERROR)  # what no price table lists is not the point here
    if fault:
        plant(fault)
    costs = Costs()
    rows = check(folder, costs, until_one_differs=bool(fault))
    report(rows, costs, unpriced=asked.unpriced)
    return 1 if any(row.mismatches for row in rows.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
