"""Which vendor and model of ours each source means: explicit data, so that no price lands on another model."""

import re
from collections.abc import Iterable, Mapping

PROVIDERS: dict[str, dict[str, str]] = {
    "litellm": {
        "anthropic": "anthropic", "bedrock": "bedrock", "bedrock_converse": "bedrock", "cerebras": "cerebras",
        "dashscope": "alibaba", "deepinfra": "deepinfra", "deepseek": "deepseek", "fireworks_ai": "fireworks",
        "gemini": "google", "groq": "groq", "minimax": "minimax", "mistral": "mistral", "moonshot": "moonshot",
        "nebius": "nebius", "novita": "novita", "openai": "openai", "together_ai": "together", "xai": "xai",
        "vertex_ai-deepseek_models": "vertex", "vertex_ai-llama_models": "vertex", "vertex_ai-minimax_models": "vertex",
        "vertex_ai-moonshot_models": "vertex", "vertex_ai-openai_models": "vertex", "vertex_ai-qwen_models": "vertex",
        "vertex_ai-zai_models": "vertex", "vertex_ai-language-models": "vertex", "zai": "zai",
    },
    "genai-prices": {
        "anthropic": "anthropic", "aws": "bedrock", "cerebras": "cerebras", "deepseek": "deepseek",
        "fireworks": "fireworks", "google": "google", "groq": "groq", "minimax": "minimax", "mistral": "mistral",
        "moonshotai": "moonshot", "novita": "novita", "openai": "openai", "together": "together", "x-ai": "xai",
        "zai": "zai",
    },
    "models.dev": {
        "alibaba": "alibaba", "amazon-bedrock": "bedrock", "anthropic": "anthropic", "cerebras": "cerebras",
        "deepinfra": "deepinfra", "deepseek": "deepseek", "fireworks-ai": "fireworks", "google": "google",
        "google-vertex": "vertex", "groq": "groq", "minimax": "minimax", "mistral": "mistral",
        "moonshotai": "moonshot", "nebius": "nebius", "novita-ai": "novita", "openai": "openai",
        "togetherai": "together", "xai": "xai", "zai": "zai",
    },
    "openrouter": {
        "anthropic": "anthropic", "deepseek": "deepseek", "google": "google", "minimax": "minimax",
        "mistralai": "mistral", "moonshotai": "moonshot", "openai": "openai", "qwen": "alibaba", "x-ai": "xai",
        "z-ai": "zai",
    },
}  # fmt: skip
"""A source's name of a vendor, and ours. What is not here is of a vendor whose prices we do not keep."""
WORLDWIDE = "global."
"""What Bedrock puts before the name of a model that any region may serve, whose price our sheets have."""
_FOLDERS = ("accounts/fireworks/models/", WORLDWIDE)
"""What a source puts before a model's name, and our sheets do not."""
_SEPARATORS = re.compile(r"[._\s]+")


def spelled(provider: str, model: str) -> str:
    """
    A vendor and model in one spelling for all sources: lower case, dashes for points.

    Examples
    --------
    >>> spelled("anthropic", "claude-opus-4.6") == spelled("anthropic", "claude-opus-4-6")
    True
    >>> spelled("fireworks", "accounts/fireworks/models/glm-5p1")
    'fireworks/glm-5p1'
    """
    for folder in _FOLDERS:
        model = model.removeprefix(folder)
    return f"{provider}/{_SEPARATORS.sub('-', model.lower())}"


def known_skus(skus: Iterable[str]) -> dict[str, str]:
    """Our SKUs by their spelling."""
    return {spelled(*sku.split("/", 1)): sku for sku in skus}


def our_names(source: str, provider: str, model: str, known: Mapping[str, str]) -> str | None:
    """Our SKU of a model, as our sheets spell it where they have it; None for a vendor whose prices we do not keep."""
    ours = PROVIDERS[source].get(provider)
    if ours is None or not model:
        return None
    for folder in _FOLDERS:
        model = model.removeprefix(folder)
    return known.get(spelled(ours, model), f"{ours}/{model}")
