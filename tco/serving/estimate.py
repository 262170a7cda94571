"""What a model would do on GPUs where nobody has measured it: an estimate with its interval, from facts of both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np

from tco.errors import Fault
from tco.inputs.hardware import Gpu, Model
from tco.inputs.workload import Service, Workload
from tco.model.demand import mean_product_tok2, mean_square_tok2
from tco.model.memory import requests_in_memory
from tco.model.roofline import (
    Replica,
    Served,
    batch_at_slo,
    batch_in_memory,
    coefficients,
    compute_s,
    kv_bytes,
    prefill_s,
    read_s,
    replica,
    step_s,
    tpot_s,
)
from tco.serving.datasheets import PUBLISHED, Calibration, in_memory, lacking, served, stacked
from tco.units import BYTES_PER_GB, MS_PER_S

Limit = Literal["memory", "engine", "tpot", "ttft", "concurrency"]
P90 = NormalDist().inv_cdf(0.9)


@dataclass(frozen=True)
class Lengths:
    """Mean prompt and answer of a request, and the mean context that an answer's tokens see. [tok]"""

    input_tok: float
    output_tok: float
    context_tok: float

    @classmethod
    def alike(cls, input_tok: float, output_tok: float) -> "Lengths":
        """Requests that are all of one length: the context is the prompt and half the answer."""
        return cls(input_tok, output_tok, input_tok + output_tok / 2.0)

    @classmethod
    def spread(cls, input_tok: float, output_tok: float, workload: Workload) -> "Lengths":
        """Requests as long as these on average and as varied as a workload's: long answers weigh more, as they stay longer."""
        spread_in, spread_out = workload.input_length.cv, workload.output_length.cv
        product = mean_product_tok2(input_tok, output_tok, spread_in, spread_out, workload.length_corr)
        context = float(product + mean_square_tok2(output_tok, spread_out) / 2.0)
        return cls(input_tok, output_tok, context / output_tok if output_tok > 0 else input_tok)


@dataclass(frozen=True)
class Estimate:
    """What one replica would serve at a service level, and what it waits for."""

    model: str
    gpu: str
    gpus_per_replica: int
    dtype: str
    prefill_s_per_tok: float
    decode_s_per_tok: float
    context_s_per_tok2: float
    batch_count: float
    """Requests in flight at the service level."""
    output_tok_per_s: float
    low_ratio: float
    """One in ten is slower than this share of the throughput."""
    high_ratio: float
    """One in ten is faster than this multiple of it."""
    ttft_ms: float
    tpot_ms: float
    limited_by: Limit
    """What keeps more requests out: room for their caches, the engine, one of the two limits, or that no more were asked for."""
    waits_ms: Mapping[str, float]
    """What a token's time is spent on: ``weights``, ``caches``, ``compute``, ``overhead``, ``exchange``, ``prompts``."""
    memory_gb: float
    """Of all GPUs of the replica."""
    weights_gb: float
    room_gb: float
    kv_gb_per_request: float
    memory_requests: float

    @property
    def work(self) -> tuple[float, float, float]:
        """a, b, c of the work model. [s/tok, s/tok, s/tok²]"""
        return self.prefill_s_per_tok, self.decode_s_per_tok, self.context_s_per_tok2

    @property
    def low_output_tok_per_s(self) -> float:
        """Throughput that nine in ten exceed."""
        return self.output_tok_per_s * self.low_ratio

    @property
    def high_output_tok_per_s(self) -> float:
        """Throughput that one in ten exceeds."""
        return self.output_tok_per_s * self.high_ratio


@dataclass(frozen=True)
class Unable:
    """Why a model cannot be served on a GPU. Paths in the faults are relative to an option."""

    model: str
    gpu: str
    faults: tuple[Fault, ...]


def estimate(
    model: Model,
    gpu: Gpu,
    service: Service,
    lengths: Lengths,
    known: Calibration,
    *,
    gpus: int | None = None,
    dtype: str = PUBLISHED,
    kv_dtype: str = PUBLISHED,
    concurrency: float | None = None,
) -> Estimate | Unable:
    """
    What a replica of a model would serve on a GPU.

    Parameters
    ----------
    gpus : int, optional
        GPUs of one replica; by default the smallest power of two in one server that holds the weights and a useful batch.
    dtype : str
        Format of the weights: ``bf16``, ``fp8``, ``fp4``, ``int4``; ``auto`` for the published one.
    kv_dtype : str
        Format of the cache; ``auto`` for 16 bits.
    concurrency : float, optional
        Requests in flight, whatever that does to the service level; by default as many as the service level allows.
    """
    asked = _Question(model, service, lengths, known, dtype, kv_dtype, concurrency)
    return _answers(asked, [gpu], gpus)[0]


def estimates(
    model: Model,
    cards: Sequence[Gpu],
    service: Service,
    lengths: Lengths,
    known: Calibration,
    *,
    gpus: int | None = None,
    dtype: str = PUBLISHED,
    kv_dtype: str = PUBLISHED,
    concurrency: float | None = None,
) -> list[Estimate | Unable]:
    """The same for many GPUs at once, in their order."""
    return _answers(_Question(model, service, lengths, known, dtype, kv_dtype, concurrency), cards, gpus)


def _answers(question: "_Question", cards: Sequence[Gpu], gpus: int | None) -> list[Estimate | Unable]:
    faults = [_cannot(question, gpu, gpus if gpus is not None else _counts(gpu)[-1]) for gpu in cards]
    tried = [
        (gpu, count)
        for gpu, wrong in zip(cards, faults, strict=True)
        if not wrong
        for count in ([gpus] if gpus is not None else _counts(gpu))
    ]
    tries = iter(_batches(question, tried))
    found: list[Estimate | Unable] = []
    for gpu, wrong in zip(cards, faults, strict=True):
        mine = [] if wrong else [next(tries) for _ in ([gpus] if gpus is not None else _counts(gpu))]
        found.append(Unable(question.model.model, gpu.gpu, tuple(wrong)) if wrong else _best(question, mine))
    return found


@dataclass(frozen=True)
class _Question:
    model: Model
    service: Service
    lengths: Lengths
    known: Calibration
    dtype: str
    kv_dtype: str
    concurrency: float | None

    def tokens(self) -> tuple[float, float, float]:
        """Prompt, answer and context, of an answer that has at least its first token."""
        return self.lengths.input_tok, max(self.lengths.output_tok, 1.0), self.lengths.context_tok


@dataclass(frozen=True)
class _Try:
    """Some GPUs, the requests they serve at once, and those their memory holds; 0 when not even one."""

    gpu: Gpu
    gpus: int
    batch: float
    holds: float


def _counts(gpu: Gpu) -> list[int]:
    """Powers of two up to the GPUs of a server."""
    return [2**power for power in range(int(np.log2(max(gpu.gpus_per_server_gpus, 1.0))) + 1)]


def _cannot(question: _Question, gpu: Gpu, most: int) -> list[Fault]:
    """Facts that are not there, weights that do not fit, and requests longer than the model's context."""
    model, reached = question.model, question.known.reached
    faults = [
        Fault("model", f"{model.model} has no {name}", "add it to its file in hw_profiles/models")
        for name in lacking(model)
    ]
    if gpu.bf16_tflops is None:
        faults.append(Fault("gpu_name", f"{gpu.gpu} has no bf16_tflops", "add it to its file in hw_profiles/gpus"))
    room = (float(reached.usable_frac), float(reached.overhead_gb))
    held = in_memory(
        model, gpu, most, room, served_as=(question.dtype, question.kv_dtype), lengths_tok=question.tokens()
    )
    return faults + list(held.faults)


def _batches(question: _Question, tried: Sequence[tuple[Gpu, int]]) -> list[_Try]:
    """What each number of GPUs serves at once, all of them in one go."""
    if not tried:
        return []
    many = [_served(question, gpu, count) for gpu, count in tried]
    together, (prompt, answer, context) = replica(stacked(many), question.known.reached), question.tokens()
    holds = np.asarray(batch_in_memory(together, context))
    if question.concurrency is not None:
        batches = np.where(holds >= 1.0, np.minimum(holds, question.concurrency), 0.0)
    else:
        tpot_s_limit, ttft_s_limit = question.service.tpot_ms / MS_PER_S, question.service.ttft_ms / MS_PER_S
        batches = np.asarray(
            batch_at_slo(together, prompt, answer, context, tpot_s_limit, ttft_s_limit, question.known.ttft_ratio)
        )
    return [_Try(gpu, count, float(batches[j]), float(holds[j])) for j, (gpu, count) in enumerate(tried)]


def _best(question: _Question, tries: Sequence[_Try]) -> Estimate | Unable:
    """The fewest GPUs that serve within the limits and hold a useful batch, else the most that serve at all."""
    able = [one for one in tries if one.batch > 0.0]
    if not able:
        return Unable(question.model.model, tries[-1].gpu.gpu, (_too_slow(question, tries[-1]),))
    wanted = question.concurrency or question.known.useful_batch_count
    return _told(question, next((one for one in able if one.holds >= wanted), able[-1]))


def _told(question: _Question, chosen: _Try) -> Estimate:
    alone, batch = _alone(question, chosen), chosen.batch
    prompt, answer, context = question.tokens()
    tpot = float(tpot_s(alone, batch, prompt, answer, context))
    a, b, c = (float(x) for x in coefficients(alone, batch, prompt, answer, context))
    ttft = question.known.ttft_ratio * float(prefill_s(alone, prompt) + step_s(alone, batch, context))
    spread = P90 * question.known.error_sigma
    each = float(kv_bytes(alone, context)) / BYTES_PER_GB
    return Estimate(
        model=question.model.model,
        gpu=chosen.gpu.gpu,
        gpus_per_replica=chosen.gpus,
        dtype=question.dtype,
        prefill_s_per_tok=a,
        decode_s_per_tok=b,
        context_s_per_tok2=c,
        batch_count=batch,
        output_tok_per_s=batch / tpot,
        low_ratio=float(np.exp(-spread)),
        high_ratio=float(np.exp(spread)),
        ttft_ms=ttft * MS_PER_S,
        tpot_ms=tpot * MS_PER_S,
        limited_by=_limit(question, chosen, tpot),
        waits_ms=_waits(question, alone, batch),
        memory_gb=chosen.gpus * chosen.gpu.memory_gb,
        weights_gb=float(alone.weights_gb),
        room_gb=float(alone.room_gb),
        kv_gb_per_request=each,
        memory_requests=float(requests_in_memory(alone.room_gb, each * BYTES_PER_GB)) if each > 0 else float("inf"),
    )


def _alone(question: _Question, chosen: _Try) -> Replica:
    return replica(_served(question, chosen.gpu, chosen.gpus), question.known.reached)


def _served(question: _Question, gpu: Gpu, gpus: int) -> Served:
    return served(question.model, gpu, gpus, question.known, question.dtype, question.kv_dtype)


def _limit(question: _Question, chosen: _Try, tpot: float) -> Limit:
    if chosen.batch >= chosen.holds:
        return "engine" if chosen.holds >= float(question.known.reached.max_batch_count) else "memory"
    if question.concurrency is not None:
        return "concurrency"
    return "tpot" if tpot * MS_PER_S > question.service.tpot_ms * (1.0 - 1e-6) else "ttft"


def _waits(question: _Question, alone: Replica, batch: float) -> dict[str, float]:
    """What the time of one token is spent on; reading and computing go on together, and the longer one counts. [ms]"""
    prompt, answer, context = question.tokens()
    reading, computing = float(read_s(alone, batch, context)), float(compute_s(alone, batch))
    caches = batch * float(kv_bytes(alone, context)) / BYTES_PER_GB / float(alone.memory_gb_per_s)
    reads = reading >= computing
    spent = {
        "weights": reading - caches if reads else 0.0,
        "caches": caches if reads else 0.0,
        "compute": 0.0 if reads else computing,
        "overhead": float(alone.overhead_s),
        "exchange": float(alone.exchange_s_per_tok) * batch,
        "prompts": float(prefill_s(alone, prompt)) * batch / answer,
    }
    return {name: seconds * MS_PER_S for name, seconds in spent.items()}


def _too_slow(question: _Question, most: _Try) -> Fault:
    """That not even one request is inside the limits, and how fast it would be."""
    cards = f"{most.gpus} × {most.gpu.gpu}"
    if most.holds < 1.0:
        found = f"{cards} have no room for one request's cache"
        return Fault("capacity.gpus_per_replica", found, "take more GPUs, or shorter requests")
    alone, service = _alone(question, most), question.service
    prompt, answer, context = question.tokens()
    tpot_ms = float(tpot_s(alone, 1.0, prompt, answer, context)) * MS_PER_S
    ttft_ms = question.known.ttft_ratio * float(prefill_s(alone, prompt) + step_s(alone, 1.0, context)) * MS_PER_S
    found = (
        f"the lightest load on {cards} is estimated at TTFT {ttft_ms:.0f} ms and TPOT {tpot_ms:.1f} ms, "
        f"over {service.ttft_ms:g} or {service.tpot_ms:g} ms"
    )
    return Fault("gpu_name", found, "loosen service.ttft_ms or service.tpot_ms, or choose a faster GPU")
