"""What OpenTelemetry's environment variables switch off or sample away. Pure.

https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

__all__ = ["DISABLED", "disabled_hooks", "exporters", "has_own", "is_disabled", "kept_share", "of_signal", "value"]

DISABLED = "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS"
"""The variable that names instrumentors which `opentelemetry-instrument` leaves out."""
_ROOT = "parentbased_"
_OTLP = "OTEL_EXPORTER_OTLP_"


def value(environ: Mapping[str, str], name: str) -> str:
    """A variable without spaces around it; empty where it is not set."""
    return environ.get(name, "").strip()


def is_disabled(environ: Mapping[str, str]) -> bool:
    """Whether the SDK is switched off as a whole."""
    return value(environ, "OTEL_SDK_DISABLED").lower() == "true"


def disabled_hooks(environ: Mapping[str, str]) -> set[str]:
    """The names of the instrumentors that are left out; `*` stands for all."""
    return {name.strip() for name in environ.get(DISABLED, "").split(",") if name.strip()}


def exporters(environ: Mapping[str, str], signal: Literal["traces", "metrics"]) -> list[str]:
    """The exporters of a signal; none where that is switched off. OTLP is what OpenTelemetry's distro sets."""
    named = value(environ, f"OTEL_{signal.upper()}_EXPORTER") or "otlp"
    return [name for each in named.split(",") if (name := each.strip()) and name.lower() != "none"]


def of_signal(environ: Mapping[str, str], signal: str, name: str) -> str:
    """What OTLP's exporter of a signal is told: by a variable of that signal's own, else by that of all; else empty.

    Args:
        environ: environment variables by name.
        signal: `traces`, `metrics` or `logs`.
        name: what is told, such as `ENDPOINT`.
    """
    return value(environ, f"{_OTLP}{signal.upper()}_{name}") or value(environ, f"{_OTLP}{name}")


def has_own(environ: Mapping[str, str], signal: str, name: str) -> bool:
    """Whether a signal has a variable of its own for it."""
    return bool(value(environ, f"{_OTLP}{signal.upper()}_{name}"))


def kept_share(environ: Mapping[str, str]) -> float:
    """Which part of the traces that begin here is sampled, from 0 to 1."""
    sampler = value(environ, "OTEL_TRACES_SAMPLER").lower().removeprefix(_ROOT)
    if sampler == "always_off":
        return 0.0
    if sampler != "traceidratio":
        return 1.0
    try:
        share = float(value(environ, "OTEL_TRACES_SAMPLER_ARG") or 1)
    except ValueError:  # the SDK takes all then
        return 1.0
    return share if 0 <= share <= 1 else 1.0
