"""What log lines and the command show of values that others wrote."""

from __future__ import annotations

import ast
import logging
import re
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import chunkmeter
from chunkmeter import Settings, Usage, cli, price
from chunkmeter.attribution import Attribution, labels
from chunkmeter.guard import Guard
from chunkmeter.pricing import PriceFile
from chunkmeter.shown import origin, plain, quoted
from chunkmeter.testing import Kit, scripted

ROOT = Path(chunkmeter.__path__[0])
EVIL = "gpt\n2026-11-30 CRITICAL all is lost\r\x1b[2J\u202e\u2028" + "x" * 10_000
"""Ends the line, drives a terminal, turns the text around, and is long."""


class Described:
    def __init__(self, words: str) -> None:
        self._words = words

    def __repr__(self) -> str:
        return self._words


class Silent:
    def __repr__(self) -> str:
        raise RuntimeError


def is_one_short_line(text: str, most: int = 600) -> bool:
    return text.isprintable() and len(text) <= most


@given(st.text() | st.binary() | st.integers() | st.floats() | st.lists(st.text()) | st.text().map(Described))
def test_whatever_is_quoted_stays_on_one_line(value: object) -> None:
    assert is_one_short_line(quoted(value))
    assert is_one_short_line(plain(value))


@pytest.mark.parametrize(
    "value", [EVIL, EVIL.encode(), [EVIL] * 99, {EVIL: EVIL}, Described(EVIL), [Described(EVIL)], Silent(), [10**5000]]
)
def test_what_is_long_or_evil_is_short_and_harmless(value: object) -> None:
    assert is_one_short_line(quoted(value))


def test_what_is_short_is_quoted_as_python_does() -> None:
    for value in ("gpt-4o", "", "it's", "Modell \u00e4", None, 5, 1.5, ["a", "b"], "a\nb", "\x1b[1m"):
        assert quoted(value) == repr(value)
    assert quoted("x" * 50, 20) == "'xxxxxxx...xxxxxxxx'"


def test_a_word_is_plain_and_anything_else_is_quoted() -> None:
    for word in ("RuntimeError", "prices.toml", "/etc/chunkmeter/prices.toml", "openai/gpt-4o@2024", "T\u00fcr", None):
        assert plain(word) == str(word)
    for text in ("", "two words", "a\n", "a\x1b[1m", "it's", "x" * 101):
        assert plain(text) == quoted(text)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://127.0.0.1:4317", "http://127.0.0.1:4317"),
        ("https://otlp.example.com", "https://otlp.example.com"),
        ("collector:4317", "collector:4317"),
        ("http://[::1]:4317/v1", "http://[::1]:4317"),
        ("https://me:s3cret@otlp.example.com:4318/v1/s3cret?key=s3cret#s3cret", "https://otlp.example.com:4318"),
        ("https://s3cret@otlp.example.com", "https://otlp.example.com"),
        ("me:s3cret@collector:4317", "collector:4317"),
        ("http://h/\ns3cret", "http://h"),
        *(
            (url, "one that is not shown, since it is no URL with a host")
            for url in (
                "s3cret", "", "http://", "unix:///run/s3cret", "http://me:s3/cret@host", "http://me:1/s3cret@host",
                "http://me:1?s3cret@host", "http://me:1#s3cret@host", "http://s3 cret", "http://s3cret\\host",
                "http://host:s3cret", "http://host:99999", "http://[s3cret", f"http://{'s3cret' * 50}.com",
            )
        ),
    ],
)  # fmt: skip
def test_a_url_shows_no_more_than_its_origin(url: str, shown: str) -> None:
    assert origin(url) == shown


@given(*[st.text(string.ascii_letters + string.digits + string.punctuation, min_size=1)] * 3)
def test_no_secret_of_a_url_is_shown(user: str, password: str, token: str) -> None:
    """Wherever it stands, also where it is not escaped as it should be."""
    said = origin(f"https://{user}:SECRET{password}@otlp.example.com:4318/SECRET{token}?SECRET{token}")
    assert "SECRET" not in said.upper()


# --- the log lines, kind by kind ---


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    said = [record.getMessage() for record in caplog.records]
    assert said, "nothing was logged"
    for line in said:
        assert is_one_short_line(line, 1200), line
    return said


def test_the_line_at_the_start_holds_no_secret(
    kit: Kit, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "https://me:s3cret@otlp.example.com:443/v1/s3cret?key=s3cret")
    with caplog.at_level(logging.INFO, "chunkmeter"):
        kit.telemetry.announce("Mirascope 1.x hooked")
    (line,) = lines(caplog)
    assert line.endswith("OTLP endpoint https://otlp.example.com:443")


@pytest.mark.parametrize("usage", [{"prompt_tokens": 1, "completion_tokens": 1}, {"prompt_tokens": 10**18}])
def test_a_model_of_any_name_is_named_on_one_line(
    kit: Kit, caplog: pytest.LogCaptureFixture, usage: dict[str, int]
) -> None:
    """One without a price, one that tells nonsense."""
    event = {"model": EVIL, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": usage}
    list(chunkmeter.wrap(scripted([event]), provider=EVIL, telemetry=kit.telemetry))
    assert "'gpt" in lines(caplog)[0]


def test_a_label_of_any_name_is_named_on_one_line(caplog: pytest.LogCaptureFixture) -> None:
    with labels(**{EVIL: "a"}), labels(**{EVIL: Described("a")}):
        Attribution([]).capture()
    lines(caplog)


def test_a_label_that_does_not_describe_itself_is_named_on_one_line(caplog: pytest.LogCaptureFixture) -> None:
    labels(**{EVIL: Silent()})
    lines(caplog)


def test_an_error_of_any_class_is_named_on_one_line(caplog: pytest.LogCaptureFixture) -> None:
    Guard(lambda _: None).failed("hook", "a site", type(EVIL, (Exception,), {})(EVIL))
    (line,) = lines(caplog)
    assert line.startswith("chunkmeter failed in a site ('gpt\\n2026")


@pytest.mark.parametrize("value", [EVIL, [EVIL] * 50, Described(EVIL)])
@pytest.mark.parametrize("field", ["semconv", "estimate", "histograms", "idle_timeout", "metric_labels", EVIL])
def test_a_setting_of_any_value_is_named_on_one_line(
    field: str, value: object, caplog: pytest.LogCaptureFixture
) -> None:
    Settings.load({}, **{field: value})
    lines(caplog)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("p.toml", f'[[models]]\n"{"a" * 500}\\u001b[2J\\n" = 1'),
        ("p.toml", '[[models]]\nnames = ["m"]\nprices = { input = 1, output = 1 }\n[models.tiers]\n"a\\nb" = 1'),
        ("p.toml", f"a = {'x' * 5000}\x1b[2J"),
        ("p.json", '{"models": [{"a\\nb": 1}]}'),
        ("p.json", '{"models": \x1b[2J'),
        ("p\x1b[2J.toml", "discounts = 1"),
        ("p\x1b[2J.toml", "=" + "\x00"),
    ],
)
def test_mistakes_of_a_price_file_are_a_line_each(
    name: str, text: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the log and on the terminal, whatever the file has for names."""
    path = tmp_path / name
    path.write_text(text)
    price(Usage(input_tokens=1), model="gpt-4o", prices=PriceFile(str(path)))
    (record,) = caplog.records
    head, *mistakes = record.getMessage().split("\n")
    assert head == "The price file can't be used, its prices are not used:"
    assert cli.main(["prices", "check", str(path)]) == 1
    assert capsys.readouterr().err == "".join(f"{line}\n" for line in mistakes)
    for line in mistakes:
        assert is_one_short_line(line, 1000)
        assert re.match(r"(p\.\w+|'p\\x1b\[2J\.toml'): ", line), line


def test_the_path_and_version_of_a_price_file_are_on_one_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "p\n\x1b[2J.toml"
    path.write_text('version = "1 2"\n[[aliases]]\nnames = ["x"]\nmodel = "a b"\nprovider = "b c"')
    with caplog.at_level(logging.INFO, "chunkmeter"):
        PriceFile(str(path)).warm_up()
    assert "version '1 2'" in lines(caplog)[0]
    assert cli.main(["prices", "check", str(path)]) == 1
    assert is_one_short_line(capsys.readouterr().err.removesuffix("\n"))


def test_the_command_names_a_model_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    for model in (EVIL, "gpt-4o\x1b[2J"):
        assert cli.main(["price", model, "--provider", "nobody", "--input", "1"]) == 1
        assert is_one_short_line(capsys.readouterr().err.removesuffix("\n"))


# --- the source ---

OURS = {
    "' and '.join((conventions.origin for conventions in self._spoken))",
    "'.'.join(map(str, self.least))", "__version__", "cure", "f' {cure}' if cure else ''", "hooks", "inventory",
    "kept", "lost",
    "mistakes", "origin(endpoint) if endpoint else 'as set in the SDK'", "place", "self._kind", "self.cure",
    "self.last", "self.name", "self.settings.cost_semconv", "semconv.OTHER", "site", "_place(first)", "_place(url)",
    "self._prices_in_use()", "why",
}  # fmt: skip
"""What is logged as it is: words of ours, or made of quoted parts (`cure`, `inventory`, `mistakes` and `why`)."""
SITES = {
    "stage", "library.name", "module.__name__", "name", "tally.wire", "self.tally.wire or 'an unknown wire'",
    "ended.tally.wire",
}  # fmt: skip
"""What the names of sites are made of."""
LEVELS = {"debug", "info", "warning", "error", "critical", "exception", "log"}


def calls() -> Iterator[tuple[str, ast.Call]]:
    for path in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def is_safe(node: ast.expr, known: set[str]) -> bool:
    made = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("quoted", "plain")
    return made or ast.unparse(node) in known


def unsafe(call: ast.Call) -> Iterator[str]:
    """What is wrong with a call of the logger."""
    message, *values = call.args
    if not (isinstance(message, ast.Constant) and isinstance(message.value, str)):
        yield f"no literal: {ast.unparse(message)}"
        return
    kinds = re.findall(r"%(.)", message.value)
    if len(kinds) != len(values):
        yield f"{len(kinds)} places, {len(values)} values"
    for kind, value in zip(kinds, values, strict=False):
        if kind != "d" and (kind != "s" or not is_safe(value, OURS)):
            yield f"%{kind} of {ast.unparse(value)}"


def test_what_is_logged_is_quoted_or_ours() -> None:
    """A value of somebody else's goes through `quoted` or `plain`, which bound it; `%r` alone does not."""
    found = [
        (place, node)
        for place, node in calls()
        if isinstance(node.func, ast.Attribute) and node.func.attr in LEVELS and "ogg" in ast.unparse(node.func.value)
    ]
    assert len(found) >= 15
    assert [f"{place}: {why}" for place, node in found for why in unsafe(node)] == []


@pytest.mark.parametrize(
    "line", ["info('%s', model)", "info('%r', model)", "info(f'{model}')", "info(model)", "info('%s')", "info('a', b)"]
)
def test_what_is_not_is_found(line: str) -> None:
    call = ast.parse(f"_logger.{line}").body[0]
    assert isinstance(call, ast.Expr)
    assert isinstance(call.value, ast.Call)
    assert list(unsafe(call.value))


def test_a_site_is_named_in_our_words() -> None:
    """A guard logs it as it is."""
    for place, node in calls():
        name = ast.unparse(node.func)
        if not (name.endswith(("guard", "unheard", ".failed")) or name == "self"):
            continue
        for value in node.args[:2]:
            for part in ast.walk(value):
                if isinstance(part, ast.FormattedValue):
                    assert is_safe(part.value, SITES), f"{place}: {ast.unparse(part.value)}"


def test_nothing_but_the_command_prints() -> None:
    """Nor does anything use `warnings`, whose lines would bypass the logger."""
    names: list[Any] = [(place, ast.unparse(node.func)) for place, node in calls()]
    assert [at for at, name in names if name in ("print", "warnings.warn") and not at.startswith("cli/")] == []
