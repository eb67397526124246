"""Reads the manifests of `collector-config/` as kustomize does, as far as its own kustomization.yaml goes.

Resources and generated ConfigMaps, with the namespace; names keep no digest of their content. A test holds this against
kustomize itself, where that is installed.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from support import ROOT

__all__ = ["BASE", "Manifest", "build", "config_maps", "container", "kustomize", "named", "pods", "read"]

BASE = ROOT / "collector-config"
Manifest = dict[str, Any]
"""One object of Kubernetes."""


def read(text: str) -> list[Manifest]:
    """The objects of a text in YAML."""
    return [found for found in yaml.load_all(text, yaml.CSafeLoader) if found]


def build() -> list[Manifest]:
    """Every object of `collector-config/kustomization.yaml`."""
    (kustomization,) = read((BASE / "kustomization.yaml").read_text())
    found = [each for path in kustomization["resources"] for each in read((BASE / path).read_text())]
    found += [_generated(generator) for generator in kustomization["configMapGenerator"]]
    for each in found:
        if each["kind"] != "Namespace":
            each["metadata"]["namespace"] = kustomization["namespace"]
    return found


def _generated(generator: Manifest) -> Manifest:
    data = dict(literal.split("=", 1) for literal in generator.get("literals", []))
    data |= {Path(path).name: (BASE / path).read_text("utf-8") for path in generator.get("files", [])}
    options = generator.get("options", {})
    metadata = {key: options[key] for key in ("labels", "annotations") if key in options}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": generator["name"], **metadata}, "data": data}


def kustomize(folder: Path) -> list[Manifest] | None:
    """The same by kustomize itself, or by kubectl, which has it built in; None where neither is installed."""
    for command in (("kustomize", "build"), ("kubectl", "kustomize")):
        if shutil.which(command[0]):
            done = subprocess.run((*command, folder), capture_output=True, text=True, check=False, timeout=60)
            assert done.returncode == 0, done.stderr
            return read(done.stdout)
    return None


def named(manifests: list[Manifest], kind: str, name: str) -> Manifest:
    """The one object of this kind and name."""
    (found,) = [each for each in manifests if each["kind"] == kind and each["metadata"]["name"] == name]
    return found


def pods(manifests: list[Manifest]) -> Iterator[tuple[str, Manifest]]:
    """What runs: the name of each workload, and the template of its pods."""
    for each in manifests:
        if each["kind"] in ("Deployment", "StatefulSet", "DaemonSet"):
            yield each["metadata"]["name"], each["spec"]["template"]


def container(manifests: list[Manifest], name: str) -> Manifest:
    """The one container of a workload."""
    (found,) = dict(pods(manifests))[name]["spec"]["containers"]
    return found


def config_maps(manifests: list[Manifest]) -> dict[str, dict[str, str]]:
    """The data of each ConfigMap, by its name."""
    return {each["metadata"]["name"]: each["data"] for each in manifests if each["kind"] == "ConfigMap"}
