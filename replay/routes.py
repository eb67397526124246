"""Which scenario answers a request, told from its path and its body.

    /{service}/...                       the scenario that fits the request: service, model, stream, tools
    /id/{scenario}[~opt[=value],...]/... that scenario, whatever the request says

Options: delay=S before each event, first=S before the first, cut=K end cleanly after K events, drop (with
cut) close without the terminating chunk, reset (with cut) send RST, status=N answer that status with the
service's error body, error_after=K send the service's error event after K events, stall=K send nothing after K events
until the client hangs up, asked send the chunk with the usage only to a request that asks for it, as OpenAI does.

A service whose requests name model, stream or tools in a way of their own has a row in `_WAYS`. A request that ends
with what a tool gave is answered as one that offers no tools, unless it demands one by its name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast, get_args
from urllib.parse import unquote

from replay.errors import Refusal, refusal
from replay.scenarios import ALL, Answer, Scenario, Service, by_id, by_key

__all__ = ["Options", "RefusedError", "find"]

Json = dict[str, Any]

# What holds the result of a tool, in messages of Bedrock's and of Google's.
_RESULTS = frozenset({"toolResult", "functionResponse"})
_FLAGS = frozenset({"asked", "drop", "reset"})
_COUNTS = frozenset({"cut", "error_after", "stall", "status"})
_SECONDS = frozenset({"delay", "first"})


@dataclass(frozen=True, slots=True)
class Options:
    """How a forced scenario is to go wrong, or slowly."""

    delay: float = 0.0
    first: float = 0.0
    asked: bool = False
    cut: int | None = None
    drop: bool = False
    reset: bool = False
    status: int | None = None
    error_after: int | None = None
    stall: int | None = None

    @classmethod
    def parse(cls, text: str) -> Options:
        """Reads `opt[=value],...`; raises ValueError with what is wrong."""
        values: dict[str, Any] = {}
        for item in filter(None, text.split(",")):
            name, _, value = item.partition("=")
            if name in _FLAGS:
                values[name] = True
            elif name in _COUNTS:
                values[name] = int(value)
            elif name in _SECONDS:
                values[name] = float(value)
            else:
                known = ", ".join(sorted(_FLAGS | _COUNTS | _SECONDS))
                raise ValueError(f"no option {name!r}; there are {known}")
        return cls(**values)


class RefusedError(Exception):
    """Carries an answer that is no scenario."""

    def __init__(self, status: int, message: str, service: Service = "openai") -> None:
        super().__init__(message)
        self.refusal: Refusal = refusal(service, status, message)


def _objects(value: Any) -> list[Json]:
    return cast("list[Json]", value if isinstance(value, list) else [])


def _functions(body: Json) -> Iterator[Any]:
    return (tool.get("function", {}).get("name") for tool in _objects(body.get("tools")))


def _named(body: Json) -> Iterator[Any]:
    return (tool.get("name") for tool in _objects(body.get("tools")))


def _declared(body: Json) -> Iterator[Any]:
    lists = (_objects(tool.get("functionDeclarations")) for tool in _objects(body.get("tools")))
    return (function["name"] for functions in lists for function in functions)


def _specified(body: Json) -> Iterator[Any]:
    config = cast("Json", body.get("toolConfig") or {})
    return (tool["toolSpec"]["name"] for tool in _objects(config.get("tools")))


def _answered(body: Json) -> bool:
    """Whether a tool has been called already, so that its result is to be put into words."""
    last = (_objects(body.get("messages") or body.get("input") or body.get("contents")) or [None])[-1]
    if not isinstance(last, dict) or isinstance(body.get("tool_choice"), dict):
        return False
    parts = _objects(last.get("content")) + _objects(last.get("parts"))
    if any(isinstance(part, dict) and part.keys() & _RESULTS for part in parts):
        return True
    return last.get("role") == "tool" or last.get("type") == "function_call_output"


@dataclass(frozen=True, slots=True)
class _Way:
    """How the requests of a service say what they ask for."""

    tools: Callable[[Json], Iterator[Any]] = _functions
    """The names of the tools that a body offers."""
    path: re.Pattern[str] | None = None
    """Has groups `model` and `stream`, where the path says it instead of the body."""


_GENERATES = _Way(_declared, re.compile(r"/models/(?P<model>[^/:]+):(?:(?P<stream>streamG)|g)enerateContent$"))
_WAYS: dict[Service, _Way] = {
    "anthropic": _Way(_named),
    "bedrock": _Way(_specified, re.compile(r"/model/(?P<model>[^/]+)/converse(?P<stream>-stream)?$")),
    "cohere": _Way(_named),
    "gemini": _GENERATES,
    "google": _GENERATES,
    "responses": _Way(_named),
    "vertex": _GENERATES,
}
_OPENAIS = _Way()


def find(path: str, body: Json, scripts: Mapping[str, Answer]) -> tuple[Answer, Options]:
    """The scenario that a request means, or one of `scripts` that it names, and how it is to go."""
    head, _, rest = path.lstrip("/").partition("/")
    if head == "id":
        name, _, options = rest.partition("/")[0].partition("~")
        answer = by_id.get(name) or scripts.get(name)
        if answer is None:
            raise RefusedError(404, f"replay: no scenario {name!r}; there are {', '.join((*by_id, *scripts))}")
        try:
            return answer, Options.parse(options)
        except ValueError as error:
            raise RefusedError(400, f"replay: {error}", answer.service) from None
    if head in get_args(Service):
        return _fitting(cast("Service", head), f"/{rest}", body), Options()
    raise RefusedError(404, f"replay: no route /{head}; there are /id and {', '.join(get_args(Service))}")


def _fitting(service: Service, path: str, body: Json) -> Scenario:
    """The scenario that fits, or a refusal that says what was asked for and what there is."""
    way = _WAYS.get(service, _OPENAIS)
    # A run of an assistant need not name a model.
    model, stream = str(body.get("model") or body.get("assistant_id")), bool(body.get("stream"))
    if way.path is not None:
        said = way.path.search(path)
        if said is None:
            raise RefusedError(404, f"replay: no {service} route {path}", service)
        model, stream = unquote(said["model"]), said["stream"] is not None
    tools = [] if _answered(body) else sorted(map(str, way.tools(body)))
    for tool in tools or [None]:
        found = by_key.get((service, model, stream, tool))
        if found is not None:
            return found
    asked = f"model {model!r}, stream {stream}, tools {tools}"
    there = ", ".join(scenario.id for scenario in ALL if scenario.service == service)
    raise RefusedError(404, f"replay: no {service} scenario for {asked}; there are {there}", service)
