"""Bills worked out by hand from the providers' lists: fees beside tokens, and models inside a call."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from chunkmeter import Usage, price
from chunkmeter.pricing import IMPOSSIBLE, UNKNOWN_MODEL, Inner
from support.price_lists import ANTHROPIC, AT, AZURE, GOOGLE, GROQ, META, MISTRAL, OPENAI, PERPLEXITY, Case, PriceList
from support.usage import tokens


def Bill(  # noqa: N802 -- a case, in the order in which bills are written
    listed: PriceList,
    provider: str,
    model: str,
    usage: Usage | None,
    items: Mapping[str, float],
    micro_usd: str,
    unpriced: tuple[str, ...] = (),
    **more: Any,
) -> Case:
    return Case(listed, provider, model, usage, micro_usd, items=items, unpriced=unpriced, **more)  # fmt: skip


def inner(input_tokens: int, output_tokens: int, model: str | None = None) -> Inner:
    return Inner(tokens(input_tokens, output_tokens), model)


BILLS = [
    # --- OpenAI: searches of the web 10 a thousand, of files 2.50 a thousand ---
    # gpt-5 1.25 / 10: 8000 * 1.25 + 500 * 10 = 15_000, and 2 * 10_000
    Bill(OPENAI, "openai", "gpt-5", tokens(8000, 500), {"web_search": 2}, "35000"),
    # ... 4 searches of files: 15_000 + 4 * 2500
    Bill(OPENAI, "openai", "gpt-5", tokens(8000, 500), {"file_search": 4}, "25000"),
    # ... both: 15_000 + 20_000 + 10_000
    Bill(OPENAI, "openai", "gpt-5", tokens(8000, 500), {"web_search": 2, "file_search": 4}, "45000"),
    # ... flex halves the tokens, not the fee: 4000 * 1.25 + 250 * 10 = 7500, and 10_000
    Bill(OPENAI, "openai", "gpt-5", tokens(8000, 500), {"web_search": 1}, "17500", tier="flex"),
    # gpt-5-mini 0.25 / 2: 1000 * 0.25 + 100 * 2 = 450, and 10_000
    Bill(OPENAI, "openai", "gpt-5-mini", tokens(1000, 100), {"web_search": 1}, "10450"),
    # gpt-5-nano 0.05 / 0.40: 1000 * 0.05 + 100 * 0.40 = 90, and 3 * 2500
    Bill(OPENAI, "openai", "gpt-5-nano", tokens(1000, 100), {"file_search": 3}, "7590"),
    # gpt-5.1 1.25 / 10: 1000 * 1.25 + 100 * 10 = 2250, and 5 * 10_000
    Bill(OPENAI, "openai", "gpt-5.1", tokens(1000, 100), {"web_search": 5}, "52250"),
    # gpt-5.4 2.50 / 15: 1000 * 2.50 + 100 * 15 = 4000, and 10_000
    Bill(OPENAI, "openai", "gpt-5.4", tokens(1000, 100), {"web_search": 1}, "14000"),
    # ... above 272,000 tokens in 5 / 22.50, the fee as ever: 300_000 * 5 + 100 * 22.50 = 1_502_250, and 10_000
    Bill(OPENAI, "openai", "gpt-5.4", tokens(300_000, 100), {"web_search": 1}, "1512250"),
    # gpt-6-sol 2 / 10: 1000 * 2 + 100 * 10 = 3000, and 2 * 10_000 + 2500
    Bill(OPENAI, "openai", "gpt-6-sol", tokens(1000, 100), {"web_search": 2, "file_search": 1}, "25500"),
    # gpt-6.1-sol 2 / 10: 3000, and 7 * 10_000
    Bill(OPENAI, "openai", "gpt-6.1-sol", tokens(1000, 100), {"web_search": 7}, "73000"),
    # gpt-4.1 2 / 8: 1000 * 2 + 100 * 8 = 2800, and 10_000
    Bill(OPENAI, "openai", "gpt-4.1", tokens(1000, 100), {"web_search": 1}, "12800"),
    # gpt-4.1-mini 0.40 / 1.60: 560, and 2 * 2500
    Bill(OPENAI, "openai", "gpt-4.1-mini", tokens(1000, 100), {"file_search": 2}, "5560"),
    # gpt-4o 2.50 / 10: 3500, and 10_000
    Bill(OPENAI, "openai", "gpt-4o", tokens(1000, 100), {"web_search": 1}, "13500"),
    # gpt-4o-mini 0.15 / 0.60: 210, and 10_000
    Bill(OPENAI, "openai", "gpt-4o-mini", tokens(1000, 100), {"web_search": 1}, "10210"),
    # o3 2 / 8: 2800, and 4 * 10_000
    Bill(OPENAI, "openai", "o3", tokens(1000, 100), {"web_search": 4}, "42800"),
    # o4-mini 1.10 / 4.40: 1540, and 10_000
    Bill(OPENAI, "openai", "o4-mini", tokens(1000, 100), {"web_search": 1}, "11540"),
    # o3-deep-research 10 / 40: 90_000 * 10 + 12_000 * 40 = 1_380_000, and 31 * 10_000
    Bill(OPENAI, "openai", "o3-deep-research", tokens(90_000, 12_000), {"web_search": 31}, "1690000"),
    # o4-mini-deep-research 2 / 8: 90_000 * 2 + 12_000 * 8 = 276_000, and 18 * 10_000
    Bill(OPENAI, "openai", "o4-mini-deep-research", tokens(90_000, 12_000), {"web_search": 18}, "456000"),
    # Azure searches with Bing, at a price of Bing's: 2250
    Bill(AZURE, "azure_openai", "gpt-5", tokens(1000, 100), {"web_search": 1}, "2250", ("web_search",)),
    # ... its searches of files cost what OpenAI's do: 2250, and 2 * 2500
    Bill(AZURE, "azure_openai", "gpt-5", tokens(1000, 100), {"file_search": 2}, "7250"),
    # A container has a price of 0.03 USD on the list, and none in the table: 2250
    Bill(OPENAI, "openai", "gpt-5", tokens(1000, 100), {"code_session": 1}, "2250", ("code_session",)),
    # gpt-4o-search-preview 2.50 / 10: its fee is not in the table
    Bill(OPENAI, "openai", "gpt-4o-search-preview", tokens(1000, 100), {"web_search": 1}, "3500", ("web_search",)),
    # An image's tool without a word on its model: 1000 * 1.25 + 100 * 10
    Bill(OPENAI, "openai", "gpt-5", tokens(1000, 100), {"image_generation": 1}, "2250", ("image_generation",)),
    # ... with one, gpt-image-1 5 / 40: 2250 + 50 * 5 + 1056 * 40
    Bill(
        OPENAI, "openai", "gpt-5", tokens(1050, 1156), {}, "44740",
        inner=(inner(1000, 100), inner(50, 1056, "gpt-image-1")),
    ),
    # --- OpenAI by the hour: whisper-1 0.36, gpt-transcribe 0.27 ---
    # 90 / 3600 * 0.36 = 0.009
    Bill(OPENAI, "openai", "whisper-1", None, {"audio_second": 90}, "9000"),
    # 12.5 / 3600 * 0.36 = 0.00125
    Bill(OPENAI, "openai", "whisper-1", None, {"audio_second": 12.5}, "1250"),
    # 3600 / 3600 * 0.27
    Bill(OPENAI, "openai", "gpt-transcribe", None, {"audio_second": 3600}, "270000"),
    # tts-1 15 a million characters, tts-1-hd 30: 2000 * 15; 2000 * 30
    Bill(OPENAI, "openai", "tts-1", None, {"character": 2000}, "30000"),
    Bill(OPENAI, "openai", "tts-1-hd", None, {"character": 2000}, "60000"),
    # --- Anthropic: searches of the web 10 a thousand; code runs free up to an hour's quota, without a price here ---
    # claude-sonnet-4-5 3 / 15: 1000 * 3 + 2700 * 15 = 43_500, and 3 * 10_000
    Bill(ANTHROPIC, "anthropic", "claude-sonnet-4-5", tokens(1000, 2700), {"web_search": 3}, "73500"),
    # claude-sonnet-4-6 3 / 0.30 / 15: 600 * 3 + 400 * 0.30 + 100 * 15 = 3420, and 10_000
    Bill(ANTHROPIC, "anthropic", "claude-sonnet-4-6", tokens(1000, 100, 400), {"web_search": 1}, "13420"),
    # claude-haiku-4-5 1 / 5: 1500, and 2 * 10_000
    Bill(ANTHROPIC, "anthropic", "claude-haiku-4-5", tokens(1000, 100), {"web_search": 2}, "21500"),
    # claude-opus-4-7 5 / 25: 7500, and 10 * 10_000
    Bill(ANTHROPIC, "anthropic", "claude-opus-4-7", tokens(1000, 100), {"web_search": 10}, "107500"),
    # ... a batch halves the tokens, not the fee: 3750, and 10_000
    Bill(ANTHROPIC, "anthropic", "claude-opus-4-7", tokens(1000, 100), {"web_search": 1}, "13750", tier="batch"),
    # claude-sonnet-5 2 / 10: 3000, and 10_000
    Bill(ANTHROPIC, "anthropic", "claude-sonnet-5", tokens(1000, 100), {"web_search": 1}, "13000"),
    # claude-opus-4-6 5 / 25: 7500, and a run of code
    Bill(
        ANTHROPIC, "anthropic", "claude-opus-4-6", tokens(1000, 100), {"code_execution": 1}, "7500",
        ("code_execution",),
    ),
    # ... a compaction: 180_000 * 5 + 3500 * 25 = 987_500, and 23_000 * 5 + 1000 * 25 = 140_000
    Bill(
        ANTHROPIC, "anthropic", "claude-opus-4-6", tokens(203_000, 4500), {}, "1127500",
        inner=(inner(180_000, 3500), inner(23_000, 1000)),
    ),
    # claude-sonnet-4-5 costs more above 200,000 tokens in, which neither call has:
    # 150_000 * 3 + 100 * 15 = 451_500, and 120_000 * 3 + 100 * 15 = 361_500
    Bill(
        ANTHROPIC, "anthropic", "claude-sonnet-4-5", tokens(270_000, 200), {}, "813000",
        inner=(inner(150_000, 100), inner(120_000, 100)),
    ),
    # An advisor, claude-haiku-4-5 1 / 5 beside claude-opus-4-7 5 / 25: 1000 * 1 + 100 * 5 + 2000 * 5 + 300 * 25
    Bill(
        ANTHROPIC, "anthropic", "claude-haiku-4-5", tokens(3000, 400), {}, "19000",
        inner=(inner(1000, 100), inner(2000, 300, "claude-opus-4-7")),
    ),
    # ... and a search: 10_000
    Bill(
        ANTHROPIC, "anthropic", "claude-haiku-4-5", tokens(3000, 400), {"web_search": 1}, "29000",
        inner=(inner(1000, 100), inner(2000, 300, "claude-opus-4-7")),
    ),
    # ... an advisor that nobody lists: 1500
    Bill(
        ANTHROPIC, "anthropic", "claude-haiku-4-5", tokens(3000, 400), {}, "1500", ("model:claude-of-my-own",),
        inner=(inner(1000, 100), inner(2000, 300, "claude-of-my-own")),
    ),
    # A fallback alone, claude-sonnet-4-6 3 / 15: 1000 * 3 + 100 * 15
    Bill(
        ANTHROPIC, "anthropic", "claude-opus-4-7", tokens(1000, 100), {}, "4500",
        inner=(inner(1000, 100, "claude-sonnet-4-6"),),
    ),
    # ... after a model that nobody lists had been asked: 1000 * 3 + 100 * 15
    Bill(
        ANTHROPIC, "anthropic", "claude-sonnet-4-6", tokens(3000, 100), {}, "4500", ("model:claude-of-my-own",),
        inner=(inner(2000, 0, "claude-of-my-own"), inner(1000, 100, "claude-sonnet-4-6")),
    ),
    # --- Google: grounding 35 a thousand prompts up to Gemini 2.5, 14 a thousand queries from Gemini 3 ---
    # gemini-2.5-flash 0.30 / 2.50: 1000 * 0.30 + 100 * 2.50 = 550, and 35_000
    Bill(GOOGLE, "google", "gemini-2.5-flash", tokens(1000, 100), {"web_search": 1}, "35550"),
    # gemini-2.5-pro 1.25 / 10: 2250, and 35_000
    Bill(GOOGLE, "google", "gemini-2.5-pro", tokens(1000, 100), {"web_search": 1}, "37250"),
    # gemini-2.5-flash-lite 0.10 / 0.40: 140, and 35_000
    Bill(GOOGLE, "google", "gemini-2.5-flash-lite", tokens(1000, 100), {"web_search": 1}, "35140"),
    # gemini-3-flash-preview 0.50 / 3: 500 * 0.50 + 300 * 3 = 1150, and 2 * 14_000
    Bill(GOOGLE, "google", "gemini-3-flash-preview", tokens(500, 300), {"web_search": 2}, "29150"),
    # gemini-3.1-pro-preview 2 / 12: 3200, and 3 * 14_000
    Bill(GOOGLE, "google", "gemini-3.1-pro-preview", tokens(1000, 100), {"web_search": 3}, "45200"),
    # gemini-3.5-flash 1.50 / 9: 2400, and 14_000
    Bill(GOOGLE, "google", "gemini-3.5-flash", tokens(1000, 100), {"web_search": 1}, "16400"),
    # gemini-3.8-flash 0.75 / 3.75: 1125, and 4 * 14_000
    Bill(GOOGLE, "google", "gemini-3.8-flash", tokens(1000, 100), {"web_search": 4}, "57125"),
    # gemini-3.8-live 0.75 / 4.50, audio 3 / 12, video 1: 200 * 0.75 + 300 * 3 + 500 * 1 = 1550, and
    # 20 * 4.50 + 80 * 12 = 1050
    Bill(
        GOOGLE, "google", "gemini-3.8-live",
        tokens(1000, 100, input_audio_tokens=300, input_video_tokens=500, output_audio_tokens=80), {}, "2600",
    ),
    # gemini-2.5-flash 0.30 / 0.03 / 2.50, audio 1 / 0.10, 200 of which were cached, as were 300 others. Video has no
    # price of its own: 400 * 0.30 + 100 * 1 + 200 * 0.10 + 300 * 0.03 = 249, and 250
    Bill(
        GOOGLE, "google", "gemini-2.5-flash",
        tokens(1000, 100, 500, input_audio_tokens=300, cached_audio_tokens=200, input_video_tokens=600), {}, "499",
    ),
    # gemini-omni-1.1-flash 1.50 / 9, video 17.50: 1500, and 10 * 9 + 90 * 17.50 = 1665
    Bill(GOOGLE, "google", "gemini-omni-1.1-flash", tokens(1000, 100, output_video_tokens=90), {}, "3165"),
    # Maps have a price of their own, and none in the table: 550
    Bill(GOOGLE, "google", "gemini-2.5-flash", tokens(1000, 100), {"maps_search": 1}, "550", ("maps_search",)),
    # --- Perplexity ---
    # sonar-reasoning-pro 2 / 8, a request with most context 14 a thousand: 1000 * 2 + 100 * 8 = 2800, and 14_000
    Bill(PERPLEXITY, "perplexity", "sonar-reasoning-pro", tokens(1000, 100), {"request": 1}, "16800"),
    # ... with less context the fee is not in the table
    Bill(PERPLEXITY, "perplexity", "sonar-reasoning-pro", tokens(1000, 100), {}, "2800", ("request",)),
    # sonar-deep-research 2 / 8, reasoning 3, citations 2 a million, searches 5 a thousand:
    # 1000 * 2 + 100 * 8 = 2800, and 500 * 2 + 9 * 5000
    Bill(
        PERPLEXITY, "perplexity", "sonar-deep-research", tokens(1000, 100),
        {"citation_token": 500, "web_search": 9}, "48800",
    ),
    # --- Groq by the hour, ten seconds at the least: whisper-large-v3-turbo 0.04, whisper-large-v3 0.111 ---
    # 1800 / 3600 * 0.04
    Bill(GROQ, "groq", "whisper-large-v3-turbo", None, {"audio_second": 1800}, "20000"),
    # 3600 / 3600 * 0.111
    Bill(GROQ, "groq", "whisper-large-v3", None, {"audio_second": 3600}, "111000"),
    # 9 seconds are billed as 10: 10 / 3600 * 0.04
    Bill(GROQ, "groq", "whisper-large-v3-turbo", None, {"audio_second": 9}, "111.1111111111111111111111111"),
    # a batch is half of it: 1800 / 3600 * 0.02
    Bill(GROQ, "groq", "whisper-large-v3-turbo", None, {"audio_second": 1800}, "10000", tier="batch"),
    # orpheus 22 a million characters: 500 * 22
    Bill(GROQ, "groq", "canopylabs/orpheus-v1-english", None, {"character": 500}, "11000"),
    # A compound system is several models, none of which answers as such: gpt-oss-120b 0.15 / 0.60,
    # llama-3.3-70b-versatile 0.59 / 0.79: 700 * 0.15 + 60 * 0.60 = 141, and 300 * 0.59 + 40 * 0.79 = 208.60
    Bill(
        GROQ, "groq", "groq/compound", tokens(1000, 100), {}, "349.6",
        inner=(inner(700, 60, "openai/gpt-oss-120b"), inner(300, 40, "llama-3.3-70b-versatile")),
    ),
    # ... whichever of them nobody lists: 208.60
    Bill(
        GROQ, "groq", "groq/compound", tokens(1000, 100), {}, "208.6", ("model:compound-of-my-own",),
        inner=(inner(700, 60, "compound-of-my-own"), inner(300, 40, "llama-3.3-70b-versatile")),
    ),
    # ... its tools have fees of their own: 349.60
    Bill(
        GROQ, "groq", "groq/compound", tokens(1000, 100), {"web_search": 2, "visit": 1}, "349.6",
        ("visit", "web_search"),
        inner=(inner(700, 60, "openai/gpt-oss-120b"), inner(300, 40, "llama-3.3-70b-versatile")),
    ),
    # --- Mistral by the page and by the hour ---
    # mistral-ocr-2512 2 a thousand pages, 3 with annotations: 12 * 2000; 12 * 3000; both
    Bill(MISTRAL, "mistral", "mistral-ocr-2512", None, {"page": 12}, "24000"),
    Bill(MISTRAL, "mistral", "mistral-ocr-2512", None, {"annotated_page": 12}, "36000"),
    Bill(MISTRAL, "mistral", "mistral-ocr-2512", None, {"page": 12, "annotated_page": 12}, "60000"),
    # ... half in a batch: 12 * 1000
    Bill(MISTRAL, "mistral", "mistral-ocr-2512", None, {"page": 12}, "12000", tier="batch"),
    # mistral-ocr-4-0 4 a thousand pages: 3 * 4000
    Bill(MISTRAL, "mistral", "mistral-ocr-4-0", None, {"page": 3}, "12000"),
    # voxtral-mini-2602 0.18 an hour: 600 / 3600 * 0.18 = 0.03
    Bill(MISTRAL, "mistral", "voxtral-mini-2602", None, {"audio_second": 600}, "30000"),
    # --- Meta: searches 2.50 a thousand ---
    # muse-spark-1.1 1.25 / 4.25: 1000 * 1.25 + 100 * 4.25 = 1675, and 2 * 2500
    Bill(META, "meta", "muse-spark-1.1", tokens(1000, 100), {"web_search": 2}, "6675"),
]  # fmt: skip


@pytest.mark.parametrize("bill", BILLS, ids=str)
def test_a_bill_is_what_is_worked_out_by_hand(bill: Case) -> None:
    """To the last digit, each item in a part of its own."""
    priced = bill.priced()
    assert priced.amount == Decimal(bill.micro_usd) / 1_000_000
    assert priced.unpriced == bill.unpriced
    assert sum(priced.split.values()) == priced.amount
    assert {name for name, count in bill.items.items() if count} <= {*priced.split, *priced.unpriced}


@pytest.mark.parametrize(
    "calls",
    [
        (inner(1000, 100), inner(2000, 300, "claude-opus-4-7")),
        (inner(2000, 300, "claude-opus-4-7"), inner(1000, 100, "claude-of-my-own")),
        (inner(1000, 100, "claude-of-my-own"), inner(2000, 300, "claude-opus-4-7")),
        (inner(1000, 100, "another-of-my-own"),),
        (inner(1000, 100, "another-of-my-own"), inner(1000, 100, "third-of-my-own")),
    ],
)
def test_without_a_price_of_the_model_that_answers_there_is_no_amount(calls: tuple[Inner, ...]) -> None:
    """Whichever model is named first: an amount without it would be that of an advisor."""
    answer = price(tokens(3000, 400), model="claude-of-my-own", provider="anthropic", inner=calls, at=AT)
    assert answer == UNKNOWN_MODEL


def test_a_line_that_can_t_be_makes_the_bill_impossible() -> None:
    """And is not one that nobody lists."""
    impossible = Inner(Usage(input_tokens=10, cached_tokens=11), "claude-opus-4-7")
    answer = price(tokens(3000, 400), model="claude-haiku-4-5", provider="anthropic", inner=(impossible,), at=AT)
    assert answer == IMPOSSIBLE
