"""The parts of `chunkmeter doctor` by themselves: what no set-up of `test_doctor.py` can have, and what is odd."""

from __future__ import annotations

import ast
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import chunkmeter
from chunkmeter import cli
from chunkmeter.cli.doctor import costs, endpoint, heard, launch, processes, ran
from chunkmeter.cli.doctor.conditions import CONDITIONS, found
from chunkmeter.cli.doctor.endpoint import endpoints
from chunkmeter.cli.doctor.machine import Machine
from chunkmeter.cli.doctor.observed import Observed
from chunkmeter.cli.doctor.probe import Reply, Target
from chunkmeter.cli.doctor.ran import Run
from chunkmeter.cli.doctor.report import Report

SECRET = "sk-nobody-may-read-this"
OURS: Mapping[str, Any] = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.response.model": "gpt-4o",
    "chunkmeter.outcome": "completed",
    "chunkmeter.cost.status": "known",
}
UNAUTHORIZED = Reply("refused", "UNAUTHENTICATED", key=True)
AWAY, TAKEN = Reply("away", "UNAVAILABLE"), Reply("taken")


def told(line: str, **environ: str) -> list[tuple[str, str, str]]:
    """The findings on one line of stderr."""
    return [(each.id, each.what, each.cure) for each in heard.findings([line], Machine(environ))]


def test_a_table_is_old_after_90_days() -> None:
    newest = datetime(2026, 9, 1, tzinfo=UTC)
    assert list(costs.old_table("genai-prices 1", newest, datetime(2026, 11, 30, tzinfo=UTC))) == []
    (finding,) = costs.old_table("genai-prices 1", newest, datetime(2026, 12, 1, tzinfo=UTC))
    assert finding.id == "price-table-old"
    assert finding.what == "'genai-prices 1': its newest price is of 2026-09-01"
    assert finding.cure == "pip install --upgrade genai-prices, or export CHUNKMETER_PRICES_UPDATE=true"


def test_forks_after_the_first_call_are_told_once() -> None:
    """A tree of processes may say it several times, in logs of any form."""
    line = "WARNING:chunkmeter:Calls had been recorded before this process was forked, and each ...\n"
    findings = [*heard.findings([line, f"2026 {line}"], Machine({}))]
    assert [each.id for each in findings] == ["forked-late"]
    assert findings[0].cure == "make the first call after the fork (gunicorn: preload_app = False), or start by spawn"


@pytest.mark.parametrize(
    "line",
    [
        "app.py:1: MonkeyPatchWarning: Monkey-patching ssl after ssl has already been imported may lead to errors",
        "1 RLock(s) were not greened, to fix this error make sure you run eventlet.monkey_patch() before importing",
    ],
)
def test_a_late_patch_is_told(line: str) -> None:
    """As gevent and as eventlet warn of it."""
    assert heard.is_ours(line)
    ((name, _, cure),) = told(line)
    assert name == "patched-late"
    assert cure.startswith("export OTEL_PYTHON_AUTO_INSTRUMENTATION_EXPERIMENTAL_GEVENT_PATCH=patch_all (gevent)")


def test_lines_that_say_what_is_in_order_are_no_findings() -> None:
    version = chunkmeter.__version__
    assert told(f"INFO:chunkmeter:chunkmeter {version} meters OpenAI's SDK 1.109.1") == []
    assert told(f"chunkmeter {version}: OpenAI's SDK 1.109.1 hooked; names as opentelemetry-util-genai 1.3b0") == []
    assert told("Prices of a.toml are in use, version 1") == []
    assert not heard.is_ours("Traceback (most recent call last):")


def test_a_label_of_a_first_setting_is_written_alone() -> None:
    line = "labels(tenant=...) has no effect: add tenant to CHUNKMETER_METRIC_LABELS to have it on spend."
    assert told(line)[0][2] == "export CHUNKMETER_METRIC_LABELS=tenant"


def warnings_of_ours() -> list[str]:
    """The text of each warning that chunkmeter may log in an app, with a word for each value."""
    texts: list[str] = []
    for path in sorted(Path(chunkmeter.__path__[0]).rglob("*.py")):
        if "cli" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
                continue
            first = node.args[0]
            if node.func.attr in ("warning", "error") and isinstance(first, ast.Constant):
                texts.append(str(first.value).replace("%s", "word").replace("%d", "200"))
    return texts


def test_every_warning_of_ours_is_heard() -> None:
    """Whichever words it has: none is left out because it doesn't name us."""
    texts = warnings_of_ours()
    assert len(texts) >= 20
    assert [text for text in texts if not heard.is_ours(text)] == []


def run(*calls: Mapping[str, Any], measured: int | None = None, code: int = 0, **environ: str) -> list[str]:
    """The conditions that are found on a run of an app with these calls."""
    told = [("chunkmeter" if "chunkmeter.outcome" in call else "acme.openai", call) for call in calls]
    seen = Observed(len(calls), told, measured)
    return [each.id for find in ran.FINDERS for each in find(Run(Machine(environ), seen, code))]


def test_metrics_that_miss_calls_are_told() -> None:
    """A call that another account was counted for first is no miss; nor is one where metrics are off, which is told."""
    assert run(OURS, OURS, measured=2) == []
    assert run(OURS, OURS, measured=1) == ["metrics-short"]
    assert run(OURS, OURS) == ["metrics-short"]
    assert run(OURS, {**OURS, "chunkmeter.cost.status": "elsewhere"}, measured=1) == []
    assert run(OURS, OTEL_METRICS_EXPORTER="none") == []


def test_calls_of_others_that_no_metric_counts_are_told() -> None:
    """Several of their spans may tell of one call."""
    other = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o"}
    assert run(other, other, measured=1) == []
    assert run(other, other, measured=0) == ["metrics-short"]


def test_an_end_by_sigterm_is_told_unless_it_flushes() -> None:
    assert run(OURS, measured=1, code=-signal.SIGTERM) == ["ended-by-sigterm"]
    assert run(OURS, measured=1, code=-signal.SIGTERM, CHUNKMETER_FLUSH_ON_EXIT="true") == []
    assert run(OURS, measured=1, code=-signal.SIGKILL) == []


def test_a_stream_that_was_cut_short_lost_no_usage() -> None:
    """Its usage could not have come; one that came whole could."""
    missing = {**OURS, "chunkmeter.usage.status": "missing", "gen_ai.request.stream": True}
    assert run({**missing, "chunkmeter.outcome": "closed"}, measured=1) == []
    assert run(missing, measured=1) == ["usage-not-asked"]
    assert run(missing, measured=1, CHUNKMETER_INCLUDE_USAGE="true") == ["usage-missing"]


def test_a_run_is_summed_up_by_who_told_of_it() -> None:
    """Ours, and those of another instrumentation, whose spans have no cost."""
    other = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o"}
    assumed = {**OURS, "chunkmeter.cost.status": "assumed"}
    seen = Observed(4, [("chunkmeter", OURS), ("chunkmeter", assumed), ("acme.openai", other), ("chunkmeter", OURS)])
    assert [*seen.summary()] == [
        "openai gpt-4o: 3 calls; cost: 1 assumed, 2 known",
        "openai gpt-4o: 1 call, told by acme.openai; cost: 1 none",
    ]


@pytest.mark.parametrize(
    ("environ", "code", "why"),
    [
        ({"OTEL_SDK_DISABLED": "true"}, 0, "unset OTEL_SDK_DISABLED"),
        ({"OTEL_TRACES_EXPORTER": "console"}, 0, "unset OTEL_TRACES_EXPORTER: nothing is exported by OTLP"),
        ({"OTEL_CONFIG_FILE": "a.yaml"}, 0, "OTEL_CONFIG_FILE says where telemetry goes, "),
        ({}, 1, "have the app come to its end: its exit code is 1"),
    ],
)
def test_nothing_arrived_says_why(environ: Mapping[str, str], code: int, why: str) -> None:
    (finding,) = ran.nothing_arrived(Run(Machine(environ), Observed(), code))
    assert finding.cure.startswith(why)


def asked(environ: Mapping[str, str], *replies: Reply) -> tuple[list[Target], list[str]]:
    """Who is asked by these variables, and the lines to write, where the answers are these, then `AWAY`."""
    targets: list[Target] = []
    left = [*replies]

    def ask(at: Target) -> Reply:
        targets.append(at)
        return left.pop(0) if left else AWAY

    findings, _ = endpoints(Machine(environ), ask)
    return targets, [each.cure for each in findings]


def test_a_signal_goes_where_its_own_variables_say() -> None:
    environ = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "https://otlp.example:4318/base/",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_EXPORTER_OTLP_HEADERS": "Api-Key=a%20b,broken",
        "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://metrics.example/in",
    }
    targets, cures = asked(environ, TAKEN, TAKEN)
    assert cures == []
    assert sorted((each.signal, each.scheme, each.host, each.port, each.path, each.headers) for each in targets) == [
        ("metrics", "http", "metrics.example", None, "/in", (("api-key", "a b"),)),
        ("traces", "https", "otlp.example", 4318, "/base/v1/traces", (("api-key", "a b"),)),
    ]


def test_an_exporter_may_fix_the_protocol() -> None:
    targets, _ = asked({"OTEL_TRACES_EXPORTER": "otlp_proto_http", "OTEL_METRICS_EXPORTER": "none"}, TAKEN)
    assert [(each.protocol, each.port, each.path) for each in targets] == [("http/protobuf", 4318, "/v1/traces")]


def test_no_other_server_is_sent_a_header() -> None:
    """It may be a secret, which the first server alone is meant to have."""
    environ = {"OTEL_EXPORTER_OTLP_HEADERS": f"authorization={SECRET}", "OTEL_METRICS_EXPORTER": "none"}
    targets, cures = asked(environ, AWAY)
    assert [each.headers for each in targets] == [(("authorization", SECRET),), *[()] * (len(targets) - 1)]
    assert len(targets) > 1
    assert SECRET not in "".join(cures)


def test_an_endpoint_that_nobody_has_set_is_said_to_be_the_default() -> None:
    """Whoever only wants to see the cost on this machine needs none."""
    (finding,), _ = endpoints(Machine({}), lambda _: AWAY)
    assert finding.id == "endpoint-unreachable"
    assert finding.what == (
        "traces and metrics: OTEL_EXPORTER_OTLP_ENDPOINT is not set, and the default, http://localhost:4317, takes no "
        "grpc: UNAVAILABLE"
    )
    assert "chunkmeter run -- COMMAND" in finding.cure
    (finding,), _ = endpoints(Machine({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4317"}), lambda _: AWAY)
    assert finding.what == "traces and metrics: http://localhost:4317 takes no grpc: UNAVAILABLE"


def test_an_endpoint_that_wants_a_key_is_not_tried_elsewhere() -> None:
    targets, cures = asked({"OTEL_METRICS_EXPORTER": "none"}, UNAUTHORIZED)
    assert len(targets) == 1
    assert cures == ["export OTEL_EXPORTER_OTLP_HEADERS=... with a key that is valid there"]


@pytest.mark.parametrize("variable", ["OTEL_SDK_DISABLED", "OTEL_CONFIG_FILE", "OTEL_TRACES_EXPORTER"])
def test_nobody_is_asked_where_no_endpoint_is_read(variable: str) -> None:
    value = {"OTEL_SDK_DISABLED": "true", "OTEL_CONFIG_FILE": "a.yaml", "OTEL_TRACES_EXPORTER": "console"}[variable]
    assert asked({variable: value, "OTEL_METRICS_EXPORTER": "console"}) == ([], [])


@pytest.mark.parametrize("url", ["ftp://otlp.example", "http://", "http://otlp.example:port"])
def test_an_endpoint_that_is_no_url_is_told(url: str) -> None:
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": url, "OTEL_METRICS_EXPORTER": "none"}
    targets, cures = asked(environ)
    assert targets == []
    assert cures == [endpoint._CURE]


def test_a_command_that_preloads_is_told() -> None:
    (finding,) = processes.preload(Machine({}, ("/venv/bin/gunicorn", "--preload", "app:app")))
    assert (finding.id, finding.cure) == ("preload", "take --preload out of the command")
    assert list(processes.preload(Machine({}, ("python", "app.py", "--preload")))) == []


def test_another_python_is_told(tmp_path: Path) -> None:
    """By the folder that it is started from: all virtual environments link to the same file."""
    other = tmp_path / "python"
    other.symlink_to(sys.executable)
    path = {"PATH": f"{tmp_path}"}
    (finding,) = processes.other_python(Machine(path, ("python", "app.py")))
    assert (finding.id, finding.cure) == (
        "other-python",
        f"{sys.executable} in its place, or pip install chunkmeter for it",
    )
    assert list(processes.other_python(Machine(path, (sys.executable, "app.py")))) == []
    assert list(processes.other_python(Machine(path, ("no-such-command",)))) == []
    assert list(processes.other_python(Machine(path))) == []


def test_the_apps_telemetry_comes_to_the_doctor() -> None:
    """And to nobody else: neither its endpoints nor its headers are left. What is switched off stays so."""
    given = {
        "HOME": "/home/me",
        "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "https://otlp.example",
        "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf",
        "OTEL_EXPORTER_OTLP_HEADERS": f"authorization={SECRET}",
        "OTEL_EXPORTER_OTLP_TIMEOUT": "3",
        "OTEL_METRICS_EXPORTER": "none",
        "OTEL_TRACES_EXPORTER": "otlp_proto_http,console",
        "OTEL_TRACES_SAMPLER": "always_off",
        "no_proxy": "internal",
    }
    assert launch.environment(given, 4317) == {
        "HOME": "/home/me",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4317",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
        "OTEL_EXPORTER_OTLP_TIMEOUT": "3",
        "OTEL_METRICS_EXPORTER": "none",
        "OTEL_TRACES_EXPORTER": "otlp_proto_grpc,console",
        "OTEL_TRACES_SAMPLER": "always_on",
        "no_grpc_proxy": "internal,127.0.0.1",
        "no_proxy": "internal",
    }


def test_the_report_has_a_section_for_each_level() -> None:
    look = found("traces-off", "OTEL_TRACES_EXPORTER=none", "unset OTEL_TRACES_EXPORTER")
    loses = found("metrics-off", "OTEL_METRICS_EXPORTER=none", "unset OTEL_METRICS_EXPORTER")
    assert Report(("all is well",), (look, loses)).as_text().splitlines() == [
        "ok",
        "  all is well",
        "",
        "look",
        "  traces-off: OTEL_TRACES_EXPORTER=none",
        "    so:    single calls can't be looked up; metrics stay exact",
        "    write: unset OTEL_TRACES_EXPORTER",
        "",
        "loses money",
        "  metrics-off: OTEL_METRICS_EXPORTER=none",
        "    so:    chunkmeter.spend and chunkmeter.calls are not exported, and spans alone miss what is sampled away",
        "    write: unset OTEL_METRICS_EXPORTER",
    ]
    assert json.loads(Report((), (look,), 0).as_json()) == {
        "ok": [],
        "findings": [
            {
                "id": "traces-off",
                "level": "look",
                "what": "OTEL_TRACES_EXPORTER=none",
                "why": "single calls can't be looked up; metrics stay exact",
                "cure": "unset OTEL_TRACES_EXPORTER",
            }
        ],
        "command_exit_code": 0,
    }


@pytest.mark.parametrize(
    ("code", "findings", "expected"), [(None, 0, 0), (None, 1, 1), (0, 0, 0), (0, 1, 1), (7, 0, 7), (-15, 1, 143)]
)
def test_the_exit_code_is_the_commands_or_tells_of_findings(code: int | None, findings: int, expected: int) -> None:
    """That of a signal is 128 and its number, as a shell has it."""
    finding = found("traces-off", "", "")
    assert Report((), (finding,) * findings, code).exit_code() == expected


def test_what_is_no_option_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        cli.main(["doctor", "--jsno"])
    assert "unrecognized arguments: --jsno" in capsys.readouterr().err


def test_a_command_without_dashes_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """Else a slip in an option would be taken for one."""
    assert cli.main(["doctor", "python", "app.py"]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err == "chunkmeter doctor: python is no option of it: write -- before a command to run.\n"


@pytest.mark.slow
def test_a_command_that_is_not_there_is_refused() -> None:
    """Before anything is started."""
    code = "from chunkmeter.cli import main; raise SystemExit(main())"
    environ = {"PATH": os.environ["PATH"], "OTEL_SDK_DISABLED": "true"}
    command = [sys.executable, "-c", code, "doctor", "--", "no-such-command"]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "Cannot run no-such-command: there is no command 'no-such-command'\n"


def test_the_conditions_are_told_in_full() -> None:
    """Each has its words, and none has a name that another has."""
    for each in CONDITIONS.values():
        assert all((each.what, each.why, each.cure)), each.id
        assert each.id == each.id.lower()
    source = (Path(chunkmeter.__path__[0]) / "cli" / "doctor" / "conditions.py").read_text()
    assert source.count("    Condition(\n") == len(CONDITIONS)
