"""The folder of recorded streams: where it lies, what its index says, and which wire each family of bodies speaks."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from support import ROOT

__all__ = ["FOLDERS", "WIRES", "Stream", "parser", "recorded"]

Stream = dict[str, Any]
FOLDERS = (ROOT.parent / "shared" / "corpus", ROOT.parent / "shared" / "corpus-2")
"""Where recorded streams may lie, unless a folder is named."""

WIRES = {
    "anthropic": "anthropic_messages",
    "anthropic_complete": "anthropic_complete",
    "assistants": "openai_assistants",
    "chat": "openai_chat",
    "cohere_v1": "cohere",
    "cohere_v2": "cohere",
    "completions": "openai_completions",
    "converse": "bedrock_converse",
    "google": "google_generate_content",
    "google_interactions": "google_interactions",
    "invoke": "bedrock_invoke",
    "ollama": "ollama",
    "responses": "openai_responses",
    "tgi": "tgi",
    "transcription": "openai_transcription",
    "watsonx": "watsonx",
}
# What a line of the index may lack.
_UNKNOWN: Stream = {
    "family": None, "url_path": "", "request": None, "status": 200, "truth": {}, "features": [],
    "suspect_synthetic": False,
}  # fmt: skip


def parser(program: str | None, default: Path | None) -> argparse.ArgumentParser:
    """Of a program's command line, with the folder, `default` if none is named; `program` is its docstring."""
    made = argparse.ArgumentParser(description=(program or "").partition("\n")[0])
    made.add_argument(
        "--corpus", type=Path, default=default, metavar="DIR", help="default: %(default)s" if default else "one alone"
    )
    return made


def recorded(folder: Path) -> list[Stream]:
    """What the index says of each stream; nothing where there is no folder, which is said."""
    index = folder / "index.jsonl"
    if not index.is_file():
        print(f"No recorded streams at {folder}: nothing to check.")
        return []
    return [{**_UNKNOWN, **json.loads(line)} for line in index.read_text("utf-8").splitlines() if line.strip()]
