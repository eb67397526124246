"""Settings: keyword before environment before default, and what a bad value leads to."""

from __future__ import annotations

import dataclasses
import logging
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from chunkmeter import Settings, spelling
from chunkmeter.servers import Server
from support import ROOT

ENVIRONMENT = {
    "CHUNKMETER_COST_SEMCONV": "off",
    "CHUNKMETER_IDLE_TIMEOUT": "30",
    "CHUNKMETER_MIRASCOPE_TAGS": "team, version ,,",
}


def test_defaults_stand_where_nothing_is_set() -> None:
    """Draft cost names, ten minutes, no tags, released names; nothing that changes a request or guesses."""
    assert Settings.load({}) == Settings()
    assert dataclasses.asdict(Settings()) == {
        "cost_semconv": "draft",
        "estimate": False,
        "flush_on_exit": False,
        "histograms": ("cost", "duration", "time_to_first_chunk", "token_usage"),
        "idle_timeout": 600.0,
        "include_usage": False,
        "metric_labels": (),
        "mirascope_tags": (),
        "prices": None,
        "prices_reload": False,
        "prices_update": False,
        "semconv": "released",
        "servers": (),
    }


def test_the_environment_beats_the_defaults() -> None:
    """Each field is `CHUNKMETER_` and its name in capitals."""
    expected = Settings(cost_semconv="off", idle_timeout=30.0, mirascope_tags=("team", "version"))
    assert Settings.load(ENVIRONMENT) == expected


def test_keywords_beat_the_environment() -> None:
    """What the code says is more specific than what its surroundings say."""
    chosen = Settings.load(ENVIRONMENT, cost_semconv="draft", idle_timeout=5, mirascope_tags=["a", "b"])
    assert chosen == Settings(cost_semconv="draft", idle_timeout=5.0, mirascope_tags=("a", "b"))


def test_none_and_blank_are_not_given() -> None:
    """A keyword of None leaves the environment its say, a blank variable the default; false values count."""
    assert Settings.load(ENVIRONMENT, idle_timeout=None).idle_timeout == 30.0
    assert Settings.load({"CHUNKMETER_IDLE_TIMEOUT": "  "}).idle_timeout == 600.0
    assert Settings.load(ENVIRONMENT, mirascope_tags=()).mirascope_tags == ()


def test_the_process_environment_is_read_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not when the module is imported."""
    monkeypatch.setenv("CHUNKMETER_IDLE_TIMEOUT", "42")
    assert Settings.load().idle_timeout == 42.0


@pytest.mark.parametrize("value", ["OFF", "Off", " off "])
def test_words_are_read_in_any_case(value: str) -> None:
    """The environment's spelling is forgiving."""
    assert Settings.load({"CHUNKMETER_COST_SEMCONV": value}).cost_semconv == "off"


@pytest.mark.parametrize("value", ["released", "latest", "both", "Latest"])
def test_conventions_are_chosen_by_keyword_or_variable(value: str) -> None:
    """One of three."""
    assert Settings.load({}, semconv=value).semconv == value.lower()
    assert Settings.load({"CHUNKMETER_SEMCONV": value}).semconv == value.lower()


@pytest.mark.parametrize(
    ("value", "chosen"),
    [
        ("true", True),
        ("Off", False),
        (True, True),
        (" https://prices.internal:8443/v2/data.json?a=b ", "https://prices.internal:8443/v2/data.json?a=b"),
        ("http://127.0.0.1:8000/Data.json", "http://127.0.0.1:8000/Data.json"),
    ],
)
def test_prices_are_updated_by_a_flag_or_from_a_url(value: Any, chosen: bool | str) -> None:
    """The URL's own letters stay."""
    assert Settings.load({}, prices_update=value).prices_update == chosen
    assert Settings.load({"CHUNKMETER_PRICES_UPDATE": str(value)}).prices_update == chosen


FLAGS = ("estimate", "flush_on_exit", "include_usage", "prices_reload")
HISTOGRAMS = ("cost", "duration", "time_to_first_chunk", "token_usage")
SERVERS = (
    "hosts, each with its port or without, and who answers there, separated by commas, such as "
    "'llm.internal:8000=openai,127.0.0.1=*'"
)
NAMES = (
    "names of your own of letters, digits, '_' and '.', separated by commas, such as 'function,tenant,baggage:customer'"
)
BAD: list[tuple[str, Any, str]] = [
    ("cost_semconv", "latest", "'draft' or 'off'. Using 'draft'."),
    ("cost_semconv", 5, "'draft' or 'off'. Using 'draft'."),
    *(
        ("semconv", value, "'released', 'latest' or 'both'. Using 'released'.")
        for value in ("main", "draft", "released,latest", 1.3, ["latest"])
    ),
    *(
        ("idle_timeout", value, "a number of seconds above 0, such as 600. Using 600.0.")
        for value in ("soon", "0", "-1", "nan", "inf", "1e999", True, [1])
    ),
    *(
        (field, value, "'true' or 'false'. Using False.")
        for field in FLAGS
        for value in ("maybe", "2", "-1", "truefalse", 2, 1.5, [True], b"true")
    ),
    *(
        ("prices", value, "the path of a TOML or JSON file, such as '/etc/chunkmeter/prices.toml'. Using None.")
        for value in (5, True, ["prices.toml"], {"gpt-4o": 1}, b"prices.toml")
    ),
    *(
        (
            "prices_update",
            value,
            "'true', 'false', or a URL without a password, such as 'https://prices.internal/v2.json'. Using False.",
        )
        for value in ("hourly", 2, "ftp://p/x", "https://", "https://u:p@h/x", "http://[::1/x", "prices.json", b"true")
    ),
    ("mirascope_tags", 5, "names separated by commas, such as 'version,team'. Using ()."),
    ("servers", 5, f"{SERVERS}. Using ()."),
    *(
        ("servers", value, f"{SERVERS}, and not {wrong}. Using ().")
        for value, wrong in (
            ("openai", "'openai'"),
            ("llm.internal=", "'llm.internal='"),
            ("http://llm=openai", "'http://llm=openai'"),
            ("llm:port=openai,x", "'llm:port=openai', 'x'"),
            ({"": "openai"}, "'=openai'"),
        )
    ),
    ("mirascope_tags", [1, 2], "names separated by commas, such as 'version,team'. Using ()."),
    *(
        (
            "histograms",
            value,
            f"'all', 'none' or some of {', '.join(HISTOGRAMS)}, and not {wrong!r}. Using {HISTOGRAMS!r}.",
        )
        for value, wrong in (("off", "off"), ("cost,speed", "speed"), ("none,cost", "none"), (["tokens"], "tokens"))
    ),
    *(
        ("metric_labels", value, f"{NAMES}, and not {wrong!r}. Using ().")
        for value, wrong in (
            ("ten ant", "ten ant"),
            ("1st", "1st"),
            ("gen_ai.request.model", "gen_ai.request.model"),
            ("chunkmeter.outcome", "chunkmeter.outcome"),
            ("service_name", "service_name"),
            ("baggage:", "baggage:"),
            ("baggage:error.type", "baggage:error.type"),
            ("baggage:function", "baggage:function"),
            ("code.function.name", "code.function.name"),
        )
    ),
]


@pytest.mark.parametrize(("field", "value", "cure"), BAD)
def test_a_bad_keyword_is_one_warning_and_the_default(
    field: str, value: Any, cure: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The warning names the place, the value and what to write; the other fields keep theirs."""
    with caplog.at_level(logging.DEBUG, "chunkmeter"):
        settings = Settings.load(ENVIRONMENT, **{field: value})
    assert [record.getMessage() for record in caplog.records] == [f"{field}={value!r} is not usable: write {cure}"]
    assert caplog.records[0].levelno == logging.WARNING
    expected = Settings.load(ENVIRONMENT)
    assert settings == dataclasses.replace(expected, **{field: getattr(Settings(), field)})


@pytest.mark.parametrize(("field", "value", "cure"), [row for row in BAD if isinstance(row[1], str)])
def test_a_bad_variable_is_one_warning_and_the_default(
    field: str, value: str, cure: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The same, with the variable's name for the place."""
    variable = f"CHUNKMETER_{field.upper()}"
    with caplog.at_level(logging.DEBUG, "chunkmeter"):
        settings = Settings.load({variable: value})
    assert [record.getMessage() for record in caplog.records] == [f"{variable}={value!r} is not usable: write {cure}"]
    assert settings == Settings()


def test_an_unknown_keyword_is_one_warning_that_lists_the_known(caplog: pytest.LogCaptureFixture) -> None:
    """A slip of the pen doesn't stop the app."""
    with caplog.at_level(logging.DEBUG, "chunkmeter"):
        assert Settings.load({}, nonsense=5) == Settings()
    (record,) = caplog.records
    assert record.getMessage() == (
        "'nonsense' is no setting of chunkmeter: write one of "
        "cost_semconv, estimate, flush_on_exit, histograms, idle_timeout, include_usage, metric_labels, "
        "mirascope_tags, prices, prices_reload, prices_update, semconv, servers."
    )


@pytest.mark.parametrize(
    ("value", "chosen"),
    [
        ("all", HISTOGRAMS),
        ("none", ()),
        ("", HISTOGRAMS),
        (" duration, cost ", ("cost", "duration")),
        (("token_usage",), ("token_usage",)),
    ],
)
def test_histograms_are_chosen_by_name(value: Any, chosen: tuple[str, ...]) -> None:
    """All of them, none, or some; the order is ours."""
    if isinstance(value, str):
        assert Settings.load({"CHUNKMETER_HISTOGRAMS": value}).histograms == chosen
    if value:
        assert Settings.load({}, histograms=value).histograms == chosen


@pytest.mark.parametrize("field", FLAGS)
@pytest.mark.parametrize("words", [("true", "false"), ("1", "0"), ("yes", "no"), ("on", "off"), ("True", " OFF ")])
def test_switches_are_words_or_booleans(field: str, words: tuple[str, str]) -> None:
    """As other software's environment variables have it."""
    variable = f"CHUNKMETER_{field.upper()}"
    for word, chosen in zip(words, (True, False), strict=True):
        assert getattr(Settings.load({variable: word}), field) is chosen
        assert getattr(Settings.load({}, **{field: word.strip()}), field) is chosen
        assert getattr(Settings.load({variable: words[0]}, **{field: chosen}), field) is chosen
        given: Any = {field: chosen}
        assert getattr(Settings(**given), field) is chosen


class Pointed:
    """Something that stands for a path without being one of pathlib's."""

    def __fspath__(self) -> str:
        return "prices.toml"


@pytest.mark.parametrize("given", ["prices.toml", Path("prices.toml"), Pointed()], ids=["str", "Path", "PathLike"])
def test_prices_are_a_path_of_any_kind(given: Any) -> None:
    """A string inside, so that settings compare and can be shown."""
    assert Settings.load({}, prices=given).prices == "prices.toml"
    assert Settings(prices=given).prices == "prices.toml"
    assert Settings.load({"CHUNKMETER_PRICES": "/etc/other.json"}, prices=given).prices == "prices.toml"


def test_prices_may_come_from_the_environment() -> None:
    """Whether the file is there, whoever reads it will say."""
    assert Settings.load({"CHUNKMETER_PRICES": " /etc/My Prices.toml "}).prices == "/etc/My Prices.toml"
    assert Settings.load({"CHUNKMETER_PRICES": "  "}).prices is None


def test_metric_labels_are_names_of_one_s_own() -> None:
    """Dots and underscores as in other attributes' names."""
    names = "function, tenant,baggage:customer.tier ,app_team,jobs"
    expected = ("function", "tenant", "baggage:customer.tier", "app_team", "jobs")
    assert Settings.load({"CHUNKMETER_METRIC_LABELS": names}).metric_labels == expected


def test_one_bad_name_costs_itself_alone(caplog: pytest.LogCaptureFixture) -> None:
    """Alerts by tenant must not end with a slip in another name; of two that Prometheus can't tell apart the first."""
    with caplog.at_level(logging.WARNING, "chunkmeter"):
        settings = Settings.load({}, metric_labels="app.team,job,tenant,app_team,baggage:tenant")
    assert settings.metric_labels == ("app.team", "tenant", "baggage:tenant")
    assert "and not 'job', 'app_team'. Using ('app.team', 'tenant', 'baggage:tenant')." in caplog.text


def test_labels_that_prometheus_promotes_are_taken() -> None:
    """They stand on every series, from the resource."""
    config = ROOT / "collector-config" / "prometheus" / "prometheus.yaml"
    promoted = yaml.safe_load(config.read_text())["otlp"]["promote_resource_attributes"]
    assert len(promoted) == 4
    assert Settings.load({}, metric_labels=promoted).metric_labels == ()


def test_settings_made_directly_are_validated_too(caplog: pytest.LogCaptureFixture) -> None:
    """The same values, the same words."""
    with caplog.at_level(logging.WARNING, "chunkmeter"):
        given: dict[str, Any] = {"metric_labels": "tenant", "histograms": ["costs"], "idle_timeout": "5"}
        settings = Settings(**given)
    assert settings == Settings(metric_labels=("tenant",), idle_timeout=5.0)
    assert len(caplog.records) == 1
    assert "histograms=['costs'] is not usable" in caplog.text


@pytest.mark.parametrize("variable", ["CHUNKMETER_IDLE_TIMEOUT", "CHUNKMETER_HISTOGRAMS", "CHUNKMETER_METRIC_LABELS"])
def test_a_warning_shows_little_of_a_long_value(variable: str, caplog: pytest.LogCaptureFixture) -> None:
    """A key may have got into the wrong variable, and a value may hold what drives a terminal."""
    key = "sk-proj-" + "".join(f"{number:04}" for number in range(40))
    with caplog.at_level(logging.WARNING, "chunkmeter"):
        Settings.load({variable: f"{key},\x1b[2J\n{key}"})
    (record,) = caplog.records
    said = record.getMessage()
    assert said.startswith(f"{variable}='sk-proj-0...")
    assert key[:20] not in said
    assert said.isprintable()


def test_a_warning_names_the_first_of_many_names(caplog: pytest.LogCaptureFixture) -> None:
    """However many can't be used."""
    with caplog.at_level(logging.WARNING, "chunkmeter"):
        Settings.load({}, metric_labels=[f"{number}" for number in range(1000)])
    assert "and not '0', '1', '2', '3', '4' and 995 more. Using ()." in caplog.text
    assert len(caplog.records[0].getMessage()) < 500


@pytest.mark.parametrize("digits", [400, 5000])
def test_a_number_of_any_length_is_warned_of(digits: int, caplog: pytest.LogCaptureFixture) -> None:
    """Also one that Python doesn't write."""
    with caplog.at_level(logging.WARNING, "chunkmeter"):
        assert Settings.load({}, idle_timeout=10**digits) == Settings()
    assert "is not usable: write a number of seconds above 0, such as 600. Using 600.0." in caplog.text
    assert len(caplog.records[0].getMessage()) < 200


def test_settings_cannot_be_changed() -> None:
    """They are read once and shared."""
    settings: Any = Settings()
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.idle_timeout = 1.0
    with pytest.raises((AttributeError, TypeError)):
        settings.more = 1
    assert hash(settings) == hash(Settings())


@pytest.mark.parametrize(
    "value", ["llm.internal:8000=openai, *.x = *", ["llm.internal:8000=openai", "*.x = *"],
              {"llm.internal:8000": "openai", "*.x ": " *"}],
)  # fmt: skip
def test_servers_are_named_in_a_text_a_list_or_a_mapping(value: Any) -> None:
    settings = Settings.load({}, servers=value)
    assert settings.named_servers() == [Server("llm.internal", 8000, "openai"), Server("*.x", None, "*")]
    assert hash(settings) == hash(Settings(servers=settings.servers))


def test_the_usable_servers_stay(caplog: pytest.LogCaptureFixture) -> None:
    """One slip doesn't take away the others."""
    settings = Settings.load({"CHUNKMETER_SERVERS": "a.b=openai,oops,c.d=groq"})
    assert settings.servers == ("a.b=openai", "c.d=groq")
    assert "and not 'oops'" in caplog.text


@pytest.fixture
def untold(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process in which no variable has been warned of."""
    monkeypatch.setattr(spelling, "_told", set())


@pytest.mark.usefixtures("untold")
def test_a_misspelt_variable_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    """With the one that is most like it; its value is nobody's business."""
    environ = {"CHUNKMETER_METRIC_LABLES": "secret", "CHUNKMETER_XYZ": "1", "CHUNKMETER_FLUSH_ON_EXIT": "true"}
    for _ in range(2):
        assert Settings.load(environ) == Settings(flush_on_exit=True)
    said = "is no variable of chunkmeter, and has no effect: did you mean"
    assert caplog.messages == [f"CHUNKMETER_METRIC_LABLES {said} CHUNKMETER_METRIC_LABELS?"]


def test_variables_of_others_are_not_misspelt() -> None:
    """What the Collector's shipped configuration reads may stand in one file with the app's. Others are no setting."""
    files = [path for path in (ROOT / "collector-config").rglob("*") if path.is_file() and path.suffix != ".html"]
    named = {name for path in files for name in re.findall(r"CHUNKMETER_[A-Z_]+", path.read_text("utf-8", "ignore"))}
    assert len(named) >= 20
    assert spelling.misspelt(dict.fromkeys(named, ""), Settings.__dataclass_fields__) == {}
    read = {f"CHUNKMETER_{name}" for name in spelling._OF_THE_COLLECTOR}
    assert read <= named
    odd = {"CHUNKMETER_XYZ": "", "CHUNKMETER_CI_SECONDS": ""}
    assert spelling.misspelt(odd, Settings.__dataclass_fields__) == dict.fromkeys(sorted(odd))


@pytest.mark.usefixtures("untold")
def test_a_variable_in_small_letters_is_misspelt(caplog: pytest.LogCaptureFixture) -> None:
    Settings.load({"chunkmeter_prices": "a"})
    assert caplog.messages[0].endswith("did you mean CHUNKMETER_PRICES?")


def test_a_keyword_that_is_nearly_one_is_told_with_it(caplog: pytest.LogCaptureFixture) -> None:
    Settings.load({}, metric_lables="a")
    assert caplog.messages == ["'metric_lables' is no setting of chunkmeter: did you mean metric_labels?"]
