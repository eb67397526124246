"""Which files are read: no price waits for one that would never be read to its end."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chunkmeter import Priced, Usage, cli, price
from chunkmeter.pricing import PriceFile, parse
from chunkmeter.pricing.parse import UnusableFileError

PIPES = hasattr(os, "mkfifo")


def pipe(folder: Path) -> Path:
    os.mkfifo(folder / "pipe.toml")
    return folder / "pipe.toml"


def linked(folder: Path) -> Path:
    (folder / "link.toml").symlink_to(pipe(folder))
    return folder / "link.toml"


def listening(folder: Path) -> Path:
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("socket.toml")
    return folder / "socket.toml"


def too_long(folder: Path) -> Path:
    with open(folder / "long.toml", "wb") as opened:
        opened.truncate(2**40)
    return folder / "long.toml"


KINDS: list[tuple[Callable[[Path], Path], str]] = [
    (pipe, "is a pipe: write the path of a regular file"),
    (linked, "is a pipe: write the path of a regular file"),
    (lambda folder: folder, "is a directory: write the path of a regular file"),
    (lambda _: Path("/dev/zero"), "is a device: write the path of a regular file"),
    (lambda _: Path("/dev/tty"), "is a device: write the path of a regular file"),
    (too_long, "has over 10000000 bytes: write less"),
    (lambda folder: folder / "none", "can't be read (No such file or directory): write a path to a file that can"),
    (lambda _: Path("nul\0"), "can't be read (embedded null byte): write a path to a file that can"),
]
pytestmark = pytest.mark.skipif(not PIPES, reason="this system has no pipes among its files")


@pytest.mark.timeout(60)
@pytest.mark.parametrize(("make", "said"), KINDS)
def test_what_is_no_file_of_prices_is_refused_at_once(
    make: Callable[[Path], Path], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where it is loaded, where it is looked for changes, and by the commands."""
    path = make(tmp_path)
    with pytest.raises(UnusableFileError) as caught:
        parse.read(path)
    assert str(caught.value).endswith(said)
    told: list[Exception] = []
    file = PriceFile(str(path), reload=True, failed=told.append)
    for _ in range(2):
        answer = price(Usage(input_tokens=1, output_tokens=1), model="gpt-4o", provider="openai", prices=file)
        assert isinstance(answer, Priced)
        file.refresh()
    assert [str(error) for error in told] == [str(caught.value)]
    assert cli.main(["prices", "check", str(path)]) == 1
    assert said in capsys.readouterr().err
    assert cli.main(["price", "gpt-4o", "--input", "1", "--prices", str(path)]) == 1


@pytest.mark.slow
@pytest.mark.timeout(60)
def test_a_socket_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It can't be opened at all, and is named as what it is."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnusableFileError, match=r"is a socket: write the path of a regular file$"):
        parse.read(listening(tmp_path))


@pytest.mark.timeout(60)
def test_what_becomes_a_pipe_leaves_the_last_good_prices(tmp_path: Path) -> None:
    """A change for the worse, as any other."""
    path = tmp_path / "prices.toml"
    path.write_text("[[models]]\nnames = ['m']\nprices = { input = 1, output = 1 }")
    told: list[Exception] = []
    file = PriceFile(str(path), reload=True, failed=told.append)
    file.warm_up()
    path.unlink()
    os.mkfifo(path)
    file.refresh()
    assert isinstance(price(Usage(input_tokens=1, output_tokens=1), model="m", prices=file), Priced)
    assert len(told) == 1


@pytest.mark.timeout(60)
def test_what_becomes_a_pipe_as_it_is_opened_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No look at a path tells what is opened afterwards."""
    path = tmp_path / "prices.toml"
    path.write_text("")
    opening: Callable[..., int] = os.open

    def swapped(name: Any, *rest: Any) -> int:
        path.unlink()
        os.mkfifo(path)
        return opening(name, *rest)

    monkeypatch.setattr(os, "open", swapped)
    with pytest.raises(UnusableFileError, match="is a pipe"):
        parse.read(path)


def test_a_file_that_has_nothing_to_read_yet_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some of /proc and /sys count as regular, and would wait."""
    path = tmp_path / "prices.toml"
    path.write_text("x")
    kind = parse.stat.S_ISREG
    monkeypatch.setattr(parse.stat, "S_ISREG", lambda mode: kind(mode) or parse.stat.S_ISFIFO(mode))
    path.unlink()
    os.mkfifo(path)
    writer = os.open(path, os.O_RDWR)
    try:
        with pytest.raises(UnusableFileError, match=r"can't be read \(it has nothing to read yet\)"):
            parse.read(path)
    finally:
        os.close(writer)
