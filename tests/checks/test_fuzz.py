"""Whatever a stream brings, it goes through `wrap` untouched, and comes to no more than its events say."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from checks.fuzz.bound import FIELDS, Bound
from checks.fuzz.events import wire_of
from checks.fuzz.given import ASYNC, SYNC, given_streams
from checks.fuzz.watch import Watch, holds
from chunkmeter import pricing, readers
from chunkmeter.facts.tally import Tally, Tokens
from chunkmeter.readers import WIRES, Reader, _usage
from chunkmeter.streams import methods, replace, taps
from replay.scenarios import ALL, Scenario
from support.faults.readers import sum_usage
from support.streams import events_of
from support.wire_samples import SAMPLES, Sample

SHORT = 150
"""Events of a stream here."""

# What every sample comes to at most; its input and output come to just that.
MOST = Tokens(90, 64, 20, 110, 9, 0, 8, 3, 2, 5)
CLAUDE = Tokens(8 + 61 + 22, 61, 20, 91 + 20, 22, 5, 7)
MOST_OF = {
    "xAI": Tokens(90, 64, 20 + 8, 118, 9, 0, 8, 3, 2),
    "Anthropic, Vertex AI (Claude)": CLAUDE,
    "Bedrock: Claude": CLAUDE,
    # 100 + 50 + 11 of the compaction and 8 + 7 of the message; before it, the start has more that is cached.
    "Anthropic: compaction, advisor": Tokens(161 + 15, 60, 6 + 20, 176 + 26, 21, 5),
    "OpenRouter (messages)": Tokens(9 + 60 + 21, 60, 20, 90 + 20, 21, 5),
    "LiteLLM": Tokens(90, 64, 20, 110, 9, 5, 8),
    "Bedrock": Tokens(26 + 60 + 4, 60, 20, 110, 4, 3),
}
HEARD = {
    "OpenAI: speech": Tokens(90, None, 20, 110, output_audio_tokens=20),
    "Mistral: transcription": Tokens(90, None, 20, 1110),
}
MOST_ON = {
    "openai_transcription": Tokens(90, None, 20, 110, input_audio_tokens=80),
    "openai_embeddings": Tokens(90, None, None, 110),
    "native_embeddings": Tokens(90),
    "openai_responses": MOST,  # xAI's too counts reasoning in the output there
    "openai_realtime": Tokens(90, 64, 20, 110, input_audio_tokens=80, output_audio_tokens=16),
    "google_live": Tokens(90, 64, 12 + 8, 110, reasoning_tokens=8, input_audio_tokens=70, output_audio_tokens=12),
    "mistral_conversations": Tokens(80 + 10, None, 20, 110, tool_use_tokens=10),
}
SILENT = ("anthropic_complete", "cohere_rerank", "Gemini, Vertex AI: a refused prompt")
TIMES = [[1], [2], [3, 1, 4], [1, 5]]
"""How often each event is said, over and over."""


def test_whatever_a_stream_brings() -> None:
    """No failure, no item lost or exchanged, no count that can't be; on every wire."""
    seen: list[Watch] = []
    for number, wire in enumerate(WIRES):
        holds(given_streams((wire,), SHORT), begin=number, examples=3, tell=seen.append)
    assert len(seen) == 3 * len(WIRES)
    assert sum(watch.taken for watch in seen) > 2_000
    assert sum(watch.counted for watch in seen) > 20


def outgrown(wire: str, events: list[Any], times: list[int], most: Tokens) -> tuple[list[str], Tokens]:
    """Where some prefix of the stream, each event said several times, comes to more than `most`; and its end."""
    tally, found = Tally(), list[str]()
    for at, event in enumerate(events):
        for _ in range(times[at % len(times)]):
            readers.for_wire(wire).read(tally, event)
            tokens = tally.tokens()
            found += [
                f"{field} of {getattr(tokens, field)} after event {at}"
                for field in FIELDS
                if (getattr(tokens, field) or 0) > (getattr(most, field) or 0)
            ]
    return found, tally.tokens()


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: f"{sample.wire}, {sample.services}")
@pytest.mark.parametrize("times", TIMES, ids=str)
def test_no_prefix_of_a_sample_outgrows_it(sample: Sample, times: list[int]) -> None:
    """However often a service says again what it said."""
    most = HEARD.get(sample.services) or MOST_ON.get(sample.wire) or MOST_OF.get(sample.services, MOST)
    found, end = outgrown(sample.wire, [*sample.events], times, most)
    assert found == []
    spent = (most.input_tokens, most.output_tokens)
    silent = sample.wire in SILENT or sample.services in SILENT
    assert (end.input_tokens, end.output_tokens) == ((None, None) if silent else spent)


@pytest.mark.parametrize(
    "scenario",
    [scenario for scenario in ALL if scenario.stream and scenario.service != "bedrock"],
    ids=lambda scenario: scenario.id,
)
@pytest.mark.parametrize("times", TIMES, ids=str)
def test_no_prefix_of_a_scenario_outgrows_its_truth(scenario: Scenario, times: list[int]) -> None:
    """The truth is what the whole stream comes to."""
    truth = scenario.truth
    said: dict[str, Any] = {field: getattr(truth, field) for field in FIELDS if field != "tool_use_tokens"}
    found, end = outgrown(wire_of(scenario), events_of(scenario), times, Tokens(**said))
    assert found == []
    assert (end.input_tokens, end.output_tokens) == (truth.input_tokens, truth.output_tokens)


# --- the bound, by hand ---------------------------------------------------------------------------------------------

CHUNK = {"usage": {"prompt_tokens": 90, "completion_tokens": 20, "completion_tokens_details": {"reasoning_tokens": 8}}}


@pytest.mark.parametrize(
    ("field", "count", "why"),
    [
        ("input_tokens", 90, None),
        ("input_tokens", 180, "input_tokens is 180, and the events so far say no more than 90"),
        ("input_tokens", 89, "input_tokens is 89, which no event so far says"),
        ("output_tokens", 20 + 8, None),
        ("output_tokens", 40, "output_tokens is 40, and the events so far say no more than 28"),
        ("cached_tokens", 64, "cached_tokens is 64, and the events so far say no more than 0"),
    ],
)
def test_the_bound(field: str, count: int, why: str | None) -> None:
    """Said twice, it is still what one event says."""
    bound = Bound("openai_chat")
    for event in (CHUNK, copy.deepcopy(CHUNK)):
        bound.add(event)
    assert bound.broken_by(field, count) == why


# --- that each check can fail ---------------------------------------------------------------------------------------

Plant = Callable[[pytest.MonkeyPatch], None]


def planted_reader(faulty: Callable[[Callable[[Tally, Any], None]], Callable[[Tally, Any], None]]) -> Plant:
    def plant(patch: pytest.MonkeyPatch) -> None:
        reader = readers.for_wire("openai_chat")
        patch.setitem(readers._loaded, "openai_chat", Reader(reader.wire, reader.operation, faulty(reader.read)))

    return plant


def trusts(read: Callable[[Tally, Any], None]) -> Callable[[Tally, Any], None]:
    """Takes it for granted that usage is an object."""

    def faulty(tally: Tally, event: Any) -> None:
        if isinstance(event, dict) and event.get("usage") and not isinstance(event["usage"], dict):
            raise TypeError("planted")
        read(tally, event)

    return faulty


def copies(patch: pytest.MonkeyPatch) -> None:
    step, astep = taps.step, taps.astep

    def copied(*args: Any) -> Any:
        return copy.copy(step(*args))

    async def acopied(*args: Any) -> Any:
        return copy.copy(await astep(*args))

    for module in (taps, methods):
        patch.setattr(module, "step", copied)
        patch.setattr(module, "astep", acopied)
    put_stepper(patch, copied)


def put_stepper(patch: pytest.MonkeyPatch, step: Any) -> None:
    """Have each stream's own `__next__` made anew, of this step."""
    made = lambda pull, this: lambda self: step(getattr(self, replace.LEASE).call, None, pull, this(self))  # noqa: E731
    patch.setattr(methods, "stepper", made)
    for name in ("_subclass", "_proxy_class"):
        patch.setattr(replace, name, getattr(replace, name).__wrapped__)


def skips(patch: pytest.MonkeyPatch) -> None:
    """Loses what follows a refusal."""
    step, astep = taps.step, taps.astep

    def skipping(call: Any, *args: Any) -> Any:
        item = step(call, *args)
        return step(call, *args) if call.chunks == 5 else item

    async def askipping(call: Any, *args: Any) -> Any:
        item = await astep(call, *args)
        return await astep(call, *args) if call.chunks == 5 else item

    for module in (taps, methods):
        patch.setattr(module, "step", skipping)
        patch.setattr(module, "astep", askipping)
    put_stepper(patch, skipping)


def counts_anything(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(_usage, "count", lambda value: value if isinstance(value, int | float) else None)


def prices_nothing(patch: pytest.MonkeyPatch) -> None:
    def failing(*_: Any, **__: Any) -> Any:
        raise ArithmeticError("planted")

    patch.setattr(pricing, "bill", failing)


@pytest.mark.parametrize(
    ("plant", "sources", "why"),
    [
        pytest.param(copies, SYNC, "of the user's is", id="items copied"),
        pytest.param(copies, ASYNC, "of the user's is", id="items copied, async"),
        pytest.param(skips, SYNC, "of the user's is", id="an item lost"),
        pytest.param(skips, ASYNC, "of the user's is", id="an item lost, async"),
        pytest.param(planted_reader(trusts), SYNC, "^planted", id="a reader that raises"),
        pytest.param(planted_reader(sum_usage), SYNC, "_tokens is ", id="usage summed up"),
        pytest.param(counts_anything, SYNC, "tokens is ", id="counts that are none"),
        pytest.param(prices_nothing, SYNC, "^planted", id="a price that raises"),
    ],
)
def test_a_planted_fault_is_found(
    plant: Plant, sources: Iterable[str], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So the checks are there."""
    plant(monkeypatch)
    streams = given_streams(("openai_chat",), SHORT, forms=("JSON",), sources=tuple(sources))
    with pytest.raises((AssertionError, TypeError, ArithmeticError), match=why):
        holds(streams, begin=1, examples=120, shrink=False)


def test_the_same_seed_makes_the_same_streams() -> None:
    """So what was found can be found again."""
    made: list[list[str]] = [[], []]
    for run in made:
        holds(
            given_streams(("tgi",), 5), begin=7, examples=5, tell=lambda watch, run=run: run.append(repr(watch.given))
        )
    assert made[0] == made[1]
