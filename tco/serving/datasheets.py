"""A model on a GPU in the numbers of the roofline: bytes, rates, and the calibrated shares of them that are reached."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from tco.errors import Fault, LookupFault
from tco.inputs.hardware import Gpu, Model
from tco.inputs.source import Fact
from tco.model.memory import (
    BYTES_OF_FORMAT,
    cache_bytes_per_num,
    request_cache_bytes,
    requests_in_memory,
    room_gb,
    served_bytes,
    weights_gb,
)
from tco.model.roofline import Reached, Served
from tco.units import MS_PER_S

PUBLISHED = "auto"
"""Weights as the model's maker published them."""
FOUR_BITS = ("fp4", "nvfp4", "mxfp4")
EIGHT_BITS = ("fp8", "int8")


@dataclass(frozen=True)
class Calibration:
    """The constants of the estimate: how much of a data sheet is reached, and how far the estimate is off."""

    reached: Reached
    link_gb_per_s: float
    """Taken where a GPU's own is not known. [GB/s]"""
    ttft_ratio: float
    """Median time to first token over that of an empty machine."""
    useful_batch_count: float
    """Requests a replica's memory should hold at least, where GPUs are free to choose."""
    error_sigma: float
    """Standard deviation of ln(predicted / observed) on models and GPUs that were left out."""


def calibration(facts: Mapping[str, Fact]) -> Calibration:
    """
    The constants of the estimate from the planning values ``roofline.…`` and ``memory.…``.

    Raises
    ------
    LookupFault
        All that are missing.
    """
    missing: list[Fault] = []

    def value(path: str) -> float:
        if path not in facts:
            missing.append(
                Fault(path, "not in price_sheets/assumptions", "run tools/calibrate_roofline.py, or copy the row")
            )
            return 1.0
        return float(facts[path].value)

    reached = Reached(
        usable_frac=value("memory.usable_frac"),
        overhead_gb=value("memory.overhead_gb"),
        compute_frac=value("roofline.compute_frac"),
        expert_compute_frac=value("roofline.expert_compute_frac"),
        bandwidth_frac=value("roofline.bandwidth_frac"),
        expert_bandwidth_frac=value("roofline.expert_bandwidth_frac"),
        layer_s=value("roofline.layer_ms") / MS_PER_S,
        split_layer_s=value("roofline.split_layer_ms") / MS_PER_S,
        link_frac=value("roofline.link_frac"),
        max_batch_count=value("roofline.max_batch_count"),
    )
    names = ("link_gb_per_s", "ttft_ratio", "useful_batch_count", "error_sigma")
    found = Calibration(reached, *(value(f"roofline.{name}") for name in names))
    if missing:
        raise LookupFault(missing)
    return found


def lacking(model: Model) -> list[str]:
    """Facts of a model that the estimate needs and its file does not have."""
    needed = ("layers_count", "query_heads_count", "head_size_count")
    return [name for name in needed if getattr(model, name) is None]


def served(
    model: Model, gpu: Gpu, gpus: float, known: Calibration, dtype: str = PUBLISHED, kv_dtype: str = PUBLISHED
) -> Served:
    """A model on some GPUs, in the numbers of the roofline; formats of the weights and of the cache."""
    weight_bytes = served_bytes(dtype, model.native_weight_bytes)
    cache, windowed, window_tok = cache_facts(model, kv_dtype)
    layers = float(model.layers_count or 0.0)
    full = layers if model.full_attention_layers_count is None else float(model.full_attention_layers_count)
    chosen = (model.experts_per_tok_count or 1.0) / model.experts_count if model.experts_count else 1.0
    return Served(
        gpus=float(gpus),
        memory_gb=gpu.memory_gb,
        memory_gb_per_s=gpu.memory_gb_per_s,
        tflops=rate_tflops(gpu, dtype, weight_bytes),
        attention_tflops=rate_tflops(gpu, "bf16", BYTES_OF_FORMAT["bf16"]),
        link_gb_per_s=gpu.link_gb_per_s or known.link_gb_per_s,
        weights_gb=float(weights_gb(model.total_params_billions, weight_bytes)),
        total_params_billions=model.total_params_billions,
        active_params_billions=model.active_params_billions,
        chosen_frac=chosen,
        layers=layers,
        width_count=(model.query_heads_count or 0.0) * (model.head_size_count or 0.0),
        full_layers=full,
        kv_bytes_per_tok=cache,
        window_kv_bytes_per_tok=windowed,
        window_tok=window_tok,
    )


def cache_facts(model: Model, kv_dtype: str) -> tuple[float, float, float]:
    """
    Cache of a token over the layers that see all of the context, over those that see a window of it, and that window.

    [bytes, bytes, tok]; infinite where no layer has a window.
    """
    share = cache_bytes_per_num(kv_dtype) / BYTES_OF_FORMAT["fp16"]
    full, windowed = model.kv_bytes_per_tok_fp16_bytes * share, model.window_kv_bytes_per_tok_fp16_bytes * share
    return full, windowed, model.window_tok or float("inf")


def rate_tflops(gpu: Gpu, dtype: str, weight_bytes: float) -> float:
    """
    Dense rate at which a GPU multiplies weights of a format; at 16 bits where it has no units for the format. [TFLOP/s]

    Published weights count by their size: those of up to 8 bits as 8-bit, of up to 5 bits as 4-bit.
    """
    half = gpu.bf16_tflops or 0.0
    four = dtype in FOUR_BITS or (dtype == PUBLISHED and weight_bytes < 5.0 / 8.0)
    eight = dtype in EIGHT_BITS or (dtype == PUBLISHED and weight_bytes <= BYTES_OF_FORMAT["fp8"])
    if four:
        return gpu.fp4_tflops or half
    return (gpu.fp8_tflops or half) if eight else half


def stacked(many: Sequence[Served]) -> Served:
    """Several as one, each number an array with an entry for each."""
    return Served(**{f.name: np.array([getattr(one, f.name) for one in many], dtype=float) for f in fields(Served)})


@dataclass(frozen=True)
class InMemory:
    """What a replica's memory holds."""

    faults: tuple[Fault, ...]
    """Paths in them are relative to the option."""
    requests: float | None
    """Requests whose cache fits at once; None where it is not known."""


def in_memory(
    model: Model,
    gpu: Gpu,
    gpus: float,
    room: tuple[float, float],
    *,
    served_as: tuple[str, str],
    lengths_tok: tuple[float, float, float],
) -> InMemory:
    """
    Whether a model fits some GPUs, and how many requests of these lengths its cache holds.

    Parameters
    ----------
    gpus : float
        GPUs of one replica.
    room : tuple[float, float]
        Share of memory an engine may take, and what each GPU needs for itself. [–, GB]
    served_as : tuple[str, str]
        Formats of the weights and of the cache; ``auto`` for the published one and 16 bits.
    lengths_tok : tuple[float, float, float]
        Mean prompt and answer, and the mean context that an answer's tokens see.
    """
    usable_frac, overhead_gb = room
    weights = float(weights_gb(model.total_params_billions, served_bytes(served_as[0], model.native_weight_bytes)))
    left = float(room_gb(gpu.memory_gb, gpus, usable_frac, overhead_gb, weights))
    if left <= 0:
        needed = int(weights // float(room_gb(gpu.memory_gb, 1, usable_frac, overhead_gb, 0.0))) + 1
        found = f"{gpus:g} × {gpu.gpu} hold {gpus * gpu.memory_gb:g} GB, the weights alone take {weights:.0f} GB"
        return InMemory((Fault("capacity.gpus_per_replica", found, f"at least {needed} are needed"),), None)
    prompt, answer, context = lengths_tok
    if model.context_tok is not None and prompt + answer > model.context_tok:
        found = f"requests of {prompt + answer:,.0f} tokens, prompt and answer"
        mend = f"the model's context ends at {model.context_tok:,.0f}; choose another, or shorten the lengths"
        return InMemory((Fault("model", found, mend),), None)
    each = float(request_cache_bytes(*cache_facts(model, served_as[1]), context))
    return InMemory((), float(requests_in_memory(left, each)) if each > 0 else None)
