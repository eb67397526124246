"""Answers questions as tasks of Celery, in the worker processes of its prefork pool. It knows nothing of telemetry.

    pip install 'celery[redis]' openai 'chunkmeter[auto]'
    export CELERY_BROKER_URL=redis://localhost:6379/0 CELERY_RESULT_BACKEND=redis://localhost:6379/1 OPENAI_API_KEY=...
    export OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4317 OTEL_SERVICE_NAME=answers
    opentelemetry-instrument celery --workdir examples --app celery_worker worker

Each worker process makes a client of its own, and exports what it has when Celery ends it: as the worker is stopped, or
after `--max-tasks-per-child`.
"""

from __future__ import annotations

from celery import Celery
from openai import OpenAI

app = Celery("celery_worker")  # the environment says where its broker and its results are


@app.task
def answer(question: str) -> str:
    with OpenAI() as client:
        stream = client.chat.completions.create(
            model="gpt-4o-mini",
            messages=[{"role": "user", "content": question}],
            stream=True,
            stream_options={"include_usage": True},
        )
        return "".join(choice.delta.content or "" for chunk in stream for choice in chunk.choices)
