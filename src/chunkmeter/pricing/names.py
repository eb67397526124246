"""Model names: where the bundled table may list a name as it is written, and under which bare name. Pure.

The same model is written with the provider before it (`openai/gpt-4o`, `openai:gpt-4o`), with a path
(`models/gemini-2.5-flash`), as an ARN, or with who serves it behind it (`openai/gpt-oss-120b:groq`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..providers import SPELLINGS, provider

__all__ = ["fits", "on_bedrock", "references"]

# Which interface a client uses: LiteLLM writes it between provider and model.
_INTERFACES = frozenset(["responses", "chat", "completions", "o_series", "gpt5_series", "global", "global-standard"])
_BEDROCK_INTERFACES = frozenset(("converse", "converse_like", "invoke"))
_ARN_KINDS = frozenset(("foundation-model", "inference-profile"))  # others are paid by the hour, or named by the user
# Bedrock's ids are `vendor.model`; those of inference profiles have a region before it. `regional` is the table's word.
_BEDROCK_REGIONS = frozenset(["apac", "au", "ca", "eu", "global", "in", "jp", "regional", "sa", "us", "us-gov"])
_BEDROCK_VENDORS = frozenset(["amazon", "anthropic", "cohere", "deepseek", "google", "meta", "mistral"])
_BEDROCK_VENDORS |= {"moonshotai", "nvidia", "openai", "qwen", "writer", "zai"}
# Providers in whose names a colon has a meaning of their own.
_OWN_TAGS = frozenset(("aws", "azure", "ollama", "openrouter", "vllm"))
_OPENROUTER_VARIANTS = frozenset(("batch", "beta", "extended", "free", "thinking"))
_STARTS = {
    **dict.fromkeys(("models/", "publishers/", "projects/"), "google"),
    "accounts/fireworks/": "fireworks", "@cf/": "cloudflare", "ft:": "openai", "arn:": "aws",
}  # fmt: skip


def references(told: str | None, names: Sequence[str]) -> Iterator[tuple[str | None, str]]:
    """What to look up, the best first: a provider's id in the table, None for any; and a bare name, in lower case.

    Args:
        told: the conventions' name of the provider; None, or LiteLLM's, where the names are to tell it.
        names: the model's names as they were written, the one that answers first.
    """
    cleaned = [name for name in map(_cleaned, names) if name]
    row = provider(told)
    sure = row is not None and row.prices != "litellm"
    place = row.prices if row and sure else next(filter(None, map(_place, reversed(cleaned))), None)
    if place == "aws":
        # The id asked for tells the region that is billed; the name of the model that answers doesn't.
        cleaned.reverse()
    yield from dict.fromkeys(each for name in cleaned for each in _bare(place, name, as_is_first=sure))


def fits(name: str, provider_id: str, model_id: str) -> bool:
    """Whether a model that the table finds for a bare name is the one that is meant.

    The table finds many by how a name begins. What a colon adds makes another model of it: a self-hosted one of so many
    parameters (`deepseek-r1:14b`), a free one, a fine-tuned one.
    """
    if provider_id in ("aws", "openrouter"):
        return True  # whose ids have colons, and are listed with them
    return (":" in model_id or ":" not in name) and (".ft-" in model_id or ".ft-" not in name)


def on_bedrock(name: str) -> str:
    """A model's id on Bedrock without the region and the vendor before it."""
    for before in (_BEDROCK_REGIONS, _BEDROCK_VENDORS):
        head, _, rest = name.partition(".")
        name = rest if rest and head in before else name
    return name


def _cleaned(name: str) -> str:
    # Mirascope 2 writes the interface behind the model.
    return name.strip().lower().removesuffix(":responses").removesuffix(":completions").removeprefix("litellm_proxy/")


def _place(name: str) -> str | None:
    """The id of the provider that a name tells by its form; None where it doesn't."""
    if "/" not in name and _BEDROCK_VENDORS & {*name.split(".")[:-1][:2]}:
        return "aws"
    if start := next(filter(name.startswith, _STARTS), None):
        return _STARTS[start]
    head, slash, rest = name.partition("/")
    if ":" in head or not slash:
        head, colon, _ = name.partition(":")
        return SPELLINGS[head].prices if colon and head in SPELLINGS else None
    place, tag = _id(head), rest.partition(":")[2]
    if not tag or place in _OWN_TAGS or rest.startswith("ft:"):
        return place
    # OpenRouter says behind a model which variant it is, Hugging Face who serves it.
    return "openrouter" if tag in _OPENROUTER_VARIANTS else "huggingface"


def _id(spelling: str) -> str:
    """The table's id of a provider; its spelling in LiteLLM may differ from that by a sign."""
    return SPELLINGS[spelling].prices if spelling in SPELLINGS else spelling.replace("_", "-")


def _bare(place: str | None, name: str, *, as_is_first: bool) -> Iterator[tuple[str | None, str]]:
    """The bare names that a name may have at a provider; `as_is_first` if a provider in it may be part of the model."""
    stripped = _without_provider(place, name)
    if place is None:
        yield None, name
    elif place == "aws":
        yield from _from_aws(stripped)
    elif place == "google":
        path, _, model = stripped.rpartition("/")
        if path in ("", "anthropic", "google", "models") or path.endswith(("google/models", "anthropic/models")):
            yield "google", model
    elif place == "huggingface":
        model, _, server = stripped.rpartition(":")
        if not model and stripped.count("/") > 1:  # LiteLLM's huggingface/groq/openai/gpt-oss-120b
            server, _, model = stripped.partition("/")
        yield f"huggingface_{server}", model
    else:
        yield from ((place, each) for each in ((name, stripped) if as_is_first else (stripped, name)))
        if place == "fireworks" and "/" not in stripped:
            yield "fireworks", f"accounts/fireworks/models/{stripped}"


def _without_provider(place: str | None, name: str) -> str:
    """A name without the provider before it, and without the interface after that."""
    for sign in "/:":
        head, found, rest = name.partition(sign)
        if found and _id(head) == place:
            while rest.partition("/")[0] in _INTERFACES:
                rest = rest.partition("/")[2]
            return rest
    return name


def _from_aws(name: str) -> Iterator[tuple[str, str]]:
    """The model's id in an ARN or in LiteLLM's forms, such as `converse/...` and `us-east-1/...`."""
    before, arn, rest = name.partition("arn:")
    path, _, model = (before + rest.split(":", 4)[-1] if arn else name).rpartition("/")
    kind = path.rpartition("/")[2]
    if arn and ":bedrock:" in rest and kind in _ARN_KINDS:
        path = path.removesuffix(kind)
    if all(map(_is_way, filter(None, path.split("/")))):
        yield "aws", model


def _is_way(part: str) -> bool:
    """Whether part of a path is an interface of Bedrock, or a region such as us-east-1."""
    *words, number = part.split("-")
    return part in _BEDROCK_INTERFACES or (len(words) > 1 and number.isdigit() and all(map(str.isalpha, words)))
