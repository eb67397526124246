"""Groq's SDK, 0.13 to 1.x: chat, whose streams bring their usage unasked, embeddings and transcriptions."""

from __future__ import annotations

from functools import partial

from ._library import Library, LibraryInstrumentor
from ._stainless import Sdk, install

__all__ = ["SDK", "GroqInstrumentor"]

SDK = Sdk(
    package="groq",
    provider="groq",
    wires={
        "/chat/completions": "openai_chat",
        "/embeddings": "openai_embeddings",
        "/audio/transcriptions": "openai_transcription",
        "/audio/translations": "openai_transcription",
    },
    clients={},
)


class GroqInstrumentor(LibraryInstrumentor):
    """Meters the calls of Groq's SDK.

    `instrument()` takes `tracer_provider` and `meter_provider`, which default to the global providers, and every field
    of `chunkmeter.Settings`.
    """

    library = Library(
        name="Groq's SDK",
        distribution="groq",
        least=(0, 13),
        below=(2,),
        last="1.x",
        cure="Install 'groq>=0.13,<2', or see whether the calls' usage is on their spans.",
    )
    install = staticmethod(partial(install, SDK))
