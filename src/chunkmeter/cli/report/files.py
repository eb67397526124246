"""Reads the lines of files that keep OTLP/JSON, one after the other; what can't be read is told and skipped."""

from __future__ import annotations

import errno
import gzip
import stat
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, cast

from ...shown import plain
from ..otlp_json import Request, read

__all__ = ["Files"]

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_LONGEST = 256 * 1024 * 1024
"""The longest line that is read, in bytes. The Collector's batches have some thousand spans of a few kilobytes."""
_MOST_TOLD = 5
"""How many troubles are told of each file in words; the others are counted."""


class Files:
    """Files of OTLP/JSON, plain or compressed by gzip, in the order in which they are read.

    Args:
        paths: the files.
        say: is told each trouble as one line.

    Attributes:
        lines: how many lines have been read.
        skipped: how many lines could not be read.
        told: the troubles that were said.
    """

    def __init__(self, paths: Sequence[Path], say: Callable[[str], object]) -> None:
        self.paths, self._say = paths, say
        self.lines = self.skipped = 0
        self.told: list[str] = []

    def exports(self) -> Iterator[Request]:
        """Each export; those of other signals are passed over. What can't be read is told."""
        for path in self.paths:
            before = self.skipped
            for number, line in self._lines(path):
                self.lines += 1
                try:
                    export = read(line)
                except ValueError as error:
                    if hint := _hint(line):
                        self._trouble(before, f"{plain(path)}: skipped from line {number} on: {hint}")
                        break
                    last = "" if line.endswith(b"\n") else ", the last and cut off,"
                    self._trouble(before, f"{plain(path)}: line {number}{last} was skipped: {error}")
                    continue
                if export is not None:
                    yield export
            if self.skipped - before > _MOST_TOLD:
                self._tell(f"{plain(path)}: {self.skipped - before:,} lines were skipped in all.")

    def exports_with(self, texts: Sequence[bytes]) -> Iterator[Request]:
        """Each export whose line has one of these texts, in lower case: a second reading, which tells of no trouble."""
        for path in self.paths:
            for _, line in self._lines(path, quiet=True):
                lowered = line.lower()
                if any(text in lowered for text in texts):
                    try:
                        export = read(line)
                    except ValueError:
                        continue  # told at the first reading
                    if export is not None:
                        yield export

    def _lines(self, path: Path, *, quiet: bool = False) -> Iterator[tuple[int, bytes]]:
        number = 0
        try:
            with _opened(path) as file:
                while line := file.readline(_LONGEST):
                    number += 1
                    if line.strip():
                        yield number, line
        except (OSError, EOFError, zlib.error) as error:
            if number == 0 and isinstance(error, OSError) and not isinstance(error, gzip.BadGzipFile):
                raise
            if not quiet:
                self.skipped += 1
                self._tell(f"{plain(path)}: damaged after line {number}, the rest was skipped: {error}")

    def _trouble(self, before: int, text: str) -> None:
        self.skipped += 1
        if self.skipped - before <= _MOST_TOLD:
            self._tell(text)

    def _tell(self, text: str) -> None:
        self.told.append(text)
        self._say(text)


def _opened(path: Path) -> BinaryIO:
    if not stat.S_ISREG(path.stat().st_mode) and not path.is_dir():
        raise OSError(errno.ESPIPE, "it is no file that can be read twice", str(path))
    with path.open("rb") as file:
        packed = file.read(len(_GZIP)) == _GZIP
    return cast("BinaryIO", gzip.open(path)) if packed else path.open("rb")


def _hint(line: bytes) -> str:
    """What a line is that the file exporter writes in another format."""
    if line[:4] == _ZSTD or line[4:8] == _ZSTD:
        return "it is compressed by zstd, which is not read here (set no `compression` on the file exporter)"
    return "it is no text (set `format: json` on the file exporter)" if b"\0" in line[:64] else ""
