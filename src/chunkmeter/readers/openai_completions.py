"""OpenAI's legacy text completions, of which chat completions kept the shape of all that counts."""

from __future__ import annotations

from .openai_chat import read

__all__ = ["OPERATION", "WIRE", "read"]

WIRE = "openai_completions"
OPERATION = "text_completion"
