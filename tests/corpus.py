"""Check the readers against a folder of recorded streams: `python tests/corpus.py [--corpus DIR]`.

Every stream is read twice: as the events that the vendor's SDK makes of it, replayed over HTTP by the folder's own
`serve.py` ("sdk"), and as the JSON on the wire ("dict"). Both must say what the folder's `index.jsonl` calls the truth.
Exit status 1 on any mismatch; a folder that isn't there is said and passes.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import functools
import importlib.util
import itertools
import json
import re
import sys
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anthropic
import groq
import httpx
import openai
from corpus_truth import EXPECTED, IDS, REASONS, TOKENS, Facts
from google import genai
from google.genai import types

from chunkmeter import readers
from chunkmeter.tally import Tally

DEFAULT = Path(__file__).resolve().parents[2] / "shared" / "corpus"

Stream = dict[str, Any]


# --- how each family is read, and why some are not ------------------------------------------------------------------

WIRES = {"chat": "openai_chat", "anthropic": "anthropic_messages", "google": "google_generate_content"}
NOT_YET = {
    "anthropic_complete": "legacy text completions: no reader",
    "assistants": "OpenAI assistants: no reader yet",
    "cohere_v1": "no reader yet",
    "cohere_v2": "no reader yet",
    "completions": "legacy text completions: no reader yet",
    "converse": "Bedrock converse: no reader yet",
    "error_only": "only refused requests are known of this wire",
    "google_interactions": "Google interactions: no reader yet",
    "invoke": "Bedrock invoke: no reader yet",
    "ollama": "Ollama's own wire: no reader yet",
    "responses": "OpenAI responses: no reader yet",
    "transcription": "no chat: no reader",
}


CLIENT = httpx.Client(trust_env=False)
OPENAI = openai.OpenAI(api_key="none", max_retries=0, http_client=CLIENT)
GROQ = groq.Groq(api_key="none", max_retries=0, http_client=CLIENT)
ANTHROPIC = anthropic.Anthropic(api_key="none", max_retries=0, http_client=CLIENT)
GEMINI = genai.Client(api_key="none", vertexai=False)
VERTEX = genai.Client(api_key="none", vertexai=True)


def chat_events(client: Any, address: str) -> Iterator[Any]:
    yield from client.with_options(base_url=address).chat.completions.create(model="any", messages=[], stream=True)


def anthropic_events(client: Any, address: str) -> Iterator[Any]:
    messages = client.with_options(base_url=address).messages
    yield from messages.create(model="any", max_tokens=1, messages=[], stream=True)


def google_events(client: Any, address: str) -> Iterator[Any]:
    options = types.GenerateContentConfig(http_options=types.HttpOptions(base_url=address))
    yield from client.models.generate_content_stream(model="any", contents="any", config=options)


# By family, and by wire where it has an SDK of its own.
SDKS: dict[str, Callable[[str], Iterator[Any]]] = {
    "chat": functools.partial(chat_events, OPENAI),
    "groq": functools.partial(chat_events, GROQ),
    "anthropic": functools.partial(anthropic_events, ANTHROPIC),
    "google": functools.partial(google_events, GEMINI),
    "vertex": functools.partial(google_events, VERTEX),
}
# What an SDK's classes have no field for.
DROPPED_BY_SDK: dict[str, set[str]] = {
    "google": {"service_tier"} - set(types.GenerateContentResponseUsageMetadata.model_fields),
}
# How the SDKs fail on JSON that they don't expect; what the provider or the network did has exceptions of its own.
UNPARSED = (ValueError, TypeError, AttributeError, LookupError, AssertionError)


def sdk_events(stream: Stream, family: str, address: str, file: Path) -> Iterator[Any]:
    if family == "google" and file.suffix == ".json" and stream["status"] < 400:
        # The SDK asks for server-sent events and can't read an array: it takes the elements one by one.
        parse = types.GenerateContentResponse._from_response  # pyright: ignore[reportPrivateUsage]
        return (parse(response=element, kwargs={}) for element in wire_events(file))
    return SDKS.get(stream["wire"], SDKS[family])(address)


def wire_events(path: Path) -> Iterator[Any]:
    """The JSON of each event as it stands on the wire; what is no JSON is left out."""
    body = path.read_bytes().decode("utf-8-sig", "replace")
    if path.suffix == ".json":
        whole = json.loads(body)
        yield from whole if isinstance(whole, list) else [whole]
        return
    data: list[str] = []
    for line in [*re.split(r"\r\n|\n|\r", body), ""]:
        name, _, value = line.partition(":")
        if name == "data":
            data.append(value.removeprefix(" "))
        elif not line and data:
            with contextlib.suppress(ValueError):
                yield json.loads("\n".join(data))
            data = []


# --- the comparison -------------------------------------------------------------------------------------------------


@dataclass
class Row:
    """One wire's line of the table."""

    streams: int = 0
    reasons: int = 0
    tokens: int = 0
    ids: int = 0
    failed: int = 0
    mismatches: list[str] = field(default_factory=list[str])
    unparsed: list[str] = field(default_factory=list[str])
    not_read: Counter[str] = field(default_factory=Counter[str])


@dataclass
class Comparison:
    """How one reading of a stream differs from the truth."""

    fields: set[str] = field(default_factory=set[str])
    lines: list[str] = field(default_factory=list[str])
    unparsed: str | None = None
    """Why the SDK could not make events of the body, if so."""

    def add(self, stream: Stream, name: str, how: str, via: str) -> None:
        self.fields.add(name)
        self.lines.append(f"{stream['id']}  {name}: {how}  (via {via})")


def read(wire: str, events: Iterable[Any]) -> tuple[Tally, Exception | None]:
    """Fold all events, and the exception that ended them, if one did. A warning of ours is an error."""
    tally, reader, source = Tally(), readers.for_wire(wire), iter(events)
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
            reader.read(tally, event)


def facts(tally: Tally) -> Facts:
    said: Facts = dataclasses.asdict(tally.tokens())
    said.pop("total_tokens")
    said["finish_reasons"] = [reason for reason in tally.raw_reasons() if reason is not None]
    for name in ("provider_cost", "response_id", "response_model", "service_tier"):
        said[name] = getattr(tally, name)
    return said


def compare(stream: Stream, family: str, via: str, events: Iterable[Any], file: Path) -> Comparison:
    """Read `events` and hold them against the truth; `file` has the body they came from."""
    truth: Facts = stream["truth"]
    expected = {name: expect(truth) for name, expect in EXPECTED[family].items()}
    tally, raised = read(WIRES[family], events)
    result = Comparison()
    if raised is not None and (truth.get("errors") or stream["status"] >= 400):
        # As it should; what came with the error and after it the SDK keeps back.
        expected = facts(read(WIRES[family], before_error(wire_events(file)))[0])
    elif raised is not None:
        how = f"{type(raised).__name__}: {raised}".partition("\n")[0][:100]
        if via == "sdk" and isinstance(raised, UNPARSED):
            return Comparison(unparsed=f"{stream['id']}  {how}")
        result.add(stream, "raised", how, via)
    got = facts(tally)
    for name in expected.keys() - (DROPPED_BY_SDK.get(family, set()) if via == "sdk" else set[str]()):
        if got[name] != expected[name]:
            result.add(stream, name, f"expected {expected[name]!r}, got {got[name]!r}", via)
    return result


def before_error(events: Iterable[Any]) -> Iterator[Any]:
    return itertools.takewhile(lambda event: not isinstance(event, dict) or "error" not in event, events)


def family_of(stream: Stream, families: dict[str, set[str]]) -> str | None:
    """The shape that the body has or, for a refused request, that the wire's answers otherwise have."""
    family = stream["family"]
    if family == "error_only":
        return next(iter(sorted(families[stream["wire"]])), family)
    return family


def check(folder: Path) -> dict[str, Row]:
    """Read every stream of the folder both ways."""
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
            row.streams += 1
            if family not in WIRES:
                row.not_read[NOT_YET.get(family or "", "a body of no known shape")] += 1
                continue
            file, address = folder / stream["file"], f"http://127.0.0.1:{port}/{stream['id']}"
            sdk = compare(stream, family, "sdk", sdk_events(stream, family, address, file), file)
            raw = compare(stream, family, "dict", wire_events(file), file)
            wrong = sdk.fields | raw.fields
            row.reasons += not wrong & REASONS
            row.tokens += not wrong & TOKENS
            row.ids += not wrong & IDS
            row.failed += bool(wrong)
            row.mismatches += sdk.lines + raw.lines
            row.unparsed += [sdk.unparsed] if sdk.unparsed else []
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


def report(rows: dict[str, Row]) -> None:
    """Print the table, every mismatch and the totals."""
    print(f"{'wire':26}{'streams':>8}{'reasons =':>11}{'tokens =':>10}{'ids =':>7}{'mismatches':>12}  not read yet")
    for wire, row in sorted(rows.items()):
        why = "; ".join(f"{count}: {reason}" for reason, count in row.not_read.items())
        numbers = f"{row.streams:8}{row.reasons:11}{row.tokens:10}{row.ids:7}{len(row.mismatches):12}"
        print(f"{wire:26}{numbers}  {why}".rstrip())
    print("\n=: streams where it equals the truth both ways; tokens with their cost, ids with model and service tier")
    mismatches = [line for row in rows.values() for line in row.mismatches]
    unparsed = [line for row in rows.values() for line in row.unparsed]
    for title, lines in (("Mismatches", mismatches), ("Read as JSON only, since the SDK can't parse them", unparsed)):
        if lines:
            print(f"\n{title}:", *sorted(lines), "", sep="\n")
    streams, failed = sum(row.streams for row in rows.values()), sum(row.failed for row in rows.values())
    unread = sum(row.not_read.total() for row in rows.values())
    print(f"{streams} streams: {streams - unread} read, {unread} not read yet, {len(mismatches)} mismatches")
    print(f"{streams - unread - failed} passed, {failed} failed, {unread} skipped")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--corpus", type=Path, default=DEFAULT, metavar="DIR", help="default: %(default)s")
    folder: Path = parser.parse_args().corpus.resolve()
    if not (folder / "index.jsonl").is_file():
        print(f"No recorded streams at {folder}: nothing to check.\n0 passed, 0 failed, 0 skipped")
        return 0
    rows = check(folder)
    report(rows)
    return 1 if any(row.mismatches for row in rows.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
