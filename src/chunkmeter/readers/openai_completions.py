"""OpenAI's legacy text completions, whose finish reasons and usage have the shape of chat completions."""

from __future__ import annotations

from .openai_chat import read

__all__ = ["OPERATION", "WIRE", "read"]

WIRE = "openai_completions"
OPERATION = "text_completion"
