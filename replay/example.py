"""`make example`: one of the examples under `chunkmeter run`, without a key or a network: its providers are played.

    python -m replay.example short_job [another ...]

It prints what the example prints, and then what it cost. The exit status is the example's.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from replay import server
from replay.demo import ROOT, app_environment
from replay.scenarios import Answer
from replay.scenarios.base import sse
from replay.scenarios.chat import Chat, text_deltas, usage

__all__ = ["EXAMPLES", "run"]

_ROUTED = Chat("gen-1764550000-CmRoutedStream01", "deepseek/deepseek-chat-v3.1", 1_764_550_000, None)
# An endpoint that answers with the deployment's name, as gateways before Azure do.
_DEPLOYED = Chat("chatcmpl-CmDeployedStream01", "travel-desk", 1_764_550_000)
SCRIPTS = (
    Answer(
        id="openrouter-stream",
        service="openai",
        stream=True,
        events=sse(
            _ROUTED.stream(
                text_deltas("South to the end of the road, and then west."),
                "stop",
                {**usage(640, 75), "cost": 0.000195, "is_byok": False},
            )
        ),
    ),
    Answer(
        id="deployment-stream",
        service="openai",
        stream=True,
        events=sse(_DEPLOYED.stream(text_deltas("At ten past eight."), "stop", usage(500, 25))),
    ),
)
"""Answers that no request means by itself: their providers have no service of their own here."""
EXAMPLES: Mapping[str, Mapping[str, str]] = {
    "agent": {},
    "azure_alias": {
        "AZURE_OPENAI_ENDPOINT": "{url}/id/deployment-stream",
        "AZURE_OPENAI_API_KEY": "no-key-needed",
        "OPENAI_API_VERSION": "2024-10-21",
        "CHUNKMETER_PRICES": "examples/azure_alias.toml",
    },
    # So that nothing arrives but what the worker's processes export at their end.
    "celery_worker": {"OTEL_METRIC_EXPORT_INTERVAL": "3600000", "OTEL_BSP_SCHEDULE_DELAY": "3600000"},
    "fastapi_app": {"CHUNKMETER_METRIC_LABELS": "tenant"},
    "mirascope_streams": {},
    "openrouter": {
        "OPENROUTER_API_KEY": "no-key-needed",
        "OPENROUTER_BASE_URL": "{url}/id/openrouter-stream/v1",
        "CHUNKMETER_SERVERS": "127.0.0.1=openrouter",
    },
    "prefork_worker": {},
    "prompt_caching": {},
    "sdk_streams": {},
    "short_job": {},
}
"""Every example that is one command, with the environment that it needs beside the usual keys and base URLs."""
_BESIDE: Mapping[str, str] = {"celery_worker": "replay.queued", "fastapi_app": "replay.served"}
"""Of those that need somebody who asks, the module that starts them and does."""


def run(name: str, providers: server.Server, *options: str) -> subprocess.Popen[str]:
    """Start an example.

    Args:
        name: a key of `EXAMPLES`.
        providers: a replay server; it gets to know the scripts.
        options: of `chunkmeter run`.
    """
    providers.scripts.update({script.id: script for script in SCRIPTS})
    usual = {each: value for each, value in app_environment(providers.url, "").items() if not each.startswith("OTEL_")}
    if name == "azure_alias":
        usual.pop("OPENAI_BASE_URL")  # which AzureOpenAI takes no endpoint beside
    own = {variable: value.format(url=providers.url) for variable, value in EXAMPLES[name].items()}
    by = ("--by=tenant",) if name == "fastapi_app" else ()
    app = ("-m", _BESIDE[name]) if name in _BESIDE else (f"examples/{name}.py",)
    command = [str(Path(sys.executable).with_name("chunkmeter")), "run", *by, *options, "--", sys.executable]
    return subprocess.Popen(
        [*command, *app],
        cwd=ROOT,
        env={**usual, **own},
        stdout=subprocess.PIPE if options else None,
        stderr=subprocess.PIPE if options else None,
        text=True,
    )


def main(names: Sequence[str]) -> int:
    """The exit status of the first example that fails; 2 for a name that there is not."""
    if not names or any(name not in EXAMPLES for name in names):
        print(f"make example ARGS=NAME, one of: {', '.join(EXAMPLES)}", file=sys.stderr)
        return 2
    for name in names:
        with server.start() as providers, run(name, providers) as process:
            status = process.wait()
        if status:
            return status
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
