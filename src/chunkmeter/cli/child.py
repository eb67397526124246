"""The environment in which `chunkmeter run` runs a command: auto-instrumented, with a receiver to export to."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from ..switches import is_disabled

__all__ = ["environment", "exporting", "without_sdk"]

_OTLP = "OTEL_EXPORTER_OTLP_"
_OF_ENDPOINTS = ("ENDPOINT", "PROTOCOL", "HEADERS", "CERTIFICATE", "CLIENT_KEY", "INSECURE", "COMPRESSION", "TIMEOUT")
"""What ends the names of settings that are of where exports go. Others, such as the temporality of metrics, stay."""
_EXPORTERS = ("OTEL_TRACES_EXPORTER", "OTEL_METRICS_EXPORTER")
_OURS = ("otlp", "chunkmeter_otlp")
_DEFAULTS = {
    "OTEL_LOGS_EXPORTER": "none",
    "OTEL_BSP_SCHEDULE_DELAY": "200",
    "OTEL_METRIC_EXPORT_INTERVAL": "5000",
    # What ends by a signal exports before.
    "CHUNKMETER_FLUSH_ON_EXIT": "true",
}
"""What counts where the user says nothing."""
_PROXIES = ("http_proxy", "all_proxy")
_LOOPBACK = "127.0.0.1"


def environment(environ: Mapping[str, str], endpoint: str, automatic: Path, folder: Path) -> dict[str, str]:
    """The environment of a command whose telemetry goes to an endpoint.

    Python's start imports `sitecustomize`, which OpenTelemetry has in a folder of its own; that goes first in
    PYTHONPATH, as `opentelemetry-instrument` has it.

    Args:
        environ: the environment of the user. All that it says stays, but for where exports go and how.
        endpoint: the URL of an OTLP/HTTP endpoint.
        automatic: OpenTelemetry's folder.
        folder: the current one, which commands such as Django's import from.
    """
    kept = {
        name: value for name, value in environ.items() if not (name.startswith(_OTLP) and name.endswith(_OF_ENDPOINTS))
    }
    logs = {"OTEL_LOGS_EXPORTER": "otlp"} if exporting(environ) and "OTEL_LOGS_EXPORTER" not in environ else {}
    path = [each for each in environ.get("PYTHONPATH", "").split(os.pathsep) if each and each != str(automatic)]
    if str(folder) not in path:
        path.insert(0, str(folder))
    return {
        **_DEFAULTS,
        **logs,
        **kept,
        **{name: _exporters(environ.get(name, "")) for name in _EXPORTERS},
        f"{_OTLP}ENDPOINT": endpoint,
        f"{_OTLP}PROTOCOL": "http/protobuf",
        "PYTHONPATH": os.pathsep.join([str(automatic), *path]),
        **_around_proxies(environ),
    }


def _exporters(said: str) -> str:
    """The exporters that the user names, `otlp` among them."""
    names = [name.strip() for name in said.split(",") if name.strip() not in ("", "none")]
    others = [name for name in names if not name.startswith("otlp")]  # otlp_proto_grpc has no endpoint here
    return ",".join(others if any(name in _OURS for name in others) else [*others, "otlp"])


def _around_proxies(environ: Mapping[str, str]) -> dict[str, str]:
    """What keeps exports away from a proxy, where there is one: it can't reach this machine's own address."""
    if not any(environ.get(name) or environ.get(name.upper()) for name in _PROXIES):
        return {}
    found = {}
    for name in ("no_proxy", "NO_PROXY"):
        said = environ.get(name, "")
        if said or name == "no_proxy":
            hosts = [host.strip() for host in said.split(",") if host.strip()]
            found[name] = ",".join(hosts if {_LOOPBACK, "*"} & {*hosts} else [*hosts, _LOOPBACK])
    return found


def exporting(environ: Mapping[str, str]) -> bool:
    """Whether the user has an endpoint to export to."""
    return any(
        environ.get(name, "").strip() for name in environ if name.startswith(_OTLP) and name.endswith("ENDPOINT")
    )


def without_sdk(environ: Mapping[str, str]) -> str:
    """Why nothing will be exported, by the user's own settings, and what to do; empty where there is no reason."""
    if is_disabled(environ):
        return "OTEL_SDK_DISABLED is set, so that nothing is metered: unset it."
    if environ.get("OTEL_CONFIG_FILE", "").strip():
        return "OTEL_CONFIG_FILE is set, and the SDK exports to where that file says, not to here: unset it."
    return ""
