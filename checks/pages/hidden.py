"""What the programs of some pages begin with, unseen: the names that the reader's own app would have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["BEFORE"]

_ASSISTANT = """
from openai import OpenAI

question = "Where is Porto?"

def assistant(question):
    with OpenAI() as client:
        return client.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": question}])
"""
# What `opentelemetry-instrument`, or the app itself, would have set up.
_SDK = """
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider

metrics.set_meter_provider(MeterProvider())
trace.set_tracer_provider(TracerProvider())
"""
BEFORE: Final[Mapping[str, str]] = {
    "docs/labels.md": _SDK,
    "docs/spending.md": f"""{_ASSISTANT}
client = OpenAI()
messages = [{{"role": "user", "content": question}}]

import chunkmeter
chunkmeter.instrument()
""",
    "docs/wrap.md": _SDK,
}
"""By page. What stands here, a reader has to guess: as little as can be."""
