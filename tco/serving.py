"""A serving profile at a service level: which points count, the fitted work model, and the facts that follow."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from tco.case import ServingEvidence
from tco.errors import Fault, ScenarioError
from tco.inputs.hardware import Gpu, Model, Percentiles, ServingPoint, ServingProfile
from tco.inputs.source import Fact, Grade, Source
from tco.inputs.workload import Service
from tco.model.memory import BYTES_OF_FORMAT, requests_in_memory, room_gb, served_bytes, weights_gb
from tco.model.work import WorkFit, fit, throughput_at_slo

TYPED = Source(where="scenario", grade="assumed")
WELL_INSIDE_FRAC = 0.5
"""Share of a limit below which a mix's heaviest point says that nobody tried the GPUs harder."""
FEWEST_MIXES = 3
"""Three coefficients need three length mixes."""
KNOWN_PERCENTILES = (50.0, 90.0, 95.0, 99.0)
DOWNGRADED: dict[Grade, Grade] = {"measured": "imported", "imported": "published", "published": "estimated"}
"""What throughput counts as when the service level could be checked on medians only."""


@dataclass(frozen=True)
class Fitted:
    """A profile's work model at one service level."""

    work: WorkFit
    grade: Grade
    evidence: ServingEvidence


def fitted(profile: ServingProfile, service: Service) -> Fitted:
    """
    The work model of a profile at a service level.

    Each length mix gives the highest throughput inside both limits; the coefficients are fitted to those.

    Raises
    ------
    ScenarioError
        When fewer than three mixes are inside; says what each mix reaches.
    """
    mixes = _mixes(profile.points)
    best = {mix: _best(points, service) for mix, points in mixes.items()}
    inside = {mix: speed for mix, speed in best.items() if speed is not None}
    if len(inside) < FEWEST_MIXES:
        raise ScenarioError(_too_few(profile, service, mixes, len(inside)))
    lengths = np.array(list(inside))
    work = fit(lengths[:, 0], lengths[:, 1], np.array(list(inside.values())))
    latencies = [known for points in mixes.values() for p in points for known in (p.ttft_ms, p.tpot_ms)]
    used = [_percentile(known, service.slo_percentile) for known in latencies]
    on_medians = any(found is None or found < service.slo_percentile for found in used)
    known = [found for found in used if found is not None]
    left_out = work.left_out_error_frac
    unsaturated = sum(_unsaturated(mixes[mix], service) for mix in inside)
    evidence = ServingEvidence(
        profile=profile.id,
        engine=f"{profile.engine.name} {profile.engine.version}",
        gpus_per_replica=profile.gpus_per_replica,
        mixes=tuple(inside),
        percentile_used=f"p{min(known):g}" if known else "none",
        on_medians=on_medians,
        ttft_known=all(_percentile(p.ttft_ms, 50) is not None for p in profile.points),
        error_frac=float(np.abs(work.error_frac).mean()),
        left_out_error_frac=float(np.abs(left_out).mean()) if len(left_out) else None,
        unsaturated_mixes=unsaturated,
    )
    return Fitted(work, DOWNGRADED.get(profile.grade, profile.grade) if on_medians else profile.grade, evidence)


def can_be_fitted(profile: ServingProfile) -> bool:
    """Whether a profile has length mixes enough to price others, whatever the service level."""
    return len(_mixes(profile.points)) >= FEWEST_MIXES


def serving_facts(profile: ServingProfile, found: Fitted) -> list[Fact]:
    """The fields of an option's capacity that a fitted profile fills, each with the profile as its source."""
    page = profile.sources[0]
    where = f"hw_profiles/serving/{profile.id}.yaml"
    note = f"fitted to {len(found.evidence.mixes)} length mixes inside the service level, judged on {found.evidence.percentile_used}"
    source = Source(where, found.grade, None, page.url, page.checked_on, note=note)
    values = {
        "capacity.work.prefill_s_per_tok": found.work.prefill_s_per_tok,
        "capacity.work.decode_s_per_tok": found.work.decode_s_per_tok,
        "capacity.work.context_s_per_tok2": found.work.context_s_per_tok2,
        "capacity.gpus_per_replica": float(profile.gpus_per_replica),
        "capacity.grade": found.grade,
    }
    return [Fact(path, value, source) for path, value in values.items()]


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
    lengths_tok: tuple[float, float],
) -> InMemory:
    """
    Whether a model fits some GPUs, and how many requests of these mean lengths its cache holds.

    Parameters
    ----------
    gpus : float
        GPUs of one replica.
    room : tuple[float, float]
        Share of memory an engine may take, and what each GPU needs for itself. [–, GB]
    served_as : tuple[str, str]
        Formats of the weights and of the cache; ``auto`` for the published one and 16 bits.
    lengths_tok : tuple[float, float]
        Mean prompt and answer.
    """
    usable_frac, overhead_gb = room
    weights = float(weights_gb(model.total_params_billions, served_bytes(served_as[0], model.native_weight_bytes)))
    left = float(room_gb(gpu.memory_gb, gpus, usable_frac, overhead_gb, weights))
    if left <= 0:
        needed = int(weights // float(room_gb(gpu.memory_gb, 1, usable_frac, overhead_gb, 0.0))) + 1
        found = f"{gpus:g} × {gpu.gpu} hold {gpus * gpu.memory_gb:g} GB, the weights alone take {weights:.0f} GB"
        return InMemory((Fault("capacity.gpus_per_replica", found, f"at least {needed} are needed"),), None)
    if model.context_tok is not None and sum(lengths_tok) > model.context_tok:
        found = f"requests of {sum(lengths_tok):,.0f} tokens, prompt and answer"
        mend = f"the model's context ends at {model.context_tok:,.0f}; choose another, or shorten the lengths"
        return InMemory((Fault("model", found, mend),), None)
    fp16 = BYTES_OF_FORMAT["fp16"]
    kv_bytes = model.kv_bytes_per_tok_fp16_bytes * served_bytes(served_as[1], fp16) / fp16
    if kv_bytes <= 0 or sum(lengths_tok) <= 0:
        return InMemory((), None)
    return InMemory((), float(requests_in_memory(left, kv_bytes, *lengths_tok)))


def _mixes(points: Sequence[ServingPoint]) -> dict[tuple[float, float], list[ServingPoint]]:
    """Points without a warm cache, by length mix, in order of load."""
    cold = sorted((p for p in points if p.cached_frac == 0), key=lambda p: (p.input_tok, p.output_tok, p.concurrency))
    return {mix: list(group) for mix, group in groupby(cold, key=lambda p: (p.input_tok, p.output_tok))}


def _best(points: Sequence[ServingPoint], service: Service) -> float | None:
    ttft = np.array([_latency(p.ttft_ms, service.slo_percentile) for p in points])
    tpot = np.array([_latency(p.tpot_ms, service.slo_percentile) for p in points])
    speed = np.array([p.output_tok_per_s for p in points])
    return throughput_at_slo(speed, ttft, tpot, service.ttft_ms, service.tpot_ms)


def _unsaturated(points: Sequence[ServingPoint], service: Service) -> bool:
    """Whether even the heaviest load measured is well inside both limits, so that more might be served."""
    heaviest = points[-1]
    ttft, tpot = (_latency(known, service.slo_percentile) for known in (heaviest.ttft_ms, heaviest.tpot_ms))
    return bool(np.nanmax([ttft / service.ttft_ms, tpot / service.tpot_ms, 0.0]) < WELL_INSIDE_FRAC)


def _latency(known: Percentiles, asked: float) -> float:
    """The latency at the lowest known percentile that is at least the one asked for, else at the highest known."""
    values = {p: v for p in KNOWN_PERCENTILES if (v := getattr(known, f"p{p:g}")) is not None}
    if not values:
        return float("nan")
    enough = [p for p in values if p >= asked]
    return float(values[min(enough) if enough else max(values)])


def _percentile(latency: Percentiles, asked: float) -> float | None:
    """The percentile that ``_latency`` takes; None when none is known."""
    known = [p for p in KNOWN_PERCENTILES if getattr(latency, f"p{p:g}") is not None]
    enough = [p for p in known if p >= asked]
    return min(enough) if enough else max(known, default=None)


def _too_few(
    profile: ServingProfile, service: Service, mixes: dict[tuple[float, float], list[ServingPoint]], inside: int
) -> Fault:
    reached = "; ".join(
        f"{i:g} in, {o:g} out: TTFT {_lowest_ms([p.ttft_ms for p in points], service)}, "
        f"TPOT {_lowest_ms([p.tpot_ms for p in points], service)}"
        for (i, o), points in mixes.items()
    )
    asked = f"TTFT {service.ttft_ms:g} ms and TPOT {service.tpot_ms:g} ms at p{service.slo_percentile:g}"
    if len(mixes) < FEWEST_MIXES:
        return Fault(
            profile.id,
            f"{len(mixes)} length mixes",
            "three are needed to price any other; add points or choose another profile",
        )
    return Fault(
        profile.id,
        f"{asked} is met by {inside} of {len(mixes)} length mixes, and three are needed",
        f"{_enough_ms(service, mixes)}; or choose another profile. The best it reaches is {reached}",
    )


def _enough_ms(service: Service, mixes: dict[tuple[float, float], list[ServingPoint]]) -> str:
    """What to loosen, and how far, so that three mixes are inside."""

    def third_lowest(
        of: Callable[[ServingPoint], Percentiles], other: Callable[[ServingPoint], Percentiles], limit: float
    ) -> float | None:
        reached = []
        for points in mixes.values():
            able = [p for p in points if not _latency(other(p), service.slo_percentile) > limit]
            reached += [min(np.nan_to_num(_latency(of(p), service.slo_percentile)) for p in able)] if able else []
        return float(sorted(reached)[FEWEST_MIXES - 1]) if len(reached) >= FEWEST_MIXES else None

    ttft = third_lowest(lambda p: p.ttft_ms, lambda p: p.tpot_ms, service.tpot_ms)
    tpot = third_lowest(lambda p: p.tpot_ms, lambda p: p.ttft_ms, service.ttft_ms)
    ways = [
        f"service.{name} of {np.ceil(ms):.0f}" for name, ms in (("ttft_ms", ttft), ("tpot_ms", tpot)) if ms is not None
    ]
    return f"a {' or a '.join(ways)} would do" if ways else "loosen both service.ttft_ms and service.tpot_ms"


def _lowest_ms(latencies: Sequence[Percentiles], service: Service) -> str:
    known = [ms for latency in latencies if not np.isnan(ms := _latency(latency, service.slo_percentile))]
    return f"{min(known):.0f} ms" if known else "not known"
