"""Newer tables: those that genai-prices puts in place, whoever asked it to, and those that chunkmeter has fetched."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

import pytest
from genai_prices import UpdatePrices, data, data_snapshot
from genai_prices.data_snapshot import DataSnapshot

import chunkmeter
from chunkmeter import Priced, Settings, Unpriced, price, pricing
from chunkmeter.pricing import updates
from chunkmeter.pricing.table import in_use
from chunkmeter.testing import Kit, attributes_of
from support.children import run
from support.sdk import eventually
from support.streams import events_of
from support.usage import tokens

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)
BUNDLED = "genai-prices 0.2.3"


def table(gpt_4o: float, **more: float) -> list[dict[str, Any]]:
    """Providers as genai-prices publishes them: OpenAI alone, its models' price in equal to that out."""
    models = [
        {
            "id": name.replace("_", "-"),
            "match": {"equals": name.replace("_", "-")},
            "prices": [
                {"prices": {"input_mtok": 1, "output_mtok": 1}},
                {"constraint": {"start_date": "2026-10-20"}, "prices": {"input_mtok": usd, "output_mtok": usd}},
            ],
        }
        for name, usd in {"gpt_4o": gpt_4o, **more}.items()
    ]
    return [{"id": "openai", "name": "OpenAI", "api_pattern": r"https://api\.openai\.com", "models": models}]


class Place:
    """Where a table is published.

    Attributes:
        body: what it answers.
        status: with which status.
        asked: how often it was asked.
    """

    def __init__(self, body: Any) -> None:
        self.body, self.status, self.asked = body, 200, 0
        place = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                place.asked += 1
                body = place.body if isinstance(place.body, bytes) else json.dumps(place.body).encode()
                self.send_response(place.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- its name there
                """Nothing on the test's output."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v2/data.json"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def place() -> Iterator[Place]:
    place = Place(table(100))
    yield place
    place.server.shutdown()
    place.server.server_close()


@pytest.fixture(autouse=True)
def bundled_table(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test begins with the bundled table, and with a process that has fetched none."""
    monkeypatch.setattr(pricing, "_updates", updates.Updates())
    data_snapshot.set_custom_snapshot(None)
    yield
    data_snapshot.set_custom_snapshot(None)


def snapshot(gpt_4o: float, taken: datetime | None = None, **more: float) -> DataSnapshot:
    from genai_prices.types import _providers_from_raw

    made = DataSnapshot(_providers_from_raw(table(gpt_4o, **more)), from_auto_update=True)
    if taken is not None:
        made.timestamp = taken
    return made


def cost(model: str = "gpt-4o") -> tuple[Decimal, str | None]:
    """Of 1,000 tokens in and 100 out."""
    answer = price(tokens(1000, 100), model=model, provider="openai", at=AT)
    assert isinstance(answer, Priced)
    assert answer.table == "genai-prices"
    return answer.amount, answer.version


# --- a table that somebody else put in place ---


def test_a_new_table_reaches_models_that_were_priced_before() -> None:
    """2.50 in and 10 out, then 100 for both: 1000 * 2.50 + 100 * 10, 1100 * 100. And back."""
    assert cost() == (Decimal("0.0035"), BUNDLED)
    data_snapshot.set_custom_snapshot(snapshot(100, datetime(2026, 11, 30, 10, 15, 59, tzinfo=UTC)))
    assert cost() == (Decimal("0.11"), f"{BUNDLED} of 2026-11-30T10:15Z")
    data_snapshot.set_custom_snapshot(snapshot(200, datetime(2026, 11, 30, 11, 15, tzinfo=UTC)))
    assert cost() == (Decimal("0.22"), f"{BUNDLED} of 2026-11-30T11:15Z")
    data_snapshot.set_custom_snapshot(None)
    assert cost() == (Decimal("0.0035"), BUNDLED)


def test_models_come_and_go_with_the_table() -> None:
    """One that was unknown is known, and one that the new table lacks is not; as prices and as labels."""
    assert price(tokens(1, 1), model="gpt-99", provider="openai") == Unpriced("unknown_model")
    assert not pricing.knows("gpt-99", "openai")
    assert pricing.knows("gpt-4.1", "openai")
    data_snapshot.set_custom_snapshot(snapshot(100, gpt_99=7))
    assert price(tokens(1000, 100), model="gpt-99", provider="openai") != Unpriced("unknown_model")
    assert pricing.knows("gpt-99", "openai")
    assert price(tokens(1, 1), model="gpt-4.1", provider="openai") == Unpriced("unknown_model")
    assert not pricing.knows("gpt-4.1", "openai")


@pytest.mark.parametrize(
    ("taken", "said"),
    [
        (datetime(2026, 11, 30, 10, 15, tzinfo=timezone(timedelta(hours=5, minutes=30))), "2026-11-30T04:45Z"),
        (datetime(2026, 12, 31, 23, 30, tzinfo=timezone(timedelta(hours=-8))), "2027-01-01T07:30Z"),
    ],
)
def test_a_versions_time_is_utc(taken: datetime, said: str) -> None:
    """Whichever the time zone of the snapshot; genai-prices' own have none, which is local time."""
    data_snapshot.set_custom_snapshot(snapshot(100, taken))
    assert cost()[1] == f"{BUNDLED} of {said}"
    local = datetime(2026, 6, 1, 12)  # genai-prices has no time zone
    data_snapshot.set_custom_snapshot(snapshot(100, local))
    assert cost()[1] == f"{BUNDLED} of {local.astimezone(UTC):%Y-%m-%dT%H:%MZ}"


def test_the_bundled_prices_in_a_snapshot_of_ones_own_are_the_bundled_ones() -> None:
    """The version says which prices they are."""
    data_snapshot.set_custom_snapshot(DataSnapshot(data.providers, from_auto_update=False))
    assert cost() == (Decimal("0.0035"), BUNDLED)


def test_caches_are_bounded_and_go_with_the_table() -> None:
    """512 look-ups a table, and none of the one before."""
    for number in range(600):
        price(tokens(1, 1), model=f"made-up-{number}", provider="openai")
    before = in_use()
    assert (before.find.cache_info().currsize, before.find.cache_info().maxsize) == (512, 512)
    data_snapshot.set_custom_snapshot(snapshot(100))
    assert in_use() is not before
    assert in_use().find.cache_info().currsize == 0
    assert in_use() is in_use()


def test_one_bill_is_by_one_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """An update that comes while a bill is added up is for the next one: 1000 * 2.50 + 100 * 10, and 10 of a search."""
    line = pricing._bundled().price
    newer = snapshot(100)

    def updated(asked: Any, **named: Any) -> Any:
        data_snapshot.set_custom_snapshot(newer)
        return line(asked, **named)

    monkeypatch.setattr(pricing._bundled(), "price", updated)
    answer = price(tokens(1000, 100), model="gpt-4o", provider="openai", at=AT, items={"web_search": 1})
    assert isinstance(answer, Priced)
    assert (answer.amount, answer.version, answer.unpriced) == (Decimal("0.0135"), BUNDLED, ())


def test_the_tables_age_is_that_of_the_table_in_use(kit: Kit) -> None:
    """Its newest price that had begun when it was taken: of 2026-10-20, not of a day to come; else the day it was."""
    made = snapshot(100, datetime(2026, 11, 30, 10, 15, tzinfo=UTC))
    data_snapshot.set_custom_snapshot(made)
    assert pricing.price_table() == (f"{BUNDLED} of 2026-11-30T10:15Z", datetime(2026, 10, 20, tzinfo=UTC))
    (point,) = kit.points("chunkmeter.price_table.age")
    assert point.value == pytest.approx(max(0.0, time.time() - datetime(2026, 10, 20, tzinfo=UTC).timestamp()), abs=60)
    assert point.attributes == {"chunkmeter.price.source": "genai-prices"}
    data_snapshot.set_custom_snapshot(snapshot(100, datetime(2026, 10, 19, 12, tzinfo=UTC)))
    assert pricing.price_table()[1] == datetime(2026, 10, 19, tzinfo=UTC)


def test_the_start_line_has_the_table_in_use(
    kit: Kit, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also before chunkmeter has loaded one, and without loading it."""
    data_snapshot.set_custom_snapshot(snapshot(100, datetime(2026, 11, 30, 10, 15, tzinfo=UTC)))
    with caplog.at_level(logging.INFO, "chunkmeter"):
        kit.telemetry.announce("Mirascope 1.x hooked")
        monkeypatch.setattr(pricing, "loaded", lambda: False)
        kit.telemetry.announce("Mirascope 1.x hooked")
        data_snapshot.set_custom_snapshot(None)
        kit.telemetry.announce("Mirascope 1.x hooked")
    said = [record.getMessage().partition("prices of ")[2].partition(";")[0] for record in caplog.records]
    assert said == [f"{BUNDLED} of 2026-11-30T10:15Z", f"{BUNDLED} of 2026-11-30T10:15Z", BUNDLED]


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (True, f"{BUNDLED}, updated hourly"),
        (
            "https://prices.internal:8443/v2.json?key=hunter2",
            f"{BUNDLED}, updated hourly from https://prices.internal:8443",
        ),
    ],
)
def test_the_start_line_says_that_prices_are_updated(
    caplog: pytest.LogCaptureFixture, wanted: bool | str, said: str
) -> None:
    """And from where, without what may be a secret."""
    kit = Kit(settings=Settings(prices_update=wanted))
    with caplog.at_level(logging.INFO, "chunkmeter"):
        kit.telemetry.announce("Mirascope 1.x hooked")
    assert f"prices of {said}; OTLP" in caplog.records[0].getMessage()
    kit.shutdown()


# --- a table that chunkmeter has fetched ---


def called(kit: Kit) -> dict[str, Any]:
    """The attributes of one more call of gpt-4o-mini."""
    list(chunkmeter.wrap(iter(events_of("openai-plain-stream")), provider="openai", telemetry=kit.telemetry))
    return attributes_of(kit.spans[-1])


@pytest.mark.slow
def test_genai_prices_own_updates_reach_every_price(place: Place) -> None:
    """Without any setting of ours."""
    assert cost()[0] == Decimal("0.0035")
    with UpdatePrices(url=place.url) as theirs:
        assert theirs.wait(30)
        assert cost()[0] == Decimal("0.11")
    assert (cost()[1] or "").startswith(f"{BUNDLED} of 20")


@pytest.mark.slow
def test_prices_are_fetched_once_a_call_begins(place: Place) -> None:
    """Not at import, nor by a `Kit`; once for a process, and not again before an hour is over."""
    kits = [Kit(settings=Settings(prices_update=place.url)) for _ in range(2)]
    time.sleep(0.1)
    assert (place.asked, cost()[1]) == (0, BUNDLED)
    for kit in kits:
        called(kit)
    eventually(lambda: cost()[0] == Decimal("0.11"))
    for kit in kits:
        kit.telemetry.refresh()
    time.sleep(0.1)
    assert place.asked == 1
    for kit in kits:
        assert kit.points("chunkmeter.errors") == []
        kit.shutdown()


@pytest.mark.slow
def test_prices_are_fetched_again_after_an_hour(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """In which the table has changed: 1100 * 100, 1100 * 300."""
    now = [0.0]
    monkeypatch.setattr(updates.time, "monotonic", lambda: now[0])
    pricing.keep_updated(place.url)
    finished(pricing._updates)
    assert cost()[0] == Decimal("0.11")
    place.body = table(300)
    now[0] = 3599.0
    pricing.keep_updated(place.url)
    finished(pricing._updates)
    assert (place.asked, cost()[0]) == (1, Decimal("0.11"))
    now[0] = 3600.0
    pricing.keep_updated(place.url)
    finished(pricing._updates)
    assert (place.asked, cost()[0]) == (2, Decimal("0.33"))


def finished(those: updates.Updates) -> None:
    thread = cast("threading.Thread", those._thread)
    assert thread.daemon  # it keeps no process from ending
    thread.join(30)


def _nothing(place: Place) -> None:
    place.body = []


def _no_models(place: Place) -> None:
    place.body = [{**table(1)[0], "models": []}]


def _no_array(place: Place) -> None:
    place.body = {"openai": 1}


def _no_json(place: Place) -> None:
    place.body = b"<html>\xff"


def _other_fields(place: Place) -> None:
    place.body = [{"id": "openai"}]


def _gone(place: Place) -> None:
    place.status = 404


def _down(place: Place) -> None:
    place.server.shutdown()
    place.server.server_close()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (_nothing, "ValueError"),
        (_no_models, "ValueError"),
        (_no_array, "ValueError"),
        (_no_json, "UnicodeDecodeError"),
        (_other_fields, "ValidationError"),
        (_gone, "status 404"),
        (_down, "ConnectError"),
    ],
)
def test_a_failed_fetch_is_a_line_and_the_prices_stay(
    place: Place, caplog: pytest.LogCaptureFixture, broken: Callable[[Place], None], why: str
) -> None:
    """The line has no more of the address than its host: the rest may be a secret."""
    data_snapshot.set_custom_snapshot(snapshot(200))
    broken(place)
    with caplog.at_level(logging.INFO, "chunkmeter"):
        pricing.keep_updated(f"{place.url}?key=hunter2")
        finished(pricing._updates)
    assert [record.getMessage() for record in caplog.records] == [
        f"No newer prices from http://127.0.0.1:{place.server.server_port} ({why}): the prices in use stay."
    ]
    assert cost()[0] == Decimal("0.22")


@pytest.mark.slow
def test_a_second_address_is_one_warning(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    """A process has one table. The first address counts."""
    with caplog.at_level(logging.WARNING, "chunkmeter"):
        for _ in range(3):
            pricing.keep_updated(place.url)
            pricing.keep_updated("https://other.example/data.json?key=hunter2")
            pricing.keep_updated(wanted=False)
    finished(pricing._updates)
    (record,) = caplog.records
    assert record.getMessage() == (
        f"Prices are updated from http://127.0.0.1:{place.server.server_port} in this process already, "
        "and not from https://other.example too."
    )
    assert cost()[0] == Decimal("0.11")


@pytest.mark.slow
def test_a_child_fetches_for_itself(place: Place) -> None:
    """One whose parent fetched an hour ago. No exit waits for a fetch."""
    reports = run(
        f"""
        import time
        from chunkmeter import Settings, pricing
        from chunkmeter.pricing import updates

        kit = Kit(settings=Settings(prices_update={place.url!r}))

        def fetched():
            for _ in range(3000):
                if pricing.loaded() and " of 20" in pricing.table_version():
                    return True
                time.sleep(0.01)
            return False

        def child():
            pid = os.fork()
            if pid == 0:
                from genai_prices import data_snapshot
                data_snapshot.set_custom_snapshot(None)
                list(wrapped())
                print(json.dumps(fetched()), flush=True)
                os._exit(0)
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0

        list(wrapped())
        print(json.dumps(fetched()), flush=True)
        while pricing._updates._thread.is_alive():
            time.sleep(0.01)
        pricing._updates._due = 0.0
        child()
        pricing.keep_updated({place.url!r})
        """
    )
    assert reports == [True, True]


@pytest.mark.slow
def test_a_processor_alone_has_prices_fetched(place: Place) -> None:
    """Where other instrumentations make all the spans."""
    from opentelemetry.sdk.trace import TracerProvider

    provider = TracerProvider()
    processor = chunkmeter.ChunkSpanProcessor(settings=Settings(prices_update=place.url))
    provider.add_span_processor(processor)
    named = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o"}
    with provider.get_tracer("theirs").start_as_current_span("chat", attributes=named):
        pass
    eventually(lambda: cost()[0] == Decimal("0.11"))
    provider.shutdown()


@pytest.mark.slow
def test_spans_say_which_table_they_are_priced_by(place: Place) -> None:
    """`gpt-4o-mini`: a thousandfold price."""
    kit = Kit(settings=Settings(prices_update=place.url))
    place.body = table(1, gpt_4o_mini=1000, gpt_4o_mini_2024_07_18=1000)
    before = called(kit)
    eventually(lambda: pricing.table_version() != BUNDLED)
    after = called(kit)
    assert before["chunkmeter.price.version"] == BUNDLED
    assert after["chunkmeter.price.version"] == pricing.table_version()
    assert after["chunkmeter.price.source"] == "genai-prices"
    kit.shutdown()
