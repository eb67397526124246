"""How each service says no: before the answer (an HTTP status) and in the middle of it (an event).

A service that says it as OpenAI does needs no row here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from replay.scenarios import Service, eventstream
from replay.scenarios.base import compact

Json = dict[str, Any]


class Refusal(NamedTuple):
    """An answer with an error status."""

    status: int
    body: Json
    headers: Mapping[str, str] = {}


def refusal(service: Service, status: int, message: str) -> Refusal:
    """The service's answer with an error status."""
    body = _BODIES.get(service, _openai)(status, message)
    # Amazon's SDKs read what kind of error it is from a header.
    headers = {"x-amzn-errortype": _AMAZON.get(status, "InternalServerException")} if service == "bedrock" else {}
    return Refusal(status, body, headers)


def error_event(service: Service) -> bytes:
    """What comes instead of the next event of a stream that began well."""
    return _EVENTS.get(service, _openai_event)("replay: the provider gave up")


# --- before the answer ---

_AMAZON = {
    400: "ValidationException",
    401: "UnrecognizedClientException",
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    429: "ThrottlingException",
    503: "ServiceUnavailableException",
}
_ANTHROPIC = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}
_GOOGLE = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    503: "UNAVAILABLE",
}
_OPENAI = {401: "authentication_error", 429: "rate_limit_error"}


def _openai_type(status: int) -> str:
    return _OPENAI.get(status, "server_error" if status >= 500 else "invalid_request_error")


def _openai(status: int, message: str) -> Json:
    return {"error": {"message": message, "type": _openai_type(status), "param": None, "code": None}}


def _groq(status: int, message: str) -> Json:
    return {"error": {"message": message, "type": _openai_type(status)}}


def _anthropic(status: int, message: str) -> Json:
    error = {"type": _ANTHROPIC.get(status, "api_error"), "message": message}
    return {"type": "error", "error": error, "request_id": "req_cm0000"}


def _google(status: int, message: str) -> Json:
    return {"error": {"code": status, "message": message, "status": _GOOGLE.get(status, "INTERNAL")}}


def _xai(_status: int, message: str) -> Json:
    return {"code": "The request could not be served", "error": message}


def _azure(status: int, message: str) -> Json:
    return {"error": {"code": str(status), "message": message}}


def _mistral(status: int, message: str) -> Json:
    return {"object": "error", "message": message, "type": _openai_type(status), "param": None, "code": str(status)}


def _bare(_status: int, message: str) -> Json:
    return {"message": message}


_BODIES: dict[Service, Callable[[int, str], Json]] = {
    "anthropic": _anthropic,
    "azure": _azure,
    "bedrock": _bare,
    "cohere": _bare,
    "gemini": _google,
    "google": _google,
    "groq": _groq,
    "mistral": _mistral,
    "vertex": _google,
    "xai": _xai,
}


# --- in the middle of it ---


def _openai_event(message: str) -> bytes:
    return f"data: {compact(_openai(500, message))}\n\n".encode()


def _anthropic_event(_message: str) -> bytes:
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    return f"event: error\ndata: {compact(error)}\n\n".encode()


def _groq_event(message: str) -> bytes:
    return f"event: error\ndata: {compact(_groq(500, message))}\n\n".encode()


def _google_event(message: str) -> bytes:
    # Google drops the SSE framing: the error stands there as bare JSON.
    return f"{compact(_google(503, message))}\n".encode()


def _bedrock_event(message: str) -> bytes:
    return eventstream.exception("modelStreamErrorException", {"message": message, "originalStatusCode": 500})


def _cohere_event(_message: str) -> bytes:
    # Cohere ends such a stream as any other, and says why.
    end: Json = {"is_finished": True, "event_type": "stream-end", "finish_reason": "ERROR", "response": {}}
    return f"{compact(end)}\n".encode()


def _mistral_event(message: str) -> bytes:
    return f"data: {compact(_mistral(500, message))}\n\n".encode()


_EVENTS: dict[Service, Callable[[str], bytes]] = {
    "anthropic": _anthropic_event,
    "bedrock": _bedrock_event,
    "cohere": _cohere_event,
    "gemini": _google_event,
    "google": _google_event,
    "groq": _groq_event,
    "mistral": _mistral_event,
    "vertex": _google_event,
}
