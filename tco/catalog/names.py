"""How vendors and their models are written for people: ``openai/gpt-6.1-sol`` is shown as GPT-6.1 Sol."""

import re

VENDORS = {
    "alibaba": "Alibaba",
    "anthropic": "Anthropic",
    "bedrock": "Amazon Bedrock",
    "cerebras": "Cerebras",
    "deepinfra": "DeepInfra",
    "deepseek": "DeepSeek",
    "fireworks": "Fireworks",
    "google": "Google",
    "groq": "Groq",
    "minimax": "MiniMax",
    "mistral": "Mistral",
    "moonshot": "Moonshot",
    "nebius": "Nebius",
    "novita": "Novita",
    "openai": "OpenAI",
    "together": "Together AI",
    "vertex": "Google Vertex",
    "xai": "xAI",
    "zai": "Z.ai",
}
_MAKERS = {
    "alibaba", "anthropic", "deepseek", "google", "minimax", "mistral", "moonshot", "openai", "xai", "zai"
}  # fmt: skip
_FAMILIES = {
    "claude": "Claude ",
    "codestral": "Codestral ",
    "deepseek": "DeepSeek ",
    "devstral": "Devstral ",
    "gemini": "Gemini ",
    "glm": "GLM-",
    "gpt": "GPT-",
    "grok": "Grok ",
    "kimi": "Kimi ",
    "minimax": "MiniMax ",
    "ministral": "Ministral ",
    "mistral": "Mistral ",
    "qwen": "Qwen ",
}
"""How a maker writes the family, and what stands between it and the rest."""
_PARTS = re.compile(r"(?P<family>[A-Za-z]+)(?P<generation>[\d.]*)-(?P<rest>.+)")
_DASHED_NUMBER = re.compile(r"(?<=\d)-(?=\d{1,2}(?!\d))")
_SIZE = re.compile(r"a?\d+b")
_REVISION = re.compile(r"-v?\d+:\d+$")
"""What Bedrock writes at the end of its names, such as ``-v1:0``."""
_BARE_VERSION = re.compile(r"v\d[\d.]*")
_POINT = re.compile(r"(?<=\d)p(?=\d)")
"""Fireworks' decimal point."""


def vendor_label(provider: str) -> str:
    """The vendor's own spelling; an unknown one is shown as it is written."""
    return VENDORS.get(provider, provider)


def model_label(provider: str, model: str) -> str:
    """
    A short name for a chart: the model, and the host where the vendor sells another maker's weights.

    Examples
    --------
    >>> model_label("openai", "gpt-6.1-sol"), model_label("anthropic", "claude-opus-4-6")
    ('GPT-6.1 Sol', 'Claude Opus 4.6')
    >>> model_label("zai", "glm-5.1"), model_label("google", "gemini-3.1-pro-preview"), model_label("openai", "o4-mini")
    ('GLM-5.1', 'Gemini 3.1 Pro Preview', 'o4-mini')
    >>> model_label("alibaba", "qwen3.6-plus"), model_label("alibaba", "qwen3-235b-a22b")
    ('Qwen3.6 Plus', 'Qwen3 235B A22B')
    >>> model_label("groq", "openai/gpt-oss-120b"), model_label("bedrock", "anthropic.claude-opus-4-6-v1")
    ('gpt-oss-120b on Groq', 'claude-opus-4-6-v1 on Amazon Bedrock')
    >>> model_label("bedrock", "deepseek.v3-v1:0"), model_label("fireworks", "accounts/fireworks/models/glm-5p1")
    ('DeepSeek-V3 on Amazon Bedrock', 'GLM-5.1 on Fireworks')
    """
    name = model.rsplit("/", maxsplit=1)[-1]
    if provider not in _MAKERS:
        return f"{_resold(provider, name)} on {vendor_label(provider)}"
    parts = _PARTS.fullmatch(name)
    if parts is None or parts["family"].lower() not in _FAMILIES:
        return name
    spaced = _DASHED_NUMBER.sub(".", parts["rest"]).replace("-", " ")
    words = " ".join(word.upper() if _SIZE.fullmatch(word) else word[:1].upper() + word[1:] for word in spaced.split())
    start, generation = _FAMILIES[parts["family"].lower()], parts["generation"]
    return f"{start.strip()}{generation} {words}" if generation else f"{start}{words}"


def _resold(provider: str, name: str) -> str:
    """A model of the name that a host gave it, with its maker's where nothing else tells whose it is."""
    if provider == "bedrock":
        maker, _, own = _REVISION.sub("", name).partition(".")
        name = f"{vendor_label(maker)}-{own.upper()}" if _BARE_VERSION.fullmatch(own) else own or maker
    if provider == "fireworks":
        name = _POINT.sub(".", name)
    return f"GLM-{name[4:]}" if name.startswith("glm-") else name
