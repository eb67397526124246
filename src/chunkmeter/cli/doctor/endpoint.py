"""Findings on where telemetry goes: whether OTLP is taken there, and if not, what would be.

https://opentelemetry.io/docs/specs/otel/protocol/exporter/
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Literal
from urllib.parse import unquote, urlsplit

from ...shown import origin, plain, server
from ...switches import exporters, has_own, is_disabled, of_signal
from .conditions import Finding, found
from .machine import Machine
from .probe import GRPC, HTTP, Reply, Target, probe

__all__ = ["endpoints", "unanswered"]

_PLACE: dict[str, str] = {GRPC: "http://localhost:4317", HTTP: "http://localhost:4318"}
_SIBLINGS = {4317: 4318, 4318: 4317}
_OF_PROTOCOL = {"otlp_proto_grpc": GRPC, "otlp_proto_http": HTTP}
"""An exporter that speaks one protocol, whatever the variables say."""
_ANY = ("otlp", "chunkmeter_otlp", *_OF_PROTOCOL)
_CURE = "export OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4317 OTEL_EXPORTER_OTLP_PROTOCOL=grpc"
Signal = Literal["traces", "metrics"]


class UnusableError(ValueError):
    """Raised for an endpoint or a protocol that is none; the message says which."""


def target(machine: Machine, signal: Signal) -> Target | None:
    """Where a signal is exported to, as the SDK's exporters read the variables; None if not by OTLP.

    Raises:
        UnusableError: if the protocol or the endpoint is none.
    """
    named = next((name for name in exporters(machine.environ, signal) if name in _ANY), None)
    if named is None:
        return None

    said = partial(of_signal, machine.environ, signal)
    protocol = _OF_PROTOCOL.get(named) or said("PROTOCOL") or GRPC
    if protocol not in _PLACE:
        raise UnusableError(f"OTEL_EXPORTER_OTLP_PROTOCOL={plain(protocol)} is neither {GRPC} nor {HTTP}")
    own = has_own(machine.environ, signal, "ENDPOINT")
    url = said("ENDPOINT") or _PLACE[protocol]
    if protocol == GRPC and "://" not in url:
        url = f"{'http' if said('INSECURE').lower() == 'true' else 'https'}://{url}"  # as the exporter takes it
    unusable = f"the endpoint of {signal}, {origin(url)}, is no URL with http:// or https:// and a host"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise UnusableError(unusable) from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UnusableError(unusable)
    path = "" if protocol == GRPC else parts.path if own else f"{parts.path.rstrip('/')}/v1/{signal}"
    pairs = (pair.partition("=") for pair in said("HEADERS").split(",") if "=" in pair)
    return Target(
        signal, protocol, parts.scheme, parts.hostname, port, path, own=own,
        headers=tuple((unquote(name).strip().lower(), unquote(value).strip()) for name, _, value in pairs),
        authority=said("CERTIFICATE") or None, certificate=said("CLIENT_CERTIFICATE") or None,
        key=said("CLIENT_KEY") or None,
    )  # fmt: skip


def endpoints(machine: Machine, ask: Callable[[Target], Reply] = probe) -> tuple[list[Finding], list[str]]:
    """Findings on where traces and metrics go, and lines on what is in order. Exports of nothing are sent there.

    Args:
        machine: the set-up.
        ask: sends one export of nothing to a target.
    """
    if is_disabled(machine.environ) or machine.value("OTEL_CONFIG_FILE"):
        return [], []  # no variable of an endpoint is read
    findings: list[Finding] = []
    targets: list[Target] = []
    signals: tuple[Signal, ...] = ("traces", "metrics")
    for signal in signals:
        try:
            targets += filter(None, [target(machine, signal)])
        except UnusableError as error:
            findings.append(found("endpoint-unusable", str(error), _CURE))
    with ThreadPoolExecutor(max(len(targets), 1)) as pool:
        replies = list(zip(targets, pool.map(ask, targets), strict=True))
    fine = [f"{each.signal}: {_place(each)} takes {each.protocol}" for each, reply in replies if reply.kind == "taken"]
    failed = [(each, reply) for each, reply in replies if reply.kind != "taken"]
    for each, reply in failed:
        findings += unanswered(each, reply, ask, unset=not of_signal(machine.environ, each.signal, "ENDPOINT"))
    return _together(findings), fine


def unanswered(at: Target, reply: Reply, ask: Callable[[Target], Reply], *, unset: bool = False) -> Iterator[Finding]:
    """What is wrong with a target that has not taken an export. `unset` says that no variable names its endpoint."""
    place = f"{at.signal}: {_place(at)}"
    others = [] if reply.kind == "refused" and reply.key else list(_others(at))
    with ThreadPoolExecutor(max(len(others), 1)) as pool:
        answered = [other for other, said in zip(others, pool.map(ask, others), strict=True) if said.speaks]
    if answered:
        other = answered[0]
        what = f"{place} takes no {at.protocol} ({reply.said}), and {_place(other)} takes {other.protocol}"
        of, path = (f"{at.signal.upper()}_", other.path) if at.own else ("", "")
        endpoint = f"OTEL_EXPORTER_OTLP_{of}ENDPOINT={_place(other)}{path}"
        cure = f"export {endpoint} OTEL_EXPORTER_OTLP_{of}PROTOCOL={other.protocol}"
        yield found("endpoint-other", what, cure)
    elif reply.kind == "refused":
        names = ", ".join(f"{plain(name)}=***" for name, _ in at.headers) or "none"
        what = f"{place} answers {reply.said} to {at.protocol}; headers sent: {names}"
        key = "export OTEL_EXPORTER_OTLP_HEADERS=... with a key that is valid there"
        yield found("endpoint-refused", what, key if reply.key else f"look up the path and protocol: {_CURE}")
    elif unset:
        yield found(
            "endpoint-unreachable",
            f"{at.signal}: OTEL_EXPORTER_OTLP_ENDPOINT is not set, and the default, {_place(at)}, takes no "
            f"{at.protocol}: {reply.said}",
            "export OTEL_EXPORTER_OTLP_ENDPOINT=... of your Collector; to see the cost on this machine: chunkmeter run "
            "-- COMMAND, which needs no endpoint, or start `chunkmeter tail`",
        )
    else:
        yield found(
            "endpoint-unreachable",
            f"{place} takes no {at.protocol}: {reply.said}",
            f"start what listens at {_place(at)}, such as the Collector or `chunkmeter tail`, or export "
            "OTEL_EXPORTER_OTLP_ENDPOINT=... of where it is",
        )


def _others(at: Target) -> Iterator[Target]:
    """What might take OTLP in its place, at the same host. No header goes there: it may be a secret."""
    bare = replace(at, headers=())
    port = at.port or (443 if at.scheme == "https" else 80)
    for scheme in dict.fromkeys((at.scheme, "http")):
        for protocol in (GRPC, HTTP):
            for number in filter(None, (port, _SIBLINGS.get(port))):
                path = f"/v1/{at.signal}" if protocol == HTTP else ""
                other = replace(bare, protocol=protocol, scheme=scheme, port=number, path=path)
                if (protocol, scheme, number) != (at.protocol, at.scheme, port) or path != at.path:
                    yield other


def _place(at: Target) -> str:
    return f"{at.scheme}://{server(at.host, at.port)}"


def _together(findings: Sequence[Finding]) -> list[Finding]:
    """Findings with the same words on both signals as one."""
    merged: dict[str, Finding] = {}
    for each in findings:
        signal, colon, rest = each.what.partition(": ")
        key = f"{each.id} {rest or signal} {each.cure}"
        if key in merged and colon:
            each = replace(merged[key], what=f"traces and metrics: {rest}")
        merged[key] = each
    return list(merged.values())
