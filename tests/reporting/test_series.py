"""However many names strangers bring, a tenant and a model that are known keep series of their own, and exact ones."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.context import Context

from chunkmeter import Settings, semconv
from chunkmeter.attribution import NO_LABELS, Bounded, Labels
from chunkmeter.facts.ended import Ended
from chunkmeter.facts.request import Request
from chunkmeter.facts.tally import Tally, Tokens
from chunkmeter.testing import Kit
from support.exported import exported

SDK_LIMIT = 2_000
# gpt-4o-mini: 1000 x 0.15 / 1e6 + 1000 x 0.60 / 1e6 (openai.com/api/pricing).
ONE = 0.00075
ACME = Labels({"tenant": "acme"})
METRICS = [
    semconv.SPEND, semconv.CALLS, semconv.COST, semconv.DURATION, semconv.TIME_TO_FIRST_CHUNK, semconv.TOKEN_USAGE,
    *semconv.LATEST.metrics,
]  # fmt: skip


@pytest.fixture
def kits() -> Iterator[Callable[..., Kit]]:
    """Makes a kit that allow-lists a tenant, and a customer from baggage."""
    made: list[Kit] = []

    def make(**given: Any) -> Kit:
        while made:
            made.pop().shutdown()
        chosen: dict[str, Any] = {"metric_labels": ("tenant", "baggage:customer"), **given}
        made.append(Kit(settings=Settings(**chosen)))
        return made[-1]

    yield make
    for kit in made:
        kit.shutdown()


def call(kit: Kit, *, error: str | None = None, answered: str | None = None, **request: Any) -> None:
    """One call that is over: of gpt-4o-mini at its own host, unless told otherwise."""
    tally = Tally()
    tally.reasons[0] = "stop"
    tally.response_model = answered
    tally.usage, tally.count_tokens = Tokens(input_tokens=1000, output_tokens=1000), lambda usage: usage
    usual: dict[str, Any] = {"provider": "openai", "model": "gpt-4o-mini", "labels": NO_LABELS}
    usual |= {"server_address": "api.openai.com", "server_port": 443}
    asked = Request(**{**usual, **request})
    ended = Ended(asked, tally, "error" if error else "completed", error, 1, 2, 3)
    kit.telemetry.record(ended, kit.telemetry.assess(ended), Context())


def points(kit: Kit, metric: str, **labels: Any) -> list[Any]:
    """The points of a metric that have exactly these labels, names written with `__` for a dot."""
    wanted = {name.replace("__", "."): value for name, value in labels.items()}
    return [
        point
        for point in kit.points(metric)
        if all(point.attributes.get(name) == value for name, value in wanted.items())
    ]


def total(kit: Kit, metric: str, **labels: Any) -> float:
    return sum(point.value if hasattr(point, "value") else point.count for point in points(kit, metric, **labels))


def check(kit: Kit, calls: int) -> None:
    """The SDK dropped no label, and nothing is lost."""
    for metric in METRICS:
        series = kit.points(metric.name)
        assert len(series) < SDK_LIMIT, metric.name
        assert not any("otel.metric.overflow" in point.attributes for point in series), metric.name
    assert kit.total("chunkmeter.calls") == calls


SPELLINGS = [
    ("provider", lambda n: f"gateway-{n}"),
    ("model", lambda n: f"gpt-4o-mini-{n}"),
    ("model", lambda n: f"p{n}/gpt-4o-mini"),
    ("model", lambda n: f"gpt-4o-mini@{2000 + n}-01-01"),
    ("model", lambda n: "".join(c.upper() if n >> i & 1 else c for i, c in enumerate("gpt-4o-mini"))),
    ("model", lambda n: "gpt-4o-mini" + " " * n),
    ("answered", lambda n: f"gpt-4o-mini-2024-{n}"),
    ("server_address", lambda n: f"host-{n}.example"),
    ("server_port", lambda n: n + 1),
    ("error", lambda n: f"made.at_run_time.Error{n}"),
    ("error", lambda n: f"ValueError{n}"),
    ("operation", lambda n: f"chat-{n}"),
    ("labels", lambda n: Labels(claimed={"customer": f"forged-{n}"})),
    ("labels", lambda n: Labels({"tenant": "acme"}, {"customer": f"forged-{n}"})),
]  # fmt: skip


@pytest.mark.parametrize(("field", "made"), SPELLINGS, ids=[f"{field}-{n}" for n, (field, _) in enumerate(SPELLINGS)])
def test_500_values_of_one_label(kits: Callable[..., Kit], field: str, made: Callable[[int], Any]) -> None:
    """Whichever it is, however it is spelled: what was known before and what comes after keep their series."""
    kit = kits(semconv="both" if field in ("server_port", "error") else "released")
    call(kit, labels=ACME, model="gpt-4o-mini")
    for number in range(500):
        call(kit, **{field: made(number)})
    call(kit, labels=ACME, model="gpt-4o-mini")
    call(kit, labels=Labels({"tenant": "globex"}), model="gpt-4.1-mini")
    check(kit, 503)
    others = 500 if field == "labels" and made(0).own else 0
    assert total(kit, "chunkmeter.spend", tenant="acme") == pytest.approx((2 + others) * ONE, abs=1e-9)
    assert total(kit, "chunkmeter.spend", tenant="acme", customer=None) == pytest.approx(2 * ONE, abs=1e-9)
    # gpt-4.1-mini: 1000 x 0.40 / 1e6 + 1000 x 1.60 / 1e6
    assert total(kit, "chunkmeter.spend", tenant="globex") == pytest.approx(0.002, abs=1e-9)
    assert total(kit, "gen_ai.client.operation.duration", gen_ai__request__model="gpt-4.1-mini") == 1
    for metric in METRICS:
        named = {value for point in kit.points(metric.name) for value in point.attributes.values()}
        assert len(named) < 400, metric.name
    assert kit.total("chunkmeter.errors") == 0


@pytest.mark.slow
def test_2_500_hosts_and_classes_of_errors(kits: Callable[..., Kit]) -> None:
    """More than the SDK has series for."""
    kit = kits()
    for number in range(2_500):
        call(kit, server_address=f"host-{number}", error=f"Error{number}")
    call(kit, labels=ACME)
    check(kit, 2_501)
    assert total(kit, "gen_ai.client.operation.duration", server__address="api.openai.com") == 1
    assert total(kit, "chunkmeter.spend", tenant="acme") == pytest.approx(ONE, abs=1e-12)


def test_values_of_all_labels_together(kits: Callable[..., Kit]) -> None:
    """A hundred of each kind would make any number of combinations: what strangers chose falls together."""
    kit = kits()
    for number in range(1_000):
        call(
            kit,
            labels=Labels({"tenant": ("acme", "globex")[number % 2]}, {"customer": f"c{number % 7}"}),
            provider=f"gateway-{number % 11}",
            model=f"model-{number % 13}",
            answered=f"model-{number % 17}",
            server_address=f"host-{number % 19}",
            server_port=8000 + number % 23,
            error=f"made.Error{number % 29}",
        )
    call(kit, labels=ACME)
    check(kit, 1_001)
    assert total(kit, "chunkmeter.calls", tenant="acme") == 501
    assert total(kit, "chunkmeter.calls", tenant="globex") == 500
    (known,) = points(kit, "chunkmeter.spend", tenant="acme", gen_ai__request__model="gpt-4o-mini")
    assert known.value == pytest.approx(ONE, abs=1e-12)
    (rest,) = points(kit, "gen_ai.client.operation.duration", gen_ai__request__model="_OTHER")
    assert rest.attributes == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "_OTHER",
        "gen_ai.request.model": "_OTHER",
        "gen_ai.response.model": "_OTHER",
        "server.address": "_OTHER",
        "error.type": "_OTHER",
    }
    # 300 combinations have series of their own, each of which took one place.
    assert rest.count == 1_000 - 300
    assert len(kit.points("gen_ai.client.operation.duration")) == 302


def test_a_model_of_the_price_file_keeps_its_series(kits: Callable[..., Kit], tmp_path: Path) -> None:
    """As the file spells it, and even after all models of the bundled table."""
    file = tmp_path / "prices.toml"
    file.write_text(
        '[[models]]\nnames = ["Acme-Chat"]\nprices = { input = 1, output = 1 }\n'
        '[[aliases]]\nnames = ["acme/prod"]\nmodel = "gpt-4o-mini"\nmodel_provider = "openai"\n'
        '[[multipliers]]\nnames = ["gpt-4o-mini-2024-07-18"]\nmultiplier = 0.5\n'
    )
    kit = kits(prices=str(file))
    for number in range(400):
        call(kit, model=f"made-up-{number}")
    for model in ("Acme-Chat", "acme/prod", "gpt-4o-mini-2024-07-18", "acme-chat", "ACME/prod"):
        call(kit, model=model)
    seen = Counter(point.attributes["gen_ai.request.model"] for point in kit.points("chunkmeter.calls"))
    assert {"Acme-Chat", "acme/prod", "gpt-4o-mini-2024-07-18", "_OTHER"} < set(seen)
    assert not {"acme-chat", "ACME/prod"} & set(seen)


@pytest.mark.slow
def test_whoever_picks_from_the_whole_price_table_pushes_no_tenant_out(kits: Callable[..., Kit]) -> None:
    """It lists 1,900 models. They have a part of the series as well."""
    from genai_prices import data_snapshot

    kit = kits(histograms=())
    models = sorted({model.id for row in data_snapshot.get_snapshot().providers for model in row.models})
    chosen = [(model, None) for model in models] + [(model, "ValueError") for model in models[:500]]
    assert len(chosen) > SDK_LIMIT
    for model, error in chosen:
        call(kit, provider=None, model=model, error=error)
    for number in range(50):
        call(kit, labels=Labels({"tenant": f"t{number}"}))
    check(kit, len(chosen) + 50)
    for number in range(50):
        assert total(kit, "chunkmeter.spend", tenant=f"t{number}") == pytest.approx(ONE, abs=1e-12)


@pytest.mark.parametrize(
    ("error", "label"),
    [
        ("ValueError", "ValueError"),
        ("httpx.ReadTimeout", "httpx.ReadTimeout"),
        ("openai.RateLimitError", "openai.RateLimitError"),
        ("stream_interrupted", "stream_interrupted"),
        ("tests.none_such.Error", "_OTHER"),
        ("print", "_OTHER"),
        ("int", "_OTHER"),
        ("openai.OpenAI", "_OTHER"),
        ("openai.RateLimitError.x", "_OTHER"),
        ("openai..RateLimitError", "_OTHER"),
        ("", None),
        (".", "_OTHER"),
    ],
)
def test_classes_of_errors_that_modules_have_are_known(kits: Callable[..., Kit], error: str, label: str | None) -> None:
    """The program has so many of them and no more. Others pass until a hundred have been seen."""
    pytest.importorskip("openai")
    kit = kits(metric_labels=())
    for number in range(100):
        call(kit, error=f"made.Error{number}")
    call(kit, error=error, model="gpt-4o")
    (point,) = points(kit, "gen_ai.client.operation.duration", gen_ai__request__model="gpt-4o")
    assert point.attributes.get("error.type") == label


def test_a_provider_s_own_host_is_known_at_its_port_alone(kits: Callable[..., Kit]) -> None:
    kit = kits(semconv="latest")
    for number in range(100):
        call(kit, server_address=f"host-{number}")
    call(kit, model="gpt-4o")
    call(kit, model="gpt-4.1", server_port=8443)
    (own,) = points(kit, "gen_ai.client.inference.duration", gen_ai__request__model="gpt-4o")
    (other,) = points(kit, "gen_ai.client.inference.duration", gen_ai__request__model="gpt-4.1")
    assert (own.attributes["server.address"], own.attributes["server.port"]) == ("api.openai.com", 443)
    assert other.attributes["server.address"] == "_OTHER"
    assert "server.port" not in other.attributes


@pytest.mark.slow
@pytest.mark.parametrize("length", [20, 102, 103, 200])
def test_long_names_make_no_large_export(kits: Callable[..., Kit], length: int) -> None:
    """A series has at most 512 bytes of names that nothing lists. A Collector takes 4 MiB at a time."""
    kit = kits()
    for number in range(1_000):
        # Some hundred names of each kind, in ever other combinations.
        name = [f"{number % kinds:03}{'x' * (length - 3)}" for kinds in (97, 89, 83, 79, 73)]
        customer = Labels({}, {"customer": f"{number % 150:03}{'x' * 61}"})
        call(
            kit,
            labels=customer,
            provider=name[0],
            model=name[1],
            answered=name[2],
            server_address=name[3],
            error=name[4],
        )
    check(kit, 1_000)
    size = exported(kit)
    assert size.refused == []
    assert size.metrics < 2_000_000
    # 5 x 102 = 510
    assert (len(kit.points("gen_ai.client.operation.duration")) > 300) == (length <= 102)


STRANGERS = st.fixed_dictionaries(
    {},
    optional={
        "provider": st.sampled_from(["openai", "my-gateway", "OpenAI", None]),
        "model": st.one_of(st.text(max_size=8), st.sampled_from(["gpt-4o", "GPT-4O", "p/gpt-4o", "gpt-4.1", None])),
        "answered": st.one_of(st.text(max_size=8), st.just("gpt-4o-mini-2024-07-18")),
        "server_address": st.text(max_size=5),
        "server_port": st.one_of(st.none(), st.integers(0, 65_535)),
        "error": st.one_of(st.text(max_size=5), st.just("ValueError")),
        "labels": st.builds(Labels, st.just({}), st.fixed_dictionaries({"customer": st.text(min_size=1, max_size=4)})),
    },
)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(st.tuples(STRANGERS, st.integers(1, 400), st.booleans()), min_size=1, max_size=6))
def test_a_known_tenant_and_model_are_exact_among_any_strangers(
    kits: Callable[..., Kit], strangers: list[tuple[dict[str, Any], int, bool]]
) -> None:
    kit, own, calls = kits(), 0, 0
    for stranger, times, after in strangers:
        for number in range(times):
            given: dict[str, Any] = {
                name: f"{value}{number}" if isinstance(value, str) and name != "provider" else value
                for name, value in stranger.items()
            }
            call(kit, **given)
        calls += times
        if after:
            own += 1
            call(kit, labels=ACME, answered="gpt-4o-mini")
    check(kit, calls + own)
    assert total(kit, "chunkmeter.calls", tenant="acme", gen_ai__request__model="gpt-4o-mini") == own
    assert total(kit, "chunkmeter.spend", tenant="acme") == pytest.approx(own * ONE, abs=1e-9)
    assert total(kit, "gen_ai.client.operation.duration", gen_ai__response__model="gpt-4o-mini") == own


# --- the bound itself ---


def test_threads_never_pass_a_bound_together() -> None:
    """Whenever another thread comes in between: here while a name is being looked up."""

    class Slow(str):
        """A name at whose looking-up another thread takes a place."""

        __slots__ = ()

        def __hash__(self) -> int:
            names.passes(f"other-{next(numbers)}")
            return super().__hash__()

        def __eq__(self, other: object) -> bool:
            return super().__eq__(other)

    numbers = iter(range(10_000))
    names = Bounded[str](10, "names")
    passed = [name for name in map(Slow, "abcdefghijklmno") if names.passes(name)]
    passed += [name for number in range(100) if names.passes(name := f"other-{number}")]
    assert len(passed) == 10


def test_each_of_many_threads_passes_the_same_names() -> None:
    names, ready, answers = Bounded[str](100, "names"), threading.Barrier(8), list[list[str]]()

    def work(start: int) -> None:
        ready.wait()
        for number in range(start, start + 300):
            names.passes(f"name-{number % 300}")
        answers.append([name for number in range(300) if names.passes(name := f"name-{number}")])

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=work, args=(start * 37,)) for start in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    # A place that a slower thread gives back may be taken late. What has passed goes on passing.
    passed = {name for number in range(300) if names.passes(name := f"name-{number}")}
    assert len(passed) == 100
    assert all(set(answer) <= passed for answer in answers)
