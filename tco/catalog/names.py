"""How vendors and their models are written for people: ``openai/gpt-6.1-sol`` is shown as GPT-6.1 Sol."""

import re

VENDORS = {
    "anthropic": "Anthropic",
    "deepinfra": "DeepInfra",
    "deepseek": "DeepSeek",
    "fireworks": "Fireworks",
    "groq": "Groq",
    "openai": "OpenAI",
    "together": "Together AI",
}
_MAKERS = ("anthropic", "deepseek", "openai")
_FAMILIES = {"gpt": "GPT", "claude": "Claude", "deepseek": "DeepSeek"}


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
    >>> model_label("groq", "openai/gpt-oss-120b")
    'gpt-oss-120b on Groq'
    """
    name = model.rsplit("/", maxsplit=1)[-1]
    if provider not in _MAKERS:
        return f"{name} on {vendor_label(provider)}"
    family, _, rest = name.partition("-")
    if family not in _FAMILIES or not rest:
        return name
    spaced = re.sub(r"(?<=\d)-(?=\d)", ".", rest).replace("-", " ")
    words = " ".join(word[:1].upper() + word[1:] for word in spaced.split())
    return f"{_FAMILIES[family]}{'-' if words[0].isdigit() else ' '}{words}"
