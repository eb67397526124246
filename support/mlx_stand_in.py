"""A stand-in for MLX, which runs on machines of Apple's only: its modules, as Mirascope 2 imports them, and its shapes.

https://github.com/ml-explore/mlx-lm/blob/main/mlx_lm/generate.py has `stream_generate` and `GenerationResponse`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from types import ModuleType, SimpleNamespace
from typing import Any

__all__ = ["MODEL", "PROMPT_TOKENS", "TEXTS", "install"]

MODEL = "mlx-community/Qwen3-8B-4bit"
TEXTS = ("Fa", "ro", ".")
PROMPT_TOKENS = 11


@dataclass
class GenerationResponse:
    """One piece of text that the model has generated, with the counts so far."""

    text: str
    token: int
    logprobs: Any
    from_draft: bool
    prompt_tokens: int
    prompt_tps: float
    generation_tokens: int
    generation_tps: float
    peak_memory: float
    finish_reason: str | None = None


def stream_generate(model: Any, tokenizer: Any, prompt: list[int], **_: Any) -> Iterator[GenerationResponse]:
    """Generate text, piece by piece."""
    for at, text in enumerate(TEXTS, 1):
        reason = "stop" if at == len(TEXTS) else None
        yield GenerationResponse(text, at, None, False, len(prompt), 50.5, at, 20.5, 1.5, reason)


class PreTrainedTokenizer:
    """Makes tokens of a prompt."""

    def apply_chat_template(self, messages: list[dict[str, str]], **_: Any) -> str:
        return "".join(message["content"] for message in messages)

    def encode(self, text: str, **_: Any) -> list[int]:
        return [0] * PROMPT_TOKENS


def install() -> None:
    """Put the modules in place."""
    core = _module("mlx.core", array=object, random=SimpleNamespace(seed=lambda _: None))
    nn = _module("mlx.nn", Module=object)
    _module("mlx", core=core, nn=nn, __path__=[])
    GenerationResponse.__module__ = "mlx_lm.generate"
    generate = _module("mlx_lm.generate", GenerationResponse=GenerationResponse)
    utils = _module("mlx_lm.sample_utils", make_sampler=lambda **_: None)
    load = {"load": lambda _: (object(), PreTrainedTokenizer()), "stream_generate": stream_generate}
    _module("mlx_lm", generate=generate, sample_utils=utils, __path__=[], **load)
    _module("transformers", PreTrainedTokenizer=PreTrainedTokenizer)
    errors = _module(
        "huggingface_hub.errors", LocalEntryNotFoundError=type("LocalEntryNotFoundError", (Exception,), {})
    )
    _module("huggingface_hub", errors=errors, __path__=[])


def _module(name: str, **holds: Any) -> ModuleType:
    module = ModuleType(name)
    module.__spec__ = ModuleSpec(name, None)
    vars(module).update(holds)
    sys.modules[name] = module
    return module
