"""What other tools call a GPU or a model, as the name it has here."""

from __future__ import annotations

import re
from collections.abc import Iterable

_FORMS = ("SXM", "PCIE", "NVL")
_SERIES = ("RTX", "ARC")
_SAME_WEIGHTS = ("", "instruct", "chat", "chathf", "it", "base", "hf")
"""What may follow a model's name and leave its shape as it is."""
_ACCURACY = re.compile(r"-99(\.9)?$")


def gpu_named(told: str, known: Iterable[str]) -> str | None:
    """
    The GPU that a driver, a dashboard or a submission means; None when none or several would do.

    A board that comes in several forms and is named without one is the SXM one: so do the driver and InferenceX.

    Examples
    --------
    >>> ours = ["A100-PCIe-80", "A100-SXM-40", "A100-SXM-80", "H100-NVL", "H100-PCIe", "H100-SXM", "H200-SXM", "MI325X"]
    >>> [gpu_named(told, ours) for told in ("NVIDIA H100 80GB HBM3", "NVIDIA A100-SXM4-80GB", "h200", "8xMI325X_2xEPYC_9554")]
    ['H100-SXM', 'A100-SXM-80', 'H200-SXM', 'MI325X']
    >>> gpu_named("NVIDIA A100", ours) is None
    True
    """
    names = list(known)
    exact = [name for name in names if name.lower() == told.lower()]
    if exact:
        return exact[0]
    words = {re.sub(r"^\d+X(?=[A-Z])", "", word) for word in re.split(r"[^A-Z0-9]+", told.upper())}
    form = next((form for form in _FORMS if any(word.startswith(form) and word != "NVL72" for word in words)), None)
    fitting = [name for name in names if _fits(name.upper().split("-"), words, form)]
    return fitting[0] if len(fitting) == 1 else None


def _fits(parts: list[str], words: set[str], form: str | None) -> bool:
    family = set(parts) if parts[0] in _SERIES else {parts[0]}
    own_form = next((part for part in parts if part in _FORMS), None)
    memory = [part for part in parts[1:] if part.isdigit()] if parts[0] not in _SERIES else []
    if not family <= words or (own_form and own_form != (form or "SXM")):
        return False
    return all(words & {size, f"{size}G", f"{size}GB"} for size in memory)


def model_named(told: str, known: Iterable[str]) -> str | None:
    """
    The model that a served name, a path or a benchmark's short name means; None when none or several would do.

    Examples
    --------
    >>> ours = ["meta-llama/Llama-3.1-8B-Instruct", "openai/gpt-oss-120b", "openai/gpt-oss-20b"]
    >>> [model_named(told, ours) for told in ("openai/gpt-oss-120b", "/models/gpt-oss-20b", "llama3.1-8b", "llama3.1-8b-99")]
    ['openai/gpt-oss-120b', 'openai/gpt-oss-20b', 'meta-llama/Llama-3.1-8B-Instruct', 'meta-llama/Llama-3.1-8B-Instruct']
    >>> model_named("tiny", ours) is None
    True
    """
    names = list(known)
    if told in names:
        return told
    short = _letters(_ACCURACY.sub("", told.rstrip("/").rsplit("/", maxsplit=1)[-1]))
    of = {name: _letters(name.rsplit("/", maxsplit=1)[-1]) for name in names}
    exact = [name for name, letters in of.items() if letters == short]
    alike = exact or [name for name, letters in of.items() if _same(letters, short)]
    return alike[0] if len(alike) == 1 else None


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _same(one: str, other: str) -> bool:
    longer, shorter = sorted((one, other), key=len, reverse=True)
    return bool(shorter) and longer.startswith(shorter) and longer[len(shorter) :] in _SAME_WEIGHTS
