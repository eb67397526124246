"""Prices worked out by hand from the providers' lists, one call a row: what the bundled table makes of each.

Where the published price is another one the row says so, and fails when the table is mended.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from chunkmeter import Unpriced, Usage, price
from support import ROOT
from support.price_lists import (
    ANTHROPIC,
    AT,
    AZURE,
    BEDROCK,
    CLOUDFLARE,
    COHERE,
    DEEPSEEK,
    FIREWORKS,
    GOOGLE,
    GROQ,
    MISTRAL,
    MOONSHOT,
    OPENAI,
    OPENROUTER,
    PERPLEXITY,
    TOGETHER,
    VERTEX,
    XAI,
    ZAI,
    Case,
)  # fmt: skip
from support.usage import tokens

DIFFER = ROOT / "docs" / "prices-differ.md"


def utc(month: int, day: int, hour: int = 12, minute: int = 0, *, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def heard(input_tokens: int, audio_in: int, output_tokens: int, audio_out: int = 0, cached: int | None = None) -> Usage:
    return Usage(
        input_tokens=input_tokens,
        cached_tokens=cached,
        input_audio_tokens=audio_in,
        output_tokens=output_tokens,
        output_audio_tokens=audio_out,
    )


CASES = [
    # --- OpenAI, in / cached / out ---
    # gpt-4o 2.50 / 1.25 / 10: 1000 * 2.50 + 100 * 10 = 2500 + 1000
    Case(OPENAI, "openai", "gpt-4o", tokens(1000, 100), "3500"),
    # Cached tokens lie inside the input: 600 * 2.50 + 400 * 1.25 + 100 * 10 = 1500 + 500 + 1000
    Case(OPENAI, "openai", "gpt-4o-2024-08-06", tokens(1000, 100, 400), "3000"),
    # Cached altogether: 1000 * 1.25 + 100 * 10
    Case(OPENAI, "openai", "gpt-4o", tokens(1000, 100, 1000), "2250"),
    # Priority 4.25 / 2.125 / 17: 600 * 4.25 + 400 * 2.125 + 100 * 17 = 2550 + 850 + 1700
    Case(OPENAI, "openai", "gpt-4o", tokens(1000, 100, 400), "5100", "priority"),
    # Batch 1.25 / - / 5, and cached tokens as outside of batches: 600 * 1.25 + 400 * 1.25 + 100 * 5
    Case(OPENAI, "openai", "gpt-4o", tokens(1000, 100, 400), "1750", "batch"),
    # The first gpt-4o, 5 / - / 15, without a price for cached tokens: 1000 * 5 + 100 * 15
    Case(OPENAI, "openai", "gpt-4o-2024-05-13", tokens(1000, 100, 400), "6500"),
    # chatgpt-4o-latest 5 / - / 15: 1000 * 5 + 100 * 15
    Case(OPENAI, "openai", "chatgpt-4o-latest", tokens(1000, 100), "6500"),
    # gpt-4o-mini 0.15 / 0.075 / 0.60: 31 * 0.15 + 8 * 0.60 = 4.65 + 4.80
    Case(OPENAI, "openai", "gpt-4o-mini-2024-07-18", tokens(31, 8), "9.45"),
    # Batch 0.075 / - / 0.30: 1000 * 0.075 + 100 * 0.30
    Case(OPENAI, "openai", "gpt-4o-mini", tokens(1000, 100), "105", "batch"),
    # gpt-4.1 2 / 0.50 / 8: 100 * 2 + 100 * 8
    Case(OPENAI, "openai", "gpt-4.1", tokens(100, 100), "1000"),
    # gpt-4.1-mini 0.40 / 0.10 / 1.60: 400 * 0.40 + 600 * 0.10 + 100 * 1.60 = 160 + 60 + 160
    Case(OPENAI, "openai", "gpt-4.1-mini", tokens(1000, 100, 600), "380"),
    # gpt-4.1-nano 0.10 / 0.025 / 0.40: 22 * 0.10 + 5 * 0.40
    Case(OPENAI, "openai", "gpt-4.1-nano", tokens(22, 5), "4.2"),
    # gpt-4 30 / - / 60, cached tokens cost what others do: 1000 * 30 + 100 * 60
    Case(OPENAI, "openai", "gpt-4", tokens(1000, 100, 400), "36000"),
    # gpt-3.5-turbo 0.50 / - / 1.50: 1000 * 0.50 + 100 * 1.50
    Case(OPENAI, "openai", "gpt-3.5-turbo-0125", tokens(1000, 100), "650"),
    # o1 15 / 7.50 / 60: 50 * 15 + 50 * 7.50 + 10 * 60 = 750 + 375 + 600
    Case(OPENAI, "openai", "o1", tokens(100, 10, 50), "1725"),
    # o4-mini 1.10 / 0.275 / 4.40, reasoning is output and counted in it: 1000 * 1.10 + 500 * 4.40
    Case(OPENAI, "openai", "o4-mini", Usage(input_tokens=1000, output_tokens=500, reasoning_tokens=400), "3300"),
    # o3 10 / 2.50 / 40 until 2025-06-09: 1000 * 10 + 100 * 40
    Case(OPENAI, "openai", "o3", tokens(1000, 100), "14000", at=utc(6, 9, 23, 59, year=2025)),
    # ... the table has the later price of cached tokens: 600 * 10 + 400 * 0.50 + 4000, published 400 * 2.50
    Case(OPENAI, "openai", "o3", tokens(1000, 100, 400), "10200", at=utc(6, 9, year=2025), published="11000"),
    # ... since 2025-06-10 2 / 0.50 / 8: 1000 * 2 + 100 * 8
    Case(OPENAI, "openai", "o3", tokens(1000, 100), "2800", at=utc(6, 10, 0, year=2025)),
    Case(OPENAI, "openai", "o3", tokens(10, 1000), "8020"),
    # ... flex 1 / 0.25 / 4: 600 * 1 + 400 * 0.25 + 100 * 4
    Case(OPENAI, "openai", "o3", tokens(1000, 100, 400), "1100", "flex"),
    # ... priority 3.50 / 0.875 / 14: 600 * 3.50 + 400 * 0.875 + 100 * 14 = 2100 + 350 + 1400
    Case(OPENAI, "openai", "o3", tokens(1000, 100, 400), "3850", "priority"),
    # gpt-5 1.25 / 0.125 / 10: 600 * 1.25 + 400 * 0.125 + 100 * 10 = 750 + 50 + 1000
    Case(OPENAI, "openai", "gpt-5", tokens(1000, 100, 400), "1800"),
    # ... the default tier is no tier
    Case(OPENAI, "openai", "gpt-5", tokens(1000, 100, 400), "1800", "default"),
    Case(OPENAI, "openai", "gpt-5", tokens(1000, 100, 400), "1800", "unheard-of", unpriced=("tier:unheard-of",)),
    # ... flex is half: 0.625 / 0.0625 / 5
    Case(OPENAI, "openai", "gpt-5", tokens(1000, 100, 400), "900", "flex"),
    # ... priority is double: 2.50 / 0.25 / 20
    Case(OPENAI, "openai", "gpt-5", tokens(1000, 100, 400), "3600", "priority"),
    # ... batch is half
    Case(OPENAI, "openai", "gpt-5", tokens(1000, 100, 400), "900", "batch"),
    # ... the table knows no tiers before October 2026, though there were: the standard price, published half and double
    Case(
        OPENAI, "openai", "gpt-5", tokens(1000, 100, 400), "1800", "flex", at=utc(1, 1), published="900",
        unpriced=("tier:flex",),
    ),
    Case(
        OPENAI, "openai", "gpt-5", tokens(1000, 100, 400), "1800", "priority", at=utc(1, 1), published="3600",
        unpriced=("tier:priority",),
    ),
    Case(
        OPENAI, "openai", "gpt-5", tokens(1000, 100, 400), "1800", "batch", at=utc(1, 1), published="900",
        unpriced=("tier:batch",),
    ),
    # gpt-5-mini, priority 0.45 / 0.045 / 3.60: 1000 * 0.45 + 100 * 3.60
    Case(OPENAI, "openai", "gpt-5-mini", tokens(1000, 100), "810", "priority"),
    # gpt-5.4 2.50 / 0.25 / 15 up to 272,000: 272000 * 2.50 + 100 * 15
    Case(OPENAI, "openai", "gpt-5.4", tokens(272_000, 100), "681500"),
    # ... above, the whole call has 5 / 0.50 / 22.50: 272001 * 5 + 100 * 22.50
    Case(OPENAI, "openai", "gpt-5.4", tokens(272_001, 100), "1362255"),
    # gpt-5.5 above 272,000 10 / 1 / 45: 200000 * 10 + 100000 * 1 + 100 * 45
    Case(OPENAI, "openai", "gpt-5.5", tokens(300_000, 100, 100_000), "2104500"),
    # gpt-5.6-sol 4 / 0.40 / 20, written 5: 500 * 4 + 500 * 5 + 10 * 20
    Case(OPENAI, "openai", "gpt-5.6-sol", tokens(1000, 10, None, 500), "4700"),
    # ... 5 / 0.50 / 30, written 6.25, until 2026-08-20: 500 * 5 + 500 * 6.25 + 10 * 30
    Case(OPENAI, "openai", "gpt-5.6-sol", tokens(1000, 10, None, 500), "5925", at=utc(8, 20)),
    # A fine-tuned gpt-4o-mini 0.30 / 0.15 / 1.20, whatever its owner called it: 1000 * 0.30 + 100 * 1.20
    Case(OPENAI, "openai", "ft:gpt-4o-mini-2024-07-18:acme::abc123", tokens(1000, 100), "420"),
    # ... cached tokens have no price in the table; published 600 * 0.30 + 400 * 0.15 + 120 = 180 + 60 + 120
    Case(OPENAI, "openai", "ft:gpt-4o-mini-2024-07-18:acme::abc123", tokens(1000, 100, 400), "420", published="360"),
    # A fine-tuned gpt-4o 3.75 / 1.875 / 15: 1000 * 3.75 + 100 * 15
    Case(OPENAI, "openai", "ft:gpt-4o-2024-08-06:acme::abc123", tokens(1000, 100), "5250"),
    # ... cached tokens have no price in the table; published 600 * 3.75 + 400 * 1.875 + 1500 = 2250 + 750 + 1500
    Case(OPENAI, "openai", "ft:gpt-4o-2024-08-06:acme::abc123", tokens(1000, 100, 400), "5250", published="4500"),
    # A fine-tuned gpt-3.5-turbo 3 / - / 6: 1000 * 3 + 100 * 6
    Case(OPENAI, "openai", "ft:gpt-3.5-turbo-0125:acme::abc123", tokens(1000, 100), "3600"),
    # gpt-realtime 4 in, 32 audio in, 16 out, 64 audio out: 900 * 4 + 100 * 32 + 80 * 16 + 20 * 64
    Case(OPENAI, "openai", "gpt-realtime", heard(1000, 100, 100, 20), "9360"),
    # ... cached text 0.40, cached audio 0.40; of 1,000 at least 300 are both: 200 * 0.40 + 300 * 0.40 + 500 * 32
    Case(OPENAI, "openai", "gpt-realtime", heard(1000, 800, 0, 0, 500), "16200"),
    # gpt-audio 2.50 in, 32 audio in, 10 out, 64 audio out: 80 * 2.50 + 20 * 32 + 40 * 10 + 10 * 64
    Case(OPENAI, "openai", "gpt-audio", heard(100, 20, 50, 10), "1880"),
    # gpt-4o-audio-preview: the table has 2.50 in, 10 out, 100 * 2.50 + 50 * 10;
    #   published 40 audio in, 80 audio out, 80 * 2.50 + 20 * 40 + 40 * 10 + 10 * 80
    Case(OPENAI, "openai", "gpt-4o-audio-preview", heard(100, 20, 50, 10), "750", published="2200"),
    # gpt-4o-mini-audio-preview: the table has 0.15 in, 0.60 out, 100 * 0.15 + 50 * 0.60;
    #   published 10 audio in, 20 audio out, 80 * 0.15 + 20 * 10 + 40 * 0.60 + 10 * 20 = 12 + 200 + 24 + 200
    Case(OPENAI, "openai", "gpt-4o-mini-audio-preview", heard(100, 20, 50, 10), "45", published="436"),
    # gpt-4o-transcribe 6 audio in, 10 out: 37 * 6 + 10 * 10
    Case(OPENAI, "openai", "gpt-4o-transcribe", heard(37, 37, 10), "322"),
    # gpt-image-1 5 text in, 10 image in, 40 out: 400 * 5 + 600 * 10 + 100 * 40
    Case(
        OPENAI, "openai", "gpt-image-1", Usage(input_tokens=1000, input_image_tokens=600, output_tokens=100), "12000"
    ),
    # Nothing used costs nothing, which is not the same as no cost.
    Case(OPENAI, "openai", "gpt-4o", tokens(0, 0, 0), "0"),
    # --- Azure, OpenAI's prices ---
    # 1000 * 2.50 + 100 * 10
    Case(AZURE, "azure.ai.openai", "gpt-4o", tokens(1000, 100), "3500"),
    # 100 * 0.15 + 100 * 0.60
    Case(AZURE, "azure", "gpt-4o-mini", tokens(100, 100), "75"),
    # gpt-3.5-turbo as Azure spells it: 1000 * 0.50 + 100 * 1.50
    Case(AZURE, "azure_openai", "gpt-35-turbo", tokens(1000, 100), "650"),
    # o4-mini 1.10 / 0.275 / 4.40: 600 * 1.10 + 400 * 0.275 + 100 * 4.40 = 660 + 110 + 440
    Case(AZURE, "azure.ai.openai", "o4-mini-2025-04-16", tokens(1000, 100, 400), "1210"),
    # --- Anthropic, in / read / written for 5 minutes / for an hour / out; the input includes all of them here ---
    # claude-sonnet-4-5 3 / 0.30 / 3.75 / 6 / 15: 12 * 3 + 2048 * 0.30 + 600 * 3.75 + 400 * 6 + 57 * 15
    #   = 36 + 614.4 + 2250 + 2400 + 855
    Case(ANTHROPIC, "anthropic", "claude-sonnet-4-5-20250929", tokens(3060, 57, 2048, 1000, 400), "6155.4"),
    # ... 5-minute writes alone: 500 * 3 + 500 * 3.75 + 10 * 15
    Case(ANTHROPIC, "anthropic", "claude-sonnet-4-5", tokens(1000, 10, None, 500), "3525"),
    # ... 1-hour writes alone: 500 * 3 + 500 * 6 + 10 * 15
    Case(ANTHROPIC, "anthropic", "claude-sonnet-4-5", tokens(1000, 10, 0, 500, 500), "4650"),
    # ... 200,000 tokens in are not yet over the cliff: 200000 * 3 + 100 * 15
    Case(ANTHROPIC, "anthropic", "claude-sonnet-4-5", tokens(200_000, 100), "601500"),
    # ... one more is, and all of them cost 6, those out 22.50: 200001 * 6 + 100 * 22.50
    Case(ANTHROPIC, "anthropic", "claude-sonnet-4-5", tokens(200_001, 100), "1202256"),
    # ... cached tokens count for the cliff: 1 * 6 + 200000 * 0.60 + 100 * 22.50
    Case(ANTHROPIC, "anthropic", "claude-sonnet-4-5", tokens(200_001, 100, 200_000), "122256"),
    # ... and what is written for an hour costs 12: 249000 * 6 + 1000 * 12 + 100 * 22.50
    Case(ANTHROPIC, "anthropic", "claude-sonnet-4-5", tokens(250_000, 100, 0, 1000, 1000), "1508250"),
    # ... batch is half: 1000 * 1.50 + 100 * 7.50
    Case(ANTHROPIC, "anthropic", "claude-sonnet-4-5", tokens(1000, 100), "2250", "batch"),
    # ... the table knows no batches before 2026-10-14, though they were half then too: 1000 * 3 + 100 * 15
    Case(
        ANTHROPIC, "anthropic", "claude-sonnet-4-5", tokens(1000, 100), "4500", "batch",
        at=utc(1, 1), published="2250", unpriced=("tier:batch",),
    ),
    # claude-sonnet-4: above 200,000 the published price was that of claude-sonnet-4-5, 300000 * 6 + 100 * 22.50;
    #   the table has no cliff: 300000 * 3 + 100 * 15
    Case(
        ANTHROPIC, "anthropic", "claude-sonnet-4-20250514", tokens(300_000, 100), "901500",
        at=utc(12, 1, year=2025), published="1802250",
    ),
    # claude-opus-4-6 10 in, 37.50 out above 200,000 until 2026-03-12: 300000 * 10 + 100 * 37.50
    Case(ANTHROPIC, "anthropic", "claude-opus-4-6", tokens(300_000, 100), "3003750", at=utc(3, 12)),
    # ... 5 in, 25 out at any length since: 300000 * 5 + 100 * 25
    Case(ANTHROPIC, "anthropic", "claude-opus-4-6", tokens(300_000, 100), "1502500", at=utc(3, 13)),
    # ... held in the United States 1.1 times as much: 1000 * 5.50 + 100 * 27.50
    Case(ANTHROPIC, "anthropic", "claude-opus-4-6", tokens(1000, 100), "8250", region="us"),
    # claude-opus-4-8 5 / 0.50 / 6.25 / 10 / 25: 600 * 5 + 400 * 0.50 + 100 * 25
    Case(ANTHROPIC, "anthropic", "claude-opus-4-8", tokens(1000, 100, 400), "5700"),
    # ... fast 10 / 1 / 12.50 / 20 / 50: 600 * 10 + 400 * 1 + 100 * 50
    Case(ANTHROPIC, "anthropic", "claude-opus-4-8", tokens(1000, 100, 400), "11400", "fast"),
    # ... batch 2.50 / 0.25 / - / - / 12.50: 600 * 2.50 + 400 * 0.25 + 100 * 12.50
    Case(ANTHROPIC, "anthropic", "claude-opus-4-8", tokens(1000, 100, 400), "2850", "batch"),
    # claude-opus-4-1 15 / 1.50 / 18.75 / 30 / 75: 100 * 15 + 500 * 1.50 + 300 * 18.75 + 100 * 30 + 100 * 75
    #   = 1500 + 750 + 5625 + 3000 + 7500
    Case(ANTHROPIC, "anthropic", "claude-opus-4-1-20250805", tokens(1000, 100, 500, 400, 100), "18375"),
    # claude-opus-4-5 5 in, 25 out: 1000 * 5 + 100 * 25
    Case(ANTHROPIC, "anthropic", "claude-opus-4-5-20251101", tokens(1000, 100), "7500"),
    # claude-3-5-sonnet-latest 3 in, 15 out: 1000 * 3 + 100 * 15
    Case(ANTHROPIC, "anthropic", "claude-3-5-sonnet-latest", tokens(1000, 100), "4500"),
    # claude-haiku-4-5 1 / 0.10 / 1.25 / 2 / 5: 100 * 1 + 900 * 0.10 + 20 * 5
    Case(ANTHROPIC, "anthropic", "claude-haiku-4-5", tokens(1000, 20, 900), "290"),
    # claude-3-5-haiku-latest 0.80 / 0.08 / 1 / 1.60 / 4: 500 * 0.80 + 500 * 0.08 + 100 * 4
    Case(ANTHROPIC, "anthropic", "claude-3-5-haiku-latest", tokens(1000, 100, 500), "840"),
    # claude-3-haiku 0.25 / 0.03 / 0.30 / 0.50 / 1.25: 100 * 0.25 + 400 * 0.03 + 300 * 0.30 + 200 * 0.50 + 100 * 1.25
    #   = 25 + 12 + 90 + 100 + 125
    Case(ANTHROPIC, "anthropic", "claude-3-haiku-20240307", tokens(1000, 100, 400, 500, 200), "352"),
    # --- Google, in / cached / out ---
    # gemini-2.5-flash 0.30 / 0.03 / 2.50: 552 * 0.30 + 2048 * 0.03 + 72 * 2.50 = 165.6 + 61.44 + 180
    Case(GOOGLE, "google", "gemini-2.5-flash", tokens(2600, 72, 2048), "407.04"),
    # ... without a word about cached tokens: 1000 * 0.30 + 100 * 2.50
    Case(GOOGLE, "google", "models/gemini-2.5-flash", tokens(1000, 100), "550"),
    # ... thoughts are output: 100 * 0.30 + 1000 * 2.50
    Case(
        GOOGLE, "gemini", "gemini-2.5-flash", Usage(input_tokens=100, output_tokens=1000, reasoning_tokens=900), "2530"
    ),
    # ... audio in 1: 600 * 0.30 + 400 * 1 + 10 * 2.50
    Case(GOOGLE, "google", "gemini-2.5-flash", heard(1000, 400, 10), "605"),
    # ... with cached text: 300 * 0.30 + 400 * 0.03 + 300 * 1 + 10 * 2.50
    Case(GOOGLE, "google", "gemini-2.5-flash", heard(1000, 300, 10, 0, 400), "427"),
    # ... 900 cached and 300 audio of 1,000 are 200 both at least, which cost 0.10:
    #   700 * 0.03 + 200 * 0.10 + 100 * 1 + 10 * 2.50
    Case(GOOGLE, "google", "gemini-2.5-flash", heard(1000, 300, 10, 0, 900), "166"),
    # ... batch 0.15 in, 1.25 out, cached tokens as outside of batches: 600 * 0.15 + 400 * 0.03 + 100 * 1.25
    Case(GOOGLE, "google", "gemini-2.5-flash", tokens(1000, 100, 400), "227", "batch"),
    # gemini-2.5-flash-lite 0.10 / 0.01 / 0.40, audio in 0.30: 600 * 0.10 + 400 * 0.30 + 100 * 0.40
    Case(GOOGLE, "google", "gemini-2.5-flash-lite", heard(1000, 400, 100), "220"),
    # gemini-2.5-flash-image 0.30 in, 2.50 out, 30 for images out, of which one is 1,290 tokens:
    #   16 * 0.30 + 17 * 2.50 + 1290 * 30 = 4.8 + 42.5 + 38700
    Case(
        GOOGLE, "google", "gemini-2.5-flash-image",
        Usage(input_tokens=16, output_tokens=1307, output_image_tokens=1290), "38747.3",
    ),
    # gemini-3-pro-image-preview 2 in, 12 out, 120 for images out: 100 * 2 + 100 * 12 + 1120 * 120
    Case(
        GOOGLE, "google", "gemini-3-pro-image-preview",
        Usage(input_tokens=100, output_tokens=1220, output_image_tokens=1120), "135800",
    ),
    # gemini-2.5-pro 1.25 / 0.125 / 10 up to 200,000: 200000 * 1.25 + 100 * 10
    Case(GOOGLE, "google", "gemini-2.5-pro", tokens(200_000, 100), "251000"),
    # ... above 2.50 / 0.25 / 15: 200001 * 2.50 + 100 * 15
    Case(GOOGLE, "google", "gemini-2.5-pro", tokens(200_001, 100), "501502.5"),
    Case(GOOGLE, "google", "gemini-2.5-pro", tokens(300_000, 100), "751500"),
    # ... 200000 * 2.50 + 100000 * 0.25 + 100 * 15
    Case(GOOGLE, "google", "gemini-2.5-pro", tokens(300_000, 100, 100_000), "526500"),
    # ... batch 0.625 in, 5 out: 1000 * 0.625 + 100 * 5
    Case(GOOGLE, "google", "gemini-2.5-pro", tokens(1000, 100), "1125", "batch"),
    # gemini-3-pro-preview above 200,000 4 in, 18 out: 250000 * 4 + 100 * 18
    Case(GOOGLE, "google", "gemini-3-pro-preview", tokens(250_000, 100), "1001800"),
    # gemini-1.5-pro 1.25 in, 5 out up to 128,000: 128000 * 1.25 + 100 * 5
    Case(GOOGLE, "google", "gemini-1.5-pro", tokens(128_000, 100), "160500"),
    # ... above 2.50 in, 10 out: 128001 * 2.50 + 100 * 10
    Case(GOOGLE, "google", "gemini-1.5-pro", tokens(128_001, 100), "321002.5"),
    # gemini-1.5-flash 0.075 / 0.01875 / 0.30: 600 * 0.075 + 400 * 0.01875 + 100 * 0.30 = 45 + 7.5 + 30
    Case(GOOGLE, "google", "gemini-1.5-flash", tokens(1000, 100, 400), "82.5"),
    # gemini-live-2.5-flash audio in 3, audio out 12: 1000 * 3 + 100 * 12
    Case(GOOGLE, "google", "gemini-live-2.5-flash", heard(1000, 1000, 100, 100), "4200"),
    # --- Vertex AI ---
    # gemini-2.5-flash costs what it does at Google's other API
    Case(VERTEX, "gcp.vertex_ai", "gemini-2.5-flash", tokens(2600, 72, 2048), "407.04"),
    # gemini-2.0-flash does not: the table has that API's 0.10 in, 0.40 out, 1000 * 0.10 + 100 * 0.40;
    #   published 0.15 in, 0.60 out, 1000 * 0.15 + 100 * 0.60
    Case(VERTEX, "vertex_ai", "gemini-2.0-flash", tokens(1000, 100), "140", published="210"),
    # ... and its experimental version cost nothing there; the table has the Gemini API's price of its successor
    Case(VERTEX, "vertex_ai", "gemini-2.0-flash-exp", tokens(1000, 100), "140", published="0"),
    # claude-sonnet-4-5 by Vertex' name, 3 in, 15 out: 1000 * 3 + 100 * 15
    Case(VERTEX, "vertex_ai", "claude-sonnet-4-5@20250929", tokens(1000, 100), "4500"),
    # claude-haiku-4-5 1 / 0.10 / 1.25 / 2 / 5: 100 * 1 + 500 * 0.10 + 400 * 2 + 100 * 5
    Case(VERTEX, "vertex", "claude-haiku-4-5@20251001", tokens(1000, 100, 500, 400, 400), "1450"),
    # --- Amazon Bedrock, in / read / written / written for an hour / out ---
    # claude-3-5-sonnet 3 in, 15 out: 1000 * 3 + 100 * 15
    Case(BEDROCK, "bedrock", "anthropic.claude-3-5-sonnet-20240620-v1:0", tokens(1000, 100), "4500"),
    # claude-sonnet-4-5 in a region 3.30 / 0.33 / 4.125 / 6.60 / 16.50, 10 % dearer:
    #   300 * 3.30 + 400 * 0.33 + 300 * 4.125 + 100 * 16.50 = 990 + 132 + 1237.5 + 1650
    Case(BEDROCK, "aws.bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", tokens(1000, 100, 400, 300), "4009.5"),
    # ... 500 * 3.30 + 500 * 6.60
    Case(BEDROCK, "bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", tokens(1000, 0, 0, 500, 500), "4950"),
    # ... 1000 * 3.30 + 100 * 16.50
    Case(BEDROCK, "bedrock", "eu.anthropic.claude-sonnet-4-5-20250929-v1:0", tokens(1000, 100), "4950"),
    # ... anywhere 3 in, 15 out: 1000 * 3 + 100 * 15
    Case(BEDROCK, "bedrock", "global.anthropic.claude-sonnet-4-5-20250929-v1:0", tokens(1000, 100), "4500"),
    # ... above 200,000 published 6.60 in, 24.75 out, 300000 * 6.60 + 100 * 24.75;
    #   the table has no cliff: 300000 * 3.30 + 100 * 16.50
    Case(
        BEDROCK, "bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", tokens(300_000, 100), "991650",
        at=utc(12, 1, year=2025), published="1982475",
    ),
    # nova-pro 0.80 / 0.20 / - / - / 3.20: 600 * 0.80 + 400 * 0.20 + 100 * 3.20
    Case(BEDROCK, "bedrock", "amazon.nova-pro-v1:0", tokens(1000, 100, 400), "880"),
    # nova-lite 0.06 in, 0.24 out: 1000 * 0.06 + 100 * 0.24
    Case(BEDROCK, "bedrock", "us.amazon.nova-lite-v1:0", tokens(1000, 100), "84"),
    # nova-micro 0.035 in, 0.14 out: 1000 * 0.035 + 100 * 0.14
    Case(BEDROCK, "bedrock", "amazon.nova-micro-v1:0", tokens(1000, 100), "49"),
    # llama3-1-70b 0.72 in, 0.72 out: 1000 * 0.72 + 100 * 0.72
    Case(BEDROCK, "bedrock", "meta.llama3-1-70b-instruct-v1:0", tokens(1000, 100), "792"),
    # llama3-3-70b 0.72 in, 0.72 out
    Case(BEDROCK, "bedrock", "us.meta.llama3-3-70b-instruct-v1:0", tokens(1000, 100), "792"),
    # deepseek.r1 1.35 in, 5.40 out: 1000 * 1.35 + 100 * 5.40
    Case(BEDROCK, "bedrock", "us.deepseek.r1-v1:0", tokens(1000, 100), "1890"),
    # gpt-oss-120b 0.15 in, 0.60 out: 1000 * 0.15 + 100 * 0.60
    Case(BEDROCK, "bedrock", "openai.gpt-oss-120b-1:0", tokens(1000, 100), "210"),
    # mistral-large-2402 4 in, 12 out: 1000 * 4 + 100 * 12
    Case(BEDROCK, "bedrock", "mistral.mistral-large-2402-v1:0", tokens(1000, 100), "5200"),
    # Nova costs more in Europe and Asia; the table has the price of the United States: 1000 * 0.80 + 100 * 3.20,
    #   1000 * 0.06 + 100 * 0.24, 1000 * 0.035 + 100 * 0.14; published 1.05 / 4.20, 0.078 / 0.312, 0.046 / 0.184
    Case(BEDROCK, "bedrock", "eu.amazon.nova-pro-v1:0", tokens(1000, 100), "1120", published="1470"),
    Case(BEDROCK, "bedrock", "eu.amazon.nova-lite-v1:0", tokens(1000, 100), "84", published="109.2"),
    Case(BEDROCK, "bedrock", "eu.amazon.nova-micro-v1:0", tokens(1000, 100), "49", published="64.4"),
    # ... 0.84 / 3.36, 0.063 / 0.252, 0.037 / 0.148
    Case(BEDROCK, "bedrock", "apac.amazon.nova-pro-v1:0", tokens(1000, 100), "1120", published="1176"),
    Case(BEDROCK, "bedrock", "apac.amazon.nova-lite-v1:0", tokens(1000, 100), "84", published="88.2"),
    Case(BEDROCK, "bedrock", "apac.amazon.nova-micro-v1:0", tokens(1000, 100), "49", published="51.8"),
    # ... Nova 2 Lite 0.33 / 2.75 in any region; published 0.429 / 3.597 in Europe, 0.396 / 3.311 in Japan
    Case(BEDROCK, "bedrock", "eu.amazon.nova-2-lite-v1:0", tokens(1000, 100), "605", published="788.7"),
    Case(BEDROCK, "bedrock", "jp.amazon.nova-2-lite-v1:0", tokens(1000, 100), "605", published="727.1"),
    # --- xAI, in / cached / out ---
    # grok-3-mini 0.30 / 0.075 / 0.50: 23 * 0.30 + 4 * 0.075 + 144 * 0.50
    Case(XAI, "xai", "grok-3-mini", tokens(27, 144, 4), "79.2"),
    # ... a call that xAI itself charged 133.05 for: 1 * 0.30 + 290 * 0.075 + 222 * 0.50
    Case(XAI, "x_ai", "grok-3-mini", tokens(291, 222, 290), "133.05"),
    # grok-code-fast-1 0.20 / 0.02 / 1.50, charged 308.04: 21 * 0.20 + 192 * 0.02 + 200 * 1.50
    Case(XAI, "xai", "grok-code-fast-1", tokens(213, 200, 192), "308.04", at=utc(5, 14)),
    # ... whose name means grok-build-0.1 since 2026-05-15, 1 / 0.20 / 2: 1000 * 0.20 + 100 * 1.50, 1000 * 1 + 100 * 2
    Case(XAI, "xai", "grok-code-fast-1", tokens(1000, 100), "350", published="1200"),
    # grok-4-fast 0.20 / 0.05 / 0.50, charged 73.90: 1 * 0.20 + 164 * 0.05 + 131 * 0.50
    Case(XAI, "xai", "grok-4-fast-reasoning", tokens(165, 131, 164), "73.9"),
    # ... above 128,000 published 0.40 in, 1 out, 130000 * 0.40 + 100 * 1;
    #   the table has no cliff: 130000 * 0.20 + 100 * 0.50
    Case(XAI, "xai", "grok-4-fast-reasoning", tokens(130_000, 100), "26050", published="52100"),
    # grok-4 3 / 0.75 / 15: 600 * 3 + 400 * 0.75 + 100 * 15
    Case(XAI, "x-ai", "grok-4", tokens(1000, 100, 400), "3600"),
    # ... 128000 * 3 + 100 * 15
    Case(XAI, "xai", "grok-4-0709", tokens(128_000, 100), "385500"),
    # ... above 128,000 published 6 in, 30 out, 128001 * 6 + 100 * 30; the table has no cliff: 128001 * 3 + 100 * 15
    Case(XAI, "xai", "grok-4-0709", tokens(128_001, 100), "385503", published="771006"),
    # grok-4.3 1.25 / 0.20 / 2.50 below 200,000: 199999 * 1.25 + 100 * 2.50
    Case(XAI, "xai", "grok-4.3", tokens(199_999, 100), "250248.75"),
    # ... 2.50 / 0.40 / 5 from there on: 200000 * 2.50 + 100 * 5
    Case(XAI, "xai", "grok-4.3", tokens(200_000, 100), "500500"),
    # ... batch 1 / 0.16 / 2: 600 * 1 + 400 * 0.16 + 100 * 2
    Case(XAI, "xai", "grok-4.3", tokens(1000, 100, 400), "864", "batch"),
    # --- DeepSeek, in / cached / out ---
    # deepseek-chat 0.27 / 0.07 / 1.10, half of it from 16:30 to 00:30: 600 * 0.27 + 400 * 0.07 + 100 * 1.10
    #   = 162 + 28 + 110
    Case(DEEPSEEK, "deepseek", "deepseek-chat", tokens(1000, 100, 400), "300", at=utc(3, 1, 16, 29, year=2025)),
    Case(DEEPSEEK, "deepseek", "deepseek-chat", tokens(1000, 100, 400), "150", at=utc(3, 1, 16, 30, year=2025)),
    Case(DEEPSEEK, "deepseek", "deepseek-chat", tokens(1000, 100, 400), "150", at=utc(3, 2, 0, 29, year=2025)),
    Case(DEEPSEEK, "deepseek", "deepseek-chat", tokens(1000, 100, 400), "300", at=utc(3, 2, 0, 30, year=2025)),
    # deepseek-reasoner 0.55 / 0.14 / 2.19: 600 * 0.55 + 400 * 0.14 + 100 * 2.19 = 330 + 56 + 219
    Case(DEEPSEEK, "deepseek", "deepseek-reasoner", tokens(1000, 100, 400), "605", at=utc(3, 1, year=2025)),
    # ... a quarter in the same hours: 600 * 0.135 + 400 * 0.035 + 100 * 0.55 = 81 + 14 + 55
    Case(DEEPSEEK, "deepseek", "deepseek-reasoner", tokens(1000, 100, 400), "150", at=utc(3, 1, 20, year=2025)),
    # From 2025-09-29 on published 0.28 / 0.028 / 0.42 at any hour: 600 * 0.28 + 400 * 0.028 + 100 * 0.42;
    #   the table still has those of before
    Case(
        DEEPSEEK, "deepseek", "deepseek-chat", tokens(1000, 100, 400), "300",
        at=utc(10, 1, year=2025), published="221.2",
    ),
    Case(
        DEEPSEEK, "deepseek", "deepseek-chat", tokens(1000, 100, 400), "150",
        at=utc(10, 1, 20, year=2025), published="221.2",
    ),
    Case(
        DEEPSEEK, "deepseek", "deepseek-reasoner", tokens(1000, 100, 400), "605",
        at=utc(10, 1, year=2025), published="221.2",
    ),
    # deepseek-v4-flash 0.15 / 0.003 / 0.60: 600 * 0.15 + 400 * 0.003 + 100 * 0.60 = 90 + 1.2 + 60
    Case(DEEPSEEK, "deepseek", "deepseek-v4-flash", tokens(1000, 100, 400), "151.2"),
    # ... double from 01:00 to 04:00 and from 06:00 to 10:00, here on a Monday
    Case(DEEPSEEK, "deepseek", "deepseek-v4-flash", tokens(1000, 100, 400), "302.4", at=utc(11, 2, 3, 59)),
    Case(DEEPSEEK, "deepseek", "deepseek-v4-flash", tokens(1000, 100, 400), "151.2", at=utc(11, 2, 4, 0)),
    # ... but not at weekends, which the table does not know
    Case(
        DEEPSEEK, "deepseek", "deepseek-v4-flash", tokens(1000, 100, 400), "302.4", at=utc(11, 1, 2), published="151.2"
    ),
    # ... 0.14 / 0.0028 / 0.28 at any hour until 2026-08-16: 600 * 0.14 + 400 * 0.0028 + 100 * 0.28
    Case(DEEPSEEK, "deepseek", "deepseek-v4-flash", tokens(1000, 100, 400), "113.12", at=utc(6, 1)),
    # ... in the hours that are dear today the table takes today's price for that time too
    Case(
        DEEPSEEK, "deepseek", "deepseek-v4-flash", tokens(1000, 100, 400), "302.4", at=utc(6, 1, 2), published="113.12"
    ),
    # deepseek-v4-pro 0.66 / 0.022 / 1.98: 600 * 0.66 + 400 * 0.022 + 100 * 1.98 = 396 + 8.8 + 198
    Case(DEEPSEEK, "deepseek", "deepseek-v4-pro", tokens(1000, 100, 400), "602.8"),
    # ... double at the same hours, at weekends too by the table: 602.8 * 2
    Case(
        DEEPSEEK, "deepseek", "deepseek-v4-pro", tokens(1000, 100, 400), "1205.6", at=utc(11, 1, 2), published="602.8"
    ),
    # ... 0.435 / 0.87 until 2026-08-16, published 1000 * 0.435 + 100 * 0.87; the table 1000 * 1.32 + 100 * 3.96 in them
    Case(DEEPSEEK, "deepseek", "deepseek-v4-pro", tokens(1000, 100), "1716", at=utc(6, 1, 2), published="522"),
    # --- Groq, in / cached / out ---
    # llama-3.3-70b-versatile 0.59 / - / 0.79: 39 * 0.59 + 5 * 0.79 = 23.01 + 3.95
    Case(GROQ, "groq", "llama-3.3-70b-versatile", tokens(39, 5), "26.96"),
    # ... cached tokens cost what others do
    Case(GROQ, "groq", "llama-3.3-70b-versatile", tokens(39, 5, 30), "26.96"),
    # llama-3.1-8b-instant 0.05 / - / 0.08: 1000 * 0.05 + 100 * 0.08
    Case(GROQ, "groq", "llama-3.1-8b-instant", tokens(1000, 100), "58"),
    # gpt-oss-120b 0.15 / 0.075 / 0.60: 600 * 0.15 + 400 * 0.075 + 100 * 0.60
    Case(GROQ, "groq", "openai/gpt-oss-120b", tokens(1000, 100, 400), "180"),
    # ... batch is half, cached tokens as outside of batches: 600 * 0.075 + 400 * 0.075 + 100 * 0.30
    Case(GROQ, "groq", "openai/gpt-oss-120b", tokens(1000, 100, 400), "105", "batch"),
    # ... what Groq answers of a call without a tier
    Case(GROQ, "groq", "openai/gpt-oss-120b", tokens(1000, 100, 400), "180", "on_demand"),
    # kimi-k2-instruct-0905 1 / 0.50 / 3: 600 * 1 + 400 * 0.50 + 100 * 3
    Case(GROQ, "groq", "moonshotai/kimi-k2-instruct-0905", tokens(1000, 100, 400), "1100"),
    # --- Mistral ---
    # mistral-large-2512 0.50 in, 1.50 out: 1000 * 0.50 + 100 * 1.50
    Case(MISTRAL, "mistral", "mistral-large-2512", tokens(1000, 100), "650"),
    # ... batch is half: 1000 * 0.25 + 100 * 0.75
    Case(MISTRAL, "mistral", "mistral-large-2512", tokens(1000, 100), "325", "batch"),
    # mistral-large-latest is that model since 2025-12-02; the table has mistral-large-2411's price, 1000 * 2 + 100 * 6
    Case(MISTRAL, "mistral", "mistral-large-latest", tokens(1000, 100), "2600", published="650"),
    # mistral-small-latest 0.10 in, 0.30 out until 2026-03-15, 0.15 in, 0.60 out since
    Case(MISTRAL, "mistral_ai", "mistral-small-latest", tokens(1000, 100), "130", at=utc(3, 15)),
    Case(MISTRAL, "mistral_ai", "mistral-small-latest", tokens(1000, 100), "210", at=utc(3, 16)),
    # mistral-medium-latest 1.50 in, 7.50 out since 2026-06-16: 1000 * 1.50 + 100 * 7.50
    Case(MISTRAL, "mistral", "mistral-medium-latest", tokens(1000, 100), "2250"),
    # codestral-latest 0.30 in, 0.90 out: 1000 * 0.30 + 100 * 0.90
    Case(MISTRAL, "mistral", "codestral-latest", tokens(1000, 100), "390"),
    # ... cached tokens have no price in the table, published 0.03: 600 * 0.30 + 400 * 0.03 + 90 = 180 + 12 + 90
    Case(MISTRAL, "mistral", "codestral-latest", tokens(1000, 100, 400), "390", published="282"),
    # Names that mean Mistral Medium 3.5 by now, 1.50 in, 7.50 out: 1000 * 1.50 + 100 * 7.50; the table has 2 in, 5 out
    #   of Magistral Medium, 1000 * 2 + 100 * 5, and 0.40 in, 2 out of Mistral Medium 3.1, 1000 * 0.40 + 100 * 2
    Case(MISTRAL, "mistral", "magistral-medium-latest", tokens(1000, 100), "2500", published="2250"),
    Case(MISTRAL, "mistral", "mistral-medium", tokens(1000, 100), "600", published="2250"),
    # ... and Mistral Small 4, 0.15 in, 0.60 out: 1000 * 0.15 + 100 * 0.60; the table has 0.50 in, 1.50 out
    Case(MISTRAL, "mistral", "magistral-small-latest", tokens(1000, 100), "650", published="210"),
    # --- Cohere ---
    # command-a 2.50 in, 10 out: 1000 * 2.50 + 100 * 10
    Case(COHERE, "cohere", "command-a-03-2025", tokens(1000, 100), "3500"),
    # command-r-08-2024 0.15 in, 0.60 out: 1000 * 0.15 + 100 * 0.60
    Case(COHERE, "cohere", "command-r-08-2024", tokens(1000, 100), "210"),
    # command-r is command-r-03-2024, published 0.50 in, 1.50 out, 1000 * 0.50 + 100 * 1.50
    Case(COHERE, "cohere", "command-r", tokens(1000, 100), "210", published="650"),
    # command-r-plus is command-r-plus-04-2024, published 3 in, 15 out, 1000 * 3 + 100 * 15;
    #   the table has command-r-plus-08-2024's price, 1000 * 2.50 + 100 * 10
    Case(COHERE, "cohere", "command-r-plus", tokens(1000, 100), "3500", published="4500"),
    # command-r7b 0.0375 in, 0.15 out: 1000 * 0.0375 + 100 * 0.15
    Case(COHERE, "cohere", "command-r7b-12-2024", tokens(1000, 100), "52.5"),
    # --- Moonshot, in / cached / out ---
    # kimi-k2-0905-preview 0.60 / 0.15 / 2.50: 600 * 0.60 + 400 * 0.15 + 100 * 2.50
    Case(MOONSHOT, "moonshot", "kimi-k2-0905-preview", tokens(1000, 100, 400), "670"),
    # kimi-k2-turbo-preview 1.15 / 0.15 / 8: 600 * 1.15 + 400 * 0.15 + 100 * 8
    Case(MOONSHOT, "moonshot_ai", "kimi-k2-turbo-preview", tokens(1000, 100, 400), "1550"),
    # --- Perplexity, whose requests have a fee by how much context they ask for ---
    # sonar 1 in, 1 out: 1000 * 1 + 100 * 1; the request 5000, with most context 12000, which alone the table has
    Case(PERPLEXITY, "perplexity", "sonar", tokens(1000, 100), "1100", published="6100", unpriced=("request",)),
    Case(PERPLEXITY, "perplexity", "sonar", tokens(1000, 100), "13100", items={"request": 1}),
    # sonar-pro 3 in, 15 out: 1000 * 3 + 100 * 15; the request 6000, with most context 14000
    Case(PERPLEXITY, "perplexity", "sonar-pro", tokens(1000, 100), "4500", published="10500", unpriced=("request",)),
    Case(PERPLEXITY, "perplexity", "sonar-pro", tokens(1000, 100), "18500", items={"request": 1}),
    # --- others ---
    # Llama 3.3 70B Turbo 0.88 in, 0.88 out: 1000 * 0.88 + 100 * 0.88
    Case(TOGETHER, "together", "meta-llama/Llama-3.3-70B-Instruct-Turbo", tokens(1000, 100), "968"),
    # ... 1.04 when it was shut down: 1000 * 1.04 + 100 * 1.04
    Case(
        TOGETHER, "together", "meta-llama/Llama-3.3-70B-Instruct-Turbo", tokens(1000, 100), "968",
        at=utc(10, 21), published="1144",
    ),
    # gpt-oss-120b 0.15 in, 0.60 out: 1000 * 0.15 + 100 * 0.60
    Case(FIREWORKS, "fireworks", "accounts/fireworks/models/gpt-oss-120b", tokens(1000, 100), "210"),
    # glm-4.7 0.60 / 0.11 / 2.20: 600 * 0.60 + 400 * 0.11 + 100 * 2.20
    Case(ZAI, "zai", "glm-4.7", tokens(1000, 100, 400), "624"),
    # Llama 3.3 70B 0.293 in, 2.253 out: 1000 * 0.293 + 100 * 2.253
    Case(CLOUDFLARE, "cloudflare", "@cf/meta/llama-3.3-70b-instruct-fp8-fast", tokens(1000, 100), "518.3"),
    # claude-sonnet-4.5 3 / 0.30 / 15: 600 * 3 + 400 * 0.30 + 100 * 15
    Case(OPENROUTER, "openrouter", "anthropic/claude-sonnet-4.5", tokens(1000, 100, 400), "3420"),
    # LiteLLM names the upstream in front: gpt-4o-mini, 33 * 0.15 + 5 * 0.60
    Case(OPENAI, "litellm", "openai/gpt-4o-mini", tokens(33, 5), "7.95"),
    # ... Anthropic on Bedrock, regional: 1000 * 3.30 + 10 * 16.50
    Case(BEDROCK, "litellm", "bedrock/anthropic.claude-sonnet-4-5-20250929-v1:0", tokens(1000, 10), "3465"),
    # ... no upstream, so the model's name tells
    Case(OPENAI, "litellm", "gpt-4o-mini", tokens(33, 5), "7.95"),
    # --- what the provider returned goes first, also where it is nothing ---
    Case(OPENROUTER, "openrouter", "openai/gpt-4o", tokens(1000, 100), "0", provider_cost=0.0),
    Case(XAI, "xai", "grok-code-fast-1", tokens(1000, 100), "308.04", provider_cost=0.00030804),
    # 8 * 1 + 5 * 1 and the request, as Perplexity rounds it
    Case(PERPLEXITY, "perplexity", "sonar", tokens(8, 5), "5010", provider_cost=0.00501),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_price_is_what_is_worked_out_by_hand(case: Case) -> None:
    """To the last digit: `Decimal` inside."""
    priced = case.priced()
    assert priced.unpriced == case.unpriced
    assert priced.amount == Decimal(case.micro_usd) / 1_000_000
    assert priced.currency == "USD"
    if case.provider_cost is None:
        assert sum(priced.split.values()) == priced.amount
        assert (priced.source, priced.table) == ("local", "genai-prices")
        assert priced.version is not None
        assert priced.version.startswith("genai-prices 0.2.")
    else:
        assert (priced.source, priced.table, dict(priced.split)) == ("provider", "provider", {})


def test_where_the_table_differs_is_told() -> None:
    """Each row whose published price is another one has its model in the documentation."""
    told = DIFFER.read_text("utf-8")
    for case in CASES:
        if case.published is not None:
            assert Decimal(case.published) != Decimal(case.micro_usd)
            assert case.model.partition(":acme")[0] in told, case


def test_what_is_told_to_differ_has_a_call() -> None:
    """Each model that the documentation names, one by one."""
    held = [case.model for case in CASES if case.published is not None] + [model for _, model, _, _ in UNPRICED]
    rows = [line.split("|") for line in DIFFER.read_text("utf-8").splitlines() if line.startswith("| ")]
    named = [name for row in rows for name in re.findall("`([^`]+)`", row[2])]
    assert len(named) > 40
    assert [name for name in named if not any(model.startswith(name) for model in held)] == []


UNPRICED = [
    # Published 3 in, 12 out; the table has no fine-tuned gpt-4.1
    ("openai", "ft:gpt-4.1-2025-04-14:acme::abc123", tokens(1000, 100), "unknown_model"),
    # ... published 0.80 in, 3.20 out
    ("openai", "ft:gpt-4.1-mini-2025-04-14:acme::abc123", tokens(1000, 100), "unknown_model"),
    # ... published 0.20 in, 0.80 out
    ("openai", "ft:gpt-4.1-nano-2025-04-14:acme::abc123", tokens(1000, 100), "unknown_model"),
    # Published 0.10 in and out, of Ministral 3 3B; the table has that model by its version's name alone
    ("mistral", "ministral-3b-latest", tokens(1000, 100), "unknown_model"),
    # A deployment's name says nothing of what runs there
    ("azure.ai.openai", "my-deployment", tokens(1000, 100), "unknown_model"),
    # What runs on one's own machine has no list price
    ("ollama", "llama3", tokens(1000, 100), "unknown_model"),
    # An alias whose price depends on the length of its input
    ("moonshot", "kimi-latest", tokens(1000, 100), "unknown_model"),
    # A model of one provider may cost something else at another
    ("groq", "gpt-4o", tokens(1000, 100), "unknown_model"),
    # A part is more than its whole
    ("openai", "gpt-4o", tokens(1000, 100, 1001), "impossible_usage"),
    ("anthropic", "claude-sonnet-4-5", tokens(1000, 100, 600, 401), "impossible_usage"),
    # Nothing said
    ("openai", "gpt-4o", Usage(), "no_usage"),
]


@pytest.mark.parametrize(("provider", "model", "usage", "reason"), UNPRICED)
def test_no_price_is_none(provider: str, model: str, usage: Usage, reason: str) -> None:
    """And never 0."""
    answer = price(usage, model=model, provider=provider, at=AT)
    assert isinstance(answer, Unpriced)
    assert answer.reason == reason
