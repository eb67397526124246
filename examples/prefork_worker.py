"""Answers questions in worker processes of `multiprocessing`. It knows nothing of telemetry.

    chunkmeter run -- python examples/prefork_worker.py
    opentelemetry-instrument python examples/prefork_worker.py

The parent asks no model, and each worker makes a client of its own after the fork. A worker exports what it has at its
end, and when the pool ends it by SIGTERM. Settings and the key come from the environment, which workers inherit.
"""

from __future__ import annotations

import multiprocessing

from openai import OpenAI

QUESTIONS = ("Where is Lisbon?", "Where is Faro?", "Where is Braga?", "Where is Porto?")


def answer(question: str) -> str:
    with OpenAI() as client:
        stream = client.chat.completions.create(
            model="gpt-4o-mini",
            messages=[{"role": "user", "content": question}],
            stream=True,
            stream_options={"include_usage": True},
        )
        return "".join(choice.delta.content or "" for chunk in stream for choice in chunk.choices)


if __name__ == "__main__":
    with multiprocessing.get_context("fork").Pool(2) as pool:
        for said in pool.map(answer, QUESTIONS, chunksize=1):
            print("worker:", said)
