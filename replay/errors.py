"""How each service says no: before the answer (an HTTP status) and in the middle of it (an event)."""

from __future__ import annotations

from typing import Any

from replay.scenarios.base import Service, compact

_ANTHROPIC_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}
_GOOGLE_STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    503: "UNAVAILABLE",
}
_OPENAI_TYPES = {401: "authentication_error", 429: "rate_limit_error"}


def error_body(service: Service, status: int, message: str) -> dict[str, Any]:
    """The JSON body of an answer with an error status."""
    if service == "anthropic":
        kind = _ANTHROPIC_TYPES.get(status, "api_error")
        return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_cm0000"}
    if service == "google":
        reason = _GOOGLE_STATUSES.get(status, "INTERNAL")
        return {"error": {"code": status, "message": message, "status": reason}}
    if service == "xai":
        return {"code": "The request could not be served", "error": message}
    kind = _OPENAI_TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error")
    if service == "groq":
        return {"error": {"message": message, "type": kind}}
    return {"error": {"message": message, "type": kind, "param": None, "code": None}}


def error_event(service: Service) -> bytes:
    """What comes instead of the next event of a stream that began well."""
    message = "replay: the provider gave up"
    if service == "anthropic":
        error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
        return f"event: error\ndata: {compact(error)}\n\n".encode()
    if service == "groq":
        return f"event: error\ndata: {compact(error_body(service, 500, message))}\n\n".encode()
    if service == "google":
        # Google drops the SSE framing: the error stands there as bare JSON.
        return f"{compact(error_body(service, 503, message))}\n".encode()
    error = {"error": {"message": message, "type": "server_error", "param": None, "code": None}}
    return f"data: {compact(error)}\n\n".encode()
