"""Writes the rules for the Prometheus operator: `python -m checks.rules_doc --write`.

A `PrometheusRule` has the rules in its own text, and kustomize can't put a file there. So this one file is a copy,
which a test holds against the rules that Prometheus reads.
"""

from __future__ import annotations

import sys

import yaml

from support import ROOT
from support.trees import load

__all__ = ["PAGE", "document"]

PAGE = ROOT / "collector-config" / "kubernetes" / "operator" / "rules.yaml"
RULES = ROOT / "collector-config" / "prometheus" / "rules" / "chunkmeter.rules.yaml"
_HEAD = "# Made by `make docs` from prometheus/rules/chunkmeter.rules.yaml: change that.\n"


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as such."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def document() -> str:
    """The file, as it has to be."""
    rule = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {
            "name": "chunkmeter",
            "namespace": "chunkmeter",
            "labels": {"app.kubernetes.io/part-of": "chunkmeter"},
        },
        "spec": load(RULES),
    }
    return _HEAD + yaml.dump(rule, Dumper=_Dumper, sort_keys=False, width=1000, allow_unicode=True)


def main() -> int:
    """Write it, or say whether it is up to date."""
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(document(), encoding="utf-8")
    elif PAGE.read_text("utf-8") != document():
        print(f"{PAGE.name} is not up to date: make docs", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
