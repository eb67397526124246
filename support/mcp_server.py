"""An MCP server of its own process, `python -m support.mcp_server`: its tools tell what they have seen of a request."""

from __future__ import annotations

import logging
from typing import Any

from mcp.server.fastmcp import Context, FastMCP

__all__ = ["COMMAND"]

COMMAND = ["-m", "support.mcp_server"]
"""The arguments of Python that start it, in the project's folder."""

app = FastMCP("weather", log_level="CRITICAL")


@app.tool(structured_output=False)
def get_weather(city: str, context: Context[Any, Any, Any]) -> str:
    """Tells the trace context that has come with the request, in place of the weather of a city.

    Args:
        city: the city's name.
        context: the request's.
    """
    meta = context.request_context.meta
    return str((meta.model_extra or {}).get("traceparent")) if meta else "None"


@app.tool(structured_output=False)
def fail(city: str) -> str:
    """Fails, whatever the city.

    Args:
        city: the city's name.
    """
    raise ValueError(f"no {city}")


if __name__ == "__main__":
    logging.disable()  # what fails here fails on purpose
    app.run()
