"""What `chunkmeter tail` shows, line by line, on screens of 80 and 120 columns."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from rich.console import Console

from chunkmeter.cli import picture, screen
from chunkmeter.cli.book import Book
from chunkmeter.cli.call import Call, read_call
from chunkmeter.cli.columns import Style, width_of
from chunkmeter.cli.screen import Screen
from chunkmeter.cli.waiting import Woken

BY = (("model",), ("service", "tenant"))


def said(model: str, tokens: tuple[int, int] | None, cost: float | None, **more: Any) -> Call:
    usage = {} if tokens is None else {"gen_ai.usage.input_tokens": tokens[0], "gen_ai.usage.output_tokens": tokens[1]}
    attributes: dict[str, Any] = {
        "chunkmeter.outcome": "completed",
        "gen_ai.response.model": model,
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.usage.cost.amount": cost,
        "chunkmeter.cost.status": "known",
        **usage,
        **{name.replace("__", "."): value for name, value in more.items()},
    }
    found = read_call(attributes, {"service.name": "shop", "tenant": "-"}, BY)
    assert found is not None
    return found


@pytest.fixture
def book() -> Book:
    book = Book(by=BY)
    for each in (
        said(
            "claude-sonnet-4-5-20250929", (3060, 57), 0.0061554, gen_ai__provider__name="anthropic", tenant="acme",
            gen_ai__usage__cache_read__input_tokens=2048, gen_ai__response__time_to_first_chunk=0.25,
        ),
        said(
            "gpt-4o-mini", (120, 1500), 0.000918, gen_ai__provider__name="openai", tenant="acme",
            gen_ai__response__finish_reasons=["length"],
        ),
        said(
            "my-llama-3.3", (120, 15), None, gen_ai__provider__name="openai", tenant="globex",
            gen_ai__response__finish_reasons=["tool_call"], chunkmeter__cost__status="unknown_model",
        ),
        said(
            "gpt-4o-mini", None, None, gen_ai__provider__name="openai", chunkmeter__outcome="interrupted",
            gen_ai__response__finish_reasons=["error"], chunkmeter__cost__status="no_usage",
        ),
    ):  # fmt: skip
        book.add(each)
    return book


CALLS_80 = """\
model                       reason        in    out     cost USD  outcome
claude-sonnet-4-5-20250929  stop       3,060     57  0.006155400  completed
gpt-4o-mini                 length       120  1,500  0.000918000  completed
my-llama-3.3                tool_call    120     15            -  completed
gpt-4o-mini                 error          -      -            -  interrupted"""
CALLS_120 = """\
provider   model                       reason        in  cached    out     cost USD  first chunk  outcome      service
anthropic  claude-sonnet-4-5-20250929  stop       3,060   2,048     57  0.006155400     250.0 ms  completed    shop
openai     gpt-4o-mini                 length       120       -  1,500  0.000918000            -  completed    shop
openai     my-llama-3.3                tool_call    120       -     15            -            -  completed    shop
openai     gpt-4o-mini                 error          -       -      -            -            -  interrupted  shop"""
# 0.0061554 + 0.000918 = 0.0070734.
SPENT = """

model                       calls     in    out     cost USD  unpriced
claude-sonnet-4-5-20250929      1  3,060     57  0.006155400         -
gpt-4o-mini                     2    120  1,500  0.000918000         1
my-llama-3.3                    1    120     15            -         1
all                             4  3,300  1,572  0.007073400         2

service  tenant  calls     in    out     cost USD  unpriced
shop     acme        2  3,180  1,557  0.007073400         -
shop     -           1      -      -            -         1
shop     globex      1    120     15            -         1
all                  4  3,300  1,572  0.007073400         2
"""
WRONG_80 = """
1 call cut off at the limit of tokens: gpt-4o-mini. Raise max_tokens, or leave
  more room in the context.
1 call without a price: my-llama-3.3 (openai). Give it one, or an alias, in the
  file that CHUNKMETER_PRICES names.
1 call without usage, and so without cost: gpt-4o-mini (openai). It comes at the
  end: read streams to their end."""
WRONG_120 = """
1 call cut off at the limit of tokens: gpt-4o-mini. Raise max_tokens, or leave more room in the context.
1 call without a price: my-llama-3.3 (openai). Give it one, or an alias, in the file that CHUNKMETER_PRICES names.
1 call without usage, and so without cost: gpt-4o-mini (openai). It comes at the end: read streams to their end.
"""[:-1]
AT_END = ", told at the end (Ctrl-C)."
MORE = "\n1 more warning" + AT_END


@pytest.mark.parametrize(
    ("width", "lines"), [(80, CALLS_80 + SPENT + WRONG_80 + MORE), (120, CALLS_120 + SPENT + WRONG_120 + MORE)]
)
def test_the_live_picture(book: Book, width: int, lines: str) -> None:
    """At 80 columns what costs, tokens, models, reasons and outcomes are is whole; at 120 the rest is there too."""
    drawn = picture.live(book, Style(width), 100, "")
    assert "\n".join(line.text for line in drawn) == lines
    assert max(width_of(line.text) for line in drawn) <= width
    assert [line.look for line in drawn[:5]] == ["bold", "", "yellow", "yellow", "red"]


@pytest.mark.parametrize("height", [1, 2, 5, 10, 24, 50])
@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_a_picture_fits_any_screen(book: Book, height: int, width: int) -> None:
    """The newest call, which is red, is there."""
    drawn = picture.live(book, Style(width), height, "")
    assert len(drawn) <= height
    assert "red" in {line.look for line in drawn}


def test_while_nothing_has_come_it_says_what_to_do() -> None:
    assert picture.live(Book(), Style(80), 24, "Do this:\n    export A=b") == [("Do this:", ""), ("    export A=b", "")]


def test_the_end_says_what_is_wrong_with_the_totals(book: Book) -> None:
    text = "\n".join(line.text for line in picture.summary(book, Style(80)))
    assert text.startswith(SPENT.removeprefix("\n"))
    assert "\nNo metrics of chunkmeter's have come: these are the totals of spans alone. The" in text
    assert "1 call that ended before the answer did: gpt-4o-mini." in text


def test_currencies_stand_by_each_amount_where_there_are_several() -> None:
    book = Book(by=(("model",),))
    book.add(said("a", (1, 1), 0.5))
    book.add(said("b", (1, 1), 2, gen_ai__usage__cost__currency="EUR"))
    assert [line.text for line in picture.live(book, Style(80), 24, "")] == [
        "model  reason  in  out             cost  outcome    service",
        "a      stop     1    1  0.500000000 USD  completed  shop",
        "b      stop     1    1  2.000000000 EUR  completed  shop",
        "",
        "model  calls  in  out                               cost",
        "b          1   1    1                    2.000000000 EUR",
        "a          1   1    1                    0.500000000 USD",
        "all        2   2    2  2.000000000 EUR + 0.500000000 USD",
    ]


def test_the_dearest_groups_are_shown_and_the_others_added_up() -> None:
    """Of 7 groups of 1 to 7 USD the 4 dearest, and 1 + 2 + 3 = 6 USD of the other 3; 28 in all."""
    book = Book(by=(("model",),))
    for number in range(1, 8):
        book.add(said(f"m{number}", (1, 1), number))
    (table,) = book.spending(Style(80), 5)
    assert [line.split()[0] for line in table] == ["model", "m7", "m6", "m5", "m4", "3", "all"]
    assert [line.split()[-1] for line in table[5:]] == ["6.000000000", "28.000000000"]


def test_amounts_beyond_all_sense_have_few_digits() -> None:
    book = Book()
    book.add(said("m", (1, 1), 1e308, gen_ai__response__time_to_first_chunk=1e308))
    assert picture.live(book, Style(120), 24, "")[1].text.split() == [
        "m", "stop", "1", "1", "1e+308", "1e+308", "s", "completed", "shop",
    ]  # fmt: skip


class Script:
    """Waits as it is told; each time something changes, a call has come."""

    def __init__(self, book: Book, *woken: Woken) -> None:
        self.book, self.woken = book, list(woken)

    def wait(self) -> Woken:
        if self.woken[0] is Woken.CHANGED:
            self.book.add(said(f"model-{len(self.woken)}", (1, 1), 0.5))
        return self.woken.pop(0)


def drawn_by(book: Book, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *woken: Woken) -> str:
    monkeypatch.setattr(screen, "_SHORTEST", 0)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr(
        screen, "_console", lambda: Console(force_terminal=True, width=80, height=24, color_system=None)
    )
    shown = Screen()
    assert shown.live
    script: Any = Script(book, *woken)
    assert shown.draw(lambda style, height: picture.live(book, style, height, "nothing yet"), script) is woken[-1]
    return capsys.readouterr().out


def test_a_picture_is_drawn_when_something_has_changed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One before the wait and one a change; rich draws the last one again before it takes it away."""
    text = drawn_by(Book(), monkeypatch, capsys, Woken.CHANGED, Woken.CHANGED, Woken.ENDED)
    assert text.count("nothing yet") == 1
    assert text.count("model-3") == 2 + 1
    assert text.count("model-2") == 1 + 1


def test_nothing_is_drawn_while_nothing_changes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert drawn_by(Book(), monkeypatch, capsys, Woken.UNREAD).count("nothing yet") == 1 + 1


@pytest.mark.parametrize(("columns", "width"), [("80", 80), ("7", 20), ("", 160), ("wide", 160), ("9" * 9, 160)])
def test_what_is_no_terminal_has_the_width_that_is_said(
    monkeypatch: pytest.MonkeyPatch, columns: str, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert Screen().style.width == width
    assert screen.error_style().width == width


@pytest.mark.parametrize(
    ("height", "below"),
    [
        (20, "4 warnings" + AT_END),
        (22, WRONG_80.partition("\n1 call without a price")[0].strip() + "\n3 more warnings" + AT_END),
        (24, WRONG_80.partition("\n1 call without usage")[0].strip() + "\n2 more warnings" + AT_END),
        (26, WRONG_80.strip() + MORE),
    ],
)
def test_a_warning_is_told_whole_or_counted(book: Book, height: int, below: str) -> None:
    """Four calls and two tables leave room for some of four warnings."""
    drawn = picture.live(book, Style(80), height, "")
    at = max(place for place, line in enumerate(drawn) if not line.text)
    assert "\n".join(line.text for line in drawn[at + 1 :]) == below
