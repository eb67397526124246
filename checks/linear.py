"""Shows that nothing takes longer a character as it grows: framing, name patterns, expressions, price files.

    make linear

Each line has the time a character at 10^3 to 10^6 characters (10^5 for expressions), and by how much it grows over any
smaller size. It is CPU time, and the least of several runs counts, since what else the machine does only adds to it.
"""

from __future__ import annotations

import gc
import importlib
import inspect
import pkgutil
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import chunkmeter
from chunkmeter import providers
from chunkmeter.pricing import Question, Tokens, parse
from chunkmeter.pricing.globs import Glob
from chunkmeter.pricing.overlay import Overlay
from chunkmeter.readers._framing import Framing

SIZES = (10**3, 10**4, 10**5, 10**6)
MOST = 2.0
LEAST = 5.0
"""Nanoseconds a character that count as nothing: a short text lies in a processor's nearest cache, a long one does not.

What grows with the square takes thousands at these sizes."""
FEW, MANY = 200, 20_000
MOST_LOAD, MOST_LOOK = 150.0, 2.0
PATIENCE = 12
"""How often a ratio is measured before it counts as too high."""

Work = Callable[[], object]
EVENT = 'data: {"choices":[{"index":0,"delta":{"content":"Sure, \\"thing\\" {n}"}}],"usage":null}\n\n'


def cut(body: str, size: int) -> list[str]:
    return [body[at : at + size] for at in range(0, len(body), size)]


def repeated(text: str, size: int) -> list[str]:
    return [text] * max(1, size // len(text))


BODIES: dict[str, Callable[[int], list[str]]] = {
    "events, one a piece": lambda size: repeated(EVENT, size),
    "events, all in one piece": lambda size: ["".join(repeated(EVENT, size))],
    "events in pieces of 7": lambda size: cut("".join(repeated(EVENT, size)), 7),
    "events in single characters": lambda size: cut("".join(repeated(EVENT, size)), 1),
    "one event in pieces that end in }": lambda size: ["\n", 'data: {"a":"', *repeated("xxx}", size)],
    "one event of closed objects": lambda size: ["\n", 'data: {"a":', *repeated("{}", size)],
    "one event of single braces": lambda size: ["\n", *"data: {", *repeated("}", size)],
    "one event of lists": lambda size: ["\n", "data: [", *repeated("[]", size)],
    "one event, never at its end": lambda size: ["\n", 'data: {"a":"', *repeated("x" * 50, size)],
    "one event of quotes": lambda size: ["\n", "data: {", *repeated('"}', size)],
    "one event of backslashes": lambda size: ["\n", 'data: {"', *repeated("\\}", size)],
    "lines of data": lambda size: ["data: {", *repeated("data: {}", size)],
    "lines of data with ends": lambda size: ["data: {\n", *repeated("data: {}\n", size)],
    "lines cut in JSON": lambda size: ['data: {"a', "", *repeated("data: {}}", size), *repeated("x}", size)],
    "lines of text": lambda size: repeated("data: x}", size),
    "line ends": lambda size: ["data: {", *repeated("\r", size)],
    "spaces": lambda size: ["\n", "data: {}", *repeated(" ", size)],
    "objects within objects": lambda size: ["data: " + '{"a":' * (size // 5)],
    "lists within lists, closed": lambda size: ["data: " + "[" * (size // 2) + "]" * (size // 2) + "\n\n"],
    "JSON lines": lambda size: repeated('{"a": "b"}\n', size),
    "a JSON array in pieces of 7": lambda size: cut("[" + '{"a": "b"},' * (size // 11) + "]", 7),
    "JSON in pieces that end in }": lambda size: ['{"a":"', *repeated("xxx}", size)],
    "JSON closed too often": lambda size: ["{}", *repeated("}", size)],
    "JSON never closed": lambda size: repeated('{"a":', size),
}
NAMES: dict[str, tuple[str, Callable[[int], str]]] = {
    "plain": ("acme-*", lambda size: "acme-" + "x" * size),
    "*llama*70b*chat": ("*llama*70b*chat", lambda size: "llama70" * (size // 7) + "chat"),
    "a piece for each of 99 stars": ("*" + "a*" * 99 + "b*", lambda size: "a" * size),
    "a long piece that nearly fits": ("*" + "a" * 150 + "b*", lambda size: "a" * size),
    "a long piece of two halves": (
        "*" + "a" * 75 + "b" + "a" * 75 + "*",
        lambda size: ("a" * 99 + "c") * (size // 100),
    ),
}
HOSTILE = ("a", "0", ".", "//", "a.", "_", "a-", "//a.azure.", "-latest", "image/")


def fed(body: Callable[[int], list[str]], size: int) -> Work:
    pieces = body(size)

    def work() -> None:
        framing = Framing()
        for piece in pieces:
            framing.feed(piece)

    return work


def matched(glob: Glob, text: Callable[[int], str], size: int) -> Work:
    return partial(glob.fits, text(size))


def expressions() -> Iterator[tuple[str, re.Pattern[Any], set[str]]]:
    """Every compiled regular expression of the package, and the methods of it that are called."""
    for found in pkgutil.walk_packages(chunkmeter.__path__, "chunkmeter."):
        module = importlib.import_module(found.name)
        for name, value in vars(module).items():
            if isinstance(value, re.Pattern):
                called = re.findall(rf"\b{name}\.(match|fullmatch|search|split|sub)\b", inspect.getsource(module))
                yield f"{module.__name__}.{name}", value, set(called or ("search",))
    for row in providers.PROVIDERS:
        if row.urls:
            yield f"URLs of {row.name}", re.compile(row.urls), {"search"}


def searched(expression: re.Pattern[Any], ways: set[str], size: int) -> Work:
    texts: list[Any] = [(word * (size // len(word)))[:size] + "\0" for word in HOSTILE]
    if isinstance(expression.pattern, bytes):
        texts = [text.encode() for text in texts]
    calls = [partial(expression.sub, "") if way == "sub" else getattr(expression, way) for way in sorted(ways)]
    return lambda: [call(text) for text in texts for call in calls]


def spent(work: Work, times: int) -> float:
    """CPU seconds of one run, of so many in a row: enough for the clock."""
    gc.collect()
    begin = time.process_time_ns()
    for _ in range(times):
        work()
    return (time.process_time_ns() - begin) / times / 1e9


class Check:
    """Prints each ratio with its verdict, and counts those that are too high."""

    def __init__(self) -> None:
        self.ratios = self.failed = 0

    def flat(self, what: str, make: Callable[[int], Work], sizes: Sequence[int] = SIZES) -> None:
        """Whether a character takes no longer in a long text than in any shorter one."""
        works = [make(size) for size in sizes]
        each = [float("inf")] * len(sizes)
        for _ in range(PATIENCE):
            for at, (size, work) in enumerate(zip(sizes, works, strict=True)):
                each[at] = min(each[at], spent(work, max(1, 10**5 // size)) / size * 1e9)
            if growth(each) <= MOST:
                break
        self.tell(what, growth(each), MOST, "  ".join(f"{ns:8.2f}" for ns in each) + " ns")

    def ratio(self, what: str, few: Work, many: Work, most: float, times: int) -> None:
        """Whether a long file takes at most so many times as long as a short one."""
        short = long = float("inf")
        for _ in range(PATIENCE):
            short, long = min(short, spent(few, 10 * times)), min(long, spent(many, times))
            if long / short <= most:
                break
        self.tell(what, long / short, most, f"{short * 1e3:.3f} and {long * 1e3:.3f} ms")

    def tell(self, what: str, ratio: float, most: float, figures: str) -> None:
        met = ratio <= most
        self.ratios += 1
        self.failed += not met
        verdict = f"within {most:g}" if met else f"FAILED: expected at most {most:g}"
        print(f"{what + ' ':.<60} {figures:>45}  {ratio:6.2f} x, {verdict}", flush=True)


def growth(each: list[float]) -> float:
    """The most by which one size is dearer than a smaller one."""
    return max(later / max(LEAST, min(each[:at])) for at, later in enumerate(each) if at)


def file_of(number: int, star: str = "") -> bytes:
    return "".join(
        f"[[models]]\nnames = ['acme-{index}-{star}']\nprices = {{ input = {index % 7}.5, output = 3 }}\n"
        for index in range(number)
    ).encode()


def asked_again(overlay: Overlay, number: int) -> Work:
    asked = Question(Tokens(input_tokens=10, output_tokens=1), f"acme-{number - 1}-x", f"acme-{number - 1}-")
    return lambda: overlay.price(asked, lambda asked: sys.exit(f"the file has no price of {asked.names}"))


def main() -> int:
    check = Check()
    print(f"time a character at {', '.join(f'{size:,}' for size in SIZES)} characters\n")
    for name, body in BODIES.items():
        check.flat(f"framing: {name}", partial(fed, body))
    for name, (pattern, text) in NAMES.items():
        check.flat(f"pattern: {name}", partial(matched, Glob(pattern), text))
    for name, expression, ways in expressions():
        check.flat(f"expression: {name}", partial(searched, expression, ways), SIZES[:-1])
    few, many = file_of(FEW), file_of(MANY)
    print(f"\nprice files of {FEW} and {MANY:,} entries\n")
    check.ratio(
        "load a file", lambda: parse.parse(few, "p.toml"), lambda: parse.parse(many, "p.toml"), MOST_LOAD, times=1
    )
    for star, what in (("", "names"), ("*", "patterns")):
        short, long = (parse.parse(file_of(number, star), "p.toml") for number in (FEW, MANY))
        check.ratio(
            f"price by {what} asked before", asked_again(short, FEW), asked_again(long, MANY), MOST_LOOK, times=1000
        )
    print(f"linear: {check.ratios - check.failed} ratios within their limits, {check.failed} failed")
    return 1 if check.failed else 0


if __name__ == "__main__":
    sys.exit(main())
