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
BEFORE: Final[Mapping[str, str]] = {
    "README.md": f"""{_ASSISTANT}
import cohere
import httpx
import os
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace.export import BatchSpanProcessor

client = cohere.Client()
url = os.environ["OPENAI_BASE_URL"] + "/chat/completions"
request = {{
    "model": "gpt-4o-mini",
    "messages": [{{"role": "user", "content": question}}],
    "stream": True,
    "stream_options": {{"include_usage": True}},
}}
provider = trace.get_tracer_provider()
app = FastAPI()

def answer_in_chunks(question):
    yield question
""",
    "docs/spending.md": f"""{_ASSISTANT}
client = OpenAI()
messages = [{{"role": "user", "content": question}}]

import chunkmeter
chunkmeter.instrument()
""",
}
"""By page. What stands here, a reader has to guess: as little as can be."""
