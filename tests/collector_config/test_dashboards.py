"""The dashboards, their provisioning and compose.yaml: what can be said of them without Grafana and without Docker.

`test_names.py` compares the names in their queries with semconv, `make e2e` asks a real Prometheus every query.
"""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from chunkmeter import semconv
from support import ROOT
from support.names import ATTRIBUTES
from support.trees import load, strings, values_of

CONFIG = ROOT / "collector-config"
GRAFANA = CONFIG / "grafana"
FILES = sorted((GRAFANA / "dashboards").glob("*.json"))
COLUMNS = 24

WITHOUT_QUERY = {"row", "alertlist"}
"""Panels that ask no data source, so need neither a unit nor a query."""

BUILT_IN = re.compile(r"__\w+")
"""Variables that Grafana has of itself."""

PROBED_BY = {"collector": "collectors-healthy", "collector-jobs": "collectors-healthy"}
"""Services whose image has no shell to run a health check in, and the service whose check asks for them."""

MADE_BY_USERS = {"./alertmanager/secrets"}
"""What compose.yaml mounts and the repository doesn't have."""


class Dashboard(NamedTuple):
    """One file of `grafana/dashboards/`."""

    name: str
    text: str
    model: dict[str, Any]

    @property
    def panels(self) -> list[dict[str, Any]]:
        """Every panel, those in folded rows too."""
        return [found for panel in self.model["panels"] for found in (panel, *panel.get("panels", ()))]

    @property
    def asking(self) -> list[dict[str, Any]]:
        """The panels that ask a data source."""
        return [panel for panel in self.panels if panel["type"] not in WITHOUT_QUERY]

    @property
    def expressions(self) -> list[str]:
        """Every query."""
        return [str(found) for found in values_of(self.model, "expr")]

    @property
    def variables(self) -> dict[str, dict[str, Any]]:
        """Its template variables by name."""
        return {variable["name"]: variable for variable in self.model["templating"]["list"]}


DASHBOARDS = [Dashboard(path.stem, path.read_text(), json.loads(path.read_text())) for path in FILES]
UIDS = {dashboard.model["uid"] for dashboard in DASHBOARDS}
SOURCES: dict[str, dict[str, Any]] = {
    source["uid"]: source for source in load(GRAFANA / "provisioning/datasources/datasources.yaml")["datasources"]
}
COMPOSE: dict[str, Any] = load(CONFIG / "compose.yaml")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ENVIRONMENT = dict(re.findall(r"^(\w+)=(.*)$", (CONFIG / ".env").read_text(), re.MULTILINE))

each_dashboard = pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda dashboard: dashboard.name)
each_service = pytest.mark.parametrize("name", SERVICES)


# --- dashboards ---


def test_the_three_dashboards_are_there() -> None:
    """Under names of their own; the file says which."""
    assert [dashboard.name for dashboard in DASHBOARDS] == ["cost", "on-call", "streams"]
    assert {dashboard.model["uid"] for dashboard in DASHBOARDS} == {f"chunkmeter-{path.stem}" for path in FILES}
    assert len({dashboard.model["title"] for dashboard in DASHBOARDS}) == len(DASHBOARDS)


@each_dashboard
def test_provisioned_as_it_stands(dashboard: Dashboard) -> None:
    """In the Classic model, not tied to one Grafana's numbering, and not to be edited where it would be lost."""
    model = dashboard.model
    assert (model["schemaVersion"], model["id"], model["editable"]) == (42, None, False)
    assert "chunkmeter" in model["tags"]
    assert model["description"]
    ids = [panel["id"] for panel in dashboard.panels]
    assert len(set(ids)) == len(ids)


@each_dashboard
def test_panels_lie_beside_each_other(dashboard: Dashboard) -> None:
    """Inside the grid, none over another, none below a gap."""
    cells: dict[tuple[int, int], str] = {}
    for panel in dashboard.panels:
        place = panel["gridPos"]
        assert place["x"] >= 0
        assert place["x"] + place["w"] <= COLUMNS, panel["title"]
        columns = range(place["x"], place["x"] + place["w"])
        rows = range(place["y"], place["y"] + place["h"])
        for cell in itertools.product(columns, rows):
            assert cell not in cells, f"{panel['title']} lies over {cells[cell]}"
            cells[cell] = panel["title"]
    height = max(row for _, row in cells) + 1
    assert len(cells) == COLUMNS * height, "there are holes"


@each_dashboard
def test_panels_explain_themselves(dashboard: Dashboard) -> None:
    """A title, one sentence, a unit, and what to show where there is nothing."""
    for panel in dashboard.panels:
        assert panel["title"]
    for panel in dashboard.panels:
        if panel["type"] != "row":
            assert re.fullmatch(r"[A-Z][^.]*\.", panel["description"]), panel["title"]
    for panel in dashboard.asking:
        assert panel["targets"], panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
        if panel["type"] in {"stat", "bargauge"} and "increase(" in str(panel["targets"]):
            assert panel["fieldConfig"]["defaults"]["noValue"], panel["title"]


@each_dashboard
def test_any_prometheus_will_do(dashboard: Dashboard) -> None:
    """Each panel, variable and annotation takes the data source that was chosen; the default is provisioned."""
    asking = [
        *dashboard.asking,
        *(variable for variable in dashboard.variables.values() if variable["type"] == "query"),
    ]
    asking += [annotation for annotation in dashboard.model["annotations"]["list"] if not annotation.get("builtIn")]
    for one in asking:
        assert one["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    default = dashboard.variables["datasource"]["current"]["value"]
    assert SOURCES[default]["type"] == dashboard.variables["datasource"]["query"] == "prometheus"


def selectors(expression: str) -> list[str]:
    """What calls a query is about, each time it says so."""
    return re.findall(r"chunkmeter_calls_total\{([^}]*)\}", expression)


@each_dashboard
def test_embeddings_have_no_part_in_how_answers_end(dashboard: Dashboard) -> None:
    """There may be many times as many of them. They have no finish reason, and nothing of them is ever broken off."""
    for expression in dashboard.expressions:
        if "chunkmeter_outcome" in expression:
            assert all('gen_ai_operation_name!="embeddings"' in said for said in selectors(expression)), expression
        elif "chunkmeter_finish_reason" in expression:
            assert all("chunkmeter_finish_reason" in said for said in selectors(expression)), expression


@each_dashboard
def test_variables_are_defined(dashboard: Dashboard) -> None:
    """Each one that a query, title or link uses."""
    used = {name for text in strings(dashboard.model) for name in re.findall(r"\$\{?(\w+)", text)}
    own = {name for name in used if not BUILT_IN.fullmatch(name)}
    assert own <= set(dashboard.variables)
    hidden = {name for name, variable in dashboard.variables.items() if variable.get("hide") == 2}
    assert set(dashboard.variables) - hidden <= own, "a choice that changes nothing"


@each_dashboard
def test_all_means_those_without_a_label_too(dashboard: Dashboard) -> None:
    """Calls of an app that labels no tenant, or of a model without name, are among all."""
    several = {name for name, variable in dashboard.variables.items() if variable.get("includeAll")}
    assert {"service", "tenant"} <= several
    for name in several:
        assert dashboard.variables[name]["allValue"] == ".*"
        assert not [
            found for found in re.findall(rf'(\S+)"\${name}\b', str(dashboard.expressions)) if "=~" not in found
        ]


@each_dashboard
def test_currencies_are_never_added_up(dashboard: Dashboard) -> None:
    """Every series of money is asked for in one currency, which the panel names."""
    money = re.compile(r"\b(?:chunkmeter_spend_total|gen_ai_client_operation_cost_\w+)\b(\{[^}]*\})?")
    for panel in dashboard.asking:
        selectors = [found for target in panel["targets"] for found in money.findall(target["expr"])]
        assert all('gen_ai_usage_cost_currency="$currency"' in selector for selector in selectors), panel["title"]
        assert bool(selectors) == ("$currency" in panel["title"]), panel["title"]


@each_dashboard
def test_nothing_is_made_out_of_nothing(dashboard: Dashboard) -> None:
    """A zero where no telemetry came would say that all is well."""
    assert "vector(" not in dashboard.text
    assert "absent(" not in dashboard.text


@each_dashboard
def test_an_increase_is_never_more_than_the_counter(dashboard: Dashboard) -> None:
    """As in the alerts: where `increase()` guesses, a counter that was not reset says how much there can be."""
    smaller = re.compile(
        r"\(last_over_time\((?P<series>[^\]]+\])\) and resets\((?P=series)\) == 0\)"
        r" < increase\((?P=series) \$anchored\) or increase\((?P=series) \$anchored\)"
    )
    for expression in dashboard.expressions:
        assert "increase(" not in smaller.sub("", expression), expression


@each_dashboard
def test_exact_sums_are_chosen(dashboard: Dashboard) -> None:
    """Not by default, since a stock Prometheus refuses `anchored`. `offset 0s` changes nothing."""
    variable = dashboard.variables["anchored"]
    assert (variable["type"], variable["multi"], variable["includeAll"]) == ("custom", False, False)
    assert variable["query"] == "estimated : offset 0s, exact : anchored"
    assert variable["current"] == {"text": "estimated", "value": "offset 0s"}
    for url in (str(found) for found in values_of(dashboard.model, "url")):
        if url.startswith("/d/") and "${__all_variables}" not in url:
            assert "${anchored:queryparam}" in url, url


@each_dashboard
def test_links_lead_somewhere(dashboard: Dashboard) -> None:
    """To dashboards that are here, with the time and the data source kept, or to programs by their variable."""
    for url in (str(found) for found in values_of(dashboard.model, "url")):
        if match := re.match(r"/d/([\w-]+)\?(.*)", url):
            assert match[1] in UIDS, url
            assert "${__url_time_range}" in match[2], url
            assert "${__all_variables}" in match[2] or "${datasource:queryparam}" in match[2], url
        else:
            assert re.match(r"\$\{(jaeger|alertmanager)_url:raw\}/", url), url
    for link in dashboard.model["links"]:
        if link["type"] == "dashboards":
            assert all(set(link["tags"]) <= set(other.model["tags"]) for other in DASHBOARDS)
            assert link["includeVars"]
            assert link["keepTime"]


@each_dashboard
def test_links_pass_on_variables_that_are_there(dashboard: Dashboard) -> None:
    """A variable that the other dashboard doesn't have would be dropped in silence."""
    others = {other.model["uid"]: other for other in DASHBOARDS}
    for url in (str(found) for found in values_of(dashboard.model, "url")):
        if match := re.match(r"/d/([\w-]+)\?", url):
            passed = re.findall(r"var-(\w+)=|\$\{(\w+):queryparam\}", url)
            assert {given or kept for given, kept in passed} <= set(others[match[1]].variables), url


def test_an_outcome_has_one_colour() -> None:
    """In every panel of every dashboard, and so has a finish reason."""
    colours: dict[str, set[str]] = {}
    for panel in (panel for dashboard in DASHBOARDS for panel in dashboard.asking):
        kinds = re.findall(r"chunkmeter_(?:outcome|finish_reason)\b", str(panel["targets"]))
        for override in panel["fieldConfig"]["overrides"] if kinds else ():
            for found in override["properties"]:
                if found["id"] == "color" and override["matcher"]["id"] == "byName":
                    colours.setdefault(override["matcher"]["options"], set()).add(found["value"]["fixedColor"])
                for mapping in found["value"] if found["id"] == "mappings" else ():
                    for value, look in mapping["options"].items():
                        colours.setdefault(value, set()).add(look["color"])
    assert colours["interrupted"] == {"red"}
    assert {name: found for name, found in colours.items() if len(found) > 1} == {}


# --- provisioning ---


def test_data_sources_know_each_other() -> None:
    """By fixed uid, which dashboards and exemplars rely on."""
    assert set(SOURCES) == {"prometheus", "jaeger", "alertmanager"}
    prometheus = SOURCES["prometheus"]["jsonData"]
    assert prometheus["alertmanagerUid"] in SOURCES
    destinations = prometheus["exemplarTraceIdDestinations"]
    assert {destination["name"] for destination in destinations} == {"trace_id"}
    assert {destination["datasourceUid"] for destination in destinations if "datasourceUid" in destination} == {
        "jaeger"
    }
    for source in SOURCES.values():
        host = re.fullmatch(r"http://([\w-]+):\d+", source["url"])
        assert host
        assert host[1] in SERVICES


@pytest.mark.parametrize("path", sorted((GRAFANA / "provisioning").rglob("*.yaml")), ids=lambda path: path.name)
def test_provisioning_doubles_its_dollars(path: Path) -> None:
    """Grafana reads a single one as an environment variable."""
    for text in strings(load(path)):
        assert "$" not in text.replace("$$", "")


def test_dashboards_are_where_grafana_looks() -> None:
    """The provider's folder and the home dashboard are mounted."""
    (provider,) = load(GRAFANA / "provisioning/dashboards/dashboards.yaml")["providers"]
    mounts = [mount.split(":") for mount in SERVICES["grafana"]["volumes"]]
    mounted = {mount[1]: mount[0] for mount in mounts}
    assert mounted[provider["options"]["path"]] == "./grafana/dashboards"
    home = Path(SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert home.parent == Path(provider["options"]["path"])
    assert (GRAFANA / "dashboards" / home.name).is_file()


def test_addresses_for_browsers_are_published() -> None:
    """Those in dashboards and data sources."""
    texts = [*(dashboard.text for dashboard in DASHBOARDS), *strings(SOURCES), *strings(JAEGER_UI)]
    addresses = {found for text in texts for found in re.findall(r"http://([\d.]+:\d+)", text)}
    assert addresses
    assert addresses <= {port.rpartition(":")[0] for service in SERVICES.values() for port in service.get("ports", ())}


# --- Jaeger's page ---

JAEGER_UI: dict[str, Any] = load(CONFIG / "jaeger-ui.json")


def test_what_a_span_shows_first_is_written_on_spans() -> None:
    """Cost and reason before all else, then who, then how much."""
    first = JAEGER_UI["topTagPrefixes"]
    assert first[:7] == [
        semconv.COST_AMOUNT,
        semconv.COST_CURRENCY,
        semconv.OUTCOME,
        semconv.FINISH_REASON,
        semconv.ERROR_TYPE,
        semconv.COST_STATUS,
        "tenant",
    ]
    for prefix in first[7:]:
        assert any(name.startswith(prefix) for name in ATTRIBUTES), prefix


def test_a_tenant_leads_to_what_it_spends() -> None:
    """On the cost dashboard, where compose.yaml publishes it, by a variable that it has."""
    (link,) = JAEGER_UI["linkPatterns"]
    assert (link["type"], link["key"]) == ("tags", "tenant")
    found = re.fullmatch(r"http://127\.0\.0\.1:3000/d/([\w-]+)\?var-(\w+)=#\{(\w+)\}", link["url"])
    assert found
    uid, variable, tag = found.groups()
    (cost,) = (dashboard for dashboard in DASHBOARDS if dashboard.model["uid"] == uid)
    assert (cost.name, variable, tag) == ("cost", "tenant", "tenant")
    assert variable in cost.variables
    # Jaeger puts the text into its page as a regular expression's replacement, where a dollar is a group.
    assert "$" not in (CONFIG / "jaeger-ui.json").read_text()


def test_jaeger_reads_what_compose_mounts() -> None:
    """The path that jaeger.yaml has where nothing else is said."""
    path = load(CONFIG / "jaeger.yaml")["extensions"]["jaeger_query"]["ui"]["config_file"]
    assert path == "${env:CHUNKMETER_UI_CONFIG:-/etc/jaeger/ui.json}"
    assert "./jaeger-ui.json:/etc/jaeger/ui.json:ro" in SERVICES["jaeger"]["volumes"]


# --- compose ---


def test_images_are_pinned() -> None:
    """By exact tag, each in .env, and nothing else there but what compose.yaml uses."""
    assert "version" not in COMPOSE
    for service in SERVICES.values():
        name = re.fullmatch(r"\$\{(\w+_IMAGE):\?see \.env\}", service["image"])
        assert name
        assert re.fullmatch(r"[\w./-]+:v?\d+\.\d+\.\d+", ENVIRONMENT[name[1]])
    used = re.findall(r"\$\{(\w+):", (CONFIG / "compose.yaml").read_text())
    assert set(ENVIRONMENT) == set(used)


@each_service
def test_nothing_is_published_beyond_this_machine(name: str) -> None:
    """There are no passwords."""
    service = SERVICES[name]
    for port in service.get("ports", ()):
        assert re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port)
    assert "network_mode" not in service
    assert "privileged" not in service


def test_ports_are_published_once() -> None:
    """Two services on one port would not start."""
    published = [port.split(":")[1] for service in SERVICES.values() for port in service.get("ports", ())]
    assert len(set(published)) == len(published)


@each_service
def test_mounts_are_there(name: str) -> None:
    """Files of the repository, read-only, and volumes that are declared."""
    for mount in SERVICES[name].get("volumes", ()):
        filled = re.sub(r"\$\{(\w+):-([^}]*)\}", lambda found: ENVIRONMENT.get(found[1], found[2]), mount)
        source, _, options = filled.partition(":")
        if source.startswith("./"):
            assert options.endswith(":ro"), mount
            assert source in MADE_BY_USERS or (CONFIG / source).exists(), mount
        else:
            assert source in COMPOSE["volumes"], mount


def test_volumes_are_used() -> None:
    """Each one that is declared."""
    mounts = {mount.split(":")[0] for service in SERVICES.values() for mount in service.get("volumes", ())}
    assert set(COMPOSE["volumes"]) <= mounts


@each_service
def test_files_that_flags_name_are_mounted(name: str) -> None:
    """Or the program would look at what its image brings."""
    targets = [Path(mount.split(":")[-2 if mount.endswith(":ro") else -1]) for mount in SERVICES[name]["volumes"]]
    flags = [flag for flag in SERVICES[name].get("command", ()) if flag.startswith("--")]
    for path in (Path(flag.partition("=")[2]) for flag in flags if flag.partition("=")[2].startswith("/")):
        assert any(path.is_relative_to(target) for target in targets), path


@each_service
def test_health_is_known(name: str) -> None:
    """By a check of its own, or by another's that asks for it."""
    service = SERVICES[name]
    assert ("healthcheck" in service) == (name not in PROBED_BY)
    if name in PROBED_BY:
        (check,) = (word for word in SERVICES[PROBED_BY[name]]["healthcheck"]["test"] if "wget" in word)
        assert f"http://{name}:13133/" in check


@each_service
def test_what_it_waits_for_can_come(name: str) -> None:
    """Services that exist, healthy where they can say so."""
    for other, how in SERVICES[name].get("depends_on", {}).items():
        assert other in SERVICES
        assert how["condition"] in {"service_healthy", "service_started"}
        if how["condition"] == "service_healthy":
            assert "healthcheck" in SERVICES[other]


@each_service
def test_what_it_may_use_is_limited(name: str) -> None:
    """Memory, with Go's own limit at most 80 % of it, and the size of its log."""
    service = SERVICES[name]
    size = re.fullmatch(r"(\d+)([MG])", service["deploy"]["resources"]["limits"]["memory"])
    assert size
    mebibytes = int(size[1]) * {"M": 1, "G": 1024}[size[2]]
    if "COLLECTOR_IMAGE" in service["image"]:
        assert "GOMEMLIMIT" in service["environment"], "its memory limiter counts on it"
    soft = service.get("environment", {}).get("GOMEMLIMIT", "0MiB")
    assert int(soft.removesuffix("MiB")) <= 0.8 * mebibytes
    assert {"max-size", "max-file"} <= set(service["logging"]["options"])
    assert service["restart"] == "unless-stopped"


def test_prometheus_counts_what_a_series_began_with() -> None:
    """Without these, the first calls of every process would be missing from the sums."""
    flags = dict(flag.split("=", 1) for flag in SERVICES["prometheus"]["command"] if "=" in flag)
    assert "--web.enable-otlp-receiver" in SERVICES["prometheus"]["command"]
    assert {"created-timestamp-zero-ingestion", "promql-extended-range-selectors", "exemplar-storage"} <= set(
        flags["--enable-feature"].split(",")
    )
    assert flags["--web.external-url"] == "http://127.0.0.1:9090"
