"""What the engine's own arguments say of what serves: how it is split over GPUs, its formats, the longest prompt."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tco.errors import Fault

NAMES: dict[str, tuple[str, ...]] = {
    "tensor_parallel": ("--tensor-parallel-size", "-tp"),
    "pipeline_parallel": ("--pipeline-parallel-size", "-pp"),
    "data_parallel": ("--data-parallel-size", "-dp"),
    "dtype": ("--dtype",),
    "quantization": ("--quantization", "-q"),
    "kv_cache_dtype": ("--kv-cache-dtype",),
    "context_tok": ("--max-model-len",),
    "revision": ("--revision",),
    "load_format": ("--load-format",),
    "prefix_cache": ("--enable-prefix-caching",),
}
"""Every argument that this package must know of, as vLLM spells it."""
_LENGTH = re.compile(r"(\d+(?:\.\d+)?)([kKmM]?)")
_TIMES = {"": 1, "k": 1000, "K": 1024, "m": 1_000_000, "M": 1_048_576}
"""As vLLM reads `--max-model-len 8k` and `8K`."""


def said(words: Sequence[str]) -> dict[str, str]:
    """
    The arguments of ``NAMES`` that are given, the last of each, as text.

    Examples
    --------
    >>> said(["--max_model_len=8K", "-tp", "4", "--enforce-eager"])
    {'context_tok': '8K', 'tensor_parallel': '4'}
    """
    names = {flag: name for name, flags in NAMES.items() for flag in flags}
    found = {}
    for at, word in enumerate(words):
        flag, equals, value = word.partition("=")
        name = names.get(flag.replace("_", "-") if flag.startswith("--") else flag)
        if name is not None and (equals or at + 1 < len(words)):
            found[name] = value if equals else words[at + 1]
    return found


def context_tok(told: Mapping[str, str]) -> float | None:
    """
    The longest prompt and answer together that the engine was told to take; None where it decides itself. [tok]

    Examples
    --------
    >>> context_tok({"context_tok": "8K"}), context_tok({"context_tok": "auto"}), context_tok({})
    (8192.0, None, None)
    """
    read = _LENGTH.fullmatch(told.get("context_tok", ""))
    return float(read[1]) * _TIMES[read[2]] if read else None


def prefix_cache_off(words: Sequence[str]) -> bool:
    """
    Whether the engine was told to keep no prefixes; the last word counts.

    Examples
    --------
    >>> prefix_cache_off(["--no_enable_prefix_caching"]), prefix_cache_off(["--enable-prefix-caching=False"]), prefix_cache_off([])
    (True, True, False)
    """
    off = False
    for word in words:
        flag, _, value = word.replace("_", "-").partition("=")
        if flag == "--no-enable-prefix-caching":
            off = True
        elif flag == "--enable-prefix-caching":
            off = value.lower() in ("false", "0")
    return off


OURS = ("--served-model-name", "--host", "--port", "--model")
"""What the measurement itself tells the engine."""
SECRETS = {
    "--api-key": "set VLLM_API_KEY for the server, and OPENAI_API_KEY to the same for its client",
    "--hf-token": "set HF_TOKEN",
}
"""What must not be told by an argument, and how else."""


def refused(words: Sequence[str]) -> list[Fault]:
    """A fault for each argument that is not the user's to give."""
    flags = [word.partition("=")[0].replace("_", "-") for word in words if word.startswith("--")]
    ours = [Fault("--server-args", flag, "leave it out: tco bench sets it itself") for flag in flags if flag in OURS]
    return ours + [
        Fault("--server-args", flag, f"arguments are written into the profile: {SECRETS[flag]}")
        for flag in flags
        if flag in SECRETS
    ]


@dataclass(frozen=True)
class Split:
    """How one replica lies on its GPUs."""

    gpus: int
    tensor_parallel: int


def split(gpus: int | None, tensor_parallel: int | None, told: Mapping[str, str]) -> tuple[Split, list[Fault]]:
    """
    GPUs of a replica and how a layer is split, from the flags and the engine's own arguments, with what does not agree.

    Examples
    --------
    >>> split(None, None, {"tensor_parallel": "2", "pipeline_parallel": "2"})
    (Split(gpus=4, tensor_parallel=2), [])
    """
    faults: list[Fault] = []
    sizes = {}
    for name in ("tensor_parallel", "pipeline_parallel", "data_parallel"):
        text = told.get(name, "")
        if text and not (text.isdigit() and int(text)):
            faults.append(Fault("--server-args", f"{NAMES[name][0]} {text}", "write a whole number from 1"))
        sizes[name] = int(text) if text.isdigit() and int(text) else None
    in_engine = sizes["tensor_parallel"]
    if tensor_parallel is not None and in_engine is not None and tensor_parallel != in_engine:
        found = f"{tensor_parallel}, but --server-args says {in_engine}"
        faults.append(Fault("--tensor-parallel", found, "say it once"))
    layers = tensor_parallel or in_engine
    others = (sizes["pipeline_parallel"] or 1) * (sizes["data_parallel"] or 1)
    whole = gpus or (layers or 1) * others
    if layers is None:
        layers = max(whole // others, 1)
    if layers * others != whole:
        found = f"{whole}, but what is asked for takes {layers * others} (tensor {layers} x pipeline and data {others})"
        mend = "say --tensor-parallel, or the rest in --server-args, such as --pipeline-parallel-size 2"
        faults.append(Fault("--gpus", found, mend))
    return Split(whole, layers), faults
