"""What the manifests start: each program accepts the very files and variables, and an agent finds gateways by name."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from checks.e2e.programs import binaries, eventually, run
from checks.e2e.stack import TOLERANCE, Stack
from checks.rules_doc import PAGE
from support.manifests import build, config_maps, container, pods
from support.trees import load

MANIFESTS = build()
CALLS = {"scenario": "openai-length-stream", "times": 2}
"""Truncated ones, whose traces sampling keeps."""


@pytest.mark.parametrize(("name", "program"), [("gateway", "otelcol"), ("agent", "otelcol"), ("jaeger", "jaeger")])
def test_a_program_accepts_its_container(name: str, program: str, tmp_path: Path) -> None:
    """Its arguments, its variables, and its ConfigMaps as they are mounted; a variable of no value is an error."""
    spec = dict(pods(MANIFESTS))[name]["spec"]
    running, maps = container(MANIFESTS, name), config_maps(MANIFESTS)
    mounts = {mount["name"]: mount["mountPath"] for mount in running["volumeMounts"]}
    folders: dict[str, str] = {}
    for volume in spec["volumes"]:
        if "configMap" in volume:
            folder = tmp_path / volume["name"]
            folder.mkdir()
            for file, text in maps[volume["configMap"]["name"]].items():
                (folder / file).write_text(text)
            folders[mounts[volume["name"]]] = str(folder)
    environment = {each["name"]: each["value"] for each in running.get("env", [])}
    for source in running.get("envFrom", []):
        environment |= maps[source["configMapRef"]["name"]]

    def here(text: str) -> str:
        for there, folder in folders.items():
            text = text.replace(there, folder)
        return text

    done = subprocess.run(
        (binaries()[program], "validate", *map(here, running["args"])),
        env={"PATH": os.environ["PATH"], **{key: here(value) for key, value in environment.items()}},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "unset environment variable" not in done.stdout + done.stderr


def test_the_rules_of_the_operator_are_sound(tmp_path: Path) -> None:
    """Taken out of their object, `promtool` accepts them, as the operator asks it to."""
    rules = tmp_path / "rules.yaml"
    rules.write_text(yaml.safe_dump(load(PAGE)["spec"]))
    run("promtool", "check", "rules", "--lint=all", "--lint-fatal", rules)


def test_an_agent_finds_gateways_by_name(stack: Stack) -> None:
    """What it is sent arrives, spans at Jaeger and spend at Prometheus, by way of a gateway that it has looked up."""
    gateway = stack.collector("collector.yaml", CHUNKMETER_DECISION_WAIT="1s")
    host, port = gateway.address.rsplit(":", 1)
    agent = stack.collector(
        "collector.agent.yaml", "dns.agent.yaml", CHUNKMETER_GATEWAY=host, CHUNKMETER_GATEWAY_PORT=port
    )
    came = stack.plan("by-name", agent, CALLS)

    def compare() -> None:
        spend = stack.prometheus.value('sum(chunkmeter_spend_total{service_name="by-name"})')
        assert spend == pytest.approx(came.spend, rel=0, abs=TOLERANCE)
        assert len(stack.jaeger.spans("by-name")) == came.calls == 2

    eventually(compare)
