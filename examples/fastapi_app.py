"""A service that streams an LLM's answers to clients, who may leave in mid-stream, and counts each tenant's spend.

pip install fastapi uvicorn openai 'chunkmeter[auto]'
export OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4317 OTEL_SERVICE_NAME=answers
export CHUNKMETER_METRIC_LABELS=tenant OPENAI_API_KEY=...
opentelemetry-instrument uvicorn --app-dir examples fastapi_app:app
curl -N -H 'X-API-Key: key-of-acme' 'http://127.0.0.1:8000/answer?question=Describe+Lisbon.'
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Annotated

from fastapi import Depends, FastAPI, Header, HTTPException
from fastapi.responses import StreamingResponse
from openai import AsyncOpenAI

from chunkmeter import flush_on_exit, labels

flush_on_exit()  # whoever ends the server by SIGTERM loses no telemetry

TENANTS = {"key-of-acme": "acme", "key-of-globex": "globex"}

app = FastAPI()
client = AsyncOpenAI()


def tenant_of(x_api_key: Annotated[str, Header()]) -> str:
    """Who is asking. A label is worth what the check behind it is: a name that a client may choose says nothing."""
    if x_api_key not in TENANTS:
        raise HTTPException(401)
    return TENANTS[x_api_key]


async def pieces(question: str) -> AsyncGenerator[str]:
    """The answer's text as it comes. When the client leaves, Starlette cancels this, and with it the request."""
    stream = await client.chat.completions.create(
        model="gpt-4o-mini",
        messages=[{"role": "user", "content": question}],
        stream=True,
        stream_options={"include_usage": True},  # the last chunk says what was used
    )
    async with stream:
        async for chunk in stream:
            for choice in chunk.choices:
                yield choice.delta.content or ""


@app.get("/answer")
async def answer(question: str, tenant: Annotated[str, Depends(tenant_of)]) -> StreamingResponse:
    """Stream the answer. Starlette iterates `pieces` after this has returned, so a `with labels(...)` would not do."""
    return StreamingResponse(labels(tenant=tenant).around(pieces(question)), media_type="text/plain")
