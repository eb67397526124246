"""A job that ends after a few calls, as cron or a queue starts it: it says itself what it spent, and loses nothing.

    chunkmeter run -- python examples/short_job.py
    export OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4327 OTEL_SERVICE_NAME=nightly
    export OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=delta
    opentelemetry-instrument python examples/short_job.py

The endpoint is a Collector with `collector-config/collector.jobs.yaml`, which adds up what many short processes send.
"""

from __future__ import annotations

from openai import OpenAI

import chunkmeter

chunkmeter.flush_on_exit()  # whoever stops the job by SIGTERM loses no telemetry


def summarize(client: OpenAI, city: str) -> str:
    answer = client.chat.completions.create(
        model="gpt-4o-mini", messages=[{"role": "user", "content": f"{city} in one sentence."}]
    )
    return answer.choices[0].message.content or ""


if __name__ == "__main__":
    with chunkmeter.spending() as spent, OpenAI() as client:
        for city in ("Lisbon", "Faro", "Braga"):
            print("note:", summarize(client, city))
    print("spent:", spent.amounts["USD"], "USD")
