"""Compare estimated tokens with what providers counted: `python -m checks.corpus.estimates [--corpus DIR]`.

Each recorded stream of a folder is read as `wrap` reads it. Where its provider says the counts, the answer's text and,
where it was recorded in full, the request are estimated and held against them. A folder that isn't there is said and
passes.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from checks.corpus import index
from checks.corpus.events import json_events
from checks.corpus.index import WIRES, Stream
from chunkmeter import readers
from chunkmeter.facts.tally import Tally
from chunkmeter.readers.items import reading
from chunkmeter.reporting.estimate import Estimator

# Whose tokens they are: only OpenAI publishes how its models cut text.
_OPENAI = ("openai_", "azure_openai")
_OPENAI_SHAPE = ("chat", "completions", "responses")
_CUT = "<elided"  # how the index shortens a long text of a request
_BY_RULE = Estimator(by_rule=True)
_TOOLS = ("tools", "functions", "toolConfig")


class Compared(NamedTuple):
    """One count of one stream."""

    whose: str
    what: str
    said: int
    estimated: int
    by_rule: int


def tally_of(stream: Stream, events: Iterable[Any]) -> Tally:
    """All that the stream says, its text kept."""
    tally, reader = Tally(keeps_text=True), readers.for_wire(WIRES[stream["family"]])
    read = None
    for event in events:
        read = read or reading(tally, event, reader)
        if callable(read):
            read(tally, event)
    return tally


def whose(stream: Stream) -> str:
    if stream["wire"].startswith(_OPENAI):
        return "OpenAI's models"
    return "others, OpenAI's shape" if stream["family"] in _OPENAI_SHAPE else "others, own shape"


def kind_of_answer(stream: Stream) -> str:
    """What the answer has beside text; its tokens for that can't be seen, or not all of them."""
    features: list[str] = stream["features"]
    if stream["truth"].get("reasoning_tokens") or "thinking" in features:
        return "answers with reasoning"
    return "answers with tool calls" if {"tool_calls", "server_tools"} & {*features} else "answers of text"


def compared(stream: Stream, folder: Path, estimator: Estimator) -> Iterable[Compared]:
    """The counts of one stream that its provider says and that can be estimated."""
    tally = tally_of(stream, json_events(folder / stream["file"]))
    tokens, request = tally.tokens(), stream["request"]
    model = tally.response_model or (request or {}).get("model")
    if tokens.output_tokens and tally.said:
        yield Compared(
            whose(stream), kind_of_answer(stream), tokens.output_tokens,
            estimator.output(tally.said, model), _BY_RULE.output(tally.said, model),
        )  # fmt: skip
    if not request or not tokens.input_tokens or _CUT in json.dumps(request):
        return
    estimated = estimator.prompt(request, model)
    by_rule = _BY_RULE.prompt(request, model)
    if estimated is not None and by_rule is not None:
        what = "prompts with tools" if any(request.get(name) for name in _TOOLS) else "prompts of text"
        yield Compared(whose(stream), what, tokens.input_tokens, estimated, by_rule)


def report(found: Iterable[Compared]) -> None:
    """Print the table: how far the estimates are off, and how far the rule of thumb would be."""
    groups: dict[tuple[str, str], list[Compared]] = defaultdict(list)
    for one in found:
        groups[one.what, one.whose].append(one)
    print(f"{'':50}{'counts':>8}{'half within':>20}{'worst':>8}{'sum':>7}{'bytes/4: half within':>23}{'sum':>7}")
    for (what, who), group in sorted(groups.items()):
        off = [one.estimated / one.said - 1 for one in group]
        by_rule = [one.by_rule / one.said - 1 for one in group]
        tokens = median(abs(one.estimated - one.said) for one in group)
        said = sum(one.said for one in group)
        sums = [sum(one.estimated for one in group) / said - 1, sum(one.by_rule for one in group) / said - 1]
        print(
            f"{what:26}{who:24}{len(group):8}{median(map(abs, off)):7.0%} or {tokens:3.0f} tok{max(off, key=abs):8.0%}"
            f"{sums[0]:7.0%}{median(map(abs, by_rule)):23.0%}{sums[1]:7.0%}"
        )


def main() -> int:
    parser = index.parser(__doc__, index.FOLDERS[0])
    parser.add_argument("--least", type=int, default=1, metavar="TOKENS", help="leave smaller counts out")
    asked = parser.parse_args()
    folder: Path = asked.corpus.resolve()
    recorded = index.recorded(folder)
    if not recorded:
        print("0 passed, 0 failed, 0 skipped")
        return 0
    streams = [stream for stream in recorded if stream["family"] in WIRES and not stream["suspect_synthetic"]]
    estimator = Estimator()
    print(f"{len(streams)} streams, counted by {estimator.method(None)}\n")
    found = (one for stream in streams for one in compared(stream, folder, estimator))
    report(one for one in found if one.said >= asked.least)
    return 0


if __name__ == "__main__":
    sys.exit(main())
