"""Together's SDK, 2.0 to 3.x, which Stainless has made: chat, completions, embeddings, transcriptions, images."""

from __future__ import annotations

from functools import partial

from ._library import Library, LibraryInstrumentor
from ._stainless import Sdk, install

__all__ = ["SDK", "TogetherInstrumentor"]

SDK = Sdk(
    package="together",
    provider="together",
    wires={
        "/chat/completions": "openai_chat",
        "/completions": "openai_completions",
        "/embeddings": "openai_embeddings",
        "/audio/transcriptions": "openai_transcription",
        "/audio/translations": "openai_transcription",
        "/images/generations": "openai_images",
    },
    clients={},
    untold=frozenset({"openai_chat", "openai_completions"}),
)


class TogetherInstrumentor(LibraryInstrumentor):
    """Meters the calls of Together's SDK.

    `instrument()` takes `tracer_provider` and `meter_provider`, which default to the global providers, and every field
    of `chunkmeter.Settings`.
    """

    library = Library(
        name="Together's SDK",
        distribution="together",
        least=(2,),
        below=(4,),
        last="3.x",
        cure="Install 'together>=2,<4': 1.x is another library by the same name.",
        declines=True,
    )
    install = staticmethod(partial(install, SDK))
