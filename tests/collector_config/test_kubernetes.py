"""The manifests: valid in old and new Kubernetes, wired to what is there, and the same as what compose.yaml runs."""

from __future__ import annotations

import copy
import fnmatch
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from checks.rules_doc import PAGE as OPERATOR_RULES
from checks.rules_doc import RULES, document
from support import ROOT
from support.manifests import BASE, Manifest, build, config_maps, container, kustomize, named, pods, read
from support.trees import load, values_of

VERSIONS = ("1.29", "1.37")
"""The oldest Kubernetes that is looked at, and the newest whose schemas kubernetes-validate has."""
LARGEST = 256 * 1024
"""Bytes of an object that `kubectl apply` can note in an annotation on it."""
OVERLAY = ROOT / "examples" / "kubernetes"
GUIDE = ROOT / "docs" / "kubernetes.md"
MANIFESTS = build()
MAPS = config_maps(MANIFESTS)
COMPOSE = load(BASE / "compose.yaml")["services"]
IMAGES = dict(re.findall(r"^(\w+)_IMAGE=(.*)$", (BASE / ".env").read_text(), re.MULTILINE))
WORKLOADS = {
    "agent": "COLLECTOR", "alertmanager": "ALERTMANAGER", "gateway": "COLLECTOR", "jaeger": "JAEGER",
    "prometheus": "PROMETHEUS",
}  # fmt: skip
"""What runs, with its image in .env."""

each_workload = pytest.mark.parametrize("name", WORKLOADS)


def title(manifest: Manifest) -> str:
    return f"{manifest['kind']}/{manifest['metadata']['name']}"


def validate(manifest: Manifest, version: str) -> None:
    """Hold an object against its schema, which here allows no field that it does not name."""
    kubernetes_validate.validate(manifest, version, strict=True)


# --- schemas ---


def test_what_there_is() -> None:
    """All of compose.yaml but Grafana, and the Collector of jobs; its health checks are the cluster's."""
    assert {name for name, _ in pods(MANIFESTS)} == set(WORKLOADS)
    assert set(COMPOSE) - set(WORKLOADS) == {"collector", "collector-jobs", "collectors-healthy", "grafana"}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("manifest", MANIFESTS, ids=title)
def test_a_manifest_is_valid(manifest: Manifest, version: str) -> None:
    validate(manifest, version)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("manifest", read((OVERLAY / "app.yaml").read_text()), ids=title)
def test_the_app_of_the_example_is_valid(manifest: Manifest, version: str) -> None:
    validate(manifest, version)


def _misspell(gateway: Manifest) -> None:
    gateway["spec"]["replica"] = gateway["spec"].pop("replicas")


def _quote(gateway: Manifest) -> None:
    gateway["spec"]["replicas"] = "2"


def _forget_selector(gateway: Manifest) -> None:
    del gateway["spec"]["selector"]


def _port_of_probe(gateway: Manifest) -> None:
    del gateway["spec"]["template"]["spec"]["containers"][0]["livenessProbe"]["httpGet"]["port"]


def _move_resources(gateway: Manifest) -> None:
    spec = gateway["spec"]["template"]["spec"]
    spec["limits"] = spec["containers"][0].pop("resources")["limits"]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("break_it", [_misspell, _quote, _forget_selector, _port_of_probe, _move_resources])
def test_a_broken_manifest_is_found(break_it: Callable[[Manifest], None], version: str) -> None:
    broken = copy.deepcopy(named(MANIFESTS, "StatefulSet", "gateway"))
    break_it(broken)
    with pytest.raises(kubernetes_validate.ValidationError):
        validate(broken, version)


# --- what kustomize makes of them ---


def told(manifests: list[Manifest]) -> dict[str, Manifest]:
    """Each object by its name, without what kustomize adds: digests of ConfigMaps in names, and labels."""
    digest = re.compile(rf"\b({'|'.join(MAPS)})-[a-z0-9]{{10}}\b")
    plain: list[Manifest] = yaml.safe_load(digest.sub(r"\1", yaml.safe_dump(copy.deepcopy(manifests))))
    for metadata in values_of(plain, "metadata"):
        labels = metadata.get("labels", {})
        labels.pop("app.kubernetes.io/part-of", None)
        if not labels:
            metadata.pop("labels", None)
    return {title(each): each for each in plain}


def by_kustomize(folder: Path) -> list[Manifest]:
    made = kustomize(folder)
    if made is None:
        pytest.skip("neither kustomize nor kubectl is installed: what they make of kustomization.yaml is not compared")
    return made


@pytest.mark.slow
def test_kustomize_makes_the_same_of_them() -> None:
    assert told(by_kustomize(BASE)) == told(MANIFESTS)


@pytest.mark.slow
@pytest.mark.parametrize("version", VERSIONS)
def test_the_example_changes_what_it_says(version: str) -> None:
    """A cluster's own backends in place of ours, three gateways, TLS; all of it valid, and wired to what is there."""
    made = by_kustomize(OVERLAY)
    changed = told(made)
    for manifest in made:
        if manifest["kind"] != "PrometheusRule":
            validate(manifest, version)
    assert [name for name in told(MANIFESTS) if name not in changed] == [
        "Service/prometheus", "StatefulSet/prometheus", "Service/alertmanager", "StatefulSet/alertmanager",
        "Service/jaeger", "Deployment/jaeger", "NetworkPolicy/gateways-and-readers-to-backends",
    ]  # fmt: skip
    assert set(changed) - set(told(MANIFESTS)) == {
        "Namespace/shop", "Deployment/assistant", "PrometheusRule/chunkmeter"
    }  # fmt: skip
    assert changed["StatefulSet/gateway"]["spec"]["replicas"] == 3
    assert changed["ConfigMap/addresses"]["data"] == {
        "CHUNKMETER_JAEGER": "tempo.tracing:4317",
        "CHUNKMETER_PROMETHEUS": "http://prometheus-operated.monitoring:9090/api/v1/otlp",
    }
    assert changed["PrometheusRule/chunkmeter"]["metadata"]["labels"] == {"release": "kube-prometheus-stack"}
    assert configs(made, "gateway") == ["collector.yaml", "secure.yaml"]
    assert configs(made, "agent") == ["collector.agent.yaml", "dns.agent.yaml", "secure.agent.yaml"]
    for name in ("gateway", "agent"):
        secrets = dict(secret_files(made, name))
        wanted = set(re.findall(r":-(/etc/otelcol/secrets/\w[\w.]*)", "".join(config_texts(made, name))))
        assert {path.rpartition("/")[0] for path in wanted} == set(secrets) == {"/etc/otelcol/secrets"}
        said = (BASE / "kubernetes" / "secure" / "kustomization.yaml").read_text()
        assert secrets["/etc/otelcol/secrets"] == f"{name}-secrets"
        assert f"{name}-secrets ({', '.join(path.rpartition('/')[2] for path in sorted(wanted))})" in said


@pytest.mark.slow
def test_budgets_are_changed_as_the_page_has_it(tmp_path: Path) -> None:
    """Theirs take the place of ours, the alerts stay, and Prometheus reads both under a new name."""
    (overlay,) = re.findall(r"```yaml\n(# kustomization.yaml.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    shutil.copytree(BASE, tmp_path / "collector-config")
    (tmp_path / "kustomization.yaml").write_text(overlay)
    (tmp_path / "budgets.rules.yaml").write_text("groups: [{name: mine, rules: []}]\n")
    made = by_kustomize(tmp_path)
    (name,) = [name for name in config_maps(made) if name.startswith("rules-")]
    assert config_maps(made)[name] == {**MAPS["rules"], "budgets.rules.yaml": "groups: [{name: mine, rules: []}]\n"}
    volumes = named(made, "StatefulSet", "prometheus")["spec"]["template"]["spec"]["volumes"]
    assert {"name": "rules", "configMap": {"name": name}} in volumes
    (ours,) = [name for name in config_maps(by_kustomize(BASE)) if name.startswith("rules-")]
    assert name != ours


def test_the_page_tells_the_operator_what_the_file_tells_prometheus() -> None:
    (block,) = re.findall(r"```yaml\n(spec:.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    said, file = yaml.safe_load(block)["spec"], load(BASE / "prometheus/prometheus.yaml")
    (features,) = re.findall(r"--enable-feature=(\S+)", " ".join(container(MANIFESTS, "prometheus")["args"]))
    assert said["enableFeatures"] == features.split(",")
    assert said["otlp"] == {
        "keepIdentifyingResourceAttributes": file["otlp"]["keep_identifying_resource_attributes"],
        "promoteResourceAttributes": file["otlp"]["promote_resource_attributes"],
    }
    assert said["tsdb"]["outOfOrderTimeWindow"] == file["storage"]["tsdb"]["out_of_order_time_window"]


def secret_files(manifests: list[Manifest], name: str) -> Iterator[tuple[str, str]]:
    """Where secrets are mounted, and their names."""
    spec = dict(pods(manifests))[name]["spec"]
    volumes = {volume["name"]: volume for volume in spec["volumes"]}
    for mount in container(manifests, name)["volumeMounts"]:
        if secret := volumes.get(mount["name"], {}).get("secret"):
            yield mount["mountPath"], secret["secretName"]


def configs(manifests: list[Manifest], name: str) -> list[str]:
    """The Collector's files, in their order."""
    return [arg.removeprefix("--config=/etc/otelcol/config/") for arg in container(manifests, name)["args"]]


def config_texts(manifests: list[Manifest], name: str) -> list[str]:
    return [(BASE / file).read_text() for file in configs(manifests, name)]


def test_the_rules_of_the_operator_are_those_that_prometheus_reads() -> None:
    assert OPERATOR_RULES.read_text("utf-8") == document(), "make docs"
    assert load(OPERATOR_RULES)["spec"] == load(RULES)


# --- files ---


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("rules", "prometheus/rules/*"),
        ("runbooks", "prometheus/runbooks/*"),
        ("dashboards", "grafana/dashboards/*"),
        ("prometheus", "prometheus/*.yaml"),
        ("alertmanager", "alertmanager/*.*"),
    ],
)
def test_every_shipped_file_is_in_its_config_map(name: str, pattern: str) -> None:
    assert MAPS[name] == {path.name: path.read_text("utf-8") for path in BASE.glob(pattern)}


@pytest.mark.parametrize("manifest", MANIFESTS, ids=title)
def test_an_object_is_small_enough_to_be_applied(manifest: Manifest) -> None:
    assert len(yaml.safe_dump(manifest).encode()) < LARGEST


def test_grafanas_sidecar_finds_the_dashboards() -> None:
    assert named(MANIFESTS, "ConfigMap", "dashboards")["metadata"]["labels"] == {"grafana_dashboard": "1"}


def mounted(name: str) -> dict[str, str | None]:
    """Every file and folder that a workload finds, with the text of those from ConfigMaps."""
    spec = dict(pods(MANIFESTS))[name]["spec"]
    volumes = {volume["name"]: volume for volume in spec.get("volumes", [])}
    found: dict[str, str | None] = {}
    for mount in container(MANIFESTS, name)["volumeMounts"]:
        volume = volumes.get(mount["name"], {})
        if config := volume.get("configMap"):
            data = MAPS[config["name"]]
            if key := mount.get("subPath"):
                found[mount["mountPath"]] = data[key]
            else:
                found |= {f"{mount['mountPath']}/{file}": text for file, text in data.items()}
        found.setdefault(mount["mountPath"], None)
    return found


@each_workload
def test_every_mount_has_its_volume_and_every_volume_its_use(name: str) -> None:
    (workload,) = [
        each for each in MANIFESTS if each["metadata"]["name"] == name and "template" in each.get("spec", {})
    ]
    spec = workload["spec"]["template"]["spec"]
    volumes = [volume["name"] for volume in spec["volumes"]]
    volumes += [claim["metadata"]["name"] for claim in workload["spec"].get("volumeClaimTemplates", [])]
    mounts = [mount["name"] for mount in container(MANIFESTS, name)["volumeMounts"]]
    assert sorted(set(mounts)) == sorted(volumes)


@each_workload
def test_every_path_that_a_program_is_given_is_there(name: str) -> None:
    """By its arguments and its variables: a mounted file, or a folder that is mounted or has mounted files."""
    there, run = mounted(name), container(MANIFESTS, name)
    given = [arg.partition("=")[2] for arg in run["args"]] + [env["value"] for env in run.get("env", [])]
    paths = [path for path in given if path.startswith("/")]
    assert paths
    for path in paths:
        assert path in there or any(file.startswith(f"{path}/") for file in there), path


def test_what_the_files_name_in_turn_is_there() -> None:
    """Rules beside prometheus.yaml; Alertmanager's templates, and the secrets with its webhooks."""
    there = mounted("prometheus")
    (rules,) = load(BASE / "prometheus/prometheus.yaml")["rule_files"]
    found = fnmatch.filter(there, f"/etc/prometheus/{rules}")
    assert sorted(there[path] or "" for path in found) == sorted(MAPS["rules"].values())
    alertmanager = load(BASE / "alertmanager/alertmanager.yaml")
    (templates,) = alertmanager["templates"]
    assert fnmatch.filter(mounted("alertmanager"), templates) == ["/etc/alertmanager/chat.tmpl"]
    files = {hook["url_file"] for receiver in alertmanager["receivers"] for hook in receiver["webhook_configs"]}
    assert files == {"/etc/alertmanager/secrets/page_url", "/etc/alertmanager/secrets/ticket_url"}
    assert dict(secret_files(MANIFESTS, "alertmanager")) == {"/etc/alertmanager/secrets": "alertmanager-webhooks"}


@each_workload
def test_what_is_written_goes_to_a_volume(name: str) -> None:
    """The rest of the file system is read-only."""
    writable = {mount["mountPath"] for mount in container(MANIFESTS, name)["volumeMounts"] if not mount.get("readOnly")}
    said = " ".join(container(MANIFESTS, name)["args"])
    wanted = {
        "agent": {"/var/lib/otelcol"},
        "gateway": {"/var/lib/otelcol"},
        "jaeger": set[str](),
        "prometheus": {"/prometheus"},
        "alertmanager": {"/alertmanager"},
    }
    assert writable == wanted[name]
    if name in ("prometheus", "alertmanager"):
        assert re.findall(r"storage(?:\.tsdb)?\.path=(\S+)", said) == list(writable)
    if name in ("gateway", "agent"):
        (queue,) = set(re.findall(r"CHUNKMETER_QUEUE_DIR:-([^}]+)", config_texts(MANIFESTS, name)[0]))
        assert queue.rpartition("/")[0] in writable


# --- the same as compose.yaml ---


@each_workload
def test_images_are_those_of_compose(name: str) -> None:
    assert container(MANIFESTS, name)["image"] == IMAGES[WORKLOADS[name]]


@pytest.mark.parametrize("name", ["prometheus", "alertmanager"])
def test_flags_are_those_of_compose(name: str) -> None:
    assert container(MANIFESTS, name)["args"] == COMPOSE[name]["command"]


@each_workload
def test_memory_and_its_limits_agree(name: str) -> None:
    """Go collects at 80 % of what the limiter allows: of the container's memory, or of the agent's own 400 MiB."""
    run = container(MANIFESTS, name)
    variables = {env["name"]: env["value"] for env in run.get("env", [])}
    limit, limit_in_mib = run["resources"]["limits"]["memory"], {"256Mi": 256, "512Mi": 512, "1Gi": 1024, "2Gi": 2048}
    assert "cpu" not in run["resources"]["limits"], "a Collector that may not compute refuses data"
    match name:
        case "gateway":
            assert collector("collector.yaml")["processors"]["memory_limiter"]["limit_percentage"] == 80
            assert (variables["GOMEMLIMIT"], limit) == ("819MiB", "1Gi")  # 0.8 * 1024 = 819.2
        case "agent":
            allowed = collector("collector.agent.yaml")["processors"]["memory_limiter"]["limit_mib"]
            assert (allowed, variables["GOMEMLIMIT"]) == (400, "320MiB")  # 0.8 * 400 = 320
            assert allowed < limit_in_mib[limit]
        case _:
            assert limit.removesuffix("i") == COMPOSE[name]["deploy"]["resources"]["limits"]["memory"]
            assert variables.get("GOMEMLIMIT") == COMPOSE[name].get("environment", {}).get("GOMEMLIMIT")


def collector(file: str) -> dict[str, Any]:
    return load(BASE / file)


@pytest.mark.parametrize(("name", "file"), [("gateway", "collector.yaml"), ("agent", "collector.agent.yaml")])
def test_the_disk_holds_the_queues(name: str, file: str) -> None:
    """Twice over: the file of a queue grows, and does not shrink."""
    exporters = collector(file)["exporters"].values()
    # One queue on disk for each exporter that keeps one: metrics at the gateway, metrics and traces at the agent.
    queues = [each["sending_queue"] for each in exporters if "storage" in each.get("sending_queue", {})]
    assert {queue["queue_size"] for queue in queues} == {500_000_000}
    assert len(queues) == (1 if name == "gateway" else 2)
    volume = named(MANIFESTS, "StatefulSet", "gateway")["spec"]["volumeClaimTemplates"][0]["spec"]
    sizes = {"gateway": volume["resources"]["requests"]["storage"]}
    volumes = dict(pods(MANIFESTS))["agent"]["spec"]["volumes"]
    (sizes["agent"],) = [each["emptyDir"]["sizeLimit"] for each in volumes if "emptyDir" in each]
    assert sizes[name] == "2Gi"  # 2 * 2 * 500 MB


# --- ports and names ---


@pytest.mark.parametrize("service", [each for each in MANIFESTS if each["kind"] == "Service"], ids=title)
def test_a_service_leads_to_ports_of_its_pods(service: Manifest) -> None:
    selector = service["spec"]["selector"]
    (name,) = [name for name, pod in pods(MANIFESTS) if selector.items() <= pod["metadata"]["labels"].items()]
    ports = {port["name"]: port["containerPort"] for port in container(MANIFESTS, name)["ports"]}
    for port in service["spec"]["ports"]:
        assert ports[port["targetPort"]] == port["port"]


PORTS = {"otlp-grpc": "CHUNKMETER_OTLP_GRPC", "otlp-http": "CHUNKMETER_OTLP_HTTP", "health": "CHUNKMETER_HEALTH",
         "ui": "CHUNKMETER_UI"}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "file"), [("gateway", "collector.yaml"), ("agent", "collector.agent.yaml"), ("jaeger", "jaeger.yaml")]
)
def test_ports_are_those_of_the_files(name: str, file: str) -> None:
    """None of the variables that move them is set."""
    run, text = container(MANIFESTS, name), (BASE / file).read_text()
    assert not set(PORTS.values()) & {env["name"] for env in run["env"]}
    for port in run["ports"]:
        assert f"${{env:{PORTS[port['name']]}:-0.0.0.0:{port['containerPort']}}}" in text


@each_workload
def test_probes_ask_a_port_that_is_there(name: str) -> None:
    run = container(MANIFESTS, name)
    asked = [run[kind]["httpGet"]["port"] for kind in ("readinessProbe", "livenessProbe")]
    assert set(asked) <= {port["name"] for port in run["ports"]}


def test_every_name_that_is_called_is_a_service() -> None:
    """In the addresses of the gateways, of the agents, and in prometheus.yaml."""
    (target,) = load(BASE / "prometheus/prometheus.yaml")["alerting"]["alertmanagers"]
    variables = {each["name"]: each["value"] for each in container(MANIFESTS, "agent")["env"]}
    called = [
        MAPS["addresses"]["CHUNKMETER_JAEGER"],
        MAPS["addresses"]["CHUNKMETER_PROMETHEUS"].removeprefix("http://").partition("/")[0],
        *target["static_configs"][0]["targets"],
        f"{variables['CHUNKMETER_GATEWAY']}:4317",
    ]
    there = {
        f"{each['metadata']['name']}:{port['port']}"
        for each in MANIFESTS
        if each["kind"] == "Service"
        for port in each["spec"]["ports"]
    }
    assert set(called) <= there
    app = container(read((OVERLAY / "app.yaml").read_text()), "assistant")
    endpoint = next(each["value"] for each in app["env"] if each["name"] == "OTEL_EXPORTER_OTLP_ENDPOINT")
    assert endpoint == "http://agent.chunkmeter:4317"
    assert "agent:4317" in there
    # To be found one by one, a gateway has to be ready and its service headless; an agent is the one of the node.
    assert named(MANIFESTS, "Service", "gateway")["spec"]["clusterIP"] == "None"
    assert named(MANIFESTS, "Service", "agent")["spec"]["internalTrafficPolicy"] == "Local"


def test_the_gateway_takes_its_addresses_from_the_config_map() -> None:
    """Both variables are the file's own, and hold what it has by default."""
    assert container(MANIFESTS, "gateway")["envFrom"] == [{"configMapRef": {"name": "addresses"}}]
    for name, value in MAPS["addresses"].items():
        assert f"${{env:{name}:-{value}}}" in MAPS["gateway"]["collector.yaml"]


def test_a_policy_names_pods_and_ports_that_are_there() -> None:
    """All pods are closed to begin with; whoever delivers is let in, by name and port."""
    labels = {pod["metadata"]["labels"]["app.kubernetes.io/name"] for _, pod in pods(MANIFESTS)}
    policies = {each["metadata"]["name"]: each["spec"] for each in MANIFESTS if each["kind"] == "NetworkPolicy"}
    assert policies.pop("nobody") == {"podSelector": {}, "policyTypes": ["Ingress"]}
    way = {name: (set(_names(spec["podSelector"])), _senders(spec)) for name, spec in policies.items()}
    assert way == {
        "apps-to-agents": ({"agent"}, set()),
        "agents-to-gateways": ({"gateway"}, {"agent"}),
        "gateways-and-readers-to-backends": ({"prometheus", "jaeger", "alertmanager"}, {"gateway", "prometheus"}),
    }
    assert set().union(*(to for to, _ in way.values())) == labels
    for to, spec in ((to, policies[name]) for name, (to, _) in way.items()):
        for port in (port["port"] for rule in spec["ingress"] for port in rule.get("ports", [])):
            for name in to:
                assert port in {each["name"] for each in container(MANIFESTS, name)["ports"]}


def _names(selector: Manifest) -> list[str]:
    expressions = [value for each in selector.get("matchExpressions", []) for value in each["values"]]
    return [*selector.get("matchLabels", {}).values(), *expressions]


def _senders(spec: Manifest) -> set[str]:
    rules = [source for rule in spec["ingress"] for source in rule["from"]]
    return {name for source in rules if "podSelector" in source for name in _names(source["podSelector"])}


# --- rights ---


@each_workload
def test_the_strictest_pod_security_standard_is_kept(name: str) -> None:
    """What `restricted` asks of a pod, as far as these pods could break it; the namespace has it enforced."""
    spec = dict(pods(MANIFESTS))[name]["spec"]
    run = container(MANIFESTS, name)
    assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers"} & set(spec)
    assert not [port for port in run["ports"] if "hostPort" in port]
    assert {kind for volume in spec["volumes"] for kind in volume} <= {"name", "configMap", "secret", "emptyDir"}
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] == (65534 if name in ("prometheus", "alertmanager") else 10001)
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert run["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}
    }  # fmt: skip
    labels = named(MANIFESTS, "Namespace", "chunkmeter")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


@each_workload
def test_nobody_gets_a_token_of_the_cluster(name: str) -> None:
    spec = dict(pods(MANIFESTS))[name]["spec"]
    assert spec["automountServiceAccountToken"] is False
    assert named(MANIFESTS, "ServiceAccount", spec["serviceAccountName"])["automountServiceAccountToken"] is False
    assert not [each for each in MANIFESTS if "Role" in each["kind"]]


# --- to go on while something is replaced ---


def test_a_gateway_can_be_replaced() -> None:
    """One at a time of two, with the time to deliver what it holds, and with its queue."""
    gateway = named(MANIFESTS, "StatefulSet", "gateway")["spec"]
    budget = named(MANIFESTS, "PodDisruptionBudget", "gateway")["spec"]
    assert (gateway["replicas"], budget["maxUnavailable"]) == (2, 1)
    assert budget["selector"] == gateway["selector"]
    wait = re.search(r"CHUNKMETER_DECISION_WAIT:-(\d+)s", MAPS["gateway"]["collector.yaml"])
    assert wait is not None
    assert gateway["template"]["spec"]["terminationGracePeriodSeconds"] > int(wait[1])


def test_an_agent_hands_over_to_the_next() -> None:
    update = named(MANIFESTS, "DaemonSet", "agent")["spec"]["updateStrategy"]["rollingUpdate"]
    assert update == {"maxSurge": 1, "maxUnavailable": 0}


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet", "Deployment"])
def test_selectors_are_the_labels_of_the_pods(kind: str) -> None:
    for each in (each for each in MANIFESTS if each["kind"] == kind):
        labels = each["spec"]["template"]["metadata"]["labels"]
        assert each["spec"]["selector"]["matchLabels"] == labels == {"app.kubernetes.io/name": each["metadata"]["name"]}
